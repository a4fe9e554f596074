//! What was read from a model's file, what was inferred, and what was assumed and can be corrected.

use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::model::{About, Reach};
use crate::ui::commands::command::Command;
use crate::ui::language::{said, said_list, tr, trf};
use crate::ui::theme::{Palette, quiet, strong};
use crate::ui::widgets::axes::significant;
use crate::ui::widgets::names::tokens;
use crate::ui::widgets::ramp_field::ramp_field;
use eframe::egui::{self, Ui};

/// The facts about the open model, and the questions that its file left open.
#[derive(Debug, Default)]
pub struct ModelFacts {
    /// True if the window is open.
    pub open: bool,
    /// The ramp being edited, with the number of the model that it belongs to.
    ramp: Option<(u64, crate::model::Ramp)>,
}

impl ModelFacts {
    /// Opens the window if the file left questions open.
    pub fn ask(&mut self, model: &LoadedModel) {
        self.open = model.has_questions();
    }

    /// Draws the window over the others, if it is open.
    pub fn show(
        &mut self,
        ctx: &egui::Context,
        model: &LoadedModel,
        number: u64,
        palette: &Palette,
        out: &mut Vec<Command>,
    ) {
        if !self.open {
            return;
        }
        let mut open = true;
        egui::Window::new(tr("About this model"))
            .id(egui::Id::unique("model facts"))
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            .anchor(egui::Align2::RIGHT_TOP, egui::vec2(-12.0, 34.0))
            .max_width(440.0)
            .show(ctx, |ui| self.contents(ui, model, number, palette, out));
        self.open = open;
    }

    fn contents(
        &mut self,
        ui: &mut Ui,
        model: &LoadedModel,
        number: u64,
        palette: &Palette,
        out: &mut Vec<Command>,
    ) {
        let architecture = model.network.architecture();
        let name = model.file_name();
        ui.label(strong(name))
            .on_hover_text(model.path.display().to_string());
        let spans = model.network.spans();
        let reaches: Vec<usize> = spans.iter().filter_map(|span| span.reach.end()).collect();
        let mean = reaches.iter().sum::<usize>() as f64 / reaches.len().max(1) as f64;
        let longest = spans.iter().map(|span| span.reach).max();
        let longest = longest.unwrap_or(Reach::of(0));
        egui::Grid::new("facts")
            .num_columns(2)
            .spacing([16.0, 4.0])
            .max_col_width(290.0)
            .show(ui, |ui| {
                let mut row = |name: &str, value: String| {
                    ui.label(quiet(name));
                    ui.add(egui::Label::new(value).wrap());
                    ui.end_row();
                };
                row(tr("File format"), said(model.format.in_words()));
                row(tr("Kind"), said_list(model.kind_in_parts(), ", "));
                row(
                    tr("Layers × heads"),
                    format!("{} × {}", architecture.nb_layers(), architecture.nb_heads()),
                );
                if model.knows_sizes() {
                    row(
                        tr("Hidden size"),
                        trf(
                            "{0} ({1} per head)",
                            &[&architecture.width, &architecture.head_dim()],
                        ),
                    );
                }
                if architecture.feed_forward() > 0 {
                    row(tr("FFN dimension"), thousands(architecture.feed_forward()));
                }
                if architecture.persistent() > 0 {
                    row(
                        tr("Persistent vectors"),
                        trf("{0} per head", &[&architecture.persistent()]),
                    );
                }
                // As the line in Spans is called.
                let is_context = architecture.nearest() == 0;
                row(
                    if is_context {
                        tr("Context length")
                    } else {
                        tr("Span limit S")
                    },
                    match architecture.limit().end() {
                        Some(limit) => tokens(limit),
                        None => tr("none designed").into(),
                    },
                );
                row(
                    tr("Reach"),
                    match longest.end() {
                        Some(longest) => trf(
                            "mean {0} tokens, longest {1}",
                            &[&significant(mean), &thousands(longest)],
                        ),
                        None if reaches.is_empty() => tr("no limit").into(),
                        None => trf(
                            "no limit for {0} of {1} heads",
                            &[&(spans.len() - reaches.len()), &spans.len()],
                        ),
                    },
                );
                row(tr("Parameters"), thousands(model.network.parameters()));
                let vocabulary = model.vocabulary.as_ref().map_or_else(
                    || {
                        trf(
                            "{0} tokens, not named: shown as ids",
                            &[&thousands(architecture.vocab_size)],
                        )
                    },
                    |vocabulary| said(vocabulary.note()),
                );
                row(tr("Vocabulary"), vocabulary);
            });
        ui.separator();
        ui.label(strong(tr("Assumed, because the file does not say")));
        if model.assumed.is_empty() {
            ui.label(quiet(tr("nothing: the file says everything")));
        }
        for note in &model.assumed {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(palette.limit, "•");
                ui.label(said(note));
            });
        }
        ui.add_space(6.0);
        if let Some(run) = &model.recorded {
            let header = run.header();
            let words = [&header.model.file, &header.written_by, &header.written_at];
            let words = words.map(|word| word as &dyn std::fmt::Display);
            ui.label(quiet(trf("Recorded from {0} with {1} on {2}", &words)));
            return;
        }
        if let Some(current) = architecture.ramp() {
            let assumed = model.assumes(About::Ramp);
            ramp_field(
                ui,
                &mut self.ramp,
                number,
                (current, architecture.limit().keys()),
                assumed,
                out,
            );
        }
        ui.horizontal(|ui| {
            if ui
                .button(tr("Choose vocabulary…"))
                .on_hover_text(tr("A train.txt, the raw training text, or JSON"))
                .clicked()
            {
                out.push(Command::OpenVocabulary);
            }
            ui.label(quiet(tr("remembered for this file")));
        });
    }
}
