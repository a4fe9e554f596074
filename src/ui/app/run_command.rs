//! Carrying out commands.

use super::{App, ZOOM, apply_theme};
use crate::model::{Edits, ModelError};
use crate::ui::commands::command::Command;
use crate::ui::dialogs::Purpose;
use crate::ui::document::history::Text;
use crate::ui::document::text_file::text_of;
use crate::ui::export::figures::Way;
use crate::ui::language::trf;
use crate::ui::shell::layout::Layout;
use crate::ui::shell::tiles;
use crate::ui::text_field::replace::splice;
use eframe::egui::{self, ViewportCommand};
use std::ops::Range;
use std::sync::Arc;

/// A step of the zoom.
const ZOOM_STEP: f32 = 0.1;

impl App {
    /// Carries out what was asked for in this frame.
    pub(in crate::ui) fn carry_out(&mut self, ctx: &egui::Context) {
        for command in std::mem::take(&mut self.commands) {
            let now = self.now();
            if command.possible(&now) {
                self.perform(ctx, command);
            } else if let (Command::ExportView | Command::Export(..), Some(reason)) =
                (&command, command.refusal(&now))
            {
                // A key was pressed: nothing else says why no dialog opens.
                let words = trf("{0}: {1}", &[&command.name(), &reason]);
                self.toasts.error(words);
            }
        }
    }

    fn perform(&mut self, ctx: &egui::Context, command: Command) {
        match command {
            Command::OpenModel => self.ask(ctx, Purpose::Model),
            Command::OpenRun => self.ask(ctx, Purpose::Run),
            Command::FollowRun => self.toggle_following(),
            Command::OpenText => self.ask(ctx, Purpose::Text),
            Command::OpenVocabulary => self.ask(ctx, Purpose::Vocabulary),
            Command::OpenRecent(path) => self.open_model(path),
            Command::OpenSample(sample) => {
                self.open_sample(sample);
                self.history.load(text_of(sample));
                self.text_changed();
            }
            Command::ExportView => {
                let kind = self.now().figure_at_hand();
                self.export(ctx, kind, Way::Save);
            }
            Command::Export(kind, way) => self.export(ctx, kind, way),
            Command::FigureOptions => {
                let kind = self.now().figure_at_hand();
                self.figure_options.open(kind);
            }
            Command::SetRamp(ramp) => self.answer(|answers| answers.ramp = Some(ramp)),
            Command::Undo => self.step(|app| app.history.undo()),
            Command::Redo => self.step(|app| app.history.redo()),
            Command::ShowRecorded { index, .. } => self.show_recorded(index),
            Command::StepRecorded(by) => self.step_recorded(by),
            Command::EditText => self.editor.focus(),
            // Their places are those of the text on show, which may be older than the one at hand.
            Command::Insert { .. } | Command::Replace { .. }
                if *self.snapshot.tokens.text != **self.text() => {}
            Command::Insert { at, text } => self.replace(at..at, &text),
            Command::Replace { range, text } => self.replace(range, &text),
            Command::Continue(request) => {
                let after = self.selection.tokens.last();
                self.engine.continue_text(after, request);
            }
            Command::StopContinuing => self.engine.stop_continuing(),
            Command::Move { layers, heads } => self.move_head(layers, heads),
            Command::SelectHead(head) => self.selection.select_head(head),
            Command::SelectLayer => {
                let (of, _) = self.selection.heads.leading();
                self.select(|(layer, _)| layer == of);
            }
            Command::SelectAll => self.select(|_| true),
            Command::ClearSelection => self.clear_selection(),
            Command::SetCombine(combine) => self.selection.set_combine(combine),
            Command::ShowView(view) => self.bring_up(view),
            Command::ToggleView(view) if tiles::open_views(&self.tree).contains(&view) => {
                tiles::close(&mut self.tree, view);
            }
            Command::ToggleView(view) => self.bring_up(view),
            Command::ResetLayout => self.tree = Layout::default().tree(),
            Command::SetTheme(choice) => {
                self.settings.theme = choice;
                apply_theme(ctx, choice);
                self.save();
            }
            Command::SetLanguage(language) => {
                self.settings.language = language;
                // What was drawn in this frame is in the language of before.
                ctx.request_repaint();
                self.save();
            }
            Command::SetMemory(mb) => {
                self.settings.memory = Some(mb);
                self.engine.set_memory(self.settings.memory_bytes());
                self.save();
            }
            Command::ZoomIn => zoom_to(ctx, ctx.zoom_factor() + ZOOM_STEP),
            Command::ZoomOut => zoom_to(ctx, ctx.zoom_factor() - ZOOM_STEP),
            Command::ZoomReset => zoom_to(ctx, 1.0),
            Command::FullScreen => {
                let now = ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
                ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!now));
            }
            Command::StopReading => self.engine.stop_reading(),
            Command::ReadOn => self.engine.read_on(),
            Command::StopOpening => {
                self.engine.stop_opening();
                self.asked.clear();
            }
            Command::ModelFacts => self.facts.open = !self.facts.open,
            Command::Palette => {
                self.help.close();
                self.palette.toggle();
            }
            Command::Help => {
                self.palette.close();
                self.help.toggle();
            }
            Command::Tour => {
                self.tour.begin();
                ctx.request_repaint();
            }
            Command::About => self.about.open(),
            Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            command => self.edit_model(ctx, &command),
        }
    }

    /// Goes back or on in the history, and runs what is then at hand.
    fn step(&mut self, step: impl FnOnce(&mut Self) -> bool) {
        let before = self.history.present().clone();
        if !step(self) {
            return;
        }
        if !Arc::ptr_eq(&before.text.text, self.own_text()) {
            self.text_changed();
        }
        if before.edits != self.history.present().edits {
            self.engine
                .edit_of(self.snapshot.model_number, self.edits().clone());
        }
    }

    /// Puts `text` in the place of a range of the text's own bytes.
    fn replace(&mut self, range: Range<usize>, text: &str) {
        let new = splice(self.own_text(), range, text);
        self.history.load(Text {
            text: new.into(),
            name: Arc::clone(&self.history.present().text.name),
            origin: None,
        });
        self.text_changed();
    }

    /// Changes the model by hand.
    fn edit_model(&mut self, ctx: &egui::Context, command: &Command) {
        let selected = self.selection.heads.all();
        let mut edits = self.edits().clone();
        match change(&mut edits, selected, command) {
            Ok(()) => {
                self.engine
                    .edit_of(self.snapshot.model_number, edits.clone());
                self.history.edit(edits, ctx.input(|i| i.time));
            }
            Err(error) => self.toasts.error(error.to_string()),
        }
    }

    /// What lies on top goes first.
    fn clear_selection(&mut self) {
        if self.facts.open {
            self.facts.open = false;
            return;
        }
        self.selection.clear_tokens();
        self.selection.vector = None;
        self.selection.select_head(self.selection.heads.leading());
        self.toasts.clear();
    }

    fn move_head(&mut self, layers: isize, heads: isize) {
        let Some(model) = &self.snapshot.model else {
            return;
        };
        let config = model.network.config();
        let step = |at: usize, by: isize, end: usize| {
            at.saturating_add_signed(by).min(end.saturating_sub(1))
        };
        let (layer, head) = self.selection.heads.leading();
        self.selection.select_head((
            step(layer, layers, config.nb_layers),
            step(head, heads, config.nb_heads),
        ));
    }

    /// Selects every head that `wanted` wants; the leading one stays the leading one.
    fn select(&mut self, wanted: impl Fn((usize, usize)) -> bool) {
        let Some(model) = &self.snapshot.model else {
            return;
        };
        let (layers, heads) = (
            model.network.config().nb_layers,
            model.network.config().nb_heads,
        );
        let all = (0..layers).flat_map(|layer| (0..heads).map(move |head| (layer, head)));
        let leading = self.selection.heads.leading();
        self.selection
            .select_heads(leading, all.filter(|head| wanted(*head)));
    }
}

