//! One number of all heads as bars: layer by layer, or the largest first.

use crate::ui::language::{tr, trf};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::head_axis::HeadAxis;
use crate::ui::widgets::head_menu::{head_menu, head_tooltip};
use crate::ui::widgets::paint::{grid_color, paint_text, paint_upwards};
use crate::ui::widgets::statistic::{DisplayName, Filter, Row, Statistic};
use eframe::egui::epaint::RectShape;
use eframe::egui::{self, Align2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

/// Room for numbers and names of the axes.
const LEFT: f32 = 46.0;
const UNDER: f32 = 30.0;

/// Room between layers, in bars.
const GAP: f32 = 0.6;

/// Draws them into the width there is, `height` high.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    rows: &[Row],
    filter: &Filter,
    (statistic, sorted): (Statistic, bool),
    height: f32,
) {
    let width = ui.available_width();
    let (area, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    let frame = Rect::from_min_max(area.min + vec2(LEFT, 6.0), area.max - vec2(4.0, UNDER));
    let words = trf("Bars of all heads: {0}", &[&statistic.name()]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, &words));
    let axis = HeadAxis::new(statistic, rows, true);
    let ink = ui.visuals().weak_text_color();
    let painter = ui.painter().clone();
    for (share, words) in axis.ticks(frame.height(), 26.0) {
        let y = frame.bottom() - share * frame.height();
        painter.hline(frame.x_range(), y, Stroke::new(1.0, grid_color(ui)));
        let at = pos2(frame.left() - 3.0, y);
        paint_text(ui, at, Align2::RIGHT_CENTER, &words, 10.0, ink);
    }
    let order: Vec<&Row> = match sorted {
        true => statistic.sort(rows, true),
        false => rows.iter().collect(),
    };
    let layers = rows.chunk_by(|a, b| a.span.layer == b.span.layer).count();
    let heads = rows.len() / layers.max(1);
    let gap = if sorted { 0.0 } else { GAP };
    let pitch = frame.width() / (rows.len() as f32 + gap * layers as f32).max(1.0);
    let left_of = |i: usize| {
        let layer = i / heads.max(1);
        frame.left() + pitch * (i as f32 + gap * (layer as f32 + 0.5))
    };
    let mut shapes: Vec<Shape> = Vec::with_capacity(order.len());
    let mut marked = Vec::new();
    for (i, row) in order.iter().enumerate() {
        let share = statistic.of(row).and_then(|value| axis.share(value));
        let left = left_of(i);
        let right = left + if pitch < 3.0 { pitch } else { pitch - 1.0 };
        let column = Rect::from_x_y_ranges(left..=right, frame.y_range());
        if let Some(share) = share {
            let top = frame.bottom() - (share * frame.height()).max(1.0);
            let color = cx.palette.layer(row.span.layer, layers);
            let fade = if filter.lets(row) { 1.0 } else { 0.18 };
            let bar = Rect::from_min_max(pos2(left, top), pos2(right, frame.bottom()));
            shapes.push(RectShape::filled(bar, 0.0, color.gamma_multiply(fade)).into());
        }
        let id = row.id();
        if cx.selection.heads.contains(id) || cx.hover.head == Some(id) {
            marked.push((column, id));
        }
    }
    painter.extend(shapes);
    for (column, id) in marked {
        let stroke = match cx.selection.heads.leading() == id {
            true => Stroke::new(1.5, ui.visuals().strong_text_color()),
            false => Stroke::new(1.0, cx.palette.accent),
        };
        painter.rect_stroke(column, 0.0, stroke, egui::StrokeKind::Outside);
    }
    painter.hline(frame.x_range(), frame.bottom(), Stroke::new(1.0, ink));
    names(ui, frame, (sorted, layers), &|layer| {
        (left_of(layer * heads) + left_of(layer * heads + heads) - gap * pitch) / 2.0
    });
    paint_upwards(
        ui,
        frame.left() - LEFT,
        frame,
        &[&statistic.axis(), statistic.name(), statistic.short()],
    );
    let Some(at) = response.hover_pos().filter(|at| frame.contains(*at)) else {
        return;
    };
    let under = (0..order.len()).find(|i| (left_of(*i)..left_of(*i) + pitch).contains(&at.x));
    let Some(row) = under.and_then(|i| order.get(i)) else {
        return;
    };
    cx.hovering.head = Some(row.id());
    if response.clicked() {
        cx.click_head(ui, row.id());
    }
    response.context_menu(|ui| head_menu(ui, cx, row));
    response.on_hover_ui_at_pointer(|ui| head_tooltip(ui, row));
}

/// Numbers of layers under their bars, as many as have room, or what the order is.
fn names(ui: &Ui, frame: Rect, (sorted, layers): (bool, usize), middle: &dyn Fn(usize) -> f32) {
    let ink = ui.visuals().weak_text_color();
    let title = if sorted {
        tr("Heads, the largest first")
    } else {
        tr("Layer")
    };
    let under = pos2(frame.center().x, frame.bottom() + UNDER - 1.0);
    paint_text(ui, under, Align2::CENTER_BOTTOM, title, 11.0, ink);
    if sorted {
        return;
    }
    let mut end = f32::NEG_INFINITY;
    for layer in 0..layers {
        let x = middle(layer);
        if x - end >= 18.0 {
            let at = pos2(x, frame.bottom() + 2.0);
            paint_text(ui, at, Align2::CENTER_TOP, &layer.to_string(), 10.0, ink);
            end = x;
        }
    }
}
