//! The authors' second public code, `transformer-sequential`: what tells its networks apart, and which of them run here.
//!
//! Its plain network with adaptive or fixed span is that of the first code with three differences: the head size need not be
//! D / H, norms may stand before the sublayers, and the ramp may be a fraction. Under the same names it has networks of
//! other kinds, which are refused by name.

use super::Config;
use crate::checkpoint::Checkpoint;
use crate::model::{ModelError, Normalisation};
use crate::shown::shown;

/// The strings that occur in the names of the other kinds.
const OTHERS: [(&str, &str); 3] = [
    (
        ".expire_span.span_predictor.",
        "an Expire-Span network, which forgets single tokens by a learned span of theirs",
    ),
    (
        "single_memory_attn_",
        "a Feedback Transformer, whose layers all attend to one memory of the layers' mean",
    ),
    (
        "transformer.layers.0.attn.attn.key_pe",
        "a Staircase Transformer, which goes over a text in overlapping steps",
    ),
];

/// Refuses the networks of other kinds of the second code.
///
/// # Errors
/// When the names are those of one.
pub(super) fn refuse_others(checkpoint: &Checkpoint) -> Result<(), ModelError> {
    for name in checkpoint.all_names() {
        let unread = || Some(checkpoint.unread().get(name)?.file_name.as_str());
        let in_file = checkpoint.file_name(name).or_else(unread).unwrap_or(name);
        let other = OTHERS.iter().find(|(part, _)| in_file.contains(part));
        if let Some((_, what)) = other {
            return Err(refused(
                checkpoint,
                &format!("{what} (tensor {})", shown(in_file)),
            ));
        }
    }
    Ok(())
}

fn refused(checkpoint: &Checkpoint, what: &str) -> ModelError {
    ModelError::Layers {
        path: checkpoint.path().to_owned(),
        what: format!(
            "it is {what}, of the code transformer-sequential; of that code, plain networks with adaptive or fixed span run here"
        ),
    }
}

/// True if the last norm that pre-norm networks have is there.
pub(super) fn is_pre_norm(checkpoint: &Checkpoint) -> bool {
    checkpoint
        .all_names()
        .any(|name| name.starts_with("out_norm."))
}

/// Refuses what no code has, and position embeddings that layers do not share.
///
/// # Errors
/// When norms before the sublayers come with parts of the first code only, or layers have position embeddings of their own.
pub(super) fn check(checkpoint: &Checkpoint, config: &Config) -> Result<(), ModelError> {
    let other = match config {
        Config { pers_mem_size, .. } if *pers_mem_size > 0 => "persistent vectors",
        Config {
            adapt_io: Some(_), ..
        } => "adaptive input and output",
        Config {
            normalisation: Normalisation::Masked,
            ..
        } => "weights that are not divided by their sum",
        Config {
            inner_hidden_size: 0,
            ..
        } => "no feed-forward sublayers",
        _ => "",
    };
    if config.pre_norm && !other.is_empty() {
        return Err(ModelError::Layers {
            path: checkpoint.path().to_owned(),
            what: format!(
                "norms stand before its sublayers (out_norm), as in the code transformer-sequential, and it has {other}, which \
                 that code has not: it is not known what was computed"
            ),
        });
    }
    let in_layers = checkpoint
        .file_name("key_pe")
        .filter(|name| name.contains("layers."));
    // That code's compressed memories take one distance more than there are of them.
    if let Some(name) = in_layers
        && !config.adapt_span
        && config.attn_span % 2 == 1
        && config.attn_span > 1
    {
        return Err(refused(
            checkpoint,
            &format!(
                "most likely a Compressive Transformer, whose position embeddings ({}) count compressed memories and one more: \
                 {} is odd. If it is a plain network with that many distances, save them as key_pe, without the layer",
                shown(name),
                config.attn_span
            ),
        ));
    }
    let mut first = None;
    for layer in 1..config.nb_layers {
        let name = format!("layers.{layer}.attn.attn.key_pe");
        let Some(info) = checkpoint.info(&name) else {
            continue;
        };
        if info.elements() > config.head_dim().saturating_mul(config.attn_span) {
            return Err(own_positions(checkpoint, &name));
        }
        let shared = match &first {
            Some(first) => first,
            None => first.insert(checkpoint.read("key_pe")?),
        };
        if *shared != checkpoint.read(&name)? {
            return Err(own_positions(checkpoint, &name));
        }
    }
    Ok(())
}

fn own_positions(checkpoint: &Checkpoint, name: &str) -> ModelError {
    ModelError::Layers {
        path: checkpoint.path().to_owned(),
        what: format!(
            "layers have position embeddings of their own: {} holds other numbers than those of layer 0; expected one for all \
             layers, as the published codes have",
            shown(name)
        ),
    }
}
