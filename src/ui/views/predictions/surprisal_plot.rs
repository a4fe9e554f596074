//! Surprisal along the text.

use super::minmax_mipmap::Pyramid;
use crate::chart::thousands;
use crate::engine::figures::Quantity;
use crate::engine::figures::percentage;
use crate::text::{Unit, Vocabulary};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::axes::{
    Dash, LINE, NUMBER, horizontal, line_sample, linear_marks, swatch, together, vertical,
};
use crate::ui::widgets::names::signed;
use crate::ui::widgets::number_field::number_field;
use crate::ui::widgets::paint::grid_color;
use eframe::egui::{self, Rect, Stroke, Ui, pos2, vec2};
use egui_plot::{FilledArea, Line, Plot, PlotPoints, PlotTransform};
use std::ops::Range;

/// Width from which the row above the plot has its whole title, in points.
const TITLED: f32 = 320.0;

/// The plot; `window` is the number of tokens that the running mean is taken of.
pub fn show(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    pyramid: &Pyramid,
    window: &mut usize,
    height: f32,
) {
    let color = cx.palette.layers[Quantity::Surprisal.color()];
    let mean = cx.palette.layers[Quantity::RunningMean.color()];
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        let crowded = pyramid.len() > ui.available_width() as usize;
        // Where it is narrow, no name of a colour stands alone in a row.
        let title = match ui.available_width() < TITLED {
            true => tr("Surprisal"),
            false => tr("Surprisal along the text"),
        };
        ui.label(strong(title));
        let name = if crowded { tr("mean") } else { tr("token") };
        swatch(ui, color, name);
        if crowded {
            swatch(ui, color.gamma_multiply(0.45), tr("largest"));
        }
        together(ui, 170.0, |ui| {
            line_sample(ui, mean, Dash::Solid, tr("mean over"));
            let drag = number_field(ui, window, 1..=1_000_000, |field| {
                field.speed(1.0).suffix(tr(" tokens"))
            });
            drag.widget_info(|| {
                egui::WidgetInfo::labeled(
                    egui::Role::SpinButton,
                    true,
                    tr("Tokens of the running mean"),
                )
            });
            drag.on_hover_text(tr(
                "Tokens around each one that the running mean is taken of",
            ));
        });
    });
    if pyramid.len() == 0 {
        let words = tr("Type a text of two tokens or more to see how surprising each one is.");
        ui.label(quiet(cx.unrecorded().unwrap_or(words)));
        return;
    }
    let most = pyramid.max(0..pyramid.len()).map_or(1.0, |(bits, _)| bits);
    let window = (*window).max(1);
    let response = Plot::new(("surprisal", cx.snapshot.model_number))
        .height(height.max(80.0))
        .show_x(false)
        .show_y(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_zoom([true, false])
        .allow_drag([true, false])
        .set_margin_fraction(vec2(0.0, 0.0))
        .include_x(0.0)
        .include_x(1.03 * pyramid.len() as f64 + 1.0)
        .include_y(0.0)
        .include_y(1.05 * f64::from(most.max(0.1)))
        .show_grid([false, true])
        .grid_color(grid_color(ui))
        .x_grid_spacer(|input| linear_marks(&input, NUMBER))
        .y_grid_spacer(|input| linear_marks(&input, LINE))
        .custom_x_axes(vec![horizontal(tr(Quantity::Token.axis())).formatter(
            |mark, _| {
                if mark.value < 0.0 || mark.value.fract() != 0.0 {
                    String::new()
                } else {
                    thousands(mark.value as usize)
                }
            },
        )])
        .custom_y_axes(vec![vertical(tr(Quantity::Surprisal.axis()))])
        .label_formatter(|_| None)
        .show(ui, |plot| {
            let bounds = plot.plot_bounds();
            let width = plot.transform().frame().width().max(1.0) as usize;
            let columns = columns(bounds.min()[0]..bounds.max()[0], pyramid.len(), width);
            let (means, largest) = steps(pyramid, &columns);
            let crowded = columns.first().is_some_and(|column| column.len() > 1);
            if crowded {
                plot.add(area("largest", &largest).fill_color(color.gamma_multiply(0.45)));
            }
            plot.add(area("mean", &means).fill_color(color));
            if window > 1 {
                let running: Vec<[f64; 2]> = columns
                    .iter()
                    .filter_map(|column| {
                        let middle = (column.start + column.end) / 2;
                        let from = middle.saturating_sub(window / 2);
                        let mean = pyramid.mean(from..middle + window.div_ceil(2))?;
                        Some([middle as f64 + 1.0, f64::from(mean)])
                    })
                    .collect();
                plot.line(
                    Line::new("running mean", PlotPoints::from(running))
                        .color(mean)
                        .width(1.6)
                        .allow_hover(false),
                );
            }
            plot.pointer_coordinate()
                .filter(|_| plot.response().hovered())
        });
    marks(ui, cx, &response.transform);
    let plot = response.response;
    plot.widget_info(|| {
        let name = trf(
            "Surprisal along the text, {0} tokens; click to select one",
            &[&thousands(pyramid.len() + 1)],
        );
        egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
    });
    let Some(at) = response.inner else {
        return;
    };
    // The most surprising token that is near enough to be meant.
    let reach = 2.5 * response.transform.dvalue_dpos()[0].abs();
    let first = (at.x - 1.0 - reach).round().max(0.0) as usize;
    let last = (at.x - 1.0 + reach).round().max(0.0) as usize;
    let Some((bits, index)) = pyramid.max(first..last + 1) else {
        return;
    };
    let token = index + 1;
    cx.hovering.token = Some(token);
    if plot.clicked() {
        cx.click_token(ui, token);
    }
    plot.on_hover_cursor(egui::CursorIcon::PointingHand)
        .on_hover_ui_at_pointer(|ui| {
            let label = cx.snapshot.label(token);
            ui.label(strong(trf("Token {0} “{1}”", &[&thousands(token), &label])));
            let p = 100.0 * (-bits).exp2();
            ui.label(trf(
                "surprisal {0} bits, probability {1} %",
                &[&format!("{bits:.2}"), &percentage(p)],
            ));
            if let Some(change) = cx.snapshot.surprisal_change(token) {
                ui.label(trf(
                    "{0} bits by the edits of the model",
                    &[&signed(f64::from(change), 2)],
                ));
            }
            let before = token.saturating_sub(24)..token;
            let before: Vec<String> = before.map(|token| cx.snapshot.label(token)).collect();
            let vocabulary = cx
                .snapshot
                .model
                .as_ref()
                .and_then(|m| m.vocabulary.as_ref());
            // Characters stand beside each other, words and ids apart.
            let before = before.join(match vocabulary.map(Vocabulary::unit) {
                Some(Unit::Byte | Unit::Char | Unit::Piece) => "",
                Some(Unit::Word) | None => " ",
            });
            ui.label(quiet(trf("after “…{0}”", &[&before])));
            if last - first > 2 {
                let among = thousands(last + 1 - first);
                ui.label(quiet(trf("the most surprising of {0} here", &[&among])));
            }
            ui.label(quiet(tr("click to select")));
        });
}

