//! A path field with completion, in the window: it works on any machine.

use super::Purpose;
use super::listing::{Entry, Listing};
use crate::ui::disk;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{dialog_frame, quiet};
use crate::ui::user_folders;
use eframe::egui::{self, Align2, Key, Modifiers, Ui, vec2};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// The outcome of the field.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is still open.
    Open,
    /// The user let it go.
    Cancelled,
    /// The user named a file.
    Chosen(PathBuf),
}

/// An open path field.
#[derive(Debug)]
pub struct PathField {
    purpose: Purpose,
    text: String,
    listing: Option<Listing>,
    /// The entry that the arrow keys chose.
    chosen: Option<usize>,
    complaint: String,
    /// The file that would be replaced, once the user was told.
    replace: Option<PathBuf>,
    opened: bool,
    to_end: bool,
}

impl PathField {
    /// A field that starts in `folder`.
    pub fn new(purpose: Purpose, folder: Option<&Path>, name: &str) -> Self {
        let folder = folder.unwrap_or(Path::new("."));
        let mut text = folder.display().to_string();
        if !text.ends_with(MAIN_SEPARATOR) {
            text.push(MAIN_SEPARATOR);
        }
        if purpose.saves() {
            text.push_str(name);
        }
        Self {
            purpose,
            text,
            listing: None,
            chosen: None,
            complaint: String::new(),
            replace: None,
            opened: false,
            to_end: true,
        }
    }

    /// The same with what has to be said of the path as it is, such as that its file is there already.
    pub fn asking(mut self) -> Self {
        self.confirm();
        self
    }

    /// The purpose of the file.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Draws the field.
    pub fn show(&mut self, ctx: &egui::Context) -> Outcome {
        let mut outcome = Outcome::Open;
        let modal = egui::Modal::new(egui::Id::unique("path field"))
            .frame(dialog_frame(ctx))
            .show(ctx, |ui| {
                ui.set_width(620.0_f32.min(ui.ctx().content_rect().width() - 60.0));
                ui.heading(self.purpose.title());
                ui.label(quiet(trf("Type a path: {0}", &[&self.purpose.hint()])));
                outcome = self.contents(ui);
            });
        if modal.should_close() && outcome == Outcome::Open {
            outcome = Outcome::Cancelled;
        }
        outcome
    }

