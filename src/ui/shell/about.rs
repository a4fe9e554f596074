//! What program this is: versions, licences, and what it is made of.

use crate::ui::language::{tr, trf};
use crate::ui::theme::{dialog_frame, quiet, strong, strong_font};
use eframe::egui::{self, Ui, vec2};

/// Every crate in the program: name, version and licence, a line each. A test of the house keeps it true.
static CRATES: &str = include_str!("../../../assets/crates.txt");

/// Width, in points.
const WIDTH: f32 = 520.0;

/// The box.
#[derive(Default)]
pub struct AboutBox {
    open: bool,
    /// The icon, once it was drawn.
    picture: Option<egui::TextureHandle>,
}

/// The version of a crate that the program is built of.
fn version_of(name: &str) -> &'static str {
    let mut lines = CRATES.lines().map(|line| line.split_whitespace());
    let version = lines.find_map(|mut words| (words.next()? == name).then(|| words.next())?);
    version.unwrap_or("?")
}

/// What a report of a defect should say.
fn report() -> String {
    format!(
        "spanscope {}, {} {} ({}), egui {}, candle {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        crate::model::instruction_set(),
        version_of("egui"),
        version_of("candle-core"),
    )
}

impl AboutBox {
    /// True if it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Opens it.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Draws it over everything else, if it is open.
    pub fn show(&mut self, ctx: &egui::Context) {
        if !self.open {
            return;
        }
        let room = ctx.content_rect().size();
        let modal = egui::Modal::new(egui::Id::unique("about"))
            .frame(dialog_frame(ctx))
            .show(ctx, |ui| {
                ui.set_width(WIDTH.min(room.x - 60.0).max(200.0));
                // As of the sheet of keys.
                ui.set_max_height(room.y - 60.0);
                self.head(ui);
                ui.add_space(8.0);
                licences(ui, (room.y - 330.0).clamp(60.0, 260.0));
                ui.add_space(8.0);
                ui.horizontal(|ui| {
                    let hint = tr("Versions and system, for a report of a defect");
                    if ui.button(tr("Copy versions")).on_hover_text(hint).clicked() {
                        ui.copy_text(report());
                    }
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if ui.button(tr("Close")).clicked() {
                            ui.close();
                        }
                    });
                });
            });
        if modal.should_close() {
            self.open = false;
        }
    }

    fn head(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            if self.picture.is_none() {
                self.picture = super::icon::icon().map(|icon| {
                    let size = [icon.width as usize, icon.height as usize];
                    let image = egui::ColorImage::from_rgba_unmultiplied(size, &icon.rgba);
                    let smooth = egui::TextureOptions::LINEAR;
                    ui.ctx().load_texture("icon", image, smooth)
                });
            }
            if let Some(picture) = &self.picture {
                let side = egui::load::SizedTexture::new(picture.id(), vec2(56.0, 56.0));
                ui.add(egui::Image::from_texture(side));
            }
            ui.vertical(|ui| {
                let name = format!("spanscope {}", env!("CARGO_PKG_VERSION"));
                ui.label(egui::RichText::new(name).font(strong_font(20.0)));
                ui.label(tr(
                    "How far every attention head of a Transformer looks, and why",
                ));
                ui.label(quiet(trf(
                    "{0} {1}, {2} · egui {3} · candle {4}",
                    &[
                        &std::env::consts::OS,
                        &std::env::consts::ARCH,
                        &crate::model::instruction_set(),
                        &version_of("egui"),
                        &version_of("candle-core"),
                    ],
                )));
            });
        });
    }
}

fn licences(ui: &mut Ui, height: f32) {
    ui.label(tr(
        "MIT or Apache-2.0: free to use, to change and to pass on. It opens no network connection.",
    ));
    ui.add_space(4.0);
    let rows = [
        (
            tr("Method"),
            "Sukhbaatar et al.: Adaptive Attention Span in Transformers (2019), arXiv 1905.07799; Augmenting Self-attention with Persistent Memory (2019), arXiv 1907.01470",
        ),
        (
            tr("Fonts"),
            "Inter, Noto Sans SC, Noto Sans Arabic (OFL-1.1); Hack, Ubuntu Light, Noto Emoji, emoji-icon-font (egui)",
        ),
        (
            tr("Texts and models"),
            "Shakespeare (public domain); “Lighthouse” after Wikipedia (CC BY-SA 4.0); a model of WikiText-2 (CC BY-SA 3.0)",
        ),
    ];
    // As wide as the widest name: a name is never broken.
    let names = rows.iter().map(|(name, _)| {
        let name = egui::WidgetText::from(strong(*name));
        let wrap = Some(egui::TextWrapMode::Extend);
        let body = egui::TextStyle::Body;
        name.into_galley(ui, wrap, f32::INFINITY, body).size().x
    });
    let widest = names.fold(0.0, f32::max).ceil();
    for (name, words) in rows {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            let height = ui.text_style_height(&egui::TextStyle::Body);
            let (rect, _) = ui.allocate_exact_size(vec2(widest, height), egui::Sense::hover());
            let layout = egui::Layout::left_to_right(egui::Align::Min);
            let place = egui::UiBuilder::new().max_rect(rect).layout(layout);
            ui.new_child(place)
                .add(egui::Label::new(strong(name)).extend());
            ui.add(egui::Label::new(words).wrap());
        });
    }
    ui.add_space(4.0);
    let count = CRATES.lines().count();
    ui.label(strong(trf("{0} libraries", &[&count])));
    let line = ui.text_style_height(&egui::TextStyle::Body);
    egui::ScrollArea::vertical()
        .max_height(height)
        .auto_shrink([false, true])
        .show_rows(ui, line, count, |ui, shown| {
            for text in CRATES.lines().skip(shown.start).take(shown.len()) {
                let (name, licence) = text.split_once('\t').unwrap_or((text, ""));
                ui.horizontal(|ui| {
                    ui.label(name);
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        // Beside the bar that scrolls.
                        ui.add_space(10.0);
                        ui.label(quiet(licence));
                    });
                });
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_versions() {
        let report = report();
        assert!(!report.contains('?'), "{report}");
        assert!(version_of("egui").starts_with("0."));
        assert_eq!(version_of("no such crate"), "?");
    }
}
