//! The columns and plots beside the map: shares on what is not text, the mean weight by distance, and the colours' legend.

use super::axes;
use super::picture::HeatPicture;
use crate::chart::{ColorMap, Scale, color_numbers, colormap};
use crate::engine::figures::Quantity;
use crate::engine::{HeatmapImage, Weighting, color};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::scale_name;
use crate::ui::widgets::names::percent;
use crate::ui::widgets::paint::paint_text;
use eframe::egui::{self, Align2, Color32, Rect, Shape, Stroke, Ui, pos2, vec2};
use egui_plot::PlotTransform;

/// Width of a column of shares, and room between two.
pub(super) const COLUMN: f32 = 13.0;
pub(super) const GAP: f32 = 5.0;

/// The weight of the first colour on a logarithmic scale, as a share of that of the last.
const DECADES: f64 = 1e-4;

/// Beside the map: each query's share on empty context, on persistent vectors and on the learned sink, and what is masked.
pub(super) fn columns(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    picture: &HeatPicture,
    area: Rect,
    below: f32,
    transform: &PlotTransform,
) {
    let persistent = cx.detail().is_some_and(|d| d.weights.vectors > 0);
    let masked = cx.detail().is_some_and(|d| d.loses_weight);
    let model = cx.snapshot.model.as_ref();
    let empty = model.is_some_and(|m| m.network.architecture().has_empty_context());
    let sink = model.is_some_and(|m| m.network.architecture().has_sinks());
    if !(empty || persistent || sink || masked) {
        return;
    }
    let names = [
        (empty, tr("empty context"), tr("empty")),
        (persistent, tr("persistent vectors"), tr("pers.")),
        (sink, tr("learned sink"), tr("sink")),
        (masked, tr("masked, not renormalised"), tr("masked")),
    ];
    let names = names.iter().enumerate().filter(|(_, (there, ..))| *there);
    let ink = ui.visuals().weak_text_color();
    let mut left = area.left();
    for (which, (_, long, short)) in names {
        let rect = Rect::from_min_max(pos2(left, area.top()), pos2(left + COLUMN, area.bottom()));
        ui.painter()
            .rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
        picture.paint_side(ui, which, rect, transform);
        let line = ui.visuals().widgets.noninteractive.bg_stroke;
        ui.painter()
            .rect_stroke(rect, 0.0, line, egui::StrokeKind::Outside);
        let font = egui::FontId::proportional(10.5);
        let lay = |words: &str| {
            ui.painter()
                .layout_no_wrap(words.to_owned(), font.clone(), ink)
        };
        let mut galley = lay(long);
        if galley.size().x > below - 4.0 {
            galley = lay(short);
        }
        // Read upwards: two words side by side have no room.
        if galley.size().x <= below + 8.0 {
            axes::upwards(ui, pos2(rect.center().x, rect.bottom() + 4.0), galley, ink);
        }
        left += COLUMN + GAP;
    }
    let all = Rect::from_min_max(area.min, pos2(left - GAP, area.bottom()));
    let response = ui.interact(all, ui.scope_id().with("sides"), egui::Sense::hover());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Canvas,
            true,
            match sink {
                true => tr("Each query's share on the head's learned sink"),
                false => tr("Each query's share on empty context and on persistent vectors"),
            },
        )
    });
    let Some(at) = response.hover_pos() else {
        return;
    };
    let y = transform.value_from_position(at).y;
    if y < 0.0 || y >= cx.snapshot.done as f64 {
        return;
    }
    let query = y as usize;
    cx.hovering.token = Some(query);
    let shares = cx.detail().map(|d| {
        let empty_context = d.empty(query).filter(|_| empty);
        let vectors = d.persistent(query).filter(|_| persistent);
        [empty_context, vectors, d.sink(query), d.masked(query)]
    });
    egui::Tooltip::for_widget(&response)
        .at_pointer()
        .gap(14.0)
        .show(|ui| {
            ui.label(strong(trf(
                "query {0}  {1}",
                &[&query, &cx.snapshot.label(query)],
            )));
            let [empty, persistent, sink, masked] = shares.unwrap_or_default();
            egui::Grid::new("shares").num_columns(2).show(ui, |ui| {
                for (words, share) in [
                    (tr("empty context, before the text's start"), empty),
                    (tr("persistent vectors"), persistent),
                    (tr("learned sink"), sink),
                    (tr("masked, not renormalised"), masked),
                ] {
                    if let Some(share) = share {
                        ui.label(quiet(words));
                        ui.monospace(percent(share));
                        ui.end_row();
                    }
                }
            });
            ui.label(quiet(tr("colours here run from 0 to 100 %")));
        });
}

