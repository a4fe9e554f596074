//! Every head: a matrix of layers by heads, coloured by a number, and a list that can be sorted and filtered.

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::analysis::SpanFlag;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::engine::{Queries, Snapshot};
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{ink_on, quiet};
use crate::ui::widgets::choices::name_combo;
use crate::ui::widgets::head_menu::{head_menu, head_tooltip};
use crate::ui::widgets::names::head_name;
use crate::ui::widgets::paint::paint_text;
use crate::ui::widgets::statistic::{self, DisplayName, Filter, Row, Statistic};
use eframe::egui::{self, Rect, Sense, Stroke, Ui, pos2, vec2};
use egui_extras::{Column, TableBuilder};
use serde::{Deserialize, Serialize};

/// The state of the view.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadsView {
    statistic: Statistic,
    sort: Statistic,
    falling: bool,
    /// The columns of the list beside the head.
    columns: Vec<Statistic>,
    filter: String,
    /// The head that the list last showed, so that a new selection scrolls to it.
    #[serde(skip)]
    shown: Option<(u64, HeadId)>,
}

impl Default for HeadsView {
    fn default() -> Self {
        Self {
            statistic: Statistic::Reach,
            sort: Statistic::Reach,
            falling: true,
            columns: vec![
                Statistic::Reach,
                Statistic::Most,
                Statistic::Entropy,
                Statistic::Persistent,
                Statistic::Empty,
            ],
            filter: String::new(),
            shown: None,
        }
    }
}

impl View for HeadsView {
    const INFO: ViewInfo = ViewInfo {
        name: "heads",
        title: || tr("Heads"),
        figures: &[FigureKind::Heads],
        key: Some(1),
        home: Home::Side,
        needs: Needs::Weights,
    };

    fn choose(&self, _kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        choice.statistic = self.statistic;
    }

    fn ask(&self, _cx: &ViewContext<'_>, looks: &mut Queries) {
        looks.survey = true;
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        let architecture = model.network.architecture();
        let rows = statistic::rows(cx.snapshot);
        let has_persistent = architecture.persistent() > 0;
        if !has_persistent && self.statistic == Statistic::Persistent {
            self.statistic = Statistic::Reach;
        }
        self.toolbar(ui, has_persistent);
        let filter = Filter::new(&self.filter);
        self.matrix(ui, cx, &rows, &filter, architecture.nb_heads());
        ui.add_space(4.0);
        self.list(ui, cx, &rows, &filter, has_persistent);
    }
}

