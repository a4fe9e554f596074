//! How few keys, and how short a distance, hold most of a row's weight. Added up with the vectors that the processor has, in an order
//! that depends on the numbers of weights only.
//!
//! Closures say that they are always inlined: one that is not is compiled without the vectors, and calls a function for each operation.

use crate::lanes::{LANES, by_lanes, fold, total};
use pulp::{Simd, WithSimd};

/// The sums of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Σ a.
    pub sum: f64,
    /// Σ a².
    pub squares: f64,
    /// The largest a.
    pub largest: f32,
}

/// Numbers whose sums are taken in 32 bits before they are added in 64.
const PART: usize = 512;

/// Bounds whose sums are taken in one pass over a row.
const BOUNDS: usize = 4;

/// Calls `add` with every vector of `weights`, the last filled up with zeros, and with which of `V` sums it belongs to.
#[inline(always)]
fn each_vector<S: Simd, const V: usize>(
    simd: S,
    weights: &[f32],
    mut add: impl FnMut(usize, S::f32s),
) {
    let (vectors, rest) = S::as_simd_f32s(weights);
    let (whole, some) = vectors.as_chunks::<V>();
    for vectors in whole {
        for (v, vector) in vectors.iter().enumerate() {
            add(v, *vector);
        }
    }
    for (v, vector) in some.iter().enumerate() {
        add(v, *vector);
    }
    if !rest.is_empty() {
        add(vectors.len() % V, simd.partial_load_f32s(rest));
    }
}

impl Totals {
    /// Of these weights.
    #[inline(always)]
    pub fn of<S: Simd>(simd: S, weights: &[f32]) -> Self {
        by_lanes!(totals::<S>(simd, weights))
    }
}

#[inline(always)]
fn totals<S: Simd, const V: usize>(simd: S, weights: &[f32]) -> Totals {
    let mut all = Totals::default();
    for part in weights.chunks(PART) {
        let [mut sums, mut squares, mut most] = [[simd.splat_f32s(0.0); V]; 3];
        each_vector::<S, V>(
            simd,
            part,
            #[inline(always)]
            |v, weights| {
                sums[v] = simd.add_f32s(sums[v], weights);
                squares[v] = simd.add_f32s(squares[v], simd.mul_f32s(weights, weights));
                most[v] = simd.max_f32s(most[v], weights);
            },
        );
        all.sum += f64::from(total(simd, sums));
        all.squares += f64::from(total(simd, squares));
        let most = fold::<S, V>(
            most,
            #[inline(always)]
            |a, b| simd.max_f32s(a, b),
        );
        all.largest = all.largest.max(simd.reduce_max_f32s(most));
    }
    all
}

/// The sums of all weights from each bound on.
#[inline(always)]
fn sums_from<S: Simd, const V: usize>(
    simd: S,
    weights: &[f32],
    bounds: [f32; BOUNDS],
) -> [f64; BOUNDS] {
    let zero = simd.splat_f32s(0.0);
    let bounds: [S::f32s; BOUNDS] = std::array::from_fn(|i| simd.splat_f32s(bounds[i]));
    let mut all = [0.0_f64; BOUNDS];
    for part in weights.chunks(PART) {
        let mut sums = [[zero; V]; BOUNDS];
        each_vector::<S, V>(
            simd,
            part,
            #[inline(always)]
            |v, weights| {
                for i in 0..BOUNDS {
                    let counts = simd.greater_than_or_equal_f32s(weights, bounds[i]);
                    let weights = simd.select_f32s(counts, weights, zero);
                    sums[i][v] = simd.add_f32s(sums[i][v], weights);
                }
            },
        );
        for i in 0..BOUNDS {
            all[i] += f64::from(total(simd, sums[i]));
        }
    }
    all
}

/// How many weights are at least `bound`.
#[inline(always)]
fn count_from<S: Simd, const V: usize>(simd: S, weights: &[f32], bound: f32) -> usize {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let bound = simd.splat_f32s(bound);
    let mut all = 0;
    for part in weights.chunks(PART) {
        let mut counts = [zero; V];
        each_vector::<S, V>(
            simd,
            part,
            #[inline(always)]
            |v, weights| {
                let counted = simd.greater_than_or_equal_f32s(weights, bound);
                let counted = simd.select_f32s(counted, one, zero);
                counts[v] = simd.add_f32s(counts[v], counted);
            },
        );
        all += total(simd, counts) as usize;
    }
    all
}

/// The fewest weights that hold `share` of all, 0 where there is no weight.
///
/// The least of them is closed in on by its bits, which are in the order of the numbers and near their logarithms: those from a bound
/// on are added up without a look at single ones. It is near enough when as many of its size are needed as of the bounds' sizes.
#[inline(always)]
pub fn minimum_budget<S: Simd>(simd: S, weights: &[f32], totals: &Totals, share: f64) -> usize {
    by_lanes!(budget::<S>(simd, weights, totals, share))
}

