//! The changes that are taken back, and the amount that is kept.

use super::*;

fn text(text: &str) -> Text {
    Text {
        text: text.into(),
        ..Text::default()
    }
}

fn now(history: &History) -> &str {
    &history.present().text.text
}

/// Types `word` at the end, a letter every tenth of a second.
fn write(history: &mut History, word: &str, time: &mut f64) {
    for c in word.chars() {
        let next = format!("{}{c}", now(history));
        *time += 0.1;
        history.typed(&next, None, None, *time);
    }
}

#[test]
fn typing_is_taken_back_by_words_and_pauses() {
    let mut history = History::new(text(""));
    let mut time = 0.0;
    write(&mut history, "aab  bb", &mut time);
    time += 5.0;
    write(&mut history, "é", &mut time);
    let mut seen = Vec::new();
    while history.undo() {
        seen.push(now(&history).to_owned());
    }
    assert_eq!(seen, ["aab  bb", "aab  ", ""]);
    while history.redo() {}
    assert_eq!(now(&history), "aab  bbé");
    assert!(!history.can_redo() && history.can_undo());
}

#[test]
fn deleting_is_one_step_and_ends_what_could_be_done_again() {
    let mut history = History::new(text("one two"));
    let mut time = 0.0;
    for left in ["one tw", "one t", "one "] {
        time += 0.1;
        history.typed(left, None, None, time);
    }
    // A selection is replaced: a step of its own.
    history.typed("1 ", None, None, time);
    assert!(history.undo() && now(&history) == "one ");
    assert!(history.undo() && now(&history) == "one two");
    history.typed("one two!", None, None, 99.0);
    assert!(!history.can_redo());
    assert!(history.undo() && !history.undo());
}

#[test]
fn texts_that_replace_each_other_are_steps_and_keep_their_names() {
    let mut history = History::new(text("first"));
    history.load(Text {
        name: "b.txt".into(),
        ..text("second")
    });
    history.load(text("second"));
    history.load(text("third"));
    assert!(history.undo() && now(&history) == "second");
    assert!(history.undo() && now(&history) == "first");
    assert!(!history.undo());
    assert!(history.redo() && now(&history) == "second");
}

#[test]
fn long_texts_are_bounded_but_the_last_one_stays() {
    let mut history = History::new(text("mine"));
    for i in 0..9 {
        let long = format!("{i}{}", "x".repeat(16 << 20));
        history.load(Text {
            text: long.into(),
            ..Text::default()
        });
    }
    let kept: usize = history.past.iter().map(|e| e.text.text.len()).sum();
    assert!(kept <= BYTES && history.past.len() == 2, "{kept}");
    let huge = "y".repeat(BYTES + 1);
    history.load(text(&huge));
    history.load(text("next"));
    assert_eq!(history.past.len(), 1);
    assert!(history.undo() && now(&history).len() == BYTES + 1);
}

#[test]
fn many_small_steps_are_bounded() {
    let mut history = History::new(text(""));
    for i in 0..2 * STEPS {
        history.load(text(&i.to_string()));
    }
    assert_eq!(history.past.len(), STEPS);
}

#[test]
fn changes_of_the_model_are_steps_of_their_own_until_another_one_opens() {
    let edited = |span| {
        let mut edits = Edits::default();
        edits.set_span(0, 1, span).unwrap();
        edits
    };
    let mut history = History::new(text("a"));
    // A drag.
    for (i, span) in [5.0, 6.0, 7.0].into_iter().enumerate() {
        history.edit(edited(span), 0.1 * i as f64);
    }
    history.load(text("b"));
    history.edit(edited(9.0), 9.0);
    let span = |history: &History| history.present().edits.span(0, 1);
    assert!(history.undo() && span(&history) == Some(7.0) && now(&history) == "b");
    assert!(history.undo() && span(&history) == Some(7.0) && now(&history) == "a");
    assert!(history.undo() && span(&history).is_none());
    assert!(!history.undo());
    while history.redo() {}
    history.forget_edits();
    assert!(span(&history).is_none() && now(&history) == "b");
    assert!(history.undo() && now(&history) == "a" && !history.undo());
}

#[test]
fn differences_are_whole_characters() {
    assert_eq!(difference("é", "è"), Some((0..2, 0..2)));
    assert_eq!(difference("aa", "aaa"), Some((2..2, 2..3)));
    assert_eq!(difference("文é", "文"), Some((3..5, 3..3)));
    assert_eq!(difference("ab", "ab"), None);
}
