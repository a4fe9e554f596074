//! Following the training run that is open: whether, and what is said of it.

use super::App;
use crate::chart::thousands;
use crate::engine::Followed;
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::QUIET;
use eframe::egui::{self, RichText, Role, Ui, WidgetInfo};

/// What the user wants of the run that is open.
#[derive(Debug, Default)]
pub(in crate::ui) struct Following {
    /// Not to follow it.
    off: bool,
    /// To follow it although the model is changed by hand.
    despite_edits: bool,
}

/// How it stands with the run that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Followed,
    Finished,
    Paused,
    /// The model is changed by hand.
    Edited,
    Gone,
    Unreadable(String),
}

impl App {
    /// The number of the model whose file is followed.
    fn followed_model(&self) -> Option<u64> {
        let model = self.snapshot.model.as_ref()?;
        let edited = !self.edits().is_empty() && !self.following.despite_edits;
        let wanted = model.run.is_some() && !self.following.off && !edited;
        wanted.then_some(self.snapshot.model_number)
    }

    /// Whether the training run that is open is followed.
    pub fn follows_run(&self) -> bool {
        self.followed_model().is_some()
    }

    /// Tells the engine what to follow, and takes note of what it has found.
    pub(in crate::ui) fn follow(&mut self) {
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
    pub(in crate::ui) fn toggle_following(&mut self) {
        let follows = self.follows_run();
        self.following.off = follows;
        self.following.despite_edits = !follows && !self.edits().is_empty();
    }

    fn standing(&self) -> Option<Standing> {
        let run = self.snapshot.model.as_ref()?.run.as_ref()?;
        Some(match self.engine.followed() {
            _ if self.following.off => Standing::Paused,
            _ if !self.follows_run() => Standing::Edited,
            Followed::Gone => Standing::Gone,
            Followed::Unreadable(why) => Standing::Unreadable(why),
            _ if run.is_finished() => Standing::Finished,
            _ => Standing::Followed,
        })
    }

    /// What the status bar says of the run that is open; a click follows it, or no more.
    pub(in crate::ui) fn run_status(&mut self, ui: &mut Ui) {
        let Some(standing) = self.standing() else {
            return;
        };
        let run = self.snapshot.model.as_ref();
        let Some(run) = run.and_then(|model| model.run.as_ref()) else {
            return;
        };
        let (words, hint, warns) = match &standing {
            Standing::Followed => (
                tr("following"),
                tr("Every checkpoint that the run writes is shown; click to pause"),
                false,
            ),
            Standing::Finished => (
                tr("finished"),
                tr("The run has all its steps; if it is resumed with more, the views follow again"),
                false,
            ),
            Standing::Paused => (
                tr("paused"),
                tr("Newer checkpoints of the run are not shown; click to follow it"),
                false,
            ),
            Standing::Edited => (
                tr("paused: model is edited"),
                tr(
                    "Goes on when all heads are as trained again; click to follow the run with the changes",
                ),
                true,
            ),
            Standing::Gone => (
                tr("the run's file is gone"),
                tr("What was read last is on show; goes on when the file is back"),
                true,
            ),
            Standing::Unreadable(why) => (tr("the run's file cannot be read"), why.as_str(), true),
        };
        let steps = [run.step, run.steps].map(|steps| thousands(steps as usize));
        let step = trf("step {0} of {1}", &[&steps[0], &steps[1]]);
        let words = format!("{step} · {words}");
        let visuals = ui.visuals();
        let color = match warns {
            true => visuals.warn_fg_color,
            false => visuals.weak_text_color(),
        };
        let text = RichText::new(&words).size(QUIET).color(color);
        let button = egui::Button::new(text)
            .frame_when_inactive(false)
            .small()
            .truncate();
        let response = ui.add(button);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        if response.on_hover_text(hint).clicked() {
            self.commands.push(Command::FollowRun);
        }
    }
}
