//! The neurons of all layers whose values promote a token.

use super::super::usage::fine_percent;
use super::list;
use crate::engine::LoadedModel;
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::signed;
use eframe::egui::{self, Ui};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The search for neurons.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    /// The token's text, or its id.
    token: String,
    /// Neurons that lower it.
    lower: bool,
}

impl Search {
    /// The token that is asked for.
    pub fn wanted(&self) -> Option<Arc<str>> {
        (!self.token.is_empty()).then(|| self.token.as_str().into())
    }

    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(tr("Token"));
            let field = egui::TextEdit::singleline(&mut self.token)
                .hint_text(tr("its text or its id"))
                .desired_width(120.0);
            ui.add(field).labelled_by(label.id).on_hover_text(tr(
                "One token of the vocabulary, spaces included, or its id. The neurons are those of all layers.",
            ));
            ui.spacing_mut().item_spacing.x = 2.0;
            for (lower, name) in [(false, tr("raise it")), (true, tr("lower it"))] {
                ui.selectable_value(&mut self.lower, lower, name);
            }
        });
        let Some(wanted) = self.wanted() else {
            ui.label(quiet(tr(
                "Which neurons promote a token? Their values are held against its row of the output embedding.",
            )));
            return;
        };
        let promoting = cx.snapshot.promoting.clone();
        let Some(promoting) = promoting.filter(|of| of.name == wanted) else {
            ui.label(quiet(tr("Computing…")));
            return;
        };
        let found = match &promoting.found {
            Ok(found) => found,
            Err(why) => {
                ui.label(quiet(why.as_str()));
                return;
            }
        };
        let all = if self.lower { &found.down } else { &found.up };
        let words = trf(
            "{0} (id {1}): change of its logit per unit of activation",
            &[&model.label(found.token), &found.token],
        );
        ui.add(egui::Label::new(quiet(words)).truncate())
            .on_hover_text(tr(
                "The value's product with the token's row of the output embedding, less the mean over the vocabulary. Norms \
                 and later layers are left out. The share is that of the layer's use on this text.",
            ));
        let stats = cx.snapshot.neurons.clone();
        let architecture = model.network.architecture();
        let most = all.first().map_or(0.0, |(_, change)| change.abs());
        let names = [tr("change"), tr("share"), ""];
        list::show(ui, cx, names, all.len(), None, |i| {
            let (id, change) = *all.get(i)?;
            let usage = stats
                .as_ref()
                .and_then(|stats| stats.layers.get(id.layer)?.as_ref());
            let place = architecture
                .feed_forward_of(id.layer)
                .and_then(|spec| spec.place(id));
            let share = usage.zip(place).map(|(usage, place)| usage.share(place));
            Some(list::Line {
                id,
                rank: i + 1,
                bar: change.abs() / most.max(f32::MIN_POSITIVE),
                numbers: [
                    signed(f64::from(change), 2),
                    share.map_or_else(|| "–".to_owned(), fine_percent),
                    String::new(),
                ],
            })
        });
    }
}
