//! Places of neurons and persistent vectors, in a file of sums: as many as there are, one after the other.

use super::header::ExamplesRecord;
use super::pairs::{Tensors, halves, pair};
use crate::corpus::{TextRecord, content};
use spanscope_core::analysis::examples::{
    EXAMPLE_BINS, EXAMPLES_PER_BIN, ExampleBin, MEMORY_TOKENS, Memories, MemoryExamples,
    MemoryPlace, NO_TOKEN, Places, place_hash,
};
use spanscope_core::model::Architecture;
use std::sync::Arc;

/// Lists of places of each: that of the largest values, and one of each bin.
const LISTS: usize = 1 + EXAMPLE_BINS;

/// Numbers of a place: text and token, and the value.
const WORDS: usize = 2;

/// Numbers that hold the tokens of a place, two each.
const PAIRS: usize = MEMORY_TOKENS.div_ceil(2);

/// The tensors of the places; none where none were looked for.
pub(super) fn tensors(examples: &MemoryExamples) -> Tensors {
    let memories = examples.memories.ids.len();
    if memories == 0 {
        return Vec::new();
    }
    let (mut counts, mut held) = (Vec::new(), Vec::new());
    let (mut all, mut tokens) = (Vec::new(), Vec::new());
    for places in &examples.places {
        counts.extend(places.bins.iter().map(|bin| bin.count));
        held.push(places.top.len() as u64);
        held.extend(places.bins.iter().map(|bin| bin.places.len() as u64));
        for place in places.all() {
            all.push(pair(place.text, place.token));
            all.push(u64::from(place.value.to_bits()));
            let id = |at: usize| place.ids.get(at).copied().unwrap_or(NO_TOKEN);
            tokens.extend((0..PAIRS).map(|i| pair(id(2 * i), id(2 * i + 1))));
        }
    }
    let count = all.len() / WORDS;
    vec![
        (
            "memories.counts".into(),
            vec![memories, EXAMPLE_BINS],
            counts,
        ),
        ("memories.held".into(), vec![memories, LISTS], held),
        ("memories.places".into(), vec![count, WORDS], all),
        ("memories.tokens".into(), vec![count, PAIRS], tokens),
    ]
}

/// Reads the places of a file by `read`, which gives the numbers of a tensor of this name and shape. The error of `wrong` says what is wrong
/// with them.
pub(super) fn read<E>(
    record: &ExamplesRecord,
    (architecture, texts): (&Architecture, &[TextRecord]),
    read: impl Fn(&str, &[usize]) -> Result<Vec<u64>, E>,
    wrong: impl Fn(String) -> E,
) -> Result<MemoryExamples, E> {
    if record.memories.is_empty() {
        return Ok(MemoryExamples::default());
    }
    let memories = Memories::new(architecture, &record.memories);
    let memories = memories.map_err(|why| wrong(format!("places of {why}")))?;
    let number = memories.ids.len();
    let counts = read("memories.counts", &[number, EXAMPLE_BINS])?;
    let held = read("memories.held", &[number, LISTS])?;
    let mut count = 0_usize;
    for (i, held) in held.iter().enumerate() {
        let most = match i % LISTS {
            0 => record.top,
            _ => EXAMPLES_PER_BIN,
        };
        let held = usize::try_from(*held).ok().filter(|held| *held <= most);
        let held = held.ok_or_else(|| wrong(format!("more than {most} places in a list")))?;
        count = count.saturating_add(held);
    }
    let words = read("memories.places", &[count, WORDS])?;
    let tokens = read("memories.tokens", &[count, PAIRS])?;
    let lost = |i: usize, text: u32, token: u32| {
        wrong(format!(
            "place {i} of neurons and vectors lies in no text: text {text}, token {token}"
        ))
    };
    let place = |i: usize| -> Result<MemoryPlace, E> {
        let (text, token) = halves(words[i * WORDS]);
        let of = texts.get(text as usize);
        let of = of.filter(|of| u64::from(token) < of.tokens);
        let of = of.ok_or_else(|| lost(i, text, token))?;
        let pairs = tokens[i * PAIRS..(i + 1) * PAIRS].iter();
        let ids = pairs.flat_map(|ids| {
            let (first, second) = halves(*ids);
            [first, second]
        });
        Ok(MemoryPlace {
            value: f32::from_bits(words[i * WORDS + 1] as u32),
            hash: place_hash(content(&of.sha256), token),
            text,
            token,
            ids: ids.take(MEMORY_TOKENS).collect(),
        })
    };
    let mut next = 0;
    let mut list = |held: u64| -> Result<Vec<MemoryPlace>, E> {
        let from = next;
        next += held as usize;
        (from..next).map(place).collect()
    };
    let mut places = Vec::with_capacity(number);
    for (counts, held) in counts
        .chunks_exact(EXAMPLE_BINS)
        .zip(held.chunks_exact(LISTS))
    {
        let (top, held) = held.split_first().unwrap_or((&0, &[]));
        let top = list(*top)?;
        let mut bins = Vec::with_capacity(EXAMPLE_BINS);
        for (count, held) in counts.iter().zip(held) {
            bins.push(ExampleBin {
                count: *count,
                places: list(*held)?,
            });
        }
        places.push(Places { top, bins });
    }
    Ok(MemoryExamples {
        memories: Arc::new(memories),
        places,
    })
}
