//! The tensors of a file beside those of the network in it: all are accounted for.

use super::ModelError;
use super::families::adaptive_span::span_name;
use crate::checkpoint::Checkpoint;
use crate::shown::shown;
use std::collections::BTreeSet;

/// The tensors of a file that the network does not use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unused {
    /// Number of tensors that the network does use.
    pub used: usize,
    /// Those that are known and not needed: what they are, and how many.
    pub known: Vec<(&'static str, usize)>,
    /// Those of which it is not known what they are for, the first of them: name in the file, format and shape, in words.
    pub unknown: Vec<String>,
    /// The count of all of these.
    pub unknown_count: usize,
}

/// Constants that the published code keeps beside the spans.
const TEMPLATES: &str = "mask templates";

/// The names by which all-attention layers hold their spans a second time, and those that wrappers add.
const SECOND_NAMES: &str = "second names of tensors that are used";

/// Masks and tables of positions.
const BUFFERS: &str = "masks and tables that follow from the configuration";

/// The output matrix of a network that uses its input embedding in its place.
const TIED: &str = "a copy of the input embedding under the output's name";

/// Names of the output matrix.
const OUTPUTS: [&str; 3] = ["lm_head.weight", "embed_out.weight", "output.weight"];

/// Counters of batches and steps.
const COUNTERS: &str = "counters";

/// The state of the run that wrote the file, with which it goes on.
const RUN: &str = "state of the training run";

/// No name within a layer is longer, in bytes.
const LONGEST: usize = 100;

/// Most unknown tensors that are kept by name.
const MOST_NAMES: usize = 20;

impl Unused {
    /// The tensors left of a file when a network has `used` these.
    ///
    /// # Errors
    /// When a tensor that must be looked at cannot be read.
    pub(super) fn of(
        checkpoint: &Checkpoint,
        used: &BTreeSet<String>,
        layers: usize,
    ) -> Result<Self, ModelError> {
        let mut unused = Self {
            used: used.len(),
            ..Self::default()
        };
        let numbers: BTreeSet<usize> = used
            .iter()
            .filter_map(|name| checkpoint.view_number(name))
            .collect();
        let seconds = second_spans(checkpoint, used, layers)?;
        for name in checkpoint.names().filter(|name| !used.contains(*name)) {
            let number = checkpoint.view_number(name);
            let kind = match number {
                _ if name.starts_with("training.") => RUN,
                _ if name.ends_with("mask_template") => TEMPLATES,
                // Held against those that are used: layers that had others would have been refused.
                _ if name.ends_with(".attn.attn.key_pe") => SECOND_NAMES,
                Some(number) if numbers.contains(&number) => SECOND_NAMES,
                _ if seconds.contains(name) => SECOND_NAMES,
                _ => {
                    let info = checkpoint.info(name);
                    let format = info.map_or("", |info| info.dtype.name());
                    let shape = info.map(|info| info.shape.as_slice());
                    unused.add_unknown(checkpoint.file_name(name).unwrap_or(name), format, shape);
                    continue;
                }
            };
            unused.add(kind, 1);
        }
        for (name, unread) in checkpoint.unread() {
            match unread.is_counter {
                true => unused.add(COUNTERS, 1),
                false if name.ends_with("mask_template") => unused.add(TEMPLATES, 1),
                false => {
                    let shape = unread.shape.as_deref();
                    unused.add_unknown(&unread.file_name, &unread.form, shape);
                }
            }
        }
        unused.add(SECOND_NAMES, checkpoint.aliases().len());
        Ok(unused)
    }

    /// The tensors left of a file of another family when a network has `used` these; those that end like `buffers` hold what
    /// follows from the configuration.
    pub(super) fn beside(
        checkpoint: &Checkpoint,
        used: &BTreeSet<String>,
        buffers: &[&str],
        is_tied: bool,
    ) -> Self {
        let mut unused = Self {
            used: used.len(),
            ..Self::default()
        };
        let numbers: BTreeSet<usize> = used
            .iter()
            .filter_map(|name| checkpoint.view_number(name))
            .collect();
        for name in checkpoint.names().filter(|name| !used.contains(*name)) {
            let number = checkpoint.view_number(name);
            match number {
                _ if buffers.iter().any(|end| name.ends_with(end)) => unused.add(BUFFERS, 1),
                Some(number) if numbers.contains(&number) => unused.add(SECOND_NAMES, 1),
                _ if is_tied && OUTPUTS.iter().any(|end| name.ends_with(end)) => {
                    unused.add(TIED, 1);
                }
                _ => {
                    let info = checkpoint.info(name);
                    let format = info.map_or("", |info| info.dtype.name());
                    let shape = info.map(|info| info.shape.as_slice());
                    unused.add_unknown(checkpoint.file_name(name).unwrap_or(name), format, shape);
                }
            }
        }
        for (name, unread) in checkpoint.unread() {
            match unread.is_counter || buffers.iter().any(|end| name.ends_with(end)) {
                true => unused.add(BUFFERS, 1),
                false => {
                    unused.add_unknown(&unread.file_name, &unread.form, unread.shape.as_deref())
                }
            }
        }
        unused.add(SECOND_NAMES, checkpoint.aliases().len());
        unused
    }

