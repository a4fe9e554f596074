//! Numbers of all heads as points of a plane, and as bars.

use super::{FigureError, provenance};
use crate::LoadedModel;
use spanscope_chart::{Axis, Cell, Column, Mark, Panel, Plot, PointLabel, Series, Table};
use spanscope_core::analysis::role::role;
use spanscope_core::analysis::{HeadRow, Role, Statistic, StatisticKind, head_points, outstanding};

/// The form in which the numbers of all heads are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HeadsForm {
    /// One statistic as a matrix, layer × head.
    #[default]
    Matrix,
    /// Two statistics, a point for each head.
    Scatter {
        /// Along, and up.
        axes: [Statistic; 2],
        /// What the colours say.
        color: HeadColor,
    },
    /// One statistic, a bar for each head.
    Bars {
        /// The largest first; else layer by layer.
        sorted: bool,
    },
    /// One statistic, its mean over the heads of each layer.
    Layers,
    /// The spans of queries, a strip for each head.
    Strips,
}

/// What colours and shapes of points say of a head.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum HeadColor {
    /// Its layer.
    #[default]
    Layer,
    /// Its role.
    Role,
}

impl HeadColor {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Layer, Self::Role];

    /// Its name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Layer => "layer",
            Self::Role => "role",
        }
    }
}

/// Colours and shapes of roles: which of the four colours, and which of the shapes.
pub fn role_look(role: Role) -> (usize, Mark) {
    const SHAPES: [Mark; 3] = [Mark::Dots, Mark::Squares, Mark::Triangles];
    let index = role.index();
    (index % 4, SHAPES[index / 4 % 3])
}

/// Most layers that each have their name in a legend.
const NAMED_LAYERS: usize = 8;

/// The words for heads that have no role.
const NO_ROLE: &str = "no role";

/// Most names of points that are tried.
const NAMED_POINTS: usize = 40;

/// Most bars, the largest, that have their names on them.
const NAMED_BARS: usize = 12;

pub(super) fn axis(statistic: Statistic, rows: &[HeadRow]) -> Axis {
    Axis {
        log: statistic.is_log(rows),
        percent: statistic.kind() == StatisticKind::Share,
        ..Axis::new(statistic.label())
    }
}

/// A statistic's columns of a table: the number and, where it is a mean, its standard error.
fn columns(statistic: Statistic) -> [Column; 2] {
    let name = statistic.column();
    let unit = match statistic.kind() {
        StatisticKind::Tokens => Some("tokens"),
        StatisticKind::Bits => Some("bits"),
        StatisticKind::Share | StatisticKind::Number => None,
    };
    [name.to_owned(), format!("{name}_se")].map(|name| match unit {
        Some(unit) => Column::of(&name, unit),
        None => Column::new(&name),
    })
}

fn cells(statistic: Statistic, row: &HeadRow) -> [Cell; 2] {
    [statistic.of(row).into(), statistic.error(row).into()]
}

/// The numbers of every head, a row each, with its role.
fn numbers(rows: &[HeadRow], statistics: &[Statistic]) -> Table {
    let first = ["layer", "head"].map(Column::new);
    let rest = statistics.iter().flat_map(|statistic| columns(*statistic));
    let mut table = Table::new(first.into_iter().chain(rest).chain([Column::new("role")]));
    for row in rows {
        let place = [row.span.layer.into(), row.span.head.into()];
        let values = statistics.iter().flat_map(|s| cells(*s, row));
        let role: Cell = role(row).map(Role::key).into();
        table.push(place.into_iter().chain(values).chain([role]));
    }
    table
}

/// The layers that a legend names, of so many.
fn named_layer(layer: usize, layers: usize) -> bool {
    let step = layers.saturating_sub(1).div_ceil(NAMED_LAYERS - 1).max(1);
    layers <= NAMED_LAYERS || layer.is_multiple_of(step) || layers - layer == 1
}

/// Two statistics of all heads, a point for each head of which both are known. The heads that stand apart are named.
///
/// # Errors
/// When no head has both.
pub fn scatter(
    model: &LoadedModel,
    rows: &[HeadRow],
    axes: [Statistic; 2],
    color: HeadColor,
) -> Result<Plot, FigureError> {
    let points = head_points(rows, axes);
    if points.is_empty() {
        let known = |axis: &&Statistic| rows.iter().any(|row| axis.of(row).is_some());
        let missing = axes.iter().find(|axis| !known(axis)).unwrap_or(&axes[0]);
        return Err(FigureError::NotMeasured(missing.title()));
    }
    let [x, y] = axes;
    let layers = model.network.architecture().nb_layers();
    // Layers and roles in their order, those without a role first, under the others.
    let group = |row: &HeadRow| match color {
        HeadColor::Layer => row.span.layer,
        HeadColor::Role => role(row).map_or(0, |role| role.index() + 1),
    };
    let groups = match color {
        HeadColor::Layer => layers,
        HeadColor::Role => Role::ALL.len() + 1,
    };
    let mut series: Vec<Series> = (0..groups)
        .map(|group| look(color, group, layers))
        .collect();
    for point in &points {
        let row = &rows[point.row];
        let Some(series) = series.get_mut(group(row)) else {
            continue;
        };
        series.points.push(point.at);
        series.names.push(row.id().to_string());
    }
    series.retain(|series| !series.points.is_empty());
    let is_log = axes.map(|axis| axis.is_log(rows));
    let labels = outstanding(&points, is_log).into_iter().take(NAMED_POINTS);
    let labels = labels.map(|i| PointLabel {
        at: points[i].at,
        text: rows[points[i].row].id().to_string(),
    });
    Ok(Plot {
        kind: "heads",
        title: format!(
            "{}: {} against {}",
            model.name(),
            y.in_words(),
            x.in_words()
        ),
        subtitle: subtitle(points.len(), rows.len(), color),
        x: axis(x, rows),
        panels: vec![Panel {
            y: axis(y, rows),
            series,
            labels: labels.collect(),
            ..Panel::default()
        }],
        square: true,
        numbers: numbers(rows, &axes),
        provenance: provenance(model)
            .with("x", x.column())
            .with("y", y.column()),
        ..Plot::default()
    })
}

