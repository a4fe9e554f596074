//! The peak rates of the machine: of a large matrix product, and of reading memory.

use super::series::timed;
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use spanscope_core::model::ModelError;

/// Rows, inner and columns of the products tried.
const SHAPES: [[usize; 3]; 5] = [
    [512, 512, 2048],
    [512, 512, 512],
    [512, 2048, 512],
    [2048, 512, 512],
    [2048, 512, 2048],
];

/// The matrix product that the machine is fastest at, with all threads of the run: the measure for the share of the
/// machine that a forward pass uses.
#[derive(Debug)]
pub(super) struct Sgemm {
    a: Tensor,
    b: Tensor,
    /// A probe lasts at least so long, in seconds.
    seconds: f64,
}

impl Sgemm {
    /// Tries the shapes in turns and keeps the one that was once the fastest. Choosing so costs no fairness: its rate
    /// is [measured](Self::rate) again.
    ///
    /// # Errors
    /// When the tensor library reports one.
    pub fn fastest(quick: bool) -> Result<Self, ModelError> {
        let (shapes, seconds) = match quick {
            true => (&SHAPES[..1], 0.01),
            false => (&SHAPES[..], 0.1),
        };
        let mut best = (0.0, Self::new(SHAPES[0], seconds)?);
        // The first round wakes threads and caches.
        for _ in 0..4 {
            for &shape in shapes {
                let product = Self::new(shape, seconds)?;
                let rate = product.rate()?;
                if rate > best.0 {
                    best = (rate, product);
                }
            }
        }
        Ok(best.1)
    }

    fn new([rows, inner, cols]: [usize; 3], seconds: f64) -> Result<Self, ModelError> {
        let filled = |rows: usize, cols: usize| {
            let values = (0..rows * cols).map(|i| (i % 17) as f32 - 8.0).collect();
            Tensor::from_vec(values, (rows, cols), &Device::Cpu)
        };
        Ok(Self {
            a: filled(rows, inner)?,
            b: filled(inner, cols)?,
            seconds,
        })
    }

    /// Floating-point operations per second, over some tenth of a second.
    ///
    /// # Errors
    /// When the tensor library reports one.
    pub fn rate(&self) -> Result<f64, ModelError> {
        let ((rows, inner), (_, cols)) = (self.a.dims2()?, self.b.dims2()?);
        let (mut seconds, mut products) = (0.0, 0_u32);
        while seconds < self.seconds {
            let (took, product) = timed(|| self.a.matmul(&self.b));
            std::hint::black_box(product?);
            seconds += took;
            products += 1;
        }
        Ok(f64::from(products) * (2 * rows * inner * cols) as f64 / seconds)
    }

    /// The shapes multiplied, for people.
    pub fn shape(&self) -> String {
        let dims = |t: &Tensor| t.dims().iter().map(ToString::to_string).collect::<Vec<_>>();
        format!("{} · {}", dims(&self.a).join("×"), dims(&self.b).join("×"))
    }
}

/// A buffer that is read from end to end by all threads.
#[derive(Debug)]
pub(super) struct Memory(Vec<f32>);

impl Memory {
    /// `numbers` of them.
    pub fn new(numbers: usize) -> Self {
        Self(vec![1.0; numbers])
    }

    /// Seconds that summing all numbers takes once.
    pub fn read(&self) -> f64 {
        // Large enough that threads hand over seldom, small enough that they end together.
        const PIECE: usize = 1 << 16;
        let (seconds, sum) = timed(|| self.0.par_chunks(PIECE).map(sum).sum::<f32>());
        std::hint::black_box(sum);
        seconds
    }
}

/// Many sums side by side, so that memory is waited for and not the last addition.
fn sum(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 64];
    let (blocks, rest) = values.as_chunks::<64>();
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(s, v)| *s += v);
    }
    sums.iter().chain(rest).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_summed() {
        assert_eq!(sum(&[1.0; 1000]), 1000.0);
        assert!(Memory::new(100_000).read() > 0.0);
    }

    #[test]
    fn a_product_has_a_rate() {
        let product = Sgemm::new([64, 32, 16], 1e-4).unwrap();
        assert!(product.rate().unwrap() > 1e6);
        assert_eq!(product.shape(), "64×32 · 32×16");
    }
}
