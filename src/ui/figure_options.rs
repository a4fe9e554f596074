//! How exported figures look, with the figure itself beside the options.

use super::command::Command;
use super::figures::{self, Way};
use super::language::{tr, trf};
use super::theme::quiet;
use crate::chart::{ColorMap, Style};
use crate::engine::figures::FigureKind;
use eframe::egui::{self, ColorImage, TextureHandle, Ui, vec2};
use std::sync::mpsc::{Receiver, channel};

/// Widths that have a name, in millimetres.
const WIDTHS: [(f64, &str); 4] = [
    (84.0, "Column"),
    (140.0, "Text width"),
    (174.0, "Page width"),
    (254.0, "Slide"),
];

/// Longest side of the preview, in pixels.
const PREVIEW: f64 = 1400.0;

/// The dialog.
#[derive(Default)]
pub struct FigureOptions {
    open: bool,
    kind: Option<FigureKind>,
    /// What the preview on show, or on its way, was made of.
    shown: Option<(FigureKind, Style, u64)>,
    picture: Option<TextureHandle>,
    drawing: Option<Receiver<Result<ColorImage, String>>>,
    complaint: Option<String>,
}

/// A style as the preview draws it: with as many pixels as it has room for.
pub(super) fn for_preview(style: Style) -> Style {
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

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The figure on show: what it needs is looked at as long as it is.
    pub(super) fn shown(&self) -> Option<FigureKind> {
        self.kind.filter(|_| self.open)
    }

    /// Whether a preview is on its way.
    pub(super) fn is_drawing(&self) -> bool {
        self.drawing.is_some()
    }

    /// Draws the preview on another thread.
    pub(super) fn draw(
        &mut self,
        ctx: &egui::Context,
        make: impl FnOnce() -> Result<ColorImage, String> + Send + 'static,
    ) {
        let (sender, receiver) = channel();
        let (ctx, failed) = (ctx.clone(), sender.clone());
        let thread = std::thread::Builder::new()
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
    pub(super) fn failed(&mut self, words: String) {
        self.complaint = Some(words);
        self.picture = None;
        self.drawing = None;
    }

    /// Draws the dialog; true where the preview is to be made anew. `number` rises with whatever the figure shows.
    pub(super) fn show(
        &mut self,
        ctx: &egui::Context,
        style: &mut Style,
        number: u64,
        commands: &mut Vec<Command>,
    ) -> Option<FigureKind> {
        let mut kind = self.kind.filter(|_| self.open)?;
        if let Some(done) = self.drawing.as_ref().and_then(|d| d.try_recv().ok()) {
            self.drawing = None;
            match done {
                Ok(image) => {
                    let options = egui::TextureOptions::LINEAR;
                    self.complaint = None;
                    self.picture = Some(ctx.load_texture("figure", image, options));
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
                let side = room.x > 760.0;
                let preview = vec2(
                    (room.x - if side { 400.0 } else { 60.0 }).clamp(200.0, 720.0),
                    (room.y - 160.0).clamp(120.0, 560.0),
                );
                let mut body = |ui: &mut Ui| {
                    ui.vertical(|ui| {
                        ui.set_width(if side { 270.0 } else { preview.x });
                        which(ui, &mut kind);
                        ui.add_space(4.0);
                        options(ui, style);
                        ui.add_space(8.0);
                        ways(ui, kind, commands);
                    });
                    if side {
                        ui.separator();
                        self.preview(ui, preview);
                    }
                };
                match side {
                    true => ui.horizontal_top(|ui| body(ui)).response,
                    false => ui.vertical(|ui| body(ui)).response,
                };
            });
        let closed = ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        self.open = open && !closed;
        self.kind = Some(kind);
        let wanted = (kind, *style, number);
        if self.open && self.shown != Some(wanted) && self.drawing.is_none() {
            self.shown = Some(wanted);
            return Some(kind);
        }
        None
    }

    fn preview(&self, ui: &mut Ui, room: egui::Vec2) {
        let (rect, response) = ui.allocate_exact_size(room, egui::Sense::hover());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Image, true, tr("The figure as it will be"))
        });
        ui.painter()
            .rect_filled(rect, 4.0, ui.visuals().extreme_bg_color);
        if let Some(words) = &self.complaint {
            let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(rect.shrink(12.0)));
            inside.centered_and_justified(|ui| ui.label(quiet(words.as_str())));
            return;
        }
        let Some(picture) = &self.picture else {
            return;
        };
        let size = picture.size_vec2();
        let scale = ((room.x - 16.0) / size.x).min((room.y - 16.0) / size.y);
        let place = egui::Rect::from_center_size(rect.center(), size * scale.min(1.0));
        egui::Image::new((picture.id(), size)).paint_at(ui, place);
    }
}

