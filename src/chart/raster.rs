//! Pictures made of pixels: the drawing of an SVG, and small PNGs to put into one.

use resvg::{tiny_skia, usvg};

use super::drawing::{Drawing, Set};
use super::provenance::WRITTEN_BY;
use super::{ChartError, Provenance};
use crate::fonts::{Outline, outline};
use std::collections::HashMap;

/// Longest side of a picture in pixels.
const MAX_SIDE: u32 = 20_000;
/// Most pixels in a picture.
const MAX_PIXELS: u64 = 60_000_000;
/// Millimetres in a CSS pixel.
const MM_PER_PX: f32 = 25.4 / 96.0;

/// A drawing as a PNG at `pixels_per_mm`.
pub(super) fn png(
    drawing: &Drawing,
    pixels_per_mm: f32,
    words: &Words,
) -> Result<Vec<u8>, ChartError> {
    if !(pixels_per_mm.is_finite() && pixels_per_mm > 0.0) {
        return Err(ChartError::BadScale(pixels_per_mm));
    }
    let tree = &drawing.tree;
    let scale = MM_PER_PX * pixels_per_mm;
    let side = |length: f32| (length * scale).round().max(1.0) as u64;
    let (width, height) = (side(tree.size().width()), side(tree.size().height()));
    let too_large = ChartError::TooLarge {
        width,
        height,
        limit: MAX_SIDE,
        total: MAX_PIXELS / 1_000_000,
    };
    let (Ok(w), Ok(h)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(too_large);
    };
    if w.max(h) > MAX_SIDE || width * height > MAX_PIXELS {
        return Err(too_large);
    }
    let Some(pixmap) = tiny_skia::Pixmap::new(w, h) else {
        return Err(too_large);
    };
    let fit = tiny_skia::Transform::from_scale(
        w as f32 / tree.size().width(),
        h as f32 / tree.size().height(),
    );
    let mut painter = Painter {
        drawing,
        pixmap,
        glyphs: HashMap::new(),
    };
    painter.draw(tree.root(), fit);
    let pixmap = painter.pixmap;
    let pixels: Vec<u8> = pixmap
        .pixels()
        .iter()
        .flat_map(|p| {
            let c = p.demultiply();
            [c.red(), c.green(), c.blue(), c.alpha()]
        })
        .collect();
    let opaque = pixels.chunks_exact(4).all(|p| p[3] == 255);
    if opaque {
        let rgb: Vec<u8> = pixels
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]])
            .collect();
        encode(
            (w, h),
            &rgb,
            png::ColorType::Rgb,
            Some((pixels_per_mm, words)),
        )
    } else {
        encode(
            (w, h),
            &pixels,
            png::ColorType::Rgba,
            Some((pixels_per_mm, words)),
        )
    }
}

/// A PNG whose pixels are numbers of `colors`; numbers beyond them are blank. 255 colours at most.
pub(super) fn encode_indexed(
    (width, height): (u32, u32),
    pixels: &[u8],
    colors: &[[u8; 3]],
) -> Result<Vec<u8>, ChartError> {
    let fail = |e: png::EncodingError| ChartError::Png(e.to_string());
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let blank = [0; 3];
    let palette = colors.iter().take(255).chain([&blank]);
    let mut opacity = vec![255; colors.len().min(255)];
    opacity.push(0);
    encoder.set_palette(palette.flatten().copied().collect::<Vec<u8>>());
    encoder.set_trns(opacity);
    let mut writer = encoder.write_header().map_err(fail)?;
    writer.write_image_data(pixels).map_err(fail)?;
    writer.finish().map_err(fail)?;
    Ok(out)
}

/// What a PNG says about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    title: String,
    source: String,
}

impl Words {
    pub(super) fn new(title: &str, provenance: &Provenance) -> Self {
        Self {
            title: title.to_owned(),
            source: provenance.to_string(),
        }
    }
}

/// A PNG; with its resolution in pixels per millimetre and what it says about itself, where that is known.
fn encode(
    (width, height): (u32, u32),
    pixels: &[u8],
    color: png::ColorType,
    about: Option<(f32, &Words)>,
) -> Result<Vec<u8>, ChartError> {
    let fail = |e: png::EncodingError| ChartError::Png(e.to_string());
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    if let Some((pixels_per_mm, words)) = about {
        let per_metre = (pixels_per_mm * 1000.0).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        let mut say = |name: &str, text: &str| match text.is_empty() {
            true => Ok(()),
            false => encoder.add_itxt_chunk(name.to_owned(), text.to_owned()),
        };
        say("Title", &words.title).map_err(fail)?;
        say("Software", WRITTEN_BY).map_err(fail)?;
        say("Source", &words.source).map_err(fail)?;
    }
    let mut writer = encoder.write_header().map_err(fail)?;
    writer.write_image_data(pixels).map_err(fail)?;
    writer.finish().map_err(fail)?;
    Ok(out)
}

