//! The text that a network learns from, and the blocks that it comes in.

use super::TrainError;
use super::dropout::mix;
use super::options::Options;
use serde::{Deserialize, Serialize};
use spanscope_core::files::sha256_hex;
use spanscope_core::shown::shown_path;
use spanscope_core::text::{Accept, Coverage, Gathered, Unit, Vocabulary, read_accepted};
use std::path::{Path, PathBuf};

/// A text to learn from, one to check on, and the vocabulary of both.
#[derive(Debug, Clone)]
pub struct Data {
    /// The file or folder.
    pub path: PathBuf,
    /// The vocabulary, from the training part unless it was given.
    pub vocabulary: Vocabulary,
    /// The training part, as ids.
    pub train: Vec<u32>,
    /// The part held out for validation.
    pub valid: Vec<u32>,
    /// SHA-256 of the training part's ids, little-endian.
    pub sha256: String,
    /// That of the part held out for validation.
    pub valid_sha256: String,
    /// The coverage of the training part by the vocabulary; what it lacks is left out.
    pub coverage: Coverage,
    /// The coverage of the validation part.
    pub valid_coverage: Coverage,
}

impl Data {
    /// Reads `path`: a raw text (plain, `.zip` or `.gz`), of which the first 90 % are for training, the next 5 % for validation
    /// and the last 5 % left for testing; or a folder with `train.txt` and `valid.txt` as the published preparation writes them.
    ///
    /// Of a raw text bytes are tokens, in order of first appearance in the training part, unless `vocabulary` says otherwise.
    /// `by_count` orders the words of a prepared text by falling count, as adaptive input and output need them. What the
    /// training part does not know is left out of the other.
    ///
    /// # Errors
    /// When a file cannot be read, is empty or no text, or a vocabulary that was given lacks too much of it.
    pub fn read(
        path: &Path,
        vocabulary: Option<Vocabulary>,
        by_count: bool,
    ) -> Result<Self, TrainError> {
        let is_given = vocabulary.is_some();
        let data = Self::read_accepted(path, vocabulary, by_count, Accept::Texts)?;
        if is_given {
            let mut all = data.coverage.clone();
            all.add(&data.valid_coverage);
            all.check(&shown_path(path))?;
        }
        Ok(data)
    }

    /// As [`Data::read`]; with [`Accept::AnyBytes`] also of binary data. What the vocabulary lacks is left out, however much
    /// it is.
    ///
    /// # Errors
    /// As [`Data::read`].
    pub fn read_accepted(
        path: &Path,
        vocabulary: Option<Vocabulary>,
        by_count: bool,
        accept: Accept,
    ) -> Result<Self, TrainError> {
        if path.is_dir() {
            return Self::prepared(path, vocabulary, by_count, accept);
        }
        let text = read_accepted(path, accept)?;
        let tail = text.len() / 20;
        let (train, rest) = text.split_at(text.len() - 2 * tail);
        let valid = &rest[..tail];
        let vocabulary = vocabulary.unwrap_or_else(|| Vocabulary::from_bytes_in_order(train));
        let (train, valid) = (vocabulary.known_ids(train), vocabulary.known_ids(valid));
        Self::checked(path, vocabulary, train, valid)
    }

    /// True if tokens are words, whose loss is told as perplexity.
    pub fn is_words(&self) -> bool {
        self.vocabulary.unit() == Unit::Word
    }

    fn prepared(
        folder: &Path,
        vocabulary: Option<Vocabulary>,
        by_count: bool,
        accept: Accept,
    ) -> Result<Self, TrainError> {
        let read = |name: &str| -> Result<String, TrainError> {
            let path = folder.join(name);
            if !path.is_file() {
                return Err(TrainError::Data {
                    path,
                    what: "is missing; a folder of data has train.txt and valid.txt, with tokens between spaces".into(),
                });
            }
            let text = String::from_utf8_lossy(&read_accepted(&path, accept)?).into_owned();
            // A mark that some programs write before UTF-8 is no part of the first token.
            Ok(match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            })
        };
        let (train, valid) = (read("train.txt")?, read("valid.txt")?);
        let vocabulary = match vocabulary {
            Some(vocabulary) => vocabulary,
            None => Vocabulary::of_prepared(folder.join("train.txt"), by_count)?,
        };
        let ids = |text: &str| -> (Vec<u32>, Coverage) {
            let mut ids = Vec::new();
            // Tokens are words here, whatever they stand for.
            let mut gathered = Gathered::new(Unit::Word);
            for line in text.lines() {
                let words = line.split_whitespace();
                let tokens = words.map(|word| (word, vocabulary.id_of(word)));
                for (token, id) in tokens.chain([("\n", vocabulary.eos())]) {
                    ids.extend(id);
                    gathered.add(id.is_some(), token.as_bytes());
                }
            }
            (ids, gathered.finish())
        };
        let (train, valid) = (ids(&train), ids(&valid));
        Self::checked(folder, vocabulary, train, valid)
    }

    fn checked(
        path: &Path,
        vocabulary: Vocabulary,
        (train, coverage): (Vec<u32>, Coverage),
        (valid, valid_coverage): (Vec<u32>, Coverage),
    ) -> Result<Self, TrainError> {
        if train.len() < 2 || valid.len() < 2 {
            let what = format!(
                "{} tokens to train on and {} to validate on are too few; use a longer text",
                train.len(),
                valid.len()
            );
            let path = path.to_owned();
            return Err(TrainError::Data { path, what });
        }
        let hash = |ids: &[u32]| {
            let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            sha256_hex(&bytes)
        };
        Ok(Self {
            path: path.to_owned(),
            sha256: hash(&train),
            valid_sha256: hash(&valid),
            vocabulary,
            train,
            valid,
            coverage,
            valid_coverage,
        })
    }
}

