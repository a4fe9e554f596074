//! The training run that is open, in the status bar.

use crate::chart::thousands;
use crate::shown::duration;
use crate::ui::commands::command::Command;
use crate::ui::document::Document;
use crate::ui::document::following::Standing;
use crate::ui::language::{tr, trf};
use crate::ui::theme::QUIET;
use eframe::egui::{self, RichText, Role, Ui, WidgetInfo};

/// What the status bar says of the run that is open; a click follows it, or no more.
pub fn show(document: &Document, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(standing) = document.standing() else {
        return;
    };
    let run = document.snapshot.model.as_ref();
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
        Standing::Stopped => (
            tr("stopped"),
            tr(
                "No program trains this run now. `spanscope train --resume` goes on with it, and the views follow again",
            ),
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
    let steps = [run.step, run.steps].map(thousands);
    let step = trf("step {0} of {1}", &[&steps[0], &steps[1]]);
    // Whoever trains it says how long it takes; while it does.
    let left = run
        .seconds_left()
        .filter(|_| standing == Standing::Followed);
    let left = left.map(|left| trf("{0} left", &[&duration(left as f64)]));
    let parts = [Some(step), Some(words.to_owned()), left];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let words = parts.join(" · ");
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
        commands.push(Command::FollowRun);
    }
}
