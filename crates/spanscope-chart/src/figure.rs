//! The interface that all figures have in common: one drawing, written in many forms.

use super::canvas::Canvas;
use super::drawing::Drawing;
use super::{ChartError, Missing, Provenance, Style, Table, file, pdf, raster};
use std::path::Path;

/// The form of a figure's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A vector drawing for the web and for drawing programs; text stays text.
    Svg,
    /// A vector drawing for papers; text stays text, in fonts that the file brings along.
    Pdf,
    /// A picture.
    Png,
    /// The numbers as a table.
    Csv,
    /// The numbers, their units and where they come from.
    Json,
}

impl Format {
    /// All of them, in the order in which a menu should show them.
    pub const ALL: [Self; 5] = [Self::Svg, Self::Pdf, Self::Png, Self::Csv, Self::Json];

    /// The endings of their files, in the same order.
    pub const EXTENSIONS: &'static [&'static str] = &["svg", "pdf", "png", "csv", "json"];

    /// The ending of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The form that a file's ending names, in upper or lower case.
    ///
    /// # Errors
    /// When it names none.
    pub fn of(path: &Path) -> Result<Self, ChartError> {
        let found = file::extension(path, Self::EXTENSIONS)?;
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.extension() == found)
            .ok_or_else(|| ChartError::Extension {
                path: path.to_path_buf(),
                allowed: Self::EXTENSIONS,
            })
    }
}

/// The part of a [`Figure`] that is the same for every struct with fields `title` and `provenance`; with `numbers`, also
/// for those with fields `kind` and `numbers`.
macro_rules! about {
    (numbers) => {
        $crate::figure::about!();

        fn kind(&self) -> &'static str {
            self.kind
        }

        fn table(&self) -> Result<$crate::Table, $crate::ChartError> {
            Ok(self.numbers.clone())
        }
    };
    () => {
        fn title(&self) -> &str {
            &self.title
        }

        fn provenance(&self) -> &$crate::Provenance {
            &self.provenance
        }

        fn set_title(&mut self, title: String) {
            self.title = title;
        }

        fn provenance_mut(&mut self) -> &mut $crate::Provenance {
            &mut self.provenance
        }
    };
}
pub(super) use about;

/// A figure: numbers that know how they are drawn.
pub trait Figure: Send + Sync {
    /// The kind of figure, in one word, as in file names and on the command line: "spans".
    fn kind(&self) -> &'static str;

    /// Its title; may be empty.
    fn title(&self) -> &str;

    /// The provenance of its numbers.
    fn provenance(&self) -> &Provenance;

    /// Gives it another title.
    fn set_title(&mut self, title: String);

    /// The provenance of its numbers, to be completed.
    fn provenance_mut(&mut self) -> &mut Provenance;

    /// The drawing.
    fn draw(&self, style: &Style) -> Canvas;

    /// The numbers.
    ///
    /// # Errors
    /// When the numbers do not fit each other.
    fn table(&self) -> Result<Table, ChartError>;

    /// A check that the numbers fit each other, made before anything is written.
    ///
    /// # Errors
    /// When they do not.
    fn check(&self) -> Result<(), ChartError> {
        Ok(())
    }

    /// The height of the drawing on paper, in millimetres: [`Style::height_mm`] where the figure can have it.
    fn drawn_height_mm(&self, style: &Style) -> f64 {
        self.draw(style).height_mm()
    }

    /// The figure as an SVG drawing, with title and provenance as metadata.
    fn svg(&self, style: &Style) -> String {
        self.draw(style).finish(self.title(), self.provenance())
    }

    /// The figure as a PDF of one page of its size.
    ///
    /// # Errors
    /// When the drawing cannot be converted.
    fn pdf(&self, style: &Style) -> Result<Vec<u8>, ChartError> {
        self.pdf_of(self.draw(style))
    }

    /// The figure as a PNG of [`Style::pixels_per_mm`].
    ///
    /// # Errors
    /// When the picture would be larger than is sensible.
    fn png(&self, style: &Style) -> Result<Vec<u8>, ChartError> {
        self.png_of(self.draw(style), style)
    }

    /// The numbers as CSV, with units in the header.
    ///
    /// # Errors
    /// As [`Figure::table`].
    fn csv(&self) -> Result<String, ChartError> {
        self.table()?.csv()
    }

    /// The numbers as JSON, with units, title and provenance.
    ///
    /// # Errors
    /// As [`Figure::table`].
    fn json(&self) -> Result<String, ChartError> {
        self.table()?
            .json(self.kind(), self.title(), self.provenance())
    }

    /// The content of a file of this form, and the characters of its texts that are drawn as their code points.
    ///
    /// # Errors
    /// As the form's own method.
    fn bytes(&self, format: Format, style: &Style) -> Result<(Vec<u8>, Missing), ChartError> {
        self.check()?;
        let text = match format {
            Format::Csv => self.csv()?,
            Format::Json => self.json()?,
            Format::Svg | Format::Pdf | Format::Png => {
                let page = self.draw(style);
                let missing = page.missing.clone();
                let bytes = match format {
                    Format::Pdf => self.pdf_of(page)?,
                    Format::Png => self.png_of(page, style)?,
                    _ => page.finish(self.title(), self.provenance()).into_bytes(),
                };
                return Ok((bytes, missing));
            }
        };
        Ok((text.into_bytes(), Missing::default()))
    }

    #[doc(hidden)]
    fn pdf_of(&self, page: Canvas) -> Result<Vec<u8>, ChartError> {
        pdf::pdf(&Drawing::new(page)?, self.title(), self.provenance())
    }

    #[doc(hidden)]
    fn png_of(&self, page: Canvas, style: &Style) -> Result<Vec<u8>, ChartError> {
        let words = raster::Words::new(self.title(), self.provenance());
        raster::png(&Drawing::new(page)?, style.pixels_per_mm, &words)
    }

    /// Writes the figure in the form that the file's ending names, whole or not at all. A file that is there is replaced.
    /// Gives the characters that are drawn as their code points.
    ///
    /// # Errors
    /// When the ending names no form, the figure cannot be made, or the file cannot be written.
    fn write(&self, path: &Path, style: &Style) -> Result<Missing, ChartError> {
        let (bytes, missing) = self.bytes(Format::of(path)?, style)?;
        file::write(path, &bytes)?;
        Ok(missing)
    }
}
