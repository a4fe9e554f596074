//! The page of a heat map: its places, labels and axes.

use super::super::canvas::{Anchor, Canvas, Type};
use super::super::font::{self, Weight};
use super::super::theme::{self, LABEL, TICK, TITLE, Theme};
use super::super::{Style, ticks};
use super::Heatmap;
use super::marks::{self, Area, Ink};

/// Room around the figure, in points.
const PAD: f64 = 6.0;
/// Smallest type for the name of a row or column.
const SMALLEST: f64 = 4.5;
/// Width of a side column.
const SIDE: f64 = 9.0;
/// Room left of a side column.
const SIDE_GAP: f64 = 6.0;
/// Width of the colour bar.
const BAR: f64 = 7.0;

/// What stands along one axis: a place in cells, a text, the size of the type.
struct Axis {
    labels: Vec<(f64, String)>,
    size: f64,
    /// Names stand at every cell; numbers get tick marks.
    named: bool,
}

impl Axis {
    /// Names if there are any and they fit cells `pitch` apart, numbers otherwise.
    /// A numbered cell stands for `step`.
    fn new(
        names: &[String],
        (start, step): (usize, usize),
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
        let end = start + count * step;
        let widest = end.saturating_sub(1).to_string();
        let room = font::width(&widest, TICK, Weight::Regular).max(TICK) + 12.0;
        let every = ticks::every(pitch / step as f64, room);
        // Round numbers, and the first one where it stands apart.
        let first = start.div_ceil(every).saturating_mul(every);
        let numbers = (first..end).step_by(every);
        Self {
            labels: numbers
                .map(|n| (((n - start) as f64 + 0.5) / step as f64, n.to_string()))
                .collect(),
            size: TICK,
            named: false,
        }
    }

    fn widest(&self) -> f64 {
        let widths = self
            .labels
            .iter()
            .map(|(_, s)| font::width(s, self.size, Weight::Regular));
        widths.fold(0.0, f64::max)
    }
}

/// Draws the map on a page.
pub(super) fn draw(chart: &Heatmap, look: &Style) -> Canvas {
    let theme = look.theme();
    let width = look.page_width();
    let ink = Ink::new(chart, look);
    let mut top = PAD;
    let title_base = top + TITLE * 0.8;
    let titled = look.titled && !chart.title.trim().is_empty();
    if titled {
        top += TITLE * 1.35 + 4.0;
    }

    // The right side: side columns, and the colour bar with its numbers.
    let bar_room = marks::bar_ticks(&ink.range, 200.0);
    let bar_room = bar_room.iter().filter_map(|t| t.label.as_deref());
    let bar_room = bar_room.map(|s| font::width(s, TICK, Weight::Regular));
    let bar_room = 10.0 + BAR + 4.5 + bar_room.fold(14.0, f64::max);
    let bar_room = match chart.bar.trim().is_empty() {
        true => bar_room,
        false => bar_room + TICK + 4.0,
    };
    let side_room = (chart.side.len() as f64 * (SIDE + SIDE_GAP)).min(width * 0.3);
    let right = width - PAD - bar_room - side_room;

    // The left side depends on the rows' height, which depends on the left side.
    let axis_room = if chart.row_axis.trim().is_empty() {
        0.0
    } else {
        LABEL + 5.0
    };
    let mut rows = Axis::new(
        &chart.row_labels,
        (chart.row_start, chart.steps.0),
        chart.rows,
        TICK * 1.2,
        width * 0.25,
    );
    let mut map = Area {
        left: 0.0,
        top,
        width: 0.0,
        height: 0.0,
    };
    for _ in 0..2 {
        map.left = PAD + axis_room + rows.widest() + 6.0;
        map.width = (right - map.left).max(20.0);
        map.height = height(chart, map.width, width);
        let pitch = map.height / chart.rows.max(1) as f64;
        rows = Axis::new(
            &chart.row_labels,
            (chart.row_start, chart.steps.0),
            chart.rows,
            pitch,
            width * 0.25,
        );
    }
    map.left = PAD + axis_room + rows.widest() + 6.0;
    map.width = (right - map.left).max(20.0);
    let pitch = map.width / chart.cols.max(1) as f64;
    let start = (chart.col_start, chart.steps.1);
    let cols = Axis::new(&chart.col_labels, start, chart.cols, pitch, 70.0);
    let upright = cols.named && cols.widest() + 2.0 > pitch;

    let under = if upright { cols.widest() } else { TICK } + 5.0;
    let title_room = if chart.col_axis.trim().is_empty() {
        2.0
    } else {
        LABEL * 1.5
    };
    let side_labels: Vec<String> = chart
        .side
        .iter()
        .map(|s| font::fit(&s.label, TICK, Weight::Regular, 90.0))
        .collect();
    let side_under = side_labels
        .iter()
        .map(|s| font::width(s, TICK, Weight::Regular));
    let side_under = side_under.fold(0.0, f64::max) + 5.0;
    let page_height = map.bottom() + (under + title_room).max(side_under) + PAD;

    let mut page = Canvas::new(width, page_height, look);
    if titled {
        let style = Type::new(TITLE, theme.ink).bold();
        let title = font::fit(&chart.title, style.size, style.weight, width - 2.0 * PAD);
        page.text(PAD, title_base, &title, style);
    }

    let shape = (chart.rows, chart.cols);
    marks::cells(&mut page, map, shape, &ink, &|row, col| {
        chart.value(row, col)
    });
    cell_texts(&mut page, chart, map, &ink);
    if let Some(ends) = &chart.edge {
        marks::edge(&mut page, map, shape, ends, theme.edge);
    }
    marks::frame(&mut page, map, theme);
    let shares = ink.of_sides(chart);
    side(
        &mut page,
        chart,
        map,
        side_room,
        &side_labels,
        &shares,
        theme,
    );
    let bar = Area {
        left: right + side_room + 10.0,
        width: BAR,
        height: map.height.min(160.0),
        ..map
    };
    let numbers = marks::bar_ticks(&ink.range, bar.height);
    marks::bar(&mut page, bar, &ink, &numbers, theme);
    if !chart.bar.trim().is_empty() {
        // What the text needs, or the room from the top of the map to the page's end.
        let style = Type::new(TICK, theme.ink).anchor(Anchor::Middle);
        let room = (page.height - 2.0 * PAD).min(page.height - map.top - 2.0);
        let text = font::fit(&chart.bar, TICK, style.weight, room);
        let half = style.width(&text) / 2.0;
        let middle = (bar.top + bar.height / 2.0).clamp(
            map.top + half,
            (page.height - PAD - half).max(map.top + half),
        );
        page.text_up(width - PAD - TICK / 2.0, middle, &text, style);
    }

    row_axis(&mut page, chart, map, &rows, theme);
    col_axis(&mut page, chart, map, &cols, upright, theme);
    let style = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
    let text = font::fit(&chart.col_axis, LABEL, Weight::Regular, map.width);
    let base = map.bottom() + under + LABEL * 1.15;
    page.text(map.left + map.width / 2.0, base, &text, style);
    page
}

