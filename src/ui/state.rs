//! What all views share: the last snapshot, the selection, and a way to ask for things.

use super::command::Command;
use super::theme::Palette;
use crate::engine::{Engine, Snapshot};
use crate::model::Span;

/// What is selected, in every view at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selection {
    /// Layer and head, from 0.
    pub head: (usize, usize),
    /// The query, as a position among the tokens; without one, the last token.
    pub query: Option<usize>,
    /// The token under the pointer in some view.
    pub hovered: Option<usize>,
}

/// What a view gets to draw one frame.
pub struct ViewContext<'a> {
    /// What the worker last knew.
    pub snapshot: &'a Snapshot,
    /// The selection.
    pub selection: &'a mut Selection,
    /// Takes requests for pictures.
    pub engine: &'a Engine,
    /// What the view wants done.
    pub commands: &'a mut Vec<Command>,
    /// The colours.
    pub palette: Palette,
}

impl ViewContext<'_> {
    /// The query whose weights are shown: the selected token, or the last one.
    pub fn query(&self) -> Option<usize> {
        let last = self.snapshot.done.checked_sub(1)?;
        Some(self.selection.query.unwrap_or(last).min(last))
    }

    /// The selected head's weights, if they are those of the selected head.
    pub fn detail(&self) -> Option<&crate::engine::Detail> {
        let detail = self.snapshot.detail.as_deref()?;
        ((detail.layer, detail.head) == self.selection.head).then_some(detail)
    }

    /// z and reach of the selected head.
    pub fn span(&self) -> Option<Span> {
        let model = self.snapshot.model.as_ref()?;
        let heads = model.network.config().nb_heads;
        let (layer, head) = self.selection.head;
        model.network.spans().get(layer * heads + head).copied()
    }

    /// Selects a head.
    pub fn select(&mut self, layer: usize, head: usize) {
        self.selection.head = (layer, head);
        self.engine.select(layer, head);
    }
}

/// "Layer 3, head 2": people count from 1, as the paper does.
pub fn head_name((layer, head): (usize, usize)) -> String {
    format!("Layer {}, head {}", layer + 1, head + 1)
}

/// A share as a percentage.
pub fn percent(share: f32) -> String {
    // A sum of nothing is −0 in floating point.
    let percent = (100.0 * share).max(0.0) + 0.0;
    if percent > 0.0 && percent < 0.1 {
        "< 0.1 %".into()
    } else {
        format!("{percent:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(percent(0.1234), "12.3 %");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(-0.0), "0.0 %");
        assert_eq!(percent(0.0004), "< 0.1 %");
    }
}
