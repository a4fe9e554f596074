//! Following the training run that is open.

use super::Document;
use crate::engine::Followed;

/// The user's wishes for the run that is open.
#[derive(Debug, Default)]
pub struct Following {
    /// Not to follow it.
    off: bool,
    /// To follow it although the model is changed by hand.
    despite_edits: bool,
}

/// The state of the run that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its checkpoints are shown as they are written.
    Followed,
    /// It has all its steps.
    Finished,
    /// It has not, and no program trains it.
    Stopped,
    /// The user does not want to follow it.
    Paused,
    /// The model is changed by hand.
    Edited,
    /// Its file is there no more.
    Gone,
    /// Its file cannot be read, and why.
    Unreadable(String),
}

impl Document {
    /// The number of the model whose file is followed.
    fn followed_model(&self) -> Option<u64> {
        let model = self.snapshot.model.as_ref()?;
        let edited = !self.edits().is_empty() && !self.following.despite_edits;
        let wanted = model.run.is_some() && !self.following.off && !edited;
        wanted.then_some(self.snapshot.model_number)
    }

    /// True if the training run that is open is followed.
    pub fn follows_run(&self) -> bool {
        self.followed_model().is_some()
    }

    /// Tells the engine what to follow, and takes note of what it has found.
    pub fn follow(&mut self) {
        if self.edits().is_empty() {
            self.following.despite_edits = false;
        }
        self.engine.follow(self.followed_model());
        if self.engine.followed() == Followed::Another {
            // One attempt: if it cannot be opened, that is said, and the model on show stays.
            self.following.off = true;
            if let Some(file) = self.file.clone().filter(|_| self.asked.is_empty()) {
                self.open_file(file);
            }
        }
    }

    /// Follows the run, or does so no more.
    pub fn toggle_following(&mut self) {
        let follows = self.follows_run();
        self.following.off = follows;
        self.following.despite_edits = !follows && !self.edits().is_empty();
    }

    /// The state of the run that is open, if one is.
    pub fn standing(&self) -> Option<Standing> {
        let run = self.snapshot.model.as_ref()?.run.as_ref()?;
        Some(match self.engine.followed() {
            _ if self.following.off => Standing::Paused,
            _ if !self.follows_run() => Standing::Edited,
            Followed::Gone => Standing::Gone,
            Followed::Unreadable(why) => Standing::Unreadable(why),
            _ if run.is_finished() => Standing::Finished,
            Followed::Idle => Standing::Stopped,
            _ => Standing::Followed,
        })
    }
}
