//! The content of a run file, known before anything is computed: its header, its tensors, its size.

use super::element::{ALIGNED, element_of};
use super::header::{Header, MASKED, QUERIES_AND_KEYS, RecordedModel, TextHeader, VERSION};
use super::{CANDIDATES, KEY, PROMOTED, RunFileError, names};
use crate::open::{EngineError, LoadedModel};
use crate::tokens::Tokens;
use serde_json::json;
use spanscope_chart::WRITTEN_BY;
use spanscope_core::checkpoint::{
    CURVES, Checkpoint, Dtype, Element, PlannedTensor, TensorFile, curves_to_json,
};
use spanscope_core::files::sha256_hex;
use spanscope_core::model::{Cancel, ModelError, Network, Outline, PartKind, RecordedTensor};
use spanscope_core::text::{self, ListedPieces};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// Most tokens of a text: as many as a window shows.
const MOST_TOKENS: usize = 4_000_000;

/// The largest file, in bytes.
const LARGEST: u64 = 64_000_000_000;

/// Products that finding promoted tokens may take where nobody says how many vectors: some seconds.
const PRODUCTS: f64 = 1e11;

/// Vectors per head that are looked at whatever it takes.
const LEAST_VECTORS: usize = 16;

/// Whose promoted tokens are kept, of the persistent vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Vectors {
    /// Of all, where that takes some seconds; else of as many as do.
    #[default]
    Auto,
    /// Per head, of this many that have most weight on the texts.
    Most(usize),
    /// Of all.
    All,
}

/// The options for recording a run.
#[derive(Debug, Clone, Default)]
pub struct RecordOptions {
    /// Number format of queries and keys: f32 (`None`) is exact.
    pub dtype: Option<Dtype>,
    /// Positions of the tokens whose weights are kept; all, if `None`, and to the text's end, if that is `usize::MAX`. The network runs over the whole text all the same.
    pub tokens: Option<Range<usize>>,
    /// Persistent vectors whose promoted tokens are kept.
    pub vectors: Vectors,
}

/// A text to be recorded.
#[derive(Debug, Clone)]
pub struct TextToRecord {
    /// The name of its file, without folders.
    pub name: String,
    /// Its content.
    pub content: TextContent,
}

/// The content of a text.
#[derive(Debug, Clone)]
pub enum TextContent {
    /// Any bytes, to be cut into tokens by the model's vocabulary.
    Text(Vec<u8>),
    /// Token ids.
    Ids(Vec<u32>),
}

/// A text cut into tokens.
pub(super) struct Cut {
    pub bytes: Vec<u8>,
    pub ids: Vec<u32>,
    /// The bytes of each token: where they begin and end.
    pub ranges: Vec<[u32; 2]>,
}

/// A run file that is to be written.
pub struct Recording<'a> {
    pub(super) model: &'a LoadedModel,
    pub(super) checkpoint: Checkpoint,
    pub(super) kept: Vec<RecordedTensor>,
    pub(super) header: Header,
    pub(super) texts: Vec<Cut>,
    /// What the tokens stand for, where they are those of a tokenizer.
    pub(super) pieces: Option<ListedPieces>,
    /// Vectors per head whose promoted tokens are kept.
    pub(super) per_head: usize,
    tensors: Vec<PlannedTensor>,
}

impl<'a> Recording<'a> {
    /// Decides what the run of `model` over `texts` will hold.
    ///
    /// # Errors
    /// When there is nothing to record, the model is itself a recorded run or was changed by hand, its file cannot be read
    /// again, or the result would be too large.
    pub fn new(
        model: &'a LoadedModel,
        texts: Vec<TextToRecord>,
        options: &RecordOptions,
    ) -> Result<Self, EngineError> {
        let network = &model.network;
        if network.is_recorded() {
            return Err(ModelError::Recorded.into());
        }
        if !network.edits().is_empty() {
            return Err(RunFileError::Edited.into());
        }
        if texts.is_empty() {
            return Err(RunFileError::NoText.into());
        }
        let checkpoint = model.checkpoint()?;
        let again = Outline::of(&checkpoint, network.architecture().stored_ramp())?;
        let again = again.network();
        if again.spans() != network.spans() || again.architecture() != network.architecture() {
            let path = model.path.clone();
            return Err(RunFileError::Changed { path }.into());
        }
        let cut: Vec<(Cut, TextHeader)> = texts
            .into_iter()
            .map(|text| cut(model, text, options.tokens.clone()))
            .collect::<Result<_, EngineError>>()?;
        let (texts, of_texts): (Vec<Cut>, Vec<TextHeader>) = cut.into_iter().unzip();
        let architecture = network.architecture();
        let per_head = vectors_per_head(network, options.vectors);
        let header = Header {
            version: VERSION,
            written_by: WRITTEN_BY.into(),
            written_at: String::new(),
            requires: match architecture.loses_weight() {
                true => vec![MASKED.to_owned()],
                false => Vec::new(),
            },
            model: RecordedModel {
                file: model.file_name(),
                format: model.format,
                bytes: model.bytes,
                sha256: model.sha256().map(str::to_owned),
                tensors_sha256: model.tensors_sha256().map(str::to_owned),
                dtypes: model.dtypes.clone(),
                prefix: model.prefix.clone(),
                architecture: architecture.as_ref().clone(),
                parts: model.parts().to_vec(),
                assumed: model.assumed.clone(),
                device: network.device().id().to_owned(),
            },
            attention: QUERIES_AND_KEYS.into(),
            dtype: options.dtype.unwrap_or(Dtype::F32),
            candidates: CANDIDATES.min(architecture.vocab_size),
            vectors: per_head * architecture.nb_heads() * architecture.nb_layers(),
            texts: of_texts,
            other: serde_json::Map::new(),
        };
        let kept = RecordedTensor::all(network, &checkpoint);
        let pieces = model.vocabulary.as_ref().and_then(ListedPieces::of);
        let recording = Self {
            tensors: tensors(&header, &kept, pieces.as_ref()),
            pieces,
            model,
            checkpoint,
            kept,
            header,
            texts,
            per_head,
        };
        let bytes = recording.bytes();
        if bytes > LARGEST {
            let most = LARGEST;
            return Err(RunFileError::TooLarge { bytes, most }.into());
        }
        Ok(recording)
    }

