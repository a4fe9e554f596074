//! The facts known of the token under the pointer.

use super::rows::{name, part_of_character};
use super::shade::{Shade, Shading};
use super::shown::{Kind, Shown};
use crate::chart::thousands;
use crate::engine::Weighting;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::{percent, signed};
use eframe::egui::{self, Ui};

/// Draws the tooltip of a part.
pub(super) fn show(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    (shown, part): (&Shown, usize),
    shade: Shade,
    shading: &Shading<'_>,
) {
    let snapshot = cx.snapshot;
    let Some(token) = shown.token(part) else {
        if shown.kind(part) != Kind::Unknown {
            return;
        }
        ui.label(strong(name(shown, part)));
        if let Some(part) = part_of_character(shown, part) {
            ui.label(part);
        }
        match shown.trouble() {
            // A text that cannot be cut is one unknown piece.
            Some(reason) => ui.label(&**reason),
            None => ui.label(tr(
                "not in the model's vocabulary: the model does not see it",
            )),
        };
        return;
    };
    ui.label(strong(trf("Token “{0}”", &[&snapshot.label(token)])));
    egui::Grid::new("token").num_columns(2).show(ui, |ui| {
        let mut row = |name: &str, value: String| {
            ui.label(quiet(name));
            ui.label(value);
            ui.end_row();
        };
        row(tr("Position"), thousands(token));
        if let Some(id) = snapshot.tokens.ids.get(token) {
            row(tr("Token id"), thousands(*id as usize));
        }
        if let Some(part) = part_of_character(shown, part) {
            row(tr("Character"), part);
        }
        if token >= snapshot.done {
            row(tr("State"), tr("the model has not run over it yet").into());
        }
        if let Some(bits) = snapshot.surprisal_of(token) {
            row(tr("Surprisal"), trf("{0} bits", &[&format!("{bits:.2}")]));
            if let Some(change) = snapshot.surprisal_change(token) {
                let change = signed(f64::from(change), 2);
                row(tr("By the edits"), trf("{0} bits", &[&change]));
            }
            row(tr("Probability"), probability((-bits).exp2()));
        }
        for (name, value) in weights(cx, token, shade, shading) {
            row(name, value);
        }
    });
}

/// The token's part in what the selected tokens read, or in who reads them.
fn weights(
    cx: &ViewContext<'_>,
    token: usize,
    shade: Shade,
    shading: &Shading<'_>,
) -> Vec<(&'static str, String)> {
    let Some(query) = cx.query() else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    let several = cx.tokens().single().is_none();
    let value = match shade {
        // The weight is worth knowing whatever the shade is.
        Shade::Surprisal => cx.detail().and_then(|detail| detail.weight(query, token)),
        _ => shading.value(token),
    };
    if let Some(value) = value {
        let name = match shade {
            Shade::Readers if several => tr("Weight on the selected tokens"),
            Shade::Readers => tr("Weight on the selected token"),
            Shade::Read if several => tr("Weight from the selected tokens"),
            _ => tr("Weight from the query"),
        };
        let words = match cx.selection.weighting() {
            Weighting::Attention => weight(value),
            Weighting::Norm => trf("{0}, norm-weighted", &[&weight(value)]),
        };
        rows.push((name, words));
    }
    let distance = match shade {
        Shade::Readers => cx.tokens().last().and_then(|key| token.checked_sub(key)),
        _ => query.checked_sub(token),
    };
    if distance == Some(0) && cx.nearest() == 0 {
        rows.push((tr("Distance"), tr("0: the token itself").to_owned()));
    }
    if let Some(distance) = distance.filter(|distance| *distance > 0) {
        let words = match shade {
            Shade::Readers => trf(
                "{0} after token {1}",
                &[&thousands(distance), &thousands(token - distance)],
            ),
            _ => trf(
                "{0} before token {1}",
                &[&thousands(distance), &thousands(query)],
            ),
        };
        rows.push((tr("Distance"), words));
        if let Some(span) = cx.span().filter(crate::model::Span::is_learned)
            && cx.snapshot.model.is_some()
        {
            let mask = span.mask(distance);
            if mask < 1.0 {
                rows.push((tr("Soft mask"), percent(mask)));
            }
        }
    }
    rows
}

/// A weight with the digits that tell it from others.
pub(super) fn weight(value: f32) -> String {
    match value {
        v if v >= 0.1 || v <= 0.0 => format!("{:.3}", v.max(0.0)),
        v if v >= 0.001 => format!("{v:.4}"),
        v => format!("{v:.1e}"),
    }
}

fn probability(p: f32) -> String {
    if p >= 0.001 {
        format!("{p:.4}")
    } else {
        format!("{p:.1e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_the_digits_that_matter() {
        assert_eq!(weight(0.0), "0.000");
        assert_eq!(weight(0.25), "0.250");
        assert_eq!(weight(0.0123), "0.0123");
        assert_eq!(weight(0.000_012_3), "1.2e-5");
        assert_eq!(probability(0.5), "0.5000");
    }
}
