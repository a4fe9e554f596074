//! The fonts of a file: of each only the glyphs that it shows, and what each of them reads as.

use super::super::ChartError;
use super::File;
use crate::fonts::{Face, Glyph, face};
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish as _, Name, Rect, Ref, Str};
use sha2::{Digest as _, Sha256};
use skrifa::instance::{LocationRef, Size};
use skrifa::{GlyphId, MetadataProvider as _, Tag};
use std::collections::BTreeMap;
use subsetter::GlyphRemapper;

const SYSTEM: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// The fonts that a page shows, by number.
#[derive(Default)]
pub(super) struct Fonts(BTreeMap<usize, Used>);

/// The part of a font that is shown.
#[derive(Default)]
struct Used {
    glyphs: GlyphRemapper,
    /// The text of each glyph of the subset.
    letters: BTreeMap<u16, String>,
}

impl Fonts {
    /// The name by which the page calls a font.
    pub(super) fn name(font: usize) -> String {
        format!("F{font}")
    }

    /// A glyph's font, its code in this file, and whether the code reads as its letter: the first glyph of that number
    /// decides.
    pub(super) fn code(&mut self, glyph: &Glyph) -> (usize, u16, bool) {
        let used = self.0.entry(glyph.font).or_default();
        let code = used.glyphs.remap(glyph.id);
        if glyph.letter.is_empty() {
            return (glyph.font, code, false);
        }
        let letter = used
            .letters
            .entry(code)
            .or_insert_with(|| glyph.letter.clone());
        (glyph.font, code, *letter == glyph.letter)
    }

    /// Writes all of them; gives the name and number of each.
    pub(super) fn write(&self, file: &mut File) -> Result<Vec<(String, Ref)>, ChartError> {
        let mut names = Vec::new();
        for (number, used) in &self.0 {
            if let Some(face) = face(*number) {
                names.push((Self::name(*number), used.write(face, file)?));
            }
        }
        Ok(names)
    }
}

impl Used {
    fn write(&self, face: &Face, file: &mut File) -> Result<Ref, ChartError> {
        let fail = |error: &dyn std::fmt::Display| ChartError::Pdf(error.to_string());
        let whole = subsetter::subset(face.data, 0, &self.glyphs).map_err(|error| fail(&error))?;
        // Of outlines in the compact format the table alone, as every reader knows it.
        let table = skrifa::FontRef::new(&whole).ok().and_then(|font| {
            font.table_data(Tag::new(b"CFF "))
                .map(|table| table.as_bytes().to_vec())
        });
        let compact = table.is_some();
        let data = table.unwrap_or(whole);

        // Six letters before the name tell one subset from another.
        let hash = Sha256::digest(&data);
        let tag: String = hash
            .iter()
            .take(6)
            .map(|byte| char::from(b'A' + byte % 26))
            .collect();
        let name = format!("{tag}+{}", face.name);
        let full = match compact {
            true => format!("{name}-Identity-H"),
            false => name.clone(),
        };
        let [font, cid, descriptor, cmap, program] = std::array::from_fn(|_| file.next.bump());
        file.pdf
            .type0_font(font)
            .base_font(Name(full.as_bytes()))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);

        let mut about = file.pdf.cid_font(cid);
        about.subtype(match compact {
            true => CidFontType::Type0,
            false => CidFontType::Type2,
        });
        about
            .base_font(Name(name.as_bytes()))
            .system_info(SYSTEM)
            .font_descriptor(descriptor)
            .default_width(0.0);
        if !compact {
            about.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let widths = self.glyphs.remapped_gids();
        let widths = widths.map(|glyph| face.advance(GlyphId::from(glyph)) * 1000.0);
        about.widths().consecutive(0, widths);
        about.finish();

        let plain = face.font.metrics(Size::unscaled(), LocationRef::default());
        let share = |length: f32| length / face.units * 1000.0;
        let bounds = plain.bounds.unwrap_or_default();
        let mut about = file.pdf.font_descriptor(descriptor);
        about
            .name(Name(name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(
                share(bounds.x_min),
                share(bounds.y_min),
                share(bounds.x_max),
                share(bounds.y_max),
            ))
            .italic_angle(0.0)
            .ascent(share(plain.ascent))
            .descent(share(plain.descent))
            .cap_height(share(plain.cap_height.unwrap_or(plain.ascent)))
            .stem_v(95.4);
        match compact {
            true => about.font_file3(program),
            false => about.font_file2(program),
        };
        about.finish();

        let mut letters = UnicodeCmap::new(Name(b"Custom"), SYSTEM);
        for (code, letter) in &self.letters {
            letters.pair_with_multiple(*code, letter.chars());
        }
        file.stream(cmap, &letters.finish())?;
        let packed = super::deflate(&data)?;
        let mut stream = file.pdf.stream(program, &packed);
        stream.filter(Filter::FlateDecode);
        if compact {
            stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        } else {
            let length = i32::try_from(data.len()).map_err(|error| fail(&error))?;
            stream.pair(Name(b"Length1"), length);
        }
        stream.finish();
        Ok(font)
    }
}
