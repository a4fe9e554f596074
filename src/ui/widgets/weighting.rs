//! The choice of the numbers that are shown as weights, the same in all views.

use super::choices::name_combo;
use crate::engine::Weighting;
use crate::ui::language::tr;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Ui};

fn name(weighting: Weighting) -> &'static str {
    match weighting {
        Weighting::Attention => tr("Attention weights"),
        Weighting::Norm => tr("Norm-weighted"),
    }
}

fn words(weighting: Weighting) -> &'static str {
    match weighting {
        Weighting::Attention => tr("The weights after the softmax"),
        Weighting::Norm => tr(
            "Each weight times the norm of what the head writes of that token, a·‖W_O v‖, as shares of their sum (arXiv \
             2004.10102): what is attended to and writes little counts little",
        ),
    }
}

/// The choice: of Attention, Text, Grid and the effective spans at once. A recorded run has no values, so nothing to choose.
pub fn weighting_box(ui: &mut Ui, cx: &mut ViewContext<'_>) {
    let model = cx.snapshot.model.as_ref();
    let is_recorded = model.is_some_and(|model| model.recorded.is_some());
    let mut now = cx.selection.weighting();
    ui.add_enabled_ui(!is_recorded, |ui| {
        let combo = egui::ComboBox::from_id_salt("weighting")
            .selected_text(name(now))
            .show_ui(ui, |ui| {
                for weighting in [Weighting::Attention, Weighting::Norm] {
                    ui.selectable_value(&mut now, weighting, name(weighting))
                        .on_hover_text(words(weighting));
                }
            })
            .response;
        name_combo(&combo, tr("Weights"));
        combo.on_hover_text(words(now)).on_disabled_hover_text(tr(
            "A recorded run holds no values and no weights: open the model that it was recorded from.",
        ));
    });
    cx.selection.set_weighting(now);
}
