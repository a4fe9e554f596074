//! The operations of a layer on each row by itself: norms, projections, rotary positions, feed-forward sublayers, mixtures of
//! experts.

use super::architecture::{FeedForwardSpec, Order};
use super::kernel::{
    Packed, activate, add, add_norm, add_relu, add_times, exp_sum, largest, scale_by,
};
use super::neurons::{NeuronRows, ablate};
use super::rope::Turns;
use super::weights::{Layer, Mixture};
use std::cell::RefCell;

/// Rows times a matrix: one of two ways to share the work among threads.
pub(super) type Multiply<'a> = &'a (dyn Fn(&Packed, &[f32], &mut [f32]) + Sync);

/// Whoever is to be told of the neurons of the rows at hand.
pub(super) type Tell<'a> = Option<&'a dyn Fn(NeuronRows)>;

/// Memory between two matrix products of a layer.
#[derive(Default)]
struct Rows {
    /// A normed copy of the residual stream.
    normed: Vec<f32>,
    /// The output of a sublayer.
    more: Vec<f32>,
    /// The output of the feed-forward sublayer, where both read the same stream.
    other: Vec<f32>,
    /// Neurons.
    inner: Vec<f32>,
    /// Ups, of gated neurons.
    up: Vec<f32>,
}

thread_local! {
    static ROWS: RefCell<Rows> = RefCell::default();
}

/// From the residual stream, rows of D, to queries, keys and values: rows of (H + 2·Hk)·d. The rows stand at the positions
/// from `row` on of those that `turns` has.
pub(super) fn project(
    layer: &Layer,
    turns: Option<&Turns>,
    row: usize,
    hidden: &[f32],
    qkv: &mut [f32],
    multiply: Multiply<'_>,
) {
    let dense = &layer.dense;
    match &dense.around_attention[0] {
        // What both sublayers read of a parallel layer is normed again there: cheaper than keeping it.
        Some(norm) => {
            // Taken out rather than borrowed: a thread that waits for others may take up another piece of work.
            let mut rows = ROWS.take();
            copy(hidden, &mut rows.normed);
            norm.apply(&mut rows.normed);
            multiply(&dense.qkv, &rows.normed, qkv);
            ROWS.set(rows);
        }
        None => multiply(&dense.qkv, hidden, qkv),
    }
    if !dense.qkv_bias.is_empty() {
        add(qkv, &dense.qkv_bias);
    }
    finish_queries_and_keys(layer, turns, row, qkv);
}

/// Clamps, norms and turns queries and keys, where a family does so.
fn finish_queries_and_keys(layer: &Layer, turns: Option<&Turns>, row: usize, qkv: &mut [f32]) {
    let (dense, spec) = (&layer.dense, &layer.spec.attention);
    if let Some(most) = spec.clamp {
        qkv.iter_mut().for_each(|x| *x = x.clamp(-most, most));
    }
    if dense.query_norm.is_none() && turns.is_none() {
        return;
    }
    let d = spec.head_dim;
    let (queries, keys) = (spec.heads * d, spec.kv_heads * d);
    for (i, of_row) in qkv.chunks_exact_mut(queries + 2 * keys).enumerate() {
        let (q, rest) = of_row.split_at_mut(queries);
        let k = &mut rest[..keys];
        // Norms over one head have d weights, those over all heads H·d: rows are as long as the weights.
        for (norm, features) in [(&dense.query_norm, &mut *q), (&dense.key_norm, &mut *k)] {
            if let Some(norm) = norm {
                norm.apply(features);
            }
        }
        if let Some(turns) = turns {
            for features in q.chunks_exact_mut(d).chain(k.chunks_exact_mut(d)) {
                turns.apply(row + i, features);
            }
        }
    }
}

/// From what the heads read, rows of H·d, through the rest of the layer, in place.
pub(super) fn sublayers(
    layer: &Layer,
    hidden: &mut [f32],
    read: &[f32],
    multiply: Multiply<'_>,
    tell: Tell<'_>,
) {
    let (dense, spec) = (&layer.dense, &layer.spec);
    let mut rows = ROWS.take();
    rows.more.resize(hidden.len(), 0.0);
    multiply(&dense.out, read, &mut rows.more);
    if !dense.out_bias.is_empty() {
        add(&mut rows.more, &dense.out_bias);
    }
    match spec.order {
        Order::AfterNorm(_) => after_norm(layer, hidden, &mut rows, multiply, tell),
        Order::Sequence {
            residual_of_norm, ..
        } => {
            sequence(layer, residual_of_norm, hidden, &mut rows, multiply, tell);
        }
        Order::Parallel { .. } => parallel(layer, hidden, &mut rows, multiply, tell),
    }
    ROWS.set(rows);
}

