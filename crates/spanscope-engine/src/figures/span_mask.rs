//! The soft mask of a head, and what the text makes of it.

use super::attention::heads_list;
use super::{FigureError, Quantity, heads_title, provenance};
use crate::{HeadStats, Heads, LeadingHead, LoadedModel};
use spanscope_chart::{Axis, Column, Level, Mark, Panel, Plot, Series, Table, thousands};

/// Decades of mean weight that a logarithmic axis shows, below the largest.
pub const WEIGHT_DECADES: i32 = 4;

/// The soft masks of some heads over the distance (arXiv 1905.07799, equation 3) and, of a head that was surveyed, the
/// mean weight that the text gives each distance, with the distances that hold 50, 90 and 99 % of it.
/// `log` says whether the axes of the distance and of the mean weight are logarithmic; `None` is what suits the head. A head
/// that has no soft mask has its mean weight alone.
///
/// # Errors
/// When there is neither a soft mask nor a mean weight.
pub fn span_mask(
    model: &LoadedModel,
    heads: &Heads,
    surveyed: Option<&HeadStats>,
    log: Option<(bool, bool)>,
) -> Result<Plot, FigureError> {
    let architecture = model.network.architecture();
    let spans = model.network.spans();
    let spans: Vec<_> = spans
        .iter()
        .filter(|span| heads.contains(span.id()))
        .collect();
    let masked: Vec<_> = spans.iter().filter(|span| span.is_learned()).collect();
    let nearest = architecture.nearest();
    let leading = surveyed.map(|s| &s.leading);
    let leading: Option<&LeadingHead> = leading.filter(|of| {
        // The first token alone says nothing of distances.
        let has_distances = of.by_distance.len() > 1;
        let has_weights = of.by_distance.iter().any(|weight| *weight > 0.0);
        heads.single() == Some(of.head) && has_distances && has_weights
    });
    if masked.is_empty() && leading.is_none() {
        return Err(FigureError::NoMask);
    }
    // Of a head that sees everything, as far as the text has weights: also past the context that the model was trained for.
    let in_text = leading.map(|of| (nearest + of.by_distance.len()).saturating_sub(1));
    let farthest = spans.iter().map(|span| match (span.open, in_text) {
        (true, Some(in_text)) => in_text,
        _ if span.reach.end().is_none() => 1,
        _ => span.farthest(),
    });
    let farthest = farthest.max().unwrap_or(1).max(1);
    // One more than the farthest, where every mask is zero, if a head might look there.
    let last = nearest
        .saturating_add(architecture.limit().keys())
        .saturating_sub(1);
    let end = (farthest + 1).min(last.max(farthest));
    let distances = nearest..=end;
    // Of a short head the ramp is most there is; of a long one it is at the end.
    let is_log = log.map_or(farthest > 200, |(distance, _)| distance);
    // Distance 0, of a token that sees itself, has no logarithm.
    let first = nearest.max(usize::from(is_log));
    let mut series = Vec::new();
    for (i, span) in masked.iter().enumerate() {
        series.push(Series {
            name: match spans.len() {
                1 => "soft mask".into(),
                _ => span.id().to_string(),
            },
            points: (first..=end)
                .map(|d| [d as f64, f64::from(span.mask(d))])
                .collect(),
            mark: if spans.len() == 1 {
                Mark::Area
            } else {
                Mark::Line
            },
            // Several heads are told apart, one has the colour of what is shown.
            color: match spans.len() {
                1 => Quantity::Mask.color(),
                _ => i,
            },
            ..Series::default()
        });
    }
    let mut panels = Vec::new();
    if !masked.is_empty() {
        panels.push(Panel {
            y: Axis {
                high: Quantity::Mask.range().map(|(_, high)| high),
                ..Axis::from_zero(Quantity::Mask.axis())
            },
            series,
            ..Panel::default()
        });
    }
    let mut marks = Vec::new();
    if let [span] = spans.as_slice() {
        if span.is_learned() {
            marks.push(Level {
                at: f64::from(span.span).max(1.0),
                label: format!("z = {:.1}", span.span),
            });
        }
        if let Some(reach) = span.reach.end().filter(|reach| *reach <= end + 1) {
            marks.push(Level {
                at: reach as f64,
                label: match span.open {
                    true => format!("context {}", thousands(reach)),
                    false => format!("reach {}", thousands(reach)),
                },
            });
        }
    }
    if let Some(leading) = leading {
        let weighting = surveyed.map(|of| of.weighting).unwrap_or_default();
        let quantity = Quantity::mean_weight(weighting);
        let weights = leading.by_distance.iter().copied();
        let largest = f64::from(weights.fold(0.0_f32, f32::max));
        let log_weight = !matches!(log, Some((_, false)));
        // Far below the largest lies what rounding leaves.
        let least = largest * 10_f64.powi(-WEIGHT_DECADES);
        let y = match log_weight {
            false => Axis::from_zero(quantity.axis()),
            true => Axis {
                low: Some(least),
                ..Axis::log(quantity.axis())
            },
        };
        panels.push(Panel {
            y: Axis { percent: true, ..y },
            series: vec![Series {
                name: "mean weight on the text".into(),
                points: (nearest..)
                    .zip(&leading.by_distance)
                    .skip(first - nearest)
                    .map(|(d, weight)| {
                        let weight = f64::from(*weight);
                        let drawn = if log_weight {
                            weight.max(least)
                        } else {
                            weight
                        };
                        [d as f64, if weight > 0.0 { drawn } else { f64::NAN }]
                    })
                    .collect(),
                color: quantity.color(),
                ..Series::default()
            }],
            ..Panel::default()
        });
    }
    let mut columns = vec![
        Column::new("layer"),
        Column::new("head"),
        Column::of("distance", "tokens"),
        Column::new("mask"),
    ];
    if leading.is_some() {
        columns.push(Column::new("mean_weight"));
    }
    let mut numbers = Table::new(columns);
    for span in &spans {
        for d in distances.clone() {
            let mut row = vec![
                span.layer.into(),
                span.head.into(),
                d.into(),
                span.is_learned().then(|| span.mask(d)).into(),
            ];
            if let Some(leading) = leading {
                row.push(leading.by_distance.get(d - nearest).copied().into());
            }
            numbers.push(row);
        }
    }
    let measured = surveyed.zip(heads.single()).and_then(|(surveyed, place)| {
        let mut measures = surveyed.measures.iter();
        measures.find(|m| m.id() == place && m.queries > 0)
    });
    let subtitle = match measured.map(|m| m.effective) {
        Some([Some(half), Some(most), Some(nearly)]) => {
            format!("50, 90 and 99 % of its weight lie within {half}, {most} and {nearly} tokens")
        }
        _ if heads.single().is_none() && masked.len() < spans.len() => {
            format!("{} of {} heads have one", masked.len(), spans.len())
        }
        _ => String::new(),
    };
    Ok(Plot {
        kind: "mask",
        title: match heads.single() {
            Some(_) => format!("{}, {}", model.name(), heads_title(heads)),
            None => format!("{}: soft masks of {} heads", model.name(), spans.len()),
        },
        subtitle,
        x: Axis {
            log: is_log,
            low: Some(first as f64),
            ..Axis::new(Quantity::Distance.axis())
        },
        panels,
        marks,
        numbers,
        provenance: provenance(model).with("heads", heads_list(heads)),
        ..Plot::default()
    })
}

