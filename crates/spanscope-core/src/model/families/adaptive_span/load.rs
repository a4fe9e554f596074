//! From a checkpoint of an adaptive-span network to its weights.

use super::architecture::NORM;
use super::config::{Config, Inferred, span_name};
use super::spans;
use crate::checkpoint::{Checkpoint, TensorInfo};
use crate::model::ModelError;
use crate::model::architecture::{Architecture, AttentionSpec, LayerSpec};
use crate::model::edits::Edits;
use crate::model::heads::{self, Before, Head, Persistent, Positions, Setting};
use crate::model::kernel::Packed;
use crate::model::load::Loader;
use crate::model::unused::{Unused, further_layer};
use crate::model::weights::{Cluster, Dense, FeedForward, Input, Layer, Network, Output, Span};
use crate::shown::shown;
use std::sync::{Arc, OnceLock};

/// Reads an adaptive-span network.
pub(super) struct Reader<'a> {
    pub base: Loader<'a>,
    /// True if persistent vectors have keys only.
    pub recorded: bool,
    clamped: spans::Clamped,
}

impl Network {
    /// An adaptive-span network; without `reads` all but its spans stays empty.
    pub(in crate::model) fn adaptive_span(
        checkpoint: &Checkpoint,
        inferred: &Inferred,
        reads: bool,
    ) -> Result<Self, ModelError> {
        Reader::new(checkpoint, reads).network(inferred)
    }
}

impl<'a> Reader<'a> {
    pub fn new(checkpoint: &'a Checkpoint, reads: bool) -> Self {
        Self {
            base: Loader::new(checkpoint, reads),
            recorded: false,
            clamped: spans::Clamped::default(),
        }
    }