/// Above the map by distance: the mean weight of the queries in view.
pub(super) fn profile(
    ui: &Ui,
    rect: Rect,
    transform: &PlotTransform,
    picture: &HeatmapImage,
    ink: Color32,
) {
    let visuals = ui.visuals();
    ui.painter()
        .rect_filled(rect, 2.0, visuals.extreme_bg_color);
    let means = &picture.margins.mean;
    let grid = &picture.grid;
    let x = |cell: usize| {
        transform.position_from_point_x((grid.first_column + cell * grid.across) as f64)
    };
    let bounds = transform.bounds();
    let seen = |cell: usize| {
        let start = (grid.first_column + cell * grid.across) as f64;
        start < bounds.max()[0] && start + grid.across as f64 > bounds.min()[0]
    };
    let shown = || {
        means
            .iter()
            .enumerate()
            .filter(|(cell, mean)| seen(*cell) && !mean.is_nan())
    };
    let most = shown().fold(0.0_f32, |most, (_, mean)| most.max(*mean));
    // As colours are spread, so are heights: one distance often has more than all others.
    let scale = picture.request.scale;
    let low = if scale == Scale::Log {
        f64::from(most) * DECADES
    } else {
        0.0
    };
    if most > 0.0 {
        let painter = ui.painter().with_clip_rect(rect);
        let mut line = Vec::new();
        for (cell, mean) in shown() {
            let share = scale.share(f64::from(*mean), low, f64::from(most)) as f32;
            let y = rect.bottom() - share * (rect.height() - 6.0);
            let bar = Rect::from_min_max(pos2(x(cell), y), pos2(x(cell + 1), rect.bottom()));
            painter.rect_filled(bar, 0.0, ink.gamma_multiply(0.3));
            line.extend([bar.left_top(), bar.right_top()]);
        }
        painter.add(Shape::line(line, Stroke::new(1.0, ink)));
    }
    ui.painter().rect_stroke(
        rect,
        2.0,
        visuals.widgets.noninteractive.bg_stroke,
        egui::StrokeKind::Inside,
    );
    let words = trf(
        "mean weight by distance, up to {0} ({1})",
        &[&number(most), &scale_name(scale)],
    );
    let font = egui::FontId::proportional(10.5);
    let galley = ui
        .painter()
        .layout_no_wrap(words, font, visuals.weak_text_color());
    if galley.size().x < rect.width() - 16.0 {
        // The means are largest at the left.
        let at = pos2(rect.right() - galley.size().x - 6.0, rect.top() + 3.0);
        let ground = Rect::from_min_size(at, galley.size()).expand(2.0);
        ui.painter()
            .rect_filled(ground, 2.0, visuals.extreme_bg_color.gamma_multiply(0.75));
        ui.painter().galley(at, galley, visuals.weak_text_color());
    }
}

/// The legend of the colours.
pub(super) struct Legend {
    pub map: ColorMap,
    pub scale: Scale,
    /// The weight of the last colour.
    pub largest: f32,
    /// The numbers that are shown as weights.
    pub weighting: Weighting,
    /// The weight under the pointer.
    pub marked: Option<f32>,
}

