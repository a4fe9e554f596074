//! The measurements on many texts, as figures and tables.

use super::Quantity;
use crate::sums_file::SumsFile;
use spanscope_chart::{
    Cell, ColorMap, Column, EffectiveSpan, HeadSpan, Heatmap, Scale, SideColumn, SpanChart, Table,
    thousands,
};
use spanscope_core::analysis::SpanFlag;
use spanscope_core::analysis::row_measures::{QUANTILES, named};
use spanscope_core::analysis::sums::{EffectiveRow, from_units, rows, usage};
use spanscope_core::model::HeadId;
use std::path::Path;

/// The span chart of what was measured: how far every head can look, and how far it does.
pub fn effective_chart(file: &SumsFile) -> SpanChart {
    let rows = rows(&file.sums);
    let name = Path::new(&file.header.model.name);
    let model = name.file_stem().unwrap_or_default().to_string_lossy();
    let heads = rows.iter().map(|row| HeadSpan {
        layer: row.layer,
        head: row.head,
        span: row.designed().map(f64::from),
        reach: row.reach.end(),
    });
    let effective = rows.iter().map(|row| EffectiveSpan {
        layer: row.layer,
        head: row.head,
        within: row.effective,
        // As the table on the terminal, which says so.
        sink_free: None,
    });
    SpanChart {
        heads: heads.collect(),
        effective: effective.collect(),
        title: match file.header.texts.as_slice() {
            [text] => format!("{model} on {}", text.name),
            texts => format!("{model} on {} texts", thousands(texts.len())),
        },
        limit: file.header.model.architecture.limit().end(),
        is_context: file.header.model.architecture.nearest() == 0,
        provenance: file.provenance(),
        ..SpanChart::default()
    }
}

/// Mean weight on the persistent vectors of all heads, each head's by falling weight, with the shares of its weight beside;
/// without columns where the model has no such vectors. The table has the vectors in their own order.
pub fn persistent_chart(file: &SumsFile) -> Heatmap {
    let (heads, usage) = (rows(&file.sums), usage(&file.sums));
    let cols = usage.iter().flatten().map(|u| u.order.len()).max();
    let cols = cols.unwrap_or(0);
    let weights = usage.iter().flatten().flat_map(|usage| {
        let order = usage.order.iter();
        order.map(|vector| usage.mean.get(*vector as usize).copied())
    });
    let side = |label: &str, of: fn(&EffectiveRow) -> f64| SideColumn {
        label: label.into(),
        values: heads.iter().map(|head| of(head) as f32).collect(),
    };
    let is_masked = file.sums.architecture.loses_weight();
    let has_sinks = file.sums.architecture.has_sinks();
    let names = ["layer", "head", "context", "persistent", "empty"];
    let names = names
        .into_iter()
        .chain(has_sinks.then_some("sink"))
        .chain(is_masked.then_some("masked"));
    let names = names.chain(["effective_vectors", "never_used"]);
    let vectors = (0..cols).map(|vector| Column::new(format!("vector_{vector}")));
    let mut numbers = Table::new(names.map(Column::new).chain(vectors));
    for (head, usage) in heads.iter().zip(&usage) {
        let usage = usage.as_ref();
        let shares = [
            head.layer.into(),
            head.head.into(),
            head.context.into(),
            head.persistent.into(),
            head.empty.into(),
        ];
        let masked = is_masked.then(|| head.masked.into());
        let used = [
            usage.map(|u| u.effective).into(),
            usage.map(|u| u.never).into(),
        ];
        let sink = has_sinks.then(|| head.learned_sink.into());
        let first = shares.into_iter().chain(sink).chain(masked).chain(used);
        let mean = usage.map_or(&[][..], |u| &u.mean).iter();
        numbers.push(first.chain(mean.map(|weight| (*weight).into())));
    }
    Heatmap {
        title: "Mean weight on persistent vectors".into(),
        rows: if cols == 0 { 0 } else { heads.len() },
        cols,
        values: weights.map(|weight| weight.unwrap_or(f32::NAN)).collect(),
        row_labels: match cols {
            0 => Vec::new(),
            _ => heads
                .iter()
                .map(|head| HeadId::new(head.layer, head.head).to_string())
                .collect(),
        },
        row_axis: "head".into(),
        col_axis: "vectors of the head, most used first".into(),
        bar: Quantity::MeanWeight.axis().into(),
        map: ColorMap::Viridis,
        scale: Scale::Log,
        side: match cols {
            0 => Vec::new(),
            _ => vec![
                side("text", |head| head.context),
                side("persistent", |head| head.persistent),
                side("empty context", |head| head.empty),
            ],
        },
        kind: "persistent",
        numbers: Some(numbers),
        provenance: file.provenance(),
        ..Heatmap::default()
    }
}

