//! The largest difference between what a run gave and what the plain implementation gives.

use crate::plain::{LayerRun, PlainNetwork, Projected, QueryWeights, TextRun};
use crate::plain_parity::networks::Scores;
use crate::plain_parity::record::{Query, Seen};
use spanscope::model::{Cancel, HeadProbe, HeadWeights, Run};

/// How far apart the two may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of a weight, and of a number in a layer's output or a log-probability, where both computed from the same
    /// input.
    pub weight: f64,
    pub hidden: f64,
    pub log_prob: f64,
    /// Of a log-probability after all layers.
    pub whole: f64,
}

impl Bounds {
    /// What 32 bits leave: several times the largest differences over thousands of random networks. Scores that lie
    /// far apart are large, and so are their roundings; each further layer enlarges those of the ones before.
    pub fn of(scores: Scores) -> Self {
        match scores {
            Scores::Flat | Scores::Usual => Self {
                weight: 1e-5,
                // A norm over four features amplifies roundings where they are nearly equal.
                hidden: 1e-4,
                log_prob: 5e-5,
                whole: 1e-4,
            },
            Scores::Peaked | Scores::Beyond => Self {
                weight: 5e-5,
                hidden: 5e-4,
                log_prob: 5e-5,
                whole: 1e-3,
            },
        }
    }
}

/// The largest difference seen, in terms of what is allowed there.
#[derive(Debug, Default)]
pub struct Worst {
    ratio: f64,
    text: String,
}

impl Worst {
    fn look(&mut self, got: f32, expected: f64, bound: f64, place: impl FnOnce() -> String) {
        let difference = (f64::from(got) - expected).abs();
        let ratio = if difference.is_nan() {
            f64::INFINITY
        } else {
            difference / bound
        };
        if ratio > self.ratio {
            self.ratio = ratio;
            self.text = format!(
                "{got:e} instead of {expected:e}, {difference:.1e} apart where {bound:.0e} is allowed: {}",
                place()
            );
        }
    }

    pub fn rows(
        &mut self,
        got: &[f32],
        expected: &[f64],
        bound: f64,
        place: impl Fn(usize) -> String,
    ) {
        if got.len() != expected.len() {
            self.ratio = f64::INFINITY;
            self.text = format!(
                "{} numbers instead of {}: {}",
                got.len(),
                expected.len(),
                place(0)
            );
            return;
        }
        for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
            self.look(*got, *expected, bound, || place(i));
        }
    }

    /// One query of a head.
    pub fn query(&mut self, got: &Query, expected: &QueryWeights, bound: f64, place: &str) {
        self.rows(&got.weights, &expected.weights, bound, |c| {
            format!("{place}, distance {}", c + 1)
        });
        self.rows(&got.persistent, &expected.persistent, bound, |n| {
            format!("{place}, persistent vector {n}")
        });
        self.look(got.empty, expected.empty, bound, || {
            format!("{place}, empty context")
        });
    }

    /// What [`Run::head_weights`] gave, against the head's queries from the start of the text.
    pub fn tile(&mut self, got: &HeadWeights, expected: &[QueryWeights], bound: f64, place: &str) {
        for i in 0..got.queries {
            let t = got.first + i;
            let place = format!("{place}, query {t}, asked for again");
            self.query(&Query::of(got, i), &expected[t], bound, &place);
        }
    }

    /// What [`Run::probe`] gave, against the head's queries from the start of the text.
    pub fn probe(&mut self, got: &HeadProbe, expected: &[QueryWeights], bound: f64, place: &str) {
        let place = format!("{place}, measured");
        self.tile(&got.weights, expected, bound, &place);
        assert_eq!(got.removed.len(), got.weights.queries);
        assert_eq!(got.entropy.len(), got.weights.queries);
        for (i, (removed, entropy)) in got.removed.iter().zip(&got.entropy).enumerate() {
            let t = got.weights.first + i;
            self.look(*removed, expected[t].removed, bound, || {
                format!("{place}, query {t}, the share removed")
            });
            // Some of the terms are as steep as log2 of the smallest weight that matters.
            self.look(*entropy, bits(&expected[t], t), 100.0 * bound, || {
                format!("{place}, query {t}, the entropy")
            });
        }
    }

    /// What [`Run::score`] gives for one query and every key that it sees, and some that it does not see.
    pub fn scores(
        &mut self,
        (plain, run): (&PlainNetwork, &Run),
        (layer, head, t): (usize, usize, usize),
        text: &Projected,
        expected: &QueryWeights,
        bound: f64,
    ) {
        for key in 0..=t + 1 {
            let got = run.score(layer, head, t, key);
            let distance = t.saturating_sub(key);
            if distance == 0 || distance > expected.weights.len() {
                assert!(got.is_none(), "query {t} does not see {key}");
                continue;
            }
            let got = got.unwrap();
            let parts = plain.parts((layer, head), t, distance, text);
            let place =
                |what| move || format!("layer {layer}, head {head}, query {t}, key {key}: {what}");
            let rounding = bound * (1.0 + parts.size);
            self.look(got.content, parts.content, rounding, place("content"));
            self.look(got.position, parts.position, rounding, place("position"));
            self.look(got.mask, parts.mask, 1e-6, place("mask"));
            self.look(
                got.weight,
                expected.weights[distance - 1],
                bound,
                place("weight"),
            );
        }
    }

    /// # Errors
    /// What differs most, and where, if anything differs by more than is allowed.
    pub fn judge(&self) -> Result<(), String> {
        if self.ratio <= 1.0 {
            return Ok(());
        }
        Err(format!("the worst difference: {}", self.text))
    }
}

