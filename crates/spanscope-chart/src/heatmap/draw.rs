//! The page of a heat map: where its parts go.

use svg::Node;
use svg::node::element::Element;

use super::super::canvas::{Anchor, Canvas, Type, rect, round};
use super::super::header::{Header, PAD};
use super::super::theme::{self, LABEL, TICK, Theme};
use super::super::{Style, font};
use super::axes::{self, Axis};
use super::marks::{self, Area, Ink};
use super::side::Sides;
use super::{CellMark, Heatmap, picture};

/// Width of the colour bar.
const BAR: f64 = 7.0;
/// Longest colour bar.
const LONGEST_BAR: f64 = 160.0;

/// Draws the map on a page.
pub(super) fn draw(chart: &Heatmap, look: &Style) -> Canvas {
    let theme = look.theme();
    let width = look.page_width();
    let even = chart.is_even();
    let ink = match even {
        true => Ink::ramp(chart.range(), theme.band, theme.band),
        false => Ink::new(chart, look),
    };
    let header = Header::new(&chart.title, &chart.subtitle, look);
    let top = header.bottom + if header.bottom > PAD { 4.0 } else { 0.0 };

    // The right side: profiles, and the colour bar with its numbers.
    let numbers = match chart.percent {
        true => marks::percent_ticks,
        false => marks::bar_ticks,
    };
    let bar_room = numbers(&ink.range, LONGEST_BAR);
    let bar_room = bar_room.iter().filter_map(|t| t.label.as_deref());
    let bar_room = bar_room.map(|s| Type::new(TICK, "").width(s));
    let bar_room = 10.0 + BAR + 4.5 + bar_room.fold(14.0, f64::max);
    let bar_room = match chart.bar.trim().is_empty() {
        true => bar_room,
        false => bar_room + TICK + 4.0,
    };
    let bar_room = if even { 0.0 } else { bar_room };
    let sides = Sides::new(chart, width);
    let right = width - PAD - bar_room - sides.room;

    // The left side depends on the rows' height, which depends on the left side.
    let axis_room = if chart.row_axis.trim().is_empty() {
        0.0
    } else {
        LABEL + 5.0
    };
    let start = (chart.row_start as i64, chart.steps.0);
    let row_axis =
        |pitch: f64| Axis::new(&chart.row_labels, start, chart.rows, pitch, width * 0.25);
    let start = (chart.col_start, chart.steps.1);
    let title_room = if chart.col_axis.trim().is_empty() {
        2.0
    } else {
        LABEL * 1.5
    };
    let mut map = Area {
        left: 0.0,
        top,
        width: 0.0,
        height: 0.0,
    };
    let title = Type::new(TICK, "").width(&theme::capital(&chart.bar));
    let title = if even { 0.0 } else { title.min(LONGEST_BAR) };
    let mut pitch = TICK * 1.2;
    let mut rows = row_axis(pitch);
    let mut names = 0.0_f64;
    let (mut cols, mut upright, mut across, mut under);
    let mut turns = 0;
    loop {
        turns += 1;
        names = if turns < 3 {
            rows.widest()
        } else {
            rows.widest().max(names)
        };
        map.left = PAD + axis_room + names + 6.0;
        map.width = (right - map.left).max(20.0);
        let pitch_across = map.width / chart.cols.max(1) as f64;
        cols = Axis::new(&chart.col_labels, start, chart.cols, pitch_across, 70.0);
        upright = cols.named && cols.widest() + 2.0 > pitch_across;
        across = if upright { cols.widest() } else { TICK } + 5.0;
        under = (across + title_room).max(sides.under);
        map.height = match look.page_height() {
            Some(page) => (page - top - under - PAD).max(24.0),
            // The title of the colour bar wants its length.
            None => height(chart, map.width, width).max(title - under - PAD + 2.5),
        };
        let now = map.height / chart.rows.max(1) as f64;
        // In the end names do not grow any more, so that they have the room that was measured.
        pitch = if turns < 3 { now } else { now.min(pitch) };
        rows = row_axis(pitch);
        if turns > 5 || (turns > 2 && rows.widest() <= names) {
            break;
        }
    }

    let mut page = Canvas::new(width, map.bottom() + under + PAD, look);
    header.draw(&mut page, theme);
    let shape = (chart.rows, chart.cols);
    let tip = |row: usize, col: usize| chart.tip(row, col);
    picture::cells(&mut page, map, shape, &ink, &chart.values, Some(&tip));
    marked(&mut page, chart, map, theme);
    cell_texts(&mut page, chart, map, &ink);
    for (ends, dashed) in [(&chart.ramp, true), (&chart.edge, false)] {
        if let Some(ends) = ends {
            marks::edge(&mut page, map, shape, ends, theme.edge, dashed);
        }
    }
    marks::frame(&mut page, map, theme);
    sides.draw(&mut page, chart, map, theme);
    let bar = Area {
        left: right + sides.room + 10.0,
        width: BAR,
        height: map.height.min(LONGEST_BAR),
        ..map
    };
    if !even {
        let numbers = numbers(&ink.range, bar.height);
        marks::bar(&mut page, bar, &ink, &numbers, theme);
        bar_title(&mut page, &chart.bar, bar, theme);
    }
    axes::rows(&mut page, chart, map, &rows, theme);
    axes::columns(&mut page, chart, map, &cols, (upright, across), theme);
    page
}

