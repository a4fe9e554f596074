//! The coloured parts of a heat map: cells, colour bar, edge.

use svg::Node;
use svg::node::element::{Element, Group};

use super::super::canvas::{Anchor, Canvas, Type, rect, round};
use super::super::theme::{self, TICK, Theme};
use super::super::ticks::{self, Tick};
use super::super::{ColorMap, Style, colormap, raster};
use super::{Heatmap, Range, Scale};

/// From this many cells on, a picture takes the place of rectangles.
const MANY_CELLS: usize = 4000;
/// Longest side of the picture; more cells than that share a pixel.
const MAX_PICTURE: usize = 2048;

/// A rectangle on the page.
#[derive(Clone, Copy, Debug)]
pub(in crate::chart) struct Area {
    pub(in crate::chart) left: f64,
    pub(in crate::chart) top: f64,
    pub(in crate::chart) width: f64,
    pub(in crate::chart) height: f64,
}

impl Area {
    pub(in crate::chart) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(in crate::chart) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// The colours of one map.
pub(in crate::chart) struct Ink {
    pub(in crate::chart) range: Range,
    map: ColorMap,
    turned: bool,
    /// From one colour to another instead of the map.
    ramp: Option<[[u8; 3]; 2]>,
}

impl Ink {
    pub(super) fn new(chart: &Heatmap, style: &Style) -> Self {
        Self::of(chart.range(), style.map(chart.map), style.dark)
    }

    /// The colours for a range of values.
    pub(in crate::chart) fn of(range: Range, map: ColorMap, dark: bool) -> Self {
        Self {
            range,
            map,
            // The greys start from the page's own colour.
            turned: dark && map == ColorMap::Greys,
            ramp: None,
        }
    }

    /// From the colour of the page to another, both as "#rrggbb".
    pub(in crate::chart) fn ramp(range: Range, ground: &str, color: &str) -> Self {
        Self {
            ramp: Some([ground, color].map(theme::rgb)),
            ..Self::of(range, ColorMap::Greys, false)
        }
    }

    /// The colours of the side columns: shares of all, where the map's last colour is set.
    pub(super) fn of_sides(&self, chart: &Heatmap) -> Self {
        let range = match chart.high {
            Some(_) => Range {
                scale: Scale::Linear,
                low: 0.0,
                high: 1.0,
            },
            None => self.range,
        };
        Self { range, ..*self }
    }

    /// The colour at a share of the range.
    pub(in crate::chart) fn at(&self, share: f64) -> [u8; 3] {
        if let Some([ground, color]) = self.ramp {
            let mixed = |i: usize| {
                let (a, b) = (f64::from(ground[i]), f64::from(color[i]));
                (a + (b - a) * share.clamp(0.0, 1.0)).round() as u8
            };
            return [mixed(0), mixed(1), mixed(2)];
        }
        let share = if self.turned { 1.0 - share } else { share };
        colormap::color(self.map, share as f32)
    }

    /// The colour of a value; nothing for not-a-number.
    pub(super) fn color(&self, value: f32) -> Option<[u8; 3]> {
        (!value.is_nan()).then(|| self.at(self.range.share(f64::from(value))))
    }
}

/// Fills an area with a matrix.
pub(super) fn cells(
    page: &mut Canvas,
    area: Area,
    shape: (usize, usize),
    ink: &Ink,
    value: &dyn Fn(usize, usize) -> f32,
) {
    let (rows, cols) = shape;
    if rows == 0 || cols == 0 {
        return;
    }
    if rows.saturating_mul(cols) >= MANY_CELLS {
        if let Some(image) = picture(area, shape, ink, value) {
            page.add(image);
        }
        return;
    }
    let mut group = Group::new();
    group.assign("shape-rendering", "crispEdges");
    let x = |col: usize| area.left + area.width * col as f64 / cols as f64;
    let y = |row: usize| area.top + area.height * row as f64 / rows as f64;
    for row in 0..rows {
        for col in 0..cols {
            if let Some(color) = ink.color(value(row, col)) {
                let (left, top) = (round(x(col)), round(y(row)));
                let (width, height) = (round(x(col + 1)) - left, round(y(row + 1)) - top);
                group.append(rect(left, top, width, height, &theme::hex(color)));
            }
        }
    }
    page.add(group);
}

/// The matrix as a picture with one pixel for each cell, or for the largest of several.
pub(in crate::chart) fn picture(
    area: Area,
    (rows, cols): (usize, usize),
    ink: &Ink,
    value: &dyn Fn(usize, usize) -> f32,
) -> Option<Element> {
    let (width, height) = (cols.min(MAX_PICTURE), rows.min(MAX_PICTURE));
    let part = |i: usize, of: usize, count: usize| {
        let start = (i as u128 * count as u128 / of as u128) as usize;
        let end = ((i as u128 + 1) * count as u128 / of as u128) as usize;
        start..end.max(start + 1)
    };
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let mut largest = f32::NAN;
            for row in part(y, height, rows) {
                for col in part(x, width, cols) {
                    // The largest value; not-a-number loses to everything.
                    largest = largest.max(value(row, col));
                }
            }
            match ink.color(largest) {
                Some([r, g, b]) => pixels.extend([r, g, b, 255]),
                None => pixels.extend([0, 0, 0, 0]),
            }
        }
    }
    let (w, h) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let png = raster::encode_rgba(w, h, &pixels).ok()?;
    let mut image = Element::new("image");
    image.assign("x", round(area.left));
    image.assign("y", round(area.top));
    image.assign("width", round(area.width));
    image.assign("height", round(area.height));
    image.assign("preserveAspectRatio", "none");
    // Hard edges while the pixels are large enough to be seen.
    if (width as f64) < 4.0 * area.width && (height as f64) < 4.0 * area.height {
        image.assign("image-rendering", "pixelated");
    }
    let uri = format!("data:image/png;base64,{}", raster::base64(&png));
    image.assign("href", uri);
    Some(image)
}

