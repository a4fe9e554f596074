//! Pictures made of pixels: the drawing of an SVG, and small PNGs to put into one.

use resvg::tiny_skia;

use super::drawing::Drawing;
use super::painter::Painter;
use super::provenance::WRITTEN_BY;
use super::{ChartError, Provenance};

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
    let pixmap = Painter::new(drawing, pixmap).paint(fit);
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

/// The metadata of a PNG.
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
    fn lines_of_every_direction_are_drawn() {
        // Beside a picture or not, in a group or not, whole or dashed.
        let dot = encode_indexed((1, 1), &[0], &[[0, 0, 255]]).unwrap();
        let dot = BASE64_STANDARD.encode(&dot);
        let image = format!(
            r#"<image x="0" y="0" width="1" height="1" href="data:image/png;base64,{dot}"/>"#
        );
        let lines = r#"<line x1="1" y1="2" x2="9" y2="2"/><path d="M5 1V9"/><line x1="6" y1="6" x2="9" y2="9"/>"#;
        for beside in ["", image.as_str()] {
            for group in ["", r#" stroke-dasharray="20 1""#, r#" opacity="0.999""#] {
                let beside = if group.contains("opacity") {
                    ""
                } else {
                    beside
                };
                let svg = format!(
                    r#"<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="10mm" viewBox="0 0 10 10"><g{group} stroke="red" stroke-width="1">{beside}{lines}</g></svg>"#
                );
                let drawing = Drawing::of(&svg).unwrap();
                let picture = png(&drawing, 10.0, &Words::default()).unwrap();
                let picture = image::load_from_memory(&picture).unwrap().to_rgba8();
                for (x, y) in [(30, 20), (50, 50), (75, 75)] {
                    let [r, .., a] = picture.get_pixel(x, y).0;
                    assert!(r > 250 && a > 250, "{svg}: {x} {y}");
                }
            }
        }
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
