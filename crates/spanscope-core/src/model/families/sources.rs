//! The places of a network's numbers in a file: tensors by name, and which of their rows.

use std::ops::Range;

/// The rows of a matrix out × in, and the numbers of its bias: those of a tensor, or some of them.
#[derive(Debug, Clone)]
pub(in crate::model) struct Source {
    /// The tensor's name without `.weight`, and without the prefixes of its family.
    pub name: String,
    /// True if the tensor is in × out (GPT-2's Conv1D).
    pub transposed: bool,
    /// Which of its rows, in this order; `None` for all.
    pub rows: Option<Vec<Range<usize>>>,
    /// Number of rows of the tensor, where those are not all of them.
    pub of: Option<usize>,
}

impl Source {
    /// All rows of a tensor.
    pub fn of(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            transposed: false,
            rows: None,
            of: None,
        }
    }

    /// The tensor holds its rows as columns.
    pub fn transposed(mut self) -> Self {
        self.transposed = true;
        self
    }

    /// Consecutive rows of a tensor that has `of`.
    pub fn range(self, rows: Range<usize>, of: usize) -> Self {
        self.rows(std::iter::once(rows).collect(), of)
    }

    /// Some rows of a tensor that has `of`.
    pub fn rows(mut self, rows: Vec<Range<usize>>, of: usize) -> Self {
        self.rows = Some(rows);
        self.of = Some(of);
        self
    }
}

/// The places of a layer's numbers. Norms are tensors `NAME.weight` and `NAME.bias`.
#[derive(Debug, Clone)]
pub(in crate::model) struct LayerSources {
    pub query: Source,
    pub key: Source,
    pub value: Source,
    pub output: Source,
    /// The norms before and after the attention.
    pub around_attention: [Option<String>; 2],
    /// The norms before and after the feed-forward sublayer.
    pub around_ff: [Option<String>; 2],
    /// The norm that follows each sum, where norms follow: of the attention, of the feed-forward sublayer.
    pub after_sums: Option<[String; 2]>,
    pub query_norm: Option<String>,
    pub key_norm: Option<String>,
    /// A tensor of one number per head.
    pub sinks: Option<String>,
    pub gate: Option<Source>,
    pub up: Source,
    pub down: Source,
    /// The router and its experts, in the place of gate, up and down.
    pub experts: Option<ExpertSources>,
}

/// The places of a mixture's numbers.
#[derive(Debug, Clone)]
pub(in crate::model) struct ExpertSources {
    pub router: Source,
    /// The layout of the experts in the file.
    pub form: ExpertForm,
    pub gate_up: [String; 2],
    pub down: [String; 2],
}

/// The forms of experts: the tensors' names are those of weights and biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum ExpertForm {
    /// E × D × 2I and E × I × D, gates and ups in turns.
    InOut,
    /// E × I × D gates, ups under the second name, E × D × I down (GGUF).
    Apart,
}

/// The places of the numbers before and after the layers.
#[derive(Debug, Clone)]
pub(in crate::model) struct EndSources {
    pub embedding: String,
    /// Learned positions.
    pub positions: Option<String>,
    /// The norm of the input.
    pub input_norm: Option<String>,
    /// To D from narrower embeddings, and back.
    pub narrow: Option<[String; 2]>,
    /// The last norm.
    pub norm: Option<String>,
    /// Names of the output matrix, the first that is there; none of them: the input embedding.
    pub head: Vec<String>,
}

impl EndSources {
    /// An input embedding and a last norm by these names, an output matrix called `lm_head`, and nothing else.
    pub fn of(embedding: &str, norm: &str) -> Self {
        Self {
            embedding: embedding.to_owned(),
            positions: None,
            input_norm: None,
            narrow: None,
            norm: Some(norm.to_owned()),
            head: vec!["lm_head".to_owned()],
        }
    }
}

/// A layer of queries, keys, values and output, of gates, ups and downs, with nothing else.
pub(super) fn layer_sources(
    attention: [Source; 4],
    gate: Option<Source>,
    up: Source,
    down: Source,
) -> LayerSources {
    let [query, key, value, output] = attention;
    LayerSources {
        query,
        key,
        value,
        output,
        around_attention: [None, None],
        around_ff: [None, None],
        after_sums: None,
        query_norm: None,
        key_norm: None,
        sinks: None,
        gate,
        up,
        down,
        experts: None,
    }
}

/// Queries, keys and values in one tensor that has [query, key, value] of every head, d rows each.
pub(super) fn head_by_head(name: &str, heads: usize, d: usize) -> [Source; 3] {
    [0, 1, 2].map(|part| {
        let of_head = |head: usize| {
            let start = (3 * head + part) * d;
            start..start + d
        };
        Source::of(name).rows((0..heads).map(of_head).collect(), 3 * heads * d)
    })
}
