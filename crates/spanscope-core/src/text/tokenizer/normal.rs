//! The normalizers of a `tokenizer.json`, applied to a text before it is cut, each with a bound on the length of the result.

use super::error::Trouble;
use super::pattern::{GoOn, Pattern};
use super::placed::Placed;
use crate::shown::{shown, shown_error};
use serde_json::Value;
use tokenizers::normalizer::Range as Of;
use tokenizers::{NormalizedString, Normalizer, NormalizerWrapper};

/// The factor by which a text may become longer, and the bytes allowed to any text besides. NFKC makes eighteen characters of
/// one.
const MOST_TIMES: usize = 24;
const ALLOWED: usize = 1 << 20;

/// The most normalizers that are applied one after the other, and the deepest they are nested.
const MOST: usize = 64;

/// One normalizer.
#[derive(Debug)]
pub(super) enum Normal {
    /// Something in front of the text, and of what follows a token that was cut out of it.
    Prepend(String),
    /// Something in the place of every match.
    Replace {
        pattern: Pattern,
        content: String,
        /// The character that spaces become, where that is all it does.
        mark: Option<char>,
    },
    /// A canonical or compatible form of Unicode; ASCII stays as it is.
    Unicode(NormalizerWrapper),
    /// Another one of the library's, whose way with neighbours is not known here.
    Other(NormalizerWrapper),
}

/// The normalizers of a `tokenizer.json`, in order.
///
/// # Errors
/// In words, for one that is not known.
pub(super) fn read(value: Option<&Value>) -> Result<Vec<Normal>, String> {
    let mut all = Vec::new();
    if let Some(value) = value {
        gather(value, &mut all, 0)?;
    }
    Ok(all)
}

fn gather(value: &Value, all: &mut Vec<Normal>, depth: usize) -> Result<(), String> {
    let kind = kind(value, "normalizer")?;
    if all.len() >= MOST || depth >= MOST {
        return Err(format!("more than {MOST} normalizers"));
    }
    let normal = match kind {
        "Sequence" => {
            let list = value.get("normalizers").and_then(Value::as_array);
            for value in list.ok_or("a sequence without normalizers")? {
                gather(value, all, depth + 1)?;
            }
            return Ok(());
        }
        "Prepend" => Normal::Prepend(text(value, "prepend")?.to_owned()),
        "Replace" => {
            let content = text(value, "content")?;
            let is_space = value.pointer("/pattern/String").and_then(Value::as_str) == Some(" ");
            Normal::Replace {
                pattern: pattern(value)?,
                content: content.to_owned(),
                mark: one_char(content).filter(|_| is_space),
            }
        }
        "NFC" | "NFD" | "NFKC" | "NFKD" => Normal::Unicode(library(value)?),
        "BertNormalizer" | "Strip" | "StripAccents" | "Lowercase" | "Nmt" | "ByteLevel" => {
            Normal::Other(library(value)?)
        }
        other => {
            return Err(format!("its normalizer {} is not known here", shown(other)));
        }
    };
    all.push(normal);
    Ok(())
}

fn one_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// The name of a part of a `tokenizer.json`.
pub(super) fn kind<'a>(value: &'a Value, what: &str) -> Result<&'a str, String> {
    let kind = value.get("type").and_then(Value::as_str);
    kind.ok_or_else(|| format!("a {what} without a type"))
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    let text = value.get(key).and_then(Value::as_str);
    text.ok_or_else(|| format!("{} without {key}", shown(&value.to_string())))
}

/// A pattern as `{"Regex": …}` or `{"String": …}`.
pub(super) fn pattern(value: &Value) -> Result<Pattern, String> {
    let pattern = value.get("pattern");
    let of = |key: &str| pattern.and_then(|p| p.get(key)).and_then(Value::as_str);
    match (of("Regex"), of("String").or_else(|| pattern?.as_str())) {
        (Some(regex), _) => Pattern::regex(regex),
        (None, Some(literal)) => Pattern::literal(literal),
        (None, None) => Err("a pattern that is neither text nor a regular expression".into()),
    }
}

fn library(value: &Value) -> Result<NormalizerWrapper, String> {
    let read = |value: Value| serde_json::from_value(value);
    // The library's tag for this one is another than its name.
    let mut value = value.clone();
    if value.get("type").and_then(Value::as_str) == Some("BertNormalizer") {
        let bert = read(value)
            .map(NormalizerWrapper::BertNormalizer)
            .map_err(|e| shown_error(&e));
        return bert;
    }
    value
        .as_object_mut()
        .ok_or("a normalizer that is no object")?;
    serde_json::from_value(value).map_err(|e| shown_error(&e))
}

/// The largest length that a text of so many bytes may reach, in bytes.
pub(super) fn most(bytes: usize) -> usize {
    bytes.saturating_mul(MOST_TIMES).saturating_add(ALLOWED)
}

