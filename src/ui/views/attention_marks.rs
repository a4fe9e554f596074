//! What is drawn around the heatmap: token labels, the span's edge, the selected query, the columns beside it.

use super::super::state::{ViewContext, percent};
use super::super::theme::{Palette, quiet, strong};
use crate::analysis::BandLayout;
use crate::chart::{ColorMap, Scale};
use crate::engine::{Snapshot, color};
use crate::model::Span;
use eframe::egui::{self, Align2, Color32, Rect, Ui, pos2};
use egui_plot::{GridInput, GridMark, Line, LineStyle, PlotPoints, PlotTransform, PlotUi};
use std::f32::consts::FRAC_PI_2;

/// The heatmap's coordinates: query i covers i … i + 1 downwards, column c covers c … c + 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes {
    pub layout: BandLayout,
    pub tokens: usize,
    pub reach: usize,
    pub vectors: usize,
}

impl Axes {
    /// Columns in all.
    pub fn width(&self) -> usize {
        match self.layout {
            BandLayout::Key => self.tokens,
            BandLayout::Distance => self.reach,
            BandLayout::Vector => self.vectors,
        }
    }

    /// The query at a point, and the key if one may be read from there.
    pub fn cell(&self, x: f64, y: f64) -> Option<(usize, Option<usize>)> {
        if x < 0.0 || y < 0.0 || x >= self.width() as f64 || y >= self.tokens as f64 {
            return None;
        }
        let (column, query) = (x as usize, y as usize);
        let key = match self.layout {
            BandLayout::Key => Some(column).filter(|key| *key < query),
            BandLayout::Distance => query.checked_sub(column + 1),
            BandLayout::Vector => None,
        };
        Some((query, key))
    }

    /// Where the distance `distance` stands for a query: the left side of its cell.
    fn x(&self, query: f64, distance: f64) -> f64 {
        match self.layout {
            BandLayout::Key => query - distance,
            BandLayout::Distance | BandLayout::Vector => distance,
        }
    }
}

/// Room that a token needs along an axis, and that a position does, across and down, in points.
const TOKEN: f64 = 11.5;
const ACROSS: f64 = 44.0;
const DOWN: f64 = 14.0;

/// Marks in the middle of keys' cells; one a cell only where tokens are single characters: words have no room.
pub(super) fn key_spacer(input: GridInput, characters: bool) -> Vec<GridMark> {
    marks(&input, 0, 0.5, characters.then_some(TOKEN), ACROSS)
}

/// Marks in the middle of queries' cells.
pub(super) fn query_spacer(input: GridInput) -> Vec<GridMark> {
    marks(&input, 0, 0.5, Some(TOKEN), DOWN)
}

/// Marks in the middle of distances' cells: distance 1 is the first column.
pub(super) fn distance_spacer(input: GridInput) -> Vec<GridMark> {
    marks(&input, 1, -0.5, None, ACROSS)
}

/// Every cell where each has the room `single`, and otherwise 1, 2 or 5 of a decade apart with at least `room`.
fn marks(
    input: &GridInput,
    from: i64,
    offset: f64,
    single: Option<f64>,
    room: f64,
) -> Vec<GridMark> {
    // The step that egui_plot suggests is for 8 points.
    let per_point = input.base_step_size / 8.0;
    let step = if single.is_some_and(|single| single * per_point <= 1.0) {
        1.0
    } else {
        let steps = (0..9).flat_map(|decade| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(decade)));
        let fits = |step: &f64| *step >= room * per_point && *step > 1.0;
        steps.into_iter().find(fits).unwrap_or(1e9)
    };
    let (low, high) = input.bounds;
    let first = (((low - offset) / step).floor() as i64).max(from);
    let last = ((high - offset) / step).ceil() as i64;
    (first..=last.min(first.saturating_add(500)))
        .map(|i| GridMark {
            value: i as f64 * step + offset,
            step_size: step,
        })
        // A label outside would stand on what is beside the plot.
        .filter(|mark| (low..=high).contains(&mark.value))
        .collect()
}

/// The token where every one has room, positions otherwise.
pub(super) fn token_tick(snapshot: &Snapshot, mark: GridMark) -> String {
    let position = (mark.value - 0.5).round();
    if position < 0.0 || position >= snapshot.done as f64 {
        String::new()
    } else if mark.step_size <= 1.0 {
        snapshot.label(position as usize)
    } else {
        format!("{position}")
    }
}

