//! What is worth pointing out about heads.

use super::measures::HeadMeasure;
use crate::analysis::row_measures::Mean;
use crate::model::Span;

/// The first column of the farthest part of a reach.
pub fn edge(reach: usize) -> usize {
    reach - reach.div_ceil(EDGE_PART)
}

/// Something about a head's span that is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanFlag {
    /// It reaches much further than this text makes use of.
    Unused,
    /// It is limited by its span: the mask takes away much of what it would look at.
    Pressed,
    /// It is limited by its window: much of its weight lies at the far edge.
    Edge,
    /// It sees the whole text and looks only a short way: it could have a window.
    Local,
    /// It does nothing but rest on the first token or a learned sink.
    Sink,
}

impl SpanFlag {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Unused,
        Self::Pressed,
        Self::Edge,
        Self::Local,
        Self::Sink,
    ];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Pressed => "pressed",
            Self::Edge => "edge",
            Self::Local => "local",
            Self::Sink => "sink",
        }
    }
}

/// The farthest of so many parts of a window is its edge.
pub const EDGE_PART: usize = 10;

/// A windowed head is flagged as pressing against its edge where this share of its weight on tokens, or more, lies there: twice
/// what even attention has.
pub const EDGE_SHARE: f32 = 0.2;

/// A head that sees the whole text is flagged as local where 99 % of its weight without sinks lies within this share of the text.
pub const LOCAL_SHARE: f32 = 0.25;

/// Queries that it takes to say so.
pub const LOCAL_QUERIES: usize = 256;

/// A head is flagged as a sink where this share of its weight, or more, is on the first token and its learned sink.
pub const SINK_SHARE: f64 = 0.9;

/// A head is flagged as unused where 99 % of its weight lies within this share of its reach.
pub const UNUSED_SHARE: f32 = 0.25;

/// A reach shorter than so many ramps is never flagged as unused: the ramp alone is a learned span of zero.
pub const UNUSED_RAMPS: usize = 3;

/// Queries that it takes to say that a reach is not used, in terms of the reach: the first ones have no tokens there.
pub const UNUSED_QUERIES: usize = 2;

/// A head is flagged as pressed where the mask takes away this share of its softmax, or more, and much more than of a head that
/// attends evenly ([`PRESSED_EVEN`]).
pub const PRESSED_REMOVED: f32 = 1.0 / 3.0;

/// A head presses against its span only by so many times what even attention would lose or have on the ramp. Where the span
/// is short most distances of its softmax lie on the ramp or beyond, and a head that looks nowhere in particular, as in a network
/// with random weights, loses most of its softmax there.
pub const PRESSED_EVEN: f32 = 1.25;

/// A head is flagged as pressed where this share of its weight on tokens, or more, lies where the mask is below 1.
pub const PRESSED_IN_RAMP: f32 = 0.25;

/// What a head in whose reach the ramp is no more than a small part would have to be for [`PRESSED_IN_RAMP`] to count: of
/// a shorter one the ramp is nearly all that it has, and weight in it says little.
pub const PRESSED_RAMPS: usize = 3;

/// From what on a head of `span` is flagged as pressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pressed {
    /// The share of the softmax that the mask takes away.
    pub removed: f32,
    /// The share of the weight on tokens that lies on the ramp; `None` where the reach has too few ramps for that to say
    /// something.
    pub in_ramp: Option<f32>,
    /// The share that the mask takes away of the softmax of a head that attends evenly.
    pub even_removed: f32,
    /// The share of such a head's weight that lies on the ramp.
    pub even_in_ramp: f32,
}

impl Pressed {
    /// The thresholds of a learned span; `None` where it was not learned.
    pub fn of(span: &Span) -> Option<Self> {
        let ramp = span.ramp()?;
        let masks = |from: usize| {
            let distances = span.distances().skip(from);
            distances.map(|distance| f64::from(span.mask(distance)))
        };
        let on_ramp: f64 = masks(span.whole()).sum();
        let kept = span.whole() as f64 + on_ramp;
        let share = |part: f64, all: f64| match all > 0.0 {
            true => (part / all) as f32,
            false => 0.0,
        };
        // What lies beyond its reach takes part in the softmax, and is taken away as well.
        let all = span.kept.max(span.reach.keys()) as f64;
        let long = span.reach.keys() as f32 >= PRESSED_RAMPS as f32 * ramp.tokens();
        let (even_removed, even_in_ramp) = (share(all - kept, all), share(on_ramp, kept));
        // Half of what is left to lose, where so many times as much would be all of it.
        let much = (PRESSED_EVEN * even_removed).min(0.5 * (1.0 + even_removed));
        Some(Self {
            removed: much.max(PRESSED_REMOVED),
            in_ramp: long.then(|| (PRESSED_EVEN * even_in_ramp).max(PRESSED_IN_RAMP)),
            even_removed,
            even_in_ramp,
        })
    }
}