/// A text as B rows side by side, read T tokens at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    ids: &'a [u32],
    rows: usize,
    /// Tokens of each row.
    len: usize,
}

/// A block of a batch: row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Block {
    pub ids: Vec<u32>,
    pub targets: Vec<u32>,
}

impl<'a> Rows<'a> {
    pub fn new(ids: &'a [u32], rows: usize) -> Self {
        Self {
            ids,
            rows,
            len: ids.len() / rows.max(1),
        }
    }

    /// Up to `tokens` tokens of the rows in `range`, from the position `at` on, each with the one that follows it; nothing at
    /// the rows' end.
    pub fn block(&self, range: std::ops::Range<usize>, at: usize, tokens: usize) -> Option<Block> {
        let tokens = tokens.min(self.len.saturating_sub(at.saturating_add(1)));
        if tokens == 0 {
            return None;
        }
        let mut block = Block::default();
        for row in range.start..range.end.min(self.rows) {
            let start = row * self.len + at;
            block
                .ids
                .extend_from_slice(&self.ids[start..start + tokens]);
            block
                .targets
                .extend_from_slice(&self.ids[start + 1..start + 1 + tokens]);
        }
        Some(block)
    }
}

/// The place of a run in its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The next token of every row.
    pub at: usize,
    /// The number of times that the text was begun anew.
    pub epoch: u64,
}

impl Place {
    /// The place of the next block, and whether the text begins anew there. As in the published code an epoch begins a few
    /// tokens late, by chance, so that blocks are not cut at the same places every time.
    pub fn next(self, rows: &Rows<'_>, options: &Options) -> (Self, bool) {
        if self.at.saturating_add(options.block_size) < rows.len {
            return (self, false);
        }
        let epoch = self.epoch.saturating_add(1);
        let spare = rows.len.saturating_sub(options.block_size);
        let offset = mix(mix(options.seed) ^ epoch) % options.block_size as u64;
        let at = (offset as usize).min(spare.saturating_sub(1));
        (Self { at, epoch }, true)
    }
}

/// The check that the text is at least as long as a run needs.
pub(super) fn check_length(data: &Data, options: &Options) -> Result<(), TrainError> {
    let needed = options.batch_size.saturating_mul(options.block_size + 1);
    if data.train.len() < needed {
        return Err(TrainError::ShortText {
            path: data.path.clone(),
            found: data.train.len(),
            needed,
            batch: options.batch_size,
            block: options.block_size,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_text_is_cut_in_three_and_read_by_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.txt");
        let text: Vec<u8> = (0..400_u32)
            .map(|i| b'a' + (i % 7) as u8)
            .chain(*b"xyz!")
            .collect();
        std::fs::write(&path, &text).unwrap();
        let data = Data::read(&path, None, false).unwrap();
        assert_eq!((data.train.len(), data.valid.len()), (364, 20));
        assert_eq!(data.train[..9], [0, 1, 2, 3, 4, 5, 6, 0, 1]);
        assert_eq!(data.vocabulary.len(), 8, "seven letters and <eos>");
        std::fs::write(&path, "a").unwrap();
        assert!(
            Data::read(&path, None, false)
                .unwrap_err()
                .to_string()
                .contains("too few")
        );
    }

    #[test]
    fn a_prepared_folder_is_read_as_the_published_code_does() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("train.txt", "97 98 97\n99\n");
        let missing = Data::read(folder.path(), None, false)
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("valid.txt") && missing.contains("missing"),
            "{missing}"
        );
        write("valid.txt", "98 100 97\n");
        let data = Data::read(folder.path(), None, false).unwrap();
        assert_eq!(data.train, [0, 1, 0, 2, 3, 2]);
        assert_eq!(
            data.valid,
            [1, 0, 2],
            "what the training part lacks is left out"
        );
        write("train.txt", "the cat the hat\nthe end\n");
        write("valid.txt", "the hat\n");
        let data = Data::read(folder.path(), None, true).unwrap();
        assert_eq!(data.vocabulary.id_of("the"), Some(0));
        assert_eq!(data.vocabulary.len(), 5);
    }

    #[test]
    fn rows_are_read_side_by_side_and_begun_anew() {
        let ids: Vec<u32> = (0..23).collect();
        let rows = Rows::new(&ids, 2);
        let block = rows.block(0..2, 3, 4).unwrap();
        assert_eq!(block.ids, [3, 4, 5, 6, 14, 15, 16, 17]);
        assert_eq!(block.targets, [4, 5, 6, 7, 15, 16, 17, 18]);
        assert_eq!(rows.block(1..2, 9, 4).unwrap().ids, [20]);
        assert!(rows.block(0..2, 10, 4).is_none());
        let options = Options {
            block_size: 4,
            ..Options::default()
        };
        let place = Place { at: 4, epoch: 0 };
        assert_eq!(place.next(&rows, &options), (place, false));
        let (place, anew) = Place { at: 8, epoch: 0 }.next(&rows, &options);
        assert!(anew && place.epoch == 1 && place.at < 4);
        assert_eq!(rows.block(0..2, place.at, 4).unwrap().ids.len(), 8);
    }
}
