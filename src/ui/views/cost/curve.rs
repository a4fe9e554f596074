//! The cost against a limit on the span.

use super::bars::spaced;
use super::sums::Sums;
use super::{Quantity, WIDE, ratio};
use crate::analysis::cost::LimitedCost;
use crate::chart::thousands;
use crate::engine::figures;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::axes::{
    Dash, LINE, Unit, binary_marks, bytes, decimal_marks, horizontal, line_sample, linear_marks,
    significant, vertical,
};
use crate::ui::widgets::paint::grid_color;
use eframe::egui::{self, Align2, Color32, Ui, vec2};
use egui_plot::{Line, LineStyle, Plot, PlotPoint, PlotPoints, Points, Text, VLine};

fn value(quantity: Quantity, point: &LimitedCost) -> f64 {
    match quantity {
        Quantity::Flops => point.flops as f64,
        Quantity::Memory => point.kv_numbers as f64 * WIDE,
        Quantity::Reach => point.mean_reach,
    }
}

fn curve_name(i: usize) -> &'static str {
    tr(figures::EXTENTS[i])
}

fn curve_hint(i: usize, sums: &Sums) -> &'static str {
    match i {
        0 => tr("Every head min(reach, limit): its own reach, cut to the limit"),
        1 => tr("Every head what its layer's longest head reaches, cut to the limit"),
        _ if sums.has_windows() => tr("Every head the limit itself"),
        _ => tr("Every head the limit itself, as in a model without learned spans"),
    }
}

/// Heights of a name over the curves, and of what stands below them, in points.
const NAME: f32 = 20.0;
const BELOW: f32 = 44.0;

const DASHES: [Dash; 3] = [Dash::Solid, Dash::Dashed, Dash::Dotted];

/// The curves of all extents.
pub fn show(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    sums: &Sums,
    quantity: Quantity,
    log: bool,
    height: f32,
) {
    let palette = cx.palette;
    let colors = [0, 1, 2].map(|extent| palette.layers[extent]);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(10.0, 2.0);
        for (i, color) in colors.into_iter().enumerate() {
            line_sample(ui, color, DASHES[i], curve_name(i)).on_hover_text(curve_hint(i, sums));
        }
    });
    let of = |i: usize| sums.of[i].curve.iter();
    let most = of(2)
        .map(|point| value(quantity, point))
        .fold(0.0, f64::max);
    let least = of(0)
        .map(|point| value(quantity, point))
        .fold(most, f64::min);
    let unit = Unit::of(most);
    let is_low = height < 180.0;
    let title = |of: figures::Quantity| match is_low {
        true => of.short(),
        false => of.axis(),
    };
    let axis = match quantity {
        Quantity::Flops => trf(title(figures::Quantity::Flops), &[&unit.prefix]),
        Quantity::Memory => trf(title(figures::Quantity::KeysAndValues), &[&unit.prefix]),
        Quantity::Reach if is_low => tr("Mean reach").to_owned(),
        Quantity::Reach => tr("Mean reach (tokens)").to_owned(),
    };
    let unit = match quantity {
        Quantity::Reach => Unit::of(0.0),
        _ => unit,
    };
    let place = move |value: f64| {
        let value = value / unit.factor;
        // Nothing has no logarithm; it stands below all else.
        if log { value.max(1e-6).log10() } else { value }
    };
    let limit = sums.architecture.limit().end();
    // Where nothing ends what heads see, the limits go as far as the token does.
    let last = of(2).last().map_or(1, |point| point.limit) as f64;
    let right = last.log2();
    let longest = sums.spans.iter().filter_map(|span| span.reach.end()).max();
    let longest = longest.filter(|longest| (*longest as f64) < 0.72 * last);
    // The name of the limit stands above the curves.
    let room = 1.0 - f64::from(NAME / (height - BELOW).max(2.0 * NAME));
    let (low, high) = if log {
        let least = if least > 0.0 { least } else { most / 1e4 };
        let low = place(least) - 0.08;
        (low, low + (place(most) - low) / room)
    } else {
        (0.0, place(most) / room)
    };
    let plot = Plot::new(("cost", cx.snapshot.model_number, quantity as u8, log))
        .height(height)
        .show_x(false)
        .show_y(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .set_margin_fraction(vec2(0.0, 0.0))
        .include_x(-0.15)
        .include_x(right + 0.04 * right.max(1.0))
        .include_y(low)
        .include_y(high)
        .grid_color(grid_color(ui))
        .x_grid_spacer(|input| binary_marks(&input, 46.0))
        .custom_x_axes(vec![
            horizontal(tr(figures::Quantity::SpanLimit.axis()))
                .formatter(|mark, _| thousands(mark.value.exp2().round() as usize)),
        ])
        .label_formatter(|_| None);
    let axis = vertical(axis);
    let plot = if log {
        let axis = axis.formatter(|mark, _| significant(10_f64.powf(mark.value)));
        plot.y_grid_spacer(|input| decimal_marks(&input))
            .custom_y_axes(vec![axis])
    } else {
        plot.y_grid_spacer(|input| linear_marks(&input, LINE))
            .custom_y_axes(vec![axis])
    };
    let hovered = plot.show(ui, |plot| {
        let faint = plot.ctx().global_style().visuals.weak_text_color();
        if let Some(limit) = limit {
            let words = match sums.has_windows() {
                true => trf("context {0}", &[&thousands(limit)]),
                false => format!("S = {}", thousands(limit)),
            };
            marked(plot, right, high, palette.limit, words, Align2::RIGHT_TOP);
        }
        if let Some(longest) = longest {
            let words = trf("longest reach {0}", &[&thousands(longest)]);
            marked(
                plot,
                (longest as f64).log2(),
                low + 0.86 * (high - low),
                faint,
                words,
                Align2::RIGHT_TOP,
            );
        }
        for i in [2, 1, 0] {
            let points: Vec<[f64; 2]> = of(i)
                .map(|point| [(point.limit as f64).log2(), place(value(quantity, point))])
                .collect();
            let end = points.last().copied();
            plot.line(
                Line::new(curve_name(i), PlotPoints::from(points))
                    .color(colors[i])
                    .width(if i == 0 { 2.2 } else { 1.6 })
                    .style(DASHES[i].style())
                    .allow_hover(false),
            );
            plot.points(
                Points::new(format!("end {i}"), PlotPoints::from(Vec::from_iter(end)))
                    .radius(3.0)
                    .color(colors[i])
                    .allow_hover(false),
            );
        }
        let at = plot
            .pointer_coordinate()
            .filter(|_| plot.response().hovered())?;
        let nearest = |a: &&LimitedCost, b: &&LimitedCost| {
            let distance = |point: &LimitedCost| ((point.limit as f64).log2() - at.x).abs();
            distance(a).total_cmp(&distance(b))
        };
        let index = of(0).enumerate().min_by(|a, b| nearest(&a.1, &b.1))?.0;
        let x = (sums.of[0].curve[index].limit as f64).log2();
        plot.vline(
            VLine::new("hover", x)
                .color(faint)
                .width(1.0)
                .allow_hover(false),
        );
        for (i, color) in colors.into_iter().enumerate() {
            let y = place(value(quantity, &sums.of[i].curve[index]));
            plot.points(
                Points::new(format!("hover {i}"), PlotPoints::from(vec![[x, y]]))
                    .radius(4.0)
                    .color(color)
                    .allow_hover(false),
            );
        }
        Some(index)
    });
    let response = hovered.response;
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Canvas,
            true,
            tr("Cost against a limit on the span"),
        )
    });
    if let Some(index) = hovered.inner {
        response.on_hover_ui_at_pointer(|ui| readout(ui, sums, index));
    }
}

