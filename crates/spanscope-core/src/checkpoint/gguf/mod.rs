//! GGUF, the container of llama.cpp: metadata and tensors, many of them quantised in blocks.
//!
//! Versions 2 and 3, little endian. Nothing in the file is believed before it was held against the file's length; arrays of
//! the metadata stay where they are, so that opening a file takes memory for its names and no more. A tensor of a format that
//! is not read here does not make the file unreadable: it is named where somebody asks for its numbers.

mod blocks;
mod kind;
mod metadata;
mod reader;
mod tensors;
#[cfg(test)]
mod tests;
mod value;

pub use blocks::dequantise;
pub use kind::GgmlType;
pub use metadata::GgufMetadata;
pub(super) use tensors::find;
pub use value::{Array, Value, ValueKind};

use super::tensor::LONGEST_NAME;
use crate::files::shown;
use reader::{Reader, ended};
use std::collections::BTreeMap;
use std::ops::Range;

/// The first bytes of a GGUF file.
pub const MAGIC: &[u8; 4] = b"GGUF";

/// Most entries of metadata that are believed; files in use have some dozens.
const MOST_ENTRIES: u64 = 1 << 14;

/// Most tensors that are believed: a model of 128 layers with 128 experts in tensors of their own has 50,000.
const MOST_TENSORS: u64 = 1 << 17;

/// Most dimensions of a tensor, by the format.
const MOST_DIMENSIONS: u32 = 4;

/// The multiple at which tensors begin where the file does not say.
const DEFAULT_ALIGNMENT: u64 = 32;

/// The largest multiple that is believed.
const MOST_ALIGNMENT: u64 = 1 << 20;

/// A tensor of a GGUF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgufTensor {
    /// Extent of every dimension, **outermost first**: the reverse of the file's order, as PyTorch has it.
    pub shape: Vec<usize>,
    /// Number format.
    pub kind: GgmlType,
    /// Its place in the file; `None` for a format whose size is not known here.
    pub bytes: Option<Range<usize>>,
}

