//! The edits made by hand, in words and with buttons: the row above the chart with its legend, the menu of a head, the note beside a head
//! that is being dragged.

use super::SpansView;
use super::facts::Facts;
use super::marks::Mark;
use super::span_drag::Effect;
use crate::chart::thousands;
use crate::model::{HeadId, Span};
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong, strong_font};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::fitting;
use crate::ui::widgets::names::{bits_unit, head_name, reach_words};
use crate::ui::widgets::number_field::number_field;
use eframe::egui::{self, Popup, PopupCloseBehavior, Response, Sense, Ui, vec2};

/// A number with its sign, also where it is nothing.
fn signed(value: f64) -> String {
    let value = (1e3 * value).round() / 1e3;
    let sign = if value < 0.0 { "\u{2212}" } else { "+" };
    format!("{sign}{:.3}", value.abs())
}

fn effect_words(effect: &Effect, unit: &str, edits: usize) -> String {
    let bits = format!("{:.3}", effect.bits);
    match (effect.unedited, edits) {
        (Some(unedited), 1) => {
            let more = signed(effect.bits - unedited);
            trf("{0} {1} ({2} by 1 edit)", &[&bits, &unit, &more])
        }
        (Some(unedited), _) => {
            let more = signed(effect.bits - unedited);
            trf("{0} {1} ({2} by {3} edits)", &[&bits, &unit, &more, &edits])
        }
        (None, 1) => trf("{0} {1} with 1 edit", &[&bits, &unit]),
        (None, _) => trf("{0} {1} with {2} edits", &[&bits, &unit, &edits]),
    }
}

/// A length with one decimal at most.
fn short_z(z: f64) -> String {
    let words = format!("{z:.1}");
    words.strip_suffix(".0").unwrap_or(&words).to_owned()
}

/// Height of the row above the chart, in points.
const LEGEND: f32 = 22.0;

/// Room for two buttons with their whole names and the effect of an edit, in points; with less, the names are short.
const ROOMY: f32 = 400.0;

/// The button that leaves all heads as they were trained; with a `short` name where there is little room.
fn clear(ui: &mut Ui, cx: &mut ViewContext<'_>, edits: usize, short: bool) {
    let name = if short {
        tr("Clear")
    } else {
        tr("Clear edits")
    };
    let clear = ui.add_enabled(edits > 0, egui::Button::new(name));
    clear.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, edits > 0, tr("Clear edits"))
    });
    let words = tr("Leave all heads as they were trained");
    if clear.on_hover_text(words).clicked() {
        cx.commands.push(Command::ClearEdits);
    }
}

impl SpansView {
    /// The row above the chart, which is always there, so that nothing below it moves: the legend, while spans can be dragged what
    /// changes the leading head in its place, and as long as anything is changed what that costs.
    pub(super) fn legend_row(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts) {
        let size = vec2(ui.available_width(), LEGEND);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let place = egui::UiBuilder::new().max_rect(rect).layout(layout);
        let ui = &mut ui.new_child(place.id_salt("legend"));
        ui.shrink_clip_rect(rect.expand(2.0));
        let edits = facts.edits();
        if !facts.editable || edits == 0 && !self.hand.on {
            return self.legend(ui, rect, cx, facts);
        }
        if !self.hand.on {
            let from_right = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(from_right, |ui| {
                clear(ui, cx, edits, false);
                self.effect(ui, cx, edits);
                let rest = ui.available_rect_before_wrap().with_min_x(rect.left());
                self.legend(ui, rest, cx, facts);
            });
            return;
        }
        let head = cx.selection.heads.leading();
        ui.spacing_mut().item_spacing.x = 6.0;
        self.head_controls(ui, cx, facts, head);
        let short = ui.available_width() < ROOMY;
        self.cut_menu(ui, cx, facts, short);
        clear(ui, cx, edits, short);
        if edits > 0 {
            return self.effect(ui, cx, edits);
        }
        let words = fitting(
            ui,
            vec![
                tr("Drag a point up or down.").into(),
                tr("Drag a point.").into(),
            ],
        );
        ui.add(egui::Label::new(quiet(words)).truncate()).on_hover_text(tr(
            "The model runs again with the span that you set, and the bits show what it costs. Near its trained place \
             a point goes back there; so it does with a double click. The file is not changed.",
        ));
    }

