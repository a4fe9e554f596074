//! Writing charts from the window, on another thread.

use super::dialogs::Purpose;
use super::state::head_name;
use super::views::attention::AttentionView;
use crate::analysis::BandLayout;
use crate::chart::{ChartError, HeadSpan, Heatmap, SideColumn, SpanChart};
use crate::engine::{Detail, Model, Snapshot};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Most tokens in an exported heatmap: its labels must stay legible on paper.
pub const HEATMAP_TOKENS: usize = 256;

/// Files being written.
#[derive(Debug)]
pub struct Exports {
    results: (
        Sender<Result<PathBuf, String>>,
        Receiver<Result<PathBuf, String>>,
    ),
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
    pub fn finished(&self) -> Vec<Result<PathBuf, String>> {
        self.results.1.try_iter().collect()
    }
}

fn provenance(model: &Model) -> String {
    let name = model.path.file_name().unwrap_or_default().to_string_lossy();
    let ramp = model.network.config().adapt_span_ramp;
    format!(
        "spanscope {}; model {name}; ramp {ramp}",
        env!("CARGO_PKG_VERSION")
    )
}

fn stem(model: &Model) -> String {
    model
        .path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The name proposed for a file.
pub fn proposed(purpose: Purpose, model: &Model, (layer, head): (usize, usize)) -> String {
    let stem = stem(model);
    match purpose {
        Purpose::Heatmap => format!("{stem}_attention_{}_{}.svg", layer + 1, head + 1),
        _ => format!("{stem}_spans.svg"),
    }
}

/// The span chart of a model.
pub fn span_chart(model: &Model, dark: bool) -> SpanChart {
    let heads = model.network.spans().into_iter().map(|span| HeadSpan {
        layer: span.layer,
        head: span.head,
        span: f64::from(span.span),
        reach: span.reach,
    });
    SpanChart {
        heads: heads.collect(),
        title: stem(model),
        limit: model.network.config().attn_span,
        provenance: provenance(model),
        dark,
        ..SpanChart::default()
    }
}

/// The selected head's weights as a figure: the queries up to `query`, as many as stay legible.
pub fn heatmap(
    snapshot: &Snapshot,
    detail: &Detail,
    query: usize,
    view: &AttentionView,
    dark: bool,
) -> Option<Heatmap> {
    let model = snapshot.model.as_ref()?;
    let end = (query + 1).min(detail.weights.first + detail.weights.queries);
    let first = end.saturating_sub(HEATMAP_TOKENS).max(detail.weights.first);
    let rows = end.checked_sub(first).filter(|rows| *rows > 0)?;
    let reach = detail.weights.reach;
    let cols = match view.layout {
        BandLayout::Key => rows,
        BandLayout::Distance => reach.min(HEATMAP_TOKENS),
    };
    let mut values = vec![f32::NAN; rows * cols];
    for row in 0..rows {
        let query = first + row;
        for (c, weight) in detail.row(query).iter().take(query).enumerate() {
            let column = match view.layout {
                BandLayout::Key => row.checked_sub(c + 1),
                BandLayout::Distance => Some(c),
            };
            if let Some(column) = column.filter(|column| *column < cols) {
                values[row * cols + column] = *weight;
            }
        }
    }
    let labels: Vec<String> = (first..end).map(|token| snapshot.label(token)).collect();
    let per_query = |label: &str, of: &dyn Fn(usize) -> Option<f32>| SideColumn {
        label: label.into(),
        values: (first..end)
            .map(|query| of(query).unwrap_or(f32::NAN))
            .collect(),
    };
    let mut side = vec![per_query("empty context", &|query| detail.empty(query))];
    if detail.weights.vectors > 0 {
        side.push(per_query("persistent", &|query| detail.persistent(query)));
    }
    let by_key = view.layout == BandLayout::Key;
    Some(Heatmap {
        title: format!(
            "{}, {}",
            stem(model),
            head_name((detail.layer, detail.head))
        ),
        rows,
        cols,
        values,
        row_labels: labels.clone(),
        col_labels: if by_key {
            labels
        } else {
            (1..=cols).map(|d| d.to_string()).collect()
        },
        row_axis: "query".into(),
        col_axis: if by_key { "key" } else { "distance" }.into(),
        map: view.map,
        scale: view.scale,
        dark,
        side,
        edge: by_key.then(|| (0..rows).map(|row| row.saturating_sub(reach)).collect()),
        provenance: format!("{}; tokens {first} to {}", provenance(model), end - 1),
        ..Heatmap::default()
    })
}

/// Reads a text file on another thread.
pub fn read_text(
    path: PathBuf,
    ctx: &eframe::egui::Context,
) -> Receiver<(PathBuf, Result<String, String>)> {
    let (sender, receiver) = channel();
    let ctx = Arc::new(ctx.clone());
    let failed = (sender.clone(), path.clone());
    let thread = std::thread::Builder::new()
        .name("text file".into())
        .spawn(move || {
            let text = crate::text::read_text(&path).map_err(|error| error.to_string());
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
