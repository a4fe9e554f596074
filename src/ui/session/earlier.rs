//! Sessions of windows that are closed, as menus list them.

use super::KeptText;
use super::folders::{self, Found};
use crate::files::shown;
use crate::platform::fs;
use crate::platform::thread;
use crate::platform::time::{Instant, SystemTime};
use crate::ui::document::model_file::OpenModel;
use crate::ui::language::{tr, trf};
use eframe::egui;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Time for which a list is good.
const FRESH: Duration = Duration::from_secs(2);

/// Longest beginning of a text that stands for it, in characters.
const BEGINNING: usize = 40;

/// A session that no window has open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierSession {
    /// Its folder.
    pub folder: PathBuf,
    /// Its model's name.
    model: String,
    /// The name of its text, or the text's beginning.
    text: String,
    /// When it was written.
    at: SystemTime,
}

impl EarlierSession {
    fn of(found: &Found) -> Option<Self> {
        let stored = found.stored.as_ref()?;
        let model = match &stored.session.model {
            Some(OpenModel::Sample(file)) => Path::new(file).file_stem(),
            // Of a run, its folder says more.
            Some(OpenModel::File(path)) if path.ends_with(crate::checkpoint::IN_FOLDER) => {
                path.parent().and_then(Path::file_name)
            }
            Some(OpenModel::File(path)) => path.file_name(),
            None => None,
        };
        let model = model.unwrap_or_default().to_string_lossy();
        let text = match stored.text.as_ref()? {
            KeptText::Here { name, .. } | KeptText::Beside { name, .. } if !name.is_empty() => {
                shown(name)
            }
            KeptText::Here { text, .. } => beginning(text),
            KeptText::Beside { file, .. } => beginning(&start_of(&found.folder, file)),
            KeptText::File { path, .. } => {
                shown(&path.file_name().unwrap_or_default().to_string_lossy())
            }
        };
        Some(Self {
            folder: found.folder.clone(),
            model: shown(&model),
            text,
            at: found.at,
        })
    }

    /// Its model, its text and its age, in words.
    pub fn name(&self) -> String {
        let age = self.at.elapsed().unwrap_or_default();
        let parts = [self.model.clone(), self.text.clone(), ago(age)];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    }
}

/// The beginning of a text, in one line.
fn beginning(text: &str) -> String {
    let mut words = String::new();
    // More would not be shown; a text without spaces has no end otherwise.
    let start: String = text.chars().take(4 * BEGINNING).collect();
    for word in start.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    let one_line = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut line: String = words.chars().take(BEGINNING).map(one_line).collect();
    if words.chars().nth(BEGINNING).is_some() || start.len() < text.trim_end().len() {
        line.push('…');
    }
    line
}

/// The first bytes of a text beside a session.
fn start_of(folder: &Path, file: &str) -> String {
    let read = || {
        let path = folder.join(Path::new(file).file_name()?);
        let mut bytes = Vec::new();
        let file = fs::File::open(path).ok()?;
        file.take(16 * BEGINNING as u64)
            .read_to_end(&mut bytes)
            .ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

/// A time that has passed, in words.
fn ago(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        0 => tr("just now").to_owned(),
        1..60 => trf("{0} min ago", &[&minutes]),
        60..1440 => trf("{0} h ago", &[&(minutes / 60)]),
        1440..2880 => tr("1 day ago").to_owned(),
        _ => trf("{0} days ago", &[&(minutes / 1440)]),
    }
}

/// The list of these sessions, as it was a moment ago; other threads look.
#[derive(Debug, Default)]
pub struct EarlierSessions {
    list: Arc<[EarlierSession]>,
    coming: Option<Receiver<Vec<EarlierSession>>>,
    looked: Option<Instant>,
}

impl EarlierSessions {
    /// The list.
    pub fn list(&self) -> Arc<[EarlierSession]> {
        Arc::clone(&self.list)
    }

    /// Takes what was found meanwhile.
    pub fn take_news(&mut self) {
        if let Some(Ok(list)) = self.coming.as_ref().map(Receiver::try_recv) {
            self.list = list.into();
            self.coming = None;
        }
    }

    /// Has the sessions in `root` looked for, unless that was just done.
    pub fn look(&mut self, ctx: &egui::Context, root: &Path) {
        if self.looked.is_some_and(|looked| looked.elapsed() < FRESH) {
            return;
        }
        self.looked = Some(Instant::now());
        let (sender, receiver) = channel();
        let (ctx, root) = (ctx.clone(), root.to_owned());
        let thread = thread::Builder::new()
            .name("sessions".into())
            .spawn(move || {
                let found = folders::found(&root);
                let idle = found.iter().filter(|found| folders::is_idle(&found.folder));
                // The window may be gone by now.
                let _ = sender.send(idle.filter_map(EarlierSession::of).collect());
                ctx.request_repaint();
            });
        // Without a thread the list stays as it is.
        self.coming = thread.is_ok().then_some(receiver);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_named_by_its_beginning() {
        assert_eq!(beginning("  To be,\n\tor not "), "To be, or not");
        assert_eq!(beginning(""), "");
        let long = beginning(&"x".repeat(1 << 20));
        assert_eq!(long.chars().count(), BEGINNING + 1);
        assert_eq!(beginning("a\u{1b}[31mb").chars().count(), 7);
    }

    #[test]
    fn ages_are_in_words() {
        let minutes = |minutes: u64| ago(Duration::from_secs(60 * minutes));
        assert_eq!(minutes(0), "just now");
        assert_eq!(minutes(59), "59 min ago");
        assert_eq!(minutes(120), "2 h ago");
        assert_eq!(minutes(1440), "1 day ago");
        assert_eq!(minutes(5000), "3 days ago");
    }
}
