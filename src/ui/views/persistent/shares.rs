//! The shares of every head's weight: stacked bars, head by head, grouped by layer.

use crate::analysis::Shares;
use crate::engine::figures::Quantity;
use crate::model::HeadId;
use crate::ui::language::tr;
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::{head_name, percent};
use crate::ui::widgets::paint::{grid_color, paint_text};
use eframe::egui::{self, Align2, Color32, Mesh, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use std::sync::Arc;

/// Room for the numbers at the left, for the marks and layers below, in points.
const LEFT: f32 = 34.0;
const BELOW: f32 = 38.0;

/// A part of a bar: its name, its colour, and its share.
type Part = (&'static str, Color32, fn(&Shares) -> f32);

/// The parts of a bar from the bottom up, where there are persistent vectors and where there are none.
fn parts(cx: &ViewContext<'_>, persistent: bool) -> Vec<Part> {
    let palette = &cx.palette;
    let mut parts: Vec<Part> = vec![(tr("text"), palette.context, |s| s.context)];
    if persistent {
        parts.push((tr("persistent vectors"), palette.persistent, |s| {
            s.persistent
        }));
    }
    let model = cx.snapshot.model.as_ref();
    let architecture = model.map(|model| model.network.architecture());
    if architecture.is_none_or(|of| of.has_empty_context()) {
        parts.push((tr("empty context"), palette.empty, |s| s.empty));
    }
    if architecture.is_some_and(|of| of.has_sinks()) {
        parts.push((tr("sink"), palette.limit, |s| s.sink));
    }
    if model.is_some_and(|model| model.network.architecture().loses_weight()) {
        let color = palette.empty.gamma_multiply(0.4);
        parts.push((tr("masked, not renormalised"), color, Shares::masked));
    }
    parts
}

/// The title, and the names of the parts in the order in which they are stacked.
pub(super) fn legend(ui: &mut Ui, cx: &ViewContext<'_>, persistent: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.label(strong(tr("Where the weight goes"))).on_hover_text(tr(
            "Mean over the tokens of this text. Click a bar to select its head, with Ctrl in addition, with Shift all up to it.",
        ));
        ui.label(quiet(tr("from the bottom:")));
        for (name, color, _) in parts(cx, persistent) {
            named(ui, name, color);
        }
    });
}

/// A colour and its name, which stay together where the line ends.
fn named(ui: &mut Ui, name: &str, color: Color32) {
    let ink = ui.visuals().weak_text_color();
    let font = egui::FontId::proportional(12.0);
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font, ink);
    let size = vec2(galley.size().x + 14.0, galley.size().y);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, name));
    let swatch = Rect::from_center_size(rect.left_center() + vec2(4.5, 0.0), vec2(9.0, 9.0));
    ui.painter().rect_filled(swatch, 2.0, color);
    ui.painter().galley(rect.min + vec2(14.0, 0.0), galley, ink);
}

/// The places of the bars: `heads` of a layer side by side, then a gap.
struct Places {
    rect: Rect,
    heads: usize,
    /// Points per head.
    width: f32,
    pixel: f32,
}

impl Places {
    fn new(rect: Rect, count: usize, heads: usize, pixel: f32) -> Self {
        let heads = heads.max(1);
        // A gap between two layers is as wide as a head.
        let slots = (count + count.div_ceil(heads)).max(2) - 1;
        Self {
            rect,
            heads,
            width: rect.width() / slots as f32,
            pixel,
        }
    }

    /// Left and right of a head's slot.
    fn slot(&self, i: usize) -> (f32, f32) {
        let left = self.rect.left() + (i + i / self.heads) as f32 * self.width;
        (left, left + self.width)
    }

    /// The same without the gap to the next bar, on whole pixels: thin bars would shimmer otherwise.
    fn bar(&self, i: usize) -> (f32, f32) {
        let (left, right) = self.slot(i);
        let gap = if self.width >= 5.0 {
            0.14 * self.width
        } else {
            0.0
        };
        let round = |x: f32| (x / self.pixel).round() * self.pixel;
        let (left, right) = (round(left), round(right - gap));
        (left, right.max(left + self.pixel))
    }

