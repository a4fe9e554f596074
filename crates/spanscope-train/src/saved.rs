//! Checkpoints of a run: one `.safetensors` file that every command and the window open as a model, and that holds all that
//! the run needs to go on as if it had never stopped.
//!
//! Beside the weights, under their published names, configuration, vocabulary and curves: `training.optimizer.K.NAME`, what
//! the optimiser remembers; `training.cache.PART.LAYER`, what the last block left; `training.spans`, z of every head at every
//! entry of the curves; and, as metadata `training`, the options, the text's hash and the place in it. There is no random state
//! to keep: every choice follows from the seed and the step.

use super::TrainError;
use super::data::Data;
use super::options::Options;
use super::state::{Numbers, State, VERSION, finite};
use super::trainer::{Entry, Trainer};
use candle_core::Tensor;
use spanscope_core::checkpoint::{
    CURVES, Checkpoint, Curve, Dtype, NamedTensor, SPAN_HISTORY, TRAINING, TRAINING_STATE as STATE,
    curves_to_json, write_safetensors,
};
use spanscope_core::model::{Config, Device, Outline};
use spanscope_core::shown::shown;
use spanscope_core::text::Vocabulary;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name of the checkpoint in a run's folder.
pub const CHECKPOINT: &str = spanscope_core::checkpoint::IN_FOLDER;

/// The inputs that a resumed run needs again.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The path of its text.
    pub data: PathBuf,
    /// Its options.
    pub options: Options,
    /// Its vocabulary.
    pub vocabulary: Vocabulary,
}

impl Trainer {
    /// Writes the checkpoint to `path`: whole, or, when something goes wrong or the process dies, not at all.
    ///
    /// # Errors
    /// When a parameter is not finite, or a step failed because something was not, which is not saved; or the file cannot be
    /// written.
    pub fn save(&mut self, path: &Path) -> Result<(), TrainError> {
        // Weights that are finite still, but lead nowhere, must not replace those of the last checkpoint either.
        if let Some((step, what)) = &self.lost {
            return Err(self.diverged(*step, what.clone()));
        }
        let mut tensors = Vec::new();
        for (name, var) in self.trainee.parameters.iter() {
            tensors.push(named(name.to_owned(), var.as_tensor())?);
        }
        for (name, state) in &self.optimiser.state {
            for (k, tensor) in state.iter().enumerate() {
                tensors.push(named(format!("{STATE}optimizer.{k}.{name}"), tensor)?);
            }
        }
        for (part, cache) in self.caches.iter().enumerate() {
            for (layer, tensor) in cache.iter().enumerate() {
                tensors.push(named(format!("{STATE}cache.{part}.{layer}"), tensor)?);
            }
        }
        let config = self.config();
        if config.adapt_span {
            let spans = self.entries.iter().flat_map(|entry| &entry.spans);
            tensors.push(NamedTensor {
                name: SPAN_HISTORY.into(),
                shape: vec![self.entries.len(), config.nb_layers, config.nb_heads],
                values: spans.copied().collect(),
            });
        }
        // Whatever is not finite, in the weights or beside them, must not replace what is.
        if let Some(tensor) = tensors.iter().find(|tensor| !finite(&tensor.values)) {
            return Err(self.diverged(self.step, format!("tensor {}", tensor.name)));
        }
        let curves = self.curves();
        if let Some(curve) = curves
            .iter()
            .find(|c| !c.values.iter().all(|v| v.is_finite()))
        {
            return Err(self.diverged(self.step, format!("the curve {}", curve.name)));
        }
        if !(self.since_entry.0.is_finite() && self.seconds.is_finite()) {
            return Err(self.diverged(self.step, "the loss".into()));
        }
        let state = State {
            version: VERSION,
            options: self.options.clone(),
            data: self.data.path.clone(),
            data_sha256: self.data.sha256.clone(),
            valid_sha256: Some(self.data.valid_sha256.clone()),
            step: self.step,
            steps: self.options.steps(),
            place: self.place,
            since_entry: self.since_entry,
            entries: self.entries.iter().map(numbers).collect(),
            seconds: self.seconds,
        };
        let metadata = BTreeMap::from([
            ("format".to_owned(), "spanscope".to_owned()),
            ("config".into(), serde_json::json!(config).to_string()),
            (
                "vocabulary".into(),
                self.data.vocabulary.to_json().to_string(),
            ),
            (CURVES.into(), curves_to_json(&curves)),
            (TRAINING.into(), serde_json::json!(state).to_string()),
        ]);
        let tied = self.trainee.parameters.tied();
        write_safetensors(path, &tensors, tied, Dtype::F32, &metadata)?;
        self.saved = Some(self.step);
        Ok(())
    }

