//! The drawing of a span chart.

use svg::Node;
use svg::node::element::{Element, Group, Title};

use super::canvas::{Anchor, Canvas, Type, line, rect, round};
use super::colormap::{self, ColorMap};
use super::font;
use super::span_layout::{self as layout, Layout, PAD, TICK_LENGTH};
use super::theme::{self, LABEL, TICK, TITLE, Theme};
use super::{HeadSpan, SpanChart, ticks};

/// Draws the chart on a page.
pub(super) fn draw(chart: &SpanChart) -> Canvas {
    let at = Layout::new(chart);
    let theme = theme::theme(chart.dark);
    let mut page = Canvas::new(at.width, at.height, theme);
    header(&mut page, chart, &at, theme);
    bands(&mut page, &at, theme);
    vertical_axis(&mut page, &at, theme);
    limit(&mut page, chart, &at, theme);
    marks(&mut page, chart, &at, theme);
    page.line((at.left, at.bottom), (at.right, at.bottom), theme.axis, 0.6);
    if chart.sort {
        sorted_axis(&mut page, &at, theme);
        legend(&mut page, chart, &at, theme);
    } else {
        layer_axis(&mut page, &at, theme);
    }
    page
}

fn header(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
    let room = at.width - 2.0 * PAD;
    let style = Type::new(TITLE, theme.ink).bold();
    let title = font::fit(&chart.title, style.size, style.weight, room);
    page.text(PAD, at.title_base, &title, style);
    let style = Type::new(LABEL, theme.muted);
    let subtitle = font::fit(&at.subtitle, style.size, style.weight, room);
    page.text(PAD, at.subtitle_base, &subtitle, style);
}

/// Every second layer on a tinted ground.
fn bands(page: &mut Canvas, at: &Layout, theme: &Theme) {
    for group in at.groups.iter().skip(1).step_by(2) {
        let width = group.right - group.left;
        page.rect(group.left, at.top, width, at.bottom - at.top, theme.band);
    }
}

fn vertical_axis(page: &mut Canvas, at: &Layout, theme: &Theme) {
    let style = Type::new(TICK, theme.muted).anchor(Anchor::End);
    for tick in &at.ticks {
        let y = at.y(tick.value);
        let (length, width) = if tick.label.is_some() {
            (TICK_LENGTH, 0.6)
        } else {
            (TICK_LENGTH * 0.55, 0.4)
        };
        if let Some(text) = &tick.label {
            if y < at.bottom - 0.5 {
                page.line((at.left, y), (at.right, y), theme.grid, 0.5);
            }
            page.text_middle(at.left - TICK_LENGTH - 2.0, y, text, style);
        }
        page.line((at.left - length, y), (at.left, y), theme.axis, width);
    }
    page.line((at.left, at.top), (at.left, at.bottom), theme.axis, 0.6);
    let style = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
    let middle = (at.top + at.bottom) / 2.0;
    page.text_up(PAD + LABEL / 2.0 - 1.0, middle, "Reach (tokens)", style);
}

fn limit(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
    if !at.limit {
        return;
    }
    let y = at.y(chart.limit as f64);
    let mut dashed = line((at.left, y), (at.right, y), theme.limit, 0.7);
    dashed.assign("stroke-dasharray", "3 2");
    page.add(dashed);
    let style = Type::new(TICK, theme.limit);
    page.text_middle(at.right + 4.0, y, &at.limit_label, style);
}

fn marks(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
    if at.heads.is_empty() {
        let style = Type::new(LABEL, theme.muted).anchor(Anchor::Middle);
        let x = (at.left + at.right) / 2.0;
        page.text_middle(x, (at.top + at.bottom) / 2.0 + 8.0, "no heads", style);
        return;
    }
    let radius = (at.pitch * 0.36).clamp(0.7, 2.4);
    let stem = (at.pitch * 0.3).clamp(0.3, 1.1);
    for (head, x) in &at.heads {
        let y = at.y(head.reach as f64);
        let (mark, foot) = if chart.sort {
            let color = layer_color(chart, at, head.layer);
            (color.clone(), color)
        } else {
            (theme.mark.to_owned(), theme.stem.to_owned())
        };
        let mut group = Group::new();
        group.append(Title::new(tooltip(head)));
        let mut stalk = line((*x, at.bottom), (*x, y), &foot, round(stem));
        if chart.sort {
            stalk.assign("stroke-opacity", 0.45);
        }
        group.append(stalk);
        let mut dot = Element::new("circle");
        dot.assign("cx", round(*x));
        dot.assign("cy", round(y));
        dot.assign("r", round(radius));
        dot.assign("fill", mark);
        group.append(dot);
        page.add(group);
    }
    if at.values {
        let style = Type::new(TICK, theme.ink).anchor(Anchor::Middle);
        for (head, x) in &at.heads {
            let y = at.y(head.reach as f64) - radius - 2.2;
            page.text_halo(*x, y, &head.reach.to_string(), style, theme.background);
        }
    }
}

/// What a browser shows over a mark.
fn tooltip(head: &HeadSpan) -> String {
    format!(
        "layer {}, head {}: reach {}, span {}",
        head.layer.saturating_add(1),
        head.head.saturating_add(1),
        head.reach,
        theme::short(head.span),
    )
}

