//! Heads ablated one after the other, and what edits do to every token.

use super::Window;
use super::shell::command;
use egui_kittest::kittest::Queryable;
use spanscope::ui::Start;

fn has(window: &Window, words: &str) -> bool {
    let mut found = window.harness.query_all_by_label_contains(words);
    found.next().is_some()
}

#[test]
fn every_head_is_ablated_in_turn_and_the_ranking_selects_heads() {
    let mut window = Window::open(Start::default());
    // A shorter text is done sooner.
    window.keys(super::egui::Modifiers::COMMAND, super::egui::Key::E);
    window.keys(super::egui::Modifiers::COMMAND, super::egui::Key::A);
    let text = "The king is dead. Long live the king, the king of this land.";
    window.harness.event(super::egui::Event::Text(text.into()));
    window.settle();
    let whole = window.snapshot().bits_per_token.unwrap();
    command(&mut window, "ablate every");
    window.wait("the ranking", |app| app.ablation().is_some());
    window.settle();
    let ablation = window.app().ablation().unwrap();
    assert_eq!((ablation.heads.len(), ablation.tokens), (16, text.len()));
    assert!(
        (ablation.bits - whole).abs() < 1e-6,
        "{} {whole}",
        ablation.bits
    );
    let falls = ablation
        .heads
        .windows(2)
        .all(|pair| pair[0].change >= pair[1].change);
    assert!(falls, "{:?}", ablation.heads);
    // Each is what the same edit by hand makes of the text.
    let first = ablation.heads[0];
    let rows = window
        .harness
        .query_all_by_label_contains("bits/char without it");
    rows.into_iter().next().unwrap().click();
    window.harness.run_steps(3);
    assert_eq!(window.app().selection().heads.single(), Some(first.id));
    command(&mut window, "ablate selected");
    window.settle();
    let by_hand = window.snapshot().bits_per_token.unwrap();
    assert!(
        (by_hand - first.bits).abs() < 1e-6,
        "{by_hand} {}",
        first.bits
    );
    // The ranking is of the model as it was, and says so, until that is undone.
    assert!(has(&window, "of an earlier text or model"));
    command(&mut window, "undo");
    window.settle();
    assert!(!has(&window, "of an earlier text or model"));
    window.write("Q");
    assert!(has(&window, "of an earlier text or model"));
    command(&mut window, "undo");
    window.settle();
    assert_eq!(window.snapshot().tokens.ids.len(), text.len());
    assert!(!has(&window, "of an earlier text or model"));
}

#[test]
fn after_an_edit_the_text_shows_what_it_adds_to_every_token() {
    let mut window = Window::open(Start::default());
    window.harness.get_by_label("Surprisal").click();
    window.harness.run_steps(3);
    assert!(!has(&window, "Δ by edits"));
    command(&mut window, "ablate selected");
    window.settle();
    assert!(has(&window, "Δ by edits"));
    assert!(has(&window, "bits/char by the edits"));
    window.harness.get_by_label("Δ by edits").click();
    window.harness.run_steps(3);
    assert!(!has(&window, "bits/char by the edits"));
    command(&mut window, "all heads as trained");
    window.settle();
    assert!(!has(&window, "Δ by edits"));
}

#[test]
fn what_is_typed_after_an_edit_is_compared_as_well() {
    let mut window = Window::open(Start::default());
    command(&mut window, "ablate selected");
    window.settle();
    let first = window.snapshot().unedited_bits.unwrap();
    window.write("Q");
    let (edited, unedited) = (window.snapshot(), window.snapshot().unedited_bits);
    let unedited = unedited.expect("the text without the edit was read as well");
    assert!((edited.bits_per_token.unwrap() - unedited).abs() > 1e-6);
    assert_eq!(
        edited.unedited_surprisal.as_ref().unwrap().len(),
        edited.surprisal.len()
    );
    // As the model reads it without the edit.
    command(&mut window, "all heads as trained");
    window.settle();
    let plain = window.snapshot().bits_per_token.unwrap();
    assert!((plain - unedited).abs() < 1e-9, "{plain} {unedited}");
    assert!((plain - first).abs() > 1e-6);
}
