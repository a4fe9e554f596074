//! The drawing of a plot.

use super::super::canvas::{Anchor, Canvas, Type, line, rect, round};
use super::super::colormap::depth_color;
use super::super::theme::{LABEL, TICK, Theme, hex};
use super::super::{Style, font};
use super::layout::{Layout, OVER, PAD, Place, SAMPLE, TICK_LENGTH};
use super::shapes::{self, dot};
use super::{Dash, Mark, Panel, Plot, Series, labels};
use svg::Node;
use svg::node::element::{Element, Group, Title};

/// Dashes of the lines of a grey figure, by colour.
const DASHES: [&str; 4] = ["", "4 2", "1.2 1.6", "6 1.6 1.2 1.6"];

/// Most points that are drawn for every point of width; more are drawn as the highest and the lowest of their column.
const PER_POINT: f64 = 4.0;

/// Draws the plot on a page.
pub(super) fn draw(plot: &Plot, style: &Style) -> Canvas {
    let at = Layout::new(plot, style);
    let theme = style.theme();
    let mut page = Canvas::new(at.width, at.height, style);
    at.header.draw(&mut page, theme);
    for named in &at.legend {
        let series = &plot.panels[named.of.0].series[named.of.1];
        let middle = named.base - TICK * font::CAP_HEIGHT / 2.0;
        page.add(sample(series, (named.x, middle), style, theme));
        let text = Type::new(TICK, theme.ink);
        page.text(named.x + SAMPLE + 4.0, named.base, &named.name, text);
    }
    if let Some([from, to]) = plot.shade {
        let (from, to) = (at.x(from), at.x(to));
        let (from, to) = (from.max(at.left), to.min(at.right));
        for place in &at.panels {
            if to > from {
                page.rect(
                    from,
                    place.top,
                    to - from,
                    place.bottom - place.top,
                    theme.band,
                );
            }
        }
    }
    for (panel, place) in plot.panels.iter().zip(&at.panels) {
        y_axis(&mut page, panel, place, &at, theme);
        grid(&mut page, place, &at, theme);
    }
    marks(&mut page, plot, &at, theme);
    for (panel, place) in plot.panels.iter().zip(&at.panels) {
        for level in &panel.levels {
            let y = place.y(level.at);
            if !(place.top - 0.5..=place.bottom + 0.5).contains(&y) {
                continue;
            }
            let mut across = line((at.left, y), (at.right, y), theme.limit, 0.7);
            across.assign("stroke-dasharray", "3 2");
            page.add(across);
            let style = Type::new(TICK, theme.limit);
            let room = at.width - PAD - at.right - 4.0;
            let label = font::fit(&level.label, TICK, style.weight, room);
            page.text_middle(at.right + 4.0, y, &label, style);
        }
        let half = shapes::half_bar(panel, &at);
        for series in &panel.series {
            page.add(drawn(series, (place, &at, half), style, theme));
        }
        page.line(
            (at.left, place.bottom),
            (at.right, place.bottom),
            theme.axis,
            0.6,
        );
        page.line(
            (at.left, place.top),
            (at.left, place.bottom),
            theme.axis,
            0.6,
        );
    }
    x_axis(&mut page, plot, &at, theme);
    for (panel, place) in plot.panels.iter().zip(&at.panels) {
        labels::draw(&mut page, panel, place, &at, theme);
    }
    page
}

fn y_axis(page: &mut Canvas, panel: &Panel, place: &Place, at: &Layout, theme: &Theme) {
    let style = Type::new(TICK, theme.muted).anchor(Anchor::End);
    let mut last = f64::INFINITY;
    for tick in &place.y.ticks {
        let y = place.y(tick.value);
        let length = match &tick.label {
            // From the bottom up; numbers of neighbours must not touch.
            Some(text) if last - y >= TICK * 1.05 => {
                page.text_middle(at.left - TICK_LENGTH - 2.0, y, text, style);
                last = y;
                TICK_LENGTH
            }
            _ => TICK_LENGTH * 0.55,
        };
        page.line((at.left - length, y), (at.left, y), theme.axis, 0.5);
    }
    let style = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
    let room = place.bottom - place.top + OVER;
    let [long, short] = panel.y.titles();
    let (text, size) = font::title(&[&long, &short], LABEL, style.weight, room);
    let style = Type { size, ..style };
    let middle = (place.top + place.bottom) / 2.0;
    page.text_up(PAD + LABEL / 2.0 - 1.0, middle, &text, style);
}

