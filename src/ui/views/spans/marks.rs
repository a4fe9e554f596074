//! The marks of the chart: one point per head, and what stands around it.

use super::axes::Scale;
use crate::analysis::SpanFlag;
use crate::model::{HeadId, Span};
use eframe::egui::{
    Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, pos2, vec2,
};
use egui_plot::PlotTransform;

/// A head at its place.
pub(super) struct Mark {
    pub span: Span,
    pub x: f64,
    pub y: f64,
}

impl Mark {
    pub fn head(&self) -> HeadId {
        self.span.id()
    }

    pub fn place(&self, transform: &PlotTransform) -> Pos2 {
        pos2(
            transform.position_from_point_x(self.x),
            transform.position_from_point_y(self.y),
        )
    }
}

/// Heads at their places, layer by layer. Sorted, they stand by rising trained span: a head that is changed by hand keeps
/// its place.
pub(super) fn marks(
    spans: &[Span],
    per_layer: usize,
    scale: Scale,
    sorted: bool,
    trained: impl Fn(&Span) -> f32,
) -> Vec<Mark> {
    let mut marks = Vec::with_capacity(spans.len());
    for layer in spans.chunk_by(|a, b| a.layer == b.layer) {
        let mut heads = layer.to_vec();
        if sorted {
            heads.sort_by(|a, b| trained(a).total_cmp(&trained(b)));
        }
        for (place, span) in heads.into_iter().enumerate() {
            marks.push(Mark {
                x: (span.layer * (per_layer + 1) + place) as f64 + 0.5,
                y: scale.y(scale.value(&span)),
                span,
            });
        }
    }
    marks
}

/// Draws marks into a plot.
pub(super) struct Pen<'a> {
    pub painter: Painter,
    pub transform: &'a PlotTransform,
    pub scale: Scale,
    /// The colour of text, and of what shall be quieter.
    pub ink: Color32,
    pub weak: Color32,
    /// The colour behind the marks.
    pub ground: Color32,
}

