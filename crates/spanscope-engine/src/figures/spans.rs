//! The spans of all heads: how far each looks.

use super::provenance;
use crate::LoadedModel;
use spanscope_chart::{HeadSpan, SpanChart};
use spanscope_core::analysis::HeadMeasure;
use spanscope_core::model::HeadId;

/// The span chart of a model, titled with its file's name. Heads whose span was set by hand keep a mark at the span that
/// they were trained to.
pub fn span_chart(model: &LoadedModel) -> SpanChart {
    let network = &model.network;
    let edits = network.edits();
    let heads = network.spans().into_iter().map(|span| HeadSpan {
        layer: span.layer,
        head: span.head,
        span: span.designed().map(f64::from),
        reach: span.reach.end(),
    });
    let architecture = network.architecture();
    let all = network.spans();
    let trained = edits.spans().filter_map(|(HeadId { layer, head }, _)| {
        let span = network.trained_span(layer, head)?;
        let now = all.iter().find(|s| (s.layer, s.head) == (layer, head))?;
        let trained = now.with(span);
        Some(HeadSpan {
            layer,
            head,
            span: trained.designed().map(|_| f64::from(span)),
            reach: trained.reach.end(),
        })
    });
    SpanChart {
        heads: heads.collect(),
        trained: trained.collect(),
        ablated: edits.ablated().collect(),
        title: model.name(),
        limit: architecture.limit().end(),
        is_context: architecture.nearest() == 0,
        provenance: provenance(model),
        ..SpanChart::default()
    }
}

/// The spans that a text makes use of, from what was measured on all heads: the distances that hold 50, 90 and 99 % of the
/// weight.
pub fn effective(measures: &[HeadMeasure]) -> Vec<spanscope_chart::EffectiveSpan> {
    let measured = measures.iter().filter(|measure| measure.queries > 0);
    measured
        .map(|measure| spanscope_chart::EffectiveSpan {
            layer: measure.layer,
            head: measure.head,
            within: measure.effective,
            sink_free: sink_free(measure).map(|(_, effective)| effective),
        })
        .collect()
}

/// First tokens that are left out of effective spans, as they were measured.
pub fn left_out(measures: &[HeadMeasure]) -> usize {
    let left_out = measures.iter().filter_map(sink_free);
    left_out.map(|(tokens, _)| tokens).max().unwrap_or(0)
}

/// The effective spans without the first tokens, and how many those are; `None` where none is left out.
fn sink_free(measure: &HeadMeasure) -> Option<(usize, [Option<usize>; 3])> {
    let rows = measure.rows.as_ref().filter(|rows| rows.sink_free > 0)?;
    Some((
        rows.sink_free.try_into().unwrap_or(usize::MAX),
        rows.effective,
    ))
}
