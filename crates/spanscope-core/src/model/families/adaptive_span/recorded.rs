//! What a run file holds of an adaptive-span network, and the way back.

use super::config::{Config, MOST_RECORDED_DISTANCES, believable, span_name};
use super::load::Reader;
use crate::checkpoint::Checkpoint;
use crate::model::ModelError;
use crate::model::architecture::Architecture;
use crate::model::heads::{Before, Positions};
use crate::model::recorded_tensor::{RecordedTensor, keys_before};
use crate::model::weights::Layer;
use std::sync::Arc;

/// The tensors of a model's file that are kept: position embeddings, spans, keys of persistent vectors.
pub(in crate::model) fn recorded_tensors(
    checkpoint: &Checkpoint,
    config: &Config,
) -> Vec<RecordedTensor> {
    let (heads, d) = (config.nb_heads, config.head_dim());
    let kept = RecordedTensor::of_file;
    let mut all = vec![kept("key_pe".into(), &[1, d, config.attn_span])];
    for i in 0..config.nb_layers {
        if config.adapt_span {
            let first = || format!("layers.{i}.attn.attn.adaptive_span._mask.current_val");
            let name = span_name(checkpoint, i).unwrap_or_else(first);
            all.push(kept(name, &[heads, 1, 1]));
        }
        if config.pers_mem_size > 0 {
            let name = format!("layers.{i}.attn.attn.persistent_memory.key");
            all.push(kept(name, &[heads, d, config.pers_mem_size]));
        }
    }
    all
}

/// Why no network can be so, if a run file says that it is.
///
/// # Errors
/// When its heads would take far more memory than the file.
pub(in crate::model) fn cannot_be_recorded(
    config: &Config,
    checkpoint: &Checkpoint,
) -> Result<Option<&'static str>, ModelError> {
    believable(config, checkpoint, MOST_RECORDED_DISTANCES)?;
    Ok(config.cannot_be())
}

/// The layers of a run file, with the heads that it describes and no other weights, and their position embeddings.
///
/// # Errors
/// When a tensor is missing or its shape does not fit; the error names it.
pub(in crate::model) fn recorded_layers(
    checkpoint: &Checkpoint,
    config: &Config,
    architecture: &Architecture,
) -> Result<(Vec<Layer>, Positions), ModelError> {
    let mut loader = Reader::new(checkpoint, true);
    loader.recorded = true;
    let (heads, d) = (config.nb_heads, config.head_dim());
    let key_pe = loader.base.values("key_pe", &[1, d, config.attn_span])?;
    let positions = Positions::new(d, config.attn_span, &key_pe);
    let layers = architecture.layers.iter().enumerate().map(|(i, spec)| {
        let before = match config.pre_norm {
            true => loader.base.values(&keys_before(i), &[heads, d])?,
            false => Vec::new(),
        };
        let before = before.chunks_exact(d).map(|key| {
            Arc::new(Before {
                key: key.to_vec(),
                // Weights do not need them.
                value: Vec::new(),
            })
        });
        let before: Vec<Arc<Before>> = before.collect();
        Ok(Layer {
            spec: Arc::new(spec.clone()),
            rope: None,
            dense: Arc::default(),
            mlp_ablated: false,
            neurons_ablated: Vec::new(),
            heads: loader.heads(config, &spec.attention, &positions, &before, i)?,
        })
    });
    let layers = layers.collect::<Result<Vec<_>, ModelError>>()?;
    Ok((layers, positions))
}