/// x ← norm(x + attention), then x ← norm(x + feed-forward(x)).
fn after_norm(
    layer: &Layer,
    hidden: &mut [f32],
    rows: &mut Rows,
    multiply: Multiply<'_>,
    tell: Tell<'_>,
) {
    let dense = &layer.dense;
    if let Some(norm) = &dense.norm {
        add_norm(hidden, &rows.more, &norm.weight, &norm.bias);
    }
    if let Some(ff) = &dense.ff {
        let Rows {
            more, inner, up, ..
        } = rows;
        match layer.mlp_ablated {
            true => more.fill(0.0),
            false => feed_forward(layer, hidden, [&mut *more, inner, up], multiply, tell),
        }
        if let Some(norm) = &ff.norm {
            add_norm(hidden, more, &norm.weight, &norm.bias);
        }
    }
}

/// x ← x + after(attention), then x ← x + after(feed-forward(before(x))).
fn sequence(
    layer: &Layer,
    residual_of_norm: bool,
    hidden: &mut [f32],
    rows: &mut Rows,
    multiply: Multiply<'_>,
    tell: Tell<'_>,
) {
    let (dense, spec) = (&layer.dense, &layer.spec);
    let Rows {
        normed,
        more,
        inner,
        up,
        ..
    } = rows;
    if let (true, Some(norm)) = (residual_of_norm, &dense.around_attention[0]) {
        norm.apply(hidden);
    }
    if let Some(norm) = &dense.around_attention[1] {
        norm.apply(more);
    }
    add_times(hidden, more, spec.residual);
    if dense.ff.is_none() {
        return;
    }
    copy(hidden, normed);
    if let Some(norm) = &dense.around_ff[0] {
        norm.apply(normed);
    }
    if !layer.mlp_ablated {
        feed_forward(layer, normed, [&mut *more, inner, up], multiply, tell);
        if let Some(norm) = &dense.around_ff[1] {
            norm.apply(more);
        }
    }
    if residual_of_norm {
        hidden.copy_from_slice(normed);
    }
    if !layer.mlp_ablated {
        add_times(hidden, more, spec.residual);
    }
}

/// x ← x + attention + feed-forward(norm(x)).
fn parallel(
    layer: &Layer,
    hidden: &mut [f32],
    rows: &mut Rows,
    multiply: Multiply<'_>,
    tell: Tell<'_>,
) {
    let (dense, spec) = (&layer.dense, &layer.spec);
    let Rows {
        normed,
        more,
        other,
        inner,
        up,
    } = rows;
    if dense.ff.is_some() && !layer.mlp_ablated {
        copy(hidden, normed);
        // Without a norm of its own it reads what the attention reads.
        let norm = dense.around_ff[0]
            .as_ref()
            .or(dense.around_attention[0].as_ref());
        if let Some(norm) = norm {
            norm.apply(normed);
        }
        other.resize(hidden.len(), 0.0);
        feed_forward(layer, normed, [&mut *other, inner, up], multiply, tell);
        add_times(hidden, other, spec.residual);
    }
    add_times(hidden, more, spec.residual);
}

/// W2 · act(W1·x + b1) + b2, or its gated form, into `out`: as many rows of D. `rooms` are `out` and two places for neurons.
pub(super) fn feed_forward(
    layer: &Layer,
    x: &[f32],
    rooms: [&mut Vec<f32>; 3],
    multiply: Multiply<'_>,
    tell: Tell<'_>,
) {
    let [out, inner, up] = rooms;
    let (Some(ff), Some(spec)) = (&layer.dense.ff, &layer.spec.feed_forward) else {
        return;
    };
    if let Some(mixture) = &ff.mixture {
        return mix(layer, mixture, spec, x, out, multiply, tell);
    }
    let rows = x.len() / ff.fc1.inputs().max(1);
    inner.resize(rows * ff.fc1.outputs(), 0.0);
    multiply(&ff.fc1, x, inner);
    if spec.gated {
        if !ff.b1.is_empty() {
            add(inner, &ff.b1);
        }
        gate(inner, up, spec);
        with_neurons(layer, spec, up, tell);
        multiply(&ff.fc2, up, out);
    } else {
        match (spec.activation, ff.b1.is_empty()) {
            (super::architecture::Activation::Relu, false) => add_relu(inner, &ff.b1),
            (activation, no_bias) => {
                if !no_bias {
                    add(inner, &ff.b1);
                }
                activate(inner, activation);
            }
        }
        with_neurons(layer, spec, inner, tell);
        multiply(&ff.fc2, inner, out);
    }
    if !ff.b2.is_empty() {
        add(out, &ff.b2);
    }
}

/// Ablates neurons of rows of all of them, and tells of the rest.
fn with_neurons(layer: &Layer, spec: &FeedForwardSpec, rows: &mut [f32], tell: Tell<'_>) {
    ablate(&layer.neurons_ablated, 0, spec.width, rows);
    if let Some(tell) = tell {
        tell(NeuronRows {
            width: spec.width,
            used: 1,
            activations: rows.to_vec(),
            chosen: Vec::new(),
        });
    }
}

