//! What was found of neurons, for people.

use super::{Found, NeuronsArgs, OfText};
use crate::analysis::logit_lens::{Promoted, promoted_along};
use crate::analysis::{NeuronSearch, NeuronUsage};
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::engine::figures::percentage;
use crate::model::NeuronId;
use std::io::{Result, Write};

/// Tokens that a line lists.
const FEW: usize = 4;

pub(super) fn print(
    model: &LoadedModel,
    found: &Found,
    args: &NeuronsArgs,
    out: &mut impl Write,
) -> Result<()> {
    let mut parts = 0;
    let mut between = |out: &mut dyn Write| {
        parts += 1;
        match parts {
            1 => Ok(()),
            _ => writeln!(out),
        }
    };
    if let Some(search) = &found.search {
        between(out)?;
        of_search(model, search, found.text.as_ref(), out)?;
    }
    if let Some((id, promoted)) = &found.neuron {
        between(out)?;
        of_neuron(model, *id, promoted, found.text.as_ref(), out)?;
    }
    let listed = args.layer.is_some() || (found.search.is_none() && found.neuron.is_none());
    if let (Some(text), true) = (&found.text, listed) {
        between(out)?;
        match args.layer {
            Some(_) => of_layer(model, text, args.top, out)?,
            None => of_layers(model, text, out)?,
        }
    }
    Ok(())
}

fn percent(share: f32) -> String {
    format!("{} %", percentage(100.0 * share))
}

fn tokens_of(model: &LoadedModel, tokens: &[(u32, f32)]) -> String {
    let labels = tokens.iter().take(FEW).map(|(id, _)| model.label(*id));
    labels.collect::<Vec<_>>().join("  ")
}

/// A line for each layer.
fn of_layers(model: &LoadedModel, text: &OfText, out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "layer  neurons  effective  never used  50 % in  90 % in  most used"
    )?;
    for usage in &text.layers {
        let most = usage.ranked(0).and_then(|place| {
            let spec = model.network.architecture().feed_forward_of(usage.layer)?;
            Some(format!(
                "{} {}",
                spec.named(usage.layer, place),
                percent(usage.share(place))
            ))
        });
        writeln!(
            out,
            "{:>5}  {:>7}  {:>9.1}  {:>10}  {:>7}  {:>7}  {}",
            usage.layer,
            thousands(usage.count()),
            usage.usage.effective,
            thousands(usage.usage.never),
            thousands(usage.holding(0.5)),
            thousands(usage.holding(0.9)),
            most.unwrap_or_default()
        )?;
    }
    writeln!(
        out,
        "{} tokens. Use: mean |activation| × norm of the value. Effective: as many as if that many were used evenly. Never used: \
         less than 1 % of an even share. --layer L lists the neurons of one.",
        thousands(text.tokens.ids.len())
    )
}

/// The neurons of one layer.
fn of_layer(model: &LoadedModel, text: &OfText, top: usize, out: &mut impl Write) -> Result<()> {
    let Some(usage) = text.layers.first() else {
        return Ok(());
    };
    let layer = usage.layer;
    let Some(spec) = model.network.architecture().feed_forward_of(layer) else {
        return Ok(());
    };
    writeln!(
        out,
        "Layer {layer}: {}",
        crate::engine::figures::neuron_facts(usage)
    )?;
    experts(usage, out)?;
    writeln!(
        out,
        "rank  neuron           share  mean |c|    ‖v‖  promotes"
    )?;
    let norms = model.network.value_norms(layer);
    for (rank, place) in (1..).zip(&usage.usage.order).take(top) {
        let place = *place as usize;
        let id = spec.named(layer, place);
        let value = model.network.neuron_value(id).unwrap_or_default();
        let promoted = promoted_along(&model.network, &value, FEW);
        writeln!(
            out,
            "{rank:>4}  {:<12} {:>9}  {:>8.4}  {:>5.2}  {}",
            id.to_string(),
            percent(usage.share(place)),
            usage.activations.get(place).copied().unwrap_or(0.0),
            norms.get(place).copied().unwrap_or(0.0),
            tokens_of(model, &promoted.up)
        )?;
    }
    writeln!(
        out,
        "c multiplies the neuron's value v. Promotes: the tokens whose logits v raises most, norms left out."
    )
}

/// The experts of a mixture.
fn experts(usage: &NeuronUsage, out: &mut impl Write) -> Result<()> {
    if usage.experts.is_empty() {
        return Ok(());
    }
    writeln!(out, "expert  tokens that use it  mean weight")?;
    for (expert, of) in usage.experts.iter().enumerate() {
        let share = 100.0 * of.share;
        writeln!(out, "{expert:>6}  {share:>16.1} %  {:>11.3}", of.weight)?;
    }
    Ok(())
}

fn of_search(
    model: &LoadedModel,
    search: &NeuronSearch,
    text: Option<&OfText>,
    out: &mut impl Write,
) -> Result<()> {
    let label = model.label(search.token);
    for (words, list) in [("raise", &search.up), ("lower", &search.down)] {
        writeln!(out, "Neurons whose values {words} {label} most")?;
        write!(out, "neuron          change")?;
        match text {
            Some(_) => writeln!(out, "  share of the layer's use")?,
            None => writeln!(out)?,
        }
        for (id, change) in list {
            write!(out, "{:<12} {change:>+9.4}", id.to_string())?;
            match text.and_then(|text| text.share(model, *id)) {
                Some(share) => writeln!(out, "  {:>24}", percent(share))?,
                None => writeln!(out)?,
            }
        }
    }
    writeln!(
        out,
        "Change of the logit per unit of activation, less the mean over the vocabulary; norms are left out."
    )
}

fn of_neuron(
    model: &LoadedModel,
    id: NeuronId,
    promoted: &Promoted,
    text: Option<&OfText>,
    out: &mut impl Write,
) -> Result<()> {
    writeln!(out, "Neuron {id}")?;
    for (words, list) in [("raises", &promoted.up), ("lowers", &promoted.down)] {
        write!(out, "{words}")?;
        for (token, change) in list {
            write!(out, "  {} {change:+.3}", model.label(*token))?;
        }
        writeln!(out)?;
    }
    let Some(text) = text else {
        return Ok(());
    };
    if let Some(share) = text.share(model, id) {
        writeln!(out, "share of the layer's use: {}", percent(share))?;
    }
    let users = text.recorder.users(model.network.architecture(), id);
    writeln!(out, "used most by  token     activation")?;
    for (position, activation) in users {
        let token = text.tokens.ids.get(position);
        let label = token.map_or_else(String::new, |token| model.label(*token));
        let position = thousands(position);
        writeln!(out, "{position:>12}  {label:<9} {activation:>+10.4}")?;
    }
    Ok(())
}
