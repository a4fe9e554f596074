//! The bundled fonts, and the width of a text set in them.

use std::sync::{Arc, OnceLock};

use crate::fonts::{FALLBACKS, INTER, INTER_SEMIBOLD};
use resvg::usvg::fontdb;

/// The families named in the SVG; the bundled one comes first.
pub(super) const FAMILY: &str = "Inter, Helvetica, Arial, sans-serif";

/// Height of a capital or a figure, as a share of the font size.
pub(super) const CAP_HEIGHT: f64 = 0.728;
/// Room that a line needs above its baseline, as a share of the font size.
pub(super) const ASCENT: f64 = 0.76;
/// Room that a line needs below its baseline, as a share of the font size.
pub(super) const DESCENT: f64 = 0.21;

/// How bold a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// For everything but titles.
    Regular,
    /// For titles.
    SemiBold,
}

impl Weight {
    /// The number that SVG wants.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Regular => 400,
            Self::SemiBold => 600,
        }
    }
}

/// The bundled fonts.
fn bundled() -> impl Iterator<Item = &'static [u8]> {
    let fallbacks = FALLBACKS.iter().map(|(_, data)| *data);
    [INTER, INTER_SEMIBOLD].into_iter().chain(fallbacks)
}

/// A database of the bundled fonts and no others. It is a macro because the library that makes PDFs brings a version of
/// the type of its own.
macro_rules! database {
    ($fontdb:path) => {{
        use $fontdb as fontdb;
        let mut db = fontdb::Database::new();
        for data in [INTER, INTER_SEMIBOLD] {
            db.load_font_source(fontdb::Source::Binary(Arc::new(data)));
        }
        // The subsets have no names of their own, without which a font is not loaded.
        for (name, data) in FALLBACKS {
            let source: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(data);
            db.push_face_info(fontdb::FaceInfo {
                id: fontdb::ID::dummy(),
                source: fontdb::Source::Binary(source),
                index: 0,
                families: vec![(name.to_owned(), fontdb::Language::English_UnitedStates)],
                post_script_name: name.replace(' ', ""),
                style: fontdb::Style::Normal,
                weight: fontdb::Weight::NORMAL,
                stretch: fontdb::Stretch::Normal,
                monospaced: false,
            });
        }
        db.set_sans_serif_family("Inter");
        Arc::new(db)
    }};
}

/// The bundled fonts for pictures.
pub(super) fn database() -> Arc<fontdb::Database> {
    static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    DATABASE
        .get_or_init(|| database!(resvg::usvg::fontdb))
        .clone()
}

/// The bundled fonts for PDFs.
pub(super) fn database_of_pdf() -> Arc<svg2pdf::usvg::fontdb::Database> {
    static DATABASE: OnceLock<Arc<svg2pdf::usvg::fontdb::Database>> = OnceLock::new();
    DATABASE
        .get_or_init(|| database!(svg2pdf::usvg::fontdb))
        .clone()
}

/// Width of `text` at `size`, in the unit of `size`; kerning is left out.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    static TABLES: OnceLock<Vec<Advances>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| bundled().filter_map(Advances::parse).collect());
    // Each font in turn, as the renderer looks for a character; titles begin with the bolder one.
    let own = usize::from(weight == Weight::SemiBold);
    let order = || tables.iter().skip(own).take(1).chain(tables.iter().skip(2));
    let em = |c: char| order().find_map(|table| table.em(c));
    // A character that no font has is an empty box.
    let em: f64 = text.chars().map(|c| em(c).unwrap_or(1.0)).sum();
    em * size
}

