//! The folders of sessions, one for every window: which session a window that opens goes on with, which are kept for later,
//! and which go.
//!
//! The first is the folder of all sessions itself, the others lie in it. A window has a lock on its own, which ends with the
//! program, however that ends: so a session without a lock is one that no window has open.

use super::{BESIDE, FILE, KeptText, Place, Stored, mark};
use crate::files::Held;
use crate::platform::fs;
use crate::platform::time::SystemTime;
use crate::ui::Start;
use crate::ui::disk;
use crate::ui::document::model_file::OpenModel;
use crate::ui::document::text_file::is_sample;
use std::cmp::Reverse;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Sessions kept that no window has open.
const KEPT: usize = 8;

/// Most windows at once that keep a session.
const MOST: usize = 1000;

/// The prefix of the names of all folders but the first; their numbers follow.
const FURTHER: &str = "window-";

/// Attempts to read a session whose window replaces it meanwhile.
const ATTEMPTS: usize = 3;

/// A session's folder that no other window has as long as this value lives.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    held: Option<Held>,
}

impl Claim {
    /// Claims a folder; `None` where another window has it.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be written to.
    fn of(folder: &Path) -> Result<Option<Self>, Error> {
        let held = Held::claim(&folder.join(FILE))?;
        Ok(held.map(|held| Self {
            folder: folder.to_owned(),
            held: Some(held),
        }))
    }

