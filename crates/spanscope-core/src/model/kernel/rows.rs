//! Operations on rows: exponentials and sums of a softmax, norms, activations.
//!
//! A sum is taken in a fixed order, the same whatever the vectors of the machine: it depends on the numbers alone.

use crate::lanes::{self, LANES, by_lanes};
use pulp::{Arch, Simd, WithSimd};

/// Units whose sums are kept side by side, so that one does not wait for the other.
const SUMS: usize = 4;

/// The sums of [`SUMS`] units of [`LANES`] numbers, `V` vectors each.
pub(super) type Sums<F, const V: usize> = [[F; V]; SUMS];

/// a · b + c, rounded after each of the two. In one step it would be one instruction, but not on every machine: outside matrix products,
/// whose time it is, all machines and a page in a browser give the same bits.
#[inline(always)]
pub(super) fn times_plus<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    simd.add_f32s(simd.mul_f32s(a, b), c)
}

/// 2^((x − max) · scale), no less than 2^−100 (smaller numbers would make what is computed with them slow), by splitting the exponent
/// into an integer and a rest in [−½, ½]: relative error of the power below 1.1e-7. Not-a-number stays so.
#[inline(always)]
pub(super) fn exp2<S: Simd>(simd: S, x: S::f32s, max: S::f32s, scale: S::f32s) -> S::f32s {
    // Adding this rounds to an integer and leaves it in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    // Of all polynomials of degree 6 that are 1 at 0, the one with the least relative error (4e-9); its highest power is the first.
    const SERIES: [f32; 6] = [
        1.341_000_1e-3,
        9.618_031e-3,
        5.550_297_3e-2,
        2.402_265e-1,
        6.931_472_4e-1,
        1.0,
    ];
    let x = simd.mul_f32s(simd.sub_f32s(x, max), scale);
    // In this order the result is x where x is not a number.
    let x = simd.max_f32s(simd.splat_f32s(-100.0), x);
    let x = simd.min_f32s(simd.splat_f32s(127.0), x);
    let round = simd.splat_f32s(ROUND);
    let shifted = simd.add_f32s(x, round);
    let rest = simd.sub_f32s(x, simd.sub_f32s(shifted, round));
    let mut p = simd.splat_f32s(1.546_973_2e-4);
    for coefficient in SERIES {
        p = times_plus(simd, p, rest, simd.splat_f32s(coefficient));
    }
    // The exponent of a float stands 23 bits up, 127 too large.
    let integer = simd.transmute_u32s_f32s(shifted);
    let offset = simd.splat_u32s(127_u32.wrapping_sub(ROUND.to_bits()));
    let exponent = simd.add_u32s(integer, offset);
    let power = simd.wrapping_dyn_shl_u32s(exponent, simd.splat_u32s(23));
    simd.mul_f32s(p, simd.transmute_f32s_u32s(power))
}

/// The sum of all sums.
#[inline(always)]
pub(super) fn total<S: Simd, const V: usize>(simd: S, sums: Sums<S::f32s, V>) -> f32 {
    let [a, b, c, d] = sums;
    lanes::total(
        simd,
        std::array::from_fn::<_, V, _>(|v| {
            simd.add_f32s(simd.add_f32s(a[v], b[v]), simd.add_f32s(c[v], d[v]))
        }),
    )
}

/// The largest of `values`, or −∞; what is not a number is passed over.
pub fn largest(values: &[f32]) -> f32 {
    struct Largest<'a>(&'a [f32]);
    impl WithSimd for Largest<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (vectors, rest) = S::as_simd_f32s(self.0);
            let mut most = [simd.splat_f32s(f32::NEG_INFINITY); SUMS];
            let mut groups = vectors.chunks_exact(SUMS);
            for group in &mut groups {
                for (most, vector) in most.iter_mut().zip(group) {
                    // In this order what is not a number leaves what was there.
                    *most = simd.max_f32s(*vector, *most);
                }
            }
            for (most, vector) in most.iter_mut().zip(groups.remainder()) {
                *most = simd.max_f32s(*vector, *most);
            }
            let [a, b, c, d] = most;
            let most = simd.max_f32s(simd.max_f32s(a, b), simd.max_f32s(c, d));
            rest.iter()
                .copied()
                .fold(simd.reduce_max_f32s(most), f32::max)
        }
    }
    Arch::new().dispatch(Largest(values))
}

