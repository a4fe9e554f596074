//! The bundled fonts, and the width of a text set in them.

use std::sync::{Arc, OnceLock};

use crate::fonts::{FALLBACKS, INTER, INTER_SEMIBOLD};
use resvg::usvg::fontdb;
use ttf_parser::Face;

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

/// A database of the bundled fonts, of one version of the library or another.
macro_rules! database {
    ($fontdb:path) => {{
        use $fontdb as fontdb;
        static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
        let make = || {
            let mut db = fontdb::Database::new();
            for data in [INTER, INTER_SEMIBOLD] {
                db.load_font_source(fontdb::Source::Binary(Arc::new(data)));
            }
            // These have no PostScript names, without which the library would not load them.
            for (name, data) in FALLBACKS {
                db.push_face_info(fontdb::FaceInfo {
                    id: fontdb::ID::dummy(),
                    source: fontdb::Source::Binary(Arc::new(data)),
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
        };
        DATABASE.get_or_init(make).clone()
    }};
}

/// The bundled fonts and no others.
pub(super) fn database() -> Arc<fontdb::Database> {
    database!(resvg::usvg::fontdb)
}

/// The bundled fonts for PDFs.
pub(super) fn database_of_pdf() -> Arc<svg2pdf::usvg::fontdb::Database> {
    database!(svg2pdf::usvg::fontdb)
}

/// Width of `text` at `size`, in the unit of `size`; kerning is left out.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    static FACES: OnceLock<Vec<Face<'static>>> = OnceLock::new();
    let parse = |data| Face::parse(data, 0).ok();
    let faces = FACES.get_or_init(|| bundled().filter_map(parse).collect());
    // Each font in turn, as the renderer looks for a character; titles begin with the bolder one.
    let own = usize::from(weight == Weight::SemiBold);
    let order = || faces.iter().skip(own).take(1).chain(faces.iter().skip(2));
    let em = |c: char| order().find_map(|face| em(face, c));
    // A character that no font has is an empty box.
    let em: f64 = text.chars().map(|c| em(c).unwrap_or(1.0)).sum();
    em * size
}

/// `text`, shortened with an ellipsis until it is at most `room` wide.
pub(super) fn fit(text: &str, size: f64, weight: Weight, room: f64) -> String {
    // Room that was made for just this text may be less by a rounding.
    let room = room + 1e-6;
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

/// Advance of a character as a share of the font size; `None` where the font has no such character.
fn em(face: &Face<'_>, c: char) -> Option<f64> {
    let advance = face.glyph_hor_advance(face.glyph_index(c)?)?;
    Some(f64::from(advance) / f64::from(face.units_per_em()))
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
    fn every_bundled_font_is_there() {
        let names = |count: usize, name: &dyn Fn(usize) -> String| -> Vec<String> {
            (0..count).map(name).collect()
        };
        let want = [
            "Inter",
            "Inter",
            FALLBACKS[0].0,
            FALLBACKS[1].0,
            FALLBACKS[2].0,
        ];
        let (db, pdf) = (database(), database_of_pdf());
        let faces: Vec<_> = db.faces().collect();
        let name = |i: usize| faces[i].families[0].0.clone();
        assert_eq!(names(faces.len(), &name), want);
        let faces: Vec<_> = pdf.faces().collect();
        let name = |i: usize| faces[i].families[0].0.clone();
        assert_eq!(names(faces.len(), &name), want);
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
