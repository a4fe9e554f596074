//! The cost of a token, and its cost with other spans: the comparison of arXiv 1905.07799.

mod bars;
mod curve;
mod layers;
mod sums;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::chart::thousands;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::engine::{Queries, Snapshot};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::widgets::axes::{bytes, significant, with_prefix};
use crate::ui::widgets::paint::nothing;
use eframe::egui::{self, Align, Layout, Ui, vec2};
use serde::{Deserialize, Serialize};
use sums::{EFFECTIVE, ROWS, Sums};

/// The quantity that the curve shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Quantity {
    /// Operations per token.
    #[default]
    Flops,
    /// Memory for keys and values.
    Memory,
    /// Mean reach over the heads.
    Reach,
}

/// The state of the view.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CostView {
    /// At the selected token instead of in the steady state.
    at_token: bool,
    quantity: Quantity,
    /// A logarithmic axis for the quantity as well.
    log: bool,
    #[serde(skip)]
    sums: Option<Sums>,
}

/// Bytes of a number in 32 bit.
const WIDE: f64 = 4.0;

/// Least height of the curve, at which a window of 1280 × 800 has all of it in view.
const LOW: f32 = 108.0;

/// Width from which curve and sums stand side by side.
const TWO_COLUMNS: f32 = 780.0;

impl View for CostView {
    const INFO: ViewInfo = ViewInfo {
        name: "cost",
        title: || tr("Cost"),
        figures: &[FigureKind::Cost],
        key: Some(8),
        home: Home::Left,
        needs: Needs::Spans,
    };

    fn choose(&self, _kind: FigureKind, snapshot: &Snapshot, choice: &mut FigureChoice) {
        let last = snapshot.done.checked_sub(1);
        choice.position = last.filter(|_| self.at_token);
    }

    fn ask(&self, _cx: &ViewContext<'_>, looks: &mut Queries) {
        looks.survey = true;
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.shown().cloned() else {
            return;
        };
        let limit = model.network.architecture().limit().end();
        let token = cx.query();
        self.toolbar(ui, token, limit.is_some());
        // What nothing ends costs more with every token, so there is no steady state.
        let Some(position) = token.filter(|_| self.at_token).or(limit).or(token) else {
            let words = tr(
                "No window and no context is designed, so a token costs more the longer its text is. Type a text to see it.",
            );
            return nothing(ui, words);
        };
        let number = cx.snapshot.model_number;
        let known = self.sums.take();
        let known = known.filter(|sums| sums.are_of(&model.network, number, position));
        let mut sums = known.unwrap_or_else(|| Sums::new(&model.network, number, position));
        let stats = cx.snapshot.surveyed.as_ref();
        sums.measured(stats.filter(|_| cx.snapshot.preview.is_none()));
        let room = ui.available_size();
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                if room.x > TWO_COLUMNS {
                    ui.columns_const(|[left, right]| {
                        table(left, &sums);
                        left.add_space(8.0);
                        bars::show(left, cx, &sums);
                        left.add_space(8.0);
                        let used = left.min_rect().height();
                        layers::show(left, cx, &sums, (room.y - used - 30.0).clamp(90.0, 260.0));
                        self.curve(right, cx, &sums, (room.y - 70.0).max(150.0));
                    });
                    return;
                }
                table(ui, &sums);
                ui.add_space(6.0);
                bars::show(ui, cx, &sums);
                ui.add_space(6.0);
                let used = ui.min_rect().height();
                // What is left for the curve, when the layers have their part.
                self.curve(ui, cx, &sums, (room.y - used - 54.0).max(LOW));
                ui.add_space(6.0);
                layers::show(ui, cx, &sums, 110.0);
            });
        self.sums = Some(sums);
    }
}

impl CostView {
    fn toolbar(&mut self, ui: &mut Ui, token: Option<usize>, has_end: bool) {
        ui.horizontal_wrapped(|ui| {
            ui.label(strong(tr("Cost per token")));
            let far = egui::Button::selectable(!self.at_token && has_end, tr("steady state"));
            let far = ui
                .add_enabled(has_end, far)
                .on_hover_text(tr("All distances that a head reaches lie within the text"))
                .on_disabled_hover_text(tr(
                    "No window and no context is designed that would end what heads see",
                ));
            if far.clicked() {
                self.at_token = false;
            }
            let here = match token {
                Some(token) => trf("at token {0}", &[&thousands(token)]),
                None => tr("at the selected token").to_owned(),
            };
            let button = egui::Button::selectable(self.at_token || !has_end, here);
            let response = ui
                .add_enabled(token.is_some(), button)
                .on_hover_text(tr(
                    "At the selected token of this text, or at its end: near the start there are fewer tokens to look back at than a head reaches",
                ))
                .on_disabled_hover_text(tr("There is no text"));
            if response.clicked() {
                self.at_token = true;
            }
        });
    }

