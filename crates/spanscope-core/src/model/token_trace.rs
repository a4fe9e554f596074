//! One token's way through a network: its residual stream after every layer, and what each sublayer added.
//!
//! It is run once more from the keys and values that a run keeps, so nothing of the other tokens is computed or held: D numbers
//! per sublayer, and H·d per layer.

use super::architecture::Order;
use super::attention;
use super::band::Queries;
use super::cache::value_width;
use super::forward::with_scratch;
use super::heads::Head;
use super::kernel::{Packed, add, add_norm, add_times};
use super::output;
use super::sublayers::feed_forward;
use super::weights::Layer;
use super::{Cancel, ModelError, Run};
use std::sync::Arc;

/// One token's way through a network.
#[derive(Debug, Clone)]
pub struct TokenTrace {
    /// Its position.
    pub at: usize,
    pub(super) id: u32,
    /// The stream that every layer reads, and after the last one: L + 1 rows of D.
    pub(super) streams: Vec<Vec<f32>>,
    pub(super) layers: Vec<LayerTrace>,
}

/// The same within a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerTrace {
    /// The output of every head before the output projection: H·d.
    pub read: Vec<f32>,
    /// The part of it that comes of persistent vectors; nothing where there are none.
    pub persistent: Vec<f32>,
    /// The output of the attention with its bias, before a norm that follows it: D.
    pub attention: Vec<f32>,
    /// The stream between both sublayers: D. In parallel layers nothing is between them.
    pub middle: Vec<f32>,
    /// The output of the feed-forward sublayer, before a norm that follows it: D; nothing where there is none.
    pub feed_forward: Vec<f32>,
}

impl TokenTrace {
    /// The stream after the embedding, and after every layer.
    pub fn streams(&self) -> &[Vec<f32>] {
        &self.streams
    }
}

impl Run {
    /// The way of the token at position `at` through the network. `None` where there is no such token, what it reads is
    /// forgotten, or the run is recorded, which keeps no values.
    ///
    /// # Errors
    /// On cancellation.
    pub fn trace(&self, at: usize, cancel: &Cancel) -> Result<Option<TokenTrace>, ModelError> {
        let network = Arc::clone(self.network());
        let Some(&id) = self.ids().get(at).filter(|_| !network.is_recorded()) else {
            return Ok(None);
        };
        let mut stream = output::embed(&network, at, &[id]);
        let mut trace = TokenTrace {
            at,
            id,
            streams: vec![stream.clone()],
            layers: Vec::with_capacity(network.layers.len()),
        };
        for (index, layer) in network.layers.iter().enumerate() {
            cancel.check()?;
            let mut of_layer = LayerTrace::default();
            for (number, head) in layer.heads.iter().enumerate() {
                if !self.read(index, number, head, at, &mut of_layer) {
                    return Ok(None);
                }
            }
            through(layer, &mut stream, &mut of_layer);
            trace.layers.push(of_layer);
            trace.streams.push(stream.clone());
        }
        Ok(Some(trace))
    }

    /// Adds what a head reads; false where that is forgotten.
    fn read(
        &self,
        layer: usize,
        number: usize,
        head: &Head,
        at: usize,
        trace: &mut LayerTrace,
    ) -> bool {
        let Some(cx) = self.head_context(layer, number, at..at + 1) else {
            return false;
        };
        let queries = Queries {
            first: at,
            count: 1,
        };
        let vectors = head.vectors() > 0;
        let tile = with_scratch(|scratch| attention::attend(&cx, queries, vectors, scratch));
        let Some(read) = tile.read.get(..cx.dim) else {
            return false;
        };
        trace.read.extend_from_slice(read);
        if let Some(weights) = tile.weights.filter(|_| vectors) {
            let mut sums = vec![0.0_f64; cx.dim];
            let values = head.persistent.values.chunks_exact(value_width(cx.dim));
            for (weight, value) in weights.persistent_row(0).iter().zip(values) {
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum += f64::from(*weight) * f64::from(*value);
                }
            }
            let speaks = f64::from(u8::from(!head.ablated));
            let sums = sums.into_iter().map(|sum| (sum * speaks) as f32);
            trace.persistent.extend(sums);
        }
        true
    }
}

/// The product of a row with a matrix.
fn wide(weight: &Packed, x: &[f32], out: &mut [f32]) {
    weight.multiply_wide(x, out);
}

/// From the stream that a layer reads to the one after it, by the same steps as the forward pass.
fn through(layer: &Layer, stream: &mut [f32], trace: &mut LayerTrace) {
    let (dense, spec) = (&layer.dense, &*layer.spec);
    trace.attention = vec![0.0; stream.len()];
    wide(&dense.out, &trace.read, &mut trace.attention);
    if !dense.out_bias.is_empty() {
        add(&mut trace.attention, &dense.out_bias);
    }
    match spec.order {
        Order::AfterNorm(_) => {
            if let Some(norm) = &dense.norm {
                add_norm(stream, &trace.attention, &norm.weight, &norm.bias);
            }
            trace.middle = stream.to_vec();
            trace.feed_forward = of_feed_forward(layer, stream);
            let norm = dense.ff.as_ref().and_then(|ff| ff.norm.as_ref());
            if let (Some(norm), false) = (norm, trace.feed_forward.is_empty()) {
                add_norm(stream, &trace.feed_forward, &norm.weight, &norm.bias);
            }
        }
        Order::Sequence {
            residual_of_norm, ..
        } => {
            if let (true, Some(norm)) = (residual_of_norm, &dense.around_attention[0]) {
                norm.apply(stream);
            }
            let mut more = trace.attention.clone();
            if let Some(norm) = &dense.around_attention[1] {
                norm.apply(&mut more);
            }
            add_times(stream, &more, spec.residual);
            trace.middle = stream.to_vec();
            let mut normed = stream.to_vec();
            if let Some(norm) = &dense.around_ff[0] {
                norm.apply(&mut normed);
            }
            trace.feed_forward = of_feed_forward(layer, &normed);
            if trace.feed_forward.is_empty() {
                return;
            }
            let mut more = trace.feed_forward.clone();
            if let Some(norm) = &dense.around_ff[1] {
                norm.apply(&mut more);
            }
            if residual_of_norm {
                stream.copy_from_slice(&normed);
            }
            if !layer.mlp_ablated {
                add_times(stream, &more, spec.residual);
            }
        }
        Order::Parallel { .. } => {
            let mut normed = stream.to_vec();
            let norm = dense.around_ff[0].as_ref();
            if let Some(norm) = norm.or(dense.around_attention[0].as_ref()) {
                norm.apply(&mut normed);
            }
            trace.feed_forward = of_feed_forward(layer, &normed);
            if !trace.feed_forward.is_empty() {
                add_times(stream, &trace.feed_forward, spec.residual);
            }
            add_times(stream, &trace.attention, spec.residual);
        }
    }
}

/// The output of the feed-forward sublayer for what it reads: zeros where it is ablated, nothing where there is none.
fn of_feed_forward(layer: &Layer, x: &[f32]) -> Vec<f32> {
    if layer.dense.ff.is_none() {
        return Vec::new();
    }
    if layer.mlp_ablated {
        return vec![0.0; x.len()];
    }
    let (mut out, mut inner, mut up) = (vec![0.0; x.len()], Vec::new(), Vec::new());
    feed_forward(layer, x, [&mut out, &mut inner, &mut up], &wide, None);
    out
}