impl Legend {
    /// The legend of a picture.
    pub fn of(picture: &HeatmapImage, weighting: Weighting, marked: Option<f32>) -> Self {
        Self {
            map: picture.request.map,
            scale: picture.request.scale,
            largest: picture.largest.max(f32::MIN_POSITIVE),
            weighting,
            marked,
        }
    }

    fn low(&self) -> f64 {
        match self.scale {
            Scale::Log => f64::from(self.largest) * DECADES,
            Scale::Linear | Scale::Sqrt => 0.0,
        }
    }

    fn share(&self, value: f64) -> f32 {
        self.scale.share(value, self.low(), f64::from(self.largest)) as f32
    }

    /// As a bar with numbers on its right; below it what the colours mean beside the map, if `shares`.
    pub fn upright(&self, ui: &Ui, area: Rect, shares: bool) {
        // Half a number stands above the bar's end.
        let title = 21.0;
        let second = if shares && area.height() > 190.0 {
            84.0
        } else {
            0.0
        };
        let height = (area.height() - title - second).min(190.0);
        if height < 30.0 {
            return;
        }
        let bar =
            |top: f32, height: f32| Rect::from_min_size(pos2(area.left(), top), vec2(10.0, height));
        let first = bar(area.top() + title, height);
        self.title(
            ui,
            area.left_top(),
            tr(Quantity::weight(self.weighting).short()),
            area.width(),
        );
        gradient(ui, first, self.map, true);
        // Numbers of the bar stand for the window's larger type.
        let numbers = color_numbers(
            self.scale,
            self.low(),
            f64::from(self.largest),
            f64::from(height) * 0.75,
        );
        let place = |value: f64| first.bottom() - first.height() * self.share(value);
        for (value, words) in &numbers {
            // The end is named whatever it is.
            if place(*value) > first.top() + 11.0 {
                tick(ui, first, place(*value), words, false);
            }
        }
        tick(ui, first, first.top(), &number(self.largest), false);
        if let Some(value) = self.marked {
            let y = place(f64::from(value));
            let tip = pos2(first.left() + 1.0, y);
            let points = vec![tip, tip + vec2(-5.0, -3.5), tip + vec2(-5.0, 3.5)];
            let ink = ui.visuals().strong_text_color();
            ui.painter()
                .add(Shape::convex_polygon(points, ink, Stroke::NONE));
        }
        if second > 0.0 {
            let top = first.bottom() + 16.0;
            self.title(
                ui,
                pos2(area.left(), top),
                tr(Quantity::Share.short()),
                area.width(),
            );
            let bar = bar(top + title, second - title - 16.0);
            gradient(ui, bar, self.map, true);
            tick(ui, bar, bar.top(), "100 %", true);
            tick(ui, bar, bar.bottom(), "0", true);
        }
    }

    fn title(&self, ui: &Ui, at: egui::Pos2, words: &str, room: f32) {
        let ink = ui.visuals().weak_text_color();
        let font = egui::FontId::proportional(10.5);
        let galley = ui.painter().layout_no_wrap(words.to_owned(), font, ink);
        if galley.size().x <= room + 6.0 {
            ui.painter().galley(at + vec2(0.0, -1.0), galley, ink);
        }
    }

