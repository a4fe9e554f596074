//! The origin of the numbers of a figure.

use crate::LoadedModel;
use spanscope_chart::{Provenance, Source};

/// The origin of a figure's numbers, for its metadata; with the model's hash, if [`LoadedModel::sha256`] was asked for before.
/// Spans set by hand and heads ablated are named.
pub fn provenance(model: &LoadedModel) -> Provenance {
    let of_model = Provenance {
        model: Some(Source {
            name: model.weights_name(),
            sha256: model.weights_sha256(false).map(str::to_owned),
        }),
        ..Provenance::default()
    };
    let mut provenance = match model.network.architecture().stored_ramp() {
        Some(ramp) => of_model.with("ramp", ramp),
        None => of_model,
    };
    let edits = model.network.edits();
    let spans: Vec<String> = edits
        .spans()
        .map(|(head, span)| format!("{head}={span}"))
        .collect();
    if !spans.is_empty() {
        provenance = provenance.with("spans_set", spans.join(" "));
    }
    if let Some(first) = edits.first() {
        provenance = provenance.with("first_tokens", first);
    }
    let ablated: Vec<String> = edits.ablated().map(|head| head.to_string()).collect();
    if !ablated.is_empty() {
        provenance = provenance.with("ablated", ablated.join(" "));
    }
    let mlps: Vec<String> = edits
        .ablated_mlps()
        .map(|layer| layer.to_string())
        .collect();
    if !mlps.is_empty() {
        provenance = provenance.with("ablated_mlps", mlps.join(" "));
    }
    provenance
}
