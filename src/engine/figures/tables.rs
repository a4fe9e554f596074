//! What was measured on many texts, as figures and tables.

use crate::analysis::SpanFlag;
use crate::analysis::sums::{EffectiveRow, from_units, rows};
use crate::chart::thousands;
use crate::chart::{Cell, Column, EffectiveSpan, HeadSpan, SpanChart, Table};
use crate::engine::sums_file::SumsFile;
use std::path::Path;

/// The span chart of what was measured: how far every head can look, and how far it does.
pub fn effective_chart(file: &SumsFile) -> SpanChart {
    let rows = rows(&file.sums);
    let name = Path::new(&file.header.model.name);
    let model = name.file_stem().unwrap_or_default().to_string_lossy();
    let heads = rows.iter().map(|row| HeadSpan {
        layer: row.layer,
        head: row.head,
        span: f64::from(row.span),
        reach: row.reach,
    });
    let effective = rows.iter().map(|row| EffectiveSpan {
        layer: row.layer,
        head: row.head,
        within: row.effective,
    });
    SpanChart {
        heads: heads.collect(),
        effective: effective.collect(),
        title: match file.header.texts.as_slice() {
            [text] => format!("{} on {}", file.header.model.name, text.name),
            texts => format!(
                "{} on {} texts",
                file.header.model.name,
                thousands(texts.len())
            ),
        },
        limit: file.header.model.config.attn_span,
        provenance: file.provenance(),
        ..SpanChart::default()
    }
}

/// How far every head looks, a row each.
pub fn effective_table(rows: &[EffectiveRow]) -> Table {
    let mut table = Table::new([
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
        Column::new("previous"),
        Column::new("in_ramp"),
        Column::new("removed"),
        Column::of("entropy", "bits"),
        Column::new("flag"),
    ]);
    for row in rows {
        let [half, most, nearly_all] = row.effective;
        table.push([
            row.layer.into(),
            row.head.into(),
            row.span.into(),
            row.reach.into(),
            half.into(),
            most.into(),
            nearly_all.into(),
            row.mean_distance.into(),
            row.context.into(),
            row.persistent.into(),
            row.empty.into(),
            row.previous.into(),
            row.in_ramp.into(),
            row.removed.into(),
            row.entropy.into(),
            row.flag.map(SpanFlag::name).into(),
        ]);
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
            from_units(text.surprisal).into(),
            totals.bits_per_token().into(),
            totals.bits_per_byte().into(),
            text.sha256.clone().into(),
        ]);
    }
    table
}
