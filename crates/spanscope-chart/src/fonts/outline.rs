//! Outlines of glyphs.

use super::face;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{GlyphId, MetadataProvider as _};

/// The pen that draws a glyph's outline. Lengths are shares of the font size, y upwards.
pub(crate) trait Outline {
    /// Begins a contour.
    fn move_to(&mut self, x: f32, y: f32);
    /// A straight line.
    fn line_to(&mut self, x: f32, y: f32);
    /// A curve of the third degree.
    fn curve_to(&mut self, first: (f32, f32), second: (f32, f32), end: (f32, f32));
    /// Ends a contour.
    fn close(&mut self);
}

/// Draws the outline of a glyph; of a font or glyph that is none, nothing.
pub(crate) fn outline(font: usize, glyph: u16, pen: &mut dyn Outline) {
    let Some(face) = face(font) else { return };
    let Some(drawn) = face.font.outline_glyphs().get(GlyphId::from(glyph)) else {
        return;
    };
    let mut pen = Scaled {
        pen,
        scale: 1.0 / face.units,
        at: (0.0, 0.0),
    };
    let plain = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
    // A glyph that cannot be read draws nothing.
    let _ = drawn.draw(plain, &mut pen);
}

/// From units of the font to shares of its size.
struct Scaled<'a> {
    pen: &'a mut dyn Outline,
    scale: f32,
    at: (f32, f32),
}

impl OutlinePen for Scaled<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = (x * self.scale, y * self.scale);
        self.pen.move_to(self.at.0, self.at.1);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.at = (x * self.scale, y * self.scale);
        self.pen.line_to(self.at.0, self.at.1);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (cx, cy) = (cx * self.scale, cy * self.scale);
        let end = (x * self.scale, y * self.scale);
        let towards = |from: (f32, f32)| {
            let part = |from: f32, to: f32| from + (to - from) * 2.0 / 3.0;
            (part(from.0, cx), part(from.1, cy))
        };
        self.pen.curve_to(towards(self.at), towards(end), end);
        self.at = end;
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let scaled = |x: f32, y: f32| (x * self.scale, y * self.scale);
        let end = scaled(x, y);
        self.pen.curve_to(scaled(ax, ay), scaled(bx, by), end);
        self.at = end;
    }

    fn close(&mut self) {
        self.pen.close();
    }
}
