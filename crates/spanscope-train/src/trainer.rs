//! A training run: one step after the other.

use super::TrainError;
use super::data::{Data, Place, Rows, check_length};
use super::network::{Cache, Chance, Trainee};
use super::numbers::wrong;
use super::optimiser::{Optimiser, learning_rate};
use super::options::Options;
use super::parameters::span_name;
use candle_core::{Result as TensorResult, Tensor};
use spanscope_core::model::Ramp;
use spanscope_core::model::{Config, Device, reach};
use std::collections::BTreeMap;
use std::time::Instant;

/// An entry of the training curves.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The step after which it was written.
    pub step: u64,
    /// Mean −log p of the training text since the last entry, in nats per token.
    pub train_nats: f64,
    /// That of the validation text, in nats per token: see [`Trainer::validate`].
    pub valid_nats: f64,
    /// The learning rate.
    pub lr: f64,
    /// z of every head in tokens, by layer; empty for fixed spans.
    pub spans: Vec<f32>,
}

impl Entry {
    /// Mean and longest reach of all heads, in tokens, with a ramp of length R and a limit S; NaN for fixed spans.
    pub fn reach(&self, ramp: Ramp, limit: usize) -> (f64, f64) {
        let reaches = self.spans.iter().map(|z| reach(*z, ramp, limit) as f64);
        let longest = reaches.clone().fold(f64::NAN, f64::max);
        (reaches.sum::<f64>() / self.spans.len() as f64, longest)
    }
}

/// What a step did.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its number, from 1.
    pub step: u64,
    /// Mean −log p over the batch, in nats per token.
    pub nats: f64,
    /// Tokens that it learned from.
    pub tokens: usize,
    /// The entry of the curves that it ended with.
    pub entry: Option<Entry>,
}

/// A run under way.
#[derive(Debug)]
pub struct Trainer {
    pub(super) options: Options,
    pub(super) data: Data,
    pub(super) trainee: Trainee,
    pub(super) optimiser: Optimiser,
    /// Per part of the batch.
    pub(super) caches: Vec<Cache>,
    pub(super) step: u64,
    pub(super) place: Place,
    /// Of the training text since the last entry: Σ −log p, and tokens.
    pub(super) since_entry: (f64, u64),
    pub(super) entries: Vec<Entry>,
    /// Seconds that were spent on steps.
    pub(super) seconds: f64,
    /// The step of the last checkpoint, if there is one.
    pub(super) saved: Option<u64>,
    /// The step that failed because something was not finite any more, and what.
    pub(super) lost: Option<(u64, String)>,
}

impl Trainer {
    /// A new run.
    ///
    /// # Errors
    /// When options contradict each other, the text is too short, or the device does not open.
    pub fn new(options: Options, data: Data, device: Device) -> Result<Self, TrainError> {
        let config = options.config(data.vocabulary.len())?;
        check_length(&data, &options)?;
        let device = device.open()?;
        let trainee = Trainee::new(&options, config, &device)?;
        let rows = options.batch_size / options.batch_split;
        let caches = (0..options.batch_split)
            .map(|_| trainee.cold(rows))
            .collect::<TensorResult<_>>()?;
        Ok(Self {
            optimiser: Optimiser::new(&options),
            trainee,
            caches,
            options,
            data,
            step: 0,
            place: Place::default(),
            since_entry: (0.0, 0),
            entries: Vec::new(),
            seconds: 0.0,
            saved: None,
            lost: None,
        })
    }

    /// What it was told.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The architecture.
    pub fn config(&self) -> &Config {
        &self.trainee.config
    }

    /// What it learns from.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Number of parameters there are.
    pub fn parameters(&self) -> usize {
        self.trainee.parameters.count()
    }

    /// Steps done.
    pub fn step_number(&self) -> u64 {
        self.step
    }

    /// True if all steps are done.
    pub fn is_done(&self) -> bool {
        self.step >= self.options.steps()
    }

    /// The curves so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Seconds that were spent on steps, before it was resumed included.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// z of every head in tokens, by layer, heads of a layer side by side; empty for fixed spans.
    ///
    /// # Errors
    /// When the device fails.
    pub fn spans(&self) -> Result<Vec<f32>, TrainError> {
        let spans = self.trainee.parameters.spans(self.config())?;
        let limit = self.config().attn_span as f32;
        Ok(spans.into_iter().flatten().map(|v| v * limit).collect())
    }

    /// The reach of every head, in tokens.
    ///
    /// # Errors
    /// When the device fails.
    pub fn reaches(&self) -> Result<Vec<usize>, TrainError> {
        let config = self.config();
        if !config.adapt_span {
            return Ok(vec![config.attn_span; config.nb_layers * config.nb_heads]);
        }
        let of = |z: &f32| reach(*z, config.adapt_span_ramp, config.attn_span);
        Ok(self.spans()?.iter().map(of).collect())
    }

    /// Sets z of every head to `share` · S, whatever it has learned: what a head keeps from there on, it keeps because it pays.
    ///
    /// # Errors
    /// When `share` is no number from 0 to 1, spans are fixed, or the device fails.
    pub fn set_spans(&mut self, share: f64) -> Result<(), TrainError> {
        if !(0.0..=1.0).contains(&share) || !self.config().adapt_span {
            let expected = match self.config().adapt_span {
                true => "a number from 0 to 1",
                false => "a run whose spans are learned",
            };
            let name = "--adapt-span-init";
            return Err(TrainError::option(name, share.to_string(), expected.into()));
        }
        for layer in 0..self.config().nb_layers {
            self.trainee.parameters.fill(&span_name(layer), share)?;
        }
        self.options.adapt_span_init = share;
        Ok(())
    }

