//! The tokens that the model expects after a token.

use crate::analysis::{Candidate, Prediction, bits};
use crate::chart::thousands;
use crate::engine::figures::percentage;
use crate::engine::{LoadedModel, Snapshot};
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{ink_on, quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::fitting;
use crate::ui::widgets::names::signed;
use eframe::egui::{self, Color32, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

/// One row.
struct Row {
    candidate: Candidate,
    rank: usize,
    /// True if it is what follows in the text.
    follows: bool,
}

/// The token that the predictions stand after, named; `None`, said in its place, where there is no text.
pub fn heading(ui: &mut Ui, cx: &ViewContext<'_>) -> Option<usize> {
    let Some(query) = cx.query() else {
        let words = tr("Type a text to see what the model expects next.");
        ui.label(quiet(cx.without_text(words)));
        return None;
    };
    let label = cx.snapshot.label(query);
    ui.label(strong(trf(
        "After token {0} “{1}”",
        &[&thousands(query), &label],
    )));
    Some(query)
}

/// The likeliest tokens after the selected one; in `attribute` the one whose logit is to be attributed, if that was chosen.
pub fn show(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    model: &LoadedModel,
    attribute: &mut Option<u32>,
) {
    let Some(query) = heading(ui, cx) else {
        return;
    };
    let prediction = cx.snapshot.prediction.clone();
    let Some(prediction) = prediction else {
        ui.label(quiet(cx.without_prediction(query)));
        return;
    };
    // Of another token until the worker has answered.
    let current = prediction.at == query;
    let change = cx.snapshot.surprisal_change(prediction.at + 1);
    summary(ui, &prediction, model, change.filter(|_| current));
    let rows = rows(&prediction);
    let most = rows.first().map_or(0.0, |row| row.candidate.log_p.exp());
    let names = names_width(ui, model, &rows);
    egui::ScrollArea::vertical()
        .id_salt("candidates")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for row in &rows {
                if row.rank > prediction.top.len() {
                    ui.label(quiet("…"));
                }
                let line = line(ui, cx, model, row, (most, names), query, current);
                // The menu of a click has the row's own id.
                let menu = egui::Popup::context_menu(&line).id(line.id.with("attribute"));
                menu.show(|ui| {
                    if ui.button(tr("Attribute its logit")).clicked() {
                        *attribute = Some(row.candidate.id);
                    }
                });
            }
        });
}

/// The width that the tokens' names need.
fn names_width(ui: &Ui, model: &LoadedModel, rows: &[Row]) -> f32 {
    let widths = rows.iter().map(|row| {
        let label = model.label(row.candidate.id);
        let font = FontId::monospace(13.0);
        ui.painter()
            .layout_no_wrap(label, font, Color32::WHITE)
            .size()
            .x
    });
    widths.fold(18.0, f32::max) + 4.0
}

fn rows(prediction: &Prediction) -> Vec<Row> {
    let truth = prediction.truth;
    let top = prediction.top.iter().enumerate();
    let mut rows: Vec<Row> = top
        .map(|(i, candidate)| Row {
            candidate: *candidate,
            rank: i + 1,
            follows: truth.is_some_and(|truth| truth.id == candidate.id),
        })
        .collect();
    if let Some(truth) = truth
        && truth.rank > rows.len()
    {
        rows.push(Row {
            candidate: Candidate {
                id: truth.id,
                log_p: truth.log_p,
            },
            rank: truth.rank,
            follows: true,
        });
    }
    rows
}

fn summary(ui: &mut Ui, prediction: &Prediction, model: &LoadedModel, change: Option<f32>) {
    let most = (model.network.architecture().vocab_size as f32).log2();
    let entropy = format!("{:.2}", prediction.entropy_bits);
    let first = trf("entropy {0} bits", &[&entropy]);
    let words = match prediction.truth {
        Some(truth) => trf(
            "“{0}” follows: {1} bits, rank {2}",
            &[
                &model.label(truth.id),
                &format!("{:.2}", bits(-truth.log_p).max(0.0)),
                &thousands(truth.rank),
            ],
        ),
        None => tr("the text ends here").to_owned(),
    };
    let change = change.map(|bits| signed(f64::from(bits), 2));
    let words = match (change, prediction.truth) {
        // Where it is narrow, the change counts for more than what it is called.
        (Some(change), Some(truth)) => {
            let bits = format!("{:.2}", bits(-truth.log_p).max(0.0));
            let label = model.label(truth.id);
            let rank = thousands(truth.rank);
            let short = trf(
                "“{0}”: {1} bits (Δ {2}), rank {3}",
                &[&label, &bits, &change, &rank],
            );
            let whole = trf("{0} ({1} bits by the edits)", &[&words, &change]);
            fitting(ui, vec![whole, short])
        }
        _ => words,
    };
    // Two lines whatever follows: nothing below them moves.
    let line = |words: String| egui::Label::new(quiet(words)).truncate();
    let response = ui.add(line(first)) | ui.add(line(words));
    response.on_hover_text(trf(
        "Entropy of the prediction: 0 bits where the model is certain, {0} where it knows nothing",
        &[&format!("{most:.2}")],
    ));
}

