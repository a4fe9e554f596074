//! Reading a run file: what is small at once, queries, keys and results of single tokens when they are wanted.
//!
//! The parts read later come through the open file and not through a map of it, so that a file that is shortened meanwhile is an
//! error and not the end of the program.

use super::element::ALIGNED;
use super::header::{Header, TextHeader};
use super::{NATS, PROMOTED, RunFileError, names};
use spanscope_core::analysis::logit_lens::Promoted;
use spanscope_core::analysis::sums::SumsError;
use spanscope_core::analysis::{Candidate, Prediction, Shares, Truth, bits};
use spanscope_core::checkpoint::{Checkpoint, Element, Place};
use spanscope_core::files::sha256_hex;
use spanscope_core::model::{Network, RecordedRows, Run};
use spanscope_core::platform::fs::File;
use spanscope_core::text::{self, ListedPieces};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A run file, open.
#[derive(Debug)]
pub struct RunFile {
    path: PathBuf,
    file: Mutex<File>,
    pub(super) places: BTreeMap<String, Place>,
    pub(super) header: Header,
    /// Layer, head and vector of all vectors whose promoted tokens are there, in order.
    vectors: Vec<[u32; 3]>,
}

/// The measurements on a text, and the text.
#[derive(Debug, Clone)]
pub struct RecordedText {
    /// Which of the file's texts it is.
    pub index: usize,
    /// The text; bytes that are no UTF-8 are in it as stand-ins.
    pub text: Arc<str>,
    /// The tokens that the model ran over.
    pub ids: Vec<u32>,
    /// The bytes of the text that each of them stands for; nothing in files of version 1.
    pub ranges: Vec<Range<usize>>,
    /// −log2 p of every token that was predicted: the i-th belongs to token i + 1.
    pub surprisal: Vec<f32>,
    /// Mean shares of every head's weight, layer by layer.
    pub shares: Vec<Shares>,
}

impl RunFile {
    /// The run file of a checkpoint that has this header.
    ///
    /// # Errors
    /// When the file cannot be read, or a tensor is missing or of a shape that does not fit the header.
    pub(crate) fn open(checkpoint: &Checkpoint, header: Header) -> Result<Self, RunFileError> {
        let path = checkpoint.path().to_owned();
        let file = File::open(&path).map_err(|source| RunFileError::Io {
            path: path.clone(),
            source,
        })?;
        let mut run = Self {
            path,
            file: Mutex::new(file),
            places: checkpoint.places().clone(),
            header,
            vectors: Vec::new(),
        };
        run.check()?;
        if run.header.vectors > 0 {
            let flat = run.u32s(names::VECTORS, 0, 3 * run.header.vectors)?;
            let rows = flat.chunks_exact(3).map(|row| [row[0], row[1], row[2]]);
            run.vectors = rows.collect();
            if !run.vectors.is_sorted_by(|a, b| a < b) {
                let what = format!("tensor {} is not in order", names::VECTORS);
                return Err(run.damaged(what));
            }
        }
        Ok(run)
    }

