//! What comes next, how surprising every token was, and how the text goes on.

use super::Window;
use eframe::egui::{self, Event, Modifiers, Pos2};
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::engine::Ended;
use spanscope::ui::Start;
use spanscope::ui::app::App;

fn open() -> Window {
    let mut window = Window::tolerant(Start::default());
    window.harness.get_by_label("Predictions").click();
    window.harness.run_steps(3);
    window.settle();
    window
}

fn click(window: &mut Window, at: Pos2) {
    for pressed in [true, false] {
        window.harness.event(Event::PointerMoved(at));
        window.harness.event(Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        window.harness.step();
    }
    window.harness.run_steps(2);
}

/// Clicks in the middle of the surprisal along the text; the token that is selected by it.
fn select_in_the_middle(window: &mut Window) -> usize {
    let canvas = window
        .harness
        .get_by_label_contains("Surprisal along the text, ")
        .rect();
    click(window, canvas.center());
    let token = window
        .app()
        .selection()
        .tokens
        .single()
        .expect("a token is selected");
    window.settle();
    token
}

#[test]
fn a_click_on_the_surprisal_selects_the_most_surprising_token_near() {
    let mut window = open();
    let token = select_in_the_middle(&mut window);
    let snapshot = window.snapshot();
    let bits = snapshot.surprisal_of(token).unwrap();
    let near = token - 2..=token + 2;
    for other in near {
        // Five points are more than one token wide, so those next to it were meant as well.
        assert!(snapshot.surprisal_of(other).unwrap() <= bits);
    }
    assert!((300..800).contains(&token), "{token}");
}

#[test]
fn what_follows_is_marked_among_the_candidates() {
    let mut window = open();
    // At the end of the text nothing follows.
    assert!(
        window
            .harness
            .query_by_label_contains("follows in the text")
            .is_none()
    );
    window.harness.get_by_label_contains("the text ends here");
    let token = select_in_the_middle(&mut window);
    let prediction = window.snapshot().prediction.clone().unwrap();
    assert_eq!(prediction.at, token);
    let truth = prediction.truth.unwrap();
    assert_eq!(truth.id, window.snapshot().tokens.ids[token + 1]);
    let marked = window.harness.get_by_label_contains("follows in the text");
    let label = marked.accesskit_node().label().unwrap();
    assert!(label.contains(&format!("rank {}", truth.rank)), "{label}");
}

#[test]
fn a_candidate_is_appended_by_a_click() {
    let mut window = open();
    let before = window.snapshot().tokens.ids.clone();
    let best = window.snapshot().prediction.as_ref().unwrap().top[0].id;
    let rows: Vec<Pos2> = window
        .harness
        .query_all_by_label_contains(" bits, rank 1")
        .filter(|node| {
            node.accesskit_node()
                .label()
                .is_some_and(|l| l.ends_with("rank 1"))
        })
        .map(|node| node.rect().center())
        .collect();
    click(&mut window, rows[0]);
    window.settle();
    let after = &window.snapshot().tokens.ids;
    assert_eq!((after.len(), after.last()), (before.len() + 1, Some(&best)));
}

#[test]
fn a_candidate_takes_the_place_of_what_follows() {
    let mut window = open();
    let token = select_in_the_middle(&mut window);
    let before = window.snapshot().tokens.ids.clone();
    let prediction = window.snapshot().prediction.clone().unwrap();
    let rank = 1 + prediction
        .top
        .iter()
        .position(|c| c.id != before[token + 1])
        .unwrap();
    let words = format!("rank {rank}");
    let rows: Vec<Pos2> = window
        .harness
        .query_all_by_label_contains(&words)
        .filter(|node| {
            node.accesskit_node()
                .label()
                .is_some_and(|l| l.starts_with("Next token") && l.ends_with(&words))
        })
        .map(|node| node.rect().center())
        .collect();
    click(&mut window, rows[0]);
    window.harness.get_by_label_contains("Replace “").click();
    window.harness.run_steps(2);
    window.settle();
    let mut expected = before;
    expected[token + 1] = prediction.top[rank - 1].id;
    assert_eq!(window.snapshot().tokens.ids, expected);
}

fn ended(app: &App) -> bool {
    let continued = app.snapshot().continued.as_ref();
    continued.is_some_and(|continued| continued.ended.is_some())
}

#[test]
fn the_text_is_continued_and_the_continuation_inserted() {
    let mut window = open();
    let before = window.snapshot().tokens.text.clone();
    window.harness.get_by_label("Start").click();
    window.wait("the continuation", ended);
    window.harness.run_steps(3);
    let continued = window.snapshot().continued.clone().unwrap();
    assert_eq!(continued.ended, Some(Ended::Length));
    assert_eq!((continued.drawn.len(), continued.text.len()), (200, 200));
    window.harness.get_by_label_contains("200 tokens, ");
    window.harness.get_by_label_contains("Continuation: ");
    // The same seed gives the same text, another one another.
    window.harness.get_by_label("Start").click();
    window.wait("it once more", |app| {
        ended(app)
            && app
                .snapshot()
                .continued
                .as_ref()
                .is_some_and(|c| c.number > continued.number)
    });
    let again = window.snapshot().continued.clone().unwrap();
    assert_eq!(again.text, continued.text);
    window.settle();
    window.harness.get_by_label("New seed").click();
    window.harness.run_steps(2);
    window.harness.get_by_label("Start").click();
    window.wait("another one", |app| {
        ended(app)
            && app
                .snapshot()
                .continued
                .as_ref()
                .is_some_and(|c| c.number > again.number)
    });
    let other = window.snapshot().continued.clone().unwrap();
    assert_ne!(other.text, continued.text);
    window.harness.run_steps(3);
    window.harness.get_by_label("Insert into the text").click();
    window.harness.run_steps(2);
    window.settle();
    let after = &window.snapshot().tokens.text;
    assert_eq!(&**after, format!("{before}{}", other.text));
    // It was of the text before.
    assert!(
        window
            .harness
            .query_by_label("Insert into the text")
            .is_none()
    );
}

#[test]
fn a_continuation_can_be_stopped() {
    let mut window = open();
    window.harness.get_by_label("Start").click();
    window.wait("the first tokens", |app| {
        let continued = app.snapshot().continued.as_ref();
        continued.is_some_and(|continued| !continued.drawn.is_empty())
    });
    if let Some(stop) = window.harness.query_by_label("Stop") {
        stop.click();
    }
    window.harness.run_steps(2);
    window.settle();
    assert!(window.harness.query_by_label("Start").is_some());
    assert!(window.harness.query_by_label("Stop").is_none());
    window.harness.get_by_label_contains(" bits/char; ");
}

/// Shows a page of the view.
fn page(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).click();
    window.harness.run_steps(3);
    window.settle();
}

