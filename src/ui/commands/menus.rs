//! The menu bar.

use super::command::{Command, Now, key_text, menu_item};
use super::recorded;
use crate::engine::figures::FigureKind;
use crate::engine::{Combine, SAMPLES};
use crate::ui::document::Document;
use crate::ui::export::figures::Way;
use crate::ui::language::{Language, said_list, tr, trf};
use crate::ui::session::earlier::EarlierSessions;
use crate::ui::session::settings::{Settings, ThemeChoice};
use crate::ui::theme::{self, quiet};
use crate::ui::views::Pane;
use eframe::egui::{self, Ui};

/// Without so much room the model's name is left out, in points.
const MODEL: f32 = 140.0;

/// The menu bar, for one frame.
pub struct Menus<'a> {
    /// The state that decides which commands can be done.
    pub now: &'a Now,
    /// The open document.
    pub document: &'a Document,
    /// The settings.
    pub settings: &'a Settings,
    /// True if special tokens in the text are tokens.
    pub special_tokens: bool,
    /// Sessions of closed windows.
    pub earlier: &'a mut EarlierSessions,
    /// The commands that the user wants done.
    pub commands: &'a mut Vec<Command>,
}

impl Menus<'_> {
    /// Draws the bar, with the open model at its right end.
    pub fn show(mut self, ui: &mut Ui) {
        let now = self.now;
        menu(&mut self, ui, now);
    }
}

fn menu(bar: &mut Menus<'_>, ui: &mut Ui, now: &Now) {
    let frame = egui::Frame::side_top_panel(ui.style())
        .fill(theme::palette(ui.visuals()).bar)
        .inner_margin(theme::BAR_MARGIN);
    egui::Panel::top("menu").frame(frame).show(ui, |ui| {
        egui::MenuBar::new().ui(ui, |ui| {
            ui.menu_button(tr("File"), |ui| file_menu(bar, ui, now));
            ui.menu_button(tr("Edit"), |ui| edit_menu(bar, ui, now));
            ui.menu_button(tr("View"), |ui| view_menu(bar, ui, now));
            ui.menu_button(tr("Export"), |ui| {
                menu_item(ui, now, Command::ExportView, bar.commands);
                ui.separator();
                for kind in FigureKind::ALL {
                    let save = Command::Export(kind, Way::Save);
                    menu_item(ui, now, save, bar.commands);
                }
                ui.separator();
                menu_item(ui, now, Command::FigureOptions, bar.commands);
                ui.separator();
                menu_item(ui, now, Command::ExportPage, bar.commands);
            });
            ui.menu_button(tr("Help"), |ui| {
                menu_item(ui, now, Command::Tour, bar.commands);
                menu_item(ui, now, Command::Help, bar.commands);
                menu_item(ui, now, Command::Palette, bar.commands);
                menu_item(ui, now, Command::ModelFacts, bar.commands);
                ui.separator();
                menu_item(ui, now, Command::About, bar.commands);
            });
            // Help has it as well.
            if ui.available_width() < MODEL {
                return;
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                model_button(bar, ui)
            });
        });
    });
}

fn file_menu(bar: &mut Menus<'_>, ui: &mut Ui, now: &Now) {
    menu_item(ui, now, Command::OpenModel, bar.commands);
    menu_item(ui, now, Command::OpenRun, bar.commands);
    follow_item(bar, ui, now);
    ui.menu_button(tr("Recent"), |ui| {
        if bar.settings.recent.is_empty() {
            ui.label(quiet(tr("nothing yet")));
        }
        for path in bar.settings.recent.clone() {
            menu_item(ui, now, Command::OpenRecent(path), bar.commands);
        }
    });
    if let Some(folder) = bar.settings.folder_of_sessions() {
        bar.earlier.look(ui.ctx(), folder);
        ui.menu_button(tr("Earlier sessions"), |ui| {
            if now.earlier.is_empty() {
                ui.label(quiet(tr("none")));
            }
            for session in now.earlier.iter() {
                let command = Command::OpenEarlier(session.clone());
                menu_item(ui, now, command, bar.commands);
            }
        });
    }
    ui.menu_button(tr("Sample models"), |ui| {
        for sample in &SAMPLES {
            menu_item(ui, now, Command::OpenSample(sample), bar.commands);
        }
    });
    if let Some(texts) = now.texts.as_ref().filter(|texts| texts.names.len() > 1) {
        ui.menu_button(tr("Texts of this run"), |ui| {
            recorded::menu(ui, texts, bar.commands);
            ui.separator();
            for by in [1, -1] {
                menu_item(ui, now, Command::StepRecorded(by), bar.commands);
            }
        });
    }
    ui.separator();
    menu_item(ui, now, Command::OpenText, bar.commands);
    menu_item(ui, now, Command::OpenExamples, bar.commands);
    ui.menu_button(tr("Control texts"), |ui| {
        menu_item(ui, now, Command::RepeatedText, bar.commands);
        menu_item(ui, now, Command::ShuffledText, bar.commands);
    });
    menu_item(ui, now, Command::OpenVocabulary, bar.commands);
    ui.separator();
    menu_item(ui, now, Command::Quit, bar.commands);
}

