//! Queries × persistent vectors as a heatmap: the picture, what stands around it, and what is marked in it.

use super::columns::Columns;
use super::sheet::{Sheet, step};
use crate::analysis::{BandLayout, BandWindow, Pool};
use crate::chart::{ColorMap, Scale};
use crate::engine::figures::Quantity;
use crate::engine::{HeatmapImage, HeatmapKind, HeatmapRequest, SelectedHeads};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::percent;
use crate::ui::widgets::paint::paint_text;
use crate::ui::widgets::picture::{self, PictureTexture};
use eframe::egui::{self, Align2, Color32, FontId, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

/// Height from which a row's token can be read, in points.
pub(super) const READABLE: f32 = 12.6;

/// Most rows that are looked at for a pixel of the shares beside the heatmap.
const ROWS_PER_PIXEL: usize = 16;

/// Asks for a picture of what is in view, and a little around it.
pub(super) fn request(
    ui: &Ui,
    cx: &mut ViewContext<'_>,
    columns: &Columns,
    sheet: &Sheet,
    end: usize,
    (scale, map): (Scale, ColorMap),
) {
    let (width, height) = picture::most_cells(ui, sheet.rect.size());
    let request = HeatmapRequest {
        window: BandWindow {
            layout: BandLayout::Vector,
            order: columns.order.clone(),
            queries: picture::around(sheet.rows.0, sheet.rows.1, end),
            columns: picture::around(sheet.columns.0, sheet.columns.1, columns.len()),
            width,
            height,
            pool: Pool::Max,
        },
        map,
        scale,
        ..HeatmapRequest::default()
    };
    cx.looks.pictures.insert(HeatmapKind::Vectors, request);
}

/// The picture, if it shows the selected heads in these columns; one in the order of a text just edited will do until the
/// next comes.
pub(super) fn fitting<'a>(
    texture: &'a PictureTexture,
    cx: &ViewContext<'_>,
    columns: &Columns,
) -> Option<(&'a HeatmapImage, &'a egui::TextureHandle)> {
    let (picture, handle) = texture.get()?;
    let window = &picture.request.window;
    let fits = picture.heads == cx.selection.heads
        && window.layout == BandLayout::Vector
        && window.order.len() == columns.order.len();
    fits.then_some((picture, handle))
}

/// Draws the picture at its place.
pub(super) fn paint(
    ui: &Ui,
    sheet: &Sheet,
    picture: Option<(&HeatmapImage, &egui::TextureHandle)>,
) {
    let rect = sheet.rect;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
    let Some((picture, texture)) = picture else {
        return;
    };
    let grid = &picture.grid;
    let (right, bottom) = (
        grid.first_column + grid.width * grid.across,
        grid.first_query + grid.height * grid.down,
    );
    let place = Rect::from_min_max(
        pos2(
            sheet.x(grid.first_column as f64),
            sheet.y(grid.first_query as f64),
        ),
        pos2(sheet.x(right as f64), sheet.y(bottom as f64)),
    );
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.image(texture.id(), place, whole, Color32::WHITE);
}

/// Queries at the left: their tokens where there is room, their positions otherwise.
pub(super) fn row_labels(ui: &Ui, cx: &ViewContext<'_>, sheet: &Sheet, end: usize, gutter: Rect) {
    let ink = ui.visuals().weak_text_color();
    // Half of a number may stand out above and below.
    let room = gutter.expand2(vec2(0.0, 5.0));
    let painter = ui.painter().with_clip_rect(room.intersect(ui.clip_rect()));
    let text = |row: usize, words: String, ink: Color32| {
        let y = (sheet.y(row as f64) + sheet.y(row as f64 + 1.0)) / 2.0;
        if sheet.rect.y_range().contains(y) {
            let galley = painter.layout_no_wrap(words, FontId::monospace(10.0), ink);
            // A long word shows its beginning.
            let x = (gutter.right() - 4.0 - galley.size().x).max(gutter.left());
            painter.galley(pos2(x, y - galley.size().y / 2.0), galley, ink);
        }
    };
    let rows = sheet.seen_rows(end);
    if sheet.row_height() >= READABLE {
        let query = cx.query();
        for row in rows {
            let selected = cx.selection.tokens.contains(row) || query == Some(row);
            let ink = if selected {
                ui.visuals().strong_text_color()
            } else {
                ink
            };
            text(row, cx.snapshot.label(row), ink);
        }
    } else {
        let step = step(f64::from(18.0 / sheet.row_height()));
        let first = rows.start.div_ceil(step) * step;
        for row in (first..rows.end).step_by(step) {
            text(row, row.to_string(), ink);
        }
    }
}

