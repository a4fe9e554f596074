//! Use of persistent vectors.

use super::{FigureChoice, FigureError, HeatmapStyle, Quantity, heatmap, provenance};
use crate::{LoadedModel, SelectedHeads, Snapshot};
use spanscope_chart::{Axis, Column, Heatmap, Level, Mark, Panel, Plot, Series, Table, thousands};
use spanscope_core::analysis::{BandLayout, Pool, VectorUsage};
use spanscope_core::model::HeadId;

/// Most cells a side of a heatmap of vectors.
const MOST: usize = 2048;

/// The use that one head makes of each of its persistent vectors, the most used first; `log` is for a logarithmic axis of the
/// mean weight.
///
/// # Errors
/// When the model has none, or there is no text, or several heads are looked at together.
pub fn usage(model: &LoadedModel, detail: &SelectedHeads, log: bool) -> Result<Plot, FigureError> {
    if model.network.architecture().persistent() == 0 {
        return Err(FigureError::NoVectors);
    }
    let id = detail.heads.single().ok_or(FigureError::SeveralHeads)?;
    let usage = detail.usage.as_ref().ok_or(FigureError::NoText)?;
    let mut plot = usage_of(model, id, usage, detail.weights.queries(), log);
    plot.title += detail.heads.weighting().suffix();
    Ok(plot)
}

/// The weight that each query gives each persistent vector of one head, as a heatmap. Of a long text a cell shows the
/// largest weight that it covers.
///
/// # Errors
/// As [`usage`].
pub fn vectors(
    model: &LoadedModel,
    snapshot: &Snapshot,
    detail: &SelectedHeads,
    choice: &FigureChoice,
) -> Result<Heatmap, FigureError> {
    if model.network.architecture().persistent() == 0 {
        return Err(FigureError::NoVectors);
    }
    if detail.heads.single().is_none() {
        return Err(FigureError::SeveralHeads);
    }
    let usage = detail.usage.as_ref().ok_or(FigureError::NoText)?;
    let (scale, map) = choice.vector_colors;
    let style = HeatmapStyle {
        layout: BandLayout::Vector,
        map,
        scale,
        order: match choice.by_use {
            true => usage.order.as_slice().into(),
            false => Default::default(),
        },
        most: choice.heatmap.most.min(MOST),
        pool: Pool::Max,
        high: Some(detail.weights.largest_vector()),
        ..HeatmapStyle::default()
    };
    let (ids, heads) = (&snapshot.tokens.ids, &detail.heads);
    let mut map = heatmap(
        model,
        ids,
        &detail.weights,
        heads,
        choice.queries.clone(),
        style,
    );
    if map.rows == 0 || map.cols == 0 {
        return Err(FigureError::NoText);
    }
    map.title += ": weight on persistent vectors";
    Ok(map)
}

/// As [`usage`], from the mean weight of each vector over `tokens` tokens.
pub fn usage_of(
    model: &LoadedModel,
    id: HeadId,
    usage: &VectorUsage,
    tokens: usize,
    log: bool,
) -> Plot {
    let sorted = |usage: &VectorUsage| -> Vec<[f64; 2]> {
        let weights = usage
            .order
            .iter()
            .filter_map(|v| usage.mean.get(*v as usize));
        let points = (1_u32..).zip(weights);
        points
            .map(|(rank, weight)| {
                let weight = f64::from(*weight);
                [
                    f64::from(rank),
                    if weight > 0.0 || !log {
                        weight
                    } else {
                        f64::NAN
                    },
                ]
            })
            .collect()
    };
    let total: f32 = usage.mean.iter().sum();
    let even = f64::from(total) / usage.mean.len().max(1) as f64;
    let mut numbers = Table::new([
        Column::new("rank"),
        Column::new("vector"),
        Column::new("mean_weight"),
    ]);
    for (rank, vector) in usage.order.iter().enumerate() {
        let weight = usage.mean.get(*vector as usize).copied();
        numbers.push([(rank + 1).into(), (*vector as usize).into(), weight.into()]);
    }
    Plot {
        kind: "usage",
        title: format!(
            "{}, {}: use of persistent vectors",
            model.name(),
            id.in_words()
        ),
        subtitle: format!(
            "{:.1} % of the weight; as if {} of {} were used evenly, {} never used",
            100.0 * total,
            thousands(format!("{:.1}", usage.effective)),
            thousands(usage.mean.len()),
            thousands(usage.never)
        ),
        x: Axis {
            low: Some(1.0),
            ..Axis::log("persistent vectors, the most used first")
        },
        panels: vec![Panel {
            y: match log {
                true => Axis::log(Quantity::MeanWeight.axis()),
                false => Axis::from_zero(Quantity::MeanWeight.axis()),
            },
            series: vec![Series {
                name: id.in_words(),
                points: sorted(usage),
                mark: Mark::Area,
                ..Series::default()
            }],
            levels: vec![Level {
                at: even,
                label: "even".into(),
            }],
            ..Panel::default()
        }],
        numbers,
        provenance: provenance(model)
            .with("head", id.to_string())
            .with("tokens", tokens),
        ..Plot::default()
    }
}
