//! The look of a figure and the place it goes to: options of every command that makes one.

use super::common::say;
use crate::chart::{ColorMap, DEFAULT_WIDTH_MM, Figure, Missing, Style};
use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::Path;

/// Widths that have a name, in millimetres.
const WIDTHS: [(&str, f64); 4] = [
    ("column", 84.0),
    ("text", DEFAULT_WIDTH_MM),
    ("page", 174.0),
    ("slide", 254.0),
];

/// The look of a figure.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Figure options")]
pub(super) struct StyleArgs {
    /// Title of the figure [default: says what is shown]
    #[arg(long, value_name = "TITLE")]
    pub title: Option<String>,
    /// Draw no title: papers have captions
    #[arg(long, conflicts_with = "title")]
    pub no_title: bool,
    /// Width in millimetres, or column (84, one of two columns), text (140), page (174) or slide (254)
    #[arg(long, value_name = "MM", default_value = "text", value_parser = width)]
    pub width: f64,
    /// Height in millimetres, of figures whose height is free [default: suits the width]
    #[arg(long, value_name = "MM", value_parser = height)]
    pub height: Option<f64>,
    /// Size of axis titles in points; all other text follows
    #[arg(long, value_name = "PT", default_value_t = 8.0, value_parser = font_size)]
    pub font_size: f64,
    /// Draw light marks on a dark ground
    #[arg(long)]
    pub dark: bool,
    /// Draw no ground: what the figure is laid on shows through
    #[arg(long)]
    pub transparent: bool,
    /// Greys, dashes and shapes instead of hues, for print in black and white
    #[arg(long)]
    pub gray: bool,
    /// Colour map of figures that have one [default: the figure's own]
    #[arg(long, value_name = "MAP", value_parser = named(&ColorMap::ALL, ColorMap::id, |_| ""))]
    pub map: Option<ColorMap>,
    /// Resolution of .png files in dots per inch
    #[arg(long, value_name = "N", default_value_t = 304.8, value_parser = dpi)]
    pub dpi: f32,
}

impl StyleArgs {
    /// The style that these options ask for.
    pub fn style(&self) -> Style {
        Style {
            width_mm: self.width,
            height_mm: self.height,
            font_pt: self.font_size,
            dark: self.dark,
            transparent: self.transparent,
            gray: self.gray,
            titled: !self.no_title,
            map: self.map,
            pixels_per_mm: self.dpi / 25.4,
        }
    }

    /// Writes `figure` to `path`, in the form that its ending names.
    pub fn write(&self, figure: &dyn Figure, path: &Path) -> Result<()> {
        tell(&self.written(figure, path)?);
        Ok(())
    }

    /// The same; gives the characters that are to be told of: see [`tell`].
    pub(super) fn written(&self, figure: &dyn Figure, path: &Path) -> Result<Missing> {
        Ok(figure.write(path, &self.style())?)
    }
}

/// Says which characters of a figure are drawn as their code points.
pub(super) fn tell(missing: &Missing) {
    if !missing.is_empty() {
        say(format_args!("note: {missing}"));
    }
}

/// Reads one of `all` by its `id`; help says what each is in `words`, where there are any.
pub(super) fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    id: fn(T) -> &'static str,
    words: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let values = all.iter().map(|one| {
        let value = PossibleValue::new(id(*one));
        match words(*one) {
            "" => value,
            words => value.help(words),
        }
    });
    PossibleValuesParser::new(values).try_map(move |found| {
        let mut all = all.iter().copied();
        all.find(|one| id(*one) == found).ok_or("no such value")
    })
}

fn width(text: &str) -> Result<f64, String> {
    let named = WIDTHS.iter().find(|(name, _)| *name == text);
    match named.map(|(_, mm)| *mm).or_else(|| text.parse().ok()) {
        Some(mm) if (40.0..=1000.0).contains(&mm) => Ok(mm),
        _ => Err("expected millimetres from 40 to 1000, or column, text, page or slide".into()),
    }
}

fn height(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(mm) if (20.0..=1000.0).contains(&mm) => Ok(mm),
        _ => Err("expected millimetres from 20 to 1000".into()),
    }
}

fn font_size(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(pt) if (4.0..=32.0).contains(&pt) => Ok(pt),
        _ => Err("expected points from 4 to 32".into()),
    }
}

fn dpi(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(dpi) if (10.0..=2400.0).contains(&dpi) => Ok(dpi),
        _ => Err("expected dots per inch from 10 to 2400".into()),
    }
}