/// Vectors below: their numbers where there is room, or their places, from 1 when sorted.
pub(super) fn column_labels(ui: &Ui, columns: &Columns, sheet: &Sheet) {
    let ink = ui.visuals().weak_text_color();
    let width = sheet.column_width();
    let wide = columns.len().max(1).ilog10() as f32 * 6.5 + 14.0;
    let numbers = !columns.sorted || width >= wide;
    let step = step(f64::from(wide / width));
    let seen = sheet.seen_columns(columns.len());
    // Places count from 1, so that it is the multiples of the step that are written.
    let from = usize::from(!numbers);
    let mut column = (seen.start + from).div_ceil(step) * step;
    if !numbers && seen.start == 0 {
        column = 1;
    }
    while column < seen.end + from {
        let index = column - from;
        let x = (sheet.x(index as f64) + sheet.x(index as f64 + 1.0)) / 2.0;
        let words = match columns.vector(index) {
            Some(vector) if numbers => vector.to_string(),
            _ => column.to_string(),
        };
        // The last one must not leave the frame.
        if x + 3.2 * words.len() as f32 <= sheet.rect.right() + 3.0 && x >= sheet.rect.left() {
            let at = pos2(x, sheet.rect.bottom() + 2.0);
            paint_text(ui, at, Align2::CENTER_TOP, &words, 10.0, ink);
        }
        column = if column == 1 && step > 1 && !numbers {
            step
        } else {
            column + step
        };
    }
}

/// The name of the columns, and where it stands.
pub(super) fn name_below(ui: &Ui, columns: &Columns, sheet: &Sheet, area: Rect) -> Rect {
    let name = if columns.sorted {
        tr("Persistent vector, most used first")
    } else {
        tr("Persistent vector")
    };
    let ink = ui.visuals().weak_text_color();
    let at = pos2(sheet.rect.center().x, area.bottom());
    paint_text(ui, at, Align2::CENTER_BOTTOM, name, 11.0, ink)
}

/// Beside every row, its whole share on persistent vectors as a bar from 0 to 100 %; above it the head's mean.
pub(super) fn row_shares(
    ui: &Ui,
    cx: &ViewContext<'_>,
    detail: &SelectedHeads,
    sheet: &Sheet,
    column: Rect,
) {
    let painter = ui
        .painter()
        .with_clip_rect(column.intersect(ui.clip_rect()));
    painter.rect_filled(column, 0.0, ui.visuals().extreme_bg_color);
    let rows = sheet.seen_rows(detail.end());
    let mut mesh = egui::Mesh::default();
    let pixel = f64::from(1.0 / ui.ctx().pixels_per_point() / sheet.row_height());
    let mut row = rows.start;
    while row < rows.end {
        // Where many queries share a pixel, the largest counts.
        let next = ((row as f64 + pixel) as usize).clamp(row + 1, rows.end);
        // Of very many, some are looked at.
        let some = (next - row).div_ceil(ROWS_PER_PIXEL);
        let shares = (row..next).step_by(some);
        let shares = shares.filter_map(|row| detail.persistent(row));
        let share = shares.fold(0.0, f32::max).min(1.0);
        let (top, bottom) = (sheet.y(row as f64), sheet.y(next as f64));
        let gap = if bottom - top >= 4.0 { 1.0 } else { 0.0 };
        let bar = Rect::from_min_max(
            pos2(column.left(), top),
            pos2(column.left() + share * column.width(), bottom - gap),
        );
        mesh.add_colored_rect(bar, cx.palette.persistent);
        row = next;
    }
    painter.add(mesh);
    let line = ui.visuals().widgets.noninteractive.bg_stroke;
    ui.painter()
        .rect_stroke(column, 0.0, line, StrokeKind::Outside);
    let ink = ui.visuals().weak_text_color();
    for (x, anchor, words) in [
        (column.left(), Align2::LEFT_TOP, "0"),
        (column.right(), Align2::RIGHT_TOP, "100 %"),
    ] {
        let at = pos2(x, column.bottom() + 2.0);
        paint_text(ui, at, anchor, words, 9.5, ink);
    }
    let at = pos2(column.center().x, column.bottom() + 30.0);
    paint_text(
        ui,
        at,
        Align2::CENTER_BOTTOM,
        tr(Quantity::Share.short()),
        11.0,
        ink,
    );
}

