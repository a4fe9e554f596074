//! The guess of every layer about the next token, and the parts of the network that speak for it: logit lens and direct attribution.
//!
//! The logit lens reads the residual stream after the embedding and after each layer as if it were the last one's: through the last
//! norm, where the network has one, and the output embedding. What it reads in low layers is no prediction that the network makes.

use super::predict::{self, Truth};
use crate::model::{Attribution, Cancel, LogitPart, ModelError, Network, TokenTrace};

/// Words that are kept of every layer's guess.
pub const LENS_WORDS: usize = 5;

/// The logit that is attributed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LensTarget {
    /// The token; `None` for the one that comes next in the text, or, at its end, the likeliest.
    pub of: Option<u32>,
    /// The token whose logit is taken off.
    pub against: Option<u32>,
}

/// A token that is watched from layer to layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// Its log p and its rank.
    pub guess: Truth,
    /// Its logit, before a soft cap.
    pub logit: f32,
}

/// The guess after the embedding or after a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LensLayer {
    /// The layer; `None` after the embedding.
    pub layer: Option<usize>,
    /// The likeliest tokens: [`LENS_WORDS`] at most.
    pub top: Vec<Watched>,
    /// Entropy over the whole vocabulary, in bits.
    pub entropy_bits: f32,
    /// The tokens of [`Lens::watched`].
    pub watched: Vec<Watched>,
}

/// What every layer expects after a token, and what the logit of one token is the sum of.
#[derive(Debug, Clone, PartialEq)]
pub struct Lens {
    /// Position of the token after which it stands.
    pub at: usize,
    /// What was asked for.
    pub target: LensTarget,
    /// The token that comes next in the text, if there is one.
    pub next: Option<u32>,
    /// The token whose logit is attributed.
    pub of: u32,
    /// The tokens that are watched in every layer, each once: the one whose logit is attributed, the one that it is held against, the
    /// next one of the text, and the likeliest after the last layer.
    pub watched: Vec<u32>,
    /// From the embedding to the last layer.
    pub layers: Vec<LensLayer>,
    /// The logit, or the difference of two, by the parts of the network.
    pub attribution: Attribution,
}

impl Lens {
    /// The parts, the largest first, whichever their sign; equal ones as a token meets them.
    pub fn sorted(&self) -> Vec<(LogitPart, f64)> {
        let mut parts = self.attribution.parts.clone();
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        parts
    }
}

/// The lens on a traced token: `next` is the token that follows it in the text. `None` where a token of the target is not in the
/// vocabulary, or the network was opened without its weights.
///
/// # Errors
/// On cancellation.
pub fn lens(
    network: &Network,
    trace: &TokenTrace,
    next: Option<u32>,
    target: LensTarget,
    cancel: &Cancel,
) -> Result<Option<Lens>, ModelError> {
    let streams = trace.streams();
    let last = streams.last().map(|last| network.log_probs_of(last));
    let last = last.unwrap_or_default();
    let Some(top) = predict::of(&last, trace.at, None, 1).top.first().copied() else {
        return Ok(None);
    };
    let vocabulary = network.architecture().vocab_size;
    let next = next.filter(|id| (*id as usize) < vocabulary);
    let of = target.of.or(next).unwrap_or(top.id);
    let mut watched: Vec<u32> = Vec::new();
    for id in [Some(of), target.against, next, Some(top.id)] {
        watched.extend(id.filter(|id| !watched.contains(id)));
    }
    let Some(mut direction) = network.direction(of) else {
        return Ok(None);
    };
    if let Some(other) = target.against {
        let Some(other) = network.direction(other) else {
            return Ok(None);
        };
        direction = direction.less(&other);
    }
    let mut layers = Vec::with_capacity(streams.len());
    for (index, stream) in streams.iter().enumerate() {
        cancel.check()?;
        layers.push(of_layer(network, index.checked_sub(1), stream, &watched));
    }
    Ok(Some(Lens {
        at: trace.at,
        target,
        next,
        of,
        attribution: network.attribute(trace, &direction, cancel)?,
        watched,
        layers,
    }))
}

fn of_layer(network: &Network, layer: Option<usize>, stream: &[f32], watched: &[u32]) -> LensLayer {
    let (log_probs, logits) = (network.log_probs_of(stream), network.logits_of(stream));
    let guess = predict::of(&log_probs, 0, None, LENS_WORDS);
    let logit = |id: u32| logits.get(id as usize).copied().unwrap_or(f32::NAN);
    let top = guess.top.iter().zip(1..).map(|(candidate, rank)| Watched {
        guess: Truth {
            id: candidate.id,
            log_p: candidate.log_p,
            rank,
        },
        logit: logit(candidate.id),
    });
    let watched = watched.iter().filter_map(|id| {
        Some(Watched {
            guess: predict::truth(&log_probs, *id)?,
            logit: logit(*id),
        })
    });
    LensLayer {
        layer,
        top: top.collect(),
        entropy_bits: guess.entropy_bits,
        watched: watched.collect(),
    }
}
