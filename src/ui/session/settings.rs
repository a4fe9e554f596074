//! What is remembered between sessions: theme, recent files, and what was answered about each of them.

use super::tolerant;
use crate::chart::Style;
use crate::engine::MEMORY;
use crate::ui::document::model_file::Answers;
use crate::ui::language::Language;
use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    /// Where the last dialog ended.
    pub folder: Option<PathBuf>,
    /// How exported figures look.
    pub figure: Style,
    /// The ending of the figure that was written last.
    pub ending: Option<String>,
    /// Whether the tour was walked or skipped.
    pub toured: bool,
    /// Answers by checkpoint.
    pub answers: BTreeMap<PathBuf, Answers>,
    /// Where this is kept; `None` keeps nothing.
    #[serde(skip)]
    file: Option<PathBuf>,
    /// Where the session is kept; `None` keeps none.
    #[serde(skip)]
    session: Option<PathBuf>,
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
        let Some(dirs) = ProjectDirs::from("", "", "spanscope") else {
            return Self::default();
        };
        let mut settings = Self::load_from(&dirs.config_dir().join("settings.json"));
        settings.session = Some(dirs.data_dir().to_owned());
        settings
    }

    /// Settings and session kept in `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        let mut settings = Self::load_from(&folder.join("settings.json"));
        settings.session = Some(folder.to_owned());
        settings
    }

    /// The folder in which the session is kept, if it is.
    pub fn folder_of_session(&self) -> Option<&Path> {
        self.session.as_deref()
    }

    /// Settings kept in `file`.
    pub fn load_from(file: &Path) -> Self {
        let read = std::fs::read(file).ok();
        let stored = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // Part by part: what another version wrote must not cost all the rest.
        let mut settings: Self = stored.map(|parts| tolerant(&parts)).unwrap_or_default();
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

    /// Writes the settings, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be made or the file cannot be written.
    pub fn save(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        crate::files::write(file, &serde_json::to_vec_pretty(self)?)
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
            ramp: Some(16),
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
}
