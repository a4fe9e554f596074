//! Writing figures from the window, and making what is copied, on other threads.

use super::reveal::{Reveal, reveal};
use crate::files::Part;
use crate::model::Cancel;
use crate::platform::thread::{self, JoinHandle};
use crate::text::{Accept, TextError};
use crate::ui::language::{self, trf};
use eframe::egui::ColorImage;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// The content put on the clipboard.
#[derive(Debug)]
pub enum Copied {
    /// A picture.
    Picture(ColorImage),
    /// A text.
    Text(String),
}

/// The file that was written and what is to be said of it, or why it was not; nothing when it was cancelled.
type Written = Option<Result<(PathBuf, Option<String>), String>>;

/// With the number of the file.
type Numbered = (u64, Written);

/// A file being written.
#[derive(Debug)]
struct Running {
    number: u64,
    path: PathBuf,
    cancel: Cancel,
    thread: Option<JoinHandle<()>>,
}

/// The content made for the clipboard, or why there is none.
type Clipping = Result<Copied, String>;

/// Files being written, and what is being made for the clipboard.
#[derive(Debug)]
pub struct Exports {
    results: (Sender<Numbered>, Receiver<Numbered>),
    clippings: (Sender<Clipping>, Receiver<Clipping>),
    running: Vec<Running>,
    count: u64,
}

impl Default for Exports {
    fn default() -> Self {
        Self {
            results: channel(),
            clippings: channel(),
            running: Vec::new(),
            count: 0,
        }
    }
}

impl Exports {
    /// Begins to write a file; the result is there later. `write` says whether it was written: it is not, where it was given up.
    pub fn start(
        &mut self,
        path: PathBuf,
        ctx: &eframe::egui::Context,
        write: impl FnOnce(&Path, &Cancel) -> Result<Made, String> + Send + 'static,
    ) {
        self.count += 1;
        let number = self.count;
        let cancel = Cancel::default();
        let mut running = Running {
            number,
            path: path.clone(),
            cancel: cancel.clone(),
            thread: None,
        };
        let (sender, ctx) = (self.results.0.clone(), ctx.clone());
        let failed = self.results.0.clone();
        let thread = thread::Builder::new().name("export".into()).spawn(move || {
            let written = outcome(&path, write(&path, &cancel), &cancel);
            // The window may be gone by now; the file is written all the same.
            let _ = sender.send((number, written));
            ctx.request_repaint();
        });
        match thread {
            Ok(thread) => running.thread = Some(thread),
            Err(error) => {
                let message = trf("No thread to write the file: {0}", &[&error]);
                let _ = failed.send((number, Some(Err(message))));
            }
        }
        self.running.push(running);
    }

    /// Begins to make something for the clipboard; it is there later.
    pub fn copy(
        &mut self,
        ctx: &eframe::egui::Context,
        make: impl FnOnce() -> Result<Copied, String> + Send + 'static,
    ) {
        let (sender, ctx) = (self.clippings.0.clone(), ctx.clone());
        let failed = self.clippings.0.clone();
        let thread = thread::Builder::new().name("copy".into()).spawn(move || {
            // The window may be gone by now.
            let _ = sender.send(make());
            ctx.request_repaint();
        });
        if let Err(error) = thread {
            let message = trf("No thread to make the picture: {0}", &[&error]);
            let _ = failed.send(Err(message));
        }
    }

    /// Hands a file to the desktop; what goes wrong is among the results.
    pub fn reveal(&self, ctx: &eframe::egui::Context, path: PathBuf, how: Reveal) {
        let (sender, ctx) = (self.results.0.clone(), ctx.clone());
        let language = language::spoken();
        let thread = thread::Builder::new()
            .name("desktop".into())
            .spawn(move || {
                language::speak(language);
                if let Err(message) = reveal(&path, how) {
                    // No file has the number 0. The window may be gone by now.
                    let _ = sender.send((0, Some(Err(message))));
                    ctx.request_repaint();
                }
            });
        if let Err(error) = thread {
            let _ = self.results.0.send((0, Some(Err(error.to_string()))));
        }
    }

    /// The contents made for the clipboard since the last call.
    pub fn copied(&mut self) -> Vec<Result<Copied, String>> {
        self.clippings.1.try_iter().collect()
    }

    /// The files being written, by their numbers, with their names.
    pub fn running(&self) -> Vec<(u64, String)> {
        let wanted = |running: &&Running| !running.cancel.is_cancelled();
        let name = |path: &Path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let running = self.running.iter().filter(wanted);
        running
            .map(|running| (running.number, name(&running.path)))
            .collect()
    }

    /// Writes a file no more: what was there before stays.
    pub fn cancel(&self, number: u64) {
        let running = self.running.iter().find(|running| running.number == number);
        if let Some(running) = running {
            running.cancel.cancel();
        }
    }

    /// The files written since the last call, or why they were not.
    pub fn finished(&mut self) -> Vec<Result<(PathBuf, Option<String>), String>> {
        let results: Vec<(u64, Written)> = self.results.1.try_iter().collect();
        self.running
            .retain(|running| results.iter().all(|(number, _)| *number != running.number));
        results
            .into_iter()
            .filter_map(|(_, written)| written)
            .collect()
    }
}

impl Drop for Exports {
    /// Files being written are written to the end before the program ends.
    fn drop(&mut self) {
        for running in &mut self.running {
            if let Some(thread) = running.thread.take() {
                // A panic of the thread has been told on its own.
                let _ = thread.join();
            }
        }
    }
}

/// Bytes written at a time: so often a wish to stop is heard.
const PIECE: usize = 1 << 20;

