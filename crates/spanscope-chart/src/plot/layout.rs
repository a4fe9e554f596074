//! The places of the parts of a plot.

use super::super::canvas::Type;
use super::super::header::Header;
use super::super::theme::{LABEL, TICK};
use super::super::ticks::{self, Tick};
use super::super::{Style, font};
use super::{Axis, Panel, Plot};

/// Room around the figure, in points.
pub(super) const PAD: f64 = 6.0;
/// Length of a major tick mark.
pub(super) const TICK_LENGTH: f64 = 3.0;
/// Room between panels.
const GAP: f64 = 9.0;
/// How much longer than its axis an upright title may be.
pub(super) const OVER: f64 = 6.0;
/// Length of a line in the legend.
pub(super) const SAMPLE: f64 = 14.0;

/// An axis with its ends and numbers.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    pub(super) ticks: Vec<Tick>,
}

impl Scale {
    /// The axis over `values`, `length` points long; numbers take `room` each.
    fn new(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        length: f64,
        room: f64,
        (padded, padded_log): (bool, bool),
    ) -> Self {
        let usable = values.filter(|v| v.is_finite() && (!axis.log || *v > 0.0));
        let (mut low, mut high) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
            (a.min(v), b.max(v))
        });
        let given = |end: Option<f64>| end.filter(|v| v.is_finite() && (!axis.log || *v > 0.0));
        low = given(axis.low).unwrap_or(low);
        high = given(axis.high).unwrap_or(high);
        if !(low.is_finite() && high.is_finite()) {
            (low, high) = if axis.log { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        if high <= low {
            // All the same: some room on both sides.
            (low, high) = match axis.log {
                true => (low / 2.0, low * 2.0),
                false if low == 0.0 => (0.0, 1.0),
                false => (low - low.abs() * 0.1, low + low.abs() * 0.1),
            };
        }
        // A line along an axis is hard to see: some room where an end is not given.
        if padded && !axis.log {
            let room = 0.04 * (high - low);
            low -= if axis.low.is_none() { room } else { 0.0 };
            high += if axis.high.is_none() { room } else { 0.0 };
        }
        if padded_log && axis.log {
            let room = (high / low).powf(0.04);
            low /= if axis.low.is_none() { room } else { 1.0 };
            high *= if axis.high.is_none() { room } else { 1.0 };
        }
        let ticks = ticks::shares((low, high), axis.percent, |first, last| match axis.log {
            true => {
                let decades = (high / low).log10();
                ticks::log(first, last, length / decades.max(1e-9), room)
            }
            false => ticks::linear(first, last, (length / room).floor().max(1.0)),
        });
        let mut scale = Self {
            low,
            high,
            log: axis.log,
            ticks: Vec::new(),
        };
        let inside = |t: &Tick| (-1e-9..=1.0 + 1e-9).contains(&scale.share(t.value));
        scale.ticks = ticks.into_iter().filter(inside).collect();
        scale
    }

    /// The place of a value, 0 to 1; beyond that outside, and not a number where there is no place for it.
    pub(super) fn share(&self, value: f64) -> f64 {
        match self.log {
            true if value <= 0.0 => f64::NAN,
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        }
    }
}

/// The place of a panel on the page.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) y: Scale,
}

/// A name in the legend.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) x: f64,
    pub(super) base: f64,
    pub(super) name: String,
    /// The panel and the series that it stands for.
    pub(super) of: (usize, usize),
}

/// The measured figure.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) header: Header,
    pub(super) legend: Vec<Named>,
    pub(super) x: Scale,
    pub(super) panels: Vec<Place>,
}

