//! Opening a model with its vocabulary, and turning text into ids.

mod kind;
mod recorded;
mod same;

pub use super::error::EngineError;

use super::Sample;
use super::follow::Stamp;
use super::run_file::{Header, RunFile};
use super::span_history::SpanHistory;
use super::tokenizer;
use spanscope_chart::TokenName;
use spanscope_core::checkpoint::RunProgress;
use spanscope_core::checkpoint::{
    Checkpoint, Curve, Dtype, Format, IN_FOLDER, Source, in_folder, name_in_cache,
};
use spanscope_core::model::{About, Assumption, Device, ModelError, Network, Outline, Part, Ramp};
use spanscope_core::text::{Coverage, SpecialTokens, TextError, Vocabulary};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// An opened model.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// The file.
    pub path: PathBuf,
    /// The container it came in.
    pub format: Format,
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// Number formats of its weights, the one with most numbers first.
    pub dtypes: Vec<Dtype>,
    /// What the file writes before the names of the published code: `module.`, `decoder.model.`, `model.` or nothing.
    pub prefix: String,
    /// The training curves in the file, by name; [`Panel::of`](spanscope_core::checkpoint::Panel::of) puts them together for plots.
    pub curves: Vec<Curve>,
    /// How far the training has come, if the file is the checkpoint of a run that can go on.
    pub run: Option<RunProgress>,
    /// What z of every head was in the course of the training, if the file says.
    pub span_history: Option<Arc<SpanHistory>>,
    /// The network.
    pub network: Arc<Network>,
    /// Its vocabulary, if known.
    pub vocabulary: Option<Vocabulary>,
    /// What was assumed because the file does not say.
    pub assumed: Vec<Assumption>,
    /// The run file that it was opened from, if it is a recorded run. Format, number formats, prefix, parameters and hash
    /// are then those of the model that ran, `path` and `bytes` those of the run file.
    pub recorded: Option<Arc<RunFile>>,
    /// Which version of the file it is, if the file is the checkpoint of a run: that is replaced now and then.
    pub(crate) stamp: Option<Stamp>,
    /// The files as they were opened, whatever has their names by now.
    pub(crate) source: Arc<Source>,
    /// SHA-256 of its tensors, once somebody has asked for it: see [`LoadedModel::tensors_sha256`].
    pub(super) tensors: Arc<OnceLock<Option<String>>>,
}

/// A text as ids.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// Known tokens, in order.
    pub ids: Vec<u32>,
    /// Number of pieces of the text are not in the vocabulary and were left out.
    pub unknown: usize,
    /// How much of the text the vocabulary has.
    pub coverage: Coverage,
}

impl LoadedModel {
    /// Opens `path`; `vocab` and `ramp` override what the file holds.
    ///
    /// # Errors
    /// When the file or the vocabulary cannot be read, or do not fit each other.
    pub fn open(
        path: &Path,
        vocab: Option<&Path>,
        ramp: Option<Ramp>,
    ) -> Result<Self, EngineError> {
        Self::open_in_steps(path, vocab, ramp, |_| ControlFlow::Continue(()))
    }

    /// As [`open`](Self::open); `outlined` gets the model without weights and vocabulary as soon as it is known, and may end it there.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`ModelError::Cancelled`] when `outlined` ends it.
    pub fn open_in_steps(
        path: &Path,
        vocab: Option<&Path>,
        ramp: Option<Ramp>,
        outlined: impl FnOnce(Self) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        // From before it is opened: if it is replaced meanwhile, it is opened once more.
        let stamp = Stamp::of(&in_folder(path));
        let checkpoint = Checkpoint::open(path)?;
        let mut model = Self::from_checkpoint(&checkpoint, vocab, ramp, outlined)?;
        model.stamp = stamp.filter(|_| model.run.is_some());
        Ok(model)
    }

    /// Opens `path` for its architecture and its spans: no weights and no vocabulary are read, so it cannot run.
    ///
    /// # Errors
    /// When the file cannot be read, or what it holds does not fit together.
    pub fn outline(path: &Path, ramp: Option<Ramp>) -> Result<Self, EngineError> {
        let checkpoint = Checkpoint::open(path)?;
        refuse_sums(&checkpoint)?;
        if let Some(header) = Header::of(&checkpoint)? {
            return Self::of_run(&checkpoint, header);
        }
        let outline = Outline::of(&checkpoint, ramp)?;
        Self::of(&checkpoint, Arc::clone(outline.network()))
    }

