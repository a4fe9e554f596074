//! The sums that follow from a recorded run: those that the model itself would give, without it.

use super::{CorpusError, CorpusSums, Progress, TextRecord};
use crate::run_file::{RunFile, RunFileError};
use crate::{EngineError, LoadedModel, replay};
use spanscope_core::analysis::sums::{SumRecorder, Sums, SumsError, to_units};
use spanscope_core::model::Cancel;
use spanscope_core::text::to_bytes;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The measurements on the texts of a recorded run.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedSums {
    /// The sums and the texts.
    pub sums: CorpusSums,
    /// Texts of which only some tokens were recorded: their name, and the tokens that the sums are of.
    pub parts: Vec<(String, Range<usize>)>,
}

fn told(error: RunFileError) -> CorpusError {
    EngineError::from(error).into()
}

/// The surprisal of the tokens of a text that were recorded, in units of bits.
fn surprisal(file: &RunFile, index: usize, kept: &Range<usize>) -> Result<u64, CorpusError> {
    let nll = file.nll(index).map_err(told)?;
    let nll = nll.get(kept.start..kept.end.saturating_sub(1));
    let mut sum = 0_u64;
    for nats in nll.unwrap_or_default() {
        let bits = to_units(f64::from(*nats) * std::f64::consts::LOG2_E);
        sum = sum
            .checked_add(bits)
            .ok_or_else(|| told(file.unsummable(index, &SumsError::Surprisal)))?;
    }
    Ok(sum)
}

/// Measures all heads on the texts of the run file `file`, or on the one at `index` (from 0). `model` is the recorded run.
///
/// # Errors
/// When there is no such text, one is there twice, the file cannot be read, or on cancellation.
pub fn recorded_sums(
    model: &LoadedModel,
    file: &Arc<RunFile>,
    index: Option<usize>,
    sink_free: usize,
    cancel: &Cancel,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<RecordedSums, CorpusError> {
    if model.network.architecture().is_bidirectional() {
        let path = file.path().to_owned();
        return Err(told(RunFileError::BothDirections { path }));
    }
    let chosen = match index {
        Some(index) => index..index.saturating_add(1),
        None => 0..file.header().texts.len(),
    };
    let headers = chosen.clone().map(|index| file.text_header(index));
    let headers = headers.collect::<Result<Vec<_>, _>>().map_err(told)?;
    progress(Progress::Prepared {
        texts: headers.len(),
        tokens: headers.iter().map(|text| text.at_hand().len() as u64).sum(),
    });
    let mut all = CorpusSums {
        // Whoever looks for places runs the model.
        examples: None,
        sums: Sums::new(&model.network, false).measuring(sink_free),
        texts: Vec::new(),
        left_out: Vec::new(),
    };
    let mut parts = Vec::new();
    let mut seen = HashSet::new();
    for (index, header) in chosen.zip(headers) {
        let text = file.text(index).map_err(told)?;
        let recorder =
            SumRecorder::new(&model.network, false).measuring(&model.network, &text.ids, sink_free);
        let mut report = |tokens| progress(Progress::Ran(tokens));
        let kept = replay(file, &model.network, &text, cancel, &recorder, &mut report)?;
        let is_whole = kept == (0..header.tokens);
        // Attention is there without it.
        let surprisal = match file.has_nll(index) {
            true => Some(surprisal(file, index, &kept)?),
            false => None,
        };
        let bytes = to_bytes(&text.text);
        let predicted = || bytes.len().saturating_sub(model.first_token_end(&bytes)) as u64;
        let record = TextRecord {
            name: header.name.clone(),
            bytes: header.bytes as u64,
            sha256: header.sha256.clone(),
            tokens: kept.len() as u64,
            unknown: header.unknown as u64,
            predicted_bytes: (is_whole && !header.is_ids).then(predicted),
            surprisal,
        };
        if !seen.insert((record.name.clone(), record.sha256.clone())) {
            return Err(CorpusError::Twice(record.name));
        }
        if !is_whole {
            parts.push((header.name.clone(), kept));
        }
        let sums = recorder.finish(record.totals());
        let sums = sums.map_err(|error| told(file.unsummable(index, &error)))?;
        all.sums.add(&sums)?;
        progress(Progress::Done(&record));
        all.texts.push(record);
    }
    Ok(RecordedSums { sums: all, parts })
}
