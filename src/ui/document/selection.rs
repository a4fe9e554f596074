//! The selection, and the things under the pointer, in every view at once.

use crate::analysis::TokenSet;
use crate::engine::{Combine, Heads, Weighting};
use crate::model::{Architecture, HeadId, NeuronId};
use eframe::egui::Modifiers;
use serde::{Deserialize, Serialize};

/// The selection, in every view at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The heads; one of them leads.
    pub heads: Heads,
    /// The tokens, as positions in the text; without any, the last one.
    pub tokens: TokenSet,
    /// The persistent vector, of the leading head.
    pub vector: Option<usize>,
    /// The neuron, of a model with feed-forward sublayers.
    pub neuron: Option<NeuronId>,
    /// The rule by which several heads become one picture.
    combine: Combine,
    /// The numbers that are shown as their weights.
    weighting: Weighting,
    /// The token that was clicked last: where a range begins.
    anchor: Option<usize>,
}

impl Selection {
    /// Selects one head.
    pub fn select_head(&mut self, head: HeadId) {
        if self.heads.single() != Some(head) {
            if self.heads.leading() != head {
                self.vector = None;
            }
            self.heads = Heads::one(head).weighted(self.weighting);
        }
    }

    /// Selects `leading` with `others`.
    pub fn select_heads(&mut self, leading: HeadId, others: impl IntoIterator<Item = HeadId>) {
        if self.heads.leading() != leading {
            self.vector = None;
        }
        self.heads = Heads::new(leading, others, self.combine).weighted(self.weighting);
    }

    /// The numbers that are shown as weights.
    pub fn weighting(&self) -> Weighting {
        self.weighting
    }

    /// Shows `weighting` as weights from now on.
    pub fn set_weighting(&mut self, weighting: Weighting) {
        if weighting != self.weighting {
            self.weighting = weighting;
            self.heads = self.heads.clone().weighted(weighting);
        }
    }

    /// The rule by which several heads become one picture.
    pub fn combine(&self) -> Combine {
        self.combine
    }

    /// Puts several heads together by `combine` from now on.
    pub fn set_combine(&mut self, combine: Combine) {
        self.combine = combine;
        self.heads = Heads::new(
            self.heads.leading(),
            self.heads.all().iter().copied(),
            combine,
        )
        .weighted(self.weighting);
    }

    /// A click on a head: alone, with Ctrl in addition or no more, with Shift all from the leading one to it. `per_layer`
    /// is the number of heads in a layer.
    pub fn click_head(&mut self, head: HeadId, modifiers: Modifiers, per_layer: usize) {
        if modifiers.shift {
            let index = |HeadId { layer, head }: HeadId| layer * per_layer + head;
            let (a, b) = (index(self.heads.leading()), index(head));
            let place = |i: usize| HeadId::new(i / per_layer.max(1), i % per_layer.max(1));
            self.select_heads(self.heads.leading(), (a.min(b)..=a.max(b)).map(place));
        } else if modifiers.command {
            let mut all: Vec<_> = self.heads.all().to_vec();
            if all.contains(&head) && all.len() > 1 {
                all.retain(|other| *other != head);
                let leading = self.heads.leading();
                let leading = if leading == head { all[0] } else { leading };
                self.select_heads(leading, all);
            } else {
                self.select_heads(head, all);
            }
        } else {
            self.select_head(head);
        }
    }

    /// A click on a token: alone (a second click lets go), with Ctrl in addition or no more, with Shift all from the token
    /// clicked before to it.
    pub fn click_token(&mut self, token: usize, modifiers: Modifiers) {
        if modifiers.shift {
            self.drag_tokens(self.anchor.unwrap_or(token), token);
            return;
        }
        if modifiers.command {
            self.tokens.toggle(token);
        } else if self.tokens.single() == Some(token) {
            self.tokens = TokenSet::default();
        } else {
            self.tokens = TokenSet::one(token);
        }
        self.anchor = Some(token);
    }

    /// Selects all tokens from `from` to `to`, both included, in either order.
    pub fn drag_tokens(&mut self, from: usize, to: usize) {
        self.tokens = TokenSet::from(from.min(to)..from.max(to) + 1);
        self.anchor = Some(from);
    }

    /// Selects no token.
    pub fn clear_tokens(&mut self) {
        self.tokens = TokenSet::default();
        self.anchor = None;
    }
}

