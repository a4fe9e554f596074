//! The place of every part of the text: rows of cells as wide as the view, laid out again only where they change.
//!
//! A row depends only on the parts from its first one on. So after an edit the rows before it stay, and as soon as a
//! new row begins where an old one did, all that follow are the old ones. What takes long all the same, a text of
//! millions of parts, is laid out over several frames.

use super::change::unchanged;
use super::rows::{End, shape};
use super::shown::Shown;
use crate::platform::time::Instant;
use std::sync::Arc;
use std::time::Duration;

/// A part at its place in its row, both in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub column: u16,
    pub width: u16,
}

impl Cell {
    /// The first column after it.
    pub fn end(self) -> u16 {
        self.column.saturating_add(self.width)
    }
}

/// Time that one frame may take to lay out, and the parts between two looks at the clock.
const PATIENCE: (Duration, usize) = (Duration::from_millis(4), 1024);

/// Parts around a part that decide how it is shown: the bytes of one character at most.
const AROUND: usize = 4;

/// The outcome of [`Rows::update`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Laid {
    /// The first row that may have changed; `usize::MAX` if none.
    pub from: usize,
    /// True if there is more to lay out: ask again in the next frame.
    pub more: bool,
    /// The row in which the text was edited, if it was.
    pub edited: Option<usize>,
}

/// Rows of cells for one width.
#[derive(Debug, Default)]
struct Layout {
    columns: usize,
    /// One per part, in order.
    cells: Vec<Cell>,
    /// Index of every row's first cell.
    starts: Vec<usize>,
    /// The column of the next cell.
    column: usize,
    /// The cell after the last space of the row.
    space: Option<usize>,
    complete: bool,
}

impl Layout {
    fn new(columns: usize) -> Self {
        Self {
            columns,
            starts: vec![0],
            ..Self::default()
        }
    }

    /// Adds a part; returns the cell with which a new row began, if one did.
    fn push(&mut self, width: usize, end: Option<End>) -> Option<usize> {
        let width = width.clamp(1, self.columns);
        let mut begun = None;
        while self.column > 0 && self.column + width > self.columns {
            begun = Some(self.break_row());
        }
        self.cells.push(Cell {
            column: self.column as u16,
            width: width as u16,
        });
        self.column += width;
        match end {
            Some(End::Word) => self.space = Some(self.cells.len()),
            Some(End::Line) => {
                self.space = None;
                self.column = 0;
                self.starts.push(self.cells.len());
                begun = Some(self.cells.len());
            }
            None => {}
        }
        begun
    }

    /// Ends a row that is full, after its last space if there is one, so that a word stays whole.
    fn break_row(&mut self) -> usize {
        let start = self.starts.last().copied().unwrap_or(0);
        let space = self.space.take().filter(|at| *at > start);
        let at = space.unwrap_or(self.cells.len());
        self.starts.push(at);
        let moved = self.cells.get_mut(at..).unwrap_or_default();
        let first = moved.first().map_or(0, |cell| cell.column);
        self.column = 0;
        for cell in moved {
            cell.column -= first;
            self.column = usize::from(cell.end());
        }
        at
    }

    /// Lays out the parts that are missing, as far as a frame's time goes. Where a row begins as one of `old`, the rest
    /// of that follows.
    fn go_on(&mut self, shown: &Shown, old: Option<&Old>) {
        let parts = shown.len();
        let begin = Instant::now();
        while self.cells.len() < parts {
            let part = self.cells.len();
            let (width, end) = shape(shown, part);
            // Of a word that has its space before it, a row may end before that.
            if let [b' ', _, ..] = shown.bytes_of(part) {
                self.space = Some(part);
            }
            if let Some(at) = self.push(width, end)
                && let Some(old) = old
                && let Some((cells, starts)) = old.from(at)
            {
                self.cells.truncate(at);
                self.cells.extend_from_slice(cells);
                let shifted = starts.iter().map(|start| start + at - starts[0]);
                self.starts.extend(shifted.skip(1));
                break;
            }
            if part % PATIENCE.1 == PATIENCE.1 - 1 && begin.elapsed() > PATIENCE.0 {
                return;
            }
        }
        self.complete = true;
        if self.starts.last() == Some(&self.cells.len()) && self.starts.len() > 1 {
            // The text ends with a line.
            self.starts.pop();
        }
    }

