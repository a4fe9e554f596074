//! Opening models and texts, writing charts: what the window does with files.

use super::App;
use crate::engine::{Failure, LoadedModel, SAMPLES};
use crate::text::to_bytes;
use crate::ui::dialogs::Purpose;
use crate::ui::disk;
use crate::ui::document::Restored;
use crate::ui::document::history::Text;
use crate::ui::document::model_file::{Answers, sample_of};
use crate::ui::document::selection::Selection;
use crate::ui::document::text_file::{is_sample, text_of};
use crate::ui::export::figures;
use crate::ui::export::files::Copied;
use crate::ui::language::{said_list, tr, trf};
use crate::ui::session::settings::Settings;
use crate::ui::shell::toasts::Toasts;
use crate::ui::user_folders;
use eframe::egui;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Token ids that a model without a vocabulary begins with.
const FIRST_IDS: usize = 64;

impl App {
    /// What other threads have finished since the last frame.
    pub(super) fn take_news(&mut self, ctx: &egui::Context) {
        self.document.snapshot = self.document.engine.snapshot();
        if self.document.snapshot.model_number != self.document.seen.0 {
            self.document.seen.0 = self.document.snapshot.model_number;
            self.opened(ctx);
        }
        if let Some(failure) = self
            .document
            .snapshot
            .failure
            .clone()
            .filter(|f| f.number > self.document.seen.1)
        {
            self.document.seen.1 = failure.number;
            // Of a text that has given way to another since, nobody wants to hear.
            let now = self.document.engine.text_number();
            if failure.text.is_none_or(|text| text == now) {
                self.failed(failure);
            }
        }
        let failed = self.document.snapshot.failure.as_ref();
        let failed = failed.and_then(|failure| failure.text);
        if failed != Some(self.document.engine.text_number()) && self.settled() {
            self.toasts.text_is_well();
        }
        for result in self.exports.finished() {
            match result {
                Ok((path, notice)) => {
                    let mut words = trf("Wrote {0}", &[&path.display()]);
                    if let Some(notice) = notice {
                        words.push('\n');
                        words.push_str(&notice);
                    }
                    self.toasts.wrote(words, path);
                }
                Err(message) => self.toasts.error(message),
            }
        }
        for copied in self.exports.copied() {
            match copied {
                Ok(Copied::Picture(picture)) => ctx.copy_image(picture),
                Ok(Copied::Text(text)) => ctx.copy_text(text),
                Err(message) => {
                    self.toasts.error(message);
                    continue;
                }
            }
            self.toasts.info(tr("Copied to the clipboard"));
        }
        self.keeping.earlier.take_news();
        self.text_read();
        self.examples_read();
        let dropped = ctx.input(|i| i.raw.dropped_files.clone());
        for path in dropped.iter().map(|file| file.path().to_owned()) {
            self.dropped(ctx, path);
        }
    }

