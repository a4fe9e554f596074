//! The parts that a logit is the sum of: a bar for each, the largest first.

use crate::analysis::Lens;
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::model::LogitPart;
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::{head_name, signed};
use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, Ui, pos2, vec2};

/// Height of a row, in points.
const ROW: f32 = 19.0;

/// Width of a number.
const NUMBER: f32 = 58.0;

/// Every part with what it adds to the logit.
pub fn show(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    model: &LoadedModel,
    lens: &Lens,
    current: bool,
) {
    let parts = lens.sorted();
    let logit = format!("{:.3}", lens.attribution.logit);
    let words = match model.network.architecture().output.cap {
        Some(_) => trf(
            "{0}, the sum of {1} parts, before the soft cap",
            &[&logit, &thousands(parts.len())],
        ),
        None => trf(
            "{0}, the sum of {1} parts",
            &[&logit, &thousands(parts.len())],
        ),
    };
    ui.label(quiet(words)).on_hover_text(tr(
        "Norms on the way are held at the mean and the scale that this token has there, so that all parts add up to the logit. What a part does to later layers counts for those.",
    ));
    let largest = parts.iter().map(|(_, value)| value.abs());
    let largest = largest.fold(0.0, f64::max).max(1e-12);
    let wide = names_width(ui, &parts);
    // Rows are counted with what lies between them.
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("parts")
        .auto_shrink([false, false])
        .show_rows(ui, ROW, parts.len(), |ui, rows| {
            for part in parts.get(rows).unwrap_or_default() {
                line(ui, cx, *part, (largest, wide), current);
            }
        });
}

/// The name of a part, in the window's language.
fn name(part: LogitPart) -> String {
    match part {
        LogitPart::Head(id) => id.to_string(),
        LogitPart::Persistent(id) => trf("{0} persistent vectors", &[&id]),
        LogitPart::FeedForward(layer) => trf("L{0} feed-forward", &[&layer]),
        LogitPart::Embedding => tr("embedding").to_owned(),
        LogitPart::Positions => tr("positions").to_owned(),
        LogitPart::AttentionBiases => tr("attention biases").to_owned(),
        LogitPart::NormShifts => tr("norm shifts").to_owned(),
        LogitPart::OutputBias => tr("output bias").to_owned(),
    }
}

/// What a part is, in a sentence.
fn words(part: LogitPart) -> String {
    match part {
        LogitPart::Head(id) => trf(
            "{0}: what it reads of the text, through its part of the output projection; click to select it",
            &[&head_name(id)],
        ),
        LogitPart::Persistent(id) => trf(
            "{0}: what its persistent vectors add; click to select it",
            &[&head_name(id)],
        ),
        LogitPart::FeedForward(layer) => trf(
            "The feed-forward sublayer of layer {0}, with its biases",
            &[&layer],
        ),
        LogitPart::Embedding => tr("The embedding of the token").to_owned(),
        LogitPart::Positions => tr("The learned position of the token").to_owned(),
        LogitPart::AttentionBiases => {
            tr("The biases of the attention's output projections, of all layers").to_owned()
        }
        LogitPart::NormShifts => tr("The shifts of the norms on the way").to_owned(),
        LogitPart::OutputBias => tr("The bias of the token in the output embedding").to_owned(),
    }
}

fn font() -> FontId {
    FontId::proportional(12.5)
}

fn names_width(ui: &Ui, parts: &[(LogitPart, f64)]) -> f32 {
    // Names of one kind are about as long: the first of each tell.
    let widths = parts.iter().take(64).map(|(part, _)| {
        let galley = ui
            .painter()
            .layout_no_wrap(name(*part), font(), Color32::WHITE);
        galley.size().x
    });
    widths.fold(40.0, f32::max) + 6.0
}

fn line(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    (part, value): (LogitPart, f64),
    (largest, wide): (f64, f32),
    current: bool,
) {
    let size = vec2(ui.available_width(), ROW);
    let head = part.head();
    let sense = if head.is_some() {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let selected = head.is_some_and(|head| cx.selection.heads.contains(head));
    let fade = |color: Color32| match current {
        true => color,
        false => color.gamma_multiply(0.4),
    };
    let (ink, middle) = (fade(ui.visuals().text_color()), rect.center().y);
    let painter = ui.painter();
    if selected {
        painter.rect_filled(
            rect,
            2.0,
            ui.visuals().selection.bg_fill.gamma_multiply(0.5),
        );
    } else if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 2.0, ui.visuals().faint_bg_color);
    }
    let (label, number) = (name(part), signed(value, 3));
    let wide = wide.min(0.5 * rect.width());
    let place = Rect::from_min_size(rect.min, vec2(wide, rect.height()));
    let clipped = painter.with_clip_rect(place.intersect(ui.clip_rect()));
    clipped.text(
        place.left_center(),
        Align2::LEFT_CENTER,
        &label,
        font(),
        ink,
    );
    painter.text(
        pos2(rect.right() - 6.0, middle),
        Align2::RIGHT_CENTER,
        &number,
        font(),
        ink,
    );
    // Bars go both ways from the middle.
    let bars = Rect::from_min_max(
        pos2(place.right() + 4.0, rect.top() + 4.0),
        pos2(
            (rect.right() - NUMBER - 6.0).max(place.right() + 8.0),
            rect.bottom() - 4.0,
        ),
    );
    let zero = bars.center().x;
    let long = (value / largest) as f32 * bars.width() / 2.0;
    let bar = Rect::from_x_y_ranges(
        zero.min(zero + long)..=zero.max(zero + long),
        bars.y_range(),
    );
    let color = match value >= 0.0 {
        true => cx.palette.context,
        false => cx.palette.persistent,
    };
    painter.rect_filled(bar, 1.0, fade(color));
    painter.vline(
        zero,
        rect.y_range(),
        (1.0, ui.visuals().weak_text_color().gamma_multiply(0.5)),
    );
    response.widget_info(|| {
        let words = trf("{0} adds {1} to the logit", &[&label, &number]);
        match head {
            Some(_) => egui::WidgetInfo::selected(egui::Role::Button, true, selected, words),
            None => egui::WidgetInfo::labeled(egui::Role::Label, true, words),
        }
    });
    if let (Some(head), true) = (head, response.clicked()) {
        cx.click_head(ui, head);
    }
    if let (Some(head), true) = (head, response.hovered()) {
        cx.hovering.head = Some(head);
    }
    response.on_hover_text(words(part));
}
