//! Places that show what heads do, in a file of sums.

use super::pairs::{Tensors, halves, pair};
use super::{ExamplesRecord, SumsFile};
use crate::LoadedModel;
use crate::corpus::{TextRecord, content};
use spanscope_core::analysis::examples::{
    EXAMPLE_BINS, EXAMPLE_TOKENS, EXAMPLES_PER_BIN, ExampleBin, ExampleMeasure, ExamplePlace,
    Examples, HeadExamples, NO_TOKEN, place_hash,
};
use spanscope_core::model::Architecture;
use spanscope_core::text::escaped;

/// Most places of the largest values that a head may have.
pub(super) const MOST_TOP: usize = 1000;

/// Numbers of a place: text and query, key and weight, value.
const WORDS: usize = 3;

/// Gives places the numbers that their texts have in another order.
pub(super) fn renumber(examples: &mut Examples, before: &[TextRecord], after: &[TextRecord]) {
    let key = |text: &TextRecord| (text.name.clone(), text.sha256.clone());
    let after: Vec<_> = after.iter().map(key).collect();
    let number = |text: &TextRecord| after.binary_search(&key(text)).unwrap_or(0) as u32;
    let numbers: Vec<u32> = before.iter().map(number).collect();
    examples.renumber(&numbers);
}

/// The text that a token stands for in the middle of another, bytes that are no characters written out; of a model without a
/// vocabulary the id.
pub(super) fn written(model: &LoadedModel, id: u32) -> String {
    match &model.vocabulary {
        Some(vocabulary) => {
            let bytes = vocabulary.decode_after(Some(id), id);
            String::from_utf8(bytes).unwrap_or_else(|error| escaped(error.as_bytes()))
        }
        None => format!("{id} "),
    }
}

/// Places of a head: as many as there may be, absent ones as `None`.
fn places(head: &HeadExamples, top: usize) -> Vec<Option<&ExamplePlace>> {
    let bins = head.bins.iter().map(|bin| (&bin.places, EXAMPLES_PER_BIN));
    let lists = std::iter::once((&head.top, top)).chain(bins);
    lists
        .flat_map(|(list, most)| (0..most).map(|i| list.get(i)))
        .collect()
}

/// The tensors of the places.
pub(super) fn tensors(examples: &Examples, of_heads: [usize; 2]) -> Tensors {
    let count = examples.top + EXAMPLE_BINS * EXAMPLES_PER_BIN;
    let (mut counts, mut all, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    for head in &examples.heads {
        counts.extend(head.bins.iter().map(|bin| bin.count));
        for place in places(head, examples.top) {
            let Some(place) = place else {
                all.extend([pair(NO_TOKEN, 0), 0, 0]);
                tokens.extend([pair(NO_TOKEN, 0); EXAMPLE_TOKENS]);
                continue;
            };
            all.push(pair(place.text, place.query));
            all.push(pair(place.key, place.weight.to_bits()));
            all.push(u64::from(place.value.to_bits()));
            let of = place.ids.iter().zip(&place.weights);
            tokens.extend(of.map(|(id, weight)| pair(*id, weight.to_bits())));
        }
    }
    let shape = |more: &[usize]| [&of_heads[..], more].concat();
    vec![
        ("examples.counts".into(), shape(&[EXAMPLE_BINS]), counts),
        ("examples.places".into(), shape(&[count, WORDS]), all),
        (
            "examples.tokens".into(),
            shape(&[count, EXAMPLE_TOKENS]),
            tokens,
        ),
    ]
    .into_iter()
    .chain(super::memories::tensors(&examples.memories))
    .collect()
}

/// Reads the places of a file by `read`, which gives the numbers of a tensor of this name and shape. The error of `wrong` says what is wrong
/// with them.
pub(super) fn read<E>(
    record: &ExamplesRecord,
    (architecture, texts): (&Architecture, &[TextRecord]),
    read: impl Fn(&str, &[usize]) -> Result<Vec<u64>, E>,
    wrong: impl Fn(String) -> E,
) -> Result<Option<Examples>, E> {
    // A number that this program does not know is passed over.
    let Some(measure) = ExampleMeasure::named(&record.measure) else {
        return Ok(None);
    };
    let top = record.top;
    if top > MOST_TOP {
        return Err(wrong(format!(
            "{top} places of a head, at most {MOST_TOP} expected"
        )));
    }
    let of_heads = [architecture.nb_layers(), architecture.nb_heads()];
    let count = top + EXAMPLE_BINS * EXAMPLES_PER_BIN;
    let shape = |more: &[usize]| [&of_heads[..], more].concat();
    let counts = read("examples.counts", &shape(&[EXAMPLE_BINS]))?;
    let words = read("examples.places", &shape(&[count, WORDS]))?;
    let tokens = read("examples.tokens", &shape(&[count, EXAMPLE_TOKENS]))?;
    let place = |i: usize| -> Result<Option<ExamplePlace>, E> {
        let words = &words[i * WORDS..(i + 1) * WORDS];
        let ((text, query), (key, weight)) = (halves(words[0]), halves(words[1]));
        if text == NO_TOKEN {
            return Ok(None);
        }
        let of = texts.get(text as usize);
        let of = of.filter(|of| u64::from(query) < of.tokens && key <= query);
        let Some(of) = of else {
            return Err(wrong(format!(
                "place {i} lies in no text: text {text}, token {query}"
            )));
        };
        let all = tokens[i * EXAMPLE_TOKENS..(i + 1) * EXAMPLE_TOKENS].iter();
        let (ids, weights) = all
            .map(|pair| halves(*pair))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        Ok(Some(ExamplePlace {
            value: f32::from_bits(words[2] as u32),
            hash: place_hash(content(&of.sha256), query),
            text,
            query,
            key,
            weight: f32::from_bits(weight),
            ids,
            weights: weights.into_iter().map(f32::from_bits).collect(),
        }))
    };
    let mut heads = Vec::with_capacity(of_heads[0] * of_heads[1]);
    for head in 0..of_heads[0] * of_heads[1] {
        let list = |from: usize, most: usize| -> Result<Vec<ExamplePlace>, E> {
            let all = (from..from + most).map(|i| place(head * count + i));
            Ok(all
                .collect::<Result<Vec<_>, E>>()?
                .into_iter()
                .flatten()
                .collect())
        };
        let mut bins = Vec::with_capacity(EXAMPLE_BINS);
        for bin in 0..EXAMPLE_BINS {
            bins.push(ExampleBin {
                count: counts[head * EXAMPLE_BINS + bin],
                places: list(top + bin * EXAMPLES_PER_BIN, EXAMPLES_PER_BIN)?,
            });
        }
        heads.push(HeadExamples {
            top: list(0, top)?,
            bins,
        });
    }
    let memories = super::memories::read(record, (architecture, texts), read, wrong)?;
    Ok(Some(Examples {
        measure,
        top,
        heads,
        memories,
    }))
}

impl SumsFile {
    /// The name of a text of the places.
    pub fn text_of(&self, text: u32) -> &str {
        let text = self.header.texts.get(text as usize);
        text.map_or("", |text| text.name.as_str())
    }

    /// What a token of the places stands for.
    pub fn example_token(&self, id: u32) -> Option<&str> {
        let record = self.header.examples.as_ref()?;
        record.tokens.get(&id).map(String::as_str)
    }

    /// Leaves out what no place has any more.
    pub(super) fn forget_tokens(&mut self) {
        if let (Some(record), Some(examples)) = (&mut self.header.examples, &self.examples) {
            let ids = examples.ids();
            record.tokens.retain(|id, _| ids.contains(id));
        }
    }
}
