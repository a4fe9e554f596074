//! The logit lens: a row for every layer.

use crate::analysis::{Lens, LensLayer, Watched, bits};
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::engine::figures::percentage;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::fact_rows::fact_rows;
use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, Ui, pos2, vec2};

/// Height of a row, in points.
const ROW: f32 = 19.0;

/// The width below which the bars make room for the likeliest tokens, in points.
const NARROW: f32 = 300.0;

/// Width of a layer's name, of its bar, of its percentage, and of its rank, in a row of that width.
fn columns(width: f32) -> [f32; 4] {
    let bar = if width < NARROW { 0.0 } else { 48.0 };
    [70.0, bar, 54.0, 46.0]
}

/// Every layer's guess: how likely it finds the token whose logit is attributed, and its likeliest tokens.
pub fn show(ui: &mut Ui, cx: &ViewContext<'_>, model: &LoadedModel, lens: &Lens, current: bool) {
    let label = model.label(lens.of);
    let first = lens.layers.first().and_then(|layer| layer.watched.first());
    let last = lens.layers.last().and_then(|layer| layer.watched.first());
    if let (Some(first), Some(last)) = (first, last) {
        let rank = |of: &Watched| thousands(of.guess.rank);
        ui.label(quiet(trf(
            "“{0}”: rank {1} after the embedding, {2} after the last layer",
            &[&label, &rank(first), &rank(last)],
        )));
    }
    head(ui, &label);
    // Rows are counted with what lies between them.
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("layers")
        .auto_shrink([false, false])
        .show_rows(ui, ROW, lens.layers.len(), |ui, rows| {
            for layer in lens.layers.get(rows).unwrap_or_default() {
                line(ui, cx, model, lens, (layer, current));
            }
        });
}

/// The names of the columns.
fn head(ui: &mut Ui, label: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    let weak = ui.visuals().weak_text_color();
    let [name, bar, percent, rank] = columns(rect.width());
    let text = |ui: &Ui, from: f32, width: f32, anchor: Align2, words: &str| {
        let place = Rect::from_x_y_ranges(from..=from + width, rect.y_range());
        let painter = ui.painter().with_clip_rect(place.intersect(ui.clip_rect()));
        let at = anchor.pos_in_rect(&place);
        painter.text(at, anchor, words, FontId::proportional(11.0), weak);
    };
    let (left, start) = (rect.left(), Align2::LEFT_CENTER);
    text(ui, left, name, start, tr("After"));
    let words = trf("p of “{0}”", &[&label]);
    text(ui, left + name, bar + percent, start, &words);
    let end = left + name + bar + percent;
    text(ui, end, rank, Align2::RIGHT_CENTER, tr("rank"));
    let from = end + rank + 8.0;
    let room = (rect.right() - from).max(0.0);
    text(ui, from, room, start, tr("likeliest"));
}

/// The name of a row.
fn name(layer: Option<usize>) -> String {
    layer.map_or_else(|| tr("embedding").to_owned(), |layer| format!("L{layer}"))
}

fn line(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    model: &LoadedModel,
    lens: &Lens,
    (layer, current): (&LensLayer, bool),
) {
    let size = vec2(ui.available_width(), ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let fade = |color: Color32| match current {
        true => color,
        false => color.gamma_multiply(0.4),
    };
    let ink = fade(ui.visuals().text_color());
    let weak = fade(ui.visuals().weak_text_color());
    if response.hovered() {
        ui.painter()
            .rect_filled(rect, 2.0, ui.visuals().faint_bg_color);
    }
    let (own, middle) = (layer.watched.first(), rect.center().y);
    let p = own.map_or(0.0, |of| of.guess.log_p.exp());
    let (percent, rank) = (
        format!("{} %", percentage(100.0 * p)),
        own.map_or(String::new(), |of| thousands(of.guess.rank)),
    );
    let [name_width, bar_width, percent_width, rank_width] = columns(rect.width());
    let painter = ui.painter();
    let text = |at: f32, anchor: Align2, words: &str, color| {
        painter.text(
            pos2(at, middle),
            anchor,
            words,
            FontId::proportional(12.0),
            color,
        )
    };
    let name = name(layer.layer);
    text(rect.left(), Align2::LEFT_CENTER, &name, weak);
    let left = rect.left() + name_width;
    if bar_width > 0.0 {
        let long = (bar_width - 4.0) * p.clamp(0.0, 1.0);
        let bar = Rect::from_min_size(
            pos2(left, rect.top() + 4.0),
            vec2(long.max(1.0), rect.height() - 8.0),
        );
        painter.rect_filled(bar, 1.0, fade(cx.palette.accent));
    }
    let end = left + bar_width + percent_width;
    text(end, Align2::RIGHT_CENTER, &percent, ink);
    text(end + rank_width, Align2::RIGHT_CENTER, &rank, weak);
    // The likeliest tokens, as many as have room; the one that is watched stands out.
    let first = end + rank_width + 8.0;
    let mut at = first;
    let clipped = painter.with_clip_rect(rect.intersect(ui.clip_rect()));
    for of in &layer.top {
        let is_it = of.guess.id == lens.of;
        let color = if is_it { fade(cx.palette.accent) } else { ink };
        let label = model.label(of.guess.id);
        let galley = painter.layout_no_wrap(label, FontId::monospace(12.5), color);
        let width = galley.size().x;
        // Whole tokens only: a mark of more would look like one. Of one that is too long, its beginning.
        if at + width > rect.right() && at > first {
            break;
        }
        clipped.galley(pos2(at, middle - galley.size().y / 2.0), galley, color);
        at += width + 10.0;
    }
    let labels: Vec<String> = layer
        .top
        .iter()
        .map(|of| model.label(of.guess.id))
        .collect();
    let labels = labels.join(", ");
    response.widget_info(|| {
        let words = trf(
            "After {0}: {1}, rank {2}; likeliest: {3}",
            &[&name, &percent, &rank, &labels],
        );
        egui::WidgetInfo::labeled(egui::Role::Label, true, words)
    });
    response.on_hover_ui(|ui| facts(ui, model, layer, &name));
}

/// The numbers of a row.
fn facts(ui: &mut Ui, model: &LoadedModel, layer: &LensLayer, name: &str) {
    ui.label(strong(trf("After {0}", &[&name])));
    fact_rows(ui, |show| {
        let beyond = layer
            .watched
            .iter()
            .filter(|of| of.guess.rank > layer.top.len());
        for of in layer.top.iter().chain(beyond) {
            let label = format!("{} {}", thousands(of.guess.rank), model.label(of.guess.id));
            let numbers = trf(
                "{0} % · {1} bits · logit {2}",
                &[
                    &percentage(100.0 * of.guess.log_p.exp()),
                    &format!("{:.2}", bits(-of.guess.log_p).max(0.0)),
                    &format!("{:.3}", of.logit),
                ],
            );
            show(&label, numbers);
        }
        show(
            tr("Entropy"),
            trf("{0} bits", &[&format!("{:.2}", layer.entropy_bits)]),
        );
    });
}
