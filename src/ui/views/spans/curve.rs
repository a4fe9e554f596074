//! The leading head: its soft mask over distance, and the weight that this text gives each distance.

use super::super::super::language::{tr, trf};
use super::super::super::state::{ViewContext, head_name, percent};
use super::super::super::theme::{quiet, strong};
use super::super::paint_text;
use super::SpansView;
use super::axes::{decades, round_numbers};
use super::facts::Facts;
use super::marks::fill;
use crate::analysis::EFFECTIVE_SHARES;
use crate::chart::thousands;
use crate::engine::{LeadingHead, Surveyed};
use crate::model::{Config, Span, soft_mask};
use eframe::egui::{
    self, Align2, Color32, FontId, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2,
};
use std::sync::Arc;

/// Room for the numbers of the axes beside the curve, its names above and its distances below.
pub(super) const SIDES: (f32, f32) = (36.0, 48.0);
const ABOVE: f32 = 15.0;
const BELOW: f32 = 27.0;

/// Room within the frame for the names of z, ramp and reach.
const NAMES: f32 = 16.0;

/// Least height of the curve, and height of the strip below it.
const LEAST: f32 = 88.0;
const STRIP: f32 = 52.0;

/// How many decades of weight a logarithmic axis shows.
const DECADES: f64 = 4.0;

/// What is measured on the leading head, and all that was measured with it.
type Measured<'a> = (&'a Arc<Surveyed>, &'a LeadingHead);

/// Where distances and numbers stand.
#[derive(Clone, Copy)]
struct Axes {
    frame: Rect,
    log_distance: bool,
    /// The largest distance.
    far: f64,
    /// The logarithms of the least and the largest weight, or 0 and the largest weight.
    weights: (f64, f64),
    log_weight: bool,
}

impl Axes {
    fn x(&self, distance: f64) -> f32 {
        let share = if self.log_distance {
            distance.max(1.0).ln() / self.far.ln()
        } else {
            (distance - 1.0) / (self.far - 1.0)
        };
        self.frame.left() + share as f32 * self.frame.width()
    }

    fn distance(&self, x: f32) -> f64 {
        let share = f64::from((x - self.frame.left()) / self.frame.width().max(1.0));
        if self.log_distance {
            (share * self.far.ln()).exp()
        } else {
            1.0 + share * (self.far - 1.0)
        }
    }

    fn height(&self, share: f64) -> f32 {
        self.frame.bottom() - share as f32 * (self.frame.height() - NAMES)
    }

    fn weight(&self, weight: f64) -> f32 {
        let (low, high) = self.weights;
        let weight = if self.log_weight {
            weight.max(1e-30).log10()
        } else {
            weight
        };
        self.height(((weight - low) / (high - low).max(1e-12)).clamp(0.0, 1.0))
    }
}

impl SpansView {
    /// What there is to see of the leading head.
    pub(super) fn leading(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts) {
        let head = cx.selection.heads.leading();
        let Some(span) = facts.span(head).copied() else {
            return super::super::nothing(ui, tr("Select a head."));
        };
        self.leading_row(ui, facts, &span);
        let area = ui.available_rect_before_wrap();
        let surveyed = facts.surveyed.clone();
        let measured = surveyed.as_ref().map(|s| (s, &s.leading));
        let measured =
            measured.filter(|(s, leading)| leading.head == head && !s.queries.is_empty());
        let removed = measured.filter(|(s, leading)| {
            facts.config().adapt_span && leading.removed.len() == s.queries.len()
        });
        let has_strip = removed.is_some() && area.height() >= LEAST + STRIP;
        let seam = area.bottom() - if has_strip { STRIP } else { 0.0 };
        let curve = Rect::from_min_max(area.min, pos2(area.right(), seam));
        self.curve(ui, cx, facts, curve, &span, measured);
        if let Some((surveyed, leading)) = removed.filter(|_| has_strip) {
            let strip = Rect::from_min_max(pos2(area.left(), seam), area.max);
            self.strip(ui, cx, strip, surveyed, leading, facts.is_fresh);
        }
        ui.advance_cursor_after_rect(area);
    }

