//! Every head: a matrix of layers by heads, coloured by a number, and a list that can be sorted.

use super::super::state::{ViewContext, head_name, percent};
use super::super::theme::{ink_on, quiet, strong};
use crate::analysis::Shares;
use crate::chart::{ColorMap, Scale, colormap};
use crate::model::Span;
use eframe::egui::{self, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};
use egui_extras::{Column, TableBuilder};
use serde::{Deserialize, Serialize};

/// A number of a head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Statistic {
    Head,
    #[default]
    Reach,
    Span,
    Context,
    Persistent,
    Empty,
}

impl Statistic {
    const COLOURED: [Self; 5] = [
        Self::Reach,
        Self::Span,
        Self::Context,
        Self::Persistent,
        Self::Empty,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Head => "Head",
            Self::Reach => "Reach",
            Self::Span => "Span z",
            Self::Context => "Context",
            Self::Persistent => "Persistent",
            Self::Empty => "Empty",
        }
    }

    fn explained(self) -> &'static str {
        match self {
            Self::Head => "Layer and head",
            Self::Reach => "How many tokens back the head can look",
            Self::Span => "The learned span parameter, in tokens",
            Self::Context => "Share of its weight on the text",
            Self::Persistent => "Share of its weight on persistent vectors",
            Self::Empty => "Share of its weight on distances before the text's start",
        }
    }

    fn of(self, row: &Row, limit: usize) -> (f64, f64, String) {
        let share = |of: fn(&Shares) -> f32| match &row.shares {
            Some(shares) => (f64::from(of(shares)), 1.0, percent(of(shares))),
            None => (0.0, 1.0, "–".to_owned()),
        };
        match self {
            Self::Head => (0.0, 1.0, String::new()),
            Self::Reach => (
                row.span.reach as f64,
                limit as f64,
                row.span.reach.to_string(),
            ),
            Self::Span => (
                f64::from(row.span.span),
                limit as f64,
                format!("{:.1}", row.span.span),
            ),
            Self::Context => share(|s| s.context),
            Self::Persistent => share(|s| s.persistent),
            Self::Empty => share(|s| s.empty),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    span: Span,
    /// Nothing before the first token.
    shares: Option<Shares>,
}

/// The state of the view.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadsView {
    statistic: Statistic,
    sort: Statistic,
    falling: bool,
    /// The head that the list last showed, so that a new selection scrolls to it.
    #[serde(skip)]
    shown: Option<(usize, usize)>,
}

impl Default for HeadsView {
    fn default() -> Self {
        Self {
            statistic: Statistic::Reach,
            sort: Statistic::Reach,
            falling: true,
            shown: None,
        }
    }
}

