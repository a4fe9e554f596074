//! The ramp, set by hand.

use crate::model::Ramp;
use crate::ui::commands::command::Command;
use crate::ui::language::tr;
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
        let drag = egui::DragValue::new(&mut tokens)
            .range(1.0..=limit.max(1) as f32)
            .max_decimals(2)
            .speed(1.0)
            .suffix(tr(" tokens"));
        ui.add(drag).on_hover_text(tr(
            "Length of the soft mask's ramp. Checkpoints do not store it; 32 is usual",
        ));
        if tokens != ramp.tokens() {
            ramp = Ramp::of(tokens);
        }
        if ui
            .add_enabled(ramp != current || assumed, egui::Button::new(tr("Apply")))
            .clicked()
        {
            out.push(Command::SetRamp(ramp));
        }
    });
    *field = Some((number, ramp));
}