    /// The head's name and numbers, and what the axes are.
    fn leading_row(&mut self, ui: &mut Ui, facts: &Facts, span: &Span) {
        let head = (span.layer, span.head);
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.toggle_value(&mut self.log_weight, tr("log weight"))
                    .on_hover_text(tr("A logarithmic axis for the mean weight"));
                ui.toggle_value(&mut self.log_distance, tr("log δ"))
                    .on_hover_text(tr("A logarithmic axis for the distance"));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(egui::Label::new(strong(head_name(head))).truncate());
                    if facts.silenced(head) {
                        ui.add(egui::Label::new(tr("silenced")).truncate());
                    }
                    if ui.available_width() > 40.0 {
                        let words = numbers(facts.config(), span);
                        let words = quiet(words);
                        ui.add(egui::Label::new(words).truncate());
                    }
                });
            });
        });
    }

    fn curve(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        facts: &Facts,
        area: Rect,
        span: &Span,
        measured: Option<Measured<'_>>,
    ) {
        let frame = Rect::from_min_max(
            area.min + vec2(SIDES.0, ABOVE),
            area.max - vec2(SIDES.1, BELOW),
        );
        if frame.width() < 40.0 || frame.height() < 24.0 {
            return;
        }
        let response = ui.interact(frame, ui.scope_id().with("curve"), Sense::hover());
        response.widget_info(|| {
            let name = tr("Soft mask and mean weight of the head by distance");
            egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
        });
        let ghost = facts.ghost((span.layer, span.head));
        let farthest = span.reach.max(ghost.map_or(0, |ghost| ghost.reach));
        let mut axes = Axes {
            frame,
            log_distance: self.log_distance,
            far: 1.1 * farthest as f64 + 2.0,
            weights: (0.0, 1.0),
            log_weight: self.log_weight,
        };
        let weights = measured.map_or(&[][..], |(_, leading)| &leading.by_distance);
        let mut path = Vec::new();
        if let Some((surveyed, _)) = measured {
            let key = (frame.width() as u64) << 34
                | (axes.far as u64) << 2
                | u64::from(self.log_distance) << 1;
            let distances = axes;
            let column = |i: usize| (distances.x((i + 1) as f64) - frame.left()) as i32;
            let (peaks, largest) = self.weights.peaks(surveyed, key, weights, column);
            let largest = f64::from(largest);
            axes.weights = match self.log_weight {
                true if largest > 0.0 => (largest.log10() - DECADES, largest.log10()),
                _ => (0.0, largest.max(1e-9)),
            };
            path = peaks
                .iter()
                .filter(|peak| ((peak.at + 1) as f64) <= axes.far)
                .map(|peak| {
                    pos2(
                        axes.x((peak.at + 1) as f64),
                        axes.weight(f64::from(peak.value)),
                    )
                })
                .collect();
        }
        let painter = ui.painter().clone();
        let visuals = ui.visuals();
        let (ink, weak) = (visuals.text_color(), visuals.weak_text_color());
        let line = super::super::grid_color(ui);
        distance_axis(&painter, &axes, weak, line);
        let fade = if facts.is_fresh { 1.0 } else { 0.55 };
        let color = cx.palette.context.gamma_multiply(fade);
        // An area has no meaning on a logarithmic axis.
        let strong = if self.log_weight { 0.12 } else { 0.35 };
        fill(
            &painter,
            &path,
            frame.bottom(),
            color.gamma_multiply(strong),
        );
        if let [one] = path[..] {
            painter.vline(one.x, one.y..=frame.bottom(), Stroke::new(2.0, color));
        }
        painter.line(path, Stroke::new(1.0, color));
        if !weights.is_empty() {
            weight_axis(&painter, &axes, weak);
            name(
                &painter,
                area.right_top(),
                Align2::RIGHT_TOP,
                tr("Mean weight"),
                color,
                weak,
            );
        }
        let mut names = Names {
            painter: painter.clone(),
            frame,
            ground: visuals.panel_fill,
            taken: Vec::new(),
        };
        if facts.config().adapt_span {
            if let Some(ghost) = ghost {
                let path = mask_path(&axes, &ghost, facts.config());
                painter.extend(Shape::dashed_line(&path, Stroke::new(1.0, weak), 4.0, 3.0));
            }
            mask(&painter, cx, &axes, span, facts.config(), &mut names);
            mask_axis(&painter, &axes, weak);
            let at = area.left_top();
            let words = tr("Soft mask m(δ)");
            name(&painter, at, Align2::LEFT_TOP, words, cx.palette.edge, weak);
        } else {
            let words = trf(
                "Fixed span of {0} tokens: there is no soft mask",
                &[&thousands(span.reach)],
            );
            painter.text(area.left_top(), Align2::LEFT_TOP, words, small(), weak);
            let x = axes.x(span.reach as f64);
            painter.vline(x, frame.y_range(), Stroke::new(1.0, cx.palette.edge));
            names.put(
                x,
                &trf("reach {0}", &[&thousands(span.reach)]),
                ink,
                frame.top(),
            );
        }
        if let Some(measure) = facts.measure((span.layer, span.head)) {
            effective_marks(&axes, &measure.effective, ink, weak, &mut names);
        }
        painter.rect_stroke(
            frame,
            0.0,
            visuals.widgets.noninteractive.bg_stroke,
            egui::StrokeKind::Inside,
        );
        if weights.is_empty() {
            let words = if cx.snapshot.tokens.ids.is_empty() {
                tr("Type a text to see the weight by distance.")
            } else {
                tr("measuring…")
            };
            let at = frame.center();
            let color = visuals.weak_text_color();
            paint_text(ui, at, Align2::CENTER_CENTER, words, 12.0, color);
        }
        // The distance between the two tokens under the pointer elsewhere.
        if let (Some(token), Some(key)) = (cx.hover.token, cx.hover.key)
            && let Some(distance) = token.checked_sub(key).filter(|d| *d > 0)
            && (distance as f64) <= axes.far
        {
            let x = axes.x(distance as f64);
            painter.vline(x, frame.y_range(), Stroke::new(1.0, weak));
        }
        let Some(pointer) = response.hover_pos() else {
            return;
        };
        let distance = axes.distance(pointer.x).round().max(1.0);
        let x = axes.x(distance);
        painter.vline(x, frame.y_range(), Stroke::new(1.0, ink));
        let distance = distance as usize;
        if let Some(query) = cx.query()
            && let Some(key) = query.checked_sub(distance)
        {
            cx.hovering.token = Some(query);
            cx.hovering.key = Some(key);
        }
        let config = facts.config().clone();
        response.on_hover_ui_at_pointer(|ui| readout(ui, distance, span, &config, weights));
    }
}

