//! The paint of triangles, and how it mixes with what is there.

use super::texture::{Sampler, Texture};
use super::triangle::Outline;

/// A value that changes evenly over the picture.
pub struct Plane {
    /// A point, and the value there.
    pub x: f64,
    pub y: f64,
    pub value: f64,
    /// The increase from one pixel to the next.
    pub right: f64,
    pub down: f64,
}

impl Plane {
    /// At the centre of a pixel, and how much it grows from there to the next one.
    #[inline]
    fn start(&self, x: usize, y: usize) -> (f32, f32) {
        let (x, y) = (x as f64 + 0.5 - self.x, y as f64 + 0.5 - self.y);
        let value = self.value + x * self.right + y * self.down;
        (value as f32, self.right as f32)
    }
}

/// The paint of a triangle. Colours run from 0 to 255.
///
/// Most of a window is one colour, or a glyph in one colour: these have ways of their own.
pub enum Brush<'a> {
    Flat([f32; 4]),
    Shaded([Plane; 4]),
    Image {
        color: [f32; 4],
        place: [Plane; 2],
        sampler: Sampler<'a>,
    },
    ShadedImage {
        color: [Plane; 4],
        place: [Plane; 2],
        sampler: Sampler<'a>,
    },
}

impl<'a> Brush<'a> {
    pub fn new(
        outline: &Outline,
        color: [[u8; 4]; 3],
        uv: [egui::Pos2; 3],
        texture: &'a Texture,
    ) -> Self {
        let flat = color[0] == color[1] && color[0] == color[2];
        let [width, height] = texture.size();
        if uv[0] == uv[1] && uv[0] == uv[2] {
            let (u, v) = (uv[0].x * width as f32, uv[0].y * height as f32);
            let tint = texture.sampler(0.0).at(u, v);
            return if flat {
                let [r, g, b, a] = color[0].map(f32::from);
                Self::Flat(product([r, g, b, a], tint))
            } else {
                Self::Shaded(shades(outline, color, tint))
            };
        }
        let place = [
            outline.plane(uv.map(|uv| f64::from(uv.x) * width)),
            outline.plane(uv.map(|uv| f64::from(uv.y) * height)),
        ];
        let across = place[0].right.hypot(place[1].right);
        let along = place[0].down.hypot(place[1].down);
        let sampler = texture.sampler(across.max(along));
        if flat {
            Self::Image {
                color: color[0].map(f32::from),
                place,
                sampler,
            }
        } else {
            Self::ShadedImage {
                color: shades(outline, color, [255.0; 4]),
                place,
                sampler,
            }
        }
    }

    /// True if it leaves everything as it is.
    pub fn is_clear(&self) -> bool {
        matches!(self, Self::Flat([0.0, 0.0, 0.0, 0.0]))
    }

    /// Paints pixels of row `y`, from column `x` on.
    pub fn paint(&self, row: &mut [[u8; 4]], x: usize, y: usize) {
        match self {
            Self::Flat(color) if color[3] >= 255.0 => {
                row.fill(color.map(|channel| (channel + 0.5) as u8));
            }
            Self::Flat(color) => {
                for pixel in row {
                    blend(pixel, *color);
                }
            }
            Self::Shaded(planes) => {
                let shade = Shade::start(planes, x, y);
                for (pixel, step) in row.iter_mut().zip(0u16..) {
                    blend(pixel, shade.at(f32::from(step)));
                }
            }
            Self::Image {
                color,
                place: [u, v],
                sampler,
            } => {
                let ((u, du), (v, dv)) = (u.start(x, y), v.start(x, y));
                for (pixel, step) in row.iter_mut().zip(0u16..) {
                    let step = f32::from(step);
                    let texel = sampler.at(u + step * du, v + step * dv);
                    blend(pixel, product(*color, texel));
                }
            }
            Self::ShadedImage {
                color,
                place: [u, v],
                sampler,
            } => {
                let ((u, du), (v, dv)) = (u.start(x, y), v.start(x, y));
                let shade = Shade::start(color, x, y);
                for (pixel, step) in row.iter_mut().zip(0u16..) {
                    let step = f32::from(step);
                    let texel = sampler.at(u + step * du, v + step * dv);
                    blend(pixel, product(shade.at(step), texel));
                }
            }
        }
    }
}

/// The corners' colours times one tint, over the plane.
fn shades(outline: &Outline, color: [[u8; 4]; 3], tint: [f32; 4]) -> [Plane; 4] {
    [0, 1, 2, 3].map(|channel| {
        let tint = f64::from(tint[channel]) / 255.0;
        outline.plane(color.map(|color| f64::from(color[channel]) * tint))
    })
}

/// A colour that changes along a row.
struct Shade {
    value: [f32; 4],
    step: [f32; 4],
}

impl Shade {
    fn start(planes: &[Plane; 4], x: usize, y: usize) -> Self {
        let [r, g, b, a] = planes;
        let [r, g, b, a] = [r, g, b, a].map(|plane| plane.start(x, y));
        Self {
            value: [r.0, g.0, b.0, a.0],
            step: [r.1, g.1, b.1, a.1],
        }
    }

    #[inline]
    fn at(&self, step: f32) -> [f32; 4] {
        let channel = |at: usize| (self.value[at] + step * self.step[at]).clamp(0.0, 255.0);
        [channel(0), channel(1), channel(2), channel(3)]
    }
}

/// Two colours multiplied in gamma space: the only way to get text to look right.
#[inline]
fn product(one: [f32; 4], other: [f32; 4]) -> [f32; 4] {
    const SCALE: f32 = 1.0 / 255.0;
    [
        one[0] * other[0] * SCALE,
        one[1] * other[1] * SCALE,
        one[2] * other[2] * SCALE,
        one[3] * other[3] * SCALE,
    ]
}

/// Lays a premultiplied colour over a pixel.
#[inline]
fn blend(pixel: &mut [u8; 4], color: [f32; 4]) {
    if color == [0.0; 4] {
        return;
    }
    let keep = 1.0 - color[3] * (1.0 / 255.0);
    // Conversion to integers saturates: additive colours may go beyond white.
    let over = |below: u8, above: f32| (above + f32::from(below) * keep + 0.5) as u8;
    *pixel = [
        over(pixel[0], color[0]),
        over(pixel[1], color[1]),
        over(pixel[2], color[2]),
        over(pixel[3], color[3]),
    ];
}
