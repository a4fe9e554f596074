//! A vocabulary from a file of any kind: prepared text, raw corpus, or JSON.

use crate::shown::shown;
use std::path::Path;

use super::error::TextError;
use super::json::vocabulary_json;
use super::raw::RawTally;
use super::read::{LIMIT, each_chunk, read_up_to};
use super::vocabulary::{Token, Unit, Vocabulary, byte_of};
use super::words::WordTally;

/// Up to this size a model's tokens may be bytes, and gathering more words would be in vain.
const FEW: usize = 1024;

/// Largest vocabulary saved as JSON.
const JSON_LIMIT: u64 = 256 << 20;

/// One way to read the file.
struct Candidate {
    tokens: Vec<Token>,
    unit: Unit,
    /// What was assumed, for the note and for errors.
    how: String,
}

impl Vocabulary {
    /// The vocabulary in a file, however large: JSON, a prepared `train.txt`, or a raw text, read by bytes.
    ///
    /// # Errors
    /// When the file cannot be read, or is empty.
    pub fn of_any_size(path: impl AsRef<Path>, by_count: bool) -> Result<Self, TextError> {
        let path = path.as_ref();
        if let Some(vocabulary) = saved(path, usize::MAX)? {
            return Ok(vocabulary);
        }
        let bytes = super::read_bytes(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let different: std::collections::HashSet<&str> = text.split_whitespace().collect();
        let is_prepared = !different.is_empty()
            && different
                .iter()
                .all(|token| *token == "<eos>" || byte_of(token).is_some());
        if is_prepared || by_count {
            return Self::from_file(path, different.len() + 1, by_count);
        }
        if bytes.is_empty() {
            return Err(TextError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(Self::from_bytes_in_order(&bytes))
    }

    /// The vocabulary of a model with `expected` tokens, from its training text or a saved
    /// vocabulary.
    ///
    /// The file is a prepared `train.txt` (decimal byte numbers, single characters or words), a
    /// raw corpus (plain, `.zip` or `.gz`) or JSON (see [`Vocabulary::from_json`]); which one is
    /// seen from its content. Of a raw corpus the whole and the usual training parts are tried,
    /// and what gives `expected` tokens is taken. Tokens are numbered by first appearance, or
    /// with `by_count` (models with adaptive input and output) by falling count.
    ///
    /// # Errors
    /// The file cannot be read, or no way to read it gives `expected` tokens.
    pub fn from_file(
        path: impl AsRef<Path>,
        expected: usize,
        by_count: bool,
    ) -> Result<Self, TextError> {
        let path = path.as_ref();
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        let name = shown(&name);
        if let Some(vocabulary) = saved(path, expected)? {
            return if vocabulary.len() == expected {
                let note = format!(
                    "{} from the vocabulary file {name}",
                    vocabulary.unit().counted(expected)
                );
                Ok(vocabulary.with_note(note))
            } else {
                Err(TextError::Size {
                    path: path.to_owned(),
                    expected,
                    found: vocabulary.unit().counted(vocabulary.len()),
                    hint: String::new(),
                })
            };
        }
        let (raw, words) = tally(path, expected)?;
        if raw.len() == 0 {
            return Err(TextError::Empty {
                path: path.to_owned(),
            });
        }
        let over = words.over().filter(|over| *over > expected);
        let candidates = candidates(path, &raw, words, by_count, expected)?;
        let order = if by_count {
            "falling count"
        } else {
            "first appearance"
        };
        match candidates.iter().find(|c| c.tokens.len() == expected) {
            Some(found) => {
                let size = found.unit.counted(expected);
                let how = found.how.replace("{name}", &name);
                let note = format!("{size} by {order} in {how}");
                Ok(Self::build(found.tokens.clone(), found.unit).with_note(note))
            }
            None => Err(mismatch(path, expected, &raw, &candidates, over)),
        }
    }
}

/// A vocabulary saved as JSON, or `None` when the file is something else.
fn saved(path: &Path, expected: usize) -> Result<Option<Vocabulary>, TextError> {
    let named = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let mut start = None;
    each_chunk(path, LIMIT, |chunk| {
        start = chunk.iter().copied().find(|b| !b.is_ascii_whitespace());
        start.is_none()
    })?;
    if !named && !matches!(start, Some(b'{' | b'[')) {
        return Ok(None);
    }
    let bytes = match read_up_to(path, JSON_LIMIT) {
        Err(TextError::TooLarge { .. }) if !named => return Ok(None),
        read => read?,
    };
    let failed = |reason: String| TextError::VocabularyFile {
        path: path.to_owned(),
        reason,
    };
    match vocabulary_json(&bytes, expected) {
        Ok(value) => Vocabulary::from_json(&value).map(Some).map_err(|error| {
            failed(match error {
                TextError::Vocabulary(reason) => reason,
                other => other.to_string(),
            })
        }),
        Err(error) if named => Err(failed(error)),
        // A corpus may well start with a bracket.
        Err(_) => Ok(None),
    }
}

fn tally(path: &Path, expected: usize) -> Result<(RawTally, WordTally), TextError> {
    let mut raw = RawTally::default();
    // 257: every byte and `<eos>`, so that a prepared file is always seen for what it is.
    let mut words = WordTally::new(if expected < FEW {
        expected.max(257)
    } else {
        expected.saturating_mul(2).saturating_add(1 << 16)
    });
    each_chunk(path, LIMIT, |chunk| {
        raw.feed(chunk);
        words.feed(chunk);
        true
    })?;
    Ok((raw, words))
}

/// The plausible ways to read the file, best first.
fn candidates(
    path: &Path,
    raw: &RawTally,
    words: WordTally,
    by_count: bool,
    expected: usize,
) -> Result<Vec<Candidate>, TextError> {
    let words = words.finish(by_count).map(|(tokens, unit)| Candidate {
        tokens,
        unit,
        how: match unit {
            Unit::Byte => "the prepared {name} (decimal numbers)".into(),
            Unit::Char => "the prepared {name} (single characters)".into(),
            Unit::Word => "{name}".into(),
        },
    });
    let words = match words {
        // Numbers or single characters throughout: surely no raw corpus, unless very short.
        Some(words) if words.unit != Unit::Word && words.tokens.len() > 2 => {
            return Ok(vec![words]);
        }
        // Only models of words are trained by count, so there words go before bytes.
        Some(words) if by_count && words.unit == Unit::Word && words.tokens.len() == expected => {
            return Ok(vec![words]);
        }
        words => words.filter(|words| words.unit == Unit::Word),
    };
    let mut found = raw_candidates(path, raw, by_count)?;
    found.extend(words);
    Ok(found)
}

fn raw_candidates(
    path: &Path,
    raw: &RawTally,
    by_count: bool,
) -> Result<Vec<Candidate>, TextError> {
    let whole = raw.len();
    let text8 = raw.is_text8();
    // 90/5/5 as the published preprocessing and the shared checkpoints split it, then 90/10.
    let twentieths = whole - 2 * (whole / 20);
    let tenths = whole / 10 * 9 + whole % 10 * 9 / 10;
    let mut found: Vec<Candidate> = Vec::new();
    for end in [twentieths, tenths, whole] {
        let tokens = if by_count {
            let part = &first_bytes(path, end)?;
            if text8 {
                part.text8_tokens_by_count()
            } else {
                part.byte_tokens_by_count()
            }
        } else if text8 {
            raw.text8_tokens(end)
        } else {
            raw.byte_tokens(end)
        };
        let what = if text8 { "text8" } else { "corpus" };
        let same = found.iter_mut().find(|c| c.tokens == tokens);
        match (same, end == whole) {
            (Some(same), true) => {
                same.how = format!("the raw {what} {{name}} (its first 90 % and all of it agree)");
            }
            (Some(_), false) => {}
            (None, all) => found.push(Candidate {
                tokens,
                unit: if text8 { Unit::Char } else { Unit::Byte },
                how: if all {
                    format!("the raw {what} {{name}} (all of it)")
                } else {
                    format!("the raw {what} {{name}} (first 90 %)")
                },
            }),
        }
    }
    Ok(found)
}

/// Counts, unlike first places, are those of one part only: it is read once more.
fn first_bytes(path: &Path, end: u64) -> Result<RawTally, TextError> {
    let mut tally = RawTally::default();
    each_chunk(path, LIMIT, |chunk| {
        let left = usize::try_from(end - tally.len()).unwrap_or(usize::MAX);
        tally.feed(chunk.get(..left).unwrap_or(chunk));
        tally.len() < end
    })?;
    Ok(tally)
}

fn mismatch(
    path: &Path,
    expected: usize,
    raw: &RawTally,
    candidates: &[Candidate],
    over: Option<usize>,
) -> TextError {
    let mut found: Vec<String> = Vec::new();
    for candidate in candidates {
        let size = candidate.unit.counted(candidate.tokens.len());
        let how = match candidate.how.split_once(" (") {
            Some((_, how)) => format!("{size} ({}", how),
            None => size,
        };
        found.push(how);
    }
    found.extend(
        over.filter(|_| expected >= FEW)
            .map(|n| format!("more than {n} words")),
    );
    let bytes = candidates.iter().any(|c| c.how.contains("raw corpus"));
    let hint = match raw.ends_of_size(expected).filter(|_| bytes) {
        Some((from, to)) => format!(
            "; if it was trained on the start of this file, cut the file after {from} to {to} bytes"
        ),
        None => String::new(),
    };
    TextError::Size {
        path: path.to_owned(),
        expected,
        found: found.join(", "),
        hint,
    }
}