    fn contents(&mut self, ui: &mut Ui) -> Outcome {
        // Before the text field sees them: Tab would leave it, the arrows move in it.
        let (down, up, tab) = ui.input_mut(|i| {
            (
                i.consume_key(Modifiers::NONE, Key::ArrowDown),
                i.consume_key(Modifiers::NONE, Key::ArrowUp),
                i.consume_key(Modifiers::NONE, Key::Tab),
            )
        });
        let mut edit = egui::TextEdit::singleline(&mut self.text)
            .font(egui::TextStyle::Monospace)
            .desired_width(f32::INFINITY)
            .lock_focus(true)
            .show(ui);
        edit.response
            .response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Path")));
        if self.to_end {
            let end = egui::text::CCursor::new(self.text.chars().count());
            edit.state
                .cursor
                .set_char_range(Some(egui::text::CCursorRange::one(end)));
            edit.state.store(ui.ctx(), edit.response.response.id);
            self.to_end = false;
        }
        if !self.opened {
            edit.response.response.request_focus();
            self.opened = true;
        }
        if edit.response.response.changed() {
            self.chosen = None;
            self.complaint.clear();
            self.replace = None;
        }
        let (folder, start) = parts(&self.text);
        if self
            .listing
            .as_ref()
            .is_none_or(|listing| listing.folder() != folder)
        {
            let ctx = ui.ctx().clone();
            self.listing = Some(Listing::new(&folder, move || ctx.request_repaint()));
        }
        let matching = self.matching(&start);
        if tab {
            self.complete(&folder, &start, &matching);
        }
        if !matching.is_empty() && (down || up) {
            let last = matching.len() - 1;
            self.chosen = Some(match (self.chosen, down) {
                (None, true) => 0,
                (None, false) => last,
                (Some(i), true) => (i + 1).min(last),
                (Some(i), false) => i.saturating_sub(1),
            });
        }
        let clicked = self.list(ui, &matching, down || up);
        let enter = edit.response.response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let mut take = clicked;
        if enter && take.is_none() {
            take = self.chosen.and_then(|i| matching.get(i).cloned());
            // The only name that begins like this is meant.
            if let ([only], false, false) = (&matching[..], self.purpose.saves(), start.is_empty())
                && take.is_none()
                && !disk::exists(&expand(&self.text))
            {
                take = Some(only.clone());
            }
        }
        if let Some(entry) = take {
            self.text = folder.join(&entry.name).display().to_string();
            self.chosen = None;
            self.to_end = true;
            edit.response.response.request_focus();
            if entry.is_file {
                return self.confirm();
            }
            self.text.push(MAIN_SEPARATOR);
            return Outcome::Open;
        }
        if !self.complaint.is_empty() {
            ui.colored_label(ui.visuals().error_fg_color, &self.complaint);
        }
        let mut outcome = Outcome::Open;
        ui.horizontal(|ui| {
            ui.label(quiet(match self.purpose.saves() {
                true => tr("Tab completes · ↑ ↓ choose · Enter saves"),
                false => tr("Tab completes · ↑ ↓ choose · Enter opens"),
            }));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let word = match (self.purpose.saves(), &self.replace) {
                    (true, Some(_)) => tr("Replace"),
                    (true, None) => tr("Save"),
                    (false, _) => tr("Open"),
                };
                if ui.button(word).clicked() || enter {
                    outcome = self.confirm();
                    if outcome == Outcome::Open {
                        edit.response.response.request_focus();
                    }
                }
                if ui.button(tr("Cancel")).clicked() {
                    outcome = Outcome::Cancelled;
                }
            });
        });
        outcome
    }

    fn matching(&mut self, start: &str) -> Vec<Entry> {
        let wanted = start.to_lowercase();
        let (_, endings) = self.purpose.filter();
        let hidden = start.starts_with('.');
        let fits = |entry: &&Entry| {
            let name = entry.name.to_lowercase();
            // A file of another kind shows up once its name is typed.
            let kind = !entry.is_file
                || !wanted.is_empty()
                || Path::new(&name)
                    .extension()
                    .is_some_and(|ending| endings.iter().any(|e| ending == *e));
            name.starts_with(&wanted) && kind && (hidden || !name.starts_with('.'))
        };
        let entries = self
            .listing
            .as_mut()
            .map(Listing::entries)
            .unwrap_or_default();
        entries.iter().filter(fits).cloned().collect()
    }

    /// Writes on as far as all matching names agree.
    fn complete(&mut self, folder: &Path, start: &str, matching: &[Entry]) {
        let Some(completed) = completion(start, matching) else {
            return;
        };
        self.text = folder.join(&completed).display().to_string();
        if let [only] = matching
            && !only.is_file
        {
            self.text.push(MAIN_SEPARATOR);
        }
        self.to_end = true;
        self.chosen = None;
    }

    fn list(&self, ui: &mut Ui, matching: &[Entry], moved: bool) -> Option<Entry> {
        let mut clicked = None;
        let height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
        egui::ScrollArea::vertical()
            .max_height(260.0)
            .min_scrolled_height(260.0)
            .auto_shrink([false, false])
            .show_rows(ui, height, matching.len(), |ui, shown| {
                for i in shown {
                    let entry = &matching[i];
                    let name = if entry.is_file {
                        entry.name.clone()
                    } else {
                        format!("{}{MAIN_SEPARATOR}", entry.name)
                    };
                    let size = vec2(ui.available_width(), height);
                    let label = egui::Button::selectable(self.chosen == Some(i), name)
                        .min_size(size)
                        .wrap_mode(egui::TextWrapMode::Truncate);
                    let response = ui
                        .with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
                            ui.add(label)
                        })
                        .inner;
                    if moved && self.chosen == Some(i) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        clicked = Some(entry.clone());
                    }
                }
            });
        if matching.is_empty() && !self.purpose.saves() {
            let at = ui.min_rect().left_bottom() + vec2(4.0, -250.0);
            ui.painter().text(
                at,
                Align2::LEFT_TOP,
                tr("No matches"),
                egui::FontId::proportional(12.0),
                ui.visuals().weak_text_color(),
            );
        }
        clicked
    }

    /// Takes the path, or says what is wrong with it.
    fn confirm(&mut self) -> Outcome {
        let path = expand(self.text.trim());
        if self.purpose.saves() {
            let (_, endings) = self.purpose.filter();
            let known = path
                .extension()
                .and_then(|e| e.to_str())
                .is_some_and(|e| endings.iter().any(|known| known.eq_ignore_ascii_case(e)));
            if !known {
                self.complaint = trf("the name must end in .{0}", &[&endings.join(", .")]);
            } else if !path
                .parent()
                .is_some_and(|folder| folder.as_os_str().is_empty() || disk::is_folder(folder))
            {
                self.complaint = tr("there is no such folder").into();
            } else if disk::exists(&path) && self.replace.as_ref() != Some(&path) {
                self.complaint = tr("this file exists: Replace writes over it").into();
                self.replace = Some(path);
            } else {
                return Outcome::Chosen(path);
            }
            return Outcome::Open;
        }
        // The folder of a run stands for the checkpoint in it.
        let takes_folders = matches!(self.purpose, Purpose::Model | Purpose::Run);
        let is_model = |path| disk::is_file(&disk::in_folder(path)) || disk::is_model_folder(path);
        if disk::is_file(&path) || takes_folders && is_model(&path) {
            return Outcome::Chosen(path);
        }
        if takes_folders && !disk::exists(&path) {
            match disk::model_in_cache(self.text.trim()) {
                Ok(Some(model)) => return Outcome::Chosen(model),
                Ok(None) => {}
                Err(complaint) => {
                    self.complaint = complaint;
                    return Outcome::Open;
                }
            }
        }
        // Its files are shown first.
        if disk::is_folder(&path) && !self.text.trim_end().ends_with(MAIN_SEPARATOR) {
            self.text = format!("{}{MAIN_SEPARATOR}", self.text.trim_end());
            self.chosen = None;
            self.to_end = true;
            if !self.purpose.is_folder() {
                return Outcome::Open;
            }
        }
        self.complaint = if disk::is_folder(&path) && self.purpose.is_folder() {
            tr("this folder holds no checkpoint.safetensors; name that of a training run").into()
        } else if disk::is_folder(&path) && takes_folders {
            tr("this folder is no model; choose a file or a folder in it").into()
        } else if disk::is_folder(&path) {
            tr("this is a folder; choose a file in it").into()
        } else {
            tr("there is no such file").into()
        };
        Outcome::Open
    }
}

