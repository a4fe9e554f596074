//! Putting together what was measured apart.

use super::{CorpusRecord, Done, SumsFile};
use crate::corpus::MOST_SHARDS;
use spanscope_chart::thousands;
use spanscope_core::analysis::sums::SumsError;
use spanscope_core::shown::{said, shown, shown_path};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Why files of sums cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Nothing to put together.
    #[error("pass at least one file of sums")]
    Nothing,
    /// They are not of the same kind.
    #[error(
        "{} and {} cannot be put together: {what}",
        shown_path(a),
        shown_path(b), what = said(what))]
    Different {
        /// A file.
        a: PathBuf,
        /// Another.
        b: PathBuf,
        /// The difference.
        what: String,
    },
    /// The same text was measured twice.
    #[error(
        "{} and {} both hold the text {text}: it would count twice",
        shown_path(a),
        shown_path(b), text = said(text))]
    Overlap {
        /// A file.
        a: PathBuf,
        /// Another.
        b: PathBuf,
        /// The text.
        text: String,
    },
    /// A shard was measured twice.
    #[error(
        "{} and {} both hold shard {shard} of {of}: pass one of them",
        shown_path(a),
        shown_path(b)
    )]
    SameShard {
        /// A file.
        a: PathBuf,
        /// Another.
        b: PathBuf,
        /// The shard, from 1.
        shard: usize,
        /// The number of shards in all.
        of: usize,
    },
    /// More shards than one file may name.
    #[error(
        "together their corpora have {} shards, more than the {} that one file of sums may have; measure in fewer shards",
        thousands(*shards),
        thousands(MOST_SHARDS)
    )]
    Shards {
        /// The number of shards.
        shards: usize,
    },
    /// The sums are too large.
    #[error("{}: {source}", shown_path(path))]
    Sums {
        /// The file that was being added.
        path: PathBuf,
        /// Why.
        source: SumsError,
    },
}

/// Missing shards that are named.
const NAMED: usize = 12;

/// Shards of a corpus that were not measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The number of shards in all.
    pub of: usize,
    /// The number of missing shards.
    pub count: usize,
    /// The first of those, from 1.
    pub first: Vec<usize>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.first.iter().map(usize::to_string);
        write!(f, "{}", names.collect::<Vec<_>>().join(", "))?;
        match self.count.saturating_sub(self.first.len()) {
            0 => {}
            n => write!(f, " and {} more", thousands(n))?,
        }
        write!(f, " of {}", self.of)
    }
}

/// The missing shards, in words: those of the first corpora that lack any, and the counts of the rest.
pub fn missing_words(missing: &[Missing]) -> Vec<String> {
    const CORPORA: usize = 4;
    let mut words: Vec<String> = missing
        .iter()
        .take(CORPORA)
        .map(Missing::to_string)
        .collect();
    let rest = missing.iter().skip(CORPORA);
    let shards: usize = rest.map(|missing| missing.count).sum();
    if let more @ 1.. = missing.len().saturating_sub(CORPORA) {
        words.push(format!("{} of {more} more corpora", thousands(shards)));
    }
    words
}

impl Done {
    /// The parts that were not measured, from 1, rising.
    pub fn missing(&self) -> impl Iterator<Item = usize> {
        (1..=self.of).filter(|i| self.done.binary_search(i).is_err())
    }
}

impl SumsFile {
    /// The shards that are missing, corpus by corpus; nothing where all are there.
    pub fn missing(&self) -> Vec<Missing> {
        let shards = self.header.corpora.iter().filter_map(|c| c.shards.as_ref());
        let missing = shards.map(|shards| Missing {
            of: shards.of,
            count: shards.of.saturating_sub(shards.done.len()),
            first: shards.missing().take(NAMED).collect(),
        });
        missing.collect()
    }
}