/// A vertical line with words at its head.
fn marked(
    plot: &mut egui_plot::PlotUi<'_>,
    x: f64,
    top: f64,
    color: Color32,
    words: String,
    anchor: Align2,
) {
    plot.vline(
        VLine::new(words.clone(), x)
            .color(color)
            .width(1.0)
            .style(LineStyle::dashed_loose())
            .allow_hover(false),
    );
    let text = egui::RichText::new(format!("{words}  "))
        .size(11.0)
        .color(color);
    plot.text(
        Text::new("mark", PlotPoint::new(x, top), text)
            .id(words)
            .anchor(anchor)
            .allow_hover(false),
    );
}

/// All that is known of one limit.
fn readout(ui: &mut Ui, sums: &Sums, index: usize) {
    let [head, layer, full] = [0, 1, 2].map(|i| sums.of[i].curve[index]);
    ui.label(strong(trf("Limit {0} tokens", &[&thousands(head.limit)])));
    egui::Grid::new("cost readout")
        .num_columns(4)
        .spacing([12.0, 2.0])
        .show(ui, |ui| {
            for name in ["", tr("FLOPs"), tr("K/V memory"), tr("Mean reach")] {
                ui.label(quiet(name));
            }
            ui.end_row();
            for (i, point) in [head, layer, full].into_iter().enumerate() {
                ui.label(curve_name(i));
                ui.label(spaced(point.flops).trim_end().to_owned());
                ui.label(bytes(point.kv_numbers as f64 * WIDE));
                ui.label(significant(point.mean_reach));
                ui.end_row();
            }
        });
    let words = trf(
        "FLOPs {0}, memory {1} than with all heads at the limit",
        &[
            &ratio(full.flops as f64, head.flops as f64),
            &ratio(full.kv_numbers as f64, head.kv_numbers as f64),
        ],
    );
    ui.label(quiet(words));
}
