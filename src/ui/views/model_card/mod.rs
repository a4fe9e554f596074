//! The model card: what was read from the file, inferred and assumed, and where the parameters are.

mod architecture;
mod as_text;
mod causal;
mod facts;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::engine::figures::FigureKind;
use crate::model::About;
use crate::ui::commands::command::Command;
use crate::ui::language::{said, said_list, tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::widgets::axes::with_prefix;
use crate::ui::widgets::names::{head_name, percent};
use crate::ui::widgets::paint::paint_text;
use crate::ui::widgets::ramp_field::ramp_field;
use architecture::{Fact, Source, architecture};
use as_text::{as_text, part_name};
use eframe::egui::{self, Rect, Sense, Ui, pos2, vec2};
use serde::{Deserialize, Serialize};

/// The state of the view.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelCardView {
    /// The ramp being edited, with the number of the model that it belongs to.
    #[serde(skip)]
    ramp: Option<(u64, crate::model::Ramp)>,
    /// Tokens of the vocabulary that are shown.
    #[serde(skip)]
    shown: usize,
}

/// Tokens of the vocabulary shown at first, and how many more at a time.
const SAMPLE: usize = 60;

/// Width from which there are two columns.
const TWO_COLUMNS: f32 = 780.0;

impl View for ModelCardView {
    const INFO: ViewInfo = ViewInfo {
        name: "model",
        title: || tr("Model"),
        figures: &[FigureKind::Parameters],
        key: Some(9),
        home: Home::Right,
        needs: Needs::Weights,
    };

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        self.header(ui, &model);
        let wide = ui.available_width() > TWO_COLUMNS;
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                if wide {
                    ui.columns_const(|[left, right]| {
                        self.architecture(left, cx, &model);
                        spans(left, cx, &model);
                        parameters(right, cx, &model);
                        self.vocabulary(right, cx, &model);
                        files(right, &model);
                    });
                } else {
                    self.architecture(ui, cx, &model);
                    parameters(ui, cx, &model);
                    spans(ui, cx, &model);
                    self.vocabulary(ui, cx, &model);
                    files(ui, &model);
                }
            });
    }
}

impl ModelCardView {
    fn header(&mut self, ui: &mut Ui, model: &LoadedModel) {
        ui.horizontal_wrapped(|ui| {
            ui.label(strong(model.file_name()))
                .on_hover_text(model.path.display().to_string());
            let copy = ui.button(tr("Copy as text"));
            if copy
                .on_hover_text(tr("Everything on this card, to be pasted elsewhere"))
                .clicked()
            {
                ui.ctx().copy_text(as_text(model));
            }
        });
        ui.label(quiet(said_list(model.kind_in_parts(), ", ")));
    }

    fn architecture(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
        heading(ui, tr("Architecture"));
        let all = architecture(model);
        let (width, right) = (
            ui.available_width(),
            ui.available_rect_before_wrap().right(),
        );
        // In a narrow tile the origin shows when one points at it.
        let wide = width > 440.0;
        egui::Grid::new("architecture")
            .num_columns(4)
            .spacing([12.0, 3.0])
            .striped(true)
            // Values and origins have bounds of their own.
            .max_col_width(width.max(120.0))
            .show(ui, |ui| {
                for fact in &all {
                    row(ui, cx, fact, 0.3 * width, wide.then_some(right));
                }
            });
        let architecture = model.network.architecture();
        ui.add_space(4.0);
        ui.label(strong(tr("Assumed, because the file does not say")));
        if model.assumed.is_empty() {
            ui.label(quiet(tr("nothing: the file says everything")));
        }
        for note in &model.assumed {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(cx.palette.limit, "•");
                ui.label(said(note));
            });
        }
        if let Some(ramp) = architecture.ramp().filter(|_| model.recorded.is_none()) {
            let assumed = model.assumes(About::Ramp);
            let number = cx.snapshot.model_number;
            ramp_field(
                ui,
                &mut self.ramp,
                number,
                (ramp, architecture.limit().keys()),
                assumed,
                cx.commands,
            );
        }
    }

    fn vocabulary(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
        rows(ui, tr("Vocabulary"), facts::vocabulary(model));
        // In a row of its own: a column would stretch the button.
        ui.horizontal(|ui| {
            let refusal = cx.refusal(&Command::OpenVocabulary);
            let choose = egui::Button::new(tr("Choose vocabulary…"));
            let choose = ui.add_enabled(refusal.is_none(), choose);
            if choose
                .on_disabled_hover_text(refusal.unwrap_or_default())
                .on_hover_text(tr("A train.txt, the raw training text, or JSON"))
                .clicked()
            {
                cx.commands.push(Command::OpenVocabulary);
            }
        });
        let Some(vocabulary) = &model.vocabulary else {
            return;
        };
        let shown = self.shown.max(SAMPLE).min(vocabulary.len());
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
            for id in 0..shown as u32 {
                let label = egui::RichText::new(vocabulary.label(id)).monospace();
                let ground = ui.visuals().faint_bg_color;
                ui.label(label.background_color(ground))
                    .on_hover_text(trf("id {0}", &[&id]));
            }
            if shown < vocabulary.len() {
                let left = thousands(vocabulary.len() - shown);
                if ui.small_button(trf("{0} more", &[&left])).clicked() {
                    self.shown = shown + 4 * SAMPLE;
                }
            }
        });
    }
}

/// The file, and of a recorded run what was recorded.
fn files(ui: &mut Ui, model: &LoadedModel) {
    if model.recorded.is_some() {
        rows(ui, tr("Recorded run"), facts::recorded(model));
        rows(ui, tr("File of the model that ran"), facts::file(model));
    } else {
        rows(ui, tr("File"), facts::file(model));
    }
}

