//! Sums down the columns of a packed matrix: over its outputs, for every input.

use super::PANEL;
use super::packed::Packed;
use rayon::prelude::*;

/// Panels whose sums one thread takes; what these come to is added in their order.
const GROUP: usize = 16;

impl Packed {
    /// The sum over all outputs of `along` times their weights, for every input: the transposed matrix times `along`, in double
    /// precision. The order follows from the shape alone.
    pub fn combine(&self, along: &[f64]) -> Vec<f64> {
        let mut padded = along.to_vec();
        padded.resize(self.panels() * PANEL, 0.0);
        let (padded, _) = padded.as_chunks::<PANEL>();
        self.down(|panel, weights| {
            let along = &padded[panel];
            sum_of(|lane| along[lane] * f64::from(weights[lane]))
        })
    }

    /// The sum of the squares of all outputs' weights, for every input.
    pub fn column_squares(&self) -> Vec<f64> {
        self.down(|_, weights| {
            sum_of(|lane| {
                let weight = f64::from(weights[lane]);
                weight * weight
            })
        })
    }

    /// The sum over all panels of what `term` makes of the weights of 32 outputs with an input.
    fn down(&self, term: impl Fn(usize, &[f32; PANEL]) -> f64 + Sync) -> Vec<f64> {
        let panels = self.panels();
        let groups = (0..panels).into_par_iter().step_by(GROUP);
        let parts: Vec<Vec<f64>> = groups
            .map(|first| {
                let mut sums = vec![0.0; self.inputs()];
                for panel in first..(first + GROUP).min(panels) {
                    let numbers = self.unpacked(panel);
                    for (sum, weights) in sums.iter_mut().zip(numbers.as_chunks::<PANEL>().0) {
                        *sum += term(panel, weights);
                    }
                }
                sums
            })
            .collect();
        let mut sums = vec![0.0; self.inputs()];
        for part in parts {
            sums.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
        sums
    }
}

/// The sum over 32 lanes, eight at a time.
#[inline]
fn sum_of(of: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    for from in (0..PANEL).step_by(8) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += of(from + lane);
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_summed_over_all_outputs() {
        for (outputs, inputs) in [(1, 1), (33, 7), (700, 40), (1100, 3)] {
            let number = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 504.5 - 1.0;
            let rows: Vec<f32> = (0..outputs * inputs).map(number).collect();
            let packed = Packed::of_rows(&rows, outputs, inputs);
            let along: Vec<f64> = (0..outputs).map(|i| f64::from(number(i * 31))).collect();
            let (combined, squares) = (packed.combine(&along), packed.column_squares());
            for i in 0..inputs {
                let column = || (0..outputs).map(|o| f64::from(rows[o * inputs + i]));
                let exact: f64 = column().zip(&along).map(|(w, a)| w * a).sum();
                assert!((combined[i] - exact).abs() < 1e-11 * outputs as f64);
                let exact: f64 = column().map(|w| w * w).sum();
                assert!((squares[i] - exact).abs() < 1e-11 * outputs as f64);
            }
        }
        assert!(Packed::default().combine(&[]).is_empty());
    }
}
