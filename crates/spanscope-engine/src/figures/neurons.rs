//! Use of the neurons of a layer.

use super::{FigureError, provenance};
use crate::{LoadedModel, Snapshot};
use spanscope_chart::{
    Axis, Bar, Bars, Column, Level, Mark, Panel, Plot, Series, Table, thousands,
};
use spanscope_core::analysis::{NeuronSearch, NeuronUsage};
use spanscope_core::model::NeuronId;

/// Points of a curve, at most: a drawing shows no more, and its numbers have all.
const POINTS: usize = 800;

/// The use of a layer's neurons, the most used first, and the share of it that they hold together; `log` is for a logarithmic axis
/// of the shares.
///
/// # Errors
/// When the layer has none, or they were not measured.
pub fn neurons(
    model: &LoadedModel,
    snapshot: &Snapshot,
    layer: usize,
    log: bool,
) -> Result<Plot, FigureError> {
    if model.network.architecture().neurons(layer) == 0 {
        return Err(FigureError::NoNeurons);
    }
    let stats = snapshot.neurons.as_ref().ok_or(FigureError::NoText)?;
    let usage = stats.layers.get(layer).and_then(Option::as_ref);
    let usage = usage.ok_or(FigureError::NoText)?;
    Ok(neurons_of(model, usage, log))
}

/// As [`neurons`], from what was measured.
pub fn neurons_of(model: &LoadedModel, usage: &NeuronUsage, log: bool) -> Plot {
    let count = usage.count();
    let ranks = ranks(count);
    let share = |rank: usize| {
        let place = usage.ranked(rank)?;
        let share = f64::from(usage.share(place));
        Some(if share > 0.0 || !log { share } else { f64::NAN })
    };
    let curve = |of: &dyn Fn(usize) -> Option<f64>| -> Vec<[f64; 2]> {
        let points = ranks.iter();
        points
            .filter_map(|rank| Some([(rank + 1) as f64, of(*rank)?]))
            .collect()
    };
    let shares = curve(&share);
    let held = curve(&|rank| usage.held.get(rank).map(|held| f64::from(*held)));
    let panel = |y: Axis, points: Vec<[f64; 2]>, levels: Vec<Level>| Panel {
        y,
        series: vec![Series {
            points,
            mark: Mark::Area,
            ..Series::default()
        }],
        levels,
        labels: Vec::new(),
    };
    let level = |at: f64, label: &str| Level {
        at,
        label: label.into(),
    };
    Plot {
        kind: "neurons",
        title: format!("{}, layer {}: use of neurons", model.name(), usage.layer),
        subtitle: neuron_facts(usage),
        x: Axis {
            low: Some(1.0),
            ..Axis::log("neurons, the most used first")
        },
        panels: vec![
            panel(
                match log {
                    true => Axis::log("share of use"),
                    false => Axis::from_zero("share of use"),
                },
                shares,
                vec![level(1.0 / count.max(1) as f64, "even")],
            ),
            panel(
                Axis {
                    high: Some(1.0),
                    ..Axis::from_zero("share held together")
                },
                held,
                vec![level(0.5, "50 %"), level(0.9, "90 %")],
            ),
        ],
        numbers: neuron_table(model, std::iter::once(usage)),
        provenance: provenance(model)
            .with("layer", usage.layer)
            .with("tokens", usage.tokens),
        ..Plot::default()
    }
}

/// The facts on a layer's neurons, in a line.
pub fn neuron_facts(usage: &NeuronUsage) -> String {
    format!(
        "as if {} of {} neurons were used evenly, {} never used; {} hold half of the use, {} nine tenths",
        thousands(usage.usage.effective.round()),
        thousands(usage.count()),
        thousands(usage.usage.never),
        thousands(usage.holding(0.5)),
        thousands(usage.holding(0.9)),
    )
}

/// The numbers of every neuron of some layers, the most used first.
pub fn neuron_table<'a>(
    model: &LoadedModel,
    layers: impl IntoIterator<Item = &'a NeuronUsage>,
) -> Table {
    let mut numbers = Table::new([
        Column::new("layer"),
        Column::new("expert"),
        Column::new("neuron"),
        Column::new("rank"),
        Column::new("share"),
        Column::new("use"),
        Column::new("mean_activation"),
        Column::new("value_norm"),
    ]);
    for usage in layers {
        let Some(spec) = model.network.architecture().feed_forward_of(usage.layer) else {
            continue;
        };
        let norms = model.network.value_norms(usage.layer);
        for (rank, place) in usage.usage.order.iter().enumerate() {
            let place = *place as usize;
            let id = spec.named(usage.layer, place);
            numbers.push([
                id.layer.into(),
                id.expert.into(),
                id.neuron.into(),
                (rank + 1).into(),
                usage.share(place).into(),
                usage.usage.mean.get(place).copied().into(),
                usage.activations.get(place).copied().into(),
                norms.get(place).copied().into(),
            ]);
        }
    }
    numbers
}

/// The neurons whose values raise and lower a token most, by the change of its logit; with the shares of use that `layers` have.
pub fn neuron_search(model: &LoadedModel, search: &NeuronSearch, layers: &[NeuronUsage]) -> Bars {
    let found = search.up.iter().chain(search.down.iter().rev());
    let share = |id: NeuronId| {
        let usage = layers.iter().find(|usage| usage.layer == id.layer)?;
        let spec = model.network.architecture().feed_forward_of(id.layer)?;
        Some(usage.share(spec.place(id)?))
    };
    let mut numbers = Table::new([
        Column::new("layer"),
        Column::new("expert"),
        Column::new("neuron"),
        Column::new("change"),
        Column::new("share"),
    ]);
    for (id, change) in found.clone() {
        numbers.push([
            id.layer.into(),
            id.expert.into(),
            id.neuron.into(),
            (*change).into(),
            share(*id).into(),
        ]);
    }
    let bars = found.map(|(id, change)| Bar {
        label: id.to_string(),
        value: f64::from(*change),
        note: format!("{change:+.3}"),
        marked: false,
    });
    Bars {
        kind: "neuron_search",
        title: format!(
            "{}: neurons that promote {}",
            model.name(),
            model.label(search.token)
        ),
        subtitle: "norms and later layers are left out".into(),
        axis: "change of the logit per unit of activation, less the mean over the vocabulary"
            .into(),
        bars: bars.collect(),
        numbers,
        provenance: provenance(model).with("token", search.token as usize),
        ..Bars::default()
    }
}

/// Ranks from 0 that a curve on a logarithmic axis goes through.
fn ranks(count: usize) -> Vec<usize> {
    let Some(last) = count.checked_sub(1) else {
        return Vec::new();
    };
    let mut all: Vec<usize> = (0..POINTS)
        .map(|i| {
            let at = (count as f64).powf(i as f64 / (POINTS - 1) as f64);
            (at.round() as usize).clamp(1, count) - 1
        })
        .collect();
    all.push(last);
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_have_their_first_and_last_points_and_few_between() {
        assert!(ranks(0).is_empty());
        assert_eq!(ranks(1), [0]);
        assert_eq!(ranks(7), [0, 1, 2, 3, 4, 5, 6]);
        let many = ranks(100_000);
        assert!(many.len() <= POINTS && many.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!((many[0], many[many.len() - 1]), (0, 99_999));
    }
}
