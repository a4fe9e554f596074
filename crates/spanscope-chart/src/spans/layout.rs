//! The places of the parts of a span chart.

use super::super::Style;
use super::super::canvas::Type;
use super::super::header::Header;
use super::super::theme::{self, LABEL, TICK};
use super::super::ticks::{self, Tick};
use super::overlay::{self, Entry};
use super::{HeadSpan, SpanChart};

/// Room around the figure, in points.
pub(super) const PAD: f64 = 6.0;
/// Room between the groups of two layers, in heads.
const GAP: f64 = 1.0;
/// Length of a major tick mark.
pub(super) const TICK_LENGTH: f64 = 3.0;

/// Heads that stand together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The layer, from 0.
    pub(super) layer: usize,
    /// The left and right edges of its band.
    pub(super) left: f64,
    pub(super) right: f64,
}

/// The measured figure.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// The heads in drawing order, with the middle of each one's place.
    pub(super) heads: Vec<(HeadSpan, f64)>,
    /// One group for each layer.
    pub(super) groups: Vec<Group>,
    /// Every layer that occurs, in order.
    pub(super) layers: Vec<usize>,
    /// Distance between two heads.
    pub(super) pitch: f64,
    pub(super) ticks: Vec<Tick>,
    pub(super) header: Header,
    /// The legend of what lies over the marks.
    pub(super) legend: Vec<Entry>,
    /// True if the limit has a line.
    pub(super) limit: bool,
    pub(super) limit_label: String,
    /// True if heads that nothing ends have a line of their own above the others.
    pub(super) endless: bool,
    /// True if every mark has its number.
    pub(super) values: bool,
    /// True if every head has its name under it.
    pub(super) names: bool,
    /// True if the layers are written out: "Layer 1".
    pub(super) long_layers: bool,
    linear: bool,
    low: f64,
    high: f64,
    headroom: f64,
}

impl Layout {
    /// Measures a chart.
    pub(super) fn new(chart: &SpanChart, style: &Style) -> Self {
        let width = style.page_width();
        let tick = Type::new(TICK, "");
        let heads = chart.ordered();
        let mut layers: Vec<usize> = heads.iter().map(|h| h.layer).collect();
        layers.sort_unstable();
        layers.dedup();

        let values = || {
            heads
                .iter()
                .chain(&chart.trained)
                .filter_map(|h| chart.value(h))
                .filter(|v| v.is_finite())
        };
        let largest = values().fold(0.0, f64::max);
        let limit = shows_limit(chart, largest);
        let endless = heads.iter().any(|h| chart.value(h).is_none());
        let limit_label = match endless {
            true => "no limit".into(),
            false => limit_words(chart).unwrap_or_default(),
        };
        let header = Header::new(&chart.title, &subtitle(chart, limit), style);
        let (legend, y) = overlay::legend(chart, width, header.bottom);
        let top = y + 5.0;
        let plot_height = match style.page_height() {
            // What stands under the plot takes three lines at most.
            // The axis needs room for its name.
            Some(height) => (height - top - 3.0 * LABEL * 1.45 - PAD).max(64.0),
            None => (width * 0.34).clamp(96.0, 260.0),
        };
        let bottom = top + plot_height;

        // The vertical axis.
        let used = chart.effective.iter().flat_map(|e| {
            let marked = e.drawn().into_iter().zip(chart.marked);
            marked.filter_map(|(tokens, marked)| tokens.filter(|_| marked))
        });
        let most = used
            .clone()
            .max()
            .map_or(largest, |n| largest.max(n as f64));
        let high = match endless {
            // Of a text longer than the context, what is used may lie beyond it.
            false if most > largest => axis_end(chart, limit, largest).max(1.1 * most),
            false => axis_end(chart, limit, largest),
            // What nothing ends stands clear above what has a number.
            true => most.max(10.0) * if chart.linear { 1.25 } else { 3.0 },
        };
        // The paper's axis begins at 10; lower where a head is.
        let reaches = heads.iter().filter_map(|h| h.reach);
        let smallest = reaches.chain(used).min().unwrap_or(0);
        let low = match chart.effective.is_empty() {
            _ if smallest > 12 && high > 20.0 => 10.0,
            true => 1.0,
            // A dash at distance 1 stands clear of the axis.
            false => 0.8,
        };
        let line = TICK * 1.45;
        let mut layout = Self {
            width,
            height: 0.0,
            left: 0.0,
            right: width - PAD,
            top,
            bottom,
            heads: Vec::new(),
            groups: Vec::new(),
            layers,
            pitch: 0.0,
            ticks: Vec::new(),
            header,
            legend,
            limit,
            limit_label,
            endless,
            values: false,
            names: false,
            long_layers: false,
            linear: chart.linear,
            low,
            high,
            headroom: 12.0,
        };
        let length = plot_height - layout.headroom;
        layout.ticks = if chart.linear {
            ticks::linear(0.0, high, (length / (2.2 * line)).floor())
        } else {
            ticks::log(low.max(1.0), high, length / (high / low).log10(), line)
        };
        // Without a number there is no scale.
        if endless && largest == 0.0 && chart.effective.is_empty() {
            layout.ticks.clear();
        }
        let numbers = layout.ticks.iter().filter_map(|t| t.label.as_deref());
        let widest = numbers.map(|t| tick.width(t)).fold(0.0, f64::max);
        layout.left = PAD + LABEL + 5.0 + widest + TICK_LENGTH + 2.0;
        if limit || endless {
            layout.right -= tick.width(&layout.limit_label) + 4.0;
        }
        layout.place(heads);

        // What there is room for at the marks and under them.
        let width_of = |text: String| tick.width(&text);
        let widest =
            |texts: &mut dyn Iterator<Item = String>| texts.map(width_of).fold(0.0, f64::max);
        let marks = &layout.heads;
        let value = widest(&mut marks.iter().map(|(h, _)| value_words(chart.value(h))));
        let name = widest(&mut marks.iter().map(|(h, _)| head_name(h)));
        // Above a head, where its number would stand, may lie what it uses.
        layout.values =
            !endless && most <= largest && !marks.is_empty() && layout.pitch >= value + 3.0;
        layout.names = !marks.is_empty() && layout.pitch >= name + 4.0;
        let narrowest = layout.groups.iter().map(|g| g.right - g.left);
        let narrowest = narrowest.fold(f64::INFINITY, f64::min);
        let long = widest(&mut layout.layers.iter().map(|l| layer_name(*l)));
        layout.long_layers = !layout.groups.is_empty() && narrowest >= long + 6.0;
        if !layout.values {
            let named = !overlay::outstanding(chart).is_empty();
            layout.headroom = if named { 10.0 } else { 5.0 };
        }
        let rows = if !layout.names { 1.0 } else { 2.0 };
        layout.height = bottom + TICK_LENGTH + rows * TICK * 1.4 + LABEL * 1.45 + PAD;
        layout
    }

