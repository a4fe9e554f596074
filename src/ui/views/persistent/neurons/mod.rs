//! The neurons of feed-forward sublayers as key–value memories: which of them a text uses, who uses one, what it promotes, and which
//! promote a token.

mod curve;
mod list;
mod neuron;
mod search;
mod strip;

use super::rooms::{BESIDE, divide, inside};
use super::shares;
use crate::analysis::NeuronUsage;
use crate::chart::thousands;
use crate::engine::figures::FigureChoice;
use crate::engine::{LoadedModel, NeuronStats, Queries};
use crate::model::NeuronId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::fitting;
use crate::ui::widgets::names::percent;
use crate::ui::widgets::paint::nothing;
use eframe::egui::{Rect, Ui, vec2};
use serde::{Deserialize, Serialize};
use strip::Strip;

/// A page of the view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Page {
    /// The neurons of a layer, the most used first.
    #[default]
    Usage,
    /// The neurons that promote a token.
    Search,
    /// One neuron.
    Neuron,
    /// The shares of every head's weight.
    Shares,
}

/// The display of neurons.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Neurons {
    page: Page,
    /// Shares on a logarithmic axis.
    log: bool,
    /// The share of the width that the selected neuron takes.
    split: f32,
    search: search::Search,
    /// The layer on show.
    #[serde(skip)]
    layer: usize,
    /// The layer of the leading head when that was last looked at: a change of it is followed.
    #[serde(skip)]
    led: Option<usize>,
    /// The selected neuron when that was last looked at.
    #[serde(skip)]
    followed: Option<NeuronId>,
    /// The neuron last brought into view.
    #[serde(skip)]
    shown: Option<NeuronId>,
}

impl Default for Neurons {
    fn default() -> Self {
        Self {
            page: Page::Usage,
            log: true,
            split: 0.42,
            search: search::Search::default(),
            layer: 0,
            led: None,
            followed: None,
            shown: None,
        }
    }
}

impl Neurons {
    /// Sets what the figure of the neurons shows.
    pub fn choose(&self, choice: &mut FigureChoice) {
        choice.layer = Some(self.layer);
        choice.neurons_log = self.log;
    }

    /// Adds what the pages need to what is looked at.
    pub fn ask(&self, cx: &ViewContext<'_>, model: &LoadedModel, looks: &mut Queries) {
        if model.recorded.is_some() {
            return;
        }
        looks.neurons = cx.snapshot.done > 0;
        let architecture = model.network.architecture();
        looks.neuron = cx
            .selection
            .neuron
            .filter(|id| architecture.neuron(*id).is_ok());
        if self.page == Page::Search {
            looks.promotes = self.search.wanted();
        }
    }