/// Persistent vectors count from 0.
pub(super) fn vector_tick(mark: GridMark) -> String {
    format!("{}", (mark.value - 0.5).round())
}

/// Distances count from 1.
pub(super) fn distance_tick(mark: GridMark) -> String {
    format!("{}", (mark.value + 0.5).round())
}

/// Where the mask reaches 0, and where it begins to fall.
pub(super) fn span_lines(plot: &mut PlotUi<'_>, axes: &Axes, span: &Span, palette: &Palette) {
    if axes.layout == BandLayout::Vector {
        // A span ends nothing there.
        return;
    }
    let bounds = plot.plot_bounds();
    let (top, bottom) = (
        bounds.min()[1].max(0.0),
        bounds.max()[1].min(axes.tokens as f64),
    );
    let line = |distance: f64| -> PlotPoints<'static> {
        let visible = bottom - top;
        if axes.layout == BandLayout::Distance || visible > 400.0 {
            vec![
                [axes.x(top, distance), top],
                [axes.x(bottom, distance), bottom],
            ]
            .into()
        } else {
            // Near enough to see the cells: a staircase along their sides.
            let mut stairs = Vec::new();
            for query in (top.floor() as usize)..(bottom.ceil() as usize) {
                let x = axes.x(query as f64, distance);
                stairs.push([x, query as f64]);
                stairs.push([x, query as f64 + 1.0]);
            }
            stairs.into()
        }
    };
    plot.line(
        Line::new("edge of the span", line(span.reach as f64))
            .color(palette.edge)
            .width(1.5)
            .allow_hover(false),
    );
    let full = f64::from(span.span) + 1.0;
    if full < span.reach as f64 {
        plot.line(
            Line::new("start of the ramp", line(full))
                .color(palette.edge.gamma_multiply(0.75))
                .style(LineStyle::dashed_dense())
                .width(1.0)
                .allow_hover(false),
        );
    }
}

/// The selected query's row.
pub(super) fn query_lines(plot: &mut PlotUi<'_>, axes: &Axes, query: usize, palette: &Palette) {
    let (top, bottom) = (query as f64, query as f64 + 1.0);
    let (left, right) = match axes.layout {
        BandLayout::Key => (query.saturating_sub(axes.reach) as f64, query as f64),
        BandLayout::Distance => (0.0, axes.reach as f64),
        BandLayout::Vector => (0.0, axes.vectors as f64),
    };
    let outline = vec![
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
        [left, top],
    ];
    plot.line(
        Line::new("selected query", PlotPoints::from(outline))
            .color(palette.accent)
            .width(1.0)
            .allow_hover(false),
    );
}

/// Beside the heatmap: each query's share on empty context and on persistent vectors.
pub(super) fn side_columns(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    area: Rect,
    transform: &PlotTransform,
    map: ColorMap,
) {
    let Some(detail) = cx.detail() else {
        return;
    };
    let frame = *transform.frame();
    let persistent = detail.weights.vectors > 0;
    let mut columns: Vec<(&str, &str)> =
        vec![("empty", "share on empty context, before the text's start")];
    if persistent {
        columns.push(("pers.", "share on persistent vectors"));
    }
    let width = 16.0;
    let ink = ui.visuals().weak_text_color();
    let ground = ui.visuals().extreme_bg_color;
    let bounds = transform.bounds();
    let last = (cx.snapshot.done as f64)
        .min(bounds.max()[1].ceil())
        .max(0.0) as usize;
    let first = (bounds.min()[1].floor().max(0.0) as usize).min(last);
    let share = |column: usize, query: usize| match column {
        0 => detail.empty(query),
        _ => detail.persistent(query),
    };
    for (column, (name, _)) in columns.iter().enumerate() {
        let left = area.left() + column as f32 * (width + 5.0);
        let rect = Rect::from_min_max(pos2(left, frame.top()), pos2(left + width, frame.bottom()));
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        painter.rect_filled(rect, 0.0, ground);
        // Where many queries share a pixel, the largest counts.
        let mut query = first;
        while query < last {
            let top = transform.position_from_point_y(query as f64);
            let mut largest: Option<f32> = None;
            let mut bottom = top;
            while query < last && bottom < top + 1.0 {
                largest =
                    share(column, query).map_or(largest, |s| Some(largest.map_or(s, |l| l.max(s))));
                query += 1;
                bottom = transform.position_from_point_y(query as f64);
            }
            if let Some(value) = largest {
                let [r, g, b] = color(value, 1.0, Scale::Linear, map);
                let cell = Rect::from_min_max(pos2(left, top), pos2(left + width, bottom));
                painter.rect_filled(cell, 0.0, Color32::from_rgb(r, g, b));
            }
        }
        let line = ui.visuals().widgets.noninteractive.bg_stroke;
        ui.painter()
            .rect_stroke(rect, 0.0, line, egui::StrokeKind::Outside);
        let galley =
            ui.painter()
                .layout_no_wrap((*name).to_owned(), egui::FontId::proportional(10.5), ink);
        // Read downwards: two words side by side have no room.
        let at = pos2(
            rect.center().x + galley.size().y / 2.0,
            frame.bottom() + 3.0,
        );
        let text = egui::epaint::TextShape::new(at, galley, ink).with_angle(FRAC_PI_2);
        ui.painter().add(text);
    }
    let all = Rect::from_min_max(
        pos2(area.left(), frame.top()),
        pos2(area.right(), frame.bottom()),
    );
    let response = ui.interact(
        all,
        ui.scope_id().with("side columns"),
        egui::Sense::hover(),
    );
    if let Some(at) = response.hover_pos() {
        let y = transform.value_from_position(at).y;
        if y >= 0.0 && y < last as f64 {
            let query = y as usize;
            response.on_hover_ui_at_pointer(|ui| {
                ui.label(strong(format!(
                    "query {query}  {}",
                    cx.snapshot.label(query)
                )));
                for (column, (_, words)) in columns.iter().enumerate() {
                    if let Some(value) = share(column, query) {
                        ui.label(format!("{}  {words}", percent(value)));
                    }
                }
                ui.label(quiet("colours here run from 0 to 100 %"));
            });
        }
    }
}