/// The folder that a path names so far, and the start of a name in it.
fn parts(text: &str) -> (PathBuf, String) {
    let cut = text.rfind(['/', MAIN_SEPARATOR]).map_or(0, |at| at + 1);
    let (folder, start) = text.split_at(cut);
    let folder = if folder.is_empty() {
        Path::new(".").to_owned()
    } else {
        expand(folder)
    };
    (folder, start.to_owned())
}

/// "~" is the home folder, as in a shell.
fn expand(text: &str) -> PathBuf {
    let rest = text
        .strip_prefix("~/")
        .or_else(|| text.strip_prefix('~')?.strip_prefix(MAIN_SEPARATOR));
    match rest.or((text == "~").then_some("")) {
        Some(rest) => user_folders::home().map_or_else(|| text.into(), |home| home.join(rest)),
        None => text.into(),
    }
}

/// `start` written on as far as all names agree; `None` when that adds nothing.
fn completion(start: &str, matching: &[Entry]) -> Option<String> {
    let first = &matching.first()?.name;
    let agreed = matching
        .iter()
        .fold(first.chars().count(), |agreed, entry| {
            let same = first.chars().zip(entry.name.chars());
            agreed.min(same.take_while(|(a, b)| a == b).count())
        });
    let completed: String = first.chars().take(agreed).collect();
    let longer = completed.chars().count() > start.chars().count();
    (longer
        || (matching.len() == 1 && completed != start)
        || (matching.len() == 1 && !matching[0].is_file))
        .then_some(completed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(names: &[&str]) -> Vec<Entry> {
        let entry = |name: &&str| Entry {
            is_file: true,
            name: (*name).to_owned(),
        };
        names.iter().map(entry).collect()
    }

    #[test]
    fn completion_goes_as_far_as_names_agree() {
        let all = entries(&["model_a.pt", "model_b.pt"]);
        assert_eq!(completion("mo", &all).as_deref(), Some("model_"));
        assert_eq!(completion("model_", &all), None);
        assert_eq!(
            completion("MODEL_A", &entries(&["model_a.pt"])).as_deref(),
            Some("model_a.pt")
        );
        assert_eq!(completion("x", &[]), None);
    }

    #[test]
    fn a_path_is_a_folder_and_the_start_of_a_name() {
        assert_eq!(parts("/tmp/mo"), (PathBuf::from("/tmp/"), "mo".into()));
        assert_eq!(parts("mo"), (PathBuf::from("."), "mo".into()));
        assert_eq!(parts("/"), (PathBuf::from("/"), String::new()));
    }

    #[test]
    fn saving_needs_a_known_ending_and_asks_before_replacing() {
        let folder = tempfile::tempdir().unwrap();
        let mut field = PathField::new(
            Purpose::Figure(crate::engine::figures::FigureKind::Spans),
            Some(folder.path()),
            "spans.svg",
        );
        std::fs::write(folder.path().join("spans.svg"), "x").unwrap();
        assert_eq!(field.confirm(), Outcome::Open);
        assert!(field.complaint.contains("exists"));
        assert_eq!(
            field.confirm(),
            Outcome::Chosen(folder.path().join("spans.svg"))
        );
        field.text = folder.path().join("spans.doc").display().to_string();
        assert_eq!(field.confirm(), Outcome::Open);
        assert!(field.complaint.contains(".svg"));
        field.text = folder.path().join("no/spans.svg").display().to_string();
        assert_eq!(field.confirm(), Outcome::Open);
        assert!(field.complaint.contains("folder"));
    }
}
