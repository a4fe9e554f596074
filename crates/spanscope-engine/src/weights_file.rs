//! Weights of heads, and use of persistent vectors, as files that NumPy loads.

use super::figures::{heads_title, provenance};
use super::open::LoadedModel;
use super::queries::Heads;
use super::recorded_run::replay;
use super::snapshot::Snapshot;
use spanscope_core::analysis::{Shares, TextWeights, VectorSums, VectorUsage};
use spanscope_core::checkpoint::{
    CheckpointError, Element, NamedTensor, PlannedTensor, TensorFile,
};
use spanscope_core::model::{BLOCK, Cancel, HeadId, ModelError, Run};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Why there is no file of weights.
#[derive(Debug, thiserror::Error)]
pub enum WeightsFileError {
    /// It cannot be written.
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// The values it is to hold could not be measured.
    #[error(transparent)]
    Run(#[from] ModelError),
    /// The recorded run cannot be read.
    #[error(transparent)]
    Recorded(#[from] super::run_file::RunFileError),
    /// The model has no persistent vectors.
    #[error("the model has no persistent vectors")]
    NoVectors,
    /// There is no text.
    #[error("there is no text to show it for")]
    NoText,
}

/// Tensors and metadata that a `.safetensors` file is to hold.
#[derive(Debug)]
pub struct WeightsFile {
    tensors: Vec<NamedTensor>,
    about: Metadata,
}

/// Numbers written at a time: so often a wish to stop is heard.
const PIECE: usize = 1 << 18;

impl WeightsFile {
    /// Writes the file. One that is cancelled before it is whole changes nothing.
    ///
    /// # Errors
    /// When it cannot be written, or is cancelled.
    pub fn write(&self, path: &Path, cancel: &Cancel) -> Result<(), WeightsFileError> {
        let plan = self.tensors.iter();
        let plan: Vec<PlannedTensor> = plan
            .map(|tensor| PlannedTensor::new(&tensor.name, Element::F32, &tensor.shape))
            .collect();
        let mut file = TensorFile::create(path, &plan, &self.about)?;
        for tensor in &self.tensors {
            if tensor.values.len() != tensor.shape.iter().product::<usize>() {
                return Err(CheckpointError::Unsupported {
                    path: path.to_owned(),
                    what: format!(
                        "tensor {} of the shape {:?} with {} numbers",
                        tensor.name,
                        tensor.shape,
                        tensor.values.len()
                    ),
                }
                .into());
            }
            for (i, piece) in tensor.values.chunks(PIECE).enumerate() {
                cancel.check()?;
                let bytes: Vec<u8> = piece.iter().flat_map(|v| v.to_le_bytes()).collect();
                file.write(&tensor.name, i * PIECE, &bytes)?;
            }
        }
        cancel.check()?;
        Ok(file.finish()?)
    }
}

/// Writes the weights of some heads on a text (named `text`) to a `.safetensors` file, as [`weights_file`] has them.
///
/// # Errors
/// When the file cannot be written.
pub fn write_weights(
    path: &Path,
    model: &LoadedModel,
    weights: &TextWeights,
    heads: &Heads,
    text: &str,
) -> Result<(), WeightsFileError> {
    weights_file(model, weights, heads, text).write(path, &Cancel::default())
}

/// A `.safetensors` file of the weights of some heads on a text (named `text`): `weights` (T × reach, the nearest distance first:
/// 1, or 0 where a token sees itself), `empty` (T) where what lies before the text takes weight, `persistent` (T × N) if there are vectors, and `sink` (T) if there is one, for the queries that `weights` has;
/// `later_weights` (T × tokens after the first query, distance 1 first) where queries see later tokens;
/// where weights are not divided by their sum after the mask, `masked` (T) is what they lack to add up to 1. Several heads are
/// put together, all their vectors in one column.
///
/// The metadata has `format`, `provenance`, `text`, `heads`, `first` (the position of the first query), of a single head `layer`
/// and `head`, from 0, and `first_distance`, that of column 0: 0 where a token sees itself, else 1.
pub fn weights_file(
    model: &LoadedModel,
    weights: &TextWeights,
    heads: &Heads,
    text: &str,
) -> WeightsFile {
    let queries = weights.first..weights.end;
    let t = queries.len();
    let mut tensors = vec![NamedTensor {
        name: "weights".into(),
        shape: vec![t, weights.reach],
        values: rows(weights, weights.reach, |query| weights.row(query)),
    }];
    if weights.tokens > 0 {
        let later = weights.tokens.saturating_sub(weights.first + 1);
        tensors.push(NamedTensor {
            name: "later_weights".into(),
            shape: vec![t, later],
            values: rows(weights, later, |query| weights.on_later(query)),
        });
    }
    if model.network.architecture().has_empty_context() {
        tensors.push(NamedTensor {
            name: "empty".into(),
            shape: vec![t],
            values: queries
                .map(|query| weights.empty(query).unwrap_or(0.0))
                .collect(),
        });
    }
    if weights.vectors > 0 {
        tensors.push(persistent(weights));
    }
    if weights.sink(weights.first).is_some() {
        let sinks = (weights.first..weights.end).map(|query| weights.sink(query));
        tensors.push(NamedTensor {
            name: "sink".into(),
            shape: vec![t],
            values: sinks.map(Option::unwrap_or_default).collect(),
        });
    }
    if heads.add_up() && model.network.architecture().loses_weight() {
        let masked = (weights.first..weights.end).map(|query| weights.masked(query));
        tensors.push(NamedTensor {
            name: "masked".into(),
            shape: vec![t],
            values: masked.map(Option::unwrap_or_default).collect(),
        });
    }
    let mut about = about("spanscope-attention", model, text);
    about.extend(of_heads(weights, heads));
    WeightsFile { tensors, about }
}

/// The shares of every head's weight on a text, and the use of each persistent vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersistentUse {
    /// Means over the queries, layer by layer.
    pub shares: Vec<Shares>,
    /// The mean weight of each persistent vector, head by head.
    pub usage: Vec<Vec<f32>>,
}

impl PersistentUse {
    /// Measures the use of all heads' vectors on the text of a snapshot, as far as it was read: the model runs over it once
    /// more, block by block. Of a recorded run it is that of the queries whose weights were recorded.
    ///
    /// # Errors
    /// When the model has no persistent vectors, there is no text, or the run fails or is cancelled.
    pub fn measure(snapshot: &Snapshot, cancel: &Cancel) -> Result<Self, WeightsFileError> {
        let model = snapshot.model.as_ref().ok_or(WeightsFileError::NoText)?;
        let architecture = model.network.architecture();
        let (layers, heads, vectors) = (
            architecture.nb_layers(),
            architecture.nb_heads(),
            architecture.persistent(),
        );
        if vectors == 0 {
            return Err(WeightsFileError::NoVectors);
        }
        let ids = snapshot.tokens.ids.get(..snapshot.done).unwrap_or_default();
        if ids.is_empty() || snapshot.shares.len() != layers * heads {
            return Err(WeightsFileError::NoText);
        }
        let sums = VectorSums::new(layers, heads, vectors);
        let mut queries = ids.len();
        if let Some(file) = &model.recorded {
            let recorded = file.text(snapshot.recorded.unwrap_or(0))?;
            let network = &model.network;
            queries = replay(file, network, &recorded, cancel, &sums, &mut |_| {})?.len();
        } else {
            let mut run = Run::new(Arc::clone(&model.network));
            run.for_length(ids.len());
            for block in ids.chunks(BLOCK) {
                run.extend(block, BLOCK, cancel, &sums)?;
                run.forget();
            }
        }
        let mean = |sums: Vec<f64>| VectorUsage::from_sums(&sums, queries.max(1)).mean;
        Ok(Self {
            shares: snapshot.shares.to_vec(),
            usage: sums.finish().into_iter().map(mean).collect(),
        })
    }
}

/// A `.safetensors` file of the use of persistent vectors on a text (named `text`): `shares` (L × H × 3: on tokens
/// of the text, on persistent vectors, on empty context; a fourth on learned sinks where there are any) and `usage` (L × H × N: the mean weight of each vector); and of
/// one head, if there is one in `of`, the weight that each query gives each vector: `persistent` (T × N).
///
/// The metadata is that of [`weights_file`]. `used` has the numbers of all heads.
pub fn persistent_file(
    model: &LoadedModel,
    used: &PersistentUse,
    of: Option<(&TextWeights, &Heads)>,
    text: &str,
) -> WeightsFile {
    let architecture = model.network.architecture();
    let (layers, heads, vectors) = (
        architecture.nb_layers(),
        architecture.nb_heads(),
        architecture.persistent(),
    );
    let shares = used.shares.iter();
    let kinds = 3 + usize::from(architecture.has_sinks());
    let mut tensors = vec![
        NamedTensor {
            name: "shares".into(),
            shape: vec![layers, heads, kinds],
            values: shares
                .flat_map(|s| {
                    [s.context, s.persistent, s.empty, s.sink]
                        .into_iter()
                        .take(kinds)
                })
                .collect(),
        },
        NamedTensor {
            name: "usage".into(),
            shape: vec![layers, heads, vectors],
            values: used.usage.concat(),
        },
    ];
    let mut about = about("spanscope-persistent", model, text);
    // Of several heads the vectors are not told apart.
    if let Some((weights, heads)) = of.filter(|(weights, _)| weights.vectors == vectors) {
        tensors.push(persistent(weights));
        about.extend(of_heads(weights, heads));
    }
    WeightsFile { tensors, about }
}

/// The queries' rows one after the other.
/// Rows of `width` numbers; what is missing of one, because its query sees less, is 0.
fn rows<'a>(weights: &TextWeights, width: usize, row: impl Fn(usize) -> &'a [f32]) -> Vec<f32> {
    let mut values = Vec::with_capacity(weights.queries() * width);
    for query in weights.first..weights.end {
        let row = row(query);
        let row = row.get(..width).unwrap_or(row);
        values.extend_from_slice(row);
        values.extend(std::iter::repeat_n(0.0, width - row.len()));
    }
    values
}

fn persistent(weights: &TextWeights) -> NamedTensor {
    NamedTensor {
        name: "persistent".into(),
        shape: vec![weights.queries(), weights.vectors],
        values: rows(weights, weights.vectors, |query| {
            weights.persistent_row(query)
        }),
    }
}

type Metadata = BTreeMap<String, String>;

fn about(format: &str, model: &LoadedModel, text: &str) -> Metadata {
    BTreeMap::from([
        ("format".to_owned(), format.to_owned()),
        ("provenance".to_owned(), provenance(model).to_string()),
        ("text".to_owned(), text.to_owned()),
    ])
}

/// Whose weights they are, and from which query on.
fn of_heads(weights: &TextWeights, heads: &Heads) -> Metadata {
    let mut metadata = BTreeMap::from([
        ("heads".to_owned(), heads_title(heads)),
        ("first".to_owned(), weights.first.to_string()),
    ]);
    metadata.insert("first_distance".to_owned(), weights.nearest.to_string());
    if let Some(HeadId { layer, head }) = heads.single() {
        metadata.insert("layer".to_owned(), layer.to_string());
        metadata.insert("head".to_owned(), head.to_string());
    }
    metadata
}
