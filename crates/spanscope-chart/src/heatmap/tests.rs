//! Heat maps against the numbers that they are made of.

use super::super::tests::clash;
use super::super::{CellMark, ColorMap, Figure, Heatmap, Scale, SideColumn, Style};
use super::Range;
use super::marks;
use proptest::prelude::*;
use resvg::usvg::roxmltree::{Document, Node};

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    let value = node.attribute(name).and_then(|v| v.parse().ok());
    value.unwrap_or_else(|| panic!("{name} of {node:?}"))
}

fn causal(tokens: usize, reach: usize) -> Heatmap {
    let mut values = vec![f32::NAN; tokens * tokens];
    for row in 0..tokens {
        for column in row.saturating_sub(reach)..row {
            values[row * tokens + column] = 1.0 / (row - column) as f32;
        }
    }
    let ends = |reach: usize| (0..tokens).map(|row| row.saturating_sub(reach)).collect();
    Heatmap {
        title: "layer 1, head 1".into(),
        rows: tokens,
        cols: tokens,
        values,
        row_axis: "query".into(),
        col_axis: "key".into(),
        bar: "weight".into(),
        edge: Some(ends(reach)),
        ramp: Some(ends(2)),
        ..Heatmap::default()
    }
}

#[test]
fn cells_have_their_places_colours_and_tooltips() {
    let map = causal(6, 4);
    let svg = map.svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let tips = document.descendants().filter(|n| n.has_tag_name("title"));
    let cell = |words: &str| {
        let mut found = tips
            .clone()
            .filter(|n| n.text().unwrap_or("").trim() == words);
        found
            .next()
            .and_then(|n| n.parent())
            .unwrap_or_else(|| panic!("{words}"))
    };
    let (first, last) = (cell("query 1, key 0: 1"), cell("query 5, key 1: 0.25"));
    // Four rows down, one column across.
    let (width, height) = (number(first, "width"), number(first, "height"));
    assert!((number(last, "x") - number(first, "x") - width).abs() < 0.03);
    assert!((number(last, "y") - number(first, "y") - 4.0 * height).abs() < 0.06);
    let brightest = super::super::colormap::table(map.map)[255];
    assert_eq!(
        first.attribute("fill"),
        Some(&*super::super::theme::hex(brightest))
    );
    // As many cells as there are weights: 1 + 2 + 3 + 4 + 4.
    assert_eq!(
        tips.filter(|n| n.text().unwrap_or("").contains("query"))
            .count(),
        14
    );
    assert!(svg.contains("Query") && svg.contains("Key") && svg.contains("Weight"));
}

#[test]
fn edge_and_ramp_run_between_the_cells() {
    let svg = causal(6, 4).svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let paths = document.descendants().filter(|n| n.has_tag_name("path"));
    let lines: Vec<_> = paths
        .filter(|n| n.attribute("stroke-opacity") == Some("1"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].attribute("stroke-dasharray").is_some());
    assert!(lines[1].attribute("stroke-dasharray").is_none());
    // The first row of which something is out of reach is the sixth: its line is one cell from the left.
    let cells = document.descendants().filter(|n| n.has_tag_name("rect"));
    let mut cells = cells.filter(|n| n.children().any(|c| c.has_tag_name("title")));
    let first = cells.next().unwrap();
    let (left, top) = (number(first, "x"), number(first, "y"));
    let (width, height) = (number(first, "width"), number(first, "height"));
    let start = lines[1].attribute("d").unwrap().trim_start_matches('M');
    let (x, rest) = start.split_once(' ').unwrap();
    let (y, _) = rest.split_once('V').unwrap();
    assert!((x.parse::<f64>().unwrap() - left - width).abs() < 0.03);
    assert!((y.parse::<f64>().unwrap() - top - 4.0 * height).abs() < 0.06);
}

#[test]
fn shares_beside_the_map_are_as_long_as_they_are_large() {
    let mut map = causal(2, 4);
    map.side = vec![SideColumn {
        label: "persistent".into(),
        values: vec![0.25, 1.0],
    }];
    let svg = map.svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let mut tips = document.descendants().filter(|n| n.has_tag_name("title"));
    let found = tips.find(|n| n.text().unwrap_or("").trim() == "mean 0.625");
    let d = found
        .and_then(|n| n.parent())
        .unwrap()
        .attribute("d")
        .unwrap();
    let numbers: Vec<f64> = d
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter_map(|part| part.parse().ok())
        .collect();
    // M left top, H a quarter, V, H the whole.
    let (left, quarter, whole) = (numbers[0], numbers[2], numbers[4]);
    assert!(
        (4.0 * (quarter - left) - (whole - left)).abs() < 0.05,
        "{d}"
    );
    // What the side has does not change the colours.
    map.side[0].values = vec![50.0, f32::NAN];
    assert_eq!(map.range().high, 1.0);
    assert!(!map.svg(&Style::default()).contains("NaN"));
}

#[test]
fn cells_that_are_set_apart() {
    let map = Heatmap {
        rows: 2,
        cols: 2,
        values: vec![1.0, 2.0, 3.0, 4.0],
        cell_texts: ["1", "2", "3", "4"].map(String::from).into(),
        marked: vec![
            (0, 1, CellMark::Crossed),
            (1, 0, CellMark::Framed),
            (7, 7, CellMark::Framed),
        ],
        ..Heatmap::default()
    };
    let style = Style::default();
    let svg = map.svg(&style);
    assert_eq!(
        svg.matches("stroke=\"#000000\" stroke-width=\"1.4\"")
            .count(),
        1
    );
    let edge = style.theme().edge;
    assert_eq!(svg.matches(&format!("stroke=\"{edge}\"")).count(), 1);
    assert_eq!(clash(&map.draw(&style)), None);
}

