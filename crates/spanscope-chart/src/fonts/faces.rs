//! The bundled fonts, opened.

use super::{EMOJI, INTER, INTER_SEMIBOLD, at_hand};
use harfrust::ShaperData;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::raw::TableProvider as _;
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use std::sync::{PoisonError, RwLock};

/// The name of the font of bytes.
const SIGNS: &str = "SpanscopeSigns";

/// A bundled font.
pub(crate) struct Face {
    /// Its PostScript name.
    pub(crate) name: String,
    /// The font's file.
    pub(crate) data: &'static [u8],
    pub(crate) font: FontRef<'static>,
    /// Its units in an em.
    pub(crate) units: f32,
    pub(super) shaper: ShaperData,
    characters: Charmap<'static>,
    advances: GlyphMetrics<'static>,
}

impl Face {
    fn open(name: &str, data: &'static [u8]) -> Option<Self> {
        let font = FontRef::new(data).ok()?;
        Some(Self {
            name: name.replace(' ', ""),
            data,
            units: f32::from(font.head().ok()?.units_per_em()),
            shaper: ShaperData::new(&font),
            characters: font.charmap(),
            advances: font.glyph_metrics(Size::unscaled(), LocationRef::default()),
            font,
        })
    }

    /// True if a glyph is that of a character by itself.
    pub(super) fn draws(&self, c: char, glyph: u16) -> bool {
        self.glyph(c) == Some(GlyphId::from(glyph))
    }

    /// True if it can draw a character.
    pub(super) fn has(&self, c: char) -> bool {
        self.glyph(c).is_some()
    }

    /// The glyph of a character; the first one stands for what the font lacks. Private characters have none: what a font
    /// draws for one is another font's other sign. Those that stand for bytes are the program's own.
    fn glyph(&self, c: char) -> Option<GlyphId> {
        let private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
        if private && self.name != SIGNS {
            return None;
        }
        let glyph = self.characters.map(c)?;
        (glyph != GlyphId::NOTDEF).then_some(glyph)
    }

    /// Advance of a character as a share of the font size; `None` where the font has no such character.
    pub(super) fn em(&self, c: char) -> Option<f32> {
        Some(self.advance(self.glyph(c)?))
    }

    /// Advance of a glyph as a share of the font size.
    pub(crate) fn advance(&self, glyph: GlyphId) -> f32 {
        self.advances.advance_width(glyph).unwrap_or(0.0) / self.units
    }
}

/// All of them that are at hand, opened.
static FACES: RwLock<Option<&'static [Face]>> = RwLock::new(None);

/// All of them, in the order in which a character is looked for: Inter, Inter SemiBold, and what stands behind both.
pub(super) fn faces() -> &'static [Face] {
    let opened = *FACES.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(opened) = opened {
        return opened;
    }
    let own = [("Inter-Regular", INTER), ("Inter-SemiBold", INTER_SEMIBOLD)];
    let all = own.into_iter().chain(at_hand()).chain(EMOJI);
    let mut faces = FACES.write().unwrap_or_else(PoisonError::into_inner);
    faces.get_or_insert_with(|| {
        let all = all.filter_map(|(name, data)| Face::open(name, data));
        // Whoever holds one holds it for ever; they are opened anew once for every font that a page fetches.
        Vec::leak(all.collect())
    })
}

/// Has them opened anew, when another font has come.
pub(super) fn open_again() {
    *FACES.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// True of the bytes of a font.
pub(super) fn is_font(bytes: &[u8]) -> bool {
    FontRef::new(bytes).is_ok_and(|font| font.head().is_ok())
}

/// One of them, by the number that a [`super::Glyph`] has.
pub(crate) fn face(number: usize) -> Option<&'static Face> {
    faces().get(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts::FALLBACKS;

    #[test]
    fn every_bundled_font_opens_and_has_a_name_of_its_own() {
        assert_eq!(faces().len(), 2 + FALLBACKS.len() + EMOJI.len());
        let mut names: Vec<&str> = faces().iter().map(|face| face.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), faces().len());
        assert!(
            names
                .iter()
                .all(|name| name.is_ascii() && !name.contains(' '))
        );
    }
}
