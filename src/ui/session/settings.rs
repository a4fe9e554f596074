//! What is remembered between sessions: theme, recent files, and what was answered about each of them.

use super::{parts, tolerant};
use crate::chart::Style;
use crate::engine::MEMORY;
use crate::files::Held;
use crate::platform::fs;
use crate::platform::thread;
use crate::platform::time::Instant;
use crate::ui::document::model_file::Answers;
use crate::ui::language::Language;
use crate::ui::user_folders;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Recent files kept.
const RECENT: usize = 10;

/// Files about which answers are kept.
const ANSWERS: usize = 200;

/// Light, dark, or as the desktop says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the desktop says.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// Settings as the file has them. They say nothing of how two settings compare.
#[derive(Debug, Clone, Default)]
struct Known(Map<String, Value>);

impl PartialEq for Known {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Everything remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The theme.
    pub theme: ThemeChoice,
    /// The language of the window.
    pub language: Language,
    /// Checkpoints opened, newest first.
    pub recent: Vec<PathBuf>,
    /// What a text may take of the memory, in MB.
    pub memory: Option<usize>,
    /// True if special tokens that are spelled in a text are text like any other.
    pub special_as_text: bool,
    /// Where the last dialog ended.
    pub folder: Option<PathBuf>,
    /// How exported figures look.
    pub figure: Style,
    /// The ending of the figure that was written last.
    pub ending: Option<String>,
    /// True if the tour was walked or skipped.
    pub toured: bool,
    /// Answers by checkpoint.
    pub answers: BTreeMap<PathBuf, Answers>,
    /// Where this is kept; `None` keeps nothing.
    #[serde(skip)]
    file: Option<PathBuf>,
    /// What the file had when it was read, or was given last: only what changed since is written.
    #[serde(skip)]
    known: Known,
    /// Where sessions are kept; `None` keeps none.
    #[serde(skip)]
    sessions: Option<PathBuf>,
}

impl Settings {
    /// What a text may take of the memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.memory
            .map_or(MEMORY, |mb| mb.saturating_mul(1_000_000))
    }

    /// Settings that are forgotten at the end.
    pub fn transient() -> Self {
        Self::default()
    }

    /// The user's settings. A missing or damaged file gives the defaults: settings are no reason not to start.
    pub fn load() -> Self {
        let (Some(folder), sessions) = (user_folders::settings(), user_folders::sessions()) else {
            return Self::default();
        };
        let mut settings = Self::load_from(&folder.join("settings.json"));
        settings.sessions = sessions;
        settings
    }

    /// Settings and sessions kept in `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        let mut settings = Self::load_from(&folder.join("settings.json"));
        settings.sessions = Some(folder.to_owned());
        settings
    }

    /// The folder in which sessions are kept, if they are.
    pub fn folder_of_sessions(&self) -> Option<&Path> {
        self.sessions.as_deref()
    }

    /// Settings kept in `file`.
    pub fn load_from(file: &Path) -> Self {
        // Part by part: what another version wrote must not cost all the rest.
        let mut settings: Self = tolerant(&stored_in(file));
        settings.known = Known(parts(&settings));
        settings.file = Some(file.to_owned());
        settings
    }

    /// Puts a checkpoint first among the recent ones.
    pub fn opened(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|other| *other != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }

    /// True if the file is among the recent ones.
    pub fn knows(&self, path: &Path) -> bool {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.contains(&path)
    }

    /// What was answered about a checkpoint.
    pub fn answers(&self, path: &Path) -> Answers {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.answers.get(&path).cloned().unwrap_or_default()
    }

    /// Remembers what was answered about a checkpoint.
    pub fn answer(&mut self, path: &Path, mut answers: Answers) {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // The program may be started from another folder next time.
        answers.vocab = answers.vocab.map(|vocab| absolute(&vocab));
        let path = absolute(path);
        if answers == Answers::default() {
            self.answers.remove(&path);
            return;
        }
        if self.answers.len() >= ANSWERS && !self.answers.contains_key(&path) {
            self.answers.pop_first();
        }
        self.answers.insert(path, answers);
    }

    /// Writes what changed, whole or not at all: what another window wrote meanwhile stays.
    ///
    /// # Errors
    /// When the folder cannot be made or the file cannot be written.
    pub fn save(&mut self) -> std::io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let _turn = turn(file);
        let ours = parts(self);
        let mut all = stored_in(file);
        for (name, value) in &ours {
            let before = self.known.0.get(name);
            let theirs = all.get(name);
            if theirs.is_none() || before != Some(value) {
                let joined = joined(name, before, value, theirs);
                all.insert(name.clone(), joined.unwrap_or_else(|| value.clone()));
            }
        }
        crate::files::write(file, &serde_json::to_vec_pretty(&all)?)?;
        self.known = Known(ours);
        Ok(())
    }
}

/// The parts of the settings in `file`; none where it cannot be read.
fn stored_in(file: &Path) -> Map<String, Value> {
    let read = fs::read(file).ok();
    let stored = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    stored.unwrap_or_default()
}

