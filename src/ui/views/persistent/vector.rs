//! One persistent vector: which tokens use it most, and which tokens its value promotes.

use super::columns::Columns;
use super::listed;
use super::places;
use super::usage::fine_percent;
use crate::analysis::examples::MemoryId;
use crate::chart::thousands;
use crate::engine::{LoadedModel, VectorFacts};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::percent;
use crate::ui::widgets::number_field::number_field;
use eframe::egui::{self, Ui};

/// The field and the arrows that pick a vector, and what is known of it as a whole.
pub(super) fn header(ui: &mut Ui, cx: &mut ViewContext<'_>, columns: &Columns) {
    let Some(vector) = cx.selection.vector else {
        return;
    };
    let rank = columns.rank.get(vector).copied().unwrap_or(0) as usize;
    ui.horizontal_wrapped(|ui| {
        let label = ui.label(strong(tr("Vector")));
        let mut number = vector;
        let last = columns.len().saturating_sub(1);
        let field = number_field(ui, &mut number, 0..=last, |field| field.speed(0.2));
        let field = field.labelled_by(label.id);
        if field
            .on_hover_text(tr("The vector's number, from 0"))
            .changed()
        {
            cx.selection.vector = Some(number.min(last));
        }
        let mut arrow = |sign: &str, name: &'static str, place: Option<usize>| {
            let to = place.and_then(|place| columns.usage.order.get(place));
            let button = ui.add_enabled(to.is_some(), egui::Button::new(sign).small());
            button
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, to.is_some(), name));
            if button.on_hover_text(name).clicked() {
                cx.selection.vector = to.map(|vector| *vector as usize);
            }
        };
        arrow("←", tr("The next more used vector"), rank.checked_sub(1));
        arrow("→", tr("The next less used vector"), Some(rank + 1));
        if ui
            .small_button(tr("Deselect"))
            .on_hover_text(tr("Select no vector"))
            .clicked()
        {
            cx.selection.vector = None;
        }
    });
    let mean = columns.usage.mean.get(vector).copied().unwrap_or(0.0);
    let total: f32 = columns.usage.mean.iter().sum();
    ui.label(quiet(trf(
        "rank {0} of {1} by use · mean weight {2} · {3} of the weight on vectors",
        &[
            &thousands(rank + 1),
            &thousands(columns.len()),
            &fine_percent(mean),
            &percent(mean / total.max(f32::MIN_POSITIVE)),
        ],
    )));
    if columns.never(vector) {
        ui.label(quiet(tr("never used: less than 1 % of an even share")));
    }
}

/// The advice shown where no vector is selected.
pub(super) fn none(ui: &mut Ui, cx: &mut ViewContext<'_>, columns: &Columns) {
    ui.label(strong(tr("No vector is selected")));
    ui.label(quiet(tr(
        "Click a bar or a column of the heatmap to see which tokens use a vector, and which tokens its value promotes.",
    )));
    let most = columns.usage.order.first();
    if ui.button(tr("Select the most used")).clicked() {
        cx.selection.vector = most.map(|vector| *vector as usize);
    }
}

/// Both lists, as far down as they go.
pub(super) fn facts(ui: &mut Ui, cx: &mut ViewContext<'_>) {
    let (head, vector) = (cx.selection.heads.leading(), cx.selection.vector);
    let known = cx.snapshot.vector.clone();
    let known = known.filter(|facts| facts.head == head && Some(facts.vector) == vector);
    let (Some(facts), Some(model)) = (known, cx.snapshot.model.clone()) else {
        ui.label(quiet(tr("Computing…")));
        return;
    };
    egui::ScrollArea::vertical()
        .id_salt("vector")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            users(ui, cx, &model, &facts);
            ui.add_space(6.0);
            promoted(ui, &model, &facts);
            ui.add_space(6.0);
            places::show(ui, cx, MemoryId::Vector(head, facts.vector));
        });
}

/// The tokens that use the vector most, each between its neighbours.
fn users(ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel, facts: &VectorFacts) {
    ui.label(strong(tr("Tokens that use it most"))).on_hover_text(tr(
        "The queries that give this vector most weight, with the weight. Click one to select it.",
    ));
    if facts.users.is_empty() {
        ui.label(quiet(tr("No token gives it any weight.")));
        return;
    }
    listed::users(ui, cx, model, &facts.users);
}

/// The tokens that the vector's value promotes and lowers through the output embedding.
fn promoted(ui: &mut Ui, model: &LoadedModel, facts: &VectorFacts) {
    ui.label(strong(tr("What its value promotes"))).on_hover_text(tr(
        "The vector's value, taken through the attention's output projection straight to the output embedding: change of \
         each token's logit per unit of weight, less the mean over the vocabulary. The norm that follows the attention and \
         all later layers are left out. The nearer a layer is to the output, the more this says; of a low layer it shows no \
         more than a tendency.",
    ));
    let Some(promoted) = &facts.promoted else {
        ui.label(quiet(tr("Not recorded for this vector.")))
            .on_hover_text(tr(
                "The run file has this for the vectors used most (spanscope record --vectors N, or all); the model's weights, from which it follows, are not in it.",
            ));
        return;
    };
    ui.label(quiet(tr("Change of the logit per unit of weight")));
    listed::promoted(ui, model, promoted);
}
