//! The architecture of a network, inferred from the names and shapes of its tensors.

use super::{ModelError, layers, stored_config};
use crate::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};

/// The ramp R that is assumed when nothing says otherwise: the published models' value.
pub const DEFAULT_RAMP: usize = 32;

/// Adaptive input and output: the vocabulary cut into clusters of falling embedding width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdaptIo {
    /// First token id after each cluster; the last one is the vocabulary size.
    pub cutoffs: Vec<usize>,
    /// Whether input and output share their weights.
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
    /// Whether every head has a learned span.
    pub adapt_span: bool,
    /// R: length of the soft mask's ramp, in tokens.
    pub adapt_span_ramp: usize,
    /// Adaptive input and output, for word-level models.
    pub adapt_io: Option<AdaptIo>,
}

impl Config {
    /// d: features per head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.nb_heads
    }
}

/// Infers the architecture; the second value lists, in words, what had to be assumed.
///
/// # Errors
/// When a tensor that every network has is missing, or the shapes contradict each other.
pub fn infer(
    checkpoint: &Checkpoint,
    ramp: Option<usize>,
) -> Result<(Config, Vec<String>), ModelError> {
    let shape = |name: &str| checkpoint.info(name).map(|info| info.shape.clone());
    let need = |name: &str, dims: usize| -> Result<Vec<usize>, ModelError> {
        let found = shape(name).ok_or_else(|| ModelError::missing(checkpoint, name))?;
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

    let key_pe = need("key_pe", 3)?;
    let (head_dim, attn_span) = (key_pe[1], key_pe[2]);
    let nb_layers = layers::count(checkpoint, "layers.", "layer")?;
    let query = need("layers.0.attn.proj_query.weight", 2)?;
    let hidden_size = query[1];
    if query[0] != hidden_size || !hidden_size.is_multiple_of(head_dim) {
        let expected = format!("D×D with D a multiple of {head_dim}, the head dimension of key_pe");
        return Err(ModelError::shape(
            checkpoint,
            "layers.0.attn.proj_query.weight",
            &query,
            &expected,
        ));
    }
    let nb_heads = hidden_size / head_dim;
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
    let is_adaptive = layers::all_names(checkpoint).any(|name| name.starts_with(clusters));
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
    let adapt_span_ramp = match (ramp, stored) {
        (Some(0), _) => return Err(ModelError::Ramp),
        (Some(ramp), _) => ramp,
        (None, Some(stored)) if stored.adapt_span_ramp > 0 => stored.adapt_span_ramp,
        (None, _) => {
            if adapt_span {
                assumed.push(format!("ramp R = {DEFAULT_RAMP} (not stored in the file)"));
            }
            DEFAULT_RAMP
        }
    };
    let config = Config {
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
    };
    believable(&config, checkpoint)?;
    stored_config::check(checkpoint, &config)?;
    Ok((config, assumed))
}

/// Most heads of all layers that are believed: the largest published model has 288.
const MOST_HEADS: usize = 1 << 16;

/// Most numbers of the heads' soft masks, where the file is small: those of the largest published model are 20,000.
const MOST_OF_MASKS: usize = 1 << 22;

/// Refuses an architecture whose heads would take far more memory than the file.
///
/// # Errors
/// When there are too many heads, or the ramp is too long for them.
pub(super) fn believable(config: &Config, checkpoint: &Checkpoint) -> Result<(), ModelError> {
    let refused = |what: String| ModelError::Config {
        path: checkpoint.path().to_owned(),
        what,
    };
    let heads = config.nb_layers.saturating_mul(config.nb_heads);
    if heads > MOST_HEADS {
        return Err(refused(format!(
            "{} layers of {} heads, at most {MOST_HEADS} heads expected",
            config.nb_layers, config.nb_heads
        )));
    }
    let longest = config.adapt_span_ramp.min(config.attn_span);
    let most = MOST_OF_MASKS + checkpoint.file_bytes() / size_of::<f32>();
    if config.adapt_span && heads.saturating_mul(longest) > most {
        return Err(refused(format!(
            "a ramp of {} tokens for {heads} heads; expected one of some dozens. If the file is wrong there, give another \
             with --ramp",
            config.adapt_span_ramp
        )));
    }
    Ok(())
}

/// The name of a layer's span parameter, which all-attention layers store under two names.
pub(super) fn span_name(checkpoint: &Checkpoint, layer: usize) -> Option<String> {
    ["adaptive_span", "persistent_memory.adaptive_span"]
        .iter()
        .map(|part| format!("layers.{layer}.attn.attn.{part}._mask.current_val"))
        .find(|name| checkpoint.info(name).is_some())
}
