//! Pictures from the worker on the GPU, and what their colours stand for.

use crate::chart::{ColorMap, Scale, colormap};
use crate::engine::HeatmapImage;
use crate::ui::language::tr;
use eframe::egui::{self, Color32, FontId, Rect, Sense, Ui, Vec2, pos2};
use std::ops::Range;
use std::sync::Arc;

/// The picture on show, kept on the GPU until a newer one comes.
#[derive(Default)]
pub(in crate::ui) struct PictureTexture {
    shown: Option<(Arc<HeatmapImage>, egui::TextureHandle)>,
}

impl PictureTexture {
    /// Takes the newest picture; `name` is the texture's.
    pub fn take(&mut self, ctx: &egui::Context, picture: Option<&Arc<HeatmapImage>>, name: &str) {
        let Some(picture) = picture else {
            self.shown = None;
            return;
        };
        let known = |(shown, _): &(Arc<HeatmapImage>, _)| Arc::ptr_eq(shown, picture);
        if self.shown.as_ref().is_some_and(known) {
            return;
        }
        let size = [picture.grid.width, picture.grid.height];
        if size.contains(&0) {
            self.shown = None;
            return;
        }
        let image = egui::ColorImage::from_rgba_premultiplied(size, &picture.rgba);
        let options = egui::TextureOptions::NEAREST;
        let texture = match self.shown.take() {
            // Filled anew and not made anew.
            Some((_, mut texture)) => {
                texture.set(image, options);
                texture
            }
            None => ctx.load_texture(name, image, options),
        };
        self.shown = Some((Arc::clone(picture), texture));
    }

    /// The picture and its texture.
    pub fn get(&self) -> Option<(&HeatmapImage, &egui::TextureHandle)> {
        let (picture, texture) = self.shown.as_ref()?;
        Some((picture, texture))
    }
}

/// The range to ask for where `low` to `high` is in view: a little more on both sides, so that panning shows no gap.
/// Nothing lies outside `0..end`.
pub(in crate::ui) fn around(low: f64, high: f64, end: usize) -> Range<usize> {
    let margin = 0.25 * (high - low);
    let clamp = |x: f64| x.clamp(0.0, end as f64) as usize;
    clamp((low - margin).floor())..clamp((high + margin).ceil())
}

/// The most cells across and down that such a picture needs for a frame of `size` points: one for each pixel. A GPU may
/// allow no more than 2,048 a side.
pub(in crate::ui) fn most_cells(ui: &Ui, size: Vec2) -> (usize, usize) {
    let pixels = size * ui.ctx().pixels_per_point() * 1.5;
    let most = |x: f32| x.clamp(1.0, 2048.0) as usize;
    (most(pixels.x), most(pixels.y))
}

/// The legend of the colours, as long as `place` is wide enough: from 0, or from a ten-thousandth of it with a logarithm,
/// to `largest`.
pub(in crate::ui) fn color_bar(
    ui: &Ui,
    place: Rect,
    (scale, map): (Scale, ColorMap),
    largest: f32,
) {
    const STEPS: usize = 48;
    let ink = ui.visuals().weak_text_color();
    let words = |text: String| {
        let font = FontId::proportional(10.5);
        ui.painter().layout_no_wrap(text, font, ink)
    };
    let low = words(match scale {
        Scale::Log => format!("≤ {:.0e}", largest * 1e-4),
        Scale::Linear | Scale::Sqrt => "0".to_owned(),
    });
    let high = words(weight(largest));
    let room = place.width() - low.size().x - high.size().x - 10.0;
    if room < 16.0 {
        return;
    }
    let width = room.min(72.0);
    let left = place.left() + low.size().x + 5.0;
    let (top, bottom) = (place.center().y - 4.0, place.center().y + 4.0);
    let table = colormap::table(map);
    let mut mesh = egui::Mesh::default();
    for i in 0..STEPS {
        let [r, g, b] = table[i * 255 / (STEPS - 1)];
        let x = |i: usize| left + width * i as f32 / STEPS as f32;
        let part = Rect::from_min_max(pos2(x(i), top), pos2(x(i + 1), bottom));
        mesh.add_colored_rect(part, Color32::from_rgb(r, g, b));
    }
    ui.painter().add(mesh);
    let y = |galley: &egui::Galley| place.center().y - galley.size().y / 2.0;
    let (at_low, at_high) = (y(&low), y(&high));
    ui.painter().galley(pos2(place.left(), at_low), low, ink);
    let right = left + width + 5.0;
    ui.painter().galley(pos2(right, at_high), high, ink);
    let response = ui.interact(place, ui.scope_id().with("colours"), Sense::hover());
    response.on_hover_text(tr("The weight that each colour stands for"));
}

/// A weight in few digits, however small.
pub(in crate::ui) fn weight(weight: f32) -> String {
    if weight == 0.0 {
        "0".to_owned()
    } else if weight < 0.001 {
        format!("{weight:.1e}")
    } else if weight < 0.1 {
        format!("{weight:.4}")
    } else {
        format!("{weight:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_little_more_than_what_is_in_view_is_asked_for_and_never_what_is_not_there() {
        assert_eq!(around(10.0, 30.0, 100), 5..35);
        assert_eq!(around(-3.0, 9.0, 10), 0..10);
        assert_eq!(around(20.0, 30.0, 10), 10..10);
    }

    #[test]
    fn weights_keep_their_digits() {
        assert_eq!(
            [0.0, 0.000_012_34, 0.012_34, 0.25].map(weight),
            ["0", "1.2e-5", "0.0123", "0.250"]
        );
    }
}
