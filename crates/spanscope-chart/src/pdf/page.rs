//! The page's content, and what it refers to.

use super::super::ChartError;
use super::super::drawing::{Drawing, Set};
use super::File;
use super::fonts::Fonts;
use crate::fonts::{Glyph, Outline, face, outline};
use pdf_writer::writers::Resources;
use pdf_writer::{Content, Finish as _, Name, Ref, Str, TextStr};
use resvg::usvg;
use skrifa::GlyphId;
use std::collections::BTreeMap;

/// A page that is being drawn.
pub(super) struct Page<'a> {
    drawing: &'a Drawing,
    pub(super) file: File,
    pub(super) content: Content,
    fonts: Fonts,
    pub(super) pictures: Vec<Ref>,
    pub(super) shadings: Vec<Ref>,
    /// Opacities of fills and strokes, in 255ths.
    opacities: BTreeMap<(u8, u8), Ref>,
}

/// The objects that the content refers to by name.
pub(super) struct Names {
    fonts: Vec<(String, Ref)>,
    pictures: Vec<Ref>,
    shadings: Vec<Ref>,
    opacities: BTreeMap<(u8, u8), Ref>,
}

/// The name of a picture or shading.
pub(super) fn name(letter: char, number: usize) -> String {
    format!("{letter}{number}")
}

fn opacity_name((fill, stroke): (u8, u8)) -> String {
    format!("G{fill}.{stroke}")
}

impl Names {
    pub(super) fn write(&self, resources: &mut Resources<'_>) {
        let mut fonts = resources.fonts();
        for (name, id) in &self.fonts {
            fonts.pair(Name(name.as_bytes()), *id);
        }
        fonts.finish();
        let mut pictures = resources.x_objects();
        for (i, id) in self.pictures.iter().enumerate() {
            pictures.pair(Name(name('I', i).as_bytes()), *id);
        }
        pictures.finish();
        let mut shadings = resources.shadings();
        for (i, id) in self.shadings.iter().enumerate() {
            shadings.pair(Name(name('S', i).as_bytes()), *id);
        }
        shadings.finish();
        let mut states = resources.ext_g_states();
        for (opacity, id) in &self.opacities {
            states.pair(Name(opacity_name(*opacity).as_bytes()), *id);
        }
        states.finish();
    }
}

/// A transform as PDF writes it.
pub(super) fn matrix(transform: usvg::Transform) -> [f32; 6] {
    let t = transform;
    // The cosine of a right angle is not zero by the libraries of systems, and each has another remainder.
    let [sx, ky, kx, sy] = [t.sx, t.ky, t.kx, t.sy].map(|x| if x.abs() < 1e-7 { 0.0 } else { x });
    [sx, ky, kx, sy, t.tx, t.ty]
}

impl<'a> Page<'a> {
    pub(super) fn new(drawing: &'a Drawing, file: File) -> Self {
        Self {
            drawing,
            file,
            content: Content::new(),
            fonts: Fonts::default(),
            pictures: Vec::new(),
            shadings: Vec::new(),
            opacities: BTreeMap::new(),
        }
    }

    /// The file with all that the content refers to, the content, and the names in it.
    pub(super) fn finish(mut self) -> Result<(File, Vec<u8>, Names), ChartError> {
        let names = Names {
            fonts: self.fonts.write(&mut self.file)?,
            pictures: self.pictures,
            shadings: self.shadings,
            opacities: self.opacities,
        };
        for ((fill, stroke), id) in &names.opacities {
            let share = |opacity: u8| f32::from(opacity) / 255.0;
            self.file
                .pdf
                .ext_graphics(*id)
                .non_stroking_alpha(share(*fill))
                .stroking_alpha(share(*stroke));
        }
        Ok((self.file, self.content.finish().into_vec(), names))
    }

    /// Draws the children of a group in order.
    pub(super) fn group(&mut self, group: &usvg::Group) -> Result<(), ChartError> {
        // No figure has them; one that had must not lose them without a word.
        let plain = group.opacity() == usvg::Opacity::ONE
            && group.clip_path().is_none()
            && group.mask().is_none()
            && group.filters().is_empty()
            && group.blend_mode() == usvg::BlendMode::Normal;
        if !plain {
            let words = "a group of shapes has an effect, which is not written to PDFs";
            return Err(ChartError::Pdf(words.into()));
        }
        let moved = !group.transform().is_identity();
        if moved {
            self.content.save_state();
            self.content.transform(matrix(group.transform()));
        }
        for node in group.children() {
            match node {
                usvg::Node::Group(inner) => self.group(inner)?,
                usvg::Node::Image(image) => self.picture(image)?,
                usvg::Node::Path(path) => match self.drawing.text(path) {
                    Some(text) => self.text(text, path),
                    None => self.shape(path)?,
                },
                usvg::Node::Text(_) => {}
            }
        }
        if moved {
            self.content.restore_state();
        }
        Ok(())
    }

