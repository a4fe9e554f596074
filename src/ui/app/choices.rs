//! The selections, changes and settings that a picture of the window shows.

use super::App;
use crate::engine::run_file::tokens_within;
use crate::model::{HeadId, NeuronId, WhatIf};
use crate::shown::{shown, shown_list};
use crate::ui::commands::command::Command;
use crate::ui::document::recorded::Texts;
use serde_json::Value;
use std::ops::Range;

/// The selection from the start: for pictures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices {
    /// Heads, the leading one first: layer and head, from 0. None: the one that reaches farthest.
    pub heads: Vec<HeadId>,
    /// Tokens, as positions in the text; `usize::MAX` is its end. None: the last one.
    pub tokens: Option<Range<usize>>,
    /// A persistent vector of the leading head, from 0.
    pub vector: Option<usize>,
    /// A neuron.
    pub neuron: Option<NeuronId>,
    /// A text of a recorded run, from 0. None: the first.
    pub recorded: Option<usize>,
    /// What is changed of the model by hand.
    pub what_if: WhatIf,
    /// The settings of views, as a session keeps them: `{"attention": {"layout": "distance"}}`.
    pub views: Option<serde_json::Value>,
}

impl App {
    /// Shows the chosen text of a recorded run, once it is open.
    ///
    /// # Errors
    /// When it is no recorded run, or has no such text.
    pub fn choose_text(&mut self, choices: &Choices) -> Result<(), String> {
        let Some(index) = choices.recorded else {
            return Ok(());
        };
        let texts = Texts::of(&self.document.snapshot);
        let texts = texts.ok_or("only a recorded run has several texts: leave --index out")?;
        if index >= texts.names.len() {
            let names = texts.names.len();
            return Err(format!(
                "there is no text {index}: the run has {names}, counted from 0"
            ));
        }
        self.document.show_recorded(index);
        Ok(())
    }

    /// Selects what was chosen, once a model is open. An error names what it does not have.
    ///
    /// # Errors
    /// When model or text have no such head, token, vector or neuron.
    pub fn choose(&mut self, choices: &Choices) -> Result<(), String> {
        let snapshot = std::sync::Arc::clone(&self.document.snapshot);
        let Some(model) = &snapshot.model else {
            return Err("no model is open".into());
        };
        let architecture = model.network.architecture();
        for head in &choices.heads {
            architecture
                .head(*head)
                .map_err(|error| error.to_string())?;
        }
        if let Some((leading, others)) = choices.heads.split_first() {
            self.document
                .selection
                .select_heads(*leading, others.iter().copied());
        }
        if let Some(tokens) = &choices.tokens {
            let len = snapshot.tokens.ids.len();
            self.document.selection.tokens = tokens_within(tokens.clone(), len)?.into();
        }
        if let Some(vector) = choices.vector {
            if vector >= architecture.persistent() {
                return Err(format!(
                    "there is no persistent vector {vector}: the model has {}",
                    architecture.persistent()
                ));
            }
            self.document.selection.vector = Some(vector);
        }
        if let Some(id) = choices.neuron {
            let known = architecture.neuron(id);
            self.document.selection.neuron = Some(known.map_err(|error| error.to_string())?);
        }
        let changes = !choices.what_if.is_empty();
        if model.recorded.is_some() && changes {
            return Err("a recorded run holds no weights: spans cannot be set, nor heads ablated; pass the model".into());
        }
        if changes {
            let network = &model.network;
            let edits = choices.what_if.edits(network);
            edits.map_err(|error| error.to_string())?;
            let wish = Box::new(choices.what_if.clone());
            self.commands.push(Command::Change(wish));
        }
        if let Some(views) = &choices.views {
            self.views = serde_json::from_value(views.clone())
                .map_err(|error| format!("the views cannot be set like that: {error}"))?;
            let known = serde_json::to_value(&self.views).map_err(|error| error.to_string())?;
            unknown(views, &known)?;
        }
        Ok(())
    }
}

/// Refuses names that the views do not have: in a session they are those of another version, here they are slips.
fn unknown(given: &Value, known: &Value) -> Result<(), String> {
    let (Value::Object(given), Value::Object(known)) = (given, known) else {
        return Ok(());
    };
    for (name, value) in given {
        let Some(known) = known.get(name) else {
            let names = shown_list(known.keys().map(String::as_str));
            return Err(format!(
                "the views have no \"{}\" to set there; expected {names}",
                shown(name)
            ));
        };
        unknown(value, known)?;
    }
    Ok(())
}
