//! The use that a head makes of each of its persistent vectors: a bar for each, in the columns of the heatmap below.

use super::columns::Columns;
use super::sheet::Sheet;
use crate::chart::thousands;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::percent;
use crate::ui::widgets::paint::{grid_color, paint_text};
use eframe::egui::{self, Align2, Color32, Rect, Shape, Stroke, Ui, pos2};

/// Decades below the largest weight at which a logarithmic axis begins.
const DECADES: f32 = 4.0;

/// Draws the bars into the sheet's frame; what is left of it is for the axis.
pub(super) fn bars(ui: &Ui, cx: &ViewContext<'_>, columns: &Columns, sheet: &Sheet, log: bool) {
    let rect = sheet.rect;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
    let top = columns.usage.mean.iter().fold(0.0_f32, |m, x| m.max(*x));
    let share = |weight: f32| height(weight, top, log);
    let y = |share: f32| rect.bottom() - share * (rect.height() - 2.0);
    axis(ui, rect, top, log, &y);
    if columns.sorted {
        never(ui, cx, columns, sheet);
    }
    let mut mesh = egui::Mesh::default();
    let mut bar = |left: f32, right: f32, weight: f32, color: Color32| {
        let tip = y(share(weight)).min(rect.bottom());
        let bar = Rect::from_min_max(pos2(left, tip), pos2(right, rect.bottom()));
        mesh.add_colored_rect(bar, color);
    };
    let color = cx.palette.persistent;
    let seen = sheet.seen_columns(columns.len());
    let width = sheet.column_width();
    let pixel = 1.0 / ui.ctx().pixels_per_point();
    if width >= 2.0 * pixel {
        // On whole pixels, and with gaps only where a pixel is little: thin bars would shimmer otherwise.
        let round = |x: f32| (x / pixel).round() * pixel;
        let gap = if width >= 5.0 { pixel } else { 0.0 };
        for column in seen {
            let (left, right) = (sheet.x(column as f64), sheet.x(column as f64 + 1.0));
            bar(round(left), round(right) - gap, columns.mean(column), color);
        }
    } else {
        // Where many vectors share a pixel, the most used counts.
        let mut left = rect.left();
        while left < rect.right() {
            let right = left + pixel;
            let from = sheet.column_at(left).max(0.0) as usize;
            let to = (sheet.column_at(right).max(0.0) as usize).max(from + 1);
            let most = (from..to.min(columns.len())).map(|c| columns.mean(c));
            bar(left, right, most.fold(0.0, f32::max), color);
            left = right;
        }
    }
    painter.add(mesh);
    if columns.sorted {
        held(ui, cx, columns, sheet);
    } else {
        unused(ui, cx, columns, sheet);
    }
    let line = ui.visuals().widgets.noninteractive.bg_stroke;
    ui.painter().hline(rect.x_range(), rect.bottom(), line);
}

/// The height of a weight, 0 to 1; one that is no number stands at 0.
pub(super) fn height(weight: f32, top: f32, log: bool) -> f32 {
    let of_top = weight / top;
    if top <= 0.0 || of_top.is_nan() || of_top <= 0.0 {
        0.0
    } else if log {
        (1.0 + of_top.log10() / DECADES).clamp(0.0, 1.0)
    } else {
        of_top.min(1.0)
    }
}

/// The numbers at the left, and lines in their height.
pub(super) fn axis(ui: &Ui, rect: Rect, top: f32, log: bool, y: &impl Fn(f32) -> f32) {
    let ink = ui.visuals().weak_text_color();
    let line = Stroke::new(1.0, grid_color(ui).gamma_multiply(0.6));
    let mut last = f32::INFINITY;
    for value in ticks(top, log, rect.height()) {
        let at = y(height(value, top, log));
        if at < rect.top() - 0.5 || last - at < 12.0 {
            continue;
        }
        last = at;
        if value > 0.0 {
            ui.painter().hline(rect.x_range(), at, line);
        }
        let at = at.clamp(rect.top() + 4.0, rect.bottom() - 4.0);
        let words = mark_percent(value);
        paint_text(
            ui,
            pos2(rect.left() - 4.0, at),
            Align2::RIGHT_CENTER,
            &words,
            10.0,
            ink,
        );
    }
}

