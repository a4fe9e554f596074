//! Reading sums. Nothing in a file is believed before it was looked at.

use super::header::{RowsRecord, SpanRecord};
use super::{HEADER, SumsFile, SumsFileError, SumsHeader, VERSION};
use crate::corpus::MOST_SHARDS;
use spanscope_chart::thousands;
use spanscope_core::analysis::row_measures::{MEANS, SPAN_BINS};
use spanscope_core::analysis::sums::{
    HeadSum, MOMENT_WORDS, MOST_TOKENS, Moments, RowSums, Sums, Totals, UNIT, to_units,
};
use spanscope_core::checkpoint::{Checkpoint, Element};
use spanscope_core::json;
use spanscope_core::model::Span;
use std::collections::BTreeMap;
use std::path::Path;

/// Most numbers that a file is believed to hold.
const MOST_NUMBERS: usize = 1 << 30;

/// The name of the tensor with a head's weight by distance.
pub(super) fn distance_name(span: &Span) -> String {
    format!("sums.distance.{}.{}", span.layer, span.head)
}

/// The metadata of a file that is a `.safetensors` file.
pub(super) fn metadata(path: &Path) -> Option<BTreeMap<String, String>> {
    let file = Checkpoint::open(path).ok()?;
    Some(file.metadata().clone())
}

impl SumsFile {
    /// Reads a file of sums.
    ///
    /// # Errors
    /// When the file cannot be read, holds no sums, is of a later version, or does not fit together.
    pub fn read(path: &Path) -> Result<Self, SumsFileError> {
        let file = Checkpoint::open(path)?;
        let damaged = |what: String| SumsFileError::Damaged {
            path: path.to_owned(),
            what,
        };
        let header = file.metadata().get(HEADER);
        let header = header.ok_or_else(|| SumsFileError::NoSums {
            path: path.to_owned(),
        })?;
        let bad_header = |error: String| damaged(format!("its header: {error}"));
        // The version first: a later one may have other fields.
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } = json::read_records(header.as_bytes()).map_err(bad_header)?;
        if version > VERSION {
            return Err(SumsFileError::Newer {
                path: path.to_owned(),
                found: version,
            });
        }
        let header: SumsHeader = json::read_records(header.as_bytes()).map_err(bad_header)?;
        check(&header).map_err(damaged)?;
        let architecture = &header.model.architecture;
        let spans = header.model.spans.iter().map(|s| s.of(architecture));
        let mut spans: Vec<Span> = spans.collect();
        Span::keep_longest(&mut spans);
        let read = |name: &str, shape: &[usize]| -> Result<Vec<u64>, SumsFileError> {
            let place = file.places().get(name);
            let place = place.ok_or_else(|| damaged(format!("the tensor {name} is missing")))?;
            if place.element != Element::U64 || place.shape != shape {
                return Err(damaged(format!(
                    "the tensor {name} is {} of the shape {:?}; it should be U64 of the shape {shape:?}",
                    place.element.name(),
                    place.shape
                )));
            }
            let (numbers, _) = file.bytes_at(place).as_chunks::<8>();
            if numbers.len() != shape.iter().product::<usize>() {
                return Err(damaged("it was shortened while it was read".into()));
            }
            Ok(numbers.iter().map(|n| u64::from_le_bytes(*n)).collect())
        };
        let of_heads = [architecture.nb_layers(), architecture.nb_heads()];
        let per_head = |name: &str| read(name, &of_heads);
        let (empty, whole) = (per_head("sums.empty")?, per_head("sums.whole_reach")?);
        let (removed, entropy) = match header.has_removed {
            true => (per_head("sums.removed")?, per_head("sums.entropy")?),
            false => (vec![0; spans.len()], vec![0; spans.len()]),
        };
        let sink = match architecture.has_sinks() {
            true => per_head("sums.sink")?,
            false => vec![0; spans.len()],
        };
        let n = architecture.persistent();
        let vectors = match n {
            0 => Vec::new(),
            _ => read(
                "sums.vectors",
                &[architecture.nb_layers(), architecture.nb_heads(), n],
            )?,
        };
        // The tensors are there, so memory for them is no more than the file's.
        let mut distances = Vec::with_capacity(spans.len());
        for span in &spans {
            let name = distance_name(span);
            // As far as its texts go, where nothing lies before them.
            let found = file.places().get(&name).map(|place| place.shape.clone());
            let count = match found.as_deref() {
                Some([count]) if !architecture.has_empty_context() && *count <= span.columns => {
                    *count
                }
                _ => span.reach.keys(),
            };
            distances.push(read(&name, &[count])?);
        }
        let measured = header.rows.as_ref().and_then(RowsRecord::known);
        let mut rows = vec![None; spans.len()];
        if measured.is_some() {
            let shape = |more: &[usize]| [&of_heads[..], more].concat();
            let bins = read("sums.spans", &shape(&[SPAN_BINS]))?;
            let moments = read("sums.moments", &shape(&[MEANS, MOMENT_WORDS]))?;
            for (i, span) in spans.iter().enumerate() {
                let part = |part: &str| {
                    let name = row_name(part, span);
                    let found = file.places().get(&name).map(|place| place.shape.clone());
                    match found.as_deref() {
                        Some([count]) if *count <= span.columns => read(&name, &[*count]),
                        _ => read(&name, &[span.columns]),
                    }
                };
                let mut means = [Moments::default(); MEANS];
                let words = moments.chunks_exact(MOMENT_WORDS).skip(i * MEANS);
                for (mean, words) in means.iter_mut().zip(words) {
                    let mut all = [0; MOMENT_WORDS];
                    all.copy_from_slice(words);
                    *mean = Moments::from_words(all);
                }
                rows[i] = Some(Box::new(RowSums {
                    first: part("first")?,
                    norm: part("norm")?,
                    spans: bins[i * SPAN_BINS..(i + 1) * SPAN_BINS].to_vec(),
                    means,
                }));
            }
        }
        let examples = match &header.examples {
            Some(record) => {
                super::examples::read(record, (architecture, &header.texts), read, damaged)?
            }
            None => None,
        };
        let mut sums = Sums::of(architecture, &[], header.has_removed);
        sums.measured = measured;
        sums.heads = spans
            .into_iter()
            .zip(distances)
            .zip(rows)
            .enumerate()
            .map(|(i, ((span, distances), rows))| HeadSum {
                rows,
                span,
                distances,
                empty: empty[i],
                sink: sink[i],
                vectors: vectors[i * n..(i + 1) * n].to_vec(),
                whole_reach: whole[i],
                removed: removed[i],
                entropy: entropy[i],
            })
            .collect();
        let mut totals = Totals::default();
        for (i, text) in header.texts.iter().enumerate() {
            let sum = totals.and(text.totals());
            totals = sum
                .filter(|totals| totals.tokens <= MOST_TOKENS)
                .ok_or_else(|| {
                    damaged(format!(
                        "with text {i} its texts are too many tokens, bytes or bits ({} tokens in it)",
                        text.tokens
                    ))
                })?;
        }
        sums.totals = totals;
        for head in &sums.heads {
            if let Some(what) = too_much(head, totals.tokens) {
                let (layer, number) = (head.span.layer, head.span.head);
                return Err(damaged(format!(
                    "layer {layer}, head {number}: the tensor sums.{what} holds more than {} tokens can give",
                    totals.tokens
                )));
            }
        }
        Ok(Self {
            header,
            sums,
            examples,
        })
    }
}