fn heading(ui: &mut Ui, words: &str) {
    ui.add_space(8.0);
    ui.label(egui::RichText::new(words).heading());
}

/// A fact in a grid of four columns, with `room` for its value, which wraps; where it comes from goes up to `right`, if it is said.
fn row(ui: &mut Ui, cx: &ViewContext<'_>, fact: &Fact, room: f32, right: Option<f32>) {
    ui.label(strong(fact.symbol));
    ui.label(fact.name);
    ui.scope(|ui| {
        if right.is_some() {
            ui.set_max_width(room.max(100.0));
        }
        ui.add(egui::Label::new(strong(fact.value.as_str())).wrap());
    });
    let color = match fact.source {
        Source::Assumed => cx.palette.limit,
        _ => ui.visuals().weak_text_color(),
    };
    let source = egui::RichText::new(fact.source.name())
        .size(12.0)
        .color(color);
    match right {
        Some(right) => {
            let width = right - ui.available_rect_before_wrap().left();
            let words = format!("{}: {}", fact.source.name(), fact.from);
            let text = egui::RichText::new(words).size(12.0).color(color);
            ui.scope(|ui| {
                ui.set_max_width(width.max(60.0));
                ui.add(egui::Label::new(text).truncate())
                    .on_hover_text(&fact.from);
            });
        }
        None => {
            ui.label(source).on_hover_text(&fact.from);
        }
    }
    ui.end_row();
}

/// Names and values.
fn rows(ui: &mut Ui, title: &str, rows: Vec<(&'static str, String)>) {
    heading(ui, title);
    let width = ui.available_width();
    egui::Grid::new(title)
        .num_columns(2)
        .spacing([12.0, 3.0])
        .max_col_width((width - 130.0).max(120.0))
        .show(ui, |ui| {
            for (name, value) in rows {
                ui.label(quiet(name));
                ui.add(egui::Label::new(value).wrap());
                ui.end_row();
            }
        });
}

/// One bar per part, and their sum.
fn parameters(ui: &mut Ui, cx: &ViewContext<'_>, model: &LoadedModel) {
    let total = model.network.parameters();
    if total == 0 {
        // A run that another program recorded need not say.
        return;
    }
    heading(ui, tr("Parameters"));
    let parts = model.parts();
    let most = parts
        .iter()
        .map(|part| part.parameters)
        .max()
        .unwrap_or(0)
        .max(1);
    for part in parts {
        let share = part.parameters as f32 / total.max(1) as f32;
        let shared = match part.shared {
            0 => None,
            n => Some(trf("and {0} shared with the input", &[&thousands(n)])),
        };
        let count = thousands(part.parameters);
        let words = [part_name(part.kind), count.as_str(), &percent(share)];
        let response = bar(
            ui,
            part.parameters as f32 / most as f32,
            cx.palette.context,
            words,
        );
        if let Some(shared) = shared {
            response.on_hover_text(shared);
        }
    }
    let count = thousands(total);
    let response = bar(ui, 0.0, cx.palette.context, [tr("all"), &count, "100 %"]);
    response.on_hover_text(trf(
        "{0} parameters, shared ones counted once",
        &[&with_prefix(total as f64)],
    ));
}

/// A name, a bar, a number and a share.
fn bar(
    ui: &mut Ui,
    share: f32,
    color: egui::Color32,
    [name, count, part]: [&str; 3],
) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let ink = ui.visuals().text_color();
    let weak = ui.visuals().weak_text_color();
    let middle = rect.center().y;
    let (names, numbers) = (170.0_f32.min(0.42 * rect.width()), 138.0);
    let put = |x: f32, anchor, text: &str, color| {
        paint_text(ui, pos2(x, middle), anchor, text, 12.5, color);
    };
    let galley = {
        let font = egui::FontId::proportional(12.5);
        let job = egui::text::LayoutJob::simple_singleline(name.to_owned(), font, ink);
        let mut job = job;
        job.wrap = egui::text::TextWrapping::truncate_at_width(names - 6.0);
        ui.painter().layout_job(job)
    };
    ui.painter().galley(
        pos2(rect.left(), middle - 0.5 * galley.size().y),
        galley,
        ink,
    );
    put(rect.right(), egui::Align2::RIGHT_CENTER, part, weak);
    put(rect.right() - 56.0, egui::Align2::RIGHT_CENTER, count, ink);
    let left = rect.left() + names;
    let room = rect.right() - numbers - left;
    if room > 8.0 && share > 0.0 {
        let width = (room * share).max(1.0);
        let bar = Rect::from_min_max(
            pos2(left, rect.top() + 3.0),
            pos2(left + width, rect.bottom() - 3.0),
        );
        ui.painter().rect_filled(bar, 1.0, color);
    }
    response.widget_info(|| {
        let words = format!("{name}: {count}, {part}");
        egui::WidgetInfo::labeled(egui::Role::Label, true, words)
    });
    response
}

fn spans(ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
    heading(ui, tr("Spans"));
    egui::Grid::new("span summary")
        .num_columns(2)
        .spacing([12.0, 3.0])
        .show(ui, |ui| {
            for (name, value, head) in facts::spans(model) {
                ui.label(quiet(name));
                ui.horizontal(|ui| {
                    ui.label(value);
                    if let Some(head) = head {
                        let link = ui.link(head_name(head));
                        if link.on_hover_text(tr("Select this head")).clicked() {
                            cx.click_head(ui, head);
                        }
                    }
                });
                ui.end_row();
            }
        });
}