/// The look of the points of a layer, or of a role, after those without one.
pub(super) fn look(color: HeadColor, group: usize, layers: usize) -> Series {
    match color {
        HeadColor::Layer => Series {
            name: match named_layer(group, layers) {
                true => format!("layer {group}"),
                false => String::new(),
            },
            mark: Mark::Dots,
            color: group,
            depth: (layers > 4).then_some((group, layers)),
            ..Series::default()
        },
        HeadColor::Role => match group.checked_sub(1).and_then(|i| Role::ALL.get(i)) {
            Some(role) => {
                let (color, mark) = role_look(*role);
                Series {
                    name: role.words().into(),
                    mark,
                    color,
                    ..Series::default()
                }
            }
            None => Series {
                name: NO_ROLE.into(),
                mark: Mark::Rings,
                ..Series::default()
            },
        },
    }
}

fn subtitle(points: usize, heads: usize, color: HeadColor) -> String {
    let of = match points == heads {
        true => format!("{heads} heads"),
        false => format!("{points} of {heads} heads: both are known"),
    };
    match color {
        HeadColor::Layer => format!("{of}, by layer"),
        HeadColor::Role => format!("{of}, by role"),
    }
}

/// One statistic of all heads, a bar for each: layer by layer, or the largest first.
///
/// # Errors
/// When it is not known of any head.
pub fn bars(
    model: &LoadedModel,
    rows: &[HeadRow],
    statistic: Statistic,
    sorted: bool,
) -> Result<Plot, FigureError> {
    let order: Vec<&HeadRow> = match sorted {
        true => statistic.sort(rows, true),
        false => rows.iter().collect(),
    };
    let heads = model.network.architecture().nb_heads().max(1);
    let layers = model.network.architecture().nb_layers();
    let place = |i: usize, row: &HeadRow| match sorted {
        true => i as f64 + 1.0,
        false => row.span.layer as f64 + (row.span.head as f64 + 0.5) / heads as f64,
    };
    let mut series: Vec<Series> = (0..layers)
        .map(|layer| Series {
            mark: Mark::Bars,
            ..look(HeadColor::Layer, layer, layers)
        })
        .collect();
    let mut labels = Vec::new();
    for (i, row) in order.iter().enumerate() {
        let Some(value) = statistic.of(row).filter(|value| value.is_finite()) else {
            continue;
        };
        let Some(series) = series.get_mut(row.span.layer) else {
            continue;
        };
        let at = [place(i, row), value];
        series.points.push(at);
        series.names.push(row.id().to_string());
        series.spread.push(match statistic.error(row) {
            Some(error) => [(value - error).max(0.0), value + error],
            None => [f64::NAN; 2],
        });
        if sorted && labels.len() < NAMED_BARS {
            let error = statistic.error(row).unwrap_or(0.0);
            labels.push(PointLabel {
                at: [at[0], value + error],
                text: row.id().to_string(),
            });
        }
    }
    series.retain(|series| !series.points.is_empty());
    if series.is_empty() {
        return Err(FigureError::NotMeasured(statistic.title()));
    }
    if series
        .iter()
        .flat_map(|of| of.spread.iter())
        .all(|ends| ends[0].is_nan())
    {
        series.iter_mut().for_each(|of| of.spread.clear());
    }
    let is_log = statistic.is_log(rows);
    let smallest = statistic.range(rows).0;
    let (x, end) = match sorted {
        true => ("heads, the largest first", order.len() as f64 + 0.5),
        false => ("layer, its heads side by side", layers as f64),
    };
    let ordered: Vec<HeadRow> = order.into_iter().copied().collect();
    Ok(Plot {
        kind: "heads",
        title: format!("{}: {}", model.name(), statistic.in_words()),
        subtitle: match series.iter().any(|of| !of.spread.is_empty()) {
            true => "Strokes: ± one standard error".into(),
            false => String::new(),
        },
        x: Axis {
            low: Some(if sorted { 0.5 } else { 0.0 }),
            high: Some(end),
            ..Axis::new(x)
        },
        panels: vec![Panel {
            y: Axis {
                log: is_log,
                low: Some(match is_log {
                    // Where a bar on a logarithmic axis begins says nothing: below the shortest.
                    true => 10_f64.powf(smallest.log10().floor()),
                    false => 0.0,
                }),
                ..axis(statistic, rows)
            },
            series,
            labels,
            ..Panel::default()
        }],
        numbers: numbers(&ordered, &[statistic]),
        provenance: provenance(model).with("statistic", statistic.column()),
        ..Plot::default()
    })
}