/// values ← exp((values − max) · scale); returns their sum.
pub fn exp_sum(values: &mut [f32], max: f32, scale: f32) -> f32 {
    Arch::new().dispatch(ExpSum(values, max, scale))
}

struct ExpSum<'a>(&'a mut [f32], f32, f32);

impl WithSimd for ExpSum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        by_lanes!(exp_sum_of::<S>(simd, self.0, self.1, self.2))
    }
}

#[inline(always)]
fn exp_sum_of<S: Simd, const V: usize>(simd: S, values: &mut [f32], max: f32, scale: f32) -> f32 {
    let max = simd.splat_f32s(max);
    let scale = simd.splat_f32s(scale * std::f32::consts::LOG2_E);
    let (units, rest) = values.as_chunks_mut::<LANES>();
    let mut sums = [[simd.splat_f32s(0.0); V]; SUMS];
    let mut groups = units.chunks_exact_mut(SUMS);
    for group in &mut groups {
        for (sums, unit) in sums.iter_mut().zip(group) {
            let vectors = S::as_mut_simd_f32s(unit).0;
            for (sum, vector) in sums.iter_mut().zip(vectors) {
                *vector = exp2(simd, *vector, max, scale);
                *sum = simd.add_f32s(*sum, *vector);
            }
        }
    }
    for (sums, unit) in sums.iter_mut().zip(groups.into_remainder()) {
        let vectors = S::as_mut_simd_f32s(unit).0;
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *vector = exp2(simd, *vector, max, scale);
            *sum = simd.add_f32s(*sum, *vector);
        }
    }
    for (sum, part) in sums[0].iter_mut().zip(rest.chunks_mut(S::F32_LANES)) {
        let values = exp2(simd, simd.partial_load_f32s(part), max, scale);
        simd.partial_store_f32s(part, values);
        // Read again: the lanes that are not there are zero.
        *sum = simd.add_f32s(*sum, simd.partial_load_f32s(part));
    }
    total(simd, sums)
}

#[inline(always)]
fn add_power<S: Simd, const POWER: usize>(
    simd: S,
    sum: S::f32s,
    x: S::f32s,
    mean: S::f32s,
) -> S::f32s {
    match POWER {
        1 => simd.add_f32s(sum, x),
        _ => {
            let x = simd.sub_f32s(x, mean);
            times_plus(simd, x, x, sum)
        }
    }
}

/// Σ (value − mean)^POWER, for a power of 1 or 2.
struct Powers<'a, const POWER: usize>(&'a [f32], f32);

impl<const POWER: usize> WithSimd for Powers<'_, POWER> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        by_lanes!(powers::<S, POWER>(simd, self.0, self.1))
    }
}

#[inline(always)]
fn powers<S: Simd, const V: usize, const POWER: usize>(simd: S, values: &[f32], mean: f32) -> f32 {
    let centre = simd.splat_f32s(mean);
    let (units, rest) = values.as_chunks::<LANES>();
    let mut sums = [[simd.splat_f32s(0.0); V]; SUMS];
    let mut groups = units.chunks_exact(SUMS);
    for group in &mut groups {
        for (sums, unit) in sums.iter_mut().zip(group) {
            for (sum, vector) in sums.iter_mut().zip(S::as_simd_f32s(unit).0) {
                *sum = add_power::<S, POWER>(simd, *sum, *vector, centre);
            }
        }
    }
    for (sums, unit) in sums.iter_mut().zip(groups.remainder()) {
        for (sum, vector) in sums.iter_mut().zip(S::as_simd_f32s(unit).0) {
            *sum = add_power::<S, POWER>(simd, *sum, *vector, centre);
        }
    }
    let rest: f32 = match POWER {
        1 => rest.iter().sum(),
        _ => rest.iter().map(|x| (x - mean) * (x - mean)).sum(),
    };
    total(simd, sums) + rest
}

