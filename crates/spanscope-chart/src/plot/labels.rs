//! Names of points: each where no other text is, the most important first.

use super::super::canvas::{Anchor, Canvas, Type};
use super::super::font;
use super::super::theme::{TICK, Theme};
use super::layout::{Layout, Place};
use super::{Mark, Panel, shapes};

/// Size of the names, in points.
const SIZE: f64 = TICK * 0.86;

/// Room between a point and its name.
const GAP: f64 = 2.8;

/// Most names that a panel has room for.
const MOST: usize = 60;

/// Most points of which none may lie under a name.
const APART: usize = 400;

/// Writes the names that have room.
pub(super) fn draw(page: &mut Canvas, panel: &Panel, place: &Place, at: &Layout, theme: &Theme) {
    let style = Type::new(SIZE, theme.ink);
    let all = panel
        .series
        .iter()
        .filter(|series| series.mark != Mark::Bars);
    let all = all.flat_map(|series| &series.points);
    // Among many points, names cover those that have none.
    let mut points: Vec<(f64, f64)> = match all.clone().count() <= APART {
        true => all.map(|[px, py]| (at.x(*px), place.y(*py))).collect(),
        false => Vec::new(),
    };
    let half = shapes::half_bar(panel, at);
    let bars = bars(panel, half, place, at);
    for label in panel.labels.iter().take(MOST) {
        let (x, y) = (at.x(label.at[0]), place.y(label.at[1]));
        if !(x.is_finite() && y.is_finite()) {
            continue;
        }
        let wide = style.width(&label.text);
        let (up, down) = (font::ASCENT * SIZE, font::DESCENT * SIZE);
        let middle = y + font::CAP_HEIGHT * SIZE / 2.0;
        let choices = [
            (x + GAP, middle, Anchor::Start),
            (x - GAP, middle, Anchor::End),
            (x, y - GAP - down, Anchor::Middle),
            (x, y + GAP + up, Anchor::Middle),
        ];
        // A bar has its name on it.
        let on_bar = [
            (x, y - 1.0 - down, Anchor::Middle),
            (x - half, y - 1.0 - down, Anchor::Start),
        ];
        let choices: &[_] = if bars.is_empty() { &choices } else { &on_bar };
        let fits = |(left, base, anchor): &(f64, f64, Anchor)| {
            let from = match anchor {
                Anchor::Start => *left,
                Anchor::Middle => left - wide / 2.0,
                Anchor::End => left - wide,
            };
            let (first, last) = ((from - 0.5, base - up), (from + wide + 0.5, base + down));
            let inside = first.0 >= at.left
                && last.0 <= at.right
                && first.1 >= place.top
                && last.1 <= place.bottom;
            let covers = |(x, y): &(f64, f64)| {
                (first.0..last.0).contains(x) && (first.1..last.1).contains(y)
            };
            let on = |of: &[f64; 4]| {
                first.0 < of[1] && of[0] < last.0 && first.1 < of[3] && of[2] < last.1
            };
            inside
                && page.is_free(first, last)
                && !points.iter().any(covers)
                && !bars.iter().any(on)
        };
        let Some(&(left, base, anchor)) = choices.iter().find(|choice| fits(choice)) else {
            continue;
        };
        let ground = theme.background;
        page.text_halo(left, base, &label.text, style.anchor(anchor), ground);
        points.push((x, y));
    }
}

/// The bars of a panel with the strokes on them: left, right, upper and lower end.
fn bars(panel: &Panel, half: f64, place: &Place, at: &Layout) -> Vec<[f64; 4]> {
    let mut found = Vec::new();
    for series in panel.series.iter().filter(|of| of.mark == Mark::Bars) {
        for (i, [x, y]) in series.points.iter().enumerate() {
            let x = at.x(*x);
            found.push([x - half, x + half, place.y(*y), place.bottom]);
            if let Some([_, high]) = series.spread.get(i).filter(|ends| ends[1].is_finite()) {
                found.push([x - 0.5, x + 0.5, place.y(*high), place.y(*y)]);
            }
        }
    }
    found
}
