//! The contents of a window when it opens.

use super::files::known_answers;
use crate::engine::{SAMPLES, Source};
use crate::text::Accept;
use crate::ui::document::history::{Origin, Text};
use crate::ui::document::model_file::{self, Answers, OpenModel, sample_of, source_of};
use crate::ui::document::selection::Selected;
use crate::ui::document::text_file::{TextFile, is_sample, text_of};
use crate::ui::document::{Beginning, Restored};
use crate::ui::language::{tr, trf};
use crate::ui::session::settings::Settings;
use crate::ui::session::{KeptText, Session, Stored};
use crate::ui::shell::toasts::Toasts;
use crate::ui::{Start, disk};
use eframe::egui;

/// The model of the session; where that was a recorded run that is gone, the model behind it.
fn still_there(session: &Session, toasts: &mut Toasts) -> Option<OpenModel> {
    match (&session.model, &session.behind) {
        (Some(OpenModel::File(run)), Some(behind)) => match disk::trouble(run) {
            Some(trouble) => {
                toasts.error(trf(
                    "{0}; the model from before is open instead",
                    &[&trouble],
                ));
                Some(behind.clone())
            }
            None => session.model.clone(),
        },
        (model, _) => model.clone(),
    }
}

/// Decides what a window opens with: what `start` asks for, else what the session had, else the first sample. `beside` is the
/// text in a file beside the session.
pub fn at_start(
    ctx: &egui::Context,
    start: &Start,
    settings: &Settings,
    stored: &Stored,
    beside: Option<String>,
    toasts: &mut Toasts,
) -> Beginning {
    let session = &stored.session;
    let mut same = start.model.is_none();
    let mut sample = &SAMPLES[0];
    let last = still_there(session, toasts);
    let path = match (&start.model, &last) {
        (Some(path), last) => {
            let path = disk::in_folder(path);
            same = *last == std::path::absolute(&path).ok().map(OpenModel::File);
            Some(path)
        }
        (None, Some(OpenModel::File(path))) => match disk::trouble(path) {
            None => Some(path.clone()),
            Some(trouble) => {
                toasts.error(trf("{0}; a sample model is open instead", &[&trouble]));
                same = false;
                None
            }
        },
        (None, Some(OpenModel::Sample(file))) => {
            sample = model_file::sample(file).unwrap_or(sample);
            None
        }
        (None, None) => None,
    };
    let file = path.map(|path| {
        let known = known_answers(settings, &path, toasts);
        let answers = Answers {
            ramp: start.ramp.or(known.ramp),
            vocab: start.vocab.clone().or(known.vocab),
        };
        (path, answers)
    });
    if file.is_none() && (start.vocab.is_some() || start.ramp.is_some()) {
        toasts.error(tr(
            "--vocab and --ramp have no effect on a sample model: name the file that they are for",
        ));
    }
    let source = match &file {
        Some(file) => source_of(file),
        None => Source::Sample(sample),
    };
    let suits = file.as_ref().and_then(|(path, _)| sample_of(path));
    let suits = suits.unwrap_or(sample);
    let again = start.recorded.is_none_or(|text| text == session.recorded);
    let selected = session.selected.clone().filter(|_| same && again);
    let shown = selected.is_some().then_some(session.recorded);
    let tokens = selected.as_ref().map(Selected::tokens);
    let mut opening = Beginning {
        source,
        text: text_of(suits),
        text_file: None,
        restored: Some(Restored {
            selected,
            edits: session.edits.clone(),
            of: session.behind.clone().or_else(|| session.model.clone()),
            recorded: start.recorded.or(shown),
        }),
        file,
        caret: session.caret,
    };
    let text = |text: String, name: String| Text {
        text: text.into(),
        name: name.into(),
        origin: None,
    };
    match stored.text.clone() {
        // The text of another sample means less to a model than its own.
        Some(KeptText::Here { text: kept, .. }) if !same && is_sample(&kept) => {}
        Some(KeptText::Here { text: kept, name }) => opening.text = text(kept, name),
        Some(KeptText::Beside { name, .. }) => match beside {
            Some(kept) => opening.text = text(kept, name),
            None => toasts.error(tr("The text of the last session is gone")),
        },
        Some(KeptText::File { .. }) if start.text.is_some() => {}
        Some(KeptText::File {
            path,
            bytes,
            modified,
        }) => match Origin::of(&path) {
            Some(now) => {
                if (now.bytes, now.modified) != (bytes, modified) {
                    toasts.info(trf("{0} has changed since it was read", &[&path.display()]));
                }
                opening.text = Text::default();
                opening.text_file = Some(TextFile {
                    restores: Some(tokens.unwrap_or_default()),
                    of_another: !same,
                    // It was taken for a text then.
                    ..TextFile::read(path, Accept::AnyBytes, ctx)
                });
            }
            None => {
                let trouble = disk::trouble(&path).unwrap_or_default();
                toasts.error(trf("{0}; a sample text is open instead", &[&trouble]));
            }
        },
        None => {}
    }
    if let Some(path) = &start.text {
        // What was typed last stands behind it: one step back leads there.
        let accept = match start.any_text {
            true => Accept::AnyBytes,
            false => Accept::Texts,
        };
        opening.text_file = Some(TextFile::read(path.clone(), accept, ctx));
    }
    opening
}
