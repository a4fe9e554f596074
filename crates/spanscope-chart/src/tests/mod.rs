//! Checks that run over the whole of a figure.

mod forms;

use proptest::prelude::*;
use resvg::usvg;

use super::canvas::Canvas;
use super::{
    ChartError, ColorMap, Figure, Format, HeadSpan, Heatmap, Provenance, Scale, SideColumn, Source,
    SpanChart, Style,
};

/// Spans as models have them: most short, a few long, more of those higher up.
fn model(layers: usize, heads: usize, limit: usize) -> SpanChart {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let long: Vec<usize> = match layers * heads {
        n if n >= 90 => [0.47, 0.66, 0.79, 0.9, 0.97]
            .iter()
            .map(|s| (s * n as f64) as usize)
            .collect(),
        n if n >= 8 => vec![n * 3 / 4],
        _ => Vec::new(),
    };
    let heads = (0..layers * heads)
        .map(|i| {
            let mut span =
                18.0 + 42.0 * random() * random() + 3.0 * (i / heads.max(1)) as f64 * random();
            if long.contains(&i) {
                span = limit as f64 * (0.15 + 0.8 * random());
            }
            let span = span.min(limit as f64);
            HeadSpan {
                layer: i / heads,
                head: i % heads,
                span: Some(span),
                reach: Some(((span + 32.0).floor() as usize).clamp(1, limit.max(1))),
            }
        })
        .collect();
    SpanChart {
        heads,
        title: format!("Attention spans of a {layers}-layer Transformer"),
        limit: Some(limit),
        ..SpanChart::default()
    }
}

fn attention(n: usize, scale: Scale, map: ColorMap) -> Heatmap {
    let mut values = vec![f32::NAN; n * n];
    for row in 0..n {
        let weights: Vec<f32> = (0..=row)
            .map(|col| {
                let d = (row - col) as f32;
                (-d / 6.0).exp() + if col % 7 == 0 { 0.3 } else { 0.01 }
            })
            .collect();
        let sum: f32 = weights.iter().sum();
        for (col, w) in weights.iter().enumerate() {
            values[row * n + col] = w / sum;
        }
    }
    Heatmap {
        title: "Layer 3, head 2 <&>".to_owned(),
        rows: n,
        cols: n,
        values,
        row_axis: "Query position".to_owned(),
        col_axis: "Key position".to_owned(),
        map,
        scale,
        ..Heatmap::default()
    }
}

fn parse(svg: &str) -> usvg::Tree {
    usvg::Tree::from_str(svg, &usvg::Options::default()).unwrap_or_else(|e| panic!("{e}\n{svg}"))
}

/// The first two texts that overlap, or one that leaves the page.
pub(super) fn clash(page: &Canvas) -> Option<String> {
    for (i, a) in page.boxes.iter().enumerate() {
        if a.left < 0.0 || a.top < 0.0 || a.right > page.width || a.bottom > page.height {
            return Some(format!("off the page: {a:?}"));
        }
        for b in &page.boxes[i + 1..] {
            if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
                return Some(format!("{a:?} over {b:?}"));
            }
        }
    }
    None
}

