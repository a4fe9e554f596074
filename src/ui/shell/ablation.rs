//! The ranking of all heads by what the text costs without each.

use crate::analysis::{Ablated, Ablation};
use crate::chart::thousands;
use crate::engine::figures;
use crate::engine::{Ablating, AblationTask, LoadedModel, MOST_ABLATED, Snapshot};
use crate::model::HeadId;
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{Palette, quiet, strong};
use crate::ui::widgets::names::{bits_unit, head_name, signed};
use eframe::egui::{self, Rect, Sense, Ui, vec2};
use std::sync::Arc;

/// Width of the panel, and of its bars, in points.
const WIDTH: f32 = 330.0;
const BAR: f32 = 110.0;

/// The ranking, while it is measured and after.
#[derive(Debug, Default)]
pub struct AblationPanel {
    task: Option<AblationTask>,
}

impl AblationPanel {
    /// True if it is still measuring.
    pub fn is_running(&self) -> bool {
        let state = self.task.as_ref().map(AblationTask::state);
        matches!(state, Some(Ablating::Begun | Ablating::Running(..)))
    }

    /// The ranking, once it is measured.
    pub fn ranking(&self) -> Option<Arc<Ablation>> {
        match self.task.as_ref()?.state() {
            Ablating::Done(ablation) => ablation,
            _ => None,
        }
    }

    /// Begins to measure the model and the text at hand.
    pub fn begin(&mut self, ctx: &egui::Context, snapshot: &Snapshot) {
        if let Some(model) = &snapshot.model {
            let ctx = ctx.clone();
            let (model, tokens) = (Arc::clone(model), Arc::clone(&snapshot.tokens));
            let notify = move || ctx.request_repaint();
            self.task = Some(AblationTask::begin(model, tokens, notify));
        }
    }

    /// Draws it, if it was begun. `selected` is the leading head.
    pub fn show(
        &mut self,
        ctx: &egui::Context,
        snapshot: &Snapshot,
        selected: HeadId,
        palette: &Palette,
        commands: &mut Vec<Command>,
    ) {
        let Some(task) = &self.task else {
            return;
        };
        let mut open = true;
        let room = ctx.content_rect().size();
        egui::Window::new(tr("Ablation of every head"))
            .id(egui::Id::unique("ablation"))
            .open(&mut open)
            .collapsible(false)
            .resizable([false, true])
            .default_pos([room.x - WIDTH - 60.0, 90.0])
            .default_height(0.55 * room.y)
            .show(ctx, |ui| {
                ui.set_width(WIDTH);
                contents(ui, task, snapshot, selected, palette, commands);
            });
        if !open {
            // Whoever closes it does not wait for it any more.
            self.task = None;
        }
    }
}

fn contents(
    ui: &mut Ui,
    task: &AblationTask,
    snapshot: &Snapshot,
    selected: HeadId,
    palette: &Palette,
    commands: &mut Vec<Command>,
) {
    match task.state() {
        Ablating::Begun => {
            ui.spinner();
        }
        Ablating::Running(done, all) => {
            let words = trf("{0} of {1} runs over the text", &[&done, &all]);
            let bar = egui::ProgressBar::new(done as f32 / all.max(1) as f32);
            ui.add(bar.text(words));
        }
        Ablating::Failed(why) => {
            let words = trf("The heads cannot be ablated: {0}", &[&why]);
            ui.label(words);
        }
        Ablating::Done(None) => {
            ui.label(tr("The text predicts nothing: type at least two tokens."));
        }
        Ablating::Done(Some(ablation)) => {
            let now = snapshot.model.as_ref();
            let is_now = now.is_some_and(|now| task.is_of(now, &snapshot.tokens));
            let of = (&*task.model, &*ablation);
            ranking(ui, of, (is_now, selected), palette, commands);
        }
    }
}

/// The heads, the one that the text needs most first.
fn ranking(
    ui: &mut Ui,
    (model, ablation): (&LoadedModel, &Ablation),
    (is_now, selected): (bool, HeadId),
    palette: &Palette,
    commands: &mut Vec<Command>,
) {
    let unit = bits_unit(Some(model));
    let of = [
        &thousands(ablation.tokens) as &dyn std::fmt::Display,
        &format!("{:.3}", ablation.bits),
        &unit,
    ];
    let all = model.network.edits().is_empty();
    ui.label(match (ablation.tokens >= MOST_ABLATED, all) {
        (true, true) => trf("On the first {0} tokens: {1} {2} with all heads", &of),
        (true, false) => trf("On the first {0} tokens: {1} {2} with the edits", &of),
        (false, true) => trf("On {0} tokens: {1} {2} with all heads", &of),
        (false, false) => trf("On {0} tokens: {1} {2} with the edits", &of),
    });
    // Whether or not it is of what is on show, the window is as wide.
    ui.horizontal_wrapped(|ui| {
        let copy = ui.button(tr("Copy data (CSV)"));
        if copy.clicked()
            && let Ok(csv) = figures::ablation(model, ablation).numbers.csv()
        {
            ui.ctx().copy_text(csv);
        }
        if !is_now {
            if ui.button(tr("Measure again")).clicked() {
                commands.push(Command::AblateEach);
            }
            let color = ui.visuals().warn_fg_color;
            ui.label(quiet(tr("of an earlier text or model")).color(color));
        }
    });
    ui.add_space(2.0);
    ui.label(strong(trf("{0} more without the head", &[&unit])));
    let largest = ablation.heads.iter().map(|head| head.change.abs());
    let largest = largest.fold(0.0, f64::max).max(1e-9);
    let height = ui.text_style_height(&egui::TextStyle::Body) + 6.0;
    egui::ScrollArea::vertical()
        .auto_shrink([false, true])
        .show_rows(ui, height, ablation.heads.len(), |ui, rows| {
            for i in rows {
                let Some(head) = ablation.heads.get(i) else {
                    continue;
                };
                if row(ui, (i, head), head.id == selected, (largest, unit), palette) {
                    commands.push(Command::SelectHead(head.id));
                }
            }
        });
}

/// One head; whether it was clicked.
fn row(
    ui: &mut Ui,
    (i, head): (usize, &Ablated),
    is_selected: bool,
    (largest, unit): (f64, &str),
    palette: &Palette,
) -> bool {
    let change = signed(head.change, 4);
    let name = head_name(head.id);
    let words = format!("{}. {name}", i + 1);
    let button = egui::Button::selectable(is_selected, words)
        .shortcut_text(&change)
        .wrap_mode(egui::TextWrapMode::Truncate)
        .min_size(vec2(ui.available_width() - BAR - 8.0, 0.0));
    ui.horizontal(|ui| {
        let response = ui.add(button);
        response.widget_info(|| {
            let words = trf("{0}: {1} {2} without it", &[&name, &change, &unit]);
            egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, words)
        });
        let (rect, _) = ui.allocate_exact_size(vec2(BAR, 10.0), Sense::hover());
        let width = (head.change.abs() / largest) as f32 * rect.width();
        let bar = Rect::from_min_size(rect.min, vec2(width.max(1.0), rect.height()));
        let color = match head.change >= 0.0 {
            true => palette.persistent,
            false => palette.accent,
        };
        ui.painter().rect_filled(bar, 1.0, color);
        response.clicked()
    })
    .inner
}