    fn network(mut self, inferred: &Inferred) -> Result<Network, ModelError> {
        let Inferred { config, assumed } = inferred;
        let mut assumed = assumed.clone();
        let key_pe = self
            .base
            .values("key_pe", &[1, config.head_dim(), config.attn_span])?;
        let architecture = Arc::new(Architecture::from(config));
        let positions = Positions::new(config.head_dim(), config.attn_span, &key_pe);
        let layers = architecture.layers.iter().enumerate();
        let layers = layers
            .map(|(i, spec)| self.layer(config, spec, &positions, i))
            .collect::<Result<Vec<_>, _>>()?;
        let (input, output) = self.input_and_output(config)?;
        let unused = self.unused(config)?;
        assumed.extend(unused.note().map(Into::into));
        assumed.extend(self.base.checkpoint.notes().iter().cloned().map(Into::into));
        assumed.extend(self.clamped.note().map(Into::into));
        assumed.extend(self.base.not_finite().map(Into::into));
        Ok(Network {
            spans: Span::all(&architecture, &layers),
            architecture,
            parts: self.base.parameters.parts(),
            assumed,
            unused: Arc::new(unused),
            input: Arc::new(input),
            output: Arc::new(output),
            layers,
            positions: Arc::new(positions),
            ropes: Arc::default(),
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
        let (used, layers) = (self.base.parameters.used(), config.nb_layers);
        if let Some((name, number)) = further_layer(self.base.checkpoint, used, layers) {
            return Err(ModelError::Layers {
                path: self.base.checkpoint.path().to_owned(),
                what: format!(
                    "tensor {} looks like one of a layer {number}, but layers are called layers.0 to layers.{}: give all layers \
                     names of this form, or leave it out of the file",
                    shown(name),
                    layers - 1
                ),
            });
        }
        let unused = Unused::of(self.base.checkpoint, used, layers)?;
        if config.inner_hidden_size == 0 && config.pers_mem_size == 0 && unused.unknown_count > 0 {
            return Err(ModelError::Layers {
                path: self.base.checkpoint.path().to_owned(),
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
        spec: &LayerSpec,
        positions: &Positions,
        i: usize,
    ) -> Result<Layer, ModelError> {
        let (dim, read) = (config.hidden_size, config.all_heads_dim());
        let name = |part: &str| format!("layers.{i}.attn.proj_{part}.weight");
        let proj = |part: &str| (name(part), read);
        let qkv = self
            .base
            .packed(&[proj("query"), proj("key"), proj("val")], dim)?;
        let out = self.base.packed(&[(name("out"), dim)], read)?;
        let norm = Some(self.base.norm(&format!("layers.{i}.norm1"), NORM, dim)?);
        let before = norm.iter().filter(|_| config.pre_norm && self.base.reads);
        let before = before.flat_map(|norm| Before::of_heads(&qkv, &norm.bias, &spec.attention));
        let before: Vec<Arc<Before>> = before.collect();
        let (norm, around_attention) = match config.pre_norm {
            true => (None, [norm, None]),
            false => (norm, [None, None]),
        };
        let mut around_ff = [None, None];
        let ff = if config.inner_hidden_size > 0 {
            let inner = config.inner_hidden_size;
            let name = |part: &str| format!("layers.{i}.ff.{part}");
            let mut norm = Some(self.base.norm(&format!("layers.{i}.norm2"), NORM, dim)?);
            if config.pre_norm {
                around_ff[0] = norm.take();
            }
            Some(FeedForward {
                fc1: self.base.matrix(name("fc1.weight"), inner, dim)?,
                b1: self.base.values(&name("fc1.bias"), &[inner])?,
                fc2: self.base.matrix(name("fc2.weight"), dim, inner)?,
                b2: self.base.values(&name("fc2.bias"), &[dim])?,
                norm,
                mixture: None,
            })
        } else {
            None
        };
        Ok(Layer {
            mlp_ablated: false,
            neurons_ablated: Vec::new(),
            spec: Arc::new(spec.clone()),
            rope: None,
            heads: self.heads(config, &spec.attention, positions, &before, i)?,
            dense: Arc::new(Dense {
                qkv,
                out,
                norm,
                around_attention,
                around_ff,
                ff,
                ..Dense::default()
            }),
        })
    }

    /// z of every head of a layer, as a share of S.
    fn spans(&mut self, config: &Config, i: usize) -> Result<Vec<f32>, ModelError> {
        let nb_heads = config.nb_heads;
        let checkpoint = self.base.checkpoint;
        let Some(name) = span_name(checkpoint, i) else {
            // What a file of weights lacks is a head of fixed span; a run file says which heads those are.
            if self.recorded && config.adapt_span {
                let name = format!("layers.{i}.attn.attn.adaptive_span._mask.current_val");
                self.base.expect(&name, &[nb_heads, 1, 1])?;
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
        self.base.parameters.add(checkpoint, &name, elements);
        let values = checkpoint.read(&name)?;
        let values = self.clamped.take_in(checkpoint, &name, values)?;
        match values.as_slice() {
            // fairseq's layer-wise variant: one span for all heads.
            [one] => Ok(vec![*one; nb_heads]),
            _ => Ok(values),
        }
    }

    /// A layer's heads; `before` is what each finds before the text, nothing where that is zero.
    pub fn heads(
        &mut self,
        config: &Config,
        spec: &AttentionSpec,
        positions: &Positions,
        before: &[Arc<Before>],
        i: usize,
    ) -> Result<Vec<Head>, ModelError> {
        let limit = config.attn_span;
        let spans = self.spans(config, i)?;
        let persistent = self.persistent(config, i)?;
        let heads = spans.iter().zip(persistent).enumerate();
        let heads = heads.map(|(h, (value, persistent))| {
            let trained = value * limit as f32;
            Setting {
                trained,
                edit: None,
                first: None,
                ablated: false,
                sink: None,
                before: before.get(h).cloned(),
                persistent,
            }
        });
        Ok(heads::of_layer(spec, positions, heads.collect()))
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
        self.base.expect(&key, &[nb_heads, d, n])?;
        let mut names = vec![key.as_str()];
        if !self.recorded {
            self.base.expect(&val, &[nb_heads, n, d])?;
            names.push(&val);
        }
        let recorded = self.recorded;
        self.base.shared_persistent(&names, |loader| {
            let keys = loader.values(&key, &[nb_heads, d, n])?;
            let vals = match recorded {
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

    fn input_and_output(&mut self, config: &Config) -> Result<(Input, Output), ModelError> {
        let dim = config.hidden_size;
        let Some(io) = &config.adapt_io else {
            let vocab = config.vocab_size;
            let plain = |table: Arc<Packed>, bias| Cluster {
                table,
                bias,
                proj: None,
            };
            let input = plain(self.base.matrix("in_emb.weight".into(), vocab, dim)?, None);
            let table = self.base.matrix("out_emb.weight".into(), vocab, dim)?;
            let bias = self.base.values("out_emb.bias", &[vocab])?;
            let norm = match config.pre_norm {
                true => Some(self.base.norm("out_norm", NORM, dim)?),
                false => None,
            };
            let output = Output {
                norm,
                clusters: vec![plain(table, Some(bias))],
                ..Output::default()
            };
            let input = Input {
                clusters: vec![input],
                ..Input::default()
            };
            return Ok((input, output));
        };
        let input = self.clusters(dim, &io.cutoffs, None)?;
        let clusters = self.clusters(dim, &io.cutoffs, Some((io.tied, &input)))?;
        let further = io.cutoffs.len() - 1;
        let cluster_proj = if further > 0 {
            let weight = self
                .base
                .matrix("out_emb.cluster_proj.weight".into(), further, dim)?;
            let bias = match self.base.has("out_emb.cluster_proj.bias")? {
                true => Some(self.base.values("out_emb.cluster_proj.bias", &[further])?),
                false => None,
            };
            Some((weight, bias))
        } else {
            None
        };
        let output = Output {
            clusters,
            cluster_proj,
            ..Output::default()
        };
        let input = Input {
            clusters: input,
            ..Input::default()
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
            let info = self.base.checkpoint.info(&name);
            let width = info.and_then(|info| info.shape.get(1).copied());
            let width = width.unwrap_or(dim);
            if let Some(info) = info.filter(|_| width == 0) {
                let expected = format!("{tokens} rows of one number or more");
                return Err(ModelError::shape(
                    self.base.checkpoint,
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
                    self.base.expect(&name, &[tokens, width])?;
                    Arc::clone(&cluster.table)
                }
                None => self.base.matrix(name, tokens, width)?,
            };
            let name = format!("{}.{c}.bias", side.0);
            let bias = match self.base.has(&name)? {
                true => Some(self.base.values(&name, &[tokens])?),
                false => None,
            };
            let name = format!("{}.{c}", side.1);
            let proj = match (self.base.has(&name)?, output) {
                (false, _) if width == dim => None,
                (false, _) => {
                    self.base.expect(&name, &[dim, width])?;
                    None
                }
                (true, None) => Some(self.base.matrix(name, dim, width)?),
                (true, Some(_)) => {
                    let columns = self.base.values(&name, &[dim, width])?;
                    Some(Arc::new(match self.base.reads {
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
