//! Span charts against the numbers that they are made of.

use super::super::tests::clash;
use super::super::{EffectiveSpan, Figure, HeadSpan, SpanChart, SpanMeasure, Style, thousands};
use proptest::prelude::*;
use resvg::usvg::roxmltree::{Document, Node};
use spanscope_core::head_id::HeadId;
use std::collections::BTreeSet;

/// Spans like those of the paper's figure: 12 layers of 8 heads and S = 8192; layers 1 to 5 at the ramp, some heads of 100
/// to 300 from layer 6 on, and five beyond 1,000: in layers 8, 9 and 11, and two in 12.
fn paper() -> SpanChart {
    let reach = |layer: usize, head: usize| match (layer, head) {
        (7, 3) => 1310,
        (8, 6) => 2480,
        (10, 1) => 1750,
        (11, 2) => 3710,
        (11, 7) => 1120,
        (5, 2) => 118,
        (6, 5) => 164,
        (7, 7) => 210,
        (8, 0) => 142,
        (9, 4) => 288,
        (10, 5) => 232,
        (11, 0) => 260,
        (0..5, _) => 32,
        _ => 32 + (head * 7 + layer * 3) % 11,
    };
    let heads = (0..96).map(|i| {
        let (layer, head) = (i / 8, i % 8);
        let reach = reach(layer, head);
        HeadSpan {
            layer,
            head,
            span: Some((reach - 32) as f64),
            reach: Some(reach),
        }
    });
    SpanChart {
        heads: heads.collect(),
        title: "Spans".into(),
        limit: Some(8192),
        sort: true,
        ..SpanChart::default()
    }
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    let value = node.attribute(name).and_then(|v| v.parse().ok());
    value.unwrap_or_else(|| panic!("{name} of {node:?}"))
}

/// The marks in drawing order: the words of each one's tooltip, and its centre.
fn marks(document: &Document<'_>) -> Vec<(String, f64, f64)> {
    let titles = document.descendants().filter(|n| n.has_tag_name("title"));
    let mark = |title: Node<'_, '_>| {
        let group = title.parent().filter(|n| n.has_tag_name("g"))?;
        let circle = group.children().rfind(|n| n.has_tag_name("circle"))?;
        let words = title.text().unwrap_or_default().trim().to_owned();
        Some((words, number(circle, "cx"), number(circle, "cy")))
    };
    titles.filter_map(mark).collect()
}

/// The height of a value, read off two of the axis's numbers.
fn axis(document: &Document<'_>) -> impl Fn(f64) -> f64 {
    let texts = document.descendants().filter(|n| n.has_tag_name("text"));
    let of = |label: &str| {
        let found = texts
            .clone()
            .find(|n| n.text().map(str::trim) == Some(label));
        number(found.unwrap_or_else(|| panic!("{label} at the axis")), "y")
    };
    let (ten, thousand) = (of("10"), of("1,000"));
    // Numbers stand a little below their line; so do all of them.
    move |value: f64| ten + (value.log10() - 1.0) / 2.0 * (thousand - ten)
}

#[test]
fn the_papers_figure() {
    let chart = paper();
    let svg = chart.svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let marks = marks(&document);
    assert_eq!(marks.len(), 96);
    let y = axis(&document);
    let low = marks[0].2 - y(32.0);
    let ordered = chart.ordered();
    for ((words, _, at), head) in marks.iter().zip(&ordered) {
        let (layer, number) = (head.layer, head.head);
        assert!(words.starts_with(&format!(
            "layer {layer}, head {number}: reach {}",
            thousands(head.reach.unwrap())
        )));
        let want = y(head.reach.unwrap() as f64) + low;
        assert!((at - want).abs() < 0.05, "{words}: {at} {want}");
    }
    // Each layer rises, from left to right.
    for layer in marks.chunks(8) {
        assert!(
            layer
                .windows(2)
                .all(|w| w[0].1 < w[1].1 && w[0].2 >= w[1].2)
        );
    }
    let count = |tag: &str| {
        document
            .descendants()
            .filter(|n| n.has_tag_name(tag))
            .count()
    };
    assert_eq!((count("polyline"), count("circle")), (12, 96));
    // The long heads have their names, the limit its line; each layer has a colour of its own.
    for text in [
        "L7H3",
        "L8H6",
        "L10H1",
        "L11H2",
        "L11H7",
        "S = 8,192",
        "Layer, heads by rising reach",
    ] {
        assert!(
            svg.contains(&format!(">\n{text}\n")) || svg.contains(&format!(">{text}<")),
            "{text}"
        );
    }
    let lines = document
        .descendants()
        .filter(|n| n.has_tag_name("polyline"));
    let colors: Vec<_> = lines.filter_map(|n| n.attribute("stroke")).collect();
    let distinct: BTreeSet<_> = colors.iter().collect();
    assert_eq!((colors.len(), distinct.len()), (12, 12));
}

