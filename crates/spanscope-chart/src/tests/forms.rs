//! The forms that a figure is written in, and what is in them.

use super::*;

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
    let want = format!("{}; model m.pt (sha256 ab12); ramp 32", crate::WRITTEN_BY);
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
    chart.heads[0].reach = Some(3);
    chart.heads[0].span = Some(0.25);
    let csv = chart.csv().unwrap();
    assert!(
        csv.starts_with("layer,head,span_tokens,reach_tokens\n0,0,0.25,3\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 5);
    let by_index = chart.heads.clone();
    assert_eq!(chart.ordered(), by_index);
    // Within its layer the second head now comes first.
    chart.heads[1].reach = Some(2);
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