    /// Gives every head its place.
    fn place(&mut self, heads: Vec<HeadSpan>) {
        let count = heads.len().max(1) as f64;
        let room = (self.right - self.left).max(1.0);
        let gaps = self.layers.len().saturating_sub(1) as f64;
        let edge = GAP / 2.0;
        self.pitch = room / (count + gaps * GAP + 2.0 * edge);
        let mut x = self.left + edge * self.pitch;
        let mut start = self.left;
        for (i, head) in heads.iter().enumerate() {
            self.heads.push((*head, x + self.pitch / 2.0));
            x += self.pitch;
            let last = heads.get(i + 1).is_none_or(|next| next.layer != head.layer);
            if last {
                let right = (x + GAP / 2.0 * self.pitch).min(self.right);
                self.groups.push(Group {
                    layer: head.layer,
                    left: start,
                    right,
                });
                start = right;
                x += GAP * self.pitch;
            }
        }
    }

    /// The radius of a mark.
    pub(super) fn radius(&self) -> f64 {
        (self.pitch * 0.36).clamp(0.7, 2.4)
    }

    /// The height of what may have no end on the page.
    pub(super) fn height_of(&self, value: Option<f64>) -> f64 {
        self.y(value.unwrap_or(self.high))
    }

    /// The height of a value on the page.
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = if self.linear {
            value / self.high
        } else {
            (value.max(self.low) / self.low).log10() / (self.high / self.low).log10()
        };
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top - self.headroom)
    }
}

/// The name under a head, where there is room.
pub(super) fn head_name(head: &HeadSpan) -> String {
    head.head.to_string()
}

/// A layer written out.
pub(super) fn layer_name(layer: usize) -> String {
    format!("Layer {layer}")
}

/// A head's number, or the word for none.
pub(super) fn value_words(value: Option<f64>) -> String {
    value.map_or_else(|| "no limit".into(), theme::short)
}

/// The name of the limit: "S = 8,192", or "context 2,048" where it is what the model was trained for.
fn limit_words(chart: &SpanChart) -> Option<String> {
    let limit = ticks::number(chart.limit? as f64, 1.0);
    Some(match chart.is_context {
        true => format!("context {limit}"),
        false => format!("S = {limit}"),
    })
}

/// True if a line at the limit leaves enough of the plot to the heads.
fn shows_limit(chart: &SpanChart, largest: f64) -> bool {
    let Some(limit) = chart.limit.filter(|limit| *limit > 0) else {
        return false;
    };
    if chart.heads.is_empty() {
        return true;
    }
    let limit = limit as f64;
    if chart.linear {
        limit <= 1.6 * largest
    } else {
        limit.ln() <= 1.5 * largest.max(10.0).ln()
    }
}

/// The value at the top of the axis.
fn axis_end(chart: &SpanChart, limit: bool, largest: f64) -> f64 {
    let shown = chart.limit.filter(|_| limit).unwrap_or(0) as f64;
    let end = largest.max(shown);
    end.max(if chart.linear { 1.0 } else { 10.0 })
}

/// "mean span 41.3, largest 106, 16 heads"; of heads without learnt spans "mean reach 384, …".
fn subtitle(chart: &SpanChart, limit_shown: bool) -> String {
    let count = chart.heads.len();
    let mut parts = Vec::new();
    if let (Some(mean), Some(largest)) = (chart.mean_span(), chart.largest_span()) {
        if count == 1 {
            parts.push(format!("{} {}", chart.quantity(), theme::short(mean)));
        } else {
            parts.push(format!("mean {} {}", chart.quantity(), theme::short(mean)));
            parts.push(format!("largest {}", theme::short(largest)));
        }
    }
    let endless = chart.heads.iter().filter(|h| h.reach.is_none()).count();
    if endless > 0 {
        parts.push(match endless {
            all if all == count => "no window and no context is designed".to_owned(),
            some => format!("{some} without a limit"),
        });
    } else if !limit_shown && chart.limit.is_some_and(|limit| limit > 0) {
        parts.extend(limit_words(chart));
    }
    parts.push(match count {
        0 => "no heads".to_owned(),
        1 => "1 head".to_owned(),
        n => format!("{n} heads"),
    });
    parts.join(", ")
}
