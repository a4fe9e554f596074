//! A reader of Python pickles that executes nothing.
//!
//! A pickle is a program for a small stack machine. Here that program may only build *data*: a class or a
//! function is the name of one, a call is a record of what would have been called. Work is bounded by the number of
//! bytes in the pickle, memory by a [`Budget`], and nesting never turns into recursion.

mod machine;
mod opcodes;

pub(super) use machine::read;

use std::fmt;

/// The memory allowed for what a file says, beside its numbers: some, and more for a larger file.
///
/// A pickle can name a long text once and refer to it in two bytes ever after; so whoever copies pays, not only whoever
/// reads.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

/// The memory allowed whatever the file's size, in bytes: for some 150,000 values.
const LEAST: usize = 24 << 20;

/// A list that grows holds the old and the new elements for a moment, and room for as many more.
const GROWING: usize = 3;

impl Budget {
    /// For a file of `bytes` bytes.
    pub fn for_file(bytes: usize) -> Self {
        Self {
            left: LEAST.saturating_add(bytes / 2),
        }
    }

    /// Takes `bytes`.
    ///
    /// # Errors
    /// In words, when they are not left.
    pub fn take(&mut self, bytes: usize) -> Result<(), String> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(format!(
                "what it describes would take more memory than a file of its size can need ({bytes} bytes wanted, {} left)",
                self.left
            )),
        }
    }

    /// Takes the room of `count` elements of a list that grows.
    ///
    /// # Errors
    /// As [`Budget::take`].
    pub fn grow<T>(&mut self, count: usize) -> Result<(), String> {
        self.take(count.saturating_mul(GROWING * size_of::<T>()))
    }
}

/// The longest text or run of bytes that is kept, in bytes: some tensors come as one, and are not read.
const LONGEST_KEPT: usize = 1 << 16;

/// Refers to a value inside a [`Pickle`].
pub(super) type Id = usize;

/// One value built by a pickle.
#[derive(Debug, Clone)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer that does not fit 64 bits; its value is of no use here.
    BigInt,
    Float(f64),
    Str(String),
    /// A text that is longer than any that is of use here, by its length in bytes.
    LongStr(usize),
    /// Bytes, or a text that is no UTF-8; nothing where they are more than are of use here.
    Bytes(Vec<u8>),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or function by its module and name, both texts.
    Global(Id, Id),
    /// The result that a call, or the construction of an object, would have produced.
    Object(Box<Object>),
    /// A reference to data outside the pickle: for PyTorch, a storage.
    Persistent(Id),
}

/// An object of a Python class, as data.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub class: Id,
    pub args: Id,
    pub items: Vec<Id>,
    pub pairs: Vec<(Id, Id)>,
    pub state: Option<Id>,
}

/// Why a pickle could not be read, and at which byte.
#[derive(Debug)]
pub(super) struct PickleError {
    pub at: usize,
    pub what: String,
}

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pickle byte {}: {}", self.at, self.what)
    }
}

/// All values of one pickle and the one it stands for.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    root: Id,
}

impl Pickle {
    /// The value that the pickle stands for.
    pub fn root(&self) -> Id {
        self.root
    }

    /// Every value, in the order in which they were made.
    pub fn all(&self) -> std::ops::Range<Id> {
        0..self.values.len()
    }

    /// The value behind `id`.
    pub fn get(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::None)
    }

    pub fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Value::Int(i) => Some(*i),
            Value::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }

    pub fn str(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Str(s) => Some(s),
            _ => None,
        }
    }

    pub fn number(&self, id: Id) -> Option<f64> {
        match self.get(id) {
            Value::Int(i) => Some(*i as f64),
            Value::Float(f) => Some(*f),
            _ => None,
        }
    }

    pub fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(items) | Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The length of a text in bytes, also of one that was not kept.
    pub fn str_len(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Value::LongStr(len) => Some(*len),
            _ => self.str(id).map(str::len),
        }
    }

    /// The entries of a dict or of an object that behaves like one: `OrderedDict`, or any that has entries.
    pub fn pairs(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(pairs) => Some(pairs),
            Value::Object(object) if !object.pairs.is_empty() => Some(&object.pairs),
            Value::Object(object) if self.is_dict_class(object.class) => Some(&object.pairs),
            _ => None,
        }
    }

    fn is_dict_class(&self, class: Id) -> bool {
        self.global(class)
            .is_some_and(|(_, name)| name.ends_with("Dict") || name.ends_with("dict"))
    }

    /// Module and name of a class or function.
    pub fn global(&self, id: Id) -> Option<(&str, &str)> {
        let Value::Global(module, name) = self.get(id) else {
            return None;
        };
        Some((self.str(*module)?, self.str(*name)?))
    }

    /// The entry of a dict under a text key.
    pub fn entry(&self, id: Id, key: &str) -> Option<Id> {
        // The last one wins, as in Python.
        self.pairs(id)?
            .iter()
            .rev()
            .find(|(k, _)| self.str(*k) == Some(key))
            .map(|(_, v)| *v)
    }

    /// The class, arguments and state of an object made by a call.
    pub fn object(&self, id: Id) -> Option<(&str, &str, &Object)> {
        let Value::Object(object) = self.get(id) else {
            return None;
        };
        let (module, name) = self.global(object.class)?;
        Some((module, name, object))
    }
}
