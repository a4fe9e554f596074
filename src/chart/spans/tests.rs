//! The paper's figure (arXiv 1905.07799, figure 3), compared with what is known of it.

use super::super::tests::clash;
use super::*;
use crate::chart::Figure;
use resvg::usvg::roxmltree::{Document, Node};

/// Spans as the paper's 12-layer model has them: layers 1 to 5 at the ramp, some heads of 100 to 300 from layer 6 on, and
/// five of 96 beyond 1,000: in layers 8, 9 and 11, and two in layer 12.
fn paper() -> SpanChart {
    let long = [
        (7, 3, 1900.0),
        (8, 6, 1200.0),
        (10, 1, 2600.0),
        (11, 2, 3100.0),
        (11, 5, 3800.0),
    ];
    let span = |layer: usize, head: usize| {
        let found = long.iter().find(|(l, h, _)| (*l, *h) == (layer, head));
        match found {
            Some((_, _, span)) => *span,
            None if layer < 5 => 0.0,
            None => ((layer * 8 + head) * 37 % 16) as f64 * 16.0,
        }
    };
    SpanChart {
        heads: (0..96)
            .map(|i| HeadSpan {
                layer: i / 8,
                head: i % 8,
                span: span(i / 8, i % 8),
                reach: span(i / 8, i % 8) as usize + 32,
            })
            .collect(),
        title: "enwik8, 12 layers".into(),
        limit: 8192,
        sort: true,
        ..SpanChart::default()
    }
}

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

/// The height at which a number of the vertical axis stands.
fn height(document: &Document<'_>, words: &str) -> f64 {
    let mut texts = document.descendants().filter(|n| n.has_tag_name("text"));
    let text = texts.find(|n| n.text().map(str::trim) == Some(words));
    number(&text.unwrap(), "y")
}

#[test]
fn the_papers_figure_has_its_lines_colours_and_scale() {
    let chart = paper();
    let svg = chart.svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let lines: Vec<_> = document
        .descendants()
        .filter(|n| n.has_tag_name("polyline"))
        .collect();
    assert_eq!(lines.len(), 12, "a rising line for each layer");
    let colors: Vec<&str> = lines
        .iter()
        .map(|n| n.attribute("stroke").unwrap())
        .collect();
    assert!(
        (0..8).all(|i| colors[i] == colors[i + 4]),
        "four colours in turn"
    );
    assert!((0..4).all(|i| (0..i).all(|j| colors[i] != colors[j])));
    // Numbers stand where a logarithm puts them.
    let (ten, hundred, thousand) = (
        height(&document, "10"),
        height(&document, "100"),
        height(&document, "1000"),
    );
    assert!((ten - 2.0 * hundred + thousand).abs() < 0.1);
    // Every line rises, from the ramp or above, and its points are where the reach says.
    let decade = ten - hundred;
    let text_to_tick = {
        let dots = document.descendants().filter(|n| n.has_tag_name("circle"));
        let lowest = dots.map(|n| number(&n, "cy")).fold(0.0, f64::max);
        ten - 32f64.log10().mul_add(decade, -decade) - lowest
    };
    assert!(text_to_tick.abs() < 4.0, "{text_to_tick}");
    let ordered = chart.ordered();
    for (layer, line) in lines.iter().enumerate() {
        let points: Vec<(f64, f64)> = line
            .attribute("points")
            .unwrap()
            .split(' ')
            .map(|point| point.split_once(',').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        assert_eq!(points.len(), 8);
        assert!(
            points
                .windows(2)
                .all(|p| p[1].0 > p[0].0 && p[1].1 <= p[0].1)
        );
        for (head, (_, y)) in ordered[layer * 8..].iter().zip(&points) {
            let above = (head.reach as f64 / 10.0).log10() * decade;
            assert!((ten - text_to_tick - above - y).abs() < 0.1, "{head:?}");
        }
        // Layers 1 to 5 are flat.
        if layer < 5 {
            assert_eq!(points[0].1, points[7].1);
        }
    }
    let beyond = chart.heads.iter().filter(|head| head.span > 1000.0);
    assert_eq!(beyond.count(), 5);
    assert_eq!(clash(&chart.draw(&Style::default())), None);
}

#[test]
fn edited_and_silenced_heads_and_what_a_text_uses_are_marked() {
    let mut chart = paper();
    chart.trained = vec![HeadSpan {
        layer: 2,
        head: 3,
        span: 500.0,
        reach: 532,
    }];
    chart.silenced = vec![(0, 0), (4, 4)];
    chart.effective = chart
        .heads
        .iter()
        .map(|head| EffectiveSpan {
            layer: head.layer,
            head: head.head,
            within: [Some(2), None, Some(head.reach / 2 + 1)],
        })
        .collect();
    let svg = chart.svg(&Style::default());
    let circles = svg.matches("<circle").count();
    assert_eq!(
        circles,
        96 - 2 + 1,
        "a hollow mark more, two crosses instead"
    );
    assert!(svg.contains("hollow: as trained") && svg.contains("crosses: silenced"));
    assert!(svg.contains("dashes: 50, 99 %"));
    let csv = chart.csv().unwrap();
    let header = "layer,head,span_tokens,reach_tokens,trained_span_tokens,silenced,effective_50_tokens,effective_90_tokens,effective_99_tokens";
    assert_eq!(csv.lines().next(), Some(header));
    assert_eq!(csv.lines().nth(1), Some("0,0,0,32,0,1,2,,17"));
    assert_eq!(csv.lines().nth(20), Some("2,3,0,32,500,0,2,,17"));
    assert_eq!(clash(&chart.draw(&Style::default())), None);
}

#[test]
fn greys_are_told_apart_by_shape() {
    let svg = paper().svg(&Style {
        gray: true,
        ..Style::default()
    });
    // Circles for a quarter of the layers, shapes with corners for the others.
    assert_eq!(svg.matches("<circle").count(), 24);
    assert_eq!(svg.matches("<polygon").count(), 72);
}