/// The weight of a head that does nothing: that on the first token, and on its learned sink.
pub fn sunk(measure: &HeadMeasure) -> Option<f64> {
    let rows = measure.rows?;
    let mean = |of: Mean| rows.mean(of).map(|estimate| estimate.mean);
    Some(mean(Mean::Sink)? + mean(Mean::LearnedSink).unwrap_or(0.0))
}

/// What is worth pointing out about a head that has its window by design.
fn flag_by_design(measure: &HeadMeasure, span: &Span) -> Option<SpanFlag> {
    // Where no token sees itself, empty context is what a head rests on.
    if span.nearest == 0 && sunk(measure).is_some_and(|share| share >= SINK_SHARE) {
        return Some(SpanFlag::Sink);
    }
    if span.open {
        let within = measure.rows?.effective[2]?;
        let is_short = within as f32 <= LOCAL_SHARE * measure.queries as f32;
        return (measure.queries >= LOCAL_QUERIES && is_short).then_some(SpanFlag::Local);
    }
    let seen = measure.queries >= UNUSED_QUERIES.saturating_mul(span.reach.keys());
    (seen && span.reach >= EDGE_PART && measure.at_edge >= EDGE_SHARE).then_some(SpanFlag::Edge)
}

/// What is worth pointing out about the span of the head of `span`, on which `measure` was taken; nothing without queries.
pub fn flag(measure: &HeadMeasure, span: &Span) -> Option<SpanFlag> {
    if measure.queries > 0 && !span.is_learned() {
        return flag_by_design(measure, span);
    }
    let ramp = span.ramp().filter(|_| measure.queries > 0)?;
    let from = Pressed::of(span)?;
    let presses = from.in_ramp.is_some_and(|from| measure.in_ramp >= from);
    if measure.removed >= from.removed || presses {
        return Some(SpanFlag::Pressed);
    }
    let used = measure.effective[2]?;
    let is_short = (used as f32) < UNUSED_SHARE * span.reach.keys() as f32;
    let seen = measure.queries >= UNUSED_QUERIES.saturating_mul(span.reach.keys());
    let long = span.reach.keys() as f32 >= UNUSED_RAMPS as f32 * ramp.tokens();
    (long && is_short && seen).then_some(SpanFlag::Unused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::row_measures::{Estimate, MEANS, RowNumbers};
    use crate::analysis::survey::piece::Shape;

    fn soft(reach: usize) -> Span {
        Span {
            designed: crate::model::architecture::Window::Soft {
                limit: 8192,
                ramp: crate::model::DEFAULT_RAMP,
            },
            first: 0,
            columns: reach,
            layer: 1,
            head: 2,
            span: (reach - 32) as f32,
            reach: crate::model::Reach::of(reach),
            kept: reach,
            window: crate::model::architecture::Window::Soft {
                limit: 8192,
                ramp: crate::model::DEFAULT_RAMP,
            },
            nearest: 1,
            open: false,
        }
    }

    fn flagged(reach: usize, change: impl Fn(&mut HeadMeasure)) -> Option<SpanFlag> {
        let mut measure = HeadMeasure::of(&Shape::soft(reach, reach), [].iter());
        measure.queries = 10 * reach;
        measure.effective = [Some(1), Some(2), Some(reach)];
        change(&mut measure);
        let span = soft(reach);
        let fixed = Span {
            window: crate::model::architecture::Window::Fixed(8192),
            ..span
        };
        assert_eq!(flag(&measure, &fixed), None);
        flag(&measure, &span)
    }

    #[test]
    fn a_reach_that_is_not_used_is_flagged_and_a_minimal_one_never() {
        let used = |distance| move |m: &mut HeadMeasure| m.effective[2] = Some(distance);
        assert_eq!(flagged(400, used(99)), Some(SpanFlag::Unused));
        assert_eq!(flagged(400, used(100)), None);
        assert_eq!(flagged(32, used(1)), None);
        assert_eq!(flagged(95, used(1)), None);
        assert_eq!(flagged(96, used(1)), Some(SpanFlag::Unused));
        // The text is too short to tell, or no weight is on it.
        let short = |m: &mut HeadMeasure| (m.effective[2], m.queries) = (Some(1), 799);
        assert_eq!(flagged(400, short), None);
        assert_eq!(flagged(400, |m| m.effective = [None; 3]), None);
    }

    #[test]
    fn a_head_that_presses_against_its_span_is_flagged() {
        let removed = |share| move |m: &mut HeadMeasure| m.removed = share;
        assert_eq!(flagged(32, removed(0.65)), Some(SpanFlag::Pressed));
        assert_eq!(flagged(100, removed(0.34)), Some(SpanFlag::Pressed));
        assert_eq!(flagged(400, removed(0.01)), None);
        let in_ramp = |m: &mut HeadMeasure| m.in_ramp = 0.5;
        assert_eq!(flagged(400, in_ramp), Some(SpanFlag::Pressed));
        assert_eq!(flagged(32, in_ramp), None);
    }
    #[test]
    fn a_head_that_attends_evenly_is_not_flagged_whatever_its_span() {
        for reach in [32, 33, 40, 64, 95, 96, 97, 128, 400, 4000] {
            let span = soft(reach);
            // The mask's own sum over all distances, one by one.
            let masks: Vec<f32> = (1..=reach).map(|distance| span.mask(distance)).collect();
            let kept: f32 = masks.iter().sum();
            let on_ramp: f32 = masks.iter().filter(|mask| **mask < 1.0).sum();
            let even = |m: &mut HeadMeasure| {
                m.removed = 1.0 - kept / reach as f32;
                m.in_ramp = on_ramp / kept;
            };
            assert_eq!(flagged(reach, even), None, "{reach}");
            // One that attends to what the mask hides most is.
            let far = |m: &mut HeadMeasure| m.removed = 0.9;
            assert_eq!(flagged(reach, far), Some(SpanFlag::Pressed), "{reach}");
        }
        let of = |reach| Pressed::of(&soft(reach)).unwrap();
        assert!((of(32).removed - 1.25 * 15.5 / 32.0).abs() < 1e-6);
        assert_eq!(
            (of(32).in_ramp, of(400).in_ramp),
            (None, Some(PRESSED_IN_RAMP))
        );
        assert_eq!(of(400).removed, PRESSED_REMOVED);
    }

    #[test]
    fn what_lies_beyond_the_reach_counts_for_even_attention_too() {
        // A reach of 35 in a layer whose longest one makes the softmax 128 distances wide: even attention loses 85 % of it.
        let span = Span {
            kept: 128,
            ..soft(35)
        };
        let from = Pressed::of(&span).unwrap();
        let masks: f32 = (1..=35).map(|distance| span.mask(distance)).sum();
        let even = 1.0 - masks / 128.0;
        assert!((from.even_removed - even).abs() < 1e-5 && even > 0.84);
        assert!((from.removed - 0.5 * (1.0 + even)).abs() < 1e-5);
        let flagged = |removed| {
            let mut measure = HeadMeasure::of(&Shape::soft(35, 35), [].iter());
            (measure.queries, measure.removed) = (1000, removed);
            flag(&measure, &span)
        };
        assert_eq!(flagged(0.6), None);
        assert_eq!(flagged(even), None);
        assert_eq!(flagged(0.95), Some(SpanFlag::Pressed));
    }

    /// A head that has its window by design, or sees all, with what is measured on single rows.
    fn designed(open: bool, reach: usize, change: impl Fn(&mut HeadMeasure)) -> Option<SpanFlag> {
        use crate::model::architecture::Window;
        let window = match open {
            true => Window::Full,
            false => Window::Fixed(reach),
        };
        let span = Span {
            window,
            designed: window,
            nearest: 0,
            open,
            span: reach as f32,
            ..soft(reach + 32)
        };
        let span = Span {
            reach: crate::model::Reach::of(reach),
            ..span
        };
        let mut measure = HeadMeasure::of(&Shape::soft(reach, reach), [].iter());
        measure.queries = 2000;
        let mean = |mean| Some(Estimate { mean, error: None });
        let mut means = [None; MEANS];
        (means[Mean::Sink.index()], means[Mean::LearnedSink.index()]) = (mean(0.3), mean(0.1));
        measure.rows = Some(RowNumbers {
            sink_free: 1,
            effective: [Some(5), Some(100), Some(1000)],
            quantiles: None,
            norm_effective: None,
            means,
        });
        change(&mut measure);
        flag(&measure, &span)
    }

    #[test]
    fn designed_windows_have_flags_of_their_own() {
        let within = |distance| {
            move |m: &mut HeadMeasure| m.rows.as_mut().unwrap().effective[2] = Some(distance)
        };
        assert_eq!(designed(true, 4096, |_| {}), None);
        assert_eq!(designed(true, 4096, within(500)), Some(SpanFlag::Local));
        assert_eq!(designed(true, 4096, within(501)), None);
        assert_eq!(designed(false, 512, within(5)), None);
        let at_edge = |share| move |m: &mut HeadMeasure| m.at_edge = share;
        assert_eq!(designed(false, 512, at_edge(0.2)), Some(SpanFlag::Edge));
        assert_eq!(designed(false, 512, at_edge(0.19)), None);
        // The text is too short to tell.
        assert_eq!(designed(false, 1001, at_edge(0.9)), None);
        let sinks = |m: &mut HeadMeasure| {
            let sink = Some(Estimate {
                mean: 0.8,
                error: None,
            });
            m.rows.as_mut().unwrap().means[Mean::Sink.index()] = sink;
        };
        assert_eq!(designed(false, 512, sinks), Some(SpanFlag::Sink));
        assert_eq!(designed(true, 4096, sinks), Some(SpanFlag::Sink));
        assert_eq!(edge(512), 460);
    }
}
