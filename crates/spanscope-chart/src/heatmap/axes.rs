//! Names and numbers along the sides of a heat map.

use super::super::canvas::{Anchor, Canvas, Type};
use super::super::font::{self, Weight};
use super::super::header::PAD;
use super::super::theme::{self, LABEL, TICK, Theme};
use super::super::ticks;
use super::Heatmap;
use super::marks::Area;

/// Smallest type for the name of a row or column.
const SMALLEST: f64 = 4.5;

/// The labels along one axis: a place in cells, a text, the size of the type.
pub(super) struct Axis {
    labels: Vec<(f64, String)>,
    size: f64,
    /// Names stand at every cell; numbers get tick marks.
    pub(super) named: bool,
}

impl Axis {
    /// Names if there are any and they fit cells `pitch` apart, numbers otherwise.
    /// A numbered cell stands for `step`.
    pub(super) fn new(
        names: &[String],
        (start, step): (i64, usize),
        count: usize,
        pitch: f64,
        room: f64,
    ) -> Self {
        let size = (pitch * 0.92).min(TICK);
        if !names.is_empty() && size >= SMALLEST {
            let short = |s: &String| font::fit(s, size, Weight::Regular, room);
            let labels = names.iter().take(count).enumerate();
            return Self {
                labels: labels.map(|(i, s)| (i as f64 + 0.5, short(s))).collect(),
                size,
                named: true,
            };
        }
        let step = step.max(1);
        let end = start + (count * step) as i64;
        let number = |n: i64| ticks::grouped(&n.to_string());
        let widths = [start, end - 1].map(|n| font::width(&number(n), TICK, Weight::Regular));
        let room = widths[0].max(widths[1]).max(TICK) + 12.0;
        let every = ticks::every(pitch / step as f64, room);
        // Round numbers.
        let away = start.rem_euclid(every as i64);
        let first = if away > 0 {
            start + every as i64 - away
        } else {
            start
        };
        let numbers = (first..end).step_by(every);
        Self {
            labels: numbers
                .map(|n| (((n - start) as f64 + 0.5) / step as f64, number(n)))
                .collect(),
            size: TICK,
            named: false,
        }
    }

    pub(super) fn widest(&self) -> f64 {
        let widths = self
            .labels
            .iter()
            .map(|(_, s)| font::width(s, self.size, Weight::Regular));
        widths.fold(0.0, f64::max)
    }
}

/// The title of an axis: the long one where it fits, else the name of what is along it; and the size of its type.
fn title((long, name): (&str, &str), room: f64) -> (String, f64) {
    font::title(&[long, &theme::capital(name)], LABEL, Weight::Regular, room)
}

/// The names of rows, and what rows are.
pub(super) fn rows(page: &mut Canvas, chart: &Heatmap, map: Area, axis: &Axis, theme: &Theme) {
    let style = Type::new(axis.size, theme.muted).anchor(Anchor::End);
    let pitch = map.height / chart.rows.max(1) as f64;
    for (place, text) in &axis.labels {
        let y = map.top + place * pitch;
        if !axis.named {
            page.line((map.left - 2.5, y), (map.left, y), theme.axis, 0.5);
        }
        page.text_middle(map.left - 4.5, y, text, style);
    }
    let (text, size) = title((&chart.row_title, &chart.row_axis), map.height);
    let style = Type::new(size, theme.ink).anchor(Anchor::Middle);
    let middle = map.top + map.height / 2.0;
    page.text_up(PAD + LABEL / 2.0 - 1.0, middle, &text, style);
}

/// The names of columns, and what columns are, from `under` below the map on.
pub(super) fn columns(
    page: &mut Canvas,
    chart: &Heatmap,
    map: Area,
    axis: &Axis,
    (upright, under): (bool, f64),
    theme: &Theme,
) {
    let style = Type::new(axis.size, theme.muted);
    let pitch = map.width / chart.cols.max(1) as f64;
    for (place, text) in &axis.labels {
        let x = map.left + place * pitch;
        if !axis.named {
            page.line((x, map.bottom()), (x, map.bottom() + 2.5), theme.axis, 0.5);
        }
        if upright {
            page.text_up(x, map.bottom() + 4.0, text, style.anchor(Anchor::End));
        } else {
            let base = map.bottom() + 4.5 + TICK * font::CAP_HEIGHT;
            page.text(x, base, text, style.anchor(Anchor::Middle));
        }
    }
    let (text, size) = title((&chart.col_title, &chart.col_axis), map.width);
    let style = Type::new(size, theme.ink).anchor(Anchor::Middle);
    let base = map.bottom() + under + LABEL * 1.15;
    page.text(map.left + map.width / 2.0, base, &text, style);
}
