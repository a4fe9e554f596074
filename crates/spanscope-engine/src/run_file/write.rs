//! Writing a run file while the model runs: of the run no more is held than a block and what its tokens can see.

use super::element::ALIGNED;
use super::plan::{Cut, Recording};
use super::{NATS, PROMOTED, RunFileError, TextHeader, names};
use crate::open::EngineError;
use rayon::prelude::*;
use spanscope_core::analysis::logit_lens::{Promoted, promoted};
use spanscope_core::analysis::{
    Prediction, ShareRecorder, Shares, VectorSums, VectorUsage, predictions,
};
use spanscope_core::checkpoint::{Dtype, TensorFile};
use spanscope_core::model::{BLOCK, Cancel, HeadId, Observer, Run, Tee};
use spanscope_core::text::ListedPieces;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Vectors whose promoted tokens are found between two looks at whether the file is still wanted.
const AT_ONCE: usize = 256;

/// The work done since the last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordProgress {
    /// The network ran over so many further tokens.
    Tokens(usize),
    /// The promoted tokens of so many further persistent vectors are found.
    Vectors(usize),
}

impl Recording<'_> {
    /// Runs the model over the texts and writes the file `to`, which is there only when it is whole. `report` hears of
    /// every step.
    ///
    /// # Errors
    /// On cancellation, when a number does not fit the format, or the file cannot be written.
    pub fn write(
        &self,
        to: &Path,
        cancel: &Cancel,
        report: &mut dyn FnMut(RecordProgress),
    ) -> Result<(), EngineError> {
        let mut file = self.create(to)?;
        for kept in &self.kept {
            let values = kept.read(&self.checkpoint)?;
            file.write(&kept.name, 0, &f32_bytes(&values))?;
        }
        if let Some((bytes, ends, special)) = self.pieces.as_ref().map(ListedPieces::parts) {
            file.write(names::PIECES, 0, bytes)?;
            file.write(names::PIECE_ENDS, 0, &u32_bytes(ends))?;
            file.write(names::SPECIAL_PIECES, 0, special)?;
        }
        let architecture = self.model.network.architecture();
        let (layers, heads, all) = (
            architecture.nb_layers(),
            architecture.nb_heads(),
            architecture.persistent(),
        );
        let sums = VectorSums::new(layers, heads, all);
        // Which vectors are used most matters only where some are left out.
        let chooses = (1..all).contains(&self.per_head);
        for (j, (cut, header)) in self.texts.iter().zip(&self.header.texts).enumerate() {
            let mut text = OfText {
                recording: self,
                file: &mut file,
                j,
                cut,
                header,
            };
            text.write(chooses.then_some(&sums), cancel, report)?;
        }
        if self.header.vectors > 0 {
            self.write_promoted(&mut file, &sums.finish(), cancel, report)?;
        }
        Ok(file.finish()?)
    }

    fn write_promoted(
        &self,
        file: &mut TensorFile,
        sums: &[Vec<f64>],
        cancel: &Cancel,
        report: &mut dyn FnMut(RecordProgress),
    ) -> Result<(), EngineError> {
        let network = &self.model.network;
        let nb_heads = network.architecture().nb_heads();
        let mut places = Vec::with_capacity(self.header.vectors);
        for (i, sums) in sums.iter().enumerate() {
            // Of equally used ones the first, so that the same run gives the same file.
            let mut most = VectorUsage::from_sums(sums, 1).order;
            most.truncate(self.per_head);
            most.sort_unstable();
            let (layer, head) = ((i / nb_heads) as u32, (i % nb_heads) as u32);
            places.extend(most.into_iter().map(|vector| [layer, head, vector]));
        }
        let flat: Vec<u32> = places.iter().flatten().copied().collect();
        file.write(names::VECTORS, 0, &u32_bytes(&flat))?;
        for (i, places) in places.chunks(AT_ONCE).enumerate() {
            cancel.check()?;
            let found: Vec<Promoted> = places
                .par_iter()
                .map(|&[layer, head, n]| {
                    let place = (layer as usize, head as usize, n as usize);
                    promoted(network, place.0, place.1, place.2, PROMOTED).unwrap_or_default()
                })
                .collect();
            let (mut ids, mut changes) = (Vec::new(), Vec::new());
            for side in found.iter().flat_map(|found| [&found.up, &found.down]) {
                // Zero stands where there are fewer.
                let end = ids.len() + PROMOTED;
                ids.extend(side.iter().map(|(id, _)| *id));
                changes.extend(side.iter().map(|(_, change)| *change));
                ids.resize(end, 0);
                changes.resize(end, 0.0);
            }
            let at = i * AT_ONCE * 2 * PROMOTED;
            file.write(names::PROMOTED_IDS, at, &u32_bytes(&ids))?;
            file.write(names::PROMOTED_CHANGES, at, &f32_bytes(&changes))?;
            report(RecordProgress::Vectors(places.len()));
        }
        Ok(())
    }
}