fn which(ui: &mut Ui, kind: &mut FigureKind) {
    let combo = egui::ComboBox::from_id_salt("figure")
        .selected_text(figures::name(*kind))
        .width(220.0)
        .show_ui(ui, |ui| {
            for one in FigureKind::ALL {
                ui.selectable_value(kind, one, figures::name(one));
            }
        });
    combo
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr("Which figure")));
}

fn width_name(mm: f64) -> String {
    let named = WIDTHS.iter().find(|(width, _)| *width == mm);
    match named.map(|(_, name)| *name) {
        Some("Column") => tr("Column, 84 mm").into(),
        Some("Text width") => tr("Text width, 140 mm").into(),
        Some("Page width") => tr("Page width, 174 mm").into(),
        Some(_) => tr("Slide, 254 mm").into(),
        None => trf("{0} mm", &[&mm]),
    }
}

fn options(ui: &mut Ui, style: &mut Style) {
    egui::Grid::new("figure options")
        .num_columns(2)
        .spacing(vec2(12.0, 6.0))
        .show(ui, |ui| {
            let name = ui.label(tr("Width"));
            ui.horizontal(|ui| {
                let combo = egui::ComboBox::from_id_salt("width")
                    .selected_text(width_name(style.width_mm))
                    .show_ui(ui, |ui| {
                        for (width, _) in WIDTHS {
                            ui.selectable_value(&mut style.width_mm, width, width_name(width));
                        }
                    });
                combo.response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr("Usual widths"))
                });
            });
            ui.end_row();
            ui.label("");
            ui.add(millimetres(&mut style.width_mm, 40.0))
                .labelled_by(name.id);
            ui.end_row();
            let name = ui.label(tr("Height"));
            ui.horizontal(|ui| {
                let mut own = style.height_mm.is_some();
                ui.checkbox(&mut own, tr("own")).on_hover_text(tr(
                    "Otherwise the height suits the width; of matrices it always does",
                ));
                if own && style.height_mm.is_none() {
                    style.height_mm = Some((style.width_mm * 0.6).round());
                } else if !own {
                    style.height_mm = None;
                }
                if let Some(height) = &mut style.height_mm {
                    ui.add(millimetres(height, 20.0)).labelled_by(name.id);
                }
            });
            ui.end_row();
            let name = ui.label(tr("Font size"));
            let drag = egui::DragValue::new(&mut style.font_pt)
                .range(4.0..=32.0)
                .speed(0.1)
                .suffix(" pt");
            ui.add(drag).labelled_by(name.id);
            ui.end_row();
            ui.label(tr("Colours"));
            let combo = egui::ComboBox::from_id_salt("map")
                .selected_text(style.map.map_or(tr("as in the view"), ColorMap::name))
                .show_ui(ui, |ui| {
                    ui.selectable_value(&mut style.map, None, tr("as in the view"));
                    for map in ColorMap::ALL {
                        ui.selectable_value(&mut style.map, Some(map), map.name());
                    }
                });
            combo.response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr("Colour map"))
            });
            ui.end_row();
            let name = ui.label(tr("PNG"));
            let mut dpi = (f64::from(style.pixels_per_mm) * 25.4).round();
            let drag = egui::DragValue::new(&mut dpi)
                .range(10.0..=2400.0)
                .suffix(" dpi");
            if ui.add(drag).labelled_by(name.id).changed() {
                style.pixels_per_mm = (dpi / 25.4) as f32;
            }
            ui.end_row();
        });
    ui.checkbox(&mut style.titled, tr("Title"))
        .on_hover_text(tr(
            "Papers have captions instead; the title stays in the file's metadata",
        ));
    ui.checkbox(&mut style.dark, tr("Dark ground"));
    ui.checkbox(&mut style.transparent, tr("Transparent"))
        .on_hover_text(tr(
            "No ground at all: what the figure lies on shows through",
        ));
    ui.checkbox(&mut style.gray, tr("Safe in grey"))
        .on_hover_text(tr(
            "Greys, dashes and shapes instead of hues, for print in black and white",
        ));
    if ui
        .add_enabled(
            *style != Style::default(),
            egui::Button::new(tr("As at first")),
        )
        .clicked()
    {
        *style = Style::default();
    }
}

fn millimetres(value: &mut f64, least: f64) -> egui::DragValue<'_> {
    egui::DragValue::new(value)
        .range(least..=1000.0)
        .max_decimals(1)
        .suffix(" mm")
}

/// Buttons for what can be done with a figure.
fn ways(ui: &mut Ui, kind: FigureKind, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        for way in Way::ALL {
            let words = match way {
                Way::Save => tr("Save as…"),
                Way::CopyPicture => tr("Copy picture"),
                Way::CopyNumbers => tr("Copy numbers"),
                Way::CopySvg => tr("Copy SVG"),
            };
            if ui.button(words).clicked() {
                commands.push(Command::Export(kind, way));
            }
        }
    });
}
