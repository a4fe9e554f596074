//! Checks that run over the whole of a figure.

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
                span,
                reach: ((span + 32.0).floor() as usize).clamp(1, limit.max(1)),
            }
        })
        .collect();
    SpanChart {
        heads,
        title: format!("Attention spans of a {layers}-layer Transformer"),
        limit,
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
    usvg::Tree::from_str(
        svg,
        &usvg::Options {
            fontdb: super::font::database(),
            ..Default::default()
        },
    )
    .unwrap_or_else(|e| panic!("{e}\n{svg}"))
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
        span: reach as f64,
        reach,
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
                        limit,
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
fn text_is_escaped_and_provenance_kept() {
    let chart = SpanChart {
        title: "a <b> & \"c\"\u{1}\n".to_owned(),
        provenance: Provenance {
            model: Some(Source::named("<x> & y]]>.pt")),
            ..Provenance::default()
        },
        ..model(4, 4, 512)
    };
    let svg = chart.svg(&Style::default());
    let document = usvg::roxmltree::Document::parse(&svg).unwrap();
    let text = |tag: &str| {
        document
            .descendants()
            .find(|n| n.has_tag_name(tag))
            .and_then(|n| n.text())
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(text("title"), "a <b> & \"c\"");
    assert!(text("desc").ends_with("; model <x> & y]]>.pt"));
    let metadata: serde_json::Value = serde_json::from_str(&text("metadata")).unwrap();
    assert_eq!(metadata["model"]["name"], "<x> & y]]>.pt");
    assert_eq!(text("text"), "a <b> & \"c\"");
    assert!(
        document
            .descendants()
            .filter(|n| n.has_tag_name("text"))
            .all(|n| !n.text().unwrap_or("").contains("y]]"))
    );
}

#[test]
fn tables_hold_the_numbers() {
    let mut chart = model(2, 2, 64);
    chart.heads[0].reach = 3;
    chart.heads[0].span = 0.25;
    let csv = chart.csv().unwrap();
    assert!(
        csv.starts_with("layer,head,span_tokens,reach_tokens\n0,0,0.25,3\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 5);
    let by_index = chart.heads.clone();
    assert_eq!(chart.ordered(), by_index);
    // Within its layer the second head now comes first.
    chart.heads[1].reach = 2;
    chart.sort = true;
    let order: Vec<(usize, usize)> = chart.ordered().iter().map(|h| (h.layer, h.head)).collect();
    assert_eq!(order[..2], [(0, 1), (0, 0)]);
    let json: serde_json::Value = serde_json::from_str(&chart.list().unwrap()).unwrap();
    let heads = json.as_array().unwrap();
    assert_eq!(heads.len(), 4);
    assert_eq!(
        heads[0],
        serde_json::json!({"layer": 0, "head": 0, "span": 0.25, "reach": 3})
    );
    assert_eq!(SpanChart::default().list().unwrap(), "[]\n");
}

#[test]
fn files_by_extension() {
    let folder = tempfile::tempdir().unwrap();
    let chart = model(4, 4, 512);
    let map = attention(8, Scale::Linear, ColorMap::Viridis);
    let style = Style::default();
    for name in Format::EXTENSIONS {
        for (i, figure) in [&chart as &dyn Figure, &map].into_iter().enumerate() {
            let path = folder.path().join(format!("figure{i}.{name}"));
            figure.write(&path, &style).unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > 50);
        }
    }
    let png = image::open(folder.path().join("figure0.png")).unwrap();
    assert_eq!(png.width(), 1680);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 10);
    for name in ["figure.eps", "figure", "svg"] {
        let said = chart.write(&folder.path().join(name), &style).unwrap_err();
        assert!(matches!(said, ChartError::Extension { .. }));
        let said = said.to_string();
        assert!(said.contains(".svg, .pdf, .png, .csv or .json"), "{said}");
    }
    let nowhere = folder.path().join("none/figure.SVG");
    let said = chart.write(&nowhere, &style).unwrap_err();
    assert!(matches!(said, ChartError::Write { .. }), "{said}");
}

#[test]
fn files_say_where_they_come_from() {
    let chart = SpanChart {
        provenance: Provenance {
            model: Some(Source {
                name: "m.pt".into(),
                sha256: Some("ab12".into()),
            }),
            ..Provenance::default()
        }
        .with("ramp", 32),
        ..model(4, 4, 512)
    };
    let want = format!("{}; model m.pt (sha256 ab12); ramp 32", super::WRITTEN_BY);
    let png = chart.png(&Style::default()).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let words: Vec<(String, String)> = reader
        .info()
        .utf8_text
        .iter()
        .map(|chunk| (chunk.keyword.clone(), chunk.get_text().unwrap()))
        .collect();
    assert!(
        words.contains(&("Source".into(), want.clone())),
        "{words:?}"
    );
    assert!(words.contains(&("Title".into(), chart.title.clone())));
    let pdf = chart.pdf(&Style::default()).unwrap();
    let has = |words: &str| {
        pdf.windows(words.len())
            .any(|window| window == words.as_bytes())
    };
    assert!(has(&want) && has(&chart.title) && has("/FontFile"));
    let json: serde_json::Value = serde_json::from_str(&chart.json().unwrap()).unwrap();
    assert_eq!(json["provenance"]["model"]["sha256"], "ab12");
    assert_eq!(
        json["columns"][2],
        serde_json::json!({"name": "span", "unit": "tokens"})
    );
}

#[test]
fn styles_change_what_they_name() {
    let chart = model(6, 8, 4096);
    let size = |style: &Style| {
        let tree = parse(&chart.svg(style));
        // In millimetres.
        [tree.size().width(), tree.size().height()].map(|px| px * 25.4 / 96.0)
    };
    let plain = Style::default();
    let near = |a: f32, b: f32| (a - b).abs() < 0.1;
    assert!(near(size(&plain)[0], 140.0));
    // Larger type on the same paper.
    let large = Style {
        font_pt: 12.0,
        ..plain
    };
    assert!(near(size(&large)[0], 140.0));
    let mut drawn = chart.draw(&large).boxes.into_iter();
    assert!(drawn.all(|text| text.right < 140.0 * 72.0 / 25.4 / 1.5));
    let high = Style {
        height_mm: Some(120.0),
        ..plain
    };
    assert!((size(&high)[1] - 120.0).abs() < 6.0, "{:?}", size(&high));
    let bare = chart.svg(&Style {
        titled: false,
        ..plain
    });
    assert!(!bare.contains("font-weight=\"600\"") && bare.contains("<title>"));
    // The first thing drawn is the ground, if there is one.
    let clear = chart.svg(&Style {
        transparent: true,
        ..plain
    });
    assert!(!clear.contains("fill=\"#ffffff\"") && chart.svg(&plain).contains("fill=\"#ffffff\""));
    let picture = image::load_from_memory(
        &chart
            .png(&Style {
                transparent: true,
                ..plain
            })
            .unwrap(),
    );
    assert_eq!(picture.unwrap().to_rgba8().get_pixel(0, 0).0[3], 0);
    // No hue anywhere: the colours of the drawing are greys.
    for dark in [false, true] {
        let gray = chart.svg(&Style {
            gray: true,
            dark,
            ..plain
        });
        for (at, _) in gray.match_indices("=\"#") {
            let color = &gray[at + 3..at + 9];
            let part = |i: usize| i32::from_str_radix(&color[i..i + 2], 16).unwrap();
            assert!((part(0) - part(4)).abs() <= 24, "{color}");
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
    let chart = SpanChart {
        title: "注意力 ⟨⌈␀ カナ Größe Ж \u{10fee4}".into(),
        ..model(4, 4, 512)
    };
    let tree = parse(&chart.svg(&Style::default()));
    let glyphs = |tree: &usvg::Tree| -> Vec<(String, u32)> {
        let spans = texts(tree.root())
            .into_iter()
            .flat_map(|text| text.layouted());
        let glyphs = spans.flat_map(|span| &span.positioned_glyphs);
        glyphs
            .map(|glyph| (glyph.text.clone(), glyph.id.0))
            .collect()
    };
    // The first glyph of a font stands for what it lacks.
    let found = glyphs(&tree);
    assert!(
        found.len() > 80 && found.iter().all(|glyph| glyph.1 != 0),
        "{found:?}"
    );
    for title in ["الانتباه", "注意"] {
        let chart = SpanChart {
            title: title.into(),
            ..SpanChart::default()
        };
        let found = glyphs(&parse(&chart.svg(&Style::default())));
        assert!(found.iter().all(|glyph| glyph.1 != 0), "{found:?}");
        let pdf = chart.pdf(&Style::default()).unwrap();
        let fonts = pdf.windows(9).filter(|w| w == b"/FontFile").count();
        assert!(fonts >= 2, "{title}: {fonts} fonts");
    }
}

/// All texts of a drawing.
fn texts(group: &usvg::Group) -> Vec<&usvg::Text> {
    let mut found = Vec::new();
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) => found.extend(texts(inner)),
            usvg::Node::Text(text) => found.push(&**text),
            _ => {}
        }
    }
    found
}

#[test]
fn measured_text_is_as_wide_as_drawn() {
    let tree = parse(&model(36, 8, 8192).svg(&Style::default()));
    let drawn = texts(tree.root()).into_iter().map(|t| {
        let text: String = t.chunks().iter().map(|c| c.text().to_owned()).collect();
        (text, f64::from(t.bounding_box().width()))
    });
    let drawn: Vec<(String, f64)> = drawn.collect();
    let page = model(36, 8, 8192).draw(&Style::default());
    assert_eq!(drawn.len(), page.boxes.len());
    for ((text, width), want) in drawn.iter().zip(&page.boxes) {
        assert_eq!(*text, want.text);
        let box_width = if text == "Reach (tokens)" {
            want.bottom - want.top
        } else {
            want.right - want.left
        };
        assert!(
            (width - box_width).abs() < 0.06 * box_width + 1.5,
            "{text}: {width} {box_width}"
        );
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
            for h in &mut chart.heads { h.reach = 1 << power; }
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
