//! A thumbnail for every head, all layers: where each looks, at a glance.

mod atlas;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::chart::{ColorMap, Scale, thousands};
use crate::engine::figures::{FigureChoice, FigureKind, GridStyle};
use crate::engine::{HeadStats, Queries, Snapshot, Weighting};
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::widgets::choices::{fitting, name_combo, scale_and_map_menu};
use crate::ui::widgets::head_cache::HeadCache;
use crate::ui::widgets::head_menu::{head_menu, head_tooltip};
use crate::ui::widgets::paint::{nothing, paint_text};
use crate::ui::widgets::statistic::{DisplayName, Filter, Row, Statistic};
use crate::ui::widgets::weighting::weighting_box;
use atlas::{Atlas, Look};
use eframe::egui::{self, Align2, Rect, Sense, Stroke, Ui, pos2, vec2};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Cells of a thumbnail, down and across.
const CELLS: (usize, usize) = (48, 48);

/// Height of what is written below a thumbnail.
const CAPTION: f32 = 14.0;

/// Space between thumbnails.
const GAP: f32 = 5.0;

/// The state of the view.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct GridView {
    /// The statistic that thumbnails are sorted by; by head they stand layer by layer.
    sort: Statistic,
    falling: bool,
    map: ColorMap,
    scale: Scale,
    /// The same colours for all heads; otherwise each has its own largest weight.
    common: bool,
    /// Side of a thumbnail in points; nothing fits a layer to the width.
    side: Option<f32>,
    filter: String,
    #[serde(skip)]
    atlas: Atlas,
    #[serde(skip)]
    cache: HeadCache,
    /// The head last scrolled to.
    #[serde(skip)]
    shown: Option<Shown>,
}

/// A head in view, and what its place depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    /// The number of its model.
    model: u64,
    head: HeadId,
    /// The heads, and those side by side.
    of: (usize, usize),
    /// The height of the view, in points.
    room: i32,
}

impl Default for GridView {
    fn default() -> Self {
        Self {
            sort: Statistic::Head,
            falling: false,
            map: ColorMap::Viridis,
            scale: Scale::Linear,
            common: false,
            side: None,
            filter: String::new(),
            atlas: Atlas::default(),
            cache: HeadCache::default(),
            shown: None,
        }
    }
}

impl View for GridView {
    const INFO: ViewInfo = ViewInfo {
        name: "grid",
        title: || tr("Grid"),
        figures: &[FigureKind::Grid],
        key: Some(7),
        home: Home::Left,
        needs: Needs::Weights,
    };

    fn choose(&self, _kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        choice.grid = GridStyle {
            sort: self.sort,
            falling: self.falling,
            common: self.common,
            map: self.map,
            scale: self.scale,
        };
    }

    fn ask(&self, _cx: &ViewContext<'_>, looks: &mut Queries) {
        looks.survey = true;
        looks.thumbnails = Some(CELLS);
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        self.cache.update(cx.snapshot);
        let rows = self.cache.rows();
        self.toolbar(ui, cx, &rows);
        let surveyed = cx.snapshot.surveyed.clone();
        let ready = surveyed.filter(|s| {
            let pictures = s.thumbnails.as_ref();
            pictures.is_some_and(|t| t.len() == rows.len()) && !s.queries.is_empty()
        });
        let Some(surveyed) = ready else {
            let words = if cx.snapshot.tokens.ids.is_empty() {
                cx.without_text(tr("Type a text to see where every head looks."))
            } else {
                tr("Measuring all heads…").to_owned()
            };
            return nothing(ui, &words);
        };
        let look = Look {
            map: self.map,
            scale: self.scale,
            common: self.common,
        };
        self.atlas.update(ui.ctx(), &surveyed, look);
        explanation(ui, &surveyed);
        let filter = Filter::with(&self.filter, cx.selection.heads.all());
        let mut order = self.sort.sort(&rows, self.falling);
        order.retain(|row| filter.lets(row));
        if order.is_empty() {
            return nothing(ui, tr("No matches"));
        }
        self.thumbnails(ui, cx, &rows, &order, &surveyed);
    }
}