    /// Sets how clear fills and strokes are; the state around must be saved.
    pub(super) fn opacity(&mut self, fill: usvg::Opacity, stroke: usvg::Opacity) {
        let both = (fill.to_u8(), stroke.to_u8());
        if both == (255, 255) {
            return;
        }
        let next = &mut self.file.next;
        self.opacities.entry(both).or_insert_with(|| next.bump());
        let name = opacity_name(both);
        self.content.set_parameters(Name(name.as_bytes()));
    }

    /// Draws a text in the colours of its mark.
    fn text(&mut self, text: &Set, mark: &usvg::Path) {
        self.content.save_state();
        if let Some(rim) = mark.stroke() {
            // Outlines, for letters that are drawn twice would be read twice.
            self.content.save_state();
            self.opacity(usvg::Opacity::ONE, rim.opacity());
            self.set_stroke(rim);
            for glyph in text
                .line
                .clusters
                .iter()
                .flat_map(|cluster| &cluster.glyphs)
            {
                let mut pen = Pen {
                    content: &mut self.content,
                    x: text.start + glyph.at.0 * text.size,
                    y: -glyph.at.1 * text.size,
                    size: text.size,
                };
                outline(glyph.font, glyph.id, &mut pen);
            }
            self.content.stroke();
            self.content.restore_state();
        }
        if let Some(fill) = mark.fill() {
            self.opacity(fill.opacity(), usvg::Opacity::ONE);
            self.set_fill(fill.paint());
        }
        self.content.begin_text();
        let mut row = Row::default();
        for cluster in &text.line.clusters {
            // What a reader gets of a glyph by itself must be its letter; else the letters are written beside it.
            let codes: Vec<(usize, u16, bool)> = cluster
                .glyphs
                .iter()
                .map(|glyph| self.fonts.code(glyph))
                .collect();
            let alone = match (cluster.glyphs.as_slice(), codes.as_slice()) {
                ([glyph], [(.., true)]) => glyph.letter == cluster.text,
                _ => false,
            };
            if !alone {
                row.flush(&mut self.content);
                self.content
                    .begin_marked_content_with_properties(Name(b"Span"))
                    .properties()
                    .actual_text(TextStr(&cluster.text));
            }
            for (glyph, (font, code, _)) in cluster.glyphs.iter().zip(codes) {
                if !row.takes(glyph) {
                    row.flush(&mut self.content);
                    let name = Fonts::name(font);
                    self.content.set_font(Name(name.as_bytes()), text.size);
                    let x = text.start + glyph.at.0 * text.size;
                    let y = -glyph.at.1 * text.size;
                    self.content.set_text_matrix([1.0, 0.0, 0.0, -1.0, x, y]);
                }
                row.push(glyph, code);
            }
            if !alone {
                row.flush(&mut self.content);
                self.content.end_marked_content();
            }
        }
        row.flush(&mut self.content);
        self.content.end_text();
        self.content.restore_state();
    }
}

/// Glyphs of one font on one line, shown together.
#[derive(Default)]
struct Row {
    /// Codes, and how far each stands after where the one before it ended, in thousandths of the font size.
    codes: Vec<(f32, u16)>,
    font: usize,
    /// The place of the next glyph, in shares of the font size.
    end: (f32, f32),
}

impl Row {
    fn takes(&self, glyph: &Glyph) -> bool {
        !self.codes.is_empty() && self.font == glyph.font && self.end.1 == glyph.at.1
    }

    fn push(&mut self, glyph: &Glyph, code: u16) {
        let gap = match self.codes.is_empty() {
            true => 0.0,
            false => (glyph.at.0 - self.end.0) * 1000.0,
        };
        self.codes.push((gap, code));
        self.font = glyph.font;
        let advance = face(glyph.font).map_or(0.0, |face| face.advance(GlyphId::from(glyph.id)));
        self.end = (glyph.at.0 + advance, glyph.at.1);
    }

    fn flush(&mut self, content: &mut Content) {
        if self.codes.is_empty() {
            return;
        }
        let mut shown = content.show_positioned();
        let mut items = shown.items();
        let mut bytes: Vec<u8> = Vec::new();
        for (gap, code) in self.codes.drain(..) {
            // Less than can be seen.
            if gap.abs() > 0.2 {
                if !bytes.is_empty() {
                    items.show(Str(&std::mem::take(&mut bytes)));
                }
                items.adjust(-(gap * 10.0).round() / 10.0);
            }
            bytes.extend(code.to_be_bytes());
        }
        items.show(Str(&bytes));
    }
}

/// Draws an outline on the page.
struct Pen<'a> {
    content: &'a mut Content,
    x: f32,
    y: f32,
    size: f32,
}

impl Pen<'_> {
    fn at(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (self.x + x * self.size, self.y - y * self.size)
    }
}

impl Outline for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at((x, y));
        self.content.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at((x, y));
        self.content.line_to(x, y);
    }

    fn curve_to(&mut self, first: (f32, f32), second: (f32, f32), end: (f32, f32)) {
        let [(ax, ay), (bx, by), (x, y)] = [first, second, end].map(|point| self.at(point));
        self.content.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.content.close_path();
    }
}
