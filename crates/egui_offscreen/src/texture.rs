//! Textures in memory, and what colour they have at a point.

use std::sync::Arc;

use egui::{Color32, ColorImage, TextureFilter, TextureOptions, TextureWrapMode};

/// Added to a coordinate before looking for the nearest texel, so that a point right between two
/// texels falls to the same side in both triangles of a rectangle.
const TIE: f32 = 1.0 / 1024.0;

/// An image that egui draws with. It has at least one texel.
#[derive(Debug)]
pub struct Texture {
    image: Arc<ColorImage>,
    options: TextureOptions,
}

impl Texture {
    /// None if the image is empty, or its pixels do not match its size.
    pub fn new(image: &Arc<ColorImage>, options: TextureOptions) -> Option<Self> {
        let [width, height] = image.size;
        let fits = width.checked_mul(height) == Some(image.pixels.len())
            && i32::try_from(image.pixels.len()).is_ok();
        (fits && !image.pixels.is_empty()).then(|| Self {
            image: Arc::clone(image),
            options,
        })
    }

    /// Replaces the texels from `at` on by those of `patch`.
    pub fn patch(&mut self, at: [usize; 2], patch: &ColorImage, options: TextureOptions) {
        self.options = options;
        let [width, height] = self.image.size;
        let [x, y] = at;
        let count = patch.width().min(width.saturating_sub(x));
        let rows = patch.height().min(height.saturating_sub(y));
        if count == 0 || rows == 0 {
            return;
        }
        let pixels = &mut Arc::make_mut(&mut self.image).pixels;
        let into = pixels.chunks_exact_mut(width).skip(y);
        let from = patch.pixels.chunks_exact(patch.width());
        for (into, from) in into.zip(from).take(rows) {
            into[x..x + count].copy_from_slice(&from[..count]);
        }
    }

    /// Texels across and down.
    pub fn size(&self) -> [f64; 2] {
        self.image.size.map(|side| side as f64)
    }

    /// For a surface that shows `texels` texels to the pixel.
    pub fn sampler(&self, texels: f64) -> Sampler<'_> {
        // Not for a surface that shows its texels one to one, but for rounding.
        let filter = if texels > 1.001 {
            self.options.minification
        } else {
            self.options.magnification
        };
        let [width, height] = self.image.size;
        Sampler {
            pixels: &self.image.pixels,
            width: width as i32,
            height: height as i32,
            wrap: self.options.wrap_mode,
            linear: filter == TextureFilter::Linear,
        }
    }
}

/// Looks up the colours of a texture.
pub struct Sampler<'a> {
    pixels: &'a [Color32],
    width: i32,
    height: i32,
    wrap: TextureWrapMode,
    linear: bool,
}

impl Sampler<'_> {
    /// The colour at a point, measured in texels from the top left; channels from 0 to 255.
    pub fn at(&self, u: f32, v: f32) -> [f32; 4] {
        if !self.linear {
            let [r, g, b, a] = self.texel(floor(u + TIE), floor(v + TIE));
            return [f32::from(r), f32::from(g), f32::from(b), f32::from(a)];
        }
        // Like graphics cards, to the 256th of a texel: what is aligned stays exact.
        let (u, v) = (floor(u * 256.0 - 127.5), floor(v * 256.0 - 127.5));
        let (x, y) = (u >> 8, v >> 8);
        let (right, below) = (u & 255, v & 255);
        let here = self.texel(x, y);
        if right == 0 && below == 0 {
            let [r, g, b, a] = here;
            return [f32::from(r), f32::from(g), f32::from(b), f32::from(a)];
        }
        let (next, under) = (self.texel(x + 1, y), self.texel(x, y + 1));
        let last = self.texel(x + 1, y + 1);
        let mix = |channel: usize| {
            let value = |texel: [u8; 4]| i32::from(texel[channel]);
            let top = value(here) * (256 - right) + value(next) * right;
            let bottom = value(under) * (256 - right) + value(last) * right;
            (top * (256 - below) + bottom * below) as f32 * (1.0 / 65_536.0)
        };
        [mix(0), mix(1), mix(2), mix(3)]
    }

    #[inline]
    fn texel(&self, x: i32, y: i32) -> [u8; 4] {
        let at = wrap(x, self.width, self.wrap) + wrap(y, self.height, self.wrap) * self.width;
        self.pixels
            .get(at as usize)
            .map_or([0; 4], |color| color.to_array())
    }
}

/// The texel that stands for `at` in a row of `count`.
#[inline]
fn wrap(at: i32, count: i32, mode: TextureWrapMode) -> i32 {
    if (0..count).contains(&at) {
        return at;
    }
    match mode {
        TextureWrapMode::ClampToEdge => at.clamp(0, count - 1),
        TextureWrapMode::Repeat => at.rem_euclid(count),
        TextureWrapMode::MirroredRepeat => {
            let phase = i64::from(at).rem_euclid(2 * i64::from(count));
            phase.min(2 * i64::from(count) - 1 - phase) as i32
        }
    }
}

/// Without the call into a library that `f32::floor` is on processors of the lowest common kind;
/// bounded so that neighbours of the result exist.
#[inline]
fn floor(value: f32) -> i32 {
    let whole = value.clamp(-1e9, 1e9) as i32;
    whole - i32::from((whole as f32) > value)
}
