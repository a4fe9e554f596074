//! The drawing of a span chart.

use svg::Node;
use svg::node::element::{Element, Group, Title};

use super::super::canvas::{Anchor, Canvas, Type, line, round};
use super::super::colormap::depth_color;
use super::super::theme::{self, LABEL, TICK, Theme, hex};
use super::super::{Style, font, ticks};
use super::layout::{self, Layout, PAD, TICK_LENGTH};
use super::overlay;
use super::{EffectiveSpan, HeadSpan, SpanChart, SpanMeasure};

/// Draws the chart on a page.
pub(super) fn draw(chart: &SpanChart, style: &Style) -> Canvas {
    let at = Layout::new(chart, style);
    let theme = style.theme();
    let mut page = Canvas::new(at.width, at.height, style);
    at.header.draw(&mut page, theme);
    overlay::draw_legend(&mut page, &at.legend, theme);
    bands(&mut page, &at, theme);
    vertical_axis(&mut page, chart, &at, theme);
    limit(&mut page, chart, &at, theme);
    marks(&mut page, chart, &at, theme, (style.gray, style.dark));
    page.line((at.left, at.bottom), (at.right, at.bottom), theme.axis, 0.6);
    layer_axis(&mut page, chart, &at, theme);
    overlay::names(&mut page, chart, &at, theme);
    page
}

/// Every second layer on a tinted ground.
fn bands(page: &mut Canvas, at: &Layout, theme: &Theme) {
    for group in at.groups.iter().skip(1).step_by(2) {
        let width = group.right - group.left;
        page.rect(group.left, at.top, width, at.bottom - at.top, theme.band);
    }
}

fn vertical_axis(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
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
    let title = match chart.measure {
        SpanMeasure::Reach => "Reach (tokens)",
        SpanMeasure::Span => "Span z (tokens)",
    };
    page.text_up(PAD + LABEL / 2.0 - 1.0, middle, title, style);
}

fn limit(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
    let y = match chart.limit {
        _ if at.endless => at.height_of(None),
        Some(limit) if at.limit => at.y(limit as f64),
        _ => return,
    };
    let mut dashed = line((at.left, y), (at.right, y), theme.limit, 0.7);
    dashed.assign("stroke-dasharray", "3 2");
    page.add(dashed);
    let style = Type::new(TICK, theme.limit);
    page.text_middle(at.right + 4.0, y, &at.limit_label, style);
}

fn marks(
    page: &mut Canvas,
    chart: &SpanChart,
    at: &Layout,
    theme: &Theme,
    (gray, dark): (bool, bool),
) {
    if at.heads.is_empty() {
        let style = Type::new(LABEL, theme.muted).anchor(Anchor::Middle);
        let x = (at.left + at.right) / 2.0;
        page.text_middle(x, (at.top + at.bottom) / 2.0 + 8.0, "no heads", style);
        return;
    }
    let radius = at.radius();
    let stem = (at.pitch * 0.3).clamp(0.3, 1.1);
    let place = |(head, x): &(HeadSpan, f64)| (*x, at.height_of(chart.value(head)));
    for layer in at.heads.chunk_by(|a, b| a.0.layer == b.0.layer) {
        let color = &layer_color(at, theme, (gray, dark), layer[0].0.layer);
        if chart.sort {
            let points: Vec<(f64, f64)> = layer.iter().map(place).collect();
            page.add(area(&points, at.bottom, color));
            page.add(polyline(&points, color));
        }
        for (head, x) in layer {
            let y = at.height_of(chart.value(head));
            let place = (head.layer, head.head);
            let mut group = Group::new();
            let effective = chart.effective.iter().find(|e| (e.layer, e.head) == place);
            let trained = chart.trained.iter().find(|t| (t.layer, t.head) == place);
            let ablated = chart.ablated.contains(&head.id());
            group.append(Title::new(tooltip(head, effective, trained, ablated)));
            if !chart.sort {
                let mut stalk = line((*x, at.bottom), (*x, y), color, round(stem));
                stalk.assign("stroke-opacity", 0.45);
                group.append(stalk);
            }
            if let Some(effective) = effective {
                overlay::dashes(&mut group, (effective, chart.marked), *x, at, theme);
            }
            if let Some(trained) = trained {
                let from = at.height_of(chart.value(trained));
                overlay::ghost(&mut group, (*x, from, y), radius, theme);
            }
            if ablated {
                group.append(overlay::cross(*x, y, radius, color));
            } else {
                // Greys are told apart by shape as well.
                let kind = if gray { layer_index(at, head.layer) } else { 0 };
                group.append(shape(*x, y, radius, kind, color));
            }
            page.add(group);
        }
    }
    if at.values {
        let style = Type::new(TICK, theme.ink).anchor(Anchor::Middle);
        for (head, x) in &at.heads {
            let y = at.height_of(chart.value(head)) - radius - 2.2;
            page.text_halo(
                *x,
                y,
                &layout::value_words(chart.value(head)),
                style,
                theme.background,
            );
        }
    }
}

