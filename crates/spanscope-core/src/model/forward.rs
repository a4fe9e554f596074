//! A block of tokens through the layers.

use super::attention::{self, Scratch, Tile};
use super::band::{Context, Queries};
use super::cache::HeadCache;
use super::kernel::{Packed, add, add_norm, add_relu};
use super::observer::Observer;
use super::output;
use super::weights::{Dense, Layer, Network};
use super::{Cancel, ModelError};
use rayon::prelude::*;
use std::cell::RefCell;

/// Fewer rows than this are not worth a thread of their own: the threads share the weights instead.
const FEW: usize = 24;

/// Most rows that one thread takes through a layer at a time: what it works on stays in the second-level cache.
const MOST: usize = 256;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
    /// Between two matrix products of a layer.
    static ROWS: RefCell<[Vec<f32>; 2]> = RefCell::default();
}

/// Runs `ids` through the layers, the first at position `first`; fills the caches and gives the last layer's output.
///
/// # Errors
/// On cancellation; the caches then hold numbers of some layers only.
pub(super) fn block(
    network: &Network,
    caches: &mut [Vec<HeadCache>],
    first: usize,
    ids: &[u32],
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Vec<f32>, ModelError> {
    let dim = network.config().hidden_size;
    let mut hidden = output::embed(network, ids);
    let mut qkv = vec![0.0; ids.len() * 3 * dim];
    let mut read = vec![0.0; ids.len() * dim];
    for (index, layer) in network.layers.iter().enumerate() {
        if index == 0 {
            by_rows(
                dim,
                &mut hidden,
                &read,
                &mut qkv,
                |hidden, _, qkv, multiply| {
                    multiply(&layer.dense.qkv, hidden, qkv);
                },
            );
        }
        let caches = caches.get_mut(index).map(Vec::as_mut_slice);
        let caches = caches.unwrap_or_default();
        keep(network, caches, first, &qkv);
        cancel.check()?;
        attend(
            network, layer, caches, index, first, &mut read, cancel, observer,
        )?;
        cancel.check()?;
        let next = network.layers.get(index + 1);
        by_rows(
            dim,
            &mut hidden,
            &read,
            &mut qkv,
            |hidden, read, qkv, multiply| {
                sublayers(&layer.dense, hidden, read, multiply);
                // What the next layer begins with depends on the same rows.
                if let Some(next) = next {
                    multiply(&next.dense.qkv, hidden, qkv);
                }
            },
        );
        observer.hidden(index, first, &hidden);
    }
    Ok(hidden)
}

type Multiply<'a> = &'a (dyn Fn(&Packed, &[f32], &mut [f32]) + Sync);

/// Calls `each` with some rows of `hidden`, `read` and `qkv`, and the way to multiply them: many rows are shared out
/// among the threads, few go through together and the threads share the weights.
fn by_rows(
    dim: usize,
    hidden: &mut [f32],
    read: &[f32],
    qkv: &mut [f32],
    each: impl Fn(&mut [f32], &[f32], &mut [f32], Multiply<'_>) + Sync,
) {
    let rows = hidden.len() / dim;
    if rows < FEW {
        return each(hidden, read, qkv, &|weight, x, out| {
            weight.multiply_wide(x, out);
        });
    }
    let threads = rayon::current_num_threads();
    let part = rows
        .div_ceil(rows.div_ceil(MOST).next_multiple_of(threads))
        .next_multiple_of(12)
        .min(MOST.next_multiple_of(12));
    hidden
        .par_chunks_mut(part * dim)
        .zip(read.par_chunks(part * dim))
        .zip(qkv.par_chunks_mut(part * 3 * dim))
        .with_max_len(1)
        .for_each(|((hidden, read), qkv)| {
            each(hidden, read, qkv, &|weight, x, out| weight.multiply(x, out));
        });
}

/// h ← LayerNorm(h + W·read), then h ← LayerNorm(h + W2·relu(W1·h + b1) + b2) where there is such a sublayer.
fn sublayers(layer: &Dense, hidden: &mut [f32], read: &[f32], multiply: Multiply<'_>) {
    // Taken out rather than borrowed: a thread that waits for others may take up another piece of work.
    let [mut more, mut inner] = ROWS.take();
    more.resize(hidden.len(), 0.0);
    multiply(&layer.out, read, &mut more);
    add_norm(hidden, &more, &layer.norm.weight, &layer.norm.bias);
    if let Some(ff) = &layer.ff {
        let rows = hidden.len() / ff.fc1.inputs().max(1);
        inner.resize(rows * ff.fc1.outputs(), 0.0);
        multiply(&ff.fc1, hidden, &mut inner);
        add_relu(&mut inner, &ff.b1);
        multiply(&ff.fc2, &inner, &mut more);
        add(&mut more, &ff.b2);
        add_norm(hidden, &more, &ff.norm.weight, &ff.norm.bias);
    }
    ROWS.set([more, inner]);
}

/// Puts queries, keys and values (n × 3D) into the caches of a layer's heads.
pub(super) fn keep(network: &Network, caches: &mut [HeadCache], first: usize, qkv: &[f32]) {
    let (dim, d) = (network.config().hidden_size, network.config().head_dim());
    let put = |(head, cache): (usize, &mut HeadCache)| {
        for (i, row) in qkv.chunks_exact(3 * dim).enumerate() {
            let of = |part: usize| &row[part * dim + head * d..][..d];
            cache.put(first + i, of(0), of(1), of(2));
        }
    };
    if qkv.len() < FEW * 3 * dim {
        caches.iter_mut().enumerate().for_each(put);
    } else {
        caches.par_iter_mut().enumerate().for_each(put);
    }
}

/// What all heads of a layer read: n × D, head by head in each row.
#[allow(clippy::too_many_arguments)]
fn attend(
    network: &Network,
    layer: &Layer,
    caches: &[HeadCache],
    index: usize,
    first: usize,
    read: &mut [f32],
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<(), ModelError> {
    let (dim, d) = (network.config().hidden_size, network.config().head_dim());
    let end = first + read.len() / dim;
    let mut jobs: Vec<(usize, Queries)> = Queries::tiles(first, end)
        .flat_map(|queries| (0..layer.heads.len()).map(move |head| (head, queries)))
        .collect();
    // The longest first: none is left over for one thread at the end.
    jobs.sort_by_key(|(head, _)| std::cmp::Reverse(layer.heads[*head].reach));
    let one = |(head, queries)| -> Result<(usize, Tile), ModelError> {
        cancel.check()?;
        let cx = context(network, layer, caches, head);
        let wants = observer.wants(index, head);
        let mut tile = with_scratch(|scratch| attention::attend(&cx, queries, wants, scratch));
        observer.sums(index, head, &tile.sums);
        if let Some(weights) = tile.weights.take() {
            observer.head(index, head, &weights);
        }
        Ok((head, tile))
    };
    let jobs = jobs.into_par_iter().with_max_len(1);
    let tiles: Vec<(usize, Tile)> = jobs.map(one).collect::<Result<_, _>>()?;
    let width = super::cache::value_width(d);
    for (head, tile) in tiles {
        for (i, row) in tile.read.chunks_exact(width).enumerate() {
            let at = (tile.queries.first - first + i) * dim + head * d;
            read[at..at + d].copy_from_slice(&row[..d]);
        }
    }
    Ok(())
}

pub(super) fn context<'a>(
    network: &'a Network,
    layer: &'a Layer,
    caches: &'a [HeadCache],
    head: usize,
) -> Context<'a> {
    Context {
        head: &layer.heads[head],
        cache: &caches[head],
        positions: &network.positions.packed,
        dim: network.config().head_dim(),
    }
}

/// Memory that the calling thread may use for tiles.
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take();
    let result = work(&mut scratch);
    SCRATCH.set(scratch);
    result
}