    /// Goes on from the checkpoint at `path` as if the run had never stopped. `data` must be the text that it was trained on.
    /// `change` may set options that decide how far and how fast it goes on.
    ///
    /// # Errors
    /// When the file is no checkpoint of a run, is damaged, or belongs to another text.
    pub fn resume(
        path: &Path,
        data: Data,
        device: Device,
        change: impl FnOnce(&mut Options),
    ) -> Result<Self, TrainError> {
        let refused = |what: String| TrainError::Resume {
            path: path.to_owned(),
            what,
        };
        let checkpoint = Checkpoint::open(path)?;
        let (state, vocabulary) = State::of(&checkpoint).map_err(refused)?;
        state.fits(&data).map_err(refused)?;
        if vocabulary != data.vocabulary {
            let what = "the text was cut with another vocabulary than the run's own";
            return Err(refused(what.into()));
        }
        let mut options = state.options;
        change(&mut options);
        // What the options ask memory for must be in the file.
        let config = options.config(data.vocabulary.len())?;
        let outline = Outline::of(&checkpoint, Some(config.adapt_span_ramp))?;
        let own = outline.network().architecture().adaptive_span();
        if let Some((what, weights, told)) = own.and_then(|own| differ(own, &config)) {
            return Err(refused(format!(
                "its weights are those of a network with {what} {weights}, its options those of one with {told}"
            )));
        }
        let mut trainer = Self::new(options, data, device)?;
        let device = trainer.trainee.device.clone();
        let read = |name: &str| -> Result<Tensor, TrainError> {
            let info = checkpoint.info(name);
            let shape = info.map(|info| info.shape.clone()).unwrap_or_default();
            let values = checkpoint.read(name)?;
            if !finite(&values) {
                return Err(refused(format!(
                    "tensor {name} holds infinities or what is no number; go on with an earlier checkpoint"
                )));
            }
            Ok(Tensor::from_vec(values, shape, &device)?)
        };
        for (name, var) in trainer.trainee.parameters.iter() {
            let tensor = read(name)?;
            if tensor.dims() != var.dims() {
                return Err(refused(format!(
                    "tensor {name} has the shape {:?} and the options need {:?}",
                    tensor.dims(),
                    var.dims()
                )));
            }
            var.set(&tensor)?;
            let state = (0..trainer.optimiser.remembered())
                .map(|k| read(&format!("{STATE}optimizer.{k}.{name}")))
                // A parameter that no batch has used yet has nothing to remember.
                .collect::<Result<Vec<_>, _>>();
            match state {
                Ok(state) if state.iter().all(|s| s.dims() == var.dims()) => {
                    trainer.optimiser.state.insert(name.to_owned(), state);
                }
                Ok(_) => {
                    return Err(refused(format!(
                        "the optimiser's state of {name} does not fit it"
                    )));
                }
                Err(_)
                    if checkpoint
                        .info(&format!("{STATE}optimizer.0.{name}"))
                        .is_none() => {}
                Err(error) => return Err(error),
            }
        }
        let limit = trainer.config().attn_span;
        for (part, cache) in trainer.caches.iter_mut().enumerate() {
            for (layer, tensor) in cache.iter_mut().enumerate() {
                let found = read(&format!("{STATE}cache.{part}.{layer}"))?;
                let fits = found.rank() == 3
                    && found.dims()[0] == tensor.dims()[0]
                    && found.dims()[1] <= limit
                    && found.dims()[2] == tensor.dims()[2];
                if !fits {
                    return Err(refused(format!(
                        "the cache of layer {layer} has the shape {:?}",
                        found.dims()
                    )));
                }
                *tensor = found;
            }
        }
        let heads = trainer.config().nb_layers * trainer.config().nb_heads;
        let spans = match trainer.config().adapt_span {
            true => read(SPAN_HISTORY)?.flatten_all()?.to_vec1()?,
            false => Vec::new(),
        };
        if trainer.config().adapt_span && spans.len() != state.entries.len() * heads {
            return Err(refused(format!(
                "tensor {SPAN_HISTORY} holds {} numbers; {} entries of {heads} heads expected",
                spans.len(),
                state.entries.len()
            )));
        }
        let of_entry = |i: usize| {
            spans
                .get(i * heads..(i + 1) * heads)
                .unwrap_or_default()
                .to_vec()
        };
        let entries = state
            .entries
            .into_iter()
            .enumerate()
            .map(|(i, entry)| Entry {
                step: entry.step,
                train_nats: entry.train_nats,
                valid_nats: entry.valid_nats,
                lr: entry.lr,
                spans: of_entry(i),
            });
        trainer.entries = entries.collect();
        trainer.step = state.step;
        trainer.saved = Some(state.step);
        trainer.place = state.place;
        trainer.since_entry = state.since_entry;
        trainer.seconds = state.seconds;
        Ok(trainer)
    }

