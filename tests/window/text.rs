//! The text: selecting tokens by pointer and keys, what their shades mean.

use super::{Window, data};
use eframe::egui::{self, Key, Modifiers, Pos2, Rect, pos2};
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::analysis::TokenSet;
use spanscope::ui::{Pane, Start};

/// Where the cells are.
fn cells(window: &Window) -> Rect {
    let cells = window
        .harness
        .query_by_label_contains("tokens; click one to select it");
    cells.expect("the text is in view").rect()
}

fn tokens(window: &Window) -> &TokenSet {
    &window.app().selection().tokens
}

fn button(window: &mut Window, at: Pos2, pressed: bool, modifiers: Modifiers) {
    window.harness.event(egui::Event::PointerMoved(at));
    window.harness.event(egui::Event::PointerButton {
        pos: at,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers,
    });
    window.harness.step();
}

fn click(window: &mut Window, at: Pos2, modifiers: Modifiers) {
    window
        .harness
        .event(egui::Event::ModifiersChanged(modifiers));
    button(window, at, true, modifiers);
    button(window, at, false, modifiers);
    window
        .harness
        .event(egui::Event::ModifiersChanged(Modifiers::NONE));
    // The toolbar may have grown a row.
    window.settle();
}

/// The place of a character of the first row, once the text is scrolled to its start.
fn at_start(window: &Window, column: usize) -> Pos2 {
    let cells = cells(window);
    pos2(cells.left() + 6.0 + 7.83 * column as f32, cells.top() + 9.0)
}

/// A window whose text has the focus and shows its start, with the caret before the first token.
fn from_the_start() -> Window {
    let mut window = Window::open(Start::default());
    let at = cells(&window).left_bottom() + egui::vec2(6.0, -30.0);
    click(&mut window, at, Modifiers::NONE);
    window.keys(Modifiers::COMMAND, Key::Home);
    window.settle();
    assert_eq!(tokens(&window).single(), Some(0));
    window
}

#[test]
fn keys_move_and_extend_the_selection_while_the_text_has_the_focus() {
    let mut window = from_the_start();
    let head = window.app().selection().heads.clone();
    for _ in 0..3 {
        window.keys(Modifiers::NONE, Key::ArrowRight);
    }
    // The token before the caret.
    assert_eq!(tokens(&window).single(), Some(2));
    window.keys(Modifiers::SHIFT, Key::ArrowRight);
    window.keys(Modifiers::SHIFT, Key::ArrowRight);
    assert_eq!(tokens(&window), &TokenSet::from(3..5));
    window.keys(Modifiers::SHIFT | Modifiers::COMMAND, Key::Home);
    assert_eq!(tokens(&window), &TokenSet::from(0..3));
    window.keys(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(tokens(&window).single(), Some(0));
    window.keys(Modifiers::NONE, Key::ArrowDown);
    let below = tokens(&window).single().unwrap();
    let text = window.snapshot().tokens.text.clone();
    assert_eq!(text.as_bytes()[below], b'\n', "{below}");
    // The ends of the row, and of the text.
    window.keys(Modifiers::NONE, Key::End);
    let end = tokens(&window).single().unwrap();
    assert_eq!(text.as_bytes()[end + 1], b'\n', "{end}");
    window.keys(Modifiers::NONE, Key::Home);
    assert_eq!(tokens(&window).single(), Some(below));
    window.keys(Modifiers::COMMAND, Key::End);
    assert_eq!(tokens(&window).single(), Some(window.snapshot().done - 1));
    // No head was moved, until the focus is gone.
    assert_eq!(window.app().selection().heads, head);
    window.keys(Modifiers::NONE, Key::Escape);
    assert!(tokens(&window).is_empty());
    window.keys(Modifiers::NONE, Key::ArrowUp);
    assert_ne!(window.app().selection().heads, head);
}

#[test]
fn tokens_are_clicked_added_and_dragged() {
    let mut window = from_the_start();
    let place = |window: &Window, column| at_start(window, column);
    let at = place(&window, 2);
    click(&mut window, at, Modifiers::NONE);
    assert_eq!(tokens(&window).single(), Some(2));
    let at = place(&window, 5);
    click(&mut window, at, Modifiers::COMMAND);
    assert_eq!(tokens(&window).iter().collect::<Vec<_>>(), [2, 5]);
    let at = place(&window, 7);
    click(&mut window, at, Modifiers::SHIFT);
    assert_eq!(tokens(&window), &TokenSet::from(5..8));
    // Dragging selects while the button is held.
    let (from, to) = (place(&window, 6), place(&window, 1));
    button(&mut window, from, true, Modifiers::NONE);
    for step in 1..=5_u8 {
        let at = from + (to - from) * (f32::from(step) / 5.0);
        window.harness.event(egui::Event::PointerMoved(at));
        window.harness.step();
    }
    // What lies between the two places, as in any text.
    assert_eq!(tokens(&window), &TokenSet::from(1..6));
    button(&mut window, to, false, Modifiers::NONE);
    assert_eq!(tokens(&window), &TokenSet::from(1..6));
    window.settle();
    let sums = window.snapshot().gathered.clone().unwrap();
    assert_eq!(sums.tokens, TokenSet::from(1..6));
}

#[test]
fn sum_and_mean_are_offered_for_several_tokens_only() {
    let mut window = from_the_start();
    assert!(window.harness.query_by_label("Sum").is_none());
    for _ in 0..5 {
        window.keys(Modifiers::SHIFT, Key::ArrowRight);
    }
    window.settle();
    let largest = |window: &Window| -> f32 {
        let legend = window
            .harness
            .query_by_label_contains("to the largest weight, ");
        let words = legend.expect("a legend").accesskit_node().label().unwrap();
        let number = words.split("weight, ").nth(1).unwrap();
        number.split(';').next().unwrap().parse::<f32>().unwrap()
    };
    let sum = largest(&window);
    let sums = window.snapshot().gathered.clone().unwrap();
    assert!((sum - sums.largest.0).abs() < 0.001, "{sum}");
    window.harness.get_by_label("Sum");
    let mean = window
        .harness
        .get_all_by_label("Mean")
        .last()
        .expect("a toggle");
    mean.click();
    window.harness.run_steps(2);
    assert!((5.0 * largest(&window) - sum).abs() < 0.003);
    assert!(
        window
            .harness
            .query_by_label_contains("5 queries")
            .is_some()
    );
    window.harness.get_by_label("Attended by").click();
    window.harness.run_steps(2);
    assert!((5.0 * largest(&window) - sums.largest.1).abs() < 0.003);
    assert!(window.harness.query_by_label_contains("5 keys").is_some());
    window.harness.get_by_label("Surprisal").click();
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label("Sum").is_none());
    let legend = window.harness.query_by_label_contains("blind guess");
    assert!(legend.is_some());
}