/// A mark at a place: a circle, a square, a triangle or a diamond, of about the same area.
pub(super) fn shape(x: f64, y: f64, radius: f64, kind: usize, fill: &str) -> Element {
    let mut mark = match kind % 4 {
        0 => {
            let mut circle = Element::new("circle");
            circle.assign("cx", round(x));
            circle.assign("cy", round(y));
            circle.assign("r", round(radius));
            circle
        }
        other => {
            let r = radius * 1.15;
            let corners: &[(f64, f64)] = match other {
                1 => &[(-0.77, -0.77), (0.77, -0.77), (0.77, 0.77), (-0.77, 0.77)],
                2 => &[(0.0, -1.1), (1.05, 0.8), (-1.05, 0.8)],
                _ => &[(0.0, -1.15), (1.0, 0.0), (0.0, 1.15), (-1.0, 0.0)],
            };
            let corners = corners
                .iter()
                .map(|(a, b)| format!("{},{}", round(x + a * r), round(y + b * r)));
            let mut polygon = Element::new("polygon");
            polygon.assign("points", corners.collect::<Vec<_>>().join(" "));
            polygon
        }
    };
    mark.assign("fill", fill);
    mark
}

/// The text that a browser shows over a mark.
fn tooltip(
    head: &HeadSpan,
    effective: Option<&EffectiveSpan>,
    trained: Option<&HeadSpan>,
    ablated: bool,
) -> String {
    let trained = trained.map_or(String::new(), |trained| {
        format!("; trained to {}", numbers(trained))
    });
    let ablated = if ablated { "; ablated" } else { "" };
    let used = match effective.map(EffectiveSpan::drawn) {
        Some([Some(half), Some(most), Some(nearly)]) => {
            let [half, most, nearly] = [half, most, nearly].map(ticks::thousands);
            format!("; 50, 90, 99 % of its weight within {half}, {most}, {nearly}")
        }
        _ => String::new(),
    };
    format!(
        "{}: {}{trained}{ablated}{used}",
        head.id().in_words(),
        numbers(head),
    )
}

/// Reach and span of a head.
fn numbers(head: &HeadSpan) -> String {
    match (head.reach, head.span) {
        (Some(reach), Some(span)) => {
            format!(
                "reach {}, span {}",
                ticks::thousands(reach),
                theme::short(span)
            )
        }
        _ => "no limit".into(),
    }
}

/// The layers' numbers, and the heads' where they fit.
fn layer_axis(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
    let small = Type::new(TICK, theme.muted).anchor(Anchor::Middle);
    let mut base = at.bottom + TICK_LENGTH + TICK * 0.95;
    if at.names {
        for (head, x) in &at.heads {
            page.text(*x, base, &layout::head_name(head), small);
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
            layer.to_string()
        }
    };
    let widest = at.groups.iter().map(|g| style.width(&name(g.layer)));
    let room = widest.fold(0.0, f64::max) + 4.0;
    let narrow = at.groups.iter().map(|g| g.right - g.left);
    let step = ticks::every(narrow.fold(f64::INFINITY, f64::min), room);
    // Multiples of the step, and the first layer, as long as they stand apart.
    let regular = |g: &layout::Group| g.layer.is_multiple_of(step);
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
    let order = match (chart.sort, chart.measure) {
        (false, _) => "by index",
        (true, SpanMeasure::Reach) => "by rising reach",
        (true, SpanMeasure::Span) => "by rising span",
    };
    let title = match (at.heads.is_empty(), at.long_layers) {
        (true, _) => "Layer".to_owned(),
        (false, true) => format!("Heads of each layer, {order}"),
        (false, false) => format!("Layer, heads {order}"),
    };
    axis_title(page, at, theme, base, &title);
}

fn axis_title(page: &mut Canvas, at: &Layout, theme: &Theme, base: f64, text: &str) {
    let style = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
    let (text, size) = font::title(&[text], LABEL, style.weight, at.width - 2.0 * PAD);
    let style = Type { size, ..style };
    let half = style.width(&text) / 2.0;
    let middle = ((at.left + at.right) / 2.0).min(at.width - PAD - half);
    page.text(middle.max(PAD + half), base + LABEL * 1.4, &text, style);
}

/// The colour of a layer: one of its own where they are few, else along a colour map; greys take turns, and shapes with them.
fn layer_color(at: &Layout, theme: &Theme, (gray, dark): (bool, bool), layer: usize) -> String {
    let (own, count) = (theme.layers, at.layers.last().map_or(1, |last| last + 1));
    match count > own.len() && !gray {
        true => hex(depth_color(layer, count, dark)),
        false => own[layer % own.len()].to_owned(),
    }
}

/// The place of a layer among those that occur.
fn layer_index(at: &Layout, layer: usize) -> usize {
    at.layers.binary_search(&layer).unwrap_or(0)
}

/// The ground below a line, lightly filled.
fn area(points: &[(f64, f64)], bottom: f64, color: &str) -> Element {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let step = if i == 0 {
            format!("M{} {}", round(*x), round(bottom))
        } else {
            String::new()
        };
        path += &format!("{step}L{} {}", round(*x), round(*y));
    }
    if let Some((x, _)) = points.last() {
        path += &format!("L{} {}Z", round(*x), round(bottom));
    }
    let mut area = Element::new("path");
    area.assign("d", path);
    area.assign("fill", color);
    area.assign("fill-opacity", 0.18);
    area
}

fn polyline(points: &[(f64, f64)], color: &str) -> Element {
    let places: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{},{}", round(*x), round(*y)))
        .collect();
    let mut line = Element::new("polyline");
    line.assign("points", places.join(" "));
    line.assign("fill", "none");
    line.assign("stroke", color);
    line.assign("stroke-width", 1.1);
    line.assign("stroke-linejoin", "round");
    line
}