/// The title beside the colour bar: what the colours stand for.
fn bar_title(page: &mut Canvas, title: &str, bar: Area, theme: &Theme) {
    if title.trim().is_empty() {
        return;
    }
    // What the text needs, or the room from the top of the map to the page's end.
    let style = Type::new(TICK, theme.ink).anchor(Anchor::Middle);
    let room = (page.height - 2.0 * PAD).min(page.height - bar.top - 2.0);
    let (text, size) = font::title(&[&theme::capital(title)], TICK, style.weight, room);
    let style = Type { size, ..style };
    let half = style.width(&text) / 2.0;
    let middle = (bar.top + bar.height / 2.0).clamp(
        bar.top + half,
        (page.height - PAD - half).max(bar.top + half),
    );
    page.text_up(page.width - PAD - TICK / 2.0, middle, &text, style);
}

/// Crosses and frames in the cells that are set apart.
fn marked(page: &mut Canvas, chart: &Heatmap, map: Area, theme: &Theme) {
    let (across, down) = (
        map.width / chart.cols.max(1) as f64,
        map.height / chart.rows.max(1) as f64,
    );
    for (row, col, mark) in &chart.marked {
        if *row >= chart.rows || *col >= chart.cols {
            continue;
        }
        let (left, top) = (
            map.left + *col as f64 * across,
            map.top + *row as f64 * down,
        );
        match mark {
            CellMark::Framed => {
                let rim = (across.min(down) * 0.08).clamp(0.4, 1.2);
                let (left, top) = (left + rim / 2.0, top + rim / 2.0);
                let mut frame = rect(left, top, across - rim, down - rim, "none");
                frame.assign("stroke", theme.edge);
                frame.assign("stroke-width", round(rim));
                page.add(frame);
            }
            CellMark::Crossed => {
                // A line from corner to corner, visible on any colour.
                let (from, to) = (
                    (round(left), round(top + down)),
                    (round(left + across), round(top)),
                );
                for (color, width) in [("#000000", 1.4), ("#ffffff", 0.6)] {
                    let mut line = Element::new("path");
                    line.assign("d", format!("M{} {}L{} {}", from.0, from.1, to.0, to.1));
                    line.assign("stroke", color);
                    line.assign("stroke-width", width);
                    page.add(line);
                }
            }
        }
    }
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
        let Some(ground) = ink.color(chart.value(row, col)) else {
            continue;
        };
        let color = if theme::is_light(ground) {
            "#14171c"
        } else {
            "#ffffff"
        };
        let at = (
            map.left + (col as f64 + 0.5) * across,
            map.top + (row as f64 + 0.5) * down,
        );
        let type_ = Type { color, ..style };
        if chart.marked.contains(&(row, col, CellMark::Crossed)) {
            // The line would run through it.
            let base = at.1 + font::CAP_HEIGHT * TICK / 2.0;
            page.text_halo(at.0, base, text, type_, &theme::hex(ground));
        } else {
            page.text_middle(at.0, at.1, text, type_);
        }
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
