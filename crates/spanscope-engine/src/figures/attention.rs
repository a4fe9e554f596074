//! The weights of some heads.

use super::{Quantity, provenance};
use crate::{Combine, Heads, LoadedModel};
use spanscope_chart::{ColorMap, Heatmap, Scale, SideColumn, TokenName, thousands};
use spanscope_core::analysis::{BandGrid, BandLayout, BandMargins, BandWindow, Pool, TextWeights};
use spanscope_core::model::HeadId;
use std::ops::Range;
use std::sync::Arc;

/// The style of a heatmap of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatmapStyle {
    /// The meaning of the columns.
    pub layout: BandLayout,
    /// The colours.
    pub map: ColorMap,
    /// The mapping of weights to colours.
    pub scale: Scale,
    /// The columns shown: keys by position, distances less one, or persistent vectors.
    pub columns: Range<usize>,
    /// Of persistent vectors, their order; empty for all of them by index.
    pub order: Arc<[u32]>,
    /// Most cells a side; further weights share cells.
    pub most: usize,
    /// The weight that a cell of several weights shows.
    pub pool: Pool,
    /// The weight of the last colour; without it, the largest that is shown.
    pub high: Option<f32>,
}

impl Default for HeatmapStyle {
    fn default() -> Self {
        Self {
            layout: BandLayout::Key,
            map: ColorMap::Viridis,
            scale: Scale::Sqrt,
            columns: 0..usize::MAX,
            order: Arc::default(),
            most: usize::MAX,
            pool: Pool::Max,
            high: None,
        }
    }
}

/// Heads in a title: "layer 3, head 2", or "mean of 3 heads (L1H1, L1H4, L3H2)"; with ", norm-weighted" where their weights are.
pub fn heads_title(heads: &Heads) -> String {
    let weighting = heads.weighting().suffix();
    if let Some(head) = heads.single() {
        return head.in_words() + weighting;
    }
    let how = match heads.combine() {
        Combine::Mean => "mean",
        Combine::Max => "largest",
    };
    let count = heads.all().len();
    format!("{how} of {count} heads ({}){weighting}", heads_list(heads))
}

/// The names of heads: "L1H1, L1H4, L3H2"; of many the first.
pub(super) fn heads_list(heads: &Heads) -> String {
    let all = heads.all();
    let mut names: Vec<String> = all.iter().take(NAMED).map(HeadId::to_string).collect();
    if all.len() > NAMED {
        names.push("…".into());
    }
    names.join(", ")
}

/// The lines drawn into the heatmap: how far heads look.
struct Lines {
    /// Distances with a mask above zero; `None` where nothing ends them.
    reach: Option<usize>,
    /// The farthest of them.
    farthest: usize,
    /// The farthest distance with a mask of one, of a single head with a ramp.
    full: Option<usize>,
}

impl Lines {
    fn new(model: &LoadedModel, heads: &Heads, weights: &TextWeights) -> Self {
        let spans = model.network.spans();
        let mut of = spans.iter();
        let span = heads.single();
        let span = span.and_then(|place| of.find(|s| s.id() == place));
        let full = span.and_then(spanscope_core::model::Span::falls_beyond);
        let full = full.map(|full| full as usize);
        let farthest = (weights.nearest + weights.reach).saturating_sub(1);
        Self {
            // A text may be shorter than that.
            reach: span.map_or(Some(weights.reach), |span| span.reach.end()),
            farthest,
            full: full.filter(|full| *full < farthest),
        }
    }

    /// What the lines are; of a reach whose line is `drawn` in none of the rows, the reach alone.
    fn words(&self, drawn: bool) -> String {
        let Some(reach) = self.reach else {
            return "no window and no context is designed".into();
        };
        let reach = match drawn {
            true => format!("line: the reach of {}", thousands(reach)),
            false => format!("reach {}", thousands(reach)),
        };
        match self.full {
            Some(full) => format!(
                "{reach} tokens; dashed: the mask falls beyond distance {}",
                thousands(full)
            ),
            None => format!("{reach} tokens"),
        }
    }
}

/// The figures' name for the share that the mask takes away and that is not given back.
pub(super) const MASKED: &str = "masked, not renormalised";

/// Most heads that a title names.
const NAMED: usize = 8;

/// The words on cells that several weights share.
fn shared_cells((down, across): (usize, usize), pool: Pool) -> Option<String> {
    let how = match pool {
        Pool::Max => "largest",
        Pool::Mean => "mean",
    };
    (down > 1 || across > 1).then(|| format!("a cell shows the {how} of {down} × {across} weights"))
}