/// Indices of values, a range per column of a plot `width` points wide that shows `view`.
fn columns(view: Range<f64>, len: usize, width: usize) -> Vec<Range<usize>> {
    // The i-th value stands at i + 1, and reaches half a token to both sides.
    let first = ((view.start - 1.5).floor().max(0.0) as usize).min(len);
    let last = ((view.end - 0.5).ceil().max(0.0) as usize).min(len);
    let shown = last.saturating_sub(first);
    let step = shown.div_ceil(width.max(1)).max(1);
    // From multiples of the step on, so that columns keep their tokens while one pans.
    let first = first - first % step;
    (first..last)
        .step_by(step)
        .map(|from| from..(from + step).min(len))
        .collect()
}

type Steps = Vec<[f64; 2]>;

/// Outlines of steps: means, and the largest values.
fn steps(pyramid: &Pyramid, columns: &[Range<usize>]) -> (Steps, Steps) {
    let mut both = (Vec::new(), Vec::new());
    for column in columns {
        let ends = [column.start as f64 + 0.5, column.end as f64 + 0.5];
        let mean = pyramid.mean(column.clone()).unwrap_or(0.0);
        let most = pyramid.max(column.clone()).map_or(0.0, |(most, _)| most);
        both.0.extend(ends.map(|x| [x, f64::from(mean)]));
        both.1.extend(ends.map(|x| [x, f64::from(most)]));
    }
    both
}

fn area(name: &str, outline: &[[f64; 2]]) -> FilledArea {
    let (xs, ys): (Vec<f64>, Vec<f64>) = outline.iter().map(|point| (point[0], point[1])).unzip();
    FilledArea::new(name, &xs, &vec![0.0; xs.len()], &ys).allow_hover(false)
}

/// The selected tokens and the one under the pointer in any view.
fn marks(ui: &Ui, cx: &ViewContext<'_>, transform: &PlotTransform) {
    let frame = *transform.frame();
    let painter = ui.painter().with_clip_rect(frame.intersect(ui.clip_rect()));
    let x = |token: f64| transform.position_from_point_x(token);
    let accent = cx.palette.accent;
    for range in cx.tokens().ranges() {
        let (from, to) = (x(range.start as f64 - 0.5), x(range.end as f64 - 0.5));
        if to < frame.left() || from > frame.right() {
            continue;
        }
        let rect = Rect::from_min_max(
            pos2(from, frame.top()),
            pos2(to.max(from + 1.5), frame.bottom()),
        );
        painter.rect_filled(rect, 0.0, accent.gamma_multiply(0.35));
        // A mark that is seen however narrow the token is.
        let tip = pos2(rect.center().x, frame.top() + 6.0);
        let base = [
            pos2(tip.x - 4.0, frame.top()),
            pos2(tip.x + 4.0, frame.top()),
        ];
        painter.add(egui::Shape::convex_polygon(
            vec![base[0], base[1], tip],
            accent,
            Stroke::NONE,
        ));
    }
    if let Some(token) = cx.hover.token {
        let stroke = Stroke::new(1.0, ui.visuals().weak_text_color());
        painter.vline(x(token as f64), frame.y_range(), stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_cover_what_is_in_view_and_are_no_more_than_pixels() {
        let all = columns(0.0..1001.0, 1000, 100);
        assert_eq!(
            (all.len(), &all[0], all.last()),
            (100, &(0..10), Some(&(990..1000)))
        );
        assert_eq!(columns(0.0..6.0, 5, 100), [0..1, 1..2, 2..3, 3..4, 4..5]);
        let part = columns(500.0..520.0, 1_000_000, 300);
        assert!(part.first().is_some_and(|c| c.contains(&498)));
        assert!(part.last().is_some_and(|c| c.contains(&519)), "{part:?}");
        assert!(columns(-50.0..-20.0, 5, 100).is_empty());
        assert!(columns(50.0..60.0, 5, 100).is_empty());
        // However far one zooms out.
        assert_eq!(columns(-1e300..1e300, 5, 100).len(), 5);
    }
}
