//! The sheet on which persistent vectors are columns and queries are rows: where the user looks, and what is where.

use eframe::egui::{Event, MouseWheelUnit, Rect, Response, Ui, Vec2};
use std::ops::Range;

/// Fewest columns and rows in view.
const LEAST: f64 = 4.0;

/// Which rows are in view.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Aim {
    /// All of them.
    #[default]
    Whole,
    /// Few enough to read, the selected query among them.
    Follow,
    /// The rows at which the user left it.
    Free,
}

/// The part of the sheet that the user looks at.
#[derive(Debug, Default)]
pub(super) struct SelectedHeadsTask {
    /// Which rows.
    pub aim: Aim,
    /// The part of the columns, if not all.
    columns: Option<(f64, f64)>,
    rows: (f64, f64),
    /// True if the last to scroll was a trackpad, not a wheel.
    trackpad: bool,
}

impl SelectedHeadsTask {
    /// The part in view of `columns` vectors and of the queries in `rows`, in a frame that has room for `readable` rows.
    pub fn sheet(
        &mut self,
        rect: Rect,
        columns: usize,
        rows: &Range<usize>,
        query: usize,
        readable: f64,
    ) -> Sheet {
        let all = (rows.start as f64, rows.end.max(rows.start + 1) as f64);
        self.rows = match self.aim {
            Aim::Whole => all,
            Aim::Follow => {
                let height = readable.floor().max(LEAST);
                // What comes before is what the query is to be compared with.
                let end = query as f64 + 1.0 + (height / 3.0).floor();
                within((end - height, end), all)
            }
            Aim::Free => within(self.rows, all),
        };
        let every = (0.0, columns.max(1) as f64);
        // All in view: new columns come into view as well.
        self.columns = self
            .columns
            .map(|part| within(part, every))
            .filter(|part| *part != every);
        Sheet {
            rect,
            columns: self.columns.unwrap_or(every),
            rows: self.rows,
        }
    }

    /// Shows all columns.
    pub fn all_columns(&mut self) {
        self.columns = None;
    }

    /// Brings a column into view.
    pub fn reveal(&mut self, column: usize) {
        let column = column as f64;
        if let Some((from, to)) = self.columns
            && !(from..=to - 1.0).contains(&column)
        {
            let half = (to - from) / 2.0;
            self.columns = Some((column + 0.5 - half, column + 0.5 + half));
        }
    }

    /// Brings a row into view.
    pub fn reveal_row(&mut self, row: usize) {
        let (row, (from, to)) = (row as f64, self.rows);
        if self.aim == Aim::Free && !(from..=to - 1.0).contains(&row) {
            let half = (to - from) / 2.0;
            self.rows = (row + 0.5 - half, row + 0.5 + half);
        }
    }

    /// Moves and zooms as the pointer says, sideways, up and down, or both.
    pub fn follow(
        &mut self,
        ui: &Ui,
        response: &Response,
        sheet: &Sheet,
        across: bool,
        down: bool,
    ) {
        let mut moved = if response.dragged() {
            -response.drag_delta()
        } else {
            Vec2::ZERO
        };
        let mut zoom = Vec2::splat(1.0);
        if response.contains_pointer() {
            let (scrolled, zoomed) = self.scrolled(ui);
            moved -= scrolled;
            zoom = zoomed;
        }
        let at = ui.input(|input| input.pointer.hover_pos());
        let at = at.unwrap_or(sheet.rect.center());
        if across && (moved.x != 0.0 || zoom.x != 1.0) {
            let (unit, centre) = (sheet.column_width(), sheet.column_at(at.x));
            self.columns = Some(transformed(sheet.columns, moved.x, unit, zoom.x, centre));
        }
        if down && (moved.y != 0.0 || zoom.y != 1.0) {
            let (unit, centre) = (sheet.row_height(), sheet.row_at(at.y));
            self.rows = transformed(sheet.rows, moved.y, unit, zoom.y, centre);
            // Nothing moves where all is in view already.
            if self.aim != Aim::Whole || zoom.y > 1.0 {
                self.aim = Aim::Free;
            }
        }
    }
}

impl SelectedHeadsTask {
    /// The scroll and the zoom: a wheel zooms, fingers on a trackpad move, with Ctrl both zoom, with Shift both move.
    fn scrolled(&mut self, ui: &Ui) -> (Vec2, Vec2) {
        ui.input(|input| {
            for event in &input.raw.events {
                if let Event::MouseWheel { unit, .. } = event {
                    self.trackpad = *unit == MouseWheelUnit::Point;
                }
            }
            let (scroll, zoom) = (input.smooth_scroll_delta(), input.zoom_delta_2d());
            if self.trackpad || input.modifiers.shift || zoom != Vec2::splat(1.0) {
                (scroll, zoom)
            } else {
                let zoom = (scroll.y / 200.0).exp();
                (Vec2::new(scroll.x, 0.0), Vec2::splat(zoom))
            }
        })
    }
}

