//! The use of all vectors of one head: bars and a heatmap in the same columns, and what the pointer does there.

use super::columns::Columns;
use super::keys::keys;
use super::sheet::{Aim, SelectedHeadsTask, Sheet};
use super::{heat, usage};
use crate::chart::{ColorMap, Scale, thousands};
use crate::engine::figures::{FigureChoice, Quantity};
use crate::engine::{HeatmapKind, SelectedHeads};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::{fitting, scale_and_map_menu};
use crate::ui::widgets::names::{heads_name, percent};
use crate::ui::widgets::paint::paint_upwards;
use crate::ui::widgets::picture::{PictureTexture, color_bar};
use eframe::egui::{self, Rect, Sense, Ui, pos2};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The display of the vectors.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Vectors {
    /// Vectors by falling use; otherwise by index.
    sorted: bool,
    /// Mean weights on a logarithmic axis.
    log: bool,
    /// The scale that spreads weights over the colours.
    scale: Scale,
    /// The colours.
    map: ColorMap,
    #[serde(skip)]
    looking: SelectedHeadsTask,
    /// The vectors of the selected head, where their use is known.
    #[serde(skip)]
    pub columns: Option<Columns>,
    /// The vector and the token last brought into view.
    #[serde(skip)]
    shown: (Option<usize>, Option<usize>),
    #[serde(skip)]
    picture: PictureTexture,
}

impl Default for Vectors {
    fn default() -> Self {
        Self {
            sorted: true,
            log: false,
            // Weights on single vectors differ by decades.
            scale: Scale::Log,
            map: ColorMap::Viridis,
            looking: SelectedHeadsTask::default(),
            columns: None,
            shown: (None, None),
            picture: PictureTexture::default(),
        }
    }
}

impl Vectors {
    /// Sets what the figures of the vectors show.
    pub fn choose(&self, choice: &mut FigureChoice) {
        choice.usage_log = self.log;
        choice.by_use = self.sorted;
        choice.vector_colors = (self.scale, self.map);
    }

    /// Takes what was measured on the selected head, if it is known.
    pub fn take(&mut self, detail: Option<&Arc<SelectedHeads>>) {
        let known = |detail: &Arc<SelectedHeads>| {
            let columns = self.columns.as_ref();
            columns.is_some_and(|columns| columns.fit(detail, self.sorted))
        };
        if !detail.is_some_and(known) {
            self.columns = detail.and_then(|detail| Columns::of(detail, self.sorted));
        }
    }