#[test]
fn every_layer_has_its_guess_and_the_last_is_the_prediction() {
    let mut window = open();
    let token = select_in_the_middle(&mut window);
    assert!(window.snapshot().lens.is_none());
    page(&mut window, "By layer");
    let snapshot = window.snapshot();
    let (lens, prediction) = (
        snapshot.lens.clone().unwrap(),
        snapshot.prediction.clone().unwrap(),
    );
    let truth = prediction.truth.unwrap();
    assert_eq!(
        (lens.at, lens.of, lens.next),
        (token, truth.id, Some(truth.id))
    );
    let last = lens.layers.last().unwrap();
    assert_eq!(last.watched[0].guess, truth);
    assert_eq!(last.top[0].guess.id, prediction.top[0].id);
    let row = window.harness.get_by_label_contains("After embedding: ");
    let label = row.accesskit_node().value().unwrap();
    let rank = lens.layers[0].watched[0].guess.rank;
    assert!(label.contains(&format!("rank {rank};")), "{label}");
}

#[test]
fn a_click_on_a_part_selects_its_head() {
    let mut window = open();
    select_in_the_middle(&mut window);
    page(&mut window, "By part");
    let lens = window.snapshot().lens.clone().unwrap();
    let off = lens.attribution.sum() - lens.attribution.logit;
    assert!(off.abs() < 2e-4, "{off}");
    let parts = lens.sorted();
    let head = parts
        .iter()
        .take(8)
        .find_map(|(part, _)| part.head())
        .unwrap();
    let row = format!("{head} adds ");
    window.harness.get_by_label_contains(&row).click();
    window.harness.run_steps(2);
    assert_eq!(window.app().selection().heads.single(), Some(head));
}

#[test]
fn the_logit_of_any_candidate_is_attributed_and_exported() {
    let mut window = open();
    select_in_the_middle(&mut window);
    page(&mut window, "By part");
    let top = window.snapshot().prediction.as_ref().unwrap().top.clone();
    let label = |window: &Window, id| window.snapshot().model.as_ref().unwrap().label(id);
    for (combo, id) in [
        ("Token whose logit is attributed", top[1].id),
        ("Token whose logit is taken off", top[0].id),
    ] {
        window.harness.get_by_label(combo).click();
        window.harness.run_steps(3);
        let name = label(&window, id);
        let items: Vec<_> = window.harness.query_all_by_label(&name).collect();
        items.last().unwrap().click();
        window.harness.run_steps(3);
        window.settle();
    }
    let lens = window.snapshot().lens.clone().unwrap();
    assert_eq!((lens.of, lens.target.against), (top[1].id, Some(top[0].id)));
    // The less likely one has the smaller logit: the parts add up to less than nothing.
    assert!(lens.attribution.logit < 0.0);
    let last = &lens.layers.last().unwrap().watched;
    let difference = f64::from(last[0].logit) - f64::from(last[1].logit);
    assert!((lens.attribution.logit - difference).abs() < 1e-4);
}
