//! A tensor that a network has and its file lacks: what to say of it.

use super::foreign;
use crate::checkpoint::{Checkpoint, Origin};
use crate::model::ModelError;
use crate::shown::shown;

/// Of a tensor that cannot be looked up under its name: it is not there, or not read.
pub(in crate::model) fn missing(checkpoint: &Checkpoint, name: &str) -> ModelError {
    let path = checkpoint.path().to_owned();
    let name = name.to_owned();
    if let Some(unread) = checkpoint.unread().get(&name) {
        return ModelError::UnreadTensor {
            path,
            name,
            what: unread.what.clone(),
            advice: unread.advice,
        };
    }
    if !matches!(checkpoint.origin(), Origin::Plain) {
        return ModelError::MissingOfFamily { path, name };
    }
    let all = || checkpoint.all_names();
    let has = |wanted: &str| all().any(|name| name == wanted);
    if has("key_pe") && name != "key_pe" {
        // Those of the same layer, or of the same end.
        let start: String = name.split_inclusive('.').take(2).collect();
        let near = all().filter(|other| other.starts_with(&start));
        let found = some(near).unwrap_or_else(|| "none".to_owned());
        return ModelError::MissingPart { path, name, found };
    }
    let wanted = all().filter(|other| other.ends_with(".key_pe"));
    let found = some(wanted).or_else(|| some(all()));
    let found = found.unwrap_or_else(|| "no tensors".to_owned());
    let family = foreign::of(all()).map(|family| format!(": names of {family}"));
    ModelError::MissingTensor {
        path,
        name,
        found: found + &family.unwrap_or_default(),
    }
}

/// The first of some names, in words; nothing where there are none.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let first: Vec<String> = names.take(5).map(shown).collect();
    let more = if first.len() > 4 { ", …" } else { "" };
    let first = first.get(..first.len().min(4)).unwrap_or_default();
    (!first.is_empty()).then(|| format!("{}{more}", first.join(", ")))
}
