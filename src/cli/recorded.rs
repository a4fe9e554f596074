//! The use of a recorded run by the commands, in the place of a model.

use super::Usage;
use super::args::{Common, Input};
use super::common::{Tokens, name, progress};
use crate::checkpoint::Checkpoint;
use crate::engine::run_file::{Header, KEY, RecordedText, RunFile};
use crate::engine::{LoadedModel, replay};
use crate::model::{Cancel, Observer};
use crate::text::{Coverage, to_bytes};
use anyhow::Result;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A text of a recorded run that a command runs on.
pub(super) struct Recorded {
    pub file: Arc<RunFile>,
    pub text: RecordedText,
}

/// The text that a command takes from `model`, if it is a recorded run: by `index`, else the first.
pub(super) fn text_of(
    model: &LoadedModel,
    input: &Input,
    index: Option<usize>,
) -> Result<Option<Recorded>> {
    let Some(file) = &model.recorded else {
        if index.is_some() {
            let said = "--index is for recorded runs with several texts; leave it out";
            return Err(Usage(said.into()).into());
        }
        return Ok(None);
    };
    if input.text.is_some() || input.ids.is_some() || input.control.is_some() {
        return Err(Usage(format!(
            "{}: a recorded run has its own text and no weights to run over another: leave --text and --ids out, or pass \
             the model that it was recorded from ({})",
            name(&model.path),
            file.header().model.file
        ))
        .into());
    }
    let text = file.text(index.unwrap_or(0))?;
    Ok(Some(Recorded {
        file: Arc::clone(file),
        text,
    }))
}

impl Recorded {
    /// The text as what other commands read from a file.
    pub fn tokens(&self, model: &LoadedModel) -> Result<Tokens> {
        let header = self.file.text_header(self.text.index)?;
        let bytes = to_bytes(&self.text.text);
        let first_end = || match self.text.ranges.first() {
            Some(first) => first.end,
            None => model.first_token_end(&bytes),
        };
        let predicted = || bytes.len().saturating_sub(first_end());
        Ok(Tokens {
            ids: self.text.ids.clone(),
            unknown: header.unknown,
            known_share: Coverage::counted(self.text.ids.len() + header.unknown, header.unknown)
                .share(),
            predicted_bytes: (!header.is_ids).then(predicted),
            source: header.name.clone(),
        })
    }

    /// The positions of the tokens whose weights are kept.
    pub fn kept(&self) -> Result<Range<usize>> {
        Ok(self.file.text_header(self.text.index)?.at_hand())
    }

    /// Tells `observer` the weights of all tokens that they are kept of.
    pub fn replay(&self, model: &LoadedModel, observer: &dyn Observer, quiet: bool) -> Result<()> {
        let bar = progress(self.kept()?.len(), quiet);
        let mut report = |tokens: usize| bar.inc(tokens as u64);
        let (file, network) = (&self.file, &model.network);
        replay(
            file,
            network,
            &self.text,
            &Cancel::default(),
            observer,
            &mut report,
        )?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// Refuses a text, a vocabulary or a ramp beside a recorded run, before a window is made for it.
pub(super) fn stands_alone(
    model: Option<&Path>,
    text: Option<&Path>,
    common: &Common,
) -> Result<()> {
    let Some(path) = model else {
        return Ok(());
    };
    if text.is_none() && common.vocab.is_none() && common.ramp.is_none() {
        return Ok(());
    }
    // What is wrong with the file is told when it is opened.
    let is_run = Checkpoint::open(path).is_ok_and(|file| file.metadata().contains_key(KEY));
    if is_run {
        return Err(Usage(format!(
            "{}: a recorded run has its own text, vocabulary and ramp: leave --text, --vocab and --ramp out",
            name(path)
        ))
        .into());
    }
    Ok(())
}

/// Refuses `--index` beside what has no such text, before a window is made for it.
pub(super) fn has_text(model: Option<&Path>, index: Option<usize>) -> Result<()> {
    let Some(index) = index else {
        return Ok(());
    };
    let only = "--index chooses a text of a recorded run; leave it out, or name the run's file";
    let Some(path) = model else {
        return Err(Usage(only.into()).into());
    };
    // What is wrong with the file is told when it is opened.
    let Ok(file) = Checkpoint::open(path) else {
        return Ok(());
    };
    match Header::of(&file)? {
        Some(header) if index < header.texts.len() => Ok(()),
        Some(header) => Err(Usage(format!(
            "{}: there is no text {index} in the run file: it has {}, counted from 0",
            name(path),
            header.texts.len()
        ))
        .into()),
        None => Err(Usage(only.into()).into()),
    }
}
