//! The place of the weights in a PyTorch checkpoint.

use super::error::Fault;
use super::names;
use super::pickle::{Budget, Id, Pickle, Value};
use super::tensor::LONGEST_NAME;
use super::torch::{TensorRef, is_tensor, tensor};
use super::unread::UnreadTensor;
use crate::files::shown;
use std::collections::HashSet;

/// The tensors of a state dict, and what somebody may want to know of how it was found.
#[derive(Debug, Default)]
pub(super) struct StateDict {
    pub tensors: Vec<Result<TensorRef, UnreadTensor>>,
    pub notes: Vec<String>,
}

/// Keys under which state dicts are saved, the most usual first.
const USUAL: [&str; 8] = [
    "model",
    "state_dict",
    "model_state_dict",
    "module",
    "net",
    "network",
    "weights",
    "params",
];

/// Beginnings of keys under which there is something else, its tensors included: nothing is looked for there.
const OTHERS: [&str; 21] = [
    "sched",
    "lr",
    "scaler",
    "amp",
    "grad",
    "rng",
    "random",
    "loop",
    "callback",
    "log",
    "metric",
    "hyper",
    "hparam",
    "args",
    "cfg",
    "config",
    "criterion",
    "loss",
    "_metadata",
    "epoch",
    "iter",
];

/// Most dicts that are looked through, and how deep.
const MOST_DICTS: usize = 64;
const DEEPEST: usize = 4;

/// A dict that holds tensors.
struct Candidate {
    id: Id,
    /// The keys that lead there.
    path: String,
    tensors: usize,
    /// True if position embeddings are among them.
    has_positions: bool,
    /// An average of the weights, or a network that was trained from: not what is meant where there are others.
    is_second: bool,
    /// Its place among the usual keys; the root comes after them.
    usual: usize,
}

/// The tensors of the state dict, under their names in the file.
///
/// # Errors
/// When there is none, or a tensor of it is not what it should be.
pub(super) fn find(pickle: &Pickle, budget: &mut Budget) -> Result<StateDict, Fault> {
    let mut candidates = candidates(pickle, budget)?;
    let best = candidates.iter().enumerate().max_by_key(|(i, c)| {
        let few = std::cmp::Reverse;
        (
            c.has_positions,
            !c.is_second,
            few(c.usual),
            c.tensors,
            few(*i),
        )
    });
    let Some(best) = best.map(|(i, _)| i) else {
        return Err(Fault::Unsupported(none(pickle)));
    };
    let chosen = candidates.swap_remove(best);
    let mut tensors = Vec::new();
    for &(key, value) in pickle.pairs(chosen.id).unwrap_or_default() {
        let Some(length) = pickle.str_len(key) else {
            continue;
        };
        let name = pickle.str(key).filter(|name| name.len() <= LONGEST_NAME);
        let Some(found) = tensor(pickle, value, name.unwrap_or_default()) else {
            continue;
        };
        let shown_name = shown(name.or(pickle.str(key)).unwrap_or("of a long name"));
        let of_tensor = |e: String| Fault::Unsupported(format!("tensor {shown_name}: {e}"));
        if name.is_none() {
            let what = format!("its name has {length} bytes, at most {LONGEST_NAME} expected");
            return Err(of_tensor(what));
        }
        let found = found.map_err(of_tensor)?;
        // It is kept under two names and with its storage's, in a map and in a list.
        let (key, dimensions) = match &found {
            Ok(tensor) => (tensor.key.len(), tensor.strides.len()),
            Err(unread) => (unread.what.len(), unread.shape.as_ref().map_or(0, Vec::len)),
        };
        let numbers = 6 * size_of::<usize>() * dimensions;
        budget
            .take(3 * length + key + numbers + 4 * size_of::<TensorRef>())
            .map_err(of_tensor)?;
        tensors.push(found);
    }
    Ok(StateDict {
        tensors,
        notes: notes(&chosen, &candidates),
    })
}

