//! The list of heads: it can be sorted, and has what columns one likes.

use crate::analysis::SpanFlag;
use crate::model::{Architecture, HeadId};
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::head_menu::head_menu;
use crate::ui::widgets::statistic::{DisplayName, Filter, Row, Statistic};
use eframe::egui::{self, Rect, Sense, Stroke, Ui, vec2};
use egui_extras::{Column, TableBuilder};
use serde::{Deserialize, Serialize};

/// The state of the list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct HeadList {
    sort: Statistic,
    falling: bool,
    /// The columns beside the head.
    columns: Vec<Statistic>,
    /// The model, by its number, and the head that were shown last, with the head's row and the room: it comes into view where one of them
    /// changes.
    #[serde(skip)]
    shown: Option<(u64, HeadId, Option<usize>, usize)>,
}

impl Default for HeadList {
    fn default() -> Self {
        Self {
            sort: Statistic::Reach,
            falling: true,
            columns: vec![
                Statistic::Reach,
                Statistic::Most,
                // Of encoders alone.
                Statistic::MostLater,
                Statistic::Entropy,
                Statistic::Persistent,
                Statistic::Empty,
            ],
            shown: None,
        }
    }
}

impl HeadList {
    /// The choice of columns.
    pub(super) fn columns_menu(&mut self, ui: &mut Ui, of: &Architecture, rows: &[Row]) {
        let offered = |statistic: &Statistic| statistic.is_of(of, rows);
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
    }

    /// Draws it.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        rows: &[Row],
        filter: &Filter,
        of: &Architecture,
    ) {
        let mut order = self.sort.sort(rows, self.falling);
        order.retain(|row| filter.lets(row));
        if order.is_empty() {
            ui.label(quiet(tr("No matches")));
            return;
        }
        let chosen = self.columns.iter().copied();
        let chosen = chosen.filter(|column| column.is_of(of, rows));
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
                let most = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
                let last = HeadId::new(most(|row| row.span.layer), most(|row| row.span.head));
                let longest = last.to_string();
                let first = (text_width(ui, &longest, 12.0) + 18.0).ceil();
                let taken: f32 = headers.iter().map(|header| header + 4.0).sum();
                let more = (width - first - 4.0 - taken) / headers.len().max(1) as f32;
                let height = ui.available_height() as usize;
                let mut table = TableBuilder::new(ui)
                    .striped(true)
                    .sense(Sense::click())
                    .auto_shrink(false)
                    .column(Column::exact(first));
                for header in headers {
                    // Whole points: at a part of one, the last digit would be cut.
                    let wide = (header + more.max(0.0)).floor();
                    table = table.column(Column::exact(wide).clip(true));
                }
                let leading = cx.selection.heads.leading();
                let found = order.iter().position(|row| row.id() == leading);
                let shown = (cx.snapshot.model_number, leading, found, height);
                if self.shown != Some(shown) {
                    if let Some(row) = found {
                        table = table.scroll_to_row(row, None);
                    }
                    self.shown = Some(shown);
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
                                let found = Some(line.index());
                                self.shown =
                                    Some((cx.snapshot.model_number, leading, found, height));
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