    /// The head at a place.
    fn at(&self, x: f32, count: usize) -> Option<usize> {
        let slot = ((x - self.rect.left()) / self.width).floor();
        if slot < 0.0 {
            return None;
        }
        let (layer, head) = (
            slot as usize / (self.heads + 1),
            slot as usize % (self.heads + 1),
        );
        // A gap belongs to the head before it.
        let i = layer * self.heads + head.min(self.heads - 1);
        (i < count).then_some(i)
    }
}

/// The chart, over all that is left of `ui`.
pub(super) fn chart(ui: &mut Ui, cx: &mut ViewContext<'_>, heads: usize, persistent: bool) {
    let all = Arc::clone(&cx.snapshot.shares);
    let size = ui.available_size().max(vec2(60.0, 50.0));
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Canvas,
            true,
            tr("Shares of the weight by head: click a bar to select its head"),
        )
    });
    let rect = Rect::from_min_max(
        area.min + vec2(LEFT, 4.0),
        area.max - vec2(4.0, BELOW.min(0.5 * area.height())),
    );
    let places = Places::new(rect, all.len(), heads, 1.0 / ui.ctx().pixels_per_point());
    bars(ui, &places, &all, &parts(cx, persistent));
    frame(ui, &places, all.len());
    marks(ui, cx, &places, all.len());

    let hovered = response
        .hover_pos()
        .filter(|at| at.y <= rect.bottom() + 12.0)
        .and_then(|at| places.at(at.x, all.len()));
    let Some(i) = hovered else {
        return;
    };
    let place = HeadId::new(i / places.heads, i % places.heads);
    cx.hovering.head = Some(place);
    if response.clicked() {
        cx.click_head(ui, place);
    }
    let names = parts(cx, persistent);
    response
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .on_hover_ui_at_pointer(|ui| {
            ui.label(strong(head_name(place)));
            egui::Grid::new("shares")
                .num_columns(3)
                .min_col_width(0.0)
                .spacing([6.0, 2.0])
                .show(ui, |ui| {
                    // As they are stacked.
                    for (name, color, of) in names.iter().rev() {
                        let (rect, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
                        ui.painter().rect_filled(rect, 2.0, *color);
                        ui.label(*name);
                        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                            ui.label(percent(of(&all[i])));
                        });
                        ui.end_row();
                    }
                });
            ui.label(quiet(tr("click to select; Ctrl and Shift select several")));
        });
}

fn bars(ui: &Ui, places: &Places, all: &[Shares], parts: &[Part]) {
    let rect = places.rect;
    ui.painter()
        .rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
    let mut mesh = Mesh::default();
    let ground = ui.visuals().extreme_bg_color;
    for (i, shares) in all.iter().enumerate() {
        let (left, right) = places.bar(i);
        let mut below = 0.0;
        for (_, color, of) in parts {
            let above = (below + of(shares).max(0.0)).min(1.0);
            let y = |share: f32| rect.bottom() - share * rect.height();
            let (top, bottom) = (y(above), y(below));
            if bottom - top > 0.0 {
                let part = Rect::from_min_max(pos2(left, top), pos2(right, bottom));
                mesh.add_colored_rect(part, *color);
                // A line between two parts: they must not be told apart by colour alone.
                if bottom - top > 2.0 * places.pixel && below > 0.0 {
                    let line =
                        Rect::from_min_max(pos2(left, bottom - places.pixel), pos2(right, bottom));
                    mesh.add_colored_rect(line, ground);
                }
            }
            below = above;
        }
    }
    ui.painter().add(mesh);
}

