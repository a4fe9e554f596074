//! Pictures of the window without a window: egui's output drawn on the CPU.
//!
//! A picture has to be the same on every machine, with or without a display or a graphics
//! driver, so that it can be compared with a stored one. The arithmetic follows the shaders that
//! draw the real window: colours are multiplied and blended in gamma space with premultiplied
//! alpha. Only their dithering is left out; it would put noise into every comparison.

mod brush;
mod texture;
mod triangle;

use std::collections::HashMap;

use egui::epaint::{ImageDelta, Mesh, Primitive};

use texture::Texture;
use triangle::Canvas;

/// Longest side of a picture in pixels: what graphics drivers allow, and a bound on memory.
pub const MAX_SIDE: f32 = 16_384.0;

/// Renders egui's output on the CPU.
///
/// It holds the textures that egui has asked for, so one of these belongs to one
/// [`egui::Context`] and must see every frame's texture changes, in order, before it draws.
/// Paint callbacks are not drawn, and mipmaps are not used.
#[derive(Debug, Default)]
pub struct Offscreen {
    textures: HashMap<egui::TextureId, Texture>,
    /// Freed by the last change: that frame may still show them, the next one does not.
    freed: Vec<egui::TextureId>,
}

impl Offscreen {
    /// Takes over a frame's changes of textures; call it before [`Offscreen::render`].
    ///
    /// What the frame frees goes away at the next call, as the frame itself may still show it.
    /// Patches that do not fit their texture are cut off, those of unknown textures ignored.
    /// egui insists in debug builds that changes are used up: `clear` them after this.
    pub fn update(&mut self, delta: &egui::TexturesDelta) {
        for id in self.freed.drain(..) {
            self.textures.remove(&id);
        }
        for (id, changes) in &delta.set {
            for change in changes {
                self.set(*id, change);
            }
        }
        self.freed.extend(delta.free.iter().copied());
    }

    fn set(&mut self, id: egui::TextureId, change: &ImageDelta) {
        let egui::ImageData::Color(image) = &change.image;
        match change.pos {
            Some(at) => {
                if let Some(texture) = self.textures.get_mut(&id) {
                    texture.patch(at, image, change.options);
                }
            }
            None => match Texture::new(image, change.options) {
                Some(texture) => {
                    self.textures.insert(id, texture);
                }
                None => {
                    self.textures.remove(&id);
                }
            },
        }
    }

    /// Draws a frame over a transparent background.
    ///
    /// The picture has the size of the content in pixels. The context must have run the frame.
    pub fn render(&self, ctx: &egui::Context, output: &egui::FullOutput) -> image::RgbaImage {
        self.render_on(egui::Color32::TRANSPARENT, ctx, output)
    }

    /// Draws a frame over a background of this colour, which is what a window is cleared with.
    ///
    /// The picture has the size of the content in pixels. The context must have run the frame.
    pub fn render_on(
        &self,
        ground: egui::Color32,
        ctx: &egui::Context,
        output: &egui::FullOutput,
    ) -> image::RgbaImage {
        let scale = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * scale;
        let side = |length: f32| length.round().clamp(0.0, MAX_SIDE) as u32;
        let (width, height) = (side(size.x), side(size.y));
        let mut canvas = Canvas::new(width as usize, height as usize, ground.to_array());
        for clipped in ctx.tessellate(output.shapes.clone(), scale) {
            canvas.clip(clipped.clip_rect, scale);
            match &clipped.primitive {
                Primitive::Mesh(mesh) => self.mesh(&mut canvas, mesh, scale),
                Primitive::Callback(_) => {}
            }
        }
        image::RgbaImage::from_raw(width, height, canvas.pixels.into_flattened())
            .unwrap_or_else(|| image::RgbaImage::new(width, height))
    }

    fn mesh(&self, canvas: &mut Canvas, mesh: &Mesh, scale: f32) {
        let Some(texture) = self.textures.get(&mesh.texture_id) else {
            return;
        };
        let vertex = |index: u32| mesh.vertices.get(index as usize);
        for [a, b, c] in mesh.indices.as_chunks::<3>().0 {
            if let (Some(a), Some(b), Some(c)) = (vertex(*a), vertex(*b), vertex(*c)) {
                canvas.triangle([a, b, c], texture, scale);
            }
        }
    }
}
