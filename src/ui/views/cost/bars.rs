//! Operations by part, as one stacked bar per extent.

use super::sums::{ROWS, Sums, parts};
use super::{extent_hint, extent_name, ratio};
use crate::engine::figures;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{Palette, ink_on, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::axes::{swatch, with_prefix};
use crate::ui::widgets::names::percent;
use crate::ui::widgets::paint::paint_text;
use eframe::egui::{self, Align2, Color32, Rect, Sense, Ui, pos2, vec2};

/// The names of the parts, in the order of [`parts`].
pub fn part_name(i: usize) -> &'static str {
    match i {
        0 => tr("projections"),
        1 => tr("attention scores and weighted sum"),
        2 => tr("position scores"),
        3 => tr("persistent vectors"),
        4 => tr("feed-forward"),
        _ => tr("output"),
    }
}

fn part_hint(i: usize, sums: &Sums) -> &'static str {
    match i {
        0 if sums.has_windows() => tr(
            "Queries, keys, values and the heads' joint output: 4·D·d·(H + H_k) per layer, with H_k heads of keys and values",
        ),
        4 if sums.has_windows() => tr(
            "The feed-forward sublayers: 4·D·I per layer, 6·D·I where they are gated; of a mixture, of each expert that is used",
        ),
        0 => tr("Queries, keys, values and the heads' joint output: 8·D² per layer"),
        1 => tr(
            "Scores with keys and sums of values: 4·d per head and distance within reach and text",
        ),
        2 => tr("Scores with position embeddings: 2·d per head and distance of the reach"),
        3 => tr("Scores and sums of persistent vectors: 4·d·N per head"),
        4 => tr("The feed-forward sublayers: 4·D·I per layer"),
        _ => tr("Log-probabilities of all tokens: 2·V·D"),
    }
}

/// The colours of the parts: those that spans change stand out.
pub fn part_colors(ui: &Ui, palette: &Palette) -> [Color32; 6] {
    let ground = ui.visuals().panel_fill;
    [
        palette.empty,
        palette.context,
        palette.layers[2],
        palette.persistent,
        palette.empty.lerp_to_gamma(ground, 0.45),
        palette.limit,
    ]
}

/// A legend and a bar for each row.
pub fn show(ui: &mut Ui, cx: &ViewContext<'_>, sums: &Sums) {
    ui.scope(|ui| contents(ui, cx, sums));
}

fn contents(ui: &mut Ui, cx: &ViewContext<'_>, sums: &Sums) {
    let colors = part_colors(ui, &cx.palette);
    let own = parts(&sums.of[0].flops, sums.output);
    let full = parts(&sums.of[2].flops, sums.output);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(10.0, 2.0);
        ui.label(strong(tr("FLOPs by part")));
        for i in 0..own.len() {
            match own[i] {
                // What the model lacks takes no room; adaptive output depends on the cluster.
                Some(0) if full[i] == Some(0) => {}
                None => {
                    ui.label(crate::ui::theme::quiet(tr("output not counted")))
                        .on_hover_text(tr(
                            "With adaptive output it depends on the cluster of the token that is asked for",
                        ));
                }
                Some(_) => {
                    swatch(ui, colors[i], part_name(i)).on_hover_text(part_hint(i, sums));
                }
            }
        }
    });
    let most = sums.total(&sums.of[2]).max(1) as f64;
    ui.spacing_mut().item_spacing.y = 1.0;
    for i in ROWS {
        bar(ui, &colors, sums, i, most);
    }
}

fn bar(ui: &mut Ui, colors: &[Color32; 6], sums: &Sums, i: usize, most: f64) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let (label, note) = (76.0_f32.min(0.3 * rect.width()), 66.0);
    let ink = ui.visuals().text_color();
    let at = pos2(rect.left(), rect.center().y);
    paint_text(ui, at, Align2::LEFT_CENTER, extent_name(i, sums), 12.0, ink);
    let Some(sum) = sums.row(i) else {
        let words = tr("not measured on a text");
        response.widget_info(|| {
            let name = format!("{}, {words}", extent_name(i, sums));
            egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
        });
        let at = pos2(rect.left() + label + 4.0, rect.center().y);
        let weak = ui.visuals().weak_text_color();
        paint_text(ui, at, Align2::LEFT_CENTER, words, 12.0, weak);
        response.on_hover_text(extent_hint(i, sums));
        return;
    };
    let total = sums.total(sum);
    let at = pos2(rect.right(), rect.center().y);
    let words = if i == 2 {
        with_prefix(total as f64)
    } else {
        ratio(most, total as f64)
    };
    paint_text(ui, at, Align2::RIGHT_CENTER, &words, 12.0, ink);
    let area = Rect::from_min_max(
        pos2(rect.left() + label + 4.0, rect.top() + 2.0),
        pos2(
            (rect.right() - note - 4.0).max(rect.left() + label + 14.0),
            rect.bottom() - 2.0,
        ),
    );
    let scale = f64::from(area.width()) / most;
    let all = parts(&sum.flops, sums.output);
    let mut from = area.left();
    let mut under = None;
    let pointer = response.hover_pos();
    for (part, value) in all.iter().enumerate() {
        let Some(value) = value.filter(|value| *value > 0) else {
            continue;
        };
        let to = from + (value as f64 * scale) as f32;
        let piece = Rect::from_x_y_ranges(from..=to, area.y_range());
        ui.painter().rect_filled(piece, 0.0, colors[part]);
        // A hair between the parts, so that they are told apart without colours.
        let line = egui::Stroke::new(1.0, ui.visuals().panel_fill);
        ui.painter().vline(to, area.y_range(), line);
        let share = value as f32 / total.max(1) as f32;
        if piece.width() > 40.0 {
            let words = format!("{:.0} %", 100.0 * share);
            let ink = ink_on(colors[part]);
            paint_text(ui, piece.center(), Align2::CENTER_CENTER, &words, 11.0, ink);
        }
        if pointer.is_some_and(|at| piece.contains(at)) {
            under = Some((part, value, share));
        }
        from = to;
    }
    response.widget_info(|| {
        let words = all.iter().enumerate().filter_map(|(part, value)| {
            let value = value.filter(|value| *value > 0)?;
            Some(format!("{} {}", part_name(part), with_prefix(value as f64)))
        });
        let words: Vec<String> = words.collect();
        let name = trf(
            "FLOPs, {0}: {1}; {2}",
            &[
                &extent_name(i, sums),
                &with_prefix(total as f64),
                &words.join(tr(", ")),
            ],
        );
        egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
    });
    response.on_hover_ui_at_pointer(|ui| {
        ui.label(strong(extent_name(i, sums)));
        ui.label(extent_hint(i, sums));
        if let Some((part, value, share)) = under {
            ui.separator();
            ui.label(strong(part_name(part)));
            ui.label(trf(
                "{0}FLOPs per token, {1} of this bar",
                &[&spaced(value), &percent(share)],
            ));
            ui.label(part_hint(part, sums));
        } else {
            ui.label(trf(figures::Quantity::Flops.axis(), &[&spaced(total)]));
        }
    });
}

/// "1.23 M", or "123 ", to stand before a unit.
pub fn spaced(value: u64) -> String {
    let text = with_prefix(value as f64);
    if text.ends_with(|c: char| c.is_ascii_digit()) {
        text + " "
    } else {
        text
    }
}
