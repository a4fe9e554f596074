//! The layers that a file holds: how many, and whether they are alike.

use super::config::span_name;
use crate::checkpoint::Checkpoint;
use crate::model::ModelError;
use crate::model::families::missing::missing;
use crate::shown::shown;
use std::collections::BTreeSet;

/// The number after `start` in a name, and what follows.
fn numbered<'a>(name: &'a str, start: &str) -> Option<(usize, &'a str)> {
    let (number, rest) = name.strip_prefix(start)?.split_once('.')?;
    let index = number.parse::<usize>().ok()?;
    // "01" is a name of its own.
    (index.to_string() == number).then_some((index, rest))
}

/// Number of things whose tensors are called `start`, a number from 0, and more.
///
/// # Errors
/// When one between the others is missing.
pub(super) fn count(checkpoint: &Checkpoint, start: &str, what: &str) -> Result<usize, ModelError> {
    let found: BTreeSet<usize> = checkpoint
        .all_names()
        .filter_map(|name| numbered(name, start))
        .map(|(index, _)| index)
        .collect();
    let missing = (0..)
        .zip(&found)
        .find(|(expected, found)| expected != *found);
    match missing {
        None => Ok(found.len()),
        Some((missing, _)) => {
            let some: Vec<String> = found.iter().take(6).map(usize::to_string).collect();
            let more = if found.len() > 6 { ", …" } else { "" };
            Err(ModelError::Layers {
                path: checkpoint.path().to_owned(),
                what: format!(
                    "{what} {missing} is missing: there are no tensors called {start}{missing}.…, but of the {what}s {}{more}",
                    some.join(", ")
                ),
            })
        }
    }
}

/// The name that the tensor `part` has in the first layer that has one, whether it is read or not.
///
/// # Errors
/// When no layer has one although there are tensors of the same `group`: it may be stored in a way that is not known.
pub(super) fn first_with(
    checkpoint: &Checkpoint,
    group: &str,
    part: &str,
) -> Result<Option<String>, ModelError> {
    let mut of_group = None;
    let mut of_part = None;
    for name in checkpoint.all_names() {
        let Some((layer, rest)) = numbered(name, "layers.") else {
            continue;
        };
        if rest == part && of_part.is_none_or(|other| layer < other) {
            of_part = Some(layer);
        }
        // The spans of all-attention layers have a second name within it.
        if rest.starts_with(group) && !rest.contains("adaptive_span") {
            of_group = of_group.or(Some(layer));
        }
    }
    match (of_part, of_group) {
        (Some(layer), _) => Ok(Some(format!("layers.{layer}.{part}"))),
        (None, None) => Ok(None),
        (None, Some(layer)) => {
            let name = format!("layers.{layer}.{part}");
            Err(missing(checkpoint, &name))
        }
    }
}

/// True if the heads of all layers have learned spans, false if those of none have.
///
/// # Errors
/// When some layers have and others have not, or when there are tensors of spans in a form that is not read.
pub(super) fn have_spans(checkpoint: &Checkpoint, layers: usize) -> Result<bool, ModelError> {
    let without: Vec<usize> = (0..layers)
        .filter(|layer| span_name(checkpoint, *layer).is_none())
        .collect();
    let Some(first) = without.first() else {
        return Ok(layers > 0);
    };
    let name = format!("layers.{first}.attn.attn.adaptive_span._mask.current_val");
    let second =
        format!("layers.{first}.attn.attn.persistent_memory.adaptive_span._mask.current_val");
    let unread = [&name, &second]
        .into_iter()
        .find(|name| checkpoint.unread().contains_key(*name));
    if let Some(name) = unread {
        return Err(missing(checkpoint, name));
    }
    let is_span = |name: &&str| name.contains("adaptive_span") || name.contains("current_val");
    if without.len() == layers && !checkpoint.all_names().any(|name| is_span(&name)) {
        return Ok(false);
    }
    let start = format!("layers.{first}.");
    let here = checkpoint
        .all_names()
        .filter(|name| name.starts_with(&start));
    let like: Vec<String> = here
        .filter(|name| is_span(name) && !name.ends_with("mask_template"))
        .take(3)
        .map(shown)
        .collect();
    let what = match (like.is_empty(), without.len() == layers) {
        (false, _) => format!(
            "the spans of layer {first} are not where they are expected, at {name}: the file has {} instead; save the state \
             dict of the plain module (wrappers and parametrizations removed)",
            like.join(", ")
        ),
        (true, true) => format!("the file has tensors of spans, but none at {name}"),
        (true, false) => format!(
            "layer {first} has no span parameter ({name}), others have: the published code has one in every layer or in none"
        ),
    };
    Err(ModelError::Layers {
        path: checkpoint.path().to_owned(),
        what,
    })
}