    /// In a corner of a small map, with its ends only.
    pub fn small(&self, ui: &Ui, corner: egui::Pos2) {
        let (width, height) = (56.0, 8.0);
        let ink = ui.visuals().text_color();
        let (low, high) = (
            if self.low() > 0.0 {
                number(self.low() as f32)
            } else {
                "0".into()
            },
            number(self.largest),
        );
        let font = egui::FontId::proportional(10.5);
        let lay = |words: String| ui.painter().layout_no_wrap(words, font.clone(), ink);
        // Attention weights need no name.
        let name = match self.weighting {
            Weighting::Attention => String::new(),
            of => tr(Quantity::weight(of).short()).to_owned(),
        };
        let (name, low, high) = (lay(name), lay(low), lay(high));
        let named = match name.size().x {
            wide if wide > 0.0 => wide + 6.0,
            _ => 0.0,
        };
        let all = named + low.size().x + width + high.size().x + 10.0;
        let ground = Rect::from_min_max(
            corner + vec2(-all - 4.0, 0.0),
            corner + vec2(0.0, high.size().y + 2.0),
        );
        ui.painter().rect_filled(
            ground,
            3.0,
            ui.visuals().extreme_bg_color.gamma_multiply(0.85),
        );
        let bar = Rect::from_min_size(
            pos2(
                ground.left() + 2.0 + named + low.size().x + 5.0,
                ground.center().y - height / 2.0,
            ),
            vec2(width, height),
        );
        ui.painter().galley(ground.min + vec2(2.0, 1.0), name, ink);
        ui.painter()
            .galley(ground.min + vec2(2.0 + named, 1.0), low, ink);
        ui.painter()
            .galley(pos2(bar.right() + 4.0, ground.top() + 1.0), high, ink);
        gradient(ui, bar, self.map, false);
    }
}

/// A number with its tick beside a bar; `end` keeps it within the bar's ends.
fn tick(ui: &Ui, bar: Rect, y: f32, words: &str, end: bool) {
    let ink = ui.visuals().weak_text_color();
    ui.painter()
        .hline(bar.right()..=bar.right() + 3.0, y, (1.0, ink));
    let y = if end {
        y.clamp(bar.top() + 2.0, bar.bottom() - 2.0)
    } else {
        y
    };
    paint_text(
        ui,
        pos2(bar.right() + 5.0, y),
        Align2::LEFT_CENTER,
        words,
        10.0,
        ink,
    );
}

/// The colours of a map, the last one at the top, or at the right.
fn gradient(ui: &Ui, bar: Rect, map: ColorMap, up: bool) {
    const STEPS: usize = 48;
    let table = colormap::table(map);
    let mut mesh = egui::Mesh::default();
    for i in 0..=STEPS {
        let share = i as f32 / STEPS as f32;
        let [r, g, b] = table[i * 255 / STEPS];
        let ends = if up {
            let y = bar.bottom() - share * bar.height();
            [pos2(bar.left(), y), pos2(bar.right(), y)]
        } else {
            let x = bar.left() + share * bar.width();
            [pos2(x, bar.top()), pos2(x, bar.bottom())]
        };
        for at in ends {
            mesh.colored_vertex(at, Color32::from_rgb(r, g, b));
        }
        if i > 0 {
            let at = 2 * i as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    ui.painter().add(mesh);
    let line = ui.visuals().widgets.noninteractive.bg_stroke;
    ui.painter()
        .rect_stroke(bar, 0.0, line, egui::StrokeKind::Outside);
}

/// A weight in three figures.
pub(super) fn number(weight: f32) -> String {
    if weight == 0.0 {
        "0".into()
    } else if weight >= 0.001 {
        let decimals = (2.0 - weight.log10().floor()).clamp(0.0, 5.0) as usize;
        format!("{weight:.decimals$}")
    } else {
        format!("{weight:.1e}")
    }
}

/// The colour that a weight has in a picture, for a swatch.
pub(super) fn swatch(picture: &HeatmapImage, weight: f32) -> Color32 {
    let request = &picture.request;
    let [r, g, b] = color(weight, picture.largest, request.scale, request.map);
    Color32::from_rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_three_figures() {
        for (weight, words) in [
            (0.0, "0"),
            (1.0, "1.00"),
            (0.123_45, "0.123"),
            (0.012_345, "0.0123"),
            (0.001_234_5, "0.00123"),
            (0.000_123, "1.2e-4"),
        ] {
            assert_eq!(number(weight), words);
        }
    }
}
