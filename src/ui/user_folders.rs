//! The folders that the system has for a user.

use directories::{BaseDirs, ProjectDirs};
use std::path::PathBuf;

fn dirs() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "spanscope")
}

/// The folder of settings.
pub fn settings() -> Option<PathBuf> {
    Some(dirs()?.config_dir().to_owned())
}

/// The folder of sessions.
pub fn sessions() -> Option<PathBuf> {
    Some(dirs()?.data_dir().to_owned())
}

/// The user's own folder.
pub fn home() -> Option<PathBuf> {
    Some(BaseDirs::new()?.home_dir().to_owned())
}

/// The folder that the first dialog shows.
pub fn to_begin_in() -> Option<PathBuf> {
    std::env::current_dir().ok()
}
