//! One self-contained file: weights, configuration, vocabulary, training curves. A network of another family than adaptive-span has
//! its configuration in the words of its own files, and its tokenizer's files, as tensors of bytes.

use super::open::{EngineError, LoadedModel};
use super::tokenizer;
use spanscope_core::checkpoint::{
    CONFIG, CURVES, Checkpoint, Dtype, Element, GGUF_HEADER, Origin, PlannedTensor, TIED,
    TensorFile, curves_to_json, is_training_state, name_within,
};
use spanscope_core::model::{ModelError, is_buffer};
use spanscope_core::text::Unit;
use std::collections::BTreeMap;
use std::path::Path;

/// The options for converting a model.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConvertOptions<'a> {
    /// Number format of the weights: f32 (`None`), f16 or bf16.
    pub dtype: Option<Dtype>,
    /// Quantised weights are written as the numbers that they stand for.
    pub dequantise: bool,
    /// The vocabulary that the model was opened with, where it was not its own.
    pub vocab: Option<&'a Path>,
}

/// Writes `model` to the `.safetensors` file `to`, tensor by tensor.
///
/// # Errors
/// When the model is a recorded run, its weights are quantised and are not to become numbers, its file cannot be read again, a weight
/// does not fit the number format, or `to` cannot be written.
pub fn convert(
    model: &LoadedModel,
    to: &Path,
    options: &ConvertOptions<'_>,
) -> Result<(), EngineError> {
    if model.recorded.is_some() {
        return Err(ModelError::Recorded.into());
    }
    let dtype = options.dtype.unwrap_or(Dtype::F32);
    let element = match dtype {
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        _ => Element::F32,
    };
    let checkpoint = model.checkpoint()?;
    let (kept, tied) = tensors(&checkpoint);
    numbers_only(model, &checkpoint, &kept, element, options.dequantise)?;
    let files = match checkpoint.origin() {
        Origin::Plain => Vec::new(),
        origin => files(model, &checkpoint, origin, options.vocab)?,
    };
    let mut plan: Vec<PlannedTensor> = Vec::new();
    for name in &kept {
        let shape = checkpoint.info(name).map(|info| info.shape.clone());
        plan.push(PlannedTensor::new(
            name.as_str(),
            element,
            &shape.unwrap_or_default(),
        ));
    }
    for (name, bytes) in &files {
        plan.push(PlannedTensor::new(
            name_within(name),
            Element::U8,
            &[bytes.len()],
        ));
    }
    let metadata = metadata(model, &checkpoint, tied);
    let mut file = TensorFile::create(to, &plan, &metadata)?;
    for name in &kept {
        let values = checkpoint.read(name)?;
        let too_large = |v: &&f32| v.is_finite() && half::f16::from_f32(**v).is_infinite();
        if dtype == Dtype::F16
            && let Some(&value) = values.iter().find(too_large)
        {
            let (path, name) = (model.path.clone(), name.clone());
            return Err(EngineError::TooLargeForF16 { path, name, value });
        }
        file.write(name, 0, &element.of_numbers(&values))?;
    }
    for (name, bytes) in &files {
        file.write(&name_within(name), 0, bytes)?;
    }
    Ok(file.finish()?)
}

/// The tensors that are kept, and further names of theirs, by name.
fn tensors(checkpoint: &Checkpoint) -> (Vec<String>, BTreeMap<String, String>) {
    let is_plain = matches!(checkpoint.origin(), Origin::Plain);
    let is_left_out = |name: &str| {
        name.ends_with("mask_template") || is_training_state(name) || !is_plain && is_buffer(name)
    };
    let mut kept: Vec<String> = Vec::new();
    let mut holders: BTreeMap<usize, String> = BTreeMap::new();
    let mut tied = BTreeMap::new();
    for name in checkpoint.names().filter(|name| !is_left_out(name)) {
        let number = checkpoint.view_number(name);
        match number.and_then(|number| holders.get(&number)) {
            Some(holder) => _ = tied.insert(name.to_owned(), holder.clone()),
            None => {
                holders.extend(number.map(|number| (number, name.to_owned())));
                kept.push(name.to_owned());
            }
        }
    }
    (kept, tied)
}

/// Refuses weights that are no numbers, where they are not to become some.
fn numbers_only(
    model: &LoadedModel,
    checkpoint: &Checkpoint,
    kept: &[String],
    element: Element,
    dequantise: bool,
) -> Result<(), EngineError> {
    let (mut before, mut after) = (0.0, 0.0);
    let mut first = None;
    for name in kept {
        let Some(info) = checkpoint.info(name) else {
            continue;
        };
        match info.dtype {
            Dtype::U8 => {
                let (path, name) = (model.path.clone(), name.clone());
                return Err(EngineError::Packed { path, name });
            }
            Dtype::Blocks(_) => _ = first.get_or_insert((name, info.dtype.name())),
            _ => {}
        }
        before += info.dtype.bytes(info.elements()).unwrap_or(0) as f64;
        after += info.elements() as f64 * element.size() as f64;
    }
    match first {
        Some((name, format)) if !dequantise => Err(EngineError::Quantised {
            path: model.path.clone(),
            name: name.clone(),
            format,
            times: after / before,
        }),
        _ => Ok(()),
    }
}

/// The files that say which network it is and how texts are cut, by name.
fn files(
    model: &LoadedModel,
    checkpoint: &Checkpoint,
    origin: &Origin,
    vocab: Option<&Path>,
) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
    let of = match origin {
        Origin::Plain => return Ok(Vec::new()),
        Origin::HuggingFace { config, .. } => {
            let config = serde_json::json!(config).to_string();
            (CONFIG.to_owned(), config.into_bytes())
        }
        Origin::Gguf(metadata) => {
            let header = metadata.alone().map_err(|what| EngineError::NotHeld {
                path: model.path.clone(),
                what,
            })?;
            (GGUF_HEADER.to_owned(), header)
        }
    };
    let mut files = vec![of];
    files.extend(tokenizer::files(checkpoint, vocab)?);
    Ok(files)
}

fn metadata(
    model: &LoadedModel,
    checkpoint: &Checkpoint,
    tied: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut metadata = BTreeMap::new();
    metadata.insert("format".into(), "spanscope".into());
    let config = serde_json::json!(model.network.architecture().as_ref());
    metadata.insert("config".into(), config.to_string());
    // A tokenizer is in files.
    let lists = |vocabulary: &&spanscope_core::text::Vocabulary| vocabulary.unit() != Unit::Piece;
    if let Some(vocabulary) = model.vocabulary.as_ref().filter(lists) {
        metadata.insert("vocabulary".into(), vocabulary.to_json().to_string());
    }
    if !checkpoint.curves().is_empty() {
        metadata.insert(CURVES.into(), curves_to_json(checkpoint.curves()));
    }
    if !tied.is_empty() {
        metadata.insert(TIED.into(), serde_json::json!(tied).to_string());
    }
    metadata
}