impl Normal {
    /// Applies it to a part of a text, which may become `most` bytes; `fresh` says that the part is the text's beginning, or follows a token that was cut out.
    pub(super) fn apply(
        &self,
        from: Placed,
        fresh: bool,
        most: usize,
        go_on: GoOn<'_>,
    ) -> Result<Placed, Trouble> {
        let grown = |bytes: usize| match bytes > most {
            true => Err(Trouble::Words(format!(
                "a normalizer would make {bytes} bytes of {}. The tokenizer is damaged, or no one's: fetch it again",
                from.text.len()
            ))),
            false => Ok(()),
        };
        match self {
            Self::Prepend(_) if !fresh || from.text.is_empty() => Ok(from),
            Self::Prepend(text) => {
                grown(from.text.len().saturating_add(text.len()))?;
                let mut to = Placed::with_capacity(from.text.len() + text.len());
                to.put_in(text, from.place(&(0..0)).0);
                to.push_part(&from, 0..from.text.len());
                Ok(to)
            }
            Self::Replace {
                pattern, content, ..
            } => {
                let found = pattern.find(&from.text, go_on)?;
                let matches = found.iter().filter(|(_, is_match)| *is_match).count();
                grown(
                    matches
                        .saturating_mul(content.len())
                        .saturating_add(from.text.len()),
                )?;
                let one = one_char(content);
                let mut to = Placed::with_capacity(from.text.len() + matches * content.len());
                for (range, is_match) in found {
                    match one {
                        _ if !is_match => to.push_part(&from, range),
                        Some(c) => to.push_instead(c, from.place(&range)),
                        None => to.push_changed(content, from.place(&range)),
                    }
                }
                Ok(to)
            }
            Self::Unicode(_) if from.text.is_ascii() => Ok(from),
            Self::Unicode(normalizer) | Self::Other(normalizer) => {
                let mut text = NormalizedString::from(from.text.as_str());
                normalizer.normalize(&mut text).map_err(|e| {
                    Trouble::Words(format!("a normalizer fails on it ({})", shown_error(&e)))
                })?;
                grown(text.get().len())?;
                Ok(placed(&from, &text))
            }
        }
    }
}

/// The text that the library made, with the places of its characters: byte for byte where a character stayed what it was.
fn placed(from: &Placed, text: &NormalizedString) -> Placed {
    let mut to = Placed::with_capacity(text.get().len());
    let before = |at: usize, c: char| {
        text.convert_offsets(Of::Normalized(at..at + c.len_utf8()))
            .filter(|range| range.end <= from.text.len())
            .unwrap_or(0..0)
    };
    let mut chars = text.get().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let mut before_this = before(at, c);
        let mut buffer = [0; 4];
        let c: &str = c.encode_utf8(&mut buffer);
        match from.text.get(before_this.clone()) {
            Some(same) if same == c => to.push_part(from, before_this),
            _ => {
                // The library leaves out what became one with the character before it.
                if let Some((at, c)) = chars.peek() {
                    before_this.end = before_this.end.max(before(*at, *c).start);
                }
                to.push_changed(c, from.place(&before_this));
            }
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(value: &Value, text: &str) -> Result<Placed, Trouble> {
        let mut placed = Placed::of(text, 0);
        for normal in read(Some(value)).unwrap() {
            placed = normal.apply(placed, true, most(text.len()), &|| true)?;
            assert!(placed.is_sound(), "{placed:?}");
        }
        Ok(placed)
    }

    #[test]
    fn places_follow_what_is_changed() {
        let llama = json!({"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u{2581}"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}]});
        let placed = apply(&llama, "a b").unwrap();
        assert_eq!(placed.text, "\u{2581}a\u{2581}b");
        assert_eq!(placed.place(&(0..3)), (0, 0));
        assert_eq!(placed.place(&(0..4)), (0, 1));
        assert_eq!(placed.place(&(4..7)), (1, 2));
        assert_eq!(placed.place(&(5..6)), (2, 2));

        let placed = apply(&json!({"type": "NFC"}), "ae\u{301}é").unwrap();
        assert_eq!(placed.text, "aéé");
        assert_eq!(placed.place(&(1..3)), (1, 4));
        assert_eq!(placed.place(&(1..2)), (1, 4));
        assert_eq!(placed.place(&(3..4)), (4, 5));
        for kind in [
            "NFD",
            "NFKC",
            "NFKD",
            "Lowercase",
            "StripAccents",
            "Nmt",
            "ByteLevel",
        ] {
            apply(
                &json!({ "type": kind }),
                "É ﬁ\u{fdfa} e\u{301}\u{200b}\u{1}x 語\u{1f642}",
            )
            .unwrap();
        }
        let strip = json!({"type": "Strip", "strip_left": true, "strip_right": true});
        assert_eq!(apply(&strip, "  a ").unwrap().place(&(0..1)), (2, 3));
    }

    #[test]
    fn what_grows_without_end_is_stopped() {
        let content = "x".repeat(10_000);
        let grows = json!({"type": "Replace", "pattern": {"String": "a"}, "content": content});
        assert!(apply(&grows, "bab").is_ok());
        let refused = apply(&grows, &"a".repeat(100_000)).unwrap_err();
        assert!(matches!(refused, Trouble::Words(words) if words.contains("would make")));
        let doubles = json!({"type": "Replace", "pattern": {"String": ""}, "content": "aaaaaaaa"});
        let all = json!({"type": "Sequence", "normalizers": vec![doubles; 60]});
        assert!(apply(&all, "aaaa").is_err());
        assert!(
            read(Some(
                &json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"})
            ))
            .is_err()
        );
        assert!(read(Some(&json!(7))).is_err() && read(Some(&json!({"type": "NFX"}))).is_err());
    }
}
