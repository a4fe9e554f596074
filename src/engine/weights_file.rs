//! Weights of heads as a file that NumPy loads.

use super::figures::provenance;
use super::open::Model;
use crate::analysis::LookedWeights;
use crate::checkpoint::{CheckpointError, Dtype, NamedTensor, write_safetensors};
use std::collections::BTreeMap;
use std::path::Path;

/// Writes the weights of some heads (named `heads`) on a text (named `text`) to a `.safetensors` file: `weights` (T ×
/// reach, column c is distance c + 1), `persistent` (T × N) if there are vectors, and `empty` (T), for the queries that
/// `weights` has.
///
/// # Errors
/// When the file cannot be written.
pub fn write_weights(
    path: &Path,
    model: &Model,
    weights: &LookedWeights,
    heads: &str,
    text: &str,
) -> Result<(), CheckpointError> {
    let queries = weights.first..weights.end;
    let t = queries.len();
    let mut tensors = vec![
        NamedTensor {
            name: "weights".into(),
            shape: vec![t, weights.reach],
            values: queries
                .clone()
                .flat_map(|query| weights.row(query))
                .copied()
                .collect(),
        },
        NamedTensor {
            name: "empty".into(),
            shape: vec![t],
            values: queries
                .clone()
                .map(|query| weights.empty(query).unwrap_or(0.0))
                .collect(),
        },
    ];
    if weights.vectors > 0 {
        tensors.push(NamedTensor {
            name: "persistent".into(),
            shape: vec![t, weights.vectors],
            values: queries
                .clone()
                .flat_map(|query| weights.persistent_row(query))
                .copied()
                .collect(),
        });
    }
    let mut metadata = BTreeMap::from([
        ("format".to_owned(), "spanscope-attention".to_owned()),
        ("provenance".to_owned(), provenance(model).to_string()),
        ("text".to_owned(), text.to_owned()),
        ("heads".to_owned(), heads.to_owned()),
        ("first_query".to_owned(), weights.first.to_string()),
    ]);
    if weights.vectors > 0 {
        metadata.insert("vectors".to_owned(), weights.vectors.to_string());
    }
    write_safetensors(path, &tensors, &BTreeMap::new(), Dtype::F32, &metadata)
}