/// The sum of `values`.
pub(in crate::model) fn sum(values: &[f32]) -> f32 {
    Arch::new().dispatch(Powers::<1>(values, 0.0))
}

/// The operation on a number of a row and those in its place in two other rows.
trait ByNumber: Copy {
    fn apply<S: Simd>(self, simd: S, out: S::f32s, a: S::f32s, b: S::f32s) -> S::f32s;
}

/// out ← F(out, a, b) number by number, all of one length.
struct Rows<'a, F>(F, &'a mut [f32], &'a [f32], &'a [f32]);

impl<F: ByNumber> WithSimd for Rows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (out, rest) = S::as_mut_simd_f32s(self.1);
        let ((a, rest_a), (b, rest_b)) = (S::as_simd_f32s(self.2), S::as_simd_f32s(self.3));
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = self.0.apply(simd, *out, *a, *b);
        }
        if !rest.is_empty() {
            let (a, b) = (
                simd.partial_load_f32s(rest_a),
                simd.partial_load_f32s(rest_b),
            );
            let out = self.0.apply(simd, simd.partial_load_f32s(rest), a, b);
            simd.partial_store_f32s(rest, out);
        }
    }
}

macro_rules! by_number {
    ($name:ident { $($field:ident),* }, |$simd:ident, $out:ident, $a:ident, $b:ident| $body:expr) => {
        #[derive(Clone, Copy)]
        struct $name { $($field: f32),* }
        impl ByNumber for $name {
            #[inline(always)]
            fn apply<S: Simd>(self, $simd: S, $out: S::f32s, $a: S::f32s, $b: S::f32s) -> S::f32s {
                let Self { $($field),* } = self;
                $body
            }
        }
    };
}

by_number!(Add {}, |simd, out, a, _b| simd.add_f32s(out, a));
by_number!(Scale {}, |simd, out, a, _b| simd.mul_f32s(out, a));
// In this order what is not a number stays so.
by_number!(AddRelu {}, |simd, out, a, _b| simd
    .max_f32s(simd.splat_f32s(0.0), simd.add_f32s(out, a)));
by_number!(RootMeanSquare { scale }, |simd, out, a, _b| simd
    .mul_f32s(simd.mul_f32s(out, simd.splat_f32s(scale)), a));
by_number!(AddTimes { factor }, |simd, out, a, _b| times_plus(
    simd,
    a,
    simd.splat_f32s(factor),
    out
));
by_number!(Normalise { mean, scale }, |simd, out, a, b| {
    let centred = simd.sub_f32s(out, simd.splat_f32s(mean));
    times_plus(simd, simd.mul_f32s(centred, simd.splat_f32s(scale)), a, b)
});

/// values ← values · factors, one by one.
pub(in crate::model) fn scale_by(values: &mut [f32], factors: &[f32]) {
    Arch::new().dispatch(Rows(Scale {}, values, factors, factors));
}

/// out ← values from the last to the first, times `factor`; both of one length.
pub(in crate::model) fn reversed(out: &mut [f32], values: &[f32], factor: f32) {
    struct Reversed<'a>(&'a mut [f32], &'a [f32], f32);
    impl WithSimd for Reversed<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            for (out, value) in self.0.iter_mut().zip(self.1.iter().rev()) {
                *out = value * self.2;
            }
        }
    }
    Arch::new().dispatch(Reversed(out, values, factor));
}

/// Every row of `rows` ← row + more.
pub(in crate::model) fn add(rows: &mut [f32], more: &[f32]) {
    for row in rows.chunks_exact_mut(more.len().max(1)) {
        Arch::new().dispatch(Rows(Add {}, row, more, more));
    }
}

/// Every row of `rows` ← max(row + bias, 0).
pub(in crate::model) fn add_relu(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len().max(1)) {
        Arch::new().dispatch(Rows(AddRelu {}, row, bias, bias));
    }
}

