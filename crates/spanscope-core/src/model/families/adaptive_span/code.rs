//! What follows the soft mask: two public codes differ in it, and their checkpoints hold the same tensors.
//!
//! The published adaptive-span code divides the masked weights by their sum. fairseq's port of it does not. Which of the
//! two a file is from it says itself (the `config` of a converted file, fairseq's `cfg` or `args`); where it does not,
//! the names of its tensors say it, before which the port writes `decoder.model.`

use crate::checkpoint::{Checkpoint, Settings, is_fairseq_name};
use crate::model::{About, Assumption, ModelError, Normalisation, Ramp};
use crate::shown::shown;
use serde::Deserialize;

/// What the tensors of a file say, to be held against what it says of itself.
pub(super) struct Tensors {
    /// True if every head has a learned span.
    pub adapt_span: bool,
    /// True if there are persistent vectors.
    pub persistent: bool,
    /// True if input and output are adaptive.
    pub adapt_io: bool,
    /// Sizes, as fairseq's port calls them.
    pub sizes: [(&'static str, usize); 5],
}

/// Which of the two a file is from; what had to be assumed for it goes to `assumed`, and where its settings say otherwise
/// than its tensors.
///
/// # Errors
/// When the file says what this program does not know, or names the port and holds what that does not have.
pub(super) fn infer(
    checkpoint: &Checkpoint,
    tensors: &Tensors,
    assumed: &mut Vec<Assumption>,
) -> Result<Normalisation, ModelError> {
    if let Some(stored) = stored(checkpoint)? {
        return Ok(stored);
    }
    let has_names = checkpoint.file_name("key_pe").is_some_and(is_fairseq_name);
    let is_ports = tensors.adapt_span && !tensors.persistent && !tensors.adapt_io;
    let Some(settings) = checkpoint.settings() else {
        if !(has_names && is_ports) {
            return Ok(Normalisation::Renormalised);
        }
        assumed.push(Assumption::new(
            About::Weights,
            format!(
                "weights {} after the mask: names begin with decoder.model., as in {}",
                Normalisation::Masked.words(),
                Normalisation::Masked.code()
            ),
        ));
        return Ok(Normalisation::Masked);
    };
    let ramp = settings.number("adapt_span_ramp");
    if settings.name_adaptive_span() || has_names && ramp.is_some() {
        if !is_ports {
            return Err(refused(checkpoint, settings, tensors));
        }
        tell_differences(settings, tensors, assumed);
        return Ok(Normalisation::Masked);
    }
    // What a file says of itself counts for more than how its tensors are called.
    if has_names && is_ports {
        let names = match &settings.architecture {
            Some(name) => format!("the architecture {}", shown(name)),
            None => "no architecture".into(),
        };
        assumed.push(Assumption::new(About::Weights, format!(
            "weights {} after the mask, as in the {}: names begin with decoder.model. as in {}, but {} names {names}",
            Normalisation::Renormalised.words(),
            Normalisation::Renormalised.code(),
            Normalisation::Masked.code(),
            settings.under
        )));
    }
    Ok(Normalisation::Renormalised)
}

/// What the `config` of a converted file says; nothing where there is none, or it is older than the question.
fn stored(checkpoint: &Checkpoint) -> Result<Option<Normalisation>, ModelError> {
    let text = checkpoint.metadata().get("config");
    let json = text.and_then(|text| crate::json::read(text.as_bytes()).ok());
    let json: Option<serde_json::Value> = json;
    let Some(said) = json.as_ref().and_then(|json| json.get("normalisation")) else {
        return Ok(None);
    };
    match Normalisation::deserialize(said) {
        Ok(known) => Ok(Some(known)),
        Err(_) => Err(ModelError::Config {
            path: checkpoint.path().to_owned(),
            what: format!(
                "its config says \"normalisation\": {}; expected \"renormalised\" or \"masked\". A newer version of this \
                 program may know it",
                shown(&said.to_string())
            ),
        }),
    }
}

/// The ramp that fairseq's settings name.
///
/// # Errors
/// When it is no length.
pub(super) fn ramp_of_settings(checkpoint: &Checkpoint) -> Result<Option<Ramp>, ModelError> {
    let Some(settings) = checkpoint.settings() else {
        return Ok(None);
    };
    match settings.number("adapt_span_ramp") {
        None => Ok(None),
        Some(ramp) if ramp >= 1.0 && ramp.fract() == 0.0 => Ok(Some(Ramp::of(ramp as f32))),
        Some(ramp) => Err(ModelError::Config {
            path: checkpoint.path().to_owned(),
            what: format!(
                "{} says adapt_span_ramp = {ramp}; expected a whole number from 1 on. Give another with --ramp",
                settings.under
            ),
        }),
    }
}

/// What is said of a file that names the port and holds more than that has.
fn refused(checkpoint: &Checkpoint, settings: &Settings, tensors: &Tensors) -> ModelError {
    let holds = if tensors.persistent {
        "persistent vectors"
    } else if tensors.adapt_io {
        "adaptive input and output"
    } else {
        "fixed spans"
    };
    ModelError::Config {
        path: checkpoint.path().to_owned(),
        what: format!(
            "{} names {}, which has no {holds}, but the tensors have; so it is not known what its code computed. To have it \
             computed as the {} does, save the state dict alone, without decoder.model. before its names",
            settings.under,
            Normalisation::Masked.code(),
            Normalisation::Renormalised.code()
        ),
    }
}

/// Says where the settings contradict the tensors, which count.
fn tell_differences(settings: &Settings, tensors: &Tensors, assumed: &mut Vec<Assumption>) {
    let differ = tensors.sizes.into_iter().filter_map(|(name, size)| {
        let said = settings.number(name)?;
        (said != size as f64).then(|| format!("{name} = {size} (there {said})"))
    });
    let differ: Vec<String> = differ.collect();
    if !differ.is_empty() {
        let words = format!(
            "what the tensors say, where {} contradicts them: {}",
            settings.under,
            differ.join(", ")
        );
        assumed.push(words.into());
    }
}
