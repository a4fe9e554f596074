//! Numbers of heads along the layers: means with their errors, the spans of queries, and weight by distance.

use super::heads_plots::{HeadColor, axis, look};
use super::{FigureError, Quantity, provenance};
use crate::{HeadStats, Heads, LoadedModel};
use spanscope_chart::{Axis, Column, Mark, Panel, Plot, Series, Table};
use spanscope_core::analysis::row_measures::QUANTILES;
use spanscope_core::analysis::{HeadRow, Statistic, StatisticKind};
use spanscope_core::model::HeadId;

/// The mean of a statistic over the heads of each layer, in a band of one standard error with heads as units, and every head.
///
/// # Errors
/// When it is not known of any head.
pub fn layers(
    model: &LoadedModel,
    rows: &[HeadRow],
    statistic: Statistic,
) -> Result<Plot, FigureError> {
    let unit = match statistic.kind() {
        StatisticKind::Tokens => Some("tokens"),
        StatisticKind::Bits => Some("bits"),
        StatisticKind::Share | StatisticKind::Number => None,
    };
    let column = |name: &str| match unit {
        Some(unit) => Column::of(name, unit),
        None => Column::new(name),
    };
    let name = statistic.column();
    let mut numbers = Table::new(
        [Column::new("layer"), Column::new("heads")]
            .into_iter()
            .chain(
                [
                    name.to_owned(),
                    format!("{name}_se"),
                    "smallest".into(),
                    "largest".into(),
                ]
                .iter()
                .map(|name| column(name)),
            ),
    );
    let mut mean = Series {
        name: "mean of the layer's heads".into(),
        ..Series::default()
    };
    let mut single = Series {
        name: "single heads".into(),
        mark: Mark::Rings,
        ..Series::default()
    };
    for layer in rows.chunk_by(|a, b| a.span.layer == b.span.layer) {
        let number = layer.first().map_or(0, |row| row.span.layer);
        let mut values: Vec<f64> = Vec::new();
        for row in layer {
            if let Some(value) = statistic.of(row).filter(|value| value.is_finite()) {
                values.push(value);
                single.points.push([number as f64, value]);
                single.names.push(row.id().to_string());
            }
        }
        if values.is_empty() {
            continue;
        }
        let n = values.len() as f64;
        let of = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|value| (value - of).powi(2)).sum::<f64>();
        let error = (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt());
        let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        mean.points.push([number as f64, of]);
        mean.spread
            .push(error.map_or([f64::NAN; 2], |error| [of - error, of + error]));
        numbers.push([
            number.into(),
            values.len().into(),
            of.into(),
            error.into(),
            smallest.into(),
            largest.into(),
        ]);
    }
    if mean.points.is_empty() {
        return Err(FigureError::NotMeasured(statistic.title()));
    }
    Ok(Plot {
        kind: "heads",
        title: format!("{}: {} by layer", model.name(), statistic.in_words()),
        subtitle: "Band: ± one standard error over the heads of a layer".into(),
        x: Axis::new("layer"),
        panels: vec![Panel {
            y: axis(statistic, rows),
            series: vec![single, mean],
            ..Panel::default()
        }],
        numbers,
        provenance: provenance(model).with("statistic", name),
        ..Plot::default()
    })
}

