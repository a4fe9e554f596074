//! Figures as vector drawings, without a window.
//!
//! * [`SpanChart`] draws how far every head of a model looks, as SVG, PNG, CSV or JSON.
//! * [`Heatmap`] draws one matrix of weights, as SVG, PNG or CSV.
//! * [`bars_terminal`] writes the spans as Unicode bars for a terminal.
//!
//! Lengths inside a drawing are points (1/72 inch), so a font size of 8 is 8 pt on
//! paper when the figure is placed at its own width. Text is measured with the
//! advances of the bundled Inter fonts, and PNGs are drawn with those fonts only:
//! a figure comes out the same on every machine.

mod canvas;
pub mod colormap;
mod error;
mod file;
mod font;
mod heatmap;
mod heatmap_draw;
mod heatmap_marks;
mod raster;
mod span;
mod span_draw;
mod span_layout;
mod terminal;
mod theme;
mod ticks;

#[cfg(test)]
mod tests;

pub use colormap::ColorMap;
pub use error::ChartError;
pub use file::write as write_file;
pub use heatmap::{Heatmap, Scale, SideColumn};
pub use heatmap_marks::color_numbers;
pub use raster::png;
pub use span::{HeadSpan, SpanChart, SpanMeasure};
pub use terminal::bars_terminal;
pub use ticks::thousands;

/// Width of a figure in millimetres unless another is asked for: a text block's.
pub const DEFAULT_WIDTH_MM: f64 = 140.0;

/// Resolution of PNG files in pixels per millimetre (305 dpi).
pub const PNG_PIXELS_PER_MM: f32 = 12.0;