#[cfg(test)]
mod tests {
    use super::{Heads, Quantity, span_mask};
    use crate::figures::FigureError;
    use crate::{HeadStats, LeadingHead, LoadedModel, SAMPLES, Weighting};
    use spanscope_chart::Cell;
    use spanscope_core::model::HeadId;

    fn named(name: &str) -> LoadedModel {
        let sample = SAMPLES.iter().find(|sample| sample.file.starts_with(name));
        LoadedModel::open_sample(sample.unwrap()).unwrap()
    }

    #[test]
    fn a_head_without_a_soft_mask_has_its_mean_weight_alone() {
        let model = named("local_global");
        let head = HeadId::new(5, 1);
        let heads = Heads::one(head);
        let refused = span_mask(&model, &heads, None, None);
        assert_eq!(refused.err(), Some(FigureError::NoMask));
        let surveyed = HeadStats {
            leading: LeadingHead {
                head,
                by_distance: vec![0.5, 0.25, 0.25],
                by_later_distance: Vec::new(),
                removed: Vec::new(),
            },
            queries: 0..3,
            wanted: 0..3,
            measures: Vec::new(),
            flags: Vec::new(),
            profiles: Vec::new(),
            thumbnails: None,
            weighting: Weighting::default(),
            bin_edges: Vec::new(),
        };
        let plot = span_mask(&model, &heads, Some(&surveyed), None).unwrap();
        let titles: Vec<&str> = plot.panels.iter().map(|panel| &*panel.y.title).collect();
        assert_eq!(titles, [Quantity::MeanWeight.axis()]);
        let mut names = plot.panels.iter().flat_map(|panel| &panel.series);
        assert!(names.all(|series| series.name != "soft mask"));
        let mut masks = plot.numbers.rows.iter().map(|row| &row[3]);
        assert!(masks.all(|mask| *mask == Cell::None));
    }

    #[test]
    fn a_head_with_a_soft_mask_needs_no_text() {
        let plot = span_mask(
            &named("shakespeare_adaptive"),
            &Heads::default(),
            None,
            None,
        )
        .unwrap();
        assert_eq!(plot.panels.len(), 1);
        assert_eq!(plot.panels[0].series[0].points[0], [1.0, 1.0]);
    }
}