impl HeadsView {
    fn toolbar(&mut self, ui: &mut Ui, has_persistent: bool) {
        let offered = |statistic: &Statistic| *statistic != Statistic::Persistent || has_persistent;
        ui.horizontal(|ui| {
            ui.label(tr("Colour"));
            let combo = egui::ComboBox::from_id_salt("statistic")
                .selected_text(self.statistic.name())
                .width((ui.available_width() - 96.0).clamp(60.0, 150.0))
                .truncate()
                .show_ui(ui, |ui| {
                    for statistic in Statistic::COLOURED.into_iter().filter(offered) {
                        ui.selectable_value(&mut self.statistic, statistic, statistic.name())
                            .on_hover_text(statistic.explained());
                    }
                });
            name_combo(&combo.response, tr("Colour heads by"));
            ui.menu_button(tr("Columns"), |ui| {
                for statistic in Statistic::COLOURED.into_iter().filter(offered) {
                    let mut on = self.columns.contains(&statistic);
                    if ui
                        .checkbox(&mut on, statistic.name())
                        .on_hover_text(statistic.explained())
                        .changed()
                    {
                        self.columns.retain(|other| *other != statistic);
                        if on {
                            self.columns.push(statistic);
                            self.columns.sort_unstable();
                        }
                    }
                }
            })
            .response
            .on_hover_text(tr("Which numbers the list has"));
        });
        let edit = egui::TextEdit::singleline(&mut self.filter)
            .hint_text(tr("Find: L3H1 or reach>100"))
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Find heads"))
        });
        response.on_hover_ui(|ui| {
            ui.set_max_width(320.0);
            ui.label(tr(
                "A layer (3), a head (3.2), flagged, or comparisons that must all hold: reach>100 empty<20%",
            ));
            let keys: Vec<&str> = Statistic::COLOURED.map(Statistic::key).to_vec();
            ui.label(quiet(keys.join(" · ")));
        });
    }

    fn matrix(
        &self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        rows: &[Row],
        filter: &Filter,
        heads: usize,
    ) {
        let layers = rows.len() / heads.max(1);
        let left = 24.0;
        let room = ui.available_width() - left - 2.0;
        // Up to 36 layers of 8 heads must leave room for the list.
        let height = (ui.available_height() * 0.45).max(80.0);
        let cell = vec2(
            (room / heads as f32).clamp(6.0, 110.0),
            (height / layers as f32).clamp(5.0, 34.0),
        );
        let size = vec2(left + cell.x * heads as f32, 14.0 + cell.y * layers as f32);
        let (area, _) = ui.allocate_exact_size(size, Sense::hover());
        let corner = area.min + vec2(left, 14.0);
        let ink = ui.visuals().weak_text_color();
        let range = self.statistic.range(rows);
        all_heads(ui, cx, Rect::from_min_max(area.min, corner), layers, heads);
        for head in (0..heads).filter(|_| cell.x >= 12.0) {
            let at = corner + vec2((head as f32 + 0.5) * cell.x, -2.0);
            paint_text(
                ui,
                at,
                egui::Align2::CENTER_BOTTOM,
                &head.to_string(),
                10.5,
                ink,
            );
        }
        let every = (13.0 / cell.y).ceil().max(1.0) as usize;
        for layer in 0..layers {
            let min = pos2(area.left(), corner.y + layer as f32 * cell.y);
            let rect = Rect::from_min_size(min, vec2(left, cell.y));
            // Numbers stand apart where rows are thin; every layer can be clicked.
            whole_layer(ui, cx, rect, (layer, heads), layer.is_multiple_of(every));
        }
        for row in rows {
            let HeadId { layer, head } = row.id();
            let min = corner + vec2(head as f32 * cell.x, layer as f32 * cell.y);
            let rect = Rect::from_min_size(min, cell).shrink(0.5);
            self.cell(ui, cx, row, rect, range, filter.lets(row));
        }
    }

    fn cell(
        &self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        row: &Row,
        rect: Rect,
        range: (f64, f64),
        wanted: bool,
    ) {
        let words = self.statistic.words(row);
        let value = self.statistic.of(row);
        let fill = match value {
            Some(value) => self.statistic.color(value, range, ui.visuals().dark_mode),
            None => ui.visuals().faint_bg_color,
        };
        let fill = if wanted {
            fill
        } else {
            fill.gamma_multiply(0.18)
        };
        let place = row.id();
        let name = head_name(place);
        let response = ui.interact(rect, ui.scope_id().with(("head", place)), Sense::click());
        response.widget_info(|| {
            let words = format!("{name}: {} {words}", self.statistic.name());
            egui::WidgetInfo::selected(
                egui::Role::Button,
                true,
                cx.selection.heads.contains(place),
                words,
            )
        });
        let painter = ui.painter();
        painter.rect_filled(rect, 2.0, fill);
        if wanted && rect.width() >= 34.0 && rect.height() >= 15.0 {
            let ink = if value.is_some() {
                ink_on(fill)
            } else {
                ui.visuals().weak_text_color()
            };
            let center = egui::Align2::CENTER_CENTER;
            paint_text(ui, rect.center(), center, &words, 11.0, ink);
        }
        if row.ablated {
            let line = Stroke::new(1.5, cx.palette.unknown);
            painter.line_segment([rect.left_top(), rect.right_bottom()], line);
        }
        if response.hovered() {
            cx.hovering.head = Some(place);
        }
        let stroke = if cx.selection.heads.leading() == place {
            Some(Stroke::new(2.0, ui.visuals().strong_text_color()))
        } else if cx.selection.heads.contains(place) {
            Some(Stroke::new(1.5, cx.palette.accent))
        } else if cx.hover.head == Some(place) {
            Some(Stroke::new(1.0, ui.visuals().strong_text_color()))
        } else {
            None
        };
        if let Some(stroke) = stroke {
            painter.rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Inside);
        }
        if response.clicked() {
            cx.click_head(ui, place);
        }
        response.context_menu(|ui| head_menu(ui, cx, row));
        response.on_hover_ui(|ui| head_tooltip(ui, row));
    }

    fn list(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        rows: &[Row],
        filter: &Filter,
        has_persistent: bool,
    ) {
        let mut order = self.sort.sort(rows, self.falling);
        order.retain(|row| filter.lets(row));
        if order.is_empty() {
            ui.label(quiet(tr("No matches")));
            return;
        }
        let chosen = self.columns.iter().copied();
        let chosen = chosen.filter(|column| *column != Statistic::Persistent || has_persistent);
        let columns: Vec<Statistic> = std::iter::once(Statistic::Head).chain(chosen).collect();
        let modifiers = ui.input(|input| input.modifiers);
        let heads = rows.iter().filter(|row| row.span.layer == 0).count();
        let width = ui.available_width();
        ui.spacing_mut().item_spacing.x = 4.0;
        egui::ScrollArea::horizontal()
            .auto_shrink(false)
            .show(ui, |ui| {
                // Every column has room for its header, and a share of what is left; more can be scrolled to.
                let headers = columns.iter().skip(1);
                let headers: Vec<f32> = headers
                    .map(|column| {
                        let sign = if *column == self.sort { "↓" } else { "" };
                        let name = format!("{}{sign}", column.short());
                        text_width(ui, &name, 11.0).max(30.0)
                    })
                    .collect();
                // The longest name, and a flag.
                let names = rows.iter().map(|row| row.id().to_string());
                let longest = names.max_by_key(String::len).unwrap_or_default();
                let first = text_width(ui, &longest, 12.0) + 18.0;
                let taken: f32 = headers.iter().map(|header| header + 4.0).sum();
                let more = (width - first - 4.0 - taken) / headers.len().max(1) as f32;
                let mut table = TableBuilder::new(ui)
                    .striped(true)
                    .sense(Sense::click())
                    .auto_shrink(false)
                    .column(Column::exact(first));
                for header in headers {
                    table = table.column(Column::exact(header + more.max(0.0)).clip(true));
                }
                let leading = cx.selection.heads.leading();
                let shown = Some((cx.snapshot.model_number, leading));
                if self.shown != shown {
                    let row = order.iter().position(|row| row.id() == leading);
                    if let Some(row) = row {
                        table = table.scroll_to_row(row, None);
                    }
                    self.shown = shown;
                }
                table
                    .header(18.0, |mut header| {
                        for &column in &columns {
                            header.col(|ui| self.column_header(ui, column));
                        }
                    })
                    .body(|body| {
                        body.rows(18.0, order.len(), |mut line| {
                            let row = order[line.index()];
                            let place = row.id();
                            line.set_selected(cx.selection.heads.contains(place));
                            line.set_hovered(cx.hover.head == Some(place));
                            for &column in &columns {
                                line.col(|ui| list_cell(ui, cx, row, column));
                            }
                            let response = line.response();
                            if response.hovered() {
                                cx.hovering.head = Some(place);
                            }
                            if response.clicked() {
                                cx.selection.click_head(place, modifiers, heads);
                                // The row is in view already.
                                let leading = cx.selection.heads.leading();
                                self.shown = Some((cx.snapshot.model_number, leading));
                            }
                            response.context_menu(|ui| head_menu(ui, cx, row));
                        });
                    });
            });
    }

    fn column_header(&mut self, ui: &mut Ui, column: Statistic) {
        ui.spacing_mut().button_padding = egui::Vec2::ZERO;
        let sign = match (self.sort == column, self.falling) {
            (false, _) => "",
            (true, true) => "↓",
            (true, false) => "↑",
        };
        let name = quiet(format!("{}{sign}", column.short())).size(11.0);
        let layout = if column == Statistic::Head {
            egui::Layout::left_to_right(egui::Align::Center)
        } else {
            egui::Layout::right_to_left(egui::Align::Center)
        };
        let clicked = ui.with_layout(layout, |ui| {
            ui.add(egui::Button::new(name).frame(false))
                .on_hover_text(trf("{0}; click to sort", &[&column.explained()]))
                .clicked()
        });
        if clicked.inner {
            // The first click on a number shows the largest first, on the head the first one.
            self.falling = if self.sort == column {
                !self.falling
            } else {
                column != Statistic::Head
            };
            self.sort = column;
        }
    }
}

