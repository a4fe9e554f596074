//! A model opened with a text, or with none, as the window opens it.

use super::Usage;
use super::args::Common;
use super::common::{accepted, check_ids, check_ramp, covered, name, prepare};
use super::what_if::WhatIfArgs;
use crate::chart::thousands;
use crate::engine::{Engine, LoadedModel, Snapshot, Source};
use crate::model::ModelError;
use crate::shown::shown_path;
use anyhow::{Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A text, where one is needed.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct OptionalInput {
    /// Text to run on: plain, .zip or .gz
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Token ids to run on, as a JSON list: needs no vocabulary
    #[arg(long, value_name = "FILE.json")]
    pub ids: Option<PathBuf>,
}

/// A model that has read a text.
pub(super) struct OnText {
    pub engine: Engine,
    pub model: Arc<LoadedModel>,
    /// Before anything is changed of the model.
    pub snapshot: Arc<Snapshot>,
    /// The name of the text; empty where there is none.
    pub text_name: String,
}

impl OnText {
    /// Opens the model and has it read the text.
    pub fn open(
        path: &Path,
        input: &OptionalInput,
        index: Option<usize>,
        common: &Common,
        what_if: &WhatIfArgs,
    ) -> Result<Self> {
        prepare(common)?;
        let (text, mut text_name, ids) = text(input, common)?;
        let engine = Engine::start_on(
            common.device.into(),
            Source::File {
                path: path.to_owned(),
                vocab: common.vocab.clone(),
                ramp: common.ramp,
            },
            text,
            || {},
        );
        if input.ids.is_some() {
            engine.read_as_ids(true);
        }
        engine.take_special_tokens(common.special_tokens().unwrap_or(true));
        if let Some(index) = index {
            engine.show_recorded(index);
        }
        let snapshot = engine.wait();
        if let Some(failure) = &snapshot.failure {
            bail!("{}", failure.message);
        }
        let Some(model) = snapshot.model.clone() else {
            bail!("{}: the model could not be opened", shown_path(path));
        };
        match &model.recorded {
            Some(_) if !text_name.is_empty() => {
                return Err(Usage(format!(
                    "{}: a recorded run has its texts in it: leave --text and --ids out, and choose one with --index",
                    shown_path(path)
                ))
                .into());
            }
            Some(run) => {
                let header = run.text_header(index.unwrap_or(0))?;
                text_name.clone_from(&header.name);
            }
            None if index.is_some() => {
                return Err(Usage(
                    "--index chooses a text of a recorded run; this is a model".into(),
                )
                .into());
            }
            None => {}
        }
        if what_if.span.is_empty() {
            check_ramp(&model, common)?;
        }
        if let (Some(path), false) = (&input.ids, ids.is_empty()) {
            check_ids(&model, &ids, path)?;
        }
        if snapshot.tokens.left_out > 0 {
            bail!(
                "{text_name}: the text has more than the {} tokens that a figure is made of: pass a part of it",
                thousands(snapshot.tokens.ids.len())
            );
        }
        Ok(Self {
            engine,
            model,
            snapshot,
            text_name,
        })
    }

    /// Refuses a text that is hardly in the vocabulary.
    pub fn covered(&self, input: &OptionalInput, common: &Common) -> Result<()> {
        if input.text.is_some() {
            let coverage = self.snapshot.tokens.coverage(&self.model);
            covered(&coverage, &self.text_name, common)?;
        }
        Ok(())
    }

    /// Changes the model as it is wished.
    pub fn change(&self, what_if: &WhatIfArgs, common: &Common) -> Result<()> {
        let wish = what_if.wish(common);
        if wish.is_empty() {
            return Ok(());
        }
        if self.model.recorded.is_some() {
            return Err(anyhow::Error::new(ModelError::Recorded).context(name(&self.model.path)));
        }
        self.engine.edit(wish.edits(&self.model.network)?);
        Ok(())
    }
}

/// The text to run on, or ids one after the other, with its name, and the ids; all empty where there is none.
fn text(input: &OptionalInput, common: &Common) -> Result<(Arc<str>, String, Vec<u32>)> {
    Ok(match (&input.text, &input.ids) {
        (Some(path), _) => {
            let bytes = crate::text::read_accepted(path, accepted(common))?;
            let text = crate::text::to_text(bytes).into();
            (text, name(path), Vec::new())
        }
        (None, Some(path)) => {
            let ids = crate::text::read_ids(path)?;
            let words: Vec<String> = ids.iter().map(u32::to_string).collect();
            (words.join(" ").into(), name(path), ids)
        }
        (None, None) => (Arc::default(), String::new(), Vec::new()),
    })
}
