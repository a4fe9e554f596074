//! Figures as vector drawings, without a window.
//!
//! A [`Figure`] is made once, from numbers, and written in any [`Format`]: SVG, PDF or PNG, and its numbers as CSV or JSON.
//! [`Style`] says how it looks.
//!
//! * [`SpanChart`] draws how far every head of a model looks.
//! * [`Heatmap`] draws one matrix of weights.
//! * [`bars_terminal`] writes the spans as Unicode bars for a terminal.
//!
//! Lengths inside a drawing are points (1/72 inch), so a font size of 8 is 8 pt on
//! paper when the figure is placed at its own width and drawn at the usual font size. Text is measured with the
//! advances of the bundled Inter fonts, and PNGs are drawn with those fonts only:
//! a figure comes out the same on every machine.
//!
//! # The span chart
//!
//! ```
//! use spanscope_chart::{Figure, HeadSpan, SpanChart, Style};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two layers of two heads: z and reach, in tokens.
//! let head = |layer, head, span: f64| HeadSpan { layer, head, span: Some(span), reach: Some(span as usize + 32) };
//! let chart = SpanChart {
//!     heads: vec![head(0, 0, 3.0), head(0, 1, 7.5), head(1, 0, 40.0), head(1, 1, 812.0)],
//!     title: "How far every head looks".into(),
//!     limit: Some(1024),
//!     ..SpanChart::default()
//! };
//! let style = Style::default();
//! assert!(chart.svg(&style).contains("layer 1, head 1: reach 844"));
//! assert!(chart.pdf(&style)?.starts_with(b"%PDF"));
//! assert_eq!(chart.table()?.csv()?.lines().nth(4), Some("1,1,812,844"));
//! # Ok(())
//! # }
//! ```

mod bars;
mod canvas;
pub mod colormap;
mod columns;
mod drawing;
mod error;
mod figure;
mod file;
mod font;
pub mod fonts;
mod grid;
mod header;
mod heatmap;
mod label;
mod missing;
mod painter;
mod pdf;
mod plot;
mod provenance;
mod raster;
mod spans;
mod style;
mod table;
mod terminal;
mod theme;
mod ticks;
mod tokens;

#[cfg(test)]
mod tests;

pub use bars::{Bar, Bars};
pub use canvas::Canvas;
pub use colormap::{ColorMap, depth_color};
pub use columns::{Columns, StackedHead};
pub use error::ChartError;
pub use figure::{Figure, Format};
pub use file::write as write_file;
pub use grid::{HeadGrid, SmallHead};
pub use heatmap::{CellMark, Heatmap, Scale, SideColumn, color_numbers};
pub use missing::Missing;
pub use plot::{Axis, Dash, Level, Mark, Panel, Plot, PointLabel, Series};
pub use provenance::{Provenance, Source, WRITTEN_BY};
pub use spans::{EffectiveSpan, HeadSpan, SpanChart, SpanMeasure};
pub use style::Style;
pub use table::{Cell, Column, Table, TokenName};
pub use terminal::{bars_terminal, reach_words};
pub use ticks::thousands;
pub use tokens::{ShadedText, ShadedToken};

/// Width of a figure in millimetres unless another is asked for: a text block's.
pub const DEFAULT_WIDTH_MM: f64 = 140.0;

/// Resolution of PNG files in pixels per millimetre (305 dpi).
pub const PNG_PIXELS_PER_MM: f32 = 12.0;
