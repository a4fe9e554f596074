//! Projections: the products of a network's weights with its hidden states.

use super::ROWS;
use crate::numbers::{is_ours, numbers_of, on_cpu};
use crate::product::{Matrix, Place};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// Rows of a weight's gradient that one thread takes at a time: fewer than of hidden states, because there are fewer.
const OUTPUTS: usize = 32;

/// x · weightᵀ over the last dimension; `weight` is outputs × inputs.
///
/// On the processor the products are cut into parts by shapes alone and computed on the threads of the surrounding pool, so
/// that the last bits do not depend on how many there are.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub(crate) fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (outputs, inputs) = weight.dims2()?;
    let mut shape = x.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = outputs;
    }
    let rows = x.elem_count() / inputs.max(1);
    let x = x.reshape((rows, inputs))?;
    let out = if is_ours(&x) {
        x.contiguous()?
            .apply_op2(&weight.contiguous()?, Linear { inputs, outputs })?
    } else {
        x.matmul(&weight.t()?)?
    };
    out.reshape(shape)
}

struct Linear {
    inputs: usize,
    outputs: usize,
}

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let x = numbers_of(x, x_layout)?;
        let weight = Matrix::new(numbers_of(weight, weight_layout)?, outputs, inputs, inputs);
        let rows = x.len() / inputs;
        let mut out = vec![0.0; rows * outputs];
        out.par_chunks_mut(ROWS * outputs)
            .zip(x.par_chunks(ROWS * inputs))
            .for_each(|(out, x)| {
                let n = x.len() / inputs;
                let x = Matrix::new(x, n, inputs, inputs);
                Place::new(out, n, outputs, outputs).set(1.0, x, weight.t());
            });
        Ok((CpuStorage::F32(out), (rows, outputs).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _out: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let rows = x.elem_count() / inputs;
        let gradient = gradient.contiguous()?;
        let mut dx = vec![0.0; x.elem_count()];
        let mut d_weight = vec![0.0; weight.elem_count()];
        on_cpu([x, weight, &gradient], |[x, weight, g]| {
            let weight = Matrix::new(weight, outputs, inputs, inputs);
            dx.par_chunks_mut(ROWS * inputs)
                .zip(g.par_chunks(ROWS * outputs))
                .for_each(|(dx, g)| {
                    let n = g.len() / outputs;
                    let g = Matrix::new(g, n, outputs, outputs);
                    Place::new(dx, n, inputs, inputs).set(1.0, g, weight);
                });
            let x = Matrix::new(x, rows, inputs, inputs);
            d_weight
                .par_chunks_mut(OUTPUTS * inputs)
                .enumerate()
                .for_each(|(group, place)| {
                    let n = place.len() / inputs;
                    let some = Matrix::new(&g[group * OUTPUTS..], rows, n, outputs);
                    Place::new(place, n, inputs, inputs).set(1.0, some.t(), x);
                });
        })?;
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::from_vec(d_weight, weight.shape(), device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Var};

    /// Ours on 32 bits against the library's composition on 64, for sizes around the parts' edges.
    #[test]
    fn outputs_and_gradients_are_those_of_the_definition() {
        let device = Device::Cpu;
        for (rows, inputs, outputs) in [(1, 1, 1), (3, 5, 33), (65, 16, 31), (130, 7, 64)] {
            let of = |shape: (usize, usize), factor: f64| {
                let numbers = (0..shape.0 * shape.1).map(|i| ((i as f64 + 1.0) * factor).sin());
                Tensor::from_vec(numbers.collect::<Vec<f64>>(), shape, &device).unwrap()
            };
            let (x, w) = (of((rows, inputs), 0.7), of((outputs, inputs), 1.3));
            let g = of((rows, outputs), 2.1);
            let mut found = Vec::new();
            for dtype in [DType::F32, DType::F64] {
                let x = Var::from_tensor(&x.to_dtype(dtype).unwrap()).unwrap();
                let w = Var::from_tensor(&w.to_dtype(dtype).unwrap()).unwrap();
                let out = linear(&x, &w).unwrap();
                let sum = (&out * g.to_dtype(dtype).unwrap()).unwrap();
                let grads = sum.sum_all().unwrap().backward().unwrap();
                found.push(
                    [&out, grads.get(&x).unwrap(), grads.get(&w).unwrap()].map(|t| {
                        let t = t.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
                        t.to_vec1::<f64>().unwrap()
                    }),
                );
            }
            for (ours, theirs) in found[0].iter().zip(&found[1]) {
                assert_eq!(ours.len(), theirs.len());
                for (a, b) in ours.iter().zip(theirs) {
                    assert!((a - b).abs() < 1e-4, "{a} for {b}");
                }
            }
        }
    }
}