impl GgufTensor {
    /// Number of values.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The header of a GGUF file: all but the numbers of its tensors.
#[derive(Debug, Clone)]
pub struct Gguf {
    /// Version of the format: 2 or 3.
    pub version: u32,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, GgufTensor>,
}

impl Gguf {
    /// Reads the header of `file`, which is all of the file.
    ///
    /// # Errors
    /// In words, when the header is damaged, cut short or of another version, or a tensor does not lie within the file.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        let mut reader = Reader::new(file, 0);
        reader
            .skip(MAGIC.len())
            .filter(|_| file.starts_with(MAGIC))
            .ok_or("it does not begin with GGUF")?;
        let version = reader.u32().ok_or_else(|| ended("its version"))?;
        match version {
            2 | 3 => {}
            _ if matches!(version.swap_bytes(), 1..=3) => {
                return Err("it is a big-endian file; only little-endian ones are read: convert the model again with \
                            the default byte order"
                    .into());
            }
            _ => {
                return Err(format!(
                    "its version of the format is {version}; versions 2 and 3 are read: convert the model again with a \
                     current llama.cpp"
                ));
            }
        }
        let count = |reader: &mut Reader<'_>, what: &str, most: u64, least: u64| {
            let count = reader.u64().ok_or_else(|| ended(what))?;
            let room = reader.left() as u64 / least;
            match count {
                n if n > most => Err(format!("{what} is {n}, at most {most} expected")),
                n if n > room => Err(format!("{what} is {n}, and the file has no room for them")),
                n => Ok(n),
            }
        };
        // A tensor's entry takes 24 bytes at least, one of the metadata 13.
        let tensors = count(&mut reader, "the number of tensors", MOST_TENSORS, 24)?;
        let entries = count(&mut reader, "the number of entries", MOST_ENTRIES, 13)?;
        let metadata = read_metadata(&mut reader, entries)?;
        let alignment = alignment(&metadata)?;
        let infos = read_infos(&mut reader, tensors)?;
        let data = (reader.at() as u64).next_multiple_of(alignment);
        let tensors = place(infos, data, alignment, file.len())?;
        Ok(Self {
            version,
            metadata,
            tensors,
        })
    }

    /// A GGUF file of the metadata of `file` alone, without tensors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn header_of(file: &[u8]) -> Result<Vec<u8>, String> {
        Self::read(file)?;
        // Magic number, version, the number of tensors and that of entries.
        const START: usize = 24;
        let mut reader = Reader::new(file, 0);
        reader.skip(START - 8).ok_or_else(|| ended("its header"))?;
        let entries = reader.u64().ok_or_else(|| ended("its header"))?;
        read_metadata(&mut reader, entries)?;
        let mut header = file.get(..reader.at()).unwrap_or_default().to_vec();
        if let Some(tensors) = header.get_mut(8..16) {
            tensors.fill(0);
        }
        Ok(header)
    }

    /// A value of the metadata.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// Keys of the metadata, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.metadata.keys().map(String::as_str)
    }

    /// Names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// A tensor's shape, format and place.
    pub fn tensor(&self, name: &str) -> Option<&GgufTensor> {
        self.tensors.get(name)
    }

    /// The elements of an array of texts, one after the other; `file` is what the header was read from.
    ///
    /// # Errors
    /// In words, when there is no such entry, it is no array of texts, or a text is not UTF-8.
    pub fn texts<'a>(
        &self,
        key: &str,
        file: &'a [u8],
    ) -> Result<impl Iterator<Item = Result<&'a str, String>> + use<'a>, String> {
        self.array(key)?.texts(file)
    }

    /// The elements of an array of numbers, one after the other; `file` is what the header was read from.
    ///
    /// # Errors
    /// In words, when there is no such entry, or it is no array of numbers.
    pub fn numbers<'a>(
        &self,
        key: &str,
        file: &'a [u8],
    ) -> Result<impl Iterator<Item = Result<Value, String>> + use<'a>, String> {
        self.array(key)?.numbers(file)
    }

    fn array(&self, key: &str) -> Result<&Array, String> {
        let value = self
            .value(key)
            .ok_or_else(|| format!("the metadata have no {}", shown(key)))?;
        value
            .as_array()
            .ok_or_else(|| format!("the metadata's {} is no array", shown(key)))
    }
}

fn read_name(reader: &mut Reader<'_>, what: &str) -> Result<String, String> {
    let name = reader.string().ok_or_else(|| ended(what))?;
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(format!(
            "{what} has {} bytes, 1 to {LONGEST_NAME} expected",
            name.len()
        ));
    }
    match std::str::from_utf8(name) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) => Err(format!(
            "{what} is not UTF-8: {}",
            shown(&String::from_utf8_lossy(name))
        )),
    }
}

fn read_metadata(reader: &mut Reader<'_>, entries: u64) -> Result<BTreeMap<String, Value>, String> {
    let mut metadata = BTreeMap::new();
    for i in 0..entries {
        let key = read_name(reader, &format!("the key of entry {i}"))?;
        let of_entry = |e: String| format!("metadata {}: {e}", shown(&key));
        let value = Value::read(reader).map_err(of_entry)?;
        if metadata.contains_key(&key) {
            return Err(of_entry("there are two entries of this name".into()));
        }
        metadata.insert(key, value);
    }
    Ok(metadata)
}

fn alignment(metadata: &BTreeMap<String, Value>) -> Result<u64, String> {
    let Some(value) = metadata.get("general.alignment") else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    match value.as_u64() {
        Some(n) if n.is_power_of_two() && n <= MOST_ALIGNMENT => Ok(n),
        Some(n) => Err(format!(
            "metadata general.alignment is {n}, a power of two up to {MOST_ALIGNMENT} expected"
        )),
        None => Err("metadata general.alignment is no whole number".into()),
    }
}