    /// What the file says, with a network from it and no vocabulary.
    fn of(checkpoint: &Checkpoint, network: Arc<Network>) -> Result<Self, EngineError> {
        let run = RunProgress::of(checkpoint.metadata());
        let (architecture, spans) = (network.architecture(), network.spans());
        let history = SpanHistory::of(checkpoint, architecture, &spans, run.as_ref());
        Ok(Self {
            run,
            span_history: history.map(Arc::new),
            stamp: None,
            path: checkpoint.path().to_owned(),
            format: checkpoint.format(),
            bytes: checkpoint.file_bytes() as u64,
            dtypes: checkpoint.dtypes(),
            prefix: checkpoint.prefix().to_owned(),
            curves: checkpoint.curves().to_vec(),
            assumed: network.assumed().to_vec(),
            network,
            vocabulary: None,
            recorded: None,
            source: Arc::new(checkpoint.source()?),
            tensors: Arc::default(),
        })
    }

    /// The same model, computing on `device` from now on.
    ///
    /// # Errors
    /// When this build or this machine has no such device, or the model does not fit its memory.
    pub fn on(self, device: Device) -> Result<Self, EngineError> {
        // Of a recorded run nothing is left to be run.
        if device != Device::Cpu && self.recorded.is_none() {
            self.network.place(device)?;
        }
        Ok(self)
    }

    /// The same model with another network: the one that it has, edited.
    pub(super) fn with_network(&self, network: Arc<Network>) -> Self {
        Self {
            network,
            ..self.clone()
        }
    }

    /// Opens a bundled model.
    ///
    /// # Errors
    /// None with the files that the program was built from.
    pub fn open_sample(sample: &Sample) -> Result<Self, EngineError> {
        let file = Path::new(sample.file);
        let checkpoint = match sample.model {
            // It lies beside the program, and was fetched.
            [] => Checkpoint::open(file)?,
            bytes => Checkpoint::from_static(file, bytes)?,
        };
        Self::from_checkpoint(&checkpoint, None, None, |_| ControlFlow::Continue(()))
    }

    fn from_checkpoint(
        checkpoint: &Checkpoint,
        vocab: Option<&Path>,
        ramp: Option<Ramp>,
        outlined: impl FnOnce(Self) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        refuse_sums(checkpoint)?;
        let path = checkpoint.path();
        let header = Header::of(checkpoint)?;
        if header.is_some() && (vocab.is_some() || ramp.is_some()) {
            let path = path.to_owned();
            return Err(EngineError::RecordedAnswers { path });
        }
        let mut model = match header {
            Some(header) => Self::of_run(checkpoint, header)?,
            None => {
                let outline = Outline::of(checkpoint, ramp)?;
                let without = Self::of(checkpoint, Arc::clone(outline.network()))?;
                if outlined(without).is_break() {
                    return Err(ModelError::Cancelled.into());
                }
                Self::of(checkpoint, Arc::new(outline.load()?))?
            }
        };
        let is_recorded = model.recorded.is_some();
        if let Some(vocabulary) = model.recorded_pieces(checkpoint)? {
            model.vocabulary = Some(vocabulary);
            return Ok(model);
        }
        let is_fairseq = model.prefix.contains("decoder.");
        let architecture = model.network.architecture();
        let expected = architecture.vocab_size;
        let assumed = &mut model.assumed;
        let beside = match vocab {
            Some(file) if tokenizer::is_tokenizer(file) => {
                Some(tokenizer::from_file(file, expected)?)
            }
            Some(_) => None,
            None => tokenizer::beside(checkpoint, expected)?,
        };
        if let Some(found) = beside {
            if let (Some(_), Some(vocabulary)) = (vocab, &found.vocabulary) {
                let words = format!("vocabulary: {}", vocabulary.note());
                assumed.push(Assumption::new(About::Vocabulary, words));
            }
            assumed.extend(found.assumed);
            model.vocabulary = found.vocabulary;
            return Ok(model);
        }
        model.vocabulary = match (vocab, checkpoint.metadata().get("vocabulary")) {
            (Some(file), _) => {
                let vocabulary =
                    Vocabulary::from_file(file, expected, architecture.clusters().is_some())?;
                let words = format!("vocabulary: {}", vocabulary.note());
                assumed.push(Assumption::new(About::Vocabulary, words));
                Some(vocabulary)
            }
            (None, Some(json)) => {
                let damaged = |reason| TextError::VocabularyFile {
                    path: path.to_owned(),
                    reason,
                };
                let json = spanscope_core::text::vocabulary_json(json.as_bytes(), expected)
                    .map_err(damaged)?;
                let vocabulary = Vocabulary::from_json(&json).map_err(|error| match error {
                    TextError::Vocabulary(reason) => damaged(reason),
                    other => other,
                })?;
                if vocabulary.len() != expected {
                    let (path, found) = (path.to_owned(), vocabulary.len());
                    return Err(EngineError::StoredVocabulary {
                        path,
                        found,
                        expected,
                    });
                }
                Some(vocabulary)
            }
            // What was assumed is in the file.
            (None, None) if is_recorded => None,
            (None, None) => {
                let text8 = Vocabulary::text8();
                // fairseq's ids begin with tokens of its own.
                if expected == text8.len() && !is_fairseq {
                    let words = "vocabulary: the text8 order, because the model has 28 tokens";
                    assumed.push(Assumption::new(About::Vocabulary, words.into()));
                    Some(text8)
                } else {
                    let words = "no vocabulary: tokens are shown as ids";
                    assumed.push(Assumption::new(About::NoVocabulary, words.into()));
                    None
                }
            }
        };
        Ok(model)
    }