    fn add(&mut self, kind: &'static str, count: usize) {
        match self.known.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, known)) => *known += count,
            None if count > 0 => self.known.push((kind, count)),
            None => {}
        }
    }

    fn add_unknown(&mut self, name: &str, format: &str, shape: Option<&[usize]>) {
        self.unknown_count += 1;
        if self.unknown.len() < MOST_NAMES {
            let shape = shape
                .map(|shape| format!(", {shape:?}"))
                .unwrap_or_default();
            self.unknown
                .push(format!("{} ({format}{shape})", shown(name)));
        }
    }

    /// The first unknown ones, in words.
    pub(super) fn some_unknown(&self) -> String {
        let first: Vec<&str> = self.unknown.iter().take(3).map(String::as_str).collect();
        let more = if self.unknown_count > 3 { ", …" } else { "" };
        format!("{}{more}", first.join(", "))
    }

    /// The note on tensors whose purpose is not known; nothing where there are none.
    pub(super) fn note(&self) -> Option<String> {
        let (count, plural) = match self.unknown_count {
            0 => return None,
            1 => (1, ""),
            n => (n, "s"),
        };
        Some(format!(
            "not needed: {count} tensor{plural} that this kind of network has no place for, and that results leave out: {}",
            self.some_unknown()
        ))
    }

    /// Those that are known and not needed, in words: a kind and how many each.
    pub fn known_in_parts(&self) -> Vec<String> {
        let known = self.known.iter();
        known.map(|(kind, n)| format!("{kind} ({n})")).collect()
    }

    /// Those that are known and not needed, in words; nothing where there are none.
    pub fn known_in_words(&self) -> Option<String> {
        let known = self.known_in_parts();
        (!known.is_empty()).then(|| known.join(", "))
    }
}

/// A tensor that looks like one of a further layer under another name, as the file has it, and the number of that layer: layer 0
/// has its like, and what stands before its number has no layer 0 of its own, as a second network in the file has.
pub(super) fn further_layer<'a>(
    checkpoint: &'a Checkpoint,
    used: &BTreeSet<String>,
    layers: usize,
) -> Option<(&'a str, usize)> {
    let is_there =
        |name: &str| checkpoint.info(name).is_some() || checkpoint.unread().contains_key(name);
    let number = |name: &str| {
        name.match_indices('.').find_map(|(at, _)| {
            let (before, rest) = (&name[..at], &name[at + 1..]);
            let start = before.rfind('.').map_or(0, |dot| dot + 1);
            let number: usize = before[start..].parse().ok()?;
            let is_further = number >= layers
                && rest.len() <= LONGEST
                && used.contains(&format!("layers.0.{rest}"))
                && !is_there(&format!("{}0.{rest}", &before[..start]));
            is_further.then_some(number)
        })
    };
    let unread = checkpoint.unread().keys().map(String::as_str);
    let mut left = checkpoint
        .names()
        .chain(unread)
        .filter(|name| !used.contains(*name));
    left.find_map(|name| {
        let number = number(name)?;
        let unread = || Some(checkpoint.unread().get(name)?.file_name.as_str());
        let in_file = checkpoint.file_name(name).or_else(unread);
        Some((in_file.unwrap_or(name), number))
    })
}

/// The second names of spans whose numbers are those that are used.
fn second_spans(
    checkpoint: &Checkpoint,
    used: &BTreeSet<String>,
    layers: usize,
) -> Result<BTreeSet<String>, ModelError> {
    let mut seconds = BTreeSet::new();
    for layer in 0..layers {
        let second =
            format!("layers.{layer}.attn.attn.persistent_memory.adaptive_span._mask.current_val");
        let Some(first) = span_name(checkpoint, layer) else {
            continue;
        };
        if checkpoint.info(&second).is_none() || used.contains(&second) {
            continue;
        }
        let (a, b) = (checkpoint.read(&first)?, checkpoint.read(&second)?);
        if a == b {
            seconds.insert(second);
        }
    }
    Ok(seconds)
}
