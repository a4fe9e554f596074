//! The style of exported figures, with the figure itself beside the options.

mod choices;

use super::basis::Basis;
use crate::chart::Style;
use crate::engine::figures::FigureKind;
use crate::platform::thread;
use crate::ui::commands::command::{Command, Now};
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use crate::ui::widgets::paint::nothing;
use eframe::egui::{self, ColorImage, TextureHandle, Ui, vec2};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};

/// From this width of the window on the figure stands beside the options, which are so wide, in points.
const BESIDE: f32 = 760.0;
const CHOICES: f32 = 270.0;

/// Longest side of the preview, in pixels.
const PREVIEW: f64 = 1400.0;

/// The dialog.
#[derive(Default)]
pub struct FigureOptions {
    open: bool,
    kind: Option<FigureKind>,
    /// The style and data of the preview on show, or on its way.
    shown: Option<(Style, Basis)>,
    /// With how many of its pixels are a millimetre.
    picture: Option<(TextureHandle, f32)>,
    drawing: Option<Receiver<Preview>>,
    complaint: Option<String>,
    /// Previews that were begun.
    count: u64,
    /// Titles in the place of the figures' own; they are of the model that is open.
    titles: BTreeMap<FigureKind, String>,
    /// The title that the figure on show has by itself.
    own_title: String,
}

/// A drawn figure with the title that it has by itself, or why there is none.
type Preview = Result<(ColorImage, String), String>;

/// A style as the preview draws it: with as many pixels as it has room for.
pub(in crate::ui) fn for_preview(style: Style) -> Style {
    Style {
        pixels_per_mm: (PREVIEW / style.width_mm.max(40.0)).min(24.0) as f32,
        ..style
    }
}

impl FigureOptions {
    /// Opens the dialog on a figure.
    pub fn open(&mut self, kind: FigureKind) {
        self.open = true;
        self.kind = Some(kind);
        self.shown = None;
    }

    /// The title of a figure, if it is to have another one than its own.
    pub fn title(&self, kind: FigureKind) -> Option<String> {
        self.titles.get(&kind).cloned()
    }

    /// Titles that were typed are of a model that is open no more.
    pub fn forget_titles(&mut self) {
        self.titles.clear();
    }

    /// True if it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The figure on show: what it needs is looked at as long as it is.
    pub(in crate::ui) fn shown(&self) -> Option<FigureKind> {
        self.kind.filter(|_| self.open)
    }

    /// The count of previews begun.
    pub fn previews(&self) -> u64 {
        self.count
    }

    /// True if a preview is on its way.
    pub(in crate::ui) fn is_drawing(&self) -> bool {
        self.drawing.is_some()
    }

    /// Draws the preview on another thread.
    pub(in crate::ui) fn draw(
        &mut self,
        ctx: &egui::Context,
        make: impl FnOnce() -> Preview + Send + 'static,
    ) {
        let (sender, receiver) = channel();
        let (ctx, failed) = (ctx.clone(), sender.clone());
        let thread = thread::Builder::new()
            .name("preview".into())
            .spawn(move || {
                // The dialog may be closed by now.
                let _ = sender.send(make());
                ctx.request_repaint();
            });
        if let Err(error) = thread {
            let _ = failed.send(Err(error.to_string()));
        }
        self.drawing = Some(receiver);
    }

    /// The preview cannot be made.
    pub(in crate::ui) fn failed(&mut self, words: String) {
        self.complaint = Some(words);
        self.picture = None;
        self.drawing = None;
    }

    /// Draws the dialog; returns its figure. Whether something else has the keys is `covered`.
    pub(in crate::ui) fn show(
        &mut self,
        ctx: &egui::Context,
        style: &mut Style,
        now: &Now,
        covered: bool,
        commands: &mut Vec<Command>,
    ) -> Option<FigureKind> {
        let mut kind = self.kind.filter(|_| self.open)?;
        if let Some(done) = self.drawing.as_ref().and_then(|d| d.try_recv().ok()) {
            self.drawing = None;
            match done {
                Ok((image, title)) => {
                    self.own_title = title;
                    let options = egui::TextureOptions::LINEAR;
                    self.complaint = None;
                    let per_mm = self.shown.as_ref().map(|(style, _)| for_preview(*style));
                    let per_mm = per_mm.map_or(1.0, |style| style.pixels_per_mm);
                    let texture = ctx.load_texture("figure", image, options);
                    self.picture = Some((texture, per_mm));
                }
                Err(words) => self.failed(words),
            }
        }
        let mut open = true;
        let room = ctx.content_rect().size();
        egui::Window::new(tr("Figure options"))
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            .pivot(egui::Align2::CENTER_CENTER)
            .default_pos(ctx.content_rect().center())
            .show(ctx, |ui| {
                let beside = room.x > BESIDE;
                let preview = match beside {
                    true => vec2(room.x - 400.0, room.y - 160.0),
                    false => vec2(room.x - 60.0, 0.4 * room.y),
                };
                let preview = preview.clamp(vec2(200.0, 120.0), vec2(720.0, 560.0));
                if beside {
                    ui.horizontal_top(|ui| {
                        ui.vertical(|ui| {
                            ui.set_width(CHOICES);
                            self.choices(ui, &mut kind, style);
                            ui.add_space(8.0);
                            choices::ways(ui, kind, now, commands);
                        });
                        ui.separator();
                        ui.vertical(|ui| self.preview(ui, preview, style));
                    });
                } else {
                    // The figure first: what is chosen below it is seen in it.
                    self.preview(ui, preview, style);
                    ui.add_space(4.0);
                    choices::ways(ui, kind, now, commands);
                    ui.separator();
                    egui::ScrollArea::vertical()
                        .max_height((room.y - preview.y - 150.0).max(80.0))
                        .show(ui, |ui| {
                            ui.set_width(preview.x);
                            self.choices(ui, &mut kind, style);
                        });
                }
            });
        // What lies on top closes first.
        let closed =
            !covered && ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        self.open = open && !closed;
        self.kind = Some(kind);
        if !self.open {
            // Snapshots hold weights.
            self.shown = None;
        }
        Some(kind).filter(|_| self.open)
    }

