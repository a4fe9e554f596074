//! The coverage of a text by a vocabulary: the one rule of when too much is missing.

use std::collections::HashMap;

use super::error::TextError;
use super::show::{byte_label, visible};
use super::vocabulary::{Unit, Vocabulary};

/// A text of which more than one piece in so many is missing is not run over unless that is asked for ...
const FEW: usize = 20;

/// ... nor one of which more than half is; but in a short one some pieces may be.
const SOME: usize = 8;

/// Different missing pieces that are told apart.
const MOST: usize = 10_000;

/// Missing pieces that are named.
const NAMED: usize = 4;

/// The coverage of a text by a vocabulary: the pieces in it, and those that are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Pieces of the text: bytes, characters or words.
    pub pieces: usize,
    /// Those that the vocabulary lacks.
    pub missing: usize,
    /// The unit of a piece; nothing for ids.
    unit: Option<Unit>,
    /// The missing ones by falling count, with how often they stand there.
    which: Vec<(String, usize)>,
}

impl Coverage {
    /// Of a text of which nothing but the number of pieces is known.
    pub fn counted(pieces: usize, missing: usize) -> Self {
        Self {
            pieces,
            missing,
            ..Self::default()
        }
    }

    /// Adds another text's.
    pub fn add(&mut self, other: &Self) {
        self.pieces += other.pieces;
        self.missing += other.missing;
        self.unit = self.unit.or(other.unit);
        for (piece, count) in &other.which {
            match self.which.iter_mut().find(|(known, _)| known == piece) {
                Some((_, sum)) => *sum += count,
                None => self.which.push((piece.clone(), *count)),
            }
        }
        sort(&mut self.which);
    }

    /// True if the vocabulary has as much of the text as any vocabulary of such texts should.
    pub fn is_enough(&self) -> bool {
        let is_little = self.missing.saturating_mul(FEW) <= self.pieces;
        let is_some = self.missing <= SOME && self.missing.saturating_mul(2) <= self.pieces;
        is_little || is_some
    }

    /// The share of the text that the vocabulary has.
    pub fn share(&self) -> f64 {
        match self.pieces {
            0 => 1.0,
            pieces => (pieces - self.missing.min(pieces)) as f64 / pieces as f64,
        }
    }

    /// Refuses a text, called `name`, of which too much is missing.
    ///
    /// # Errors
    /// When the vocabulary lacks more than a twentieth of it; of a short text more than half, or more than eight pieces.
    pub fn check(&self, name: &str) -> Result<(), TextError> {
        if self.is_enough() {
            return Ok(());
        }
        let what = format!("{name}: {}", self.words());
        Err(TextError::NotCovered { what })
    }

    /// In words: "1,179 of 1,500 bytes (78.6 %) are not in the vocabulary: "e" 160 times, …".
    pub fn words(&self) -> String {
        let unit = match self.unit {
            Some(Unit::Byte) => "byte",
            Some(Unit::Char) => "character",
            Some(Unit::Word) => "word",
            Some(Unit::Piece) => "piece",
            None => "piece",
        };
        let s = if self.pieces == 1 { "" } else { "s" };
        let pieces = grouped(self.pieces);
        if self.missing == 0 {
            return format!("all of its {pieces} {unit}{s} are in the vocabulary");
        }
        let missing = grouped(self.missing);
        let are = if self.missing == 1 { "is" } else { "are" };
        let share = percent(1.0 - self.share());
        let mut words =
            format!("{missing} of {pieces} {unit}{s} ({share} %) {are} not in the vocabulary");
        let named: Vec<String> = self.which.iter().take(NAMED).map(times).collect();
        if !named.is_empty() {
            words += &format!(": {}", named.join(", "));
        }
        match self.which.len().saturating_sub(NAMED) {
            0 => {}
            1 => words += " and 1 other",
            n => words += &format!(" and {} others", grouped(n)),
        }
        words
    }
}

/// Gathers the coverage of a text, piece by piece.
#[derive(Debug)]
pub struct Gathered<'a> {
    unit: Unit,
    pieces: usize,
    missing: usize,
    counts: HashMap<&'a [u8], usize>,
}

impl<'a> Gathered<'a> {
    /// Of a text of which nothing has been read.
    pub fn new(unit: Unit) -> Self {
        Self {
            unit,
            pieces: 0,
            missing: 0,
            counts: HashMap::new(),
        }
    }

    /// Adds a piece, which the vocabulary may have.
    pub fn add(&mut self, is_known: bool, piece: &'a [u8]) {
        self.pieces += 1;
        if is_known {
            return;
        }
        self.missing += 1;
        if self.counts.len() < MOST || self.counts.contains_key(piece) {
            *self.counts.entry(piece).or_default() += 1;
        }
    }

