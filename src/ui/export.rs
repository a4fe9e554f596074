//! Writing charts from the window, on another thread.

use super::dialogs::Purpose;
use super::language::trf;
use super::views::attention::AttentionView;
use crate::analysis::Pool;
use crate::chart::{ChartError, Heatmap};
use crate::engine::figures::{self, HeatmapStyle};
use crate::engine::{Combine, Detail, Heads, Model, Snapshot};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Most cells a side of an exported heatmap: of a longer text several weights share one.
const HEATMAP_CELLS: usize = 1024;

/// The file that was written, or why it was not; nothing when it was cancelled.
type Written = Option<Result<PathBuf, String>>;

/// With the number of the file.
type Numbered = (u64, Written);

/// A file being written.
#[derive(Debug)]
struct Running {
    number: u64,
    path: PathBuf,
    cancelled: Arc<AtomicBool>,
}

/// Files being written.
#[derive(Debug)]
pub struct Exports {
    results: (Sender<Numbered>, Receiver<Numbered>),
    running: Vec<Running>,
    count: u64,
}

impl Default for Exports {
    fn default() -> Self {
        Self {
            results: channel(),
            running: Vec::new(),
            count: 0,
        }
    }
}

impl Exports {
    /// Begins to write a file; the result is there later.
    pub fn start(
        &mut self,
        path: PathBuf,
        ctx: &eframe::egui::Context,
        write: impl FnOnce(&Path) -> Result<(), ChartError> + Send + 'static,
    ) {
        self.count += 1;
        let number = self.count;
        let cancelled = Arc::new(AtomicBool::new(false));
        self.running.push(Running {
            number,
            path: path.clone(),
            cancelled: Arc::clone(&cancelled),
        });
        let (sender, ctx) = (self.results.0.clone(), ctx.clone());
        let failed = self.results.0.clone();
        let thread = std::thread::Builder::new()
            .name("export".into())
            .spawn(move || {
                let written = write_unless(&path, number, &cancelled, write);
                // The window may be gone by now; the file is written all the same.
                let _ = sender.send((number, written));
                ctx.request_repaint();
            });
        if let Err(error) = thread {
            let message = trf("No thread to write the file: {0}", &[&error]);
            let _ = failed.send((number, Some(Err(message))));
        }
    }

    /// The files being written, by their numbers, with their names.
    pub fn running(&self) -> Vec<(u64, String)> {
        let wanted = |running: &&Running| !running.cancelled.load(Ordering::Relaxed);
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
            running.cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// What was written, or why not, since the last call.
    pub fn finished(&mut self) -> Vec<Result<PathBuf, String>> {
        let results: Vec<(u64, Written)> = self.results.1.try_iter().collect();
        self.running
            .retain(|running| results.iter().all(|(number, _)| *number != running.number));
        results
            .into_iter()
            .filter_map(|(_, written)| written)
            .collect()
    }
}

/// Writes beside `path` and moves the file there unless it was cancelled meanwhile.
fn write_unless(
    path: &Path,
    number: u64,
    cancelled: &AtomicBool,
    write: impl FnOnce(&Path) -> Result<(), ChartError>,
) -> Written {
    // The ending chooses the format.
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let process = std::process::id();
    let beside = path.with_file_name(format!(".spanscope-{process}-{number}.{ending}"));
    // Whoever reads the message knows nothing of the file beside.
    let plain = |message: String| {
        let hidden = beside.display().to_string();
        message.replace(&hidden, &path.display().to_string())
    };
    if let Err(error) = write(&beside) {
        return Some(Err(plain(error.to_string())));
    }
    if cancelled.load(Ordering::Relaxed) {
        // What cannot be removed is told: it would stay for ever.
        let removed = std::fs::remove_file(&beside);
        return removed
            .err()
            .map(|error| Err(format!("{}: {error}", beside.display())));
    }
    let moved = std::fs::rename(&beside, path);
    Some(moved.map(|()| path.to_owned()).map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        format!("{}: {error}", path.display())
    }))
}

/// The name proposed for a file.
pub fn proposed(purpose: Purpose, model: &Model, heads: &Heads) -> String {
    let stem = model.name();
    match (purpose, heads.single()) {
        (Purpose::Heatmap, Some((layer, head))) => {
            format!("{stem}_attention_{}_{}.svg", layer + 1, head + 1)
        }
        (Purpose::Heatmap, None) => {
            let how = match heads.combine() {
                Combine::Mean => "mean",
                Combine::Max => "largest",
            };
            format!("{stem}_attention_{how}_of_{}.svg", heads.all().len())
        }
        _ => format!("{stem}_spans.svg"),
    }
}

/// The selected heads' weights as a figure of what is in view, with its colours.
pub fn heatmap(snapshot: &Snapshot, detail: &Detail, view: &AttentionView) -> Option<Heatmap> {
    let model = snapshot.model.as_ref()?;
    let (queries, columns) = view.seen(snapshot);
    let queries = queries.start..queries.end.min(snapshot.done);
    let style = HeatmapStyle {
        layout: view.layout,
        map: view.map,
        scale: view.scale,
        columns,
        most: HEATMAP_CELLS,
        pool: view.pool,
        high: None,
    };
    let ids = &snapshot.tokens.ids;
    let mut figure = figures::heatmap(model, ids, &detail.weights, &detail.heads, queries, style);
    // As in the window: the largest weight of all, or of what is in view.
    let in_view = figure.values.iter().fold(0.0_f32, |m, value| m.max(*value));
    figure.high = Some(match (view.in_view, view.pool) {
        (false, Pool::Max) => detail.largest,
        _ => in_view,
    });
    (figure.rows > 0 && figure.cols > 0).then_some(figure)
}

/// Most of a text file that is read, in bytes: more than any model is run over in the window.
const TEXT: usize = 16 << 20;

/// A text and whether it is all of its file, or why there is none.
pub type TextRead = Result<(Arc<str>, bool), String>;

/// Reads a text file on another thread.
pub fn read_text(path: PathBuf, ctx: &eframe::egui::Context) -> Receiver<(PathBuf, TextRead)> {
    let (sender, receiver) = channel();
    let ctx = ctx.clone();
    let failed = (sender.clone(), path.clone());
    let thread = std::thread::Builder::new()
        .name("text file".into())
        .spawn(move || {
            let read = crate::text::read_start(&path, TEXT);
            let text = read
                .map(|(text, all)| (text.into(), all))
                .map_err(|error| error.to_string());
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

    #[test]
    fn a_cancelled_file_is_as_it_was_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.csv");
        std::fs::write(&path, "before").unwrap();
        let cancelled = AtomicBool::new(false);
        let write = |path: &Path| crate::chart::write_file(path, b"after");
        let during = |path: &Path| {
            cancelled.store(true, Ordering::Relaxed);
            write(path)
        };
        assert_eq!(write_unless(&path, 1, &cancelled, during), None);
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        let written = write_unless(&path, 2, &AtomicBool::new(false), write);
        assert_eq!(written, Some(Ok(path.clone())));
        assert_eq!(std::fs::read(&path).unwrap(), b"after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("no/chart.csv");
        let failed = write_unless(&nowhere, 3, &AtomicBool::new(false), write);
        let message = failed.unwrap().unwrap_err();
        assert!(
            message.contains("no/chart.csv") && !message.contains(".spanscope"),
            "{message}"
        );
    }
}
