//! All thumbnails in one texture.

use crate::chart::{ColorMap, Scale, colormap};
use crate::engine::{HeadStats, color_share};
use eframe::egui::{self, Color32, Rect, Ui, pos2, vec2};
use std::sync::Arc;

/// Shades of a colour table: more cannot be told apart.
const SHADES: usize = 1024;

/// The mapping from weights to colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub map: ColorMap,
    pub scale: Scale,
    /// The same largest weight for all heads.
    pub common: bool,
}

/// The texture, and what it was made of.
#[derive(Default)]
pub(super) struct Atlas {
    made: Option<(Arc<HeadStats>, Look)>,
    texture: Option<egui::TextureHandle>,
    /// The place of each thumbnail in the texture, from 0 to 1.
    places: Vec<Rect>,
}

impl std::fmt::Debug for Atlas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Atlas").finish_non_exhaustive()
    }
}

impl Atlas {
    /// Draws the thumbnails anew if they or their colours have changed.
    pub fn update(&mut self, ctx: &egui::Context, surveyed: &Arc<HeadStats>, look: Look) {
        let same = |(made, of): &(Arc<HeadStats>, Look)| Arc::ptr_eq(made, surveyed) && *of == look;
        if self.made.as_ref().is_some_and(same) {
            return;
        }
        let Some(thumbnails) = &surveyed.thumbnails else {
            return;
        };
        let rows = thumbnails.iter().map(|t| t.rows).max().unwrap_or(0).max(1);
        let columns = thumbnails
            .iter()
            .map(|t| t.columns)
            .max()
            .unwrap_or(0)
            .max(1);
        // Near to a square: 288 heads of 48 × 48 cells are 816 pixels a side.
        let across = ((thumbnails.len() * rows) as f64 / columns as f64)
            .sqrt()
            .ceil() as usize;
        let across = across.clamp(1, thumbnails.len().max(1));
        let size = [across * columns, thumbnails.len().div_ceil(across) * rows];
        let mut pixels = vec![Color32::TRANSPARENT; size[0] * size[1]];
        let shades: Vec<Color32> = (0..SHADES)
            .map(|i| {
                let [r, g, b] = colormap::color(look.map, i as f32 / (SHADES - 1) as f32);
                Color32::from_rgb(r, g, b)
            })
            .collect();
        let largest = |values: &[f32]| values.iter().fold(0.0_f32, |m, v| m.max(*v));
        let all = thumbnails
            .iter()
            .map(|t| largest(&t.values))
            .fold(0.0, f32::max);
        self.places.clear();
        for (i, thumbnail) in thumbnails.iter().enumerate() {
            let (x, y) = (i % across * columns, i / across * rows);
            let own = if look.common {
                all
            } else {
                largest(&thumbnail.values)
            };
            for (r, row) in thumbnail
                .values
                .chunks_exact(thumbnail.columns.max(1))
                .enumerate()
            {
                let start = (y + r) * size[0] + x;
                for (pixel, value) in pixels[start..].iter_mut().zip(row) {
                    if !value.is_nan() {
                        let share = color_share(*value, own, look.scale);
                        *pixel = shades[((share * (SHADES - 1) as f32) as usize).min(SHADES - 1)];
                    }
                }
            }
            let (w, h) = (size[0] as f32, size[1] as f32);
            self.places.push(Rect::from_min_size(
                pos2(x as f32 / w, y as f32 / h),
                vec2(thumbnail.columns as f32 / w, thumbnail.rows as f32 / h),
            ));
        }
        let image = egui::ColorImage::new(size, pixels);
        let options = egui::TextureOptions::NEAREST;
        match &mut self.texture {
            Some(texture) => texture.set(image, options),
            None => self.texture = Some(ctx.load_texture("thumbnails", image, options)),
        }
        self.made = Some((Arc::clone(surveyed), look));
    }

    /// Draws thumbnail `index` into `rect`.
    pub fn paint(&self, ui: &Ui, index: usize, rect: Rect) {
        if let (Some(texture), Some(place)) = (&self.texture, self.places.get(index)) {
            ui.painter()
                .image(texture.id(), rect, *place, Color32::WHITE);
        }
    }
}