    fn row_of(&self, part: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= part)
            .saturating_sub(1)
    }
}

/// The rows of the text before an edit, from one of them on.
struct Old {
    cells: Vec<Cell>,
    /// Index of every row's first cell in the whole old text.
    starts: Vec<usize>,
    /// Index of the first of `cells` in the whole old text.
    first: usize,
    /// Number of parts, before and after the edit.
    lens: (usize, usize),
    /// Parts from this one of the new text on are as before.
    same_from: usize,
}

impl Old {
    /// The cells and the rows from the part `at` of the new text on, if a row began there in the old one as well.
    fn from(&self, at: usize) -> Option<(&[Cell], &[usize])> {
        if at < self.same_from {
            return None;
        }
        let was = (at + self.lens.0).checked_sub(self.lens.1)?;
        let row = self.starts.binary_search(&was).ok()?;
        let cells = self.cells.get(was.checked_sub(self.first)?..)?;
        Some((cells, self.starts.get(row..)?))
    }
}

/// The text in rows of cells.
#[derive(Debug, Default)]
pub(super) struct Rows {
    shown: Option<Arc<Shown>>,
    model: u64,
    now: Layout,
    /// The same text at another width, not complete yet.
    next: Option<Layout>,
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.now.starts.len()
    }

    /// The part with which a row begins.
    pub fn start(&self, row: usize) -> usize {
        let starts = &self.now.starts;
        starts.get(row).copied().unwrap_or(self.now.cells.len())
    }

    /// The cells of a row: one per part from its [`start`](Self::start) on.
    pub fn row(&self, row: usize) -> &[Cell] {
        let range = self.start(row)..self.start(row + 1);
        self.now.cells.get(range).unwrap_or_default()
    }

    /// The row and the cell of a part.
    pub fn place_of(&self, part: usize) -> Option<(usize, Cell)> {
        let cell = self.now.cells.get(part)?;
        Some((self.now.row_of(part), *cell))
    }

    /// The row and the cell of the token at position `token`.
    pub fn place(&self, shown: &Shown, token: usize) -> Option<(usize, Cell)> {
        self.place_of(shown.part_of(token)?)
    }

    /// Lays out what changed of the text, or all of it for another width.
    pub fn update(&mut self, shown: &Arc<Shown>, model: u64, columns: usize) -> Laid {
        let columns = columns.clamp(1, usize::from(u16::MAX));
        let same_model = self.model == model;
        let old = self.shown.replace(Arc::clone(shown));
        self.model = model;
        let same_text = old.as_ref().is_some_and(|old| Arc::ptr_eq(old, shown));
        let mut from = usize::MAX;
        let mut edited = None;
        match old.filter(|_| same_model && self.now.complete) {
            Some(_) if same_text && columns == self.now.columns => self.next = None,
            Some(_) if same_text => {
                // The old rows are shown until the new ones are there.
                let next = self.next.take().filter(|next| next.columns == columns);
                let mut next = next.unwrap_or_else(|| Layout::new(columns));
                next.go_on(shown, None);
                if next.complete {
                    self.now = next;
                    from = 0;
                } else {
                    self.next = Some(next);
                }
            }
            Some(old) if columns == self.now.columns => {
                let before;
                (from, before) = self.edit(&old, shown);
                // Where nothing stays as it was it is another text.
                edited = (before > 0).then(|| self.now.row_of(before));
            }
            _ => {
                let goes_on = same_model && same_text && columns == self.now.columns;
                if !goes_on {
                    self.now = Layout::new(columns);
                }
                from = if goes_on { self.len() - 1 } else { 0 };
                self.next = None;
                self.now.go_on(shown, None);
            }
        }
        Laid {
            from,
            more: self.next.is_some() || !self.now.complete,
            edited,
        }
    }

    /// Lays out the text after an edit; returns the first row that may have changed, and the parts before the edit.
    fn edit(&mut self, old: &Shown, new: &Shown) -> (usize, usize) {
        self.next = None;
        let (before, after) = unchanged(old, new);
        // A word at the row's start may now have room at the end of the row before.
        let row = self.now.row_of(before.saturating_sub(AROUND));
        let row = row.saturating_sub(1);
        let first = self.start(row);
        let rest = Old {
            cells: self.now.cells.split_off(first.min(self.now.cells.len())),
            starts: self.now.starts.clone(),
            first,
            lens: (old.len(), new.len()),
            same_from: new.len() - after + AROUND,
        };
        self.now.starts.truncate(row + 1);
        self.now.column = 0;
        self.now.space = None;
        self.now.complete = false;
        self.now.go_on(new, Some(&rest));
        (row, before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LoadedModel, SAMPLES, Snapshot, Tokens};
    use crate::model::Cancel;

    fn shown(model: &Arc<LoadedModel>, text: &str) -> Arc<Shown> {
        let tokens = Tokens::new(model, text.into(), usize::MAX, &Cancel::default()).unwrap();
        Arc::new(Shown::of(&Snapshot {
            tokens: Arc::new(tokens),
            model: Some(Arc::clone(model)),
            ..Snapshot::default()
        }))
    }

    /// Lays out to the end, whatever a frame's time.
    fn finish(rows: &mut Rows, shown: &Arc<Shown>, columns: usize) -> usize {
        let mut from = usize::MAX;
        loop {
            let laid = rows.update(shown, 0, columns);
            from = from.min(laid.from);
            if !laid.more {
                return from;
            }
        }
    }

    #[test]
    fn after_any_edit_the_rows_are_those_of_a_fresh_layout() {
        let model = Arc::new(LoadedModel::open_sample(&SAMPLES[0]).unwrap());
        let base: String = SAMPLES[0].text.chars().take(600).collect();
        let mut rows = Rows::default();
        let mut text = base.clone();
        let mut seed = 7_usize;
        let mut random = |end: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % end
        };
        for step in 0..300 {
            let mut at = random(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match step % 4 {
                0 => text.insert_str(at, ["x", " ", "\n", "né ", "a longer part, "][random(5)]),
                1 => text.truncate(text.len() - usize::from(text.ends_with('e'))),
                2 => {
                    let mut end = (at + random(9)).min(text.len());
                    while !text.is_char_boundary(end) {
                        end += 1;
                    }
                    text.replace_range(at..end, "");
                }
                _ => text.push_str(["z", "\n", " to"][random(3)]),
            }
            let shown = shown(&model, &text);
            finish(&mut rows, &shown, 23);
            let mut fresh = Rows::default();
            finish(&mut fresh, &shown, 23);
            assert_eq!(rows.now.starts, fresh.now.starts, "{text:?}");
            assert_eq!(rows.now.cells, fresh.now.cells, "{text:?}");
            assert_eq!(rows.now.cells.len(), shown.len());
        }
    }

    #[test]
    fn an_edit_changes_no_row_before_it() {
        let model = Arc::new(LoadedModel::open_sample(&SAMPLES[0]).unwrap());
        let text = "To be or not to be. ".repeat(100);
        let mut rows = Rows::default();
        assert_eq!(finish(&mut rows, &shown(&model, &text), 40), 0);
        let at_end = format!("{text}x");
        let from = finish(&mut rows, &shown(&model, &at_end), 40);
        assert!((47..50).contains(&from), "{from}");
        let same = shown(&model, &at_end);
        finish(&mut rows, &same, 40);
        assert_eq!(finish(&mut rows, &same, 40), usize::MAX);
        assert_eq!(finish(&mut rows, &same, 50), 0);
        assert_eq!(rows.now.columns, 50);
    }
}
