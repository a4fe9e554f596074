//! The camera on the map: panning, zooming, and the keys and wheels for them.

use super::cells::Axes;
use crate::analysis::BandLayout;
use eframe::egui::{self, Event, Key, Modifiers, MouseWheelUnit, Rect, Ui, Vec2, vec2};
use egui_plot::PlotBounds;

/// Height of a row, and width of a key's column, at which tokens are read with ease, in points.
const READABLE: f64 = 15.0;

/// Largest size of a cell, in points.
const LARGEST: f64 = 64.0;

/// Largest size of a cell when all are shown, in points.
const LARGEST_OF_ALL: f64 = 24.0;

/// Zoom factor of one press of a key.
const KEY_ZOOM: f64 = 1.3;

/// Fraction of the way to where a key leads that is left after a second.
const GLIDE: f64 = 1e-9;

/// Room kept around the ends of the text, in points.
const MARGIN: f64 = 8.0;

/// The part of the map in view: its upper left corner in columns and queries, and the size of a cell in points. By key
/// cells are square.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Camera {
    /// Left and top.
    pub corner: [f64; 2],
    /// Width and height of a cell.
    pub cell: [f64; 2],
}

impl Camera {
    /// All of the map.
    pub fn whole(axes: &Axes, size: Vec2) -> Self {
        Self {
            corner: [0.0, 0.0],
            cell: smallest(axes, size),
        }
    }

    /// The query at `query` near the lower edge, large enough to read: what it reads lies above it and to its left.
    pub fn reading(axes: &Axes, size: Vec2, query: usize) -> Self {
        let [across, _] = smallest(axes, size);
        let cell = match axes.layout {
            BandLayout::Key => [READABLE, READABLE],
            _ => [across, READABLE],
        };
        let mut camera = Self {
            corner: [0.0, 0.0],
            cell,
        };
        camera.corner[1] = query as f64 + 3.0 - f64::from(size.y) / READABLE;
        if axes.layout == BandLayout::Key {
            camera.corner[0] = query as f64 + 2.0 - f64::from(size.x) / READABLE;
        }
        camera.limit(axes, size);
        camera
    }

    /// The nearest place from which the query at `query` is in view, at the same size.
    pub fn brought_to(mut self, axes: &Axes, size: Vec2, query: usize) -> Self {
        let query = query as f64;
        let [wide, high] = self.extent(size);
        let rows = query - 0.75 * high.max(1.0);
        if query < self.corner[1] || query + 1.0 > self.corner[1] + high {
            self.corner[1] = rows;
        }
        if axes.layout == BandLayout::Key {
            let first = axes.seen(query as usize).start as f64;
            if query < self.corner[0] || first > self.corner[0] + wide {
                self.corner[0] = query + 2.0 - wide;
            }
        }
        self.limit(axes, size);
        self
    }

    /// Columns and rows in view.
    fn extent(&self, size: Vec2) -> [f64; 2] {
        [
            f64::from(size.x) / self.cell[0],
            f64::from(size.y) / self.cell[1],
        ]
    }

    /// The bounds of the map that are in view.
    pub fn bounds(&self, size: Vec2) -> PlotBounds {
        let [wide, high] = self.extent(size);
        let [left, top] = self.corner;
        PlotBounds::from_min_max([left, top], [left + wide, top + high])
    }

    /// The place from which all within `bounds` is seen.
    pub fn at(bounds: &PlotBounds, axes: &Axes, size: Vec2) -> Self {
        let mut cell = [
            f64::from(size.x) / bounds.width(),
            f64::from(size.y) / bounds.height(),
        ];
        if axes.layout == BandLayout::Key {
            cell = [cell[0].min(cell[1]); 2];
        }
        let mut camera = Self {
            corner: bounds.min(),
            cell,
        };
        camera.limit(axes, size);
        camera
    }

    /// Moves the map by `points`.
    pub fn pan(&mut self, points: Vec2) {
        self.corner[0] -= f64::from(points.x) / self.cell[0];
        self.corner[1] -= f64::from(points.y) / self.cell[1];
    }

    /// Makes cells larger by `factor`; what is `at` points from the corner stays there.
    pub fn zoom(&mut self, axes: &Axes, size: Vec2, factor: [f64; 2], at: Vec2) {
        let least = smallest(axes, size);
        for (i, at) in [at.x, at.y].into_iter().enumerate() {
            let at = f64::from(at);
            let place = self.corner[i] + at / self.cell[i];
            self.cell[i] = (self.cell[i] * factor[i]).clamp(least[i], LARGEST.max(least[i]));
            self.corner[i] = place - at / self.cell[i];
        }
    }