impl GridView {
    fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, rows: &[Row]) {
        ui.horizontal_wrapped(|ui| {
            let combo = egui::ComboBox::from_id_salt("sort")
                .selected_text(trf("By {0}", &[&self.sort.name()]))
                .show_ui(ui, |ui| {
                    let model = cx.snapshot.model.as_ref();
                    let offered = |statistic: &Statistic| {
                        model.is_none_or(|model| {
                            statistic.is_of(model.network.architecture(), rows)
                        })
                    };
                    let all = std::iter::once(Statistic::Head);
                    let all = all.chain(Statistic::COLOURED.into_iter().filter(offered));
                    for statistic in all {
                        let before = self.sort;
                        ui.selectable_value(&mut self.sort, statistic, statistic.name())
                            .on_hover_text(statistic.explained());
                        if self.sort != before {
                            self.falling = self.sort != Statistic::Head;
                        }
                    }
                });
            name_combo(&combo.response, tr("Sort heads by"));
            let sign = if self.falling { "↓" } else { "↑" };
            let button = ui.button(sign);
            button.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Turn the order round"))
            });
            if button.on_hover_text(tr("Turn the order round")).clicked() {
                self.falling = !self.falling;
            }
            ui.separator();
            let common = &mut self.common;
            scale_and_map_menu(ui, &mut self.scale, &mut self.map, |ui| {
                ui.separator();
                weighting_box(ui, cx);
                ui.checkbox(common, tr("Shared colour scale"))
                    .on_hover_text(tr(
                        "The same colours for all heads; otherwise each head's largest weight has the last colour",
                    ));
            });
            ui.separator();
            let smaller = ui.button("−").on_hover_text(tr("Smaller thumbnails"));
            smaller.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Smaller thumbnails"))
            });
            let larger = ui.button("+").on_hover_text(tr("Larger thumbnails"));
            larger.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Larger thumbnails"))
            });
            let now = self.side.unwrap_or(72.0);
            if smaller.clicked() {
                self.side = Some((now / 1.25).max(24.0));
            }
            if larger.clicked() {
                self.side = Some((now * 1.25).min(300.0));
            }
            if ui
                .selectable_label(self.side.is_none(), tr("Fit"))
                .on_hover_text(tr("A layer to a line, as large as fits"))
                .clicked()
            {
                self.side = None;
            }
            let edit = egui::TextEdit::singleline(&mut self.filter)
                .hint_text(tr("Find heads"))
                .desired_width((ui.available_size_before_wrap().x - 10.0).clamp(60.0, 160.0));
            let response = ui.add(edit);
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Find heads"))
            });
            response.on_hover_text(tr("Find: L3H1 or reach>100"));
        });
    }

    fn thumbnails(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        rows: &[Row],
        order: &[&Row],
        surveyed: &Arc<HeadStats>,
    ) {
        let heads = rows.iter().filter(|row| row.span.layer == 0).count().max(1);
        let by_layer = self.sort == Statistic::Head && order.len() == rows.len();
        let left = if by_layer { 26.0 } else { 0.0 };
        let width = ui.available_width() - left - 12.0;
        let fit = if by_layer {
            (width / heads as f32 - GAP).clamp(24.0, 220.0)
        } else {
            72.0
        };
        let side = self.side.unwrap_or(fit);
        let per_line = if by_layer {
            heads
        } else {
            (((width + GAP) / (side + GAP)) as usize).max(1)
        };
        let caption = if side >= 34.0 { CAPTION } else { 0.0 };
        let step = vec2(side + GAP, side + caption + GAP);
        let lines = order.len().div_ceil(per_line);
        let mut area = egui::ScrollArea::both().auto_shrink(false);
        let leading = cx.selection.heads.leading();
        let shown = Some(Shown {
            model: cx.snapshot.model_number,
            head: leading,
            of: (order.len(), per_line),
            room: ui.available_height().round() as i32,
        });
        if self.shown != shown {
            // Selected in another view, with another model, or shown in another room: bring it into this one.
            let place = order.iter().position(|row| row.id() == leading);
            if let Some(place) = place {
                let y = (place / per_line) as f32 * step.y;
                let middle = 0.5 * (ui.available_height() - step.y);
                area = area.vertical_scroll_offset((y - middle).max(0.0));
            }
            self.shown = shown;
        }
        area.show_viewport(ui, |ui, view| {
            let size = vec2(left + per_line as f32 * step.x, lines as f32 * step.y);
            let (whole, _) = ui.allocate_exact_size(size, Sense::hover());
            let first = (view.min.y / step.y).max(0.0) as usize;
            let last = (view.max.y / step.y).ceil().max(0.0) as usize;
            for line in first..last.min(lines) {
                let top = whole.min.y + line as f32 * step.y;
                if by_layer {
                    let layer = order[line * per_line].span.layer;
                    let at = pos2(whole.min.x + left - 6.0, top + side / 2.0);
                    let ink = ui.visuals().weak_text_color();
                    paint_text(ui, at, Align2::RIGHT_CENTER, &layer.to_string(), 12.0, ink);
                }
                let from = line * per_line;
                for (column, row) in order.iter().skip(from).take(per_line).enumerate() {
                    let min = pos2(whole.min.x + left + column as f32 * step.x, top);
                    let rect = Rect::from_min_size(min, vec2(side, side));
                    self.thumbnail(ui, cx, row, rect, caption > 0.0, (heads, surveyed));
                }
            }
        });
    }

    fn thumbnail(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        row: &Row,
        rect: Rect,
        caption: bool,
        (heads, surveyed): (usize, &Arc<HeadStats>),
    ) {
        let place = row.id();
        let index = place.layer * heads + place.head;
        let number = match self.sort {
            Statistic::Head => Statistic::Reach,
            other => other,
        };
        let words = number.words(row);
        let name = place.to_string();
        let response = ui.interact(
            rect,
            ui.scope_id().with(("thumbnail", place)),
            Sense::click(),
        );
        response.widget_info(|| {
            let label = trf(
                "Thumbnail of head {0}: {1} {2}",
                &[&name, &number.name(), &words],
            );
            let selected = cx.selection.heads.contains(place);
            egui::WidgetInfo::selected(egui::Role::Button, true, selected, label)
        });
        ui.painter()
            .rect_filled(rect, 2.0, ui.visuals().extreme_bg_color);
        self.atlas.paint(ui, index, rect);
        if row.ablated {
            let line = Stroke::new(1.5, cx.palette.unknown);
            ui.painter()
                .line_segment([rect.left_top(), rect.right_bottom()], line);
        }
        if caption {
            let at = rect.center_bottom() + vec2(0.0, 1.0);
            let ink = ui.visuals().weak_text_color();
            let text = if rect.width() >= 54.0 {
                format!("{name} · {words}")
            } else {
                name
            };
            paint_text(ui, at, Align2::CENTER_TOP, &text, 10.5, ink);
        }
        if response.hovered() {
            cx.hovering.head = Some(place);
        }
        let stroke = if cx.selection.heads.leading() == place {
            Stroke::new(2.0, cx.palette.accent)
        } else if cx.selection.heads.contains(place) {
            Stroke::new(1.5, cx.palette.accent.gamma_multiply(0.7))
        } else if cx.hover.head == Some(place) {
            Stroke::new(1.0, ui.visuals().strong_text_color())
        } else {
            ui.visuals().widgets.noninteractive.bg_stroke
        };
        ui.painter()
            .rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Outside);
        if response.clicked() {
            cx.click_head(ui, place);
            let head = cx.selection.heads.leading();
            self.shown = self.shown.map(|shown| Shown { head, ..shown });
        }
        response.context_menu(|ui| head_menu(ui, cx, row));
        response.on_hover_ui(|ui| {
            head_tooltip(ui, row);
            self.enlarged(ui, index, surveyed);
        });
    }

    /// A thumbnail with its axes.
    fn enlarged(&self, ui: &mut Ui, index: usize, surveyed: &HeadStats) {
        let side = 192.0;
        let (area, _) = ui.allocate_exact_size(vec2(side + 8.0, side + 34.0), Sense::hover());
        let rect = Rect::from_min_size(area.min + vec2(4.0, 4.0), vec2(side, side));
        ui.painter()
            .rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
        self.atlas.paint(ui, index, rect);
        let ink = ui.visuals().weak_text_color();
        let edges = &surveyed.bin_edges;
        let bins = edges.len().saturating_sub(1).max(1);
        for tokens in [1, 10, 100, 1000, 10_000] {
            let bin = edges.partition_point(|edge| *edge <= tokens);
            if bin == 0 || bin > bins {
                continue;
            }
            let x = rect.left() + (bin as f32 - 0.5) / bins as f32 * side;
            ui.painter().vline(
                x,
                rect.bottom()..=rect.bottom() + 3.0,
                Stroke::new(1.0, ink),
            );
            let at = pos2(x, rect.bottom() + 4.0);
            let text = thousands(tokens);
            paint_text(ui, at, Align2::CENTER_TOP, &text, 10.0, ink);
        }
        let at = pos2(rect.center().x, rect.bottom() + 17.0);
        let words = tr("distance (tokens) →, query ↓");
        paint_text(ui, at, Align2::CENTER_TOP, words, 10.5, ink);
    }
}