/// The writer of one text's part of the file.
struct OfText<'a, 'b> {
    recording: &'a Recording<'b>,
    file: &'a mut TensorFile,
    j: usize,
    cut: &'a Cut,
    header: &'a TextHeader,
}

impl OfText<'_, '_> {
    fn write(
        &mut self,
        sums: Option<&VectorSums>,
        cancel: &Cancel,
        report: &mut dyn FnMut(RecordProgress),
    ) -> Result<(), EngineError> {
        let ids = &self.cut.ids;
        self.put_bytes(names::BYTES, 0, &self.cut.bytes)?;
        self.put_bytes(names::IDS, 0, &u32_bytes(ids))?;
        self.put_bytes(names::RANGES, 0, &u32_bytes(self.cut.ranges.as_flattened()))?;
        let network = &self.recording.model.network;
        let architecture = network.architecture();
        let shares = ShareRecorder::new(architecture.nb_layers(), architecture.nb_heads());
        let both = sums.map(|sums| Tee(&shares, sums));
        let observer: &dyn Observer = both.as_ref().map_or(&shares, |both| both);
        let mut run = Run::new(Arc::clone(network));
        run.for_length(ids.len());
        for (i, block) in ids.chunks(BLOCK).enumerate() {
            let (from, to) = (i * BLOCK, i * BLOCK + block.len());
            run.extend(block, BLOCK, cancel, observer)?;
            let targets = ids.get(from + 1..ids.len().min(to + 1));
            let nll = run.nll(from, targets.unwrap_or_default(), cancel)?;
            if let Some(at) = nll.iter().position(|nats| !NATS.contains(nats)) {
                let what = format!("a surprisal of token {}", from + at + 1);
                return Err(self.not_finite(what, nll[at]));
            }
            self.put(names::NLL, from, &nll)?;
            let expected = predictions(&run, from..to, ids, self.recording.header.candidates);
            self.put_predictions(from, &expected)?;
            self.put_run(&run, from..to)?;
            run.forget();
            shares.sum_up(to);
            report(RecordProgress::Tokens(block.len()));
        }
        let shares = shares.means(ids.len());
        let kinds = names::share_kinds(network.architecture());
        let row = |s: &Shares| [s.context, s.persistent, s.empty, s.sink];
        let flat = |s: &Shares| row(s).into_iter().take(kinds);
        let flat: Vec<f32> = shares.iter().flat_map(flat).collect();
        if let Some(at) = flat.iter().position(|share| !share.is_finite()) {
            let head = HeadId {
                layer: at / kinds / network.architecture().nb_heads().max(1),
                head: at / kinds % network.architecture().nb_heads().max(1),
            };
            return Err(self.not_finite(format!("a share of {head}'s weight"), flat[at]));
        }
        self.put(names::SHARES, 0, &flat)
    }

    /// The error of a number that no reader could use.
    fn not_finite(&self, what: String, value: f32) -> EngineError {
        let name = self.header.name.clone();
        RunFileError::NotFinite { name, what, value }.into()
    }