    /// Keeps the map in view, and its cells neither smaller than when all are shown nor too large.
    pub fn limit(&mut self, axes: &Axes, size: Vec2) {
        let least = smallest(axes, size);
        let all = [axes.width() as f64, axes.tokens as f64];
        for (cell, least) in self.cell.iter_mut().zip(least) {
            *cell = cell.clamp(least, LARGEST.max(least));
        }
        let extent = self.extent(size);
        for i in 0..2 {
            // What is smaller than the view stands at its beginning.
            let margin = MARGIN / self.cell[i];
            let last = all[i] - extent[i] + margin;
            self.corner[i] = if all[i] <= extent[i] {
                0.0
            } else {
                self.corner[i].clamp(-margin, last)
            };
        }
    }

    /// Goes a part of the way to `target`; whether it is there.
    pub fn glide(&mut self, target: &Self, seconds: f32) -> bool {
        let part = 1.0 - GLIDE.powf(f64::from(seconds.clamp(0.0, 0.1)));
        let mut rest = 0.0_f64;
        for i in 0..2 {
            // Sizes go by ratios, so that zooming is as fast at every size.
            self.cell[i] *= (target.cell[i] / self.cell[i]).powf(part);
            let way = target.corner[i] - self.corner[i];
            self.corner[i] += part * way;
            let ratio = (target.cell[i] / self.cell[i]).ln().abs();
            rest = rest.max((1.0 - part) * way.abs() * self.cell[i]);
            rest = rest.max(100.0 * ratio);
        }
        if rest < 0.5 {
            *self = *target;
        }
        rest < 0.5
    }
}

/// The size of a cell when all are shown.
fn smallest(axes: &Axes, size: Vec2) -> [f64; 2] {
    let fit = |points: f32, cells: usize| f64::from(points.max(1.0)) / cells.max(1) as f64;
    let (across, down) = (fit(size.x, axes.width()), fit(size.y, axes.tokens));
    match axes.layout {
        BandLayout::Key => [across.min(down).min(LARGEST_OF_ALL); 2],
        _ => [across.min(LARGEST), down.min(LARGEST_OF_ALL)],
    }
}

/// The motion of the map in one frame, by wheel and keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Motion {
    /// Points to move it by.
    pub pan: Vec2,
    /// The factor to zoom by.
    pub zoom: f64,
    /// True if it goes there by itself: a key was pressed once.
    pub glides: bool,
    /// To the text's beginning or end.
    pub end: Option<bool>,
}

impl Motion {
    const NONE: Self = Self {
        pan: Vec2::ZERO,
        zoom: 1.0,
        glides: false,
        end: None,
    };

    /// The motion by wheels, trackpads and pinches: a wheel zooms, fingers on a trackpad move, with Ctrl both zoom, with
    /// Shift both move.
    pub fn of_wheel(ui: &Ui, trackpad: &mut bool) -> Self {
        ui.input_mut(|input| {
            for event in &input.raw.events {
                if let Event::MouseWheel { unit, .. } = event {
                    *trackpad = *unit == MouseWheelUnit::Point;
                }
            }
            let zoom = f64::from(input.zoom_delta());
            let scroll = std::mem::take(&mut input.smooth_scroll_delta);
            if zoom != 1.0 {
                Self { zoom, ..Self::NONE }
            } else if *trackpad || input.modifiers.shift {
                Self {
                    pan: scroll,
                    ..Self::NONE
                }
            } else {
                Self {
                    zoom: (f64::from(scroll.y) / 200.0).exp(),
                    pan: vec2(scroll.x, 0.0),
                    ..Self::NONE
                }
            }
        })
    }

    /// The motion by keys, for a map that has the focus and shows `size` points.
    pub fn of_keys(ui: &Ui, size: Vec2) -> Self {
        ui.input_mut(|input| {
            let mut motion = Self::NONE;
            let step = 0.15 * size;
            let page = 0.9 * size.y;
            for (key, pan) in [
                (Key::ArrowLeft, vec2(step.x, 0.0)),
                (Key::ArrowRight, vec2(-step.x, 0.0)),
                (Key::ArrowUp, vec2(0.0, step.y)),
                (Key::ArrowDown, vec2(0.0, -step.y)),
                (Key::PageUp, vec2(0.0, page)),
                (Key::PageDown, vec2(0.0, -page)),
            ] {
                motion.pan += input.count_and_consume_key(Modifiers::NONE, key) as f32 * pan;
            }
            for (key, zoom) in [
                (Key::Plus, KEY_ZOOM),
                (Key::Equals, KEY_ZOOM),
                (Key::Minus, 1.0 / KEY_ZOOM),
            ] {
                let plain = input.count_and_consume_key(Modifiers::NONE, key);
                let shifted = input.count_and_consume_key(Modifiers::SHIFT, key);
                motion.zoom *= zoom.powi((plain + shifted).min(8) as i32);
            }
            for (key, last) in [(Key::Home, false), (Key::End, true)] {
                if input.consume_key(Modifiers::NONE, key) {
                    motion.end = Some(last);
                }
            }
            motion.glides = motion != Self::NONE;
            motion
        })
    }

