//! The architecture of a network, inferred from the names and shapes of its tensors.

use super::{code, layers, sequential, stored_config};
use crate::checkpoint::Checkpoint;
use crate::model::families::missing::missing;
use crate::model::{About, Assumption, ModelError, Normalisation, Ramp};
use serde::{Deserialize, Serialize};

/// The ramp R that is assumed when nothing says otherwise: the published models' value.
pub const DEFAULT_RAMP: Ramp = Ramp::of(32.0);

/// Adaptive input and output: the vocabulary cut into clusters of falling embedding width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdaptIo {
    /// First token id after each cluster; the last one is the vocabulary size.
    pub cutoffs: Vec<usize>,
    /// True if input and output share their weights.
    pub tied: bool,
}

/// The architecture of a network (Sukhbaatar et al., 2019: arXiv 1905.07799 and 1907.01470).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// V: tokens in the vocabulary.
    pub vocab_size: usize,
    /// D: width of the hidden states.
    pub hidden_size: usize,
    /// H: attention heads per layer.
    pub nb_heads: usize,
    /// L: layers.
    pub nb_layers: usize,
    /// S: the longest distance, in tokens, that any head may look back.
    pub attn_span: usize,
    /// Width of the feed-forward sublayer; 0 if there is none.
    pub inner_hidden_size: usize,
    /// N: persistent vectors per head; 0 if there are none.
    pub pers_mem_size: usize,
    /// True if every head has a learned span.
    pub adapt_span: bool,
    /// R: length of the soft mask's ramp, in tokens.
    pub adapt_span_ramp: Ramp,
    /// Adaptive input and output, for word-level models.
    pub adapt_io: Option<AdaptIo>,
    /// What follows the soft mask: files that say nothing of it are the published code's.
    #[serde(default)]
    pub normalisation: Normalisation,
    /// d where it is not D / H, as the authors' second code may have it.
    #[serde(default, rename = "head_dim", skip_serializing_if = "Option::is_none")]
    pub own_head_dim: Option<usize>,
    /// True if norms stand before the sublayers, and one before the output (the authors' second code, `--pre-norm`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pre_norm: bool,
}

impl Config {
    /// True if the weights of a query add up to less than 1, because what the soft mask takes away is not given back.
    pub fn is_masked(&self) -> bool {
        self.adapt_span && self.normalisation == Normalisation::Masked
    }

    /// d: features per head.
    pub fn head_dim(&self) -> usize {
        self.own_head_dim
            .unwrap_or(self.hidden_size / self.nb_heads.max(1))
    }

    /// H·d: what all heads of a layer read.
    pub fn all_heads_dim(&self) -> usize {
        self.nb_heads.saturating_mul(self.head_dim())
    }

    /// The kind of network that only the authors' second code has, in words.
    pub fn second_code_only(&self) -> Option<&'static str> {
        match (self.pre_norm, self.own_head_dim) {
            (true, _) => Some("adaptive-span with norms before the sublayers"),
            (false, Some(_)) => Some("adaptive-span with a head size of its own"),
            (false, None) => None,
        }
    }
}

/// The configuration that the shapes of a file's tensors tell, and what had to be assumed.
#[derive(Debug, Clone)]
pub(in crate::model) struct Inferred {
    pub config: Config,
    pub assumed: Vec<Assumption>,
}

impl Inferred {
    /// Of `checkpoint`; `ramp` overrides R.
    ///
    /// # Errors
    /// When a tensor that every network has is missing, or the shapes contradict each other.
    pub fn of(checkpoint: &Checkpoint, ramp: Option<Ramp>) -> Result<Self, ModelError> {
        infer(checkpoint, ramp).map(|(config, assumed)| Self { config, assumed })
    }
}