/// z, ramp and reach in a few words.
fn numbers(config: &Config, span: &Span) -> String {
    let reach = thousands(span.reach);
    if config.adapt_span {
        let z = format!("{:.1}", span.span);
        let ramp = config.adapt_span_ramp;
        trf("z {0} · ramp {1} · reach {2} tokens", &[&z, &ramp, &reach])
    } else {
        trf("fixed span of {0} tokens", &[&reach])
    }
}

fn small() -> FontId {
    FontId::proportional(11.0)
}

/// The name of an axis, with the colour of what it measures.
fn name(painter: &Painter, at: Pos2, anchor: Align2, words: &str, color: Color32, weak: Color32) {
    let glyph = 16.0;
    if anchor == Align2::LEFT_TOP {
        let y = at.y + 7.0;
        painter.hline(at.x..=at.x + 11.0, y, Stroke::new(2.5, color));
        painter.text(at + vec2(glyph, 0.0), anchor, words, small(), weak);
    } else {
        let text = painter.text(at, anchor, words, small(), weak);
        let box_at = pos2(text.left() - glyph, at.y + 3.0);
        let rect = Rect::from_min_size(box_at, vec2(11.0, 9.0));
        painter.rect_filled(rect, 0.0, color.gamma_multiply(0.35));
        painter.hline(rect.x_range(), rect.top(), Stroke::new(1.0, color));
    }
}

