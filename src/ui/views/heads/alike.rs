//! The heads like the leading one: by all their numbers, or by the tokens that they attend to.

use crate::analysis::Role;
use crate::analysis::similar::{COMPARED_QUERIES, nearest};
use crate::engine::Queries;
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::head_cache::HeadCache;
use crate::ui::widgets::head_menu::{head_menu, head_tooltip};
use crate::ui::widgets::roles::role_name;
use crate::ui::widgets::statistic::{Filter, Row};
use eframe::egui::{self, Sense, Ui};
use egui_extras::{Column, TableBuilder};
use serde::{Deserialize, Serialize};

/// What heads are alike by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Likeness {
    /// All numbers that are measured of heads.
    #[default]
    Scores,
    /// The tokens that they attend to.
    Attention,
}

impl Likeness {
    /// What it takes from the worker.
    pub(super) fn ask(self, cx: &ViewContext<'_>, looks: &mut Queries) {
        if self == Self::Attention {
            looks.alike = Some(cx.selection.heads.leading());
        }
    }

    /// Draws the list.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        cache: &mut HeadCache,
        filter: &Filter,
    ) {
        let of = cx.selection.heads.leading();
        ui.horizontal_wrapped(|ui| {
            ui.label(trf("Like {0}", &[&of]));
            ui.selectable_value(self, Self::Scores, tr("by numbers"))
                .on_hover_text(tr(
                    "Root mean square of the differences of all numbers, in standard deviations over the heads",
                ));
            ui.selectable_value(self, Self::Attention, tr("by attention"))
                .on_hover_text(trf(
                    "Mean Jensen–Shannon divergence of the attention of both, over {0} queries of the text: 0 the same, 1 bit nothing in common",
                    &[&COMPARED_QUERIES],
                ));
        });
        let rows = cache.rows();
        let distances: Vec<Option<f64>> = match self {
            Self::Scores => cache.alike(of).to_vec(),
            Self::Attention => {
                let found = cx.snapshot.alike.as_ref();
                let found = found.filter(|found| found.of == of && found.bits.len() == rows.len());
                let Some(found) = found.filter(|found| found.queries > 0) else {
                    let words = match cx.snapshot.tokens.ids.is_empty() {
                        true => cx.without_text(tr("Type a text to see where every head looks.")),
                        false => tr("Comparing all heads…").to_owned(),
                    };
                    ui.label(quiet(words));
                    return;
                };
                found.bits.iter().copied().map(Some).collect()
            }
        };
        // Heads stand layer by layer.
        let per_layer = rows.iter().filter(|row| row.span.layer == 0).count();
        let order: Vec<(usize, f64)> = nearest(&rows, of, &distances)
            .into_iter()
            .map(|(HeadId { layer, head }, distance)| (layer * per_layer + head, distance))
            .filter(|(i, _)| rows.get(*i).is_some_and(|row| filter.lets(row)))
            .collect();
        if order.is_empty() {
            ui.label(quiet(tr("No matches")));
            return;
        }
        table(ui, cx, (&rows, cache.roles()), &order);
    }
}

fn table(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    (rows, roles): (&[Row], &[Option<Role>]),
    order: &[(usize, f64)],
) {
    TableBuilder::new(ui)
        .striped(true)
        .sense(Sense::click())
        .auto_shrink(false)
        .column(Column::exact(52.0))
        .column(Column::exact(60.0))
        .column(Column::remainder().clip(true))
        .header(18.0, |mut header| {
            for title in [tr("Head"), tr("Distance"), tr("Role")] {
                header.col(|ui| {
                    ui.label(quiet(title).size(11.0));
                });
            }
        })
        .body(|body| {
            body.rows(18.0, order.len(), |mut line| {
                let (i, distance) = order[line.index()];
                let row = &rows[i];
                let id = row.id();
                line.set_selected(cx.selection.heads.contains(id));
                line.set_hovered(cx.hover.head == Some(id));
                let role = roles.get(i).copied().flatten();
                let words = role.map_or("–", role_name).to_owned();
                for words in [id.to_string(), format!("{distance:.3}"), words] {
                    line.col(|ui| {
                        let text = egui::RichText::new(words).size(12.0);
                        ui.add(egui::Label::new(text).selectable(false));
                    });
                }
                let response = line.response();
                if response.hovered() {
                    cx.hovering.head = Some(id);
                }
                if response.clicked() {
                    let modifiers = response.ctx.input(|input| input.modifiers);
                    let heads = rows.iter().filter(|row| row.span.layer == 0).count();
                    cx.selection.click_head(id, modifiers, heads);
                }
                response.context_menu(|ui| head_menu(ui, cx, row));
                response.on_hover_ui(|ui| head_tooltip(ui, row));
            });
        });
}
