//! A vocabulary from a file of any kind: prepared text, raw corpus, JSON, or a list in lines.

use std::path::Path;

use super::error::TextError;
use super::json::vocabulary_json;
use super::kind::unmarked;
use super::lines::{LineTally, Listing, MANY, Reading, lacks_eos};
use super::raw::RawTally;
use super::read::{each_chunk, read_up_to};
use super::source::Accept;
use super::vocabulary::{Token, Unit, Vocabulary};
use super::words::WordTally;

/// Up to this size a model's tokens may be bytes, and gathering more words would be in vain.
const FEW: usize = 1024;

/// Largest vocabulary saved as JSON.
const JSON_LIMIT: u64 = 256 << 20;

/// Tokens that a list has room for where the model's number is not known.
const ANY: usize = 1 << 20;

/// One way to read the file.
struct Candidate {
    tokens: Vec<Token>,
    unit: Unit,
    /// The assumption made, for the note and for errors.
    how: String,
    /// True if it is a text whose tokens stand apart.
    is_prepared: bool,
}

impl Vocabulary {
    /// The vocabulary in a file, however large: of the forms of [`Vocabulary::from_file`] the one that it has by its
    /// content. What may be a raw text is read by bytes.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, or is neither a text nor a list of tokens.
    pub fn of_any_size(path: impl AsRef<Path>, by_count: bool) -> Result<Self, TextError> {
        of_file(path.as_ref(), None, by_count).map_err(as_vocabulary)
    }

    /// The vocabulary of a model with `expected` tokens, from its training text or a list of its tokens.
    ///
    /// The file is a prepared `train.txt` (decimal byte numbers, single characters or words), a raw corpus (plain, `.zip`
    /// or `.gz`), JSON (see [`Vocabulary::from_json`]), a list with a token a line, or a `dict.txt` of fairseq; which one
    /// is seen from its content, and only where that leaves a choice from the number of tokens. Of a raw corpus the whole
    /// and the usual training parts are tried. Tokens of a text are numbered by first appearance, or with `by_count`
    /// (models with adaptive input and output) by falling count.
    ///
    /// # Errors
    /// The file cannot be read, is neither a text nor a list, or no way to read it gives `expected` tokens.
    pub fn from_file(
        path: impl AsRef<Path>,
        expected: usize,
        by_count: bool,
    ) -> Result<Self, TextError> {
        of_file(path.as_ref(), Some(expected), by_count).map_err(as_vocabulary)
    }

    /// The vocabulary of a prepared `train.txt`: its tokens stand between blanks, whatever they are.
    ///
    /// # Errors
    /// The file cannot be read, is empty or no text.
    pub fn of_prepared(path: impl AsRef<Path>, by_count: bool) -> Result<Self, TextError> {
        let path = path.as_ref();
        let mut words = WordTally::new(usize::MAX);
        let mut is_first = true;
        each_chunk(path, |chunk| {
            let is_first = std::mem::take(&mut is_first);
            words.feed(if is_first { unmarked(chunk) } else { chunk });
            true
        })?;
        match words.finish(by_count) {
            Some((tokens, unit)) if !tokens.is_empty() => {
                let note = format!(
                    "{} by {} in {}",
                    unit.counted(tokens.len()),
                    order(by_count),
                    name_of(path)
                );
                Ok(Self::build(tokens, unit).with_note(note))
            }
            _ => Err(TextError::Empty {
                path: path.to_owned(),
            }),
        }
    }
}

fn order(by_count: bool) -> &'static str {
    match by_count {
        true => "falling count",
        false => "first appearance",
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    crate::files::shown(&name.to_string_lossy())
}

/// Says of a file that is no text that it is no vocabulary either.
fn as_vocabulary(error: TextError) -> TextError {
    match error {
        TextError::NoText { path, what } => {
            let hint = match what.contains("PyTorch") {
                true => ". Of a corpus.pt, pass the train.txt that it was made from",
                false => "",
            };
            let reason = format!("it is {what}{hint}");
            TextError::VocabularyFile { path, reason }
        }
        other => other,
    }
}