impl Pen<'_> {
    /// Points from one head to the next.
    pub fn pitch(&self) -> f32 {
        self.transform.dpos_dvalue_x().abs() as f32
    }

    /// The radius of a head's point.
    pub fn radius(&self) -> f32 {
        (0.42 * self.pitch()).clamp(1.3, 3.4)
    }

    fn base(&self) -> f32 {
        self.transform.frame().bottom()
    }

    fn y(&self, tokens: f64) -> f32 {
        self.transform.position_from_point_y(self.scale.y(tokens))
    }

    /// The light fill below the heads of a layer and, with `line`, the line through them.
    pub fn layer(&self, marks: &[Mark], color: Color32, line: bool) {
        let path: Vec<Pos2> = marks.iter().map(|m| m.place(self.transform)).collect();
        fill(
            &self.painter,
            &path,
            self.base(),
            color.gamma_multiply(0.16),
        );
        if line {
            self.painter.line(path, Stroke::new(1.5, color));
        }
    }

    /// The distance within which the text makes use of a head: a bar with a cap, in the middle or to a `side`, −1 or 1.
    pub fn held(&self, (mark, side): (&Mark, f32), tokens: usize, color: Color32) {
        let y = self.y(tokens as f64).min(self.base());
        let wide = (0.5 * self.pitch()).clamp(1.0, 7.0);
        let x = mark.place(self.transform).x + side * (0.5 * wide + 0.5);
        let bar = Rect::from_min_max(pos2(x - 0.5 * wide, y), pos2(x + 0.5 * wide, self.base()));
        self.painter
            .rect_filled(bar, 0.0, color.gamma_multiply(0.5));
        let cap = (0.5 * wide + 1.0).min((0.46 * self.pitch()).max(0.6));
        // Where heads are crowded, caps must not become a band.
        let ink = if self.pitch() < 4.0 { 0.55 } else { 1.0 };
        let stroke = Stroke::new(1.5, self.ink.gamma_multiply(ink));
        self.painter.hline(x - cap..=x + cap, y, stroke);
    }

    /// A head's point; an ablated one is hollow and struck through.
    pub fn point(&self, mark: &Mark, color: Color32, ablated: bool) {
        let at = mark.place(self.transform);
        dot(
            &self.painter,
            at,
            self.radius(),
            color,
            ablated,
            self.ground,
        );
    }

    /// The former place of a head that was changed.
    pub fn ghost(&self, mark: &Mark, trained: &Span) {
        let at = mark.place(self.transform);
        let home = pos2(at.x, self.y(self.scale.value(trained)));
        let stroke = Stroke::new(1.0, self.weak);
        let dashes = Shape::dashed_line(&[home, at], stroke, 3.0, 2.5);
        self.painter.extend(dashes);
        self.painter.circle_stroke(home, self.radius(), stroke);
    }

    /// The flag of a head that is worth a look, above its point.
    pub fn flag(&self, mark: &Mark, flag: SpanFlag) {
        let size = (0.45 * self.pitch()).clamp(2.0, 4.2);
        let at = mark.place(self.transform) - vec2(0.0, self.radius() + 3.5 + size);
        let ink = if self.pitch() < 4.0 {
            self.weak
        } else {
            self.ink
        };
        triangle(&self.painter, at, size, flag, ink, self.ground);
    }

    /// A ring around a selected head; around the leading one a thicker one, and a line down to the axis.
    pub fn ring(&self, mark: &Mark, leading: bool) {
        let at = mark.place(self.transform);
        let wide = if leading { 2.0 } else { 1.0 };
        self.painter
            .circle_stroke(at, self.radius() + 3.0, Stroke::new(wide, self.ink));
        if leading {
            let below = at.y + self.radius() + 4.0;
            if below < self.base() {
                let stroke = Stroke::new(1.0, self.ink.gamma_multiply(0.55));
                self.painter.vline(at.x, below..=self.base(), stroke);
            }
        }
    }

    /// A thin square around the head under the pointer.
    pub fn hover(&self, mark: &Mark) {
        let side = 2.0 * (self.radius() + 4.5);
        let rect = Rect::from_center_size(mark.place(self.transform), vec2(side, side));
        let stroke = Stroke::new(1.0, self.weak);
        self.painter
            .rect_stroke(rect, 3.0, stroke, StrokeKind::Middle);
    }

    /// Words in a box beside a point, wherever there is room.
    pub fn tag(&self, at: Pos2, words: &str) {
        let font = FontId::proportional(12.0);
        let galley = self.painter.layout(words.into(), font, self.ink, 260.0);
        let size = galley.size() + vec2(12.0, 8.0);
        let frame = *self.transform.frame();
        let right = at.x + 12.0 + size.x <= frame.right();
        let x = if right {
            at.x + 12.0
        } else {
            at.x - 12.0 - size.x
        };
        let y = (at.y - 0.5 * size.y).clamp(
            frame.top() + 2.0,
            (frame.bottom() - size.y - 2.0).max(frame.top() + 2.0),
        );
        let rect = Rect::from_min_size(pos2(x.max(frame.left()), y), size);
        self.painter.rect(
            rect,
            4.0,
            self.ground,
            Stroke::new(1.0, self.weak),
            StrokeKind::Inside,
        );
        self.painter
            .galley(rect.min + vec2(6.0, 4.0), galley, self.ink);
    }
}

/// Fills what lies between a line and `base`.
pub(super) fn fill(painter: &Painter, path: &[Pos2], base: f32, color: Color32) {
    if path.len() < 2 {
        return;
    }
    let mut mesh = Mesh::default();
    for at in path {
        mesh.colored_vertex(*at, color);
        mesh.colored_vertex(pos2(at.x, base), color);
    }
    for i in 0..path.len() as u32 - 1 {
        mesh.add_triangle(2 * i, 2 * i + 1, 2 * i + 2);
        mesh.add_triangle(2 * i + 1, 2 * i + 2, 2 * i + 3);
    }
    painter.add(Shape::mesh(mesh));
}

