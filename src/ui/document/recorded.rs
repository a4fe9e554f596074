//! A recorded run as the open model: its texts, and the text and changes of the user that wait behind it.

use super::Document;
use super::model_file::OpenModel;
use crate::engine::Snapshot;
use crate::model::Edits;
use std::sync::Arc;

/// The texts of a recorded run, as a window shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Their names, in order.
    pub names: Vec<String>,
    /// The one that is shown, from 0.
    pub shown: usize,
}

impl Texts {
    /// The texts of the open model, if it is a recorded run.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        let run = snapshot.model.as_ref()?.recorded.as_ref()?;
        let names = run.header().texts.iter().map(|text| text.name.clone());
        Some(Self {
            names: names.collect(),
            shown: snapshot.recorded.unwrap_or(0),
        })
    }
}

impl Document {
    /// Shows another text of the recorded run.
    pub fn show_recorded(&mut self, index: usize) {
        let Some(texts) = Texts::of(&self.snapshot) else {
            return;
        };
        if index < texts.names.len() && index != texts.shown {
            self.selection.clear_tokens();
            self.engine.show_recorded(index);
        }
    }

    /// Shows the text `by` places further on in the recorded run.
    pub fn step_recorded(&mut self, by: isize) {
        if let Some(texts) = Texts::of(&self.snapshot)
            && let Some(index) = texts.shown.checked_add_signed(by)
        {
            self.show_recorded(index);
        }
    }

    /// True if the open model is a recorded run.
    pub fn is_recorded(&self) -> bool {
        let model = self.snapshot.model.as_ref();
        model.is_some_and(|model| model.recorded.is_some())
    }

    /// The model now open: `behind` is the one that the history's changes belong to while a recorded run is shown. Returns
    /// whether these changes are to be forgotten.
    pub fn step_behind(&mut self, now: Option<OpenModel>) -> bool {
        let before = std::mem::replace(&mut self.opened, now);
        let is_recorded = self.is_recorded();
        let was_recorded = std::mem::replace(&mut self.shows_recorded, is_recorded);
        if self.shows_recorded {
            if !was_recorded && before.is_some() {
                self.behind = before;
            }
            return false;
        }
        let behind = self.behind.take();
        let is_back = was_recorded && behind.is_some() && behind == self.opened;
        if is_back {
            let edits = self.history.present().edits.as_ref().clone();
            if !edits.is_empty() {
                self.engine.edit_of(self.snapshot.model_number, edits);
            }
        }
        !is_back
    }

    /// The edits made by hand to the model that is open: none in a recorded run, whatever waits for its model.
    pub fn edits(&self) -> &Edits {
        static NONE: std::sync::OnceLock<Edits> = std::sync::OnceLock::new();
        match self.shows_recorded {
            true => NONE.get_or_init(Edits::default),
            false => &self.history.present().edits,
        }
    }

    /// The text that the views show: that of the recorded run, else the one that is typed.
    pub fn text(&self) -> &Arc<str> {
        match self.shows_recorded {
            true => &self.snapshot.tokens.text,
            false => &self.history.present().text.text,
        }
    }

    /// The text in the history: the user's own, also while a recorded run is shown.
    pub fn own_text(&self) -> &Arc<str> {
        &self.history.present().text.text
    }
}
