//! The measurements on every head over any number of texts, as whole numbers.
//!
//! Sums are kept in a fixed [`UNIT`], so adding them is associative: whatever texts, threads, processes or machines they
//! come from, in whichever order and grouping they are put together, the result is the same bit for bit. All that is
//! shown follows from them by one function each ([`rows`], [`usage`]), so that a live measurement and a merged file agree.
//!
//! # How exact they are
//!
//! A tile has up to 64 queries, and begins at a multiple of 64 of its text. Its weights (32-bit floats, as the forward pass
//! gives them) are added in double precision in a fixed order, which is exact to 64 · 2⁻⁵³, and rounded once to the unit. A
//! sum over t tiles is thus at most t · 2⁻³³ off what its addends are in exact arithmetic, and a mean over n tokens of one
//! text at most (n / 64 + 1) / n · 2⁻³³: less than 2·10⁻¹² of a weight of 1 for long texts, 1.2·10⁻¹⁰ for a text of one
//! token. Surprisal, entropy and the removed share are rounded once per token: at most 2⁻³³ off in the mean.

mod moments;
mod numbers;
mod recorder;
mod row_recorder;
mod rows;
#[cfg(test)]
mod tests;

pub use moments::{MOMENT_WORDS, Moments};
pub use recorder::SumRecorder;
pub use rows::{EffectiveRow, rows, usage};

use super::row_measures::{MEANS, Mean, SPAN_BINS};
use crate::model::{Architecture, Network, Span};

/// The unit that the whole numbers in a sum count: 2⁻³².
pub const UNIT: f64 = 1.0 / SCALE;

const SCALE: f64 = 4_294_967_296.0;

/// Most tokens in one sum: no number can overflow with so many.
pub const MOST_TOKENS: u64 = 1 << 31;

/// A number that is not negative in whole units, rounded to the nearest; what is not a number is 0.
pub fn to_units(value: f64) -> u64 {
    (value * SCALE + 0.5) as u64
}

/// The value of so many units.
pub fn from_units(units: u64) -> f64 {
    units as f64 * UNIT
}

/// Why sums could not be taken, or not be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SumsError {
    /// A weight or a probability is infinite or not a number.
    #[error("the model gives numbers there that are infinite or no numbers at all")]
    NotFinite,
    /// Surprisals that no sum has room for.
    #[error(
        "the surprisals of its tokens are more bits than a file of sums can hold: the model's training may have diverged"
    )]
    Surprisal,
    /// Sums that are more than any texts give.
    #[error("the sums together are more than texts can give: a file is damaged; measure again")]
    Overflow,
    /// More tokens than the sums have room for.
    #[error(
        "together these are more than 2,147,483,648 tokens, which is the most that one file of sums can hold; keep them in several"
    )]
    Full,
    /// Sink-free spans leave out different numbers of first tokens.
    #[error(
        "the sink-free spans leave out different numbers of first tokens: measure again with the same --sink-free"
    )]
    SinkFree,
    /// The sums are of different networks, or of different kinds.
    #[error("the sums are not of the same network, or were not measured alike")]
    Different,
}

/// Sums over the queries of one head, in units of 2⁻³².
#[derive(Debug, Clone, PartialEq)]
pub struct HeadSum {
    /// The head, with its span.
    pub span: Span,
    /// The weight on each distance of the reach, nearest first, as far as it is on tokens of the text.
    pub distances: Vec<u64>,
    /// The weight on distances before the text's start.
    pub empty: u64,
    /// The weight on each persistent vector.
    pub vectors: Vec<u64>,
    /// The weight on the head's learned sink; 0 where it has none.
    pub sink: u64,
    /// Not in units: the number of queries whose whole reach lay within their text.
    pub whole_reach: u64,
    /// The share of the published softmax that the soft mask takes away, where it was measured.
    pub removed: u64,
    /// The entropy of a query's whole weight in bits, where it was measured.
    pub entropy: u64,
    /// What follows from single rows, where it was [measured](Sums::measured).
    pub rows: Option<Box<RowSums>>,
}