    /// Draws the page that is on show, and the selected neuron beside it where there is room.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel, bars: bool) {
        let architecture = model.network.architecture();
        cx.selection.neuron = cx
            .selection
            .neuron
            .filter(|id| architecture.neuron(*id).is_ok());
        let leading = cx.selection.heads.leading().layer;
        if self.led != Some(leading) {
            self.led = Some(leading);
            self.layer = leading;
        }
        // As is a neuron that is selected elsewhere.
        if self.followed != cx.selection.neuron {
            self.followed = cx.selection.neuron;
            self.layer = self.followed.map_or(self.layer, |id| id.layer);
        }
        self.layer = self.layer.min(architecture.nb_layers().saturating_sub(1));
        let beside = ui.available_width() >= BESIDE;
        let page = match self.page {
            Page::Neuron if beside => Page::Usage,
            Page::Shares if !bars => Page::Usage,
            page => page,
        };
        self.pages(ui, cx, page, beside, bars);
        if page == Page::Shares {
            return shares_page(ui, cx, architecture.nb_heads());
        }
        if architecture.all_neurons() == 0 {
            let words = match model.recorded.is_some() {
                true => tr("This run holds neither persistent vectors nor neurons."),
                false => {
                    tr("This model has neither persistent vectors nor feed-forward sublayers.")
                }
            };
            return nothing(ui, words);
        }
        if model.recorded.is_some() {
            return nothing(
                ui,
                tr(
                    "A recorded run holds no values and no weights: open the model that it was recorded from.",
                ),
            );
        }
        let mut area = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(area);
        if page == Page::Neuron {
            return inside(ui, area, "neuron", |ui| neuron::show(ui, cx, model));
        }
        let rect = match beside {
            true => {
                let mut share = 1.0 - self.split;
                let rect = divide(ui, &mut area, &mut share, false);
                self.split = 1.0 - share;
                inside(ui, area, "neuron", |ui| neuron::show(ui, cx, model));
                rect
            }
            false => area,
        };
        inside(ui, rect, "neurons", |ui| match page {
            Page::Search => self.search.show(ui, cx, model),
            _ => self.usage(ui, cx, model),
        });
    }

    fn pages(&mut self, ui: &mut Ui, cx: &ViewContext<'_>, now: Page, beside: bool, bars: bool) {
        let neuron = match cx.selection.neuron {
            Some(id) => trf("Neuron {0}", &[&id]),
            None => tr("Neuron").to_owned(),
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (page, name, words) in [
                (
                    Page::Usage,
                    tr("Usage").to_owned(),
                    tr("The neurons of a layer, the most used first"),
                ),
                (
                    Page::Search,
                    tr("Promoting a token").to_owned(),
                    tr("The neurons of all layers whose values promote a token"),
                ),
                (
                    Page::Neuron,
                    neuron,
                    tr("Which tokens use the selected neuron, and which it promotes"),
                ),
                (
                    Page::Shares,
                    tr("Weight").to_owned(),
                    tr("Where the weight of every head goes"),
                ),
            ] {
                let hidden = page == Page::Neuron && beside || page == Page::Shares && !bars;
                if !hidden
                    && ui
                        .selectable_label(now == page, name)
                        .on_hover_text(words)
                        .clicked()
                {
                    self.page = page;
                }
            }
            if now == Page::Usage {
                ui.separator();
                ui.checkbox(&mut self.log, tr("Log"))
                    .on_hover_text(tr("Shares on a logarithmic axis of four decades"));
            }
        });
    }

    /// The neurons of the layer on show.
    fn usage(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
        let Some(stats) = cx.snapshot.neurons.clone() else {
            return nothing(ui, tr("Computing…"));
        };
        if stats.layers.len() > 1 {
            self.layers(ui, &stats);
        }
        let architecture = model.network.architecture();
        let usage = stats.layers.get(self.layer).and_then(Option::as_ref);
        let (Some(usage), Some(spec)) = (usage, architecture.feed_forward_of(self.layer)) else {
            return nothing(ui, tr("This layer has no feed-forward sublayer."));
        };
        self.summary(ui, usage, &stats);
        if !usage.experts.is_empty() {
            experts(ui, usage);
        }
        let room = ui.available_size();
        let high = (0.34 * room.y).clamp(56.0, 150.0);
        if room.y > 150.0
            && let Some(place) = curve::show(ui, cx, usage, spec, self.log, high)
        {
            cx.selection.neuron = Some(spec.named(self.layer, place));
        }
        let of_layer = cx.selection.neuron.filter(|id| id.layer == self.layer);
        // What was selected elsewhere comes into view once.
        let reveal = of_layer.filter(|id| self.shown != Some(*id));
        let reveal = reveal.and_then(|id| {
            let place = u32::try_from(spec.place(id)?).ok()?;
            usage.usage.order.iter().position(|of| *of == place)
        });
        self.shown = of_layer;
        let norms = model.network.value_norms(self.layer);
        let most = usage.ranked(0).map_or(0.0, |place| usage.share(place));
        let names = [tr("share"), tr("mean |c|"), tr("‖v‖")];
        let clicked = list::show(ui, cx, names, usage.count(), reveal, |rank| {
            let place = usage.ranked(rank)?;
            let share = usage.share(place);
            let number = |list: &[f32]| list.get(place).copied().unwrap_or(0.0);
            Some(list::Line {
                id: spec.named(self.layer, place),
                rank: rank + 1,
                bar: share / most.max(f32::MIN_POSITIVE),
                numbers: [
                    super::usage::fine_percent(share),
                    list::number(number(&usage.activations)),
                    list::number(number(norms)),
                ],
            })
        });
        // What was clicked stays where it is.
        if clicked {
            self.shown = cx.selection.neuron;
        }
    }

    /// The effective share of every layer's neurons.
    fn layers(&mut self, ui: &mut Ui, stats: &NeuronStats) {
        let effective = |usage: &NeuronUsage| usage.usage.effective / usage.count().max(1) as f32;
        let never = |usage: &NeuronUsage| usage.usage.never as f32 / usage.count().max(1) as f32;
        let of = |of: &dyn Fn(&NeuronUsage) -> f32| -> Vec<f32> {
            let layers = stats.layers.iter();
            layers
                .map(|usage| usage.as_deref().map_or(0.0, of))
                .collect()
        };
        let strip = Strip {
            name: tr("Effective share of the neurons by layer: click a layer to show it"),
            title: tr("layer"),
            values: &of(&effective),
            from_top: &of(&never),
            selected: Some(self.layer),
        };
        let (hovered, clicked) = strip.show(ui, |ui, layer| {
            ui.label(strong(trf("Layer {0}", &[&layer])));
            match stats.layers.get(layer).and_then(Option::as_ref) {
                Some(usage) => ui.label(summary_words(usage).swap_remove(0)),
                None => ui.label(tr("This layer has no feed-forward sublayer.")),
            };
        });
        if let Some(layer) = hovered.filter(|_| clicked) {
            self.layer = layer;
        }
    }

    fn summary(&self, ui: &mut Ui, usage: &NeuronUsage, stats: &NeuronStats) {
        ui.horizontal_wrapped(|ui| {
            ui.label(strong(trf(
                "Layer {0}: {1} neurons",
                &[&self.layer, &thousands(usage.count())],
            )));
            let words = fitting(ui, summary_words(usage));
            ui.label(quiet(words)).on_hover_text(tr(
                "A neuron's use is the mean of |c|·‖v‖ over the tokens: c is what multiplies its value v, its column of the \
                 down projection; of a gated sublayer act(gate) · up, of a mixture of experts times the router's weight. \
                 Effective: exp(entropy) of the use among the neurons. Never used: less than 1 % of an even share.",
            ));
            if stats.tokens.len() < stats.wanted.len() {
                ui.label(quiet(trf(
                    "{0} of {1} tokens measured",
                    &[
                        &thousands(stats.tokens.len()),
                        &thousands(stats.wanted.len()),
                    ],
                )));
            }
        });
    }
}