#[test]
fn what_nothing_ends_stands_above_the_others_and_has_no_number() {
    let mut chart = paper();
    chart.limit = None;
    for head in chart.heads.iter_mut().filter(|head| head.layer >= 10) {
        (head.reach, head.span) = (None, None);
    }
    let svg = chart.svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let marks = marks(&document);
    let endless = |(words, ..): &&(String, f64, f64)| words.ends_with("no limit");
    let above = marks.iter().filter(endless).map(|mark| mark.2);
    let below = marks
        .iter()
        .filter(|mark| !endless(mark))
        .map(|mark| mark.2);
    assert_eq!(marks.iter().filter(endless).count(), 16);
    assert!(above.clone().fold(0.0, f64::max) < below.fold(f64::INFINITY, f64::min));
    assert!(svg.contains("no limit") && svg.contains("16 without a limit"));
    let table = chart.csv().unwrap();
    assert!(table.contains("\n10,0,,\n"), "{table}");
    let list: serde_json::Value = serde_json::from_str(&chart.list().unwrap()).unwrap();
    assert!(list[95]["reach"].is_null() && list[95]["span"].is_null());
    // None of them has a number.
    for head in &mut chart.heads {
        (head.reach, head.span) = (None, None);
    }
    let svg = chart.svg(&Style::default());
    assert!(svg.contains("no window and no context is designed") && !svg.contains(">\n100\n"));
}

#[test]
fn every_long_head_has_its_name_even_beside_others() {
    for (sort, gap, width_mm) in [
        (true, 1, 120.0),
        (false, 1, 120.0),
        (true, 0, 90.0),
        (false, 40, 180.0),
    ] {
        let mut chart = paper();
        chart.sort = sort;
        for head in &mut chart.heads {
            let reach = match (head.layer, head.head) {
                (6, 2..7) => 2000 + gap * head.head,
                _ => 32,
            };
            (head.reach, head.span) = (Some(reach), Some((reach - 32) as f64));
        }
        let style = Style {
            width_mm,
            ..Style::default()
        };
        let svg = chart.svg(&style);
        let document = Document::parse(&svg).unwrap();
        let texts = document.descendants().filter(|n| n.is_text());
        let texts = texts.map(|n| n.text().unwrap_or_default().trim());
        let is_name = |text: &&str| {
            text.parse::<HeadId>()
                .is_ok_and(|id| id.to_string() == *text)
        };
        // Each is drawn over its own halo.
        let names: BTreeSet<&str> = texts.filter(is_name).collect();
        assert_eq!(names.len(), 5, "{sort} {gap} {width_mm}: {names:?}");
        assert_eq!(clash(&chart.draw(&style)), None);
    }
}

#[test]
fn heads_of_a_layer_rise_by_what_is_shown() {
    let head = |head, span, reach| HeadSpan {
        layer: 0,
        head,
        span: Some(span),
        reach: Some(reach),
    };
    // Held to S, the reach does not follow the span.
    let mut chart = SpanChart {
        heads: vec![head(0, 90.0, 64), head(1, 40.0, 64), head(2, 10.0, 42)],
        limit: Some(64),
        sort: true,
        ..SpanChart::default()
    };
    let order = |chart: &SpanChart| chart.ordered().iter().map(|h| h.head).collect::<Vec<_>>();
    assert_eq!(order(&chart), [2, 0, 1]);
    chart.measure = SpanMeasure::Span;
    assert_eq!(order(&chart), [2, 1, 0]);
    chart.sort = false;
    assert_eq!(order(&chart), [0, 1, 2]);
}

#[test]
fn what_was_set_by_hand_stands_beside_what_was_trained() {
    let mut chart = paper();
    let trained = chart.heads[7 * 8 + 3];
    chart.trained = vec![trained];
    chart.heads[7 * 8 + 3] = HeadSpan {
        span: Some(60.0),
        reach: Some(92),
        ..trained
    };
    chart.ablated = vec![HeadId::new(8, 6)];
    for sort in [false, true] {
        chart.sort = sort;
        let svg = chart.svg(&Style {
            titled: false,
            ..Style::default()
        });
        let document = Document::parse(&svg).unwrap();
        let titles = document.descendants().filter(|n| n.has_tag_name("title"));
        let of = |words: &str| {
            let found = titles
                .clone()
                .find(|n| n.text().unwrap_or("").contains(words));
            found
                .and_then(|n| n.parent())
                .unwrap_or_else(|| panic!("{words}"))
        };
        let group = of("layer 7, head 3: reach 92, span 60; trained to reach 1,310, span 1,278");
        let circles = group.children().filter(|n| n.has_tag_name("circle"));
        let heights: Vec<f64> = circles.map(|n| number(n, "cy")).collect();
        let y = axis(&document);
        assert_eq!(heights.len(), 2);
        // The hollow one first, as much higher as its reach is longer.
        assert!((heights[1] - heights[0] - (y(92.0) - y(1310.0))).abs() < 0.05);
        let silent = of("layer 8, head 6: reach 2,480, span 2,448; ablated");
        assert!(silent.children().any(|n| n.has_tag_name("path")));
        assert!(silent.children().all(|n| !n.has_tag_name("circle")));
        assert!(svg.contains("as trained") && svg.contains("ablated"));
    }
    let csv = chart.csv().unwrap();
    assert!(csv.starts_with(
        "layer,head,span_tokens,reach_tokens,trained_span_tokens,trained_reach_tokens,ablated\n"
    ));
    assert!(
        csv.contains("\n7,3,60,92,1278,1310,0\n") && csv.contains("\n8,6,2448,2480,2448,2480,1\n")
    );
}