/// The span, reach and effective span of every head, a row each.
pub fn effective_table(rows: &[EffectiveRow]) -> Table {
    // Only where weights do not add up to 1.
    let is_masked = rows.iter().any(|row| row.masked.is_some());
    let first = [
        Column::new("layer"),
        Column::new("head"),
        Column::of("span", "tokens"),
        Column::of("reach", "tokens"),
        Column::of("effective_50", "tokens"),
        Column::of("effective_90", "tokens"),
        Column::of("effective_99", "tokens"),
        Column::of("mean_distance", "tokens"),
        Column::new("context"),
        Column::new("persistent"),
        Column::new("empty"),
    ];
    let more = [
        Column::new("previous"),
        Column::new("in_ramp"),
        Column::new("removed"),
        Column::of("entropy", "bits"),
        Column::new("flag"),
    ];
    let masked = is_masked.then(|| Column::new("masked"));
    let nearest = rows.first().map_or(0, |row| row.nearest);
    let measured = named(None, nearest);
    let measured = measured.into_iter().map(|of| match of.unit {
        Some(unit) => Column::of(&of.name, unit),
        None => Column::new(&of.name),
    });
    let variance = Column::of("distance_variance", "tokens²");
    let quantiles = QUANTILES.map(|share| {
        let name = format!("span_quantile_{}", (100.0 * share).round());
        Column::of(&name, "tokens")
    });
    let columns = first.into_iter().chain(masked).chain(more);
    let columns = columns.chain([variance]).chain(quantiles).chain(measured);
    let mut table = Table::new(columns);
    for row in rows {
        let [half, most, nearly_all] = row.effective;
        let first = [
            row.layer.into(),
            row.head.into(),
            row.designed().into(),
            row.reach.end().into(),
            half.into(),
            most.into(),
            nearly_all.into(),
            row.mean_distance.into(),
            row.context.into(),
            row.persistent.into(),
            row.empty.into(),
        ];
        let more = [
            row.previous.into(),
            row.in_ramp.into(),
            row.removed.into(),
            row.entropy.into(),
            row.flag.map(SpanFlag::name).into(),
        ];
        let masked = is_masked.then(|| row.masked.into());
        let measured = named(row.rows.as_ref(), row.nearest).into_iter();
        let measured = measured.map(|of| match (of.value, of.is_whole) {
            (Some(value), true) => Cell::from(value as usize),
            (value, _) => value.into(),
        });
        let quantiles = row.rows.and_then(|rows| rows.quantiles);
        let quantile = |i: usize| Cell::from(quantiles.map(|of| of[i]));
        let quantiles = [0, 1, 2, 3].map(quantile);
        let all = first.into_iter().chain(masked).chain(more);
        let all = all.chain([row.variance.into()]).chain(quantiles);
        table.push(all.chain(measured));
    }
    table
}

/// The texts that were measured, a row each.
pub fn texts_table(file: &SumsFile) -> Table {
    let mut table = Table::new([
        Column::new("text"),
        Column::new("bytes"),
        Column::new("tokens"),
        Column::new("unknown"),
        Column::of("surprisal", "bits"),
        Column::new("bits_per_token"),
        Column::new("bits_per_byte"),
        Column::new("sha256"),
    ]);
    for text in &file.header.texts {
        let totals = text.totals();
        table.push([
            text.name.clone().into(),
            Cell::Whole(text.bytes),
            Cell::Whole(text.tokens),
            Cell::Whole(text.unknown),
            text.surprisal.map(from_units).into(),
            totals.bits_per_token().into(),
            totals.bits_per_byte().into(),
            text.sha256.clone().into(),
        ]);
    }
    table
}
