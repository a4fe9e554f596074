//! The shares of a layer's neurons, the most used first, and what they hold together: as many columns as there are pixels, however
//! many neurons there are.

use super::super::usage::{axis, fine_percent, height};
use crate::analysis::NeuronUsage;
use crate::chart::thousands;
use crate::model::architecture::FeedForwardSpec;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::percent;
use eframe::egui::{self, FontId, Mesh, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

/// Room for the numbers at the left, in points.
const LEFT: f32 = 52.0;

/// Draws it; gives the place of the neuron that was clicked.
pub(super) fn show(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    usage: &NeuronUsage,
    spec: &FeedForwardSpec,
    log: bool,
    high: f32,
) -> Option<usize> {
    let size = vec2(ui.available_width().max(LEFT + 60.0), high);
    let (area, _) = ui.allocate_exact_size(size, Sense::hover());
    let rect = Rect::from_min_max(
        pos2(area.left() + LEFT, area.top() + 4.0),
        pos2(area.right() - 4.0, area.bottom() - 4.0),
    );
    let response = ui.interact(rect, ui.scope_id().with("curve"), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Canvas,
            true,
            tr("Shares of the neurons, the most used first: click one to select it"),
        )
    });
    let count = usage.count();
    let of_rank = |rank: usize| usage.ranked(rank).map_or(0.0, |place| usage.share(place));
    let top = of_rank(0);
    let y = |share: f32| rect.bottom() - share * (rect.height() - 2.0);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
    axis(ui, rect, top, log, &y);
    let x = |rank: f32| rect.left() + rank / count.max(1) as f32 * rect.width();
    let at = |x: f32| ((x - rect.left()) / rect.width() * count as f32).max(0.0) as usize;
    never(
        ui,
        cx,
        usage,
        rect,
        x((count - usage.usage.never.min(count)) as f32),
    );
    let pixel = 1.0 / ui.ctx().pixels_per_point();
    let wide = (rect.width() / count.max(1) as f32).max(pixel);
    let mut mesh = Mesh::default();
    let mut left = rect.left();
    while left < rect.right() {
        // The most used of those that share a pixel.
        let share = of_rank(at(left + 0.01 * pixel).min(count.saturating_sub(1)));
        let tip = y(height(share, top, log)).min(rect.bottom());
        let bar = Rect::from_min_max(pos2(left, tip), pos2(left + wide, rect.bottom()));
        mesh.add_colored_rect(bar, cx.palette.persistent);
        left += wide;
    }
    painter.add(mesh);
    held(ui, cx, usage, rect, (&x, &y));
    let selected = cx.selection.neuron.filter(|id| id.layer == usage.layer);
    let selected = selected.and_then(|id| {
        let place = u32::try_from(spec.place(id)?).ok()?;
        usage.usage.order.iter().position(|of| *of == place)
    });
    if let Some(rank) = selected {
        let stroke = Stroke::new(1.5, cx.palette.accent);
        painter.vline(x(rank as f32 + 0.5), rect.y_range(), stroke);
    }
    let line = ui.visuals().widgets.noninteractive.bg_stroke;
    ui.painter().hline(rect.x_range(), rect.bottom(), line);
    let pointer = response.hover_pos()?;
    let rank = at(pointer.x).min(count.saturating_sub(1));
    let place = usage.ranked(rank)?;
    let clicked = response.clicked();
    response.on_hover_ui_at_pointer(|ui| {
        ui.label(strong(trf(
            "Neuron {0}",
            &[&spec.named(usage.layer, place)],
        )));
        ui.label(trf(
            "{0} of the layer's use",
            &[&fine_percent(usage.share(place))],
        ));
        let of = [thousands(rank + 1), thousands(count)];
        ui.label(quiet(trf("rank {0} of {1} by use", &[&of[0], &of[1]])));
        if let Some(held) = usage.held.get(rank) {
            let words = trf("up to here they hold {0} together", &[&percent(*held)]);
            ui.label(quiet(words));
        }
        ui.label(quiet(tr("click to select")));
    });
    clicked.then_some(place)
}

/// The neurons never used: a quiet ground with their number.
fn never(ui: &Ui, cx: &ViewContext<'_>, usage: &NeuronUsage, rect: Rect, left: f32) {
    if usage.usage.never == 0 {
        return;
    }
    let band = Rect::from_min_max(pos2(left, rect.top()), rect.max);
    ui.painter()
        .rect_filled(band, 0.0, cx.palette.empty.gamma_multiply(0.18));
    let words = trf("{0} never used", &[&thousands(usage.usage.never)]);
    let ink = ui.visuals().weak_text_color();
    let galley = ui
        .painter()
        .layout_no_wrap(words, FontId::proportional(10.5), ink);
    if galley.size().x + 8.0 <= band.width() {
        let at = pos2(band.right() - galley.size().x - 4.0, band.bottom() - 18.0);
        ui.painter().galley(at, galley, ink);
    }
}

/// The share that the neurons up to each one hold together, from 0 to 100 % of the height, with marks at 50 and 90 %.
fn held(
    ui: &Ui,
    cx: &ViewContext<'_>,
    usage: &NeuronUsage,
    rect: Rect,
    (x, y): (&dyn Fn(f32) -> f32, &dyn Fn(f32) -> f32),
) {
    let count = usage.count();
    if count == 0
        || usage
            .held
            .last()
            .is_none_or(|held| *held <= 0.0 || held.is_nan())
    {
        return;
    }
    let ink = ui.visuals().text_color().gamma_multiply(0.75);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let point = |upto: usize| {
        let held = upto.checked_sub(1).and_then(|rank| usage.held.get(rank));
        pos2(x(upto as f32), y(held.copied().unwrap_or(0.0)))
    };
    // One point for each two points of width is enough.
    let each = ((2.0 / rect.width() * count as f32) as usize).max(1);
    let mut line: Vec<_> = (0..count).step_by(each).map(point).collect();
    line.push(point(count));
    painter.add(Shape::line(line, Stroke::new(1.2, ink)));
    for share in [50_u8, 90] {
        let upto = usage.holding(f32::from(share) / 100.0);
        let at = point(upto);
        painter.circle_filled(at, 2.6, cx.palette.accent);
        let words = trf("{0} % in {1}", &[&share, &thousands(upto)]);
        let galley = painter.layout_no_wrap(words, FontId::proportional(10.5), ink);
        let size = galley.size();
        let place = match at.x + size.x + 8.0 < rect.right() {
            true => pos2(at.x + 5.0, at.y + 2.0),
            false => pos2(at.x - size.x - 5.0, (at.y - size.y - 1.0).max(rect.top())),
        };
        let ground = Rect::from_min_size(place, size).expand2(vec2(2.0, 0.0));
        let shade = ui.visuals().extreme_bg_color.gamma_multiply(0.8);
        painter.rect_filled(ground, 2.0, shade);
        painter.galley(place, galley, ink);
    }
}