/// Weights that get a number, rising.
fn ticks(top: f32, log: bool, height: f32) -> Vec<f32> {
    if top <= 0.0 || top.is_nan() {
        return Vec::new();
    }
    if log {
        let high = top.log10().floor() as i32;
        let low = (top.log10() - DECADES).ceil() as i32;
        return (low..=high).map(|power| 10_f32.powi(power)).collect();
    }
    let rough = top / (height / 28.0).clamp(1.0, 6.0);
    let decade = 10_f32.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|m| m * decade);
    let step = steps.into_iter().find(|s| *s >= rough).unwrap_or(rough);
    (0..=(top / step) as usize)
        .map(|i| i as f32 * step)
        .collect()
}

/// A mark of the axis in percent, with the digits that it has and no more: a decade, or a round number.
fn mark_percent(share: f32) -> String {
    let percent = 100.0 * share;
    if percent <= 0.0 {
        return "0 %".to_owned();
    }
    // A digit beyond the first one: steps of 2.5 there are none.
    let decimals = (1.0 - percent.log10().floor()).max(0.0) as usize;
    let words = format!("{percent:.decimals$}");
    let words = match words.contains('.') {
        true => words.trim_end_matches('0').trim_end_matches('.'),
        false => &words,
    };
    format!("{words} %")
}

/// A share in percent with as many digits as a small one needs.
pub(super) fn fine_percent(share: f32) -> String {
    let percent = 100.0 * share;
    match percent {
        x if x <= 0.0 => "0 %".to_owned(),
        x if x < 0.001 => format!("{x:.0e} %"),
        x if x < 0.0995 => format!("{x:.3} %"),
        x if x < 0.995 => format!("{x:.2} %"),
        x if x < 9.95 => format!("{x:.1} %"),
        x => format!("{x:.0} %"),
    }
}

/// The vectors never used: a quiet ground with their number.
fn never(ui: &Ui, cx: &ViewContext<'_>, columns: &Columns, sheet: &Sheet) {
    let never = columns.usage.never;
    if never == 0 {
        return;
    }
    let left = sheet.x((columns.len() - never) as f64);
    let right = sheet.x(columns.len() as f64);
    let rect = sheet.rect;
    let band = Rect::from_x_y_ranges(left..=right, rect.y_range()).intersect(rect);
    if !band.is_positive() {
        return;
    }
    ui.painter()
        .rect_filled(band, 0.0, cx.palette.empty.gamma_multiply(0.18));
    let words = trf("{0} never used", &[&never]);
    let font = egui::FontId::proportional(10.5);
    let ink = ui.visuals().weak_text_color();
    let galley = ui.painter().layout_no_wrap(words, font, ink);
    if galley.size().x + 8.0 <= band.width() {
        let at = pos2(band.right() - galley.size().x - 4.0, band.bottom() - 18.0);
        ui.painter().galley(at, galley, ink);
    }
}

/// By index: a mark under every vector never used.
fn unused(ui: &Ui, cx: &ViewContext<'_>, columns: &Columns, sheet: &Sheet) {
    if columns.usage.never == 0 {
        return;
    }
    let mut mesh = egui::Mesh::default();
    let width = sheet.column_width().max(1.0);
    for column in sheet.seen_columns(columns.len()) {
        if columns.never(column) {
            let x = sheet.x(column as f64);
            let bottom = sheet.rect.bottom();
            let mark = Rect::from_min_max(pos2(x, bottom - 3.0), pos2(x + width, bottom));
            mesh.add_colored_rect(mark.intersect(sheet.rect), cx.palette.empty);
        }
    }
    ui.painter().add(mesh);
}

