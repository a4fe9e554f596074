//! The configuration that a file has beside its tensors, held against them.

use super::config::Config;
use crate::checkpoint::Checkpoint;
use crate::model::ModelError;
use serde_json::Value;

/// Refuses a file whose configuration says something else than its tensors.
///
/// # Errors
/// When it does; the error has both.
pub(super) fn check(checkpoint: &Checkpoint, config: &Config) -> Result<(), ModelError> {
    let text = checkpoint.metadata().get("config");
    let stored: Option<Value> = text.and_then(|text| crate::json::read(text.as_bytes()).ok());
    let Some(stored) = stored.as_ref().and_then(Value::as_object) else {
        return Ok(());
    };
    let io = |stored: &Value| stored.get("cutoffs").cloned();
    let cutoffs = config.adapt_io.as_ref().map(|io| io.cutoffs.clone());
    let sizes: [(&str, Value); 10] = [
        ("nb_layers", config.nb_layers.into()),
        ("nb_heads", config.nb_heads.into()),
        ("hidden_size", config.hidden_size.into()),
        ("attn_span", config.attn_span.into()),
        ("vocab_size", config.vocab_size.into()),
        ("inner_hidden_size", config.inner_hidden_size.into()),
        ("pers_mem_size", config.pers_mem_size.into()),
        ("adapt_span", config.adapt_span.into()),
        ("head_dim", config.head_dim().into()),
        ("pre_norm", config.pre_norm.into()),
    ];
    let mut differ: Vec<String> = Vec::new();
    for (name, found) in &sizes {
        let said = stored
            .get(*name)
            .filter(|said| said.is_number() || said.is_boolean());
        if let Some(said) = said.filter(|said| *said != found) {
            differ.push(format!("{name} = {said}, its tensors {found}"));
        }
    }
    let said = stored
        .get("adapt_io")
        .map(|said| (said.is_null(), io(said)));
    let differs = match said {
        Some((true, _)) => cutoffs.is_some(),
        Some((false, Some(said))) => Some(said) != cutoffs.clone().map(Value::from),
        _ => false,
    };
    if differs {
        differ.push("other clusters of the vocabulary (adapt_io) than its tensors".into());
    }
    if differ.is_empty() {
        return Ok(());
    }
    Err(ModelError::Layers {
        path: checkpoint.path().to_owned(),
        what: format!(
            "its own configuration contradicts its tensors: it says {}. Part of the file is missing, or the configuration is \
             another model's: convert the original again",
            differ.join("; ")
        ),
    })
}