#[inline(always)]
fn budget<S: Simd, const V: usize>(simd: S, weights: &[f32], totals: &Totals, share: f64) -> usize {
    if !(totals.sum > 0.0 && totals.sum.is_finite()) {
        return 0;
    }
    let wanted = share * totals.sum;
    // All that are smaller hold less than the rest of the share together, so that none of them is needed.
    let least = ((1.0 - share) * totals.sum / weights.len() as f64) as f32 * 0.999;
    // Those from `end` on hold less than is wanted, those from `start` on no less.
    let mut start = least.max(f32::MIN_POSITIVE).to_bits();
    let mut end = totals.largest.to_bits().max(start) + 1;
    let mut held = 0.0;
    loop {
        let needed = wanted - held;
        let [fewest, most] = [end, start].map(|bits| needed / f64::from(f32::from_bits(bits)));
        let (fewest, most) = (fewest.ceil(), most.ceil());
        if fewest >= most || end - start <= 1 {
            let above = count_from::<S, V>(simd, weights, f32::from_bits(end));
            return (above + most as usize).min(weights.len());
        }
        let step = ((end - start) / (BOUNDS as u32 + 1)).max(1);
        let bounds: [u32; BOUNDS] =
            std::array::from_fn(|i| (start + step * (i as u32 + 1)).min(end));
        let sums = sums_from::<S, V>(simd, weights, bounds.map(f32::from_bits));
        // The sums fall from bound to bound.
        let enough = sums.iter().take_while(|sum| **sum >= wanted).count();
        if enough < BOUNDS {
            (end, held) = (bounds[enough], sums[enough]);
        }
        if enough > 0 {
            start = bounds[enough - 1];
        }
    }
}

/// The first column up to which the columns hold `share` of a row's weight; `None` where it has none.
#[inline(always)]
pub fn row_span<S: Simd>(simd: S, weights: &[f32], totals: &Totals, share: f64) -> Option<usize> {
    by_lanes!(span::<S>(simd, weights, totals, share))
}

/// The sum of a few weights.
#[inline(always)]
fn sum<S: Simd, const V: usize>(simd: S, weights: &[f32]) -> f64 {
    let mut sums = [simd.splat_f32s(0.0); V];
    each_vector::<S, V>(
        simd,
        weights,
        #[inline(always)]
        |v, weights| sums[v] = simd.add_f32s(sums[v], weights),
    );
    f64::from(total(simd, sums))
}

#[inline(always)]
fn span<S: Simd, const V: usize>(
    simd: S,
    weights: &[f32],
    totals: &Totals,
    share: f64,
) -> Option<usize> {
    if !(totals.sum > 0.0 && totals.sum.is_finite()) {
        return None;
    }
    let (wanted, mut held, mut column) = (share * totals.sum, 0.0, 0);
    for block in weights.chunks(8 * LANES) {
        let more = sum::<S, V>(simd, block);
        if held + more < wanted {
            (held, column) = (held + more, column + block.len());
            continue;
        }
        for part in block.chunks(LANES) {
            let more = sum::<S, V>(simd, part);
            if held + more < wanted {
                (held, column) = (held + more, column + part.len());
                continue;
            }
            for weight in part {
                held += f64::from(*weight);
                if held >= wanted {
                    return Some(column);
                }
                column += 1;
            }
        }
    }
    // Roundings left a trace missing.
    weights.len().checked_sub(1)
}

/// Adds to `sums` the products of `weights` and `norms`, divided by the sum of all products.
pub struct AddShares<'a> {
    pub sums: &'a mut [f32],
    pub weights: &'a [f32],
    pub norms: &'a [f32],
}

impl WithSimd for AddShares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        by_lanes!(add_shares::<S>(simd, self))
    }
}

/// sum + weight · norm · factor.
#[inline(always)]
fn add_share<S: Simd>(simd: S, sum: S::f32s, [weight, norm, factor]: [S::f32s; 3]) -> S::f32s {
    simd.add_f32s(sum, simd.mul_f32s(simd.mul_f32s(weight, norm), factor))
}

#[inline(always)]
fn add_shares<S: Simd, const V: usize>(simd: S, of: AddShares<'_>) {
    let count = of.weights.len().min(of.norms.len()).min(of.sums.len());
    let (weights, weights_rest) = S::as_simd_f32s(&of.weights[..count]);
    let (norms, norms_rest) = S::as_simd_f32s(&of.norms[..count]);
    let (sums, sums_rest) = S::as_mut_simd_f32s(&mut of.sums[..count]);
    let (last_weights, last_norms) = (
        simd.partial_load_f32s(weights_rest),
        simd.partial_load_f32s(norms_rest),
    );
    let mut products = [simd.splat_f32s(0.0); V];
    for (weights, norms) in weights.chunks(V).zip(norms.chunks(V)) {
        for (product, (weight, norm)) in products.iter_mut().zip(weights.iter().zip(norms)) {
            *product = simd.add_f32s(*product, simd.mul_f32s(*weight, *norm));
        }
    }
    let last = &mut products[weights.len() % V];
    *last = simd.add_f32s(*last, simd.mul_f32s(last_weights, last_norms));
    let all = total(simd, products);
    if all > 0.0 && all.is_finite() {
        let factor = simd.splat_f32s(1.0 / all);
        for (sum, (weight, norm)) in sums.iter_mut().zip(weights.iter().zip(norms)) {
            *sum = add_share(simd, *sum, [*weight, *norm, factor]);
        }
        let last = simd.partial_load_f32s(sums_rest);
        let last = add_share(simd, last, [last_weights, last_norms, factor]);
        simd.partial_store_f32s(sums_rest, last);
    }
}
