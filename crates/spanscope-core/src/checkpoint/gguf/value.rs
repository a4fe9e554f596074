//! The values of a GGUF file's metadata: small ones as they are, arrays where they lie in the file.

use super::reader::{Reader, ended};
use crate::files::shown;
use std::ops::Range;

/// Most levels of arrays in arrays that are followed; files that are in use have one.
const DEEPEST: usize = 4;

/// The type of an element of an array, or of a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A whole number without a sign, of so many bytes.
    Unsigned(usize),
    /// A whole number with a sign, of so many bytes.
    Signed(usize),
    /// Floating point, of 4 or 8 bytes.
    Float(usize),
    /// A byte: 0 or 1.
    Bool,
    /// UTF-8, after a length.
    Text,
    /// Further values of one kind.
    Array,
}

impl ValueKind {
    fn of(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Unsigned(1),
            1 => Self::Signed(1),
            2 => Self::Unsigned(2),
            3 => Self::Signed(2),
            4 => Self::Unsigned(4),
            5 => Self::Signed(4),
            6 => Self::Float(4),
            7 => Self::Bool,
            8 => Self::Text,
            9 => Self::Array,
            10 => Self::Unsigned(8),
            11 => Self::Signed(8),
            12 => Self::Float(8),
            _ => return None,
        })
    }

    /// Bytes of one value, where all have the same number.
    fn size(self) -> Option<usize> {
        match self {
            Self::Unsigned(size) | Self::Signed(size) | Self::Float(size) => Some(size),
            Self::Bool => Some(1),
            Self::Text | Self::Array => None,
        }
    }
}

/// A value of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number without a sign.
    Unsigned(u64),
    /// A whole number with a sign.
    Signed(i64),
    /// Floating point.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Text(String),
    /// An array, still in the file: what its elements are, how many, where.
    Array(Array),
}

/// An array of the metadata: its place in the file, every element of which was walked over once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// The type of every element.
    pub kind: ValueKind,
    /// Number of elements.
    pub count: usize,
    pub(super) bytes: Range<usize>,
}

/// The longest text that is kept as a single value, in bytes: templates of chats have some 10,000.
const LONGEST_TEXT: usize = 1 << 20;

impl Value {
    /// Reads a type and a value.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, String> {
        let kind = kind(reader)?;
        if kind == ValueKind::Array {
            return array(reader, 1).map(Self::Array);
        }
        if kind == ValueKind::Text {
            let text = reader.string().ok_or_else(|| ended("its text"))?;
            if text.len() > LONGEST_TEXT {
                return Err(format!(
                    "its text has {} bytes, at most {LONGEST_TEXT} expected",
                    text.len()
                ));
            }
            let text = std::str::from_utf8(text).map_err(|_| "its text is not UTF-8")?;
            return Ok(Self::Text(text.to_owned()));
        }
        let size = kind.size().unwrap_or_default();
        let place = reader.skip(size).ok_or_else(|| ended("its value"))?;
        number(kind, reader.bytes(&place))
    }

    /// The value as a whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            Self::Signed(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The value as a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Unsigned(value) => Some(*value as f64),
            Self::Signed(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as yes or no.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as an array.
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }
}

fn kind(reader: &mut Reader<'_>) -> Result<ValueKind, String> {
    let number = reader.u32().ok_or_else(|| ended("its type"))?;
    ValueKind::of(number).ok_or_else(|| format!("its type {number} is none of 0 to 12"))
}

/// The place of an array, after a walk over its elements.
fn array(reader: &mut Reader<'_>, depth: usize) -> Result<Array, String> {
    let kind = kind(reader)?;
    let count = reader.u64().ok_or_else(|| ended("its length"))?;
    let short = || format!("an array of {count} elements reaches beyond the file's end");
    let elements = usize::try_from(count).map_err(|_| short())?;
    let start = reader.at();
    match kind.size() {
        Some(size) => {
            let length = elements.checked_mul(size).ok_or_else(short)?;
            reader.skip(length).ok_or_else(short)?;
        }
        None if kind == ValueKind::Text => {
            // Eight bytes each, at least: a count that the file has no room for ends soon.
            for _ in 0..elements {
                reader.string().ok_or_else(short)?;
            }
        }
        None if depth == DEEPEST => {
            return Err(format!(
                "arrays in arrays, at most {DEEPEST} levels expected"
            ));
        }
        None => {
            for _ in 0..elements {
                array(reader, depth + 1)?;
            }
        }
    }
    Ok(Array {
        kind,
        count: elements,
        bytes: start..reader.at(),
    })
}

/// A number or a truth value out of its bytes, as many as its kind has.
fn number(kind: ValueKind, bytes: &[u8]) -> Result<Value, String> {
    let mut wide = [0; 8];
    for (to, from) in wide.iter_mut().zip(bytes) {
        *to = *from;
    }
    let unsigned = u64::from_le_bytes(wide);
    Ok(match kind {
        ValueKind::Unsigned(_) => Value::Unsigned(unsigned),
        ValueKind::Signed(size) => {
            let unused = 64 - 8 * size as u32;
            Value::Signed((unsigned << unused).cast_signed() >> unused)
        }
        ValueKind::Float(4) => Value::Float(f64::from(f32::from_bits(unsigned as u32))),
        ValueKind::Float(_) => Value::Float(f64::from_bits(unsigned)),
        ValueKind::Bool => match unsigned {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            other => return Err(format!("a truth value of {other}, 0 or 1 expected")),
        },
        ValueKind::Text | ValueKind::Array => return Err("no number".into()),
    })
}

impl Array {
    /// The elements as texts, read one after the other.
    ///
    /// # Errors
    /// In words, where it is no array of texts, or one is not UTF-8.
    pub(super) fn texts<'a>(
        &self,
        file: &'a [u8],
    ) -> Result<impl Iterator<Item = Result<&'a str, String>> + use<'a>, String> {
        if self.kind != ValueKind::Text {
            return Err("it is no array of texts".into());
        }
        let mut reader = Reader::new(file, self.bytes.start);
        Ok((0..self.count).map(move |i| {
            let text = reader.string().ok_or_else(|| ended("its last text"))?;
            std::str::from_utf8(text).map_err(|_| {
                let read = String::from_utf8_lossy(text);
                format!("element {i} is not UTF-8: {}", shown(&read))
            })
        }))
    }

    /// The elements as numbers and truth values, read one after the other.
    ///
    /// # Errors
    /// In words, where it is an array of texts or of arrays.
    pub(super) fn numbers<'a>(
        &self,
        file: &'a [u8],
    ) -> Result<impl Iterator<Item = Result<Value, String>> + use<'a>, String> {
        let kind = self.kind;
        let size = kind.size().ok_or("it is no array of numbers")?;
        let bytes = file.get(self.bytes.clone()).ok_or("it is beyond the end")?;
        Ok(bytes.chunks_exact(size).map(move |b| number(kind, b)))
    }
}
