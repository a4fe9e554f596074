//! The kind of a model's network, in words.

use super::LoadedModel;
use spanscope_chart::thousands;
use spanscope_core::model::architecture::Window;

impl LoadedModel {
    /// The kind of network in words.
    pub fn kind(&self) -> String {
        self.kind_in_parts().join(", ")
    }

    /// The kind of network, a phrase for each of its parts.
    pub fn kind_in_parts(&self) -> Vec<String> {
        let architecture = self.network.architecture();
        if architecture.adaptive_span().is_none() {
            let layers = architecture.layers.iter();
            let windows = layers.filter(|layer| layer.attention.window != Window::Full);
            let heads = match windows.count() {
                0 => "every head sees the whole text".to_owned(),
                n => format!("windows in {n} of {} layers", architecture.nb_layers()),
            };
            return vec![architecture.family.name().to_owned(), heads];
        }
        let span = match architecture.learns_spans() {
            true => "adaptive span",
            false => "fixed span",
        };
        let inner = match (architecture.persistent(), architecture.feed_forward()) {
            (0, 0) => "no feed-forward sublayers".to_owned(),
            (0, inner) => format!("FFN dimension {}", thousands(inner)),
            (n, _) => format!(
                "all-attention with {} persistent vectors per head",
                thousands(n)
            ),
        };
        let mut parts = vec![span.to_owned(), inner];
        if architecture.has_norms_before() {
            parts.push("norms before the sublayers (pre-norm)".to_owned());
        }
        if let Some(io) = architecture.clusters() {
            let clusters = io.cutoffs.len();
            parts.push(format!("adaptive input and output in {clusters} clusters"));
        }
        parts
    }
}
