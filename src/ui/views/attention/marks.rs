//! The marks on the map: ends of spans, selected queries, and what is under the pointer in any view.

use super::cells::Axes;
use crate::analysis::{BandLayout, TokenSet};
use crate::model::Span;
use crate::ui::document::selection::Hover;
use crate::ui::theme::Palette;
use crate::ui::views::context::ViewContext;
use eframe::egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2};
use egui_plot::PlotTransform;
use std::collections::BTreeSet;

/// From this many rows in view on, a line along the diagonal need not follow the cells' sides.
const STAIRS: f64 = 400.0;

/// Draws over the map.
pub(super) struct Marks<'a> {
    painter: Painter,
    transform: &'a PlotTransform,
    axes: &'a Axes,
    palette: Palette,
    /// Queries in view.
    rows: (f64, f64),
}

impl<'a> Marks<'a> {
    /// Marks on the map that `transform` places.
    pub fn new(ui: &Ui, transform: &'a PlotTransform, axes: &'a Axes, palette: Palette) -> Self {
        let bounds = transform.bounds();
        let top = bounds.min()[1].max(0.0);
        Self {
            painter: ui.painter().with_clip_rect(*transform.frame()),
            transform,
            axes,
            palette,
            rows: (top, bounds.max()[1].min(axes.tokens as f64).max(top)),
        }
    }

    fn at(&self, x: f64, y: f64) -> Pos2 {
        pos2(
            self.transform.position_from_point_x(x),
            self.transform.position_from_point_y(y),
        )
    }

    /// A line that shows on light and on dark colours.
    fn line(&self, points: Vec<Pos2>, color: Color32, width: f32) {
        let rim = Color32::from_black_alpha(130);
        self.painter
            .add(Shape::line(points.clone(), Stroke::new(width + 1.5, rim)));
        self.painter
            .add(Shape::line(points, Stroke::new(width, color)));
    }

    /// The points at which the distance `distance` ends for each query in view.
    fn at_distance(&self, distance: f64) -> Vec<Pos2> {
        let (top, bottom) = self.rows;
        let end = |query: f64| self.at(self.axes.x(query, distance), query);
        if self.axes.layout != BandLayout::Key || bottom - top > STAIRS {
            return vec![end(top), end(bottom)];
        }
        // Near enough to see the cells: along their sides.
        let queries = top.floor() as usize..bottom.ceil() as usize;
        queries
            .flat_map(|query| {
                let x = self.axes.x(query as f64, distance);
                [self.at(x, query as f64), self.at(x, query as f64 + 1.0)]
            })
            .collect()
    }

    /// The ends of spans: of one head with its ramp, of several a thin line for each reach.
    pub fn spans(&self, cx: &ViewContext<'_>, leading: &Span) {
        if self.axes.later > 0 {
            // Heads see all of the text: the lines are those around the query itself.
            let stroke = Stroke::new(1.0, self.palette.edge.gamma_multiply(0.6));
            for distance in [-1.0, 0.0] {
                let points = self.at_distance(distance);
                self.painter.add(Shape::line(points, stroke));
            }
            return;
        }
        let heads = cx.selection.heads.all();
        if heads.len() > 1 {
            let spans = heads.iter().filter_map(|head| cx.span_of(*head));
            // The head that leads is drawn below.
            let mut ends: BTreeSet<usize> = spans.map(|span| span.farthest()).collect();
            ends.remove(&leading.farthest());
            for farthest in ends {
                let points = self.at_distance(farthest as f64);
                let stroke = Stroke::new(1.0, self.palette.edge.gamma_multiply(0.6));
                self.painter.add(Shape::line(points, stroke));
            }
        }
        let full = leading.falls_beyond();
        if let Some(full) = full.filter(|full| *full < leading.farthest() as f64) {
            let points = self.at_distance(full);
            for (width, color) in [
                (2.0, Color32::from_black_alpha(90)),
                (1.0, self.palette.edge),
            ] {
                let stroke = Stroke::new(width, color);
                self.painter
                    .extend(Shape::dashed_line(&points, stroke, 4.0, 4.0));
            }
        }
        self.line(
            self.at_distance(leading.farthest() as f64),
            self.palette.edge,
            1.5,
        );
    }