/// A hairline around an area.
pub(in crate::chart) fn frame(page: &mut Canvas, area: Area, theme: &Theme) {
    let mut frame = rect(area.left, area.top, area.width, area.height, "none");
    frame.assign("stroke", theme.axis);
    frame.assign("stroke-width", 0.5);
    page.add(frame);
}

/// The stepped line at which each row's span ends.
pub(super) fn edge(
    page: &mut Canvas,
    area: Area,
    shape: (usize, usize),
    ends: &[usize],
    ink: &str,
) {
    let (rows, cols) = shape;
    if rows == 0 || cols == 0 {
        return;
    }
    let mut path = String::new();
    let mut last = None;
    for (row, end) in ends.iter().take(rows).enumerate() {
        let x = round(area.left + area.width * (*end).min(cols) as f64 / cols as f64);
        let top = round(area.top + area.height * row as f64 / rows as f64);
        let bottom = round(area.top + area.height * (row + 1) as f64 / rows as f64);
        if last.is_none() {
            path.push_str(&format!("M{x} {top}"));
        } else if last != Some(x) {
            path.push_str(&format!("H{x}"));
        }
        path.push_str(&format!("V{bottom}"));
        last = Some(x);
    }
    if path.is_empty() {
        return;
    }
    // A dark rim keeps the line visible on light colours, the line on dark ones.
    for (color, width, opacity) in [("#000000", 2.0, 0.55), (ink, 1.0, 1.0)] {
        let mut line = Element::new("path");
        line.assign("d", path.clone());
        line.assign("fill", "none");
        line.assign("stroke", color);
        line.assign("stroke-width", width);
        line.assign("stroke-opacity", opacity);
        line.assign("stroke-linejoin", "round");
        page.add(line);
    }
}

/// The numbers of the colour bar.
pub(in crate::chart) fn bar_ticks(range: &Range, height: f64) -> Vec<Tick> {
    let line = TICK * 1.45;
    let mut found = match range.scale {
        Scale::Log => {
            let decades = (range.high / range.low).log10();
            ticks::log(range.low, range.high, height / decades.max(1e-6), line)
        }
        Scale::Linear | Scale::Sqrt => {
            ticks::linear(range.low, range.high, (height / (2.0 * line)).floor())
        }
    };
    if range.scale == Scale::Sqrt {
        found.retain(|t| t.label.is_some());
    }
    // From the top down, so that the largest numbers stay where there is no room for all.
    let mut last = f64::NEG_INFINITY;
    for tick in found.iter_mut().rev() {
        let y = height * (1.0 - range.share(tick.value));
        if tick.label.is_some() && y - last < line * 0.85 {
            tick.label = None;
        } else if tick.label.is_some() {
            last = y;
        }
    }
    found
}

/// The numbers beside a colour bar of this length in points, from the lowest: values, and what is written there.
pub fn color_numbers(scale: Scale, low: f64, high: f64, length: f64) -> Vec<(f64, String)> {
    let ticks = bar_ticks(&Range { scale, low, high }, length);
    let named = ticks.into_iter().filter_map(|t| Some((t.value, t.label?)));
    named.collect()
}

/// What the colours mean.
pub(in crate::chart) fn bar(
    page: &mut Canvas,
    area: Area,
    ink: &Ink,
    found: &[Tick],
    theme: &Theme,
) {
    const STOPS: u32 = 32;
    let name = match ink.ramp {
        Some([_, color]) => format!("ramp-{}", &theme::hex(color)[1..]),
        None => ink.map.name().to_lowercase(),
    };
    let id = format!(
        "spanscope-{name}{}",
        if ink.turned { "-turned" } else { "" }
    );
    let mut gradient = Element::new("linearGradient");
    gradient.assign("id", id.as_str());
    for (name, end) in [("x1", 0), ("y1", 1), ("x2", 0), ("y2", 0)] {
        gradient.assign(name, end);
    }
    for i in 0..=STOPS {
        let share = f64::from(i) / f64::from(STOPS);
        let mut stop = Element::new("stop");
        stop.assign("offset", share);
        stop.assign("stop-color", theme::hex(ink.at(share)));
        gradient.append(stop);
    }
    let mut defs = Element::new("defs");
    defs.append(gradient);
    page.add(defs);
    let fill = format!("url(#{id})");
    page.rect(area.left, area.top, area.width, area.height, &fill);
    frame(page, area, theme);
    let style = Type::new(TICK, theme.muted).anchor(Anchor::Start);
    for tick in found {
        let y = area.bottom() - area.height * ink.range.share(tick.value);
        let length = if tick.label.is_some() { 2.5 } else { 1.5 };
        page.line(
            (area.right(), y),
            (area.right() + length, y),
            theme.axis,
            0.5,
        );
        if let Some(text) = &tick.label {
            page.text_middle(area.right() + 4.5, y, text, style);
        }
    }
}
