//! Random edits of a text: whatever was computed before, the run is that of the text as it stands.

use crate::plain_parity::compare::Bounds;
use crate::plain_parity::draw::any_architecture;
use crate::plain_parity::networks::{Architecture, Noise};
use crate::plain_parity::random::{block, config, fail, place, range};
use crate::plain_parity::session::Session;
use proptest::prelude::*;
use std::fmt;

/// Places are shares of the text's length.
#[derive(Debug, Clone, Copy)]
enum Edit {
    Insert {
        at: f64,
        tokens: usize,
    },
    Delete {
        at: f64,
        tokens: usize,
    },
    Replace {
        at: f64,
        tokens: usize,
    },
    Truncate {
        at: f64,
    },
    Append {
        tokens: usize,
        block: usize,
    },
    /// Is stopped after so many reports, and goes on.
    AppendWithAStop {
        tokens: usize,
        block: usize,
        reports: usize,
    },
    /// Back to an earlier text, from the run as it is.
    Undo {
        to: f64,
    },
    /// Back to the run as it was at an earlier text, which was kept.
    GoBack {
        to: f64,
    },
}

fn edit() -> impl Strategy<Value = Edit> {
    let tokens = || prop_oneof![1_usize..=3, 1_usize..=70];
    let at = || 0.0..1.0;
    prop_oneof![
        (at(), tokens()).prop_map(|(at, tokens)| Edit::Insert { at, tokens }),
        (at(), tokens()).prop_map(|(at, tokens)| Edit::Delete { at, tokens }),
        (at(), tokens()).prop_map(|(at, tokens)| Edit::Replace { at, tokens }),
        at().prop_map(|at| Edit::Truncate { at }),
        (tokens(), block()).prop_map(|(tokens, block)| Edit::Append { tokens, block }),
        (tokens(), block(), 1_usize..20).prop_map(|(tokens, block, reports)| {
            Edit::AppendWithAStop {
                tokens,
                block,
                reports,
            }
        }),
        at().prop_map(|to| Edit::Undo { to }),
        at().prop_map(|to| Edit::GoBack { to }),
    ]
}

#[derive(Clone)]
struct Edits {
    /// Tokens before the first edit.
    len: usize,
    edits: Vec<Edit>,
    /// Queries whose weights are asked for again after every edit.
    range: (f64, f64),
}

/// On one line, so that a failure can be read.
impl fmt::Debug for Edits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { len, edits, range } = self;
        write!(f, "{len} tokens, then {edits:?}, asked again for {range:?}")
    }
}

fn edits() -> impl Strategy<Value = Edits> {
    let edits = prop::collection::vec(edit(), 1..6);
    (0_usize..=140, edits, (0.0..1.0, 0.0..1.0)).prop_map(|(len, edits, range)| Edits {
        len,
        edits,
        range,
    })
}

/// Carries out one edit; `history` holds the sessions before this edit and each earlier one.
fn carry_out(
    edit: Edit,
    session: &mut Session,
    history: &[Session],
    noise: &mut Noise,
    vocab_size: usize,
) -> Result<(), String> {
    let mut text = session.run.ids().to_vec();
    let len = text.len();
    let from = |at: f64, tokens: usize| {
        let at = place(at, len);
        at..(at + tokens).min(len)
    };
    match edit {
        Edit::Insert { at, tokens } => {
            let at = place(at, len);
            text.splice(at..at, noise.text(tokens, vocab_size));
            session.set(&text)
        }
        Edit::Delete { at, tokens } => {
            text.drain(from(at, tokens));
            session.set(&text)
        }
        Edit::Replace { at, tokens } => {
            let range = from(at, tokens);
            let new = noise.text(range.len(), vocab_size);
            text.splice(range, new);
            session.set(&text)
        }
        Edit::Truncate { at } => {
            session.run.truncate(place(at, len));
            assert_eq!(session.run.ids(), &text[..place(at, len)]);
            Ok(())
        }
        Edit::Append { tokens, block } => session.extend(&noise.text(tokens, vocab_size), block),
        Edit::AppendWithAStop {
            tokens,
            block,
            reports,
        } => session.extend_with_a_stop(&noise.text(tokens, vocab_size), block, reports),
        Edit::Undo { to } => {
            let earlier = &history[place(to, history.len() - 1)];
            session.set(earlier.run.ids())
        }
        Edit::GoBack { to } => {
            *session = history[place(to, history.len() - 1)].clone();
            Ok(())
        }
    }
}

fn edited(architecture: &Architecture, edits: &Edits) -> Result<(), String> {
    let vocab_size = architecture.vocabulary.size();
    let mut noise = Noise(!architecture.seed);
    let mut session = Session::new(architecture.networks(), Bounds::of(architecture.scores));
    session.set(&noise.text(edits.len, vocab_size))?;
    let mut history = vec![session.clone()];
    for (i, edit) in edits.edits.iter().enumerate() {
        carry_out(*edit, &mut session, &history, &mut noise, vocab_size)
            .map_err(|what| format!("at edit {i}: {what}"))?;
        let again = range(edits.range, session.run.ids().len());
        session
            .check(&[again])
            .map_err(|what| format!("after edit {i}: {what}"))?;
        history.push(session.clone());
    }
    // What was kept is as it was, whatever became of its copies.
    for (i, earlier) in history.iter().enumerate() {
        let again = range(edits.range, earlier.run.ids().len());
        earlier
            .check(&[again])
            .map_err(|what| format!("the run kept before edit {i}: {what}"))?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn any_edits_of_any_text(a in any_architecture(), edits in edits()) {
        edited(&a, &edits).map_err(fail)?;
    }
}
