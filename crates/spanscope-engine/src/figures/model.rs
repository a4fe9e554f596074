//! Figures of a model by itself: what it costs, how it was trained, what its parameters are for.

use super::curves::{curve_look, curve_name, quantity_name, steps_name};
use super::{FigureError, Quantity, provenance};
use crate::{HeadStats, LoadedModel, SpanHistory};
use spanscope_chart::{
    Axis, Bar, Bars, Cell, Column, Dash, Level, Mark, Panel, Plot, Series, Table, thousands,
};
use spanscope_core::analysis::cost::{self, Extent};
use spanscope_core::analysis::smoothed;
use spanscope_core::checkpoint;
use spanscope_core::model::HeadId;

/// Why a model has no figure of its training.
pub(super) fn no_curves(model: &LoadedModel) -> FigureError {
    match model.has_unread_curves() {
        true => FigureError::UnreadCurves,
        false => FigureError::NoCurves,
    }
}

/// The curves of the cost: what heads compute.
pub const EXTENTS: [&str; 3] = ["Per head", "Per layer", "All at the limit"];

/// The curve of what heads would compute with their effective spans on a text.
const EFFECTIVE_EXTENT: &str = "Effective spans";

/// The cost of one more token against a limit on the span (the comparison of arXiv 1905.07799): operations, and numbers of keys
/// and values, with every head's own reach, with its layer's longest, and with the limit for all. `position` tokens stand before
/// the token; S and more are far into a text. Where nothing is designed that would end what heads see, the limits go to the token.
/// With what was `surveyed` of a text, also with every head's effective span on it.
pub fn cost(model: &LoadedModel, position: usize, surveyed: Option<&HeadStats>) -> Plot {
    let architecture = model.network.architecture();
    let spans = model.network.spans();
    let limit = architecture.limit().end();
    let limits = cost::limits(limit.unwrap_or(position + 1));
    let extents = [Extent::Head, Extent::Layer, Extent::Full];
    let mut given = extents
        .map(|extent| cost::distances(architecture, &spans, extent))
        .to_vec();
    let measured = surveyed.filter(|of| {
        of.measures.len() == spans.len() && of.measures.iter().all(|head| head.queries > 0)
    });
    given.extend(measured.map(|of| cost::effective_distances(&spans, &of.measures)));
    let curves: Vec<Vec<cost::LimitedCost>> = given
        .iter()
        .map(|distances| cost::curve(architecture, distances, &limits, position))
        .collect();
    let most = |of: fn(&cost::LimitedCost) -> u64| {
        let all = curves.iter().flatten().map(of);
        all.max().unwrap_or(1) as f64
    };
    let (flops, numbers) = (most(|c| c.flops), most(|c| c.kv_numbers) * 4.0);
    let ((flops_by, flops_unit), (bytes_by, bytes_unit)) = (prefix(flops), prefix(numbers));
    let series = |of: &dyn Fn(&cost::LimitedCost) -> f64| {
        let names = EXTENTS.iter().chain([&EFFECTIVE_EXTENT]);
        let each = names.zip(&curves).enumerate();
        each.map(|(i, (name, curve))| Series {
            name: (*name).into(),
            points: curve.iter().map(|c| [c.limit as f64, of(c)]).collect(),
            color: i,
            dash: [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::Solid][i],
            ..Series::default()
        })
        .collect::<Vec<_>>()
    };
    let columns = ["heads", "layers", "full", "effective"];
    let columns = &columns[..curves.len()];
    let flops_of = columns.iter().map(|name| Column::of(*name, "flops"));
    let bytes_of = columns
        .iter()
        .map(|name| Column::of(format!("{name}_kv"), "bytes"));
    let first = std::iter::once(Column::of("limit", "tokens"));
    let mut table = Table::new(first.chain(flops_of).chain(bytes_of));
    for (i, limit) in limits.iter().enumerate() {
        let point = |curve: &Vec<cost::LimitedCost>| curve.get(i).copied();
        let flops = curves
            .iter()
            .map(|c| point(c).map(|p| Cell::Whole(p.flops)));
        let bytes = curves
            .iter()
            .map(|c| point(c).map(|p| Cell::Whole(4 * p.kv_numbers)));
        let cells = flops.chain(bytes).map(|cell| cell.unwrap_or(Cell::None));
        table.push(std::iter::once(Cell::from(*limit)).chain(cells));
    }
    let longest = spans.iter().filter_map(|span| span.reach.end()).max();
    let all = match limit {
        None => format!("all {} tokens", thousands(position + 1)),
        Some(limit) if architecture.nearest() == 0 => {
            format!("the context of {}", thousands(limit))
        }
        Some(limit) => format!("S = {}", thousands(limit)),
    };
    let last = |i: usize| curves[i].last().map_or(0, |c| c.flops) as f64;
    Plot {
        kind: "cost",
        title: format!("{}: cost per token", model.name()),
        subtitle: match measured {
            None => format!(
                "{:.1} {flops_unit}FLOPs with every head's own reach, {:.1} with {all} for every head; K/V in 32 bit",
                last(0) / flops_by,
                last(2) / flops_by,
            ),
            Some(_) => format!(
                "{:.1} {flops_unit}FLOPs with every head's own reach, {:.1} with {all} for every head, {:.1} with effective spans; K/V in 32 bit",
                last(0) / flops_by,
                last(2) / flops_by,
                last(3) / flops_by,
            ),
        },
        x: Axis::log(Quantity::SpanLimit.axis()),
        panels: vec![
            Panel {
                y: Quantity::Flops.along(Axis::from_zero, flops_unit),
                series: series(&|c| c.flops as f64 / flops_by),
                ..Panel::default()
            },
            Panel {
                y: Quantity::KeysAndValues.along(Axis::from_zero, bytes_unit),
                series: series(&|c| 4.0 * c.kv_numbers as f64 / bytes_by),
                ..Panel::default()
            },
        ],
        marks: longest
            .filter(|_| limit.is_some())
            .map(|longest| Level {
                at: longest as f64,
                label: format!("longest reach {}", thousands(longest)),
            })
            .into_iter()
            .collect(),
        numbers: table,
        provenance: provenance(model).with("position", position),
        ..Plot::default()
    }
}

