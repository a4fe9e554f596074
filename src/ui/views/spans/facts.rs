//! The facts that the view knows of the heads in one frame.

use super::span_drag::Hand;
use crate::analysis::{HeadMeasure, SpanFlag};
use crate::engine::{HeadStats, LoadedModel};
use crate::model::{Architecture, HeadId, Span};
use crate::ui::views::context::ViewContext;
use std::sync::Arc;

/// The heads, with what is measured on them.
pub(super) struct Facts {
    pub model: Arc<LoadedModel>,
    /// As they are shown, layer by layer: a span that is being changed is there before the worker has it.
    pub spans: Vec<Span>,
    /// The measurements, if they fit the model.
    pub surveyed: Option<Arc<HeadStats>>,
    /// True if it is of the text and the spans at hand.
    pub is_fresh: bool,
    /// True if there is a text to measure on.
    pub has_text: bool,
    /// True if points can be dragged as they are, without a key.
    pub is_edited: bool,
    /// True if spans can be changed: not before the weights are read, nor in a recorded run.
    pub editable: bool,
}

impl Facts {
    pub fn new(
        cx: &ViewContext<'_>,
        model: &Arc<LoadedModel>,
        hand: &Hand,
        last: &mut Option<(u64, Arc<HeadStats>)>,
    ) -> Self {
        let snapshot = cx.snapshot;
        let architecture = model.network.architecture();
        let mut spans = model.network.spans();
        let whole = snapshot.preview.is_none() && snapshot.model.is_some();
        let editable = whole && model.recorded.is_none();
        if let Some(HeadId { layer, head }) = hand.asked_head().filter(|_| editable)
            && let Some(span) = spans.get_mut(layer * architecture.nb_heads() + head)
            && let Some(trained) = model.network.trained_span(layer, head)
        {
            *span = span.with(hand.asked_span().unwrap_or(trained));
        }
        let fits =
            |s: &Arc<HeadStats>| s.measures.len() == spans.len() && s.flags.len() == spans.len();
        let number = snapshot.model_number;
        let now = snapshot.surveyed.clone().filter(|s| whole && fits(s));
        let is_fresh = now.is_some() && hand.is_there();
        if let Some(now) = now {
            *last = Some((number, now));
        }
        // What was measured before an edit stays, paler, until it is measured anew.
        let has_text = !snapshot.tokens.ids.is_empty();
        let known = last
            .as_ref()
            .filter(|(of, s)| whole && *of == number && has_text && fits(s));
        Self {
            surveyed: known.map(|(_, surveyed)| Arc::clone(surveyed)),
            model: Arc::clone(model),
            spans,
            is_fresh,
            has_text,
            is_edited: hand.on,
            editable,
        }
    }

    pub fn architecture(&self) -> &Architecture {
        self.model.network.architecture()
    }

    fn index(&self, HeadId { layer, head }: HeadId) -> usize {
        layer * self.architecture().nb_heads() + head
    }

    pub fn span(&self, head: HeadId) -> Option<&Span> {
        self.spans.get(self.index(head))
    }

    pub fn measure(&self, head: HeadId) -> Option<&HeadMeasure> {
        let surveyed = self.surveyed.as_ref()?;
        let measure = surveyed.measures.get(self.index(head))?;
        (measure.queries > 0).then_some(measure)
    }

    pub fn flag(&self, head: HeadId) -> Option<SpanFlag> {
        *self.surveyed.as_ref()?.flags.get(self.index(head))?
    }

    /// The heads whose span is worth a look, in order.
    pub fn flagged(&self) -> impl Iterator<Item = (HeadId, SpanFlag)> + '_ {
        self.spans.iter().filter_map(|span| {
            let head = span.id();
            Some((head, self.flag(head)?))
        })
    }

    pub fn ablated(&self, HeadId { layer, head }: HeadId) -> bool {
        self.model.network.ablated(layer, head)
    }

    /// A head's trained z, where it is set to another one.
    pub fn ghost(&self, HeadId { layer, head }: HeadId) -> Option<Span> {
        let span = *self.span(HeadId { layer, head })?;
        let trained = self.model.network.trained_span(layer, head)?;
        (trained != span.span).then(|| Span {
            span: trained,
            ..span.with(trained)
        })
    }

    /// True if anything is changed of a head.
    pub fn is_edited(&self, head: HeadId) -> bool {
        self.model.network.edits().is_edited(head.layer, head.head)
    }

    /// The count of edits.
    pub fn edits(&self) -> usize {
        self.model.network.edits().count()
    }
}