    /// The effect of the edits on the bits per token.
    fn effect(&self, ui: &mut Ui, cx: &ViewContext<'_>, edits: usize) {
        let Some(effect) = self.hand.effect(cx) else {
            return;
        };
        let (done, all) = (cx.snapshot.done, cx.snapshot.tokens.ids.len());
        let unit = bits_unit(cx.snapshot.model.as_deref());
        let mut words = effect_words(&effect, unit, edits);
        let in_full = words.clone();
        // What an edit costs is said in any case.
        let font = strong_font(egui::TextStyle::Body.resolve(ui.style()).size);
        let ink = ui.visuals().text_color();
        let whole = ui.painter().layout_no_wrap(words.clone(), font, ink);
        if whole.size().x > ui.available_width()
            && let Some(unedited) = effect.unedited
        {
            words = format!("{} {unit}", signed(effect.bits - unedited));
        }
        if !effect.is_now && done < all && all > 2000 {
            words = trf("{0} · {1} % run", &[&words, &(100 * done / all)]);
        }
        let words = if effect.is_now {
            strong(words)
        } else {
            egui::RichText::new(words).weak()
        };
        let response = ui.add(egui::Label::new(words).truncate());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &in_full));
        let meaning = if effect.unedited.is_some() {
            tr(
                "The mean surprisal of this text with the spans set by hand; in brackets, the difference to the model as \
                trained. More bits: it predicts worse.",
            )
        } else {
            tr(
                "What this text costs without the edits is not known: it was changed after them. Clear the edits to measure \
                it.",
            )
        };
        response.on_hover_ui(|ui| {
            ui.label(strong(&in_full));
            ui.label(meaning);
        });
    }

    /// A head's z to be typed, whether it is silent, and the way back.
    fn head_controls(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        facts: &Facts,
        head: HeadId,
    ) {
        let Some(span) = facts.span(head).copied() else {
            return;
        };
        let name = match span.is_learned() {
            true => trf("z of {0}", &[&head]),
            false => trf("window of {0}", &[&head]),
        };
        let label = ui.label(name);
        let mut z = span.span;
        let limit = facts.architecture().limit();
        let most = limit.keys() as f32;
        let speed = (0.01 * z).max(0.2);
        let words = match span.is_learned() {
            true => trf(
                "The span z of {0} in tokens: type it, or drag; from 0 to S = {1}",
                &[&head_name(head), &reach_words(limit)],
            ),
            false => match limit.end() {
                Some(limit) => trf(
                    "The keys that {0} may see: type it, or drag; up to {1}",
                    &[&head_name(head), &thousands(limit)],
                ),
                None => trf(
                    "The keys that {0} may see: type it, or drag",
                    &[&head_name(head)],
                ),
            },
        };
        let value = number_field(ui, &mut z, 0.0..=most, |field| {
            let field = field.speed(speed).max_decimals(1);
            match limit.end() {
                Some(_) => field,
                None => field.custom_formatter(move |z, _| match z < f64::from(most) {
                    true => short_z(z),
                    false => tr("no limit").to_owned(),
                }),
            }
        });
        let value = value.labelled_by(label.id).on_hover_text(words);
        // A number that was opened and closed again is no change.
        if value.changed() && (z - span.span).abs() > 0.04 {
            let z = span.with(z).span;
            self.hand.ask(ui, cx, head, Some(z));
        }
        let mut ablated = facts.ablated(head);
        let ablate = ui.checkbox(&mut ablated, tr("Ablate"));
        if ablate
            .on_hover_text(tr(
                "The head attends as before, but adds nothing to the layer's output",
            ))
            .changed()
        {
            cx.commands.push(Command::Ablate { head, ablated });
        }
        let back = ui.add_enabled(facts.is_edited(head), egui::Button::new(tr("Reset")));
        let words = match facts.model.network.trained_span(head.layer, head.head) {
            Some(trained) => match span.with(trained).designed() {
                Some(_) => trf(
                    "Back to what was trained: z = {0}",
                    &[&format!("{trained:.1}")],
                ),
                None => tr("Back to what was trained: no limit").to_owned(),
            },
            None => String::new(),
        };
        if back.on_hover_text(words).clicked() {
            self.hand.set_back(ui, cx, facts, head);
        }
    }

    /// The menu of the head that was clicked with the other button.
    pub(super) fn head_menu(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        facts: &Facts,
        response: &Response,
    ) {
        let Some(head) = self.hand.menu.filter(|_| facts.editable) else {
            return;
        };
        let menu = Popup::context_menu(response)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .show(|ui| {
                ui.label(strong(head_name(head)));
                ui.horizontal(|ui| self.head_controls(ui, cx, facts, head));
                if facts.edits() > 0 && ui.button(tr("Clear edits")).clicked() {
                    cx.commands.push(Command::ClearEdits);
                    ui.close();
                }
            });
        if menu.is_none() && !Popup::is_any_open(ui.ctx()) && !response.secondary_clicked() {
            self.hand.menu = None;
        }
    }

    /// The words beside the head that is being dragged.
    pub(super) fn dragging_words(
        &self,
        cx: &ViewContext<'_>,
        facts: &Facts,
        mark: &Mark,
    ) -> String {
        let z = |span: &Span| {
            let z = span.designed();
            z.map_or_else(|| reach_words(span.reach), |z| format!("{z:.1}"))
        };
        let reach = reach_words(mark.span.reach);
        let mut words = match facts.ghost(mark.head()) {
            Some(trained) => trf(
                "z {0} · reach {1} (trained: z {2})",
                &[&z(&mark.span), &reach, &z(&trained)],
            ),
            None => trf("z {0} · reach {1} (as trained)", &[&z(&mark.span), &reach]),
        };
        if let Some(effect) = self.hand.effect(cx)
            && let Some(unedited) = effect.unedited
        {
            let more = signed(effect.bits - unedited);
            let unit = bits_unit(cx.snapshot.model.as_deref());
            words.push('\n');
            words += &if effect.is_now {
                format!("{more} {unit}")
            } else {
                format!("{more} {unit} …")
            };
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_in_words() {
        let effect = |bits, unedited| Effect {
            bits,
            is_now: true,
            unedited,
        };
        let words = effect_words(&effect(2.104, Some(2.073)), "bits/char", 2);
        assert_eq!(words, "2.104 bits/char (+0.031 by 2 edits)");
        let words = effect_words(&effect(2.0, Some(2.0001)), "bits/token", 1);
        assert_eq!(words, "2.000 bits/token (+0.000 by 1 edit)");
        let words = effect_words(&effect(2.0, Some(2.5)), "bits/token", 1);
        assert_eq!(words, "2.000 bits/token (\u{2212}0.500 by 1 edit)");
        let words = effect_words(&effect(2.0, None), "bits/token", 3);
        assert_eq!(words, "2.000 bits/token with 3 edits");
    }
}