fn distance_axis(painter: &Painter, axes: &Axes, weak: Color32, line: Color32) {
    let frame = axes.frame;
    let values = if axes.log_distance {
        let decade = f64::from(frame.width()) / axes.far.log10();
        decades(1.0, axes.far, decade > 110.0)
    } else {
        let count = f64::from(frame.width() / 56.0).clamp(2.0, 12.0);
        let mut values = round_numbers(2.0, axes.far, count);
        values.insert(0, 1.0);
        values
    };
    let mut right = f32::NEG_INFINITY;
    for value in values {
        let x = axes.x(value);
        painter.vline(
            x,
            frame.y_range(),
            Stroke::new(1.0, line.gamma_multiply(0.6)),
        );
        let words = thousands(value as usize);
        let galley = painter.layout_no_wrap(words, small(), weak);
        let left = x - 0.5 * galley.size().x;
        if left > right + 6.0 {
            right = left + galley.size().x;
            painter.galley(pos2(left, frame.bottom() + 2.0), galley, weak);
        }
    }
    let at = pos2(frame.center().x, frame.bottom() + 14.0);
    let words = tr("Distance δ from query to key (tokens)");
    painter.text(at, Align2::CENTER_TOP, words, small(), weak);
}

fn mask_axis(painter: &Painter, axes: &Axes, weak: Color32) {
    for (value, words) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1")] {
        let at = pos2(axes.frame.left() - 4.0, axes.height(value));
        painter.text(at, Align2::RIGHT_CENTER, words, small(), weak);
    }
}

fn weight_axis(painter: &Painter, axes: &Axes, weak: Color32) {
    let (low, high) = axes.weights;
    let room = f64::from(axes.frame.height() - NAMES);
    let values = if axes.log_weight {
        decades(10_f64.powf(low), 10_f64.powf(high), false)
    } else {
        round_numbers(0.0, high, (room / 22.0).clamp(1.0, 6.0))
    };
    let mut last = f32::INFINITY;
    for value in values {
        let y = axes.weight(value);
        if y > last - 13.0 {
            continue;
        }
        last = y;
        let at = pos2(axes.frame.right() + 4.0, y);
        painter.text(at, Align2::LEFT_CENTER, share_tick(value), small(), weak);
    }
}

/// A share as a percentage with no more digits than it needs.
pub(super) fn share_tick(share: f64) -> String {
    let percent = 100.0 * share;
    // Rounding at the seventh digit takes off what binary fractions leave.
    let words = format!("{:.5}", percent);
    let words = words.trim_end_matches('0').trim_end_matches('.');
    if words.len() > 6 && percent >= 0.01 {
        return format!("{percent:.2} %");
    }
    format!("{words} %")
}