/// What the colours stand for, in the upper right corner: above the diagonal there are no weights.
pub(super) fn color_legend(ui: &Ui, transform: &PlotTransform, map: ColorMap, largest: f32) {
    const STEPS: usize = 36;
    let (width, height) = (72.0, 9.0);
    let corner = transform.frame().right_top() + egui::vec2(-10.0, 10.0);
    let ink = ui.visuals().text_color();
    let text = |at, anchor, words: &str| super::paint_text(ui, at, anchor, words, 11.0, ink);
    let ground = Rect::from_min_max(
        corner + egui::vec2(-width - 56.0, -4.0),
        corner + egui::vec2(4.0, height + 4.0),
    );
    ui.painter().rect_filled(
        ground,
        3.0,
        ui.visuals().extreme_bg_color.gamma_multiply(0.8),
    );
    let high = text(
        corner + egui::vec2(0.0, height / 2.0),
        Align2::RIGHT_CENTER,
        &format!("{largest:.3}"),
    );
    let right = high.left() - 5.0;
    let table = crate::chart::colormap::table(map);
    let step = width / STEPS as f32;
    for i in 0..STEPS {
        let [r, g, b] = table[i * 255 / (STEPS - 1)];
        let left = right - width + i as f32 * step;
        let part = Rect::from_min_max(
            pos2(left, corner.y),
            pos2((left + step + 0.5).min(right), corner.y + height),
        );
        ui.painter()
            .rect_filled(part, 0.0, Color32::from_rgb(r, g, b));
    }
    text(
        pos2(right - width - 5.0, corner.y + height / 2.0),
        Align2::RIGHT_CENTER,
        "0",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_query_and_a_key_before_it() {
        let keys = Axes {
            layout: BandLayout::Key,
            tokens: 10,
            reach: 4,
            vectors: 3,
        };
        assert_eq!(keys.cell(2.5, 6.1), Some((6, Some(2))));
        assert_eq!(keys.cell(6.5, 6.1), Some((6, None)));
        assert_eq!(keys.cell(-0.1, 3.0), None);
        assert_eq!(keys.cell(3.0, 10.0), None);
        let distances = Axes {
            layout: BandLayout::Distance,
            ..keys
        };
        assert_eq!(distances.cell(0.0, 6.9), Some((6, Some(5))));
        assert_eq!(distances.cell(3.0, 2.0), Some((2, None)));
        assert_eq!(distances.cell(4.0, 2.0), None);
        let vectors = Axes {
            layout: BandLayout::Vector,
            ..keys
        };
        assert_eq!(vectors.cell(2.5, 6.1), Some((6, None)));
        assert_eq!(vectors.cell(3.0, 6.1), None);
    }
}