    /// True if there is any.
    pub fn any(&self) -> bool {
        self.pan != Vec2::ZERO || self.zoom != 1.0 || self.end.is_some()
    }

    /// Moves `camera`; `at` stays in place as it zooms.
    pub fn apply(&self, camera: &mut Camera, axes: &Axes, view: Rect, at: egui::Pos2, rows: bool) {
        let size = view.size();
        camera.pan(self.pan);
        let factor = match axes.layout {
            // Over the rows' names only the rows grow.
            BandLayout::Distance if rows => [1.0, self.zoom],
            _ => [self.zoom; 2],
        };
        camera.zoom(axes, size, factor, at - view.min);
        match self.end {
            Some(false) => camera.corner = [0.0, 0.0],
            Some(true) => {
                camera.corner[1] = axes.tokens as f64;
                if axes.layout == BandLayout::Key {
                    camera.corner[0] = axes.tokens as f64;
                }
            }
            None => {}
        }
        camera.limit(axes, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Vec2 = vec2(600.0, 300.0);

    fn axes(layout: BandLayout, tokens: usize) -> Axes {
        Axes {
            layout,
            tokens,
            nearest: 1,
            reach: 100,
            later: 0,
        }
    }

    #[test]
    fn all_is_the_farthest_one_can_see_and_the_map_stays_in_view() {
        let axes = axes(BandLayout::Key, 3000);
        let whole = Camera::whole(&axes, SIZE);
        assert_eq!(whole.cell, [0.1, 0.1]);
        let mut camera = whole;
        camera.zoom(&axes, SIZE, [0.5; 2], vec2(10.0, 10.0));
        camera.pan(vec2(-5000.0, 5000.0));
        camera.limit(&axes, SIZE);
        assert_eq!(camera.cell, [0.1, 0.1]);
        assert_eq!(camera.corner[0], 0.0);
        camera.zoom(&axes, SIZE, [1e9; 2], vec2(0.0, 0.0));
        assert_eq!(camera.cell, [LARGEST; 2]);
        camera.pan(vec2(-1e9, -1e9));
        camera.limit(&axes, SIZE);
        let bounds = camera.bounds(SIZE);
        assert!((bounds.max()[0] - 3000.0).abs() < 1.0 && (bounds.max()[1] - 3000.0).abs() < 1.0);
    }

    #[test]
    fn what_the_pointer_is_on_stays_under_it() {
        let axes = axes(BandLayout::Distance, 5000);
        let mut camera = Camera::reading(&axes, SIZE, 2000);
        let at = vec2(120.0, 77.0);
        let on = |camera: &Camera| {
            [at.x, at.y]
                .map(f64::from)
                .into_iter()
                .enumerate()
                .map(|(i, at)| camera.corner[i] + at / camera.cell[i])
                .collect::<Vec<_>>()
        };
        let before = on(&camera);
        camera.zoom(&axes, SIZE, [2.0, 3.0], at);
        for (a, b) in on(&camera).iter().zip(&before) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(camera.cell, [12.0, 45.0]);
    }

    #[test]
    fn a_query_is_read_near_the_lower_edge_and_brought_into_view_at_the_same_size() {
        let axes = axes(BandLayout::Key, 5000);
        let camera = Camera::reading(&axes, SIZE, 4000);
        let bounds = camera.bounds(SIZE);
        assert!((4001.0..4004.5).contains(&bounds.max()[1]));
        assert!(bounds.min()[0] < 3970.0 && bounds.max()[0] > 4001.0);
        assert_eq!(camera.brought_to(&axes, SIZE, 3998), camera);
        let far = camera.brought_to(&axes, SIZE, 17);
        assert_eq!(far.cell, camera.cell);
        assert!((far.corner[1]..far.bounds(SIZE).max()[1]).contains(&17.0));
        // At the beginning of the text nothing is left free before it.
        assert_eq!(
            Camera::reading(&axes, SIZE, 0).corner[0],
            -MARGIN / READABLE
        );
    }

    #[test]
    fn a_glide_ends_where_it_leads() {
        let axes = axes(BandLayout::Key, 5000);
        let mut camera = Camera::whole(&axes, SIZE);
        let target = Camera::reading(&axes, SIZE, 3000);
        let frames = (0..60)
            .take_while(|_| !camera.glide(&target, 1.0 / 60.0))
            .count();
        assert!((4..40).contains(&frames), "{frames}");
        assert_eq!(camera, target);
    }
}