fn grid(page: &mut Canvas, place: &Place, at: &Layout, theme: &Theme) {
    for tick in place.y.ticks.iter().filter(|t| t.label.is_some()) {
        let y = place.y(tick.value);
        if y < place.bottom - 0.5 {
            page.line((at.left, y), (at.right, y), theme.grid, 0.5);
        }
    }
}

fn marks(page: &mut Canvas, plot: &Plot, at: &Layout, theme: &Theme) {
    let (Some(first), Some(last)) = (at.panels.first(), at.panels.last()) else {
        return;
    };
    let mut order: Vec<_> = plot.marks.iter().collect();
    order.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut end = f64::NEG_INFINITY;
    for mark in order {
        let x = at.x(mark.at);
        if !(at.left - 0.5..=at.right + 0.5).contains(&x) {
            continue;
        }
        let mut upright = line((x, first.top - 2.0), (x, last.bottom), theme.muted, 0.6);
        upright.assign("stroke-dasharray", "2 1.5");
        page.add(upright);
        let style = Type::new(TICK, theme.muted).anchor(Anchor::Middle);
        let half = style.width(&mark.label) / 2.0;
        let middle = x.clamp(PAD + half, (at.width - PAD - half).max(PAD + half));
        // A name without room is left out: the line stays.
        if middle - half >= end + 4.0 && middle + half <= at.width {
            page.text(middle, first.top - 4.5, &mark.label, style);
            end = middle + half;
        }
    }
}

fn x_axis(page: &mut Canvas, plot: &Plot, at: &Layout, theme: &Theme) {
    let Some(last) = at.panels.last() else {
        return;
    };
    let style = Type::new(TICK, theme.muted).anchor(Anchor::Middle);
    let base = last.bottom + TICK_LENGTH + TICK * 0.95;
    for tick in &at.x.ticks {
        let x = at.x(tick.value);
        let length = match &tick.label {
            Some(text) => {
                page.text(x, base, text, style);
                TICK_LENGTH
            }
            None => TICK_LENGTH * 0.55,
        };
        for place in &at.panels {
            page.line(
                (x, place.bottom),
                (x, place.bottom + length),
                theme.axis,
                0.5,
            );
        }
    }
    let style = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
    let room = at.width - 2.0 * PAD;
    let [long, short] = plot.x.titles();
    let (text, size) = font::title(&[&long, &short], LABEL, style.weight, room);
    let style = Type { size, ..style };
    let half = style.width(&text) / 2.0;
    let middle = ((at.left + at.right) / 2.0).min(at.width - PAD - half);
    page.text(middle.max(PAD + half), base + LABEL * 1.4, &text, style);
}

fn color(series: &Series, style: &Style, theme: &Theme) -> String {
    match series.depth {
        Some((i, count)) if !style.gray => hex(depth_color(i, count, style.dark)),
        _ => theme.layers[series.color % theme.layers.len()].to_owned(),
    }
}

fn dash(series: &Series, style: &Style) -> &'static str {
    match (series.dash, style.gray) {
        (_, true) => DASHES[series.color % DASHES.len()],
        (Dash::Solid, false) => "",
        (Dash::Dashed, false) => "3.5 2",
        (Dash::Dotted, false) => "0.9 1.6",
    }
}

