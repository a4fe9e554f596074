//! The leading head: its soft mask over distance, and the weight that this text gives each distance.

use super::SpansView;
use super::curve_axes::{Axes, distance_axis, mask_axis, name, share_tick, small, weight_axis};
use super::curve_marks::{Names, effective_marks, mask, mask_path};
use super::curve_words::{more_of, numbers};
use super::facts::Facts;
use super::marks::fill;
use super::removed::title;
use crate::chart::thousands;
use crate::engine::figures::{Quantity, WEIGHT_DECADES};
use crate::engine::{HeadStats, Heads, LeadingHead};
use crate::model::Span;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::fitting;
use crate::ui::widgets::fact_rows::fact_rows;
use crate::ui::widgets::names::{heads_name, named_reach, percent, reach_words};
use crate::ui::widgets::paint::{grid_color, nothing, paint_wrapped};
use eframe::egui::{self, Align2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use std::sync::Arc;

/// Room for the numbers of the axes beside the curve, its names above and its distances below.
pub(super) const SIDES: (f32, f32) = (36.0, 48.0);
const ABOVE: f32 = 15.0;
const BELOW: f32 = 27.0;

/// Least height of the curve, and height of the strip below it.
const LEAST: f32 = 88.0;
const STRIP: f32 = 52.0;

/// The measurements of the leading head, and all that was measured with it.
type Measured<'a> = (&'a Arc<HeadStats>, &'a LeadingHead);

impl SpansView {
    /// The part of the view that shows the leading head.
    pub(super) fn leading(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts) {
        let head = cx.selection.heads.leading();
        let Some(span) = facts.span(head).copied() else {
            return nothing(ui, tr("Select a head."));
        };
        self.leading_row(ui, cx, facts, &span);
        let area = ui.available_rect_before_wrap();
        let surveyed = facts.surveyed.clone();
        let measured = surveyed.as_ref().map(|s| (s, &s.leading));
        let measured =
            measured.filter(|(s, leading)| leading.head == head && !s.queries.is_empty());
        let removed = measured
            .filter(|(s, leading)| span.is_learned() && leading.removed.len() == s.queries.len());
        // Its place is kept while it is measured.
        let has_strip = span.is_learned() && facts.has_text && area.height() >= LEAST + STRIP;
        let seam = area.bottom() - if has_strip { STRIP } else { 0.0 };
        let curve = Rect::from_min_max(area.min, pos2(area.right(), seam));
        self.curve(ui, cx, facts, curve, &span, measured);
        let strip = Rect::from_min_max(pos2(area.left(), seam), area.max);
        match removed {
            Some((surveyed, leading)) if has_strip => {
                self.strip(ui, cx, strip, surveyed, leading, facts.is_fresh);
            }
            None if has_strip => _ = title(ui, strip),
            _ => {}
        }
        ui.advance_cursor_after_rect(area);
    }

    /// The head's name and numbers, and what the axes are.
    fn leading_row(&mut self, ui: &mut Ui, cx: &ViewContext<'_>, facts: &Facts, span: &Span) {
        let head = span.id();
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.toggle_value(&mut self.log_weight, tr("Log weight"))
                    .on_hover_text(tr("A logarithmic axis for the mean weight"));
                ui.toggle_value(&mut self.log_distance, tr("Log distance"))
                    .on_hover_text(tr("A logarithmic axis for the distance"));
                self.verify_button(ui, cx, facts);
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let weighting = facts.surveyed.as_ref().map(|of| of.weighting);
                    let name = Heads::one(head).weighted(weighting.unwrap_or_default());
                    ui.add(egui::Label::new(strong(heads_name(&name))).truncate());
                    if facts.ablated(head) {
                        ui.add(egui::Label::new(tr("ablated")).truncate());
                    }
                    if ui.available_width() > 40.0 {
                        let reach = reach_words(span.reach);
                        // z, the ramp and the reach are named in the curve as well.
                        let short = match span.ramp() {
                            Some(_) => {
                                let z = format!("{:.1}", span.span);
                                trf("z {0} · reach {1}", &[&z, &reach])
                            }
                            None if span.open => tr("full context").to_owned(),
                            None if span.nearest == 0 => trf("window of {0}", &[&reach]),
                            None => tr("fixed span").to_owned(),
                        };
                        let shortest = match span.ramp() {
                            Some(_) => trf("reach {0}", &[&reach]),
                            None => short.clone(),
                        };
                        let words = quiet(fitting(ui, vec![numbers(span), short, shortest]));
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
        let ghost = facts.ghost(span.id());
        let tokens = cx.snapshot.tokens.ids.len();
        let farthest = in_sight(span, tokens);
        let farthest = farthest.max(ghost.map_or(0, |ghost| in_sight(&ghost, tokens)));
        let mut axes = Axes {
            frame,
            log_distance: self.log_distance,
            nearest: span.nearest as f64,
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
            let column = |i: usize| (distances.x(span.distance(i) as f64) - frame.left()) as i32;
            let (peaks, largest) = self.weights.peaks(surveyed, key, weights, column);
            let largest = f64::from(largest);
            axes.weights = match self.log_weight {
                true if largest > 0.0 => {
                    let decades = f64::from(WEIGHT_DECADES);
                    (largest.log10() - decades, largest.log10())
                }
                _ => (0.0, largest.max(1e-9)),
            };
            path = peaks
                .iter()
                .map(|peak| (span.distance(peak.at) as f64, f64::from(peak.value)))
                .filter(|(distance, _)| *distance <= axes.far)
                .map(|(distance, weight)| pos2(axes.x(distance), axes.weight(weight)))
                .collect();
        }
        let painter = ui.painter().clone();
        let visuals = ui.visuals();
        let (ink, weak) = (visuals.text_color(), visuals.weak_text_color());
        let line = grid_color(ui);
        distance_axis(&painter, &axes, weak, line);
        let fade = if facts.is_fresh { 1.0 } else { 0.55 };
        let weighting = facts.surveyed.as_ref().map(|of| of.weighting);
        let quantity = Quantity::mean_weight(weighting.unwrap_or_default());
        let color = cx.palette.layers[quantity.color()].gamma_multiply(fade);
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
        // Dashed, on the same axes: that of later tokens.
        let later = measured.map_or(&[][..], |(_, leading)| &leading.by_later_distance);
        let points = (1_u32..).zip(later).map(|(distance, weight)| {
            pos2(axes.x(f64::from(distance)), axes.weight(f64::from(*weight)))
        });
        let points: Vec<_> = points.collect();
        painter.extend(Shape::dashed_line(
            &points,
            Stroke::new(1.5, color),
            5.0,
            3.0,
        ));
        let mut legend = None;
        if !weights.is_empty() {
            weight_axis(&painter, &axes, weak);
            let (at, words) = (area.right_top(), tr(quantity.axis()));
            legend = Some(name(&painter, at, Align2::RIGHT_TOP, words, color, weak));
        }
        let mut names = Names {
            painter: painter.clone(),
            frame,
            ground: visuals.panel_fill,
            taken: Vec::new(),
        };
        if let Some(ramp) = span.ramp() {
            if let Some(ghost) = ghost {
                let path = mask_path(&axes, &ghost, ramp);
                painter.extend(Shape::dashed_line(&path, Stroke::new(1.0, weak), 4.0, 3.0));
            }
            mask(&painter, cx, &axes, span, ramp, &mut names);
            mask_axis(&painter, &axes, weak);
            let at = area.left_top();
            let words = tr(Quantity::Mask.axis());
            let color = cx.palette.layers[Quantity::Mask.color()];
            name(&painter, at, Align2::LEFT_TOP, words, color, weak);
        } else {
            let lay = |words: String| painter.layout_no_wrap(words, small(), weak);
            let room = legend.map_or(area.right(), |legend| legend.left()) - area.left() - 8.0;
            let all = more_of(facts, span).into_iter().map(lay);
            let all: Vec<_> = all.collect();
            let fits = all.iter().find(|line| line.size().x <= room);
            if let Some(line) = fits.or(all.last()) {
                painter.galley(area.left_top(), Arc::clone(line), weak);
            }
            // A text may end before the reach does.
            if span.farthest() as f64 <= axes.far {
                let x = axes.x(span.farthest() as f64);
                painter.vline(x, frame.y_range(), Stroke::new(1.0, cx.palette.edge));
                let words = match span.reach.end() {
                    Some(context) if span.open => trf("context {0}", &[&thousands(context)]),
                    _ => named_reach(span.reach),
                };
                names.put(x, &words, ink, frame.top());
            }
        }
        // Before the many: what was searched for has the first place.
        self.verified_mark(cx, span.id(), &axes, &mut names, ink);
        if let Some(measure) = facts.measure(span.id()) {
            let effective = self
                .effective(facts, span.id())
                .unwrap_or(measure.effective);
            effective_marks(&axes, &effective, ink, weak, &mut names);
        }
        painter.rect_stroke(
            frame,
            0.0,
            visuals.widgets.noninteractive.bg_stroke,
            egui::StrokeKind::Inside,
        );
        if weights.is_empty() {
            let words = if cx.snapshot.tokens.ids.is_empty() {
                cx.without_text(tr("Type a text to see the weight by distance."))
            } else {
                tr("measuring…").to_owned()
            };
            let color = visuals.weak_text_color();
            paint_wrapped(ui, frame.shrink(6.0), &words, 12.0, color);
        }
        // The distance between the two tokens under the pointer elsewhere.
        if let (Some(token), Some(key)) = (cx.hover.token, cx.hover.key)
            && let Some(distance) = token.checked_sub(key).filter(|d| *d >= span.nearest)
            && (distance as f64) <= axes.far
        {
            let x = axes.x(distance as f64);
            painter.vline(x, frame.y_range(), Stroke::new(1.0, weak));
        }
        let Some(pointer) = response.hover_pos() else {
            return;
        };
        let distance = axes.distance(pointer.x).round().max(axes.nearest);
        let x = axes.x(distance);
        painter.vline(x, frame.y_range(), Stroke::new(1.0, ink));
        let distance = distance as usize;
        if let Some(query) = cx.query()
            && let Some(key) = query.checked_sub(distance)
        {
            cx.hovering.token = Some(query);
            cx.hovering.key = Some(key);
        }
        response.on_hover_ui_at_pointer(|ui| readout(ui, distance, span, (weights, later)));
    }
}

/// The farthest distance that is drawn of a head on a text of so many tokens: of one that sees all of a text, as far as that goes,
/// which may be farther than the model was trained for.
fn in_sight(span: &Span, tokens: usize) -> usize {
    match (span.reach.end(), tokens) {
        (Some(_), _) if !span.open => span.farthest(),
        (Some(_), 0) => span.farthest(),
        _ => tokens.max(2) - 1,
    }
}

/// The numbers at a distance.
fn readout(ui: &mut Ui, distance: usize, span: &Span, (weights, later): (&[f32], &[f32])) {
    ui.label(strong(trf("distance {0}", &[&thousands(distance)])));
    fact_rows(ui, |row| {
        if span.is_learned() {
            row(tr("soft mask m(δ)"), format!("{:.3}", span.mask(distance)));
        }
        let column = span.column(distance);
        if let Some(weight) = column.and_then(|column| weights.get(column)) {
            row(tr("mean weight"), share_tick(f64::from(*weight)));
        }
        let ahead = distance.checked_sub(1).and_then(|at| later.get(at));
        if let Some(weight) = ahead {
            row(tr("mean weight, later"), share_tick(f64::from(*weight)));
        }
        let sum = |weights: &[f32]| weights.iter().map(|w| f64::from(*w)).sum::<f64>();
        let all = sum(weights);
        if all > 0.0 {
            let end = column.map_or(0, |column| column + 1);
            let within = sum(&weights[..end.min(weights.len())]);
            row(tr("weight within"), percent((within / all) as f32));
        }
    });
}
