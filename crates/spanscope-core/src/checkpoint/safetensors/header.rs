//! The header of a `.safetensors` file: what tensors there are and where, as far as it is true.

use crate::checkpoint::error::Fault;
use crate::checkpoint::tensor::{LONGEST_NAME, MOST_DIMENSIONS};
use crate::files::shown;
use crate::json;
use crate::shown::shown_error;
use safetensors::tensor::Dtype;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The key of the header that names no tensor.
const METADATA: &str = "__metadata__";

/// The longest header that is read, in bytes; the format allows no longer one either.
const LONGEST: usize = 100_000_000;

/// The memory that a tensor takes with its name and its places in maps, and that of a value of its shape: generously.
const TENSOR: usize = 600;
const VALUE: usize = 100;

/// The memory allowed for them whatever the size of the file: 30,000 tensors.
const LEAST: usize = 32 << 20;

/// The number format of a tensor.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Format {
    /// One of those that the library knows.
    Known(Dtype),
    /// A newer one: how long its numbers are is not known.
    Unknown(String),
}

impl Format {
    pub fn known(&self) -> Option<Dtype> {
        match self {
            Self::Known(dtype) => Some(*dtype),
            Self::Unknown(_) => None,
        }
    }

    /// Its name in the header; for those that others know by another name, that one.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(Dtype::F8_E4M3) => "float8_e4m3fn (F8_E4M3)",
            Self::Known(Dtype::F8_E5M2) => "float8_e5m2 (F8_E5M2)",
            Self::Known(Dtype::I8) => "int8",
            Self::Known(Dtype::U8) => "uint8",
            Self::Known(Dtype::I16) => "int16",
            Self::Known(Dtype::U16) => "uint16",
            Self::Known(Dtype::I32) => "int32",
            Self::Known(Dtype::U32) => "uint32",
            Self::Known(Dtype::I64) => "int64",
            Self::Known(Dtype::U64) => "uint64",
            Self::Known(Dtype::BOOL) => "bool",
            Self::Known(Dtype::C64) => "complex64 (C64)",
            Self::Known(_) => "a format of few bits (F4, F6, F8)",
            Self::Unknown(name) => name,
        }
    }
}

/// A tensor as the header has it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub dtype: Format,
    pub shape: Vec<usize>,
    /// The beginning and the end of its bytes, counted from the end of the header.
    pub data_offsets: (usize, usize),
}

/// A header whose tensors lie one after the other and fill the file.
#[derive(Debug)]
pub(super) struct Header {
    pub metadata: BTreeMap<String, String>,
    /// Metadata that are no text, and what they are.
    odd: Option<(String, &'static str)>,
    pub entries: Vec<(String, Entry)>,
}

impl Header {
    /// Reads the header of a file; the number is that of the byte at which the tensors begin.
    ///
    /// # Errors
    /// When it is damaged, or is not as the format has it.
    pub fn read(file: &[u8]) -> Result<(Self, usize), Fault> {
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
            )
            .into());
        };
        let size = json::size_in_memory(text, TENSOR, VALUE);
        let most = LEAST.saturating_add(file.len() / 2);
        if size > most {
            return Err(format!(
                "the header describes so many tensors that they would take {size} bytes in memory; at most {most} expected of \
                 a file of this size"
            )
            .into());
        }
        let mut header: Self =
            serde_json::from_slice(text).map_err(|e| format!("its header: {}", shown_error(&e)))?;
        if let Some((key, kind)) = &header.odd {
            return Err(Fault::Unsupported(format!(
                "its metadata \"{}\" is {kind}, and the format allows only text there; save it again with \
                 save_file(tensors, path, metadata={{k: str(v) for k, v in metadata.items()}})",
                shown(key)
            )));
        }
        header.entries.sort_by_key(|(_, entry)| entry.data_offsets);
        header.check(file.len() - data)?;
        Ok((header, data))
    }

    /// Checks that the tensors fill `bytes` bytes without gaps, and that each has the bytes that its shape needs.
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
            let bits = |dtype: Dtype| elements.and_then(|n| n.checked_mul(dtype.bitsize()));
            let fits = |bits: usize| bits.is_multiple_of(8) && bits / 8 == end - start;
            if let Some(dtype) = entry.dtype.known()
                && !bits(dtype).is_some_and(fits)
            {
                return Err(format!(
                    "tensor {} of shape {:?} and type {} cannot be {} bytes long",
                    shown(name),
                    entry.shape,
                    entry.dtype.name(),
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
        let mut metadata: Option<Texts> = None;
        let mut entries: Vec<(String, Entry)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name != METADATA {
                entries.push((name, map.next_value()?));
                continue;
            }
            // Some writers put null there where there are none.
            let texts = map.next_value::<Option<Texts>>()?;
            if metadata.replace(texts.unwrap_or_default()).is_some() {
                return Err(A::Error::custom("its metadata are there twice"));
            }
        }
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let name = shown(&pair[0].0);
            return Err(A::Error::custom(format!("two tensors are called {name}")));
        }
        let Texts { texts, odd } = metadata.unwrap_or_default();
        Ok(Header {
            metadata: texts,
            odd,
            entries,
        })
    }
}

/// Texts by name, no name twice.
#[derive(Default)]
struct Texts {
    texts: BTreeMap<String, String>,
    odd: Option<(String, &'static str)>,
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut all = Texts::default();
                while let Some((name, text)) = map.next_entry::<String, Text>()? {
                    if all.texts.contains_key(&name) {
                        let name = shown(&name);
                        return Err(A::Error::custom(format!("metadata {name} is there twice")));
                    }
                    match text {
                        Text::Text(text) => drop(all.texts.insert(name, text)),
                        Text::Other(kind) => all.odd = Some((name, kind)),
                    }
                }
                Ok(all)
            }
        }

        deserializer.deserialize_map(TextsVisitor)
    }
}

/// A text, or what stands in its place.
enum Text {
    Text(String),
    Other(&'static str),
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::Text(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
                Ok(Text::Text(text))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Text, E> {
                Ok(Text::Other("a truth value"))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Text, E> {
                Ok(Text::Other("a number"))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Text, E> {
                Ok(Text::Other("a number"))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Text, E> {
                Ok(Text::Other("a number"))
            }

            fn visit_unit<E: Error>(self) -> Result<Text, E> {
                Ok(Text::Other("null"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text::Other("a list"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text::Other("an object"))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}