fn of_file(path: &Path, expected: Option<usize>, by_count: bool) -> Result<Vocabulary, TextError> {
    let name = name_of(path);
    if let Some(vocabulary) = saved(path, expected)? {
        let size = vocabulary.unit().counted(vocabulary.len());
        return match expected {
            Some(expected) if vocabulary.len() != expected => Err(TextError::Size {
                path: path.to_owned(),
                expected,
                found: size,
                hint: String::new(),
            }),
            _ => Ok(vocabulary.with_note(format!("{size} from the vocabulary file {name}"))),
        };
    }
    let Tallies { raw, words, lines } = tally(path, expected, by_count)?;
    if raw.len() == 0 {
        return Err(TextError::Empty {
            path: path.to_owned(),
        });
    }
    let listing = lines.finish();
    if let Some(listing) = listing.as_ref().filter(|listing| listing.is_certain) {
        return listed(path, listing, expected);
    }
    let over = words
        .over()
        .filter(|over| expected.is_some_and(|expected| *over > expected));
    let mut candidates = candidates(path, &raw, words, by_count, expected)?;
    if let Some(listing) = &listing {
        // Words that never come twice are no text of words.
        let is_list = listing.readings.iter().any(|r| r.tokens.len() >= MANY);
        candidates.retain(|candidate| candidate.unit != Unit::Word || !is_list);
        if let Some(reading) = fitting(listing, expected).filter(|_| expected.is_some())
            && !candidates.iter().any(|c| Some(c.tokens.len()) == expected)
        {
            return of_reading(path, reading);
        }
    }
    let found = match expected {
        Some(expected) => candidates.iter().find(|c| c.tokens.len() == expected),
        // Nothing tells how much of a raw text was learned from, so all of it counts.
        None if by_count || candidates.iter().all(|c| c.is_prepared) => candidates.first(),
        None => {
            let tokens = raw.byte_tokens(raw.len());
            let size = Unit::Byte.counted(tokens.len());
            let note = format!("{size} by {} in the raw corpus {name}", order(false));
            return Ok(Vocabulary::build(tokens, Unit::Byte).with_note(note));
        }
    };
    match (found, expected) {
        (Some(found), _) => {
            let size = found.unit.counted(found.tokens.len());
            let how = found.how.replace("{name}", &name);
            let note = format!("{size} by {} in {how}", order(by_count));
            Ok(Vocabulary::build(found.tokens.clone(), found.unit).with_note(note))
        }
        (None, expected) => {
            let mut error = mismatch(path, expected.unwrap_or(0), &raw, &candidates, over);
            if let (TextError::Size { found, .. }, Some(listing)) = (&mut error, &listing) {
                let sizes = listing.readings.iter().map(of_size);
                let others = found.split(", ").map(str::to_owned);
                *found = sizes.chain(others).collect::<Vec<_>>().join(", ");
            }
            Err(error)
        }
    }
}

fn fitting(listing: &Listing, expected: Option<usize>) -> Option<&Reading> {
    let mut readings = listing.readings.iter();
    readings.find(|reading| expected.is_none_or(|expected| reading.tokens.len() == expected))
}

fn of_size(reading: &Reading) -> String {
    let size = reading.unit().counted(reading.tokens.len());
    format!("{size} ({})", reading.how)
}

/// The vocabulary of a file that can be nothing but a list.
fn listed(
    path: &Path,
    listing: &Listing,
    expected: Option<usize>,
) -> Result<Vocabulary, TextError> {
    if let Some(number) = listing.empty {
        return Err(TextError::VocabularyFile {
            path: path.to_owned(),
            reason: format!("it is a list with a token a line, but line {number} is empty"),
        });
    }
    if let Some(reading) = fitting(listing, expected) {
        return of_reading(path, reading);
    }
    let expected = expected.unwrap_or(0);
    let one_more = |r: &&Reading| r.tokens.len() + 1 == expected && lacks_eos(&r.tokens);
    let hint = match listing.readings.iter().find(one_more) {
        Some(_) => "; if <eos>, the end of a line, is missing, add it in the line of its id",
        None => "",
    };
    let sizes: Vec<String> = listing.readings.iter().map(of_size).collect();
    Err(TextError::Size {
        path: path.to_owned(),
        expected,
        found: sizes.join(", "),
        hint: hint.into(),
    })
}

fn of_reading(path: &Path, reading: &Reading) -> Result<Vocabulary, TextError> {
    let unit = reading.unit();
    let vocabulary = Vocabulary::from_tokens(reading.tokens.clone(), unit);
    let vocabulary = vocabulary.map_err(|error| in_file(path, error))?;
    let size = unit.counted(vocabulary.len());
    let note = format!("{size} listed in {} ({})", name_of(path), reading.how);
    Ok(vocabulary.with_note(note))
}

/// Names the file that is no vocabulary.
fn in_file(path: &Path, error: TextError) -> TextError {
    TextError::VocabularyFile {
        path: path.to_owned(),
        reason: match error {
            TextError::Vocabulary(reason) => reason,
            other => other.to_string(),
        },
    }
}

