//! Places of neurons and persistent vectors, as `examples` shows them.

use super::PRINTED;
use crate::analysis::examples::{Examples, MemoryChoice, MemoryId, MemoryPlace, NO_TOKEN, Places};
use crate::engine::sums_file::SumsFile;
use crate::shown::{shown, shown_path};
use crate::text::visible;
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Those of `choices`; all where none are named, unless heads are.
pub(super) fn chosen<'a>(
    path: &Path,
    examples: &'a Examples,
    choices: &[MemoryChoice],
    names_heads: bool,
) -> Result<Vec<(MemoryId, &'a Places<MemoryPlace>)>> {
    let has = |choice: &MemoryChoice| examples.memories.iter().any(|(id, _)| choice.has(id));
    if let Some(absent) = choices.iter().find(|choice| !has(choice)) {
        let there = examples.memories.memories.chosen.iter();
        let there: Vec<String> = there.map(ToString::to_string).collect();
        let there = match there.is_empty() {
            true => "none of neurons and vectors".into(),
            false => format!("those of {}", there.join(", ")),
        };
        bail!(
            "{}: it holds no places of {absent}, but {there}: look for them with --neuron or --vector, a model and --text",
            shown_path(path)
        );
    }
    let is_shown = |id: MemoryId| match choices.is_empty() {
        true => !names_heads,
        false => choices.iter().any(|choice| choice.has(id)),
    };
    let all = examples.memories.iter();
    Ok(all.filter(|(id, _)| is_shown(*id)).collect())
}

/// The text around a place, its token in ⟦ ⟧.
fn context(file: &SumsFile, place: &MemoryPlace) -> String {
    let all = place.ids.iter().zip(place.positions());
    let words = all.filter_map(|(id, at)| {
        let at = at.filter(|_| *id != NO_TOKEN)?;
        let text = visible(file.example_token(*id).unwrap_or("\u{fffd}"));
        Some(match at == place.token {
            true => format!("⟦{text}⟧"),
            false => text,
        })
    });
    words.collect()
}

pub(super) fn print(
    file: &SumsFile,
    id: MemoryId,
    places: &Places<MemoryPlace>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let what = match id {
        MemoryId::Neuron(_) => "activation",
        MemoryId::Vector(..) => "weight",
    };
    writeln!(out, "{id}  largest {what}")?;
    let line = |out: &mut dyn Write, place: &MemoryPlace| {
        writeln!(
            out,
            "  {:>9.4}  {} token {}: {}",
            place.value,
            shown(file.text_of(place.text)),
            place.token,
            shown(&context(file, place))
        )
    };
    for place in places.top.iter().take(PRINTED.0) {
        line(out, place)?;
    }
    for (i, tenth) in places.tenths(id, PRINTED.1).iter().enumerate() {
        let (from, to) = tenth.values;
        writeln!(
            out,
            "  decile {} of 10 of the tokens: {from:.4} to {to:.4}",
            i + 1
        )?;
        for place in &tenth.places {
            line(out, place)?;
        }
    }
    Ok(())
}

/// The neurons, or the vectors.
pub(super) fn as_json(
    file: &SumsFile,
    memories: &[(MemoryId, &Places<MemoryPlace>)],
    of_vectors: bool,
) -> Vec<Value> {
    let place = |place: &MemoryPlace| {
        let all = place.ids.iter().zip(place.positions());
        let tokens = all.filter_map(|(id, at)| {
            Some(json!({"position": at?, "id": id, "token": file.example_token(*id)}))
        });
        json!({
            "text": file.text_of(place.text),
            "token": place.token,
            "value": place.value,
            "tokens": tokens.collect::<Vec<_>>(),
        })
    };
    let one = |id: MemoryId, places: &Places<MemoryPlace>| {
        let tenths = places.tenths(id, usize::MAX);
        let tenths = tenths.iter().map(|tenth| {
            json!({
                "from": tenth.values.0,
                "to": tenth.values.1,
                "places": tenth.places.iter().map(|of| place(of)).collect::<Vec<_>>(),
            })
        });
        let mut found = json!({
            "tokens": places.count(),
            "top": places.top.iter().map(place).collect::<Vec<_>>(),
            "deciles": tenths.collect::<Vec<_>>(),
        });
        match id {
            MemoryId::Neuron(id) => {
                found["layer"] = id.layer.into();
                found["expert"] = id.expert.into();
                found["neuron"] = id.neuron.into();
            }
            MemoryId::Vector(head, vector) => {
                found["layer"] = head.layer.into();
                found["head"] = head.head.into();
                found["vector"] = vector.into();
            }
        }
        found
    };
    let is_of = |id: &MemoryId| matches!(id, MemoryId::Vector(..)) == of_vectors;
    let all = memories.iter().filter(|(id, _)| is_of(id));
    all.map(|(id, places)| one(*id, places)).collect()
}
