//! What all views share: the last snapshot, the selection, what is under the pointer, and a way to ask for things.

use crate::analysis::TokenSet;
use crate::engine::{Combine, Detail, Heads, Looks, Snapshot};
use crate::model::Span;
use crate::ui::commands::command::Command;
use crate::ui::language::trf;
use crate::ui::theme::Palette;
use eframe::egui::Modifiers;

/// What is selected, in every view at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The heads; one of them leads.
    pub heads: Heads,
    /// The tokens, as positions in the text; without any, the last one.
    pub tokens: TokenSet,
    /// The persistent vector, of the leading head.
    pub vector: Option<usize>,
    /// How several heads become one picture.
    combine: Combine,
    /// The token that was clicked last: where a range begins.
    anchor: Option<usize>,
}

impl Selection {
    /// Selects one head.
    pub fn select_head(&mut self, head: (usize, usize)) {
        if self.heads.single() != Some(head) {
            if self.heads.leading() != head {
                self.vector = None;
            }
            self.heads = Heads::one(head);
        }
    }

    /// Selects `leading` with `others`.
    pub fn select_heads(
        &mut self,
        leading: (usize, usize),
        others: impl IntoIterator<Item = (usize, usize)>,
    ) {
        if self.heads.leading() != leading {
            self.vector = None;
        }
        self.heads = Heads::new(leading, others, self.combine);
    }

    /// How several heads become one picture.
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
        );
    }

    /// A click on a head: alone, with Ctrl in addition or no more, with Shift all from the leading one to it. `per_layer`
    /// is the number of heads in a layer.
    pub fn click_head(&mut self, head: (usize, usize), modifiers: Modifiers, per_layer: usize) {
        if modifiers.shift {
            let index = |(layer, head): (usize, usize)| layer * per_layer + head;
            let (a, b) = (index(self.heads.leading()), index(head));
            let place = |i: usize| (i / per_layer.max(1), i % per_layer.max(1));
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

/// What is under the pointer in some view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hover {
    /// A token as query, or simply as token.
    pub token: Option<usize>,
    /// A token as key of `token`.
    pub key: Option<usize>,
    /// Layer and head.
    pub head: Option<(usize, usize)>,
    /// A persistent vector of the leading head.
    pub vector: Option<usize>,
}

/// What a view gets to draw one frame.
pub struct ViewContext<'a> {
    /// What the worker last knew.
    pub snapshot: &'a Snapshot,
    /// The selection.
    pub selection: &'a mut Selection,
    /// What was under the pointer in the last frame, in any view: to be drawn.
    pub hover: Hover,
    /// What is under the pointer in this frame: to be set by the view that the pointer is in.
    pub hovering: &'a mut Hover,
    /// What the worker is to compute: every view adds what it needs, every frame.
    pub looks: &'a mut Looks,
    /// What the view wants done.
    pub commands: &'a mut Vec<Command>,
    /// The colours.
    pub palette: Palette,
}

impl ViewContext<'_> {
    /// The query whose weights are shown where one only can be: the last of the selected tokens, or of the text.
    pub fn query(&self) -> Option<usize> {
        let last = self.snapshot.done.checked_sub(1)?;
        Some(self.selection.tokens.last().unwrap_or(last).min(last))
    }

    /// The selected tokens, or the last one.
    pub fn tokens(&self) -> TokenSet {
        let mut tokens = self.selection.tokens.clone();
        tokens.truncate(self.snapshot.done);
        match self.query() {
            Some(query) if tokens.is_empty() => TokenSet::one(query),
            _ => tokens,
        }
    }

    /// Why nothing can be changed or written on, if a recorded run is open.
    pub fn refusal(&self, command: &Command) -> Option<&'static str> {
        let model = self.snapshot.model.as_ref();
        let is_recorded = model.is_some_and(|model| model.recorded.is_some());
        crate::ui::document::recorded::refusal(command).filter(|_| is_recorded)
    }

    /// The selected heads' weights, if they are those of the selected heads.
    pub fn detail(&self) -> Option<&Detail> {
        let detail = self.snapshot.detail.as_deref()?;
        (detail.heads == self.selection.heads).then_some(detail)
    }

    /// z and reach of a head.
    pub fn span_of(&self, (layer, head): (usize, usize)) -> Option<Span> {
        let network = &self.snapshot.shown()?.network;
        let heads = network.config().nb_heads;
        network.spans().get(layer * heads + head).copied()
    }

    /// z and reach of the leading head.
    pub fn span(&self) -> Option<Span> {
        self.span_of(self.selection.heads.leading())
    }

    /// How far the selected heads reach: as far as the one that reaches farthest.
    pub fn reach(&self) -> usize {
        let heads = self.selection.heads.all().iter();
        let reaches = heads.filter_map(|head| self.span_of(*head));
        reaches.map(|span| span.reach).max().unwrap_or(0)
    }

    /// A click on a head, with the keys that are held.
    pub fn click_head(&mut self, ui: &eframe::egui::Ui, head: (usize, usize)) {
        let heads = self.snapshot.shown().map(|m| m.network.config().nb_heads);
        let modifiers = ui.input(|input| input.modifiers);
        self.selection
            .click_head(head, modifiers, heads.unwrap_or(1));
    }

    /// A click on a token, with the keys that are held.
    pub fn click_token(&mut self, ui: &eframe::egui::Ui, token: usize) {
        let modifiers = ui.input(|input| input.modifiers);
        self.selection.click_token(token, modifiers);
    }
}

/// "Layer 3, head 2": people count from 1, as the paper does.
pub fn head_name((layer, head): (usize, usize)) -> String {
    trf("Layer {0}, head {1}", &[&(layer + 1), &(head + 1)])
}

/// The selected heads in a few words.
pub fn heads_name(heads: &Heads) -> String {
    match heads.single() {
        Some(head) => head_name(head),
        None => match heads.combine() {
            Combine::Mean => trf("mean of {0} heads", &[&heads.all().len()]),
            Combine::Max => trf("largest of {0} heads", &[&heads.all().len()]),
        },
    }
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

    #[test]
    fn heads_are_selected_alone_added_and_by_ranges() {
        let mut selection = Selection::default();
        selection.select_head((1, 1));
        selection.vector = Some(3);
        selection.click_head((2, 0), Modifiers::SHIFT, 2);
        assert_eq!(selection.heads.all(), [(1, 1), (2, 0)]);
        assert_eq!(selection.heads.leading(), (1, 1));
        assert_eq!(selection.vector, Some(3));
        selection.click_head((0, 0), Modifiers::COMMAND, 2);
        assert_eq!(selection.heads.leading(), (0, 0));
        assert_eq!((selection.heads.all().len(), selection.vector), (3, None));
        selection.click_head((0, 0), Modifiers::COMMAND, 2);
        assert_eq!(selection.heads.all(), [(1, 1), (2, 0)]);
        selection.click_head((2, 1), Modifiers::NONE, 2);
        assert_eq!(selection.heads.single(), Some((2, 1)));
        // The last head stays.
        selection.click_head((2, 1), Modifiers::COMMAND, 2);
        assert_eq!(selection.heads.single(), Some((2, 1)));
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