/// A vocabulary saved as JSON, or `None` when the file is something else.
fn saved(path: &Path, expected: Option<usize>) -> Result<Option<Vocabulary>, TextError> {
    let named = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let mut start = None;
    each_chunk(path, |chunk| {
        let text = unmarked(chunk);
        start = text.iter().copied().find(|b| !b.is_ascii_whitespace());
        start.is_none()
    })?;
    if !named && !matches!(start, Some(b'{' | b'[')) {
        return Ok(None);
    }
    let bytes = match read_up_to(path, JSON_LIMIT, Accept::Texts) {
        Err(TextError::TooLarge { .. }) if !named => return Ok(None),
        read => read?,
    };
    match vocabulary_json(&bytes, expected.unwrap_or(ANY)) {
        Ok(value) => {
            let vocabulary = Vocabulary::from_json(&value);
            vocabulary.map(Some).map_err(|error| in_file(path, error))
        }
        Err(reason) if named => Err(TextError::VocabularyFile {
            path: path.to_owned(),
            reason,
        }),
        // A corpus may well start with a bracket.
        Err(_) => Ok(None),
    }
}

/// The counts gathered of a file in one pass.
struct Tallies {
    raw: RawTally,
    words: WordTally,
    lines: LineTally,
}

fn tally(path: &Path, expected: Option<usize>, by_count: bool) -> Result<Tallies, TextError> {
    // 257: every byte and `<eos>`, so that a prepared file is always seen for what it is.
    let words = match expected {
        Some(expected) if expected < FEW => expected.max(257),
        Some(expected) => expected.saturating_mul(2).saturating_add(1 << 16),
        None if by_count => usize::MAX,
        None => 257,
    };
    let lines = expected.unwrap_or(ANY).saturating_mul(2);
    let mut all = Tallies {
        raw: RawTally::default(),
        words: WordTally::new(words),
        lines: LineTally::new(lines.saturating_add(1 << 16)),
    };
    let mut is_first = true;
    each_chunk(path, |chunk| {
        all.raw.feed(chunk);
        // To bytes a mark before UTF-8 is text, of words and lines it is no part.
        let is_first = std::mem::take(&mut is_first);
        let text = if is_first { unmarked(chunk) } else { chunk };
        all.words.feed(text);
        all.lines.feed(text);
        true
    })?;
    Ok(all)
}

/// The plausible ways to read the file, best first.
fn candidates(
    path: &Path,
    raw: &RawTally,
    words: WordTally,
    by_count: bool,
    expected: Option<usize>,
) -> Result<Vec<Candidate>, TextError> {
    let words = words.finish(by_count).map(|(tokens, unit)| Candidate {
        tokens,
        unit,
        how: match unit {
            Unit::Byte => "the prepared {name} (decimal numbers)".into(),
            Unit::Char => "the prepared {name} (single characters)".into(),
            Unit::Word | Unit::Piece => "{name}".into(),
        },
        is_prepared: true,
    });
    if let Some(words) = &words
        && are_ids(&words.tokens)
    {
        return Err(TextError::VocabularyFile {
            path: path.to_owned(),
            reason: format!(
                "it holds all numbers from 0 to {}: the ids of a text, which do not tell what they stand for",
                words.tokens.len() - 2
            ),
        });
    }
    let words = match words {
        // Numbers or single characters throughout: surely no raw corpus, unless very short.
        Some(words) if words.unit != Unit::Word && words.tokens.len() > 2 => {
            return Ok(vec![words]);
        }
        // Only models of words are trained by count, so there words go before bytes.
        Some(words)
            if by_count
                && words.unit == Unit::Word
                && expected.is_none_or(|expected| words.tokens.len() == expected) =>
        {
            return Ok(vec![words]);
        }
        words => words.filter(|words| words.unit == Unit::Word),
    };
    let mut found = raw_candidates(path, raw, by_count)?;
    found.extend(words);
    Ok(found)
}

/// True if the tokens of a text are the ids of another: all numbers from 0 up to their number. All bytes may be those of
/// binary data.
fn are_ids(tokens: &[Token]) -> bool {
    let numbers = tokens.len().saturating_sub(1);
    let mut seen = vec![false; numbers];
    let mut place = |token: &Token| {
        let number = match token {
            Token::Byte(byte) => Some(usize::from(*byte)),
            Token::Text(text) if !text.starts_with('0') || text.len() == 1 => text.parse().ok(),
            _ => None,
        };
        number
            .and_then(|n: usize| seen.get_mut(n))
            .map(|s| *s = true)
    };
    let all = tokens.iter().filter(|token| **token != Token::Eos);
    let placed = all.filter_map(&mut place).count();
    // So may digits be of a number.
    placed == numbers && numbers > MANY && numbers != 256 && numbers != 10
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
                is_prepared: false,
            }),
        }
    }
    Ok(found)
}

/// Counts, unlike first places, are those of one part only: it is read once more.
fn first_bytes(path: &Path, end: u64) -> Result<RawTally, TextError> {
    let mut tally = RawTally::default();
    each_chunk(path, |chunk| {
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
