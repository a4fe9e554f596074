//! The weight that the leading head's mask took away, query by query: a strip along the text.

use super::SpansView;
use super::curve::SIDES;
use crate::chart::thousands;
use crate::engine::figures::Quantity;
use crate::engine::{HeadStats, LeadingHead};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::percent;
use eframe::egui::{self, Align2, FontId, Mesh, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use std::sync::Arc;

/// Room above the strip for its name, and below for the queries.
const ABOVE: f32 = 15.0;
const BELOW: f32 = 14.0;

/// The strip's name, and where it ends.
pub(super) fn title(ui: &Ui, area: Rect) -> f32 {
    let words = tr("Removed by the mask, per query");
    let (font, weak) = (FontId::proportional(11.0), ui.visuals().weak_text_color());
    let at = area.left_top() + vec2(0.0, 1.0);
    let place = ui.painter().text(at, Align2::LEFT_TOP, words, font, weak);
    place.right()
}

impl SpansView {
    pub(super) fn strip(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        area: Rect,
        surveyed: &Arc<HeadStats>,
        leading: &LeadingHead,
        is_fresh: bool,
    ) {
        let frame = Rect::from_min_max(
            area.min + vec2(SIDES.0, ABOVE),
            area.max - vec2(SIDES.1, BELOW),
        );
        let queries = surveyed.queries.clone();
        let n = queries.len();
        if n == 0 || frame.width() < 40.0 || frame.height() < 8.0 {
            return;
        }
        let response = ui.interact(
            frame,
            ui.scope_id().with("removed"),
            Sense::click_and_drag(),
        );
        response.widget_info(|| {
            let name = tr("Weight removed by the mask along the text: click a query to select it");
            egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
        });
        let pitch = frame.width() / n as f32;
        let x = |i: usize| frame.left() + (i as f32 + 0.5) * pitch;
        let key = u64::from(frame.width() as u32);
        let column = |i: usize| (x(i) - frame.left()) as i32;
        let (peaks, largest) = self.removed.peaks(surveyed, key, &leading.removed, column);
        let largest = largest.max(1e-9);
        let painter = ui.painter().clone();
        let weak = ui.visuals().weak_text_color();
        let ink = ui.visuals().text_color();
        let small = || FontId::proportional(11.0);
        // The selection lies behind.
        for range in cx.selection.tokens.ranges() {
            let (from, to) = (range.start.max(queries.start), range.end.min(queries.end));
            if from < to {
                let left = frame.left() + (from - queries.start) as f32 * pitch;
                let right = frame.left() + (to - queries.start) as f32 * pitch;
                let band = Rect::from_x_y_ranges(left..=right.max(left + 1.5), frame.y_range());
                painter.rect_filled(band, 0.0, ui.visuals().selection.bg_fill);
            }
        }
        let fade = if is_fresh { 1.0 } else { 0.55 };
        let color = cx.palette.edge.gamma_multiply(0.8 * fade);
        let wide = if pitch > 4.0 {
            pitch - 1.0
        } else {
            pitch.max(1.0)
        };
        let mut mesh = Mesh::default();
        for peak in peaks {
            let high = frame.height() * (peak.value / largest).clamp(0.0, 1.0);
            let x = x(peak.at);
            let bar = Rect::from_min_max(
                pos2(x - 0.5 * wide, frame.bottom() - high),
                pos2(x + 0.5 * wide, frame.bottom()),
            );
            mesh.add_colored_rect(bar, color);
        }
        painter.add(Shape::mesh(mesh));
        let rule = ui.visuals().widgets.noninteractive.bg_stroke;
        painter.rect_stroke(frame, 0.0, rule, egui::StrokeKind::Inside);
        let mean: f64 = leading.removed.iter().map(|r| f64::from(*r)).sum::<f64>() / n as f64;
        let mean = mean as f32;
        let y = frame.bottom() - frame.height() * (mean / largest).clamp(0.0, 1.0);
        let path = [pos2(frame.left(), y), pos2(frame.right(), y)];
        painter.extend(Shape::dashed_line(&path, Stroke::new(1.0, ink), 4.0, 3.0));
        // Names and numbers.
        let end = title(ui, area);
        let words = trf("mean {0}", &[&percent(mean)]);
        let galley = painter.layout_no_wrap(words, small(), ink);
        let at = pos2(area.right() - galley.size().x, area.top() + 1.0);
        if at.x > end + 8.0 {
            painter.galley(at, galley, ink);
        }
        let side = pos2(frame.right() + 4.0, frame.top() - 2.0);
        painter.text(side, Align2::LEFT_TOP, percent(largest), small(), weak);
        let side = pos2(frame.right() + 4.0, frame.bottom());
        if frame.height() > 28.0 {
            painter.text(side, Align2::LEFT_BOTTOM, "0 %", small(), weak);
        }
        let below = frame.bottom() + 1.0;
        let first = painter.text(
            pos2(frame.left(), below),
            Align2::LEFT_TOP,
            thousands(queries.start),
            small(),
            weak,
        );
        let last = painter.text(
            pos2(frame.right(), below),
            Align2::RIGHT_TOP,
            thousands(queries.end - 1),
            small(),
            weak,
        );
        let galley = painter.layout_no_wrap(tr(Quantity::Query.short()).into(), small(), weak);
        let at = pos2(frame.center().x - 0.5 * galley.size().x, below);
        if at.x > first.right() + 6.0 && at.x + galley.size().x < last.left() - 6.0 {
            painter.galley(at, galley, weak);
        }
        // Under the pointer.
        let exact = |x: f32| {
            let i = ((x - frame.left()) / pitch).max(0.0) as usize;
            queries.start + i.min(n - 1)
        };
        if let Some(token) = cx.hover.token.filter(|token| queries.contains(token)) {
            let x = x(token - queries.start);
            painter.vline(x, frame.y_range(), Stroke::new(1.0, weak));
        }
        if let (true, Some(at)) = (response.dragged(), response.interact_pointer_pos())
            && let Some(origin) = ui.input(|input| input.pointer.press_origin())
        {
            cx.selection.drag_tokens(exact(origin.x), exact(at.x));
        }
        let Some(pointer) = response.hover_pos() else {
            return;
        };
        // What is drawn of a column is its largest query: that is the one to be had.
        let distance = |at: usize| (x(at) - pointer.x).abs();
        let nearest = peaks
            .iter()
            .min_by(|a, b| distance(a.at).total_cmp(&distance(b.at)));
        let Some(peak) = nearest else {
            return;
        };
        let token = queries.start + peak.at;
        cx.hovering.token = Some(token);
        if response.clicked() {
            cx.click_token(ui, token);
        }
        let label = cx.snapshot.label(token);
        let value = peak.value;
        response
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .on_hover_ui_at_pointer(|ui| {
                ui.set_max_width(300.0);
                ui.label(strong(trf("query {0}  {1}", &[&thousands(token), &label])));
                ui.label(trf("removed by the mask: {0}", &[&percent(value)]));
                ui.label(quiet(tr(
                    "The share of the query's softmax that the soft mask takes away: \
                     what it would have given to distances on the ramp and beyond the reach. Where many queries share a \
                     pixel, the largest is shown.",
                )));
            });
    }
}