    fn curve(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, sums: &Sums, height: f32) {
        let top = ui.cursor().top();
        ui.horizontal_wrapped(|ui| {
            ui.label(strong(tr("If spans were limited"))).on_hover_text(tr(
                "Every head's reach cut to a limit, as in the figure of arXiv 1905.07799, where each limit is a model of its own",
            ));
            for (quantity, name) in [
                (Quantity::Flops, tr("FLOPs")),
                (Quantity::Memory, tr("K/V memory")),
                (Quantity::Reach, tr("Mean reach")),
            ] {
                ui.selectable_value(&mut self.quantity, quantity, name);
            }
            ui.checkbox(&mut self.log, tr("Log"))
                .on_hover_text(tr("A logarithmic vertical axis"));
        });
        // A second row of choices is taken from the curve, whose axis stays in view.
        let row = ui.spacing().interact_size.y + ui.spacing().item_spacing.y;
        let more = ui.cursor().top() - top - row;
        let more = if more > row / 2.0 { more } else { 0.0 };
        let height = (height - more).max(LOW);
        curve::show(ui, cx, sums, self.quantity, self.log, height);
    }
}

/// The name of a row of [`sums::ROWS`].
fn extent_name(i: usize, sums: &Sums) -> &'static str {
    match i {
        0 => tr("Per head"),
        1 => tr("Per layer"),
        EFFECTIVE => tr("Effective"),
        _ if sums.has_windows() => tr("Full context"),
        _ => tr("Full span S"),
    }
}

fn extent_hint(i: usize, sums: &Sums) -> &'static str {
    match i {
        0 => tr("Every head computes its own reach only: what this program does"),
        1 => tr("Every head of a layer computes what the layer's longest head reaches"),
        EFFECTIVE => tr(
            "If every head had its effective span: the distances that hold 90 % of its weight on this text and, where effective \
             spans leave first tokens out, these as well",
        ),
        _ if sums.has_windows() => {
            tr("Every head computes all distances of the context, as without windows")
        }
        _ => tr("Every head computes all S distances, as without learned spans"),
    }
}

/// The factor by which a value is less than `full`: "6.30".
fn times(full: f64, value: f64) -> String {
    if value <= 0.0 || full <= value {
        return "1".into();
    }
    significant(full / value)
}

/// "6.30× fewer", or "1×" where it is the same.
fn ratio(full: f64, value: f64) -> String {
    match times(full, value) {
        same if same == "1" => "1×".into(),
        times => trf("{0}× fewer", &[&times]),
    }
}

/// One row per extent, and one for effective spans: operations, memory, and how much less than with a full span.
fn table(ui: &mut Ui, sums: &Sums) {
    let width = ui.available_width();
    // In a narrow tile the ratios stand beside the bars only.
    let (ratios, halves) = (width >= 400.0, width >= 320.0);
    let all = [
        (tr("FLOPs"), true),
        (tr("Savings"), ratios),
        (tr("K/V, 32 bit"), true),
        (tr("16 bit"), halves),
        (tr("Savings"), ratios),
    ];
    let columns = all.iter().filter(|column| column.1).count() as f32;
    let (first, gap) = (84.0, 6.0);
    let cell = ((width - first) / columns - gap).clamp(44.0, 92.0);
    let full = sums.of[2].kv as f64 * WIDE;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(gap, 1.0);
        let mut row = |name: egui::RichText, hint: &str, cells: [String; 5], own: bool| {
            ui.horizontal(|ui| {
                at(ui, first, Align::Min, name).on_hover_text(hint);
                for (text, _) in cells.into_iter().zip(all).filter(|(_, (_, shown))| *shown) {
                    let text = match hint {
                        "" => quiet(text),
                        _ if own => strong(text),
                        _ => text.into(),
                    };
                    at(ui, cell, Align::Max, text);
                }
            });
        };
        row(
            quiet(tr("per token")),
            "",
            all.map(|column| column.0.to_owned()),
            false,
        );
        for i in ROWS {
            let cells = sums.row(i).map(|sum| {
                let total = sums.total(sum) as f64;
                let held = sum.kv as f64 * WIDE;
                [
                    with_prefix(total),
                    times(sums.total(&sums.of[2]) as f64, total),
                    bytes(held),
                    bytes(0.5 * held),
                    times(full, held),
                ]
            });
            let cells = cells.unwrap_or_else(|| all.map(|_| "–".to_owned()));
            let name = extent_name(i, sums);
            let name = if i == 0 { strong(name) } else { name.into() };
            row(name, extent_hint(i, sums), cells, i == 0);
        }
    });
}

/// A cell of a table: text in a width of its own.
fn at(ui: &mut Ui, width: f32, align: Align, text: egui::RichText) -> egui::Response {
    let size = vec2(width, ui.text_style_height(&egui::TextStyle::Body));
    let layout = match align {
        Align::Max => Layout::right_to_left(Align::Center),
        _ => Layout::left_to_right(Align::Center),
    };
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_size(size);
        ui.add(egui::Label::new(text).truncate())
    })
    .inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_says_how_much_less() {
        assert_eq!(ratio(630.0, 100.0), "6.30× fewer");
        assert_eq!(ratio(100.0, 100.0), "1×");
        assert_eq!(ratio(100.0, 0.0), "1×");
    }
}