    /// The selected queries: one as far as it sees, a range by the lines around it.
    pub fn selected(&self, tokens: &TokenSet) {
        let ranges = tokens.ranges();
        let first = ranges.partition_point(|range| (range.end as f64) < self.rows.0);
        let shown = ranges[first..]
            .iter()
            .take_while(|range| (range.start as f64) < self.rows.1);
        let frame = *self.transform.frame();
        // Of many side by side only those are drawn that show.
        let mut painted = f32::NEG_INFINITY;
        for range in shown {
            let top = self.at(0.0, range.start as f64).y;
            let bottom = self.at(0.0, range.end as f64).y;
            if bottom - painted < 2.0 {
                continue;
            }
            painted = bottom;
            let (left, right) = if range.len() == 1 {
                let seen = self.axes.seen(range.start);
                let x = |column: usize| self.at(column as f64, 0.0).x;
                (x(seen.start), x(seen.end))
            } else {
                (frame.left() - 4.0, frame.right() + 4.0)
            };
            if bottom - top < 4.0 {
                let middle = (top + bottom) / 2.0;
                self.line(
                    vec![pos2(left, middle), pos2(right, middle)],
                    self.palette.accent,
                    1.0,
                );
            } else {
                let corners = [
                    (left, top),
                    (right, top),
                    (right, bottom),
                    (left, bottom),
                    (left, top),
                ];
                let corners = corners.map(|(x, y)| pos2(x, y));
                self.line(corners.to_vec(), self.palette.accent, 1.0);
            }
        }
    }

    /// Lines through what is under the pointer, in this view or another: a token is looked at as query and as key.
    pub fn crosshair(&self, ui: &Ui, hover: &Hover) {
        let frame = *self.transform.frame();
        let color = ui.visuals().strong_text_color().gamma_multiply(0.75);
        let across = |y: f32| vec![pos2(frame.left(), y), pos2(frame.right(), y)];
        let down = |x: f32| vec![pos2(x, frame.top()), pos2(x, frame.bottom())];
        let cell = self.transform.dpos_dvalue();
        if let Some(query) = hover.token {
            let (top, bottom) = (
                self.at(0.0, query as f64).y,
                self.at(0.0, query as f64 + 1.0).y,
            );
            self.pair(top, bottom, cell[1].abs() as f32, color, across);
        }
        let column = match (hover.token, hover.key) {
            (Some(query), Some(key)) => self.axes.column(query, key),
            (Some(token), None) | (None, Some(token)) => {
                Some(token).filter(|_| self.axes.layout == BandLayout::Key)
            }
            (None, None) => None,
        };
        if let Some(column) = column {
            let (left, right) = (
                self.at(column as f64, 0.0).x,
                self.at(column as f64 + 1.0, 0.0).x,
            );
            self.pair(left, right, cell[0].abs() as f32, color, down);
        }
    }

    /// Both sides of a row or column, or its middle where it is thin.
    fn pair(&self, from: f32, to: f32, cell: f32, color: Color32, line: impl Fn(f32) -> Vec<Pos2>) {
        let places = if cell < 5.0 {
            vec![(from + to) / 2.0]
        } else {
            vec![from, to]
        };
        for place in places {
            self.painter.add(Shape::line(
                line(place),
                Stroke::new(2.5, Color32::from_black_alpha(80)),
            ));
            self.painter
                .add(Shape::line(line(place), Stroke::new(1.0, color)));
        }
    }
}

/// The query and the key at a place of the map.
pub(super) fn inside(
    axes: &Axes,
    transform: &PlotTransform,
    at: Pos2,
) -> Option<(usize, Option<usize>)> {
    let place = transform.value_from_position(at);
    axes.cell(place.x, place.y)
}

/// A line around a map that has the focus of the keyboard.
pub(super) fn focus(ui: &Ui, frame: Rect) {
    let stroke = ui.visuals().selection.stroke;
    ui.painter().rect_stroke(
        frame,
        2.0,
        Stroke::new(1.5, stroke.color),
        eframe::egui::StrokeKind::Inside,
    );
}
