//! The overlays on the marks of a span chart: what a text uses, what was set by hand, the names of long heads.

use svg::Node;
use svg::node::element::{Element, Group};

use super::super::canvas::{Anchor, Canvas, Type, line, round};
use super::super::font;
use super::super::theme::{TICK, Theme};
use super::super::ticks::thousands;
use super::draw::shape;
use super::layout::{Layout, PAD};
use super::{EffectiveSpan, HeadSpan, SpanChart};

/// Widths of the dashes at 50, 90 and 99 % of the weight, in points.
const DASHES: [f64; 3] = [1.4, 0.9, 0.5];

/// Length of a sample in the legend.
const SAMPLE: f64 = 9.0;

/// The kind of mark that a sample in the legend stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    Dash(usize),
    Ghost,
    Cross,
}

/// One entry of the legend: its sample, the left end and the baseline, and its words.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    sample: Sample,
    x: f64,
    base: f64,
    words: String,
}

/// What effective spans leave out, in words.
fn without(first_tokens: usize) -> String {
    match first_tokens {
        0 => String::new(),
        1 => ", without the first token".to_owned(),
        n => format!(", without the first {} tokens", thousands(n)),
    }
}

/// The legend of what lies over the marks, in lines of `width` from `top` on; and where it ends.
pub(super) fn legend(chart: &SpanChart, width: f64, top: f64) -> (Vec<Entry>, f64) {
    let marked =
        |i: &usize| chart.marked[*i] && chart.effective.iter().any(|e| e.drawn()[*i].is_some());
    let shares: Vec<usize> = (0..3).filter(marked).collect();
    let last = shares.last().copied();
    let mut found: Vec<(Sample, String)> = shares
        .into_iter()
        .map(|i| {
            let share = ["50 %", "90 %", "99 %"][i];
            let words = match Some(i) == last {
                true => format!(
                    "{share} of the weight on the text{}",
                    without(chart.without)
                ),
                false => share.to_owned(),
            };
            (Sample::Dash(i), words)
        })
        .collect();
    if !chart.trained.is_empty() {
        found.push((Sample::Ghost, "as trained, where set by hand".into()));
    }
    if !chart.ablated.is_empty() {
        found.push((Sample::Cross, "ablated".into()));
    }
    if found.is_empty() {
        return (Vec::new(), top);
    }
    let style = Type::new(TICK, "");
    let (mut x, mut base) = (PAD, top + TICK);
    let mut entries = Vec::new();
    for (sample, words) in found {
        let room = width - 2.0 * PAD - SAMPLE - 4.0;
        let words = font::fit(&words, style.size, style.weight, room);
        let wide = SAMPLE + 4.0 + style.width(&words);
        if x > PAD && x + wide > width - PAD {
            x = PAD;
            base += TICK * 1.45;
        }
        entries.push(Entry {
            sample,
            x,
            base,
            words,
        });
        x += wide + 10.0;
    }
    (entries, base + TICK * 0.5)
}

/// Draws the legend.
pub(super) fn draw_legend(page: &mut Canvas, entries: &[Entry], theme: &Theme) {
    for entry in entries {
        let y = entry.base - TICK * font::CAP_HEIGHT / 2.0;
        let (left, middle) = (entry.x, entry.x + SAMPLE / 2.0);
        match entry.sample {
            Sample::Dash(i) => page.line((left, y), (left + SAMPLE, y), theme.ink, DASHES[i]),
            Sample::Ghost => page.add(hollow(middle, y, 2.2, theme)),
            Sample::Cross => page.add(cross(middle, y, 2.2, theme.ink)),
        }
        let style = Type::new(TICK, theme.ink);
        page.text(left + SAMPLE + 4.0, entry.base, &entry.words, style);
    }
}

/// Dashes at what a text uses of a head's span.
pub(super) fn dashes(
    group: &mut Group,
    (used, marked): (&EffectiveSpan, [bool; 3]),
    x: f64,
    at: &Layout,
    theme: &Theme,
) {
    let half = (at.pitch * 0.42).clamp(0.5, 4.0);
    for ((tokens, marked), width) in used.drawn().into_iter().zip(marked).zip(DASHES) {
        let Some(tokens) = tokens.filter(|_| marked) else {
            continue;
        };
        let y = at.y(tokens as f64);
        group.append(line((x - half, y), (x + half, y), theme.ink, width));
    }
}

/// A hollow mark at the span that a head was trained to, and the way from there to the one that was set.
pub(super) fn ghost(group: &mut Group, (x, from, to): (f64, f64, f64), radius: f64, theme: &Theme) {
    let mut way = line((x, from), (x, to), theme.muted, 0.6);
    way.assign("stroke-dasharray", "1.5 1.2");
    group.append(way);
    group.append(hollow(x, from, radius, theme));
}