/// The name of a tensor of what follows from single rows of a head.
pub(super) fn row_name(part: &str, span: &Span) -> String {
    format!("sums.{part}.{}.{}", span.layer, span.head)
}

/// Which of a head's sums is more than so many queries can give: each of them has a weight of 1 to share out, and an entropy of
/// less than 64 bits.
fn too_much(head: &HeadSum, tokens: u64) -> Option<&'static str> {
    let sum = |units: &[u64]| units.iter().fold(0_u64, |sum, n| sum.saturating_add(*n));
    // Sums are rounded tile by tile.
    let most = tokens.saturating_add(1).saturating_mul(to_units(2.0));
    [
        ("distance", sum(&head.distances), most),
        ("empty", head.empty, most),
        ("sink", head.sink, most),
        ("vectors", sum(&head.vectors), most),
        ("removed", head.removed, most),
        ("entropy", head.entropy, most.saturating_mul(32)),
        ("whole_reach", head.whole_reach, tokens),
    ]
    .into_iter()
    .find_map(|(what, found, most)| (found > most).then_some(what))
}

/// The check of a header: the error is its fault, in words.
fn check(header: &SumsHeader) -> Result<(), String> {
    let architecture = &header.model.architecture;
    if header.unit != UNIT {
        return Err(format!("its unit is {:?}, not 2^-32", header.unit));
    }
    let spans = &header.model.spans;
    let heads = architecture
        .nb_layers()
        .checked_mul(architecture.nb_heads());
    if heads != Some(spans.len()) {
        return Err(format!(
            "{} spans for {} × {} heads",
            spans.len(),
            architecture.nb_layers(),
            architecture.nb_heads()
        ));
    }
    // Where neither a window nor a context ends it, a span is the longest that there is.
    let most = architecture.limit().keys();
    let is_right = |(i, span): (usize, &SpanRecord)| {
        (span.layer, span.head) == (i / architecture.nb_heads(), i % architecture.nb_heads())
            && (0.0..=most as f32).contains(&span.span)
            && span.reach <= most
    };
    if let Some(i) = spans.iter().enumerate().position(|span| !is_right(span)) {
        return Err(format!("the span of head {i} cannot be"));
    }
    let numbers = spans.iter().try_fold(0_usize, |sum, span| {
        sum.checked_add(span.reach.checked_add(architecture.persistent())?)
    });
    if numbers.is_none_or(|n| n > MOST_NUMBERS) {
        return Err("more numbers than any network has".into());
    }
    let sorted = |pair: &[crate::corpus::TextRecord]| {
        (&pair[0].name, &pair[0].sha256) < (&pair[1].name, &pair[1].sha256)
    };
    if !header.texts.windows(2).all(sorted) {
        return Err("its texts are not in order, or one is there twice".into());
    }
    if header.corpora.is_empty() || !header.corpora.is_sorted() {
        return Err("its corpora are not in order".into());
    }
    let mut shards = 0_usize;
    for done in header.corpora.iter().filter_map(|c| c.shards.as_ref()) {
        shards = shards.saturating_add(done.of);
        if shards > MOST_SHARDS {
            return Err(format!(
                "its {} corpora have more than {} shards together",
                header.corpora.len(),
                thousands(MOST_SHARDS)
            ));
        }
        let is_right = done.done.is_sorted_by(|a, b| a < b)
            && done.done.iter().all(|i| (1..=done.of).contains(i))
            && (1..done.of).contains(&done.done.len());
        if !is_right {
            return Err(format!(
                "the shards of a corpus cannot be: {} of {}",
                done.done.len(),
                done.of
            ));
        }
    }
    let is_complete = header.corpora.iter().all(|c| c.shards.is_none());
    let texts = header
        .corpora
        .iter()
        .try_fold(0_usize, |sum, c| sum.checked_add(c.texts));
    let here = header.texts.len() + header.left_out.len();
    match texts {
        Some(texts) if texts == here || (!is_complete && here < texts) => Ok(()),
        _ => Err(format!("{here} texts are not those of its corpora")),
    }
}