fn dot(painter: &Painter, at: Pos2, radius: f32, color: Color32, ablated: bool, ground: Color32) {
    if ablated {
        painter.circle(at, radius, ground, Stroke::new(1.4, color));
        let arm = vec2(radius + 2.0, -(radius + 2.0));
        painter.line_segment([at - arm, at + arm], Stroke::new(1.4, color));
    } else {
        painter.circle_filled(at, radius, color);
    }
}

/// A triangle: hollow and down where a head could see less, full and up where it presses against an end, full and down where it only
/// sinks.
fn triangle(painter: &Painter, at: Pos2, size: f32, flag: SpanFlag, ink: Color32, ground: Color32) {
    let presses = matches!(flag, SpanFlag::Pressed | SpanFlag::Edge);
    let up = if presses { -1.0 } else { 1.0 };
    let corners = vec![
        at + vec2(-size, -0.7 * up * size),
        at + vec2(size, -0.7 * up * size),
        at + vec2(0.0, 0.9 * up * size),
    ];
    let (fill, wide) = match flag {
        SpanFlag::Pressed | SpanFlag::Edge | SpanFlag::Sink => (ink, 0.0),
        SpanFlag::Unused | SpanFlag::Local => (ground, 1.2),
    };
    let stroke = Stroke::new(wide, ink);
    painter.add(Shape::convex_polygon(corners, fill, stroke));
}

/// The meaning of a sign of the chart.
pub(super) enum Sign {
    Point,
    Held,
    Flag(SpanFlag),
    /// The shade behind layers that have windows.
    Local,
    Ghost,
    Ablated,
}

/// The legend, in one line as far as there is room, with a `note` at its end.
pub(super) fn legend(ui: &Ui, mut row: Rect, color: Color32, signs: &[(Sign, String)], note: &str) {
    let painter = ui.painter().with_clip_rect(row);
    let visuals = ui.visuals();
    let (ink, weak, ground) = (
        visuals.text_color(),
        visuals.weak_text_color(),
        visuals.extreme_bg_color,
    );
    let font = || FontId::proportional(11.0);
    if !note.is_empty() {
        let at = row.right_center();
        let note = painter.text(at, Align2::RIGHT_CENTER, note, font(), weak);
        row.max.x = note.left() - 10.0;
    }
    let mut x = row.left();
    for (sign, words) in signs {
        let galley = painter.layout_no_wrap(words.clone(), font(), weak);
        if x + 14.0 + galley.size().x > row.right() {
            return;
        }
        let at = pos2(x + 5.0, row.center().y);
        match sign {
            Sign::Point => dot(&painter, at, 3.4, color, false, ground),
            Sign::Ablated => dot(&painter, at, 3.0, color, true, ground),
            Sign::Ghost => {
                painter.circle_stroke(at, 3.2, Stroke::new(1.0, weak));
            }
            Sign::Flag(flag) => triangle(&painter, at, 4.0, *flag, ink, ground),
            Sign::Local => {
                let band = Rect::from_center_size(at, vec2(9.0, 11.0));
                painter.rect_filled(band, 0.0, weak.gamma_multiply(0.25));
            }
            Sign::Held => {
                let bar = Rect::from_center_size(at + vec2(0.0, 1.0), vec2(6.0, 9.0));
                painter.rect_filled(bar, 0.0, color.gamma_multiply(0.5));
                painter.hline(at.x - 4.0..=at.x + 4.0, bar.top(), Stroke::new(1.5, ink));
            }
        }
        let at = pos2(x + 13.0, row.center().y);
        let text = painter.text(at, Align2::LEFT_CENTER, words, font(), weak);
        x = text.right() + 12.0;
    }
}
