//! How exported figures look, with the figure itself beside the options.

use super::command::{Command, Now};
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
    /// What the preview on show, or on its way, was made of.
    shown: Option<(FigureKind, Style, u64)>,
    /// With how many of its pixels are a millimetre.
    picture: Option<(TextureHandle, f32)>,
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
        now: &Now,
        commands: &mut Vec<Command>,
    ) -> Option<FigureKind> {
        let mut kind = self.kind.filter(|_| self.open)?;
        if let Some(done) = self.drawing.as_ref().and_then(|d| d.try_recv().ok()) {
            self.drawing = None;
            match done {
                Ok(image) => {
                    let options = egui::TextureOptions::LINEAR;
                    self.complaint = None;
                    let per_mm = self.shown.as_ref().map(|(_, style, _)| for_preview(*style));
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
                let choices = |ui: &mut Ui, kind: &mut FigureKind, style: &mut Style| {
                    which(ui, kind);
                    ui.add_space(4.0);
                    options(ui, style);
                };
                if beside {
                    ui.horizontal_top(|ui| {
                        ui.vertical(|ui| {
                            ui.set_width(CHOICES);
                            choices(ui, &mut kind, style);
                            ui.add_space(8.0);
                            ways(ui, kind, now, commands);
                        });
                        ui.separator();
                        ui.vertical(|ui| self.preview(ui, preview, style));
                    });
                } else {
                    // The figure first: what is chosen below it is seen in it.
                    self.preview(ui, preview, style);
                    ui.add_space(4.0);
                    ways(ui, kind, now, commands);
                    ui.separator();
                    egui::ScrollArea::vertical()
                        .max_height((room.y - preview.y - 150.0).max(80.0))
                        .show(ui, |ui| {
                            ui.set_width(preview.x);
                            choices(ui, &mut kind, style);
                        });
                }
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

    fn preview(&self, ui: &mut Ui, room: egui::Vec2, style: &Style) {
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
fn ways(ui: &mut Ui, kind: FigureKind, now: &Now, commands: &mut Vec<Command>) {
    let possible = now.missing(kind).is_none();
    ui.horizontal_wrapped(|ui| {
        for way in Way::ALL {
            let command = Command::Export(kind, way);
            let button = ui.add_enabled(possible, egui::Button::new(way.name()));
            if button.on_hover_text(command.explanation()).clicked() {
                commands.push(command);
            }
        }
    });
}
