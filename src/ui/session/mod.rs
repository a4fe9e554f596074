//! The state restored at the next start: layout, text, model, selection, changes of the model, the views' state, and
//! the window's place.
//!
//! It is written by a thread of its own, a moment after something changed. What cannot be read again is as at the very
//! first start: a damaged file is no reason not to open a window.

pub mod earlier;
pub mod folders;
pub mod settings;
pub mod writer;

use crate::model::Edits;
use crate::platform::fs;
use crate::platform::time::SystemTime;
use crate::ui::document::history::{Origin, Text};
use crate::ui::document::model_file::OpenModel;
use crate::ui::document::selection::Selected;
use crate::ui::shell::layout::Layout;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The file in the session's folder.
pub(in crate::ui) const FILE: &str = "session.json";

/// Longest text that is written into that file itself, in bytes.
const INLINE: usize = 4096;

/// Largest session that is read, in bytes: a larger one is damaged.
const LARGEST: u64 = 16 << 20;

/// The window's place, in points of the desktop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Width and height of its inside.
    pub size: Option<(f32, f32)>,
    /// Left and top of its frame, where the desktop says.
    pub position: Option<(f32, f32)>,
    /// True if it filled the desktop.
    pub maximized: bool,
    /// True if it filled the screen.
    pub fullscreen: bool,
}

/// The place where a text is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeptText {
    /// Here.
    Here {
        /// The text.
        text: String,
        /// Its name.
        name: String,
    },
    /// In a file beside the session.
    Beside {
        /// Its name.
        file: String,
        /// The text's name.
        name: String,
    },
    /// In the file that it was read from.
    File {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
        /// When it was last changed.
        modified: Option<SystemTime>,
    },
}

/// All that is kept but the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Session {
    /// The window's place.
    pub window: Place,
    /// The size of the interface; 1 is the usual one.
    pub zoom: Option<f32>,
    /// The open model.
    pub model: Option<OpenModel>,
    /// While a recorded run is shown, the model that was open before, to which the changes and the text belong.
    pub behind: Option<OpenModel>,
    /// Which text of a recorded run was shown, from 0.
    pub recorded: usize,
    /// The edits made to the model, or to the one behind.
    pub edits: Edits,
    /// The selection.
    pub selected: Option<Selected>,
    /// The caret in the text, and where what is selected there begins, in characters.
    pub caret: Option<(usize, usize)>,
    /// The arrangement of the views.
    pub layout: Option<Layout>,
    /// The view that was used last.
    pub used: Option<crate::ui::Pane>,
    /// The state of the views.
    pub views: Map<String, Value>,
}

/// A session as its file has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// The session.
    pub session: Session,
    /// The place of its text.
    pub text: Option<KeptText>,
    /// When it was written.
    pub written: Option<SystemTime>,
    /// True if its window is open, or was when the program ended without a word.
    pub open: bool,
}

impl Stored {
    /// The session kept in `folder`; `None` where nothing can be read.
    pub fn load(folder: &Path) -> Option<Self> {
        Self::parse(&bytes_in(folder)?)
    }

    /// The session kept in a file with these bytes; `None` where they are no session at all.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut stored = crate::json::read::<Map<String, Value>>(bytes).ok()?;
        let session = Session {
            window: part(&mut stored, "window"),
            zoom: part::<Option<f32>>(&mut stored, "zoom").filter(|zoom| zoom.is_finite()),
            model: part(&mut stored, "model"),
            behind: part(&mut stored, "behind"),
            recorded: part(&mut stored, "recorded"),
            edits: part(&mut stored, "edits"),
            selected: part(&mut stored, "selected"),
            caret: part(&mut stored, "caret"),
            layout: part(&mut stored, "layout"),
            used: part(&mut stored, "used"),
            views: part(&mut stored, "views"),
        };
        Some(Self {
            session,
            text: part(&mut stored, "text"),
            written: part(&mut stored, WRITTEN),
            open: part(&mut stored, OPEN),
        })
    }
}

