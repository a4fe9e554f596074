//! The numbers of tensors on the processor, as slices.

use candle_core::{CpuStorage, DType, Error, Layout, Result, Shape, Storage, Tensor};

/// A mistake in shapes: a defect of the program, told as an error.
pub(super) fn wrong(what: String) -> Error {
    Error::Msg(what)
}

/// True if the operations of our own can compute with `x`; else the same is composed of the library's.
pub(super) fn is_ours(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// A tensor of the kind of `x`, where `x` is.
pub(super) fn tensor_like(
    x: &Tensor,
    numbers: Vec<f32>,
    shape: impl Into<Shape>,
) -> Result<Tensor> {
    Tensor::from_vec(numbers, shape.into(), x.device())?.to_dtype(x.dtype())
}

/// The numbers of a contiguous tensor.
pub(super) fn numbers_of<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let all = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&all[start..end]),
        None => Err(wrong(format!(
            "a tensor of the strides {:?} is in pieces",
            layout.stride()
        ))),
    }
}

/// Lends the numbers of contiguous tensors on the processor.
pub(super) fn on_cpu<const N: usize, T>(
    tensors: [&Tensor; N],
    use_them: impl FnOnce([&[f32]; N]) -> T,
) -> Result<T> {
    let guards = tensors.map(Tensor::storage_and_layout);
    let mut slices: [&[f32]; N] = [&[]; N];
    for (slice, (storage, layout)) in slices.iter_mut().zip(&guards) {
        *slice = match &**storage {
            Storage::Cpu(storage) => numbers_of(storage, layout)?,
            _ => return Err(wrong("a tensor is not on the processor".into())),
        };
    }
    Ok(use_them(slices))
}

/// The number of partial sums: as many as the widest vector has lanes.
const LANES: usize = 16;

/// Σ f(a, b), in an order that follows from the length alone, so that compilers may use vectors.
#[inline(always)]
pub(super) fn sum_of(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a_groups, b_groups) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_groups.remainder().iter().zip(b_groups.remainder());
    let rest: f32 = rest.map(|(a, b)| f(*a, *b)).sum();
    for (a, b) in a_groups.zip(b_groups) {
        for lane in 0..LANES {
            sums[lane] += f(a[lane], b[lane]);
        }
    }
    sums.iter().sum::<f32>() + rest
}
