//! The map's picture: asked for as the view moves, kept on the GPU until a newer one comes.

use super::cells::Axes;
use crate::analysis::{BandLayout, BandWindow, Pool};
use crate::chart::{ColorMap, Scale};
use crate::engine::{ColorRange, HeatmapImage, HeatmapKind, HeatmapRequest, color};
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Color32, Rect, Ui, pos2, vec2};
use egui_plot::{PlotImage, PlotPoint, PlotTransform};
use std::ops::Range;
use std::sync::Arc;

/// A GPU may allow no more than 2,048 pixels a side, and cells begin at multiples of their size.
const MOST_PIXELS: f64 = 2047.0;

/// The margin asked for around the part in view, as a share of it, so that panning shows no gap.
const AROUND: f64 = 0.25;

/// The look of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub map: ColorMap,
    pub scale: Scale,
    pub pool: Pool,
    /// True if the largest weight in view gets the last colour, and not that of the whole text.
    pub in_view: bool,
}

/// The picture on show.
#[derive(Default)]
pub(super) struct HeatPicture {
    shown: Option<Shown>,
}

struct Shown {
    picture: Arc<HeatmapImage>,
    cells: egui::TextureHandle,
    /// Shares on empty context, on persistent vectors, on the sink, and masked: a pixel a row.
    sides: [Option<egui::TextureHandle>; 4],
}

impl HeatPicture {
    /// Takes the newest picture.
    pub fn upload(&mut self, ctx: &egui::Context, cx: &ViewContext<'_>) {
        let Some(picture) = cx.snapshot.pictures.get(&HeatmapKind::Attention) else {
            self.shown = None;
            return;
        };
        if self
            .shown
            .as_ref()
            .is_some_and(|shown| Arc::ptr_eq(&shown.picture, picture))
        {
            return;
        }
        let size = [picture.grid.width, picture.grid.height];
        if size.contains(&0) {
            self.shown = None;
            return;
        }
        let image = egui::ColorImage::from_rgba_premultiplied(size, &picture.rgba);
        let map = picture.request.map;
        let before = self.shown.take();
        // A texture is filled anew and not made anew.
        let put = |name: &str, old: Option<egui::TextureHandle>, image: egui::ColorImage| {
            let options = egui::TextureOptions::NEAREST;
            match old {
                Some(mut texture) => {
                    texture.set(image, options);
                    texture
                }
                None => ctx.load_texture(name, image, options),
            }
        };
        let (cells, [empty, persistent, sink, masked]) = match before {
            Some(shown) => (Some(shown.cells), shown.sides),
            None => (None, [None, None, None, None]),
        };
        let margins = &picture.margins;
        let side = |old, shares: &[f32]| {
            let image = column(shares, map)?;
            Some(put("attention side", old, image))
        };
        self.shown = Some(Shown {
            cells: put("attention", cells, image),
            sides: [
                side(empty, &margins.empty),
                side(persistent, &margins.persistent),
                side(sink, &margins.sink),
                side(masked, &margins.masked),
            ],
            picture: Arc::clone(picture),
        });
    }

    /// The picture that can be shown in this layout, be it of other heads or colours while the right one is on its way.
    pub fn picture(&self, layout: BandLayout) -> Option<&HeatmapImage> {
        let shown = self.shown.as_ref()?;
        (shown.picture.request.window.layout == layout).then_some(&*shown.picture)
    }

    /// The picture at its place among the tokens; pale while it is not of the selected heads.
    pub fn image(&self, axes: &Axes, cx: &ViewContext<'_>) -> Option<PlotImage> {
        let shown = self.shown.as_ref()?;
        let picture = self.picture(axes.layout)?;
        let fits = picture.heads == cx.selection.heads;
        let tint = if fits { 1.0 } else { 0.35 };
        Some(placed(picture, &shown.cells).tint(Color32::WHITE.gamma_multiply(tint)))
    }