/// The corner of the matrix: selects every head.
fn all_heads(ui: &mut Ui, cx: &mut ViewContext<'_>, rect: Rect, layers: usize, heads: usize) {
    let response = ui.interact(rect, ui.scope_id().with("all"), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Select all heads"))
    });
    let ink = if response.hovered() {
        ui.visuals().strong_text_color()
    } else {
        ui.visuals().weak_text_color()
    };
    let at = rect.right_bottom() + vec2(-5.0, -2.0);
    paint_text(ui, at, egui::Align2::RIGHT_BOTTOM, tr("all"), 10.0, ink);
    if response.clicked() {
        let all = (0..layers).flat_map(|layer| (0..heads).map(move |head| HeadId { layer, head }));
        cx.selection.select_heads(cx.selection.heads.leading(), all);
    }
    response.on_hover_text(tr("Select all heads: their weights are put together"));
}

/// A layer's number: selects all its heads, with Ctrl in addition.
fn whole_layer(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    rect: Rect,
    (layer, heads): (usize, usize),
    numbered: bool,
) {
    let response = ui.interact(rect, ui.scope_id().with(("layer", layer)), Sense::click());
    let name = trf("Select layer {0}", &[&layer]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let ink = if response.hovered() {
        ui.visuals().strong_text_color()
    } else {
        ui.visuals().weak_text_color()
    };
    if numbered || response.hovered() {
        let at = pos2(rect.right() - 5.0, rect.center().y);
        let number = layer.to_string();
        paint_text(ui, at, egui::Align2::RIGHT_CENTER, &number, 10.5, ink);
    }
    if response.clicked() {
        let mut all: Vec<_> = (0..heads).map(|head| HeadId { layer, head }).collect();
        let leading = cx.selection.heads.leading();
        let stays = leading.layer == layer;
        if ui.input(|input| input.modifiers.command) {
            all.extend_from_slice(cx.selection.heads.all());
        }
        let leading = if stays {
            leading
        } else {
            HeadId::new(layer, 0)
        };
        cx.selection.select_heads(leading, all);
    }
    response.on_hover_text(name);
}

/// The width of a text in one line, in points.
fn text_width(ui: &Ui, text: &str, size: f32) -> f32 {
    let font = egui::FontId::proportional(size);
    let ink = ui.visuals().text_color();
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, ink);
    galley.size().x
}

