//! The words of a configuration: `config.json` of Hugging Face, read field by field.
//!
//! Fields may be absent or null, and numbers may be written 1e-05, 1000000 or 1000000.0. What is there and is no number where one is
//! meant is refused by name.

use crate::shown::shown;
use serde_json::{Map, Value};

/// Why a configuration describes no network that runs here, in words.
pub(in crate::model) type Refusal = String;

/// A configuration.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Settings<'a>(pub &'a Map<String, Value>);

/// The largest size that is believed: what is multiplied stays below 2⁶⁴.
const MOST: f64 = (1_u64 << 31) as f64;

impl<'a> Settings<'a> {
    /// The value of a field, if it is there and not null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The value of the first of these fields that is there.
    fn first(&self, names: &[&str]) -> Option<(String, &'a Value)> {
        names
            .iter()
            .find_map(|name| Some(((*name).to_owned(), self.get(name)?)))
    }

    /// A size under the first of these names that is there: a whole number, at least 0.
    pub fn size(&self, names: &[&str]) -> Result<Option<usize>, Refusal> {
        let Some((name, value)) = self.first(names) else {
            return Ok(None);
        };
        let number = value.as_f64();
        let whole = number.filter(|n| n.fract() == 0.0 && (0.0..=MOST).contains(n));
        match whole {
            Some(number) => Ok(Some(number as usize)),
            None => Err(refused(&name, value, "a whole number")),
        }
    }

    /// A size that must be there and not be 0.
    pub fn need(&self, names: &[&str]) -> Result<usize, Refusal> {
        match self.size(names)? {
            Some(0) => Err(format!("{} is 0", names[0])),
            Some(size) => Ok(size),
            None => Err(format!("{} is missing", names[0])),
        }
    }

    /// A size, or `default` where it is absent; not 0.
    pub fn size_or(&self, names: &[&str], default: usize) -> Result<usize, Refusal> {
        match self.size(names)? {
            Some(0) => Err(format!("{} is 0", names[0])),
            Some(size) => Ok(size),
            None => Ok(default),
        }
    }

    /// A finite number.
    pub fn number(&self, names: &[&str]) -> Result<Option<f64>, Refusal> {
        let Some((name, value)) = self.first(names) else {
            return Ok(None);
        };
        match value.as_f64().filter(|n| n.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(refused(&name, value, "a number")),
        }
    }

    /// A finite number above 0, or `default`.
    pub fn positive(&self, names: &[&str], default: f64) -> Result<f64, Refusal> {
        match self.number(names)? {
            None => Ok(default),
            Some(number) if number > 0.0 => Ok(number),
            Some(number) => Err(format!(
                "{} is {number}; a number above 0 expected",
                names[0]
            )),
        }
    }

    /// True or false, or `default`.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(refused(name, value, "true or false")),
        }
    }

    /// A word.
    pub fn word(&self, names: &[&str]) -> Result<Option<&'a str>, Refusal> {
        match self.first(names) {
            None => Ok(None),
            Some((_, Value::String(word))) => Ok(Some(word)),
            Some((name, value)) => Err(refused(&name, value, "a word")),
        }
    }

    /// A list.
    pub fn list(&self, name: &str) -> Result<Option<&'a [Value]>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(value) => Err(refused(name, value, "a list")),
        }
    }

    /// Numbers in a list.
    pub fn numbers(&self, name: &str) -> Result<Option<Vec<f64>>, Refusal> {
        let Some(list) = self.list(name)? else {
            return Ok(None);
        };
        let numbers = list.iter().map(|value| {
            let number = value.as_f64().filter(|n| n.is_finite());
            number.ok_or_else(|| refused(name, value, "numbers"))
        });
        numbers.collect::<Result<_, _>>().map(Some)
    }

    /// Settings within these.
    pub fn inner(&self, name: &str) -> Result<Option<Settings<'a>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(inner)) => Ok(Some(Settings(inner))),
            Some(value) => Err(refused(name, value, "settings in braces")),
        }
    }
}

fn refused(name: &str, value: &Value, expected: &str) -> Refusal {
    format!(
        "{name} is {}; {expected} expected",
        shown(&value.to_string())
    )
}
