//! One self-contained file: weights, configuration, vocabulary, training curves.

use super::open::{EngineError, LoadedModel};
use spanscope_core::checkpoint::is_training_state;
use spanscope_core::checkpoint::{CURVES, Dtype, NamedTensor, curves_to_json, write_safetensors};
use spanscope_core::model::ModelError;
use std::collections::BTreeMap;
use std::path::Path;

/// Writes `model` to the `.safetensors` file `to`.
///
/// # Errors
/// When the model is a recorded run, its file cannot be read again, a weight does not fit `dtype`, or `to` cannot be written.
pub fn convert(model: &LoadedModel, to: &Path, dtype: Dtype) -> Result<(), EngineError> {
    if model.recorded.is_some() {
        return Err(ModelError::Recorded.into());
    }
    let architecture = model.network.architecture();
    if architecture.adaptive_span().is_none() {
        return Err(EngineError::NotConverted {
            path: model.path.clone(),
            family: architecture.family.name().to_owned(),
        });
    }
    let checkpoint = model.checkpoint()?;
    let mut tensors: Vec<NamedTensor> = Vec::new();
    let mut tied = BTreeMap::new();
    for name in checkpoint
        .names()
        .filter(|name| !name.ends_with("mask_template") && !is_training_state(name))
    {
        if let Some(holder) = tensors
            .iter()
            .find(|tensor| checkpoint.same_storage(&tensor.name, name))
        {
            tied.insert(name.to_owned(), holder.name.clone());
            continue;
        }
        let shape = checkpoint
            .info(name)
            .map(|info| info.shape.clone())
            .unwrap_or_default();
        let values = checkpoint.read(name)?;
        let too_large = |v: &&f32| v.is_finite() && half::f16::from_f32(**v).is_infinite();
        if dtype == Dtype::F16
            && let Some(&value) = values.iter().find(too_large)
        {
            let (path, name) = (model.path.clone(), name.to_owned());
            return Err(EngineError::TooLargeForF16 { path, name, value });
        }
        tensors.push(NamedTensor {
            name: name.to_owned(),
            shape,
            values,
        });
    }
    let mut metadata = BTreeMap::new();
    metadata.insert("format".into(), "spanscope".into());
    metadata.insert(
        "config".into(),
        serde_json::json!(model.network.architecture().as_ref()).to_string(),
    );
    if let Some(vocabulary) = &model.vocabulary {
        metadata.insert("vocabulary".into(), vocabulary.to_json().to_string());
    }
    if !checkpoint.curves().is_empty() {
        metadata.insert(CURVES.into(), curves_to_json(checkpoint.curves()));
    }
    Ok(write_safetensors(to, &tensors, &tied, dtype, &metadata)?)
}