/// A tensor's entry: its name, shape and format, and its offset from where the data begin.
type Info = (String, Vec<usize>, GgmlType, u64);

fn read_infos(reader: &mut Reader<'_>, tensors: u64) -> Result<Vec<Info>, String> {
    let mut infos = Vec::new();
    for i in 0..tensors {
        let name = read_name(reader, &format!("the name of tensor {i}"))?;
        let of_tensor = |e: String| format!("tensor {}: {e}", shown(&name));
        let cut = || of_tensor(ended("its shape, format and place"));
        let dimensions = reader.u32().ok_or_else(cut)?;
        if dimensions > MOST_DIMENSIONS {
            return Err(of_tensor(format!(
                "{dimensions} dimensions, at most {MOST_DIMENSIONS} expected"
            )));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let extent = reader.u64().ok_or_else(cut)?;
            let extent = usize::try_from(extent)
                .ok()
                .filter(|&n| n > 0 && n <= isize::MAX as usize)
                .ok_or_else(|| of_tensor(format!("a dimension of {extent}")))?;
            // Outermost first.
            shape.insert(0, extent);
        }
        if shape
            .iter()
            .try_fold(1_usize, |n, &m| n.checked_mul(m))
            .is_none()
        {
            return Err(of_tensor(format!("its shape {shape:?} overflows")));
        }
        let kind = GgmlType::of(reader.u32().ok_or_else(cut)?);
        let offset = reader.u64().ok_or_else(cut)?;
        infos.push((name, shape, kind, offset));
    }
    Ok(infos)
}

/// Finds every tensor's bytes, which lie within the file and overlap no other's.
fn place(
    infos: Vec<Info>,
    data: u64,
    alignment: u64,
    length: usize,
) -> Result<BTreeMap<String, GgufTensor>, String> {
    let mut tensors = BTreeMap::new();
    for (name, shape, kind, offset) in infos {
        let of_tensor = |e: String| format!("tensor {}: {e}", shown(&name));
        if !offset.is_multiple_of(alignment) {
            return Err(of_tensor(format!(
                "its offset {offset} is no multiple of {alignment}, the file's alignment"
            )));
        }
        // What is stored in blocks has rows of whole blocks.
        let bytes = match kind.block() {
            None => None,
            Some((values, _)) => {
                let row = shape.last().copied().unwrap_or(1);
                if !row.is_multiple_of(values) {
                    return Err(of_tensor(format!(
                        "rows of {row} values in blocks of {values} ({})",
                        kind.name()
                    )));
                }
                let size = kind.bytes(shape.iter().product());
                let place = size.and_then(|size| {
                    let start = usize::try_from(data.checked_add(offset)?).ok()?;
                    let end = start.checked_add(size)?;
                    (end <= length).then_some(start..end)
                });
                let beyond = || {
                    format!(
                        "its {shape:?} values of {} at offset {offset} lie beyond the file's end",
                        kind.name()
                    )
                };
                Some(place.ok_or_else(|| of_tensor(beyond()))?)
            }
        };
        let tensor = GgufTensor { shape, kind, bytes };
        if tensors.contains_key(&name) {
            return Err(of_tensor("there are two of this name".into()));
        }
        tensors.insert(name, tensor);
    }
    let mut places: Vec<(&Range<usize>, &str)> = tensors
        .iter()
        .filter_map(|(name, tensor)| Some((tensor.bytes.as_ref()?, name.as_str())))
        .collect();
    places.sort_by_key(|(bytes, _)| bytes.start);
    for pair in places.windows(2) {
        if pair[0].0.end > pair[1].0.start {
            return Err(format!(
                "tensors {} and {} overlap",
                shown(pair[0].1),
                shown(pair[1].1)
            ));
        }
    }
    Ok(tensors)
}