/// The check box for following the training run that is open.
fn follow_item(bar: &mut Menus<'_>, ui: &mut Ui, now: &Now) {
    let command = Command::FollowRun;
    let mut follows = now.follows;
    let check = egui::Checkbox::new(&mut follows, command.name());
    let response = ui.add_enabled(command.possible(now), check);
    let response = response.on_hover_text(command.explanation());
    let response = match command.refusal(now) {
        Some(reason) => response.on_disabled_hover_text(reason),
        None => response,
    };
    if response.clicked() {
        bar.commands.push(command);
        ui.close();
    }
}

fn edit_menu(bar: &mut Menus<'_>, ui: &mut Ui, now: &Now) {
    let mut item = |ui: &mut Ui, command| menu_item(ui, now, command, bar.commands);
    item(ui, Command::Undo);
    item(ui, Command::Redo);
    item(ui, Command::EditText);
    ui.separator();
    item(ui, Command::SelectLayer);
    item(ui, Command::SelectAll);
    item(ui, Command::ClearSelection);
    ui.separator();
    item(ui, Command::AblateSelected);
    item(ui, Command::RestoreSelected);
    item(ui, Command::ClearEdits);
    item(ui, Command::AblateEach);
}

fn view_menu(bar: &mut Menus<'_>, ui: &mut Ui, now: &Now) {
    // The keys at its right edge would else push it as far as the window goes.
    ui.set_max_width(250.0);
    menu_item(ui, now, Command::Palette, bar.commands);
    ui.separator();
    for view in Pane::in_menus() {
        view_item(bar, ui, now, view);
    }
    menu_item(ui, now, Command::ResetLayout, bar.commands);
    ui.separator();
    ui.menu_button(tr("Several heads"), |ui| {
        for (combine, name) in [
            (Combine::Mean, tr("Their mean")),
            (Combine::Max, tr("The largest")),
        ] {
            let chosen = bar.document.selection.combine() == combine;
            radio(bar, ui, chosen, name, Command::SetCombine(combine));
        }
    });
    ui.menu_button(tr("Special tokens in the text"), |ui| {
        for (tokens, name) in [
            (true, tr("As tokens")),
            (false, tr("As text like any other")),
        ] {
            let chosen = bar.special_tokens == tokens;
            let command = Command::TakeSpecialTokens(tokens);
            let hint = command.explanation();
            if ui.radio(chosen, name).on_hover_text(hint).clicked() {
                bar.commands.push(command);
                ui.close();
            }
        }
    });
    ui.menu_button(tr("Memory for a text"), |ui| memory_menu(bar, ui));
    ui.separator();
    ui.menu_button(tr("Theme"), |ui| {
        for (choice, name) in [
            (ThemeChoice::System, tr("As the desktop")),
            (ThemeChoice::Dark, tr("Dark")),
            (ThemeChoice::Light, tr("Light")),
        ] {
            let chosen = bar.settings.theme == choice;
            radio(bar, ui, chosen, name, Command::SetTheme(choice));
        }
    });
    // Whoever cannot read the language of the window still finds this word.
    let languages = match tr("Language") {
        "Language" => "Language".to_owned(),
        other => format!("{other} · Language"),
    };
    ui.menu_button(languages, |ui| {
        for language in Language::ALL {
            let chosen = bar.settings.language == language;
            radio(
                bar,
                ui,
                chosen,
                language.name(),
                Command::SetLanguage(language),
            );
        }
    });
    let zoom = trf("Zoom: {0} %", &[&(100.0 * ui.ctx().zoom_factor()).round()]);
    ui.menu_button(zoom, |ui| {
        for command in [Command::ZoomIn, Command::ZoomOut, Command::ZoomReset] {
            menu_item(ui, now, command, bar.commands);
        }
    });
    menu_item(ui, now, Command::FullScreen, bar.commands);
}