/// Changes `edits` as a command says; other commands change nothing.
fn change(
    edits: &mut Edits,
    selected: &[(usize, usize)],
    command: &Command,
) -> Result<(), ModelError> {
    match *command {
        Command::SetSpan {
            head: (layer, head),
            span: Some(span),
        } => edits.set_span(layer, head, span)?,
        Command::SetSpan {
            head: (layer, head),
            span: None,
        } => {
            edits.clear_span(layer, head);
        }
        Command::Silence {
            head: (layer, head),
            silenced,
        } => edits.set_silenced(layer, head, silenced),
        Command::SpanOfSelected(span) => {
            for (layer, head) in selected {
                edits.set_span(*layer, *head, span)?;
            }
        }
        Command::SilenceSelected => {
            for (layer, head) in selected {
                edits.set_silenced(*layer, *head, true);
            }
        }
        Command::RestoreSelected => {
            for (layer, head) in selected {
                edits.clear(*layer, *head);
            }
        }
        Command::ClearEdits => edits.clear_all(),
        _ => {}
    }
    Ok(())
}

/// Whole steps, so that the way back ends where it began.
fn zoom_to(ctx: &egui::Context, zoom: f32) {
    let steps = (zoom / ZOOM_STEP).round();
    ctx.set_zoom_factor((steps * ZOOM_STEP).clamp(ZOOM.0, ZOOM.1));
}