/// Every row of `hidden` ← LayerNorm(hidden + more) · weight + bias, with ε = 1e-5; a row is as long as `weight`.
pub(in crate::model) fn add_norm(hidden: &mut [f32], more: &[f32], weight: &[f32], bias: &[f32]) {
    let width = weight.len().max(1);
    let arch = Arch::new();
    for (row, more) in hidden.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
        arch.dispatch(Rows(Add {}, row, more, more));
        let mean = sum(row) / width as f32;
        let variance = arch.dispatch(Powers::<2>(row, mean)) / width as f32;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        arch.dispatch(Rows(Normalise { mean, scale }, row, weight, bias));
    }
}

/// Every row of `rows` ← LayerNorm(row) · weight + bias, with this ε; a row is as long as `weight`.
pub(in crate::model) fn norm_rows(rows: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len().max(1);
    let arch = Arch::new();
    for row in rows.chunks_exact_mut(width) {
        let mean = sum(row) / width as f32;
        let variance = arch.dispatch(Powers::<2>(row, mean)) / width as f32;
        let scale = 1.0 / (variance + eps).sqrt();
        arch.dispatch(Rows(Normalise { mean, scale }, row, weight, bias));
    }
}

/// Every row of `rows` ← row / √(mean of its squares + ε) · weight; a row is as long as `weight`.
pub(in crate::model) fn rms_rows(rows: &mut [f32], weight: &[f32], eps: f32) {
    let width = weight.len().max(1);
    let arch = Arch::new();
    for row in rows.chunks_exact_mut(width) {
        let square = arch.dispatch(Powers::<2>(row, 0.0)) / width as f32;
        let scale = 1.0 / (square + eps).sqrt();
        arch.dispatch(Rows(RootMeanSquare { scale }, row, weight, weight));
    }
}

/// Every row of `rows` ← row + factor · more, both as long.
pub(in crate::model) fn add_times(rows: &mut [f32], more: &[f32], factor: f32) {
    Arch::new().dispatch(Rows(AddTimes { factor }, rows, more, more));
}

