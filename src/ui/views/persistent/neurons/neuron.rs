//! One neuron: which tokens use it most, which tokens its value promotes, and what follows without it.

use super::super::listed;
use super::super::places;
use super::super::usage::fine_percent;
use super::list::number;
use crate::analysis::NeuronUsage;
use crate::analysis::examples::MemoryId;
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::model::NeuronId;
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Ui};
use std::sync::Arc;

/// The selected neuron, or the advice to select one.
pub(super) fn show(ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
    let Some(id) = cx.selection.neuron else {
        ui.label(strong(tr("No neuron is selected")));
        ui.label(quiet(tr(
            "Click a neuron to see which tokens use it, and which tokens its value promotes.",
        )));
        return;
    };
    let usage = cx.snapshot.neurons.as_ref();
    let usage = usage.and_then(|stats| stats.layers.get(id.layer)?.clone());
    header(ui, cx, model, id, usage.as_ref());
    let known = cx.snapshot.neuron.clone();
    let Some(facts) = known.filter(|facts| facts.id == id) else {
        ui.label(quiet(tr("Computing…")));
        return;
    };
    egui::ScrollArea::vertical()
        .id_salt("neuron")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.label(strong(tr("Tokens that use it most"))).on_hover_text(tr(
                "The tokens of the text at which its activation c is largest in size, with c. Click one to select it.",
            ));
            match facts.users.is_empty() {
                true => {
                    ui.label(quiet(tr("No token uses it.")));
                }
                false => listed::users(ui, cx, model, &facts.users),
            }
            ui.add_space(6.0);
            ui.label(strong(tr("What its value promotes"))).on_hover_text(tr(
                "The neuron's value, its column of the down projection, straight to the output embedding: change of each \
                 token's logit per unit of activation, less the mean over the vocabulary. Norms and all later layers are \
                 left out. The nearer a layer is to the output, the more this says; of a low layer it shows no more than a \
                 tendency. Where its activation is negative, what is raised is lowered.",
            ));
            ui.label(quiet(tr("Change of the logit per unit of activation")));
            listed::promoted(ui, model, &facts.promoted);
            ui.add_space(6.0);
            places::show(ui, cx, MemoryId::Neuron(id));
        });
}

/// Its name, the way to its neighbours, and what is known of it as a whole.
fn header(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    model: &LoadedModel,
    id: NeuronId,
    usage: Option<&Arc<NeuronUsage>>,
) {
    let spec = model.network.architecture().feed_forward_of(id.layer);
    let place = spec.and_then(|spec| spec.place(id));
    let rank = usage.and_then(|usage| {
        let place = u32::try_from(place?).ok()?;
        usage.usage.order.iter().position(|of| *of == place)
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(strong(trf("Neuron {0}", &[&id])));
        let mut arrow = |sign: &str, name: &'static str, rank: Option<usize>| {
            let to = rank.and_then(|rank| usage?.ranked(rank));
            let to = to.and_then(|place| Some(spec?.named(id.layer, place)));
            let button = ui.add_enabled(to.is_some(), egui::Button::new(sign).small());
            button
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, to.is_some(), name));
            if button.on_hover_text(name).clicked() {
                cx.selection.neuron = to;
            }
        };
        let before = rank.and_then(|rank| rank.checked_sub(1));
        arrow("←", tr("The next more used neuron"), before);
        let after = rank.map(|rank| rank + 1);
        arrow("→", tr("The next less used neuron"), after);
        if ui
            .small_button(tr("Deselect"))
            .on_hover_text(tr("Select no neuron"))
            .clicked()
        {
            cx.selection.neuron = None;
        }
        let mut ablated = model.network.edits().is_neuron_ablated(id);
        let refusal = cx.refusal(&Command::AblateNeuron { id, ablated: true });
        let ablate = egui::Checkbox::new(&mut ablated, tr("Ablate"));
        let ablate = ui.add_enabled(refusal.is_none(), ablate);
        let ablate = ablate.on_disabled_hover_text(refusal.unwrap_or_default());
        let words = tr("It adds nothing to the layer's output: the text runs again without it");
        if ablate.on_hover_text(words).changed() {
            cx.commands.push(Command::AblateNeuron { id, ablated });
        }
    });
    if let (Some(usage), Some(place), Some(rank)) = (usage, place, rank) {
        let mean = usage.activations.get(place).copied().unwrap_or(0.0);
        let norm = model.network.value_norms(id.layer).get(place).copied();
        ui.label(quiet(trf(
            "rank {0} of {1} by use · {2} of the layer's use · mean |c| {3} · ‖v‖ {4}",
            &[
                &thousands(rank + 1),
                &thousands(usage.count()),
                &fine_percent(usage.share(place)),
                &number(mean),
                &number(norm.unwrap_or(0.0)),
            ],
        )));
        if usage.is_never_used(place) {
            ui.label(quiet(tr("never used: less than 1 % of an even share")));
        }
    }
}