/// The numbers of a layer in words, the longest first.
fn summary_words(usage: &NeuronUsage) -> Vec<String> {
    let effective = thousands(usage.usage.effective.round());
    let never = thousands(usage.usage.never);
    vec![
        trf(
            "{0} effective · {1} never used · {2} hold 50 %, {3} hold 90 %",
            &[
                &effective,
                &never,
                &thousands(usage.holding(0.5)),
                &thousands(usage.holding(0.9)),
            ],
        ),
        trf("{0} effective · {1} never used", &[&effective, &never]),
        trf("{0} effective", &[&effective]),
    ]
}

/// The experts of a mixture: how many of the tokens chose each.
fn experts(ui: &mut Ui, usage: &NeuronUsage) {
    let values: Vec<f32> = usage.experts.iter().map(|of| of.share as f32).collect();
    let strip = Strip {
        name: tr("Share of the tokens that choose each expert"),
        title: tr("expert"),
        values: &values,
        from_top: &[],
        selected: None,
    };
    strip.show(ui, |ui, expert| {
        let of = usage.experts.get(expert).copied().unwrap_or_default();
        ui.label(strong(trf("Expert {0}", &[&expert])));
        ui.label(trf(
            "chosen by {0} of the tokens, with the mean weight {1}",
            &[&percent(of.share as f32), &format!("{:.3}", of.weight)],
        ));
    });
}

/// The shares of every head's weight, of a model without persistent vectors.
fn shares_page(ui: &mut Ui, cx: &mut ViewContext<'_>, heads: usize) {
    shares::legend(ui, cx, false);
    let area = ui.available_rect_before_wrap();
    let high = area.height().clamp(60.0, 420.0);
    let rect = Rect::from_min_size(area.min, vec2(area.width(), high));
    ui.advance_cursor_after_rect(rect);
    inside(ui, rect, "shares", |ui| shares::chart(ui, cx, heads, false));
}