/// Every row of `width` numbers ← row − log Σ exp row.
pub(in crate::model) fn log_softmax(values: &mut [f32], width: usize) {
    let mut scratch = vec![0.0; width];
    for row in values.chunks_exact_mut(width.max(1)) {
        let max = largest(row);
        scratch.copy_from_slice(row);
        let log_sum = libm::logf(exp_sum(&mut scratch, max, 1.0));
        // One after the other: the largest, which may be nearly sure, keeps its digits.
        row.iter_mut().for_each(|x| *x = *x - max - log_sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_as_exact_as_the_format() {
        let power = |x: f32| {
            let mut values = [x; 37];
            exp_sum(&mut values, 0.0, std::f32::consts::LN_2);
            // Whole vectors and the rest alike.
            assert_eq!(values[0].to_bits(), values[36].to_bits());
            values[0]
        };
        for i in 0..20_000 {
            let x = -100.0 + i as f32 * 0.005;
            let (got, exact) = (f64::from(power(x)), f64::from(x).exp2());
            // ln 2 · log2 e is not quite 1: the argument is rounded by up to 6e-8 of itself.
            let bound = 1.7e-7 + 1.5e-7 * f64::from(x.abs());
            assert!((got / exact - 1.0).abs() < bound, "{x}: {got} {exact}");
        }
        assert!(power(-1000.0) < 1e-30 && power(f32::NEG_INFINITY) < 1e-30);
        assert_eq!(power(0.0), 1.0);
        // Plain code, as the last resort, passes over what is not a number.
        assert!(cfg!(not(target_arch = "x86_64")) || power(f32::NAN).is_nan());
    }

    #[test]
    fn every_instruction_set_has_the_same_exponential() {
        // Its values beside those of a C library.
        let values: Vec<f32> = (0..77).map(|i| i as f32 * -0.31).collect();
        let check = |sum: f32, got: &[f32]| {
            let expected: Vec<f32> = values.iter().map(|v| (v * 0.5).exp()).collect();
            assert!((sum - expected.iter().sum::<f32>()).abs() < 1e-4);
            for (got, expected) in got.iter().zip(&expected) {
                assert!((got - expected).abs() < 1e-6, "{got} {expected}");
            }
        };
        let mut got = values.clone();
        let sum = Simd::vectorize(pulp::Scalar, ExpSum(&mut got, 0.0, 0.5));
        check(sum, &got);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            let mut got = values.clone();
            let sum = Simd::vectorize(avx2, ExpSum(&mut got, 0.0, 0.5));
            check(sum, &got);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vectors_of_any_width_give_the_same_sums_bit_for_bit() {
        /// Exponentials and their sum, the sum, and that of squares.
        fn all_of<S: Simd>(simd: S, values: &[f32]) -> Vec<u32> {
            let mut exps = values.to_vec();
            let exp_sum = Simd::vectorize(simd, ExpSum(&mut exps, 1.0, 0.7));
            let sum = Simd::vectorize(simd, Powers::<1>(values, 0.0));
            let squares = Simd::vectorize(simd, Powers::<2>(values, 0.4));
            let all = exps.into_iter().chain([exp_sum, sum, squares]);
            all.map(f32::to_bits).collect()
        }
        let Some(v3) = pulp::x86::V3::try_new() else {
            return;
        };
        for n in [0_usize, 1, 5, 8, 15, 16, 17, 40, 63, 64, 65, 100, 131, 1000] {
            let values: Vec<f32> = (0..n)
                .map(|i| ((i * 7919 + 13) % 1009) as f32 / 504.5 - 1.0)
                .collect();
            let expected = all_of(v3, &values);
            // Without vectors there is no fused multiply-add either, nor is there in a page in a browser.
            assert_eq!(all_of(pulp::Scalar, &values), expected, "{n}");
            assert_eq!(all_of(pulp::x86::V3_128b(v3), &values), expected, "{n}");
            assert_eq!(all_of(pulp::x86::V3_512b(v3), &values), expected, "{n}");
            if let Some(v4) = pulp::x86::V4::try_new() {
                assert_eq!(all_of(v4, &values), expected, "{n}");
            }
        }
    }

    #[test]
    fn sums_and_maxima_of_any_length_are_right() {
        for n in [0, 1, 31, 32, 33, 100, 1000] {
            let values: Vec<f32> = (0..n).map(|i| ((i * 37) % 101) as f32 / 101.0).collect();
            let exact: f64 = values.iter().map(|v| f64::from(*v)).sum();
            assert!((f64::from(sum(&values)) - exact).abs() < 1e-4);
            let max = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(largest(&values), max);
            let mut exps = values.clone();
            let total = exp_sum(&mut exps, max, 0.5);
            for (e, v) in exps.iter().zip(&values) {
                assert!((e - ((v - max) * 0.5).exp()).abs() < 1e-6);
            }
            assert!((total - exps.iter().sum::<f32>()).abs() < 1e-3);
        }
        assert_eq!(largest(&[f32::NAN, 2.0]), 2.0);
    }

    #[test]
    fn a_norm_has_mean_zero_and_variance_one() {
        let mut row: Vec<f32> = (0..70).map(|i| i as f32 * 0.5).collect();
        add_norm(&mut row, &[1.0; 70], &[2.0; 70], &[3.0; 70]);
        let mean = row.iter().sum::<f32>() / 70.0;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 70.0;
        assert!(
            (mean - 3.0).abs() < 1e-4 && (variance - 4.0).abs() < 1e-3,
            "{mean} {variance}"
        );
    }

    #[test]
    fn activations_and_log_softmax_follow_their_definitions() {
        let mut rows = [1.0, -2.0, 0.5, -0.1];
        add_relu(&mut rows, &[0.5, 1.0]);
        assert_eq!(rows, [1.5, 0.0, 1.0, 0.9]);
        let mut values = [0.0, 0.0, 1.0, f32::NEG_INFINITY];
        log_softmax(&mut values, 2);
        assert!((values[0] + std::f32::consts::LN_2).abs() < 1e-6 && values[2].abs() < 1e-6);
        // −ln(1 + e^−10), of logits whose own last digit is 4e-6.
        let mut sure = [40.0, 30.0];
        log_softmax(&mut sure, 2);
        assert!((sure[0] + 4.539_889_9e-5).abs() < 1.2e-7, "{}", sure[0]);
        assert!((sure[1] + 10.000_045).abs() < 1e-6, "{}", sure[1]);
    }
}
