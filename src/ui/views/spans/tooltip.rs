//! What is said of a head under the pointer.

use super::curve_words::numbers;
use super::facts::Facts;
use super::sinks::words as without;
use crate::analysis::{
    EDGE_SHARE, EFFECTIVE_SHARES, HeadMeasure, LOCAL_SHARE, Pressed, SINK_SHARE, SpanFlag,
    UNUSED_SHARE, sunk,
};
use crate::chart::thousands;
use crate::model::{HeadId, Span};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::widgets::fact_rows::fact_rows;
use crate::ui::widgets::names::{head_name, percent, reach_in_tokens, reach_words, tokens};
use eframe::egui::Ui;

/// Why a head is flagged: its numbers, and from what on they count.
fn flag_words(flag: SpanFlag, measure: &HeadMeasure, span: &Span) -> String {
    if flag == SpanFlag::Unused {
        return trf(
            "Not used: it reaches {0} tokens back, but 99 % of its weight on this text lies within {1} (flagged below {2} % of \
             the reach).",
            &[
                &reach_words(span.reach),
                &thousands(measure.effective[2].unwrap_or(0)),
                &(100.0 * UNUSED_SHARE),
            ],
        );
    }
    match flag {
        SpanFlag::Edge => {
            return trf(
                "Window-limited: {0} of its weight lies in the farthest tenth of the window (flagged from {1}; even attention \
                 would have 10 %).",
                &[&percent(measure.at_edge), &percent(EDGE_SHARE)],
            );
        }
        SpanFlag::Local => {
            let within = measure.rows.and_then(|rows| rows.effective[2]);
            return trf(
                "Could be windowed: it sees the whole text, but 99 % of its weight lies within {0} tokens (flagged up to {1} % of \
                 the text).",
                &[&thousands(within.unwrap_or(0)), &(100.0 * LOCAL_SHARE)],
            );
        }
        SpanFlag::Sink => {
            return trf(
                "Only sinks: {0} of its weight is on the first token or its learned sink (flagged from {1}).",
                &[
                    &percent(sunk(measure).unwrap_or(0.0) as f32),
                    &percent(SINK_SHARE as f32),
                ],
            );
        }
        SpanFlag::Unused | SpanFlag::Pressed => {}
    }
    match Pressed::of(span) {
        Some(from) if measure.removed < from.removed => trf(
            "Span-limited: {0} of its weight lies on the ramp (flagged from {1}; even attention would have {2}).",
            &[
                &percent(measure.in_ramp),
                &percent(from.in_ramp.unwrap_or(1.0)),
                &percent(from.even_in_ramp),
            ],
        ),
        Some(from) => trf(
            "Span-limited: the mask takes away {0} of its softmax (flagged from {1}; even attention would lose \
             {2}).",
            &[
                &percent(measure.removed),
                &percent(from.removed),
                &percent(from.even_removed),
            ],
        ),
        None => String::new(),
    }
}

/// The numbers of a head.
pub(super) fn tooltip(ui: &mut Ui, facts: &Facts, head: HeadId) {
    let Some(span) = facts.span(head) else {
        return;
    };
    ui.label(strong(head_name(head)));
    fact_rows(ui, |row| {
        row(tr("reach"), reach_in_tokens(span.reach));
        if let Some(ramp) = span.ramp() {
            row(tr("span z"), format!("{:.1}", span.span));
            row(tr("ramp"), trf("{0} tokens", &[&ramp]));
        } else {
            row(tr("span"), numbers(span));
        }
        if let Some(trained) = facts.ghost(head) {
            row(tr("trained z"), format!("{:.1}", trained.span));
        }
        if let Some(measure) = facts.measure(head) {
            // Of the tokens that the bars are of.
            let free = measure.rows.filter(|rows| rows.sink_free > 0);
            let effective = free.map_or(measure.effective, |rows| rows.effective);
            for (share, held) in EFFECTIVE_SHARES.iter().zip(effective) {
                let mut name = trf("{0} % of the weight within", &[&(100.0 * share)]);
                if let Some(rows) = free {
                    name = format!(
                        "{name}, {}",
                        without(usize::try_from(rows.sink_free).unwrap_or(usize::MAX))
                    );
                }
                let value = held.map_or_else(|| "–".to_owned(), tokens);
                row(&name, value);
            }
            if let Some(later) = measure.later {
                row(tr("weight on later tokens"), percent(later.weight));
                for (share, held) in EFFECTIVE_SHARES.iter().zip(later.effective) {
                    let name = trf("{0} % of that within", &[&(100.0 * share)]);
                    let value = held.map_or_else(|| "–".to_owned(), tokens);
                    row(&name, value);
                }
            }
            if span.is_learned() {
                row(tr("weight on the ramp"), percent(measure.in_ramp));
                row(tr("removed by the mask"), percent(measure.removed));
            }
        }
    });
    if facts.ablated(head) {
        ui.label(tr("Ablated: it adds nothing to the layer's output."));
    }
    ui.set_max_width(300.0);
    if let (Some(flag), Some(measure)) = (facts.flag(head), facts.measure(head)) {
        ui.label(flag_words(flag, measure, span));
    }
    let hint = if facts.editable && facts.is_edited {
        tr("Click to select; drag to change its span; right click for more")
    } else if facts.editable {
        tr("Click to select; Alt+drag to change its span; right click for more")
    } else {
        tr("Click to select")
    };
    ui.label(quiet(hint));
}
