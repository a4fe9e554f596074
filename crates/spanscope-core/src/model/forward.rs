//! A block of tokens through the layers.

use super::attention::{self, Scratch, Tile};
use super::band::{Context, Queries};
use super::cache::HeadCache;
use super::neurons::NeuronRows;
use super::observer::Observer;
use super::output;
use super::rope::Turns;
use super::sublayers::{self, Multiply};
use super::weights::{Layer, Network};
use super::{Cancel, ModelError};
use rayon::prelude::*;
use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

/// Fewer rows than this are not worth a thread of their own: the threads share the weights instead.
const FEW: usize = 24;

/// Most rows that one thread takes through a layer at a time: what it works on stays in the second-level cache.
const MOST: usize = 256;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The caches of a block: to be filled, or with all that it would put there.
pub(super) enum Caches<'a> {
    Empty(&'a mut [Vec<HeadCache>]),
    Filled(&'a [Vec<HeadCache>]),
}

/// Runs `ids` through the layers, the first at position `first` of a text of `length` tokens; fills the caches and gives the last
/// layer's output.
///
/// # Errors
/// On cancellation; the caches then hold numbers of some layers only.
pub(super) fn block(
    network: &Network,
    mut caches: Caches<'_>,
    first: usize,
    length: usize,
    ids: &[u32],
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Vec<f32>, ModelError> {
    let shape = Shape::of(network);
    let mut hidden = output::embed(network, first, ids);
    let turns = network.ropes.iter();
    let turns: Vec<Turns> = turns
        .map(|rope| Turns::new(rope, first, ids.len(), length))
        .collect();
    let turns = |layer: &Layer| layer.rope.and_then(|rope| turns.get(rope));
    let mut qkv = vec![0.0; ids.len() * shape.qkv];
    let mut read = vec![0.0; ids.len() * shape.read];
    if let Some(layer) = network.layers.first() {
        let parts = (&mut *hidden, &*read, &mut *qkv);
        by_rows(shape, parts, |row, hidden, _, qkv, multiply| {
            sublayers::project(layer, turns(layer), row, hidden, qkv, multiply);
        });
    }
    for (index, layer) in network.layers.iter().enumerate() {
        let caches: &[HeadCache] = match &mut caches {
            Caches::Empty(all) => {
                let caches = all.get_mut(index).map(Vec::as_mut_slice);
                let caches = caches.unwrap_or_default();
                keep(layer, caches, first, &qkv);
                caches
            }
            Caches::Filled(all) => all.get(index).map(Vec::as_slice).unwrap_or_default(),
        };
        if observer.wants_norms() {
            tell_value_norms(layer, index, first, &qkv, observer);
        }
        cancel.check()?;
        attend(
            network, layer, caches, index, first, &mut read, cancel, observer,
        )?;
        cancel.check()?;
        let next = network.layers.get(index + 1);
        let parts = (&mut *hidden, &*read, &mut *qkv);
        let wants_neurons = observer.wants_neurons(index);
        let told = Mutex::new(Vec::new());
        by_rows(shape, parts, |row, hidden, read, qkv, multiply| {
            let tell = |rows: NeuronRows| {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                told.push((first + row, rows));
            };
            let tell: sublayers::Tell<'_> = match wants_neurons {
                true => Some(&tell),
                false => None,
            };
            sublayers::sublayers(layer, hidden, read, multiply, tell);
            // What the next layer begins with depends on the same rows.
            if let Some(next) = next {
                sublayers::project(next, turns(next), row, hidden, qkv, multiply);
            }
        });
        let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        told.sort_by_key(|(first, _)| *first);
        for (first, rows) in &told {
            observer.neurons(index, *first, rows);
        }
        observer.hidden(index, first, &hidden);
    }
    Ok(hidden)
}

/// Numbers per row, the same in all layers.
#[derive(Clone, Copy)]
struct Shape {
    /// D.
    dim: usize,
    /// (H + 2·Hk)·d: queries, keys and values.
    qkv: usize,
    /// H·d: what the heads read.
    read: usize,
}

impl Shape {
    fn of(network: &Network) -> Self {
        let first = network.layers.first();
        let (qkv, read) = first.map_or((0, 0), |layer| {
            let of = &layer.spec.attention;
            (
                (of.heads + 2 * of.kv_heads) * of.head_dim,
                of.heads * of.head_dim,
            )
        });
        Self {
            dim: network.architecture.width,
            qkv,
            read,
        }
    }
}

/// Does `each` with the rows of a block, sharing the work among threads: each thread some rows of its own, or, where there are
/// few rows, all threads the weights. It is told the number of the first of its rows; the rows themselves are the hidden states,
/// what the heads read, and queries, keys and values.
fn by_rows(
    shape: Shape,
    (hidden, read, qkv): (&mut [f32], &[f32], &mut [f32]),
    each: impl Fn(usize, &mut [f32], &[f32], &mut [f32], Multiply<'_>) + Sync,
) {
    let rows = hidden.len() / shape.dim.max(1);
    if rows < FEW {
        return each(0, hidden, read, qkv, &|weight, x, out| {
            weight.multiply_wide(x, out);
        });
    }
    let threads = rayon::current_num_threads();
    let part = rows
        .div_ceil(rows.div_ceil(MOST).next_multiple_of(threads))
        .next_multiple_of(12)
        .min(MOST.next_multiple_of(12));
    hidden
        .par_chunks_mut(part * shape.dim)
        .zip(read.par_chunks(part * shape.read))
        .zip(qkv.par_chunks_mut(part * shape.qkv))
        .enumerate()
        .with_max_len(1)
        .for_each(|(i, ((hidden, read), qkv))| {
            each(i * part, hidden, read, qkv, &|weight, x, out| {
                weight.multiply(x, out);
            });
        });
}

/// Puts queries, keys and values of a block into the caches.
pub(super) fn keep(layer: &Layer, caches: &mut [HeadCache], first: usize, qkv: &[f32]) {
    let spec = &layer.spec.attention;
    let d = spec.head_dim;
    let width = (spec.heads + 2 * spec.kv_heads) * d;
    let group = (spec.heads / spec.kv_heads.max(1)).max(1);
    let put = |(head, cache): (usize, &mut HeadCache)| {
        let shared = spec.heads + head / group;
        for (i, row) in qkv.chunks_exact(width).enumerate() {
            let of = |at: usize| &row[at * d..][..d];
            // Keys and values lie with the first head of those that read them.
            match head % group {
                0 => cache.put(first + i, of(head), of(shared), of(shared + spec.kv_heads)),
                _ => cache.put_query(first + i, of(head)),
            }
        }
    };
    if qkv.len() < FEW * width {
        caches.iter_mut().enumerate().for_each(put);
    } else {
        caches.par_iter_mut().enumerate().for_each(put);
    }
}

/// Tells the norms of what each head would write of a block's tokens.
fn tell_value_norms(
    layer: &Layer,
    index: usize,
    first: usize,
    qkv: &[f32],
    observer: &dyn Observer,
) {
    let spec = &layer.spec.attention;
    let d = spec.head_dim;
    let group = (spec.heads / spec.kv_heads.max(1)).max(1);
    let factors = layer.dense.writes(d).par_iter().enumerate();
    factors.for_each(|(head, factor)| {
        let at = (spec.heads + spec.kv_heads + head / group) * d;
        let rows = qkv.chunks_exact((spec.heads + 2 * spec.kv_heads) * d);
        let norms = factor.norms(rows.map(|row| &row[at..at + d]));
        observer.value_norms(index, head, first, &norms);
    });
}

/// All heads of a layer over a block: the work is shared out by tiles.
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
    let d = layer.spec.attention.head_dim;
    let width = layer.heads.len() * d;
    let end = first + read.len() / width.max(1);
    let mut jobs: Vec<(usize, Queries)> = Queries::tiles(first, end)
        .flat_map(|queries| (0..layer.heads.len()).map(move |head| (head, queries)))
        .collect();
    // The longest first: none is left over for one thread at the end. A head's tiles lie together: its keys, values and persistent
    // vectors are then still near.
    jobs.sort_by_key(|(head, queries)| {
        let reach = layer.heads[*head].reach.min(queries.first + queries.count);
        (std::cmp::Reverse(reach), *head)
    });
    let one = |(head, queries)| -> Result<(usize, Tile), ModelError> {
        cancel.check()?;
        let cx = context(network, layer, caches, head);
        let wants = observer.wants(index, head);
        let mut tile = with_scratch(|scratch| attention::attend(&cx, queries, wants, scratch));
        observer.sums(index, head, &tile.sums);
        if observer.wants_norms() {
            let factor = &layer.dense.writes(d)[head];
            let rows = tile.read.chunks_exact(super::cache::value_width(d));
            let norms = factor.norms(rows.map(|row| &row[..d]));
            observer.output_norms(index, head, queries.first, &norms);
        }
        if let Some(weights) = tile.weights.take() {
            observer.head(index, head, &weights);
        }
        Ok((head, tile))
    };
    let jobs = jobs.into_par_iter().with_max_len(1);
    let tiles: Vec<(usize, Tile)> = jobs.map(one).collect::<Result<_, _>>()?;
    let padded = super::cache::value_width(d);
    for (head, tile) in tiles {
        for (i, row) in tile.read.chunks_exact(padded).enumerate() {
            let at = (tile.queries.first - first + i) * width + head * d;
            read[at..at + d].copy_from_slice(&row[..d]);
        }
    }
    Ok(())
}

/// The inputs of a head's computation.
pub(super) fn context<'a>(
    network: &'a Network,
    layer: &'a Layer,
    caches: &'a [HeadCache],
    head: usize,
) -> Context<'a> {
    Context {
        head: &layer.heads[head],
        cache: &caches[head],
        keys: &caches[layer.heads[head].keys],
        positions: &network.positions.packed,
        dim: layer.spec.attention.head_dim,
    }
}

/// Memory that the calling thread may use for tiles.
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take();
    let result = work(&mut scratch);
    SCRATCH.set(scratch);
    result
}