fn infer(
    checkpoint: &Checkpoint,
    ramp: Option<Ramp>,
) -> Result<(Config, Vec<Assumption>), ModelError> {
    let shape = |name: &str| checkpoint.info(name).map(|info| info.shape.clone());
    let need = |name: &str, dims: usize| -> Result<Vec<usize>, ModelError> {
        let found = shape(name).ok_or_else(|| missing(checkpoint, name))?;
        if found.len() != dims || found.contains(&0) {
            return Err(ModelError::shape(
                checkpoint,
                name,
                &found,
                &format!("{dims} dimensions, none of them 0"),
            ));
        }
        Ok(found)
    };
    let mut assumed = Vec::new();

    sequential::refuse_others(checkpoint)?;
    let key_pe = need("key_pe", 3)?;
    let (head_dim, attn_span) = (key_pe[1], key_pe[2]);
    let nb_layers = layers::count(checkpoint, "layers.", "layer")?;
    let query = need("layers.0.attn.proj_query.weight", 2)?;
    let hidden_size = query[1];
    if !query[0].is_multiple_of(head_dim) {
        let expected = format!(
            "H·d×D, its first number a multiple of d = {head_dim}, the head dimension of key_pe"
        );
        return Err(ModelError::shape(
            checkpoint,
            "layers.0.attn.proj_query.weight",
            &query,
            &expected,
        ));
    }
    let nb_heads = query[0] / head_dim;
    let width = |group: &str, part: &str, dims: usize, axis: usize| -> Result<usize, ModelError> {
        match layers::first_with(checkpoint, group, part)? {
            Some(name) => Ok(need(&name, dims)?[axis]),
            None => Ok(0),
        }
    };
    let inner_hidden_size = width("ff.", "ff.fc1.weight", 2, 0)?;
    let memory = "attn.attn.persistent_memory.";
    let pers_mem_size = width(memory, &format!("{memory}key"), 3, 2)?;
    let adapt_span = layers::have_spans(checkpoint, nb_layers)?;

    let clusters = "in_emb.emb_layers.";
    let is_adaptive = checkpoint
        .all_names()
        .any(|name| name.starts_with(clusters));
    let (vocab_size, adapt_io) = if shape("in_emb.weight").is_some() || !is_adaptive {
        (need("in_emb.weight", 2)?[0], None)
    } else {
        let mut cutoffs = Vec::new();
        let mut end = 0;
        for c in 0..layers::count(checkpoint, clusters, "cluster")? {
            end += need(&format!("{clusters}{c}.weight"), 2)?[0];
            cutoffs.push(end);
        }
        let tied =
            checkpoint.same_storage("in_emb.emb_layers.0.weight", "out_emb.out_layers.0.weight");
        (end, Some(AdaptIo { cutoffs, tied }))
    };

    let stored: Option<Config> = checkpoint
        .metadata()
        .get("config")
        .and_then(|text| crate::json::read(text.as_bytes()).ok());
    let stored = stored.map(|stored| stored.adapt_span_ramp);
    let adapt_span_ramp = match (ramp, stored) {
        (Some(ramp), _) if !ramp.is_length(MOST) => return Err(ModelError::Ramp),
        (Some(ramp), _) => ramp,
        (None, Some(stored)) if stored.tokens() > 0.0 => stored,
        (None, _) => match code::ramp_of_settings(checkpoint)? {
            Some(ramp) => ramp,
            None => {
                if adapt_span {
                    let words = format!("ramp R = {DEFAULT_RAMP} (not stored in the file)");
                    assumed.push(Assumption::new(About::Ramp, words));
                }
                DEFAULT_RAMP
            }
        },
    };
    let mut config = Config {
        vocab_size,
        hidden_size,
        nb_heads,
        nb_layers,
        attn_span,
        inner_hidden_size,
        pers_mem_size,
        adapt_span,
        adapt_span_ramp,
        adapt_io,
        normalisation: Normalisation::default(),
        own_head_dim: (query[0] != hidden_size).then_some(head_dim),
        pre_norm: sequential::is_pre_norm(checkpoint),
    };
    believable(&config, checkpoint, MOST_DISTANCES)?;
    let sizes = Size::of_layers(&config);
    sizes.iter().try_for_each(|size| size.check(checkpoint))?;
    sequential::check(checkpoint, &config)?;
    stored_config::check(checkpoint, &config)?;
    let tensors = code::Tensors {
        adapt_span,
        persistent: config.pers_mem_size > 0,
        adapt_io: config.adapt_io.is_some(),
        sizes: [
            ("attn_span", config.attn_span),
            ("n_layer", config.nb_layers),
            ("n_head", config.nb_heads),
            ("d_model", config.hidden_size),
            ("d_inner", config.inner_hidden_size),
        ],
    };
    config.normalisation = code::infer(checkpoint, &tensors, &mut assumed)?;
    Ok((config, assumed))
}

/// Distances and persistent vectors of all heads that any file of weights may have: the largest published model has 2.9 million,
/// and pays for them with 228 MB.
const MOST_DISTANCES: usize = 1 << 20;

/// The same of a run file, which has no weights to pay with.
pub(in crate::model) const MOST_RECORDED_DISTANCES: usize = 1 << 21;

/// Most numbers of the heads' soft masks, where the file is small: those of the largest published model are 20,000.
const MOST_OF_MASKS: usize = 1 << 22;

/// What a network computes with is more than its weights: a tile of 64 queries takes a number per query and distance, every
/// head has a sum per distance, 64 rows of logits are as wide as the vocabulary. A file of strangers can ask for much of that in
/// few bytes, so each of these sizes must be one that a small file may have, or paid for by the file.
struct Size {
    /// As the message says it.
    what: &'static str,
    found: usize,
    /// Whatever the file: far more than the published models have.
    least: usize,
    /// Bytes of the file that allow for one more.
    bytes: usize,
}

