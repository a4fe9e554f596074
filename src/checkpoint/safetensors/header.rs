//! The header of a `.safetensors` file: what tensors there are and where, as far as it is true.

use crate::checkpoint::tensor::{LONGEST_NAME, MOST_DIMENSIONS};
use crate::files::shown;
use crate::json;
use crate::shown::shown_error;
use safetensors::tensor::Dtype;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The key of the header that names no tensor.
const METADATA: &str = "__metadata__";

/// The longest header that is read, in bytes; the format allows no longer one either.
const LONGEST: usize = 100_000_000;

/// What a tensor takes in memory with its name and its places in maps, and a value of its shape: generously.
const TENSOR: usize = 600;
const VALUE: usize = 100;

/// What may be taken for them whatever the size of the file: 30,000 tensors.
const LEAST: usize = 32 << 20;

/// A tensor as the header has it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Where its bytes begin and end, counted from the end of the header.
    pub data_offsets: (usize, usize),
}

/// A header whose tensors lie one after the other and fill the file.
#[derive(Debug)]
pub(super) struct Header {
    pub metadata: BTreeMap<String, String>,
    pub entries: Vec<(String, Entry)>,
}

impl Header {
    /// Reads the header of a file; the number is that of the byte at which the tensors begin.
    pub fn read(file: &[u8]) -> Result<(Self, usize), String> {
        let length = file.first_chunk::<8>().copied().map(u64::from_le_bytes);
        let data = length
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length <= LONGEST)
            .and_then(|length| length.checked_add(8));
        let text = data.and_then(|data| file.get(8..data)?.into());
        let (Some(data), Some(text)) = (data, text) else {
            return Err(format!(
                "the header claims {} bytes; at most {LONGEST} expected, in a file of {}",
                length.unwrap_or(0),
                file.len()
            ));
        };
        let size = json::size_in_memory(text, TENSOR, VALUE);
        let most = LEAST.saturating_add(file.len() / 2);
        if size > most {
            return Err(format!(
                "the header describes so many tensors that they would take {size} bytes in memory; at most {most} expected of \
                 a file of this size"
            ));
        }
        let mut header: Self =
            serde_json::from_slice(text).map_err(|e| format!("its header: {}", shown_error(&e)))?;
        header.entries.sort_by_key(|(_, entry)| entry.data_offsets);
        header.check(file.len() - data)?;
        Ok((header, data))
    }

    /// Whether the tensors fill `bytes` bytes without gaps, and each has the bytes that its shape needs.
    fn check(&self, bytes: usize) -> Result<(), String> {
        let (mut at, mut before) = (0, "the header");
        for (name, entry) in &self.entries {
            let (start, end) = entry.data_offsets;
            let dims = entry.shape.len();
            if dims > MOST_DIMENSIONS {
                return Err(format!(
                    "tensor {} has {dims} dimensions, at most {MOST_DIMENSIONS} expected",
                    shown(name)
                ));
            }
            if name.len() > LONGEST_NAME {
                return Err(format!(
                    "tensor {} has a name of {} bytes, at most {LONGEST_NAME} expected",
                    shown(name),
                    name.len()
                ));
            }
            if start != at || end < start {
                return Err(format!(
                    "tensor {} claims the bytes {start} to {end}; expected it to begin at byte {at}, where {} ends",
                    shown(name),
                    shown(before)
                ));
            }
            let elements = entry
                .shape
                .iter()
                .try_fold(1_usize, |n, m| n.checked_mul(*m));
            let bits = elements.and_then(|n| n.checked_mul(entry.dtype.bitsize()));
            if bits.is_none_or(|bits| bits % 8 != 0 || bits / 8 != end - start) {
                return Err(format!(
                    "tensor {} of shape {:?} and type {} cannot be {} bytes long",
                    shown(name),
                    entry.shape,
                    entry.dtype,
                    end - start
                ));
            }
            (at, before) = (end, name);
        }
        match at == bytes {
            true => Ok(()),
            false => Err(format!(
                "the tensors take {at} bytes, and after the header there are {bytes}"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut metadata: Option<BTreeMap<String, String>> = None;
        let mut entries: Vec<(String, Entry)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name != METADATA {
                entries.push((name, map.next_value()?));
                continue;
            }
            // Some writers put null there where there are none.
            let texts = map.next_value::<Option<Texts>>()?;
            let texts = texts.map(|texts| texts.0).unwrap_or_default();
            if metadata.replace(texts).is_some() {
                return Err(A::Error::custom("its metadata are there twice"));
            }
        }
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let name = shown(&pair[0].0);
            return Err(A::Error::custom(format!("two tensors are called {name}")));
        }
        Ok(Header {
            metadata: metadata.unwrap_or_default(),
            entries,
        })
    }
}

/// Texts by name, no name twice.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((name, text)) = map.next_entry::<String, String>()? {
                    if texts.contains_key(&name) {
                        let name = shown(&name);
                        return Err(A::Error::custom(format!("metadata {name} is there twice")));
                    }
                    texts.insert(name, text);
                }
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_map(TextsVisitor)
    }
}
