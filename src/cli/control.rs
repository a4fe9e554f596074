//! Controls in the place of texts: what `--control` stands for.

use super::Usage;
use super::args::{Common, Input};
use super::common::{Tokens, accepted, check_ids, covered, name};
use crate::engine::LoadedModel;
use crate::text::{self, Control};
use anyhow::Result;
use std::path::Path;

/// A control as a text, or as ids.
pub(super) enum Made {
    Text(Vec<u8>),
    Ids(Vec<u32>),
}

/// Makes a control, of a text or of ids where it needs any: ids where ids are given, and of a model without a vocabulary.
pub(super) fn made(
    model: &LoadedModel,
    (text, ids): (Option<&Path>, Option<&Path>),
    control: Control,
    common: &Common,
) -> Result<Made> {
    let refused = |error: text::ControlError| Usage(format!("--control {control}: {error}"));
    let vocab_size = model.network.architecture().vocab_size;
    match (&model.vocabulary, text, ids) {
        (_, _, Some(path)) => {
            let given = text::read_ids(path)?;
            check_ids(model, &given, path)?;
            let ids = control.ids(vocab_size, Some(&given)).map_err(refused)?;
            Ok(Made::Ids(ids))
        }
        (None, None, None) => Ok(Made::Ids(control.ids(vocab_size, None).map_err(refused)?)),
        (Some(vocabulary), text, None) => {
            let text = text.map(|path| text::read_accepted(path, accepted(common)));
            let text = text.transpose()?;
            let made = control.bytes(vocabulary, text.as_deref());
            Ok(Made::Text(made.map_err(refused)?))
        }
        // It says that there is no vocabulary.
        (None, Some(_), None) => model
            .prepare(&[])
            .map(|_| Made::Ids(Vec::new()))
            .map_err(Into::into),
    }
}

/// What a command runs on, if that is a control.
pub(super) fn read(
    model: &LoadedModel,
    input: &Input,
    control: Control,
    common: &Common,
) -> Result<Tokens> {
    let paths = (input.text.as_deref(), input.ids.as_deref());
    let source = match paths.0.or(paths.1) {
        Some(path) => format!("{} {control}", name(path)),
        None => control.to_string(),
    };
    Ok(match made(model, paths, control, common)? {
        Made::Ids(ids) => Tokens {
            ids,
            unknown: 0,
            known_share: 1.0,
            predicted_bytes: None,
            source,
        },
        Made::Text(bytes) => {
            let prepared = model.prepare(&bytes)?;
            covered(&prepared.coverage, &source, common)?;
            Tokens {
                known_share: prepared.coverage.share(),
                predicted_bytes: Some(bytes.len() - model.first_token_end(&bytes)),
                ids: prepared.ids,
                unknown: prepared.unknown,
                source,
            }
        }
    })
}