/// Writes `bytes` to `path`, unless that is cancelled before all of it is there: then `path` is as it was. Returns whether it
/// was written.
///
/// # Errors
/// When the folder cannot be written to, or there is no room.
pub fn write_unless(path: &Path, bytes: &[u8], cancel: &Cancel) -> Result<bool, String> {
    let write = || {
        let mut part = Part::beside(path)?;
        for (i, piece) in bytes.chunks(PIECE).enumerate() {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            part.write_at((i * PIECE) as u64, piece)?;
        }
        match cancel.is_cancelled() {
            // Given up: nothing of it stays.
            true => Ok(false),
            false => part.finish().map(|()| true),
        }
    };
    write().map_err(|error: std::io::Error| format!("{}: {error}", path.display()))
}

/// The outcome of writing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is there; with what is to be said of it.
    Written(Option<String>),
    /// It was cancelled.
    GivenUp,
}

/// The result reported for a file.
fn outcome(path: &Path, made: Result<Made, String>, cancel: &Cancel) -> Written {
    match made {
        Ok(Made::Written(notice)) => Some(Ok((path.to_owned(), notice))),
        Ok(Made::GivenUp) => None,
        // Whoever gave it up need not hear what went wrong with it.
        Err(_) if cancel.is_cancelled() => None,
        Err(error) => Some(Err(error)),
    }
}

/// A PNG as the window has pictures.
pub fn color_image(png: &[u8]) -> Result<ColorImage, String> {
    let picture = image::load_from_memory(png).map_err(|error| error.to_string())?;
    let picture = picture.to_rgba8();
    let size = [picture.width() as usize, picture.height() as usize];
    Ok(ColorImage::from_rgba_unmultiplied(size, picture.as_raw()))
}

/// Most of a text file that is read, in bytes: more than any model is run over in the window.
const TEXT: usize = 16 << 20;

/// A text and whether it is all of its file, or why there is none.
pub type TextRead = Result<(Arc<str>, bool), String>;

/// Reads a text file on another thread.
pub fn read_text(
    path: PathBuf,
    accept: Accept,
    ctx: &eframe::egui::Context,
) -> Receiver<(PathBuf, TextRead)> {
    let file = path.clone();
    let read = move || {
        let read = crate::text::read_start_accepted(&file, TEXT, accept);
        read.map(|(text, all)| (text.into(), all))
    };
    read_by(path, read, ctx)
}

/// Reads a document of a list on another thread: the one at a line, counted from 1.
pub fn read_document(
    path: PathBuf,
    line: u64,
    ctx: &eframe::egui::Context,
) -> Receiver<(PathBuf, TextRead)> {
    let name = PathBuf::from(format!("{}:{line}", path.display()));
    let read = move || {
        let mut bytes = crate::text::document_at(&path, line)?;
        let all = bytes.len() <= TEXT;
        if !all {
            bytes.truncate(TEXT);
            let cut = bytes.utf8_chunks().last();
            let cut = cut.map_or(0, |last| last.invalid().len());
            bytes.truncate(bytes.len() - cut);
        }
        Ok((crate::text::to_text(bytes).into(), all))
    };
    read_by(name, read, ctx)
}

/// Reads on another thread, and tells whoever waits.
fn read_by(
    path: PathBuf,
    read: impl FnOnce() -> Result<(Arc<str>, bool), TextError> + Send + 'static,
    ctx: &eframe::egui::Context,
) -> Receiver<(PathBuf, TextRead)> {
    let (sender, receiver) = channel();
    let ctx = ctx.clone();
    let failed = (sender.clone(), path.clone());
    let thread = thread::Builder::new()
        .name("text file".into())
        .spawn(move || {
            let text = read().map_err(|error| error.to_string());
            // The window may be gone by now.
            let _ = sender.send((path, text));
            ctx.request_repaint();
        });
    if let Err(error) = thread {
        let (sender, path) = failed;
        let _ = sender.send((path, Err(format!("no thread to read the file: {error}"))));
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path, bytes: &[u8], cancel: &Cancel) -> Written {
        let made = write_unless(path, bytes, cancel).map(|done| match done {
            true => Made::Written(None),
            false => Made::GivenUp,
        });
        outcome(path, made, cancel)
    }

    #[test]
    fn a_cancelled_file_is_as_it_was_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.csv");
        std::fs::write(&path, "before").unwrap();
        let stopped = Cancel::default();
        stopped.cancel();
        assert_eq!(written(&path, b"after", &stopped), None);
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        let never = Cancel::default();
        assert_eq!(
            written(&path, b"after", &never),
            Some(Ok((path.clone(), None)))
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"after");
        let large: Vec<u8> = (0..3 * PIECE + 5).map(|i| (i / 7) as u8).collect();
        assert_eq!(
            written(&path, &large, &never),
            Some(Ok((path.clone(), None)))
        );
        assert!(std::fs::read(&path).unwrap() == large);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("no/chart.csv");
        let message = written(&nowhere, b"after", &never).unwrap().unwrap_err();
        assert!(
            message.contains("no/chart.csv") && !message.contains(".spanscope"),
            "{message}"
        );
        // One that cannot be written, and that nobody wants any more.
        assert_eq!(written(&nowhere, b"after", &stopped), None);
    }

    #[test]
    fn a_file_that_is_cancelled_on_its_way_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.csv");
        std::fs::write(&path, "before").unwrap();
        let large = vec![7; 64 * PIECE];
        let cancel = Cancel::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // As soon as something lies beside it.
                while std::fs::read_dir(folder.path()).unwrap().count() < 2 {
                    std::hint::spin_loop();
                }
                cancel.cancel();
            });
            assert_eq!(written(&path, &large, &cancel), None);
        });
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