/// The content of a thumbnail, and how far the survey has come: one line, so that nothing below it moves.
fn explanation(ui: &mut Ui, surveyed: &HeadStats) {
    let edges = &surveyed.bin_edges;
    let nearest = edges.first().copied().unwrap_or(1);
    let farthest = edges.last().map_or(0, |edge| edge.saturating_sub(1));
    let farthest = farthest
        .min(surveyed.wanted.end.saturating_sub(1))
        .max(nearest);
    ui.horizontal(|ui| {
        ui.label(strong(tr("Query ↓ × distance →")).size(12.0));
        let words = trf(
            "queries {0} to {1}, distances {2} to {3} on a logarithmic axis, the same for all heads; each cell: its largest weight",
            &[
                &thousands(surveyed.queries.start),
                &thousands(surveyed.queries.end.saturating_sub(1)),
                &thousands(nearest),
                &thousands(farthest),
            ],
        );
        let (done, all) = (surveyed.queries.len(), surveyed.wanted.len());
        let words = match done < all {
            true => trf("{0} % measured · {1}", &[&(100 * done / all.max(1)), &words]),
            false => words,
        };
        let short = trf(
            "queries {0} to {1}, distances {2} to {3} (log)",
            &[
                &thousands(surveyed.queries.start),
                &thousands(surveyed.queries.end.saturating_sub(1)),
                &thousands(nearest),
                &thousands(farthest),
            ],
        );
        let short = match done < all {
            true => trf("{0} % measured", &[&(100 * done / all.max(1))]),
            false => short,
        };
        if surveyed.weighting == Weighting::Norm {
            ui.label(tr("norm-weighted"));
        }
        let shown = quiet(fitting(ui, vec![words.clone(), short]));
        let label = ui.add(egui::Label::new(shown).truncate());
        label.on_hover_text(words);
    });
}
