//! Carrying out commands.

use super::controls::REPEATED;
use super::{App, ZOOM, apply_theme};
use crate::model::{Edits, HeadId, ModelError, Span};
use crate::text::Control;
use crate::ui::commands::command::Command;
use crate::ui::dialogs::Purpose;
use crate::ui::document::history::History;
use crate::ui::document::text_file::text_of;
use crate::ui::export::figures::Way;
use crate::ui::language::{tr, trf};
use crate::ui::shell::layout::Layout;
use crate::ui::shell::tiles;
use crate::ui::views::{Pane, text_id};
use eframe::egui::{self, ViewportCommand};

/// A step of the zoom.
const ZOOM_STEP: f32 = 0.1;

impl App {
    /// Carries out what was asked for in this frame.
    pub(super) fn carry_out(&mut self, ctx: &egui::Context) {
        for command in std::mem::take(&mut self.commands) {
            let now = self.now();
            if command.possible(&now) {
                self.run(ctx, command);
            } else if let (
                Command::ExportView | Command::Export(..) | Command::ExportPage,
                Some(reason),
            ) = (&command, command.refusal(&now))
            {
                // A key was pressed: nothing else says why no dialog opens.
                let words = trf("{0}: {1}", &[&command.name(), &reason]);
                self.toasts.error(words);
            }
        }
        self.put_caret(ctx);
    }

    /// Puts the caret into the text, if that was asked for: a modal box, as the palette is, keeps the focus from all else for one
    /// frame more than it is there.
    fn put_caret(&mut self, ctx: &egui::Context) {
        if !self.overlays.caret_wanted {
            return;
        }
        if ctx.memory(|memory| memory.top_modal_layer().is_none()) {
            ctx.memory_mut(|memory| memory.request_focus(text_id()));
            self.overlays.caret_wanted = false;
        }
        // A box that was opened since has the keys.
        self.overlays.caret_wanted &= !self.overlays.covers();
        ctx.request_repaint();
    }

    fn run(&mut self, ctx: &egui::Context, command: Command) {
        match command {
            Command::OpenModel => self.ask(ctx, Purpose::Model),
            Command::OpenRun => self.ask(ctx, Purpose::Run),
            Command::FollowRun => self.document.toggle_following(),
            Command::OpenText => self.ask(ctx, Purpose::Text),
            Command::OpenExamples => self.ask(ctx, Purpose::Examples),
            Command::ShowPlace { text, token } => self.show_place(ctx, text, token),
            Command::RepeatedText => self.control(|seed| Control::Repeated {
                length: REPEATED,
                seed,
            }),
            Command::ShuffledText => self.control(|seed| Control::Shuffled { seed }),
            Command::OpenVocabulary => self.ask(ctx, Purpose::Vocabulary),
            Command::OpenRecent(path) => self.open_model(path),
            Command::OpenEarlier(session) => self.open_earlier(ctx, &session),
            Command::OpenSample(sample) => {
                self.document.open_sample(sample);
                self.document.history.load(text_of(sample));
                self.document.text_changed();
            }
            Command::ExportView => {
                let kind = self.now().figure_at_hand();
                self.export(ctx, kind, Way::Save);
            }
            Command::Export(kind, way) => self.export(ctx, kind, way),
            Command::FigureOptions => {
                let kind = self.now().figure_at_hand();
                self.overlays.figure_options.open(kind);
            }
            Command::ExportPage => self.overlays.page_export.open(),
            Command::SetRamp(ramp) => self.answer(|answers| answers.ramp = Some(ramp)),
            Command::Undo => self.document.step(History::undo),
            Command::Redo => self.document.step(History::redo),
            Command::ShowRecorded { index, .. } => self.document.show_recorded(index),
            Command::StepRecorded(by) => self.document.step_recorded(by),
            Command::EditText => {
                self.bring_up(Pane::TEXT);
                self.overlays.caret_wanted = true;
            }
            Command::CloseText => self.document.close_text(),
            // Their places are those of the text on show, which may be older than the one at hand.
            Command::Insert { .. } | Command::Replace { .. }
                if *self.document.snapshot.tokens.text != **self.document.text() => {}
            Command::Insert { at, text } => self.document.replace(at..at, &text),
            Command::Replace { range, text } => self.document.replace(range, &text),
            Command::Continue(request) => {
                let after = self.document.selection.tokens.last();
                self.document.engine.continue_text(after, request);
            }
            Command::StopContinuing => self.document.engine.stop_continuing(),
            Command::Move { layers, heads } => self.document.move_head(layers, heads),
            Command::SelectHead(head) => self.document.selection.select_head(head),
            Command::NextUnknown => {
                if self.document.select_before_unknown() {
                    self.bring_up(Pane::TEXT);
                } else {
                    self.toasts.info(tr("All of the text is in the vocabulary"));
                }
            }
            Command::SelectLayer => {
                let HeadId { layer: of, head: _ } = self.document.selection.heads.leading();
                self.document
                    .select(|HeadId { layer, head: _ }| layer == of);
            }
            Command::SelectAll => self.document.select(|_| true),
            Command::ClearSelection => self.clear_selection(),
            Command::SetCombine(combine) => self.document.selection.set_combine(combine),
            Command::ShowView(view) => self.bring_up(view),
            Command::ToggleView(view) if tiles::open_views(&self.board.tree).contains(&view) => {
                tiles::close(&mut self.board.tree, view);
            }
            Command::ToggleView(view) => self.bring_up(view),
            Command::ResetLayout => {
                self.board.tree = Layout::of_size(ctx.content_rect().size()).tree();
            }
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
                self.document
                    .engine
                    .set_memory(self.settings.memory_bytes());
                self.save();
            }
            Command::TakeSpecialTokens(tokens) => {
                self.settings.special_as_text = !tokens;
                self.keeping.special_tokens = None;
                self.document.engine.take_special_tokens(tokens);
                self.save();
            }
            Command::ZoomIn => zoom_to(ctx, ctx.zoom_factor() + ZOOM_STEP),
            Command::ZoomOut => zoom_to(ctx, ctx.zoom_factor() - ZOOM_STEP),
            Command::ZoomReset => zoom_to(ctx, 1.0),
            Command::FullScreen => {
                let now = ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
                ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!now));
            }
            Command::AblateEach => {
                let snapshot = std::sync::Arc::clone(&self.document.snapshot);
                self.overlays.ablation.begin(ctx, &snapshot);
            }
            Command::StopReading => self.document.engine.stop_reading(),
            Command::ReadOn => self.document.engine.read_on(),
            Command::StopOpening => {
                self.document.engine.stop_opening();
                self.document.asked.clear();
            }
            Command::ModelFacts => self.overlays.facts.open = !self.overlays.facts.open,
            Command::Palette => {
                self.overlays.help.close();
                self.overlays.palette.toggle();
                self.look_for_earlier(ctx);
            }
            Command::Help => {
                self.overlays.palette.close();
                self.overlays.help.toggle();
            }
            Command::Tour => {
                self.overlays.tour.begin();
                ctx.request_repaint();
            }
            Command::About => self.overlays.about.open(),
            Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            command => self.edit_model(ctx, &command),
        }
    }

    /// Changes the model by hand.
    fn edit_model(&mut self, ctx: &egui::Context, command: &Command) {
        let time = ctx.input(|i| i.time);
        let model = self.document.snapshot.model.clone();
        let change = |edits: &mut Edits, selected: &[HeadId]| {
            change(edits, selected, command)?;
            let Some(model) = &model else { return Ok(()) };
            if let Command::SpanOfSelected(z) = command {
                can_have(&model.network.spans(), selected, *z)?;
            }
            if let Command::AblateNeuron { id, .. } = command {
                model.network.architecture().neuron(*id)?;
            }
            if let Command::Change(wish) = command {
                wish.apply(&model.network, edits)?;
            }
            model.network.can(edits).map(|_| ())
        };
        let changed = self.document.edit(change, time);
        if let Err(error) = changed {
            self.toasts.error(error.to_string());
        }
    }

    /// The panel on top goes first.
    fn clear_selection(&mut self) {
        if self.overlays.facts.open {
            self.overlays.facts.open = false;
            return;
        }
        self.document.selection.clear_tokens();
        self.document.selection.vector = None;
        self.document.selection.neuron = None;
        self.document
            .selection
            .select_head(self.document.selection.heads.leading());
        self.toasts.clear();
    }
}

