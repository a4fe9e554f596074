//! A network's parameters, counted by what they are for.

use crate::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};

/// The purpose of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// The input embedding, projections of adaptive input included.
    Input,
    /// Position embeddings: one set for all layers and heads.
    Positions,
    /// Projections to queries, of all layers.
    Query,
    /// Projections to keys.
    Key,
    /// Projections to values.
    Value,
    /// Output projections of the attention.
    Projection,
    /// Spans: one per head, or one per layer.
    Spans,
    /// Persistent vectors: keys and values.
    Persistent,
    /// Feed-forward sublayers.
    FeedForward,
    /// Scales and shifts of the norms.
    Norms,
    /// The output embedding, with biases, projections and the logits of clusters.
    Output,
    /// Learned sinks: one per head.
    Sinks,
}

impl PartKind {
    /// All kinds, in the order in which a token meets them.
    pub const ALL: [Self; 12] = [
        Self::Input,
        Self::Positions,
        Self::Query,
        Self::Key,
        Self::Value,
        Self::Projection,
        Self::Spans,
        Self::Persistent,
        Self::FeedForward,
        Self::Norms,
        Self::Output,
        Self::Sinks,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input embedding",
            Self::Positions => "position embeddings",
            Self::Query => "query projections",
            Self::Key => "key projections",
            Self::Value => "value projections",
            Self::Projection => "attention output projections",
            Self::Spans => "spans",
            Self::Sinks => "learned sinks",
            Self::Persistent => "persistent vectors",
            Self::FeedForward => "feed-forward sublayers",
            Self::Norms => "layer norms",
            Self::Output => "output embedding",
        }
    }

    /// The purpose of the tensor of this name.
    fn of(name: &str) -> Self {
        // Tensors of a layer end in what they are, after "layers.i.".
        let inside = name
            .strip_prefix("layers.")
            .and_then(|rest| rest.split_once('.'))
            .map_or("", |(_, inside)| inside);
        match name {
            "key_pe" => Self::Positions,
            _ if name.starts_with("in_emb.") => Self::Input,
            _ if name.starts_with("out_emb.") => Self::Output,
            // Also the second name, within the persistent vectors.
            _ if inside.ends_with("current_val") => Self::Spans,
            _ if inside.contains("persistent_memory.") => Self::Persistent,
            _ if inside.contains("proj_query") => Self::Query,
            _ if inside.contains("proj_key") => Self::Key,
            _ if inside.contains("proj_val") => Self::Value,
            _ if inside.contains("proj_out") => Self::Projection,
            _ if inside.starts_with("ff.") => Self::FeedForward,
            _ => Self::Norms,
        }
    }
}

/// A part of a network, with the count of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The purpose of its parameters.
    pub kind: PartKind,
    /// Trained parameters of its own; over all parts they add up to the network's.
    pub parameters: u64,
    /// Further parameters that it shares with the input embedding, where they are counted. Only an output embedding has any.
    pub shared: u64,
}

/// Counts parameters while a network is loaded, and keeps which tensors it has used.
#[derive(Debug, Default)]
pub(super) struct Count {
    numbers: [(u64, u64); PartKind::ALL.len()],
    used: BTreeSet<String>,
    seen: HashSet<usize>,
    /// The purpose of the tensors that are counted now, where their names do not say it.
    pub kind: Option<PartKind>,
}

impl Count {
    /// Counts the tensor `name` with its `elements`; numbers that were counted under another name are not counted again.
    pub fn add(&mut self, checkpoint: &Checkpoint, name: &str, elements: usize) {
        let number = checkpoint.view_number(name);
        let is_new = number.is_none_or(|number| self.seen.insert(number));
        self.used.insert(name.to_owned());
        let kind = self.kind.unwrap_or_else(|| PartKind::of(name));
        let place = &mut self.numbers[kind as usize];
        let shared = twin(name).is_some_and(|twin| checkpoint.same_storage(name, &twin));
        if shared {
            place.1 += elements as u64;
        } else if is_new {
            place.0 += elements as u64;
        }
    }

    /// Counts some `elements` of the tensor `name`.
    pub fn add_part(&mut self, name: &str, elements: usize) {
        self.used.insert(name.to_owned());
        let kind = self.kind.unwrap_or_else(|| PartKind::of(name));
        self.numbers[kind as usize].0 += elements as u64;
    }

    /// The names of the tensors that were used.
    pub fn used(&self) -> &BTreeSet<String> {
        &self.used
    }

