//! How far every head looks.

use super::provenance;
use crate::chart::{HeadSpan, SpanChart};
use crate::engine::Model;

/// The span chart of a model, titled with its file's name.
pub fn span_chart(model: &Model) -> SpanChart {
    let heads = model.network.spans().into_iter().map(|span| HeadSpan {
        layer: span.layer,
        head: span.head,
        span: f64::from(span.span),
        reach: span.reach,
    });
    SpanChart {
        heads: heads.collect(),
        title: model.name(),
        limit: model.network.config().attn_span,
        provenance: provenance(model),
        ..SpanChart::default()
    }
}