/// Draws a page.
struct Painter<'a> {
    drawing: &'a Drawing,
    pixmap: tiny_skia::Pixmap,
    /// Outlines of glyphs, by font and number; none of those that are blank.
    glyphs: HashMap<(usize, u16), Option<tiny_skia::Path>>,
}

impl Painter<'_> {
    /// Draws the children of a group in order. PNG images, which the renderer is built without, and texts are laid down
    /// here: a group around one must have no effects. `transform` is from the group's own coordinates to pixels.
    fn draw(&mut self, group: &usvg::Group, transform: tiny_skia::Transform) {
        for node in group.children() {
            match node {
                usvg::Node::Image(image) => draw_image(image, transform, &mut self.pixmap),
                usvg::Node::Group(inner) if self.is_ours(inner) => {
                    self.draw(inner, transform.pre_concat(inner.transform()));
                }
                usvg::Node::Path(path) if self.drawing.text(path).is_some() => {
                    if let Some(text) = self.drawing.text(path) {
                        self.write(text, path, transform);
                    }
                }
                _ => {
                    if let Some(bbox) = node.abs_layer_bounding_box() {
                        let placed = transform.pre_translate(bbox.x(), bbox.y());
                        // A node without an extent draws nothing.
                        let _ = resvg::render_node(node, placed, &mut self.pixmap.as_mut());
                    }
                }
            }
        }
    }

    /// Whether something in a group is drawn here.
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
        let paint = |paint: &usvg::Paint, opacity: usvg::Opacity| {
            let mut ink = tiny_skia::Paint {
                anti_alias: true,
                ..tiny_skia::Paint::default()
            };
            if let usvg::Paint::Color(color) = paint {
                ink.set_color_rgba8(color.red, color.green, color.blue, opacity.to_u8());
            }
            ink
        };
        if let Some(rim) = mark.stroke() {
            let ink = paint(rim.paint(), rim.opacity());
            let stroke = rim.to_tiny_skia();
            self.pixmap
                .stroke_path(&letters, &ink, &stroke, transform, None);
        }
        if let Some(fill) = mark.fill() {
            let ink = paint(fill.paint(), fill.opacity());
            let rule = tiny_skia::FillRule::Winding;
            self.pixmap.fill_path(&letters, &ink, rule, transform, None);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    #[test]
    fn the_size_is_limited_and_the_scale_checked() {
        let drawing =
            Drawing::of(r#"<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50mm"/>"#)
                .unwrap();
        assert!(matches!(
            png(&drawing, 1000.0, &Words::default()),
            Err(ChartError::TooLarge { .. })
        ));
        assert!(matches!(
            png(&drawing, 0.0, &Words::default()),
            Err(ChartError::BadScale(_))
        ));
        assert!(matches!(
            png(&drawing, f32::NAN, &Words::default()),
            Err(ChartError::BadScale(_))
        ));
        assert!(matches!(
            Drawing::of("<svg").map_err(ChartError::from),
            Err(ChartError::Svg(_))
        ));
        let picture =
            image::load_from_memory(&png(&drawing, 4.0, &Words::default()).unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (400, 200));
    }

    #[test]
    fn an_embedded_png_is_drawn() {
        let dot = encode_indexed((2, 1), &[0, 1], &[[255, 0, 0], [0, 0, 255]]).unwrap();
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="10mm" viewBox="0 0 10 10"><g><image x="2" y="2" width="6" height="6" preserveAspectRatio="none" href="data:image/png;base64,{}"/><rect x="7" y="7" width="3" height="3" fill="lime"/></g></svg>"#,
            BASE64_STANDARD.encode(&dot)
        );
        let picture = image::load_from_memory(
            &png(&Drawing::of(&svg).unwrap(), 10.0, &Words::default()).unwrap(),
        )
        .unwrap()
        .to_rgba8();
        assert_eq!(picture.get_pixel(30, 50).0, [255, 0, 0, 255]);
        assert_eq!(picture.get_pixel(65, 50).0, [0, 0, 255, 255]);
        assert_eq!(picture.get_pixel(75, 75).0, [0, 255, 0, 255]);
        assert_eq!(picture.get_pixel(10, 10).0[3], 0);
    }
}
