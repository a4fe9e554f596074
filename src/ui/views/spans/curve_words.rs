//! What is said of the leading head: how far it was designed to look, and where its weight rests.

use super::facts::Facts;
use crate::analysis::Mean;
use crate::chart::thousands;
use crate::model::Span;
use crate::model::architecture::Position;
use crate::ui::language::{tr, trf};
use crate::ui::widgets::names::{percent, reach_words};

/// z, ramp and reach in a few words.
pub(super) fn numbers(span: &Span) -> String {
    let reach = reach_words(span.reach);
    if let Some(ramp) = span.ramp() {
        let z = format!("{:.1}", span.span);
        trf("z {0} · ramp {1} · reach {2} tokens", &[&z, &ramp, &reach])
    } else if span.open {
        tr("full context").to_owned()
    } else if span.nearest == 0 {
        let words = trf("window of {0} tokens", &[&reach]);
        match span.first {
            0 => words,
            first => trf("{0} and the first {1}", &[&words, &first]),
        }
    } else {
        trf("fixed span of {0} tokens", &[&reach])
    }
}

/// What else is known of a head without a soft mask, the longest line first: how its position bias falls, its sinks, and what the
/// dashed line is.
pub(super) fn more_of(facts: &Facts, span: &Span) -> Vec<String> {
    let masked = (span.nearest != 0).then(|| tr("no soft mask").to_owned());
    let later = facts.architecture().is_bidirectional();
    let later = later.then(|| tr("dashed: to later tokens").to_owned());
    let sinks = sinks(facts, span);
    let line = |bias: Option<String>, sinks: &[String]| {
        let parts = masked.iter().cloned().chain(bias);
        let parts = parts.chain(sinks.iter().cloned()).chain(later.clone());
        parts.collect::<Vec<_>>().join(" · ")
    };
    let Some(slope) = slope(facts, span) else {
        return vec![line(None, &sinks)];
    };
    // The bias alone takes all but 1 % of a weight there.
    let left = thousands((100_f32.ln() / slope).ceil() as usize);
    let slope = format!("{slope:.4}");
    let slope = slope.trim_end_matches('0').trim_end_matches('.');
    let long = trf(
        "ALiBi slope {0}: 1 % left at distance {1}",
        &[&slope, &left],
    );
    let short = trf("ALiBi slope {0}", &[&slope]);
    vec![
        line(Some(long), &sinks),
        line(Some(short.clone()), &sinks),
        line(Some(short), &[]),
    ]
}

/// The slope of the head's position bias, where it has one.
fn slope(facts: &Facts, span: &Span) -> Option<f32> {
    let layer = facts.architecture().layers.get(span.layer)?;
    let slope = match &layer.attention.position {
        Position::Alibi { slopes } => *slopes.get(span.head)?,
        _ => return None,
    };
    (slope > 0.0).then_some(slope)
}

/// The shares of the weight on sinks, where tokens see themselves.
fn sinks(facts: &Facts, span: &Span) -> Vec<String> {
    let rows = facts.measure(span.id()).and_then(|measure| measure.rows);
    let Some(rows) = rows.filter(|_| span.nearest == 0) else {
        return Vec::new();
    };
    let mean = |mean: Mean| {
        rows.mean(mean)
            .map(|estimate| percent(estimate.mean as f32))
    };
    let first = mean(Mean::Sink).map(|share| trf("first token {0}", &[&share]));
    let learned = facts.architecture().has_sinks();
    let learned = mean(Mean::LearnedSink).filter(|_| learned);
    let learned = learned.map(|share| trf("learned sink {0}", &[&share]));
    first.into_iter().chain(learned).collect()
}