/// `text`, shortened with an ellipsis until it is at most `room` wide.
pub(super) fn fit(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let fits = |keep: usize| {
        let mut s: String = chars[..keep].iter().collect::<String>().trim_end().into();
        s.push('…');
        (width(&s, size, weight) <= room).then_some(s)
    };
    let (mut low, mut high) = (0, chars.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle).is_some() {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    fits(low).unwrap_or_default()
}

/// The advance widths of one OpenType font.
struct Advances {
    data: &'static [u8],
    units: f64,
    cmap: usize,
    format: u16,
    hmtx: usize,
    metrics: usize,
}

impl Advances {
    fn parse(data: &'static [u8]) -> Option<Self> {
        let table = |tag: &[u8; 4]| -> Option<usize> {
            let count = usize::from(u16_at(data, 4)?);
            (0..count)
                .map(|i| 12 + 16 * i)
                .find_map(|at| (data.get(at..at + 4)? == tag).then(|| u32_at(data, at + 8))?)
        };
        let units = f64::from(u16_at(data, table(b"head")? + 18)?);
        let metrics = usize::from(u16_at(data, table(b"hhea")? + 34)?);
        let hmtx = table(b"hmtx")?;
        let cmap = table(b"cmap")?;
        let count = usize::from(u16_at(data, cmap + 2)?);
        let (format, cmap) = (0..count)
            .filter_map(|i| {
                let at = cmap + u32_at(data, cmap + 4 + 8 * i + 4)?;
                Some((u16_at(data, at)?, at))
            })
            .filter(|(format, _)| matches!(format, 4 | 12))
            .max()?;
        (units > 0.0 && metrics > 0).then_some(Self {
            data,
            units,
            cmap,
            format,
            hmtx,
            metrics,
        })
    }

    /// Advance of a character as a share of the font size; `None` where the font has no such character.
    fn em(&self, c: char) -> Option<f64> {
        let glyph = self.glyph(u32::from(c)).filter(|glyph| *glyph > 0)?;
        let index = glyph.min(self.metrics - 1);
        Some(f64::from(u16_at(self.data, self.hmtx + 4 * index)?) / self.units)
    }

    fn glyph(&self, code: u32) -> Option<usize> {
        if self.format == 12 {
            let groups = u32_at(self.data, self.cmap + 12)?;
            return (0..groups).map(|i| self.cmap + 16 + 12 * i).find_map(|at| {
                let first = u32_at(self.data, at)?;
                let last = u32_at(self.data, at + 4)?;
                let code = code as usize;
                (first..=last)
                    .contains(&code)
                    .then(|| Some(u32_at(self.data, at + 8)? + code - first))?
            });
        }
        let code = u16::try_from(code).ok()?;
        let double = usize::from(u16_at(self.data, self.cmap + 6)?);
        let ends = self.cmap + 14;
        let segment = (0..double)
            .step_by(2)
            .find(|i| u16_at(self.data, ends + i).is_some_and(|end| end >= code))?;
        let start = u16_at(self.data, ends + 2 + double + segment)?;
        let delta = u16_at(self.data, ends + 2 + 2 * double + segment)?;
        let offset_at = ends + 2 + 3 * double + segment;
        let offset = usize::from(u16_at(self.data, offset_at)?);
        let step = code.checked_sub(start)?;
        if offset == 0 {
            return Some(usize::from(code.wrapping_add(delta)));
        }
        let glyph = u16_at(self.data, offset_at + offset + 2 * usize::from(step))?;
        Some(usize::from(glyph.wrapping_add(delta)))
    }
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    let bytes = data.get(at..at + 2)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

fn u32_at(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at..at + 4)?;
    usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_are_read_from_the_fonts() {
        let digits = width("0123456789", 10.0, Weight::Regular);
        assert!((50.0..70.0).contains(&digits), "{digits}");
        assert!(width("i", 10.0, Weight::Regular) < 3.5);
        assert!(width("M", 10.0, Weight::Regular) > 8.0);
        assert!(width("Mean", 10.0, Weight::SemiBold) > width("Mean", 10.0, Weight::Regular));
        assert!((width("\u{4e00}", 10.0, Weight::Regular) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn every_bundled_font_draws_its_characters() {
        assert_eq!(database().len(), 2 + FALLBACKS.len());
        assert_eq!(database_of_pdf().len(), 2 + FALLBACKS.len());
        // An empty box for every character that no font has would look the same for all.
        let drawn = |text: &str| {
            let svg = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><text x='2' y='16' font-size='14' font-family='Inter'>{text}</text></svg>"
            );
            let words = super::super::raster::Words::default();
            super::super::raster::png(&svg, 4.0, &words).unwrap()
        };
        let all = ["注", "意", "م", "ع", "␀", "␁", "a", "\u{e000}"].map(drawn);
        for (i, one) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other != one), "{i}");
        }
    }

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(fit("short", 8.0, Weight::Regular, 100.0), "short");
        let cut = fit("a rather long title", 8.0, Weight::Regular, 40.0);
        assert!(cut.ends_with('…') && cut.len() > 5, "{cut}");
        assert!(width(&cut, 8.0, Weight::Regular) <= 40.0);
        assert_eq!(fit("anything", 8.0, Weight::Regular, 0.0), "");
    }
}