impl Size {
    /// Those that every file is held against.
    fn of_heads(config: &Config, distances: usize) -> [Self; 4] {
        let heads = config.nb_layers.saturating_mul(config.nb_heads);
        let (span, vectors) = (config.attn_span, config.pers_mem_size);
        let size = |what, found, least, bytes| Self {
            what,
            found,
            least,
            bytes,
        };
        [
            size("heads of all layers", heads, 1 << 12, 1 << 14),
            size("tokens as the span limit S", span, 1 << 15, 128),
            size("persistent vectors per head", vectors, 1 << 15, 128),
            size(
                "distances and persistent vectors of all heads",
                heads.saturating_mul(span.saturating_add(vectors)),
                distances,
                16,
            ),
        ]
    }

    /// Those of a network that runs.
    fn of_layers(config: &Config) -> [Self; 2] {
        let size = |what, found| Self {
            what,
            found,
            least: 1 << 16,
            bytes: 64,
        };
        [
            size("tokens in the vocabulary", config.vocab_size),
            size("units in a feed-forward sublayer", config.inner_hidden_size),
        ]
    }

    fn check(&self, checkpoint: &Checkpoint) -> Result<(), ModelError> {
        let file = checkpoint.file_bytes();
        let most = self.least + file / self.bytes;
        match self.found <= most {
            true => Ok(()),
            false => Err(ModelError::Config {
                path: checkpoint.path().to_owned(),
                what: format!(
                    "{} {}; at most {most} expected of a file of {file} bytes",
                    self.found, self.what
                ),
            }),
        }
    }
}

/// Refuses an architecture whose heads would take far more memory than the file; `distances` are those of all heads that are
/// believed whatever its size.
///
/// # Errors
/// When there are too many heads, they look too far, or the ramp is too long for them.
pub(in crate::model) fn believable(
    config: &Config,
    checkpoint: &Checkpoint,
    distances: usize,
) -> Result<(), ModelError> {
    let heads = config.nb_layers.saturating_mul(config.nb_heads);
    let longest = config.adapt_span_ramp.ceil().min(config.attn_span);
    let most = MOST_OF_MASKS + checkpoint.file_bytes() / size_of::<f32>();
    if config.adapt_span && heads.saturating_mul(longest) > most {
        return Err(ModelError::Config {
            path: checkpoint.path().to_owned(),
            what: format!(
                "a ramp of {} tokens for {heads} heads; expected one of some dozens. If the file is wrong there, give another \
                 with --ramp",
                config.adapt_span_ramp
            ),
        });
    }
    let sizes = Size::of_heads(config, distances);
    sizes.iter().try_for_each(|size| size.check(checkpoint))
}

/// The longest ramp and span limit, the widest layer and the most persistent vectors that are believed where a file says them
/// beside its tensors.
const MOST: usize = 1 << 24;

/// The most layers that are believed there.
const MOST_LAYERS: usize = 1 << 14;

impl Config {
    /// Why no network can have this architecture, where a file says so beside its tensors.
    pub fn cannot_be(&self) -> Option<&'static str> {
        let most = |numbers: &[usize]| numbers.iter().all(|n| *n <= MOST);
        let rises = |io: &AdaptIo| {
            io.cutoffs.is_sorted_by(|a, b| a < b) && io.cutoffs.last() == Some(&self.vocab_size)
        };
        if [
            self.nb_heads,
            self.nb_layers,
            self.vocab_size,
            self.attn_span,
        ]
        .contains(&0)
        {
            Some("heads, layers, vocabulary and span limit are at least 1")
        } else if self.nb_layers > MOST_LAYERS {
            Some("the layers are out of range")
        } else if self.hidden_size == 0
            || self.own_head_dim.is_none() && !self.hidden_size.is_multiple_of(self.nb_heads)
        {
            Some("the hidden size must be a multiple of the number of heads")
        } else if self.head_dim() == 0 || self.all_heads_dim() > MOST {
            Some("the size of the heads is out of range")
        } else if !most(&[self.hidden_size, self.inner_hidden_size]) {
            Some("the hidden size and that of the sublayers are out of range")
        } else if !most(&[self.pers_mem_size, self.attn_span]) {
            Some("the persistent vectors or the span limit are out of range")
        } else if !self.adapt_span_ramp.is_length(MOST) {
            Some("the ramp is out of range")
        } else if u32::try_from(self.vocab_size).is_err() {
            Some("the vocabulary is too large")
        } else if !self.adapt_io.as_ref().is_none_or(rises) {
            Some("the cutoffs of the vocabulary must rise to its size")
        } else {
            None
        }
    }
}

/// The name of a layer's span parameter, which all-attention layers store under two names.
pub(in crate::model) fn span_name(checkpoint: &Checkpoint, layer: usize) -> Option<String> {
    ["adaptive_span", "persistent_memory.adaptive_span"]
        .iter()
        .map(|part| format!("layers.{layer}.attn.attn.{part}._mask.current_val"))
        .find(|name| checkpoint.info(name).is_some())
}