/// The mask as a line: 1 up to z + 1, the ramp, 0.
fn mask_path(axes: &Axes, span: &Span, config: &Config) -> Vec<Pos2> {
    let (z, ramp) = (f64::from(span.span), config.adapt_span_ramp as f64);
    let end = (z + 1.0 + ramp).min(config.attn_span as f64);
    let begin = (z + 1.0).min(end);
    let mut path = vec![pos2(axes.x(1.0), axes.height(1.0))];
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
fn mask(
    painter: &Painter,
    cx: &ViewContext<'_>,
    axes: &Axes,
    span: &Span,
    config: &Config,
    names: &mut Names,
) {
    let color = cx.palette.edge;
    let (z, ramp) = (f64::from(span.span), config.adapt_span_ramp as f64);
    let reach = span.reach as f64;
    let (begin, end) = (axes.x(z + 1.0), axes.x((z + 1.0 + ramp).min(reach + 1.0)));
    let top = axes.frame.top();
    let shade = Rect::from_min_max(
        pos2(begin, top),
        pos2(end.min(axes.frame.right()), axes.frame.bottom()),
    );
    painter.rect_filled(shade, 0.0, color.gamma_multiply(0.10));
    let thin = Stroke::new(1.0, color.gamma_multiply(0.6));
    for x in [begin, axes.x(reach)] {
        painter.extend(Shape::dashed_line(
            &[pos2(x, top), pos2(x, axes.frame.bottom())],
            thin,
            2.0,
            3.0,
        ));
    }
    painter.line(mask_path(axes, span, config), Stroke::new(2.0, color));
    let ink = color;
    let words = trf("z {0}", &[&format!("{z:.1}")]);
    names.put_left(begin, &words, ink, top);
    names.put(
        axes.x(reach),
        &trf("reach {0}", &[&thousands(span.reach)]),
        ink,
        top,
    );
    let words = trf("ramp {0}", &[&config.adapt_span_ramp]);
    let wide = painter.layout_no_wrap(words.clone(), small(), ink).size().x;
    if wide + 6.0 < shade.width() {
        let at = pos2(shade.center().x, top + 1.0);
        let rect = Align2::CENTER_TOP.anchor_size(at, vec2(wide, 13.0));
        names.place(rect, &words, ink);
    }
}

/// The distances within which most of the weight lies.
fn effective_marks(
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
struct Names {
    painter: Painter,
    frame: Rect,
    ground: Color32,
    taken: Vec<Rect>,
}

impl Names {
    /// Puts a name beside the line at `x`, at the right of it or else at the left.
    fn put(&mut self, x: f32, words: &str, color: Color32, top: f32) {
        let (left, right) = self.beside(x, words, top);
        if !self.place(right, words, color) {
            self.place(left, words, color);
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

/// What stands at a distance.
fn readout(ui: &mut Ui, distance: usize, span: &Span, config: &Config, weights: &[f32]) {
    ui.label(strong(trf("distance {0}", &[&thousands(distance)])));
    egui::Grid::new("readout")
        .num_columns(2)
        .spacing([16.0, 2.0])
        .show(ui, |ui| {
            let mut row = |name: &str, value: String| {
                ui.label(quiet(name));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.label(value);
                });
                ui.end_row();
            };
            if config.adapt_span {
                let kept = if distance > config.attn_span {
                    0.0
                } else {
                    soft_mask(span.span, config.adapt_span_ramp, distance)
                };
                row(tr("soft mask m(δ)"), format!("{kept:.3}"));
            }
            if let Some(weight) = weights.get(distance - 1) {
                row(tr("mean weight"), share_tick(f64::from(*weight)));
            }
            let sum = |weights: &[f32]| weights.iter().map(|w| f64::from(*w)).sum::<f64>();
            let all = sum(weights);
            if all > 0.0 {
                let within = sum(&weights[..distance.min(weights.len())]);
                row(tr("weight within"), percent((within / all) as f32));
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_at_an_axis_have_the_digits_they_need() {
        let of = |share| share_tick(share);
        assert_eq!([of(0.0), of(0.3), of(0.05)], ["0 %", "30 %", "5 %"]);
        assert_eq!([of(0.0025), of(1e-5)], ["0.25 %", "0.001 %"]);
        assert_eq!(of(0.123_456), "12.35 %");
    }

    #[test]
    fn distances_and_places_belong_together() {
        for log_distance in [false, true] {
            let axes = Axes {
                frame: Rect::from_min_max(pos2(10.0, 10.0), pos2(210.0, 110.0)),
                log_distance,
                far: 119.0,
                weights: (0.0, 1.0),
                log_weight: false,
            };
            assert_eq!((axes.x(1.0), axes.x(119.0)), (10.0, 210.0));
            for distance in [1.0, 7.0, 100.0] {
                assert!((axes.distance(axes.x(distance)) - distance).abs() < 1e-3);
            }
        }
    }
}