/// What follows from the single rows of a head.
#[derive(Debug, Clone, PartialEq)]
pub struct RowSums {
    /// The weight on the first tokens that are left out of sink-free spans, by distance, as far as there is any.
    pub first: Vec<u64>,
    /// The weight on each distance when weights are multiplied by the norms of what they write; nothing where that is not known.
    pub norm: Vec<u64>,
    /// Not in units: the number of queries whose span is in each [bin](super::row_measures::span_bin).
    pub spans: Vec<u64>,
    /// The means, by [`Mean::index`](super::row_measures::Mean::index), in units of each.
    pub means: [Moments; MEANS],
}

impl Default for RowSums {
    fn default() -> Self {
        Self {
            first: Vec::new(),
            norm: Vec::new(),
            spans: vec![0; SPAN_BINS],
            means: [Moments::default(); MEANS],
        }
    }
}

/// How single rows were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The first tokens that are left out of sink-free spans.
    pub sink_free: u64,
    /// True if what heads write was measured.
    pub has_norms: bool,
}

impl Measured {
    /// What sums of both have.
    fn and(self, other: Self) -> Result<Self, SumsError> {
        match self.sink_free == other.sink_free {
            true => Ok(Self {
                has_norms: self.has_norms && other.has_norms,
                ..self
            }),
            false => Err(SumsError::SinkFree),
        }
    }
}

/// The totals over the texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Texts.
    pub texts: u64,
    /// Tokens, each of which is a query of every head.
    pub tokens: u64,
    /// Tokens that others predict: all but the first of each text.
    pub predictions: u64,
    /// Their surprisal in bits, in units of 2⁻³².
    pub surprisal: u64,
    /// Bytes that those tokens stand for, of the texts where that is known.
    pub bytes: u64,
    /// Texts where it is not known: ids were given, or pieces were left out.
    pub without_bytes: u64,
}

impl Totals {
    /// Both together; `None` where a number would overflow.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        Some(Self {
            texts: self.texts.checked_add(other.texts)?,
            tokens: self.tokens.checked_add(other.tokens)?,
            predictions: self.predictions.checked_add(other.predictions)?,
            surprisal: self.surprisal.checked_add(other.surprisal)?,
            bytes: self.bytes.checked_add(other.bytes)?,
            without_bytes: self.without_bytes.checked_add(other.without_bytes)?,
        })
    }

    /// Mean surprisal in bits; `None` without predictions.
    pub fn bits_per_token(&self) -> Option<f64> {
        (self.predictions > 0).then(|| from_units(self.surprisal) / self.predictions as f64)
    }

    /// Bits per byte of the texts; `None` where the bytes of any of them are not known, or there are none.
    pub fn bits_per_byte(&self) -> Option<f64> {
        let is_known = self.without_bytes == 0 && self.bytes > 0;
        is_known.then(|| from_units(self.surprisal) / self.bytes as f64)
    }
}

/// The measurements on all heads of one network over some texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// The architecture.
    pub architecture: Architecture,
    /// Layer by layer.
    pub heads: Vec<HeadSum>,
    /// Of all texts together.
    pub totals: Totals,
    /// True if [`HeadSum::removed`] and [`HeadSum::entropy`] were measured.
    pub has_removed: bool,
    /// How [`HeadSum::rows`] were measured; `None` where they were not.
    pub measured: Option<Measured>,
}

impl Sums {
    /// Of no text.
    pub fn new(network: &Network, has_removed: bool) -> Self {
        Self::of(network.architecture(), &network.spans(), has_removed)
    }

    /// As [`new`](Self::new), of a network with these spans.
    pub fn of(architecture: &Architecture, spans: &[Span], has_removed: bool) -> Self {
        let heads = spans.iter().map(|span| HeadSum {
            distances: match architecture.has_empty_context() {
                true => vec![0; span.reach.keys()],
                // As far as texts go.
                false => Vec::new(),
            },
            vectors: vec![0; architecture.persistent()],
            span: *span,
            empty: 0,
            sink: 0,
            whole_reach: 0,
            removed: 0,
            entropy: 0,
            rows: None,
        });
        Self {
            architecture: architecture.clone(),
            heads: heads.collect(),
            totals: Totals::default(),
            has_removed,
            measured: None,
        }
    }

