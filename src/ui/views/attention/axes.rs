//! Where the labels along the map's sides go, and how they are drawn.

use super::cells::Axes;
use crate::analysis::BandLayout;
use crate::chart::thousands;
use crate::engine::Snapshot;
use eframe::egui::text::{LayoutJob, TextFormat, TextWrapping};
use eframe::egui::{Color32, FontId, Pos2, Rect, Ui, epaint, pos2, vec2};
use egui_plot::PlotTransform;
use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;

/// A token at or near a place along an axis, held to the text.
pub(super) fn nearest(place: f64, tokens: usize) -> usize {
    (place.max(0.0) as usize).min(tokens.saturating_sub(1))
}

/// Type of tokens' names, and of numbers.
pub(super) const NAME: f32 = 11.0;
const NUMBER: f32 = 10.0;

/// Least height of a row whose token is named.
const ROW: f64 = 11.0;
/// Least width of a column whose token's name stands upright: a character's.
const UPRIGHT: f64 = 8.5;
/// Room that a number needs, across and down.
const ACROSS: f64 = 44.0;
const DOWN: f64 = 15.0;

/// The style in which the tokens of a text are named along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Names {
    /// Room that a name gets, in points; longer ones are cut.
    pub room: f32,
    /// True if names are single characters, which stand side by side.
    pub characters: bool,
    /// Room for positions beside the names of rows; 0 for none.
    pub positions: f32,
}

impl Names {
    /// True if rows of this height are named.
    pub fn name_rows(cell: f64) -> bool {
        cell >= ROW
    }

    /// True if columns of this width are named.
    pub fn name_columns(&self, cell: f64) -> bool {
        cell >= if self.characters { UPRIGHT } else { ROW }
    }
}

/// Places that are labelled: every `step`-th of `from ..= to`.
fn steps(low: f64, high: f64, cell: f64, room: f64) -> impl Iterator<Item = usize> {
    let least = room / cell.max(1e-9);
    let mut decades = (0..12).flat_map(|d| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(d)));
    let step = decades.find(|step| *step >= least).unwrap_or(1e12) as usize;
    let (low, high) = (low.max(0.0), high.max(-1.0));
    let first = (low / step as f64).ceil() as usize;
    let last = (high + 1.0).floor() as usize;
    (first..)
        .map(move |i| i * step)
        .take_while(move |place| *place < last)
}

/// Distances that are labelled from `low` to `high`, 0 among them: negative ones are to later tokens.
fn both_ways(low: f64, high: f64, cell: f64) -> Vec<i64> {
    let side = |from: f64, to: f64| steps(from.max(0.0), to, cell, ACROSS).map(|n| n as i64);
    let before = side(-high, -low).filter(|n| *n > 0).map(|n| -n);
    let mut all: Vec<i64> = before.collect();
    all.reverse();
    all.extend(side(low, high));
    all
}

/// A distance in words: one to a later token is negative.
pub(super) fn distance(distance: i64) -> String {
    let size = thousands(distance.unsigned_abs());
    match distance < 0 {
        true => format!("\u{2212}{size}"),
        false => size,
    }
}

/// A galley of one line, cut with "…" where it is longer than `room`.
fn line(ui: &Ui, text: &str, font: FontId, color: Color32, room: f32) -> Arc<epaint::Galley> {
    let mut job = LayoutJob::default();
    let format = TextFormat {
        font_id: font,
        color,
        ..TextFormat::default()
    };
    job.append(text, 0.0, format);
    job.wrap = TextWrapping::truncate_at_width(room);
    ui.painter().layout_job(job)
}

/// The tokens marked along an axis: the selected ones, and the one under the pointer.
pub(super) struct Marked<'a> {
    pub selected: &'a crate::analysis::TokenSet,
    pub hovered: Option<usize>,
    pub accent: Color32,
}

impl Marked<'_> {
    fn color(&self, ui: &Ui, token: usize) -> Color32 {
        if self.hovered == Some(token) {
            ui.visuals().strong_text_color()
        } else if self.selected.contains(token) {
            self.accent
        } else {
            ui.visuals().text_color().gamma_multiply(0.85)
        }
    }
}

