//! A matrix of weights as a figure.

mod axes;
mod draw;
pub(super) mod marks;
pub(super) mod picture;
mod side;
#[cfg(test)]
mod tests;

use super::canvas::Canvas;
use super::{Cell, ChartError, ColorMap, Column, Figure, Provenance, Style, Table, TokenName};

pub use marks::color_numbers;

/// The scale that maps values to colours.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// In proportion to the value.
    #[default]
    Linear,
    /// In proportion to the square root: small weights are told apart better.
    Sqrt,
    /// In proportion to the logarithm, over four decades at most.
    Log,
}

impl Scale {
    /// Every scale, in the order in which a menu should show them.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Sqrt, Self::Log];

    /// Its name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Sqrt => "sqrt",
            Self::Log => "log",
        }
    }

    /// The scale's name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "Linear",
            Self::Sqrt => "Sqrt",
            Self::Log => "Log",
        }
    }

    /// The place of `value` between the lowest and the highest colour, 0 to 1. A logarithm needs `low` above 0.
    pub fn share(self, value: f64, low: f64, high: f64) -> f64 {
        let spread = |v: f64| match self {
            Self::Linear => v,
            Self::Sqrt => v.max(0.0).sqrt(),
            Self::Log => v.max(low).ln(),
        };
        let (low, high) = (spread(low), spread(high));
        ((spread(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// Shares of a whole at the right of a heat map, as a profile along its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SideColumn {
    /// Printed under the profile.
    pub label: String,
    /// One share for each row, from 0 to 1.
    pub values: Vec<f32>,
}

/// The mark that sets a cell of a heat map apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellMark {
    /// Crossed out: what is there does not count.
    Crossed,
    /// A frame around it: it is not as it was.
    Framed,
}

/// A matrix of weights as colours.
#[derive(Clone, Debug)]
pub struct Heatmap {
    /// Printed above the figure; may be empty.
    pub title: String,
    /// A line of facts below the title; may be empty.
    pub subtitle: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Row by row; not-a-number is outside the matrix and left blank.
    pub values: Vec<f32>,
    /// Names of the rows, or nothing for numbers.
    pub row_labels: Vec<String>,
    /// Names of the columns, or nothing for numbers.
    pub col_labels: Vec<String>,
    /// Of rows that are tokens, which they are; or nothing. Rows have labels then, and their numbers are positions.
    pub row_tokens: Vec<TokenName>,
    /// Of columns that are tokens, which they are; or nothing.
    pub col_tokens: Vec<TokenName>,
    /// The number of the first row, where rows are numbered.
    pub row_start: usize,
    /// The number of the first column, where columns are numbered.
    pub col_start: i64,
    /// The counts that a row and a column each stand for, where they are numbered.
    pub steps: (usize, usize),
    /// The value of the last colour; without it, the largest of all.
    pub high: Option<f32>,
    /// The things that rows are, in the table, and in the title of their axis where there is no other.
    pub row_axis: String,
    /// The things that columns are, likewise.
    pub col_axis: String,
    /// The title of the row axis, where it fits.
    pub row_title: String,
    /// The title of the column axis, where it fits.
    pub col_title: String,
    /// The colours.
    pub map: ColorMap,
    /// The scale that maps values to colours.
    pub scale: Scale,
    /// Shares that belong to the rows, apart from the matrix.
    pub side: Vec<SideColumn>,
    /// For each row the column before which a line is drawn: where the span ends.
    pub edge: Option<Vec<usize>>,
    /// For each row the column before which a dashed line is drawn: where the mask begins to fall.
    pub ramp: Option<Vec<usize>>,
    /// Cells that are set apart, by row and column.
    pub marked: Vec<(usize, usize, CellMark)>,
    /// The quantity that the colours stand for, with the unit; written beside the colour bar.
    pub bar: String,
    /// The numbers beside the colour bar are percentages; the values are shares.
    pub percent: bool,
    /// Written in the cells, row by row, where there is room for all; may be empty.
    pub cell_texts: Vec<String>,
    /// The numbers of tables, where they are others than those of the cells.
    pub numbers: Option<Table>,
    /// The provenance of the numbers; kept in the file and not drawn.
    pub provenance: Provenance,
    /// The kind of figure; see [`Figure::kind`].
    pub kind: &'static str,
}

impl Default for Heatmap {
    fn default() -> Self {
        Self {
            title: String::new(),
            subtitle: String::new(),
            rows: 0,
            cols: 0,
            values: Vec::new(),
            row_labels: Vec::new(),
            col_labels: Vec::new(),
            row_tokens: Vec::new(),
            col_tokens: Vec::new(),
            row_start: 0,
            col_start: 0,
            steps: (1, 1),
            high: None,
            row_axis: String::new(),
            col_axis: String::new(),
            row_title: String::new(),
            col_title: String::new(),
            map: ColorMap::default(),
            scale: Scale::default(),
            side: Vec::new(),
            edge: None,
            ramp: None,
            marked: Vec::new(),
            bar: String::new(),
            percent: false,
            cell_texts: Vec::new(),
            numbers: None,
            provenance: Provenance::default(),
            kind: "attention",
        }
    }
}

impl Heatmap {
    /// The value of a cell; not-a-number where there is none.
    pub(super) fn value(&self, row: usize, col: usize) -> f32 {
        let index = row.checked_mul(self.cols).and_then(|i| i.checked_add(col));
        let inside = row < self.rows && col < self.cols;
        match index {
            Some(i) if inside => self.values.get(i).copied().unwrap_or(f32::NAN),
            _ => f32::NAN,
        }
    }

    /// The name of a row or a column: its label, or its number.
    fn name(labels: &[String], start: i64, step: usize, i: usize) -> String {
        match labels.get(i) {
            Some(label) => label.clone(),
            None => numbered(start, step, i).to_string(),
        }
    }

    /// The text that a browser shows over a cell.
    fn tip(&self, row: usize, col: usize) -> String {
        let axis = |axis: &str, other: &str| match axis.is_empty() {
            true => other.to_owned(),
            false => axis.to_owned(),
        };
        let down = Self::name(&self.row_labels, self.row_start as i64, self.steps.0, row);
        let across = Self::name(&self.col_labels, self.col_start, self.steps.1, col);
        let written = self.cell_texts.get(row * self.cols + col);
        let value = match written.filter(|text| !text.is_empty()) {
            Some(text) => text.clone(),
            None => match self.value(row, col) {
                value if value.is_finite() => value.to_string(),
                _ => "∞".to_owned(),
            },
        };
        let (down_axis, across_axis) =
            (axis(&self.row_axis, "row"), axis(&self.col_axis, "column"));
        format!("{down_axis} {down}, {across_axis} {across}: {value}")
    }

    /// True if colours would tell nothing: the cells have their numbers written in them, and these are all the same.
    pub(super) fn is_even(&self) -> bool {
        let mut known = self.values.iter().filter(|value| !value.is_nan());
        let first = known.next();
        !self.cell_texts.is_empty() && first.is_some() && known.all(|value| Some(value) == first)
    }

    /// The values that get the lowest and the highest colour.
    pub(super) fn range(&self) -> Range {
        let finite = || self.values.iter().copied().filter(|v| v.is_finite());
        let largest = finite().fold(f32::NEG_INFINITY, f32::max);
        let high = self.high.unwrap_or(largest);
        let low = match self.scale {
            Scale::Linear => finite().fold(0.0, f32::min),
            Scale::Sqrt => 0.0,
            Scale::Log => {
                let positive = finite().filter(|v| *v > 0.0);
                positive.fold(high, f32::min).max(high * 1e-4)
            }
        };
        let usable = high.is_finite() && high > low;
        let (low, high) = match self.scale {
            _ if usable => (low, high),
            Scale::Log if high > 0.0 && high.is_finite() => (high / 10.0, high),
            Scale::Log => (0.01, 1.0),
            _ => (low.min(0.0), low.min(0.0) + 1.0),
        };
        Range {
            scale: self.scale,
            low: f64::from(low),
            high: f64::from(high),
        }
    }
}

/// The number of cell `i` of an axis whose cells stand for `step` each.
fn numbered(start: i64, step: usize, i: usize) -> i64 {
    start + (i * step.max(1)) as i64
}

impl Figure for Heatmap {
    fn kind(&self) -> &'static str {
        self.kind
    }

    super::figure::about!();

    fn draw(&self, style: &Style) -> Canvas {
        draw::draw(self, style)
    }

    /// One line for each row with its number and name, the columns, and then the side columns and the edge, if any, and of
    /// tokens the id, all of it and the label. Blank means outside the matrix.
    fn table(&self) -> Result<Table, ChartError> {
        self.check()?;
        if let Some(numbers) = &self.numbers {
            return Ok(numbers.clone());
        }
        // Tokens repeat; their numbers do not.
        let name = |labels: &[String], start: i64, step: usize, i: usize| {
            let number = numbered(start, step, i);
            match labels.get(i) {
                Some(label) => format!("{number} {label}"),
                None => number.to_string(),
            }
        };
        let (down, across) = self.steps;
        let axis = match self.row_axis.is_empty() {
            true => "row",
            false => &self.row_axis,
        };
        // Numbers of a table are taken for what its names say.
        let mut columns = vec![match down > 1 || across > 1 {
            true => Column::new(format!("{axis} (cells of {down} × {across})")),
            false => Column::new(axis),
        }];
        columns.extend((0..self.cols).map(|i| match self.col_tokens.get(i) {
            Some(token) => {
                let number = numbered(self.col_start, across, i);
                Column::of_token(usize::try_from(number).unwrap_or(0), token.clone())
            }
            None => Column::new(name(&self.col_labels, self.col_start, across, i)),
        }));
        columns.extend(self.side.iter().map(|side| Column::new(&side.label)));
        columns.extend(self.edge.iter().map(|_| Column::new("edge")));
        if !self.row_tokens.is_empty() {
            columns.extend(TokenName::columns());
        }
        let mut table = Table::new(columns);
        for row in 0..self.rows {
            let token = self.row_tokens.get(row).map(TokenName::cells);
            let first = match token {
                Some(_) => Cell::from(self.row_start + row * down.max(1)),
                None => Cell::Text(name(&self.row_labels, self.row_start as i64, down, row)),
            };
            let cells = (0..self.cols).map(|col| Cell::Single(self.value(row, col)));
            let sides = self.side.iter().map(|s| s.values.get(row).copied().into());
            let edges = self.edge.iter().map(|edge| edge.get(row).copied().into());
            let numbers = [first].into_iter().chain(cells).chain(sides).chain(edges);
            table.push(numbers.chain(token.into_iter().flatten()));
        }
        Ok(table)
    }

    fn check(&self) -> Result<(), ChartError> {
        let shape = |what: &str, got: usize, want: usize| {
            if got == want {
                return Ok(());
            }
            Err(ChartError::Shape {
                what: what.to_owned(),
                got,
                want,
            })
        };
        let cells = self.rows.saturating_mul(self.cols);
        shape("matrix", self.values.len(), cells)?;
        for side in &self.side {
            shape(&side.label, side.values.len(), self.rows)?;
        }
        for (what, ends) in [("edge", &self.edge), ("ramp", &self.ramp)] {
            if let Some(ends) = ends {
                shape(what, ends.len(), self.rows)?;
            }
        }
        for (what, labels, want) in [
            ("row labels", &self.row_labels, self.rows),
            ("column labels", &self.col_labels, self.cols),
        ] {
            if !labels.is_empty() {
                shape(what, labels.len(), want)?;
            }
        }
        for (what, tokens, want) in [
            ("row tokens", &self.row_tokens, self.rows),
            ("column tokens", &self.col_tokens, self.cols),
        ] {
            if !tokens.is_empty() {
                shape(what, tokens.len(), want)?;
            }
        }
        Ok(())
    }
}

/// The values that the colours stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) scale: Scale,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Range {
    /// The place of a value between the lowest and the highest colour, 0 to 1.
    pub(crate) fn share(&self, value: f64) -> f64 {
        self.scale.share(value, self.low, self.high)
    }
}