/// The share of the weight that the vectors up to each one hold together, from 0 to 100 % of the frame's height, with
/// marks where it is 50 and 90 %.
fn held(ui: &Ui, cx: &ViewContext<'_>, columns: &Columns, sheet: &Sheet) {
    // Weights that are no numbers have no shares.
    if columns.held.iter().any(|share| share.is_nan()) {
        return;
    }
    let rect = sheet.rect;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let ink = ui.visuals().text_color().gamma_multiply(0.75);
    let y = |share: f32| rect.bottom() - share * (rect.height() - 2.0);
    let of = |count: usize| count.checked_sub(1).and_then(|c| columns.held.get(c));
    let point = |count: usize| pos2(sheet.x(count as f64), y(of(count).copied().unwrap_or(0.0)));
    let seen = sheet.seen_columns(columns.len());
    // One point for each two points of width is enough.
    let each = ((2.0 / sheet.column_width()) as usize).max(1);
    let mut line: Vec<_> = (seen.start..seen.end).step_by(each).map(point).collect();
    line.push(point(seen.end));
    painter.add(Shape::line(line, Stroke::new(1.2, ink)));
    for percent in [50_u8, 90] {
        let count = columns.holding(f32::from(percent) / 100.0);
        let at = point(count);
        if !rect.x_range().contains(at.x) {
            continue;
        }
        let stroke = Stroke::new(1.0, ink.gamma_multiply(0.7));
        painter.extend(Shape::dashed_line(
            &[pos2(at.x, rect.bottom()), at],
            stroke,
            3.0,
            3.0,
        ));
        painter.circle_filled(at, 2.6, cx.palette.accent);
        let words = trf("{0} % in {1}", &[&percent, &thousands(count)]);
        let font = egui::FontId::proportional(10.5);
        let galley = ui.painter().layout_no_wrap(words, font, ink);
        let size = galley.size();
        // Right of the curve it is free below, left of it above.
        let place = if at.x + size.x + 8.0 < rect.right() {
            pos2(at.x + 5.0, at.y + 2.0)
        } else {
            pos2(at.x - size.x - 5.0, (at.y - size.y - 1.0).max(rect.top()))
        };
        // Where use is even, the words stand on the bars.
        let ground = Rect::from_min_size(place, size).expand2(egui::vec2(2.0, 0.0));
        let shade = ui.visuals().extreme_bg_color.gamma_multiply(0.8);
        painter.rect_filled(ground, 2.0, shade);
        painter.galley(place, galley, ink);
    }
}

/// The numbers of the vector under the pointer.
pub(super) fn readout(ui: &mut Ui, columns: &Columns, vector: usize) {
    let usage = &columns.usage;
    let mean = usage.mean.get(vector).copied().unwrap_or(0.0);
    let rank = columns.rank.get(vector).copied().unwrap_or(0) as usize;
    let total: f32 = usage.mean.iter().sum();
    ui.label(strong(trf("Persistent vector {0}", &[&vector])));
    ui.label(trf("mean weight {0}", &[&fine_percent(mean)]));
    ui.label(trf(
        "{0} of the weight on persistent vectors",
        &[&percent(mean / total.max(f32::MIN_POSITIVE))],
    ));
    let place = trf(
        "rank {0} of {1} by use",
        &[&thousands(rank + 1), &thousands(columns.len())],
    );
    ui.label(quiet(place));
    if let Some(held) = columns.held.get(rank) {
        ui.label(quiet(trf(
            "up to here they hold {0} together",
            &[&percent(*held)],
        )));
    }
    if columns.never(vector) {
        ui.label(quiet(tr("never used: less than 1 % of an even share")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_and_numbers_of_the_axis() {
        assert_eq!(height(0.05, 0.1, false), 0.5);
        assert!((height(0.001, 0.1, true) - 0.5).abs() < 1e-6);
        assert_eq!(
            [height(0.0, 0.1, true), height(0.1, 0.0, false)],
            [0.0, 0.0]
        );
        assert_eq!(ticks(0.25, false, 100.0).len(), 3);
        assert_eq!(ticks(0.25, true, 100.0).len(), 4);
        assert!(ticks(0.0, true, 100.0).is_empty() && ticks(f32::NAN, false, 9.0).is_empty());
        assert_eq!(
            [0.0, 1e-6, 1e-5, 1e-3, 0.005, 0.02, 0.25, 1.0].map(mark_percent),
            [
                "0 %", "0.0001 %", "0.001 %", "0.1 %", "0.5 %", "2 %", "25 %", "100 %"
            ]
        );
        assert_eq!(
            [0.0, 2e-6, 0.0004, 0.002, 0.052, 0.31].map(fine_percent),
            ["0 %", "2e-4 %", "0.040 %", "0.20 %", "5.2 %", "31 %"]
        );
    }
}
