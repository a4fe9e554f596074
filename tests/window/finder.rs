//! Heads as points and bars, what they do, and the heads like one.

use super::Window;
use eframe::egui::{self, Modifiers, PointerButton, Pos2, pos2};
use egui_kittest::kittest::Queryable;
use spanscope::analysis::role::{battery, role};
use spanscope::analysis::similar::{by_scores, nearest};
use spanscope::analysis::{HeadRow, Statistic, head_points};
use spanscope::engine::figures::head_rows;
use spanscope::model::HeadId;
use spanscope::text::Control;
use spanscope::ui::{Pane, Start};

fn has(window: &Window, words: &str) -> bool {
    let mut found = window.harness.query_all_by_label_contains(words);
    found.next().is_some()
}

fn click(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.harness.run_steps(3);
}

/// The view alone, with what is measured.
fn open(drawing: &str) -> Window {
    let mut window = Window::open(Start::default());
    window.app_mut().show_alone(Pane::HEADS);
    window.settle();
    click(&mut window, drawing);
    window
}

/// Presses, moves along `path` and lets go.
fn drag(window: &mut Window, path: &[Pos2], modifiers: Modifiers) {
    let button = |pos, pressed| egui::Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers,
    };
    window.harness.event(egui::Event::PointerMoved(path[0]));
    window.harness.step();
    window.harness.event(button(path[0], true));
    window.harness.step();
    for at in path {
        window.harness.event(egui::Event::PointerMoved(*at));
        window.harness.step();
    }
    window.harness.event(button(path[path.len() - 1], false));
    window.harness.run_steps(2);
}

fn canvas(window: &Window) -> egui::Rect {
    window
        .harness
        .get_by_label_contains("Scatter of 16 heads")
        .rect()
}

fn selected(window: &Window) -> Vec<HeadId> {
    window.app().selection().heads.all().to_vec()
}

#[test]
fn points_are_selected_by_rectangle_and_lasso() {
    let mut window = open("Scatter");
    assert!(has(
        &window,
        "Scatter of 16 heads: Entropy against Effective span, 90 %"
    ));
    let area = canvas(&window);
    drag(
        &mut window,
        &[
            area.min + egui::vec2(48.0, 8.0),
            area.max - egui::vec2(9.0, 33.0),
        ],
        Modifiers::NONE,
    );
    assert_eq!(selected(&window).len(), 16);
    // The upper half: those of the larger entropy, whatever they look at.
    let rows = head_rows(window.snapshot());
    let points = head_points(&rows, [Statistic::Most, Statistic::Entropy]);
    let (low, high) = Statistic::Entropy.range(&rows);
    let (room, frame) = (
        0.05 * (high - low),
        egui::Rect::from_min_max(
            area.min + egui::vec2(46.0, 6.0),
            area.max - egui::vec2(8.0, 32.0),
        ),
    );
    let middle = frame.center().y;
    let mut upper: Vec<HeadId> = points
        .iter()
        .filter(|point| point.at[1] > (low + high) / 2.0)
        .map(|point| rows[point.row].id())
        .collect();
    upper.sort();
    assert!(room > 0.0 && !upper.is_empty() && upper.len() < 16);
    let corners = [
        frame.left_top() - egui::vec2(1.0, 0.0),
        pos2(frame.right() + 1.0, middle),
    ];
    drag(&mut window, &corners, Modifiers::NONE);
    assert_eq!(selected(&window), upper);
    click(&mut window, "Options");
    click(&mut window, "Lasso");
    window.keys(Modifiers::NONE, egui::Key::Escape);
    let (left, right, bottom) = (
        frame.left() - 1.0,
        frame.right() + 1.0,
        frame.bottom() + 1.0,
    );
    let lower = [
        pos2(left, middle),
        pos2(right, middle),
        pos2(right, bottom),
        pos2(frame.center().x, bottom),
        pos2(left, bottom),
    ];
    drag(&mut window, &lower, Modifiers::NONE);
    assert_eq!(selected(&window).len(), 16 - upper.len());
    assert!(selected(&window).iter().all(|head| !upper.contains(head)));
    drag(&mut window, &lower, Modifiers::COMMAND);
    assert_eq!(selected(&window).len(), 16 - upper.len());
    // What is selected can be filtered by.
    window.harness.get_by_label("Find heads").focus();
    window
        .harness
        .get_by_label("Find heads")
        .type_text("selected");
    window.harness.run_steps(3);
    assert!(!has(&window, "No matches"));
    let first = upper[0];
    assert!(!has(&window, &format!("{first}")), "{first}");
}

#[test]
fn what_a_head_does_is_said_with_its_evidence() {
    let mut window = open("Bars");
    assert!(has(&window, "Bars of all heads: Reach"));
    click(&mut window, "Role");
    let leading = window.app().selection().heads.leading();
    let rows = head_rows(window.snapshot());
    let row: &HeadRow = rows.iter().find(|row| row.id() == leading).unwrap();
    let findings = battery(row);
    assert!(findings.len() > 5);
    for finding in &findings {
        assert!(has(&window, &finding.number()), "{}", finding.number());
    }
    let tokens = row.measure.unwrap().rows.unwrap().effective[2].unwrap();
    assert!(has(
        &window,
        &format!("99 % of the weight within {tokens} tokens")
    ));
    if role(row).is_none() {
        assert!(has(&window, "no role passes its threshold"));
    }
}

