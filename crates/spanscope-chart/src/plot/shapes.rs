//! Single marks of a plot, and how far each point may be off.

use super::super::canvas::{clean, line, rect, round};
use super::super::theme::Theme;
use super::layout::{Layout, Place};
use super::{Mark, Panel, Series};
use svg::Node;
use svg::node::element::{Element, Group, Title};

/// Most marks that have a tooltip of their own.
const MOST_TOOLTIPS: usize = 4000;

/// Half the side of a mark, in points.
const HALF: f64 = 1.7;

/// A dot.
pub(super) fn dot(x: f64, y: f64, ink: &str) -> Element {
    let mut dot = Element::new("circle");
    dot.assign("cx", round(x));
    dot.assign("cy", round(y));
    dot.assign("r", HALF);
    dot.assign("fill", ink);
    dot
}

/// A mark in the legend.
pub(super) fn sample(mark: Mark, at: (f64, f64), ink: &str, theme: &Theme) -> Element {
    match mark {
        Mark::Bars => rect(at.0 - 2.5, at.1 - 2.5, 5.0, 5.0, ink),
        _ => shape(mark, at, ink, theme),
    }
}

fn shape(mark: Mark, (x, y): (f64, f64), ink: &str, theme: &Theme) -> Element {
    match mark {
        Mark::Squares => rect(x - HALF * 0.9, y - HALF * 0.9, HALF * 1.8, HALF * 1.8, ink),
        Mark::Triangles => {
            let mut shape = Element::new("path");
            let (left, right) = (round(x - HALF * 1.2), round(x + HALF * 1.2));
            let (top, bottom) = (round(y - HALF * 1.25), round(y + HALF * 0.95));
            shape.assign("d", format!("M{} {top}L{right} {bottom}H{left}Z", round(x)));
            shape.assign("fill", ink);
            shape
        }
        Mark::Rings => {
            let mut ring = dot(x, y, "none");
            ring.assign("r", HALF * 0.75);
            ring.assign("stroke", theme.muted);
            ring.assign("stroke-width", 0.5);
            ring
        }
        _ => dot(x, y, ink),
    }
}

/// Half the width of a bar, in points: as wide as the nearest neighbours let it be, of whatever series.
pub(super) fn half_bar(panel: &Panel, at: &Layout) -> f64 {
    let bars = panel.series.iter().filter(|of| of.mark == Mark::Bars);
    let points = bars.flat_map(|series| &series.points);
    let mut places: Vec<f64> = points.map(|point| at.x(point[0])).collect();
    places.retain(|x| x.is_finite());
    places.sort_by(f64::total_cmp);
    let gaps = places.windows(2).map(|pair| pair[1] - pair[0]);
    let least = gaps.filter(|gap| *gap > 1e-6).fold(f64::INFINITY, f64::min);
    // A hair's breadth between bars would shimmer.
    match least.is_finite() {
        true if least < 3.0 => least * 0.5,
        true => (least * 0.4).min(9.0),
        false => 9.0,
    }
}

/// The marks of a series at `points`, those outside the axes left out.
pub(super) fn singles(
    group: &mut Group,
    series: &Series,
    points: impl Iterator<Item = Option<(f64, f64)>>,
    (place, at, half): (&Place, &Layout, f64),
    (ink, theme): (&str, &Theme),
) {
    let tips = series.points.len() <= MOST_TOOLTIPS;
    for (i, (point, [x, y])) in points.zip(&series.points).enumerate() {
        let Some((left, top)) = point else { continue };
        let spread = series
            .spread
            .get(i)
            .map(|ends| ends.map(|end| place.y(end)));
        let mut mark = match series.mark {
            Mark::Bars => {
                let (from, to) = ((left - half).max(at.left), (left + half).min(at.right));
                rect(from, top, (to - from).max(0.2), place.bottom - top, ink)
            }
            mark => shape(mark, (left, top), ink, theme),
        };
        if tips {
            let words = match series.names.get(i) {
                Some(name) if !name.is_empty() => format!("{name}: {x}, {y}"),
                _ => format!("{x}, {y}"),
            };
            let mut words = Title::new(clean(&words));
            words.assign("class", "value");
            mark.append(words);
        }
        group.append(mark);
        if let Some([low, high]) = spread.filter(|ends| ends.iter().all(|end| end.is_finite())) {
            let inside = |y: f64| y.clamp(place.top, place.bottom);
            let color = if series.mark == Mark::Bars {
                theme.ink
            } else {
                ink
            };
            let mut upright = line((left, inside(low)), (left, inside(high)), color, 0.5);
            upright.assign("stroke-opacity", 0.7);
            group.append(upright);
        }
    }
}

/// The band around a line.
pub(super) fn band(group: &mut Group, series: &Series, place: &Place, at: &Layout, ink: &str) {
    let ends = series.points.iter().zip(&series.spread);
    let places: Vec<Option<(f64, f64, f64)>> = ends
        .map(|([x, _], [low, high])| {
            let (x, low, high) = (at.x(*x), place.y(*low), place.y(*high));
            let inside = (at.left - 0.5..=at.right + 0.5).contains(&x);
            let clamp = |y: f64| y.clamp(place.top, place.bottom);
            (inside && low.is_finite() && high.is_finite()).then(|| (x, clamp(low), clamp(high)))
        })
        .collect();
    for piece in places.split(Option::is_none) {
        let piece: Vec<(f64, f64, f64)> = piece.iter().flatten().copied().collect();
        if piece.len() < 2 {
            continue;
        }
        let there = piece.iter().map(|(x, low, _)| (x, low));
        let back = piece.iter().rev().map(|(x, _, high)| (x, high));
        let mut path = String::new();
        for (i, (x, y)) in there.chain(back).enumerate() {
            path += if i == 0 { "M" } else { "L" };
            path += &format!("{} {}", round(*x), round(*y));
        }
        let mut ground = Element::new("path");
        ground.assign("d", format!("{path}Z"));
        ground.assign("fill", ink);
        ground.assign("fill-opacity", 0.18);
        group.append(ground);
    }
}