    /// Makes a folder and claims it; one that cannot be claimed is had without a lock, and whoever writes there will tell.
    pub fn new(folder: &Path) -> Option<Self> {
        for _ in 0..ATTEMPTS {
            let claimed = fs::create_dir_all(folder).and_then(|()| Self::of(folder));
            match claimed {
                Ok(claim) => return claim,
                // Whoever had it may have removed it between the two.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(_) => break,
            }
        }
        Some(Self {
            folder: folder.to_owned(),
            held: None,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.held.take());
        if number(&self.folder).is_some() {
            // Only one that is empty goes.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// The number of a folder other than the first.
fn number(folder: &Path) -> Option<usize> {
    let name = folder.file_name()?.to_str()?;
    let number = name.strip_prefix(FURTHER)?.parse().ok()?;
    // Nothing but the name that such a folder is given.
    (number > 1 && name == format!("{FURTHER}{number}")).then_some(number)
}

/// A session that is kept.
#[derive(Debug)]
pub struct Found {
    /// Its folder.
    pub folder: PathBuf,
    /// The session in it; `None` where that cannot be read.
    pub stored: Option<Stored>,
    /// When it was written.
    pub at: SystemTime,
}

/// All sessions in `root`, the newest first, and those that cannot be read last.
pub fn found(root: &Path) -> Vec<Found> {
    let further = fs::read_dir(root).into_iter().flatten().flatten();
    let further = further
        .map(|entry| entry.path())
        .filter(|path| number(path).is_some());
    let now = SystemTime::now();
    let session = |folder: PathBuf| {
        let file = fs::metadata(folder.join(FILE)).ok();
        let file = file.filter(fs::Metadata::is_file)?;
        let stored = Stored::load(&folder);
        let said = stored.as_ref().and_then(|stored| stored.written);
        let at = said.or(file.modified().ok());
        Some(Found {
            folder,
            stored,
            // A clock that was wrong must not make one the newest for ever.
            at: at.unwrap_or(SystemTime::UNIX_EPOCH).min(now),
        })
    };
    let mut found: Vec<Found> = [root.to_owned()]
        .into_iter()
        .chain(further)
        .filter_map(session)
        .collect();
    found.sort_by_key(|found| (found.stored.is_none(), Reverse(found.at)));
    found
}

/// The session that a window begins with, if any.
#[derive(Debug)]
enum Choice {
    /// With a session that is its own from now on.
    Own(usize, Claim),
    /// With a copy of a session: another window has it, or it would lose something.
    Copy(usize),
    /// With none.
    Nothing,
}

/// The session that a window begins with. `start` goes on with the session of the model that it asks for, else with the newest;
/// where it asks for nothing in particular, with the newest that no window has open.
fn choose(found: &[Found], start: &Start) -> Choice {
    let wanted = start.model.as_deref().map(disk::in_folder);
    let wanted = wanted.and_then(|path| std::path::absolute(path).ok());
    let wanted = wanted.map(OpenModel::File);
    let asks = start.model.is_some() || start.text.is_some();
    let is_of = |found: &Found| {
        let model = found.stored.as_ref().and_then(|s| s.session.model.as_ref());
        wanted.is_some() && model == wanted.as_ref()
    };
    let all = || found.iter().enumerate();
    let same = all().filter(|(_, found)| is_of(found));
    let others = all().take(if asks { 1 } else { found.len() });
    for (i, one) in same.chain(others) {
        let Ok(Some(claim)) = Claim::of(&one.folder) else {
            continue;
        };
        return match loses(one, start, wanted.as_ref()) {
            true => Choice::Copy(i),
            false => Choice::Own(i, claim),
        };
    }
    match found.is_empty() {
        true => Choice::Nothing,
        false => Choice::Copy(0),
    }
}

/// True if a session has what is in no other place, and would be lost to what `start` asks for.
fn loses(found: &Found, start: &Start, wanted: Option<&OpenModel>) -> bool {
    let Some(stored) = &found.stored else {
        return false;
    };
    let edits = wanted.is_some()
        && !stored.session.edits.is_empty()
        && stored.session.model.as_ref() != wanted;
    let text = start.text.is_some()
        && match &stored.text {
            Some(KeptText::Here { text, .. }) => !is_sample(text),
            Some(KeptText::Beside { .. }) => true,
            Some(KeptText::File { .. }) | None => false,
        };
    edits || text
}

/// The place of the window of `start`, before it is there. A page's is the browser's.
#[cfg_attr(not(feature = "desktop"), allow(dead_code))]
pub fn place(root: &Path, start: &Start) -> Place {
    let found = found(root);
    let window = |i: usize| found[i].stored.as_ref().map(|stored| stored.session.window);
    match choose(&found, start) {
        Choice::Own(i, _) => window(i).unwrap_or_default(),
        // Not in front of the other.
        Choice::Copy(i) => Place {
            position: None,
            fullscreen: false,
            ..window(i).unwrap_or_default()
        },
        Choice::Nothing => Place::default(),
    }
}

/// The state that a window begins with.
#[derive(Debug)]
pub struct Begun {
    /// The session.
    pub stored: Stored,
    /// Its text, where that is kept in a file beside it.
    pub beside: Option<String>,
    /// The folder in which the window keeps its own session from now on.
    pub claim: Claim,
    /// Windows that ended without a word, whose sessions no window has open.
    pub left: usize,
}

/// Begins a window that keeps its session in `root`: with a session that is there already, or a copy of one. Of those that no
/// window has open the oldest go, where they are too many.
pub fn begin(root: &Path, start: &Start) -> Begun {
    // A folder that cannot be made is told by whoever writes there.
    let _ = fs::create_dir_all(root);
    let found = found(root);
    let (source, claim) = match choose(&found, start) {
        Choice::Own(i, claim) => (Some(found[i].folder.clone()), claim),
        Choice::Copy(i) => (Some(found[i].folder.clone()), unused(root)),
        Choice::Nothing => (None, unused(root)),
    };
    // As it is now: its window may have ended since.
    let (stored, beside) = source.map_or_else(Default::default, |folder| read(&folder));
    let left = tidy(&found, claim.folder());
    Begun {
        stored,
        beside,
        claim,
        left,
    }
}

/// Takes a session from its folder; `None` where another window has it.
///
/// # Errors
/// When it is gone, cannot be read, or its folder cannot be written to.
pub fn take(folder: &Path) -> Result<Option<Begun>, Error> {
    let Some(claim) = Claim::of(folder)? else {
        return Ok(None);
    };
    if Stored::load(folder).is_none() {
        let words = "no session can be read there";
        return Err(Error::new(ErrorKind::InvalidData, words));
    }
    let (stored, beside) = read(folder);
    Ok(Some(Begun {
        stored,
        beside,
        claim,
        left: 0,
    }))
}

/// True if no window has the session in a folder.
pub fn is_idle(folder: &Path) -> bool {
    matches!(Claim::of(folder), Ok(Some(_)))
}

/// The session in a folder with the text that is beside it.
fn read(folder: &Path) -> (Stored, Option<String>) {
    let mut stored = Stored::default();
    for _ in 0..ATTEMPTS {
        stored = Stored::load(folder).unwrap_or_default();
        let Some(KeptText::Beside { file, .. }) = &stored.text else {
            break;
        };
        // Nothing from elsewhere.
        let file = Path::new(file).file_name().map(|name| folder.join(name));
        let text = file.and_then(|file| fs::read_to_string(file).ok());
        // It is another one by now, where a window has it open.
        if text.is_some() {
            return (stored, text);
        }
    }
    (stored, None)
}

/// A folder without a session, for a new one.
fn unused(root: &Path) -> Claim {
    let free = |folder: &Path| !fs::exists(&folder.join(FILE));
    let folder = |number: usize| match number {
        1 => root.to_owned(),
        further => root.join(format!("{FURTHER}{further}")),
    };
    let mut folders = (1..=MOST).map(folder).filter(|folder| free(folder));
    let claimed = folders.find_map(|folder| {
        let claim = Claim::new(&folder)?;
        // Another window may have begun and ended there between the two.
        free(&folder).then_some(claim)
    });
    claimed.unwrap_or_else(|| Claim {
        folder: folder(MOST + 1),
        held: None,
    })
}

/// Removes the oldest sessions that no window has open, where they are too many. Returns how many of the others belong to
/// windows that ended without a word; each is counted once.
fn tidy(found: &[Found], own: &Path) -> usize {
    let (mut idle, mut left) = (0, 0);
    for other in found.iter().filter(|found| found.folder != own) {
        let Ok(Some(claim)) = Claim::of(&other.folder) else {
            continue;
        };
        idle += 1;
        if idle > KEPT {
            // One that stays costs room, and nothing else.
            let _ = remove(claim.folder());
        } else if Stored::load(&other.folder).is_some_and(|stored| stored.open) {
            left += 1;
            let _ = mark(&other.folder, false, Some(other.at));
        }
    }
    left
}

/// Removes a session that is claimed.
fn remove(folder: &Path) -> Result<(), Error> {
    // First: a session without its text would be worse than none.
    fs::remove_file(folder.join(FILE))?;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let text = name.to_str();
        if text.is_some_and(|name| name.starts_with(BESIDE) && name.ends_with(".txt")) {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
