//! From the files of any causal Transformer to a network: what its configuration says, and the numbers where its family says they lie.

use super::Loader;
use super::rows::FileRows;
use crate::checkpoint::Checkpoint;
use crate::model::ModelError;
use crate::model::architecture::{Architecture, LayerSpec, NormSpec, Order, Position, Rope};
use crate::model::edits::Edits;
use crate::model::families::plan::Plan;
use crate::model::families::sources::{EndSources, LayerSources, Source};
use crate::model::heads::{self, Positions};
use crate::model::kernel::Packed;
use crate::model::parts::PartKind;
use crate::model::unused::Unused;
use crate::model::weights::{
    Cluster, Dense, FeedForward, Input, Layer, Network, Norm, Output, Span,
};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

impl Network {
    /// The network that `plan` describes; without `reads`, only names and shapes are looked at.
    pub(in crate::model) fn from_plan(
        checkpoint: &Checkpoint,
        plan: &Plan<'_>,
        reads: bool,
    ) -> Result<Self, ModelError> {
        Causal {
            base: Loader::new(checkpoint, reads),
            prefixes: plan.prefixes,
        }
        .network(plan)
    }
}

pub(super) struct Causal<'a> {
    pub base: Loader<'a>,
    prefixes: &'a [&'a str],
}