#[test]
fn cells_of_one_number_have_no_colours_and_no_bar() {
    let map = |values: [f32; 4]| Heatmap {
        rows: 2,
        cols: 2,
        values: values.to_vec(),
        cell_texts: values.map(|value| value.to_string()).into(),
        bar: "reach (tokens)".into(),
        ..Heatmap::default()
    };
    let style = Style::default();
    let lightest = super::super::theme::hex(super::super::colormap::table(ColorMap::Viridis)[255]);
    let even = map([64.0, f32::NAN, 64.0, 64.0]).svg(&style);
    assert!(even.contains("\n64\n"), "{even}");
    assert!(!even.contains("Reach (tokens)"), "{even}");
    assert!(!even.contains(&lightest), "{even}");
    let uneven = map([64.0, 32.0, 64.0, 64.0]).svg(&style);
    assert!(uneven.contains("Reach (tokens)") && uneven.contains(&lightest));
}

#[test]
fn a_colour_bar_has_numbers_whatever_its_range() {
    for scale in Scale::ALL {
        for (low, high) in [
            (32.0, 60.0),
            (1.0, 8192.0),
            (0.013, 0.017),
            (1e-9, 1e-8),
            (1.0, 1.02),
        ] {
            let range = Range { scale, low, high };
            let found = marks::bar_ticks(&range, 120.0);
            let named = found.iter().filter(|t| t.label.is_some()).count();
            assert!(named >= 2, "{scale:?} {low} {high}: {found:?}");
            assert!(
                found
                    .iter()
                    .all(|t| t.value >= low * 0.999 && t.value <= high * 1.001)
            );
        }
    }
}

#[test]
fn a_short_colour_bar_has_two_numbers() {
    let named = |found: Vec<super::super::ticks::Tick>| {
        let named = found.into_iter().filter_map(|tick| tick.label);
        named.collect::<Vec<_>>()
    };
    for (scale, low, high, want) in [
        (Scale::Linear, 0.0, 0.423, ["0", "0.2", "0.4"].as_slice()),
        (Scale::Log, 90.1, 142.0, &["100", "120", "140"]),
        (Scale::Log, 7.0, 69.0, &["10", "20", "50"]),
        (Scale::Linear, 0.0, 1.9, &["0", "1"]),
    ] {
        let range = Range { scale, low, high };
        assert_eq!(named(marks::bar_ticks(&range, 40.0)), want, "{range:?}");
    }
    let shares = Range {
        scale: Scale::Linear,
        low: 0.0,
        high: 0.423,
    };
    let found = named(marks::percent_ticks(&shares, 40.0));
    assert_eq!(found, ["0 %", "20 %", "40 %"]);
    // No round number but one: the ends.
    let range = Range {
        scale: Scale::Log,
        low: 9.4,
        high: 10.3,
    };
    let found = named(marks::bar_ticks(&range, 12.0));
    assert_eq!(found, ["9.4", "10.3"]);
    for scale in Scale::ALL {
        for high in [1.1, 1.9, 4.23, 6.0, 9.9, 99.0] {
            for height in [12.0, 24.0, 40.0, 41.0, 66.0] {
                let range = Range {
                    scale,
                    low: 1.0,
                    high,
                };
                let found = named(marks::bar_ticks(&range, height));
                assert!(found.len() > 1, "{range:?} {height}: {found:?}");
            }
        }
    }
}

#[test]
fn numbered_cells_have_their_thousands_set_apart() {
    let map = Heatmap {
        row_start: 1000,
        col_start: -2000,
        ..causal(600, 4)
    };
    let page = map.draw(&Style::default());
    let has = |words: &str| page.boxes.iter().any(|text| text.text == words);
    assert!(has("1,200") && has("\u{2212}1,800"), "{:?}", page.boxes);
    assert!(!has("1200"));
}

#[test]
fn a_height_that_was_asked_for() {
    for tokens in [3, 40, 200] {
        let style = Style {
            height_mm: Some(90.0),
            ..Style::default()
        };
        let page = causal(tokens, 10).draw(&style);
        assert!((page.height - 90.0 * 72.0 / 25.4).abs() < 0.1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_texts_overlap(
        layers in 1usize..=36, heads in 1usize..=16, digits in 1usize..7, share: bool, width_mm in 60.0..260.0f64,
        font_pt in 6.0..12.0f64, height_mm in prop::option::of(20.0..250.0f64), title in "[ -~]{0,90}", subtitle in "[ -~]{0,120}",
    ) {
        let names = |n: usize| (1..=n).map(|i| i.to_string()).collect::<Vec<_>>();
        let map = Heatmap {
            title, subtitle,
            rows: layers, cols: heads,
            values: (0..layers * heads).map(|i| 1.0 + (i * 37 % 101) as f32).collect(),
            cell_texts: (0..layers * heads).map(|i| format!("{i:0digits$}{}", if share { " %" } else { "" })).collect(),
            row_labels: names(layers), col_labels: names(heads),
            row_axis: "layer".into(), col_axis: "head".into(), bar: "weight on persistent vectors".into(),
            scale: Scale::Log,
            marked: vec![(0, 0, CellMark::Crossed), (layers - 1, 0, CellMark::Framed)],
            ..Heatmap::default()
        };
        prop_assert_eq!(clash(&map.draw(&Style { width_mm, font_pt, height_mm, ..Style::default() })), None);
    }
}
