//! `.safetensors` files whose tensors come piece by piece, in any order: what is written need not fit the memory.

use super::CheckpointError;
use crate::files::Part;
use safetensors::tensor::Dtype as FileDtype;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The type of the elements of a stored tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// 64-bit floating point.
    F64,
    /// Whole numbers of 64 bits, without sign.
    U64,
    /// 32-bit floating point.
    F32,
    /// Whole numbers of 32 bits, without sign.
    U32,
    /// 16-bit floating point (IEEE half).
    F16,
    /// 16-bit floating point with the exponent of `F32` (bfloat16).
    BF16,
    /// Bytes.
    U8,
}

impl Element {
    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::U64 => 8,
            Self::F32 | Self::U32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::U8 => 1,
        }
    }

    /// Numbers as they lie in the file, little-endian; whole numbers are not written so.
    pub fn of_numbers(self, values: &[f32]) -> Vec<u8> {
        let values = values.iter();
        match self {
            Self::F16 => values
                .flat_map(|v| half::f16::from_f32(*v).to_le_bytes())
                .collect(),
            Self::BF16 => values
                .flat_map(|v| half::bf16::from_f32(*v).to_le_bytes())
                .collect(),
            Self::F64 => values.flat_map(|v| f64::from(*v).to_le_bytes()).collect(),
            Self::F32 | Self::U64 | Self::U32 | Self::U8 => {
                values.flat_map(|v| v.to_le_bytes()).collect()
            }
        }
    }

    /// Its name in the file's header, which is that of safetensors: `F32`, `U8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::U64 => "U64",
            Self::F32 => "F32",
            Self::U32 => "U32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::U8 => "U8",
        }
    }

    pub(super) fn of(dtype: FileDtype) -> Option<Self> {
        Some(match dtype {
            FileDtype::F64 => Self::F64,
            FileDtype::U64 => Self::U64,
            FileDtype::F32 => Self::F32,
            FileDtype::U32 => Self::U32,
            FileDtype::F16 => Self::F16,
            FileDtype::BF16 => Self::BF16,
            FileDtype::U8 => Self::U8,
            _ => return None,
        })
    }
}

/// The place of a tensor in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The type of its elements.
    pub element: Element,
    /// Extent of every dimension, outermost first.
    pub shape: Vec<usize>,
    /// Its bytes in the file: row-major, little-endian.
    pub bytes: Range<usize>,
}

/// A tensor that a file is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedTensor {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub element: Element,
    /// Extent of every dimension, outermost first.
    pub shape: Vec<usize>,
}

impl PlannedTensor {
    /// A tensor of this name, kind and shape.
    pub fn new(name: impl Into<String>, element: Element, shape: &[usize]) -> Self {
        Self {
            name: name.into(),
            element,
            shape: shape.to_vec(),
        }
    }

    /// The bytes that it takes; saturating.
    pub fn bytes(&self) -> u64 {
        let elements = self.shape.iter();
        let elements = elements.fold(1_u64, |n, extent| n.saturating_mul(*extent as u64));
        elements.saturating_mul(self.element.size() as u64)
    }
}

/// A `.safetensors` file on its way. It stands under its name only once it is [finished](Self::finish).
#[derive(Debug)]
pub struct TensorFile {
    part: Part,
    path: PathBuf,
    places: BTreeMap<String, Place>,
}

