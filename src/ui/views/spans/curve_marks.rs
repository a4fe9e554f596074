//! What is drawn into the leading head's curve: the mask, and names that do not cover each other.

use super::curve_axes::{Axes, small};
use crate::analysis::EFFECTIVE_SHARES;
use crate::engine::figures::Quantity;
use crate::model::Ramp;
use crate::model::Span;
use crate::ui::language::trf;
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::named_reach;
use eframe::egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

/// The mask as a line: 1 up to z + 1, the ramp of so many tokens, 0.
pub(super) fn mask_path(axes: &Axes, span: &Span, ramp: Ramp) -> Vec<Pos2> {
    let (z, ramp) = (f64::from(span.span), f64::from(ramp.tokens()));
    let limit = span.limit().map_or(f64::INFINITY, |limit| limit as f64);
    let end = (z + 1.0 + ramp).min(limit);
    let begin = (z + 1.0).min(end);
    let mut path = vec![pos2(axes.x(axes.nearest), axes.height(1.0))];
    for i in 0..=48 {
        let at = begin + (end - begin) * f64::from(i) / 48.0;
        let kept = ((z + ramp + 1.0 - at) / ramp).clamp(0.0, 1.0);
        path.push(pos2(axes.x(at), axes.height(kept)));
    }
    // Where S ends it, the mask falls at once.
    path.push(pos2(axes.x(end), axes.height(0.0)));
    path.push(pos2(axes.x(axes.far), axes.height(0.0)));
    path
}

/// The mask with its ramp shaded; z, ramp and reach named.
pub(super) fn mask(
    painter: &Painter,
    cx: &ViewContext<'_>,
    axes: &Axes,
    span: &Span,
    ramp: Ramp,
    names: &mut Names,
) {
    let color = cx.palette.layers[Quantity::Mask.color()];
    let edge = cx.palette.edge;
    let z = f64::from(span.span);
    let farthest = span.farthest() as f64;
    let end = (z + 1.0 + f64::from(ramp.tokens())).min(farthest + 1.0);
    let (begin, end) = (axes.x(z + 1.0), axes.x(end));
    let top = axes.frame.top();
    let shade = Rect::from_min_max(
        pos2(begin, top),
        pos2(end.min(axes.frame.right()), axes.frame.bottom()),
    );
    painter.rect_filled(shade, 0.0, color.gamma_multiply(0.10));
    let thin = Stroke::new(1.0, edge.gamma_multiply(0.6));
    for x in [begin, axes.x(farthest)] {
        painter.extend(Shape::dashed_line(
            &[pos2(x, top), pos2(x, axes.frame.bottom())],
            thin,
            2.0,
            3.0,
        ));
    }
    painter.line(mask_path(axes, span, ramp), Stroke::new(2.0, color));
    let ink = edge;
    let words = trf("z {0}", &[&format!("{z:.1}")]);
    names.put_left(begin, &words, ink, top);
    names.put(axes.x(farthest), &named_reach(span.reach), ink, top);
    let words = trf("ramp {0}", &[&ramp]);
    let wide = painter.layout_no_wrap(words.clone(), small(), ink).size().x;
    if wide + 6.0 < shade.width() {
        let at = pos2(shade.center().x, top + 1.0);
        let rect = Align2::CENTER_TOP.anchor_size(at, vec2(wide, 13.0));
        names.place(rect, &words, ink);
    }
}

/// The distances within which most of the weight lies.
pub(super) fn effective_marks(
    axes: &Axes,
    effective: &[Option<usize>; 3],
    ink: Color32,
    weak: Color32,
    names: &mut Names,
) {
    let frame = axes.frame;
    for (i, (share, held)) in EFFECTIVE_SHARES.iter().zip(effective).enumerate() {
        let Some(distance) = held.filter(|held| *held as f64 <= axes.far) else {
            continue;
        };
        let x = axes.x(distance as f64);
        let y = axes.height(0.30 + 0.22 * i as f64);
        let line = Stroke::new(1.0, weak);
        names.painter.vline(x, y..=frame.bottom(), line);
        let foot = vec![
            pos2(x, frame.bottom() - 6.0),
            pos2(x - 3.5, frame.bottom()),
            pos2(x + 3.5, frame.bottom()),
        ];
        let foot = Shape::convex_polygon(foot, ink, Stroke::NONE);
        names.painter.add(foot);
        let words = trf("{0} %", &[&(100.0 * share)]);
        names.put(x, &words, ink, y);
    }
}

/// Names inside the frame; none is drawn where it would cover another.
pub(super) struct Names {
    pub painter: Painter,
    pub frame: Rect,
    /// The colour behind names.
    pub ground: Color32,
    pub taken: Vec<Rect>,
}

impl Names {
    /// Puts a name beside the line at `x`, at the right of it or else at the left, or else a row or more below.
    pub fn put(&mut self, x: f32, words: &str, color: Color32, top: f32) {
        const ROWS: u8 = 4;
        for row in 0..ROWS {
            let (left, right) = self.beside(x, words, top + 13.0 * f32::from(row));
            if self.place(right, words, color) || self.place(left, words, color) {
                break;
            }
        }
    }

    /// Puts a name at the left of the line, or else at the right.
    fn put_left(&mut self, x: f32, words: &str, color: Color32, top: f32) {
        let (left, right) = self.beside(x, words, top);
        if !self.place(left, words, color) {
            self.place(right, words, color);
        }
    }

    fn beside(&self, x: f32, words: &str, top: f32) -> (Rect, Rect) {
        let galley = self
            .painter
            .layout_no_wrap(words.into(), small(), Color32::WHITE);
        let size = galley.size();
        (
            Rect::from_min_size(pos2(x - 4.0 - size.x, top + 1.0), size),
            Rect::from_min_size(pos2(x + 4.0, top + 1.0), size),
        )
    }

    /// Puts a name there, if there is room.
    fn place(&mut self, rect: Rect, words: &str, color: Color32) -> bool {
        let free = self.frame.expand(1.0).contains_rect(rect)
            && !self
                .taken
                .iter()
                .any(|taken| taken.expand(2.0).intersects(rect));
        if free {
            self.taken.push(rect);
            // Weights may lie behind it.
            self.painter
                .rect_filled(rect.expand(1.0), 2.0, self.ground.gamma_multiply(0.75));
            self.painter
                .text(rect.min, Align2::LEFT_TOP, words, small(), color);
        }
        free
    }
}