/// Puts together what was measured apart. The result is, bit for bit, what one measurement of all would be, whatever the
/// order of the files and however some of them were put together before.
///
/// # Errors
/// When the files are of different models, of different versions of the program, or not measured alike; when a text or a
/// shard is in two of them; and when the sums would be too large.
pub fn merge(files: Vec<(PathBuf, SumsFile)>) -> Result<SumsFile, MergeError> {
    one_model(&files)?;
    let key = |text: &crate::corpus::TextRecord| (text.name.clone(), text.sha256.clone());
    let texts = files.iter().flat_map(|(_, file)| &file.header.texts);
    let mut texts: Vec<_> = texts.cloned().collect();
    texts.sort_by_cached_key(key);
    let renumbered = |(path, mut file): (PathBuf, SumsFile)| {
        if let Some(examples) = &mut file.examples {
            super::examples::renumber(examples, &file.header.texts, &texts);
        }
        (path, file)
    };
    let mut files = files.into_iter().map(renumbered);
    let Some((first, mut all)) = files.next() else {
        return Err(MergeError::Nothing);
    };
    let mut seen = Seen::default();
    seen.take(&first, &all)?;
    for (path, file) in files {
        if let Some(what) = differ(&all, &file) {
            return Err(MergeError::Different {
                a: first,
                b: path,
                what,
            });
        }
        seen.take(&path, &file)?;
        let added = all.sums.add(&file.sums);
        added.map_err(|source| MergeError::Sums {
            path: path.clone(),
            source,
        })?;
        if let (Some(all), Some(examples)) = (&mut all.examples, &file.examples) {
            all.add(examples);
        }
        if let (Some(all), Some(record)) = (&mut all.header.examples, file.header.examples) {
            all.tokens.extend(record.tokens);
        }
        // Of two files of one model the first by name, whatever the order they came in.
        if of(&file.header.model) < of(&all.header.model) {
            all.header.model = file.header.model;
        }
        all.header.texts.extend(file.header.texts);
        all.header.left_out.extend(file.header.left_out);
    }
    all.forget_tokens();
    all.header.corpora = seen.corpora();
    all.header.rows = all.sums.measured.map(super::RowsRecord::new);
    let shards = all.header.corpora.iter().filter_map(|c| c.shards.as_ref());
    let shards = shards.fold(0_usize, |sum, done| sum.saturating_add(done.of));
    if shards > MOST_SHARDS {
        return Err(MergeError::Shards { shards });
    }
    all.header.texts.sort_by_cached_key(key);
    all.header.left_out.sort();
    Ok(all)
}

/// The sort key of records of one model: those that know their tensors come first.
fn of(model: &super::ModelRecord) -> (bool, &str, &str) {
    let is_old = model.tensors_sha256.is_none();
    (is_old, &model.name, &model.sha256)
}

/// The check that all files are of one model, whatever their order: of one file, or of files with the same tensors (a
/// checkpoint, and what it was converted to). Files of version 0.1.0 do not know their tensors: those of the same model file do.
fn one_model(files: &[(PathBuf, SumsFile)]) -> Result<(), MergeError> {
    let hashes = |file: &SumsFile| {
        let model = &file.header.model;
        let tensors = model
            .tensors_sha256
            .iter()
            .map(|hash| format!("tensors {hash}"));
        let mut all: Vec<String> = tensors.collect();
        all.push(model.sha256.clone());
        all
    };
    let mut files = files.iter();
    let Some(first) = files.next() else {
        return Ok(());
    };
    let mut known: BTreeSet<String> = hashes(&first.1).into_iter().collect();
    let mut left: Vec<&(PathBuf, SumsFile)> = files.collect();
    loop {
        let before = left.len();
        left.retain(|(_, file)| {
            let of_file = hashes(file);
            let is_one = of_file.iter().any(|hash| known.contains(hash));
            if is_one {
                known.extend(of_file);
            }
            !is_one
        });
        if left.len() == before {
            break;
        }
    }
    match left.first() {
        None => Ok(()),
        Some((path, file)) => Err(MergeError::Different {
            a: first.0.clone(),
            b: path.clone(),
            what: format!(
                "they are of different models ({} and {})",
                first.1.header.model.name, file.header.model.name
            ),
        }),
    }
}

