//! The use of all neurons, measured while nothing more urgent is wanted: the tokens of the text go through the network once more,
//! from the keys and values that the run keeps, a piece at a time.

mod facts;
mod sums;

pub use facts::{NeuronFacts, NeuronsPromoting};

use super::open::LoadedModel;
use super::queries::Queries;
use facts::Answers;
use rayon::prelude::*;
use spanscope_core::analysis::NeuronUsage;
use spanscope_core::model::{Cancel, Network, Run};
use spanscope_core::platform::HAS_THREADS;
use spanscope_core::platform::time::Instant;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use sums::Sums;

/// The time a step should take: short enough that a new wish is seen at once.
const STEP: Duration = Duration::from_millis(if HAS_THREADS { 30 } else { 10 });

/// Tokens of the first step; later ones are as many as fit its time.
const FIRST: usize = 32;

/// Time between two looks at unfinished sums, at least.
const SHOW: Duration = Duration::from_millis(400);

/// The use of the neurons of every layer.
#[derive(Debug, Clone)]
pub struct NeuronStats {
    /// The tokens measured.
    pub tokens: Range<usize>,
    /// The tokens that will be.
    pub wanted: Range<usize>,
    /// Layer by layer; nothing of a layer without neurons.
    pub layers: Vec<Option<Arc<NeuronUsage>>>,
}

/// The measurement on its way, and what is asked of single neurons.
#[derive(Default)]
pub(super) struct NeuronStatsTask {
    sums: Option<Sums>,
    /// The beginning of the run that they are of, if it is a close-up.
    near: Option<usize>,
    /// The run that they are complete for.
    complete: Option<u64>,
    /// The run that they were shown of last.
    shown: Option<u64>,
    shown_when: Option<Instant>,
    at_once: usize,
    pub stats: Option<Arc<NeuronStats>>,
    answers: Answers,
}

impl NeuronStatsTask {
    /// The text has changed after its first `len` tokens.
    pub fn truncate(&mut self, len: usize) {
        if let Some(sums) = &mut self.sums
            && !sums.truncate(len)
        {
            self.sums = None;
        }
        self.complete = None;
        // After a change of a few words what is shown stays until there is something newer; of another text it does not.
        if self
            .stats
            .as_deref()
            .is_some_and(|of| of.tokens.end > 2 * len)
        {
            self.stats = None;
            self.answers.forget_users();
        }
    }

    /// The neuron last asked about.
    pub fn facts(&self) -> Option<Arc<NeuronFacts>> {
        self.answers.facts.clone()
    }

    /// The search last asked for.
    pub fn promoting(&self) -> Option<Arc<NeuronsPromoting>> {
        self.answers.promoting.clone()
    }

    /// True if everything that is wanted of it is there.
    pub fn is_done(&self, looks: &Queries, run: u64) -> bool {
        self.answers.are_there(looks)
            && (!looks.neurons || self.complete == Some(run) && self.shown == Some(run))
    }

    /// Answers what is asked of the weights alone; false when it was told to stop.
    pub fn look_up(&mut self, model: &LoadedModel, looks: &Queries, cancel: &Cancel) -> bool {
        let recorder = self.sums.as_ref().map(Sums::recorder);
        self.answers.step(model, recorder, looks, cancel)
    }

    /// Measures some more of the tokens in `range`; false when it was told to stop.
    pub fn step(
        &mut self,
        network: &Network,
        (run, number): (&Run, u64),
        range: &Range<usize>,
        near: Option<usize>,
        cancel: &Cancel,
    ) -> bool {
        if network.is_recorded() || network.architecture().all_neurons() == 0 {
            (self.complete, self.shown) = (Some(number), Some(number));
            self.stats = None;
            return true;
        }
        let goes_on = |sums: &Sums| {
            let covered = sums.range();
            covered.start <= range.start && covered.end >= range.start
        };
        let sums = self
            .sums
            .take()
            .filter(|sums| self.near == near && goes_on(sums));
        let mut sums = sums.unwrap_or_else(|| Sums::new(network, range.start));
        self.near = near;
        let mut done = true;
        if self.complete != Some(number) {
            let start = Instant::now();
            let at_once = self.at_once.max(FIRST);
            let before = sums.range().end;
            done = sums.go_on(run, at_once, range.end, cancel);
            let after = sums.range().end;
            // Where nothing was added, the run has forgotten what it would take.
            if done && (after >= range.end || after == before) {
                self.complete = Some(number);
            }
            if done && after - before >= at_once / 2 {
                let took = start.elapsed();
                self.at_once = match took {
                    _ if took < STEP / 2 => 2 * at_once,
                    _ if took > 2 * STEP => at_once / 2,
                    _ => at_once,
                }
                .clamp(FIRST, 1024);
            }
        }
        let is_complete = self.complete == Some(number);
        let shown_lately = self.shown_when.is_some_and(|when| when.elapsed() < SHOW);
        if is_complete || !shown_lately {
            self.show(network, &sums, range);
            self.shown = self.complete;
        }
        self.sums = Some(sums);
        done
    }

    fn show(&mut self, network: &Network, sums: &Sums, wanted: &Range<usize>) {
        let tokens = sums.range();
        let layers = 0..network.architecture().nb_layers();
        let layers = layers.into_par_iter().map(|layer| {
            let usage = sums.recorder().usage(network, layer, tokens.len());
            usage.map(Arc::new)
        });
        self.stats = Some(Arc::new(NeuronStats {
            layers: layers.collect(),
            tokens,
            wanted: wanted.clone(),
        }));
        self.shown_when = Some(Instant::now());
        self.answers.forget_users();
    }
}
