//! The panels that lie over the views when they are open.

use super::App;
use crate::analysis::Ablation;
use crate::ui::commands::help::Help;
use crate::ui::commands::palette::CommandPalette;
use crate::ui::dialogs::{Backend, Dialogs};
use crate::ui::export::options::FigureOptions;
use crate::ui::export::page::PageExport;
use crate::ui::shell::ablation::AblationPanel;
use crate::ui::shell::about::AboutBox;
use crate::ui::shell::model_facts::ModelFacts;
use crate::ui::shell::tour::Tour;
use crate::ui::views::text_id;
use eframe::egui;
use std::sync::Arc;

/// The panels that lie over the views when they are open.
pub struct Overlays {
    pub help: Help,
    pub about: AboutBox,
    pub tour: Tour,
    pub palette: CommandPalette,
    pub dialogs: Dialogs,
    pub figure_options: FigureOptions,
    pub page_export: PageExport,
    pub facts: ModelFacts,
    pub ablation: AblationPanel,
    /// The caret is to be put into the text.
    pub caret_wanted: bool,
}

impl Overlays {
    /// All of them closed, but for the tour where it begins; `backend` shows file dialogs.
    pub fn new(backend: Backend, tours: bool) -> Self {
        Self {
            help: Help::default(),
            about: AboutBox::default(),
            tour: Tour::new(tours),
            palette: CommandPalette::default(),
            dialogs: Dialogs::new(backend),
            figure_options: FigureOptions::default(),
            page_export: PageExport::default(),
            facts: ModelFacts::default(),
            ablation: AblationPanel::default(),
            caret_wanted: false,
        }
    }

    /// True if a box that lies over everything else has the keys.
    pub fn covers(&self) -> bool {
        self.dialogs.is_open()
            || self.palette.is_open()
            || self.help.is_open()
            || self.about.is_open()
    }
}

impl App {
    /// Closes what a model's file left open to ask about: a picture is of the views.
    pub fn put_questions_aside(&mut self) {
        self.overlays.facts.open = false;
    }

    /// Takes the window for browsers, of which pages are made, from this folder.
    pub fn pages_from(&mut self, web: std::path::PathBuf) {
        self.overlays.page_export.of_folder(web);
    }

    /// The field that typed letters go to: the `text`, or another `field`; none where keys are commands.
    pub fn letters_go_to(ctx: &egui::Context) -> Option<&'static str> {
        let focused = ctx.memory(|memory| memory.focused())?;
        Some(match focused == text_id() {
            true => "text",
            false => "field",
        })
    }

    /// The ranking of heads by their ablation, once it is measured.
    pub fn ablation(&self) -> Option<Arc<Ablation>> {
        self.overlays.ablation.ranking()
    }
}
