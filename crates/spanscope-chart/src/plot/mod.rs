//! Lines over a shared axis, in one panel or several: soft masks, surprisal, costs, training curves.

mod draw;
mod labels;
mod layout;
mod shapes;
#[cfg(test)]
mod tests;

use super::canvas::Canvas;
use super::theme::capital;
use super::{Figure, Provenance, Style, Table};

/// An axis of a [`Plot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// The title along it, with the unit: "distance (tokens)".
    pub title: String,
    /// The title where there is no room for the other; nothing for none.
    pub short: String,
    /// True if it is logarithmic; what is not above zero is left out then.
    pub log: bool,
    /// The beginning of the axis; `None` for the smallest value.
    pub low: Option<f64>,
    /// The end of the axis; `None` for the largest value.
    pub high: Option<f64>,
    /// The numbers along it are percentages; the values are shares.
    pub percent: bool,
}

impl Axis {
    /// A linear axis as long as its values.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// A linear axis that begins at zero.
    pub fn from_zero(title: impl Into<String>) -> Self {
        Self {
            low: Some(0.0),
            ..Self::new(title)
        }
    }

    /// The same with another title where there is no room for its own.
    #[must_use]
    pub fn or(self, short: impl Into<String>) -> Self {
        Self {
            short: short.into(),
            ..self
        }
    }

    /// Its titles, the long one first.
    pub(super) fn titles(&self) -> [String; 2] {
        [&self.title, &self.short].map(|title| capital(title))
    }

    /// A logarithmic axis.
    pub fn log(title: impl Into<String>) -> Self {
        Self {
            log: true,
            ..Self::new(title)
        }
    }
}

/// The style in which a [`Series`] is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// A line through its points.
    #[default]
    Line,
    /// A line on a light ground that goes down to the axis.
    Area,
    /// A thin line: one of many.
    Fine,
    /// A thin pale line: what a stronger one is the mean of.
    Pale,
    /// A dot for each point.
    Dots,
    /// A square for each point.
    Squares,
    /// A triangle for each point.
    Triangles,
    /// A small pale ring for each point.
    Rings,
    /// A bar for each point, from the bottom of the panel.
    Bars,
}

impl Mark {
    /// True if every point is drawn by itself.
    pub(crate) fn is_single(self) -> bool {
        match self {
            Self::Line | Self::Area | Self::Fine | Self::Pale => false,
            Self::Dots | Self::Squares | Self::Triangles | Self::Rings | Self::Bars => true,
        }
    }
}

/// The strokes of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// Whole.
    #[default]
    Solid,
    /// Long strokes.
    Dashed,
    /// Dots.
    Dotted,
}

/// Points that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name in the legend; nothing for none.
    pub name: String,
    /// x and y; where either is not a number the line has a gap.
    pub points: Vec<[f64; 2]>,
    /// The style in which it is drawn.
    pub mark: Mark,
    /// Which of the colours, and of the dashes of a grey figure, it has.
    pub color: usize,
    /// Which of how many it is of a row that has a colour map for colours, in its order.
    pub depth: Option<(usize, usize)>,
    /// The strokes of its line in colour.
    pub dash: Dash,
    /// The lower and the upper end of what each point may be: a band around a line, an upright stroke through a single mark. Nothing for
    /// none; not a number where one has none.
    pub spread: Vec<[f64; 2]>,
    /// The names of single marks, for readers of the drawing; nothing for none.
    pub names: Vec<String>,
}

/// A name beside a point of a panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointLabel {
    /// The point.
    pub at: [f64; 2],
    /// The name.
    pub text: String,
}

/// A value that a line across a panel stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// The value.
    pub at: f64,
    /// Written beside it.
    pub label: String,
}

/// Lines over the same x axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// The y axis.
    pub y: Axis,
    /// The lines.
    pub series: Vec<Series>,
    /// Lines across.
    pub levels: Vec<Level>,
    /// Names of points, the most important first: those without room are left out.
    pub labels: Vec<PointLabel>,
}

/// Lines over a shared axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// The kind of figure; see [`Figure::kind`].
    pub kind: &'static str,
    /// Printed above the figure; may be empty.
    pub title: String,
    /// A line of facts below the title; may be empty.
    pub subtitle: String,
    /// The x axis.
    pub x: Axis,
    /// The panels, from the top.
    pub panels: Vec<Panel>,
    /// Upright lines through all panels.
    pub marks: Vec<Level>,
    /// True if both axes matter alike: the plot is nearly as high as it is wide, with room around its points.
    pub square: bool,
    /// A stretch of the x axis on a tinted ground.
    pub shade: Option<[f64; 2]>,
    /// The numbers.
    pub numbers: Table,
    /// The provenance of the numbers; kept in the file and not drawn.
    pub provenance: Provenance,
}

impl Figure for Plot {
    super::figure::about!(numbers);

    fn draw(&self, style: &Style) -> Canvas {
        draw::draw(self, style)
    }
}