/// Gated neurons, act(gate) · up, into `neurons`: of rows that hold I gates and then I ups.
fn gate(rows: &mut [f32], neurons: &mut Vec<f32>, spec: &FeedForwardSpec) {
    let width = spec.width;
    neurons.resize(rows.len() / 2, 0.0);
    for (row, neurons) in rows
        .chunks_exact_mut(2 * width)
        .zip(neurons.chunks_exact_mut(width))
    {
        let (gates, ups) = row.split_at_mut(width);
        // gpt-oss: (up + 1) · gate · σ(1.702 · gate), both clamped.
        if let Some(experts) = spec.experts {
            let limit = experts.limit;
            gates.iter_mut().for_each(|g| *g = g.min(limit));
            ups.iter_mut()
                .for_each(|u| *u = u.clamp(-limit, limit) + 1.0);
        }
        activate(gates, spec.activation);
        neurons.copy_from_slice(gates);
        scale_by(neurons, ups);
    }
}

/// The sum of the experts that the router chooses for each row, by their shares.
///
/// An expert goes over all rows that chose it at once, so that its weights are read once; what it gives is added row by row, in the
/// order in which the row chose: the sum is the same whichever rows are together.
fn mix(
    layer: &Layer,
    mixture: &Mixture,
    spec: &FeedForwardSpec,
    x: &[f32],
    out: &mut Vec<f32>,
    multiply: Multiply<'_>,
    tell: Tell<'_>,
) {
    let dim = mixture.router.inputs().max(1);
    out.resize(x.len(), 0.0);
    out.fill(0.0);
    let (count, used) = spec.experts.map_or((0, 0), |of| (of.count, of.used));
    let rows = x.len() / dim;
    let mut scores = vec![0.0; rows * count];
    multiply(&mixture.router, x, &mut scores);
    if !mixture.router_bias.is_empty() {
        add(&mut scores, &mixture.router_bias);
    }
    let chosen = scores
        .chunks_exact(count.max(1))
        .map(|row| choose(row, used));
    let chosen: Vec<(Vec<usize>, Vec<f32>)> = chosen.collect();
    // Of each expert, the rows that chose it, and as the how manieth.
    let mut of_expert = vec![Vec::new(); mixture.experts.len()];
    for (row, (experts, _)) in chosen.iter().enumerate() {
        for (rank, e) in experts.iter().enumerate() {
            if let Some(rows) = of_expert.get_mut(*e) {
                rows.push((row, rank));
            }
        }
    }
    let mut given = vec![0.0; rows * used * dim];
    let width = spec.width;
    let mut told = vec![0.0; tell.map_or(0, |_| rows * used * width)];
    let (mut read, mut inner, mut neurons, mut back) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, (expert, places)) in mixture.experts.iter().zip(&of_expert).enumerate() {
        if places.is_empty() {
            continue;
        }
        read.clear();
        for (row, _) in places {
            read.extend_from_slice(&x[row * dim..(row + 1) * dim]);
        }
        inner.resize(places.len() * expert.fc1.outputs(), 0.0);
        multiply(&expert.fc1, &read, &mut inner);
        if !expert.b1.is_empty() {
            add(&mut inner, &expert.b1);
        }
        gate(&mut inner, &mut neurons, spec);
        ablate(&layer.neurons_ablated, number * width, width, &mut neurons);
        if tell.is_some() {
            for ((row, rank), neurons) in places.iter().zip(neurons.chunks_exact(width)) {
                told[(row * used + rank) * width..][..width].copy_from_slice(neurons);
            }
        }
        back.resize(places.len() * dim, 0.0);
        multiply(&expert.fc2, &neurons, &mut back);
        if !expert.b2.is_empty() {
            add(&mut back, &expert.b2);
        }
        for ((row, rank), back) in places.iter().zip(back.chunks_exact(dim)) {
            given[(row * used + rank) * dim..][..dim].copy_from_slice(back);
        }
    }
    for (row, (out, (experts, shares))) in out.chunks_exact_mut(dim).zip(&chosen).enumerate() {
        for (rank, (e, share)) in experts.iter().zip(shares).enumerate() {
            if *e < mixture.experts.len() {
                add_times(out, &given[(row * used + rank) * dim..][..dim], *share);
            }
        }
    }
    if let Some(tell) = tell {
        let chosen = chosen.into_iter().flat_map(|(experts, shares)| {
            let experts = experts.into_iter().map(|expert| expert as u32);
            experts.zip(shares)
        });
        tell(NeuronRows {
            width,
            used,
            activations: told,
            chosen: chosen.collect(),
        });
    }
}

/// The `used` largest scores, the first of equals, with the softmax over them.
pub(super) fn choose(scores: &[f32], used: usize) -> (Vec<usize>, Vec<f32>) {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    order.truncate(used);
    let mut shares: Vec<f32> = order.iter().map(|e| scores[*e]).collect();
    let max = largest(&shares);
    let total = exp_sum(&mut shares, max, 1.0);
    shares.iter_mut().for_each(|share| *share /= total);
    (order, shares)
}

fn copy(from: &[f32], to: &mut Vec<f32>) {
    to.clear();
    to.extend_from_slice(from);
}