/// The selected tokens in view as bands along the inner side of a gutter, each at least a point wide.
fn bars(ui: &Ui, marked: &Marked<'_>, range: (f64, f64), bar: impl Fn(f64, f64) -> Rect) {
    let ranges = marked.selected.ranges();
    let first = ranges.partition_point(|r| (r.end as f64) < range.0);
    // Of many side by side only those are drawn that show.
    let mut painted = f64::NEG_INFINITY;
    let least = (range.1 - range.0) / 2000.0;
    for part in ranges[first..]
        .iter()
        .take_while(|r| (r.start as f64) < range.1)
    {
        if part.end as f64 - painted < least {
            continue;
        }
        painted = part.end as f64;
        ui.painter()
            .rect_filled(bar(part.start as f64, part.end as f64), 0.0, marked.accent);
    }
}

/// The queries at the left of the map.
pub(super) fn rows(
    ui: &Ui,
    gutter: Rect,
    transform: &PlotTransform,
    snapshot: &Snapshot,
    names: Names,
    marked: &Marked<'_>,
) {
    let y = |query: f64| transform.position_from_point_y(query);
    let cell = transform.dpos_dvalue_y().abs();
    let (low, high) = (transform.bounds().min()[1], transform.bounds().max()[1]);
    let high = high.min(snapshot.done as f64);
    let painter = ui.painter().with_clip_rect(gutter);
    bars(ui, marked, (low, high), |from, to| {
        let (top, bottom) = (y(from), y(to).max(y(from) + 1.0));
        Rect::from_min_max(
            pos2(gutter.right() - 2.0, top),
            pos2(gutter.right(), bottom),
        )
        .intersect(gutter)
    });
    let quiet = ui.visuals().weak_text_color();
    let right = gutter.right() - 5.0;
    let named = Names::name_rows(cell);
    if named {
        let font = FontId::monospace(NAME.min(cell as f32 - 0.5));
        for query in low.max(0.0).floor() as usize..high.max(0.0).ceil() as usize {
            let color = marked.color(ui, query);
            let galley = line(ui, &snapshot.label(query), font.clone(), color, names.room);
            let at = pos2(
                right - galley.size().x,
                y(query as f64 + 0.5) - galley.size().y / 2.0,
            );
            // A name half outside would stand beside nothing.
            if at.y > gutter.top() - 4.0 && at.y + galley.size().y < gutter.bottom() + 4.0 {
                ui.painter().galley(at, galley, color);
            }
        }
        if names.positions <= 0.0 {
            return;
        }
    }
    let right = if named {
        right - names.room - 5.0
    } else {
        right
    };
    for query in steps(low, high - 0.5, cell, if named { 4.0 * DOWN } else { DOWN }) {
        let middle = y(query as f64 + 0.5);
        let galley = line(
            ui,
            &thousands(query),
            FontId::proportional(NUMBER),
            quiet,
            60.0,
        );
        let top = middle - galley.size().y / 2.0;
        if top < gutter.top() - 5.0 || top + galley.size().y > gutter.bottom() + 5.0 {
            continue;
        }
        if !named {
            painter.hline(gutter.right() - 3.0..=gutter.right(), middle, (1.0, quiet));
        }
        ui.painter()
            .galley(pos2(right - galley.size().x, top), galley, quiet);
    }
}

