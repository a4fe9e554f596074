//! From a checkpoint to a network: every tensor looked up by name, its shape checked, its numbers laid out.

mod recorded;
mod shared;

use super::ModelError;
use super::config::{Config, infer, span_name};
use super::edits::Edits;
use super::heads::{self, Head, Persistent, Positions, Setting};
use super::kernel::Packed;
use super::parts::Count;
use super::spans;
use super::unused::{Unused, further_layer};
use super::weights::{Cluster, Dense, FeedForward, Layer, Network, Norm, Output, Span};
use crate::checkpoint::{Checkpoint, TensorInfo};
use crate::shown::shown;
use shared::Shared;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

impl Network {
    /// Loads every weight; `ramp` overrides R.
    ///
    /// # Errors
    /// When a tensor is missing or its shape does not fit; the error names it.
    pub fn load(checkpoint: &Checkpoint, ramp: Option<usize>) -> Result<Self, ModelError> {
        // All names and shapes first: what does not fit together is refused before weights take any memory.
        Self::outline(checkpoint, ramp)?;
        Loader::new(checkpoint, true).network(ramp)
    }
}

impl Network {
    /// A network without weights: names and shapes of all tensors are checked, but only the spans are read, which is as
    /// fast for a large file as for a small one. It knows its architecture and its spans, and cannot run.
    ///
    /// # Errors
    /// As [`Network::load`], but for what shows only when the weights are read.
    pub fn outline(checkpoint: &Checkpoint, ramp: Option<usize>) -> Result<Self, ModelError> {
        Loader::new(checkpoint, false).network(ramp)
    }
}

/// Most numbers of a network whose tensors repeat them: an expanded view is small in the file whatever it is in memory.
const MOST_REPEATED: usize = 1 << 20;

struct Loader<'a> {
    checkpoint: &'a Checkpoint,
    /// Whether to read weights; else all but the spans stay empty.
    reads: bool,
    /// Whether persistent vectors have keys only.
    recorded: bool,
    parameters: Count,
    shared: Shared,
    /// How many bytes may still be copied out of the file.
    left: usize,
    /// Numbers of the tensors that repeat theirs.
    repeated: usize,
    /// The first tensor that holds infinities or what is no number.
    not_finite: Mutex<Option<String>>,
    clamped: spans::Clamped,
}

impl<'a> Loader<'a> {
    fn new(checkpoint: &'a Checkpoint, reads: bool) -> Self {
        Self {
            checkpoint,
            reads,
            recorded: false,
            parameters: Count::default(),
            shared: Shared::default(),
            left: checkpoint.most_bytes(),
            repeated: 0,
            not_finite: Mutex::new(None),
            clamped: spans::Clamped::default(),
        }
    }

    /// Whether there is a tensor that a network need not have.
    ///
    /// # Errors
    /// When there is, in a form that is not read.
    fn has(&self, name: &str) -> Result<bool, ModelError> {
        match self.checkpoint.unread().contains_key(name) {
            true => Err(ModelError::missing(self.checkpoint, name)),
            false => Ok(self.checkpoint.info(name).is_some()),
        }
    }

    /// Checks that a tensor is there and has `shape`, and counts its parameters.
    fn expect(&mut self, name: &str, shape: &[usize]) -> Result<(), ModelError> {
        let checkpoint = self.checkpoint;
        let info = checkpoint
            .info(name)
            .ok_or_else(|| ModelError::missing(checkpoint, name))?;
        if info.shape != shape {
            let expected = format!("{shape:?}");
            return Err(ModelError::shape(checkpoint, name, &info.shape, &expected));
        }
        if checkpoint.repeats(name) {
            self.repeated = self.repeated.saturating_add(info.elements());
            if self.repeated > MOST_REPEATED {
                return Err(ModelError::Config {
                    path: checkpoint.path().to_owned(),
                    what: format!(
                        "tensor {name} of the shape {shape:?} repeats a few numbers of the file, and with such tensors it would take \
                         {} numbers; at most {MOST_REPEATED} expected",
                        self.repeated
                    ),
                });
            }
        }
        self.parameters.add(checkpoint, name, info.elements());
        Ok(())
    }

