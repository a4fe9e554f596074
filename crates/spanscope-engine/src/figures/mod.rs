//! From a model and a run to figures: the one place where the window, the command line and scripts get theirs.
//!
//! [`figure`] makes any of them from a [`Snapshot`](super::Snapshot), with the choices of a [`FigureChoice`]; the functions
//! by name make one each.

mod attention;
mod curves;
mod heads;
mod model;
mod request;
mod span_mask;
mod spans;
mod tables;
mod text;
mod usage;

pub use attention::{HeatmapStyle, heads_title, heatmap};
pub use curves::{curve_look, curve_name, quantity_name, steps_name};
pub use heads::{GridStyle, grid, head_rows, matrix, shares};
pub use model::{cost, parameters, training};
pub use request::{FigureChoice, FigureKind, figure, missing, sign};
pub use span_mask::span_mask;
pub use spans::{effective, span_chart};
pub use tables::{effective_chart, effective_table, persistent_chart, texts_table};
pub use text::{Shade, blind_bits, candidates, shaded_text, surprisal};
pub use usage::{usage, usage_of, vectors};

use super::open::LoadedModel;
use spanscope_chart::{Provenance, Source};

/// Why there is no such figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// No model is open.
    #[error("no model is open")]
    NoModel,
    /// There is no text, or none of it is known to the model.
    #[error("there is no text to show it for")]
    NoText,
    /// The selected tokens' weights are not kept.
    #[error(
        "there are no weights to show: the text is empty, or too long for the selected token's weights to be kept"
    )]
    NoWeights,
    /// A statistic is not known of any head.
    #[error("{0} is not known of any head: there is no text")]
    NotMeasured(&'static str),
    /// The file holds no training curves.
    #[error("the file holds no training curves")]
    NoCurves,
    /// The file holds training curves in a form that is not read.
    #[error("the file's training curves are in a form that is not read; expected lists of numbers")]
    UnreadCurves,
    /// The model has no persistent vectors.
    #[error("the model has no persistent vectors")]
    NoVectors,
    /// It can be shown of one head only.
    #[error("several heads are selected; it can be shown of one only")]
    SeveralHeads,
}

/// Why a model has no figure of its training.
fn no_curves(model: &LoadedModel) -> FigureError {
    match model.has_unread_curves() {
        true => FigureError::UnreadCurves,
        false => FigureError::NoCurves,
    }
}

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
    let ablated: Vec<String> = edits.ablated().map(|head| head.to_string()).collect();
    if !ablated.is_empty() {
        provenance = provenance.with("ablated", ablated.join(" "));
    }
    provenance
}