#[test]
fn the_tooltip_names_the_token_with_its_weight_and_distance() {
    let mut window = from_the_start();
    for _ in 0..10 {
        window.keys(Modifiers::NONE, Key::ArrowRight);
    }
    window.settle();
    let at = at_start(&window, 4);
    window.harness.event(egui::Event::PointerMoved(at));
    for _ in 0..8 {
        window.harness.step();
        std::thread::sleep(std::time::Duration::from_millis(60));
    }
    let said = |words: &str| window.harness.query_by_label_contains(words).is_some();
    assert!(said("5 before token 9"));
    assert!(said("Token id"));
    assert!(said("Probability"));
    let detail = window.snapshot().detail.clone().unwrap();
    assert!(detail.weight(9, 4).is_some());
}

/// Types into what has the focus.
fn typed(window: &mut Window, text: &str) {
    window.harness.event(egui::Event::Text(text.into()));
    window.harness.step();
}

#[test]
fn the_shaded_text_is_typed_in_at_its_caret() {
    let mut window = from_the_start();
    window.keys(Modifiers::NONE, Key::ArrowRight);
    let before = window.snapshot().tokens.text.to_string();
    let text = |window: &Window| window.snapshot().tokens.text.to_string();
    let first = before.chars().next().unwrap();
    // Quicker than the model reads, and brackets too.
    for letter in ["x", "[", "é", "y"] {
        typed(&mut window, letter);
    }
    window.settle();
    let rest = &before[first.len_utf8()..];
    assert_eq!(text(&window), format!("{first}x[éy{rest}"));
    // The token before the caret is the query, wherever in the text that is.
    let query = tokens(&window).single().unwrap();
    let tokens_now = window.snapshot().tokens.clone();
    let piece = tokens_now.piece_of[query] as usize;
    assert_eq!(
        &tokens_now.bytes()[tokens_now.pieces[piece].range.clone()],
        b"y"
    );
    for _ in 0..2 {
        window.keys(Modifiers::NONE, Key::Backspace);
    }
    window.keys(Modifiers::NONE, Key::Enter);
    window.settle();
    assert_eq!(text(&window), format!("{first}x[\n{rest}"));
    // Before the first token.
    window.keys(Modifiers::COMMAND, Key::Home);
    typed(&mut window, "A");
    window.settle();
    assert_eq!(text(&window), format!("A{first}x[\n{rest}"));
    // Undo takes back what was typed, step by step, to the text as it was.
    for _ in 0..12 {
        window.keys(Modifiers::COMMAND, Key::Z);
    }
    window.settle();
    assert_eq!(text(&window), before);
}

