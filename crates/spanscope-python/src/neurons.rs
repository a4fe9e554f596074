//! The use of neurons over a run: columns with a number for each neuron, and for each layer.

use crate::array::Array;
use crate::work::Progress;
use pyo3::prelude::*;
use rayon::prelude::*;
use spanscope::analysis::logit_lens::promoted_along;
use spanscope::analysis::{NeuronRecorder, NeuronUsage};
use spanscope::engine::FinishedRun;
use spanscope::model::{BLOCK, Cancel, Device, ModelError, NeuronId};

/// What is asked for.
pub(crate) struct Wanted {
    /// One layer; all of them, where none is named.
    pub layer: Option<usize>,
    /// The most used neurons of each layer; all of them, by their number, where it is not said how many.
    pub most: Option<usize>,
    /// Tokens that are listed as raised, and as lowered, by each neuron's value.
    pub promotes: usize,
}

/// Names of the tokens that a value raises, and of those that it lowers.
type Promoted = (Vec<String>, Vec<String>);

/// What a text makes of neurons.
#[derive(Default)]
pub(crate) struct Found {
    layers: Vec<NeuronUsage>,
    ids: Vec<NeuronId>,
    /// Of each neuron: use, share of the layer's, mean |c|, norm of the value.
    numbers: [Vec<f32>; 4],
    never: Vec<bool>,
    users: Vec<(Vec<usize>, Vec<f32>)>,
    promoted: Vec<Promoted>,
}

/// Measures; the error is in words.
pub(crate) fn measure(
    run: &FinishedRun,
    wanted: &Wanted,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Found, String> {
    let model = run.model();
    let network = &model.network;
    let architecture = network.architecture();
    if model.recorded.is_some() {
        return Err(ModelError::Recorded.to_string());
    }
    if architecture.all_neurons() == 0 {
        return Err(
            "the model has no feed-forward sublayers, and so no neurons: run.persistent() has its persistent vectors"
                .into(),
        );
    }
    let layers: Vec<usize> = match wanted.layer {
        Some(layer) if architecture.neurons(layer) == 0 => {
            return Err(format!(
                "layer={layer}: there is no such layer with neurons; layers go from 0 to {}",
                architecture.nb_layers().saturating_sub(1)
            ));
        }
        Some(layer) => vec![layer],
        None => (0..architecture.nb_layers()).collect(),
    };
    if network.device() != Device::Cpu {
        return Err("the use of neurons is measured on the CPU only".into());
    }
    let recorder = NeuronRecorder::new(architecture);
    let (of, kept) = run.at_hand();
    let mut from = kept.start;
    progress.set(0, kept.len());
    while from < kept.end {
        let to = (from + BLOCK).min(kept.end);
        match of.again(from, to, cancel, &recorder) {
            Ok(true) => from = to,
            Ok(false) => return Err("the run keeps too little of its text for that".into()),
            Err(error) => return Err(error.to_string()),
        }
        progress.set(from - kept.start, kept.len());
    }
    let mut found = Found::default();
    for layer in layers {
        let Some(usage) = recorder.usage(network, layer, kept.len()) else {
            continue;
        };
        let Some(spec) = architecture.feed_forward_of(layer) else {
            continue;
        };
        let places: Vec<usize> = match wanted.most {
            Some(most) => {
                let order = usage.usage.order.iter().take(most);
                order.map(|place| *place as usize).collect()
            }
            None => (0..usage.count()).collect(),
        };
        let norms = network.value_norms(layer);
        let at = |of: &[f32], place: usize| of.get(place).copied().unwrap_or(0.0);
        for place in &places {
            let id = spec.named(layer, *place);
            found.ids.push(id);
            let numbers = [
                at(&usage.usage.mean, *place),
                usage.share(*place),
                at(&usage.activations, *place),
                at(norms, *place),
            ];
            for (column, number) in found.numbers.iter_mut().zip(numbers) {
                column.push(number);
            }
            found.never.push(usage.is_never_used(*place));
            // Positions in the text.
            let users = recorder.users(architecture, id).into_iter();
            found.users.push(users.unzip());
        }
        if wanted.promotes > 0 {
            let of = |place: &usize| -> Option<Promoted> {
                cancel.check().ok()?;
                let value = network.neuron_value(spec.named(layer, *place))?;
                let found = promoted_along(network, &value, wanted.promotes);
                let names = |list: Vec<(u32, f32)>| {
                    let ids = list.into_iter();
                    ids.map(|(id, _)| model.label(id)).collect()
                };
                Some((names(found.up), names(found.down)))
            };
            let promoted: Option<Vec<Promoted>> = places.par_iter().map(of).collect();
            let promoted = promoted.ok_or_else(|| ModelError::Cancelled.to_string())?;
            found.promoted.extend(promoted);
        }
        found.layers.push(usage);
    }
    Ok(found)
}

/// What a text makes of neurons, as columns.
#[pyclass(frozen)]
pub(crate) struct Neurons {
    found: Found,
}

impl Neurons {
    pub fn new(found: Found) -> Self {
        Self { found }
    }
}

#[pymethods]
impl Neurons {
    /// Layer, expert (none where there are no experts) and number of each neuron.
    fn ids(&self) -> Vec<(usize, Option<usize>, usize)> {
        let ids = self.found.ids.iter();
        ids.map(|id| (id.layer, id.expert, id.neuron)).collect()
    }

    /// Use, share of the layer's use, mean |c| and norm of the value: 4 × neurons.
    fn numbers(&self) -> Array {
        let numbers = self.found.numbers.concat();
        let shape = vec![4, self.found.ids.len()];
        Array::of(numbers, shape)
    }

    /// True of each neuron with less than 1 % of an even share.
    fn never(&self) -> Vec<bool> {
        self.found.never.clone()
    }

    /// The tokens that use each neuron most, and their activations.
    fn users(&self) -> Vec<(Vec<usize>, Vec<f32>)> {
        self.found.users.clone()
    }

    /// The tokens that each neuron's value raises, and lowers, most first.
    fn promoted(&self) -> Vec<(Vec<String>, Vec<String>)> {
        self.found.promoted.clone()
    }

    /// By layer: its number, neurons, use, effective number, never used, and how many hold 50 and 90 % of the use.
    fn layers(&self) -> Vec<(usize, usize, f32, f32, usize, usize, usize)> {
        let of = |of: &NeuronUsage| {
            (
                of.layer,
                of.count(),
                of.total,
                of.usage.effective,
                of.usage.never,
                of.holding(0.5),
                of.holding(0.9),
            )
        };
        self.found.layers.iter().map(of).collect()
    }
}
