//! From a model and a run to figures: the one place where the window and the command line get theirs.

use super::open::Model;
use crate::analysis::{BandLayout, LookedWeights};
use crate::chart::{ColorMap, HeadSpan, Heatmap, Scale, SideColumn, SpanChart};
use std::ops::Range;

/// Where a figure's numbers come from, for its metadata.
pub fn provenance(model: &Model) -> String {
    format!(
        "spanscope {}; model {}; ramp {}",
        env!("CARGO_PKG_VERSION"),
        model.file_name(),
        model.network.config().adapt_span_ramp
    )
}

/// The span chart of a model, titled with its file's name.
pub fn span_chart(model: &Model) -> SpanChart {
    let heads = model.network.spans().into_iter().map(|span| HeadSpan {
        layer: span.layer,
        head: span.head,
        span: f64::from(span.span),
        reach: span.reach,
    });
    SpanChart {
        heads: heads.collect(),
        title: model.name(),
        limit: model.network.config().attn_span,
        provenance: provenance(model),
        ..SpanChart::default()
    }
}

/// How a heatmap of weights is drawn.
#[derive(Debug, Clone, Copy)]
pub struct HeatmapStyle {
    /// What the columns are.
    pub layout: BandLayout,
    /// The colours.
    pub map: ColorMap,
    /// How weights are spread over the colours.
    pub scale: Scale,
    /// Most columns by distance, or persistent vectors; keys are as many as there are queries.
    pub most_distances: usize,
}

impl Default for HeatmapStyle {
    fn default() -> Self {
        Self {
            layout: BandLayout::Key,
            map: ColorMap::Viridis,
            scale: Scale::Sqrt,
            most_distances: usize::MAX,
        }
    }
}

/// One head's weights as a figure, with columns for what is not on the text; `queries` are positions in the text
/// among those of `weights`.
pub fn heatmap(
    model: &Model,
    ids: &[u32],
    weights: &LookedWeights,
    (layer, head): (usize, usize),
    queries: Range<usize>,
    style: HeatmapStyle,
) -> Heatmap {
    let end = queries.end.min(weights.end).min(ids.len());
    let first = queries.start.max(weights.first).min(end);
    let rows = end.saturating_sub(first);
    let by_key = style.layout == BandLayout::Key;
    let (cols, col_start, col_axis) = match style.layout {
        BandLayout::Key => (rows, first, "key"),
        BandLayout::Distance => (
            weights.reach.min(style.most_distances),
            1,
            "distance (tokens)",
        ),
        BandLayout::Vector => (
            weights.vectors.min(style.most_distances),
            0,
            "persistent vector",
        ),
    };
    let mut values = vec![f32::NAN; rows * cols];
    for row in 0..rows {
        let query = first + row;
        let weights = match style.layout {
            BandLayout::Vector => weights.persistent_row(query),
            // Distances beyond `query` are before the text's start.
            BandLayout::Key | BandLayout::Distance => {
                let weights = weights.row(query);
                &weights[..weights.len().min(query)]
            }
        };
        for (c, weight) in weights.iter().enumerate() {
            let column = if by_key {
                row.checked_sub(c + 1)
            } else {
                Some(c)
            };
            if let Some(column) = column.filter(|column| *column < cols) {
                values[row * cols + column] = *weight;
            }
        }
    }
    let labels: Vec<String> = ids[first..first + rows]
        .iter()
        .map(|&id| model.label(id))
        .collect();
    let mut side = vec![SideColumn {
        label: "empty context".into(),
        values: (first..first + rows)
            .map(|query| weights.empty(query).unwrap_or(f32::NAN))
            .collect(),
    }];
    if weights.vectors > 0 {
        let sum = |row: usize| weights.persistent_row(first + row).iter().sum();
        side.push(SideColumn {
            label: "persistent".into(),
            values: (0..rows).map(sum).collect(),
        });
    }
    Heatmap {
        title: format!("{}, layer {}, head {}", model.name(), layer + 1, head + 1),
        rows,
        cols,
        values,
        row_start: first,
        col_start,
        col_labels: if by_key { labels.clone() } else { Vec::new() },
        row_labels: labels,
        row_axis: "query".into(),
        col_axis: col_axis.into(),
        map: style.map,
        scale: style.scale,
        side,
        edge: by_key.then(|| {
            (0..rows)
                .map(|row| row.saturating_sub(weights.reach))
                .collect()
        }),
        provenance: format!("{}; tokens {first} to {}", provenance(model), first + rows),
        ..Heatmap::default()
    }
}
