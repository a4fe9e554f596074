//! The entropy of weights.

use super::rows::{Sums, total};
use crate::lanes::{LANES, by_lanes};
use pulp::{Arch, Simd, WithSimd};

/// log2 x of what is not below zero, by splitting x into 2^e · m with m in [√½, √2): absolute error below 2e-7 · (1 +
/// |log2 x|). Zero gives a finite number, so that 0 · log2 0 is 0.
#[inline(always)]
fn log2<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    const ROOT_HALF: u32 = 0x3f35_04f3;
    const ONE: u32 = 0x3f80_0000;
    const MANTISSA: u32 = 0x007f_ffff;
    // 2^23: an integer in the lowest bits of its mantissa is added to it.
    const INTEGER: u32 = 0x4b00_0000;
    // (ln(1 + f) − f + f²/2) / f³, highest power first (Cephes' logf).
    const SERIES: [f32; 8] = [
        -0.115_146_1,
        0.116_769_99,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_58,
        0.200_007_15,
        -0.249_999_94,
        0.333_333_3,
    ];
    let bits = simd.add_u32s(
        simd.transmute_u32s_f32s(x),
        simd.splat_u32s(ONE - ROOT_HALF),
    );
    let exponent = simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(23));
    let exponent = simd.transmute_f32s_u32s(simd.or_u32s(exponent, simd.splat_u32s(INTEGER)));
    let exponent = simd.sub_f32s(exponent, simd.splat_f32s(8_388_608.0 + 127.0));
    let mantissa = simd.and_u32s(bits, simd.splat_u32s(MANTISSA));
    let mantissa = simd.add_u32s(mantissa, simd.splat_u32s(ROOT_HALF));
    let f = simd.sub_f32s(simd.transmute_f32s_u32s(mantissa), simd.splat_f32s(1.0));
    let mut p = simd.splat_f32s(0.070_376_836);
    for coefficient in SERIES {
        p = simd.mul_add_e_f32s(p, f, simd.splat_f32s(coefficient));
    }
    // f + f² · (f · p − ½).
    let square = simd.mul_f32s(f, f);
    let rest = simd.mul_add_e_f32s(p, f, simd.splat_f32s(-0.5));
    let ln = simd.mul_add_e_f32s(square, rest, f);
    simd.mul_add_e_f32s(ln, simd.splat_f32s(std::f32::consts::LOG2_E), exponent)
}

/// −Σ value · log2 value; nothing is below zero.
pub(in crate::model) fn entropy(values: &[f32]) -> f32 {
    struct Entropy<'a>(&'a [f32]);
    impl WithSimd for Entropy<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            by_lanes!(entropy_of::<S>(simd, self.0))
        }
    }
    Arch::new().dispatch(Entropy(values))
}

#[inline(always)]
fn entropy_of<S: Simd, const V: usize>(simd: S, values: &[f32]) -> f32 {
    let (units, rest) = values.as_chunks::<LANES>();
    let mut sums: Sums<S::f32s, V> = [[simd.splat_f32s(0.0); V]; _];
    let mut groups = units.chunks_exact(sums.len());
    for group in &mut groups {
        for (sums, unit) in sums.iter_mut().zip(group) {
            add::<S, V>(simd, sums, S::as_simd_f32s(unit).0);
        }
    }
    for (sums, unit) in sums.iter_mut().zip(groups.remainder()) {
        add::<S, V>(simd, sums, S::as_simd_f32s(unit).0);
    }
    for (sum, part) in sums[0].iter_mut().zip(rest.chunks(S::F32_LANES)) {
        // The lanes that are not there are zero.
        let x = simd.partial_load_f32s(part);
        *sum = simd.mul_add_e_f32s(x, log2(simd, x), *sum);
    }
    -total(simd, sums)
}

/// Adds x · log2 x of each vector to its sum.
#[inline(always)]
fn add<S: Simd, const V: usize>(simd: S, sums: &mut [S::f32s; V], vectors: &[S::f32s]) {
    for (sum, x) in sums.iter_mut().zip(vectors) {
        *sum = simd.mul_add_e_f32s(*x, log2(simd, *x), *sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(values: &[f32]) -> f64 {
        let values = values.iter().map(|v| f64::from(*v));
        -values
            .filter(|v| *v > 0.0)
            .map(|v| v * v.log2())
            .sum::<f64>()
    }

    #[test]
    fn a_single_number_is_as_exact_as_the_format() {
        for i in 1..20_000 {
            let x = 1.0007_f32.powi(-i);
            // Whole vectors and the rest alike.
            for values in [&[x][..], &[x; 16]] {
                let n = values.len() as f64;
                let (got, exact) = (f64::from(entropy(values)) / n, exact(values) / n);
                let bound = f64::from(x) * 4e-7 * (1.0 - f64::from(x).log2());
                assert!((got - exact).abs() <= bound, "{x}: {got} {exact}");
            }
        }
    }

    #[test]
    fn even_weights_of_any_number_have_the_entropy_of_their_number() {
        for n in [1, 2, 31, 64, 65, 1000, 4096] {
            let got = f64::from(entropy(&vec![1.0 / n as f32; n]));
            assert!((got - (n as f64).log2()).abs() < 1e-5, "{n}: {got}");
        }
        assert_eq!(entropy(&[0.0; 70]), 0.0);
        assert_eq!(entropy(&[]), 0.0);
        assert!(entropy(&[1.0, 0.0, 1e-42, 0.0]).abs() < 1e-6);
    }
}