/// The weights of some heads as a figure, with columns for what is not on the text; `queries` are positions in the text
/// among those of `weights`.
pub fn heatmap(
    model: &LoadedModel,
    ids: &[u32],
    weights: &TextWeights,
    heads: &Heads,
    queries: Range<usize>,
    style: HeatmapStyle,
) -> Heatmap {
    let end = queries.end.min(weights.end).min(ids.len());
    let first = queries.start.max(weights.first).min(end);
    let by_key = style.layout == BandLayout::Key;
    let window = BandWindow {
        layout: style.layout,
        pool: style.pool,
        queries: first..end,
        columns: match style.layout {
            BandLayout::Key => style.columns.start..style.columns.end.min(end.max(weights.tokens)),
            _ => style.columns,
        },
        order: Arc::clone(&style.order),
        width: style.most,
        height: style.most,
    };
    let grid = BandGrid::new(weights, &window);
    let masked = heads.add_up() && model.network.architecture().loses_weight();
    let margins = BandMargins::new(weights, &grid, &window, &(0..0));
    let margins = margins.and_masked(weights, &grid, &window, masked);
    let tokens = |first: usize, count: usize, each: usize| -> Vec<TokenName> {
        let named = ids.iter().skip(first).take(count).filter(|_| each == 1);
        named.map(|&id| model.token_name(id)).collect()
    };
    let labels = |tokens: &[TokenName]| tokens.iter().map(|t| t.label.clone()).collect();
    let row_tokens = tokens(grid.first_query, grid.height, grid.down);
    let col_tokens = match by_key {
        true => tokens(grid.first_column, grid.width, grid.across),
        false => Vec::new(),
    };
    let column = |key: usize| (key.saturating_sub(grid.first_column) / grid.across).min(grid.width);
    let mut side = Vec::new();
    if model.network.architecture().has_empty_context() {
        side.push(SideColumn {
            label: "empty context".into(),
            values: margins.empty,
        });
    }
    if !margins.sink.is_empty() {
        side.push(SideColumn {
            label: "sink".into(),
            values: margins.sink,
        });
    }
    if weights.vectors > 0 {
        side.push(SideColumn {
            label: "persistent".into(),
            values: margins.persistent,
        });
    }
    if masked {
        side.push(SideColumn {
            label: MASKED.into(),
            values: margins.masked,
        });
    }
    let lines = Lines::new(model, heads, weights);
    // For each row, the column where a distance ends, which is the last that a head looks at.
    let ends = |distance: usize| -> Option<Vec<usize>> {
        let rows = (0..grid.height).map(|row| grid.first_query + row * grid.down);
        match style.layout {
            BandLayout::Key => Some(
                rows.map(|query| column(query.saturating_sub(distance)))
                    .collect(),
            ),
            BandLayout::Distance => {
                let end = (distance + 1).saturating_sub(weights.nearest);
                let end = end + weights.later_columns();
                Some(rows.map(|_| column(end)).collect())
            }
            BandLayout::Vector => None,
        }
    };
    let quantity = Quantity::weight(heads.weighting());
    let heads = heads_title(heads);
    // Distances count from the nearest, and places in an order from 1.
    let in_order = style.layout == BandLayout::Vector && !style.order.is_empty();
    let from = match style.layout {
        BandLayout::Distance => weights.nearest as i64 - weights.later_columns() as i64,
        BandLayout::Vector | BandLayout::Key => i64::from(in_order),
    };
    let ordered = style.order.iter().skip(grid.first_column);
    let shared = shared_cells((grid.down, grid.across), style.pool);
    // Where all is seen there is no end to draw.
    let edge = ends(lines.farthest).filter(|_| weights.tokens == 0);
    let drawn = edge
        .iter()
        .flatten()
        .any(|end| (1..grid.width).contains(end));
    let lines_words = match style.layout {
        BandLayout::Vector => None,
        _ if weights.tokens > 0 => Some("each query sees earlier and later tokens".to_owned()),
        _ => Some(lines.words(drawn)),
    };
    // A line too long for the figure is cut at its end.
    let subtitle: Vec<String> = shared.clone().into_iter().chain(lines_words).collect();
    let mut provenance = provenance(model)
        .with("heads", &heads)
        .with("tokens", format!("{first} to {end}"));
    if let Some(shared) = shared {
        provenance = provenance.with("cells", shared);
    }
    Heatmap {
        title: format!("{}, {heads}", model.name()),
        subtitle: subtitle.join("; "),
        rows: grid.height,
        cols: grid.width,
        row_start: grid.first_query,
        col_start: grid.first_column as i64 + from,
        steps: (grid.down, grid.across),
        high: style.high,
        col_labels: match (by_key, grid.across) {
            (true, _) => labels(&col_tokens),
            (false, 1) => ordered.take(grid.width).map(u32::to_string).collect(),
            _ => Vec::new(),
        },
        row_labels: labels(&row_tokens),
        row_tokens,
        col_tokens,
        row_axis: "query".into(),
        row_title: Quantity::Query.axis().into(),
        col_title: match style.layout {
            BandLayout::Key => Quantity::Key.axis().into(),
            BandLayout::Distance => Quantity::Distance.axis().into(),
            BandLayout::Vector => String::new(),
        },
        col_axis: match style.layout {
            BandLayout::Key => "key",
            BandLayout::Distance if weights.tokens > 0 => {
                "distance (tokens; below 0: to later ones)"
            }
            BandLayout::Distance => "distance (tokens)",
            BandLayout::Vector if in_order => "persistent vectors, the most used first",
            BandLayout::Vector => "persistent vector",
        }
        .into(),
        bar: quantity.axis().into(),
        map: style.map,
        scale: style.scale,
        side,
        edge,
        ramp: lines.full.and_then(ends),
        provenance,
        values: grid.values,
        kind: match style.layout {
            BandLayout::Vector => "vectors",
            _ => "attention",
        },
        ..Heatmap::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_weights_share_say_so() {
        assert_eq!(shared_cells((1, 1), Pool::Max), None);
        let words = shared_cells((1, 3), Pool::Mean);
        assert_eq!(
            words.as_deref(),
            Some("a cell shows the mean of 1 × 3 weights")
        );
    }

    #[test]
    fn titles_name_heads() {
        assert_eq!(
            heads_title(&Heads::one(HeadId::new(2, 1))),
            "layer 2, head 1"
        );
        let several = Heads::new(
            HeadId::new(0, 0),
            [HeadId::new(2, 1), HeadId::new(0, 3)],
            Combine::Max,
        );
        assert_eq!(
            heads_title(&several),
            "largest of 3 heads (L0H0, L0H3, L2H1)"
        );
        let many = Heads::new(
            HeadId::new(0, 0),
            (0..12).map(|head| HeadId::new(0, head)),
            Combine::Mean,
        );
        let title = heads_title(&many);
        assert!(title.starts_with("mean of 12 heads (L0H0, ") && title.ends_with("L0H7, …)"));
    }
}
