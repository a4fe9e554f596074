//! Lists of tokens: those that use a persistent vector or a neuron most, and those that its value promotes.

use crate::analysis::logit_lens::Promoted;
use crate::engine::LoadedModel;
use crate::text::{Unit, Vocabulary};
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::picture::weight;
use eframe::egui::{self, Color32, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

/// Tokens left and right of one that uses it: of characters, and of words.
const CHARACTERS: (usize, usize) = (28, 16);
const WORDS: (usize, usize) = (7, 4);

/// Height of a line, room for its weight, in points.
const LINE: f32 = 19.0;
const NUMBER: f32 = 56.0;

/// Tokens of the text with their weights, by falling size, each between its neighbours.
pub(super) fn users(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    model: &LoadedModel,
    users: &[(usize, f32)],
) {
    let unit = model.vocabulary.as_ref().map(Vocabulary::unit);
    let (around, between) = match unit {
        Some(Unit::Byte | Unit::Char) => (CHARACTERS, ""),
        Some(Unit::Piece) => (WORDS, ""),
        Some(Unit::Word) | None => (WORDS, " "),
    };
    let largest = users.first().map_or(0.0, |user| user.1.abs());
    let spacing = std::mem::replace(&mut ui.spacing_mut().item_spacing.y, 0.0);
    for (query, share) in users {
        user(ui, cx, *query, (*share, largest), around, between);
    }
    ui.spacing_mut().item_spacing.y = spacing;
}

/// A weight with its sign, where it is below zero.
fn number(value: f32) -> String {
    match value < 0.0 {
        true => format!("\u{2212}{}", weight(-value)),
        false => weight(value),
    }
}

fn user(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    query: usize,
    (share, largest): (f32, f32),
    around: (usize, usize),
    between: &str,
) {
    let size = vec2(ui.available_width().max(120.0), LINE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = trf(
        "token {0} {1}: weight {2}",
        &[&query, &cx.snapshot.label(query), &number(share)],
    );
    response.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::Role::Button,
            true,
            cx.selection.tokens.contains(query),
            &name,
        )
    });
    if ui.is_rect_visible(rect) {
        let visuals = ui.visuals();
        let (ink, weak, loud) = (
            visuals.text_color(),
            visuals.weak_text_color(),
            visuals.strong_text_color(),
        );
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        if response.hovered() || response.has_focus() || cx.hover.token == Some(query) {
            painter.rect_filled(rect, 2.0, visuals.faint_bg_color);
        }
        if cx.selection.tokens.contains(query) {
            let stroke = Stroke::new(1.0, cx.palette.accent);
            painter.rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Inside);
        }
        let lay =
            |words: String, font: FontId, ink: Color32| painter.layout_no_wrap(words, font, ink);
        let middle = |galley: &egui::Galley| rect.center().y - galley.size().y / 2.0;
        // Under the number, which must stay easy to read.
        let long = (share.abs() / largest.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0) * (NUMBER - 4.0);
        let under = Rect::from_min_size(pos2(rect.left(), rect.bottom() - 4.0), vec2(long, 2.5));
        painter.rect_filled(under, 1.0, cx.palette.persistent);
        let words = lay(number(share), FontId::monospace(11.0), ink);
        let at = pos2(
            rect.left() + NUMBER - 4.0 - words.size().x,
            middle(&words) - 1.5,
        );
        painter.galley(at, words, ink);

        let text = Rect::from_min_max(rect.min + vec2(NUMBER + 6.0, 0.0), rect.max);
        let join = |range: std::ops::Range<usize>| {
            let labels: Vec<String> = range.map(|token| cx.snapshot.label(token)).collect();
            labels.join(between)
        };
        let end = (query + 1 + around.1).min(cx.snapshot.done.max(query + 1));
        let before = join(query.saturating_sub(around.0)..query) + between;
        let after = between.to_owned() + &join(query + 1..end);
        let body = FontId::proportional(12.5);
        let token = lay(cx.snapshot.label(query), body.clone(), loud);
        let (before, after) = (lay(before, body.clone(), weak), lay(after, body, weak));
        // The tokens stand one below the other.
        let x = text.left() + 0.58 * text.width();
        let left = (x - token.size().x / 2.0)
            .min(text.right() - token.size().x - 2.0)
            .max(text.left() + 2.0);
        let mark = Rect::from_min_max(
            pos2(left - 2.0, rect.top() + 2.0),
            pos2(left + token.size().x + 2.0, rect.bottom() - 2.0),
        );
        let right = left + token.size().x;
        let clipped = painter.with_clip_rect(text.intersect(painter.clip_rect()));
        clipped.rect_filled(mark, 2.0, cx.palette.persistent.gamma_multiply(0.35));
        clipped.hline(
            mark.x_range(),
            mark.bottom(),
            Stroke::new(1.0, cx.palette.persistent),
        );
        let y = middle(&token);
        clipped.galley(pos2(left - before.size().x - 2.0, y), before, weak);
        clipped.galley(pos2(left, y), token, loud);
        clipped.galley(pos2(right + 2.0, y), after, weak);
    }
    if response.hovered() {
        cx.hovering.token = Some(query);
    }
    if response.clicked() {
        cx.click_token(ui, query);
    }
    response
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .on_hover_text(name);
}

