//! Fonts that are not part of the program: fetched once a character of theirs is drawn.

use crate::files;
use eframe::egui::{self, Context, FullOutput, Plugin, Shape};
use spanscope::chart::fonts;
use spanscope::platform::Fetched;
use spanscope::platform::fs;
use std::path::Path;

/// The folder of fonts, beside the page.
pub const FOLDER: &str = "fonts";

/// Looks at all texts that are drawn.
pub struct DrawnTexts;

impl Plugin for DrawnTexts {
    fn debug_name(&self) -> &'static str {
        "fonts"
    }

    fn output_hook(&mut self, _: &Context, output: &mut FullOutput) {
        let mut asked = false;
        for shape in &output.shapes {
            asked |= ask(&shape.shape);
        }
        if asked {
            files::fetch();
        }
    }
}

/// Asks for the fonts that a shape is drawn without; true if there are any.
fn ask(shape: &Shape) -> bool {
    match shape {
        Shape::Vec(all) => all.iter().fold(false, |asked, shape| asked | ask(shape)),
        Shape::Text(text) => {
            let mut asked = false;
            for font in fonts::wanted(&text.galley.job.text) {
                let path = Path::new("/").join(FOLDER).join(font.file);
                // Once: where it does not come, its characters are drawn as boxes.
                if fs::fetched(&path) == Fetched::Here {
                    fs::ask(&path);
                    asked = true;
                }
            }
            asked
        }
        _ => false,
    }
}

/// A font has come.
pub fn came(ctx: Option<&egui::Context>, file: &str, bytes: Vec<u8>) {
    if fonts::bring(file, bytes)
        && let Some(ctx) = ctx
    {
        spanscope::ui::take_fonts(ctx);
    }
}