    /// About how large the file will be, in bytes: its header and the vocabulary are left out.
    pub fn bytes(&self) -> u64 {
        let tensors = self.tensors.iter().map(PlannedTensor::bytes);
        tensors.fold(0, u64::saturating_add)
    }

    /// Tokens of all texts.
    pub fn tokens(&self) -> usize {
        self.texts.iter().map(|text| text.ids.len()).sum()
    }

    /// The texts, as they are.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.texts.iter().map(|text| text.bytes.as_slice())
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The file, begun.
    pub(super) fn create(&self, to: &Path) -> Result<TensorFile, EngineError> {
        let mut metadata = BTreeMap::new();
        metadata.insert("format".to_owned(), "spanscope-run".to_owned());
        let header = serde_json::to_string(&self.header);
        let header = header.map_err(|e| text::TextError::Vocabulary(e.to_string()))?;
        metadata.insert(KEY.to_owned(), header);
        if let Some(vocabulary) = &self.model.vocabulary {
            let json = match self.pieces {
                // They are in tensors.
                Some(_) => json!({ "unit": vocabulary.unit(), "note": vocabulary.note() }),
                None => vocabulary.to_json(),
            };
            metadata.insert("vocabulary".into(), json.to_string());
        }
        if !self.model.curves.is_empty() {
            metadata.insert(CURVES.into(), curves_to_json(&self.model.curves));
        }
        Ok(TensorFile::create(to, &self.tensors, &metadata)?)
    }
}

/// A text as tokens, and what its header says.
fn cut(
    model: &LoadedModel,
    text: TextToRecord,
    wanted: Option<Range<usize>>,
) -> Result<(Cut, TextHeader), EngineError> {
    let TextToRecord { name, content } = text;
    let is_ids = matches!(content, TextContent::Ids(_));
    let vocab_size = model.network.architecture().vocab_size;
    let cancel = Cancel::default();
    let (bytes, tokens) = match content {
        TextContent::Ids(ids) => {
            if let Some(at) = ids.iter().position(|id| *id as usize >= vocab_size) {
                let id = ids[at];
                return Err(ModelError::TokenId { id, at, vocab_size }.into());
            }
            // As people write them: that is the text that a window shows.
            let text = ids_as_text(&ids);
            let tokens = Tokens::of_ids(model, text.as_str().into(), MOST_TOKENS, &cancel);
            (text.into_bytes(), tokens)
        }
        TextContent::Text(bytes) => {
            if model.vocabulary.is_none() {
                let path = model.path.clone();
                return Err(EngineError::NoVocabulary { path });
            }
            let shown = text::to_text(bytes.clone());
            let tokens = Tokens::new(model, shown.into(), MOST_TOKENS, &cancel);
            (bytes, tokens)
        }
    };
    let tokens = tokens.unwrap_or_default();
    if let Some(what) = tokens.trouble {
        let what = what.to_string();
        return Err(EngineError::NotCut { what });
    }
    if tokens.left_out > 0 || u32::try_from(bytes.len()).is_err() {
        let most = MOST_TOKENS;
        return Err(RunFileError::TooLong { name, most }.into());
    }
    let (ranges, unknown) = (tokens.ranges(), tokens.unknown);
    let ids = tokens.ids;
    if ids.is_empty() {
        return Err(EngineError::NoTokens);
    }
    if let Some(positions) = model.network.architecture().input.positions
        && ids.len() > positions.count
    {
        let (tokens, most) = (ids.len(), positions.count);
        return Err(ModelError::TooLong { tokens, most }.into());
    }
    let (first, end) = match &wanted {
        Some(range) => (range.start, range.end.min(ids.len())),
        None => (0, ids.len()),
    };
    let beyond = |range: &Range<usize>| range.end > ids.len() && range.end != usize::MAX;
    if let Some(range) = wanted.filter(|range| first >= end || beyond(range)) {
        let tokens = ids.len();
        return Err(RunFileError::NoSuchTokens {
            name,
            range,
            tokens,
        }
        .into());
    }
    let first = first / ALIGNED * ALIGNED;
    let first_key = first.saturating_sub(model.network.farthest_key()) / ALIGNED * ALIGNED;
    let header = TextHeader {
        bytes: bytes.len(),
        sha256: sha256_hex(&bytes),
        tokens: ids.len(),
        unknown,
        is_ids,
        queries: (first, end),
        first_key,
        name,
        other: serde_json::Map::new(),
    };
    let cut = Cut { bytes, ids, ranges };
    Ok((cut, header))
}

