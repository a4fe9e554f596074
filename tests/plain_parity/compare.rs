//! The largest difference between what a run gave and what the plain implementation gives.

use crate::networks::Scores;
use crate::plain::{LayerRun, PlainNetwork, QueryWeights, TextRun};
use crate::record::{Query, Seen};
use spanscope::model::{Cancel, HeadWeights, Run};

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

    /// # Errors
    /// What differs most, and where, if anything differs by more than is allowed.
    pub fn judge(&self) -> Result<(), String> {
        if self.ratio <= 1.0 {
            return Ok(());
        }
        Err(format!("the worst difference: {}", self.text))
    }
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