/// A factor and the prefix of the unit, so that numbers up to `most` are short.
fn prefix(most: f64) -> (f64, &'static str) {
    match most {
        m if m >= 1e9 => (1e9, "G"),
        m if m >= 1e6 => (1e6, "M"),
        m if m >= 1e3 => (1e3, "k"),
        _ => (1.0, ""),
    }
}

/// z of every head over the steps of the training: a thin line each, in its layer's colour.
fn every_head(history: &SpanHistory, log: bool) -> Panel {
    let few = history.layers <= LAYER_COLORS;
    let series = history.all_heads().map(|HeadId { layer, head }| Series {
        name: match head {
            0 => format!("layer {layer}"),
            _ => String::new(),
        },
        // No head is missing from a logarithmic axis because it looks nowhere.
        points: history
            .of_head(HeadId { layer, head })
            .map(|[x, y]| [x, if log { y.max(1.0) } else { y }])
            .collect(),
        mark: Mark::Fine,
        color: layer,
        depth: (!few).then_some((layer, history.layers)),
        ..Series::default()
    });
    Panel {
        y: Axis {
            log,
            ..Axis::new(Quantity::Spans.axis())
        },
        series: series.collect(),
        ..Panel::default()
    }
}

/// Layers that have colours of their own; more are told apart along a colour map.
const LAYER_COLORS: usize = 4;

/// The curves that the checkpoint keeps of its training; `window` entries of the log become one mean, 1 for none.
///
/// # Errors
/// When the file has no curves.
pub fn training(
    model: &LoadedModel,
    window: usize,
    (log_x, log_y): (bool, bool),
) -> Result<Plot, FigureError> {
    let mut panels = checkpoint::Panel::of(&model.curves);
    // A run that has only just begun has curves without a point.
    panels.retain(|panel| panel.lines.iter().any(|line| !line.points.is_empty()));
    let history = model.span_history.as_deref();
    if panels.is_empty() && history.is_none() {
        return Err(no_curves(model));
    }
    let by_step = history.is_some() || panels.iter().any(|panel| panel.by_step);
    let axis = |panel: &checkpoint::Panel| match quantity_name(panel.quantity) {
        Some(name) => name.to_owned(),
        None => {
            let names = panel.lines.iter().map(|line| line.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        }
    };
    let mut numbers = Table::new([
        Column::new("curve"),
        Column::new(if by_step { "step" } else { "entry" }),
        Column::new("value"),
    ]);
    let mut drawn = Vec::new();
    for panel in &panels {
        let mut series = Vec::new();
        for (i, line) in panel.lines.iter().enumerate() {
            for [x, y] in &line.points {
                numbers.push([line.name.as_str().into(), (*x).into(), (*y).into()]);
            }
            let smooth = window > 1;
            let (color, dashed) = curve_look(&line.name, i);
            if smooth {
                series.push(Series {
                    points: line.points.clone(),
                    mark: Mark::Pale,
                    color,
                    ..Series::default()
                });
            }
            series.push(Series {
                name: curve_name(&line.name).unwrap_or(&line.name).to_owned(),
                points: match smooth {
                    true => smoothed(&line.points, window),
                    false => line.points.clone(),
                },
                color,
                dash: match dashed {
                    true => Dash::Dashed,
                    false => Dash::Solid,
                },
                ..Series::default()
            });
        }
        drawn.push(Panel {
            y: Axis {
                log: log_y,
                ..Axis::new(axis(panel))
            },
            series,
            ..Panel::default()
        });
    }
    if let Some(history) = history {
        for HeadId { layer, head } in history.all_heads() {
            for [x, y] in history.of_head(HeadId { layer, head }) {
                numbers.push([format!("z.{layer}.{head}").into(), x.into(), y.into()]);
            }
        }
        drawn.push(every_head(history, log_y));
    }
    Ok(Plot {
        kind: "training",
        title: format!("{}: training", model.name()),
        x: Axis {
            log: log_x,
            ..Axis::new(steps_name(by_step))
        },
        panels: drawn,
        numbers,
        provenance: provenance(model).with("smoothing", window),
        ..Plot::default()
    })
}

/// The model's parameters by what they are for.
pub fn parameters(model: &LoadedModel) -> Bars {
    let parts = model.parts();
    let all: u64 = parts.iter().map(|part| part.parameters).sum();
    let mut numbers = Table::new([Column::new("part"), Column::new("parameters")]);
    for part in parts {
        numbers.push([part.kind.name().into(), part.parameters.into()]);
    }
    let parts = parts.iter().filter(|part| part.parameters > 0);
    let bars = parts.map(|part| Bar {
        label: part.kind.name().into(),
        value: part.parameters as f64 / 1e6,
        note: format!(
            "{} ({:.1} %)",
            thousands(part.parameters),
            100.0 * part.parameters as f64 / all.max(1) as f64
        ),
        marked: false,
    });
    Bars {
        kind: "parameters",
        title: format!("{}: {} parameters", model.name(), thousands(all)),
        subtitle: model.kind(),
        axis: "parameters (millions)".into(),
        bars: bars.collect(),
        numbers,
        provenance: provenance(model),
        ..Bars::default()
    }
}