/// Changes `edits` as a command says; other commands change nothing.
fn change(edits: &mut Edits, selected: &[HeadId], command: &Command) -> Result<(), ModelError> {
    match *command {
        Command::SetSpan {
            head: HeadId { layer, head },
            span: Some(span),
        } => edits.set_span(layer, head, span)?,
        Command::SetSpan {
            head: HeadId { layer, head },
            span: None,
        } => {
            edits.clear_span(layer, head);
        }
        Command::Ablate {
            head: HeadId { layer, head },
            ablated,
        } => edits.set_ablated(layer, head, ablated),
        Command::AblateNeuron { id, ablated } => edits.set_neuron_ablated(id, ablated),
        Command::SpanOfSelected(span) => {
            for HeadId { layer, head } in selected {
                edits.set_span(*layer, *head, span)?;
            }
        }
        Command::AblateSelected => {
            for HeadId { layer, head } in selected {
                edits.set_ablated(*layer, *head, true);
            }
        }
        Command::RestoreSelected => {
            for HeadId { layer, head } in selected {
                edits.clear(*layer, *head);
            }
        }
        Command::FirstTokens(first) => edits.set_first(first),
        Command::ClearEdits => edits.clear_all(),
        _ => {}
    }
    Ok(())
}

/// Refuses a span that one of `heads` cannot have: it would be cut to the longest that it can.
fn can_have(spans: &[Span], heads: &[HeadId], z: f32) -> Result<(), ModelError> {
    for head in heads {
        let span = spans.iter().find(|span| span.id() == *head);
        if let Some(limit) = span.and_then(Span::limit)
            && z > limit as f32
        {
            return Err(ModelError::CannotEdit {
                what: format!("{head}={z}"),
                why: format!("it can look back {limit} tokens at most"),
            });
        }
    }
    Ok(())
}

/// Whole steps, so that the way back ends where it began.
fn zoom_to(ctx: &egui::Context, zoom: f32) {
    let steps = (zoom / ZOOM_STEP).round();
    ctx.set_zoom_factor((steps * ZOOM_STEP).clamp(ZOOM.0, ZOOM.1));
}
