//! `neurons`: the feed-forward sublayers as key–value memories: which neurons a text uses, and what their values promote.

mod args;
mod json;
mod table;

pub(super) use args::NeuronsArgs;

use super::Usage;
use super::common::{Tokens, ending, may_write, name, progress, read, reads, say};
use super::what_if::open_changed;
use crate::analysis::logit_lens::{Promoted, promoted_along};
use crate::analysis::{NeuronRecorder, NeuronSearch, NeuronUsage, neurons_promoting};
use crate::chart::{Format, thousands};
use crate::engine::LoadedModel;
use crate::engine::figures::{neuron_search, neuron_table, neurons_of};
use crate::model::{BLOCK, Cancel, Device, ModelError, NeuronId, Run};
use crate::shown::shown_path;
use anyhow::Result;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// All that was asked for, found.
struct Found {
    /// Of the text; nothing where there is none.
    text: Option<OfText>,
    search: Option<NeuronSearch>,
    neuron: Option<(NeuronId, Promoted)>,
}

/// What a text makes of the neurons.
struct OfText {
    tokens: Tokens,
    recorder: NeuronRecorder,
    /// Of all layers, or of the one that was asked for.
    layers: Vec<NeuronUsage>,
}

impl OfText {
    /// The share of its layer's use that a neuron has.
    fn share(&self, model: &LoadedModel, id: NeuronId) -> Option<f32> {
        let usage = self.layers.iter().find(|usage| usage.layer == id.layer)?;
        let spec = model.network.architecture().feed_forward_of(id.layer)?;
        Some(usage.share(spec.place(id)?))
    }
}

/// Tokens that are listed as raised, and as lowered, by a neuron that was asked for.
const PROMOTED: usize = 16;

pub(super) fn run(args: &NeuronsArgs, out: &mut impl Write) -> Result<()> {
    args.check()?;
    if let Some(path) = &args.output {
        ending(path, Format::EXTENSIONS)?;
        let reads = reads(&args.model, &args.input, &args.common);
        may_write(path, args.force, &reads)?;
    }
    let model = open_changed(&args.model, &args.common, &args.what_if)?;
    has_neurons(&model, args)?;
    let found = find(&model, args)?;
    if let Some(path) = &args.output {
        write(&model, &found, args, path)?;
        if !args.common.quiet {
            say(format_args!("wrote {}", shown_path(path)));
        }
    }
    if args.json {
        let whole = json::whole(&model, &found, args);
        writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
    } else if args.output.is_none() {
        table::print(&model, &found, args, out)?;
    }
    Ok(())
}

/// Refuses a model that has none, or none that can be told of.
fn has_neurons(model: &LoadedModel, args: &NeuronsArgs) -> Result<()> {
    let architecture = model.network.architecture();
    if model.recorded.is_some() {
        return Err(anyhow::Error::new(ModelError::Recorded).context(name(&args.model)));
    }
    if architecture.all_neurons() == 0 {
        anyhow::bail!(
            "{}: the model has no feed-forward sublayers, and so no neurons: its persistent vectors are in their place; \
             `spanscope persistent` shows which of them a text uses",
            shown_path(&args.model)
        );
    }
    if let Some(layer) = args.layer
        && architecture.neurons(layer) == 0
    {
        let last = architecture.nb_layers().saturating_sub(1);
        return Err(Usage(format!(
            "--layer {layer}: there is no such layer with neurons; layers go from 0 to {last}"
        ))
        .into());
    }
    if args.reads_text() && model.network.device() != Device::Cpu {
        return Err(Usage(
            "the use of neurons is measured on the CPU only: leave --device out".into(),
        )
        .into());
    }
    Ok(())
}

fn find(model: &LoadedModel, args: &NeuronsArgs) -> Result<Found> {
    let network = &model.network;
    // What is wrong with these is told before a long text is read.
    let token = match &args.promotes {
        Some(name) => {
            let token = model.token_named(name);
            Some(token.map_err(|error| Usage(format!("--promotes {error}")))?)
        }
        None => None,
    };
    let neuron = match args.neuron {
        Some(id) => {
            let known = network.architecture().neuron(id);
            let id = known.map_err(|error| Usage(format!("--neuron: {error}")))?;
            let value = network.neuron_value(id).unwrap_or_default();
            Some((id, promoted_along(network, &value, PROMOTED)))
        }
        None => None,
    };
    let cancel = Cancel::default();
    let search = match token {
        Some(token) => neurons_promoting(network, token, args.top, &cancel)?,
        None => None,
    };
    let text = match args.reads_text() {
        true => Some(measure(model, args)?),
        false => None,
    };
    Ok(Found {
        text,
        search,
        neuron,
    })
}

/// Runs over the text, keeping no more than the heads can see.
fn measure(model: &LoadedModel, args: &NeuronsArgs) -> Result<OfText> {
    let tokens = read(model, &args.input, &args.common)?;
    let network = &model.network;
    let recorder = NeuronRecorder::new(network.architecture());
    let cancel = Cancel::default();
    let bar = progress(tokens.ids.len(), args.common.quiet);
    let mut run = Run::new(Arc::clone(network));
    run.for_length(tokens.ids.len());
    for block in tokens.ids.chunks(BLOCK) {
        run.extend(block, BLOCK, &cancel, &recorder)?;
        run.forget();
        bar.inc(block.len() as u64);
    }
    bar.finish_and_clear();
    let layers = match args.layer {
        Some(layer) => vec![layer],
        None => (0..network.architecture().nb_layers()).collect(),
    };
    let count = tokens.ids.len();
    let layers = layers.into_iter();
    let layers = layers.filter_map(|layer| recorder.usage(network, layer, count));
    Ok(OfText {
        layers: layers.collect(),
        tokens,
        recorder,
    })
}

/// The figure, or its numbers: of the search where one was asked for, else of the use.
fn write(model: &LoadedModel, found: &Found, args: &NeuronsArgs, path: &Path) -> Result<()> {
    if let Some(search) = &found.search {
        let layers = found.text.as_ref().map_or(&[][..], |text| &text.layers);
        let mut figure = neuron_search(model, search, layers);
        if let Some(title) = &args.style.title {
            figure.title.clone_from(title);
        }
        return args.style.write(&figure, path);
    }
    let layers = found.text.as_ref().map_or(&[][..], |text| &text.layers);
    let Some(first) = layers.first() else {
        anyhow::bail!("{}: nothing was measured", shown_path(&args.model));
    };
    let mut figure = neurons_of(model, first, true);
    if layers.len() > 1 {
        figure.title = format!("{}: use of neurons", model.name());
        figure.subtitle = format!("{} layers", thousands(layers.len()));
        figure.numbers = neuron_table(model, layers);
    }
    if let Some(title) = &args.style.title {
        figure.title.clone_from(title);
    }
    args.style.write(&figure, path)
}
