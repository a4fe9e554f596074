//! What tests of the window have in common.
#![allow(missing_docs, dead_code)]

pub mod monkey;

use eframe::egui;
use egui_offscreen::Offscreen;

/// Draws for `egui_kittest` without a graphics driver.
#[derive(Default)]
pub struct CpuRenderer(Offscreen);

impl egui_kittest::TestRenderer for CpuRenderer {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.0.update(delta);
        delta.clear();
    }

    fn render(
        &mut self,
        ctx: &egui::Context,
        output: &egui::FullOutput,
    ) -> Result<image::RgbaImage, String> {
        Ok(self.0.render(ctx, output))
    }
}