    pub(super) fn damaged(&self, what: String) -> RunFileError {
        RunFileError::Damaged {
            path: self.path.clone(),
            what,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The header: the file's account of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The header's entry on a text.
    ///
    /// # Errors
    /// When there is no such text.
    pub fn text_header(&self, index: usize) -> Result<&TextHeader, RunFileError> {
        let texts = &self.header.texts;
        texts.get(index).ok_or_else(|| RunFileError::NoSuchText {
            path: self.path.clone(),
            index,
            texts: texts.len(),
        })
    }

    /// True if the surprisal of a text's tokens is there.
    pub fn has_nll(&self, index: usize) -> bool {
        self.places.contains_key(&names::of_text(index, names::NLL))
    }

    /// A text with what was measured on it.
    ///
    /// # Errors
    /// When there is no such text, it is not the one that was recorded, or the file cannot be read.
    pub fn text(&self, index: usize) -> Result<RecordedText, RunFileError> {
        let header = self.text_header(index)?;
        let name = |what: &str| names::of_text(index, what);
        let bytes = self.bytes(&name(names::BYTES), 0, header.bytes)?;
        if sha256_hex(&bytes) != header.sha256 {
            return Err(self.damaged(format!("text {index} is not the one that was recorded")));
        }
        let architecture = &self.header.model.architecture;
        let ids = self.u32s(&name(names::IDS), 0, header.tokens)?;
        if let Some(id) = ids
            .iter()
            .find(|id| **id as usize >= architecture.vocab_size)
        {
            let what = format!("text {index} has the token id {id}, which the model lacks");
            return Err(self.damaged(what));
        }
        let ranges = match self.header.version > 1 {
            true => self.ranges(&name(names::RANGES), header)?,
            false => Vec::new(),
        };
        let nll = match self.has_nll(index) {
            true => self.f32s(&name(names::NLL), 0, header.tokens - 1)?,
            false => Vec::new(),
        };
        let heads = architecture.nb_layers() * architecture.nb_heads();
        let kinds = names::share_kinds(architecture);
        let shares = self.f32s(&name(names::SHARES), 0, kinds * heads)?;
        let shares = shares.chunks_exact(kinds).map(|row| Shares {
            context: row[0],
            persistent: row[1],
            empty: row[2],
            sink: row.get(3).copied().unwrap_or(0.0),
        });
        Ok(RecordedText {
            index,
            text: text::to_text(bytes).into(),
            ids,
            ranges,
            surprisal: nll.into_iter().map(bits).collect(),
            shares: shares.collect(),
        })
    }

    /// The bytes that each token of a text stands for.
    fn ranges(&self, name: &str, header: &TextHeader) -> Result<Vec<Range<usize>>, RunFileError> {
        let flat = self.u32s(name, 0, 2 * header.tokens)?;
        let ranges = flat.chunks_exact(2);
        let ranges: Vec<Range<usize>> = ranges
            .map(|range| range[0] as usize..range[1] as usize)
            .collect();
        let rises = ranges.is_sorted_by(|a, b| a.start <= b.start && a.end <= b.end);
        let fits = ranges
            .iter()
            .all(|range| range.start <= range.end && range.end <= header.bytes);
        match rises && fits {
            true => Ok(ranges),
            false => Err(self.damaged(format!(
                "tensor {name}: where tokens begin and end must rise, within the {} bytes of the text",
                header.bytes
            ))),
        }
    }

    /// What the tokens stand for, where they are those of a tokenizer.
    ///
    /// # Errors
    /// When the file cannot be read, or its lists do not fit each other.
    pub fn pieces(&self) -> Result<Option<ListedPieces>, RunFileError> {
        let Some(place) = self.places.get(names::PIECES) else {
            return Ok(None);
        };
        let tokens = self.header.model.architecture.vocab_size;
        let bytes = self.bytes(names::PIECES, 0, place.shape.iter().product())?;
        let ends = self.u32s(names::PIECE_ENDS, 0, tokens)?;
        let special = self.bytes(names::SPECIAL_PIECES, 0, tokens)?;
        let pieces = ListedPieces::from_parts(bytes, ends, special);
        pieces.map(Some).map_err(|what| {
            self.damaged(format!(
                "tensors {} and {}: {what}",
                names::PIECES,
                names::PIECE_ENDS
            ))
        })
    }

    /// −log p of every token of a text but the first, in nats: numbers that can be added up.
    ///
    /// # Errors
    /// When there is no such text, the file cannot be read, or a number in it is none, or cannot be.
    pub fn nll(&self, index: usize) -> Result<Vec<f32>, RunFileError> {
        let header = self.text_header(index)?;
        if !self.has_nll(index) {
            let path = self.path.clone();
            return Err(RunFileError::NoResults { path });
        }
        let name = names::of_text(index, names::NLL);
        let nll = self.f32s(&name, 0, header.tokens - 1)?;
        match nll.iter().position(|nats| !NATS.contains(nats)) {
            None => Ok(nll),
            Some(at) => Err(self.damaged(format!(
                "tensor {name} has a surprisal of {} nats for token {}; numbers from 0 expected. The model's training may have \
                 diverged",
                nll[at],
                at + 1
            ))),
        }
    }

    /// The error of a text whose numbers could not be added up.
    pub(crate) fn unsummable(&self, index: usize, error: &SumsError) -> RunFileError {
        self.damaged(format!("text {index}: {error}"))
    }

    /// The model's prediction after the token at position `at` of a text; `None` where there is no such token.
    ///
    /// # Errors
    /// When there is no such text, or the file cannot be read.
    pub fn prediction(
        &self,
        text: &RecordedText,
        at: usize,
    ) -> Result<Option<Prediction>, RunFileError> {
        if at >= text.ids.len() || !self.header.has_results() {
            return Ok(None);
        }
        let name = |what: &str| names::of_text(text.index, what);
        let k = self.header.candidates;
        let ids = self.u32s(&name(names::CANDIDATE_IDS), at * k, k)?;
        let log_p = self.f32s(&name(names::CANDIDATE_LOG_P), at * k, k)?;
        let vocab_size = self.header.model.architecture.vocab_size;
        let all = ids.into_iter().zip(log_p);
        let known = all.filter(|(id, _)| (*id as usize) < vocab_size);
        let first = |values: Vec<f32>| values.first().copied().unwrap_or(f32::NAN);
        let rank = self.u32s(&name(names::NEXT_RANK), at, 1)?;
        let rank = rank.first().copied().unwrap_or(0) as usize;
        let next_log_p = first(self.f32s(&name(names::NEXT_LOG_P), at, 1)?);
        let next = text.ids.get(at + 1).filter(|_| rank > 0);
        Ok(Some(Prediction {
            at,
            top: known.map(|(id, log_p)| Candidate { id, log_p }).collect(),
            entropy_bits: first(self.f32s(&name(names::ENTROPY), at, 1)?),
            truth: next.map(|id| Truth {
                id: *id,
                log_p: next_log_p,
                rank,
            }),
        }))
    }

    /// The tokens that a persistent vector promotes; `None` where they were not recorded.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn promoted(
        &self,
        layer: usize,
        head: usize,
        vector: usize,
    ) -> Result<Option<Promoted>, RunFileError> {
        let wanted = [layer as u32, head as u32, vector as u32];
        let Ok(row) = self.vectors.binary_search(&wanted) else {
            return Ok(None);
        };
        let (at, width) = (row * 2 * PROMOTED, 2 * PROMOTED);
        let ids = self.u32s(names::PROMOTED_IDS, at, width)?;
        let changes = self.f32s(names::PROMOTED_CHANGES, at, width)?;
        let vocab_size = self.header.model.architecture.vocab_size;
        let mut promoted = Promoted::default();
        for (i, (id, change)) in ids.into_iter().zip(changes).enumerate() {
            // Zero stands where there was none.
            if change != 0.0 && (id as usize) < vocab_size {
                let side = match i < PROMOTED {
                    true => &mut promoted.up,
                    false => &mut promoted.down,
                };
                side.push((id, change));
            }
        }
        Ok(Some(promoted))
    }

    /// The run over a text as it stands before the first key that queries from position `from` on can see; `from` lies
    /// among those kept, at the beginning of a block of 64. [`RunFile::put`] goes on from there.
    ///
    /// # Errors
    /// When there is no such text, or the file cannot be read.
    pub fn begin(
        &self,
        network: &Arc<Network>,
        text: &RecordedText,
        from: usize,
    ) -> Result<Run, RunFileError> {
        let header = self.text_header(text.index)?;
        let from = from.max(header.queries.0) / ALIGNED * ALIGNED;
        if self.header.has_weights() {
            let before = text.ids.get(..from).unwrap_or_default().to_vec();
            return Ok(Run::stored(Arc::clone(network), before));
        }
        let key = from.saturating_sub(network.farthest_key()) / ALIGNED * ALIGNED;
        let key = key.max(header.first_key);
        let architecture = network.architecture();
        let heads = architecture.nb_layers() * architecture.nb_heads();
        let longest = match names::has_longest_keys(architecture) {
            true => {
                let name = names::of_text(text.index, names::LONGEST_KEYS);
                let row = (key - header.first_key) / ALIGNED;
                self.f32s(&name, row * heads, heads)?
            }
            false => Vec::new(),
        };
        let before = text.ids.get(..key).unwrap_or_default().to_vec();
        Ok(Run::recorded(Arc::clone(network), before, from, &longest))
    }

    /// Puts the tokens up to position `to` into a run that [`RunFile::begin`] began, as far as their keys are kept.
    ///
    /// # Errors
    /// When there is no such text, or the file cannot be read; the run is as before then.
    pub fn put(&self, run: &mut Run, text: &RecordedText, to: usize) -> Result<(), RunFileError> {
        let header = self.text_header(text.index)?;
        let from = run.ids().len();
        let to = to.min(header.queries.1);
        let Some(ids) = text.ids.get(from..to) else {
            return Ok(());
        };
        if self.header.has_weights() {
            let layers = self.stored_rows(text.index, from..to)?;
            run.put_stored(ids, layers);
            return Ok(());
        }
        let architecture = &self.header.model.architecture;
        let query = from.max(header.queries.0).min(to);
        let layers = (0..architecture.nb_layers()).map(|layer| {
            let keys = names::keys(text.index, layer);
            let queries = names::queries(text.index, layer);
            let (of_query, of_key) = names::widths(architecture, layer);
            let key_row = from - header.first_key;
            let query_row = query.saturating_sub(header.queries.0);
            Ok(RecordedRows {
                keys: self.f32s(&keys, key_row * of_key, ids.len() * of_key)?,
                queries: self.f32s(&queries, query_row * of_query, (to - query) * of_query)?,
            })
        });
        let layers = layers.collect::<Result<Vec<_>, RunFileError>>()?;
        run.put_recorded(ids, &layers);
        Ok(())
    }

    /// `count` elements of a tensor, from element `first` on.
    fn bytes(&self, name: &str, first: usize, count: usize) -> Result<Vec<u8>, RunFileError> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| self.damaged(format!("tensor {name} is missing")))?;
        let size = place.element.size();
        let Range { start, end } = place.bytes;
        let at = start.saturating_add(first.saturating_mul(size));
        if at.saturating_add(count.saturating_mul(size)) > end {
            return Err(self.damaged(format!("tensor {name} ends too soon")));
        }
        let mut bytes = vec![0; count * size];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(at as u64));
        let read = read.and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|source| RunFileError::Io {
            path: self.path.clone(),
            source,
        })?;
        Ok(bytes)
    }

    pub(super) fn u32s(
        &self,
        name: &str,
        first: usize,
        count: usize,
    ) -> Result<Vec<u32>, RunFileError> {
        let bytes = self.bytes(name, first, count)?;
        let (numbers, _) = bytes.as_chunks::<4>();
        Ok(numbers.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    pub(super) fn f32s(
        &self,
        name: &str,
        first: usize,
        count: usize,
    ) -> Result<Vec<f32>, RunFileError> {
        let bytes = self.bytes(name, first, count)?;
        let element = self.places.get(name).map(|place| place.element);
        let (halves, _) = bytes.as_chunks::<2>();
        let (words, _) = bytes.as_chunks::<4>();
        Ok(match element {
            Some(Element::F16) => {
                let halves = halves.iter().map(|b| half::f16::from_le_bytes(*b));
                halves.map(half::f16::to_f32).collect()
            }
            Some(Element::BF16) => {
                let halves = halves.iter().map(|b| half::bf16::from_le_bytes(*b));
                halves.map(half::bf16::to_f32).collect()
            }
            _ => words.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        })
    }
}