/// How long a window waits until another one has written.
const PATIENCE: Duration = Duration::from_millis(200);

/// The turn of one of several windows to write `file`; `None` where it does not come.
fn turn(file: &Path) -> Option<Held> {
    let begin = Instant::now();
    loop {
        match Held::claim(file) {
            Ok(Some(held)) => return Some(held),
            Ok(None) if begin.elapsed() < PATIENCE => thread::sleep(PATIENCE / 40),
            // Whoever writes there tells why it cannot.
            Ok(None) | Err(_) => return None,
        }
    }
}

/// What this window changed of a list or table, `before` to `ours`, in that of another one; `None` of other things, or where
/// one of them is no such thing.
fn joined(
    name: &str,
    before: Option<&Value>,
    ours: &Value,
    theirs: Option<&Value>,
) -> Option<Value> {
    fn read<T: DeserializeOwned + Default>(value: Option<&Value>) -> Option<T> {
        value.map_or_else(|| Some(T::default()), |v| T::deserialize(v).ok())
    }
    match name {
        "recent" => {
            let [before, ours, theirs]: [Vec<PathBuf>; 3] =
                [read(before)?, read(Some(ours))?, read(theirs)?];
            // What was opened since stands before what was the newest then.
            let new = ours.into_iter().take_while(|p| Some(p) != before.first());
            let mut recent: Vec<PathBuf> = new.collect();
            let older = theirs.into_iter().filter(|path| !recent.contains(path));
            let older: Vec<PathBuf> = older.collect();
            recent.extend(older);
            recent.truncate(RECENT);
            serde_json::to_value(recent).ok()
        }
        "answers" => {
            let [before, ours, mut theirs]: [BTreeMap<PathBuf, Answers>; 3] =
                [read(before)?, read(Some(ours))?, read(theirs)?];
            theirs.retain(|path, _| ours.contains_key(path) || !before.contains_key(path));
            for (path, answers) in ours {
                if before.get(&path) != Some(&answers) {
                    theirs.insert(path, answers);
                }
            }
            while theirs.len() > ANSWERS {
                theirs.pop_first();
            }
            serde_json::to_value(theirs).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_comes_back_and_damage_gives_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/settings.json");
        let mut settings = Settings::load_from(&file);
        for i in 0..12 {
            settings.opened(&folder.path().join(format!("{i}.pt")));
        }
        settings.opened(&folder.path().join("11.pt"));
        let answers = Answers {
            ramp: Some(16.into()),
            vocab: None,
        };
        settings.answer(&folder.path().join("11.pt"), answers.clone());
        settings.theme = ThemeChoice::Light;
        settings.save().unwrap();
        let back = Settings::load_from(&file);
        assert_eq!(back, settings);
        assert_eq!(back.recent.len(), RECENT);
        assert_eq!(back.answers(&folder.path().join("11.pt")), answers);
        std::fs::write(&file, "{\"theme\": 3").unwrap();
        assert_eq!(Settings::load_from(&file).theme, ThemeChoice::System);
    }

    #[test]
    fn two_windows_keep_what_each_of_them_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        let path = |name: &str| folder.path().join(name);
        let with = |ramp: usize| Answers {
            ramp: Some(ramp.into()),
            vocab: None,
        };
        let mut first = Settings::load_from(&file);
        first.opened(&path("a.pt"));
        first.opened(&path("b.pt"));
        first.answer(&path("a.pt"), with(1));
        first.answer(&path("b.pt"), with(2));
        first.save().unwrap();
        let mut second = Settings::load_from(&file);
        first.theme = ThemeChoice::Light;
        first.opened(&path("c.pt"));
        first.answer(&path("a.pt"), Answers::default());
        first.answer(&path("c.pt"), with(3));
        first.save().unwrap();
        second.toured = true;
        second.opened(&path("a.pt"));
        second.answer(&path("d.pt"), with(4));
        second.save().unwrap();
        first.memory = Some(500);
        first.save().unwrap();
        let both = Settings::load_from(&file);
        assert_eq!(
            (both.theme, both.toured, both.memory),
            (ThemeChoice::Light, true, Some(500))
        );
        assert_eq!(both.recent, ["a.pt", "c.pt", "b.pt"].map(path));
        let ramps = ["a.pt", "b.pt", "c.pt", "d.pt"].map(|name| both.answers(&path(name)).ramp);
        assert_eq!(
            ramps,
            [None, Some(2.into()), Some(3.into()), Some(4.into())]
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_newer_program_keeps_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        std::fs::write(&file, r#"{"later": 5, "recent": 7, "answers": []}"#).unwrap();
        let mut settings = Settings::load_from(&file);
        settings.opened(&folder.path().join("a.pt"));
        settings.save().unwrap();
        assert_eq!(stored_in(&file)["later"], 5);
        assert_eq!(Settings::load_from(&file).recent.len(), 1);
    }
}
