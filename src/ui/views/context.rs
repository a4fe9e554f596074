//! The state that all views share: the last snapshot, the selection, what is under the pointer, and a way to ask for things.

use crate::analysis::TokenSet;
use crate::engine::sums_file::SumsFile;
use crate::engine::{LoadedModel, Queries, SelectedHeads, Snapshot};
use crate::model::{HeadId, Reach, Span};
use crate::ui::commands::command::Command;
use crate::ui::document::draft::Draft;
use crate::ui::document::selection::{Hover, Selection};
use crate::ui::language::{said, tr};
use crate::ui::theme::Palette;

/// The data that a view gets to draw one frame.
pub struct ViewContext<'a> {
    /// The last snapshot of the worker.
    pub snapshot: &'a Snapshot,
    /// The text as it was last changed, which the snapshot may not show yet, with its caret.
    pub draft: &'a mut Draft,
    /// The selection.
    pub selection: &'a mut Selection,
    /// The item under the pointer in the last frame, in any view: to be drawn.
    pub hover: Hover,
    /// The item under the pointer in this frame: to be set by the view that the pointer is in.
    pub hovering: &'a mut Hover,
    /// The quantities that the worker is to compute: every view adds what it needs, every frame.
    pub looks: &'a mut Queries,
    /// The commands that the view gives.
    pub commands: &'a mut Vec<Command>,
    /// The colours.
    pub palette: Palette,
    /// The open file of places that show what heads do.
    pub examples: Option<&'a SumsFile>,
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

    /// The words of a view that has nothing to show for want of a text: why the model does not read the one that is there, else
    /// what to do.
    pub fn without_text(&self, words: &str) -> String {
        let (tokens, model) = (&self.snapshot.tokens, &self.snapshot.model);
        let is_foreign = tokens.unknown > 0 && tokens.ids.is_empty();
        let has_vocabulary = |of: &LoadedModel| of.vocabulary.is_some();
        match &self.snapshot.refused {
            Some(reason) => said(reason),
            None if !is_foreign => words.to_owned(),
            None if model.as_deref().is_some_and(has_vocabulary) => {
                tr("None of this text is in the model's vocabulary.").to_owned()
            }
            None => tr("This model's vocabulary is not known: type token ids, such as 12 0 7")
                .to_owned(),
        }
    }

    /// Why nothing can be changed or written on, if a recorded run is open.
    pub fn refusal(&self, command: &Command) -> Option<&'static str> {
        let model = self.snapshot.model.as_ref();
        let is_recorded = model.is_some_and(|model| model.recorded.is_some());
        crate::ui::commands::recorded::refusal(command).filter(|_| is_recorded)
    }

    /// Words for a recorded run that has no predictions.
    pub fn unrecorded(&self) -> Option<&'static str> {
        let run = self.snapshot.model.as_ref()?.recorded.as_ref()?;
        let words = tr("This run was recorded without predictions.");
        (!run.header().has_results()).then_some(words)
    }

    /// Why nothing is known of what comes after the token `query`: it comes, or it never will.
    pub fn without_prediction(&self, query: usize) -> &'static str {
        if let Some(words) = self.unrecorded() {
            return words;
        }
        // A view that was opened in this frame has not asked yet.
        if self.snapshot.busy || self.snapshot.at_hand.contains(&query) {
            return tr("Computing…");
        }
        tr(
            "So far back in a long text nothing is kept to predict from: select a later token, or give the text more memory.",
        )
    }

    /// The selected heads' weights, if they are those of the selected heads.
    pub fn detail(&self) -> Option<&SelectedHeads> {
        let detail = self.snapshot.detail.as_deref()?;
        (detail.heads == self.selection.heads).then_some(detail)
    }

    /// z and reach of a head.
    pub fn span_of(&self, HeadId { layer, head }: HeadId) -> Option<Span> {
        let network = &self.snapshot.shown()?.network;
        let heads = network.architecture().nb_heads();
        network.spans().get(layer * heads + head).copied()
    }

    /// z and reach of the leading head.
    pub fn span(&self) -> Option<Span> {
        self.span_of(self.selection.heads.leading())
    }

    /// The nearest distance that heads see: 0 where a token sees itself.
    pub fn nearest(&self) -> usize {
        let model = self.snapshot.shown();
        model.map_or(1, |model| model.network.architecture().nearest())
    }

    /// Distances to later tokens that queries see: 0, but in an encoder's run.
    pub fn later(&self) -> usize {
        let model = self.snapshot.shown();
        match model.is_some_and(|model| model.network.architecture().is_bidirectional()) {
            true => self.snapshot.tokens.ids.len().saturating_sub(1),
            false => 0,
        }
    }

    /// The reach of the selected heads: that of the one that reaches farthest.
    pub fn reach(&self) -> Reach {
        let heads = self.selection.heads.all().iter();
        let reaches = heads.filter_map(|head| self.span_of(*head));
        let longest = reaches.map(|span| span.reach).max();
        longest.unwrap_or(Reach::of(0))
    }

    /// The most distances that any of the selected heads sees in a text of so many tokens.
    pub fn seen(&self, tokens: usize) -> usize {
        let heads = self.selection.heads.all().iter();
        let spans = heads.filter_map(|head| self.span_of(*head));
        spans.map(|span| span.seen(tokens)).max().unwrap_or(0)
    }

    /// A click on a head, with the keys that are held.
    pub fn click_head(&mut self, ui: &eframe::egui::Ui, head: HeadId) {
        let heads = self
            .snapshot
            .shown()
            .map(|m| m.network.architecture().nb_heads());
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
