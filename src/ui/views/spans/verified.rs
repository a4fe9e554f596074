//! The reach of the leading head at the query, found by running it, beside the one that it was designed with.

use super::SpansView;
use super::asked::{Asked, question};
use super::curve_axes::Axes;
use super::curve_marks::Names;
use super::facts::Facts;
use crate::chart::thousands;
use crate::engine::{Queries, ReachFacts};
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::fact_rows::fact_rows;
use eframe::egui::{self, Stroke, Ui, vec2};
use std::sync::Arc;

/// Least width of the button: it must not move its neighbours.
const BUTTON: f32 = 62.0;

impl SpansView {
    /// Adds the search to what is looked at, as long as it is of what is on show.
    pub(super) fn ask_reach(&self, cx: &ViewContext<'_>, looks: &mut Queries) {
        let asked = self.asked.as_ref().filter(|asked| asked.holds(cx));
        looks.reach = asked.map(|asked| asked.of);
    }

    /// What is found so far of what was asked; a change of text, model, head or query ends the search.
    fn reach_facts(&mut self, cx: &ViewContext<'_>) -> Option<Arc<ReachFacts>> {
        self.asked = self.asked.take().filter(|asked| asked.holds(cx));
        let of = self.asked.as_ref()?.of;
        cx.snapshot.reach.clone().filter(|facts| facts.of == of)
    }

    /// The button that begins the search and ends it, with what came of it.
    pub(super) fn verify_button(&mut self, ui: &mut Ui, cx: &ViewContext<'_>, facts: &Facts) {
        let found = self.reach_facts(cx);
        let is_recorded = facts.model.recorded.is_some();
        let enabled = question(cx).is_some() && !is_recorded && cx.snapshot.preview.is_none();
        let result = found.as_ref().and_then(|facts| facts.found.as_ref());
        let words = match result {
            Some(Ok(reach)) if reach.agrees() => tr("Verified").to_owned(),
            Some(Ok(_)) => tr("Differs").to_owned(),
            Some(Err(_)) => tr("Not at hand").to_owned(),
            None if self.asked.is_none() => tr("Verify").to_owned(),
            None => {
                let (done, all) = found.as_ref().map_or((0, 1), |facts| facts.progress);
                format!("{} %", 100 * done / all.max(1))
            }
        };
        let button = egui::Button::selectable(self.asked.is_some(), words.as_str());
        let button = ui.add_enabled(enabled, button.min_size(vec2(BUTTON, 0.0)));
        button.widget_info(|| {
            let name = trf("Verify the reach: {0}", &[&words]);
            egui::WidgetInfo::selected(egui::Role::Button, enabled, self.asked.is_some(), name)
        });
        let refusal = match is_recorded {
            true => tr(
                "A recorded run holds no values and no weights: open the model that it was recorded from.",
            ),
            false => tr("There is no text"),
        };
        let button = button.on_disabled_hover_text(refusal);
        if button.clicked() {
            self.asked = match self.asked {
                Some(_) => None,
                None => Asked::new(cx),
            };
        }
        let searching = self.asked.is_some();
        button.on_hover_ui(|ui| {
            ui.set_max_width(330.0);
            match result {
                Some(Ok(reach)) => told(ui, reach),
                Some(Err(why)) => {
                    ui.label(why.as_str());
                }
                None if searching => {
                    ui.label(tr("Searching: click to stop"));
                }
                None => {
                    ui.label(tr(
                        "How far the head sees from the query, found by running it: the key and the value of each token before \
                         it are changed, one token at a time, until it is known which change alters a bit of the head's output",
                    ));
                }
            }
        });
    }

    /// Marks the farthest token that the head was found to see.
    pub(super) fn verified_mark(
        &mut self,
        cx: &ViewContext<'_>,
        head: HeadId,
        axes: &Axes,
        names: &mut Names,
        ink: egui::Color32,
    ) {
        let Some(facts) = self.reach_facts(cx).filter(|facts| facts.of.head == head) else {
            return;
        };
        let Some(Ok(reach)) = &facts.found else {
            return;
        };
        let Some(distance) = reach.farthest.filter(|far| *far as f64 <= axes.far) else {
            return;
        };
        let color = match reach.agrees() {
            true => ink,
            false => cx.palette.limit,
        };
        let x = axes.x(distance as f64);
        let line = Stroke::new(1.5, color);
        names.painter.vline(x, axes.frame.y_range(), line);
        let words = trf("verified {0}", &[&thousands(distance)]);
        names.put(x, &words, color, axes.frame.top() + 14.0);
    }
}

/// The result in words.
fn told(ui: &mut Ui, reach: &crate::analysis::VerifiedReach) {
    let query = thousands(reach.query);
    ui.label(strong(trf("{0} at query {1}", &[&reach.head, &query])));
    // Of a head that sees the whole text it is the distance of the first token, however long the text is.
    let far = |distance: Option<usize>| match distance {
        Some(distance) if distance == reach.query => {
            trf("{0}, the first token", &[&thousands(distance)])
        }
        Some(distance) => thousands(distance),
        None => "–".to_owned(),
    };
    fact_rows(ui, |row| {
        row(tr("farthest distance by design"), far(reach.designed));
        row(tr("farthest distance as verified"), far(reach.farthest));
        if reach.silent > 0 {
            row(
                tr("tokens in sight that alter nothing"),
                thousands(reach.silent),
            );
        }
        if !reach.beside.is_empty() {
            row(
                tr("tokens out of sight that alter a bit"),
                thousands(reach.beside.len()),
            );
        }
    });
    let words = match reach.agrees() {
        true => tr("The head sees as far as it was designed to."),
        false => tr("The head does not see as far as it was designed to, or farther."),
    };
    ui.label(quiet(words));
}
