//! The matrix of layers by heads, coloured by a number.

use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::ink_on;
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::head_menu::{head_menu, head_tooltip};
use crate::ui::widgets::names::head_name;
use crate::ui::widgets::paint::paint_text;
use crate::ui::widgets::statistic::{DisplayName, Filter, Row, Statistic};
use eframe::egui::{self, Rect, Sense, Stroke, Ui, pos2, vec2};

/// The matrix of all heads, coloured by `statistic`; those that the filter does not let through are pale.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    rows: &[Row],
    filter: &Filter,
    (statistic, heads): (Statistic, usize),
) {
    let layers = rows.len() / heads.max(1);
    let left = 24.0;
    let room = ui.available_width() - left - 2.0;
    // Up to 36 layers of 8 heads must leave room for the list.
    let height = (ui.available_height() * 0.45).max(80.0);
    let cell = vec2(
        // 64 heads fit into the narrowest tile of a new window.
        (room / heads as f32).clamp(4.0, 110.0),
        (height / layers as f32).clamp(5.0, 34.0),
    );
    let size = vec2(left + cell.x * heads as f32, 14.0 + cell.y * layers as f32);
    let (area, _) = ui.allocate_exact_size(size, Sense::hover());
    let corner = area.min + vec2(left, 14.0);
    let ink = ui.visuals().weak_text_color();
    // Where all have one number, colours would tell nothing.
    let range = Some(statistic.range(rows)).filter(|(smallest, largest)| smallest < largest);
    all_heads(ui, cx, Rect::from_min_max(area.min, corner), layers, heads);
    for head in (0..heads).filter(|_| cell.x >= 12.0) {
        let at = corner + vec2((head as f32 + 0.5) * cell.x, -2.0);
        paint_text(
            ui,
            at,
            egui::Align2::CENTER_BOTTOM,
            &head.to_string(),
            10.5,
            ink,
        );
    }
    let every = (13.0 / cell.y).ceil().max(1.0) as usize;
    for layer in 0..layers {
        let min = pos2(area.left(), corner.y + layer as f32 * cell.y);
        let rect = Rect::from_min_size(min, vec2(left, cell.y));
        // Numbers stand apart where rows are thin; every layer can be clicked.
        whole_layer(ui, cx, rect, (layer, heads), layer.is_multiple_of(every));
    }
    for row in rows {
        let HeadId { layer, head } = row.id();
        let min = corner + vec2(head as f32 * cell.x, layer as f32 * cell.y);
        let rect = Rect::from_min_size(min, cell).shrink(0.5);
        head_cell(ui, cx, row, rect, (statistic, range), filter.lets(row));
    }
}

fn head_cell(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    row: &Row,
    rect: Rect,
    (statistic, range): (Statistic, Option<(f64, f64)>),
    wanted: bool,
) {
    // Made only where they are read: there may be thousands of heads.
    let words = || statistic.words(row);
    let value = statistic.of(row);
    let fill = match value.zip(range) {
        Some((value, range)) => statistic.color(value, range, ui.visuals().dark_mode),
        None => ui.visuals().faint_bg_color,
    };
    let fill = if wanted {
        fill
    } else {
        fill.gamma_multiply(0.18)
    };
    let place = row.id();
    let response = ui.interact(rect, ui.scope_id().with(("head", place)), Sense::click());
    response.widget_info(|| {
        let words = format!("{}: {} {}", head_name(place), statistic.name(), words());
        egui::WidgetInfo::selected(
            egui::Role::Button,
            true,
            cx.selection.heads.contains(place),
            words,
        )
    });
    let painter = ui.painter();
    painter.rect_filled(rect, 2.0, fill);
    if wanted && rect.width() >= 34.0 && rect.height() >= 15.0 {
        let ink = match (value, range) {
            (Some(_), Some(_)) => ink_on(fill),
            (Some(_), None) => ui.visuals().text_color(),
            (None, _) => ui.visuals().weak_text_color(),
        };
        let center = egui::Align2::CENTER_CENTER;
        paint_text(ui, rect.center(), center, &words(), 11.0, ink);
    }
    if row.ablated {
        let line = Stroke::new(1.5, cx.palette.unknown);
        painter.line_segment([rect.left_top(), rect.right_bottom()], line);
    }
    if response.hovered() {
        cx.hovering.head = Some(place);
    }
    let stroke = if cx.selection.heads.leading() == place {
        Some(Stroke::new(2.0, ui.visuals().strong_text_color()))
    } else if cx.selection.heads.contains(place) {
        Some(Stroke::new(1.5, cx.palette.accent))
    } else if cx.hover.head == Some(place) {
        Some(Stroke::new(1.0, ui.visuals().strong_text_color()))
    } else {
        None
    };
    if let Some(stroke) = stroke {
        painter.rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Inside);
    }
    if response.clicked() {
        cx.click_head(ui, place);
    }
    response.context_menu(|ui| head_menu(ui, cx, row));
    response.on_hover_ui(|ui| head_tooltip(ui, row));
}

/// The corner of the matrix: selects every head.
fn all_heads(ui: &mut Ui, cx: &mut ViewContext<'_>, rect: Rect, layers: usize, heads: usize) {
    let response = ui.interact(rect, ui.scope_id().with("all"), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Select all heads"))
    });
    let ink = if response.hovered() {
        ui.visuals().strong_text_color()
    } else {
        ui.visuals().weak_text_color()
    };
    let at = rect.right_bottom() + vec2(-5.0, -2.0);
    paint_text(ui, at, egui::Align2::RIGHT_BOTTOM, tr("all"), 10.0, ink);
    if response.clicked() {
        let all = (0..layers).flat_map(|layer| (0..heads).map(move |head| HeadId { layer, head }));
        cx.selection.select_heads(cx.selection.heads.leading(), all);
    }
    response.on_hover_text(tr("Select all heads: their weights are put together"));
}

/// A layer's number: selects all its heads, with Ctrl in addition.
fn whole_layer(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    rect: Rect,
    (layer, heads): (usize, usize),
    numbered: bool,
) {
    let response = ui.interact(rect, ui.scope_id().with(("layer", layer)), Sense::click());
    let name = trf("Select layer {0}", &[&layer]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let ink = if response.hovered() {
        ui.visuals().strong_text_color()
    } else {
        ui.visuals().weak_text_color()
    };
    if numbered || response.hovered() {
        let at = pos2(rect.right() - 5.0, rect.center().y);
        let number = layer.to_string();
        paint_text(ui, at, egui::Align2::RIGHT_CENTER, &number, 10.5, ink);
    }
    if response.clicked() {
        let mut all: Vec<_> = (0..heads).map(|head| HeadId { layer, head }).collect();
        let leading = cx.selection.heads.leading();
        let stays = leading.layer == layer;
        if ui.input(|input| input.modifiers.command) {
            all.extend_from_slice(cx.selection.heads.all());
        }
        let leading = if stays {
            leading
        } else {
            HeadId::new(layer, 0)
        };
        cx.selection.select_heads(leading, all);
    }
    response.on_hover_text(name);
}
