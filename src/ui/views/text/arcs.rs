//! Arcs from a token to those that it reads with the selected heads.

use super::grid::Grid;
use super::layout::Rows;
use super::shown::Shown;
use crate::analysis::TextWeights;
use crate::ui::theme::Palette;
use crate::ui::views::context::ViewContext;
use eframe::egui::epaint::CubicBezierShape;
use eframe::egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};

/// Arcs drawn from one token at most.
const MOST: usize = 20;

/// Weights below this share of the largest one have no arc, nor have those below this weight.
const LEAST: (f32, f32) = (0.04, 1e-4);

/// The tokens that a query reads most, with their weights, the largest first.
pub(super) fn strongest(query: usize, weights: &TextWeights) -> Vec<(usize, f32)> {
    let row = weights.pairs(query);
    let largest = row
        .clone()
        .fold(0.0_f32, |most, (_, weight)| most.max(weight));
    let least = (LEAST.0 * largest).max(LEAST.1);
    let mut keys: Vec<(usize, f32)> = row.filter(|(_, weight)| *weight >= least).collect();
    if keys.len() > MOST {
        keys.select_nth_unstable_by(MOST, |a, b| b.1.total_cmp(&a.1));
        keys.truncate(MOST);
    }
    keys.sort_by(|a, b| b.1.total_cmp(&a.1));
    keys
}

/// Draws the arcs of the token under the pointer, in this view or another.
pub(super) fn paint(
    ui: &Ui,
    painter: &Painter,
    cx: &ViewContext<'_>,
    (rows, shown): (&Rows, &Shown),
    grid: &Grid,
) {
    let (Some(query), Some(detail)) = (cx.hover.token, cx.detail()) else {
        return;
    };
    let mut keys = strongest(query, &detail.weights);
    // The key under the pointer in another view, however weak.
    if let Some(key) = cx.hover.key.filter(|key| *key < query || cx.later() > 0)
        && !keys.iter().any(|(other, _)| *other == key)
        && let Some(weight) = detail.weight(query, key)
    {
        keys.push((key, weight));
    }
    let Some(from) = grid.place(rows, shown, query) else {
        return;
    };
    let largest = keys.first().map_or(0.0, |(_, weight)| *weight);
    // Everything that a query reads lies above it, but for an encoder's.
    let both = cx.later() > 0;
    if keys.is_empty() || from.bottom() <= grid.clip.top() && !both {
        return;
    }
    let below = from.top() >= grid.clip.bottom();
    let (mut above, mut far) = (0, 0.0);
    let mut entered = false;
    // The strongest last, on top.
    for (key, weight) in keys.iter().rev() {
        let Some(to) = grid.place(rows, shown, *key) else {
            continue;
        };
        if to.bottom() <= grid.clip.top() {
            above += 1;
            far += weight;
            continue;
        }
        if to.top() >= grid.clip.bottom() {
            continue;
        }
        entered = true;
        let share = (weight / largest.max(f32::MIN_POSITIVE))
            .clamp(0.0, 1.0)
            .sqrt();
        let curve = if to.top() >= from.top() + grid.cell.y {
            falling(from.center_bottom(), to.center_top(), grid.cell.y)
        } else if below {
            let edge = pos2(from.center().x, grid.clip.bottom());
            rising(edge, to.center_bottom(), grid.cell.y)
        } else if from.top() - to.bottom() < grid.cell.y {
            arch(from, to, grid)
        } else {
            rising(from.center_top(), to.center_bottom(), grid.cell.y)
        };
        draw(painter, curve, share, &cx.palette);
    }
    let ground = ui.visuals().panel_fill;
    if below && entered {
        let at = pos2(from.center().x, grid.clip.bottom() - 1.0);
        triangle(painter, at, -1.0, cx.palette.accent);
    }
    if above > 0 && !below {
        let edge = pos2(from.center().x, grid.clip.top() + 1.0);
        let stroke = Stroke::new(1.25, cx.palette.accent.gamma_multiply(0.7));
        painter.line_segment([from.center_top(), edge], stroke);
        triangle(painter, edge, 1.0, cx.palette.accent);
        let words = format!("{above} · {}", crate::ui::widgets::names::percent(far));
        let font = FontId::proportional(11.0);
        let ink = ui.visuals().text_color();
        let galley = painter.layout_no_wrap(words, font, ink);
        let room = Align2::LEFT_TOP.anchor_size(edge + vec2(8.0, 2.0), galley.size());
        let room = if room.right() + 4.0 > grid.clip.right() {
            room.translate(vec2(-room.width() - 16.0, 0.0))
        } else {
            room
        };
        painter.rect_filled(
            room.expand2(vec2(4.0, 1.0)),
            3.0,
            ground.gamma_multiply(0.92),
        );
        painter.galley(room.min, galley, ink);
    }
}

