//! The look of a figure and the place it goes to: options of every command that makes one.

use super::Usage;
use super::common::say;
use crate::chart::{ColorMap, DEFAULT_WIDTH_MM, Figure, Missing, Style};
use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// Widths that have a name, in millimetres.
const WIDTHS: [(&str, f64); 4] = [
    ("column", 84.0),
    ("text", DEFAULT_WIDTH_MM),
    ("page", 174.0),
    ("slide", 254.0),
];

/// The endings of files that hold a drawing, not its numbers alone.
pub(super) const DRAWINGS: &[&str] = &["svg", "pdf", "png"];

/// Resolution of .png files, in dots per inch.
const DPI: f32 = 304.8;

/// Difference between the height of a drawing and the one asked for that nobody sees, in millimetres.
const SLACK: f64 = 1.0;

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
    /// [default: text]
    #[arg(long, value_name = "MM", value_parser = width)]
    pub width: Option<f64>,
    /// Height in millimetres, of figures whose height is free [default: suits the width]
    #[arg(long, value_name = "MM", value_parser = height)]
    pub height: Option<f64>,
    /// Size of axis titles in points; all other text follows [default: 8, less where a figure is narrower than 50 mm]
    #[arg(long, value_name = "PT", value_parser = font_size)]
    pub font_size: Option<f64>,
    /// Light marks on a dark background
    #[arg(long)]
    pub dark: bool,
    /// No background: what the figure is laid on shows through
    #[arg(long)]
    pub transparent: bool,
    /// Greys, dashes and shapes instead of hues, for print in black and white
    #[arg(long)]
    pub gray: bool,
    /// Colour map of figures that have one [default: the figure's own]
    #[arg(long, value_name = "MAP", value_parser = named(&ColorMap::ALL, ColorMap::id, |_| ""))]
    pub map: Option<ColorMap>,
    /// Resolution of .png files in dots per inch [default: 304.8]
    #[arg(long, value_name = "N", value_parser = dpi)]
    pub dpi: Option<f32>,
}

impl StyleArgs {
    /// The style that these options ask for.
    pub fn style(&self) -> Style {
        Style {
            width_mm: self.width.unwrap_or(DEFAULT_WIDTH_MM),
            height_mm: self.height,
            font_pt: self.font_size.unwrap_or(Style::default().font_pt),
            dark: self.dark,
            transparent: self.transparent,
            gray: self.gray,
            titled: !self.no_title,
            map: self.map,
            pixels_per_mm: self.dpi.unwrap_or(DPI) / 25.4,
        }
    }

    /// Refuses options that change nothing in what is written: to files of these names, or to none. `has_map` is true of
    /// figures that have a colour map.
    pub fn check<'a>(
        &self,
        outputs: impl IntoIterator<Item = &'a PathBuf>,
        has_map: bool,
    ) -> Result<(), Usage> {
        if self.map.is_some() && !has_map {
            return Err(Usage(
                "--map has no effect on this figure, which has no colour map; leave it out".into(),
            ));
        }
        let given: [(&str, bool, &[&str]); 10] = [
            (
                "--title",
                self.title.is_some(),
                &["svg", "pdf", "png", "json"],
            ),
            ("--no-title", self.no_title, DRAWINGS),
            ("--width", self.width.is_some(), DRAWINGS),
            ("--height", self.height.is_some(), DRAWINGS),
            ("--font-size", self.font_size.is_some(), DRAWINGS),
            ("--dark", self.dark, DRAWINGS),
            ("--transparent", self.transparent, DRAWINGS),
            ("--gray", self.gray, DRAWINGS),
            ("--map", self.map.is_some(), DRAWINGS),
            ("--dpi", self.dpi.is_some(), &["png"]),
        ];
        let outputs: Vec<&PathBuf> = outputs.into_iter().collect();
        for (option, _, endings) in given.iter().filter(|(_, is_given, _)| *is_given) {
            only_in(option, &outputs, endings)?;
        }
        Ok(())
    }

    /// Refuses a size that the figure cannot have: it would be drawn in another.
    pub(super) fn fits(&self, figure: &dyn Figure, style: &Style) -> Result<(), Usage> {
        let most = style.largest_font_pt();
        if let Some(asked) = self.font_size.filter(|asked| *asked > most) {
            return Err(Usage(format!(
                "--font-size {asked}: {} mm of width have room for type of {:.1} pt at most; choose a smaller size, or a \
                 larger --width",
                style.width_mm,
                (10.0 * most).floor() / 10.0
            )));
        }
        let Some(asked) = self.height else {
            return Ok(());
        };
        let drawn = figure.drawn_height_mm(style);
        let (bound, mm) = match drawn > asked {
            true => ("at least", drawn.ceil()),
            false => ("at most", drawn.floor()),
        };
        match (drawn - asked).abs() <= SLACK {
            true => Ok(()),
            false => Err(Usage(format!(
                "--height {asked}: with this width and font size the figure is {bound} {mm} mm high; ask for that, or leave \
                 --height out"
            ))),
        }
    }

    /// Writes `figure` to `path`, in the form that its ending names.
    pub fn write(&self, figure: &dyn Figure, path: &Path) -> Result<()> {
        tell(&self.written(figure, path)?);
        Ok(())
    }

    /// The same; gives the characters that are to be told of: see [`tell`].
    pub(super) fn written(&self, figure: &dyn Figure, path: &Path) -> Result<Missing> {
        let style = self.style();
        self.fits(figure, &style)?;
        Ok(figure.write(path, &style)?)
    }
}

/// True if a file has one of these endings, whatever its case.
pub(super) fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let found = path.extension().unwrap_or_default();
    endings
        .iter()
        .any(|ending| found.eq_ignore_ascii_case(ending))
}

/// Refuses an option that has an effect on files with these endings only, where no such file is written.
pub(super) fn only_in(option: &str, outputs: &[&PathBuf], endings: &[&str]) -> Result<(), Usage> {
    if outputs.iter().any(|path| ends_in(path, endings)) {
        return Ok(());
    }
    let endings: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
    Err(Usage(format!(
        "{option} has no effect here, only on -o FILE with the ending {}; leave it out, or write such a file",
        endings.join(" or ")
    )))
}

/// As [`only_in`], of options that change a drawing and not its numbers.
pub(super) fn only_in_drawings<'a>(
    option: &str,
    outputs: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Usage> {
    let outputs: Vec<&PathBuf> = outputs.into_iter().collect();
    only_in(option, &outputs, DRAWINGS)
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