    /// With room for what follows from single rows, the first `sink_free` tokens left out of sink-free spans.
    #[must_use]
    pub fn measuring(mut self, sink_free: usize) -> Self {
        self.measured = Some(Measured {
            sink_free: sink_free as u64,
            has_norms: true,
        });
        for head in &mut self.heads {
            head.rows = Some(Box::default());
        }
        self
    }

    /// Forgets what follows from single rows.
    fn forget_rows(&mut self) {
        self.measured = None;
        self.heads.iter_mut().for_each(|head| head.rows = None);
    }

    /// Adds what was measured on other texts.
    ///
    /// # Errors
    /// When it was measured on another network or not alike, or is too much for one sum; nothing is added then.
    pub fn add(&mut self, other: &Self) -> Result<(), SumsError> {
        let spans = |sums: &Self| sums.heads.iter().map(|head| head.span).collect();
        let (mine, others): (Vec<Span>, Vec<Span>) = (spans(self), spans(other));
        if self.architecture != other.architecture
            || mine != others
            || self.has_removed != other.has_removed
        {
            return Err(SumsError::Different);
        }
        let measured = match (self.measured, other.measured) {
            (Some(mine), Some(others)) => Some(mine.and(others)?),
            // Files of before have none.
            _ => None,
        };
        let totals = self.totals.and(other.totals).ok_or(SumsError::Overflow)?;
        if totals.tokens > MOST_TOKENS {
            return Err(SumsError::Full);
        }
        let heads = self.heads.iter().zip(&other.heads);
        let heads = heads.map(|(a, b)| a.and(b)).collect::<Option<Vec<_>>>();
        self.heads = heads.ok_or(SumsError::Overflow)?;
        self.totals = totals;
        self.measured = measured;
        match measured {
            None => self.forget_rows(),
            Some(measured) if !measured.has_norms => {
                let rows = self.heads.iter_mut().filter_map(|head| head.rows.as_mut());
                rows.for_each(|rows| rows.forget_norms());
            }
            Some(_) => {}
        }
        Ok(())
    }
}

impl HeadSum {
    /// The weight on `distance`; `None` where it is not within the reach.
    pub fn at(&self, distance: usize) -> Option<u64> {
        let column = distance.checked_sub(self.span.nearest)?;
        self.distances.get(column).copied()
    }

    /// Both together; `None` where a number would overflow.
    fn and(&self, other: &Self) -> Option<Self> {
        Some(Self {
            span: self.span,
            rows: match (&self.rows, &other.rows) {
                (Some(mine), Some(others)) => Some(Box::new(mine.and(others)?)),
                _ => None,
            },
            distances: all(&self.distances, &other.distances)?,
            empty: self.empty.checked_add(other.empty)?,
            vectors: all(&self.vectors, &other.vectors)?,
            sink: self.sink.checked_add(other.sink)?,
            whole_reach: self.whole_reach.checked_add(other.whole_reach)?,
            removed: self.removed.checked_add(other.removed)?,
            entropy: self.entropy.checked_add(other.entropy)?,
        })
    }
}

/// Numbers by place, the shorter list as if it went on with zeros; `None` where one would overflow.
fn all(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let at = |of: &[u64], i: usize| of.get(i).copied().unwrap_or(0);
    let longest = 0..a.len().max(b.len());
    longest.map(|i| at(a, i).checked_add(at(b, i))).collect()
}

impl RowSums {
    /// Both together; `None` where a number would overflow.
    fn and(&self, other: &Self) -> Option<Self> {
        let mut means = self.means;
        for (mine, others) in means.iter_mut().zip(&other.means) {
            *mine = mine.and(*others)?;
        }
        Some(Self {
            first: all(&self.first, &other.first)?,
            norm: all(&self.norm, &other.norm)?,
            spans: all(&self.spans, &other.spans)?,
            means,
        })
    }

    /// Forgets what was measured on what heads write.
    fn forget_norms(&mut self) {
        self.norm = Vec::new();
        self.means[Mean::OutputNorm.index()] = Moments::default();
    }
}
