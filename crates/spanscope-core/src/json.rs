//! JSON out of files that anybody may have written: what a text would become in memory is estimated before it is read.
//!
//! A list of empty lists takes three bytes an element in a file and thirty-two or more in memory. A reader that is to stay
//! within bounds looks at the text first: one pass, no memory.

use crate::shown::shown_error;
use serde::de::DeserializeOwned;

/// The most memory that a text may become, in bytes, where nobody says otherwise.
pub const MOST: usize = 16 << 20;

/// The memory that an object takes at least: maps come in nodes of eleven entries.
const OBJECT: usize = 700;

/// The memory that a value takes, with the growth of the list that it is put into.
const VALUE: usize = 100;

/// About how many bytes a JSON text takes once it is read, if an object takes `object` and every other value `value`: its
/// strings excepted, which are no longer than the text.
pub fn size_in_memory(text: &[u8], object: usize, value: usize) -> usize {
    let (mut objects, mut values) = (0_usize, 1_usize);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' => objects += 1,
            b'[' | b',' => values += 1,
            // To the end of the string: what is in there becomes no value.
            b'"' => {
                while let Some(inside) = bytes.next() {
                    match inside {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let objects = objects.saturating_mul(object);
    objects.saturating_add(values.saturating_mul(value))
}

/// Reads a JSON text whose parts are of any kind.
///
/// # Errors
/// In words: what is no JSON, is not what was expected, or would take more than [`MOST`] bytes.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    read_up_to(text, MOST)
}

/// As [`read`], with another limit.
///
/// # Errors
/// As [`read`].
pub fn read_up_to<T: DeserializeOwned>(text: &[u8], most: usize) -> Result<T, String> {
    let size = size_in_memory(text, OBJECT, VALUE);
    if size > most {
        return Err(format!(
            "{} bytes of JSON would become about {} MB in memory, more than {} MB",
            text.len(),
            size >> 20,
            most >> 20
        ));
    }
    serde_json::from_slice(text).map_err(|error| shown_error(&error))
}

/// Reads a JSON text into records whose fields are known: there may be as many as the text is long.
///
/// # Errors
/// As [`read`]; what is not known is passed over and takes no memory.
pub fn read_records<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    // A list of numbers takes 24 bytes a number while it grows, and two in the text; a record has twenty bytes a field.
    let values = size_in_memory(text, 1, 1);
    let most = MOST / VALUE + text.len() / 20;
    if values > most {
        return Err(format!(
            "{values} values in {} bytes of JSON, at most {most} expected",
            text.len()
        ));
    }
    serde_json::from_slice(text).map_err(|error| shown_error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn what_is_in_strings_is_no_value() {
        let text = br#"{"a,[{": "\",[{\\", "b": [1, 2, {"c": 3}]}"#;
        assert_eq!(size_in_memory(text, 1000, 1), 2000 + 1 + 1 + 1 + 2);
        assert_eq!(size_in_memory(b"", 7, 1), 1);
        assert_eq!(size_in_memory(b"[\"", 7, 1), 2);
        assert_eq!(size_in_memory(b"[\"\\", 7, 1), 2);
    }

    #[test]
    fn a_text_that_would_swell_is_refused() {
        assert_eq!(read::<Vec<u8>>(b"[1, 2]").unwrap(), [1, 2]);
        for swelling in ["[],", "{\"a\":1},", "0,"] {
            let text = format!("[{}0]", swelling.repeat(400_000));
            let refused = read::<Value>(text.as_bytes()).unwrap_err();
            assert!(refused.contains("MB in memory"), "{refused}");
        }
        let numbers = format!("[{}0]", "0,".repeat(1_000_000));
        assert!(read_records::<Vec<u64>>(numbers.as_bytes()).is_err());
        let records = format!("[{}null]", "{\"a\": \"0123456789abcdef\"},".repeat(50_000));
        assert!(read_records::<Vec<Value>>(records.as_bytes()).is_ok());
    }
}