/// The things under the pointer in some view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hover {
    /// A token as query, or simply as token.
    pub token: Option<usize>,
    /// A token as key of `token`.
    pub key: Option<usize>,
    /// Layer and head.
    pub head: Option<HeadId>,
    /// A persistent vector of the leading head.
    pub vector: Option<usize>,
}

/// A selection as a session keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selected {
    /// The leading head; layers and heads count from 0.
    pub leading: HeadId,
    /// All heads.
    pub heads: Vec<HeadId>,
    /// The rule by which they become one picture.
    pub combine: Combine,
    /// The numbers that are shown as weights.
    pub weighting: Weighting,
    /// Tokens, as begins and ends of ranges.
    pub tokens: Vec<(usize, usize)>,
    /// The persistent vector.
    pub vector: Option<usize>,
}

impl Selected {
    /// The contents of `selection`.
    pub fn of(selection: &Selection) -> Self {
        let ranges = selection.tokens.ranges().iter();
        Self {
            leading: selection.heads.leading(),
            heads: selection.heads.all().to_vec(),
            combine: selection.combine(),
            weighting: selection.weighting(),
            tokens: ranges.map(|range| (range.start, range.end)).collect(),
            vector: selection.vector,
        }
    }

    /// The heads, as far as a network has them, and the vector; no tokens.
    pub fn heads_in(&self, architecture: &Architecture) -> Selection {
        let exists = |HeadId { layer, head }: HeadId| {
            layer < architecture.nb_layers() && head < architecture.nb_heads()
        };
        let mut selection = Selection::default();
        selection.set_combine(self.combine);
        selection.set_weighting(self.weighting);
        if exists(self.leading) {
            let others = self.heads.iter().copied().filter(|head| exists(*head));
            selection.select_heads(self.leading, others);
            selection.vector = self.vector.filter(|v| *v < architecture.persistent());
        }
        selection
    }

    /// The tokens.
    pub fn tokens(&self) -> TokenSet {
        // In order, each is put at the end, however many there are.
        let mut ranges: Vec<_> = self
            .tokens
            .iter()
            .filter(|(start, end)| start < end)
            .collect();
        ranges.sort_unstable();
        let mut tokens = TokenSet::default();
        for (start, end) in ranges {
            tokens.insert(*start..*end);
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_selected_alone_added_and_by_ranges() {
        let mut selection = Selection::default();
        selection.select_head(HeadId::new(1, 1));
        selection.vector = Some(3);
        selection.click_head(HeadId::new(2, 0), Modifiers::SHIFT, 2);
        assert_eq!(
            selection.heads.all(),
            [HeadId::new(1, 1), HeadId::new(2, 0)]
        );
        assert_eq!(selection.heads.leading(), HeadId::new(1, 1));
        assert_eq!(selection.vector, Some(3));
        selection.click_head(HeadId::new(0, 0), Modifiers::COMMAND, 2);
        assert_eq!(selection.heads.leading(), HeadId::new(0, 0));
        assert_eq!((selection.heads.all().len(), selection.vector), (3, None));
        selection.click_head(HeadId::new(0, 0), Modifiers::COMMAND, 2);
        assert_eq!(
            selection.heads.all(),
            [HeadId::new(1, 1), HeadId::new(2, 0)]
        );
        selection.click_head(HeadId::new(2, 1), Modifiers::NONE, 2);
        assert_eq!(selection.heads.single(), Some(HeadId::new(2, 1)));
        // The last head stays.
        selection.click_head(HeadId::new(2, 1), Modifiers::COMMAND, 2);
        assert_eq!(selection.heads.single(), Some(HeadId::new(2, 1)));
    }

    #[test]
    fn tokens_are_selected_alone_added_and_by_ranges() {
        let mut selection = Selection::default();
        selection.click_token(5, Modifiers::NONE);
        selection.click_token(2, Modifiers::SHIFT);
        assert_eq!(selection.tokens, TokenSet::from(2..6));
        selection.click_token(3, Modifiers::COMMAND);
        assert_eq!(selection.tokens.len(), 3);
        selection.click_token(9, Modifiers::NONE);
        selection.click_token(9, Modifiers::NONE);
        assert!(selection.tokens.is_empty());
    }
}
