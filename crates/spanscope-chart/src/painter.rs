//! A page drawn in pixels.

use super::drawing::{Drawing, Set};
use crate::fonts::{Outline, outline};
use resvg::{tiny_skia, usvg};
use std::collections::HashMap;

/// Draws a page.
pub(super) struct Painter<'a> {
    drawing: &'a Drawing,
    pixmap: tiny_skia::Pixmap,
    /// Outlines of glyphs, by font and number; none of those that are blank.
    glyphs: HashMap<(usize, u16), Option<tiny_skia::Path>>,
}

impl<'a> Painter<'a> {
    pub(super) fn new(drawing: &'a Drawing, pixmap: tiny_skia::Pixmap) -> Self {
        Self {
            drawing,
            pixmap,
            glyphs: HashMap::new(),
        }
    }

    /// The picture with the whole page on it; `fit` is from the page to pixels.
    pub(super) fn paint(mut self, fit: tiny_skia::Transform) -> tiny_skia::Pixmap {
        self.draw(self.drawing.tree.root(), fit);
        self.pixmap
    }

    /// Draws the children of a group in order: what figures are made of is drawn here, PNG images (which the renderer is
    /// built without) and texts among it; what is left, by the renderer. A group around an image or a text must have no
    /// effects. `transform` is from the group's own coordinates to pixels.
    fn draw(&mut self, group: &usvg::Group, transform: tiny_skia::Transform) {
        for node in group.children() {
            match node {
                usvg::Node::Image(image) => draw_image(image, transform, &mut self.pixmap),
                usvg::Node::Group(inner) if !inner.should_isolate() || self.is_ours(inner) => {
                    self.draw(inner, transform.pre_concat(inner.transform()));
                }
                usvg::Node::Path(path) => match self.drawing.text(path) {
                    Some(text) => self.write(text, path, transform),
                    None => self.shape(path, transform),
                },
                _ => self.render(node, transform),
            }
        }
    }

    fn render(&mut self, node: &usvg::Node, transform: tiny_skia::Transform) {
        if let Some(bbox) = node.abs_layer_bounding_box() {
            let placed = transform.pre_translate(bbox.x(), bbox.y());
            // A group without an extent draws nothing.
            let _ = resvg::render_node(node, placed, &mut self.pixmap.as_mut());
        }
    }

    /// Draws a shape. The renderer leaves out by itself what is a single line: its box has no height or no width.
    fn shape(&mut self, path: &usvg::Path, transform: tiny_skia::Transform) {
        if !path.is_visible() {
            return;
        }
        let plain = |paint: &usvg::Paint| matches!(paint, usvg::Paint::Color(_));
        let fill = path.fill();
        let stroke = path.stroke();
        if !(fill.is_none_or(|fill| plain(fill.paint()))
            && stroke.is_none_or(|stroke| plain(stroke.paint())))
        {
            return self.render(&usvg::Node::Path(Box::new(path.clone())), transform);
        }
        let smooth = path.rendering_mode().use_shape_antialiasing();
        let (data, pixmap) = (path.data(), &mut self.pixmap);
        if let Some(fill) = fill {
            let rule = match fill.rule() {
                usvg::FillRule::NonZero => tiny_skia::FillRule::Winding,
                usvg::FillRule::EvenOdd => tiny_skia::FillRule::EvenOdd,
            };
            let ink = ink(fill.paint(), fill.opacity(), smooth);
            pixmap.fill_path(data, &ink, rule, transform, None);
        }
        if let Some(stroke) = stroke {
            let ink = ink(stroke.paint(), stroke.opacity(), smooth);
            pixmap.stroke_path(data, &ink, &stroke.to_tiny_skia(), transform, None);
        }
    }

    /// True if there is an image or a text in a group.
    fn is_ours(&self, group: &usvg::Group) -> bool {
        group.children().iter().any(|node| match node {
            usvg::Node::Image(_) => true,
            usvg::Node::Group(inner) => self.is_ours(inner),
            usvg::Node::Path(path) => self.drawing.text(path).is_some(),
            usvg::Node::Text(_) => false,
        })
    }

