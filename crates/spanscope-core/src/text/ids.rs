//! Token ids out of JSON, read as they come: a list takes no more memory than its ids.

use super::error::TextError;
use super::kind::MARK;
use super::read::LIMIT;
use super::source::{Accept, Source};
use crate::files::shown;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Reads a JSON list of token ids, plain, `.zip` or `.gz`.
///
/// # Errors
/// The file cannot be read or holds anything but a list of whole numbers from 0.
pub fn read_ids(path: impl AsRef<Path>) -> Result<Vec<u32>, TextError> {
    read_ids_seen(path.as_ref(), |_| {})
}

/// As [`read_ids`]; `seen` gets all bytes of the (unpacked) file, for sums over them.
///
/// # Errors
/// As [`read_ids`].
pub fn read_ids_seen(path: &Path, seen: impl FnMut(&[u8])) -> Result<Vec<u32>, TextError> {
    let wrong = |reason: String| TextError::Ids {
        path: path.to_owned(),
        reason,
    };
    let (reader, io) = Source::open(path, Accept::Texts)?.into_reader();
    let limited = Read::take(reader, LIMIT);
    let mut bytes = BufReader::with_capacity(1 << 16, Seen(limited, seen));
    // Some programs write a mark before UTF-8.
    if bytes.fill_buf().map_err(&io)?.starts_with(MARK) {
        bytes.consume(MARK.len());
    }
    let mut json = serde_json::Deserializer::from_reader(&mut bytes);
    let ids = Ids.deserialize(&mut json);
    let ids = ids.and_then(|ids| json.end().map(|()| ids));
    ids.map_err(|error| match error.is_io() {
        true => io(error.into()),
        false => wrong(shown(&error.to_string())),
    })
}

/// Shows what passes to whoever wants to see it.
struct Seen<R, F>(R, F);

impl<R: Read, F: FnMut(&[u8])> Read for Seen<R, F> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(to)?;
        (self.1)(to.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// A list of ids whose room grows by an eighth at a time: doubled, it would take up to three times the ids.
struct Ids;

impl<'de> DeserializeSeed<'de> for Ids {
    type Value = Vec<u32>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Vec<u32>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Ids {
    type Value = Vec<u32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of token ids")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u32>, A::Error> {
        const LEAST: usize = 1 << 12;
        let mut ids = Vec::new();
        while let Some(id) = list.next_element::<u32>()? {
            if ids.len() == ids.capacity() {
                let more = LEAST.max(ids.len() / 8);
                if ids.try_reserve_exact(more).is_err() {
                    return Err(serde::de::Error::custom("there are more than memory holds"));
                }
            }
            ids.push(id);
        }
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_files::Files;
    use super::*;

    #[test]
    fn a_mark_before_the_list_is_passed_over_and_every_byte_is_seen() {
        let files = Files::new();
        let json = b"\xef\xbb\xbf [1, 2,\n3]\n";
        let path = files.put("ids.json", json);
        let mut seen = Vec::new();
        let ids = read_ids_seen(&path, |bytes| seen.extend_from_slice(bytes)).unwrap();
        assert_eq!((ids, &*seen), (vec![1, 2, 3], &json[..]));
    }

    #[test]
    fn the_room_of_a_long_list_is_that_of_its_ids() {
        let files = Files::new();
        let path = files.put("ids.json", format!("[{}0]", "7,".repeat(100_000)));
        let ids = read_ids(&path).unwrap();
        assert_eq!(ids.len(), 100_001);
        assert!(ids.capacity() < ids.len() + ids.len() / 8 + (1 << 12));
    }

    #[test]
    fn what_is_no_list_is_told_in_a_line() {
        let files = Files::new();
        let long = format!("[1, \"{}\"]", "x\\n".repeat(1 << 20));
        for bad in [&*long, "[1] 2", "[1", "\u{feff}", "{\"a\": 1}", "3"] {
            let error = read_ids(files.put("ids.json", bad)).unwrap_err();
            assert!(matches!(error, TextError::Ids { .. }), "{error}");
            let words = error.to_string();
            assert!(
                words.chars().count() < 500 && !words.contains('\n'),
                "{words}"
            );
        }
        let wide: Vec<u8> = "[1]".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = [&b"\xff\xfe"[..], &wide].concat();
        let error = read_ids(files.put("ids.json", wide)).unwrap_err();
        assert!(error.to_string().contains("UTF-16"), "{error}");
    }
}