/// Why two files cannot be put together, in words.
fn differ(a: &SumsFile, b: &SumsFile) -> Option<String> {
    let (a, b) = (&a.header, &b.header);
    let pair =
        |what: &str, a: &str, b: &str| Some(format!("{what} ({} and {})", shown(a), shown(b)));
    if a.written_by != b.written_by {
        let what = "they were measured with different versions";
        return pair(what, &a.written_by, &b.written_by);
    }
    if a.model.architecture != b.model.architecture {
        let ramp = |header: &super::SumsHeader| header.model.architecture.stored_ramp();
        return match (ramp(a), ramp(b)) {
            (Some(a), Some(b)) if a != b => {
                pair("the ramps differ", &a.to_string(), &b.to_string())
            }
            _ => Some("the architectures differ".into()),
        };
    }
    if a.model.vocabulary != b.model.vocabulary {
        return Some("their texts were cut with different vocabularies".into());
    }
    if a.has_removed != b.has_removed {
        return Some("one was measured with --removed and the other without".into());
    }
    if let (Some(a), Some(b)) = (&a.rows, &b.rows)
        && a.sink_free != b.sink_free
    {
        let words = |of: &super::RowsRecord| format!("--sink-free {}", of.sink_free);
        let what = "their sink-free spans leave out different numbers of first tokens";
        return pair(what, &words(a), &words(b));
    }
    let alike = match (&a.examples, &b.examples) {
        (Some(a), Some(b)) => a.is_like(b),
        (a, b) => a.is_some() == b.is_some(),
    };
    if !alike {
        let words = |of: &Option<super::ExamplesRecord>| match of {
            Some(of) => of.words(),
            None => "none".into(),
        };
        let what = "their examples were chosen otherwise";
        return pair(what, &words(&a.examples), &words(&b.examples));
    }
    if a.model.edits != b.model.edits {
        return Some("the model was changed by hand otherwise".into());
    }
    (a.model.spans != b.model.spans).then(|| "the spans differ".into())
}

/// The contents of the files so far. Files are told apart by their number.
#[derive(Default)]
struct Seen {
    files: Vec<PathBuf>,
    /// Corpora of which a file holds all texts.
    whole: Vec<CorpusRecord>,
    /// By id, texts and number of shards: the file that each shard is in.
    parts: BTreeMap<(String, usize, usize), BTreeMap<usize, usize>>,
    /// By the id of a corpus: the files that are of it.
    of_corpus: HashMap<String, Vec<usize>>,
    /// By hash.
    texts: HashMap<String, SameText>,
}

/// Texts of one hash.
#[derive(Default)]
struct SameText {
    /// By name: the file.
    names: HashMap<String, usize>,
    /// The files that hold it, each with a name that it has there.
    files: Vec<(usize, String)>,
}

impl Seen {
    /// Adds a file.
    fn take(&mut self, path: &Path, file: &SumsFile) -> Result<(), MergeError> {
        let number = self.files.len();
        self.files.push(path.to_owned());
        // One corpus may well hold a text under two names, in several files: those that share one with this file.
        let mut related = HashSet::new();
        for corpus in &file.header.corpora {
            self.take_corpus(number, corpus)?;
            let others = self.of_corpus.entry(corpus.id.clone()).or_default();
            related.extend(others.iter().copied());
            others.push(number);
        }
        for text in &file.header.texts {
            let same = self.texts.entry(text.sha256.clone()).or_default();
            let overlap = |other: usize, text: String| MergeError::Overlap {
                a: self.files.get(other).cloned().unwrap_or_default(),
                b: path.to_owned(),
                text,
            };
            if let Some(other) = same.names.insert(text.name.clone(), number)
                && other != number
            {
                return Err(overlap(other, shown(&text.name)));
            }
            // The other files were looked at with this file's first text of the hash.
            if same.files.last().is_some_and(|(last, _)| *last == number) {
                continue;
            }
            let foreign = same
                .files
                .iter()
                .find(|(other, _)| !related.contains(other));
            if let Some((other, name)) = foreign {
                let names = format!("{} (as {} in the other)", shown(name), shown(&text.name));
                return Err(overlap(*other, names));
            }
            same.files.push((number, text.name.clone()));
        }
        Ok(())
    }

    /// Corpora of the same texts' names may still be different ones: texts that are there twice tell.
    fn take_corpus(&mut self, number: usize, corpus: &CorpusRecord) -> Result<(), MergeError> {
        let Some(Done { of, done }) = &corpus.shards else {
            self.whole.push(corpus.clone());
            return Ok(());
        };
        let key = (corpus.id.clone(), corpus.texts, *of);
        let files = self.parts.entry(key).or_default();
        for shard in done {
            if let Some(other) = files.insert(*shard, number) {
                let path = |file: usize| self.files.get(file).cloned().unwrap_or_default();
                return Err(MergeError::SameShard {
                    a: path(other),
                    b: path(number),
                    shard: *shard,
                    of: *of,
                });
            }
        }
        Ok(())
    }

    /// The corpora, in order.
    fn corpora(self) -> Vec<CorpusRecord> {
        let parts = self.parts.into_iter();
        let record = |((id, texts, of), files): (_, BTreeMap<usize, usize>)| CorpusRecord {
            id,
            texts,
            shards: (files.len() < of).then(|| Done {
                of,
                done: files.into_keys().collect(),
            }),
        };
        let mut all = self.whole;
        all.extend(parts.map(record));
        all.sort();
        all
    }
}
