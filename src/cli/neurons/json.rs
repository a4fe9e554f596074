//! What was found of neurons, as JSON.

use super::{Found, NeuronsArgs, OfText};
use crate::analysis::logit_lens::promoted_along;
use crate::analysis::{NeuronSearch, NeuronUsage};
use crate::engine::LoadedModel;
use crate::model::NeuronId;
use serde_json::{Value, json};

/// Tokens that are listed of each of a layer's neurons.
const FEW: usize = 8;

pub(super) fn whole(model: &LoadedModel, found: &Found, args: &NeuronsArgs) -> Value {
    let text = found.text.as_ref();
    let layers = text.map(|text| {
        let layers = text.layers.iter();
        let layers = layers.map(|usage| of_layer(model, text, usage, args));
        layers.collect::<Vec<_>>()
    });
    let neuron = found.neuron.as_ref().map(|(id, promoted)| {
        let mut of = named(*id);
        of["raises"] = changes(model, &promoted.up);
        of["lowers"] = changes(model, &promoted.down);
        if let Some(text) = text {
            of["share"] = json!(text.share(model, *id));
            of["used_most_by"] = users(model, text, *id);
        }
        of
    });
    json!({
        "tokens": text.map(|text| text.tokens.ids.len()),
        "layers": layers,
        "promotes": found.search.as_ref().map(|search| of_search(model, search, text)),
        "neuron": neuron,
    })
}

fn named(id: NeuronId) -> Value {
    json!({ "name": id.to_string(), "layer": id.layer, "expert": id.expert, "neuron": id.neuron })
}

fn token(model: &LoadedModel, id: u32) -> Value {
    let name = model.token_name(id);
    json!({ "id": name.id, "token": name.token })
}

/// Tokens, and the changes of their logits per unit of activation.
fn changes(model: &LoadedModel, list: &[(u32, f32)]) -> Value {
    let one = |(id, change): &(u32, f32)| {
        let mut of = token(model, *id);
        of["change"] = json!(change);
        of
    };
    list.iter().map(one).collect()
}

fn users(model: &LoadedModel, text: &OfText, id: NeuronId) -> Value {
    let users = text.recorder.users(model.network.architecture(), id);
    let one = |(position, activation): (usize, f32)| {
        let of = text.tokens.ids.get(position);
        json!({
            "position": position,
            "token": of.map(|of| token(model, *of)),
            "activation": activation,
        })
    };
    users.into_iter().map(one).collect()
}

fn of_layer(model: &LoadedModel, text: &OfText, usage: &NeuronUsage, args: &NeuronsArgs) -> Value {
    let layer = usage.layer;
    let spec = model.network.architecture().feed_forward_of(layer);
    let norms = model.network.value_norms(layer);
    let one = |place: &u32| {
        let place = *place as usize;
        let id = spec.map_or(NeuronId::new(layer, place), |spec| spec.named(layer, place));
        let mut of = named(id);
        of["share"] = json!(usage.share(place));
        of["use"] = json!(usage.usage.mean.get(place));
        of["mean_activation"] = json!(usage.activations.get(place));
        of["value_norm"] = json!(norms.get(place));
        // Of all layers that would be the products of many values with the whole vocabulary.
        if args.layer.is_some() {
            let value = model.network.neuron_value(id).unwrap_or_default();
            let promoted = promoted_along(&model.network, &value, FEW);
            of["raises"] = changes(model, &promoted.up);
            of["lowers"] = changes(model, &promoted.down);
            of["used_most_by"] = users(model, text, id);
        }
        of
    };
    let listed: Vec<Value> = usage.usage.order.iter().take(args.top).map(one).collect();
    let experts = usage.experts.iter().enumerate().map(|(expert, of)| {
        json!({ "expert": expert, "share_of_tokens": of.share, "mean_weight": of.weight })
    });
    json!({
        "layer": layer,
        "neurons": usage.count(),
        "effective": usage.usage.effective,
        "never_used": usage.usage.never,
        "holding_50": usage.holding(0.5),
        "holding_90": usage.holding(0.9),
        "use": usage.total,
        "experts": experts.collect::<Vec<_>>(),
        "most_used": listed,
    })
}

fn of_search(model: &LoadedModel, search: &NeuronSearch, text: Option<&OfText>) -> Value {
    let list = |found: &[(NeuronId, f32)]| -> Value {
        let one = |(id, change): &(NeuronId, f32)| {
            let mut of = named(*id);
            of["change"] = json!(change);
            of["share"] = json!(text.and_then(|text| text.share(model, *id)));
            of
        };
        found.iter().map(one).collect()
    };
    let mut of = token(model, search.token);
    of["raised_by"] = list(&search.up);
    of["lowered_by"] = list(&search.down);
    of
}
