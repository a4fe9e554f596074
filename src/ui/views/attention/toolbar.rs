//! The row of buttons above the map.

use super::{Aim, AttentionView};
use crate::analysis::{BandLayout, Pool};
use crate::chart::{ColorMap, Scale, thousands};
use crate::engine::Combine;
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::{name_combo, scale_name};
use crate::ui::widgets::names::{heads_name, weighted};
use crate::ui::widgets::weighting::weighting_box;
use eframe::egui::{self, Ui};

/// In a narrower view the colours are chosen in a menu.
const NARROW: f32 = 560.0;

/// One of two things beside the other: `name` says to screen readers what is chosen between.
fn either<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    choices: [(T, &str, &str); 2],
) {
    for (choice, words, hint) in choices {
        let on = *value == choice;
        let response = ui.selectable_label(on, words).on_hover_text(hint);
        response.widget_info(|| {
            let label = trf("{0}: {1}", &[&name, &words]);
            egui::WidgetInfo::selected(egui::Role::RadioButton, true, on, label)
        });
        if response.clicked() {
            *value = choice;
        }
    }
}

impl AttentionView {
    /// Draws the row.
    pub(super) fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let room = ui.available_width();
        let wide = room >= NARROW.max(self.row);
        let short = !wide && room < self.short_row;
        let shown = ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 5.0;
            self.heads(ui, cx, short);
            let mut layout = self.layout;
            either(
                ui,
                tr("Columns"),
                &mut layout,
                [
                    (
                        BandLayout::Key,
                        tr("Keys"),
                        tr("Query × key: each row is a query, each column a token of the text"),
                    ),
                    (
                        BandLayout::Distance,
                        tr("Distances"),
                        match cx.later() > 0 {
                            false => tr("Query × distance: each column is a distance back from the query"),
                            true => tr(
                                "Query × distance: earlier tokens stand at the right of 0, later ones at the left, at negative distances",
                            ),
                        },
                    ),
                ],
            );
            if layout != self.layout {
                self.layout = layout;
                self.turn();
            }
            ui.separator();
            if wide {
                weighting_box(ui, cx);
                self.spread(ui);
                self.pooled(ui);
                self.ranged(ui);
            } else {
                ui.menu_button(tr("Options"), |ui| {
                    ui.set_min_width(200.0);
                    weighting_box(ui, cx);
                    self.spread(ui);
                    ui.horizontal(|ui| self.pooled(ui));
                    ui.horizontal(|ui| self.ranged(ui));
                    if short {
                        ui.horizontal(|ui| combined(ui, cx));
                    }
                });
            }
            let whole = self.aim == Aim::Whole;
            if ui
                .selectable_label(whole, tr("Fit all"))
                .on_hover_text(tr("Show the whole text. Drag to move, turn the wheel to zoom; on a trackpad slide to move and pinch to zoom"))
                .clicked()
            {
                self.go(Aim::Whole);
            }
            let following = self.aim == Aim::Follow;
            if ui
                .selectable_label(following, tr("Follow selection"))
                .on_hover_text(tr(
                    "Keep the selected token in view, near enough to read (double-click)",
                ))
                .clicked()
            {
                self.go(Aim::Follow);
            }
            if let Some(first) = cx
                .detail()
                .map(|detail| detail.weights.first)
                // Where the text is too long for all heads, the status bar says so.
                .filter(|first| *first > cx.snapshot.at_hand.start)
            {
                ui.label(quiet(trf("weights from token {0} on", &[&thousands(first)])))
                    .on_hover_text(tr("The text is too long to keep all weights of these heads: select a token before to see those around it"));
            }
        });
        // One button alone on a second row is worse than a menu, and than a short name.
        let wraps = shown.response.rect.height() > 1.5 * ui.spacing().interact_size.y;
        let learned = match (wide, short) {
            (true, _) => &mut self.row,
            (false, false) => &mut self.short_row,
            (false, true) => return,
        };
        if wraps {
            *learned = room + 1.0;
            ui.ctx().request_discard("the row of buttons wraps");
        }
    }

    /// Which heads these are, in a `short` row by the name that lists have, and how several become one picture.
    fn heads(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, short: bool) {
        let heads = &cx.selection.heads;
        let name = match heads.single() {
            Some(head) if short => weighted(head.to_string(), heads.weighting()),
            None if short => {
                let count = trf("{0} heads", &[&heads.all().len()]);
                weighted(count, heads.weighting())
            }
            _ => heads_name(heads),
        };
        ui.label(strong(name)).on_hover_ui(|ui| {
            let names = heads.all().iter().take(24);
            let names: Vec<String> = names.map(HeadId::to_string).collect();
            let more = if heads.all().len() > names.len() {
                " …"
            } else {
                ""
            };
            ui.label(trf(
                "Layer and head: {0}",
                &[&format!("{}{more}", names.join(tr(", ")))],
            ));
            ui.label(quiet(tr(
                "Ctrl+click and Shift+click on heads to look at several",
            )));
        });
        let model = cx.snapshot.model.as_ref();
        let group = heads.single().and_then(|head| {
            let group = model?.network.architecture().key_group(head)?;
            Some((group, head))
        });
        if let Some((group, head)) = group
            && !short
        {
            let first = HeadId::new(head.layer, group.start);
            let last = HeadId::new(head.layer, group.end.saturating_sub(1));
            ui.label(quiet(trf("keys of {0}–{1}", &[&first, &last])))
                .on_hover_text(trf(
                    "Grouped heads: {0} heads of the layer share keys and values, each with queries of its own",
                    &[&group.len()],
                ));
        }
        if !short {
            combined(ui, cx);
        }
        ui.separator();
    }

    /// How weights become colours.
    fn spread(&mut self, ui: &mut Ui) {
        let combo = egui::ComboBox::from_id_salt("scale")
            .selected_text(scale_name(self.scale))
            .show_ui(ui, |ui| {
                for scale in Scale::ALL {
                    ui.selectable_value(&mut self.scale, scale, scale_name(scale));
                }
            })
            .response;
        name_combo(&combo, tr("Colour scale"));
        combo.on_hover_text(tr("How weights are spread over the colours"));
        let combo = egui::ComboBox::from_id_salt("map")
            .selected_text(self.map.name())
            .show_ui(ui, |ui| {
                for map in ColorMap::ALL {
                    ui.selectable_value(&mut self.map, map, map.name());
                }
            })
            .response;
        name_combo(&combo, tr("Colour map"));
        combo.on_hover_text(tr("The colours"));
    }

    /// What a cell of several weights shows.
    fn pooled(&mut self, ui: &mut Ui) {
        ui.label(quiet(tr("Aggregate")));
        either(
            ui,
            tr("A cell of several weights"),
            &mut self.pool,
            [
                (
                    Pool::Max,
                    tr("max"),
                    tr(
                        "A cell shows the largest of the weights it covers: a single bright one is never lost",
                    ),
                ),
                (
                    Pool::Mean,
                    tr("mean"),
                    tr("A cell shows the mean of the weights it covers: where much weight lies"),
                ),
            ],
        );
    }

    /// Which weight has the last colour.
    fn ranged(&mut self, ui: &mut Ui) {
        ui.label(quiet(tr("Range")));
        either(
            ui,
            tr("The last colour"),
            &mut self.in_view,
            [
                (
                    false,
                    tr("head"),
                    tr(
                        "The last colour is the largest weight on the whole text: colours stay as the map moves",
                    ),
                ),
                (
                    true,
                    tr("view"),
                    tr("The last colour is the largest weight in view: faint structure shows"),
                ),
            ],
        );
    }
}

/// How several heads become one picture, where there are several.
fn combined(ui: &mut Ui, cx: &mut ViewContext<'_>) {
    if cx.selection.heads.single().is_none() {
        let mut combine = cx.selection.combine();
        either(
            ui,
            tr("Several heads"),
            &mut combine,
            [
                (
                    Combine::Mean,
                    tr("mean"),
                    tr("The mean of the heads' weights"),
                ),
                (
                    Combine::Max,
                    tr("largest"),
                    tr("The largest of the heads' weights"),
                ),
            ],
        );
        if combine != cx.selection.combine() {
            cx.selection.set_combine(combine);
        }
    }
}
