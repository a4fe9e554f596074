//! From a model and a run to figures: the one place where the window, the command line and scripts get theirs.

mod attention;
mod spans;
mod tables;

pub use attention::{HeatmapStyle, heads_title, heatmap};
pub use spans::span_chart;
pub use tables::{effective_table, texts_table};

use super::open::Model;
use crate::chart::{Provenance, Source};

/// Where a figure's numbers come from, for its metadata; with the model's hash, if [`Model::sha256`] was asked for before.
pub fn provenance(model: &Model) -> Provenance {
    let of_model = Provenance {
        model: Some(Source {
            name: model.weights_name(),
            sha256: model.known_sha256().map(str::to_owned),
        }),
        ..Provenance::default()
    };
    of_model.with("ramp", model.network.config().adapt_span_ramp)
}
