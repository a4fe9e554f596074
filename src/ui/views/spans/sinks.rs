//! Effective spans without sinks: how many first tokens are left out, and in words what is.

use super::SpansView;
use super::facts::Facts;
use crate::analysis::usual_sink_free;
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::widgets::choices::name_combo;
use crate::ui::widgets::number_field::number_field;
use eframe::egui::{self, Ui};

/// The most first tokens that can be left out here.
const MOST: usize = 1024;

impl SpansView {
    /// The first tokens that effective spans leave out.
    pub(super) fn left_out(&self, facts: &Facts) -> usize {
        let usual = || usual_sink_free(&facts.model.network);
        self.sink_free.unwrap_or_else(usual)
    }

    /// The choice of how many first tokens are left out, as a box.
    pub(super) fn sinks_box(&mut self, ui: &mut Ui, facts: &Facts) {
        let now = self.left_out(facts);
        let combo = egui::ComboBox::from_id_salt("sinks")
            .selected_text(short(now))
            .show_ui(ui, |ui| self.sink_choices(ui, facts));
        name_combo(&combo.response, tr("Tokens of effective spans"));
        combo.response.on_hover_text(tr(
            "Heads with nothing to do rest on the first tokens, which then count as far away. Learned sinks are left out always.",
        ));
    }

    /// The same choices, one below the other.
    pub(super) fn sink_choices(&mut self, ui: &mut Ui, facts: &Facts) {
        let now = self.left_out(facts);
        let mut wanted = now;
        for count in [0, 1, 4] {
            ui.radio_value(&mut wanted, count, words(count));
        }
        ui.horizontal(|ui| {
            let label = ui.label(tr("First tokens left out"));
            let number = number_field(ui, &mut wanted, 0..=MOST, |field| field);
            number.labelled_by(label.id);
        });
        if wanted != now {
            self.sink_free = Some(wanted);
        }
    }

    /// The distances that hold 50, 90 and 99 % of a head's weight, without the first tokens that are left out.
    pub(super) fn effective(&self, facts: &Facts, head: HeadId) -> Option<[Option<usize>; 3]> {
        let measure = facts.measure(head)?;
        let rows = measure.rows.filter(|rows| rows.sink_free > 0);
        Some(rows.map_or(measure.effective, |rows| rows.effective))
    }
}

/// Which tokens effective spans are of.
pub(super) fn words(left_out: usize) -> String {
    match left_out {
        0 => tr("all tokens").to_owned(),
        1 => tr("without the first").to_owned(),
        count => trf("without the first {0}", &[&count]),
    }
}

/// The same in a box.
fn short(left_out: usize) -> String {
    match left_out {
        0 => tr("with sinks").to_owned(),
        count => trf("sink-free {0}", &[&count]),
    }
}

/// What is left out, to be said behind a share of the weight; nothing where nothing is.
pub(super) fn beside(left_out: usize) -> String {
    match left_out {
        0 => String::new(),
        _ => format!("{}{}", tr(", "), words(left_out)),
    }
}