/// Lines along the selected tokens and vector, and quieter ones along what is under the pointer somewhere.
pub(super) fn marks(ui: &Ui, cx: &ViewContext<'_>, columns: &Columns, sheet: &Sheet, above: Rect) {
    let clip = ui.clip_rect();
    let heat = ui
        .painter()
        .with_clip_rect(sheet.rect.expand(1.0).intersect(clip));
    let both = sheet.rect.union(above);
    let across = ui
        .painter()
        .with_clip_rect(both.expand(1.0).intersect(clip));
    let quiet = ui.visuals().text_color().gamma_multiply(0.7);
    let accent = cx.palette.accent;
    let row = |from: usize, to: usize, color: Color32, thick: f32| {
        let (top, bottom) = (sheet.y(from as f64), sheet.y(to as f64));
        let rect = Rect::from_x_y_ranges(sheet.rect.x_range(), top..=bottom);
        outline(&heat, rect, color, thick);
    };
    for range in cx.tokens().ranges() {
        row(range.start, range.end, accent, 1.2);
    }
    if let Some(token) = cx.hover.token.filter(|token| *token < cx.snapshot.done) {
        row(token, token + 1, quiet, 1.0);
    }
    let column = |vector: usize, color: Color32, thick: f32| {
        let Some(column) = columns.column(vector) else {
            return;
        };
        let (left, right) = (sheet.x(column as f64), sheet.x(column as f64 + 1.0));
        let rect = Rect::from_x_y_ranges(left..=right, both.y_range());
        outline(&across, rect, color, thick);
    };
    if let Some(vector) = cx.selection.vector {
        column(vector, accent, 1.5);
    }
    if let Some(vector) = cx.hover.vector {
        column(vector, quiet, 1.0);
    }
}

/// The outline of a row or a column, or one line where it is too thin for two; dark below, so that it shows on any colour.
fn outline(painter: &egui::Painter, rect: Rect, color: Color32, thick: f32) {
    let shade = Stroke::new(thick + 1.5, Color32::from_black_alpha(110));
    let stroke = Stroke::new(thick, color);
    for stroke in [shade, stroke] {
        if rect.height() < 4.0 {
            painter.hline(rect.x_range(), rect.center().y, stroke);
        } else if rect.width() < 4.0 {
            painter.vline(rect.center().x, rect.y_range(), stroke);
        } else {
            painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Middle);
        }
    }
}

/// The numbers of the cell under the pointer.
pub(super) fn readout(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    detail: &SelectedHeads,
    columns: &Columns,
    query: usize,
    vector: usize,
) {
    ui.label(strong(trf(
        "query {0}  {1}",
        &[&query, &cx.snapshot.label(query)],
    )));
    let rank = columns.rank.get(vector).copied().unwrap_or(0) as usize;
    ui.label(strong(trf(
        "persistent vector {0}, rank {1} by use",
        &[&vector, &(rank + 1)],
    )));
    let row = detail.weights.persistent_row(query);
    match row.get(vector) {
        Some(weight) => {
            ui.label(trf("weight {0}", &[&picture::weight(*weight)]));
            let mean = columns.usage.mean.get(vector).copied().unwrap_or(0.0);
            if mean > 0.0 {
                ui.label(quiet(trf(
                    "{0} × its mean weight",
                    &[&format!("{:.2}", weight / mean)],
                )));
            }
        }
        None => {
            ui.label(quiet(tr("its weights are not available yet")));
        }
    }
    if let Some(all) = detail.persistent(query) {
        ui.label(quiet(trf("all persistent vectors: {0}", &[&percent(all)])));
    }
    ui.label(quiet(tr("click to select the token and the vector")));
}