    /// Paints a column of shares beside the map: 0 for empty context, 1 for persistent vectors, 2 for the
    /// sink, 3 for what is masked.
    pub fn paint_side(&self, ui: &Ui, which: usize, rect: Rect, transform: &PlotTransform) {
        let Some(shown) = &self.shown else { return };
        let Some(texture) = shown.sides.get(which).and_then(Option::as_ref) else {
            return;
        };
        let grid = &shown.picture.grid;
        let y = |row: usize| {
            transform.position_from_point_y((grid.first_query + row * grid.down) as f64)
        };
        let place = Rect::from_min_max(pos2(rect.left(), y(0)), pos2(rect.right(), y(grid.height)));
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter()
            .with_clip_rect(rect)
            .image(texture.id(), place, whole, Color32::WHITE);
    }

    /// Asks for a picture of what is in view, and a little around it.
    pub fn request(
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        axes: &Axes,
        transform: &PlotTransform,
        look: Look,
    ) {
        let pixels = transform.frame().size() * ui.ctx().pixels_per_point();
        let (min, max) = (transform.bounds().min(), transform.bounds().max());
        let across = Side::new(min[0], max[0], axes.width(), pixels.x);
        let down = Side::new(min[1], max[1], axes.tokens, pixels.y);
        let request = HeatmapRequest {
            range: if look.in_view {
                ColorRange::Part {
                    queries: down.seen.clone(),
                    columns: across.seen.clone(),
                }
            } else {
                ColorRange::Head
            },
            seen: match axes.layout {
                BandLayout::Distance => down.seen,
                _ => 0..0,
            },
            window: BandWindow {
                layout: axes.layout,
                pool: look.pool,
                queries: down.range,
                columns: across.range,
                width: across.most,
                height: down.most,
                ..BandWindow::default()
            },
            map: look.map,
            scale: look.scale,
        };
        cx.looks.pictures.insert(HeatmapKind::Attention, request);
    }
}

/// One side of the window that a picture is asked of.
struct Side {
    seen: Range<usize>,
    range: Range<usize>,
    /// Most cells: none may be smaller than a pixel, or a single bright weight could fall between two.
    most: usize,
}

impl Side {
    fn new(low: f64, high: f64, end: usize, pixels: f32) -> Self {
        let clamp = |x: f64| x.clamp(0.0, end as f64) as usize;
        let margin = AROUND * (high - low);
        let range = clamp((low - margin).floor())..clamp((high + margin).ceil());
        let per_pixel = (high - low) / f64::from(pixels.max(1.0));
        let most = range.len() as f64 / per_pixel.max(1e-9);
        Self {
            seen: clamp(low.floor())..clamp(high.ceil()),
            most: most.clamp(1.0, MOST_PIXELS) as usize,
            range,
        }
    }
}

/// Shares, from 0 to all, as a picture one pixel wide.
fn column(shares: &[f32], map: ColorMap) -> Option<egui::ColorImage> {
    let pixels: Vec<Color32> = shares
        .iter()
        .map(|share| {
            if share.is_nan() {
                return Color32::TRANSPARENT;
            }
            let [r, g, b] = color(*share, 1.0, Scale::Linear, map);
            Color32::from_rgb(r, g, b)
        })
        .collect();
    (!pixels.is_empty()).then(|| egui::ColorImage::new([1, pixels.len()], pixels))
}

/// The picture at its place among the tokens.
fn placed(picture: &HeatmapImage, texture: &egui::TextureHandle) -> PlotImage {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_smaller_than_a_pixel_and_no_picture_larger_than_a_texture() {
        for (low, high, end, pixels) in [
            (0.0, 8192.0, 8192, 700.0),
            (-40.0, 8200.0, 8192, 1400.0),
            (100.5, 160.2, 8192, 900.0),
            (0.0, 50_000.0, 50_000, 5000.0),
            (0.0, 20.0, 3, 300.0),
        ] {
            let side = Side::new(low, high, end, pixels);
            let cell = side.range.len().div_ceil(side.most);
            let points = cell as f64 * f64::from(pixels) / (high - low);
            assert!(points >= 0.999, "{points} {low} {high}");
            assert!(side.range.len().div_ceil(cell) <= 2048);
            assert!(side.seen.end <= end && side.range.start <= side.seen.start);
        }
        let none = Side::new(5.0, 9.0, 0, 100.0);
        assert!(none.range.is_empty() && none.most == 1);
    }
}