    fn note_not_finite(&self, name: &str) {
        let first = self.not_finite.lock();
        first
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| name.to_owned());
    }

    /// The numbers of a tensor, row-major; nothing where weights are not read.
    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        self.expect(name, shape)?;
        self.take(name, shape.iter().product())?;
        if !self.reads {
            return Ok(Vec::new());
        }
        let tensor = self.checkpoint.tensor(name)?;
        let mut values = vec![0.0; tensor.len()];
        if !tensor.read_range_finite(0, &mut values) {
            self.note_not_finite(name);
        }
        Ok(values)
    }

    /// Matrices of `inputs` columns one below the other, as one for products; layers may share it.
    fn packed(
        &mut self,
        parts: &[(String, usize)],
        inputs: usize,
    ) -> Result<Arc<Packed>, ModelError> {
        for (name, outputs) in parts {
            self.expect(name, &[*outputs, inputs])?;
        }
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        self.shared_matrix(&names, |loader| loader.pack(parts, inputs))
    }

    fn pack(&self, parts: &[(String, usize)], inputs: usize) -> Result<Packed, ModelError> {
        if !self.reads {
            return Ok(Packed::default());
        }
        let tensors = parts
            .iter()
            .map(|(name, outputs)| Ok((self.checkpoint.tensor(name)?, name, *outputs)))
            .collect::<Result<Vec<_>, ModelError>>()?;
        let outputs = parts.iter().map(|(_, outputs)| outputs).sum();
        let loader = self;
        Packed::new(outputs, inputs, |first, rows| {
            // The part that the first row lies in, and where; rows may go on in the next part.
            let (mut at, mut rest) = (first, rows);
            for (tensor, name, outputs) in &tensors {
                let here = outputs.saturating_sub(at).min(rest.len() / inputs);
                let (now, later) = rest.split_at_mut(here * inputs);
                if !tensor.read_range_finite(at * inputs, now) {
                    loader.note_not_finite(name);
                }
                at = at.saturating_sub(*outputs);
                rest = later;
            }
            Ok(())
        })
    }

    fn matrix(
        &mut self,
        name: String,
        outputs: usize,
        inputs: usize,
    ) -> Result<Arc<Packed>, ModelError> {
        self.packed(&[(name, outputs)], inputs)
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.values(&format!("{name}.weight"), &[width])?,
            bias: self.values(&format!("{name}.bias"), &[width])?,
        })
    }

    fn network(mut self, ramp: Option<usize>) -> Result<Network, ModelError> {
        let (config, mut assumed) = infer(self.checkpoint, ramp)?;
        let key_pe = self.values("key_pe", &[1, config.head_dim(), config.attn_span])?;
        let positions = Positions::new(&config, &key_pe);
        let layers = (0..config.nb_layers)
            .map(|i| self.layer(&config, &positions, i))
            .collect::<Result<Vec<_>, _>>()?;
        let (input, output) = self.input_and_output(&config)?;
        let unused = self.unused(&config)?;
        assumed.extend(unused.note());
        assumed.extend(self.checkpoint.notes().iter().cloned());
        assumed.extend(self.clamped.note());
        let not_finite = self.not_finite.into_inner();
        if let Some(name) = not_finite.unwrap_or_else(PoisonError::into_inner) {
            assumed.push(format!(
                "usable although tensor {name} holds infinities or what is no number: so may all results; the training \
                 may have diverged"
            ));
        }
        Ok(Network {
            config,
            spans: Span::all(&layers),
            parts: self.parameters.parts(),
            assumed,
            unused: Arc::new(unused),
            input: input.into(),
            output: Arc::new(output),
            layers,
            positions: Arc::new(positions),
            edits: Edits::default(),
            accelerator: OnceLock::new(),
            recorded: false,
        })
    }

    /// What the file holds beside the network.
    ///
    /// # Errors
    /// When a further layer seems to be left over; or when the layers have neither feed-forward sublayers nor persistent vectors
    /// and something else is: that may be they, in a form or under names that are not known.
    fn unused(&self, config: &Config) -> Result<Unused, ModelError> {
        let (used, layers) = (self.parameters.used(), config.nb_layers);
        if let Some((name, number)) = further_layer(self.checkpoint, used, layers) {
            return Err(ModelError::Layers {
                path: self.checkpoint.path().to_owned(),
                what: format!(
                    "tensor {} looks like one of a layer {number}, but layers are called layers.0 to layers.{}: give all layers \
                     names of this form, or leave it out of the file",
                    shown(name),
                    layers - 1
                ),
            });
        }
        let unused = Unused::of(self.checkpoint, used, layers)?;
        if config.inner_hidden_size == 0 && config.pers_mem_size == 0 && unused.unknown_count > 0 {
            return Err(ModelError::Layers {
                path: self.checkpoint.path().to_owned(),
                what: format!(
                    "its layers have neither feed-forward sublayers (layers.0.ff.fc1.weight) nor persistent vectors, and it is \
                     not known what these tensors are: {}; save the state dict of the plain module",
                    unused.some_unknown()
                ),
            });
        }
        Ok(unused)
    }

    fn layer(
        &mut self,
        config: &Config,
        positions: &Positions,
        i: usize,
    ) -> Result<Layer, ModelError> {
        let dim = config.hidden_size;
        let proj = |part: &str| (format!("layers.{i}.attn.proj_{part}.weight"), dim);
        let qkv = self.packed(&[proj("query"), proj("key"), proj("val")], dim)?;
        let out = self.packed(&[proj("out")], dim)?;
        let ff = if config.inner_hidden_size > 0 {
            let inner = config.inner_hidden_size;
            let name = |part: &str| format!("layers.{i}.ff.{part}");
            Some(FeedForward {
                fc1: self.matrix(name("fc1.weight"), inner, dim)?,
                b1: self.values(&name("fc1.bias"), &[inner])?,
                fc2: self.matrix(name("fc2.weight"), dim, inner)?,
                b2: self.values(&name("fc2.bias"), &[dim])?,
                norm: self.norm(&format!("layers.{i}.norm2"), dim)?,
            })
        } else {
            None
        };
        Ok(Layer {
            heads: self.heads(config, positions, i)?,
            dense: Arc::new(Dense {
                qkv,
                out,
                norm: self.norm(&format!("layers.{i}.norm1"), dim)?,
                ff,
            }),
        })
    }

    /// z of every head of a layer, as a share of S.
    fn spans(&mut self, config: &Config, i: usize) -> Result<Vec<f32>, ModelError> {
        let nb_heads = config.nb_heads;
        let checkpoint = self.checkpoint;
        let Some(name) = span_name(checkpoint, i) else {
            // What a file of weights lacks is a head of fixed span; a run file says which heads those are.
            if self.recorded && config.adapt_span {
                let name = format!("layers.{i}.attn.attn.adaptive_span._mask.current_val");
                self.expect(&name, &[nb_heads, 1, 1])?;
            }
            return Ok(vec![1.0; nb_heads]);
        };
        let shape = checkpoint
            .info(&name)
            .map(|info| info.shape.clone())
            .unwrap_or_default();
        let elements = checkpoint.info(&name).map_or(0, TensorInfo::elements);
        if elements != 1 && elements != nb_heads {
            let expected = format!("one value or {nb_heads}, one per head");
            return Err(ModelError::shape(checkpoint, &name, &shape, &expected));
        }
        self.parameters.add(checkpoint, &name, elements);
        let values = checkpoint.read(&name)?;
        let values = self.clamped.take_in(checkpoint, &name, values)?;
        match values.as_slice() {
            // fairseq's layer-wise variant: one span for all heads.
            [one] => Ok(vec![*one; nb_heads]),
            _ => Ok(values),
        }
    }

    fn heads(
        &mut self,
        config: &Config,
        positions: &Positions,
        i: usize,
    ) -> Result<Vec<Head>, ModelError> {
        let limit = config.attn_span;
        let spans = self.spans(config, i)?;
        let persistent = self.persistent(config, i)?;
        let heads = spans.iter().zip(persistent).map(|(value, persistent)| {
            let trained = value * limit as f32;
            Setting {
                trained,
                span: trained,
                silenced: false,
                persistent,
            }
        });
        Ok(heads::of_layer(config, positions, heads.collect()))
    }

    /// The persistent vectors of a layer's heads: none of each, if there are none.
    fn persistent(
        &mut self,
        config: &Config,
        i: usize,
    ) -> Result<Vec<Arc<Persistent>>, ModelError> {
        let (nb_heads, d, n) = (config.nb_heads, config.head_dim(), config.pers_mem_size);
        if n == 0 {
            let none = Arc::new(Persistent::new(&[], &[], d));
            return Ok(vec![none; nb_heads]);
        }
        let name = |part: &str| format!("layers.{i}.attn.attn.persistent_memory.{part}");
        let (key, val) = (name("key"), name("val"));
        self.expect(&key, &[nb_heads, d, n])?;
        let mut names = vec![key.as_str()];
        if !self.recorded {
            self.expect(&val, &[nb_heads, n, d])?;
            names.push(&val);
        }
        self.shared_persistent(&names, |loader| {
            let keys = loader.values(&key, &[nb_heads, d, n])?;
            let vals = match loader.recorded {
                true => Vec::new(),
                false => loader.values(&val, &[nb_heads, n, d])?,
            };
            let heads = (0..nb_heads).map(|h| {
                let persistent = Persistent::new(
                    keys.get(h * d * n..(h + 1) * d * n).unwrap_or_default(),
                    vals.get(h * n * d..(h + 1) * n * d).unwrap_or_default(),
                    d,
                );
                Arc::new(persistent)
            });
            Ok(heads.collect())
        })
    }

    fn input_and_output(&mut self, config: &Config) -> Result<(Vec<Cluster>, Output), ModelError> {
        let dim = config.hidden_size;
        let Some(io) = &config.adapt_io else {
            let vocab = config.vocab_size;
            let plain = |table: Arc<Packed>, bias| Cluster {
                table,
                bias,
                proj: None,
            };
            let input = plain(self.matrix("in_emb.weight".into(), vocab, dim)?, None);
            let table = self.matrix("out_emb.weight".into(), vocab, dim)?;
            let bias = self.values("out_emb.bias", &[vocab])?;
            let output = Output {
                clusters: vec![plain(table, Some(bias))],
                cluster_proj: None,
            };
            return Ok((vec![input], output));
        };
        let input = self.clusters(dim, &io.cutoffs, None)?;
        let clusters = self.clusters(dim, &io.cutoffs, Some((io.tied, &input)))?;
        let further = io.cutoffs.len() - 1;
        let cluster_proj = if further > 0 {
            let weight = self.matrix("out_emb.cluster_proj.weight".into(), further, dim)?;
            let bias = match self.has("out_emb.cluster_proj.bias")? {
                true => Some(self.values("out_emb.cluster_proj.bias", &[further])?),
                false => None,
            };
            Some((weight, bias))
        } else {
            None
        };
        let output = Output {
            clusters,
            cluster_proj,
        };
        Ok((input, output))
    }

    /// The clusters of the input or, given whether it is tied to the input, of the output.
    fn clusters(
        &mut self,
        dim: usize,
        cutoffs: &[usize],
        output: Option<(bool, &[Cluster])>,
    ) -> Result<Vec<Cluster>, ModelError> {
        let side = match output {
            None => ("in_emb.emb_layers", "in_emb.emb_projs"),
            Some(_) => ("out_emb.out_layers", "out_emb.out_projs"),
        };
        let mut start = 0;
        let mut clusters = Vec::new();
        for (c, &end) in cutoffs.iter().enumerate() {
            let name = format!("{}.{c}.weight", side.0);
            let tokens = end - start;
            let info = self.checkpoint.info(&name);
            let width = info.and_then(|info| info.shape.get(1).copied());
            let width = width.unwrap_or(dim);
            if let Some(info) = info.filter(|_| width == 0) {
                let expected = format!("{tokens} rows of one number or more");
                return Err(ModelError::shape(
                    self.checkpoint,
                    &name,
                    &info.shape,
                    &expected,
                ));
            }
            let shared = match output {
                Some((true, input)) => input.get(c).filter(|c| c.table.inputs() == width),
                _ => None,
            };
            let table = match shared {
                Some(cluster) => {
                    self.expect(&name, &[tokens, width])?;
                    Arc::clone(&cluster.table)
                }
                None => self.matrix(name, tokens, width)?,
            };
            let name = format!("{}.{c}.bias", side.0);
            let bias = match self.has(&name)? {
                true => Some(self.values(&name, &[tokens])?),
                false => None,
            };
            let name = format!("{}.{c}", side.1);
            let proj = match (self.has(&name)?, output) {
                (false, _) if width == dim => None,
                (false, _) => {
                    self.expect(&name, &[dim, width])?;
                    None
                }
                (true, None) => Some(self.matrix(name, dim, width)?),
                (true, Some(_)) => {
                    let columns = self.values(&name, &[dim, width])?;
                    Some(Arc::new(match self.reads {
                        true => Packed::from_columns(&columns, width, dim, 1.0),
                        false => Packed::default(),
                    }))
                }
            };
            clusters.push(Cluster { table, bias, proj });
            start = end;
        }
        Ok(clusters)
    }
}