/// When a session was written, and whether its window is open, in its file.
const WRITTEN: &str = "written";
const OPEN: &str = "open";

/// The bytes of the session in `folder`, where they are no more than one has.
fn bytes_in(folder: &Path) -> Option<Vec<u8>> {
    let file = folder.join(FILE);
    let sensible = fs::metadata(&file).is_ok_and(|meta| meta.len() <= LARGEST);
    sensible.then(|| fs::read(&file).ok()).flatten()
}

/// Says in the file of a session, which stays as it is, whether its window is open; `written` is from now on when it was.
///
/// # Errors
/// When it cannot be written. Where there is no session there is nothing to say.
fn mark(folder: &Path, open: bool, written: Option<SystemTime>) -> std::io::Result<()> {
    let stored = bytes_in(folder).and_then(|bytes| crate::json::read(&bytes).ok());
    let Some(mut stored) = stored else {
        return Ok(());
    };
    let stored: &mut Map<String, Value> = &mut stored;
    stored.insert(OPEN.into(), open.into());
    stored.insert(WRITTEN.into(), serde_json::to_value(written)?);
    crate::files::write(&folder.join(FILE), &serde_json::to_vec_pretty(stored)?)
}

impl Session {
    /// The session as it is written now, with where its text is and whether its window is open.
    pub(in crate::ui) fn stored(
        &self,
        text: &KeptText,
        open: bool,
    ) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(&serde_json::json!({
            OPEN: open,
            WRITTEN: SystemTime::now(),
            "window": self.window,
            "zoom": self.zoom,
            "model": self.model,
            "behind": self.behind,
            "recorded": self.recorded,
            "edits": self.edits,
            "selected": self.selected,
            "caret": self.caret,
            "layout": self.layout,
            "used": self.used,
            "text": text,
            "views": self.views,
        }))
    }
}

/// One part of a session; what is missing or damaged is as at the first start, and takes nothing else with it.
fn part<T: DeserializeOwned + Default>(stored: &mut Map<String, Value>, name: &str) -> T {
    let value = stored.remove(name);
    value
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default()
}

/// The state of something, but for parts that are damaged or unknown.
pub fn tolerant<T: DeserializeOwned + Default>(stored: &Map<String, Value>) -> T {
    let fits = |name: &String, value: &Value| {
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        serde_json::from_value::<T>(Value::Object(alone)).is_ok()
    };
    let known = stored.iter().filter(|(name, value)| fits(name, value));
    let known = known.map(|(name, value)| (name.clone(), value.clone()));
    serde_json::from_value(Value::Object(known.collect())).unwrap_or_default()
}

/// The state of something, by its parts.
pub fn parts<T: Serialize>(of: &T) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(parts)) => parts,
        _ => Map::new(),
    }
}

impl Origin {
    /// The file at `path` as it is now; `None` where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let meta = crate::ui::disk::look(path).ok()?;
        Some(Self {
            path: std::path::absolute(path).ok()?,
            bytes: meta.len(),
            modified: meta.modified().ok(),
        })
    }
}

/// The beginning of the names of texts beside the session.
pub(in crate::ui) const BESIDE: &str = "text-";