impl Causal<'_> {
    /// The name that a tensor has in the file: with one of the prefixes, or without.
    pub fn find(&self, name: &str) -> String {
        let names = self.prefixes.iter().map(|prefix| format!("{prefix}{name}"));
        let mut names = names.chain([name.to_owned()]);
        let is_there = |name: &String| self.base.checkpoint.info(name).is_some();
        names.find(is_there).unwrap_or_else(|| name.to_owned())
    }

    fn has(&self, name: &str) -> bool {
        self.base.checkpoint.info(&self.find(name)).is_some()
    }

    pub fn values(
        &mut self,
        kind: PartKind,
        name: &str,
        shape: &[usize],
    ) -> Result<Vec<f32>, ModelError> {
        self.base.parameters.kind = Some(kind);
        let name = self.find(name);
        self.base.values(&name, shape)
    }

    fn norm(&mut self, name: &str, spec: NormSpec, width: usize) -> Result<Norm, ModelError> {
        self.base.parameters.kind = Some(PartKind::Norms);
        let name = self.find(&format!("{name}.weight"));
        self.base
            .norm(name.trim_end_matches(".weight"), spec, width)
    }

    fn norms(
        &mut self,
        names: &[Option<String>; 2],
        specs: [Option<NormSpec>; 2],
        width: usize,
    ) -> Result<[Option<Norm>; 2], ModelError> {
        let mut found = [None, None];
        for ((name, spec), found) in names.iter().zip(specs).zip(&mut found) {
            if let (Some(name), Some(spec)) = (name, spec) {
                *found = Some(self.norm(name, spec, width)?);
            }
        }
        Ok(found)
    }

    /// Matrices of `inputs` columns, one below the other, as one for products.
    pub fn matrix(
        &mut self,
        parts: &[(&Source, usize, PartKind)],
        inputs: usize,
    ) -> Result<Arc<Packed>, ModelError> {
        let mut read = Vec::new();
        let mut outputs = 0;
        for (source, count, kind) in parts {
            let name = self.find(&format!("{}.weight", source.name));
            let all = source.of.unwrap_or(*count);
            let shape = match source.transposed {
                true => [inputs, all],
                false => [all, inputs],
            };
            self.base.parameters.kind = Some(*kind);
            self.base.expect_part(&name, &shape, count * inputs)?;
            read.push((name, source, *count));
            outputs += count;
        }
        if !self.base.reads {
            return Ok(Arc::default());
        }
        if let [(name, source, _)] = read.as_slice()
            && !source.transposed
            && source.rows.is_none()
        {
            // What layers share is loaded once.
            let parts = [(name.clone(), outputs)];
            return self
                .base
                .shared_matrix(&[name], |base| base.pack(&parts, inputs));
        }
        let mut rows = FileRows::new(&self.base, inputs);
        for (name, source, count) in &read {
            rows.add_source(name, source, *count)?;
        }
        rows.packed().map(Arc::new)
    }

    /// The biases that belong to some rows.
    pub fn bias(
        &mut self,
        source: &Source,
        count: usize,
        kind: PartKind,
    ) -> Result<Vec<f32>, ModelError> {
        let name = self.find(&format!("{}.bias", source.name));
        let all = source.of.unwrap_or(count);
        self.base.parameters.kind = Some(kind);
        self.base.expect_part(&name, &[all], count)?;
        if !self.base.reads {
            return Ok(Vec::new());
        }
        let values = self.base.read(&name)?;
        let of = |rows: &Range<usize>| values.get(rows.clone()).unwrap_or_default().to_vec();
        Ok(match &source.rows {
            Some(rows) => rows.iter().flat_map(of).collect(),
            None => values,
        })
    }

    fn network(mut self, plan: &Plan<'_>) -> Result<Network, ModelError> {
        let architecture = plan.architecture.clone();
        let mut ropes: Vec<Rope> = Vec::new();
        let mut layers = Vec::with_capacity(architecture.layers.len());
        for (spec, sources) in architecture.layers.iter().zip(&plan.layers) {
            let rope = match &spec.attention.position {
                Position::Rotary(rope) => {
                    Some(match ropes.iter().position(|known| known == rope) {
                        Some(known) => known,
                        None => {
                            ropes.push(rope.clone());
                            ropes.len() - 1
                        }
                    })
                }
                _ => None,
            };
            layers.push(self.layer(&architecture, spec, rope, sources)?);
        }
        let (input, output) = self.input_and_output(&architecture, &plan.ends)?;
        let used = self.base.parameters.used();
        let unused = Unused::beside(
            self.base.checkpoint,
            used,
            plan.buffers,
            architecture.output.tied,
        );
        let mut assumed = plan.assumed.clone();
        assumed.extend(unused.note().map(Into::into));
        assumed.extend(self.base.checkpoint.notes().iter().cloned().map(Into::into));
        assumed.extend(self.base.not_finite().map(Into::into));
        Ok(Network {
            spans: Span::all(&architecture, &layers),
            parts: self.base.parameters.parts(),
            assumed,
            unused: Arc::new(unused),
            input: Arc::new(input),
            output: Arc::new(output),
            layers,
            positions: Arc::new(Positions::new(architecture.head_dim(), 0, &[])),
            ropes: ropes.into(),
            edits: Edits::default(),
            accelerator: OnceLock::new(),
            recorded: false,
            architecture: Arc::new(architecture),
        })
    }

    fn layer(
        &mut self,
        of: &Architecture,
        spec: &LayerSpec,
        rope: Option<usize>,
        at: &LayerSources,
    ) -> Result<Layer, ModelError> {
        let (dim, attention) = (of.width, &spec.attention);
        let d = attention.head_dim;
        let (queries, keys) = (attention.heads * d, attention.kv_heads * d);
        let parts = [
            (&at.query, queries, PartKind::Query),
            (&at.key, keys, PartKind::Key),
            (&at.value, keys, PartKind::Value),
        ];
        let qkv = self.matrix(&parts, dim)?;
        let mut qkv_bias = Vec::new();
        if attention.bias {
            for (source, count, kind) in parts {
                qkv_bias.extend(self.bias(source, count, kind)?);
            }
        }
        let out = self.matrix(&[(&at.output, dim, PartKind::Projection)], queries)?;
        let out_bias = match attention.output_bias {
            true => self.bias(&at.output, dim, PartKind::Projection)?,
            false => Vec::new(),
        };
        let mut query_key_norms = [None, None];
        if let Some(norm) = attention.query_key_norm {
            let names = [&at.query_norm, &at.key_norm];
            for ((name, width), found) in names
                .into_iter()
                .zip([queries, keys])
                .zip(&mut query_key_norms)
            {
                if let Some(name) = name {
                    let width = if norm.over_all { width } else { d };
                    *found = Some(self.norm(name, norm.norm, width)?);
                }
            }
        }
        let [query_norm, key_norm] = query_key_norms;
        let (around_attention, around_ff, after) = match &spec.order {
            Order::Sequence {
                attention,
                feed_forward,
                ..
            } => (*attention, *feed_forward, None),
            Order::Parallel {
                attention,
                feed_forward,
            } => ([Some(*attention), None], [*feed_forward, None], None),
            Order::AfterNorm(norm) => ([None; 2], [None; 2], Some(*norm)),
        };
        let (mut norm, mut ff_norm) = (None, None);
        if let (Some(spec), Some([first, second])) = (after, &at.after_sums) {
            norm = Some(self.norm(first, spec, dim)?);
            ff_norm = Some(self.norm(second, spec, dim)?);
        }
        let sinks = match (&at.sinks, attention.sink) {
            (Some(name), true) => self.values(PartKind::Sinks, name, &[attention.heads])?,
            _ => Vec::new(),
        };
        let dense = Dense {
            qkv,
            qkv_bias,
            query_norm,
            key_norm,
            out,
            out_bias,
            norm,
            around_attention: self.norms(&at.around_attention, around_attention, dim)?,
            around_ff: self.norms(&at.around_ff, around_ff, dim)?,
            ff: self.feed_forward(spec, at, ff_norm, dim)?,
            writes: OnceLock::new(),
            value_norms: OnceLock::new(),
        };
        Ok(Layer {
            heads: heads::designed(of.context, attention, &sinks),
            spec: Arc::new(spec.clone()),
            rope,
            dense: Arc::new(dense),
            mlp_ablated: false,
            neurons_ablated: Vec::new(),
        })
    }

    fn feed_forward(
        &mut self,
        spec: &LayerSpec,
        at: &LayerSources,
        norm: Option<Norm>,
        dim: usize,
    ) -> Result<Option<FeedForward>, ModelError> {
        let Some(of) = &spec.feed_forward else {
            return Ok(None);
        };
        let (inner, kind) = (of.width, PartKind::FeedForward);
        if let (Some(experts), Some(of_experts)) = (&of.experts, &at.experts) {
            let mixture = self.mixture(of_experts, experts.count, inner, dim)?;
            return Ok(Some(FeedForward {
                fc1: Arc::default(),
                b1: Vec::new(),
                fc2: Arc::default(),
                b2: Vec::new(),
                norm,
                mixture: Some(mixture),
            }));
        }
        let mut parts: Vec<(&Source, usize, PartKind)> = Vec::new();
        if let (Some(gate), true) = (&at.gate, of.gated) {
            parts.push((gate, inner, kind));
        }
        parts.push((&at.up, inner, kind));
        let (mut b1, mut b2) = (Vec::new(), Vec::new());
        if of.bias {
            for (source, count, kind) in &parts {
                b1.extend(self.bias(source, *count, *kind)?);
            }
            b2 = self.bias(&at.down, dim, kind)?;
        }
        Ok(Some(FeedForward {
            fc1: self.matrix(&parts, dim)?,
            b1,
            fc2: self.matrix(&[(&at.down, dim, kind)], inner)?,
            b2,
            norm,
            mixture: None,
        }))
    }

    fn input_and_output(
        &mut self,
        of: &Architecture,
        at: &EndSources,
    ) -> Result<(Input, Output), ModelError> {
        let (vocab, dim) = (of.vocab_size, of.width);
        let width = of.input.narrow.unwrap_or(dim);
        let embedding = Source::of(&at.embedding);
        let table = self.matrix(&[(&embedding, vocab, PartKind::Input)], width)?;
        let (mut into, mut back) = (None, None);
        if let (Some(_), Some([first, second])) = (of.input.narrow, &at.narrow) {
            into = Some(self.matrix(&[(&Source::of(first), dim, PartKind::Input)], width)?);
            back = Some(self.matrix(&[(&Source::of(second), width, PartKind::Output)], dim)?);
        }
        let positions = match (of.input.positions, &at.positions) {
            (Some(positions), Some(name)) => {
                let rows = positions.count + positions.first;
                let shape = [rows, dim];
                let mut all =
                    self.values(PartKind::Positions, &format!("{name}.weight"), &shape)?;
                all.drain(..(positions.first * dim).min(all.len()));
                all
            }
            _ => Vec::new(),
        };
        let input_norm = match (of.input.norm, &at.input_norm) {
            (Some(spec), Some(name)) => Some(self.norm(name, spec, dim)?),
            _ => None,
        };
        let norm = match (of.output.norm, &at.norm) {
            (Some(spec), Some(name)) => Some(self.norm(name, spec, dim)?),
            _ => None,
        };
        let head = at
            .head
            .iter()
            .find(|name| self.has(&format!("{name}.weight")));
        let (output, bias) = match head {
            // Where both say that they are one, the input embedding counts.
            Some(name) if !of.output.tied => {
                let source = Source::of(name);
                let table = self.matrix(&[(&source, vocab, PartKind::Output)], width)?;
                let bias = match of.output.bias {
                    true => Some(self.bias(&source, vocab, PartKind::Output)?),
                    false => None,
                };
                (table, bias)
            }
            _ => (Arc::clone(&table), None),
        };
        let cluster = |table, bias, proj| Cluster { table, bias, proj };
        let input = Input {
            clusters: vec![cluster(table, None, into)],
            positions,
            norm: input_norm,
        };
        let output = Output {
            norm,
            clusters: vec![cluster(output, bias, back)],
            cluster_proj: None,
            mean: OnceLock::new(),
        };
        Ok((input, output))
    }
}
