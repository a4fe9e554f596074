//! A model opened with a text, or with none, as the window opens it.

use super::Usage;
use super::args::Common;
use super::common::{accepted, check_ids, check_ramp, covered, name, prepare};
use super::control::{Made, made};
use super::what_if::WhatIfArgs;
use crate::chart::thousands;
use crate::engine::{Engine, LoadedModel, Snapshot, Source};
use crate::model::ModelError;
use crate::shown::shown_path;
use crate::text::Control;
use anyhow::{Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A text, where one is needed.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct OptionalInput {
    /// Text to run on: plain, .zip or .gz
    #[arg(long, value_name = "FILE", conflicts_with = "ids")]
    pub text: Option<PathBuf>,
    /// Token ids to run on, as a JSON list: needs no vocabulary
    #[arg(long, value_name = "FILE.json")]
    pub ids: Option<PathBuf>,
    /// Run on a control: random tokens and the same again (repeated:LENGTH:SEED), or the text's words in random order
    /// (shuffled:SEED, with --text or --ids)
    #[arg(long, value_name = "CONTROL")]
    pub control: Option<Control>,
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
        let (text, mut text_name, ids) = match input.control {
            // What it is depends on the vocabulary.
            Some(_) => (Arc::default(), source(input), Vec::new()),
            None => text(input, common)?,
        };
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
        engine.read_as_ids(input.ids.is_some());
        engine.take_special_tokens(common.special_tokens().unwrap_or(true));
        if let Some(index) = index {
            engine.show_recorded(index);
        }
        let mut snapshot = engine.wait();
        if let Some(failure) = &snapshot.failure {
            bail!("{}", failure.message);
        }
        let Some(model) = snapshot.model.clone() else {
            bail!("{}: the model could not be opened", shown_path(path));
        };
        match &model.recorded {
            Some(_) if !text_name.is_empty() => {
                return Err(Usage(format!(
                    "{}: a recorded run has its texts in it: leave --text, --ids and --control out, and choose one with --index",
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
        if let Some(control) = input.control {
            let made = made(&model, paths(input), control, common)?;
            engine.read_as_ids(matches!(made, Made::Ids(_)));
            engine.set_text(match made {
                Made::Text(bytes) => crate::text::to_text(bytes).into(),
                Made::Ids(ids) => listed(&ids),
            });
            snapshot = engine.wait();
            if let Some(failure) = &snapshot.failure {
                bail!("{}", failure.message);
            }
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

/// The files that a text is in.
fn paths(input: &OptionalInput) -> (Option<&Path>, Option<&Path>) {
    (input.text.as_deref(), input.ids.as_deref())
}

/// The name of what is run on.
fn source(input: &OptionalInput) -> String {
    let control = input.control.map(|control| control.to_string());
    let file = input.text.as_ref().or(input.ids.as_ref());
    let parts = file.map(|path| name(path)).into_iter().chain(control);
    parts.collect::<Vec<_>>().join(" ")
}

/// Ids as a text that is read as such.
fn listed(ids: &[u32]) -> Arc<str> {
    let words: Vec<String> = ids.iter().map(u32::to_string).collect();
    words.join(" ").into()
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
            (listed(&ids), name(path), ids)
        }
        (None, None) => (Arc::default(), String::new(), Vec::new()),
    })
}
