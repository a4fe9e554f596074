//! What is said of a head under the pointer.

use super::facts::Facts;
use crate::analysis::{EFFECTIVE_SHARES, SpanFlag};
use crate::chart::thousands;
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::widgets::fact_rows::fact_rows;
use crate::ui::widgets::names::{head_name, percent};
use eframe::egui::Ui;

/// The numbers of a head.
pub(super) fn tooltip(ui: &mut Ui, facts: &Facts, head: HeadId) {
    let Some(span) = facts.span(head) else {
        return;
    };
    ui.label(strong(head_name(head)));
    fact_rows(ui, "numbers", |row| {
        let tokens = |n: usize| trf("{0} tokens", &[&thousands(n)]);
        row(tr("reach"), tokens(span.reach));
        if let Some(ramp) = span.ramp() {
            row(tr("span z"), format!("{:.1}", span.span));
            row(tr("ramp"), tokens(ramp));
        } else {
            row(tr("span"), tr("fixed").to_owned());
        }
        if let Some(trained) = facts.ghost(head) {
            row(tr("trained z"), format!("{:.1}", trained.span));
        }
        if let Some(measure) = facts.measure(head) {
            for (share, held) in EFFECTIVE_SHARES.iter().zip(measure.effective) {
                let name = trf("{0} % of the weight within", &[&(100.0 * share)]);
                let value = held.map_or_else(|| "–".to_owned(), tokens);
                row(&name, value);
            }
            if span.is_learned() {
                row(tr("weight on the ramp"), percent(measure.in_ramp));
                row(tr("removed by the mask"), percent(measure.removed));
            }
        }
    });
    if facts.silenced(head) {
        ui.label(tr("Silenced: it adds nothing to the layer's output."));
    }
    ui.set_max_width(300.0);
    if let (Some(flag), Some(measure)) = (facts.flag(head), facts.measure(head)) {
        ui.label(match flag {
            SpanFlag::Unused => trf(
                "Not used: it reaches {0} tokens back, but 99 % of its weight on this text lies within {1}.",
                &[
                    &thousands(span.reach),
                    &thousands(measure.effective[2].unwrap_or(0)),
                ],
            ),
            SpanFlag::Pressed => trf(
                "Pressed against its span: the mask takes away {0} of its softmax, and {1} of its weight lies on the ramp.",
                &[&percent(measure.removed), &percent(measure.in_ramp)],
            ),
        });
    }
    let hint = if facts.editable {
        tr("Click to select; Alt+drag to change its span; right click for more")
    } else {
        tr("Click to select")
    };
    ui.label(quiet(hint));
}