    /// The use of all vectors of the head.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        detail: Option<&Arc<SelectedHeads>>,
    ) {
        let (Some(columns), Some(detail)) = (self.columns.take(), detail) else {
            return;
        };
        summary(ui, cx, &columns);
        self.controls(ui, cx, detail.weights.first);
        self.canvas(ui, cx, &columns, detail);
        self.columns = Some(columns);
    }

    fn controls(&mut self, ui: &mut Ui, cx: &ViewContext<'_>, first: usize) {
        ui.horizontal_wrapped(|ui| {
            if ui
                .checkbox(&mut self.sorted, tr("Sorted"))
                .on_hover_text(tr("Vectors by falling use; otherwise by their index"))
                .changed()
            {
                self.looking.all_columns();
            }
            ui.checkbox(&mut self.log, tr("Log"))
                .on_hover_text(tr("Mean weights on a logarithmic axis of four decades"));
            ui.separator();
            scale_and_map_menu(ui, &mut self.scale, &mut self.map, |_| {});
            ui.separator();
            let whole = ui.selectable_label(self.looking.aim == Aim::Whole, tr("Fit all"));
            let words = tr(
                "Show all tokens and vectors. Drag to move, turn the wheel to zoom: over the bars vectors only, beside the heatmap tokens only",
            );
            if whole.on_hover_text(words).clicked() {
                self.looking.aim = Aim::Whole;
                self.looking.all_columns();
            }
            let follow = ui.selectable_label(self.looking.aim == Aim::Follow, tr("Follow selection"));
            let words = tr("Keep the selected token in view, near enough to read (double-click)");
            if follow.on_hover_text(words).clicked() {
                self.looking.aim = Aim::Follow;
            }
            // Where the text is too long for all heads, the status bar says so.
            if first > cx.snapshot.at_hand.start {
                ui.label(quiet(trf("weights from token {0} on", &[&thousands(first)])))
                    .on_hover_text(tr(
                        "The text is too long to keep all weights of this head: select a token before to see those around it",
                    ));
            }
        });
    }

    /// Bars and heatmap in the same columns.
    fn canvas(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        columns: &Columns,
        detail: &Arc<SelectedHeads>,
    ) {
        let area = ui.available_rect_before_wrap();
        if area.width() < 90.0 || area.height() < 40.0 {
            return;
        }
        ui.advance_cursor_after_rect(area);
        let side = if area.width() >= 320.0 { 44.0 } else { 0.0 };
        let left = area.left() + 66.0;
        let right = area.right() - side - 8.0;
        let below = 31.0;
        // Without room for rows there are bars alone.
        let both = area.height() >= 130.0;
        let high = if both {
            (0.3 * area.height()).clamp(44.0, 170.0)
        } else {
            area.height() - below - 4.0
        };
        let top = area.top() + 4.0;
        let bars = Rect::from_min_max(pos2(left, top), pos2(right, top + high.max(10.0)));
        let frame = if both {
            Rect::from_min_max(
                pos2(left, bars.bottom() + 5.0),
                pos2(right, area.bottom() - below),
            )
        } else {
            bars
        };
        let rows = detail.weights.first..detail.end();
        let readable = f64::from(frame.height() / heat::READABLE);
        let query = cx.query().unwrap_or(0);
        let vector = cx.selection.vector;
        let token = cx.selection.tokens.last();
        let column = vector.and_then(|vector| columns.column(vector));
        if let Some(column) = column.filter(|_| self.shown.0 != vector) {
            self.looking.reveal(column);
        }
        if let Some(token) = token.filter(|_| self.shown.1 != token) {
            self.looking.reveal_row(token);
        }
        self.shown = (vector, token);
        let sheet = self
            .looking
            .sheet(frame, columns.len(), &rows, query, readable);
        let over = sheet.in_frame(bars);
        usage::bars(ui, cx, columns, &over, self.log);
        heat::column_labels(ui, columns, &sheet);
        let name = heat::name_below(ui, columns, &sheet, area);
        paint_upwards(
            ui,
            area.left(),
            bars,
            &[tr(Quantity::mean_weight(cx.selection.weighting()).axis())],
        );
        self.on_bars(ui, cx, columns, &over);
        if both {
            self.picture.take(
                ui.ctx(),
                cx.snapshot.pictures.get(&HeatmapKind::Vectors),
                "vectors",
            );
            heat::paint(ui, &sheet, heat::fitting(&self.picture, cx, columns));
            let gutter =
                Rect::from_min_max(pos2(area.left() + 16.0, frame.top()), frame.left_bottom());
            paint_upwards(
                ui,
                area.left(),
                frame,
                &[tr(Quantity::Query.axis()), tr(Quantity::Query.short())],
            );
            heat::row_labels(ui, cx, &sheet, rows.end, gutter);
            if side > 0.0 {
                let column = Rect::from_min_max(
                    pos2(right + 6.0, frame.top()),
                    pos2(area.right() - 4.0, frame.bottom()),
                );
                heat::row_shares(ui, cx, detail, &sheet, column);
                self.on_rows(ui, cx, detail, &sheet, (column, "row shares"));
            }
            self.on_rows(ui, cx, detail, &sheet, (gutter, "rows"));
            self.on_heat(ui, cx, columns, detail, &sheet);
            let colors = (self.scale, self.map);
            if let Some((picture, _)) = self.picture.get() {
                let place = Rect::from_min_max(
                    pos2(area.left(), area.bottom() - 15.0),
                    pos2(name.left() - 6.0, area.bottom()),
                );
                color_bar(ui, place, (self.scale, self.map), picture.largest);
            }
            heat::request(ui, cx, columns, &sheet, rows.end, colors);
        }
        heat::marks(ui, cx, columns, &sheet, bars);
    }

    fn on_bars(&mut self, ui: &Ui, cx: &mut ViewContext<'_>, columns: &Columns, sheet: &Sheet) {
        let id = ui.scope_id().with("bars");
        let response = ui.interact(sheet.rect, id, Sense::click_and_drag());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Canvas,
                true,
                tr("Use of the persistent vectors: click a bar to select its vector"),
            )
        });
        self.looking.follow(ui, &response, sheet, true, false);
        keys(ui, cx, columns, &response, None);
        if response.double_clicked() {
            self.looking.all_columns();
        }
        let at = response.hover_pos().map(|at| sheet.column_at(at.x));
        let column = at.filter(|at| *at >= 0.0).map(|at| at as usize);
        let Some(vector) = column.and_then(|column| columns.vector(column)) else {
            return;
        };
        cx.hovering.vector = Some(vector);
        if response.clicked() {
            let again = cx.selection.vector == Some(vector);
            cx.selection.vector = (!again).then_some(vector);
        }
        response.on_hover_ui_at_pointer(|ui| {
            usage::readout(ui, columns, vector);
            ui.label(quiet(tr("click to select")));
        });
    }

    fn on_heat(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        columns: &Columns,
        detail: &SelectedHeads,
        sheet: &Sheet,
    ) {
        let id = ui.scope_id().with("heat");
        let response = ui.interact(sheet.rect, id, Sense::click_and_drag());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Canvas,
                true,
                tr("Heatmap of queries by persistent vectors: click a cell to select both"),
            )
        });
        self.looking.follow(ui, &response, sheet, true, true);
        let rows = detail.weights.first..detail.end();
        keys(ui, cx, columns, &response, Some(rows));
        if response.double_clicked() {
            self.looking.aim = Aim::Follow;
            self.looking.all_columns();
        }
        let Some(at) = response.hover_pos() else {
            return;
        };
        let (column, row) = (sheet.column_at(at.x), sheet.row_at(at.y));
        if column < 0.0 || row < 0.0 || row >= detail.end() as f64 {
            return;
        }
        let Some(vector) = columns.vector(column as usize) else {
            return;
        };
        let query = row as usize;
        cx.hovering.token = Some(query);
        cx.hovering.vector = Some(vector);
        if response.clicked() && !response.double_clicked() {
            cx.click_token(ui, query);
            cx.selection.vector = Some(vector);
            if self.looking.aim == Aim::Follow {
                // What was clicked stays under the pointer.
                self.looking.aim = Aim::Free;
            }
        }
        response.on_hover_ui_at_pointer(|ui| heat::readout(ui, cx, detail, columns, query, vector));
    }

    /// Beside the heatmap: each query's label, and its share on all vectors.
    fn on_rows(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        detail: &SelectedHeads,
        sheet: &Sheet,
        (rect, name): (Rect, &str),
    ) {
        let id = ui.scope_id().with(name);
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| {
            let words = tr("Each query's share on persistent vectors: click to select the query");
            egui::WidgetInfo::labeled(egui::Role::Canvas, true, words)
        });
        self.looking.follow(ui, &response, sheet, false, true);
        let row = response.hover_pos().map(|at| sheet.row_at(at.y));
        let query = row.filter(|row| *row >= 0.0).map(|row| row as usize);
        let Some(query) = query.filter(|query| *query < detail.end()) else {
            return;
        };
        cx.hovering.token = Some(query);
        if response.clicked() {
            cx.click_token(ui, query);
        }
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(strong(trf(
                "query {0}  {1}",
                &[&query, &cx.snapshot.label(query)],
            )));
            if let Some(share) = detail.persistent(query) {
                ui.label(trf("all persistent vectors: {0}", &[&percent(share)]));
            }
        });
    }
}