#[test]
fn heads_alike_by_numbers_and_by_attention() {
    let mut window = Window::open(Start::default());
    click(&mut window, "Alike");
    let of = window.app().selection().heads.leading();
    let rows = head_rows(window.snapshot());
    let order = nearest(&rows, of, &by_scores(&rows, of));
    assert!(has(&window, &format!("Like {of}")));
    assert!(has(&window, &format!("{:.3}", order[0].1)));
    assert!(window.snapshot().alike.is_none());
    click(&mut window, "by attention");
    window.settle();
    let alike = window.snapshot().alike.clone().unwrap();
    assert_eq!((alike.of, alike.bits.len(), alike.queries), (of, 16, 128));
    let distances: Vec<Option<f64>> = alike.bits.iter().copied().map(Some).collect();
    let order = nearest(&rows, of, &distances);
    assert!(has(&window, &format!("{:.3}", order[0].1)));
    // After an edit it is compared anew.
    window.write("!");
    let again = window.snapshot().alike.clone().unwrap();
    assert!(again.of == of && again.bits != alike.bits);
}

#[test]
fn the_text_becomes_a_control_and_comes_back() {
    let mut window = Window::open(Start::default());
    let before = window.app().text().clone();
    super::shell::command(&mut window, "Random tokens");
    window.settle();
    let ids = window.snapshot().tokens.ids.clone();
    assert_eq!((ids.len(), window.snapshot().tokens.unknown), (256, 0));
    assert_eq!(ids[..128], ids[128..]);
    let first = window.app().text().clone();
    let control = Control::Repeated {
        length: 128,
        seed: 0,
    };
    let model = window.snapshot().model.clone().unwrap();
    let made = control.bytes(model.vocabulary.as_ref().unwrap(), None);
    assert_eq!(first.as_bytes(), made.unwrap());
    super::shell::command(&mut window, "Random tokens");
    window.settle();
    assert_ne!(*window.app().text(), first);
    for _ in 0..2 {
        window.keys(Modifiers::COMMAND, egui::Key::Z);
    }
    assert_eq!(*window.app().text(), before);
    super::shell::command(&mut window, "Shuffle the text");
    window.settle();
    let sorted = |text: &str| {
        let mut all: Vec<char> = text.chars().collect();
        all.sort_unstable();
        all
    };
    let shuffled = window.app().text().clone();
    assert!(shuffled != before && sorted(&shuffled) == sorted(&before));
}

#[test]
fn places_of_a_file_open_their_texts() {
    use spanscope::analysis::Mean;
    use spanscope::analysis::examples::{ExampleMeasure, ExampleSearch};
    use spanscope::engine::LoadedModel;
    use spanscope::engine::corpus::{Corpus, Measure, Shard, TextKind};
    use spanscope::engine::sums_file::{CorpusRecord, SumsFile};
    use spanscope::model::Cancel;

    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("texts");
    std::fs::create_dir(&texts).unwrap();
    std::fs::write(texts.join("a.txt"), "The king is dead. Long live the king.").unwrap();
    std::fs::write(
        texts.join("b.txt"),
        "To be, or not to be: that is the question.",
    )
    .unwrap();
    let model = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/shakespeare_adaptive.safetensors");
    let model = LoadedModel::open(&model, None, None).unwrap();
    let corpus = Corpus::find(&[texts], TextKind::Text).unwrap();
    let measured = Measure {
        model: &model,
        jobs: 1,
        skip_bad: false,
        removed: false,
        sink_free: 0,
        cancel: &Cancel::default(),
        progress: &|_| {},
        keep: None,
        examples: Some(ExampleSearch::of_heads(
            ExampleMeasure::Row(Mean::Confidence),
            4,
        )),
    };
    let measured = measured.run(&corpus.shard(Shard::ALL)).unwrap();
    let record = CorpusRecord::new(&corpus, Shard::ALL);
    let file = SumsFile::new(&model, record, measured).unwrap();
    let path = folder.path().join("places.safetensors");
    file.write(&path).unwrap();

    let mut window = open("Matrix");
    click(&mut window, "Places");
    assert!(has(&window, "Open examples…"));
    let ctx = window.harness.ctx.clone();
    window.app_mut().open_examples(&ctx, path);
    for _ in 0..200 {
        window.harness.step();
        if has(&window, "by confidence") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let HeadId { layer, head } = window.app().selection().heads.leading();
    let place = &file.examples.as_ref().unwrap().heads[4 * layer + head].top[0];
    let label = format!(
        "{}, token {}: shows it in the text",
        file.text_of(place.text),
        place.query
    );
    let row = window.harness.query_all_by_label(&label).next().unwrap();
    row.click();
    window.harness.run_steps(3);
    window.wait("the text", |app| app.text().len() < 60);
    window.settle();
    assert_eq!(
        window.app().selection().tokens.single(),
        Some(place.query as usize)
    );
    assert!(
        window
            .app()
            .text()
            .starts_with(if place.text == 0 { "The king" } else { "To be" })
    );
}