/// The spans of queries, the distance that holds 90 % of a query's weight: of each head the median, a stroke from the 10th to the 90th
/// per cent of the queries, and the 99th.
///
/// # Errors
/// When they are not known of any head.
pub fn strips(model: &LoadedModel, rows: &[HeadRow]) -> Result<Plot, FigureError> {
    let of = |row: &HeadRow| row.measure?.rows?.quantiles;
    let heads = model.network.architecture().nb_heads().max(1);
    let layers = model.network.architecture().nb_layers();
    let names = QUANTILES.map(|share| format!("span_quantile_{}", (100.0 * share).round()));
    let mut numbers = Table::new(
        ["layer", "head"]
            .map(Column::new)
            .into_iter()
            .chain(names.iter().map(|name| Column::of(name, "tokens"))),
    );
    let mut series: Vec<Series> = (0..layers)
        .map(|layer| Series {
            mark: Mark::Dots,
            ..look(HeadColor::Layer, layer, layers)
        })
        .collect();
    let mut most = Series {
        name: "99 % of the queries".into(),
        mark: Mark::Rings,
        ..Series::default()
    };
    let mut is_log = true;
    for row in rows {
        let HeadId { layer, head } = row.id();
        let quantiles = of(row);
        let place = [layer.into(), head.into()];
        let cells = [0, 1, 2, 3].map(|i| quantiles.map(|of| of[i]).into());
        numbers.push(place.into_iter().chain(cells));
        let (Some(found), Some(series)) = (quantiles, series.get_mut(layer)) else {
            continue;
        };
        let [low, middle, high, far] = found.map(|tokens| tokens as f64);
        is_log &= low > 0.0;
        let x = layer as f64 + (head as f64 + 0.5) / heads as f64;
        series.points.push([x, middle]);
        series.spread.push([low, high]);
        series.names.push(row.id().to_string());
        most.points.push([x, far]);
        most.names.push(row.id().to_string());
    }
    series.retain(|series| !series.points.is_empty());
    if series.is_empty() {
        return Err(FigureError::NotMeasured(Statistic::SpanMedian.title()));
    }
    series.insert(0, most);
    Ok(Plot {
        kind: "heads",
        title: format!("{}: span of every query", model.name()),
        subtitle: "Dots: the median of the queries; strokes: from 10 to 90 % of them".into(),
        x: Axis {
            low: Some(0.0),
            high: Some(layers as f64),
            ..Axis::new("layer, its heads side by side")
        },
        panels: vec![Panel {
            y: Axis {
                log: is_log,
                low: (!is_log).then_some(0.0),
                ..Axis::new("90 % span of a query (tokens)")
            },
            series,
            ..Panel::default()
        }],
        numbers,
        provenance: provenance(model),
        ..Plot::default()
    })
}

/// The weight of heads on each distance, over the queries that have a token there, on logarithmic axes.
///
/// # Errors
/// When it was not measured.
pub fn profile(
    model: &LoadedModel,
    heads: &Heads,
    surveyed: &HeadStats,
) -> Result<Plot, FigureError> {
    let nearest = model.network.architecture().nearest();
    let queries = &surveyed.queries;
    // Queries that have a token at a distance.
    let count = |distance: usize| queries.end.saturating_sub(queries.start.max(distance));
    let mut numbers = Table::new([
        Column::new("layer"),
        Column::new("head"),
        Column::of("distance", "tokens"),
        Column::new("queries"),
        Column::new("mean_weight"),
    ]);
    let mut series = Vec::new();
    for (id, by_distance) in &surveyed.profiles {
        if !heads.contains(*id) {
            continue;
        }
        let mut points = Vec::new();
        for (distance, mean) in (nearest..).zip(by_distance) {
            let with = count(distance);
            if with == 0 {
                break;
            }
            let weight = f64::from(*mean) * queries.len() as f64 / with as f64;
            numbers.push([
                id.layer.into(),
                id.head.into(),
                distance.into(),
                with.into(),
                weight.into(),
            ]);
            if distance > 0 {
                points.push([distance as f64, weight]);
            }
        }
        series.push(Series {
            name: id.to_string(),
            points,
            color: series.len(),
            mark: match heads.all().len() {
                1..=4 => Mark::Line,
                _ => Mark::Fine,
            },
            ..Series::default()
        });
    }
    if series.iter().all(|series| series.points.is_empty()) {
        return Err(FigureError::NoText);
    }
    if series.len() > 4 {
        let count = series.len();
        for (i, series) in series.iter_mut().enumerate() {
            series.depth = Some((i, count));
        }
    }
    Ok(Plot {
        kind: "profile",
        title: format!("{}: weight by distance", model.name()),
        subtitle: match heads.single() {
            Some(id) => format!(
                "{}; mean over the queries that have a token there",
                id.in_words()
            ),
            None => "Mean over the queries that have a token there".into(),
        },
        x: Axis::log(Quantity::Distance.axis()),
        panels: vec![Panel {
            y: Axis::log(Quantity::mean_weight(surveyed.weighting).axis()),
            series,
            ..Panel::default()
        }],
        numbers,
        provenance: provenance(model)
            .with("queries", format!("{} to {}", queries.start, queries.end)),
        ..Plot::default()
    })
}
