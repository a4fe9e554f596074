//! The z of every head in the course of the training, as the checkpoint of a run keeps it.

use spanscope_core::checkpoint::{Checkpoint, Curve};
use spanscope_core::checkpoint::{RunProgress, SPAN_HISTORY};
use spanscope_core::model::{Architecture, HeadId, Span};

/// The curve that says at which step each entry of the log was written.
const STEP: &str = "step";

/// z of every head, in tokens, at every entry of the training curves, and at the step of the checkpoint itself.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanHistory {
    /// The steps, rising.
    pub steps: Vec<f64>,
    /// Layers.
    pub layers: usize,
    /// Heads of a layer.
    pub heads: usize,
    /// Step by step, layer by layer.
    values: Vec<f32>,
}

impl SpanHistory {
    /// The history in a checkpoint; `None` where there is none, or where it does not fit the model. `spans` are those that the
    /// heads have now, after as many steps as `progress` says.
    pub(super) fn of(
        checkpoint: &Checkpoint,
        architecture: &Architecture,
        spans: &[Span],
        progress: Option<&RunProgress>,
    ) -> Option<Self> {
        let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
        let shape = &checkpoint.info(SPAN_HISTORY)?.shape;
        let curve = |curve: &&Curve| curve.name == STEP;
        let steps = checkpoint.curves().iter().find(curve);
        let mut steps = steps.map(|curve| curve.values.clone()).unwrap_or_default();
        let rising = steps.windows(2).all(|pair| pair[0] < pair[1]);
        if *shape != [steps.len(), layers, heads] || !rising {
            return None;
        }
        let mut values = checkpoint.read(SPAN_HISTORY).ok()?;
        let now = progress.map(|progress| progress.step as f64);
        if let Some(now) = now.filter(|now| steps.last().is_none_or(|last| last < now))
            && spans.len() == layers * heads
        {
            steps.push(now);
            values.extend(spans.iter().map(|span| span.span));
        }
        let whole = values.len() == steps.len() * layers * heads;
        (whole && !steps.is_empty()).then_some(Self {
            steps,
            layers,
            heads,
            values,
        })
    }

    /// Step and z of a head, which counts from 0 like its layer; what is not finite is left out.
    pub fn of_head(&self, HeadId { layer, head }: HeadId) -> impl Iterator<Item = [f64; 2]> {
        let per_step = self.layers * self.heads;
        let at = layer * self.heads + head;
        let rows = self.steps.iter().zip(self.values.chunks_exact(per_step));
        rows.filter_map(move |(step, row)| {
            let z = f64::from(*row.get(at)?);
            (step + z).is_finite().then_some([*step, z])
        })
    }

    /// All heads, layer by layer.
    pub fn all_heads(&self) -> impl Iterator<Item = HeadId> + use<> {
        let heads = self.heads;
        (0..self.layers).flat_map(move |layer| (0..heads).map(move |head| HeadId { layer, head }))
    }

    /// The smallest and the largest z.
    pub fn extent(&self) -> (f32, f32) {
        let finite = self.values.iter().filter(|z| z.is_finite());
        let ends = finite.fold((f32::INFINITY, 0.0_f32), |(low, high), z| {
            (low.min(*z), high.max(*z))
        });
        (ends.0.min(ends.1), ends.1)
    }
}