/// The numbers in the cells, where there is room for all of them.
fn cell_texts(page: &mut Canvas, chart: &Heatmap, map: Area, ink: &Ink) {
    let (across, down) = (
        map.width / chart.cols.max(1) as f64,
        map.height / chart.rows.max(1) as f64,
    );
    let style = Type::new(TICK, "").anchor(Anchor::Middle);
    let widest = chart.cell_texts.iter().map(|text| style.width(text));
    if down < TICK * 1.25 || widest.fold(0.0, f64::max) + 2.0 > across {
        return;
    }
    for (i, text) in chart
        .cell_texts
        .iter()
        .enumerate()
        .take(chart.rows * chart.cols)
    {
        let (row, col) = (i / chart.cols, i % chart.cols);
        let Some(color) = ink.color(chart.value(row, col)) else {
            continue;
        };
        let color = if theme::is_light(color) {
            "#14171c"
        } else {
            "#ffffff"
        };
        let at = (
            map.left + (col as f64 + 0.5) * across,
            map.top + (row as f64 + 0.5) * down,
        );
        page.text_middle(at.0, at.1, text, Type { color, ..style });
    }
}

/// Height of the matrix: square cells, if that leaves a sensible page.
fn height(chart: &Heatmap, map_width: f64, page_width: f64) -> f64 {
    let rows = chart.rows.max(1) as f64;
    let square = map_width / chart.cols.max(1) as f64 * rows;
    // Few rows need no tall page; names want a line each.
    let least = if chart.row_labels.is_empty() {
        (rows * 14.0).min(0.35 * page_width)
    } else {
        (rows * TICK * 1.2).min(0.8 * page_width)
    };
    // Cells with numbers need no more than a few lines.
    let square = match chart.cell_texts.is_empty() {
        true => square,
        false => square.min(rows * TICK * 3.2),
    };
    square.clamp(least.max(40.0), (1.05 * page_width).max(least.max(40.0)))
}

fn side(
    page: &mut Canvas,
    chart: &Heatmap,
    map: Area,
    room: f64,
    labels: &[String],
    ink: &Ink,
    theme: &Theme,
) {
    let pitch = room / chart.side.len().max(1) as f64;
    let width = pitch * SIDE / (SIDE + SIDE_GAP);
    let style = Type::new(TICK.min(pitch), theme.muted).anchor(Anchor::End);
    for (i, column) in chart.side.iter().enumerate() {
        let area = Area {
            left: map.right() + pitch * (i + 1) as f64 - width,
            width,
            ..map
        };
        let value = |row: usize, _| column.values.get(row).copied().unwrap_or(f32::NAN);
        marks::cells(page, area, (chart.rows, 1), ink, &value);
        marks::frame(page, area, theme);
        if let Some(label) = labels.get(i) {
            page.text_up(area.left + width / 2.0, map.bottom() + 5.0, label, style);
        }
    }
}

fn row_axis(page: &mut Canvas, chart: &Heatmap, map: Area, axis: &Axis, theme: &Theme) {
    let style = Type::new(axis.size, theme.muted).anchor(Anchor::End);
    let pitch = map.height / chart.rows.max(1) as f64;
    for (place, text) in &axis.labels {
        let y = map.top + place * pitch;
        if !axis.named {
            page.line((map.left - 2.5, y), (map.left, y), theme.axis, 0.5);
        }
        page.text_middle(map.left - 4.5, y, text, style);
    }
    let style = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
    let text = font::fit(&chart.row_axis, LABEL, Weight::Regular, map.height);
    let middle = map.top + map.height / 2.0;
    page.text_up(PAD + LABEL / 2.0 - 1.0, middle, &text, style);
}

fn col_axis(
    page: &mut Canvas,
    chart: &Heatmap,
    map: Area,
    axis: &Axis,
    upright: bool,
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
}