/// The notes on tensors elsewhere in the file. A single one beside a state dict is a number that was saved with it.
fn notes(chosen: &Candidate, others: &[Candidate]) -> Vec<String> {
    let others = others.iter().filter(|c| c.has_positions || c.tensors > 1);
    let others: Vec<&Candidate> = others.collect();
    let place = |c: &Candidate| match c.path.is_empty() {
        true => "the outermost dict".to_owned(),
        false => format!("\"{}\"", shown(&c.path)),
    };
    if others.is_empty() {
        // Whoever compares it with a log of the training wants to know.
        let note = || {
            let place = place(chosen);
            format!("the weights under {place}: an average or a copy, the only ones in the file")
        };
        return chosen.is_second.then(note).into_iter().collect();
    }
    let mut list: Vec<String> = others.iter().take(3).map(|c| place(c)).collect();
    if others.len() > 3 {
        list.push(format!("{} more places", others.len() - 3));
    }
    let tensors: usize = others.iter().map(|c| c.tensors).sum();
    vec![format!(
        "the weights under {}: the {tensors} tensors under {} are not read",
        place(chosen),
        list.join(", ")
    )]
}

/// All dicts with tensors that a state dict may be.
fn candidates(pickle: &Pickle, budget: &mut Budget) -> Result<Vec<Candidate>, Fault> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut next = vec![(pickle.root(), String::new(), USUAL.len())];
    for _ in 0..DEEPEST {
        for (id, path, usual) in std::mem::take(&mut next) {
            if seen.len() >= MOST_DICTS || !seen.insert(id) {
                continue;
            }
            let Some(pairs) = pickle.pairs(id) else {
                // A list or a tuple of what was saved together.
                let items = pickle.tuple(id).unwrap_or_default();
                let item = |(i, id): (usize, &Id)| (*id, join(&path, &i.to_string()), usual);
                next.extend(items.iter().take(MOST_DICTS).enumerate().map(item));
                continue;
            };
            let (mut tensors, mut has_positions) = (0, false);
            for &(key, value) in pairs {
                if pickle.str_len(key).is_some() && is_tensor(pickle, value) {
                    tensors += 1;
                    let name = pickle.str(key).filter(|name| name.len() <= LONGEST_NAME);
                    has_positions |= name.is_some_and(|name| name.contains("key_pe"));
                    continue;
                }
                let Some(key) = pickle.str(key).filter(|key| key.len() <= LONGEST_NAME) else {
                    continue;
                };
                let lower = key.to_lowercase();
                let is_other =
                    lower.contains("optim") || OTHERS.iter().any(|start| lower.starts_with(start));
                if !is_other && holds_dicts(pickle, value) && next.len() < MOST_DICTS {
                    let usual = USUAL.iter().position(|usual| *usual == key);
                    budget.take(path.len() + key.len() + 64)?;
                    next.push((value, join(&path, key), usual.unwrap_or(USUAL.len() + 1)));
                }
            }
            if tensors > 0 {
                found.push(Candidate {
                    id,
                    is_second: names::is_second(&path),
                    path,
                    tensors,
                    has_positions,
                    usual,
                });
            }
        }
    }
    Ok(found)
}

fn join(path: &str, key: &str) -> String {
    match path.is_empty() {
        true => key.to_owned(),
        false => format!("{path}.{key}"),
    }
}

fn holds_dicts(pickle: &Pickle, id: Id) -> bool {
    pickle.pairs(id).is_some() || matches!(pickle.get(id), Value::List(_) | Value::Tuple(_))
}

/// The message on what the pickle holds instead of a state dict.
fn none(pickle: &Pickle) -> String {
    let root = pickle.root();
    let module = |id: Id| {
        let (module, class, object) = pickle.object(id)?;
        let state = object
            .state
            .and_then(|state| pickle.pairs(state))
            .unwrap_or_default();
        let is_module = state
            .iter()
            .any(|(key, _)| pickle.str(*key) == Some("_modules"));
        let kind = if is_module { "a whole module, " } else { "" };
        Some(format!(
            "{kind}an object of class {}.{}",
            shown(module),
            shown(class)
        ))
    };
    let found = match pickle.pairs(root) {
        Some(pairs) => {
            let keys = pairs.iter().filter_map(|(k, _)| pickle.str(*k));
            let keys: Vec<_> = keys.take(8).map(shown).collect();
            let objects = USUAL.iter().filter_map(|key| {
                let what = module(pickle.entry(root, key)?)?;
                Some(format!(", in which \"{key}\" is {what}"))
            });
            let objects: Vec<String> = objects.take(2).collect();
            format!("a dict with the keys {keys:?}{}", objects.concat())
        }
        None => module(root).unwrap_or_else(|| "no dict".into()),
    };
    format!(
        "the pickle holds {found}; expected a state dict, or a dict with one under \"model\" or \"state_dict\" \
         (save with torch.save(model.state_dict(), \"weights.pt\"))"
    )
}
