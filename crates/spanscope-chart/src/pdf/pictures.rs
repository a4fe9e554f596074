//! Pictures made of pixels.

use super::super::ChartError;
use super::page::{Page, name};
use pdf_writer::{Filter, Finish as _, Name, Ref};
use resvg::usvg;

/// The contents of pixels as they are laid down.
#[derive(Clone, Copy)]
enum Pixels {
    Colors,
    /// The opacity of each.
    Opacity,
}

impl Page<'_> {
    /// Draws a PNG.
    pub(super) fn picture(&mut self, image: &usvg::Image) -> Result<(), ChartError> {
        let usvg::ImageKind::PNG(data) = image.kind() else {
            return Err(ChartError::Pdf("a picture in it is no PNG".into()));
        };
        let fail = |error: image::ImageError| ChartError::Pdf(error.to_string());
        let picture = image::load_from_memory_with_format(data, image::ImageFormat::Png)
            .map_err(fail)?
            .to_rgba8();
        let size = picture.dimensions();
        let pixels = || picture.pixels().map(|pixel| pixel.0);
        let clear = pixels().any(|[.., opacity]| opacity < 255);
        let mask = match clear {
            false => None,
            true => {
                let opacity: Vec<u8> = pixels().map(|[.., opacity]| opacity).collect();
                Some(self.pixels(size, &opacity, Pixels::Opacity, None)?)
            }
        };
        let colors: Vec<u8> = pixels().flat_map(|[r, g, b, _]| [r, g, b]).collect();
        let id = self.pixels(size, &colors, Pixels::Colors, mask)?;
        let name = name('I', self.pictures.len());
        self.pictures.push(id);
        let (width, height) = (image.size().width(), image.size().height());
        // A picture is one unit wide and high, and its y goes up.
        self.content
            .save_state()
            .transform([width, 0.0, 0.0, -height, 0.0, height])
            .x_object(Name(name.as_bytes()))
            .restore_state();
        Ok(())
    }

    fn pixels(
        &mut self,
        (width, height): (u32, u32),
        data: &[u8],
        kind: Pixels,
        mask: Option<Ref>,
    ) -> Result<Ref, ChartError> {
        let data = super::deflate(data)?;
        let id = self.file.next.bump();
        let mut picture = self.file.pdf.image_xobject(id, &data);
        picture.filter(Filter::FlateDecode);
        picture
            .width(i32::try_from(width).unwrap_or(i32::MAX))
            .height(i32::try_from(height).unwrap_or(i32::MAX))
            .bits_per_component(8);
        match kind {
            Pixels::Colors => picture.color_space().device_rgb(),
            Pixels::Opacity => picture.color_space().device_gray(),
        }
        if let Some(mask) = mask {
            picture.s_mask(mask);
        }
        picture.finish();
        Ok(id)
    }
}
