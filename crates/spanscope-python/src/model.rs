//! A model, or a recorded run in its place.

use crate::errors::told;
use crate::figure::Figure;
use crate::run::Run;
use crate::work::work;
use pyo3::prelude::*;
use spanscope::checkpoint::resolve_model;
use spanscope::cli::FigureOptions;
use spanscope::engine::{
    FinishedRun, Generation, GenerationRequest, LoadedModel, SAMPLES, Sampling, TextToRead,
};
use spanscope::model::{
    BLOCK, Cancel, FirstTokens, Heads, NeuronId, NoObserver, Ramp, Run as CoreRun, WhatIf,
};
use std::path::PathBuf;
use std::sync::Arc;

/// Layer, head, span z and reach in tokens (none where nothing ends what it sees), and whether the head sees all of the text.
type SpanRow = (usize, usize, Option<f32>, Option<usize>, bool);

/// The text drawn, its tokens' ids, and their log p in nats.
type Drawn = (String, Vec<u32>, Vec<f32>);

/// A model.
#[pyclass(frozen)]
pub(crate) struct Model {
    loaded: Arc<LoadedModel>,
    /// The changes made to it, in the words of the command line.
    changes: String,
    /// The bundled model that it is.
    sample: Option<&'static str>,
}

#[pymethods]
impl Model {
    /// Opens a checkpoint, a folder, a GGUF file, a recorded run, or a model of the hub's cache by its name.
    #[staticmethod]
    #[pyo3(signature = (path, vocab=None, ramp=None, special_tokens=true))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        vocab: Option<PathBuf>,
        ramp: Option<String>,
        special_tokens: bool,
    ) -> PyResult<Self> {
        let ramp: Option<Ramp> = ramp
            .map(|ramp| ramp.parse().map_err(|e| told(format!("ramp {ramp}: {e}"))))
            .transpose()?;
        let loaded = work(py, None, |_, _| {
            let path = resolve_model(&path).map_err(|e| e.to_string())?;
            let loaded = LoadedModel::open(&path, vocab.as_deref(), ramp);
            loaded.map_err(|e| e.to_string())
        })?;
        let loaded = loaded.map_err(told)?;
        if ramp.is_some() && loaded.network.architecture().stored_ramp().is_none() {
            return Err(told(format!(
                "{}: --ramp has no effect, since its heads have no soft mask; leave it out",
                loaded.file_name()
            )));
        }
        Ok(Self {
            loaded: Arc::new(loaded.with_special_tokens(special_tokens)),
            changes: String::new(),
            sample: None,
        })
    }

    /// Opens a bundled model by the name of its file, without the ending.
    #[staticmethod]
    fn open_sample(py: Python<'_>, name: &str) -> PyResult<Self> {
        let stem = |file: &'static str| file.trim_end_matches(".safetensors");
        let sample = SAMPLES.iter().find(|sample| stem(sample.file) == name);
        let sample = sample.ok_or_else(|| {
            let names: Vec<&str> = SAMPLES.iter().map(|sample| stem(sample.file)).collect();
            told(format!(
                "there is no bundled model {name:?}; there are {}",
                names.join(", ")
            ))
        })?;
        let loaded = py.detach(|| LoadedModel::open_sample(sample));
        Ok(Self {
            loaded: Arc::new(loaded.map_err(told)?),
            changes: String::new(),
            sample: Some(stem(sample.file)),
        })
    }

    /// True if tokens see later ones as well: of an encoder's recorded run.
    #[getter]
    fn is_bidirectional(&self) -> bool {
        self.loaded.network.architecture().is_bidirectional()
    }

    /// The name of its file.
    #[getter]
    fn name(&self) -> String {
        self.loaded.file_name()
    }

    /// The path of its file; nothing of a bundled model.
    #[getter]
    fn path(&self) -> Option<PathBuf> {
        let path = || self.loaded.path.clone();
        self.sample.is_none().then(path)
    }

    /// The name of the bundled model that it is.
    #[getter]
    fn sample(&self) -> Option<&'static str> {
        self.sample
    }

    /// Its architecture, as JSON.
    fn architecture(&self) -> PyResult<String> {
        let architecture = self.loaded.network.architecture();
        serde_json::to_string(architecture.as_ref()).map_err(told)
    }

    /// Layers, heads of a layer, tokens of the vocabulary, width, parameters, persistent vectors per head.
    fn sizes(&self) -> (usize, usize, usize, usize, u64, usize) {
        let of = self.loaded.network.architecture();
        let parameters = self.loaded.parts().iter().map(|part| part.parameters);
        (
            of.nb_layers(),
            of.nb_heads(),
            of.vocab_size,
            of.width,
            parameters.sum(),
            of.persistent(),
        )
    }

    /// The family of its architecture.
    fn family(&self) -> String {
        self.loaded.network.architecture().family.to_string()
    }

    /// The assumptions made because its file does not say.
    fn assumed(&self) -> Vec<String> {
        self.loaded
            .assumed
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// The changes made to it.
    fn changes(&self) -> &str {
        &self.changes
    }

    /// Every head's layer, number, span and reach, and whether it sees the whole text.
    fn spans(&self) -> Vec<SpanRow> {
        let spans = self.loaded.network.spans();
        let spans = spans.iter();
        spans
            .map(|s| (s.layer, s.head, s.designed(), s.reach.end(), s.open))
            .collect()
    }

    /// Names of the texts of a recorded run; `None` of a model.
    fn texts(&self) -> Option<Vec<String>> {
        let run = self.loaded.recorded.as_ref()?;
        let texts = run.header().texts.iter();
        Some(texts.map(|text| text.name.clone()).collect())
    }

    /// The header of a recorded run, as JSON; `None` of a model.
    fn header(&self) -> PyResult<Option<String>> {
        let run = self.loaded.recorded.as_ref();
        run.map(|run| serde_json::to_string(run.header()).map_err(told))
            .transpose()
    }

    /// The ids of a text.
    fn encode(&self, py: Python<'_>, text: &str) -> PyResult<Vec<u32>> {
        let found = py.detach(|| self.loaded.prepare(text.as_bytes()));
        let found = found.map_err(told)?;
        match found.unknown {
            0 => Ok(found.ids),
            n => Err(told(format!(
                "{n} pieces of the text are not in the model's vocabulary; leave them out, or open the model with another \
                 vocabulary (--vocab FILE)"
            ))),
        }
    }

    /// The text of ids.
    fn decode(&self, ids: Vec<u32>) -> PyResult<String> {
        let size = self.loaded.network.architecture().vocab_size;
        if let Some(id) = ids.iter().find(|id| **id as usize >= size) {
            return Err(told(format!(
                "there is no token {id}: the vocabulary has {size}, counted from 0"
            )));
        }
        match &self.loaded.vocabulary {
            Some(vocabulary) => Ok(String::from_utf8_lossy(&vocabulary.decode(&ids)).into_owned()),
            None => Err(told(format!(
                "{}: the vocabulary is not known; open the model with --vocab FILE",
                self.loaded.file_name()
            ))),
        }
    }

    /// Runs the model over a text, over ids, or takes a text of a recorded run.
    #[pyo3(signature = (text=None, ids=None, index=None, name="text", memory=4_000_000_000, any_text=false, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn run(
        &self,
        py: Python<'_>,
        text: Option<String>,
        ids: Option<Vec<u32>>,
        index: Option<usize>,
        name: &str,
        memory: usize,
        any_text: bool,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Run> {
        let model = &self.loaded;
        let is_recorded = model.recorded.is_some();
        let what = match (&text, &ids, index) {
            (None, None, index) if is_recorded => TextToRead::Recorded(index.unwrap_or(0)),
            _ if is_recorded => {
                return Err(told(format!(
                    "{}: a recorded run has its texts in it and no weights to run over another: leave text and ids out, and \
                     choose one with --index",
                    model.file_name()
                )));
            }
            (Some(text), None, None) => TextToRead::Text(text),
            (None, Some(ids), None) => TextToRead::Ids(ids),
            (None, None, None) => return Err(told("pass a text, or ids=")),
            (_, _, Some(_)) if !is_recorded => {
                return Err(told(
                    "index= chooses a text of a recorded run; this is a model",
                ));
            }
            _ => return Err(told("pass a text or ids=, not both")),
        };
        let made = work(py, progress.as_ref(), |cancel, how_far| {
            let report = |done, all| how_far.set(done, all);
            FinishedRun::new(model, what, memory, cancel, &report).map_err(|e| e.to_string())
        })?;
        let run = made.map_err(told)?;
        if text.is_some() && !any_text {
            run.tokens().coverage(model).check(name).map_err(told)?;
        }
        let name = match (&model.recorded, run.recorded()) {
            (Some(file), Some(index)) => file.text_header(index).map_err(told)?.name.clone(),
            _ => name.to_owned(),
        };
        Ok(Run::new(run, name))
    }

    /// The model with changes, which take the place of those that it has; the weights are shared.
    #[pyo3(signature = (windows, spans, ablate, ablate_mlp, ablate_neuron, keep_first=None, drop_first=None, ramp=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn edit(
        &self,
        windows: Vec<(String, usize)>,
        spans: Vec<(String, f32)>,
        ablate: Vec<String>,
        ablate_mlp: Vec<usize>,
        ablate_neuron: Vec<String>,
        keep_first: Option<usize>,
        drop_first: Option<usize>,
        ramp: Option<String>,
    ) -> PyResult<Self> {
        let heads = |name: &str| -> PyResult<Heads> {
            name.parse().map_err(|e| told(format!("{name:?}: {e}")))
        };
        if self.loaded.recorded.is_some() {
            return Err(told(format!(
                "{}: a recorded run cannot be run again: open the model that it was recorded from, and change that",
                self.loaded.file_name()
            )));
        }
        if let Some((name, z)) = spans.iter().find(|(_, z)| !(z.is_finite() && *z >= 0.0)) {
            return Err(told(format!("span {name}={z}: expected tokens from 0 on")));
        }
        if let Some((name, _)) = windows.iter().find(|(_, keys)| *keys == 0) {
            return Err(told(format!(
                "window {name}=0: expected a window of whole keys from 1"
            )));
        }
        let first = match (keep_first, drop_first) {
            (Some(_), Some(_)) => return Err(told("pass keep_first= or drop_first=, not both")),
            (Some(0), _) | (_, Some(0)) => {
                return Err(told(
                    "keep_first= and drop_first= are of at least one token",
                ));
            }
            (keep, drop) => keep.map(FirstTokens::Keep).or(drop.map(FirstTokens::Drop)),
        };
        let wish = WhatIf {
            windows: windows
                .iter()
                .map(|(name, keys)| Ok((heads(name)?, *keys)))
                .collect::<PyResult<_>>()?,
            spans: spans
                .iter()
                .map(|(name, z)| Ok((heads(name)?, *z)))
                .collect::<PyResult<_>>()?,
            ramp: ramp
                .map(|ramp| ramp.parse().map_err(|e| told(format!("ramp {ramp}: {e}"))))
                .transpose()?,
            first,
            ablated: ablate
                .iter()
                .map(|name| heads(name))
                .collect::<PyResult<_>>()?,
            ablated_mlps: ablate_mlp,
            ablated_neurons: ablate_neuron
                .iter()
                .map(|name| {
                    let id: Result<NeuronId, _> = name.parse();
                    id.map_err(|e| told(format!("{name:?}: {e}")))
                })
                .collect::<PyResult<_>>()?,
        };
        let edits = wish.edits(&self.loaded.network).map_err(told)?;
        let network = self.loaded.network.edited(&edits).map_err(told)?;
        let mut loaded = self.loaded.as_ref().clone();
        loaded.network = Arc::new(network);
        Ok(Self {
            loaded: Arc::new(loaded),
            changes: wish.to_string(),
            sample: self.sample,
        })
    }

    /// Continues a text.
    #[pyo3(signature = (prompt=None, ids=None, tokens=200, temperature=1.0, top_p=1.0, seed=0, stop=None, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn generate(
        &self,
        py: Python<'_>,
        prompt: Option<String>,
        ids: Option<Vec<u32>>,
        tokens: usize,
        temperature: f32,
        top_p: f32,
        seed: u64,
        stop: Option<String>,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Drawn> {
        if !(temperature >= 0.0 && temperature.is_finite()) {
            return Err(told("temperature= is a number from 0 on"));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(told("top_p= is a probability above 0, and 1 at most"));
        }
        let ids = match (prompt, ids) {
            (Some(prompt), None) => self.encode(py, &prompt)?,
            (None, Some(ids)) => ids,
            _ => return Err(told("pass a prompt or ids=")),
        };
        let request = GenerationRequest {
            sampling: Sampling {
                temperature,
                top_p,
                seed,
            },
            tokens,
            stop,
        };
        let model = &self.loaded;
        let before = ids.last().copied();
        let drawn = work(py, progress.as_ref(), |cancel: &Cancel, how_far| {
            let mut run = CoreRun::new(Arc::clone(&model.network));
            run.for_length(ids.len());
            for block in ids.chunks(BLOCK) {
                run.extend(block, BLOCK, cancel, &NoObserver)
                    .map_err(|e| e.to_string())?;
            }
            let after = ids.len().saturating_sub(1);
            let told = |e: spanscope::engine::EngineError| e.to_string();
            let mut drawn = Generation::new(model, run, after, request).map_err(told)?;
            while drawn.ended().is_none() {
                drawn.step(1, cancel).map_err(|e| e.to_string())?;
                how_far.set(drawn.drawn().len(), tokens);
            }
            Ok::<_, String>(drawn)
        })?;
        let drawn = drawn.map_err(told)?;
        let ids: Vec<u32> = drawn.drawn().iter().map(|token| token.id).collect();
        let mut text = Vec::new();
        let mut last = before;
        for &id in &ids {
            match &model.vocabulary {
                Some(vocabulary) => text.extend(vocabulary.decode_after(last, id)),
                None => text.extend(format!(" {id}").bytes()),
            }
            last = Some(id);
        }
        let log_p = drawn.drawn().iter().map(|token| token.log_p).collect();
        Ok((String::from_utf8_lossy(&text).into_owned(), ids, log_p))
    }

    /// A figure of the model alone.
    fn figure(&self, py: Python<'_>, kind: &str, options: Vec<String>) -> PyResult<Figure> {
        let options = FigureOptions::parse(kind, &options).map_err(told)?;
        if options.needs_text() {
            return Err(told(format!(
                "figure {kind} shows what a model does with a text: take it of a run, model.run(text).figure(\"{kind}\")"
            )));
        }
        let model = &self.loaded;
        let made = py.detach(|| options.of_model(model));
        Ok(Figure::new(made.map_err(told)?, options, None))
    }
}