    fn put_bytes(&mut self, what: &str, first: usize, bytes: &[u8]) -> Result<(), EngineError> {
        let name = names::of_text(self.j, what);
        Ok(self.file.write(&name, first, bytes)?)
    }

    fn put(&mut self, what: &str, first: usize, values: &[f32]) -> Result<(), EngineError> {
        self.put_bytes(what, first, &f32_bytes(values))
    }

    fn put_predictions(&mut self, from: usize, all: &[Prediction]) -> Result<(), EngineError> {
        let entropy: Vec<f32> = all.iter().map(|p| p.entropy_bits).collect();
        self.put(names::ENTROPY, from, &entropy)?;
        let ranks = all.iter().map(|p| p.truth.map_or(0, |t| t.rank as u32));
        let ranks: Vec<u32> = ranks.collect();
        self.put_bytes(names::NEXT_RANK, from, &u32_bytes(&ranks))?;
        let log_p = all.iter().map(|p| p.truth.map_or(f32::NAN, |t| t.log_p));
        self.put(names::NEXT_LOG_P, from, &log_p.collect::<Vec<f32>>())?;
        let k = self.recording.header.candidates;
        let top = all.iter().flat_map(|p| &p.top);
        let ids: Vec<u32> = top.clone().map(|candidate| candidate.id).collect();
        self.put_bytes(names::CANDIDATE_IDS, from * k, &u32_bytes(&ids))?;
        let log_p: Vec<f32> = top.map(|candidate| candidate.log_p).collect();
        self.put(names::CANDIDATE_LOG_P, from * k, &log_p)
    }

    /// Queries and keys of a block, as far as they are kept.
    fn put_run(&mut self, run: &Run, block: Range<usize>) -> Result<(), EngineError> {
        let architecture = self.recording.model.network.architecture();
        let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
        let (first, end) = self.header.queries;
        let first_key = self.header.first_key;
        let within = |from: usize| block.start.max(from)..block.end.min(end);
        let (queries, keys) = (within(first), within(first_key));
        if names::has_longest_keys(architecture) {
            for at in keys.clone().step_by(ALIGNED) {
                // Blocks of a run begin where blocks of keys do.
                let row = (at - first_key) / ALIGNED * layers * heads;
                self.put(names::LONGEST_KEYS, row, &run.longest_keys(at))?;
            }
        }
        for layer in 0..layers {
            let (of_query, of_key) = names::widths(architecture, layer);
            if !queries.is_empty() {
                let rows = run.queries(layer, queries.clone()).unwrap_or_default();
                let name = names::queries(self.j, layer);
                self.put_rows(&name, (queries.start - first) * of_query, &rows)?;
            }
            if !keys.is_empty() {
                let rows = run.keys(layer, keys.clone()).unwrap_or_default();
                let name = names::keys(self.j, layer);
                self.put_rows(&name, (keys.start - first_key) * of_key, &rows)?;
            }
        }
        Ok(())
    }

    /// Numbers in the format of queries and keys.
    fn put_rows(&mut self, name: &str, first: usize, rows: &[f32]) -> Result<(), EngineError> {
        let bytes = match self.recording.header.dtype {
            Dtype::F16 => {
                let too_large = |v: &&f32| v.is_finite() && half::f16::from_f32(**v).is_infinite();
                if let Some(&value) = rows.iter().find(too_large) {
                    let (path, name) = (self.recording.model.path.clone(), name.to_owned());
                    return Err(EngineError::TooLargeForF16 { path, name, value });
                }
                let rows = rows.iter();
                rows.flat_map(|v| half::f16::from_f32(*v).to_le_bytes())
                    .collect()
            }
            Dtype::BF16 => {
                let rows = rows.iter();
                rows.flat_map(|v| half::bf16::from_f32(*v).to_le_bytes())
                    .collect()
            }
            Dtype::F32 | Dtype::F64 | Dtype::U8 | Dtype::Blocks(_) => f32_bytes(rows),
        };
        Ok(self.file.write(name, first, &bytes)?)
    }
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn u32_bytes(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