    /// The engine has opened a model.
    pub(super) fn opened(&mut self, ctx: &egui::Context) {
        let Some(model) = self.document.snapshot.model.clone() else {
            return;
        };
        let number = self.document.snapshot.model_number;
        let asked = self
            .document
            .asked
            .iter()
            .find(|(asked, _)| *asked == number)
            .cloned();
        let read_ids = self.document.reads_ids.replace(model.vocabulary.is_none());
        // Wishes before this one were overtaken by it.
        self.document.asked.retain(|(asked, _)| *asked > number);
        self.document.file = asked.and_then(|(_, file)| file);
        if let Some((path, answers)) = self.document.file.clone() {
            // A file that is opened for the first time asks what it does not say.
            let unanswered =
                self.settings.answers(&path) == Answers::default() && answers == Answers::default();
            if unanswered && !self.settings.knows(&path) {
                self.overlays.facts.ask(&model);
            }
            self.settings.opened(&path);
            // Only what worked is remembered: a wrong answer must not bar the file.
            self.settings.answer(&path, answers);
            self.save();
            if !model.assumed.is_empty() && !self.overlays.facts.open && model.recorded.is_none() {
                let assumed = said_list(&model.assumed, "; ");
                self.toasts.info(trf("Assumed {0}", &[&assumed]));
            }
            if model.recorded.is_none() {
                self.suit_text(&path, &model, read_ids);
            }
        }
        let restored = self.document.restored.as_ref();
        // A text that came before its model, or stays beneath another one.
        if restored.is_none_or(|restored| restored.selected.is_none()) {
            let text = self.document.history.present().text.clone();
            if text.origin.is_some() {
                self.tell_coverage(&text);
            }
        }
        let title = format!("{} – spanscope", model.file_name());
        ctx.send_viewport_cmd(egui::ViewportCommand::Title(title));
        let now = self.document.model_now();
        if self.document.step_behind(now) {
            self.document.history.forget_edits();
        }
        self.document.following = Default::default();
        self.overlays.figure_options.forget_titles();
        let mut selection = Selection::default();
        selection.set_combine(self.document.selection.combine());
        self.document.selection = selection;
        // The head that looks farthest is the one to look at first.
        let longest = model
            .network
            .spans()
            .into_iter()
            .max_by_key(|span| span.reach);
        if let Some(span) = longest {
            self.document.selection.select_head(span.id());
        }
        if let Some(restored) = self.document.restored.take()
            && number == 1
        {
            self.restore(ctx, &model, restored);
        }
    }

    /// Brings back what was selected and changed in the model when it was open last.
    fn restore(&mut self, ctx: &egui::Context, model: &LoadedModel, restored: Restored) {
        let is_recorded = model.recorded.is_some();
        if is_recorded {
            // What was changed waits for its model.
            self.document.behind = restored.of;
            self.document.history.begin_edited(restored.edits.clone());
            if let Some(text) = restored.recorded {
                self.document.engine.show_recorded(text);
            }
        }
        let Some(selected) = restored.selected else {
            return;
        };
        let tokens = selected.tokens();
        self.document.selection = selected.heads_in(model.network.architecture());
        if self.document.text_file.is_none() || is_recorded {
            self.document.selection.tokens = tokens;
        }
        if !is_recorded && !restored.edits.is_empty() {
            self.document
                .engine
                .edit_of(self.document.snapshot.model_number, restored.edits.clone());
            self.document.history.begin_edited(restored.edits);
            ctx.request_repaint();
        }
    }