/// A stretch of the line for the legend.
fn sample(series: &Series, (x, y): (f64, f64), style: &Style, theme: &Theme) -> Group {
    let ink = color(series, style, theme);
    let ink = ink.as_str();
    let mut group = Group::new();
    if series.mark.is_single() {
        group.append(shapes::sample(
            series.mark,
            (x + SAMPLE / 2.0, y),
            ink,
            theme,
        ));
        return group;
    }
    if series.mark == Mark::Area {
        let mut ground = rect(x, y, SAMPLE, 3.0, ink);
        ground.assign("fill-opacity", 0.18);
        group.append(ground);
    }
    group.append(stroke(
        format!("M{} {}H{}", round(x), round(y), round(x + SAMPLE)),
        series,
        style,
        ink,
    ));
    group
}

fn stroke(path: String, series: &Series, style: &Style, ink: &str) -> Element {
    let mut line = Element::new("path");
    line.assign("d", path);
    line.assign("fill", "none");
    line.assign("stroke", ink);
    let pale = series.mark == Mark::Pale;
    let fine = pale || series.mark == Mark::Fine;
    line.assign("stroke-width", if fine { 0.6 } else { 1.1 });
    if pale {
        line.assign("stroke-opacity", 0.4);
    }
    line.assign("stroke-linejoin", "round");
    let dash = dash(series, style);
    if !dash.is_empty() {
        line.assign("stroke-dasharray", dash);
    }
    line
}

/// A series as one group, named for readers of the drawing.
fn drawn(
    series: &Series,
    (place, at, half): (&Place, &Layout, f64),
    style: &Style,
    theme: &Theme,
) -> Group {
    let ink = color(series, style, theme);
    let ink = ink.as_str();
    let mut group = Group::new();
    if !series.name.trim().is_empty() {
        group.append(Title::new(super::super::canvas::clean(&series.name)));
    }
    // What lies outside the axes ends at them.
    let points = series.points.iter().map(|[x, y]| {
        let (x, y) = (at.x(*x), place.y(*y));
        let inside = x.is_finite() && y.is_finite() && x >= at.left - 0.5 && x <= at.right + 0.5;
        inside.then(|| (x, y.clamp(place.top, place.bottom)))
    });
    if series.mark.is_single() {
        shapes::singles(&mut group, series, points, (place, at, half), (ink, theme));
        return group;
    }
    shapes::band(&mut group, series, place, at, ink);
    let points: Vec<_> = points.collect();
    for piece in points.split(|point| point.is_none()) {
        let piece: Vec<(f64, f64)> = piece.iter().flatten().copied().collect();
        let piece = decimated(piece, at.right - at.left);
        match piece.as_slice() {
            [] => {}
            [(x, y)] => group.append(dot(*x, *y, ink)),
            [first, rest @ ..] => {
                let mut path = format!("M{} {}", round(first.0), round(first.1));
                for (x, y) in rest {
                    path += &format!("L{} {}", round(*x), round(*y));
                }
                if let (Mark::Area, Some(last)) = (series.mark, rest.last()) {
                    let bottom = round(place.bottom);
                    let mut ground = Element::new("path");
                    let down = format!(
                        "{path}L{} {bottom}L{} {bottom}Z",
                        round(last.0),
                        round(first.0)
                    );
                    ground.assign("d", down);
                    ground.assign("fill", ink);
                    ground.assign("fill-opacity", 0.18);
                    group.append(ground);
                }
                group.append(stroke(path, series, style, ink));
            }
        }
    }
    group
}

/// Of many points as many as can be seen: the first, the lowest, the highest and the last of each column.
fn decimated(points: Vec<(f64, f64)>, width: f64) -> Vec<(f64, f64)> {
    if points.len() as f64 <= PER_POINT * width || width <= 0.0 {
        return points;
    }
    let column = |x: f64| (x * PER_POINT / 4.0).floor();
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a.0) == column(b.0)) {
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let ends = [
            group.first(),
            group.iter().min_by(by_height),
            group.iter().max_by(by_height),
            group.last(),
        ];
        let mut ends: Vec<(f64, f64)> = ends.into_iter().flatten().copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        kept.extend(ends);
    }
    kept
}
