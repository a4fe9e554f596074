//! The errors that can occur when a figure is made or written.

use spanscope_core::shown::{said, shown_path};
use std::path::PathBuf;

/// Why a figure could not be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// The file name does not end in one of the endings that figures have.
    #[error(
        "{}: cannot tell the format from the name; it must end in {}",
        shown_path(path),
        list(allowed)
    )]
    Extension {
        /// The path that was asked for.
        path: PathBuf,
        /// The endings that work, without the dot.
        allowed: &'static [&'static str],
    },
    /// The file could not be written.
    #[error("{}: {source}", shown_path(path))]
    Write {
        /// The file that was being written.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The picture would have more pixels than is sensible.
    #[error(
        "the picture would be {width} × {height} pixels; the limit is {limit} a side and {total} million in all"
    )]
    TooLarge {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
        /// Largest side allowed.
        limit: u32,
        /// Largest number of pixels allowed, in millions.
        total: u64,
    },
    /// The scale for a picture is not a positive number.
    #[error("{0} pixels per millimetre is not a usable scale")]
    BadScale(f32),
    /// The SVG text could not be read.
    #[error("the SVG cannot be read: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// A PNG could not be encoded.
    #[error("the PNG cannot be written: {}", said(.0))]
    Png(String),
    /// The drawing could not be made a PDF.
    #[error("the PDF cannot be written: {}", said(.0))]
    Pdf(String),
    /// The numbers of a heat map do not fit its shape.
    #[error("{what}: {got} values where {want} are needed", what = said(what))]
    Shape {
        /// Which numbers.
        what: String,
        /// The number of values that there are.
        got: usize,
        /// The number of values needed.
        want: usize,
    },
    /// The table could not be written.
    #[error("the table cannot be written: {}", said(.0))]
    Csv(String),
    /// The JSON could not be written.
    #[error("the JSON cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// "svg, png or csv".
fn list(names: &[&str]) -> String {
    let dotted: Vec<String> = names.iter().map(|name| format!(".{name}")).collect();
    match dotted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
