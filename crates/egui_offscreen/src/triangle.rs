//! Triangles on a grid of pixels.
//!
//! A pixel belongs to the triangle that its centre lies in; a centre on an edge belongs to the
//! triangle right of or below that edge. So triangles that share an edge leave no gap and draw
//! nothing twice, which shows at once where they are translucent.

use egui::epaint::Vertex;

use super::brush::{Brush, Plane};
use super::texture::Texture;

/// Corners are rounded to this part of a pixel, as graphics cards do. egui puts many edges right
/// through the centres of pixels; without this, rounding errors would decide on those.
const STEPS: f64 = 256.0;

/// The picture being drawn, and the part of it that may be drawn on.
pub struct Canvas {
    /// Row by row, with premultiplied alpha.
    pub pixels: Vec<[u8; 4]>,
    width: usize,
    height: usize,
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Canvas {
    pub fn new(width: usize, height: usize, ground: [u8; 4]) -> Self {
        Self {
            pixels: vec![ground; width * height],
            width,
            height,
            left: 0,
            top: 0,
            right: width,
            bottom: height,
        }
    }

    /// Restricts drawing to `rect`, given in points.
    pub fn clip(&mut self, rect: egui::Rect, scale: f32) {
        // Conversion to integers saturates: below zero is zero.
        let pixel = |point: f32| (point * scale).round() as usize;
        self.left = pixel(rect.min.x).min(self.width);
        self.top = pixel(rect.min.y).min(self.height);
        self.right = pixel(rect.max.x).clamp(self.left, self.width);
        self.bottom = pixel(rect.max.y).clamp(self.top, self.height);
    }

    /// Draws a triangle of either winding order.
    pub fn triangle(&mut self, corners: [&Vertex; 3], texture: &Texture, scale: f32) {
        let [a, b, c] = corners;
        let color = [a, b, c].map(|corner| corner.color.to_array());
        if color == [[0; 4]; 3] {
            return;
        }
        let at = [a, b, c].map(|corner| {
            [corner.pos.x, corner.pos.y]
                .map(|along| (f64::from(along * scale) * STEPS).round() / STEPS)
        });
        let Some(outline) = Outline::new(at) else {
            return;
        };
        let (first, last) = outline.rows(self.top, self.bottom);
        if first >= last || outline.misses(self.left, self.right) {
            return;
        }
        let brush = Brush::new(&outline, color, [a.uv, b.uv, c.uv], texture);
        if brush.is_clear() {
            return;
        }
        for y in first..last {
            let (from, to) = outline.span(y, self.left, self.right);
            if from < to {
                let row = y * self.width;
                brush.paint(&mut self.pixels[row + from..row + to], from, y);
            }
        }
    }
}

/// The first pixel whose centre is not left of (or above) `along`, within bounds.
#[inline]
fn first_from(along: f64, low: usize, high: usize) -> usize {
    ((along - 0.5).clamp(low as f64, high as f64)).ceil() as usize
}

/// One side of a triangle, from its upper to its lower end.
///
/// Both triangles at an edge get the same numbers here, and so agree on every pixel along it.
#[derive(Clone, Copy)]
struct Edge {
    x: f64,
    y: f64,
    slope: f64,
}

impl Edge {
    fn new(upper: [f64; 2], lower: [f64; 2]) -> Self {
        // A level edge has no slope, but is not asked for one either.
        Self {
            x: upper[0],
            y: upper[1],
            slope: (lower[0] - upper[0]) / (lower[1] - upper[1]),
        }
    }

    #[inline]
    fn crosses(&self, y: f64) -> f64 {
        self.x + (y - self.y) * self.slope
    }
}

/// The outline of a triangle.
pub struct Outline {
    at: [[f64; 2]; 3],
    /// Twice the area, negative for one of the winding orders.
    area: f64,
    top: f64,
    middle: f64,
    bottom: f64,
    /// From the top corner to the bottom one.
    long: Edge,
    above: Edge,
    below: Edge,
    /// True if the long edge is the left one.
    long_left: bool,
}

impl Outline {
    /// None if the triangle covers nothing, or has a corner that is nowhere.
    fn new(at: [[f64; 2]; 3]) -> Option<Self> {
        let [p, q, r] = at;
        let area = cross(p, q, r);
        if area == 0.0 || !area.is_finite() {
            return None;
        }
        let mut down = at;
        down.sort_by(|one, other| one[1].total_cmp(&other[1]));
        let [upper, middle, lower] = down;
        Some(Self {
            at,
            area,
            top: upper[1],
            middle: middle[1],
            bottom: lower[1],
            long: Edge::new(upper, lower),
            above: Edge::new(upper, middle),
            below: Edge::new(middle, lower),
            long_left: cross(upper, middle, lower) > 0.0,
        })
    }

    fn rows(&self, low: usize, high: usize) -> (usize, usize) {
        (
            first_from(self.top, low, high),
            first_from(self.bottom, low, high),
        )
    }

    /// True if it lies to one side of the columns `low..high`, or between two centres.
    fn misses(&self, low: usize, high: usize) -> bool {
        let [p, q, r] = self.at.map(|corner| corner[0]);
        first_from(p.min(q).min(r), low, high) >= first_from(p.max(q).max(r), low, high)
    }

    /// The pixels of row `y` that belong to it.
    #[inline]
    fn span(&self, y: usize, low: usize, high: usize) -> (usize, usize) {
        let y = y as f64 + 0.5;
        let long = self.long.crosses(y);
        let short = if y < self.middle {
            self.above.crosses(y)
        } else {
            self.below.crosses(y)
        };
        let (left, right) = if self.long_left {
            (long, short)
        } else {
            (short, long)
        };
        (first_from(left, low, high), first_from(right, low, high))
    }

    /// A value given at the corners, as it changes over the plane.
    pub fn plane(&self, values: [f64; 3]) -> Plane {
        let [p, q, r] = self.at;
        let (one, two) = (values[1] - values[0], values[2] - values[0]);
        Plane {
            x: p[0],
            y: p[1],
            value: values[0],
            right: (one * (r[1] - p[1]) - two * (q[1] - p[1])) / self.area,
            down: (two * (q[0] - p[0]) - one * (r[0] - p[0])) / self.area,
        }
    }
}

/// Twice the area of a triangle, positive if it turns clockwise on the screen.
fn cross(p: [f64; 2], q: [f64; 2], r: [f64; 2]) -> f64 {
    (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1])
}
