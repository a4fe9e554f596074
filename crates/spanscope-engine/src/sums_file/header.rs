//! The header of a file of sums: what the file says of itself.

use crate::corpus::{Corpus, LeftOut, Shard, TextRecord, corpus_id};
use serde::{Deserialize, Serialize};
use spanscope_core::analysis::examples::{Examples, MemoryChoice};
use spanscope_core::analysis::row_measures::Mean;
use spanscope_core::analysis::sums::Measured;
use spanscope_core::model::architecture::Window;
use spanscope_core::model::{Architecture, Edits, Reach, Span};
use std::collections::BTreeMap;

/// The metadata key under which the header stands, as JSON.
pub const HEADER: &str = "spanscope.sums";

/// The version of the files that this program writes, and the latest that it reads.
pub const VERSION: u64 = 1;

/// The header of a file of sums. Fields that a reader does not know are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SumsHeader {
    /// The version of the file.
    pub version: u64,
    /// The program and its version.
    pub written_by: String,
    /// The unit of the whole numbers in a tensor: 2⁻³².
    pub unit: f64,
    /// The model.
    pub model: ModelRecord,
    /// True if `sums.removed` and `sums.entropy` were measured.
    #[serde(rename = "removed")]
    pub has_removed: bool,
    /// How single rows were measured; `None` where they were not, as in files of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowsRecord>,
    /// How places that show what heads do were chosen; `None` where none were looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<ExamplesRecord>,
    /// The corpora, by id.
    pub corpora: Vec<CorpusRecord>,
    /// The texts, by name and hash.
    pub texts: Vec<TextRecord>,
    /// Texts of the corpora that could not be measured, by name.
    pub left_out: Vec<LeftOut>,
}

/// The model that was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Its file's name, without folders.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The hash that tells its tensors from others', whatever file they are in; `None` in files of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors_sha256: Option<String>,
    /// The architecture, ramp included.
    #[serde(rename = "config")]
    pub architecture: Architecture,
    /// The vocabulary that the texts were cut with; `None` where ids were given to a model without one.
    pub vocabulary: Option<VocabularyRecord>,
    /// The spans of all heads, layer by layer.
    pub spans: Vec<SpanRecord>,
    /// What was changed of it by hand.
    #[serde(default, skip_serializing_if = "Edits::is_empty")]
    pub edits: Edits,
}

/// How single rows were measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsRecord {
    /// The first tokens that are left out of sink-free spans.
    pub sink_free: u64,
    /// True if what heads write was measured.
    pub norms: bool,
    /// The means, in the order of `sums.moments`.
    pub means: Vec<String>,
}

impl RowsRecord {
    /// As it was measured.
    pub fn new(measured: Measured) -> Self {
        Self {
            sink_free: measured.sink_free,
            norms: measured.has_norms,
            means: Mean::ALL.map(|mean| mean.column().to_owned()).to_vec(),
        }
    }

    /// The same, if this program knows all that was measured, and no more.
    pub fn known(&self) -> Option<Measured> {
        let known = Mean::ALL.map(Mean::column);
        (self.means == known).then_some(Measured {
            sink_free: self.sink_free,
            has_norms: self.norms,
        })
    }
}

/// Neurons and vectors that are named in a message.
const NAMED: usize = 4;

/// How places that show what heads do were chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExamplesRecord {
    /// The number that they were chosen by.
    pub measure: String,
    /// The most places of the largest values of a head, a neuron or a vector.
    pub top: usize,
    /// The neurons and persistent vectors whose places were looked for as well, in rising order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memories: Vec<MemoryChoice>,
    /// What the tokens of the places stand for, by id.
    pub tokens: BTreeMap<u32, String>,
}

impl ExamplesRecord {
    /// As they were chosen; `token` says what an id stands for.
    pub fn new(examples: &Examples, token: impl Fn(u32) -> String) -> Self {
        let ids = examples.ids().into_iter();
        Self {
            measure: examples.measure.name().to_owned(),
            top: examples.top,
            memories: examples.memories.memories.chosen.clone(),
            tokens: ids.map(|id| (id, token(id))).collect(),
        }
    }

    /// How they were chosen, in words.
    pub fn words(&self) -> String {
        let memories = self.memories.iter().map(|of| format!(", {of}"));
        let memories: String = memories.take(NAMED).collect();
        let more = match self.memories.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        format!("--by {} --top {}{memories}{more}", self.measure, self.top)
    }

    /// True if places were chosen alike.
    pub fn is_like(&self, other: &Self) -> bool {
        let of = |of: &Self| (of.measure.clone(), of.top, of.memories.clone());
        of(self) == of(other)
    }
}

/// A vocabulary, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VocabularyRecord {
    /// Tokens.
    pub size: usize,
    /// The hash that tells it from others: SHA-256 of its unit and its tokens, in hexadecimal.
    pub sha256: String,
}

/// The span of one head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpanRecord {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// z, in tokens.
    pub span: f32,
    /// The number of distances with a mask above zero, in tokens.
    pub reach: usize,
    /// How far it may look, where that is not as designed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Tokens from the text's start on that it sees whatever its window.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl From<&Span> for SpanRecord {
    fn from(span: &Span) -> Self {
        Self {
            layer: span.layer,
            head: span.head,
            span: span.span,
            reach: span.reach.keys(),
            window: (span.window != span.designed).then_some(span.window),
            first: span.first,
        }
    }
}

impl SpanRecord {
    /// The span of a head of `architecture`.
    pub fn of(self, architecture: &Architecture) -> Span {
        // What nothing ends is written as the most that is computed with.
        let reach = match architecture.limit() {
            Reach::ENDLESS if self.reach >= Reach::ENDLESS.keys() => Reach::ENDLESS,
            _ => Reach::of(self.reach),
        };
        let span = Span::of(architecture, self.layer, self.head, self.span, reach);
        Span {
            window: self.window.unwrap_or(span.designed),
            first: self.first,
            columns: match self.first {
                0 => self.reach,
                _ => architecture.limit().keys().max(self.reach),
            },
            ..span
        }
    }
}

/// A corpus, and what of it was measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CorpusRecord {
    /// The id that tells it from others: see [`Corpus::id`](crate::corpus::Corpus::id).
    pub id: String,
    /// Texts in all of it.
    pub texts: usize,
    /// The parts that were measured; `None` once all of them were.
    pub shards: Option<Done>,
}

impl CorpusRecord {
    /// A shard of a corpus.
    pub fn new(corpus: &Corpus, shard: Shard) -> Self {
        Self {
            id: corpus.id(),
            texts: corpus.texts().len(),
            shards: (shard.of() > 1).then(|| Done {
                of: shard.of(),
                done: vec![shard.index()],
            }),
        }
    }

    /// All texts of these names.
    pub fn of_names(mut names: Vec<&str>) -> Self {
        names.sort_unstable();
        Self {
            texts: names.len(),
            id: corpus_id(names),
            shards: None,
        }
    }
}

/// Parts of a corpus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Done {
    /// Parts that there are.
    pub of: usize,
    /// Those that were measured, from 1, rising.
    pub done: Vec<usize>,
}