/// Numbers at the left, layers below.
fn frame(ui: &Ui, places: &Places, count: usize) {
    let rect = places.rect;
    let ink = ui.visuals().weak_text_color();
    let line = Stroke::new(1.0, grid_color(ui).gamma_multiply(0.5));
    let ticks: &[usize] = if rect.height() >= 80.0 {
        &[0, 25, 50, 75, 100]
    } else {
        &[0, 50, 100]
    };
    for tick in ticks {
        let y = rect.bottom() - *tick as f32 / 100.0 * rect.height();
        ui.painter().hline(rect.x_range(), y, line);
        let at = pos2(
            rect.left() - 4.0,
            y.clamp(rect.top() + 4.0, rect.bottom() - 4.0),
        );
        let words = format!("{tick} %");
        paint_text(ui, at, Align2::RIGHT_CENTER, &words, 10.0, ink);
    }
    let layers = count / places.heads;
    let room = 20.0 / (places.width * (places.heads + 1) as f32);
    let step = super::sheet::step(f64::from(room));
    for layer in 0..layers {
        let (left, _) = places.slot(layer * places.heads);
        let (_, right) = places.slot(layer * places.heads + places.heads - 1);
        if layer > 0 && places.width >= 2.0 {
            let x = left - places.width / 2.0;
            ui.painter()
                .vline(x, rect.bottom()..=rect.bottom() + 4.0, line);
        }
        if layer.is_multiple_of(step) {
            let at = pos2((left + right) / 2.0, rect.bottom() + 9.0);
            let words = layer.to_string();
            paint_text(ui, at, Align2::CENTER_TOP, &words, 10.0, ink);
        }
    }
    let at = pos2(rect.center().x, rect.bottom() + 22.0);
    paint_text(
        ui,
        at,
        Align2::CENTER_TOP,
        tr(Quantity::Layer.axis()),
        11.0,
        ink,
    );
}

/// A mark under every selected head, an outline around the leading one, a thin one around that under the pointer.
fn marks(ui: &Ui, cx: &ViewContext<'_>, places: &Places, count: usize) {
    let rect = places.rect;
    let accent = cx.palette.accent;
    let around = |HeadId { layer, head }: HeadId| {
        let i = layer * places.heads + head;
        (i < count && head < places.heads).then(|| {
            let (left, right) = places.bar(i);
            Rect::from_x_y_ranges(left..=right, rect.y_range())
        })
    };
    for bar in cx
        .selection
        .heads
        .all()
        .iter()
        .filter_map(|head| around(*head))
    {
        let middle = bar.center().x;
        let half = (bar.width() / 2.0).max(1.5);
        let mark = Rect::from_min_max(
            pos2(middle - half, rect.bottom() + 1.0),
            pos2(middle + half, rect.bottom() + 4.0),
        );
        ui.painter().rect_filled(mark, 0.0, accent);
    }
    if let Some(bar) = around(cx.selection.heads.leading()) {
        let bar = bar.expand2(vec2(1.0, 1.0));
        ui.painter().rect_stroke(
            bar,
            0.0,
            Stroke::new(1.6, accent),
            egui::StrokeKind::Outside,
        );
        let tip = pos2(bar.center().x, rect.bottom() + 2.0);
        let foot = [tip, tip + vec2(-4.0, 7.0), tip + vec2(4.0, 7.0)];
        ui.painter()
            .add(Shape::convex_polygon(foot.to_vec(), accent, Stroke::NONE));
    }
    if let Some(bar) = cx.hover.head.and_then(around) {
        let quiet = Stroke::new(1.0, ui.visuals().text_color());
        ui.painter()
            .rect_stroke(bar.expand(1.0), 0.0, quiet, egui::StrokeKind::Outside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_head_is_found_where_its_bar_stands() {
        for (width, pixel) in [(460.0, 1.0), (900.0, 0.5), (40.0, 1.0)] {
            let rect = Rect::from_min_size(pos2(30.0, 0.0), vec2(width, 100.0));
            let places = Places::new(rect, 288, 8, pixel);
            for i in 0..288 {
                let (left, right) = places.slot(i);
                assert_eq!(places.at((left + right) / 2.0, 288), Some(i));
                let (left, right) = places.bar(i);
                assert!(right - left >= pixel && left >= rect.left() - 0.5);
            }
            assert!(places.slot(287).1 <= rect.right() + 0.01);
            assert_eq!(places.at(29.0, 288), None);
            assert_eq!(places.at(rect.right() + 50.0, 288), None);
        }
        let one = Places::new(
            Rect::from_min_size(pos2(0.0, 0.0), vec2(10.0, 9.0)),
            1,
            1,
            1.0,
        );
        assert_eq!(one.at(5.0, 1), Some(0));
    }
}
