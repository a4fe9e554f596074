//! The metadata of an open GGUF file: what the network is, and its vocabulary.

use super::super::bytes::FileBytes;
use super::{Gguf, Value};
use crate::files::shown;
use std::sync::Arc;

/// Most elements of an array that are read at once; the largest vocabularies in use have 262,144 tokens and half a million
/// merges.
const MOST_ELEMENTS: usize = 1 << 22;

/// Most layers that [`GgufMetadata::per_layer`] speaks of.
const MOST_LAYERS: usize = 1 << 16;

/// The metadata of an open GGUF file: all that it says of its network. Arrays are read out of the file each time that they are
/// asked for.
///
/// Of a value by itself there is nothing where the file has no such entry, or one of another kind; what is wrong with an array
/// is told.
#[derive(Debug, Clone)]
pub struct GgufMetadata {
    gguf: Arc<Gguf>,
    file: Arc<FileBytes>,
}

impl GgufMetadata {
    pub(in super::super) fn new(gguf: Gguf, file: Arc<FileBytes>) -> Self {
        Self {
            gguf: Arc::new(gguf),
            file,
        }
    }

    /// A GGUF file of these metadata alone, without tensors.
    ///
    /// # Errors
    /// In words, when the file was shortened since it was opened.
    pub fn alone(&self) -> Result<Vec<u8>, String> {
        Gguf::header_of(self.file.all())
    }

    /// Version of the format: 2 or 3.
    pub fn version(&self) -> u32 {
        self.gguf.version
    }

    /// The network's kind, which the keys of its facts begin with: `llama`, `gemma3`.
    pub fn architecture(&self) -> Option<&str> {
        self.get_str("general.architecture")
    }

    /// Keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.gguf.keys()
    }

    /// A value of any kind.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.gguf.value(key)
    }

    /// A text, of at most a million bytes.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// A whole number that is not negative, however it is stored.
    pub fn get_u64(&self, key: &str) -> Option<u64> {
        self.get(key)?.as_u64()
    }

    /// A number, whole or not.
    pub fn get_f64(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_f64()
    }

    /// A number as it is computed with.
    pub fn get_f32(&self, key: &str) -> Option<f32> {
        self.get_f64(key).map(|value| value as f32)
    }

    /// Yes or no.
    pub fn get_bool(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// Number of elements of an array.
    pub fn array_len(&self, key: &str) -> Option<usize> {
        Some(self.get(key)?.as_array()?.count)
    }

    /// An array of texts, which stay in the file; `None` where there is no such entry.
    ///
    /// # Errors
    /// In words, when the entry is of another kind, has more than four million elements, or one is not UTF-8; or the file was
    /// shortened since it was opened.
    pub fn get_strs(&self, key: &str) -> Result<Option<Vec<&str>>, String> {
        if !self.has_array(key)? {
            return Ok(None);
        }
        let texts = self.gguf.texts(key, self.file.all());
        let texts = texts.and_then(Iterator::collect);
        texts.map(Some).map_err(|e| of(key, &e))
    }

    /// An array of whole numbers that are not negative; `None` where there is no such entry.
    ///
    /// # Errors
    /// As [`get_strs`](Self::get_strs), or when one is negative or not whole.
    pub fn get_u64s(&self, key: &str) -> Result<Option<Vec<u64>>, String> {
        self.numbers(key, "a whole number that is not negative", Value::as_u64)
    }

    /// An array of whole numbers; `None` where there is no such entry.
    ///
    /// # Errors
    /// As [`get_strs`](Self::get_strs), or when one is not whole.
    pub fn get_i64s(&self, key: &str) -> Result<Option<Vec<i64>>, String> {
        self.numbers(key, "a whole number", |value| match value {
            Value::Signed(value) => Some(*value),
            Value::Unsigned(value) => i64::try_from(*value).ok(),
            _ => None,
        })
    }

    /// An array of numbers; `None` where there is no such entry.
    ///
    /// # Errors
    /// As [`get_strs`](Self::get_strs).
    pub fn get_f32s(&self, key: &str) -> Result<Option<Vec<f32>>, String> {
        self.numbers(key, "a number", |value| Some(value.as_f64()? as f32))
    }

    /// An array of truth values; `None` where there is no such entry.
    ///
    /// # Errors
    /// As [`get_strs`](Self::get_strs).
    pub fn get_bools(&self, key: &str) -> Result<Option<Vec<bool>>, String> {
        self.numbers(key, "a truth value", Value::as_bool)
    }

    /// A whole number for each of so many layers, whether the file has one for all or an array; `None` where there is no such
    /// entry.
    ///
    /// # Errors
    /// As [`get_u64s`](Self::get_u64s), or when it is an array of another length.
    pub fn per_layer(&self, key: &str, layers: usize) -> Result<Option<Vec<u64>>, String> {
        if layers > MOST_LAYERS {
            return Err(of(
                key,
                &format!("{layers} layers, at most {MOST_LAYERS} expected"),
            ));
        }
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(array)) if array.count != layers => Err(of(
                key,
                &format!("it has {} elements for {layers} layers", array.count),
            )),
            Some(Value::Array(_)) => self.get_u64s(key),
            Some(value) => match value.as_u64() {
                Some(value) => Ok(Some(vec![value; layers])),
                None => Err(of(key, "it is no whole number that is not negative")),
            },
        }
    }

    fn numbers<T>(
        &self,
        key: &str,
        kind: &str,
        f: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>, String> {
        if !self.has_array(key)? {
            return Ok(None);
        }
        let read = |numbers: &mut dyn Iterator<Item = Result<Value, String>>| {
            let numbers = numbers
                .enumerate()
                .map(|(i, value)| f(&value?).ok_or_else(|| format!("element {i} is not {kind}")));
            numbers.collect::<Result<Vec<T>, String>>()
        };
        let numbers = self.gguf.numbers(key, self.file.all());
        let numbers = numbers.and_then(|mut numbers| read(&mut numbers));
        numbers.map(Some).map_err(|e| of(key, &e))
    }

    /// True if there is an array of this name that may be read.
    fn has_array(&self, key: &str) -> Result<bool, String> {
        let Some(value) = self.get(key) else {
            return Ok(false);
        };
        let Some(array) = value.as_array() else {
            return Err(of(key, "it is no array"));
        };
        if array.count > MOST_ELEMENTS {
            let what = format!(
                "it has {} elements, at most {MOST_ELEMENTS} expected",
                array.count
            );
            return Err(of(key, &what));
        }
        match self.file.is_whole() {
            true => Ok(true),
            false => Err("the file was shortened since it was opened; open it again".into()),
        }
    }
}

/// The message about an entry.
fn of(key: &str, what: &str) -> String {
    format!("metadata {}: {what}", shown(key))
}
