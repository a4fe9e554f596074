//! The kind of a model's network, in words.

use super::LoadedModel;
use spanscope_chart::thousands;

impl LoadedModel {
    /// The kind of network in words.
    pub fn kind(&self) -> String {
        let architecture = self.network.architecture();
        if architecture.adaptive_span().is_none() {
            let windows = architecture.layers.iter().filter(|layer| {
                layer.attention.window != spanscope_core::model::architecture::Window::Full
            });
            let heads = match windows.count() {
                0 => "every head sees the whole text".to_owned(),
                n => format!("windows in {n} of {} layers", architecture.nb_layers()),
            };
            return format!("{}, {heads}", architecture.family);
        }
        let span = if architecture.learns_spans() {
            "adaptive span"
        } else {
            "fixed span"
        };
        let inner = match (architecture.persistent(), architecture.feed_forward()) {
            (0, 0) => "no feed-forward sublayers".to_owned(),
            (0, inner) => format!("feed-forward sublayers of width {}", thousands(inner)),
            (n, _) => format!(
                "all-attention with {} persistent vectors per head",
                thousands(n)
            ),
        };
        let norms = match architecture.has_norms_before() {
            true => ", norms before the sublayers (pre-norm)",
            false => "",
        };
        let io = match &architecture.clusters() {
            Some(io) => format!(
                ", adaptive input and output in {} clusters",
                io.cutoffs.len()
            ),
            None => String::new(),
        };
        format!("{span}, {inner}{norms}{io}")
    }
}
