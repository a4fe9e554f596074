//! What was assumed of a model, in words.

use crate::model::{About, Assumption};

/// A note on what was assumed, with the option that settles it.
pub(super) fn with_option(note: &Assumption) -> String {
    match note.about() {
        About::Ramp => format!("{note}; set it with --ramp"),
        About::NoVocabulary => format!("{note}; give one with --vocab"),
        _ => note.to_string(),
    }
}
