//! A number to be typed or dragged, within bounds: what is typed beyond them is refused in words, and never changed.

use crate::shown::shown;
use crate::ui::language::{tr, trf};
use eframe::egui::emath::Numeric;
use eframe::egui::{DragValue, Response, RichText, Ui};
use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Seconds for which a refusal stays on show.
const STAYS: f64 = 6.0;

/// A field for a number of `range`, with the look that `look` gives it. Dragging ends at the bounds; a number that is typed counts
/// when the field is left, and one that cannot be leaves the number as it was and says what can.
pub fn number_field<N: Numeric>(
    ui: &mut Ui,
    value: &mut N,
    range: RangeInclusive<N>,
    look: impl FnOnce(DragValue<'_>) -> DragValue<'_>,
) -> Response {
    let (least, most) = (range.start().to_f64(), range.end().to_f64());
    let refused: RefCell<Option<String>> = RefCell::new(None);
    let parser = |text: &str| {
        let number = within(text, (least, most), N::INTEGRAL);
        // What stands there in the place of a number was left as it was.
        if number.is_none() && !text.trim().is_empty() && text.trim() != tr("no limit") {
            *refused.borrow_mut() = Some(shown(text.trim()));
        }
        number
    };
    // Else the first digits of a number that is refused would stay.
    let field = DragValue::new(value)
        .range(range)
        .update_while_editing(false);
    let response = ui.add(look(field).custom_parser(parser));
    let id = response.id.with("refused");
    let now = ui.input(|input| input.time);
    if response.has_focus() || response.dragged() || response.changed() {
        ui.data_mut(|data| data.remove::<(String, f64)>(id));
    } else if let Some(text) = refused.into_inner() {
        ui.data_mut(|data| data.insert_temp(id, (text, now)));
    }
    let said = ui.data_mut(|data| data.get_temp::<(String, f64)>(id));
    if let Some((text, _)) = said.filter(|(_, since)| now - since < STAYS) {
        let bound = |number: f64| match N::INTEGRAL {
            true => number.to_string(),
            // As it was written: 0.01 in 32 bits is another number in 64.
            false => (number as f32).to_string(),
        };
        let values = [text, bound(least), bound(most)];
        let [text, least, most] = &values;
        let words = match N::INTEGRAL {
            true => trf(
                "{0}: expected a whole number from {1} to {2}",
                &[text, least, most],
            ),
            false => trf(
                "{0}: expected a number from {1} to {2}",
                &[text, least, most],
            ),
        };
        let color = ui.visuals().error_fg_color;
        response.show_tooltip_text(RichText::new(words).color(color));
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(STAYS));
    }
    response
}

/// The number that was typed, if it lies within the bounds, and is whole where it has to be.
fn within(text: &str, (least, most): (f64, f64), whole: bool) -> Option<f64> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if c == '−' { '-' } else { c })
        .collect();
    let number: f64 = text.parse().ok()?;
    let fits = (least..=most).contains(&number) && (!whole || number.fract() == 0.0);
    fits.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_their_bounds_are_refused_and_not_cut() {
        assert_eq!(within(" 1 000", (3.0, 1000.0), true), Some(1000.0));
        assert_eq!(within("−0.5", (-1.0, 1.0), false), Some(-0.5));
        for text in ["2", "1001", "3.5", "", "x", "nan", "inf", "1e9", "−5"] {
            assert_eq!(within(text, (3.0, 1000.0), true), None, "{text}");
        }
        assert_eq!(within("3.5", (3.0, 1000.0), false), Some(3.5));
    }
}
