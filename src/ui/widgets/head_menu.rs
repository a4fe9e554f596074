//! The menu of a head, with all its numbers: wherever a view shows heads.

use super::fact_rows::fact_rows;
use super::names::head_name;
use super::statistic::{DisplayName, Row, Statistic};
use crate::analysis::{Mean, SpanFlag};
use crate::ui::commands::command::Command;
use crate::ui::language::tr;
use crate::ui::theme::strong;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Ui};

/// The commands for a head.
pub fn head_menu(ui: &mut Ui, cx: &mut ViewContext<'_>, row: &Row) {
    let head = row.id();
    ui.label(strong(head_name(head)));
    let words = if row.ablated {
        tr("Restore it")
    } else {
        tr("Ablate it: it contributes nothing")
    };
    let ablated = !row.ablated;
    let ablate = Command::Ablate { head, ablated };
    let refusal = cx.refusal(&ablate);
    let button = ui.add_enabled(refusal.is_none(), egui::Button::new(words));
    if button
        .on_disabled_hover_text(refusal.unwrap_or_default())
        .clicked()
    {
        cx.commands.push(ablate);
        ui.close();
    }
    let network = cx.snapshot.model.as_ref().map(|model| &model.network);
    let edited = network.is_some_and(|network| network.edits().of(head).is_some());
    ui.add_enabled_ui(edited, |ui| {
        if ui.button(tr("Reset its span")).clicked() {
            cx.commands.push(Command::SetSpan { head, span: None });
            ui.close();
        }
    });
}

/// All numbers of a head, one below the other.
pub fn head_tooltip(ui: &mut Ui, row: &Row) {
    ui.label(strong(head_name(row.id())));
    if row.ablated {
        ui.label(tr("ablated: it contributes nothing"));
    }
    let flag = match row.flag {
        Some(SpanFlag::Unused) => tr(
            "it reaches much farther than this text makes use of: 99 % of the weight within a quarter of the reach",
        ),
        Some(SpanFlag::Pressed) => tr(
            "it is span-limited: the mask takes away a third or more, and a quarter more than of even attention",
        ),
        Some(SpanFlag::Edge) => tr(
            "it is window-limited: 20 % of the weight or more lies in the farthest tenth of its window",
        ),
        Some(SpanFlag::Local) => tr(
            "it could have a window: it sees the whole text, and 99 % of the weight lies within a quarter of it",
        ),
        Some(SpanFlag::Sink) => tr(
            "it does nothing but sink: 90 % of the weight or more is on the first token or a learned sink",
        ),
        None => "",
    };
    if !flag.is_empty() {
        ui.label(flag);
    }
    fact_rows(ui, |show| {
        let known = Statistic::COLOURED
            .into_iter()
            .filter(|statistic| statistic.is_of_head(row) && statistic.of(row).is_some());
        for statistic in known {
            let none = statistic.of(row) == Some(0.0);
            // Most models have nothing that these could lie on.
            let is_special = matches!(
                statistic,
                Statistic::Persistent | Statistic::Empty | Statistic::Row(Mean::LearnedSink)
            );
            if is_special && none {
                continue;
            }
            show(statistic.name(), statistic.words(row));
        }
    });
}
