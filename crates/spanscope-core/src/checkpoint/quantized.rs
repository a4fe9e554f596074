//! Folders whose weights are quantised in a way that is not read here, by what `config.json` says of it.

use super::error::Fault;
use super::unread::UnreadTensor;
use crate::files::shown;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The way that is read: gpt-oss's, whose blocks and scales are tensors of bytes.
const READ: &str = "mxfp4";

/// Refuses weights that are quantised and not read.
///
/// # Errors
/// When the configuration names a way of quantising, and a tensor of several dimensions is in a format that is not read: then
/// it is one of the weights, in whatever form that way gives them.
pub(super) fn check(
    config: &Map<String, Value>,
    unread: &BTreeMap<String, UnreadTensor>,
) -> Result<(), Fault> {
    // Of models that see as well, the language model's may stand with it.
    let text = config.get("text_config");
    let nested = text.and_then(|text| text.get("quantization_config"));
    let Some(Value::Object(how)) = config.get("quantization_config").or(nested) else {
        return Ok(());
    };
    let method = method(how);
    let is_weight = |tensor: &&UnreadTensor| {
        let dimensions = tensor.shape.as_ref().map_or(0, Vec::len);
        let is_mask =
            tensor.file_name.ends_with(".bias") || tensor.file_name.ends_with("masked_bias");
        dimensions > 1 && !is_mask
    };
    match unread.values().find(is_weight) {
        Some(tensor) if method != READ => Err(Fault::Unsupported(format!(
            "its weights are quantised by {} (quantization_config in config.json), which is not read: tensor {} is {}. Open the \
             model that it was made from, or a GGUF file of it",
            shown(method),
            shown(&tensor.file_name),
            tensor.form
        ))),
        _ => Ok(()),
    }
}

/// The name of the way of quantising.
fn method(how: &Map<String, Value>) -> &str {
    let says = |key: &str| how.get(key).and_then(Value::as_bool) == Some(true);
    match how.get("quant_method").and_then(Value::as_str) {
        Some(method) => method,
        // As bitsandbytes was written before there were others.
        None if says("load_in_8bit") || says("load_in_4bit") => "bitsandbytes",
        None => "a way without a name",
    }
}
