//! Writing charts from the window, on another thread.

use super::dialogs::Purpose;
use super::views::attention::AttentionView;
use crate::analysis::Pool;
use crate::chart::{ChartError, Heatmap};
use crate::engine::figures::{self, HeatmapStyle};
use crate::engine::{Combine, Detail, Heads, Model, Snapshot};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Most cells a side of an exported heatmap: of a longer text several weights share one.
const HEATMAP_CELLS: usize = 1024;

/// The file that was written, or why it was not.
type Written = Result<PathBuf, String>;

/// Files being written.
#[derive(Debug)]
pub struct Exports {
    results: (Sender<Written>, Receiver<Written>),
}

impl Default for Exports {
    fn default() -> Self {
        Self { results: channel() }
    }
}

impl Exports {
    /// Begins to write a file; the result is there later.
    pub fn start(
        &self,
        path: PathBuf,
        ctx: &eframe::egui::Context,
        write: impl FnOnce(&std::path::Path) -> Result<(), ChartError> + Send + 'static,
    ) {
        let (sender, ctx) = (self.results.0.clone(), ctx.clone());
        let failed = self.results.0.clone();
        let thread = std::thread::Builder::new()
            .name("export".into())
            .spawn(move || {
                let result = write(&path).map_err(|error| error.to_string());
                // The window may be gone by now; the file is written all the same.
                let _ = sender.send(result.map(|()| path));
                ctx.request_repaint();
            });
        if let Err(error) = thread {
            let _ = failed.send(Err(format!("no thread to write the file: {error}")));
        }
    }

    /// What was written, or why not, since the last call.
    pub fn finished(&self) -> Vec<Written> {
        self.results.1.try_iter().collect()
    }
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
    let queries = view.shown.start..view.shown.end.min(snapshot.done);
    let style = HeatmapStyle {
        layout: view.layout,
        map: view.map,
        scale: view.scale,
        columns: view.columns.clone(),
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
