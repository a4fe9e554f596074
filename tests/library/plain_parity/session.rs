//! A run that is extended and edited, with everything that it reported, held against the plain implementation.

use crate::plain::{PlainNetwork, TextRun};
use crate::plain_parity::compare::{Bounds, Worst, layer_by_layer, log_probs};
use crate::plain_parity::record::Record;
use spanscope::model::{Cancel, ModelError, Network, Run};
use std::sync::Arc;

#[derive(Clone)]
pub struct Session {
    pub plain: Arc<PlainNetwork>,
    pub run: Run,
    pub record: Record,
    pub bounds: Bounds,
}

impl Session {
    pub fn new((fast, plain): (Arc<Network>, Arc<PlainNetwork>), bounds: Bounds) -> Self {
        Self {
            record: Record::new(plain.hidden_size, None),
            run: Run::new(fast),
            plain,
            bounds,
        }
    }

    /// Runs over further tokens; each query of each head must be reported once.
    pub fn extend(&mut self, ids: &[u32], block: usize) -> Result<(), String> {
        let first = self.run.ids().len();
        self.run
            .extend(ids, block, &Cancel::default(), &self.record)
            .unwrap();
        self.each_reported_once(first, first + ids.len())
    }

    /// Makes it the run over `ids`, as an editor does.
    pub fn set(&mut self, ids: &[u32]) -> Result<(), String> {
        let before = self.run.ids().to_vec();
        let kept = self.run.set(ids, &Cancel::default(), &self.record).unwrap();
        assert_eq!(self.run.ids(), ids);
        let shared = before.iter().zip(ids).take_while(|(a, b)| a == b).count();
        if kept != shared {
            return Err(format!("{kept} tokens were kept of {shared} shared ones"));
        }
        self.each_reported_once(kept, ids.len())
    }

    /// Runs over further tokens, is stopped after so many reports, and goes on.
    pub fn extend_with_a_stop(
        &mut self,
        ids: &[u32],
        block: usize,
        reports: usize,
    ) -> Result<(), String> {
        let first = self.run.ids().len();
        let cancel = Cancel::default();
        self.record.stop_after(reports, &cancel);
        let result = self.run.extend(ids, block, &cancel, &self.record);
        // Nothing more is to be stopped.
        self.record.stop_after(usize::MAX / 2, &Cancel::default());
        let done = self.run.ids().len() - first;
        match result {
            Ok(()) => assert_eq!(done, ids.len()),
            Err(ModelError::Cancelled) => {
                assert!(done < ids.len() && done.is_multiple_of(block), "{done}");
            }
            Err(other) => panic!("{other}"),
        }
        for (place, times) in self.record.count() {
            if times > 1 {
                return Err(format!("{place:?} was reported {times} times"));
            }
        }
        self.extend(&ids[done..], block)
    }

    fn each_reported_once(&self, from: usize, to: usize) -> Result<(), String> {
        let counts = self.record.count();
        let layers = self.plain.layers.len();
        for layer in 0..layers {
            for head in 0..self.plain.nb_heads {
                for t in from..to {
                    let times = counts.get(&(layer, head, t)).copied().unwrap_or(0);
                    if times != 1 {
                        return Err(format!(
                            "layer {layer}, head {head}, query {t} was reported {times} times"
                        ));
                    }
                }
            }
        }
        if counts.len() != layers * self.plain.nb_heads * (to - from) {
            return Err(format!("queries outside {from}..{to} were reported"));
        }
        Ok(())
    }

    /// All that the run gave and gives, against the plain implementation; `ranges` of queries are asked for again.
    pub fn check(&self, ranges: &[(usize, usize)]) -> Result<(), String> {
        let (run, n) = (&self.run, self.run.ids().len());
        let mut worst = Worst::default();
        let seen = self.record.seen.lock().unwrap();
        layer_by_layer(&self.plain, run, &seen, ranges, self.bounds, &mut worst);
        let expected = self.plain.run(run.ids());
        log_probs(run, &expected, (0, n), self.bounds, &mut worst);
        worst
            .judge()
            .map_err(|what| format!("in a text of {n} tokens, {what}"))
    }

    /// The probabilities at the positions `from..to` and the weights there, of a run that need not know what is before.
    pub fn check_part(&self, expected: &TextRun, from: usize, to: usize) -> Result<(), String> {
        let mut worst = Worst::default();
        log_probs(&self.run, expected, (from, to), self.bounds, &mut worst);
        for (layer, expected) in expected.layers.iter().enumerate() {
            for (head, queries) in expected.heads.iter().enumerate() {
                let tile = self.run.head_weights(layer, head, from, to).unwrap();
                let place = format!("layer {layer}, head {head}");
                worst.tile(&tile, queries, self.bounds.whole, &place);
            }
        }
        worst
            .judge()
            .map_err(|what| format!("in the part {from}..{to} of a text, {what}"))
    }
}
