//! How a tensor lies in its storage, and how it becomes `f32`.

use half::{bf16, f16};

/// The number format of a stored tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point (IEEE half).
    F16,
    /// 16-bit floating point with the exponent of `F32` (bfloat16).
    BF16,
    /// 64-bit floating point.
    F64,
}

impl Dtype {
    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::BF16 => 2,
            Dtype::F64 => 8,
        }
    }

    /// The short name: `f32`, `f16`, `bf16` or `f64`.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "f32",
            Dtype::F16 => "f16",
            Dtype::BF16 => "bf16",
            Dtype::F64 => "f64",
        }
    }
}

/// Shape and number format of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Extent of every dimension, outermost first.
    pub shape: Vec<usize>,
    /// Number format in the file.
    pub dtype: Dtype,
}

impl TensorInfo {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A tensor as a window on a storage; offset and strides count elements.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub storage: usize,
    pub offset: usize,
    pub strides: Vec<usize>,
    pub info: TensorInfo,
}

impl View {
    /// Checks that every element lies within a storage of `bytes` bytes; the error says what does not fit.
    pub fn check(&self, bytes: usize) -> Result<(), String> {
        let last = self.last().ok_or("its shape overflows")?;
        // A view may repeat its storage (stride 0), but no weight does so without end.
        const REPEATED: usize = 1 << 24;
        if last.is_some() && self.info.elements() > REPEATED.max(bytes) {
            return Err(format!(
                "its shape {:?} repeats a storage of {bytes} bytes too often",
                self.info.shape
            ));
        }
        let need = last
            .and_then(|last| last.checked_add(1))
            .map_or(Some(0), |n| n.checked_mul(self.info.dtype.size()));
        match need {
            Some(need) if need <= bytes => Ok(()),
            Some(need) => Err(format!(
                "it needs {need} bytes of a storage that has {bytes}"
            )),
            None => Err("its extent overflows".into()),
        }
    }

    /// Index of the last element (`Some(None)` for an empty tensor), or `None` on overflow.
    fn last(&self) -> Option<Option<usize>> {
        let mut elements = 1_usize;
        let mut last = self.offset;
        for (&n, &stride) in self.info.shape.iter().zip(&self.strides) {
            elements = elements.checked_mul(n)?;
            if n > 0 {
                last = last.checked_add((n - 1).checked_mul(stride)?)?;
            }
        }
        Some((elements > 0).then_some(last))
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&n, &stride) in self.info.shape.iter().zip(&self.strides).rev() {
            if n != 1 && stride != expected {
                return false;
            }
            expected *= n;
        }
        true
    }

    /// The elements in row-major order. `storage` must have passed [`View::check`]; what lies outside is left out.
    pub fn to_f32(&self, storage: &[u8]) -> Vec<f32> {
        let elements = self.info.elements();
        let size = self.info.dtype.size();
        if self.is_contiguous() {
            let bytes = storage
                .get(self.offset * size..(self.offset + elements) * size)
                .unwrap_or_default();
            return decode(bytes, self.info.dtype);
        }
        // Gather row by row: the innermost dimension has one stride, the others are an odometer.
        let inner = self.info.shape.last().copied().unwrap_or(1);
        let stride = self.strides.last().copied().unwrap_or(1);
        let outer = &self.info.shape[..self.info.shape.len().saturating_sub(1)];
        let mut index = vec![0_usize; outer.len()];
        let mut gathered = Vec::with_capacity(elements * size);
        for _ in 0..elements / inner.max(1) {
            let start = self.offset
                + index
                    .iter()
                    .zip(&self.strides)
                    .map(|(i, s)| i * s)
                    .sum::<usize>();
            for i in 0..inner {
                let at = (start + i * stride) * size;
                gathered.extend_from_slice(storage.get(at..at + size).unwrap_or_default());
            }
            for (i, &n) in index.iter_mut().zip(outer).rev() {
                *i += 1;
                if *i < n {
                    break;
                }
                *i = 0;
            }
        }
        decode(&gathered, self.info.dtype)
    }
}

fn decode(bytes: &[u8], dtype: Dtype) -> Vec<f32> {
    fn each<const N: usize>(bytes: &[u8], f: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes
            .as_chunks::<N>()
            .0
            .iter()
            .map(|chunk| f(*chunk))
            .collect()
    }
    match dtype {
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(offset: usize, shape: &[usize], strides: &[usize]) -> View {
        View {
            storage: 0,
            offset,
            strides: strides.to_vec(),
            info: TensorInfo {
                shape: shape.to_vec(),
                dtype: Dtype::F32,
            },
        }
    }

    fn storage(n: usize) -> Vec<u8> {
        (0..n).flat_map(|i| (i as f32).to_le_bytes()).collect()
    }

    #[test]
    fn a_transposed_view_is_gathered_in_row_major_order() {
        let transposed = view(1, &[3, 2], &[1, 3]);
        assert!(transposed.check(7 * 4).is_ok());
        assert_eq!(transposed.to_f32(&storage(7)), [1., 4., 2., 5., 3., 6.]);
    }

    #[test]
    fn a_broadcast_view_repeats_its_elements() {
        assert_eq!(
            view(2, &[2, 2], &[0, 1]).to_f32(&storage(4)),
            [2., 3., 2., 3.]
        );
    }

    #[test]
    fn a_scalar_and_an_empty_tensor_are_read() {
        assert_eq!(view(3, &[], &[]).to_f32(&storage(4)), [3.]);
        assert!(view(9, &[0, 5], &[5, 1]).check(4).is_ok());
        assert!(view(9, &[0, 5], &[5, 1]).to_f32(&storage(1)).is_empty());
    }

    #[test]
    fn what_does_not_fit_or_overflows_is_refused() {
        assert!(view(1, &[3, 2], &[2, 1]).check(6 * 4).is_err());
        assert!(view(usize::MAX, &[2], &[1]).check(8).is_err());
        assert!(view(0, &[1 << 40], &[0]).check(8).is_err());
        assert!(
            view(0, &[usize::MAX, 2], &[usize::MAX, 1])
                .check(8)
                .is_err()
        );
    }
}