fn line(
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    model: &LoadedModel,
    row: &Row,
    (most, names): (f32, f32),
    query: usize,
    current: bool,
) -> egui::Response {
    let size = vec2(ui.available_width() - 6.0, 19.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let p = row.candidate.log_p.exp();
    let surprisal = bits(-row.candidate.log_p).max(0.0);
    let label = model.label(row.candidate.id);
    let fade = |color: Color32| {
        if current {
            color
        } else {
            color.gamma_multiply(0.4)
        }
    };
    let ink = fade(ui.visuals().text_color());
    let weak = fade(ui.visuals().weak_text_color());
    let color = if row.follows {
        cx.palette.accent
    } else {
        cx.palette.context.gamma_multiply(0.6)
    };
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 2.0, ui.visuals().faint_bg_color);
    }
    let middle = rect.center().y;
    let text = |at: f32, anchor: egui::Align2, words: &str, font: FontId, color| {
        painter.text(pos2(at, middle), anchor, words, font, color)
    };
    use egui::Align2;
    let small = FontId::proportional(11.0);
    let rank = thousands(row.rank);
    text(
        rect.left() + 22.0,
        Align2::RIGHT_CENTER,
        &rank,
        small.clone(),
        weak,
    );
    let names = names.min(0.4 * rect.width());
    let name = Rect::from_x_y_ranges(
        rect.left() + 28.0..=rect.left() + 28.0 + names,
        rect.y_range(),
    );
    let clipped = painter.with_clip_rect(name.intersect(ui.clip_rect()));
    clipped.text(
        name.left_center(),
        Align2::LEFT_CENTER,
        &label,
        FontId::monospace(13.0),
        ink,
    );
    // Bits are left out where the tile is narrow.
    let with_bits = rect.width() > 250.0;
    let numbers = if with_bits { 112.0 } else { 52.0 };
    let bars = Rect::from_min_max(
        pos2(name.right() + 4.0, rect.top() + 3.0),
        pos2(
            (rect.right() - numbers).max(name.right() + 8.0),
            rect.bottom() - 3.0,
        ),
    );
    let length = bars.width() * (p / most.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    let bar = Rect::from_min_size(bars.min, vec2(length.max(1.0), bars.height()));
    painter.rect_filled(bar, 1.0, fade(color));
    if row.follows {
        // What follows is told apart by its outline and its words as well.
        let stroke = Stroke::new(1.0, ink);
        painter.rect_stroke(bar, 1.0, stroke, egui::StrokeKind::Outside);
        let words = tr("follows");
        let inside = bar.width() > 56.0;
        let (at, color) = if inside {
            (bar.left() + 5.0, ink_on(color))
        } else {
            (bar.right() + 5.0, ink)
        };
        text(at, Align2::LEFT_CENTER, words, small.clone(), color);
    }
    let percent = format!("{} %", percentage(100.0 * p));
    let end = if with_bits {
        rect.right() - 58.0
    } else {
        rect.right() - 2.0
    };
    text(
        end,
        Align2::RIGHT_CENTER,
        &percent,
        FontId::proportional(12.5),
        ink,
    );
    if with_bits {
        let words = trf("{0} bits", &[&format!("{surprisal:.2}")]);
        text(
            rect.right() - 2.0,
            Align2::RIGHT_CENTER,
            &words,
            small,
            weak,
        );
    }
    response.widget_info(|| {
        let words = [
            &label as &dyn std::fmt::Display,
            &percent,
            &format!("{surprisal:.2}"),
            &rank,
        ];
        let name = if row.follows {
            trf(
                "Next token {0}: {1}, {2} bits, rank {3}, follows in the text",
                &words,
            )
        } else {
            trf("Next token {0}: {1}, {2} bits, rank {3}", &words)
        };
        egui::WidgetInfo::labeled(egui::Role::Button, true, name)
    });
    if current {
        offer(cx, model, response.clone(), row, query);
    }
    response
}

