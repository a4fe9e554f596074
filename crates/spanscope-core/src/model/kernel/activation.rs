//! Activation functions of feed-forward sublayers, number by number.

use super::rows::{exp2, times_plus};
use crate::model::architecture::Activation;
use pulp::{Arch, Simd, WithSimd};
use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// values ← the activation of each.
pub(in crate::model) fn activate(values: &mut [f32], activation: Activation) {
    let arch = Arch::new();
    match activation {
        Activation::Relu => values.iter_mut().for_each(|x| *x = x.max(0.0)),
        Activation::ReluSquared => values.iter_mut().for_each(|x| *x = x.max(0.0) * x.max(0.0)),
        Activation::Silu => arch.dispatch(Gate {
            values,
            factor: 1.0,
            cubic: 0.0,
        }),
        Activation::QuickGelu => arch.dispatch(Gate {
            values,
            factor: 1.702,
            cubic: 0.0,
        }),
        // ½(1 + tanh u) = σ(2u).
        Activation::GeluTanh => {
            let factor = 2.0 * (2.0 / std::f32::consts::PI).sqrt();
            arch.dispatch(Gate {
                values,
                factor,
                cubic: 0.044_715 * factor,
            });
        }
        Activation::Gelu => arch.dispatch(Gelu(values)),
    }
}

/// x ← x · σ(factor · x + cubic · x³).
struct Gate<'a> {
    values: &'a mut [f32],
    factor: f32,
    cubic: f32,
}

impl WithSimd for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (vectors, rest) = S::as_mut_simd_f32s(self.values);
        // A loop, no closure: that would be compiled without the instruction set, every operation a call.
        for x in vectors {
            *x = gate(simd, *x, self.factor, self.cubic);
        }
        if !rest.is_empty() {
            let x = gate(simd, simd.partial_load_f32s(rest), self.factor, self.cubic);
            simd.partial_store_f32s(rest, x);
        }
    }
}

/// x ← x · Φ(x), with Φ the normal distribution's share below x.
struct Gelu<'a>(&'a mut [f32]);

impl WithSimd for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (vectors, rest) = S::as_mut_simd_f32s(self.0);
        for x in vectors {
            *x = gelu(simd, *x);
        }
        if !rest.is_empty() {
            let x = gelu(simd, simd.partial_load_f32s(rest));
            simd.partial_store_f32s(rest, x);
        }
    }
}

/// By erfc(z) = t · exp(−z² + p(t)) with t = 1 / (1 + z/2), z ≥ 0, p of degree 9 (Press et al., Numerical Recipes, 6.2: relative
/// error below 1.2e-7). The tails keep their digits: nothing is subtracted from one that is nearly one.
#[inline(always)]
fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // The highest power first.
    const SERIES: [f32; 9] = [
        -0.822_152_23,
        1.488_515_9,
        -1.135_204,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_7,
        -1.265_512_2,
    ];
    let (one, half, zero) = (
        simd.splat_f32s(1.0),
        simd.splat_f32s(0.5),
        simd.splat_f32s(0.0),
    );
    let z = simd.mul_f32s(simd.abs_f32s(x), simd.splat_f32s(FRAC_1_SQRT_2));
    let t = simd.div_f32s(one, times_plus(simd, z, half, one));
    let mut p = simd.splat_f32s(0.170_872_77);
    for coefficient in SERIES {
        p = times_plus(simd, p, t, simd.splat_f32s(coefficient));
    }
    let exponent = simd.sub_f32s(p, simd.mul_f32s(z, z));
    let power = exp2(simd, exponent, zero, simd.splat_f32s(LOG2_E));
    let tail = simd.mul_f32s(simd.mul_f32s(half, t), power);
    let below = simd.select_f32s(simd.less_than_f32s(x, zero), tail, simd.sub_f32s(one, tail));
    simd.mul_f32s(x, below)
}

#[inline(always)]
fn gate<S: Simd>(simd: S, x: S::f32s, factor: f32, cubic: f32) -> S::f32s {
    let (factor, cubic) = (simd.splat_f32s(factor), simd.splat_f32s(cubic));
    let square = simd.mul_f32s(x, x);
    let inner = simd.mul_f32s(times_plus(simd, cubic, square, factor), x);
    let power = exp2(simd, inner, simd.splat_f32s(0.0), simd.splat_f32s(-LOG2_E));
    simd.div_f32s(x, simd.add_f32s(simd.splat_f32s(1.0), power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_are_as_exact_as_the_format() {
        let exact = |activation, x: f64| match activation {
            Activation::Relu => x.max(0.0),
            Activation::ReluSquared => x.max(0.0).powi(2),
            Activation::Gelu => 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
            Activation::GeluTanh => {
                let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                0.5 * x * (1.0 + u.tanh())
            }
            Activation::Silu => x / (1.0 + (-x).exp()),
            Activation::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
        };
        for activation in [
            Activation::Relu,
            Activation::ReluSquared,
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Silu,
            Activation::QuickGelu,
        ] {
            let inputs: Vec<f32> = (-3_000..3_001).map(|i| i as f32 * 0.01).collect();
            let mut values = inputs.clone();
            activate(&mut values, activation);
            for (x, got) in inputs.iter().zip(values) {
                let want = exact(activation, f64::from(*x));
                let bound = 1e-6 * want.abs() + 2e-7;
                assert!(
                    (f64::from(got) - want).abs() < bound,
                    "{activation:?}({x}): {got} {want}"
                );
            }
        }
    }
}
