//! The prediction of a model after a token.

use super::bits;
use crate::model::Run;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::ops::Range;

/// A token that may come next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: u32,
    /// log p, in nats.
    pub log_p: f32,
}

/// The token that does come next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// Its id.
    pub id: u32,
    /// log p, in nats.
    pub log_p: f32,
    /// Its place among all tokens by falling probability, from 1; of equally likely ones the lower id comes first.
    pub rank: usize,
}

/// The prediction of a model after a token of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Position of the token after which it stands.
    pub at: usize,
    /// The likeliest tokens, by falling probability; equally likely ones by rising id.
    pub top: Vec<Candidate>,
    /// Entropy over the whole vocabulary, in bits: 0 where the model is certain, log₂ V where it knows nothing.
    pub entropy_bits: f32,
    /// The token that comes next in the text, if there is one.
    pub truth: Option<Truth>,
}

/// The model's prediction after the token at position `at`: the `k` likeliest tokens and, given the `next` token of the
/// text, how likely that was.
///
/// `None` where there is no such token or the run has forgotten it. A `next` that the vocabulary lacks is no truth.
pub fn predict(run: &Run, at: usize, next: Option<u32>, k: usize) -> Option<Prediction> {
    if at >= run.ids().len() {
        return None;
    }
    let log_probs = run.log_probs(at, at + 1);
    (!log_probs.is_empty()).then(|| of(&log_probs, at, next, k))
}

/// The model's predictions after each of the tokens in `range`: as [`predict`], all at once. `ids` are the text's
/// tokens. Nothing where the run has forgotten some of them.
pub fn predictions(run: &Run, range: Range<usize>, ids: &[u32], k: usize) -> Vec<Prediction> {
    let vocab = run.network().architecture().vocab_size;
    let mut all = Vec::with_capacity(range.len());
    let mut from = range.start;
    while from < range.end {
        let to = (from + (MOST / vocab).clamp(1, 256)).min(range.end);
        let log_probs = run.log_probs(from, to);
        let rows: Vec<Prediction> = log_probs
            .par_chunks_exact(vocab)
            .enumerate()
            .map(|(i, row)| of(row, from + i, ids.get(from + i + 1).copied(), k))
            .collect();
        all.extend(rows);
        from = to;
    }
    all
}

/// Most log-probabilities that are held at once: 64 MB.
const MOST: usize = 1 << 24;

/// From log p of every token.
pub(super) fn of(log_probs: &[f32], at: usize, next: Option<u32>, k: usize) -> Prediction {
    let truth = next.and_then(|id| truth(log_probs, id));
    let nats = log_probs.iter().map(|log_p| {
        let (log_p, p) = (f64::from(*log_p), f64::from(*log_p).exp());
        // −0 · log 0 is 0.
        if p == 0.0 { 0.0 } else { -p * log_p }
    });
    // A rounding may take it below 0.
    let entropy = bits(nats.sum::<f64>() as f32);
    Prediction {
        at,
        entropy_bits: if entropy < 0.0 { 0.0 } else { entropy },
        top: super::first_by(all(log_probs).collect(), k, first),
        truth,
    }
}

/// Each token with its log p.
fn all(log_probs: &[f32]) -> impl Iterator<Item = Candidate> {
    let all = (0_u32..).zip(log_probs);
    all.map(|(id, log_p)| Candidate { id, log_p: *log_p })
}

/// The order by falling probability. What is not a number, after a training that diverged, comes last.
fn first(a: &Candidate, b: &Candidate) -> Ordering {
    let key = |log_p: f32| match log_p.is_nan() {
        true => f32::NEG_INFINITY,
        false => log_p,
    };
    key(b.log_p).total_cmp(&key(a.log_p)).then(a.id.cmp(&b.id))
}

/// How likely token `id` is, and its rank, from log p of every token; `None` where the vocabulary lacks it.
pub(super) fn truth(log_probs: &[f32], id: u32) -> Option<Truth> {
    let log_p = *log_probs.get(id as usize)?;
    let own = Candidate { id, log_p };
    let before = all(log_probs).filter(|other| first(other, &own).is_lt());
    Some(Truth {
        id,
        log_p,
        rank: before.count() + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::model::{BLOCK, Cancel, Network, NoObserver};
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn ranks_entropy_and_order_follow_from_the_probabilities() {
        let log_probs = [0.125_f32, 0.5, 0.0, 0.25, 0.125].map(f32::ln);
        let prediction = of(&log_probs, 7, Some(4), 4);
        assert_eq!(prediction.at, 7);
        let ids: Vec<u32> = prediction.top.iter().map(|c| c.id).collect();
        assert_eq!(ids, [1, 3, 0, 4]);
        assert!((prediction.entropy_bits - 1.75).abs() < 1e-6);
        let truth = prediction.truth.unwrap();
        assert_eq!((truth.id, truth.rank), (4, 4));
        assert_eq!(truth.log_p, 0.125_f32.ln());
        assert_eq!(of(&log_probs, 0, Some(2), 9).truth.unwrap().rank, 5);
        assert_eq!(of(&log_probs, 0, Some(2), 9).top.len(), 5);
        // Not in the vocabulary.
        assert_eq!(of(&log_probs, 0, Some(5), 1).truth, None);
    }

    #[test]
    fn certainty_has_no_entropy_and_ignorance_has_all() {
        let certain = of(&[0.0, f32::NEG_INFINITY], 0, None, 1);
        assert_eq!((certain.entropy_bits, certain.truth), (0.0, None));
        let even = of(&[0.125_f32.ln(); 8], 0, Some(3), 2);
        assert!((even.entropy_bits - 3.0).abs() < 1e-6);
        assert_eq!(even.truth.unwrap().rank, 4);
        let broken = of(&[f32::NAN, -1.0], 0, Some(0), 2);
        assert_eq!((broken.top[0].id, broken.truth.unwrap().rank), (1, 2));
        assert!(broken.entropy_bits.is_nan());
    }

    #[test]
    fn a_run_predicts_after_each_token_that_it_has_not_forgotten() {
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .join("tests/data/tiny_adaptive.pt");
        let network = Network::load(&Checkpoint::open(&file).unwrap(), None).unwrap();
        let vocab_size = network.architecture().vocab_size as u32;
        let ids: Vec<u32> = (0..500_u32).map(|i| i * i % 31 % vocab_size).collect();
        let mut run = Run::new(Arc::new(network));
        let cancel = Cancel::default();
        run.extend(&ids, BLOCK, &cancel, &NoObserver).unwrap();
        let nll = run.nll(0, &ids[1..], &cancel).unwrap();
        for at in [0, 1, 300, 498] {
            let found = predict(&run, at, Some(ids[at + 1]), 10).unwrap();
            let truth = found.truth.unwrap();
            assert!((truth.log_p + nll[at]).abs() < 1e-5);
            assert_eq!(found.top.len(), 10);
            if let Some(place) = found.top.iter().position(|c| c.id == truth.id) {
                assert_eq!(
                    (place + 1, found.top[place].log_p),
                    (truth.rank, truth.log_p)
                );
            } else {
                assert!(truth.rank > 10);
            }
            assert!(found.top.is_sorted_by(|a, b| a.log_p >= b.log_p));
        }
        assert!(predict(&run, 499, None, 3).is_some());
        assert_eq!(predict(&run, 500, None, 3), None);
        assert_eq!(predict(&run, usize::MAX, None, 3), None);
        run.forget();
        assert_eq!(predict(&run, 100, None, 3), None);
        assert!(predict(&run, 499, None, 3).is_some());
    }
}