#[test]
fn selected_tokens_are_replaced_cut_and_pasted() {
    let mut window = from_the_start();
    let before = window.snapshot().tokens.text.to_string();
    assert!(before.is_char_boundary(3));
    let text = |window: &Window| window.snapshot().tokens.text.to_string();
    for _ in 0..3 {
        window.keys(Modifiers::SHIFT, Key::ArrowRight);
    }
    assert_eq!(tokens(&window).len(), 3);
    window.harness.event(egui::Event::Cut);
    window.harness.step();
    window.settle();
    assert_eq!(text(&window), &before[3..]);
    window.harness.event(egui::Event::Paste(before[..3].into()));
    window.harness.step();
    window.settle();
    assert_eq!(text(&window), before);
    window.keys(Modifiers::COMMAND, Key::Home);
    for _ in 0..3 {
        window.keys(Modifiers::SHIFT, Key::ArrowRight);
    }
    typed(&mut window, "a");
    typed(&mut window, "b");
    window.settle();
    assert_eq!(text(&window), format!("ab{}", &before[3..]));
    window.keys(Modifiers::NONE, Key::Delete);
    window.settle();
    assert_eq!(text(&window), format!("ab{}", &before[4..]));
}

#[test]
fn the_count_of_what_is_not_in_the_vocabulary_leads_to_it() {
    let mut window = Window::open(Start::default());
    window.write(" a\u{a7}b \u{a7}\u{a7}c");
    let go = |window: &mut Window| {
        let link = window
            .harness
            .get_by_label_contains("not in the vocabulary (");
        link.click();
        window.harness.run_steps(3);
        window.settle();
        let tokens_now = window.snapshot().tokens.clone();
        let token = tokens(window).single().unwrap();
        let piece = tokens_now.piece_of[token] as usize;
        assert!(tokens_now.pieces[piece + 1].id.is_none());
        tokens_now.bytes()[tokens_now.pieces[piece].range.clone()].to_vec()
    };
    assert_eq!(go(&mut window), b"a");
    assert_eq!(go(&mut window), b" ");
    // Round to the first one.
    assert_eq!(go(&mut window), b"a");
}

#[test]
fn what_is_typed_shows_at_once_and_undo_leads_back_to_its_place() {
    let mut window = from_the_start();
    window.keys(Modifiers::NONE, Key::ArrowDown);
    let before = window.app().text().to_string();
    let at = tokens(&window).single().unwrap() + 1;
    typed(&mut window, "qq");
    // In the frame of the key, however long the model takes.
    let expected = format!("{}qq{}", &before[..at], &before[at..]);
    assert_eq!(window.app().text().to_string(), expected);
    window.settle();
    assert_eq!(*window.snapshot().tokens.text, *expected);
    assert_eq!(tokens(&window).single(), Some(at + 1));
    // Somewhere else, and back: the caret is where the change was.
    window.keys(Modifiers::COMMAND, Key::End);
    window.keys(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(window.app().text().to_string(), before);
    typed(&mut window, "r");
    let expected = format!("{}r{}", &before[..at], &before[at..]);
    assert_eq!(window.app().text().to_string(), expected);
}

#[test]
fn all_is_selected_copied_and_replaced() {
    let mut window = from_the_start();
    let before = window.app().text().to_string();
    window.keys(Modifiers::COMMAND, Key::A);
    assert_eq!(tokens(&window).len(), window.snapshot().tokens.ids.len());
    window.harness.event(egui::Event::Copy);
    window.harness.step();
    let commands = &window.harness.output().platform_output.commands;
    let copied = commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some(&*before));
    window.harness.event(egui::Event::Paste("one\ntwo".into()));
    window.harness.step();
    window.settle();
    assert_eq!(&**window.app().text(), "one\ntwo");
    // A word at a time.
    window.keys(Modifiers::COMMAND, Key::Backspace);
    window.settle();
    assert_eq!(&**window.app().text(), "one\n");
}

#[test]
fn a_double_click_selects_a_word() {
    let mut window = from_the_start();
    let before = window.app().text().to_string();
    let word: String = before.chars().take_while(|c| c.is_alphanumeric()).collect();
    let at = at_start(&window, 1);
    // A frame of the test takes half a second.
    let patient = |options: &mut egui::Options| options.input_options.max_double_click_delay = 2.0;
    window.harness.ctx.options_mut(patient);
    window.harness.run_steps(12);
    for _ in 0..2 {
        button(&mut window, at, true, Modifiers::NONE);
        button(&mut window, at, false, Modifiers::NONE);
    }
    assert_eq!(tokens(&window), &TokenSet::from(0..word.len()), "{word}");
}

#[test]
fn a_closed_text_is_opened_by_the_key_that_edits_it() {
    let mut window = Window::open(Start::default());
    window.harness.get_by_label("Close Text").click();
    window.harness.run_steps(3);
    assert!(!window.app().open_views().contains(&Pane::TEXT));
    let before = window.app().text().to_string();
    window.keys(Modifiers::COMMAND, Key::E);
    typed(&mut window, "!");
    window.settle();
    assert!(window.app().visible_views().contains(&Pane::TEXT));
    assert_eq!(&**window.app().text(), format!("{before}!"));
}

