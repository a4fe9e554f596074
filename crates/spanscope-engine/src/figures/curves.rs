//! The names and looks of the curves of a training, in the window and in figures alike.

use spanscope_core::checkpoint::Quantity;

/// The name of a curve of the published code's log; `None` of any other.
pub fn curve_name(curve: &str) -> Option<&'static str> {
    Some(match curve {
        _ if curve.starts_with("train_") => "training",
        _ if curve.starts_with("val_") => "validation",
        "span_avg" => "mean over the heads",
        "span_max" => "longest",
        _ => return None,
    })
}

/// The look of the `i`-th curve of a panel: which of the four colours of layers it has, and whether it is dashed. What
/// generalises is solid.
pub fn curve_look(curve: &str, i: usize) -> (usize, bool) {
    match curve {
        _ if curve.starts_with("val_") => (0, false),
        _ if curve.starts_with("train_") => (1, true),
        "span_avg" => (2, false),
        "span_max" => (3, true),
        _ => (i, false),
    }
}

/// The name of a quantity's axis; `None` where its curves say it.
pub fn quantity_name(quantity: Quantity) -> Option<&'static str> {
    Some(match quantity {
        Quantity::BitsPerCharacter => "Bits per character",
        Quantity::Perplexity => "Perplexity",
        Quantity::Span => super::Quantity::Reach.axis(),
        Quantity::Other => return None,
    })
}

/// The name of the axis of a training's steps, or of a log's entries.
pub fn steps_name(by_step: bool) -> &'static str {
    match by_step {
        true => "Training step",
        false => "Entry of the log",
    }
}
