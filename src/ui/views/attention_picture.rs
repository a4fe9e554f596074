//! The heatmap's picture: asked for as the view moves, kept on the GPU until a newer one comes.

use super::super::state::ViewContext;
use super::attention_marks::Axes;
use crate::analysis::BandWindow;
use crate::chart::{ColorMap, Scale};
use crate::engine::{Heads, Picture, PictureRequest, Pictured};
use eframe::egui::{self, Ui, vec2};
use egui_plot::{PlotImage, PlotPoint};
use std::sync::Arc;

/// The picture on show.
#[derive(Default)]
pub(super) struct HeatPicture {
    texture: Option<(Arc<Picture>, egui::TextureHandle)>,
}

impl HeatPicture {
    /// Takes the newest picture.
    pub fn upload(&mut self, ctx: &egui::Context, cx: &ViewContext<'_>) {
        let Some(picture) = cx.snapshot.pictures.get(&Pictured::Attention) else {
            self.texture = None;
            return;
        };
        if self
            .texture
            .as_ref()
            .is_some_and(|(shown, _)| Arc::ptr_eq(shown, picture))
        {
            return;
        }
        let size = [picture.grid.width, picture.grid.height];
        if size.contains(&0) {
            self.texture = None;
            return;
        }
        let image = egui::ColorImage::from_rgba_premultiplied(size, &picture.rgba);
        let texture = ctx.load_texture("attention", image, egui::TextureOptions::NEAREST);
        self.texture = Some((Arc::clone(picture), texture));
    }

    /// The picture at its place among the tokens, if it is one of this head in this layout.
    pub fn image(&self, axes: &Axes, heads: &Heads) -> Option<PlotImage> {
        let (picture, texture) = self.texture.as_ref()?;
        let fits = picture.request.window.layout == axes.layout && picture.heads == *heads;
        fits.then(|| placed(picture, texture))
    }

    /// Asks for a picture of what is in view, and a little around it so that panning shows no gap.
    pub fn request(
        &self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        axes: &Axes,
        transform: &egui_plot::PlotTransform,
        (map, scale): (ColorMap, Scale),
    ) {
        let bounds = transform.bounds();
        let pixels = transform.frame().size() * ui.ctx().pixels_per_point();
        let part = |low: f64, high: f64, end: usize| {
            let margin = 0.25 * (high - low);
            let clamp = |x: f64| x.clamp(0.0, end as f64) as usize;
            clamp((low - margin).floor())..clamp((high + margin).ceil())
        };
        let request = PictureRequest {
            window: BandWindow {
                layout: axes.layout,
                queries: part(bounds.min()[1], bounds.max()[1], axes.tokens),
                columns: part(bounds.min()[0], bounds.max()[0], axes.width()),
                // A GPU may allow no more than 2,048 pixels a side.
                width: (pixels.x * 1.5).clamp(1.0, 2048.0) as usize,
                height: (pixels.y * 1.5).clamp(1.0, 2048.0) as usize,
                ..BandWindow::default()
            },
            map,
            scale,
        };
        cx.looks.pictures.insert(Pictured::Attention, request);
    }
}

/// The picture at its place among the tokens.
fn placed(picture: &Picture, texture: &egui::TextureHandle) -> PlotImage {
    let grid = &picture.grid;
    let (width, height) = (
        (grid.width * grid.across) as f64,
        (grid.height * grid.down) as f64,
    );
    let center = PlotPoint::new(
        grid.first_column as f64 + width / 2.0,
        grid.first_query as f64 + height / 2.0,
    );
    PlotImage::new(
        "weights",
        texture,
        center,
        vec2(width as f32, height as f32),
    )
    .allow_hover(false)
}