#[test]
fn degenerate_charts_are_drawn() {
    let head = |reach| HeadSpan {
        layer: 0,
        head: 0,
        span: Some(reach as f64),
        reach: Some(reach),
    };
    for heads in [
        vec![],
        vec![head(0)],
        vec![head(1)],
        vec![head(usize::MAX)],
        vec![head(1); 3],
    ] {
        for limit in [0, 1, 2, 8192, usize::MAX] {
            for (linear, sort) in [(false, false), (true, false), (false, true), (true, true)] {
                for width_mm in [f64::NAN, -1.0, 85.0, 140.0, 1e9] {
                    let chart = SpanChart {
                        heads: heads.clone(),
                        limit: Some(limit),
                        linear,
                        sort,
                        ..SpanChart::default()
                    };
                    let style = Style {
                        width_mm,
                        ..Style::default()
                    };
                    let svg = chart.svg(&style);
                    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
                    parse(&svg);
                    let page = chart.draw(&style);
                    assert_eq!(
                        clash(&page),
                        None,
                        "{heads:?} {limit} {linear} {sort} {width_mm}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_map_as_a_table() {
    let mut map = attention(2, Scale::Linear, ColorMap::Greys);
    map.values = vec![0.5, f32::NAN, 0.25, 1.0];
    map.side.push(SideColumn {
        label: "empty, context".into(),
        values: vec![0.125, 0.0],
    });
    map.edge = Some(vec![1, 2]);
    assert_eq!(
        map.csv().unwrap(),
        "Query position,0,1,\"empty, context\",edge\n0,0.5,,0.125,1\n1,0.25,1,0,2\n"
    );
    map.values.pop();
    assert!(matches!(
        map.csv(),
        Err(ChartError::Shape {
            got: 3,
            want: 4,
            ..
        })
    ));
    assert!(map.svg(&Style::default()).contains("</svg>"));
}

#[test]
fn maps_are_drawn_whatever_they_hold() {
    for scale in [Scale::Linear, Scale::Sqrt, Scale::Log] {
        for map in ColorMap::ALL {
            for values in [
                vec![],
                vec![0.0; 6],
                vec![f32::NAN; 6],
                vec![f32::INFINITY; 6],
                vec![-1.0; 6],
                vec![1e-30; 6],
            ] {
                let chart = Heatmap {
                    rows: 2,
                    cols: 3,
                    values,
                    scale,
                    map,
                    ..Heatmap::default()
                };
                let svg = chart.svg(&Style::default());
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
                parse(&svg);
            }
        }
        assert!(
            Heatmap {
                scale,
                ..Heatmap::default()
            }
            .svg(&Style::default())
            .contains("</svg>")
        );
    }
}

#[test]
fn many_cells_become_a_picture() {
    let small = attention(32, Scale::Linear, ColorMap::Viridis).svg(&Style::default());
    assert!(!small.contains("<image") && small.matches("<rect").count() > 32 * 16);
    let map = attention(80, Scale::Linear, ColorMap::Viridis);
    let large = map.svg(&Style::default());
    assert!(large.contains("data:image/png;base64,"));
    parse(&large);
    let coarse = Style {
        pixels_per_mm: 4.0,
        ..Style::default()
    };
    let picture = image::load_from_memory(&map.png(&coarse).unwrap()).unwrap();
    assert_eq!(picture.width(), 560);
}

#[test]
fn a_picture_of_a_few_million_cells() {
    let map = Heatmap {
        rows: 3000,
        cols: 1000,
        values: vec![0.5; 3_000_000],
        ..Heatmap::default()
    };
    let svg = map.svg(&Style::default());
    assert!(svg.len() < 2_000_000, "{}", svg.len());
    map.png(&Style {
        pixels_per_mm: 2.0,
        ..Style::default()
    })
    .unwrap();
}

#[test]
fn text_of_other_scripts_has_its_letters() {
    for title in [
        "注意力 ⟨⌈␀ カナ Größe Ж \u{10fee4}",
        "الانتباه",
        "注意",
        "戦のヴァルキュリア 語言 한국어",
    ] {
        let chart = SpanChart {
            title: title.into(),
            ..model(4, 4, 512)
        };
        let page = chart.draw(&Style::default());
        assert!(page.missing.is_empty(), "{:?}", page.missing);
        assert!(chart.svg(&Style::default()).contains(title));
        let pdf = chart.pdf(&Style::default()).unwrap();
        let fonts = pdf.windows(9).filter(|w| w == b"/FontFile").count();
        assert!(fonts >= 2, "{title}: {fonts} fonts");
    }
}

#[test]
fn characters_without_a_glyph_are_written_out_and_told() {
    let chart = SpanChart {
        title: "\u{13080}の\u{e000}ヴァルキュリア\u{13080}".into(),
        ..model(4, 4, 512)
    };
    let style = Style::default();
    for format in [super::Format::Svg, super::Format::Pdf, super::Format::Png] {
        let (_, missing) = chart.bytes(format, &style).unwrap();
        assert_eq!(missing.count, 3);
        assert_eq!(missing.examples, ['\u{13080}', '\u{e000}']);
    }
    assert!(
        chart
            .bytes(super::Format::Csv, &style)
            .unwrap()
            .1
            .is_empty()
    );
    let svg = chart.svg(&style);
    assert!(
        svg.contains(">\n⟨U+13080⟩の⟨U+E000⟩ヴァルキュリア⟨U+13080⟩\n<"),
        "{svg}"
    );
    // Its name among the file's facts is as it was given.
    assert!(svg.contains("<title>\u{13080}の"), "{svg}");
    // The room that it takes is measured.
    assert_eq!(clash(&chart.draw(&style)), None);
}

#[test]
fn measured_text_is_as_wide_as_drawn() {
    let (_, labels) = model(36, 8, 8192).draw(&Style::default()).drawing();
    let page = model(36, 8, 8192).draw(&Style::default());
    assert_eq!(labels.len(), page.boxes.len());
    for (label, want) in labels.iter().zip(&page.boxes) {
        assert_eq!(label.text, want.text);
        let width = label.size * f64::from(crate::fonts::line(&label.text, label.weight).width);
        let box_width = if label.text == "Reach (tokens)" {
            want.bottom - want.top
        } else {
            want.right - want.left
        };
        assert!(
            (width - box_width).abs() < 0.06 * box_width + 1.5,
            "{}: {width} {box_width}",
            label.text
        );
    }
}

#[test]
fn texts_are_drawn_where_they_are_measured() {
    // In the picture of a page with one text, all ink is in the text's box.
    for (text, up) in [("Hxgj 123", false), ("注意 שלום", false), ("Reach", true)] {
        let style = Style::default();
        let mut page = Canvas::new(200.0, 100.0, &style);
        let type_ = super::canvas::Type::new(12.0, "#000000").anchor(super::canvas::Anchor::Middle);
        match up {
            false => page.text(100.0, 50.0, text, type_),
            true => page.text_up(100.0, 50.0, text, type_),
        }
        let place = page.boxes[0].clone();
        let drawing = super::drawing::Drawing::new(page).unwrap();
        let words = super::raster::Words::default();
        let picture = super::raster::png(&drawing, 12.0, &words).unwrap();
        let picture = image::load_from_memory(&picture).unwrap().to_luma8();
        let scale = f64::from(picture.width()) / 200.0;
        let dark = picture
            .enumerate_pixels()
            .filter(|(.., pixel)| pixel.0[0] < 128);
        let mut ink = 0;
        for (x, y, _) in dark {
            let (x, y) = (f64::from(x) / scale, f64::from(y) / scale);
            let near = |low: f64, high: f64, at: f64| (low - 1.5..=high + 1.5).contains(&at);
            assert!(
                near(place.left, place.right, x) && near(place.top, place.bottom, y),
                "{text}: {x} {y}"
            );
            ink += 1;
        }
        assert!(ink > 100, "{text}: {ink}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_texts_overlap(
        layers in 1usize..=36, heads in 1usize..=16, power in 0u32..20,
        linear: bool, sort: bool, width_mm in 60.0..200.0f64, font_pt in 5.0..11.0f64, all in 0usize..4, title in "[ -~]{0,90}",
    ) {
        let mut chart = model(layers, heads, 1 << power);
        if all == 0 {
            for h in &mut chart.heads { h.reach = Some(1 << power); }
        }
        let chart = SpanChart { linear, sort, title, ..chart };
        let page = chart.draw(&Style { width_mm, font_pt, ..Style::default() });
        prop_assert_eq!(clash(&page), None);
    }

    #[test]
    fn no_texts_overlap_in_maps(
        rows in 0usize..80, cols in 0usize..80, named: bool, long in 1usize..30,
        sides in 0usize..3, scale in 0usize..3, top in 1e-6..1e6f32, width_mm in 60.0..200.0f64,
    ) {
        let names = |n: usize| if named { (0..n).map(|i| format!("{i:0long$}w")).collect() } else { vec![] };
        let map = Heatmap {
            rows, cols,
            values: (0..rows * cols).map(|i| top * (i % 13) as f32 / 12.0).collect(),
            row_labels: names(rows), col_labels: names(cols),
            row_axis: "Query position".into(), col_axis: "Key position".into(),
            scale: [Scale::Linear, Scale::Sqrt, Scale::Log][scale],
            side: (0..sides).map(|_| SideColumn { label: "empty context".into(), values: vec![top; rows] }).collect(),
            ..Heatmap::default()
        };
        prop_assert_eq!(clash(&map.draw(&Style { width_mm, ..Style::default() })), None);
    }
}
