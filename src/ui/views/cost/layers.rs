//! Which layers cost most: one stacked bar per layer.

use super::bars::{part_colors, part_name, spaced};
use super::ratio;
use super::sums::{Sums, parts};
use crate::chart::thousands;
use crate::model::{HeadId, Reach};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::paint::{grid_color, paint_text};
use eframe::egui::{self, Align2, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// The bars; a click selects a layer's heads, with Ctrl in addition.
pub fn show(ui: &mut Ui, cx: &mut ViewContext<'_>, sums: &Sums, height: f32) {
    ui.horizontal_wrapped(|ui| {
        ui.label(strong(tr("By layer")));
        ui.label(quiet(tr(
            "per-head spans; click a layer to select its heads",
        )));
    });
    let size = vec2(ui.available_width(), height);
    let (area, _) = ui.allocate_exact_size(size, Sense::hover());
    let layers = &sums.of[0].layers;
    let count = layers.len().max(1);
    let most = layers
        .iter()
        .map(|flops| flops.total())
        .max()
        .unwrap_or(0)
        .max(1);
    let weak = ui.visuals().weak_text_color();
    let axis = 46.0;
    let bars = Rect::from_min_max(
        pos2(area.left() + axis, area.top() + 6.0),
        pos2(area.right(), area.bottom() - 16.0),
    );
    if bars.width() < 20.0 || bars.height() < 20.0 {
        return;
    }
    // The scale: nothing, and the costliest layer.
    let line = Stroke::new(1.0, grid_color(ui));
    for (value, y) in [
        (most, bars.top()),
        (most / 2, bars.center().y),
        (0, bars.bottom()),
    ] {
        ui.painter().hline(bars.x_range(), y, line);
        let words = if value == 0 {
            "0".to_owned()
        } else {
            spaced(value).trim_end().to_owned()
        };
        let at = pos2(bars.left() - 5.0, y);
        paint_text(ui, at, Align2::RIGHT_CENTER, &words, 11.0, weak);
    }
    let step = bars.width() / count as f32;
    let every = (22.0 / step).ceil().max(1.0) as usize;
    let colors = part_colors(ui, &cx.palette);
    for (layer, flops) in layers.iter().enumerate() {
        let left = bars.left() + step * layer as f32;
        let slot = Rect::from_x_y_ranges(left..=left + step, bars.top()..=area.bottom());
        let response = ui.interact(slot, ui.scope_id().with(("layer", layer)), Sense::click());
        let gap = (0.12 * step).min(6.0);
        let mut y = bars.bottom();
        for (part, value) in parts(flops, None).into_iter().enumerate() {
            let tall = value.unwrap_or(0) as f32 / most as f32 * bars.height();
            let piece = Rect::from_x_y_ranges(left + gap..=left + step - gap, y - tall..=y);
            ui.painter().rect_filled(piece, 0.0, colors[part]);
            y -= tall;
        }
        let whole = Rect::from_x_y_ranges(left + gap..=left + step - gap, y..=bars.bottom());
        let selected = cx
            .selection
            .heads
            .all()
            .iter()
            .filter(|head| head.layer == layer)
            .count();
        let under = cx.hover.head.is_some_and(|head| head.layer == layer);
        if selected == sums.architecture.nb_heads() {
            let stroke = Stroke::new(2.0, cx.palette.accent);
            ui.painter()
                .rect_stroke(whole, 1.0, stroke, StrokeKind::Outside);
        } else if selected > 0 || under || response.hovered() || response.has_focus() {
            let stroke = Stroke::new(
                1.0,
                if selected > 0 {
                    cx.palette.accent
                } else {
                    weak
                },
            );
            ui.painter()
                .rect_stroke(whole, 1.0, stroke, StrokeKind::Outside);
        }
        if layer.is_multiple_of(every) {
            let at = pos2(slot.center().x, area.bottom());
            let words = layer.to_string();
            let ink = ui.visuals().text_color();
            paint_text(ui, at, Align2::CENTER_BOTTOM, &words, 11.0, ink);
        }
        let total = flops.total();
        let reach = sums.spans.iter().filter(|span| span.layer == layer);
        let longest = reach.map(|span| span.reach).max().unwrap_or(Reach::of(0));
        response.widget_info(|| {
            let name = trf("Layer {0}: {1}FLOPs per token", &[&layer, &spaced(total)]);
            egui::WidgetInfo::labeled(egui::Role::Button, true, name)
        });
        if response.clicked() {
            select(ui, cx, sums, layer);
        }
        let full = sums.of[2]
            .layers
            .get(layer)
            .map_or(0, |flops| flops.total());
        response
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .on_hover_ui_at_pointer(|ui| {
                ui.label(strong(trf("Layer {0}", &[&layer])));
                ui.label(trf(
                    "{0}FLOPs per token, {1} than with full span",
                    &[&spaced(total), &ratio(full as f64, total as f64)],
                ));
                for (part, value) in parts(flops, None).into_iter().enumerate() {
                    if let Some(value) = value.filter(|value| *value > 0) {
                        ui.label(quiet(format!(
                            "{}: {}",
                            part_name(part),
                            spaced(value).trim_end()
                        )));
                    }
                }
                ui.label(match longest.end() {
                    Some(longest) => trf("longest reach {0}", &[&thousands(longest)]),
                    None => tr("no limit on the reach").to_owned(),
                });
            });
    }
}

/// Selects all heads of a layer, the one that reaches farthest leading.
fn select(ui: &Ui, cx: &mut ViewContext<'_>, sums: &Sums, layer: usize) {
    let Some(leading) = sums.longest(layer) else {
        return;
    };
    let mut heads: Vec<HeadId> = (0..sums.architecture.nb_heads())
        .map(|head| HeadId { layer, head })
        .collect();
    if ui.input(|input| input.modifiers.command) {
        heads.extend(cx.selection.heads.all());
    }
    cx.selection.select_heads(leading, heads);
}