    /// A text file has been read.
    pub(super) fn text_read(&mut self) {
        let Some(file) = &self.document.text_file else {
            return self.document.give_withheld();
        };
        let Ok((path, read)) = file.read.try_recv() else {
            return;
        };
        let file = self.document.text_file.take();
        let (text, all) = match read {
            Ok(read) => read,
            Err(message) => return self.toasts.error(message),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = match all {
            true => name.into_owned(),
            false => trf("the start of {0}", &[&name]),
        };
        let text = Text {
            text,
            name: name.into(),
            origin: file
                .as_ref()
                .and_then(|file| file.origin.clone())
                .map(Arc::new),
        };
        let is_foreign = file.as_ref().is_some_and(|file| file.of_another);
        self.document.foreign_ids = is_foreign && are_ids(&text.text);
        let model = self.document.snapshot.model.as_ref();
        if self.document.foreign_ids && model.is_some_and(|model| model.vocabulary.is_some()) {
            return;
        }
        match file.and_then(|file| file.restores) {
            Some(tokens) => {
                self.document.history.begin(text);
                self.document.text_changed();
                if !self.document.shows_recorded {
                    self.document.selection.tokens = tokens;
                }
            }
            None => {
                self.tell_coverage(&text);
                self.document.history.load(text);
                self.document.text_changed();
                if self.document.is_recorded() {
                    let name = &self.document.history.present().text.name;
                    let words = trf(
                        "A recorded run has its own text: {0} is kept until a model is open",
                        &[name],
                    );
                    self.toasts.error(words);
                }
            }
        }
    }

    /// Says of a text that it is hardly one for this model: its beginning is enough to tell.
    fn tell_coverage(&mut self, text: &Text) {
        let model = self.document.snapshot.model.as_ref();
        let Some(vocabulary) = model.and_then(|model| model.vocabulary.as_ref()) else {
            return;
        };
        let bytes = to_bytes(&text.text);
        let head = bytes.get(..1 << 16).unwrap_or(&bytes);
        let (_, coverage) = vocabulary.known_ids(head);
        if !coverage.is_enough() && !self.document.is_recorded() && !self.keeping.any_text {
            let lacking = format!("{:.1}", 100.0 * (1.0 - coverage.share()));
            let words = trf(
                "{0}: {1} % of it is not in the model's vocabulary, and the model does not see that. Open another text, or the vocabulary of the text that the model learned from: File → Choose vocabulary…",
                &[&text.name, &lacking],
            );
            self.toasts.error(words);
        }
    }

    /// A sample's text means nothing to a model that reads ids, nor ids to one that reads text; what the user wrote
    /// stays. `read_ids`: whether the model before read ids, where there was one.
    fn suit_text(&mut self, path: &Path, model: &LoadedModel, read_ids: Option<bool>) {
        let text = self.document.own_text();
        let ids = first_ids(model);
        // Without a model before, the text is the last session's: it belongs to the model that was open then.
        let restored = self.document.restored.as_ref();
        let is_of_another = || restored.is_some_and(|restored| restored.selected.is_none());
        let is_typed = self.document.history.present().text.origin.is_none();
        let of_session = || is_of_another() && (is_typed || self.document.foreign_ids);
        let belongs_to_ids = read_ids.unwrap_or_else(of_session) && are_ids(text);
        let gives_way = match model.vocabulary {
            None => is_sample(text) || (belongs_to_ids && are_first_ids(text) && **text != *ids),
            Some(_) => belongs_to_ids,
        };
        if !gives_way {
            return;
        }
        if model.vocabulary.is_none() {
            self.document.history.load(Text {
                text: ids.into(),
                ..Text::default()
            });
        } else {
            let sample = sample_of(path).unwrap_or(&SAMPLES[0]);
            self.document.history.load(text_of(sample));
        }
        self.document.text_changed();
    }

    /// Something went wrong; what was open stays open.
    pub(super) fn failed(&mut self, failure: Failure) {
        match failure.text {
            Some(_) => self.toasts.of_text(failure.message),
            None => self.toasts.error(failure.message),
        }
        let Some(number) = failure.opening else {
            return;
        };
        let asked = self
            .document
            .asked
            .iter()
            .position(|(asked, _)| *asked == number);
        let asked = asked.map(|i| self.document.asked.remove(i));
        self.document.asked.retain(|(asked, _)| *asked > number);
        let restored = self.document.restored.take();
        let of_session = restored.is_some_and(|restored| restored.selected.is_some());
        let Some((_, Some((path, answers)))) = asked else {
            return;
        };
        // A vocabulary that does not fit must not keep the file shut.
        let is_open = self
            .document
            .file
            .as_ref()
            .is_some_and(|(open, _)| *open == path);
        if answers.vocab.is_some() && !is_open {
            let without = Answers {
                vocab: None,
                ..answers
            };
            self.document.open_file((path, without));
        } else if of_session && self.document.snapshot.model.is_none() {
            // Nobody asked for it today; the window must not stay empty.
            self.document.open_sample(&SAMPLES[0]);
        }
    }

    pub(super) fn ask(&mut self, ctx: &egui::Context, purpose: Purpose) {
        let name = match &self.document.snapshot.model {
            Some(model) => match purpose {
                Purpose::Figure(kind) => {
                    let (heads, ending) = (&self.document.selection.heads, self.ending(kind));
                    figures::proposed(kind, &model.name(), heads, ending)
                }
                Purpose::Page => format!("{}.html", model.name()),
                _ => String::new(),
            },
            None if matches!(purpose, Purpose::Model | Purpose::Run | Purpose::Text) => {
                String::new()
            }
            None => return self.toasts.error(tr("No model is open")),
        };
        if purpose == Purpose::Vocabulary && self.document.file.is_none() {
            return self.toasts.error(tr(
                "A bundled model has its vocabulary; open a file to choose one for it",
            ));
        }
        let folder = self
            .settings
            .folder
            .clone()
            .filter(|folder| disk::is_folder(folder))
            .or_else(user_folders::to_begin_in);
        self.overlays
            .dialogs
            .ask(ctx, purpose, folder.as_deref(), &name);
    }

    /// A dialog has answered.
    pub(super) fn chosen(&mut self, ctx: &egui::Context, purpose: Purpose, path: PathBuf) {
        if let Some(folder) = path.parent() {
            self.settings.folder = Some(folder.to_owned());
            self.save();
        }
        match purpose {
            Purpose::Model | Purpose::Run => self.open_model(path),
            Purpose::Text => self.document.read_text(path, ctx),
            Purpose::Examples => self.open_examples(ctx, path),
            Purpose::Vocabulary => self.answer(|answers| answers.vocab = Some(path)),
            Purpose::Figure(kind) => self.save_figure(ctx, kind, path),
            Purpose::Page => self.save_page(ctx, path),
        }
    }

    pub(super) fn open_model(&mut self, path: PathBuf) {
        // Of a run's folder, its file: a run is the same however it was opened.
        let path = disk::in_folder(&path);
        // What is said from here on is about this file.
        self.toasts.clear();
        let answers = known_answers(&self.settings, &path, &mut self.toasts);
        // A sample's text that nobody touched gives way to that of another sample.
        if let Some(sample) = sample_of(&path)
            && is_sample(self.document.own_text())
        {
            self.document.history.load(text_of(sample));
            self.document.text_changed();
        }
        self.document.open_file((path, answers));
    }

    /// Takes an answer about the open file, and opens it again with it.
    pub(super) fn answer(&mut self, change: impl FnOnce(&mut Answers)) {
        let Some((path, mut answers)) = self.document.file.clone() else {
            return self
                .toasts
                .error(tr("The bundled models say everything about themselves"));
        };
        change(&mut answers);
        self.toasts.clear();
        self.document.open_file((path, answers));
    }

    /// Tells what went wrong outside of the window.
    pub fn complain(&mut self, words: String) {
        self.toasts.error(words);
    }

    /// Tells what is to be known of where the window is.
    pub fn inform(&mut self, words: &str) {
        self.toasts.info(words);
    }

    /// A text by its ending; a checkpoint, or the folder of a run, otherwise.
    pub fn dropped(&mut self, ctx: &egui::Context, path: PathBuf) {
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let is_text = ["txt", "md", "text", "zip", "gz", "raw"].contains(&ending.as_str());
        if is_text && !disk::is_folder(&path) {
            self.document.read_text(path, ctx);
        } else {
            self.open_model(path);
        }
    }
}

/// The first ids of a model, as a text to begin with.
fn first_ids(model: &LoadedModel) -> String {
    let ids = 0..FIRST_IDS.min(model.network.architecture().vocab_size);
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
}

/// True if a text is nothing but token ids.
fn are_ids(text: &str) -> bool {
    let mut words = text.split_whitespace().peekable();
    words.peek().is_some() && words.all(|word| word.parse::<u32>().is_ok())
}

/// True if a text is the first ids of some model.
fn are_first_ids(text: &str) -> bool {
    let words = text.split(' ').enumerate();
    // One number alone may be anything.
    let count = text.split(' ').take(FIRST_IDS + 1).count();
    (2..=FIRST_IDS).contains(&count)
        && words
            .take(FIRST_IDS)
            .all(|(id, word)| *word == *id.to_string())
}

/// What was answered about a file before, less a vocabulary that is gone.
pub(super) fn known_answers(settings: &Settings, path: &Path, toasts: &mut Toasts) -> Answers {
    let mut answers = settings.answers(path);
    if let Some(trouble) = answers.vocab.as_deref().and_then(disk::trouble) {
        answers.vocab = None;
        toasts.error(trf(
            "{0}, the vocabulary: the model opens without it",
            &[&trouble],
        ));
    }
    answers
}