/// The entropy of the whole weight of the query at position `t`, in bits: empty context is one outcome.
fn bits(query: &QueryWeights, t: usize) -> f64 {
    let tokens = query.weights.iter().take(t);
    let all = tokens.chain(&query.persistent).chain([&query.empty]);
    let sum: f64 = all.clone().sum();
    let shares = all.map(|weight| weight / sum).filter(|share| *share > 0.0);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}

/// Hidden states as the plain implementation takes them.
pub fn widened(row: &[f32]) -> Vec<f64> {
    row.iter().copied().map(f64::from).collect()
}

/// Every layer of the plain implementation from the input that the fast path had there, so that roundings do not add
/// up over the layers; what the fast path reported and what it gives when asked again, against that.
///
/// `ranges` are the queries that are asked for again.
pub fn layer_by_layer(
    plain: &PlainNetwork,
    run: &Run,
    seen: &Seen,
    ranges: &[(usize, usize)],
    bounds: Bounds,
    worst: &mut Worst,
) {
    let n = run.ids().len();
    let mut input: Vec<Vec<f64>> = run.ids().iter().map(|&id| plain.embed(id)).collect();
    for layer in 0..plain.layers.len() {
        let LayerRun { heads, hidden } = plain.layer(layer, &input);
        let projected = plain.project(layer, &input);
        for (head, queries) in heads.iter().enumerate() {
            let place = format!("layer {layer}, head {head}");
            for (t, expected) in queries.iter().enumerate() {
                let got = &seen.queries[&(layer, head, t)];
                worst.query(got, expected, bounds.weight, &format!("{place}, query {t}"));
            }
            for &(from, to) in ranges {
                let tile = run.head_weights(layer, head, from, to).unwrap();
                assert_eq!((tile.first, tile.queries), (from, to - from));
                worst.tile(&tile, queries, bounds.weight, &place);
                let probe = run.probe(layer, head, from, to).unwrap();
                worst.probe(&probe, queries, bounds.weight, &place);
                if from < to {
                    let at = (layer, head, to - 1);
                    let expected = &queries[to - 1];
                    worst.scores((plain, run), at, &projected, expected, bounds.weight);
                }
            }
        }
        for (t, expected) in hidden.iter().enumerate() {
            let got = &seen.hidden[&(layer, t)];
            worst.rows(got, expected, bounds.hidden, |i| {
                format!("layer {layer}, token {t}, output {i}")
            });
        }
        input = (0..n).map(|t| widened(&seen.hidden[&(layer, t)])).collect();
    }
    let got = run.log_probs(0, n);
    let size = got.len() / n.max(1);
    for (t, row) in input.iter().enumerate() {
        let place =
            |v| format!("log p of token {v} after position {t}, from the same hidden state");
        let got = &got[t * size..(t + 1) * size];
        worst.rows(got, &plain.log_probs(row), bounds.log_prob, place);
    }
}

/// The log-probabilities at the positions `from..to`, after all layers of either.
pub fn log_probs(
    run: &Run,
    expected: &TextRun,
    (from, to): (usize, usize),
    bounds: Bounds,
    worst: &mut Worst,
) {
    let got = run.log_probs(from, to);
    let expected = &expected.log_probs[from..to];
    let size = expected.first().map_or(0, Vec::len);
    assert_eq!(got.len(), expected.len() * size);
    for (i, row) in expected.iter().enumerate() {
        let place = |v| format!("log p of token {v} after position {}", from + i);
        worst.rows(&got[i * size..(i + 1) * size], row, bounds.whole, place);
    }
    let targets: Vec<u32> = (0..expected.len()).map(|i| (i % size) as u32).collect();
    let nll = run.nll(from, &targets, &Cancel::default()).unwrap();
    assert_eq!(nll.len(), targets.len());
    for (i, (got, target)) in nll.iter().zip(&targets).enumerate() {
        let expected = -expected[i][*target as usize];
        worst.look(*got, expected, bounds.whole, || {
            format!("−log p of target {target} after position {}", from + i)
        });
    }
}
