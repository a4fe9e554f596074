use super::super::tests::clash;
use super::*;
use crate::{Column, Style};
use proptest::prelude::*;
use resvg::usvg::roxmltree::Document;

fn line(name: &str, points: Vec<[f64; 2]>) -> Series {
    Series {
        name: name.into(),
        points,
        ..Series::default()
    }
}

fn plot(panels: Vec<Panel>) -> Plot {
    Plot {
        kind: "test",
        title: "A plot".into(),
        subtitle: "of lines".into(),
        x: Axis::new("position (tokens)"),
        panels,
        numbers: Table::new([Column::of("x", "tokens")]),
        ..Plot::default()
    }
}

#[test]
fn points_stand_where_the_axes_say() {
    let panel = Panel {
        y: Axis::from_zero("bits"),
        series: vec![Series {
            mark: Mark::Dots,
            ..line("", vec![[0.0, 0.0], [50.0, 4.0], [100.0, 8.0]])
        }],
        ..Panel::default()
    };
    let svg = plot(vec![panel]).svg(&Style::default());
    let document = Document::parse(&svg).unwrap();
    let number = |n: &resvg::usvg::roxmltree::Node<'_, '_>, name: &str| -> f64 {
        n.attribute(name).unwrap().parse().unwrap()
    };
    let dots: Vec<(f64, f64)> = document
        .descendants()
        .filter(|n| n.has_tag_name("circle"))
        .map(|n| (number(&n, "cx"), number(&n, "cy")))
        .collect();
    assert_eq!(dots.len(), 3);
    // Evenly spaced, upwards; and where the numbers at the axes are.
    assert!((dots[2].0 - 2.0 * dots[1].0 + dots[0].0).abs() < 0.05);
    assert!((dots[2].1 - 2.0 * dots[1].1 + dots[0].1).abs() < 0.05);
    assert!(dots[2].1 < dots[0].1);
    let text = |words: &str| {
        let mut all = document.descendants().filter(|n| n.has_tag_name("text"));
        all.find(|n| n.text().map(str::trim) == Some(words))
            .unwrap()
    };
    assert!((number(&text("100"), "x") - dots[2].0).abs() < 0.05);
    assert!((number(&text("0"), "y") - dots[0].1).abs() < 5.0);
}

#[test]
fn a_narrow_plot_says_all_that_a_wide_one_says() {
    let panel = |axis: Axis| Panel {
        y: axis,
        series: vec![line("a", vec![[0.0, 0.0], [9.0, 4.0]])],
        ..Panel::default()
    };
    let flops = Axis::from_zero("MFLOPs per token").or("MFLOPs");
    let bits = Axis::from_zero("bits per character");
    let title = "shakespeare_adaptive: what one more token costs with every head";
    let plot = Plot {
        title: title.into(),
        ..plot(vec![panel(flops), panel(bits)])
    };
    let at = |width_mm: f64| {
        let page = plot.draw(&Style {
            width_mm,
            ..Style::default()
        });
        assert_eq!(clash(&page), None);
        page.boxes
            .into_iter()
            .map(|text| text.text)
            .collect::<Vec<_>>()
    };
    let (wide, narrow) = (at(140.0), at(60.0));
    assert_eq!(wide[0], title);
    assert_eq!(format!("{} {}", narrow[0], narrow[1]), title);
    let has = |all: &[String], words: &str| all.iter().any(|text| text == words);
    assert!(has(&wide, "MFLOPs per token") && has(&wide, "Bits per character"));
    assert!(has(&narrow, "MFLOPs") && has(&narrow, "Bits per character"));
    assert!(!narrow.iter().any(|text| text.ends_with('…')), "{narrow:?}");
}

#[test]
fn what_is_no_number_is_a_gap() {
    let points = vec![
        [1.0, 1.0],
        [2.0, 2.0],
        [3.0, f64::NAN],
        [4.0, 1.0],
        [5.0, 3.0],
    ];
    let panel = |points| Panel {
        series: vec![line("a", points), line("b", vec![])],
        ..Panel::default()
    };
    let svg = plot(vec![panel(points)]).svg(&Style::default());
    assert_eq!(svg.matches("<path").count() - 2, 2, "{svg}");
    for odd in [
        vec![],
        vec![[f64::NAN; 2]; 3],
        vec![[1.0, f64::INFINITY]],
        vec![[0.0; 2]; 4],
    ] {
        for log in [false, true] {
            let mut plot = plot(vec![panel(odd.clone()), panel(odd.clone())]);
            plot.x.log = log;
            plot.panels[0].y.log = log;
            plot.marks = vec![Level {
                at: f64::NAN,
                label: "x".into(),
            }];
            plot.shade = Some([2.0, f64::NAN]);
            let svg = plot.svg(&Style::default());
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert_eq!(clash(&plot.draw(&Style::default())), None);
        }
    }
    assert_eq!(clash(&plot(vec![]).draw(&Style::default())), None);
}

