//! The numbers of one tensor, read where they are needed.

use super::decode;
use super::dtype::Dtype;
use super::gguf::GgmlType;
use super::tensor::{TensorInfo, View};
use rayon::prelude::*;

/// A tensor of an open checkpoint, its checksum verified, its elements still in the file.
///
/// Elements are numbered in row-major order, whatever their layout in the file. A value is two references: it is copied
/// freely, and several threads may read from one tensor at once.
#[derive(Debug, Clone, Copy)]
pub struct TensorData<'a> {
    view: &'a View,
    /// All of the storage, which has passed [`View::check`].
    storage: &'a [u8],
    /// The elements alone, where they lie one after the other.
    contiguous: Option<&'a [u8]>,
}

/// Elements that one thread reads at a time.
const PIECE: usize = 1 << 16;

/// Elements that are still in the processor's nearest cache when they are looked at again.
const NEAR: usize = 1 << 11;

impl<'a> TensorData<'a> {
    pub(super) fn new(view: &'a View, storage: &'a [u8]) -> Self {
        Self {
            view,
            storage,
            contiguous: view.contiguous(storage),
        }
    }

    /// Shape and number format.
    pub fn info(&self) -> &'a TensorInfo {
        &self.view.info
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.view.info.elements()
    }

    /// True if there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the elements `start .. start + out.len()` as `f32`.
    ///
    /// # Panics
    /// When the tensor has fewer elements.
    pub fn read_range(&self, start: usize, out: &mut [f32]) {
        let end = start.saturating_add(out.len());
        assert!(
            end <= self.len(),
            "elements {start}..{end} of a tensor that has {}",
            self.len()
        );
        match self.contiguous {
            Some(bytes) => decode::from(bytes, self.view.info.dtype, start, out),
            None => self.view.gather(self.storage, start, out),
        }
    }

    /// As [`TensorData::read_range`]; tells whether all those elements are finite. Hardly slower than reading alone.
    ///
    /// # Panics
    /// When the tensor has fewer elements.
    pub fn read_range_finite(&self, start: usize, out: &mut [f32]) -> bool {
        let mut finite = true;
        for (i, near) in out.chunks_mut(NEAR).enumerate() {
            self.read_range(start + i * NEAR, near);
            finite &= decode::all_finite(near);
        }
        finite
    }

    /// The elements as they lie in the file, where nothing needs decoding: little-endian `f32` in row-major order, aligned
    /// to 4 bytes, on a little-endian machine. Today's PyTorch files are so, the legacy stream only by chance.
    pub fn as_f32(&self) -> Option<&'a [f32]> {
        if cfg!(target_endian = "big") || self.view.info.dtype != Dtype::F32 {
            return None;
        }
        bytemuck::try_cast_slice(self.contiguous?).ok()
    }

    /// The elements as they lie in the file, where they are [bytes](Dtype::U8).
    pub fn as_u8(&self) -> Option<&'a [u8]> {
        let is_bytes = self.view.info.dtype == Dtype::U8;
        self.contiguous.filter(|_| is_bytes)
    }

    /// The blocks of a quantised tensor as they lie in the file, row after row, and their format: a row of the innermost
    /// dimension is a whole number of [blocks](GgmlType::block).
    pub fn blocks(&self) -> Option<(GgmlType, &'a [u8])> {
        match self.view.info.dtype {
            Dtype::Blocks(kind) => Some((kind, self.contiguous?)),
            _ => None,
        }
    }

    /// All elements; those of a large tensor are read by all threads.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.len()];
        if out.len() < 2 * PIECE {
            self.read_range(0, &mut out);
        } else {
            out.par_chunks_mut(PIECE)
                .enumerate()
                .for_each(|(i, piece)| self.read_range(i * PIECE, piece));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::{bf16, f16};

    fn view(dtype: Dtype, offset: usize, shape: &[usize], strides: &[usize]) -> View {
        View {
            storage: 0,
            offset,
            strides: strides.to_vec(),
            info: TensorInfo {
                shape: shape.to_vec(),
                dtype,
            },
        }
    }

    /// Element `number`, found and decoded by itself.
    fn element(view: &View, storage: &[u8], mut number: usize) -> f32 {
        let mut at = view.offset;
        for (&n, &stride) in view.info.shape.iter().zip(&view.strides).rev() {
            at += number % n * stride;
            number /= n;
        }
        let (_, size) = view.info.dtype.block();
        let bytes = &storage[at * size..][..size];
        match view.info.dtype {
            Dtype::F32 => f32::from_le_bytes(bytes.try_into().unwrap()),
            Dtype::F16 => f16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
            Dtype::BF16 => bf16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
            Dtype::F64 => f64::from_le_bytes(bytes.try_into().unwrap()) as f32,
            Dtype::U8 => f32::from(bytes[0]),
            Dtype::Blocks(_) => unreachable!(),
        }
    }

    fn encode(values: impl Iterator<Item = f32>, dtype: Dtype) -> Vec<u8> {
        let one = |v: f32| match dtype {
            Dtype::F32 => v.to_le_bytes().to_vec(),
            Dtype::F16 => f16::from_f32(v).to_le_bytes().to_vec(),
            Dtype::BF16 => bf16::from_f32(v).to_le_bytes().to_vec(),
            Dtype::F64 => f64::from(v).to_le_bytes().to_vec(),
            Dtype::U8 | Dtype::Blocks(_) => unreachable!(),
        };
        values.flat_map(one).collect()
    }

    const DTYPES: [Dtype; 4] = [Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::F64];

    #[test]
    fn ranges_hold_what_each_element_is() {
        let layouts: [(usize, &[usize], &[usize]); 8] = [
            (0, &[5, 7, 3], &[21, 3, 1]),
            (4, &[5, 7, 3], &[21, 3, 1]),
            // Transposed, cut out of something wider, repeated, every third.
            (1, &[7, 15], &[1, 7]),
            (2, &[6, 5], &[11, 1]),
            (3, &[4, 1, 5], &[0, 9, 2]),
            (0, &[31], &[3]),
            (7, &[], &[]),
            (9, &[1, 5, 1], &[77, 1, 55]),
        ];
        for dtype in DTYPES {
            let numbers = encode((0..120).map(|i| (i as f32 - 60.0) / 8.0), dtype);
            for (offset, shape, strides) in layouts {
                let view = view(dtype, offset, shape, strides);
                for shift in 0..3 {
                    let storage = [vec![0; shift], numbers.clone()].concat();
                    let storage = &storage[shift..];
                    view.check(storage.len()).unwrap();
                    let data = TensorData::new(&view, storage);
                    let all: Vec<f32> = (0..data.len())
                        .map(|i| element(&view, storage, i))
                        .collect();
                    assert_eq!(data.to_vec(), all, "{view:?}");
                    for start in 0..=all.len() {
                        for end in start..=all.len() {
                            let mut out = vec![0.0; end - start];
                            data.read_range(start, &mut out);
                            assert_eq!(out, all[start..end], "{start}..{end} of {view:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn several_threads_read_what_one_reads() {
        let n = 3 * PIECE + 5;
        for dtype in DTYPES {
            let storage = encode((0..n).map(|i| (i % 1999) as f32 - 999.0), dtype);
            for view in [
                view(dtype, 0, &[n], &[1]),
                view(dtype, 5, &[2, n / 2 - 5], &[1, 2]),
            ] {
                let data = TensorData::new(&view, &storage);
                let mut out = vec![0.0; data.len()];
                assert!(data.read_range_finite(0, &mut out));
                assert_eq!(out, data.to_vec());
                let odd = (1..n - 20).step_by(4099);
                assert!(
                    odd.into_iter()
                        .all(|i| out[i] == element(&view, &storage, i))
                );
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_told_of_the_range_it_is_in() {
        let mut values = vec![1.0; 3 * NEAR];
        values[2 * NEAR + 1] = f32::NAN;
        for dtype in DTYPES {
            let storage = encode(values.iter().copied(), dtype);
            let view = view(dtype, 0, &[3, NEAR], &[NEAR, 1]);
            let data = TensorData::new(&view, &storage);
            let mut out = vec![0.0; 2 * NEAR + 1];
            assert!(data.read_range_finite(0, &mut out));
            assert!(!data.read_range_finite(1, &mut out));
        }
    }

    #[test]
    fn only_plain_aligned_f32_is_lent() {
        let words = [0_u64; 8];
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        let plain = view(Dtype::F32, 1, &[2, 3], &[3, 1]);
        let lent = TensorData::new(&plain, bytes).as_f32();
        assert_eq!(
            lent.map(<[f32]>::len),
            cfg!(target_endian = "little").then_some(6)
        );
        assert!(TensorData::new(&plain, &bytes[1..]).as_f32().is_none());
        let transposed = view(Dtype::F32, 0, &[2, 3], &[1, 2]);
        assert!(TensorData::new(&transposed, bytes).as_f32().is_none());
        let other = view(Dtype::F16, 0, &[2, 3], &[3, 1]);
        assert!(TensorData::new(&other, bytes).as_f32().is_none());
    }

    #[test]
    fn an_empty_tensor_has_an_empty_range() {
        for (shape, strides) in [([0, 5], [5, 1]), ([5, 0], [7, 9])] {
            let view = view(Dtype::F16, 3, &shape, &strides);
            let data = TensorData::new(&view, &[]);
            assert!(data.is_empty() && data.to_vec().is_empty());
            data.read_range(0, &mut []);
        }
    }

    #[test]
    #[should_panic(expected = "elements 3..7 of a tensor that has 6")]
    fn a_range_beyond_the_end_is_refused() {
        let view = view(Dtype::F32, 0, &[2, 3], &[1, 2]);
        TensorData::new(&view, &[0; 24]).read_range(3, &mut [0.0; 4]);
    }

    #[test]
    fn threads_may_share_it() {
        fn shared<T: Send + Sync + Copy>() {}
        shared::<TensorData<'_>>();
    }
}