    /// The same model, taking special tokens that are spelled in a text for tokens, or for text like any other.
    #[must_use]
    pub fn with_special_tokens(mut self, in_text: bool) -> Self {
        self.vocabulary = self.vocabulary.map(|vocabulary| {
            let special = SpecialTokens {
                in_text,
                ..vocabulary.special_tokens()
            };
            vocabulary.with_special_tokens(special)
        });
        self
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// When the model has no vocabulary, or its tokenizer cannot cut the text.
    pub fn prepare(&self, text: &[u8]) -> Result<Prepared, EngineError> {
        let vocabulary = self
            .vocabulary
            .as_ref()
            .ok_or_else(|| EngineError::NoVocabulary {
                path: self.path.clone(),
            })?;
        if let Some(found) = vocabulary.encode_whole(text, &|| true) {
            let what = |what| EngineError::NotCut { what };
            let ids: Vec<u32> = found
                .map_err(what)?
                .iter()
                .filter_map(|piece| piece.id)
                .collect();
            return Ok(Prepared {
                unknown: 0,
                coverage: Coverage::counted(ids.len(), 0),
                ids,
            });
        }
        let (ids, coverage) = vocabulary.known_ids(text);
        Ok(Prepared {
            unknown: coverage.missing,
            coverage,
            ids,
        })
    }

    /// Where the first token of a text that the model knows ends, in bytes: what follows is predicted. 0 where there is
    /// none among the first bytes.
    pub fn first_token_end(&self, text: &[u8]) -> usize {
        let Some(vocabulary) = &self.vocabulary else {
            return 0;
        };
        let mark = vocabulary.mark_len(text);
        let head = &text[mark..text.len().min(1 << 16)];
        let pieces = vocabulary.encode_bytes(head);
        let first = pieces.iter().find(|piece| piece.id.is_some());
        first.map_or(0, |piece| mark + piece.range.end)
    }

    /// True if the file has a training log in a form that is not read.
    pub fn has_unread_curves(&self) -> bool {
        self.assumes(About::Curves)
    }

    /// True if there is a note on a subject.
    pub fn assumes(&self, about: About) -> bool {
        self.assumed.iter().any(|note| note.about() == about)
    }

    /// True if something about it is still a guess that only the user can settle: the ramp, or the vocabulary.
    pub fn has_questions(&self) -> bool {
        if self.recorded.is_some() {
            return false;
        }
        self.assumed.iter().any(Assumption::is_open)
    }

    /// The parameters by what they are for; they add up to those of the network.
    pub fn parts(&self) -> &[Part] {
        self.network.parts()
    }

    /// The name of the run's folder, if the file is the checkpoint in one.
    fn run_name(&self) -> Option<&std::ffi::OsStr> {
        let is_in_folder = self.path.file_name().is_some_and(|name| name == IN_FOLDER);
        self.path.parent()?.file_name().filter(|_| is_in_folder)
    }

    /// The file's name without its folders, or the model's in the hub's cache; that of the folder stands before it where all runs' files are called the same.
    pub fn file_name(&self) -> String {
        if let Some(run) = self.run_name() {
            return format!("{}/{IN_FOLDER}", run.to_string_lossy());
        }
        // In the hub's cache the folder is called by a hash.
        if let Some(name) = name_in_cache(&self.path) {
            return name;
        }
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The file's name without folders and ending, for titles.
    pub fn name(&self) -> String {
        if let Some(run) = self.run_name() {
            return run.to_string_lossy().into_owned();
        }
        let name = self.path.file_stem().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// What tables say of a token.
    pub fn token_name(&self, id: u32) -> TokenName {
        let exact = self.vocabulary.as_ref().and_then(|v| v.exact(id));
        TokenName {
            id,
            token: exact,
            label: self.label(id),
        }
    }

    /// A short visible name of a token.
    pub fn label(&self, id: u32) -> String {
        self.vocabulary
            .as_ref()
            .map_or_else(|| id.to_string(), |v| v.label(id))
    }
}

/// Says what a file of sums is, to whoever takes it for a model.
fn refuse_sums(checkpoint: &Checkpoint) -> Result<(), EngineError> {
    match checkpoint.metadata().contains_key(super::sums_file::HEADER) {
        true => Err(EngineError::SumsNotModel {
            path: checkpoint.path().to_owned(),
        }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SAMPLES;
    use spanscope_core::checkpoint::{Panel, Quantity};

    fn data(name: &str) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .join("tests/data")
            .join(name)
    }

    #[test]
    fn what_is_known_before_the_weights_is_told_once_and_may_end_it() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/tiny_adaptive.pt"
        );
        let mut told = Vec::new();
        let model = LoadedModel::open_in_steps(Path::new(path), None, None, |outline| {
            told.push(outline.network.spans());
            ControlFlow::Continue(())
        });
        assert_eq!(told, [model.unwrap().network.spans()]);
        let ended =
            LoadedModel::open_in_steps(Path::new(path), None, None, |_| ControlFlow::Break(()));
        let error = ended.map(|_| ()).unwrap_err();
        assert!(
            matches!(error, EngineError::Model(ModelError::Cancelled)),
            "{error}"
        );
    }

    #[test]
    fn a_model_knows_its_file_its_parts_and_its_training() {
        let model = LoadedModel::open_sample(&SAMPLES[1]).unwrap();
        assert_eq!(model.bytes, SAMPLES[1].model.len() as u64);
        let parts = model.parts().iter().map(|part| part.parameters);
        assert_eq!(parts.sum::<u64>(), model.network.parameters());
        let panels = Panel::of(&model.curves);
        let kinds: Vec<Quantity> = panels.iter().map(|panel| panel.quantity).collect();
        assert_eq!(kinds, [Quantity::BitsPerCharacter, Quantity::Span]);
        assert!(panels.iter().all(|panel| panel.by_step));
        let line = &panels[0].lines[1];
        assert_eq!((line.name.as_str(), line.points[0][0]), ("val_bpc", 200.0));
    }

    #[test]
    fn an_outline_knows_as_much_about_the_file() {
        let path = data("tiny_adaptive_bf16.pt");
        let (outline, whole) = (
            LoadedModel::outline(&path, None).unwrap(),
            LoadedModel::open(&path, None, None).unwrap(),
        );
        assert_eq!(outline.dtypes.first(), Some(&Dtype::BF16));
        assert_eq!(outline.dtypes, whole.dtypes);
        assert_eq!(outline.bytes, std::fs::metadata(&path).unwrap().len());
        assert_eq!(outline.bytes, whole.bytes);
        assert_eq!(outline.curves, whole.curves);
        assert_eq!(outline.parts(), whole.parts());
        let fairseq = LoadedModel::outline(&data("tiny_fairseq_layout.pt"), None).unwrap();
        assert_eq!(fairseq.prefix, "decoder.model.");
        let sample = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
        assert_eq!(sample.prefix, "");
    }
}
