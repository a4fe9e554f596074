//! `attention`: one head's weights on a text.

use super::commands::provenance;
use super::{Input, Usage};
use crate::chart::{ColorMap, Heatmap, Scale, SideColumn};
use crate::checkpoint::{Dtype, NamedTensor, write_safetensors};
use crate::engine::Model;
use crate::model::{Blind, Cancel, HeadWeights, Run};
use anyhow::Result;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(
    model: &Model,
    input: &Input,
    (layer, head): (usize, usize),
    output: Option<&Path>,
    out: &mut impl Write,
) -> Result<()> {
    let config = model.network.config();
    if layer >= config.nb_layers || head >= config.nb_heads {
        let (l, h) = (config.nb_layers - 1, config.nb_heads - 1);
        return Err(Usage(format!(
            "no head {head} in layer {layer}: layers go from 0 to {l}, heads from 0 to {h}"
        ))
        .into());
    }
    let ids = model
        .prepare_file(input.text.as_deref(), input.ids.as_deref())?
        .ids;
    let mut run = Run::new(Arc::clone(&model.network));
    run.set(&ids, &Cancel::default(), &Blind)?;
    let Some(weights) = run.head_weights(layer, head, 0, ids.len()) else {
        return Ok(());
    };
    match output {
        Some(path) if path.extension().is_some_and(|e| e == "safetensors") => write(path, weights)?,
        Some(path) => heatmap(model, &ids, &weights, layer, head).write(path)?,
        None => writeln!(
            out,
            "{}",
            heatmap(model, &ids, &weights, layer, head).csv()?
        )?,
    }
    Ok(())
}

fn write(path: &Path, weights: HeadWeights) -> Result<()> {
    let t = weights.queries;
    let mut tensors = vec![
        NamedTensor {
            name: "weights".into(),
            shape: vec![t, weights.reach],
            values: weights.weights,
        },
        NamedTensor {
            name: "empty".into(),
            shape: vec![t],
            values: weights.empty,
        },
    ];
    if weights.vectors > 0 {
        let shape = vec![t, weights.vectors];
        tensors.push(NamedTensor {
            name: "persistent".into(),
            shape,
            values: weights.persistent,
        });
    }
    Ok(write_safetensors(
        path,
        &tensors,
        &BTreeMap::new(),
        Dtype::F32,
        &BTreeMap::new(),
    )?)
}

/// Query × key, with side columns for what is not on context.
fn heatmap(
    model: &Model,
    ids: &[u32],
    weights: &HeadWeights,
    layer: usize,
    head: usize,
) -> Heatmap {
    let t = ids.len();
    let mut values = vec![f32::NAN; t * t];
    for query in 0..t {
        for (c, weight) in weights.row(query).iter().take(query).enumerate() {
            values[query * t + query - 1 - c] = *weight;
        }
    }
    let labels: Vec<String> = ids.iter().map(|&id| model.label(id)).collect();
    let mut side = vec![SideColumn {
        label: "empty context".into(),
        values: weights.empty.clone(),
    }];
    if weights.vectors > 0 {
        let values = (0..t)
            .map(|i| weights.persistent_row(i).iter().sum())
            .collect();
        side.push(SideColumn {
            label: "persistent".into(),
            values,
        });
    }
    Heatmap {
        title: format!("Layer {}, head {}", layer + 1, head + 1),
        rows: t,
        cols: t,
        values,
        row_labels: labels.clone(),
        col_labels: labels,
        row_axis: "query".into(),
        col_axis: "key".into(),
        map: ColorMap::Viridis,
        scale: Scale::Sqrt,
        dark: false,
        width_mm: 140.0,
        side,
        edge: Some(
            (0..t)
                .map(|query| query.saturating_sub(weights.reach))
                .collect(),
        ),
        provenance: provenance(model),
    }
}