/// Decides where `text` is kept, and writes it if it is kept beside the session.
///
/// # Errors
/// When it cannot be written.
pub(in crate::ui) fn keep_text(folder: &Path, text: &Text) -> std::io::Result<KeptText> {
    if let Some(origin) = &text.origin
        && Origin::of(&origin.path).as_ref() == Some(&**origin)
    {
        return Ok(KeptText::File {
            path: origin.path.clone(),
            bytes: origin.bytes,
            modified: origin.modified,
        });
    }
    let name = text.name.as_ref().to_owned();
    if text.text.len() <= INLINE {
        let text = text.text.as_ref().to_owned();
        return Ok(KeptText::Here { text, name });
    }
    // Named by what is in it: the session that was written before still finds its own.
    let sum = crc32fast::hash(text.text.as_bytes());
    let file = format!("{BESIDE}{:x}-{sum:08x}.txt", text.text.len());
    let path = folder.join(&file);
    if !fs::exists(&path) {
        crate::files::write(&path, text.text.as_bytes())?;
    }
    Ok(KeptText::Beside { file, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_takes_nothing_else_with_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Stored::load(folder.path()), None);
        let write = |text: &str| std::fs::write(folder.path().join(FILE), text).unwrap();
        write(
            r#"{"zoom": 1.5, "layout": {"tabs": 3}, "window": {"size": [800, 600]}, "edits": {"spans": 1},
                "model": {"file": "/a.pt"}, "selected": {"leading": "none"}, "text": {"here": 5}, "later": 1}"#,
        );
        let Stored { session, text, .. } = Stored::load(folder.path()).unwrap();
        assert_eq!(session.zoom, Some(1.5));
        assert_eq!(session.window.size, Some((800.0, 600.0)));
        assert_eq!(session.model, Some(OpenModel::File("/a.pt".into())));
        assert_eq!((session.layout, session.selected, text), (None, None, None));
        for damaged in ["", "{", "[]", "null", "\u{0}\u{0}", r#"{"zoom": 1e999}"#] {
            write(damaged);
            assert_eq!(Stored::load(folder.path()), None, "{damaged}");
            mark(folder.path(), false, None).unwrap();
        }
        // A time that no clock shows.
        write(
            r#"{"zoom": 2, "written": {"secs_since_epoch": 18446744073709551615, "nanos_since_epoch": 4294967295}}"#,
        );
        let stored = Stored::load(folder.path()).unwrap();
        assert_eq!((stored.session.zoom, stored.written), (Some(2.0), None));
    }

    #[test]
    fn a_mark_leaves_the_session_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session {
            zoom: Some(2.0),
            ..Session::default()
        };
        let text = KeptText::Here {
            text: "x".into(),
            name: String::new(),
        };
        let bytes = session.stored(&text, true).unwrap();
        std::fs::write(folder.path().join(FILE), bytes).unwrap();
        let before = Stored::load(folder.path()).unwrap();
        assert!(before.open && before.written.is_some());
        let then = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(5);
        mark(folder.path(), false, Some(then)).unwrap();
        let after = Stored {
            open: false,
            written: Some(then),
            ..before
        };
        assert_eq!(Stored::load(folder.path()), Some(after));
    }

    #[test]
    fn views_lose_only_what_is_damaged() {
        #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        struct Two {
            one: u8,
            two: Option<String>,
        }
        let stored = serde_json::json!({"one": "?", "two": "kept", "three": {}});
        let two: Two = tolerant(stored.as_object().unwrap());
        let two_only = Two {
            one: 0,
            two: Some("kept".into()),
        };
        assert_eq!(two, two_only);
        assert_eq!(tolerant::<Two>(&parts(&two)), two);
    }

    #[test]
    fn texts_are_kept_here_beside_or_in_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let short = Text {
            text: "short".into(),
            ..Text::default()
        };
        let kept = keep_text(folder.path(), &short).unwrap();
        assert!(matches!(kept, KeptText::Here { text, .. } if text == "short"));
        let file = folder.path().join("long.txt");
        std::fs::write(&file, "x".repeat(INLINE + 1)).unwrap();
        let mut long = Text {
            text: "x".repeat(INLINE + 1).into(),
            name: "long.txt".into(),
            origin: Origin::of(&file).map(Into::into),
        };
        let kept = keep_text(folder.path(), &long).unwrap();
        assert!(matches!(kept, KeptText::File { path, .. } if path == file));
        // The file is another one now.
        std::fs::write(&file, "y").unwrap();
        let KeptText::Beside { file, name } = keep_text(folder.path(), &long).unwrap() else {
            panic!("kept elsewhere");
        };
        assert_eq!(name, "long.txt");
        assert_eq!(
            std::fs::read_to_string(folder.path().join(&file)).unwrap(),
            *long.text
        );
        long.origin = None;
        assert_eq!(
            keep_text(folder.path(), &long).unwrap(),
            KeptText::Beside { file, name }
        );
    }
}