impl Layout {
    pub(super) fn new(plot: &Plot, style: &Style) -> Self {
        let width = style.page_width();
        let header = Header::new(&plot.title, &plot.subtitle, style);
        let tick = Type::new(TICK, "");
        let mut right = width - PAD;
        let xs = || {
            let panels = plot.panels.iter().flat_map(|panel| &panel.series);
            panels.flat_map(|series| series.points.iter().map(|p| p[0]))
        };
        let room_of = |scale: &Scale| {
            let named = scale.ticks.iter().filter_map(|t| t.label.as_deref());
            named.map(|text| tick.width(text)).fold(0.0, f64::max)
        };
        // Names of levels stand at the right.
        let levels = plot.panels.iter().flat_map(|panel| &panel.levels);
        let beside = levels
            .map(|level| tick.width(&level.label))
            .fold(0.0, f64::max);
        if beside > 0.0 {
            right -= beside.min(width * 0.25) + 5.0;
        }
        let legend = legend(plot, header.bottom, width);
        let under_legend = match legend.last() {
            Some(last) => last.base + TICK * 0.9,
            None => header.bottom,
        };
        // Marks have their names above the plot, in as many lines as it takes.
        let above = match plot.marks.is_empty() {
            true => 0.0,
            false => TICK * 1.35,
        };
        let top = under_legend + 5.0 + above;
        let count = plot.panels.len().max(1) as f64;
        let under = TICK_LENGTH + TICK * 1.4 + LABEL * 1.45 + PAD;
        let each = match style.page_height() {
            Some(height) => ((height - top - under - (count - 1.0) * GAP) / count).max(24.0),
            None if plot.square => (width * 0.62).clamp(84.0, 420.0),
            None if count > 1.5 => (width * 0.2).clamp(56.0, 150.0),
            None => (width * 0.36).clamp(84.0, 240.0),
        };
        // So high that the titles of the upright axes have room in the smallest type.
        let least = plot.panels.iter().map(|panel| {
            let titles = panel.y.titles();
            let titles = titles.iter().filter(|title| !title.trim().is_empty());
            let widths = titles.map(|title| Type::new(LABEL, "").width(title));
            font::SMALLEST * widths.fold(f64::INFINITY, f64::min) - OVER
        });
        let each = match style.page_height() {
            Some(_) => each,
            None => least
                .filter(|least| least.is_finite())
                .fold(each, f64::max)
                .min(each.max(240.0)),
        };
        // Numbers at the y axes decide where the plot begins.
        let y_of = |panel: &Panel| {
            let series = panel.series.iter();
            let ys = series.flat_map(|s| {
                let spread = s.spread.iter().flatten().copied();
                s.points.iter().map(|p| p[1]).chain(spread)
            });
            let levels = panel.levels.iter().map(|level| level.at);
            let padded = (true, plot.square);
            Scale::new(&panel.y, ys.chain(levels), each, TICK * 2.0, padded)
        };
        let mut panels: Vec<Place> = Vec::new();
        for (i, panel) in plot.panels.iter().enumerate() {
            let top = top + i as f64 * (each + GAP);
            panels.push(Place {
                top,
                bottom: top + each,
                y: y_of(panel),
            });
        }
        let widest = panels
            .iter()
            .map(|place| room_of(&place.y))
            .fold(0.0, f64::max);
        let left = PAD + LABEL + 5.0 + widest + TICK_LENGTH + 2.0;
        let marks = plot.marks.iter().map(|mark| mark.at);
        let mut x = Scale::new(
            &plot.x,
            xs().chain(marks),
            (right - left).max(20.0),
            40.0,
            (plot.square, plot.square),
        );
        // The last number reaches beyond the end of the axis.
        let last = x.ticks.iter().rfind(|t| t.label.is_some());
        if let Some(Tick {
            value,
            label: Some(text),
        }) = last
        {
            let end = left + x.share(*value) * (right - left) + tick.width(text) / 2.0;
            right -= (end - (width - PAD)).max(0.0);
        }
        thin(&mut x, right - left, &tick);
        let bottom = panels.last().map_or(top + each, |place| place.bottom);
        Self {
            width,
            height: bottom + under,
            left,
            right,
            header,
            legend,
            x,
            panels,
        }
    }

    /// The place of a value along the x axis.
    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.x.share(value) * (self.right - self.left)
    }
}

impl Place {
    /// The height of a value on the page.
    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - self.y.share(value) * (self.bottom - self.top)
    }
}

/// Takes the numbers from ticks that stand too close to others.
fn thin(scale: &mut Scale, length: f64, style: &Type<'_>) {
    let mut end = f64::NEG_INFINITY;
    let shares: Vec<f64> = scale.ticks.iter().map(|t| scale.share(t.value)).collect();
    for (tick, share) in scale.ticks.iter_mut().zip(shares) {
        let Some(text) = &tick.label else { continue };
        let half = style.width(text) / 2.0;
        let middle = share * length;
        if middle - half < end + 4.0 {
            tick.label = None;
        } else {
            end = middle + half;
        }
    }
}

/// The names of all series that have one, each once, in lines as long as the page.
fn legend(plot: &Plot, top: f64, width: f64) -> Vec<Named> {
    let style = Type::new(TICK, "");
    let mut names: Vec<(String, (usize, usize))> = Vec::new();
    for (p, panel) in plot.panels.iter().enumerate() {
        for (s, series) in panel.series.iter().enumerate() {
            let is_new = names.iter().all(|(name, _)| *name != series.name);
            if !series.name.trim().is_empty() && is_new {
                names.push((series.name.clone(), (p, s)));
            }
        }
    }
    if names.len() < 2 && plot.panels.iter().map(|p| p.series.len()).sum::<usize>() < 2 {
        return Vec::new();
    }
    let (mut x, mut base) = (PAD, top + TICK * 1.25);
    let mut placed = Vec::new();
    for (name, of) in names {
        let room = width - 2.0 * PAD - SAMPLE - 4.0;
        let name = font::fit(&name, style.size, style.weight, room);
        let wide = SAMPLE + 4.0 + style.width(&name) + 12.0;
        if x > PAD && x + wide - 12.0 > width - PAD {
            x = PAD;
            base += TICK * 1.45;
        }
        placed.push(Named { x, base, name, of });
        x += wide;
    }
    placed
}