fn hollow(x: f64, y: f64, radius: f64, theme: &Theme) -> Element {
    let mut hollow = shape(x, y, radius.max(1.3), 0, theme.background);
    hollow.assign("stroke", theme.muted);
    hollow.assign("stroke-width", 0.8);
    hollow
}

/// The mark of a head that contributes nothing.
pub(super) fn cross(x: f64, y: f64, radius: f64, color: &str) -> Element {
    let r = round((radius * 1.1).max(1.7));
    let mut cross = Element::new("path");
    let (left, top) = (round(x - r), round(y - r));
    cross.assign(
        "d",
        format!("M{left} {top}l{0} {0}m0 -{0}l-{0} {0}", 2.0 * r),
    );
    cross.assign("stroke", color);
    cross.assign("stroke-width", 1);
    cross.assign("fill", "none");
    cross
}

/// The heads that stand out: the longest, if they are several times as long as most.
pub(super) fn outstanding(chart: &SpanChart) -> Vec<HeadSpan> {
    let value = |head: &HeadSpan| chart.value(head).unwrap_or(f64::NAN);
    let heads = chart.heads.iter().copied();
    let mut heads: Vec<HeadSpan> = heads.filter(|h| value(h).is_finite()).collect();
    heads.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let Some(middle) = heads.get(heads.len() / 2) else {
        return heads;
    };
    let least = 4.0 * value(middle).max(1.0);
    heads.retain(|head| value(head) >= least);
    // Where more are equally long than have names, length is no name of theirs: layers with windows by design.
    if let Some(next) = heads.get(chart.named).map(value) {
        heads.truncate(chart.named);
        heads.retain(|head| value(head) > next);
    }
    heads
}

/// True if a name of that width, with its left end and its baseline there, would lie over a mark.
fn covers_mark(chart: &SpanChart, at: &Layout, (left, base): (f64, f64), wide: f64) -> bool {
    let radius = at.radius();
    let (top, right) = (base - TICK * font::CAP_HEIGHT, left + wide);
    at.heads.iter().any(|(head, x)| {
        let y = at.height_of(chart.value(head));
        (left - radius..right + radius).contains(x) && (top - radius..base + radius).contains(&y)
    })
}

/// Names of the heads that stand out, "L9H7", where nothing is in their way.
pub(super) fn names(page: &mut Canvas, chart: &SpanChart, at: &Layout, theme: &Theme) {
    if at.values {
        return;
    }
    let style = Type::new(TICK, theme.ink);
    for long in outstanding(chart) {
        let is_it =
            |(head, _): &(HeadSpan, f64)| (head.layer, head.head) == (long.layer, long.head);
        let Some(i) = at.heads.iter().position(is_it) else {
            continue;
        };
        let x = at.heads[i].1;
        let text = long.id().to_string();
        let (wide, y) = (style.width(&text), at.height_of(chart.value(&long)));
        // Above the mark; beside a line that goes on rising, left of it. Where another name is in the way, around the mark.
        let rising = chart.sort
            && at
                .heads
                .get(i + 1)
                .is_some_and(|(h, _)| h.layer == long.layer);
        let line = TICK * (font::ASCENT + font::DESCENT);
        let middle = y + TICK * font::CAP_HEIGHT / 2.0;
        let above = (x - wide / 2.0, y - 4.0);
        let beside = [(x - 3.5 - wide, middle), (x + 3.5, middle)];
        let further = [
            (above.0, above.1 - line),
            (x - 3.5 - wide, middle - line),
            (x + 3.5, middle - line),
            (x - 3.5 - wide, middle + line),
            (x + 3.5, middle + line),
            (above.0, above.1 - 2.0 * line),
            (above.0, above.1 - 3.0 * line),
            (x - 3.5 - wide, middle - 2.0 * line),
            (x + 3.5, middle - 2.0 * line),
            (x - 3.5 - wide, middle + 2.0 * line),
            (x + 3.5, middle + 2.0 * line),
            (x - 3.5 - wide, middle + 3.0 * line),
            (x + 3.5, middle + 3.0 * line),
        ];
        let mut places = match rising {
            true => vec![beside[0], above, beside[1]],
            false => vec![above, beside[0], beside[1]],
        };
        places.extend(further);
        let free = places.into_iter().filter_map(|(left, base)| {
            let left = left.clamp(at.left, (at.right - wide).max(at.left));
            let (top, bottom) = (base - TICK * font::ASCENT, base + TICK * font::DESCENT);
            page.is_free((left, top), (left + wide, bottom))
                .then_some((left, base))
        });
        let free: Vec<(f64, f64)> = free.collect();
        // Over other marks only where there is no room beside them.
        let clear = free
            .iter()
            .find(|place| !covers_mark(chart, at, **place, wide));
        let free = clear.or(free.first()).copied();
        if let Some((left, base)) = free {
            let style = style.anchor(Anchor::Start);
            page.text_halo(left, base, &text, style, theme.background);
        }
    }
}