/// The keys, or distances, under the map.
pub(super) fn columns(
    ui: &Ui,
    gutter: Rect,
    transform: &PlotTransform,
    snapshot: &Snapshot,
    axes: &Axes,
    names: Names,
    marked: &Marked<'_>,
) {
    let x = |column: f64| transform.position_from_point_x(column);
    let cell = transform.dpos_dvalue_x().abs();
    let (low, high) = (transform.bounds().min()[0], transform.bounds().max()[0]);
    let high = high.min(axes.width() as f64);
    let keys = axes.layout == BandLayout::Key;
    if keys {
        bars(ui, marked, (low, high), |from, to| {
            let (left, right) = (x(from), x(to).max(x(from) + 1.0));
            Rect::from_min_max(pos2(left, gutter.top()), pos2(right, gutter.top() + 2.0))
                .intersect(gutter)
        });
    }
    if keys && names.name_columns(cell) {
        let font = FontId::monospace(NAME.min(if names.characters {
            cell as f32 * 1.5
        } else {
            cell as f32 - 0.5
        }));
        for key in low.max(0.0).floor() as usize..high.max(0.0).ceil() as usize {
            let middle = x(key as f64 + 0.5);
            if middle < gutter.left() + 2.0 || middle > gutter.right() - 2.0 {
                continue;
            }
            let color = marked.color(ui, key);
            let room = if names.characters {
                cell as f32
            } else {
                (gutter.height() - 6.0).max(8.0)
            };
            let galley = line(ui, &snapshot.label(key), font.clone(), color, room);
            let size = galley.size();
            if names.characters {
                ui.painter().galley(
                    pos2(middle - size.x / 2.0, gutter.top() + 3.0),
                    galley,
                    color,
                );
            } else {
                upwards(ui, pos2(middle, gutter.top() + 4.0), galley, color);
            }
        }
        return;
    }
    let quiet = ui.visuals().weak_text_color();
    // Distances count from the nearest, which is always named.
    let first = if keys { 0 } else { axes.first_distance() };
    let mut last = f32::NEG_INFINITY;
    let named: Vec<i64> = match axes.later > 0 && !keys {
        true => both_ways(low + first as f64, high - 0.5 + first as f64, cell),
        false => {
            let one = (!keys && low <= 0.5).then_some(first);
            let more = steps(low, high - 0.5 + first as f64, cell, ACROSS);
            one.into_iter()
                .chain(more.map(|place| place as i64))
                .collect()
        }
    };
    for place in named {
        let Ok(column) = u32::try_from(place - first) else {
            continue;
        };
        let middle = x(f64::from(column) + 0.5);
        let galley = line(
            ui,
            &distance(place),
            FontId::proportional(NUMBER),
            quiet,
            60.0,
        );
        let half = galley.size().x / 2.0;
        let fits = middle - half > last && middle + half < gutter.right() + 12.0;
        if !fits || middle < gutter.left() || middle > gutter.right() {
            continue;
        }
        last = middle + half + 6.0;
        ui.painter()
            .vline(middle, gutter.top()..=gutter.top() + 3.0, (1.0, quiet));
        ui.painter()
            .galley(pos2(middle - half, gutter.top() + 4.0), galley, quiet);
    }
}

/// Text read upwards that ends at `end`, its middle there.
pub(super) fn upwards(ui: &Ui, end: Pos2, galley: Arc<epaint::Galley>, color: Color32) {
    let size = galley.size();
    let at = end + vec2(-size.y / 2.0, size.x);
    let text = epaint::TextShape::new(at, galley, color).with_angle(-FRAC_PI_2);
    ui.painter().add(text);
}

/// The title of an axis, in the middle of `room`; `short` where there is no room for all of it.
pub(super) fn title(ui: &Ui, room: Rect, long: &str, short: &str, up: bool) {
    let color = ui.visuals().text_color();
    let font = FontId::proportional(12.0);
    let all = if up { room.height() } else { room.width() };
    let mut galley = line(ui, long, font.clone(), color, f32::INFINITY);
    if galley.size().x > all {
        galley = line(ui, short, font, color, all);
    }
    let size = galley.size();
    if up {
        upwards(ui, room.center() - vec2(0.0, size.x / 2.0), galley, color);
    } else {
        ui.painter()
            .galley(room.center() - size / 2.0, galley, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_to_later_tokens_are_negative() {
        assert_eq!(both_ways(-9.0, 9.5, 15.0), [-5, 0, 5]);
        assert_eq!(
            (distance(-1200), distance(7)),
            ("−1,200".into(), "7".into())
        );
    }

    #[test]
    fn labels_stand_at_round_places_with_room_between() {
        let all: Vec<usize> = steps(0.0, 99.0, 3.0, 44.0).collect();
        assert_eq!(all, [0, 20, 40, 60, 80]);
        let part: Vec<usize> = steps(101.5, 131.0, 3.0, 14.0).collect();
        assert_eq!(part, [105, 110, 115, 120, 125, 130]);
        assert_eq!(
            steps(-20.0, 3.0, 100.0, 44.0).collect::<Vec<_>>(),
            [0, 1, 2, 3]
        );
        assert_eq!(steps(5.0, -3.0, 10.0, 44.0).count(), 0);
    }
}
