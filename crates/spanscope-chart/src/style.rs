//! The look of a figure, whatever it shows.

use super::ColorMap;
use super::theme::{self, PT_PER_MM, Theme};

/// The size of axis titles that figures are laid out for, in points; with another [font size](Style::font_pt) the whole
/// drawing grows or shrinks along.
const LAYOUT_PT: f64 = 8.0;

/// The narrowest page that figures are laid out for, in points.
const NARROWEST: f64 = 140.0;

/// The look of a figure: the same choices for all figures.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Style {
    /// Width on paper, in millimetres; held to 40 … 1000.
    pub width_mm: f64,
    /// Height on paper, in millimetres, where a figure's height does not follow from what it shows; `None` for a
    /// height that suits the width.
    pub height_mm: Option<f64>,
    /// Size of axis titles in points; numbers at axes are 1 pt smaller at 8 pt, titles 1 pt larger. Held to 4 … 32.
    pub font_pt: f64,
    /// Light marks on a dark ground.
    pub dark: bool,
    /// No ground at all: what the figure lies on shows through.
    pub transparent: bool,
    /// Told apart in black and white: greys, dashes and shapes of marks instead of hues.
    pub gray: bool,
    /// True if the title is drawn; papers have captions instead. It stays in the metadata.
    pub titled: bool,
    /// The colour map of figures that have one; `None` for the figure's own.
    pub map: Option<ColorMap>,
    /// Resolution of PNG files, in pixels per millimetre.
    pub pixels_per_mm: f32,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            width_mm: super::DEFAULT_WIDTH_MM,
            height_mm: None,
            font_pt: LAYOUT_PT,
            dark: false,
            transparent: false,
            gray: false,
            titled: true,
            map: None,
            pixels_per_mm: super::PNG_PIXELS_PER_MM,
        }
    }
}

impl Style {
    /// The width on paper, in points.
    fn paper_width(&self) -> f64 {
        let mm = match self.width_mm.is_finite() {
            true => self.width_mm.clamp(40.0, 1000.0),
            false => super::DEFAULT_WIDTH_MM,
        };
        mm * PT_PER_MM
    }

    /// The ratio of the figure's size as drawn to its size in the layout.
    pub(super) fn scale(&self) -> f64 {
        let size = match self.font_pt.is_finite() {
            true => self.font_pt.clamp(4.0, 32.0),
            false => LAYOUT_PT,
        };
        // Smaller type where there would be no room for axes.
        size.min(self.largest_font_pt()) / LAYOUT_PT
    }

    /// The largest [font size](Self::font_pt) that a figure of this width has room for, in points; beyond it figures are
    /// drawn in this.
    pub fn largest_font_pt(&self) -> f64 {
        LAYOUT_PT * self.paper_width() / NARROWEST
    }

    /// The width to lay a figure out for, in points.
    pub(super) fn page_width(&self) -> f64 {
        self.paper_width() / self.scale()
    }

    /// The height to lay a figure out for, in points, if one was asked for.
    pub(super) fn page_height(&self) -> Option<f64> {
        let mm = self.height_mm.filter(|mm| mm.is_finite())?;
        Some((mm.clamp(20.0, 1000.0) * PT_PER_MM / self.scale()).max(70.0))
    }

    /// The figure's colours.
    pub(super) fn theme(&self) -> &'static Theme {
        theme::theme(self.dark, self.gray)
    }

    /// The colour map to draw with, where `own` is the figure's.
    pub(super) fn map(&self, own: ColorMap) -> ColorMap {
        match (self.map, self.gray) {
            (Some(map), _) => map,
            (None, true) => ColorMap::Greys,
            (None, false) => own,
        }
    }
}