/// The layers' numbers, and the heads' where they fit.
fn layer_axis(page: &mut Canvas, at: &Layout, theme: &Theme) {
    let small = Type::new(TICK, theme.muted).anchor(Anchor::Middle);
    let mut base = at.bottom + TICK_LENGTH + TICK * 0.95;
    if at.names {
        for (head, x) in &at.heads {
            page.text(*x, base, &layout::head_name(head, false), small);
        }
        base += TICK * 1.4;
    }
    let style = Type {
        color: theme.ink,
        ..small
    };
    for pair in at.groups.windows(2) {
        let x = pair[0].right;
        page.line(
            (x, at.bottom),
            (x, at.bottom + TICK_LENGTH),
            theme.axis,
            0.4,
        );
    }
    let middle = |group: &layout::Group| (group.left + group.right) / 2.0;
    let name = |layer: usize| {
        if at.long_layers {
            layout::layer_name(layer)
        } else {
            layer.saturating_add(1).to_string()
        }
    };
    let widest = at.groups.iter().map(|g| style.width(&name(g.layer)));
    let room = widest.fold(0.0, f64::max) + 4.0;
    let narrow = at.groups.iter().map(|g| g.right - g.left);
    let step = ticks::every(narrow.fold(f64::INFINITY, f64::min), room);
    // Multiples of the step, and the first layer, as long as they stand apart.
    let regular = |g: &layout::Group| (g.layer.saturating_add(1)).is_multiple_of(step);
    let mut shown = f64::NEG_INFINITY;
    for (i, group) in at.groups.iter().enumerate() {
        let x = middle(group);
        let next = at
            .groups
            .iter()
            .skip(i + 1)
            .find(|g| regular(g))
            .map(middle);
        let first = i == 0 && next.is_none_or(|next| next - x >= room);
        if (regular(group) || first) && x - shown >= room {
            page.text(x, base, &name(group.layer), style);
            shown = x;
        }
    }
    let title = if at.long_layers && at.names {
        "Heads of each layer"
    } else if at.long_layers {
        ""
    } else {
        "Layer"
    };
    axis_title(page, at, theme, base, title);
}

/// Ranks, or the heads' names where they fit.
fn sorted_axis(page: &mut Canvas, at: &Layout, theme: &Theme) {
    let style = Type::new(TICK, theme.muted).anchor(Anchor::Middle);
    let base = at.bottom + TICK_LENGTH + TICK * 0.95;
    if at.names {
        for (head, x) in &at.heads {
            page.text(*x, base, &layout::head_name(head, true), style);
        }
        axis_title(
            page,
            at,
            theme,
            base,
            "Head (layer.head), longest reach first",
        );
        return;
    }
    let room = style.width(&at.heads.len().to_string()) + 16.0;
    let step = ticks::every(at.pitch, room);
    for (i, (_, x)) in at.heads.iter().enumerate() {
        let rank = i + 1;
        if rank == 1 || rank % step == 0 {
            page.line(
                (*x, at.bottom),
                (*x, at.bottom + TICK_LENGTH),
                theme.axis,
                0.6,
            );
            page.text(*x, base, &rank.to_string(), style);
        }
    }
    axis_title(page, at, theme, base, "Heads, longest reach first");
}

fn axis_title(page: &mut Canvas, at: &Layout, theme: &Theme, base: f64, text: &str) {
    let style = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
    let text = font::fit(text, style.size, style.weight, at.width - 2.0 * PAD);
    let half = style.width(&text) / 2.0;
    let middle = ((at.left + at.right) / 2.0).min(at.width - PAD - half);
    page.text(middle.max(PAD + half), base + LABEL * 1.4, &text, style);
}

/// The colours of the layers, at the right of the header.
fn legend(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
    if at.layers.is_empty() {
        return;
    }
    let style = Type::new(TICK, theme.muted);
    let (first, last) = layout::legend_ends(&at.layers);
    let step = layout::swatch(at.layers.len());
    let mut x = at.width - PAD - layout::legend_width(&at.layers);
    page.text(x, at.legend_base, &first, style);
    x += style.width(&first) + 4.0;
    let height = TICK * font::CAP_HEIGHT + 1.0;
    for (i, layer) in at.layers.iter().enumerate() {
        // A little overlap, so that no hairlines show between the colours.
        let width = if i + 1 < at.layers.len() {
            step + 0.2
        } else {
            step
        };
        let color = layer_color(chart, at, *layer);
        let mut patch = Group::new();
        patch.append(Title::new(layout::layer_name(*layer)));
        patch.append(rect(
            x,
            at.legend_base - height + 0.5,
            width,
            height,
            &color,
        ));
        page.add(patch);
        x += step;
    }
    page.text(x + 4.0, at.legend_base, &last, style);
}

/// The colour of a layer: an even map less the end that fades into the ground.
fn layer_color(chart: &SpanChart, at: &Layout, layer: usize) -> String {
    let index = at.layers.binary_search(&layer).unwrap_or(0);
    let share = index as f32 / at.layers.len().saturating_sub(1).max(1) as f32;
    let t = if chart.dark {
        0.22 + 0.78 * share
    } else {
        0.9 * share
    };
    theme::hex(colormap::color(ColorMap::Viridis, t))
}