/// A view that is open or closed, with the key that brings it to the front.
fn view_item(bar: &mut Menus<'_>, ui: &mut Ui, now: &Now, view: Pane) {
    let mut open = now.open_views.contains(&view);
    ui.horizontal(|ui| {
        let check = ui.checkbox(&mut open, view.title());
        if let Some(shortcut) = Command::ShowView(view).shortcut() {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(quiet(key_text(ui.ctx(), &shortcut)));
            });
        }
        if check
            .on_hover_text(Command::ToggleView(view).explanation())
            .clicked()
        {
            bar.commands.push(Command::ToggleView(view));
        }
    });
}

fn radio(bar: &mut Menus<'_>, ui: &mut Ui, chosen: bool, name: &str, command: Command) {
    if ui.radio(chosen, name).clicked() {
        bar.commands.push(command);
        ui.close();
    }
}

/// The menu of the memory that the run over a text may take.
fn memory_menu(bar: &mut Menus<'_>, ui: &mut Ui) {
    let now = bar.settings.memory_bytes() / 1_000_000;
    for mb in [250, 500, 1000, 2000, 4000, 8000, 16000] {
        let words = match mb {
            0..1000 => format!("{mb} MB"),
            _ => format!("{} GB", mb / 1000),
        };
        radio(bar, ui, now == mb, &words, Command::SetMemory(mb));
    }
    ui.label(quiet(tr(
        "A longer text is read to its end all the same; weights are then\navailable around the selected token.",
    )));
}

fn model_button(bar: &mut Menus<'_>, ui: &mut Ui) {
    let Some(model) = &bar.document.snapshot.model else {
        return;
    };
    let architecture = model.network.architecture();
    let name = model.file_name();
    let parameters = model.network.parameters() as f64;
    let size = if parameters < 1e6 {
        format!("{:.0}K", parameters / 1e3)
    } else if parameters < 1e7 {
        format!("{:.1}M", parameters / 1e6)
    } else {
        format!("{:.0}M", parameters / 1e6)
    };
    let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
    let text = match parameters > 0.0 {
        true => trf(
            "{0} · {1} layers × {2} heads · {3}",
            &[&name, &layers, &heads, &size],
        ),
        // A run that another program recorded may not say.
        false => trf("{0} · {1} layers × {2} heads", &[&name, &layers, &heads]),
    };
    let button = egui::Button::new(text)
        .frame_when_inactive(false)
        .wrap_mode(egui::TextWrapMode::Truncate);
    let note = if let Some(run) = &model.recorded {
        let header = run.header();
        trf(
            "Recorded from {0} with {1}",
            &[&header.model.file, &header.written_by],
        )
    } else if model.assumed.is_empty() {
        tr("What was read, inferred and assumed").to_owned()
    } else {
        trf("Assumed: {0}", &[&said_list(&model.assumed, "; ")])
    };
    let questions = model.has_questions();
    let is_recorded = model.recorded.is_some();
    let edited = !bar.document.edits().is_empty();
    let mut facts = false;
    if questions {
        let words = egui::RichText::new(tr("⚠ assumptions"))
            .color(ui.visuals().warn_fg_color)
            .size(theme::QUIET);
        let button = egui::Button::new(words).frame_when_inactive(false);
        let hint = tr("What the file does not say, and where to set it");
        facts |= ui.add(button).on_hover_text(hint).clicked();
    }
    if is_recorded {
        let hint =
            tr("What a model did with a text, without the model: nothing can be typed or changed");
        ui.label(quiet(tr("recorded run"))).on_hover_text(hint);
    }
    if edited {
        let words = egui::RichText::new(tr("⚠ changed by hand"))
            .color(ui.visuals().warn_fg_color)
            .size(theme::QUIET);
        let button = egui::Button::new(words).frame_when_inactive(false);
        let hint = tr("Spans set or heads ablated; click to have all heads as trained");
        if ui.add(button).on_hover_text(hint).clicked() {
            bar.commands.push(Command::ClearEdits);
        }
    }
    facts |= ui.add(button).on_hover_text(note).clicked();
    if facts {
        bar.commands.push(Command::ModelFacts);
    }
}
