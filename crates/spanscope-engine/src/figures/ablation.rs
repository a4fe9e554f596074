//! The ranking of heads by what a text costs without each, as a figure.

use super::provenance;
use crate::LoadedModel;
use spanscope_chart::{Bar, Bars, Column, Table, thousands};
use spanscope_core::analysis::Ablation;

/// Every head with the bits per token that a text costs more without it, the one that the text needs most first.
pub fn ablation(model: &LoadedModel, found: &Ablation) -> Bars {
    let bars = found.heads.iter().map(|head| Bar {
        label: head.id.to_string(),
        value: head.change,
        note: format!("{:+.4}", head.change),
        marked: false,
    });
    let mut numbers = Table::new([
        Column::new("layer"),
        Column::new("head"),
        Column::new("bits_per_token"),
        Column::of("change", "bits"),
    ]);
    for head in &found.heads {
        numbers.push([
            head.id.layer.into(),
            head.id.head.into(),
            head.bits.into(),
            head.change.into(),
        ]);
    }
    Bars {
        kind: "ablation",
        title: format!("{}: every head ablated in turn", model.name()),
        subtitle: format!(
            "{} tokens, {:.3} bits per token with all heads",
            thousands(found.tokens),
            found.bits
        ),
        axis: "change of the surprisal without the head (bits per token)".into(),
        bars: bars.collect(),
        numbers,
        provenance: provenance(model).with("tokens", found.tokens),
        ..Bars::default()
    }
}