    /// The inputs of the run at `path`, without its weights.
    ///
    /// # Errors
    /// When the file is no checkpoint of a run.
    pub fn peek(path: &Path) -> Result<Begun, TrainError> {
        let checkpoint = Checkpoint::open(path)?;
        let found = State::of(&checkpoint).map_err(|what| TrainError::Resume {
            path: path.to_owned(),
            what,
        });
        let (state, vocabulary) = found?;
        Ok(Begun {
            data: state.data,
            options: state.options,
            vocabulary,
        })
    }

    /// The curves, under the names of the published log.
    fn curves(&self) -> Vec<Curve> {
        let words = self.data.is_words();
        let in_unit = |nats: f64| {
            if words {
                // Beyond the largest number there is none for a file.
                nats.exp().min(f64::MAX)
            } else {
                nats / std::f64::consts::LN_2
            }
        };
        let unit = if words { "ppl" } else { "bpc" };
        let curve = |name: String, of: &dyn Fn(&Entry) -> f64| Curve {
            name,
            values: self.entries.iter().map(of).collect(),
        };
        let mut curves = vec![
            curve("step".into(), &|entry| entry.step as f64),
            curve(format!("train_{unit}"), &|entry| in_unit(entry.train_nats)),
            curve(format!("val_{unit}"), &|entry| in_unit(entry.valid_nats)),
        ];
        if self.config().adapt_span {
            // The published code logs reaches under these names.
            let ramp = self.config().adapt_span_ramp;
            let limit = self.config().attn_span;
            curves.push(curve("span_avg".into(), &|entry| {
                entry.reach(ramp, limit).0
            }));
            curves.push(curve("span_max".into(), &|entry| {
                entry.reach(ramp, limit).1
            }));
        }
        curves
    }
}

/// The first difference between the architecture of some weights and that of the options: its name, and both values, in words.
fn differ(weights: &Config, told: &Config) -> Option<(&'static str, String, String)> {
    let words = |config: &Config| {
        [
            ("a vocabulary of", config.vocab_size.to_string()),
            ("hidden size", config.hidden_size.to_string()),
            ("heads per layer:", config.nb_heads.to_string()),
            ("layers:", config.nb_layers.to_string()),
            ("span limit", config.attn_span.to_string()),
            ("FFN dimension", config.inner_hidden_size.to_string()),
            ("persistent vectors:", config.pers_mem_size.to_string()),
            ("learned spans:", config.adapt_span.to_string()),
            ("ramp", config.adapt_span_ramp.to_string()),
            ("clusters", format!("{:?}", config.adapt_io)),
        ]
    };
    let mut pairs = words(weights).into_iter().zip(words(told));
    let (a, b) = pairs.find(|(a, b)| a != b)?;
    Some((a.0, shown(&a.1), shown(&b.1)))
}

fn numbers(entry: &Entry) -> Numbers {
    Numbers {
        step: entry.step,
        train_nats: entry.train_nats,
        valid_nats: entry.valid_nats,
        lr: entry.lr,
    }
}

fn named(name: String, tensor: &Tensor) -> Result<NamedTensor, TrainError> {
    Ok(NamedTensor {
        name,
        shape: tensor.dims().to_vec(),
        values: tensor.flatten_all()?.to_vec1()?,
    })
}
