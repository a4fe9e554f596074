//! Operations on rows: exponentials and sums of a softmax, norms, activations.
//!
//! Written as plain loops over a fixed number of lanes, which the compiler turns into vectors of whatever width the
//! machine has; sums are taken lane by lane, so their order is the same on every machine.

use pulp::Arch;

/// Partial sums that are kept side by side.
const LANES: usize = 32;

/// 2^x by splitting x into an integer and a rest in [−½, ½]: relative error below 2e-7. Not-a-number stays so.
#[inline(always)]
fn exp2(x: f32) -> f32 {
    // Adding this rounds to an integer and leaves it in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x < -126.0 { -126.0 } else { x };
    let x = if x > 127.0 { 127.0 } else { x };
    let shifted = x + ROUND;
    let rest = x - (shifted - ROUND);
    // The Taylor series of 2^rest.
    let mut p = 1.525_273_4e-5;
    p = p * rest + 1.540_353e-4;
    p = p * rest + 1.333_355_8e-3;
    p = p * rest + 9.618_129e-3;
    p = p * rest + 5.550_411e-2;
    p = p * rest + 2.402_265_1e-1;
    p = p * rest + std::f32::consts::LN_2;
    p = p * rest + 1.0;
    let integer = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    p * f32::from_bits(integer.wrapping_add(127) << 23)
}

#[inline(always)]
fn lanes_sum(lanes: [f32; LANES]) -> f32 {
    let mut lanes = lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The largest of `values`, or −∞; what is not a number is passed over.
pub(in crate::model) fn largest(values: &[f32]) -> f32 {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut lanes = [f32::NEG_INFINITY; LANES];
            let (chunks, rest) = values.as_chunks::<LANES>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *lane = if *value > *lane { *value } else { *lane };
                }
            }
            for (lane, value) in lanes.iter_mut().zip(rest) {
                *lane = if *value > *lane { *value } else { *lane };
            }
            lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
        },
    )
}

/// values ← exp((values − max) · scale); returns their sum.
pub(in crate::model) fn exp_sum(values: &mut [f32], max: f32, scale: f32) -> f32 {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let scale = scale * std::f32::consts::LOG2_E;
            let mut lanes = [0.0; LANES];
            let (chunks, rest) = values.as_chunks_mut::<LANES>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *value = exp2((*value - max) * scale);
                    *lane += *value;
                }
            }
            for (lane, value) in lanes.iter_mut().zip(rest) {
                *value = exp2((*value - max) * scale);
                *lane += *value;
            }
            lanes_sum(lanes)
        },
    )
}

/// The sum of `values`.
pub(in crate::model) fn sum(values: &[f32]) -> f32 {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            let (chunks, rest) = values.as_chunks::<LANES>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *lane += *value;
                }
            }
            for (lane, value) in lanes.iter_mut().zip(rest) {
                *lane += *value;
            }
            lanes_sum(lanes)
        },
    )
}

/// values ← values · factors, one by one.
pub(in crate::model) fn scale_by(values: &mut [f32], factors: &[f32]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value *= factor;
    }
}

/// Every row of `rows` ← row + more.
pub(in crate::model) fn add(rows: &mut [f32], more: &[f32]) {
    for row in rows.chunks_exact_mut(more.len().max(1)) {
        for (value, more) in row.iter_mut().zip(more) {
            *value += more;
        }
    }
}

/// Every row of `rows` ← max(row + bias, 0).
pub(in crate::model) fn add_relu(rows: &mut [f32], bias: &[f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in rows.chunks_exact_mut(bias.len().max(1)) {
                for (value, bias) in row.iter_mut().zip(bias) {
                    let sum = *value + bias;
                    // Not-a-number stays so.
                    *value = if sum < 0.0 { 0.0 } else { sum };
                }
            }
        },
    );
}

/// Every row of `hidden` ← LayerNorm(hidden + more) · weight + bias, with ε = 1e-5; a row is as long as `weight`.
pub(in crate::model) fn add_norm(hidden: &mut [f32], more: &[f32], weight: &[f32], bias: &[f32]) {
    let width = weight.len().max(1);
    for (row, more) in hidden.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (h, m) in row.iter_mut().zip(more) {
                    *h += m;
                }
            },
        );
        let mean = sum(row) / width as f32;
        let variance = squares(row, mean) / width as f32;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for ((h, w), b) in row.iter_mut().zip(weight).zip(bias) {
                    *h = (*h - mean) * scale * w + b;
                }
            },
        );
    }
}

/// Σ (value − mean)².
fn squares(values: &[f32], mean: f32) -> f32 {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            let (chunks, rest) = values.as_chunks::<LANES>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *lane += (*value - mean) * (*value - mean);
                }
            }
            for (lane, value) in lanes.iter_mut().zip(rest) {
                *lane += (*value - mean) * (*value - mean);
            }
            lanes_sum(lanes)
        },
    )
}

/// Every row of `width` numbers ← row − log Σ exp row.
pub(in crate::model) fn log_softmax(values: &mut [f32], width: usize) {
    let mut scratch = vec![0.0; width];
    for row in values.chunks_exact_mut(width.max(1)) {
        let max = largest(row);
        scratch.copy_from_slice(row);
        let log_sum = exp_sum(&mut scratch, max, 1.0).ln() + max;
        row.iter_mut().for_each(|x| *x -= log_sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_as_exact_as_the_format() {
        for i in 0..20_000 {
            let x = -80.0 + f64::from(i) * 0.004;
            let got = f64::from(exp2((x * std::f64::consts::LOG2_E) as f32));
            // The argument itself is rounded.
            let exact = ((x * std::f64::consts::LOG2_E) as f32 as f64).exp2();
            assert!((got / exact - 1.0).abs() < 2.5e-7, "{x}: {got} {exact}");
        }
        assert!(exp2(-1000.0) < 1.2e-38 && exp2(f32::NEG_INFINITY) < 1.2e-38);
        assert_eq!(exp2(0.0), 1.0);
        assert!(exp2(f32::NAN).is_nan());
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
    }
}