    /// The parts that there are.
    pub fn parts(&self) -> Vec<Part> {
        let parts = PartKind::ALL.into_iter().map(|kind| {
            let (parameters, shared) = self.numbers[kind as usize];
            Part {
                kind,
                parameters,
                shared,
            }
        });
        parts
            .filter(|part| part.parameters + part.shared > 0)
            .collect()
    }
}

/// The input's tensor that one of the output may share its numbers with.
fn twin(name: &str) -> Option<String> {
    let rest = name.strip_prefix("out_emb.")?;
    let rest =
        rest.replacen("out_layers.", "emb_layers.", 1)
            .replacen("out_projs.", "emb_projs.", 1);
    Some(format!("in_emb.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Network;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn open(name: &str) -> Checkpoint {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/data");
        Checkpoint::open(&folder.join(name)).unwrap()
    }

    #[test]
    fn kinds_stand_at_their_own_places() {
        for (i, kind) in PartKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, i);
        }
    }

    /// Elements of every tensor that holds trained numbers, those that share a place counted once.
    fn elements(checkpoint: &Checkpoint) -> usize {
        let mut seen: Vec<&str> = Vec::new();
        let mut sum = 0;
        for name in checkpoint.names().filter(|n| !n.ends_with("mask_template")) {
            if !seen.iter().any(|s| checkpoint.same_storage(s, name)) {
                seen.push(name);
                sum += checkpoint.info(name).unwrap().elements();
            }
        }
        sum
    }

    #[test]
    fn parts_add_up_to_every_tensor_of_the_file() {
        for name in [
            "tiny_adaptive",
            "tiny_adaptive_legacy",
            "tiny_adaptive_views",
            "tiny_adaptive_f16",
            "tiny_adaptive_bf16",
            "tiny_fairseq_layout",
            "tiny_fixed",
            "tiny_all_attention",
            "tiny_all_attention_fixed",
            "tiny_adaptive_io",
            "tiny_adaptive_io_tied_pers",
        ] {
            let checkpoint = open(&format!("{name}.pt"));
            let network = Network::outline(&checkpoint, None).unwrap();
            let sum: u64 = network.parts().iter().map(|part| part.parameters).sum();
            assert_eq!(sum, network.parameters(), "{name}");
            assert_eq!(sum, elements(&checkpoint) as u64, "{name}");
            let whole = Network::load(&checkpoint, None).unwrap();
            assert_eq!(whole.parts(), network.parts(), "{name}");
        }
    }

    #[test]
    fn each_part_has_the_size_that_its_dimensions_say() {
        let network = Network::outline(&open("tiny_all_attention.pt"), None).unwrap();
        let config = network.architecture().adaptive_span().unwrap();
        let (d, layers, dim) = (config.head_dim(), config.nb_layers, config.hidden_size);
        let heads = layers * config.nb_heads;
        let expected = BTreeMap::from([
            ("input embedding", config.vocab_size * dim),
            ("position embeddings", d * config.attn_span),
            ("query projections", layers * dim * dim),
            ("key projections", layers * dim * dim),
            ("value projections", layers * dim * dim),
            ("attention output projections", layers * dim * dim),
            ("spans", heads),
            ("persistent vectors", heads * 2 * d * config.pers_mem_size),
            ("layer norms", layers * 2 * dim),
            ("output embedding", config.vocab_size * (dim + 1)),
        ]);
        let parts = network.parts().iter();
        let found = parts.map(|part| (part.kind.name(), part.parameters as usize));
        assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
        assert!(network.parts().iter().all(|part| part.shared == 0));
    }

    #[test]
    fn a_tied_output_counts_only_what_is_its_own() {
        let checkpoint = open("tiny_adaptive_io_tied_pers.pt");
        let network = Network::outline(&checkpoint, None).unwrap();
        let io = network
            .architecture()
            .adaptive_span()
            .unwrap()
            .adapt_io
            .clone()
            .unwrap();
        let of = |kind| *network.parts().iter().find(|p| p.kind == kind).unwrap();
        let (input, output) = (of(PartKind::Input), of(PartKind::Output));
        assert!(io.tied && input.shared == 0);
        assert_eq!(output.shared, input.parameters);
        // A bias per token, and per further cluster its logit's weights and bias.
        let further = io.cutoffs.len() - 1;
        let own = network.architecture().adaptive_span().unwrap().vocab_size
            + further * (network.architecture().adaptive_span().unwrap().hidden_size + 1);
        assert_eq!(output.parameters, own as u64);
    }
}