#[test]
fn long_lines_keep_their_peaks() {
    let mut points: Vec<[f64; 2]> = (0..100_000).map(|i| [f64::from(i), 1.0]).collect();
    points[54_321][1] = 9.0;
    let panel = Panel {
        y: Axis::from_zero("bits"),
        series: vec![line("", points)],
        ..Panel::default()
    };
    let plot = plot(vec![panel]);
    let svg = plot.svg(&Style::default());
    assert!(svg.len() < 60_000, "{}", svg.len());
    let low = svg
        .split('L')
        .filter_map(|step| step.split(' ').nth(1)?.parse::<f64>().ok());
    let peak = low.fold(f64::INFINITY, f64::min);
    let at = layout::Layout::new(&plot, &Style::default());
    assert!((peak - at.panels[0].y(9.0)).abs() < 0.05);
}

#[test]
fn single_marks_have_names_shapes_and_errors() {
    let marks = [
        (Mark::Dots, "<circle"),
        (Mark::Squares, "<rect"),
        (Mark::Triangles, "<path"),
        (Mark::Rings, "<circle"),
        (Mark::Bars, "<rect"),
    ];
    for (mark, element) in marks {
        let with = Series {
            mark,
            names: vec!["L0H1".into(), "L2H3".into(), String::new()],
            spread: vec![[1.0, 3.0], [f64::NAN, 4.0], [2.0, 2.5]],
            ..line("", vec![[1.0, 2.0], [2.0, 3.0], [3.0, 2.25]])
        };
        let mut figure = plot(vec![Panel {
            series: vec![with],
            ..Panel::default()
        }]);
        figure.square = true;
        let svg = figure.svg(&Style::default());
        let without = plot(vec![Panel::default()]).svg(&Style::default());
        let more = |what: &str| svg.matches(what).count() - without.matches(what).count();
        assert!(more(element) >= 3, "{mark:?} {svg}");
        assert!(
            svg.contains("L2H3: 2, 3") && !svg.contains("NaN"),
            "{mark:?}"
        );
        assert_eq!(svg.matches("stroke-opacity").count(), 2, "{mark:?}");
    }
}

#[test]
fn a_band_goes_around_its_line() {
    let with = Series {
        spread: vec![
            [0.5, 1.5],
            [1.5, 3.5],
            [f64::NAN; 2],
            [0.0, 5.0],
            [1.0, 2.0],
        ],
        ..line("", (0..5).map(|x| [f64::from(x), 1.0]).collect())
    };
    let svg = plot(vec![Panel {
        series: vec![with],
        ..Panel::default()
    }])
    .svg(&Style::default());
    // A gap where an end is not known: two pieces.
    assert_eq!(svg.matches("fill-opacity").count(), 2, "{svg}");
}

#[test]
fn names_of_points_are_left_out_where_there_is_no_room() {
    let at = |x: f64| PointLabel {
        at: [x, 1.0],
        text: format!("L{}H0", x as usize),
    };
    let of = |labels: Vec<PointLabel>| {
        let figure = plot(vec![Panel {
            series: vec![Series {
                mark: Mark::Dots,
                ..line("", (0..40).map(|x| [f64::from(x), 1.0]).collect())
            }],
            labels,
            ..Panel::default()
        }]);
        assert_eq!(clash(&figure.draw(&Style::default())), None);
        let svg = figure.svg(&Style::default());
        let is_there = |x: &usize| {
            let name = format!("L{x}H0");
            svg.lines().any(|line| line.trim() == name)
        };
        let names = (0..40).filter(is_there);
        names.count()
    };
    assert_eq!(of(vec![at(3.0), at(30.0)]), 2);
    // The first of those that stand at the same place take what room there is on its four sides.
    assert_eq!(of(vec![at(20.0); 9]), 1);
    assert!(of((0..40).map(|x| at(f64::from(x))).collect()) > 10);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_texts_overlap(
        counts in prop::collection::vec(0usize..6, 1..4), scale in -6i32..9, log_x: bool, log_y: bool,
        marks in prop::collection::vec(0.0..100.0f64, 0..6), width_mm in 60.0..260.0f64, font_pt in 5.0..12.0f64,
        name in "[ -~]{0,40}", title in "[ -~]{0,90}",
    ) {
        let panels = counts.iter().map(|n| Panel {
            y: Axis { title: name.clone(), log: log_y, ..Axis::default() },
            series: (0..*n).map(|i| Series {
                color: i,
                ..line(&format!("{name}{i}"), (0..30).map(|x| [f64::from(x) * 3.0, f64::from(x % 7) * 10f64.powi(scale)]).collect())
            }).collect(),
            levels: Vec::new(),
            labels: (0..30).map(|x| PointLabel {
                at: [f64::from(x) * 3.0, f64::from(x % 7) * 10f64.powi(scale)],
                text: format!("L{x}H{x}"),
            }).collect(),
        });
        let mut plot = plot(panels.collect());
        plot.title = title;
        (plot.x.log, plot.square) = (log_x, log_y);
        plot.marks = marks.into_iter().map(|at| Level { at, label: format!("z = {at:.1}") }).collect();
        let style = Style { width_mm, font_pt, ..Style::default() };
        prop_assert_eq!(clash(&plot.draw(&style)), None);
    }
}