/// A quiet bar behind a number.
fn bar(painter: &egui::Painter, room: Rect, share: f32, color: Color32) {
    let width = share.clamp(0.0, 1.0) * room.width();
    let bar = Rect::from_min_size(room.min + vec2(0.0, 3.0), vec2(width, room.height() - 6.0));
    painter.rect_filled(bar, 1.0, color.gamma_multiply(0.4));
}

/// The tokens that a value promotes and lowers through the output embedding.
pub(super) fn promoted(ui: &mut Ui, model: &LoadedModel, promoted: &Promoted) {
    let lists = [
        (tr("raised"), "+", &promoted.up),
        (tr("lowered"), "−", &promoted.down),
    ];
    let all = lists.iter().flat_map(|(_, _, list)| list.iter());
    let largest = all.fold(0.0_f32, |m, (_, change)| m.max(change.abs()));
    let gap = 12.0;
    let width = ui.available_width();
    let two = width >= 280.0;
    let each = if two { (width - gap) / 2.0 } else { width };
    let colors = {
        let palette = crate::ui::theme::palette(ui.visuals());
        [palette.accent, palette.edge]
    };
    let draw = |ui: &mut Ui| {
        for ((name, sign, list), color) in lists.into_iter().zip(colors) {
            ui.vertical(|ui| {
                ui.set_width(each);
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.label(quiet(name));
                for (id, change) in list {
                    let label = model.label(*id);
                    change_line(ui, &label, sign, *change, largest, color);
                }
                if list.is_empty() {
                    ui.label(quiet(tr("no token")));
                }
            });
        }
    };
    ui.spacing_mut().item_spacing.x = gap;
    if two {
        ui.horizontal_top(draw);
    } else {
        ui.vertical(draw);
    }
}

/// One token, its bar and its number.
fn change_line(ui: &mut Ui, label: &str, sign: &str, change: f32, largest: f32, color: Color32) {
    let size = vec2(ui.available_width(), LINE - 2.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let number = format!("{sign}{:.2}", change.abs());
    let name = format!("{label} {number}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let ink = ui.visuals().text_color();
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let names = (0.42 * rect.width()).min(110.0);
    let numbers = 48.0_f32.min(0.3 * rect.width());
    let mut job =
        egui::text::LayoutJob::simple_singleline(label.to_owned(), FontId::proportional(12.5), ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(names - 4.0);
    let word = painter.layout_job(job);
    painter.galley(
        pos2(rect.left(), rect.center().y - word.size().y / 2.0),
        word,
        ink,
    );
    let room = Rect::from_min_max(
        pos2(rect.left() + names, rect.top()),
        pos2(rect.right() - numbers, rect.bottom()),
    );
    bar(
        &painter,
        room,
        change.abs() / largest.max(f32::MIN_POSITIVE),
        color,
    );
    let galley = painter.layout_no_wrap(number, FontId::monospace(11.0), ink);
    let at = pos2(
        rect.right() - galley.size().x,
        rect.center().y - galley.size().y / 2.0,
    );
    painter.galley(at, galley, ink);
    response.on_hover_text(name);
}
