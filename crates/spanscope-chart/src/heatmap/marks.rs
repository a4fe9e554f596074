//! The coloured parts of a heat map: cells, colour bar, edge.

use svg::Node;
use svg::node::element::Element;

use super::super::canvas::{Anchor, Canvas, Type, rect, round};
use super::super::theme::{self, TICK, Theme};
use super::super::ticks::{self, Tick};
use super::super::{ColorMap, Style, colormap};
use super::{Heatmap, Range, Scale};

/// A rectangle on the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Area {
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// The colours of one map.
pub(crate) struct Ink {
    pub(crate) range: Range,
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
    pub(crate) fn of(range: Range, map: ColorMap, dark: bool) -> Self {
        Self {
            range,
            map,
            // The greys start from the page's own colour.
            turned: dark && map == ColorMap::Greys,
            ramp: None,
        }
    }

    /// From the colour of the page to another, both as "#rrggbb".
    pub(crate) fn ramp(range: Range, ground: &str, color: &str) -> Self {
        Self {
            ramp: Some([ground, color].map(theme::rgb)),
            ..Self::of(range, ColorMap::Greys, false)
        }
    }

    /// The colour at a share of the range.
    pub(crate) fn at(&self, share: f64) -> [u8; 3] {
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
    pub(crate) fn color(&self, value: f32) -> Option<[u8; 3]> {
        (!value.is_nan()).then(|| self.at(self.range.share(f64::from(value))))
    }
}

/// A hairline around an area.
pub(crate) fn frame(page: &mut Canvas, area: Area, theme: &Theme) {
    let mut frame = rect(area.left, area.top, area.width, area.height, "none");
    frame.assign("stroke", theme.axis);
    frame.assign("stroke-width", 0.5);
    page.add(frame);
}

/// The stepped line at which each row's span ends, or, dashed, at which its ramp begins.
pub(super) fn edge(
    page: &mut Canvas,
    area: Area,
    shape: (usize, usize),
    ends: &[usize],
    ink: &str,
    dashed: bool,
) {
    let (rows, cols) = shape;
    if rows == 0 || cols == 0 {
        return;
    }
    let mut path = String::new();
    let mut last = None;
    for (row, end) in ends.iter().take(rows).enumerate() {
        // At the frame nothing needs a line.
        if *end == 0 || *end >= cols {
            last = None;
            continue;
        }
        let x = round(area.left + area.width * *end as f64 / cols as f64);
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
    let thin = if dashed { 0.7 } else { 1.0 };
    for (color, width, opacity) in [("#000000", 2.0 * thin, 0.55), (ink, thin, 1.0)] {
        let mut line = Element::new("path");
        line.assign("d", path.clone());
        line.assign("fill", "none");
        line.assign("stroke", color);
        line.assign("stroke-width", width);
        line.assign("stroke-opacity", opacity);
        line.assign("stroke-linejoin", "round");
        if dashed {
            line.assign("stroke-dasharray", "3 2");
        }
        page.add(line);
    }
}

/// The numbers of the colour bar: two at least where there is room for them, as one alone says nothing of a scale.
pub(crate) fn bar_ticks(range: &Range, height: f64) -> Vec<Tick> {
    let line = TICK * 1.45;
    let usual = spaced(range, height, height / (2.0 * line));
    let tells = |found: &[Tick]| found.iter().filter(|t| t.label.is_some()).count() > 1;
    if tells(&usual) || height < line || range.high <= range.low {
        return usual;
    }
    // More numbers than look well, else the ends.
    let most = (height / line).floor() as usize;
    let mut closer = (2..=most).map(|count| spaced(range, height, count as f64));
    closer.find(|found| tells(found)).unwrap_or_else(|| {
        let step = ticks::nice_step((range.high - range.low) / 10.0);
        let end = |value: f64| {
            let own = match range.scale {
                Scale::Log => value / 10.0,
                Scale::Linear | Scale::Sqrt => step,
            };
            Tick {
                value,
                label: Some(ticks::number(value, own.min(step))),
            }
        };
        let between = usual.into_iter().map(|tick| Tick {
            label: None,
            ..tick
        });
        let ends = [end(range.low), end(range.high)];
        ends.into_iter().chain(between).collect()
    })
}

/// Round numbers along a colour bar, about so many of them.
fn spaced(range: &Range, height: f64, count: f64) -> Vec<Tick> {
    let line = TICK * 1.45;
    let even = |count: f64| ticks::linear(range.low, range.high, count.floor());
    let mut found = match range.scale {
        Scale::Log => {
            let decades = (range.high / range.low).log10();
            let found = ticks::log(range.low, range.high, height / decades.max(1e-6), line);
            match found.iter().filter(|t| t.label.is_some()).count() {
                // Within a decade there may be no round number, or one.
                0 | 1 => even(count),
                _ => found,
            }
        }
        Scale::Linear | Scale::Sqrt => even(count),
    };
    if range.scale == Scale::Sqrt {
        found.retain(|t| t.label.is_some());
    }
    let inside = range.low - 1e-9 * range.low.abs()..=range.high + 1e-9 * range.high.abs();
    found.retain(|t| inside.contains(&t.value));
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

/// [`bar_ticks`] of shares, written as percentages.
pub(crate) fn percent_ticks(range: &Range, height: f64) -> Vec<Tick> {
    let scale = range.scale;
    ticks::shares((range.low, range.high), true, |low, high| {
        bar_ticks(&Range { scale, low, high }, height)
    })
}

/// The numbers beside a colour bar of this length in points, from the lowest: values, and what is written there.
pub fn color_numbers(scale: Scale, low: f64, high: f64, length: f64) -> Vec<(f64, String)> {
    let ticks = bar_ticks(&Range { scale, low, high }, length);
    let named = ticks.into_iter().filter_map(|t| Some((t.value, t.label?)));
    named.collect()
}

/// The colour bar: what the colours mean.
pub(crate) fn bar(page: &mut Canvas, area: Area, ink: &Ink, found: &[Tick], theme: &Theme) {
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
