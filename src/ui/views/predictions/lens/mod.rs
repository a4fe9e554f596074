//! The guess of every layer after the selected token, and the parts that a logit is the sum of.

mod layers;
mod parts;

use super::candidates;
use crate::analysis::{Lens, LensTarget};
use crate::engine::{LensQuery, LoadedModel, Queries, Snapshot};
use crate::ui::language::tr;
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Ui};
use serde::{Deserialize, Serialize};

/// The part of the view that is on show beside the surprisal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Page {
    /// The likeliest tokens.
    #[default]
    Candidates,
    /// The logit lens.
    Layers,
    /// The parts of a logit.
    Parts,
}

/// The prediction after the selected token: the likeliest tokens, layer by layer, part by part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LensPages {
    page: Page,
    /// The logit that is attributed, and the number of the model whose tokens these are.
    #[serde(skip)]
    target: (u64, LensTarget),
}

impl LensPages {
    /// The logit that is attributed in the model at hand.
    pub fn target(&self, snapshot: &Snapshot) -> LensTarget {
        match self.target.0 == snapshot.model_number {
            true => self.target.1,
            false => LensTarget::default(),
        }
    }

    /// Adds what the page needs to what is looked at.
    pub fn ask(&self, cx: &ViewContext<'_>, looks: &mut Queries) {
        if self.page == Page::Candidates {
            return;
        }
        let target = self.target(cx.snapshot);
        looks.lens = cx.query().map(|at| LensQuery { at, target });
    }

    /// Draws the page that is on show.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (page, name, words) in [
                (Page::Candidates, tr("Next token"), tr("The likeliest tokens")),
                (
                    Page::Layers,
                    tr("By layer"),
                    tr("Logit lens: what the stream after each layer says, through the last norm and the output embedding"),
                ),
                (
                    Page::Parts,
                    tr("By part"),
                    tr("Direct attribution: the parts of the network that a logit is the sum of"),
                ),
            ] {
                ui.selectable_value(&mut self.page, page, name)
                    .on_hover_text(words);
            }
        });
        if self.page == Page::Candidates {
            let mut asked = None;
            candidates::show(ui, cx, model, &mut asked);
            if let Some(id) = asked {
                self.aim(cx.snapshot, |target| target.of = Some(id));
                self.page = Page::Parts;
            }
            return;
        }
        let Some(query) = candidates::heading(ui, cx) else {
            return;
        };
        if model.recorded.is_some() {
            let words = tr(
                "A recorded run holds no values and no weights: open the model that it was recorded from.",
            );
            ui.label(quiet(words));
            return;
        }
        let Some(lens) = cx.snapshot.lens.clone() else {
            ui.label(quiet(cx.without_prediction(query)));
            return;
        };
        // Of another token, or another logit, until the worker has answered.
        let current = lens.at == query && lens.target == self.target(cx.snapshot);
        match self.page {
            Page::Layers => layers::show(ui, cx, model, &lens, current),
            _ => {
                let mut target = self.target(cx.snapshot);
                choices(ui, cx, model, &lens, &mut target);
                self.aim(cx.snapshot, |own| *own = target);
                parts::show(ui, cx, model, &lens, current);
            }
        }
    }

    /// Changes which logit is attributed.
    fn aim(&mut self, snapshot: &Snapshot, change: impl FnOnce(&mut LensTarget)) {
        let mut target = self.target(snapshot);
        change(&mut target);
        self.target = (snapshot.model_number, target);
    }
}

/// The choice of the logit: of which token, and less that of which.
fn choices(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    model: &LoadedModel,
    lens: &Lens,
    target: &mut LensTarget,
) {
    // What can be chosen: the likeliest tokens, what follows, and what is chosen.
    let prediction = cx.snapshot.prediction.as_deref();
    let top = prediction.map_or(&[][..], |prediction| &prediction.top);
    let mut all: Vec<u32> = top.iter().take(12).map(|candidate| candidate.id).collect();
    for id in [lens.next, target.of, target.against].into_iter().flatten() {
        if !all.contains(&id) {
            all.push(id);
        }
    }
    let named = |id: Option<u32>, none: &str| id.map_or(none.to_owned(), |id| model.label(id));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let auto = match lens.next {
            Some(_) => tr("what follows"),
            None => tr("the likeliest"),
        };
        ui.label(tr("Logit of"));
        combo(
            ui,
            "of",
            tr("Token whose logit is attributed"),
            &mut target.of,
            (&all, auto),
            &named,
        );
        ui.label(tr("less"));
        let words = tr("Token whose logit is taken off");
        combo(
            ui,
            "against",
            words,
            &mut target.against,
            (&all, tr("nothing")),
            &named,
        );
    });
}

fn combo(
    ui: &mut Ui,
    salt: &str,
    name: &str,
    chosen: &mut Option<u32>,
    (all, none): (&[u32], &str),
    named: &dyn Fn(Option<u32>, &str) -> String,
) {
    let combo = egui::ComboBox::from_id_salt(("lens", salt))
        .selected_text(named(*chosen, none))
        .width(88.0)
        .truncate()
        .show_ui(ui, |ui| {
            ui.selectable_value(chosen, None, none);
            for id in all {
                ui.selectable_value(chosen, Some(*id), named(Some(*id), none));
            }
        })
        .response;
    crate::ui::widgets::choices::name_combo(&combo, name);
    combo.on_hover_text(name);
}
