//! What the leading head does, and on which evidence.

use crate::analysis::role::{ROLE_QUERIES, battery, role};
use crate::chart::thousands;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::head_name;
use crate::ui::widgets::roles::{role_explained, role_name, threshold_words};
use crate::ui::widgets::statistic::Row;
use eframe::egui::{self, RichText, Ui};

/// Width from which on thresholds stand beside what they are thresholds of, else below.
const BESIDE: f32 = 262.0;

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &ViewContext<'_>, rows: &[Row]) {
    let leading = cx.selection.heads.leading();
    let Some(row) = rows.iter().find(|row| row.id() == leading) else {
        return;
    };
    let findings = battery(row);
    egui::ScrollArea::vertical()
        .id_salt("about")
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.label(strong(head_name(leading)));
            if findings.is_empty() {
                let words = trf(
                    "It takes {0} tokens to say what a head does.",
                    &[&ROLE_QUERIES],
                );
                ui.label(quiet(words));
                return;
            }
            ui.label(sentence(row));
            ui.add_space(4.0);
            let beside = ui.available_width() >= BESIDE;
            egui::Grid::new("evidence")
                .num_columns(if beside { 3 } else { 2 })
                .spacing([8.0, 3.0])
                .show(ui, |ui| {
                    for finding in &findings {
                        let name = role_name(finding.role);
                        let (name, number) = (RichText::new(name), RichText::new(finding.number()));
                        let (name, number) = match finding.holds {
                            true => (name.strong(), number.strong()),
                            false => (name.weak(), number.weak()),
                        };
                        let explained = role_explained(finding.role);
                        ui.label(name.size(12.0)).on_hover_text(explained);
                        ui.label(number.size(12.0)).on_hover_text(explained);
                        if !beside {
                            ui.end_row();
                        }
                        ui.label(quiet(threshold_words(finding)).size(11.0))
                            .on_hover_text(explained);
                        ui.end_row();
                    }
                });
            ui.add_space(4.0);
            ui.label(quiet(tr("± standard error, over pieces of 64 tokens")).size(11.0));
        });
}

/// What a head does, in a sentence.
fn sentence(row: &Row) -> String {
    let within = row.measure.and_then(|measure| measure.rows?.effective[2]);
    let what = match role(row) {
        Some(role) => role_name(role),
        None => tr("no role passes its threshold"),
    };
    match within {
        Some(tokens) => trf(
            "{0}; 99 % of the weight within {1} tokens",
            &[&what, &thousands(tokens)],
        ),
        None => what.to_owned(),
    }
}