    /// Learns from the next batch.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite any more, or the device fails. The run must then be resumed from its last
    /// checkpoint, which [`Trainer::save`] does not replace any more.
    pub fn step(&mut self) -> Result<Step, TrainError> {
        let done = self.learn();
        if let Err(TrainError::NotFinite { step, what, .. }) = &done {
            self.lost = Some((*step, what.clone()));
        }
        done
    }

    fn learn(&mut self) -> Result<Step, TrainError> {
        let started = Instant::now();
        let options = &self.options;
        let rows = Rows::new(&self.data.train, options.batch_size);
        let (place, anew) = self.place.next(&rows, options);
        let per_part = options.batch_size / options.batch_split;
        if anew {
            for cache in &mut self.caches {
                *cache = self.trainee.cold(per_part)?;
            }
        }
        let step = self.step + 1;
        let saved = self.saved;
        let not_finite = |what: String| TrainError::not_finite(step, what, saved, options);
        let tokens = options.batch_size * options.block_size;
        let mut gradients: BTreeMap<String, Tensor> = BTreeMap::new();
        let mut sum = 0.0;
        for (part, cache) in self.caches.iter_mut().enumerate() {
            let range = part * per_part..(part + 1) * per_part;
            let Some(block) = rows.block(range, place.at, options.block_size) else {
                return Err(TrainError::Device(wrong(
                    "the text ended within a batch".into(),
                )));
            };
            let chance = Chance {
                seed: options.seed,
                step: step
                    .wrapping_mul(options.batch_split as u64)
                    .wrapping_add(part as u64),
            };
            let (loss, next) =
                self.trainee
                    .loss(&block.ids, &block.targets, cache, Some(chance))?;
            sum += f64::from(loss.to_scalar::<f32>()?);
            *cache = next;
            if !sum.is_finite() {
                return Err(not_finite("the loss".into()));
            }
            let mut loss = (loss / tokens as f64)?;
            if part == 0
                && options.adapt_span_loss > 0.0
                && let Some(spans) = self.trainee.mean_spans()?
            {
                loss = (loss + (spans * options.adapt_span_loss)?)?;
            }
            let found = loss.backward()?;
            for (name, var) in self.trainee.parameters.iter() {
                let Some(gradient) = found.get(var.as_tensor()) else {
                    continue;
                };
                let sum = match gradients.remove(name) {
                    Some(sum) => (sum + gradient)?,
                    None => gradient.clone(),
                };
                gradients.insert(name.to_owned(), sum);
            }
        }
        let lr = learning_rate(options, step);
        let mut moves = Vec::with_capacity(gradients.len());
        for (name, var) in self.trainee.parameters.iter() {
            if let Some(gradient) = gradients.get(name) {
                moves.push((name, var, gradient.detach().contiguous()?));
            }
        }
        if let Some(name) = self.optimiser.update(&moves, lr, step)? {
            let what = format!("the gradient of {name}");
            return Err(self.diverged(step, what));
        }
        if self.trainee.config.adapt_span {
            for (name, var) in self.trainee.parameters.iter() {
                if name.ends_with(SPAN) {
                    var.set(&var.as_tensor().clamp(0.0_f32, 1.0_f32)?.contiguous()?)?;
                }
            }
        }
        self.step = step;
        self.place = Place {
            at: place.at + self.options.block_size,
            ..place
        };
        self.since_entry.0 += sum;
        self.since_entry.1 += tokens as u64;
        let entry = match step % self.options.nb_batches {
            0 => Some(self.entry(lr)?),
            _ => None,
        };
        self.seconds += started.elapsed().as_secs_f64();
        Ok(Step {
            step,
            nats: sum / tokens as f64,
            tokens,
            entry,
        })
    }

    /// The error of a run that has numbers which are not finite any more.
    pub(super) fn diverged(&self, step: u64, what: String) -> TrainError {
        TrainError::not_finite(step, what, self.saved, &self.options)
    }

    fn entry(&mut self, lr: f64) -> Result<Entry, TrainError> {
        let (sum, tokens) = std::mem::take(&mut self.since_entry);
        let entry = Entry {
            step: self.step,
            train_nats: sum / tokens as f64,
            valid_nats: self.validate()?,
            lr,
            spans: self.spans()?,
        };
        let losses = [
            ("training", entry.train_nats),
            ("validation", entry.valid_nats),
        ];
        if let Some((part, _)) = losses.iter().find(|(_, nats)| !nats.is_finite()) {
            return Err(self.diverged(self.step, format!("the {part} loss")));
        }
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Mean −log p over the validation text, in nats per token. It is read in rows side by side: as many as a batch has, or
    /// fewer, so that each is at least four blocks long, and four times S up to an S of 1,024. Each row starts cold. The first
    /// token of a row, and what is left where the rows do not come out even, is predicted by nothing and does not count.
    ///
    /// # Errors
    /// When the device fails.
    pub fn validate(&self) -> Result<f64, TrainError> {
        let block_size = self.options.block_size;
        // Rows of at least some blocks: else most tokens would lack their context.
        let rows = self.data.valid.len() / (4 * block_size.max(self.config().attn_span.min(1024)));
        let count = rows.clamp(1, self.options.batch_size);
        let rows = Rows::new(&self.data.valid, count);
        let mut cache = self.trainee.cold(count)?;
        let (mut sum, mut tokens, mut at) = (0.0, 0, 0);
        while let Some(block) = rows.block(0..count, at, block_size) {
            let (loss, next) = self
                .trainee
                .loss(&block.ids, &block.targets, &cache, None)?;
            sum += f64::from(loss.to_scalar::<f32>()?);
            cache = next;
            tokens += block.ids.len();
            at += block_size;
        }
        Ok(sum / tokens as f64)
    }
}

/// How the names of spans end.
const SPAN: &str = "_mask.current_val";