impl HeadsView {
    /// Draws the view.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        let config = model.network.config();
        let shares = |i: usize| cx.snapshot.shares.get(i).copied();
        let rows: Vec<Row> = model
            .network
            .spans()
            .into_iter()
            .enumerate()
            .map(|(i, span)| Row {
                span,
                shares: shares(i),
            })
            .collect();
        let has_persistent = config.pers_mem_size > 0;
        if !has_persistent && self.statistic == Statistic::Persistent {
            self.statistic = Statistic::Reach;
        }
        ui.horizontal(|ui| {
            ui.label("Colour");
            let combo = egui::ComboBox::from_id_salt("statistic")
                .selected_text(self.statistic.name())
                .show_ui(ui, |ui| {
                    for statistic in Statistic::COLOURED {
                        if statistic != Statistic::Persistent || has_persistent {
                            ui.selectable_value(&mut self.statistic, statistic, statistic.name())
                                .on_hover_text(statistic.explained());
                        }
                    }
                });
            super::name_combo(&combo.response, "Colour heads by");
        });
        self.matrix(ui, cx, &rows, config.nb_heads, config.attn_span);
        ui.add_space(4.0);
        self.list(ui, cx, &rows, config.attn_span, has_persistent);
    }

    fn matrix(
        &self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        rows: &[Row],
        heads: usize,
        limit: usize,
    ) {
        let layers = rows.len() / heads.max(1);
        let left = 22.0;
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
        let values = || rows.iter().map(|row| self.statistic.of(row, limit).0);
        let range = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(0.0, f64::max),
        );
        let every = (13.0 / cell.y).ceil().max(1.0) as usize;
        for head in (0..heads).filter(|_| cell.x >= 12.0) {
            let at = corner + vec2((head as f32 + 0.5) * cell.x, -2.0);
            super::paint_text(
                ui,
                at,
                egui::Align2::CENTER_BOTTOM,
                &(head + 1).to_string(),
                10.5,
                ink,
            );
        }
        for row in rows {
            let (layer, head) = (row.span.layer, row.span.head);
            let min = corner + vec2(head as f32 * cell.x, layer as f32 * cell.y);
            let rect = Rect::from_min_size(min, cell).shrink(0.5);
            if head == 0 && layer.is_multiple_of(every) {
                let at = pos2(corner.x - 5.0, rect.center().y);
                super::paint_text(
                    ui,
                    at,
                    egui::Align2::RIGHT_CENTER,
                    &(layer + 1).to_string(),
                    10.5,
                    ink,
                );
            }
            let (value, _, words) = self.statistic.of(row, limit);
            let fill = self.fill(value, range, ui.visuals().dark_mode);
            let name = head_name((layer, head));
            let response = ui.interact(
                rect,
                ui.scope_id().with(("head", layer, head)),
                Sense::click(),
            );
            response.widget_info(|| {
                egui::WidgetInfo::labeled(
                    egui::Role::Button,
                    true,
                    format!("{name}: {} {words}", self.statistic.name()),
                )
            });
            ui.painter().rect_filled(rect, 2.0, fill);
            if cell.x >= 34.0 && cell.y >= 15.0 {
                super::paint_text(
                    ui,
                    rect.center(),
                    egui::Align2::CENTER_CENTER,
                    &words,
                    11.0,
                    ink_on(fill),
                );
            }
            let selected = cx.selection.heads.leading() == (layer, head);
            if selected || response.hovered() {
                let color = if selected {
                    ui.visuals().strong_text_color()
                } else {
                    cx.palette.accent
                };
                ui.painter().rect_stroke(
                    rect,
                    2.0,
                    Stroke::new(2.0, color),
                    egui::StrokeKind::Inside,
                );
            }
            if response.clicked() {
                cx.click_head(ui, (layer, head));
            }
            response.on_hover_ui(|ui| {
                ui.label(strong(&name));
                for statistic in Statistic::COLOURED {
                    if statistic != Statistic::Persistent
                        || row.shares.is_some_and(|s| s.persistent > 0.0)
                    {
                        ui.label(format!(
                            "{}: {}",
                            statistic.name(),
                            statistic.of(row, limit).2
                        ));
                    }
                }
            });
        }
    }

    fn fill(&self, value: f64, (smallest, largest): (f64, f64), dark: bool) -> Color32 {
        // Spans differ by orders of magnitude, shares do not.
        let share = match self.statistic {
            Statistic::Reach | Statistic::Span => Scale::Log.share(
                value + 1.0,
                smallest + 1.0,
                largest.max(smallest + 1e-6) + 1.0,
            ),
            _ => Scale::Linear.share(value, 0.0, largest.max(1e-6)),
        };
        // The end of the map that fades into the ground is left out.
        let t = if dark {
            0.12 + 0.88 * share
        } else {
            0.92 * share
        };
        let [r, g, b] = colormap::color(ColorMap::Viridis, t as f32);
        Color32::from_rgb(r, g, b)
    }

    fn list(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        rows: &[Row],
        limit: usize,
        persistent: bool,
    ) {
        let mut columns = vec![
            Statistic::Head,
            Statistic::Reach,
            Statistic::Span,
            Statistic::Context,
        ];
        if persistent {
            columns.push(Statistic::Persistent);
        }
        columns.push(Statistic::Empty);
        let mut order: Vec<&Row> = rows.iter().collect();
        if self.sort != Statistic::Head {
            order.sort_by(|a, b| {
                self.sort
                    .of(a, limit)
                    .0
                    .total_cmp(&self.sort.of(b, limit).0)
            });
        }
        if self.falling && self.sort != Statistic::Head {
            order.reverse();
        }
        ui.spacing_mut().item_spacing.x = 4.0;
        let modifiers = ui.input(|input| input.modifiers);
        let per_layer = cx
            .snapshot
            .model
            .as_ref()
            .map_or(1, |m| m.network.config().nb_heads);
        let mut table = TableBuilder::new(ui)
            .striped(true)
            .sense(Sense::click())
            .auto_shrink(false)
            .column(Column::initial(38.0).at_least(30.0))
            .columns(
                Column::remainder().at_least(34.0).clip(true),
                columns.len() - 1,
            );
        if self.shown != Some(cx.selection.heads.leading()) {
            let row = order
                .iter()
                .position(|row| (row.span.layer, row.span.head) == cx.selection.heads.leading());
            if let Some(row) = row {
                table = table.scroll_to_row(row, None);
            }
            self.shown = Some(cx.selection.heads.leading());
        }
        table
            .header(18.0, |mut header| {
                for &column in &columns {
                    header.col(|ui| {
                        ui.spacing_mut().button_padding = egui::Vec2::ZERO;
                        let sign = match (self.sort == column, self.falling) {
                            (false, _) => "",
                            (true, _) if column == Statistic::Head => "",
                            (true, true) => " ↓",
                            (true, false) => " ↑",
                        };
                        let name = quiet(format!("{}{sign}", short(column))).size(11.0);
                        let button = egui::Button::new(name).frame(false);
                        if ui
                            .add(button)
                            .on_hover_text(format!("{}; click to sort", column.explained()))
                            .clicked()
                        {
                            self.falling = self.sort != column || !self.falling;
                            self.sort = column;
                        }
                    });
                }
            })
            .body(|body| {
                body.rows(18.0, order.len(), |mut line| {
                    let row = order[line.index()];
                    let place = (row.span.layer, row.span.head);
                    line.set_selected(cx.selection.heads.leading() == place);
                    for &column in &columns {
                        line.col(|ui| {
                            let text = match column {
                                Statistic::Head => format!("{}.{}", place.0 + 1, place.1 + 1),
                                // The sign is in the header.
                                _ => column.of(row, limit).2.replace(" %", ""),
                            };
                            ui.add(
                                egui::Label::new(egui::RichText::new(text).size(12.0))
                                    .selectable(false),
                            );
                        });
                    }
                    if line.response().clicked() {
                        cx.selection.click_head(place, modifiers, per_layer);
                        // The row is in view already.
                        self.shown = Some(place);
                    }
                });
            });
    }
}

fn short(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Span => "z",
        Statistic::Context => "Text %",
        Statistic::Persistent => "Pers. %",
        Statistic::Empty => "Empty %",
        other => other.name(),
    }
}