fn list_cell(ui: &mut Ui, cx: &ViewContext<'_>, row: &Row, column: Statistic) {
    let label = |text: egui::RichText| egui::Label::new(text.size(12.0)).selectable(false);
    if column == Statistic::Head {
        let mut text = egui::RichText::new(row.id().to_string());
        if row.ablated {
            text = text.strikethrough();
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.add(label(text));
            if let Some(flag) = row.flag {
                let (rect, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
                flag_mark(ui, rect, flag, cx.palette.limit);
            }
        });
        return;
    }
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        // The sign is in the header.
        let words = column.words(row).replace(" %", "");
        ui.add(label(egui::RichText::new(words)));
    });
}

/// The mark of a flag: a triangle that points down where the span is longer than what is used of it, and up, filled, where
/// the head presses against it; filled and down where it only sinks.
fn flag_mark(ui: &Ui, rect: Rect, flag: SpanFlag, color: egui::Color32) {
    let shape = match flag {
        SpanFlag::Unused | SpanFlag::Local => egui::Shape::closed_line(
            vec![rect.left_top(), rect.right_top(), rect.center_bottom()],
            Stroke::new(1.2, color),
        ),
        SpanFlag::Sink => egui::Shape::convex_polygon(
            vec![rect.left_top(), rect.right_top(), rect.center_bottom()],
            color,
            Stroke::NONE,
        ),
        SpanFlag::Pressed | SpanFlag::Edge => egui::Shape::convex_polygon(
            vec![rect.center_top(), rect.right_bottom(), rect.left_bottom()],
            color,
            Stroke::NONE,
        ),
    };
    ui.painter().add(shape);
}