#[test]
fn the_palette_hands_the_caret_to_the_text() {
    let mut window = Window::open(Start::default());
    let before = window.app().text().to_string();
    super::shell::command(&mut window, "edit the text");
    // The frame after the palette was there still belongs to it.
    window.harness.run_steps(2);
    typed(&mut window, "!");
    window.settle();
    assert_eq!(&**window.app().text(), format!("{before}!"));
}

#[test]
fn a_text_too_long_to_be_typed_in_is_shown_and_closed_again() {
    let mut window = Window::open(Start::default());
    window.write("mine");
    let mine = window.app().text().to_string();
    let long = "To be, or not to be. ".repeat(5000);
    // The model need not have read it.
    window.harness.event(egui::Event::Paste(long.clone()));
    window.harness.run_steps(2);
    assert_eq!(window.app().text().len(), mine.len() + long.len());
    typed(&mut window, "x");
    window.harness.run_steps(2);
    assert_eq!(window.app().text().len(), mine.len() + long.len());
    let said = "longer than what can be typed in here";
    assert!(window.harness.query_by_label_contains(said).is_some());
    window.harness.get_by_label("Close this text").click();
    window.harness.run_steps(2);
    window.settle();
    assert_eq!(&**window.app().text(), mine);
    window.write("!");
    assert_eq!(&**window.app().text(), format!("{mine}!"));
}

#[test]
fn a_list_of_ids_keeps_what_stands_between_them() {
    let mut window = Window::open(Start {
        model: Some(data("tiny_fixed.pt")),
        ..Start::default()
    });
    window.harness.get_by_label_contains("Text to run").focus();
    window.harness.step();
    window.keys(Modifiers::COMMAND, Key::A);
    for letter in ["1", "2", " ", " ", "3", ",", "4"] {
        typed(&mut window, letter);
    }
    window.settle();
    assert_eq!(&**window.app().text(), "12  3,4");
    assert_eq!(window.snapshot().tokens.ids, [12, 3, 4]);
    // By tokens, and by characters.
    window.keys(Modifiers::COMMAND, Key::ArrowLeft);
    window.keys(Modifiers::COMMAND, Key::ArrowLeft);
    typed(&mut window, "0");
    window.settle();
    assert_eq!(&**window.app().text(), "120  3,4");
    window.keys(Modifiers::NONE, Key::ArrowRight);
    window.keys(Modifiers::NONE, Key::Backspace);
    window.settle();
    assert_eq!(&**window.app().text(), "120 3,4");
}

/// The heights at which the rows of the text are drawn.
fn heights(window: &Window) -> Vec<f32> {
    let within = cells(window);
    let mut heights = Vec::new();
    for clipped in &window.harness.output().shapes {
        if let egui::Shape::Text(text) = &clipped.shape
            && within.contains_rect(clipped.clip_rect)
        {
            heights.push(text.pos.y);
        }
    }
    heights.dedup();
    heights
}

#[test]
fn the_text_stays_where_it_is_pressed_and_dragged_over() {
    let mut window = Window::open(Start::default());
    let within = cells(&window);
    // Half a row at the edges, and the keys elsewhere.
    window
        .harness
        .event(egui::Event::PointerMoved(within.center()));
    window.harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, 10.0),
        modifiers: Modifiers::NONE,
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
    });
    window.settle();
    // The wheel rolls out.
    let mut still = 0;
    while still < 30 {
        let before = heights(&window);
        window.harness.step();
        still = if heights(&window) == before {
            still + 1
        } else {
            0
        };
    }
    let mut most = 0;
    for edge in [within.bottom() - 2.0, within.top() + 2.0] {
        let before = heights(&window);
        assert!(before.len() > 3, "{before:?}");
        let at = pos2(within.left() + 60.0, edge);
        button(&mut window, at, true, Modifiers::NONE);
        for step in 1..=4_u8 {
            let on = at + (within.center() - at) * (f32::from(step) / 8.0);
            window.harness.event(egui::Event::PointerMoved(on));
            window.harness.step();
            assert_eq!(heights(&window), before, "at {edge}, step {step}");
        }
        let on = at + (within.center() - at) * 0.5;
        button(&mut window, on, false, Modifiers::NONE);
        window.harness.run_steps(3);
        assert_eq!(heights(&window), before);
        most = most.max(tokens(&window).len());
        window.keys(Modifiers::NONE, Key::Escape);
        window.keys(Modifiers::NONE, Key::Escape);
        window.harness.run_steps(3);
    }
    // With several tokens comes what they can be added up by.
    assert!(most > 1, "{most}");
}