/// A curve within a row or from the next one: over both, or under a row with no room above it.
fn arch(from: Rect, to: Rect, grid: &Grid) -> [Pos2; 4] {
    let width = (from.center().x - to.center().x).abs();
    let height = (0.45 * width).clamp(7.0, 2.4 * grid.cell.y);
    let below = to.top() == from.top() && to.top() - 0.75 * height < grid.clip.top();
    let (a, b, rise) = if below {
        (from.center_bottom(), to.center_bottom(), height)
    } else {
        (from.center_top(), to.center_top(), -height)
    };
    let rise = vec2(0.0, rise);
    [a, a + rise, b + rise, b]
}

/// A curve from a lower row to a higher one.
fn rising(from: Pos2, to: Pos2, least: f32) -> [Pos2; 4] {
    let bend = vec2(0.0, (0.5 * (from.y - to.y)).max(0.7 * least));
    [from, from - bend, to + bend, to]
}

/// A curve from a higher row to a lower one: to a later token.
fn falling(from: Pos2, to: Pos2, least: f32) -> [Pos2; 4] {
    let [a, b, c, d] = rising(to, from, least);
    [d, c, b, a]
}

/// A curve whose dot marks the key: direction is not told by colour.
fn draw(painter: &Painter, points: [Pos2; 4], share: f32, palette: &Palette) {
    let color = palette.accent.gamma_multiply(0.3 + 0.7 * share);
    let stroke = Stroke::new(0.75 + 1.75 * share, color);
    let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
    painter.add(Shape::CubicBezier(curve));
    painter.circle_filled(points[3], 1.25 + 1.5 * share, color);
}

/// A small mark at the edge of the view; `side` is 1 where it points up, −1 where it points down.
fn triangle(painter: &Painter, tip: Pos2, side: f32, color: Color32) {
    let points = vec![
        tip,
        tip + vec2(4.5, 7.0 * side),
        tip + vec2(-4.5, 7.0 * side),
    ];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_keys_come_first_and_none_lies_before_the_text() {
        let weights = |first: usize, nearest: usize, row: &[f32]| {
            TextWeights::from(crate::model::HeadWeights {
                first,
                queries: 1,
                nearest,
                reach: row.len(),
                weights: row.to_vec().into(),
                empty: vec![0.0],
                ..crate::model::HeadWeights::default()
            })
        };
        let of = |query, row: &[f32]| strongest(query, &weights(query, 1, row));
        assert_eq!(of(2, &[0.2, 0.7, 0.9]), [(0, 0.7), (1, 0.2)]);
        assert_eq!(of(3, &[0.001, 0.7, 0.0]), [(1, 0.7)]);
        let keys = of(200, &[0.01; 100]);
        assert_eq!(keys.len(), MOST);
        assert!(keys.iter().all(|(key, _)| (100..200).contains(key)));
        assert!(of(0, &[1.0]).is_empty());
        // Where a token sees itself, it may be its own strongest key.
        let own = strongest(2, &weights(2, 0, &[0.9, 0.2, 0.7]));
        assert_eq!(own, [(2, 0.9), (0, 0.7), (1, 0.2)]);
    }
}