/// Token ids as a text: numbers with spaces between them.
pub(super) fn ids_as_text(ids: &[u32]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(" ")
}

/// The number of vectors of a head whose promoted tokens are kept.
fn vectors_per_head(network: &Network, vectors: Vectors) -> usize {
    let architecture = network.architecture();
    let all = architecture.persistent();
    match vectors {
        Vectors::All => all,
        Vectors::Most(n) => n.min(all),
        Vectors::Auto => {
            let dim = architecture.width as f64;
            let output = network.parts().iter().find(|p| p.kind == PartKind::Output);
            let output = output.map_or(0, |part| part.parameters + part.shared) as f64;
            let heads = (architecture.nb_layers() * architecture.nb_heads()) as f64;
            let fits = PRODUCTS / (heads * (dim * dim + output));
            (fits as usize).max(LEAST_VECTORS).min(all)
        }
    }
}

/// The tensors of a file.
fn tensors(
    header: &Header,
    kept: &[RecordedTensor],
    pieces: Option<&ListedPieces>,
) -> Vec<PlannedTensor> {
    use Element::{F32, U8, U32};
    let architecture = &header.model.architecture;
    let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
    let kept = kept.iter();
    let mut all: Vec<PlannedTensor> = kept
        .map(|tensor| PlannedTensor::new(&tensor.name, F32, &tensor.shape))
        .collect();
    if let Some((bytes, ends, special)) = pieces.map(ListedPieces::parts) {
        all.push(PlannedTensor::new(names::PIECES, U8, &[bytes.len()]));
        all.push(PlannedTensor::new(names::PIECE_ENDS, U32, &[ends.len()]));
        let special = [special.len()];
        all.push(PlannedTensor::new(names::SPECIAL_PIECES, U8, &special));
    }
    if header.vectors > 0 {
        let n = header.vectors;
        all.push(PlannedTensor::new(names::VECTORS, U32, &[n, 3]));
        let row = [n, 2 * PROMOTED];
        all.push(PlannedTensor::new(names::PROMOTED_IDS, U32, &row));
        all.push(PlannedTensor::new(names::PROMOTED_CHANGES, F32, &row));
    }
    let element = element_of(header.dtype);
    for (j, text) in header.texts.iter().enumerate() {
        let (tokens, k) = (text.tokens, header.candidates);
        let keys = text.queries.1 - text.first_key;
        let of = |what: &str, element, shape: &[usize]| {
            PlannedTensor::new(names::of_text(j, what), element, shape)
        };
        all.push(of(names::BYTES, U8, &[text.bytes]));
        all.push(of(names::IDS, U32, &[tokens]));
        all.push(of(names::RANGES, U32, &[tokens, 2]));
        all.push(of(names::NLL, F32, &[tokens - 1]));
        all.push(of(names::ENTROPY, F32, &[tokens]));
        all.push(of(names::NEXT_RANK, U32, &[tokens]));
        all.push(of(names::NEXT_LOG_P, F32, &[tokens]));
        all.push(of(names::CANDIDATE_IDS, U32, &[tokens, k]));
        all.push(of(names::CANDIDATE_LOG_P, F32, &[tokens, k]));
        let kinds = names::share_kinds(architecture);
        all.push(of(names::SHARES, F32, &[layers, heads, kinds]));
        if names::has_longest_keys(architecture) {
            let blocks = [keys.div_ceil(ALIGNED), layers, heads];
            all.push(of(names::LONGEST_KEYS, F32, &blocks));
        }
        for layer in 0..layers {
            let (of_query, of_key) = names::widths(architecture, layer);
            let queries = [text.at_hand().len(), of_query];
            let name = names::queries(j, layer);
            all.push(PlannedTensor::new(name, element, &queries));
            let name = names::keys(j, layer);
            all.push(PlannedTensor::new(name, element, &[keys, of_key]));
        }
    }
    all
}
