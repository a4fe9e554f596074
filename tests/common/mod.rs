//! What tests of the window have in common.
#![allow(missing_docs, dead_code)]

pub mod monkey;

use eframe::egui;
use egui_offscreen::Offscreen;

/// Draws for `egui_kittest` without a graphics driver.
#[derive(Default)]
pub struct CpuRenderer {
    offscreen: Offscreen,
    /// True if pictures are drawn over what the window is cleared with.
    grounded: bool,
}

impl CpuRenderer {
    /// Over what the window is cleared with before a frame.
    pub fn of_window() -> Self {
        Self {
            grounded: true,
            ..Self::default()
        }
    }
}

impl egui_kittest::TestRenderer for CpuRenderer {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.offscreen.update(delta);
        delta.clear();
    }

    fn render(
        &mut self,
        ctx: &egui::Context,
        output: &egui::FullOutput,
    ) -> Result<image::RgbaImage, String> {
        let ground = match self.grounded {
            true => ctx.global_style().visuals.panel_fill,
            false => egui::Color32::TRANSPARENT,
        };
        Ok(self.offscreen.render_on(ground, ctx, output))
    }
}