/// An interval moved by `points` of which one unit has `unit`, and zoomed about `centre`.
fn transformed(
    (from, to): (f64, f64),
    points: f32,
    unit: f32,
    zoom: f32,
    centre: f64,
) -> (f64, f64) {
    let (zoom, moved) = (
        f64::from(zoom).clamp(0.1, 10.0),
        f64::from(points) / f64::from(unit.max(1e-6)),
    );
    let place = |x: f64| centre + (x - centre) / zoom + moved;
    let (from, to) = (place(from), place(to));
    if to - from < LEAST {
        let middle = (from + to) / 2.0;
        return (middle - LEAST / 2.0, middle + LEAST / 2.0);
    }
    (from, to)
}

/// An interval moved, and cut where it must be, to lie in `all`.
fn within((from, to): (f64, f64), all: (f64, f64)) -> (f64, f64) {
    let width = (to - from).clamp(LEAST.min(all.1 - all.0), all.1 - all.0);
    let from = from.clamp(all.0, all.1 - width);
    (from, from + width)
}

/// The part in view, and its place: column c covers c … c + 1 from the left, row r covers r … r + 1 downwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    /// The frame.
    pub rect: Rect,
    /// Columns in view.
    pub columns: (f64, f64),
    /// Rows in view.
    pub rows: (f64, f64),
}

impl Sheet {
    /// The same columns in another frame.
    pub fn in_frame(self, rect: Rect) -> Self {
        Self { rect, ..self }
    }

    /// Points per column.
    pub fn column_width(&self) -> f32 {
        self.rect.width() / (self.columns.1 - self.columns.0).max(1e-9) as f32
    }

    /// Points per row.
    pub fn row_height(&self) -> f32 {
        self.rect.height() / (self.rows.1 - self.rows.0).max(1e-9) as f32
    }

    /// The x at which a column begins.
    pub fn x(&self, column: f64) -> f32 {
        self.rect.left() + (column - self.columns.0) as f32 * self.column_width()
    }

    /// The y at which a row begins.
    pub fn y(&self, row: f64) -> f32 {
        self.rect.top() + (row - self.rows.0) as f32 * self.row_height()
    }

    /// The column at a place.
    pub fn column_at(&self, x: f32) -> f64 {
        self.columns.0 + f64::from((x - self.rect.left()) / self.column_width())
    }

    /// The row at a place.
    pub fn row_at(&self, y: f32) -> f64 {
        self.rows.0 + f64::from((y - self.rect.top()) / self.row_height())
    }

    /// The columns of which something is in view, of `end` columns.
    pub fn seen_columns(&self, end: usize) -> Range<usize> {
        seen(self.columns, end)
    }

    /// The rows of which something is in view, of those before `end`.
    pub fn seen_rows(&self, end: usize) -> Range<usize> {
        seen(self.rows, end)
    }
}

fn seen((from, to): (f64, f64), end: usize) -> Range<usize> {
    let to = (to.ceil().max(0.0) as usize).min(end);
    (from.floor().max(0.0) as usize).min(to)..to
}

/// 1, 2 or 5 of a decade: the least that is `room` or more, as a whole number.
pub(super) fn step(room: f64) -> usize {
    let steps = (0..12).flat_map(|decade| [1, 2, 5].map(|m: usize| m * 10_usize.pow(decade)));
    steps
        .into_iter()
        .find(|step| *step as f64 >= room)
        .unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{pos2, vec2};

    #[test]
    fn what_is_in_view_stays_on_the_sheet_however_it_is_moved() {
        let mut looking = SelectedHeadsTask::default();
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(200.0, 100.0));
        let sheet = looking.sheet(rect, 50, &(100..200), 199, 8.0);
        assert_eq!((sheet.columns, sheet.rows), ((0.0, 50.0), (100.0, 200.0)));
        assert_eq!((sheet.x(25.0), sheet.y(150.0)), (110.0, 70.0));
        assert_eq!((sheet.column_at(110.0), sheet.row_at(70.0)), (25.0, 150.0));
        looking.aim = Aim::Follow;
        let sheet = looking.sheet(rect, 50, &(100..200), 199, 8.0);
        assert_eq!(sheet.rows, (192.0, 200.0));
        let sheet = looking.sheet(rect, 50, &(100..200), 150, 9.0);
        assert_eq!(sheet.seen_rows(200), 145..154);
        looking.aim = Aim::Free;
        looking.columns = Some(transformed(sheet.columns, 0.0, 4.0, 5.0, 0.0));
        let sheet = looking.sheet(rect, 50, &(100..200), 150, 9.0);
        assert_eq!(sheet.columns, (0.0, 10.0));
        looking.reveal(40);
        let sheet = looking.sheet(rect, 50, &(100..200), 150, 9.0);
        assert!(sheet.seen_columns(50).contains(&40));
        looking.reveal(49);
        let sheet = looking.sheet(rect, 50, &(100..200), 150, 9.0);
        assert_eq!(sheet.columns, (40.0, 50.0));
        // Fewer columns and rows than a view needs.
        let sheet = looking.sheet(rect, 2, &(0..1), 0, 9.0);
        assert_eq!((sheet.columns, sheet.rows), ((0.0, 2.0), (0.0, 1.0)));
    }

    #[test]
    fn zooming_ends_at_a_few_columns() {
        let (from, to) = transformed((0.0, 8.0), 0.0, 1.0, 100.0, 4.0);
        assert_eq!((from, to), (2.0, 6.0));
        assert_eq!([0.5, 1.0, 1.5, 3.0, 70.0].map(step), [1, 1, 2, 5, 100]);
    }
}
