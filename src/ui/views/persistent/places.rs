//! Places in many texts that show what a neuron or a persistent vector does, from a file of examples.

use super::usage::fine_percent;
use crate::analysis::examples::{MemoryId, MemoryPlace, NO_TOKEN};
use crate::engine::sums_file::SumsFile;
use crate::text::visible;
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use eframe::egui::text::LayoutJob;
use eframe::egui::{self, FontId, Sense, Stroke, TextFormat, Ui};

/// Places that are shown of each tenth of the tokens.
const OF_EACH: usize = 2;

/// Draws them.
pub(super) fn show(ui: &mut Ui, cx: &mut ViewContext<'_>, id: MemoryId) {
    ui.label(strong(tr("Places in many texts"))).on_hover_text(tr(
        "From a file of examples: the tokens that use it most, and some of every tenth of all tokens, by size. Click one to see it in \
         its text.",
    ));
    let option = match id {
        MemoryId::Neuron(_) => "--neuron",
        MemoryId::Vector(..) => "--vector",
    };
    let found = cx.examples.and_then(|file| {
        let places = file.examples.as_ref()?.memories.of(id)?;
        Some((file, places))
    });
    let Some((file, places)) = found else {
        let words = match cx.examples {
            None => trf(
                "None is open: spanscope examples MODEL --text FOLDER {0} {1} -o FILE.safetensors finds them.",
                &[&option, &id],
            ),
            Some(file) => trf(
                "The open file, of {0}, has none of {1}: add {2} {1} to spanscope examples.",
                &[&file.header.model.name, &id, &option],
            ),
        };
        ui.label(quiet(words));
        if ui.button(tr("Open examples…")).clicked() {
            cx.commands.push(Command::OpenExamples);
        }
        return;
    };
    ui.label(quiet(trf(
        "{0}, {1} texts",
        &[&file.header.model.name, &file.header.texts.len()],
    )));
    let mut clicked = None;
    let mut one = |ui: &mut Ui, place: &MemoryPlace| {
        if row(ui, cx, (file, id), place) {
            clicked = Some((place.text as usize, place.token as usize));
        }
    };
    ui.label(quiet(tr("Largest")));
    for place in &places.top {
        one(ui, place);
    }
    for (i, tenth) in places.tenths(id, OF_EACH).iter().enumerate().rev() {
        let (from, to) = tenth.values;
        ui.label(quiet(trf(
            "Decile {0} of 10 of the tokens: {1} to {2}",
            &[&(i + 1), &number(id, from), &number(id, to)],
        )));
        for place in &tenth.places {
            one(ui, place);
        }
    }
    if let Some((text, token)) = clicked {
        cx.commands.push(Command::ShowPlace { text, token });
    }
}

/// An activation, or a weight.
fn number(id: MemoryId, value: f32) -> String {
    match id {
        MemoryId::Neuron(_) => format!("{value:.3}"),
        MemoryId::Vector(..) => fine_percent(value),
    }
}

/// A place with its text, its token marked; true if it was clicked.
fn row(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    (file, id): (&SumsFile, MemoryId),
    place: &MemoryPlace,
) -> bool {
    let visuals = ui.visuals();
    let (ink, weak) = (visuals.text_color(), visuals.weak_text_color());
    let plain = |color| TextFormat {
        font_id: FontId::proportional(12.0),
        color,
        ..TextFormat::default()
    };
    let mut job = LayoutJob::default();
    let value = number(id, place.value);
    job.append(&value, 0.0, plain(visuals.strong_text_color()));
    let mut gap = 8.0;
    for (token, at) in place.ids.iter().zip(place.positions()) {
        let (Some(at), true) = (at, *token != NO_TOKEN) else {
            continue;
        };
        let mut format = plain(ink);
        if at == place.token {
            format.background = cx.palette.persistent.gamma_multiply(0.5);
            format.underline = Stroke::new(1.5, cx.palette.edge);
        }
        let words = visible(file.example_token(*token).unwrap_or("\u{fffd}")).replace('␣', " ");
        job.append(&words, gap, format);
        gap = 0.0;
    }
    let name = file.text_of(place.text);
    job.append(&format!("  {name} {}", place.token), 0.0, plain(weak));
    job.wrap.max_width = ui.available_width();
    let words = trf(
        "{0}, token {1}: shows it in the text",
        &[&name, &place.token],
    );
    let response = ui.add(egui::Label::new(job).sense(Sense::click()));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
    response.on_hover_text(words.clone()).clicked()
}