    /// Draws a text in the colours of its mark.
    fn write(&mut self, text: &Set, mark: &usvg::Path, transform: tiny_skia::Transform) {
        let mut letters = tiny_skia::PathBuilder::new();
        for glyph in text
            .line
            .clusters
            .iter()
            .flat_map(|cluster| &cluster.glyphs)
        {
            let outline = self
                .glyphs
                .entry((glyph.font, glyph.id))
                .or_insert_with(|| {
                    let mut pen = Pen::default();
                    outline(glyph.font, glyph.id, &mut pen);
                    pen.0.finish()
                });
            let (x, y) = glyph.at;
            let at = tiny_skia::Transform::from_translate(text.start, 0.0)
                .pre_scale(text.size, -text.size)
                .pre_translate(x, y);
            if let Some(outline) = outline.clone().and_then(|path| path.transform(at)) {
                letters.push_path(&outline);
            }
        }
        let Some(letters) = letters.finish() else {
            return;
        };
        if let Some(rim) = mark.stroke() {
            let ink = ink(rim.paint(), rim.opacity(), true);
            let stroke = rim.to_tiny_skia();
            self.pixmap
                .stroke_path(&letters, &ink, &stroke, transform, None);
        }
        if let Some(fill) = mark.fill() {
            let ink = ink(fill.paint(), fill.opacity(), true);
            let rule = tiny_skia::FillRule::Winding;
            self.pixmap.fill_path(&letters, &ink, rule, transform, None);
        }
    }
}

/// The paint of a plain colour.
fn ink(paint: &usvg::Paint, opacity: usvg::Opacity, smooth: bool) -> tiny_skia::Paint<'static> {
    let mut ink = tiny_skia::Paint {
        anti_alias: smooth,
        ..tiny_skia::Paint::default()
    };
    if let usvg::Paint::Color(color) = paint {
        ink.set_color_rgba8(color.red, color.green, color.blue, opacity.to_u8());
    }
    ink
}

/// Takes an outline.
#[derive(Default)]
struct Pen(tiny_skia::PathBuilder);

impl Outline for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn curve_to(&mut self, (ax, ay): (f32, f32), (bx, by): (f32, f32), (x, y): (f32, f32)) {
        self.0.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

fn draw_image(
    image: &usvg::Image,
    transform: tiny_skia::Transform,
    pixmap: &mut tiny_skia::Pixmap,
) {
    let usvg::ImageKind::PNG(data) = image.kind() else {
        return;
    };
    let Ok(picture) = tiny_skia::Pixmap::decode_png(data) else {
        return;
    };
    let (picture, transform) = shrunk(picture, transform);
    let (sx, sy) = transform.get_scale();
    // Enlarged cells keep hard edges; a picture that shrinks is averaged a little.
    let quality = if sx.min(sy) >= 1.0 {
        tiny_skia::FilterQuality::Nearest
    } else {
        tiny_skia::FilterQuality::Bilinear
    };
    let paint = tiny_skia::PixmapPaint {
        quality,
        ..tiny_skia::PixmapPaint::default()
    };
    pixmap.draw_pixmap(0, 0, picture.as_ref(), &paint, transform, None);
}

/// A picture that is drawn at half its size or less with the mean of as many pixels as share one: no cell is passed over.
fn shrunk(
    picture: tiny_skia::Pixmap,
    transform: tiny_skia::Transform,
) -> (tiny_skia::Pixmap, tiny_skia::Transform) {
    let (sx, sy) = transform.get_scale();
    let fold = |scale: f32, side: u32| ((1.0 / scale.max(1e-6)) as u32).clamp(1, side);
    let (across, down) = (fold(sx, picture.width()), fold(sy, picture.height()));
    if across * down == 1 {
        return (picture, transform);
    }
    let (wide, high) = (picture.width(), picture.height());
    let (width, height) = (wide.div_ceil(across), high.div_ceil(down));
    let Some(mut smaller) = tiny_skia::Pixmap::new(width, height) else {
        return (picture, transform);
    };
    let from = picture.data();
    for (y, row) in smaller
        .data_mut()
        .chunks_exact_mut(4 * width as usize)
        .enumerate()
    {
        let top = y as u32 * down;
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let left = x as u32 * across;
            let (mut sum, mut count) = ([0_u32; 4], 0);
            for y in top..(top + down).min(high) {
                let at = 4 * (y * wide + left) as usize;
                let end = 4 * (y * wide + (left + across).min(wide)) as usize;
                for part in from[at..end].chunks_exact(4) {
                    for (sum, value) in sum.iter_mut().zip(part) {
                        *sum += u32::from(*value);
                    }
                    count += 1;
                }
            }
            // Premultiplied, so each channel by itself.
            for (value, sum) in pixel.iter_mut().zip(sum) {
                *value = (sum / count.max(1)) as u8;
            }
        }
    }
    let larger = transform.pre_scale(wide as f32 / width as f32, high as f32 / height as f32);
    (smaller, larger)
}
