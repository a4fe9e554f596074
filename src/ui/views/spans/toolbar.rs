//! The toolbar of the view: what is drawn, and how.

use super::facts::Facts;
use super::{Held, Part, SpansView};
use crate::analysis::{EFFECTIVE_SHARES, SpanFlag};
use crate::chart::SpanMeasure as Measure;
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::name_combo;
use crate::ui::widgets::weighting::weighting_box;
use eframe::egui::{self, Ui};

/// Width from which the chart's own options stand in the toolbar, in points.
const WIDE: f32 = 640.0;

impl Held {
    fn name(self) -> String {
        match self.index() {
            Some(index) => {
                let share = 100.0 * EFFECTIVE_SHARES[index];
                trf("{0} % used", &[&share])
            }
            None => tr("none used").to_owned(),
        }
    }

    fn explained(self) -> String {
        match self.index() {
            Some(index) => trf(
                "Bars: the distance within which {0} % of a head's weight on this text lies",
                &[&(100.0 * EFFECTIVE_SHARES[index])],
            ),
            None => tr("Only what was learned, not what this text makes of it").to_owned(),
        }
    }
}

impl SpansView {
    pub(super) fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts) {
        let wide = ui.available_width() >= WIDE;
        ui.horizontal_wrapped(|ui| {
            // At the width of a new window all of it fits into one row.
            ui.spacing_mut().item_spacing.x = 5.0;
            ui.spacing_mut().button_padding.x = 5.0;
            // Where heads have windows by design, both are the same.
            if facts.architecture().nearest() == 0 {
                self.measure = Measure::Reach;
            } else {
                ui.selectable_value(&mut self.measure, Measure::Reach, tr("Reach"))
                    .on_hover_text(tr(
                        "Distances with a mask above 0: min(S, ⌈z⌉ + R), as the paper's figure shows",
                    ));
                ui.selectable_value(&mut self.measure, Measure::Span, tr("z"))
                    .on_hover_text(tr("The learned span parameter, in tokens"));
                if wide {
                    ui.separator();
                }
            }
            if wide {
                self.chart_options(ui);
                ui.separator();
            }
            self.held_box(ui);
            // Where empty context lies before the text, heads rest there.
            let has_sinks = self.held.index().is_some() && facts.architecture().nearest() == 0;
            if has_sinks {
                self.sinks_box(ui, facts);
            }
            let edit = ui.add_enabled(
                facts.editable,
                egui::Button::selectable(self.hand.on, tr("Edit")),
            );
            // The menu of the window has the same word.
            edit.widget_info(|| {
                let name = tr("Edit spans by hand");
                egui::WidgetInfo::selected(egui::Role::Button, facts.editable, self.hand.on, name)
            });
            let refusal = cx.refusal(&Command::AblateSelected);
            if edit
                .on_disabled_hover_text(refusal.unwrap_or_default())
                .on_hover_text(tr(
                    "Change spans by hand: drag a head's point up or down, type its z, or ablate it. Without this button: \
                     Alt+drag, or right click",
                ))
                .clicked()
            {
                self.hand.on = !self.hand.on;
            }
            flag_button(ui, cx, facts);
            ui.menu_button(tr("Options"), |ui| {
                if !wide {
                    self.chart_options(ui);
                    ui.separator();
                }
                if !has_sinks && self.held.index().is_some() {
                    self.sink_choices(ui, facts);
                    ui.separator();
                }
                weighting_box(ui, cx);
                ui.separator();
                ui.radio_value(&mut self.part, Part::Both, tr("All heads and one"));
                ui.radio_value(&mut self.part, Part::All, tr("All heads only"));
                ui.radio_value(&mut self.part, Part::Leading, tr("One head only"));
            });
        });
        self.legend_row(ui, cx, facts);
    }

    fn chart_options(&mut self, ui: &mut Ui) {
        ui.checkbox(&mut self.sorted, tr("Sorted"))
            .on_hover_text(tr(
                "Heads of a layer by rising trained span, as in the paper; otherwise by index",
            ));
        ui.checkbox(&mut self.linear, tr("Linear"))
            .on_hover_text(tr("A linear instead of a logarithmic axis"));
    }

    fn held_box(&mut self, ui: &mut Ui) {
        let combo = egui::ComboBox::from_id_salt("held")
            .selected_text(self.held.name())
            .show_ui(ui, |ui| {
                for held in Held::ALL {
                    ui.selectable_value(&mut self.held, held, held.name())
                        .on_hover_text(held.explained());
                }
            })
            .response;
        name_combo(&combo, tr("Effective span"));
        combo.on_hover_text(self.held.explained());
    }
}

/// The button with the count of flagged heads; a click goes to the next one.
fn flag_button(ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts) {
    let flagged: Vec<_> = facts.flagged().collect();
    let of = |flag| flagged.iter().filter(|(_, other)| *other == flag).count();
    let words = trf(
        "Next flagged head. {0} reach much farther than this text makes use of (99 % of the weight within a quarter of the \
         reach), {1} are span-limited (the mask takes away a third of the softmax or more, and a quarter more than of \
         even attention).",
        &[&of(SpanFlag::Unused), &of(SpanFlag::Pressed)],
    );
    let words = match facts.architecture().learns_spans() {
        true => words,
        false => trf(
            "Next flagged head. {0} are window-limited (20 % of the weight in the farthest tenth of the window), {1} see the \
             whole text and could have a window (99 % of the weight within a quarter of it), {2} do nothing but sink (90 % on \
             the first token or a learned sink).",
            &[
                &of(SpanFlag::Edge),
                &of(SpanFlag::Local),
                &of(SpanFlag::Sink),
            ],
        ),
    };
    // It stays where there is none: a toolbar that grows and shrinks would move the chart below the pointer.
    let name = trf("Next flagged ({0})", &[&flagged.len()]);
    let button = ui.add_enabled(!flagged.is_empty(), egui::Button::new(name));
    if button.on_hover_text(words).clicked() {
        let now = cx.selection.heads.leading();
        let next = flagged.iter().find(|(head, _)| *head > now);
        if let Some((head, _)) = next.or(flagged.first()) {
            cx.selection.select_head(*head);
        }
    }
}