    /// The coverage of all pieces.
    pub fn finish(self) -> Coverage {
        let name = |piece: &[u8]| match (self.unit, piece) {
            (Unit::Byte, [byte]) if !byte.is_ascii() => byte_label(*byte),
            _ => visible(&super::to_text(piece.to_vec())),
        };
        let counts = self.counts.iter();
        let mut which: Vec<(String, usize)> = counts.map(|(p, n)| (name(p), *n)).collect();
        sort(&mut which);
        Coverage {
            pieces: self.pieces,
            missing: self.missing,
            unit: Some(self.unit),
            which,
        }
    }
}

fn sort(which: &mut [(String, usize)]) {
    which.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
}

fn times((piece, count): &(String, usize)) -> String {
    let piece: String = match piece.char_indices().nth(24) {
        Some((at, _)) => format!("{}…", piece.get(..at).unwrap_or_default()),
        None => piece.clone(),
    };
    match count {
        1 => format!("\"{piece}\" once"),
        n => format!("\"{piece}\" {} times", grouped(*n)),
    }
}

/// A share in per cent, never 0 for what is there nor 100 for what is not all.
fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p > 0.0 && p < 0.05 => "less than 0.1".into(),
        p if (99.95..100.0).contains(&p) => "more than 99.9".into(),
        p => format!("{p:.1}"),
    }
}

/// A number with commas.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl Vocabulary {
    /// The ids of a text, without the pieces that the vocabulary lacks, and how many these are.
    pub fn known_ids(&self, text: &[u8]) -> (Vec<u32>, Coverage) {
        let mut gathered = Gathered::new(self.unit());
        let mut ids = Vec::new();
        let text = text.get(self.mark_len(text)..).unwrap_or_default();
        self.each_piece(text, |id, range| {
            ids.extend(id);
            gathered.add(id.is_some(), text.get(range).unwrap_or_default());
        });
        (ids, gathered.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_counted_and_named() {
        let vocabulary = Vocabulary::from_bytes_in_order(b"abc \n");
        let (ids, coverage) = vocabulary.known_ids(b"abc abc\n");
        assert_eq!((ids.len(), coverage.missing, coverage.share()), (8, 0, 1.0));
        assert_eq!(coverage.words(), "all of its 8 bytes are in the vocabulary");
        let text = format!("{}xyx\u{e9}vw", "abc ".repeat(500));
        let (ids, coverage) = vocabulary.known_ids(text.as_bytes());
        assert_eq!((ids.len(), coverage.missing), (2000, 7));
        assert_eq!(
            coverage.words(),
            "7 of 2,007 bytes (0.3 %) are not in the vocabulary: \"x\" 2 times, \"v\" once, \"w\" once, \"y\" once and 2 others"
        );
        assert!(coverage.is_enough() && coverage.check("a").is_ok());
        let (_, coverage) = vocabulary.known_ids(b"abcdefg");
        let error = coverage.check("few.txt").unwrap_err().to_string();
        for part in ["few.txt: 4 of 7 bytes (57.1 %)", "\"d\" once", "--any-text"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(vocabulary.known_ids(b"").1.is_enough());
    }

    #[test]
    fn one_piece_in_twenty_may_be_missing_and_in_short_texts_some() {
        for (pieces, missing, is_enough) in [
            (1000, 50, true),
            (1000, 51, false),
            (100, 8, true),
            (100, 9, false),
            (16, 8, true),
            (11, 6, false),
            (1, 1, false),
            (0, 0, true),
        ] {
            assert_eq!(Coverage::counted(pieces, missing).is_enough(), is_enough);
        }
        assert_eq!(percent(1e-9), "less than 0.1");
        assert_eq!(percent(0.99999), "more than 99.9");
        let mut all = Coverage::counted(10, 1);
        all.add(&Coverage::counted(90, 0));
        assert_eq!(
            all.words(),
            "1 of 100 pieces (1.0 %) is not in the vocabulary"
        );
    }

    #[test]
    fn words_that_are_missing_are_named_in_full_sight() {
        let words = vec!["the".into(), "<eos>".into()];
        let vocabulary = Vocabulary::from_tokens(words, Unit::Word).unwrap();
        let (_, coverage) = vocabulary.known_ids("the c\u{200b}t\nthe".as_bytes());
        let words = coverage.words();
        assert!(words.contains("1 of 4 words (25.0 %)"), "{words}");
        assert!(words.contains("\"c⟨U+200B⟩t\" once"), "{words}");
    }
}
