//! A row of columns, one for each layer or each expert.

use crate::ui::theme::palette;
use crate::ui::widgets::paint::paint_text;
use eframe::egui::{self, Align2, Rect, Sense, Stroke, Ui, pos2, vec2};

/// Height of the columns, and of what stands below them, in points.
const HIGH: f32 = 34.0;
const BELOW: f32 = 13.0;

/// Room for the title at the left, in points.
const LEFT: f32 = 44.0;

/// The widest column, in points.
const WIDEST: f32 = 44.0;

/// Columns of shares from 0 to 1.
pub(super) struct Strip<'a> {
    /// Its name for screen readers.
    pub name: &'a str,
    /// Written at the left of the numbers.
    pub title: &'a str,
    pub values: &'a [f32],
    /// Another share of each, from the top down; may be empty.
    pub from_top: &'a [f32],
    pub selected: Option<usize>,
}

impl Strip<'_> {
    /// Draws it, with a note at the column under the pointer; gives that column, and whether it was clicked.
    pub fn show(&self, ui: &mut Ui, note: impl FnOnce(&mut Ui, usize)) -> (Option<usize>, bool) {
        let size = vec2(ui.available_width().max(80.0), HIGH + BELOW);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, self.name));
        let count = self.values.len().max(1);
        let room = rect.width() - LEFT;
        let width = (room / count as f32).min(WIDEST);
        let left = rect.left() + LEFT;
        let bottom = rect.top() + HIGH;
        let colors = palette(ui.visuals());
        let (ink, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
        let at = |i: usize| left + i as f32 * width;
        let gap = if width >= 6.0 { 1.5 } else { 0.0 };
        let ground = Rect::from_min_max(pos2(left, rect.top()), pos2(at(count), bottom));
        ui.painter()
            .rect_filled(ground, 0.0, ui.visuals().extreme_bg_color);
        let mut mesh = egui::Mesh::default();
        for (i, value) in self.values.iter().enumerate() {
            let (from, to) = (at(i), at(i + 1) - gap);
            let high = value.clamp(0.0, 1.0) * HIGH;
            let column = Rect::from_min_max(pos2(from, bottom - high), pos2(to, bottom));
            let color = match self.selected {
                Some(selected) if selected != i => colors.persistent.gamma_multiply(0.6),
                _ => colors.persistent,
            };
            mesh.add_colored_rect(column, color);
            if let Some(share) = self.from_top.get(i) {
                let low = rect.top() + share.clamp(0.0, 1.0) * HIGH;
                let band = Rect::from_min_max(pos2(from, rect.top()), pos2(to, low));
                mesh.add_colored_rect(band, colors.empty.gamma_multiply(0.5));
            }
        }
        ui.painter().add(mesh);
        if let Some(selected) = self.selected.filter(|i| *i < self.values.len()) {
            let frame = Rect::from_min_max(
                pos2(at(selected), rect.top()),
                pos2(at(selected + 1) - gap, bottom),
            );
            let stroke = Stroke::new(1.5, colors.accent);
            ui.painter()
                .rect_stroke(frame, 0.0, stroke, egui::StrokeKind::Outside);
        }
        paint_text(
            ui,
            pos2(left - 6.0, bottom + 1.0),
            Align2::RIGHT_TOP,
            self.title,
            10.5,
            weak,
        );
        // As many numbers as have room.
        let every = (18.0 / width).ceil().max(1.0) as usize;
        let every = [1, 2, 5, 10, 20, 50, 100]
            .into_iter()
            .find(|step| *step >= every)
            .unwrap_or(every);
        for i in (0..self.values.len()).step_by(every) {
            let color = if self.selected == Some(i) { ink } else { weak };
            let middle = at(i) + (width - gap) / 2.0;
            let place = pos2(middle, bottom + 1.0);
            paint_text(ui, place, Align2::CENTER_TOP, &i.to_string(), 10.0, color);
        }
        let hovered = response.hover_pos().and_then(|pointer| {
            let i = (pointer.x - left) / width;
            (i >= 0.0 && (i as usize) < self.values.len()).then_some(i as usize)
        });
        let clicked = response.clicked();
        if let Some(i) = hovered {
            response.on_hover_ui_at_pointer(|ui| note(ui, i));
        }
        (hovered, clicked)
    }
}
