//! A list of neurons, of which only the lines in sight are made.

use crate::model::NeuronId;
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Align2, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

/// Height of a line, in points.
const LINE: f32 = 19.0;

/// Room for the rank, the name and each number, in points.
const RANK: f32 = 46.0;
const NAME: f32 = 92.0;
const NUMBER: f32 = 62.0;

/// The least room for the bar, in points.
const BAR: f32 = 40.0;

/// A line of the list.
pub(super) struct Line {
    pub id: NeuronId,
    /// Its place, from 1.
    pub rank: usize,
    /// The length of its bar, from 0 to 1.
    pub bar: f32,
    /// In the columns at the right; from the last on they give way where there is no room.
    pub numbers: [String; 3],
}

/// A number with as many digits as a small one needs.
pub(super) fn number(value: f32) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        x if x < 0.0005 => format!("{value:.0e}"),
        x if x < 0.0995 => format!("{value:.3}"),
        x if x < 99.5 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

/// `count` lines under the names of their columns; `reveal` is brought into view. A click selects a neuron, or lets go of it: gives
/// whether there was one.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    names: [&str; 3],
    count: usize,
    reveal: Option<usize>,
    line: impl Fn(usize) -> Option<Line>,
) -> bool {
    let width = ui.available_width();
    let columns = ((width - RANK - NAME - BAR) / NUMBER).clamp(1.0, 3.0) as usize;
    header(ui, &names[..columns]);
    let mut area = egui::ScrollArea::vertical()
        .id_salt("neurons")
        .auto_shrink([false, false]);
    if let Some(line) = reveal {
        let high = ui.available_height();
        area = area.vertical_scroll_offset((line as f32 * LINE - 0.4 * high).max(0.0));
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut clicked = false;
    area.show_rows(ui, LINE, count, |ui, seen| {
        for line in seen.filter_map(line) {
            clicked |= draw(ui, cx, &line, columns);
        }
    });
    clicked
}

fn header(ui: &mut Ui, names: &[&str]) {
    let size = vec2(ui.available_width(), LINE - 3.0);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let scroll = ui.spacing().scroll.allocated_width();
    for (i, name) in names.iter().enumerate() {
        let right = rect.right() - scroll - (names.len() - 1 - i) as f32 * NUMBER;
        let place = Rect::from_min_max(
            pos2(right - NUMBER + 2.0, rect.top()),
            pos2(right, rect.bottom()),
        );
        let layout = egui::Layout::right_to_left(egui::Align::Center);
        let builder = egui::UiBuilder::new().max_rect(place).layout(layout);
        ui.new_child(builder)
            .add(egui::Label::new(quiet(*name)).truncate());
    }
}

/// One line; gives whether it was clicked.
fn draw(ui: &mut Ui, cx: &mut ViewContext<'_>, line: &Line, columns: usize) -> bool {
    let size = vec2(ui.available_width(), LINE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let selected = cx.selection.neuron == Some(line.id);
    let name = line.id.to_string();
    let ablated = cx
        .snapshot
        .model
        .as_ref()
        .is_some_and(|model| model.network.edits().is_neuron_ablated(line.id));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &name));
    let visuals = ui.visuals();
    let (ink, weak, loud) = (
        visuals.text_color(),
        visuals.weak_text_color(),
        visuals.strong_text_color(),
    );
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 2.0, visuals.faint_bg_color);
    }
    if selected {
        let stroke = Stroke::new(1.0, cx.palette.accent);
        painter.rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Inside);
    }
    let y = rect.center().y;
    let rank = line.rank.to_string();
    let mono = FontId::monospace(11.0);
    painter.text(
        pos2(rect.left() + RANK - 8.0, y),
        Align2::RIGHT_CENTER,
        rank,
        mono.clone(),
        weak,
    );
    let font = FontId::proportional(12.5);
    let color = if ablated { weak } else { loud };
    let shown = painter.text(
        pos2(rect.left() + RANK, y),
        Align2::LEFT_CENTER,
        &name,
        font,
        color,
    );
    if ablated {
        painter.hline(shown.x_range(), y, Stroke::new(1.0, weak));
    }
    let right = rect.right() - columns as f32 * NUMBER;
    let room = Rect::from_min_max(
        pos2(rect.left() + RANK + NAME, rect.top() + 5.0),
        pos2(right, rect.bottom() - 5.0),
    );
    let long = line.bar.clamp(0.0, 1.0) * room.width().max(0.0);
    let bar = Rect::from_min_size(room.min, vec2(long, room.height()));
    painter.rect_filled(bar, 1.0, cx.palette.persistent.gamma_multiply(0.6));
    for (i, number) in line.numbers.iter().take(columns).enumerate() {
        let at = pos2(right + (i + 1) as f32 * NUMBER - 2.0, y);
        painter.text(at, Align2::RIGHT_CENTER, number, mono.clone(), ink);
    }
    let clicked = response.clicked();
    if clicked {
        cx.selection.neuron = (!selected).then_some(line.id);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand);
    clicked
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_as_long_as_they_need_to_be() {
        let numbers = [0.0, 0.000_02, 0.004, 0.25, 12.345, 1234.0].map(number);
        assert_eq!(numbers, ["0", "2e-5", "0.004", "0.25", "12.35", "1234"]);
    }
}