    /// True if the preview is to be made anew, now that the figure would be made of `basis`.
    pub(in crate::ui) fn wants(&mut self, style: Style, basis: Basis) -> bool {
        let wanted = (style, basis);
        if self.drawing.is_some() || self.shown.as_ref() == Some(&wanted) {
            return false;
        }
        self.shown = Some(wanted);
        self.count += 1;
        true
    }

    fn choices(&mut self, ui: &mut Ui, kind: &mut FigureKind, style: &mut Style) {
        choices::which(ui, kind);
        ui.add_space(4.0);
        choices::options(ui, style);
        self.title_field(ui, *kind, style.titled);
        choices::as_at_first(ui, style);
    }

    /// Another title than the figure's own.
    fn title_field(&mut self, ui: &mut Ui, kind: FigureKind, enabled: bool) {
        let mut title = self.title(kind).unwrap_or_default();
        let edit = egui::TextEdit::singleline(&mut title)
            .hint_text(self.own_title.as_str())
            .desired_width(CHOICES - 8.0);
        let edit = ui.add_enabled(enabled, edit);
        edit.widget_info(|| {
            let name = tr("Another title");
            egui::WidgetInfo::labeled(egui::Role::TextInput, enabled, name)
        });
        let edit = edit.on_hover_text(tr(
            "Instead of the figure's own title, until another model is opened; blank for its own",
        ));
        if edit.changed() {
            match title.trim().is_empty() {
                true => self.titles.remove(&kind),
                false => self.titles.insert(kind, title),
            };
        }
    }

    fn preview(&self, ui: &mut Ui, room: egui::Vec2, style: &Style) {
        let (rect, response) = ui.allocate_exact_size(room, egui::Sense::hover());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Image, true, tr("The figure as it will be"))
        });
        ui.painter()
            .rect_filled(rect, 4.0, ui.visuals().extreme_bg_color);
        if let Some(words) = &self.complaint {
            let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(rect.shrink(12.0)));
            nothing(&mut inside, words);
            return;
        }
        let Some((picture, per_mm)) = &self.picture else {
            let spinner = egui::Spinner::new().size(20.0);
            spinner.paint_at(
                ui,
                egui::Rect::from_center_size(rect.center(), vec2(20.0, 20.0)),
            );
            return;
        };
        let size = picture.size_vec2();
        let scale = ((room.x - 16.0) / size.x).min((room.y - 16.0) / size.y);
        let place = egui::Rect::from_center_size(rect.center(), size * scale.min(1.0));
        if style.transparent {
            squares(ui, place);
        }
        egui::Image::new((picture.id(), size)).paint_at(ui, place);
        // What a person asks of a file before it is sent away.
        let mm = size / *per_mm;
        let pixels = mm * style.pixels_per_mm;
        let sides = [mm.x, mm.y, pixels.x, pixels.y].map(f32::round);
        let [width, height, across, down] = &sides;
        ui.label(quiet(trf(
            "{0} × {1} mm; as PNG {2} × {3} pixels",
            &[width, height, across, down],
        )));
        let most = style.largest_font_pt();
        if style.font_pt > most {
            ui.label(quiet(trf(
                "Font of {0} pt: this width has no room for larger",
                &[&format!("{most:.1}")],
            )));
        }
    }
}

/// The pattern that stands for no ground at all, in greys that neither a light nor a dark drawing drowns in.
fn squares(ui: &Ui, place: egui::Rect) {
    const SIDE: f32 = 8.0;
    let painter = ui.painter().with_clip_rect(place.intersect(ui.clip_rect()));
    painter.rect_filled(place, 0.0, egui::Color32::from_gray(150));
    let (columns, rows) = (
        (place.width() / SIDE) as usize,
        (place.height() / SIDE) as usize,
    );
    let mut mesh = egui::Mesh::default();
    for row in 0..=rows {
        for column in (row % 2..=columns).step_by(2) {
            let at = place.min + vec2(column as f32, row as f32) * SIDE;
            let square = egui::Rect::from_min_size(at, egui::Vec2::splat(SIDE));
            mesh.add_colored_rect(square, egui::Color32::from_gray(120));
        }
    }
    painter.add(mesh);
}
