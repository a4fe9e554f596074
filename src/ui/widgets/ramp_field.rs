//! The ramp, set by hand.

use crate::model::Ramp;
use crate::ui::commands::command::Command;
use crate::ui::language::tr;
use crate::ui::widgets::number_field::number_field;
use eframe::egui::{self, Ui};

/// The ramp, to be set by hand: what it is and its upper limit. `field` is what is being typed, with the number of the model that
/// it belongs to.
pub fn ramp_field(
    ui: &mut Ui,
    field: &mut Option<(u64, Ramp)>,
    number: u64,
    (current, limit): (Ramp, usize),
    assumed: bool,
    out: &mut Vec<Command>,
) {
    let mut ramp = match *field {
        Some((of, ramp)) if of == number => ramp,
        _ => current,
    };
    ui.horizontal(|ui| {
        ui.label(tr("Ramp R"));
        // Whole tokens, unless the model at hand has a fraction.
        let mut tokens = ramp.tokens();
        // A file may hold a ramp that nobody would choose.
        let least = current.tokens().min(1.0);
        let most = current.tokens().max(limit.max(1) as f32);
        let typed = number_field(ui, &mut tokens, least..=most, |field| {
            field.max_decimals(2).speed(1.0).suffix(tr(" tokens"))
        });
        let typed = typed.on_hover_text(tr(
            "Length of the soft mask's ramp. Checkpoints do not store it; 32 is usual",
        ));
        if tokens != ramp.tokens() {
            ramp = Ramp::of(tokens);
        }
        let is_new = ramp != current || assumed;
        // A press of the button ends the typing, and the number counts from then on.
        let apply = ui.add_enabled(is_new || typed.has_focus(), egui::Button::new(tr("Apply")));
        if apply.clicked() && is_new {
            out.push(Command::SetRamp(ramp));
        }
    });
    *field = Some((number, ramp));
}
