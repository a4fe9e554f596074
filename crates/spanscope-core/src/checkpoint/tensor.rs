//! The layout of a tensor in its storage.

use super::decode;
use super::dtype::Dtype;

/// Most dimensions that a tensor is believed to have; those of a model have three at most.
pub(super) const MOST_DIMENSIONS: usize = 16;

/// Longest name of a tensor or a storage, in bytes. A pickle can write one once and refer to it without end.
pub(super) const LONGEST_NAME: usize = 1024;

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
        let last = self
            .last()
            .ok_or_else(|| format!("its shape {:?} overflows", self.info.shape))?;
        let need = last
            .and_then(|last| last.checked_add(1))
            .map_or(Some(0), |n| self.info.dtype.bytes(n));
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

    /// True if some element of the storage stands for several of the tensor's.
    pub fn repeats(&self) -> bool {
        let last = self.last().flatten().map_or(0, |last| last - self.offset);
        self.info.elements() > last.saturating_add(1)
    }

    /// The bytes of the elements, or of their blocks, if they lie in `storage` in row-major order without gaps.
    pub fn contiguous<'a>(&self, storage: &'a [u8]) -> Option<&'a [u8]> {
        let elements = self.info.elements();
        if elements == 0 {
            return Some(&[]);
        }
        let mut expected = 1;
        for (&n, &stride) in self.info.shape.iter().zip(&self.strides).rev() {
            if n != 1 && stride != expected {
                return None;
            }
            expected *= n;
        }
        let start = self.offset;
        decode::span(storage, self.info.dtype, start..start + elements)
    }

    /// Decodes the elements from number `start` on, in row-major order, wherever in `storage` they lie.
    ///
    /// `storage` must have passed [`View::check`], and `start + out.len()` be no more than there are elements.
    pub fn gather(&self, storage: &[u8], start: usize, mut out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        // Row by row: the innermost dimension has one stride, the others are an odometer.
        let inner = self.info.shape.last().copied().unwrap_or(1);
        let stride = self.strides.last().copied().unwrap_or(1);
        let outer = &self.info.shape[..self.info.shape.len().saturating_sub(1)];
        let mut index = vec![0_usize; outer.len()];
        let mut row = start / inner;
        for (i, &n) in index.iter_mut().zip(outer).rev() {
            (*i, row) = (row % n, row / n);
        }
        let mut column = start % inner;
        while !out.is_empty() {
            let steps = index.iter().zip(&self.strides).map(|(i, s)| i * s);
            let first = self.offset + steps.sum::<usize>() + column * stride;
            let (piece, rest) = out.split_at_mut(out.len().min(inner - column));
            decode::strided(storage, self.info.dtype, first, stride, piece);
            (out, column) = (rest, 0);
            for (i, &n) in index.iter_mut().zip(outer).rev() {
                *i += 1;
                if *i < n {
                    break;
                }
                *i = 0;
            }
        }
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

    fn values(view: &View, storage: &[u8]) -> Vec<f32> {
        let mut out = vec![-1.0; view.info.elements()];
        view.gather(storage, 0, &mut out);
        out
    }

    fn storage(n: usize) -> Vec<u8> {
        (0..n).flat_map(|i| (i as f32).to_le_bytes()).collect()
    }

    #[test]
    fn a_transposed_view_is_gathered_in_row_major_order() {
        let transposed = view(1, &[3, 2], &[1, 3]);
        assert!(transposed.check(7 * 4).is_ok());
        assert_eq!(values(&transposed, &storage(7)), [1., 4., 2., 5., 3., 6.]);
    }

    #[test]
    fn a_broadcast_view_repeats_its_elements() {
        let repeated = view(2, &[2, 2], &[0, 1]);
        assert_eq!(values(&repeated, &storage(4)), [2., 3., 2., 3.]);
        assert!(repeated.repeats() && view(0, &[3, 3], &[1, 1]).repeats());
        assert!(!view(2, &[2, 2], &[1, 2]).repeats() && !view(0, &[1, 4], &[0, 1]).repeats());
        assert!(!view(0, &[0, 4], &[0, 0]).repeats());
    }

    #[test]
    fn a_scalar_and_an_empty_tensor_are_read() {
        assert_eq!(values(&view(3, &[], &[]), &storage(4)), [3.]);
        assert!(view(9, &[0, 5], &[5, 1]).check(4).is_ok());
        let endless = view(0, &[0, usize::MAX, 2], &[0, 0, 0]);
        assert!(endless.check(0).is_ok());
        assert_eq!(endless.contiguous(&[]), Some(<&[u8]>::default()));
        assert!(values(&view(9, &[0, 5], &[5, 1]), &storage(1)).is_empty());
    }

    #[test]
    fn what_does_not_fit_or_overflows_is_refused() {
        assert!(view(1, &[3, 2], &[2, 1]).check(6 * 4).is_err());
        assert!(view(usize::MAX, &[2], &[1]).check(8).is_err());
        assert!(
            view(0, &[usize::MAX, 2], &[usize::MAX, 1])
                .check(8)
                .is_err()
        );
    }
}
