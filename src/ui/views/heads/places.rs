//! Places in texts that show what the leading head does, from a file of examples: the largest values, and some of every tenth.

use crate::analysis::examples::{ExampleMeasure, ExamplePlace, NO_TOKEN};
use crate::engine::sums_file::SumsFile;
use crate::text::visible;
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use eframe::egui::text::LayoutJob;
use eframe::egui::{self, Color32, FontId, Sense, Stroke, TextFormat, Ui};

/// Places that are shown of each tenth of the queries.
const OF_EACH: usize = 2;

/// Draws them.
pub(super) fn show(ui: &mut Ui, cx: &mut ViewContext<'_>) {
    let Some(file) = cx.examples else {
        ui.label(quiet(tr(
            "Places in many texts, as spanscope examples MODEL --text FOLDER -o FILE.safetensors finds them",
        )));
        if ui.button(tr("Open examples…")).clicked() {
            cx.commands.push(Command::OpenExamples);
        }
        return;
    };
    let leading = cx.selection.heads.leading();
    let per_layer = file.header.model.architecture.nb_heads();
    let Some(examples) = &file.examples else {
        return;
    };
    let measure = examples.measure;
    ui.horizontal_wrapped(|ui| {
        ui.label(strong(leading.to_string()));
        ui.label(quiet(trf(
            "by {0}; {1}, {2} texts",
            &[
                &measure.name(),
                &file.header.model.name,
                &file.header.texts.len(),
            ],
        )));
        if ui.small_button(tr("Other file…")).clicked() {
            cx.commands.push(Command::OpenExamples);
        }
    });
    let head = (leading.head < per_layer)
        .then(|| examples.heads.get(leading.layer * per_layer + leading.head))
        .flatten();
    let Some(head) = head else {
        ui.label(quiet(tr(
            "The file is of another model, which has no such head",
        )));
        return;
    };
    let mut clicked = None;
    egui::ScrollArea::vertical()
        .id_salt("places")
        .auto_shrink(false)
        .show(ui, |ui| {
            let mut one = |ui: &mut Ui, place: &ExamplePlace| {
                if place_row(ui, cx, (file, measure), place) {
                    clicked = Some((place.text as usize, place.query as usize));
                }
            };
            ui.label(quiet(tr("Largest")));
            for place in &head.top {
                one(ui, place);
            }
            for (i, decile) in head.deciles(measure, OF_EACH).iter().enumerate().rev() {
                let (from, to) = decile.values;
                let words = trf(
                    "Decile {0} of 10 of the queries: {1} to {2}",
                    &[&(i + 1), &number(measure, from), &number(measure, to)],
                );
                ui.label(quiet(words));
                for place in &decile.places {
                    one(ui, place);
                }
            }
        });
    if let Some((text, token)) = clicked {
        cx.commands.push(Command::ShowPlace { text, token });
    }
}

fn number(measure: ExampleMeasure, value: f32) -> String {
    match measure.is_count() {
        true => format!("{value:.1}"),
        false => format!("{value:.2}"),
    }
}

/// A place with its text, shaded by weight; true if it was clicked.
fn place_row(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    (file, measure): (&SumsFile, ExampleMeasure),
    place: &ExamplePlace,
) -> bool {
    let ink = ui.visuals().text_color();
    let most = place
        .weights
        .iter()
        .copied()
        .fold(0.0_f32, f32::max)
        .max(1e-6);
    let mut job = LayoutJob::default();
    job.wrap.max_width = ui.available_width();
    let plain = |color: Color32| TextFormat {
        font_id: FontId::proportional(12.0),
        color,
        ..TextFormat::default()
    };
    let weak = ui.visuals().weak_text_color();
    job.append(
        &number(measure, place.value),
        0.0,
        plain(ui.visuals().strong_text_color()),
    );
    let near = place.near();
    let is_far = place.positions().take(near).all(|at| at != Some(place.key));
    let all: Vec<(u32, f32, Option<u32>)> = place
        .ids
        .iter()
        .zip(&place.weights)
        .zip(place.positions())
        .map(|((id, weight), at)| (*id, *weight, at))
        .collect();
    let (around_query, around_key) = all.split_at(near.min(all.len()));
    let mut part = |tokens: &[(u32, f32, Option<u32>)], gap: f32| {
        let mut gap = gap;
        for (id, weight, at) in tokens {
            let (Some(at), true) = (at, *id != NO_TOKEN) else {
                continue;
            };
            let share = weight / most;
            let mut format = plain(ink);
            format.background = cx.palette.context.gamma_multiply(0.85 * share.sqrt());
            if *at == place.query {
                format.underline = Stroke::new(1.5, cx.palette.edge);
            }
            let words = visible(file.example_token(*id).unwrap_or("\u{fffd}")).replace('␣', " ");
            job.append(&words, gap, format);
            gap = 0.0;
        }
    };
    if is_far {
        part(around_key, 8.0);
    }
    part(around_query, 8.0);
    let name = file.text_of(place.text);
    job.append(&format!("  {name} {}", place.query), 0.0, plain(weak));
    let words = trf(
        "{0}, token {1}: shows it in the text",
        &[&name, &place.query],
    );
    let response = ui.add(egui::Label::new(job).sense(Sense::click()));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
    response.on_hover_text(words.clone()).clicked()
}
