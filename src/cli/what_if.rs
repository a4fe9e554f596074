//! The options that change a model before it is run, the same for all commands that run one.

use super::args::Common;
use super::common::{check_ramp, open_to_run};
use crate::engine::LoadedModel;
use crate::model::{FirstTokens, Heads, ModelError, NeuronId, WhatIf};
use anyhow::{Context, Result};
use clap::Args;
use std::path::Path;
use std::sync::Arc;

/// What is changed of the model.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What if")]
pub(super) struct WhatIfArgs {
    /// Cut heads to a window with a hard edge: W keys, itself among them where a token sees itself. Of one head (3.1=64), of a
    /// layer (3=64) or of all (all=64); several times for several
    #[arg(long, value_name = "HEADS=W", value_parser = window)]
    pub window: Vec<(Heads, usize)>,
    /// Give heads the soft mask of adaptive span, with z in tokens: 3.1=20, 3=20 or all=20. Where heads did not learn one its
    /// ramp has --ramp tokens
    #[arg(long, value_name = "HEADS=Z", value_parser = span)]
    pub span: Vec<(Heads, f32)>,
    /// Keep the first K tokens visible whatever the window, as streaming caches do
    #[arg(long, value_name = "K", value_parser = super::args::at_least_one)]
    pub keep_first: Option<usize>,
    /// Drop the first K tokens: none after them sees them
    #[arg(long, value_name = "K", conflicts_with = "keep_first", value_parser = super::args::at_least_one)]
    pub drop_first: Option<usize>,
    /// Ablate a head (3.1), or all of a layer (3): it contributes nothing
    #[arg(long, alias = "silence", value_name = "HEADS")]
    pub ablate: Vec<Heads>,
    /// Ablate a layer's feed-forward sublayer
    #[arg(long, value_name = "LAYER")]
    pub ablate_mlp: Vec<usize>,
    /// Ablate a neuron of a feed-forward sublayer: 3.120, or 3.2.120 of expert 2; several times for several
    #[arg(long, value_name = "L.N")]
    pub ablate_neuron: Vec<NeuronId>,
}

impl WhatIfArgs {
    /// What is wanted, with the ramp of soft masks.
    pub fn wish(&self, common: &Common) -> WhatIf {
        let keep = self.keep_first.map(FirstTokens::Keep);
        WhatIf {
            windows: self.window.clone(),
            spans: self.span.clone(),
            ramp: common.ramp,
            first: keep.or(self.drop_first.map(FirstTokens::Drop)),
            ablated: self.ablate.clone(),
            ablated_mlps: self.ablate_mlp.clone(),
            ablated_neurons: self.ablate_neuron.clone(),
        }
    }
}

/// As [`open_to_run`], with what is to be changed of the model.
pub(super) fn open_changed(
    path: &Path,
    common: &Common,
    what_if: &WhatIfArgs,
) -> Result<LoadedModel> {
    changed(open_to_run(path, common)?, common, what_if)
}

/// The model with what is to be changed of it.
pub(super) fn changed(
    mut model: LoadedModel,
    common: &Common,
    what_if: &WhatIfArgs,
) -> Result<LoadedModel> {
    let wish = what_if.wish(common);
    // Soft masks that are put on by hand have a ramp, whatever the model.
    if what_if.span.is_empty() {
        check_ramp(&model, common)?;
    }
    if wish.is_empty() {
        return Ok(model);
    }
    if model.recorded.is_some() {
        return Err(ModelError::Recorded).with_context(|| super::common::name(&model.path));
    }
    let edits = wish.edits(&model.network)?;
    model.network = Arc::new(model.network.edited(&edits)?);
    Ok(model)
}

/// Heads, and what is said of them.
fn halves(text: &str) -> Result<(Heads, &str), String> {
    let (heads, value) = text
        .split_once('=')
        .ok_or("expected heads and a number of tokens, such as 3.1=64, 3=64 or all=64")?;
    Ok((heads.parse()?, value))
}

fn window(text: &str) -> Result<(Heads, usize), String> {
    let (heads, keys) = halves(text)?;
    match keys.parse() {
        Ok(0) | Err(_) => Err("expected a window of whole keys from 1, such as 3.1=64".into()),
        Ok(keys) => Ok((heads, keys)),
    }
}

fn span(text: &str) -> Result<(Heads, f32), String> {
    let (heads, z) = halves(text)?;
    match z.parse::<f32>() {
        Ok(z) if z >= 0.0 && z.is_finite() => Ok((heads, z)),
        _ => Err("expected a span in tokens, such as 3.1=20".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadId;

    #[test]
    fn heads_are_named_one_by_one_by_layer_or_all() {
        assert_eq!(window("3.1=64"), Ok((Heads::One(HeadId::new(3, 1)), 64)));
        assert_eq!(window("L3=64"), Ok((Heads::Layer(3), 64)));
        assert_eq!(span("all=2.5"), Ok((Heads::All, 2.5)));
        for wrong in ["3.1", "3.1=0", "3.1=x", "=4", "3.=4", "a=4"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
        assert!(span("all=-1").is_err() && span("all=inf").is_err());
    }
}