/// The head, and its use of vectors in numbers.
fn summary(ui: &mut Ui, cx: &ViewContext<'_>, columns: &Columns) {
    let usage = &columns.usage;
    ui.horizontal(|ui| {
        ui.label(strong(trf(
            "{0}: {1} vectors",
            &[
                &heads_name(&cx.selection.heads),
                &thousands(columns.len()),
            ],
        )));
        let effective = thousands(usage.effective.round());
        let never = thousands(usage.never);
        let share = percent(usage.mean.iter().sum());
        // How many hold half and nine tenths stands in the plot as well.
        let words = fitting(
            ui,
            vec![
                trf(
                    "{0} effective · {1} never used · {2} hold 50 %, {3} hold 90 % · {4} of its weight",
                    &[
                        &effective,
                        &never,
                        &thousands(columns.holding(0.5)),
                        &thousands(columns.holding(0.9)),
                        &share,
                    ],
                ),
                trf(
                    "{0} effective · {1} never used · {2} of its weight",
                    &[&effective, &never, &share],
                ),
                trf("{0} effective · {1} of its weight", &[&effective, &share]),
            ],
        );
        let words = egui::Label::new(quiet(words)).truncate();
        ui.add(words).on_hover_text(tr(
            "Effective: exp(entropy) of the weight among the vectors. Never used: less than 1 % of an even share. Then how \
             many vectors, the most used first, hold half and nine tenths of the weight on vectors, and the share of the \
             head's weight that all of them get: means over the tokens whose weights are available.",
        ));
    });
}