impl TensorFile {
    /// Begins the file `path` with its header. What is never written of a tensor is zero.
    ///
    /// # Errors
    /// When the folder cannot be written to, or the disk is full.
    pub fn create(
        path: &Path,
        tensors: &[PlannedTensor],
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io {
            path: path.to_owned(),
            source,
        };
        let mut header = serde_json::Map::new();
        if !metadata.is_empty() {
            header.insert("__metadata__".into(), serde_json::json!(metadata));
        }
        // Large elements first: each then lies at a multiple of its size.
        let mut order: Vec<&PlannedTensor> = tensors.iter().collect();
        order.sort_by_key(|tensor| std::cmp::Reverse(tensor.element.size()));
        let mut offsets = Vec::with_capacity(order.len());
        let mut end = 0_u64;
        for tensor in order {
            let start = end;
            end = end.saturating_add(tensor.bytes());
            let entry = serde_json::json!({
                "dtype": tensor.element.name(),
                "shape": tensor.shape,
                "data_offsets": [start, end],
            });
            header.insert(tensor.name.clone(), entry);
            offsets.push((tensor, start, end));
        }
        let mut header = serde_json::Value::Object(header).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let data = 8 + header.len() as u64;
        if usize::try_from(data.saturating_add(end)).is_err() {
            let words =
                "more than this program can address; keep fewer tokens, or use a 64-bit system";
            return Err(io(Error::new(ErrorKind::FileTooLarge, words)));
        }
        let mut part = Part::beside(path).map_err(io)?;
        part.write_at(0, &(header.len() as u64).to_le_bytes())
            .map_err(io)?;
        part.write_at(8, &header).map_err(io)?;
        part.set_len(data.saturating_add(end)).map_err(io)?;
        let places = offsets.into_iter().map(|(tensor, start, end)| {
            let place = Place {
                element: tensor.element,
                shape: tensor.shape.clone(),
                bytes: data.saturating_add(start) as usize..data.saturating_add(end) as usize,
            };
            (tensor.name.clone(), place)
        });
        Ok(Self {
            part,
            path: path.to_owned(),
            places: places.collect(),
        })
    }

    /// Writes some elements of a tensor, from element `first` on in row-major order; `bytes` are little-endian.
    ///
    /// # Errors
    /// When there is no such tensor, it ends before the elements do, or the disk is full.
    pub fn write(&mut self, name: &str, first: usize, bytes: &[u8]) -> Result<(), CheckpointError> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| CheckpointError::NoSuchTensor {
                path: self.path.clone(),
                name: name.to_owned(),
            })?;
        let at = place.bytes.start + first * place.element.size();
        if at + bytes.len() > place.bytes.end {
            return Err(CheckpointError::Unsupported {
                path: self.path.clone(),
                what: format!(
                    "tensor {name} of the shape {:?} ends before what is to be written there",
                    place.shape
                ),
            });
        }
        let written = self.part.write_at(at as u64, bytes);
        written.map_err(|source| CheckpointError::Io {
            path: self.path.clone(),
            source,
        })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When it cannot be moved there, or the disk is full; nothing is left behind then.
    pub fn finish(self) -> Result<(), CheckpointError> {
        let Self { part, path, .. } = self;
        part.finish()
            .map_err(|source| CheckpointError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;

    #[test]
    fn what_is_written_in_pieces_is_read_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let plan = [
            PlannedTensor::new("bytes", Element::U8, &[3]),
            PlannedTensor::new("half", Element::F16, &[2]),
            PlannedTensor::new("whole", Element::F32, &[2, 2]),
            PlannedTensor::new("ids", Element::U32, &[2]),
            PlannedTensor::new("none", Element::F32, &[0, 5]),
        ];
        let metadata = BTreeMap::from([("said".to_owned(), "é".to_owned())]);
        let mut file = TensorFile::create(&path, &plan, &metadata).unwrap();
        file.write("bytes", 1, b"bc").unwrap();
        file.write("whole", 2, &1.5_f32.to_le_bytes()).unwrap();
        file.write("ids", 1, &7_u32.to_le_bytes()).unwrap();
        assert!(file.write("ids", 1, &[0; 8]).is_err());
        assert!(file.write("other", 0, &[]).is_err());
        assert!(!path.exists());
        file.finish().unwrap();
        let read = Checkpoint::open(&path).unwrap();
        assert_eq!(read.read("whole").unwrap(), [0.0, 0.0, 1.5, 0.0]);
        assert_eq!(read.read("half").unwrap(), [0.0; 2]);
        assert_eq!(read.metadata()["said"], "é");
        let bytes = |name: &str| read.bytes_at(&read.places()[name]);
        assert_eq!(bytes("bytes"), b"\0bc");
        assert_eq!(bytes("ids"), [0, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(read.places()["none"].shape, [0, 5]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        drop(TensorFile::create(&path, &[], &BTreeMap::new()).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
