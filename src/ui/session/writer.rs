//! Writes the session, on a thread of its own.

use super::folders::Claim;
use super::{BESIDE, FILE, KeptText, Session, keep_text, mark};
use crate::platform::fs;
use crate::platform::thread::{self, JoinHandle};
use crate::platform::time::SystemTime;
use crate::platform::{HAS_THREADS, Turn};
use crate::ui::document::history::{Origin, Text};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Seconds from a change until it is handed to the thread, at most.
const DELAY: f64 = 0.8;

/// The task of the thread.
#[derive(Debug, Default)]
struct Slot {
    next: Option<(Session, Text)>,
    quit: bool,
    /// The last session could not be written.
    failed: bool,
    complaint: Option<String>,
}

type Shared = Arc<(Mutex<Slot>, Condvar)>;

fn lock(shared: &Shared) -> MutexGuard<'_, Slot> {
    // Every change to it is complete before the lock is given back.
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a session in the folder that its window has.
#[derive(Debug)]
pub struct SessionWriter {
    shared: Shared,
    thread: Option<JoinHandle<()>>,
    last: Option<(Session, Arc<str>)>,
    /// When to look for changes next, in egui's time; `None` while nothing is drawn.
    due: Option<f64>,
}

impl SessionWriter {
    /// Keeps sessions in the folder of `claim`, from now on.
    pub fn new(claim: Claim) -> Self {
        let shared = Shared::default();
        let of_thread = Arc::clone(&shared);
        if !HAS_THREADS {
            let mut work = Work::default();
            thread::each_turn(move || work.turn(&of_thread, claim.folder()));
            return Self {
                shared,
                thread: None,
                last: None,
                due: None,
            };
        }
        let thread = thread::Builder::new()
            .name("session".into())
            .spawn(move || {
                work(&of_thread, claim.folder());
                // Whoever has it next finds all that was written.
                drop(claim);
            });
        if let Err(error) = &thread {
            lock(&shared).complaint = Some(error.to_string());
        }
        Self {
            shared,
            thread: thread.ok(),
            last: None,
            due: None,
        }
    }

    /// True to look for changes now; else, asks for a frame in which to.
    pub fn is_due(&mut self, ctx: &eframe::egui::Context) -> bool {
        let now = ctx.input(|i| i.time);
        let due = *self.due.get_or_insert(now + DELAY);
        if now < due {
            ctx.request_repaint_after(Duration::from_secs_f64((due - now).clamp(0.0, DELAY)));
            return false;
        }
        self.due = None;
        true
    }

    /// Has the session written, if it changed.
    pub fn keep(&mut self, session: Session, text: &Text) {
        let same =
            |(last, of): &(Session, Arc<str>)| *last == session && Arc::ptr_eq(of, &text.text);
        // What could not be written is tried again.
        let failed = std::mem::take(&mut lock(&self.shared).failed);
        if self.last.as_ref().is_some_and(same) && !failed {
            return;
        }
        self.last = Some((session.clone(), Arc::clone(&text.text)));
        lock(&self.shared).next = Some((session, text.clone()));
        self.shared.1.notify_one();
    }

    /// Ends the session, without waiting: what was handed over last is written, and the folder free for another window.
    pub fn end(&self) {
        lock(&self.shared).quit = true;
        self.shared.1.notify_one();
    }

    /// True if all of an ended session is written.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Why the session could not be written, once.
    pub fn complaint(&self) -> Option<String> {
        lock(&self.shared).complaint.take()
    }
}

impl Drop for SessionWriter {
    /// The session handed over last is written before the program ends.
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told on its own; the window closes all the same.
            let _ = thread.join();
        }
    }
}

fn work(shared: &Shared, folder: &Path) {
    let mut work = Work::default();
    loop {
        {
            let mut slot = lock(shared);
            while slot.next.is_none() && !slot.quit {
                slot = shared.1.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
        }
        if work.turn(shared, folder) == Turn::Over {
            return;
        }
    }
}

/// The state of what writes.
#[derive(Default)]
struct Work {
    failed: bool,
    last: Option<(Arc<str>, KeptText)>,
}

impl Work {
    /// Writes what is to be written now.
    fn turn(&mut self, shared: &Shared, folder: &Path) -> Turn {
        let (job, quit) = {
            let mut slot = lock(shared);
            (slot.next.take(), slot.quit)
        };
        let Some((session, text)) = job else {
            if !quit {
                return Turn::Rest;
            }
            // Closed in order, and later than others. What cannot be said leaves the session as it is.
            let _ = mark(folder, false, Some(SystemTime::now()));
            return Turn::Over;
        };
        match write(folder, (&session, !quit), &text, &mut self.last) {
            Ok(()) => self.failed = false,
            // A full disk is told once, not every second.
            Err(error) => {
                let mut slot = lock(shared);
                slot.failed = true;
                if !self.failed {
                    slot.complaint = Some(format!("{}: {error}", folder.display()));
                }
                self.failed = true;
            }
        }
        match quit {
            true => Turn::Over,
            false => Turn::Rest,
        }
    }
}

/// Writes a session, and whether its window is open.
fn write(
    folder: &Path,
    (session, open): (&Session, bool),
    text: &Text,
    last: &mut Option<(Arc<str>, KeptText)>,
) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let kept = match last {
        Some((of, kept)) if Arc::ptr_eq(of, &text.text) && still(folder, kept) => kept.clone(),
        _ => keep_text(folder, text)?,
    };
    crate::files::write(&folder.join(FILE), &session.stored(&kept, open)?)?;
    *last = Some((Arc::clone(&text.text), kept.clone()));
    // Texts of sessions before this one.
    for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let used = matches!(&kept, KeptText::Beside { file, .. } if *file == name);
        if name.starts_with(BESIDE) && name.ends_with(".txt") && !used {
            // One that stays costs room, and nothing else.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// True if a text is still where it was kept.
fn still(folder: &Path, kept: &KeptText) -> bool {
    match kept {
        KeptText::Here { .. } => true,
        KeptText::Beside { file, .. } => fs::exists(&folder.join(file)),
        KeptText::File {
            path,
            bytes,
            modified,
        } => Origin::of(path).is_some_and(|now| now.bytes == *bytes && now.modified == *modified),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::session::Stored;

    #[test]
    fn the_last_session_is_written_before_it_ends_and_old_texts_go() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("deep/er");
        let text = |c: &str| Text {
            text: c.repeat(10_000).into(),
            ..Text::default()
        };
        let mut keeper = SessionWriter::new(Claim::new(&inside).unwrap());
        for i in 0..20 {
            let session = Session {
                zoom: Some(1.0 + i as f32),
                ..Session::default()
            };
            keeper.keep(session, &text(if i < 19 { "a" } else { "b" }));
        }
        drop(keeper);
        let stored = Stored::load(&inside).unwrap();
        assert_eq!(stored.session.zoom, Some(20.0));
        assert!(!stored.open);
        let Some(KeptText::Beside { file, .. }) = stored.text else {
            panic!("no text");
        };
        assert!(
            std::fs::read_to_string(inside.join(file))
                .unwrap()
                .starts_with("bb")
        );
        assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 2);
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let shared = Shared::default();
        for i in 0..2 {
            let session = Session {
                zoom: Some(i as f32),
                ..Session::default()
            };
            let failed = write(
                &file.join("x"),
                (&session, true),
                &Text::default(),
                &mut None,
            );
            assert!(failed.is_err());
        }
        lock(&shared).next = Some(Default::default());
        lock(&shared).quit = true;
        work(&shared, &file.join("x"));
        assert!(lock(&shared).complaint.take().is_some());
    }
}