#[test]
fn dashes_stand_at_what_a_text_uses() {
    let mut chart = paper();
    chart.effective = vec![EffectiveSpan {
        layer: 11,
        head: 2,
        within: [Some(10), None, Some(1000)],
        sink_free: None,
    }];
    let svg = chart.svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let tips = document.descendants().filter(|n| n.has_tag_name("title"));
    let mut tips = tips.filter(|n| n.text().unwrap_or("").contains("layer 11, head 2:"));
    let group = tips.next().unwrap().parent().unwrap();
    let dashes = group.children().filter(|n| n.has_tag_name("line"));
    let heights: Vec<f64> = dashes.map(|n| number(n, "y1")).collect();
    let y = axis(&document);
    assert_eq!(heights.len(), 2);
    assert!((heights[0] - heights[1] - (y(10.0) - y(1000.0))).abs() < 0.05);
    assert!(chart.csv().unwrap().contains("\n11,2,3678,3710,10,,1000\n"));
    assert!(svg.contains("99 % of the weight on the text") && !svg.contains("without the first"));
    // Without the first tokens: that is drawn and said, and the table has both.
    chart.effective[0].sink_free = Some([Some(10), None, Some(500)]);
    chart.without = 4;
    let svg = chart.svg(&Style::default());
    assert!(svg.contains("99 % of the weight on the text, without the first 4 tokens"));
    let csv = chart.csv().unwrap();
    assert!(csv.contains("effective_99_sink_free_tokens"), "{csv}");
    assert!(csv.contains("\n11,2,3678,3710,10,,1000,10,,500\n"));
}

#[test]
fn what_lies_beyond_the_context_is_drawn_where_it_lies() {
    let head = HeadSpan {
        layer: 0,
        head: 0,
        span: None,
        reach: Some(256),
    };
    let mut chart = SpanChart {
        heads: vec![head],
        limit: Some(256),
        is_context: true,
        ..SpanChart::default()
    };
    chart.effective = vec![EffectiveSpan {
        layer: 0,
        head: 0,
        within: [Some(100), Some(500), Some(1000)],
        sink_free: None,
    }];
    for linear in [false, true] {
        chart.linear = linear;
        let svg = chart.svg(&Style::default());
        let document = Document::parse(&svg).unwrap();
        let tips = document.descendants().filter(|n| n.has_tag_name("title"));
        let mut tips = tips.filter(|n| n.text().unwrap_or("").contains("layer 0, head 0:"));
        let group = tips.next().unwrap().parent().unwrap();
        let dashes = group.children().filter(|n| n.has_tag_name("line"));
        let heights: Vec<f64> = dashes.map(|n| number(n, "y1")).collect();
        let last = heights.len() - 1;
        assert!(
            heights[last] + 2.0 < heights[last - 1] && heights[last - 1] + 2.0 < heights[last - 2],
            "{heights:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn no_texts_overlap(
        layers in 1usize..=36, heads in 1usize..=16, long in prop::collection::vec((0usize..576, 1usize..9000), 0..20),
        used in 0usize..4, sort: bool, linear: bool, gray: bool, titled: bool, width_mm in 60.0..260.0f64, font_pt in 6.0..12.0f64,
        height_mm in prop::option::of(20.0..200.0f64),
    ) {
        let mut chart = SpanChart { limit: Some(8192), sort, linear, title: "Spans".into(), ..SpanChart::default() };
        for i in 0..layers * heads {
            let reach = 32 + i % 5;
            chart.heads.push(HeadSpan { layer: i / heads, head: i % heads, span: Some((reach - 32) as f64), reach: Some(reach) });
        }
        for (i, reach) in long {
            let i = i % chart.heads.len();
            chart.trained.push(chart.heads[i]);
            chart.heads[i].reach = (reach % 5 > 0).then_some(reach);
            if reach % 3 == 0 { chart.ablated.push(HeadId::new(i / heads, i % heads)); }
        }
        if used > 0 {
            chart.effective = chart.heads.iter().map(|h| EffectiveSpan {
                layer: h.layer, head: h.head,
                within: std::array::from_fn(|i| (i < used).then_some(1 + (h.reach.unwrap_or(50) * i) / 4)),
                sink_free: None,
            }).collect();
        }
        let page = chart.draw(&Style { width_mm, font_pt, height_mm, gray, titled, ..Style::default() });
        prop_assert_eq!(clash(&page), None);
    }
}