/// Writing a candidate into the text: at its end by a click, before its end by a choice.
fn offer(
    cx: &mut ViewContext<'_>,
    model: &LoadedModel,
    response: egui::Response,
    row: &Row,
    query: usize,
) {
    let snapshot = cx.snapshot;
    let text = written(
        model,
        snapshot.tokens.ids.get(query).copied(),
        row.candidate.id,
    );
    let last = query + 1 >= snapshot.tokens.ids.len();
    let refusal = cx.refusal(&Command::EditText);
    let hint = |ui: &mut Ui| {
        ui.label(strong(model.label(row.candidate.id)));
        ui.label(quiet(trf(
            "log p = {0} nats",
            &[&format!("{:.3}", row.candidate.log_p)],
        )));
        if let Some(reason) = refusal {
            ui.label(quiet(reason));
            return;
        }
        ui.label(match (&text, last) {
            (None, _) => tr("A part of a character: it cannot be written by itself"),
            (Some(_), true) => tr("click to append it to the text"),
            (Some(_), false) => tr("click to write it into the text"),
        });
    };
    let end = end_of(snapshot, query).filter(|_| refusal.is_none());
    let (Some(text), Some(end)) = (&text, end) else {
        response.on_hover_ui(hint);
        return;
    };
    let insert = Command::Insert {
        at: end,
        text: text.clone(),
    };
    if last {
        if response.clicked() {
            cx.commands.push(insert);
        }
        response.on_hover_ui(hint);
        return;
    }
    egui::Popup::menu(&response).show(|ui| {
        if ui
            .button(trf("Insert after token {0}", &[&thousands(query)]))
            .clicked()
        {
            cx.commands.push(insert);
        }
        // What follows already need not take its own place.
        if !row.follows
            && let Some(next) = piece_of(snapshot, query + 1)
            && ui
                .button(trf("Replace “{0}”", &[&snapshot.label(query + 1)]))
                .clicked()
        {
            // From the end of this token on, so that the space between two words is not left over.
            let text = text.clone();
            cx.commands.push(Command::Replace {
                range: end..next.end,
                text,
            });
        }
    });
    response.on_hover_ui(hint);
}

/// The text of a token after another one; `None` if it is none by itself.
pub fn written(model: &LoadedModel, last: Option<u32>, id: u32) -> Option<String> {
    match &model.vocabulary {
        Some(vocabulary) => String::from_utf8(vocabulary.decode_after(last, id)).ok(),
        None => Some(format!(" {id}")),
    }
}

fn piece_of(snapshot: &Snapshot, token: usize) -> Option<std::ops::Range<usize>> {
    let tokens = &snapshot.tokens;
    let piece = *tokens.piece_of.get(token)? as usize;
    Some(tokens.pieces.get(piece)?.range.clone())
}

/// The byte of the text at which a token ends.
pub fn end_of(snapshot: &Snapshot, token: usize) -> Option<usize> {
    Some(piece_of(snapshot, token)?.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Truth;

    fn prediction(truth: Option<Truth>) -> Prediction {
        let top = [(7, 0.5_f32), (2, 0.25)];
        let top = top.map(|(id, p)| Candidate { id, log_p: p.ln() });
        Prediction {
            at: 3,
            top: top.into(),
            entropy_bits: 1.5,
            truth,
        }
    }

    #[test]
    fn what_follows_is_marked_or_added_with_its_rank() {
        let truth = |id, rank| {
            Some(Truth {
                id,
                log_p: -3.0,
                rank,
            })
        };
        let marked = rows(&prediction(truth(2, 2)));
        let follows: Vec<bool> = marked.iter().map(|row| row.follows).collect();
        assert_eq!(follows, [false, true]);
        let added = rows(&prediction(truth(9, 14)));
        assert_eq!(
            (added.len(), added[2].rank, added[2].candidate.id),
            (3, 14, 9)
        );
        assert!(added[2].follows);
        assert!(rows(&prediction(None)).iter().all(|row| !row.follows));
    }
}
