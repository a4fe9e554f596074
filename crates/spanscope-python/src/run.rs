//! A run over a text.

use crate::array::Array;
use crate::errors::{told, words};
use crate::figure::Figure;
use crate::head_stats::{Column, columns};
use crate::neurons::{Neurons, Wanted, measure};
use crate::work::work;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use rayon::prelude::*;
use spanscope::analysis::effective;
use spanscope::cli::FigureOptions;
use spanscope::engine::{FinishedRun, Queries};
use spanscope::model::{HeadId, HeadWeights, Numbers};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A run over a text.
#[pyclass(frozen)]
pub(crate) struct Run {
    run: Arc<FinishedRun>,
    name: String,
}

impl Run {
    pub fn new(run: FinishedRun, name: String) -> Self {
        Self {
            run: Arc::new(run),
            name,
        }
    }

    fn head(&self, layer: usize, head: usize) -> PyResult<HeadId> {
        let architecture = self.run.model().network.architecture();
        let id = HeadId::new(layer, head);
        architecture
            .head(id)
            .map_err(|none| PyIndexError::new_err(none.to_string()))
    }

    /// The queries from `start` up to `stop`, all of which must be at hand.
    fn queries(&self, start: Option<usize>, stop: Option<usize>) -> PyResult<Range<usize>> {
        let kept = self.run.at_hand().1;
        let wanted = start.unwrap_or(kept.start)..stop.unwrap_or(kept.end);
        match kept.start <= wanted.start && wanted.start < wanted.end && wanted.end <= kept.end {
            true => Ok(wanted),
            false => Err(PyIndexError::new_err(format!(
                "queries {}..{}: weights are available for the tokens {}..{}; choose among these",
                wanted.start, wanted.end, kept.start, kept.end
            ))),
        }
    }

    /// Refuses as many numbers as no memory may hold.
    fn fits(queries: &Range<usize>, columns: usize) -> PyResult<()> {
        match queries.len().saturating_mul(columns) <= MOST_NUMBERS {
            true => Ok(()),
            false => Err(told(format!(
                "weights of {} queries on up to {columns} tokens are more than the {} GB that an array may take: take fewer queries, \
                 with --start and --stop",
                queries.len(),
                (MOST_NUMBERS * size_of::<f32>()) >> 30
            ))),
        }
    }

    fn weights(&self, head: HeadId, queries: Range<usize>) -> PyResult<HeadWeights> {
        let (run, _) = self.run.at_hand();
        let spans = self.run.model().network.spans();
        let span = spans.iter().find(|span| span.id() == head);
        let columns = span.map_or(0, |span| span.columns.min(queries.end));
        Self::fits(&queries, columns)?;
        let found = run.head_weights(head.layer, head.head, queries.start, queries.end);
        found.ok_or_else(|| told(format!("{head}: its weights are not at hand")))
    }
}

/// One head's weights.
#[pyclass(frozen)]
pub(crate) struct Weights {
    #[pyo3(get)]
    weights: Py<Array>,
    #[pyo3(get)]
    persistent: Py<Array>,
    #[pyo3(get)]
    empty: Py<Array>,
    #[pyo3(get)]
    sink: Option<Py<Array>>,
    #[pyo3(get)]
    later: Option<Py<Array>>,
    #[pyo3(get)]
    first: usize,
    #[pyo3(get)]
    nearest: usize,
}

#[pymethods]
impl Run {
    /// The name of its text.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// The text; bytes that are no UTF-8 are replaced.
    #[getter]
    fn text(&self) -> String {
        String::from_utf8_lossy(self.run.tokens().bytes()).into_owned()
    }

    /// Token ids.
    fn ids(&self) -> Vec<u32> {
        self.run.tokens().ids.clone()
    }

    /// The text that each token stands for.
    fn tokens(&self) -> Vec<String> {
        let model = self.run.model();
        let mut last = None;
        let ids = self.run.tokens().ids.iter();
        ids.map(|&id| {
            let before = last.replace(id);
            match &model.vocabulary {
                None => id.to_string(),
                Some(vocabulary) => {
                    let bytes = vocabulary.decode_after(before, id);
                    match bytes.is_empty() {
                        // What stands for no text goes by its name.
                        true => model.label(id),
                        false => String::from_utf8_lossy(&bytes).into_owned(),
                    }
                }
            }
        })
        .collect()
    }

    /// The names of the tokens in drawings.
    fn labels(&self) -> Vec<String> {
        let model = self.run.model();
        let ids = self.run.tokens().ids.iter();
        ids.map(|&id| model.label(id)).collect()
    }

    /// Pieces of the text that the vocabulary lacks.
    #[getter]
    fn unknown(&self) -> usize {
        self.run.tokens().unknown
    }

    /// −log2 p of every token but the first.
    fn surprisal(&self) -> Array {
        let bits = self.run.surprisal().to_vec();
        let shape = vec![bits.len()];
        Array::of(bits, shape)
    }

    /// The queries whose weights are at hand.
    fn kept(&self) -> (usize, usize) {
        let kept = self.run.at_hand().1;
        (kept.start, kept.end)
    }

    /// A head's weights by distance.
    #[pyo3(signature = (layer, head, start=None, stop=None))]
    fn attention(
        &self,
        py: Python<'_>,
        layer: usize,
        head: usize,
        start: Option<usize>,
        stop: Option<usize>,
    ) -> PyResult<Weights> {
        let id = self.head(layer, head)?;
        let queries = self.queries(start, stop)?;
        let mut found = py.detach(|| self.weights(id, queries))?;
        let (rows, vectors) = (found.queries, found.vectors);
        let (first, nearest) = (found.first, found.nearest);
        let persistent = std::mem::take(&mut found.persistent);
        let empty = std::mem::take(&mut found.empty);
        let sink = std::mem::take(&mut found.sink);
        let later = match found.tokens {
            0 => None,
            _ => {
                let shape = vec![rows, found.later_reach()];
                let numbers = std::mem::take(&mut found.later);
                Some(Py::new(py, Array::of_numbers(numbers, shape))?)
            }
        };
        Ok(Weights {
            later,
            persistent: Py::new(py, Array::of(persistent, vec![rows, vectors]))?,
            empty: Py::new(py, Array::of(empty, vec![rows]))?,
            sink: match sink.len() == rows && rows > 0 {
                true => Some(Py::new(py, Array::of(sink, vec![rows]))?),
                false => None,
            },
            weights: Py::new(py, Array::of_weights(found))?,
            first,
            nearest,
        })
    }

    /// A head's weights by key: queries × tokens.
    #[pyo3(signature = (layer, head, start=None, stop=None))]
    fn dense(
        &self,
        py: Python<'_>,
        layer: usize,
        head: usize,
        start: Option<usize>,
        stop: Option<usize>,
    ) -> PyResult<Array> {
        let id = self.head(layer, head)?;
        let queries = self.queries(start, stop)?;
        let tokens = self.run.tokens().ids.len();
        let rows = queries.len();
        Self::fits(&queries, tokens)?;
        py.detach(|| {
            let found = self.weights(id, queries)?;
            let mut all = Numbers::zeros(rows * tokens);
            let out = all.par_chunks_mut(tokens.max(1)).enumerate();
            out.for_each(|(i, row)| {
                let query = found.first + i;
                let near_first = found.on_text(query);
                if let Some(row) = row.get_mut(found.keys(query))
                    && row.len() == near_first.len()
                {
                    row.copy_from_slice(near_first);
                    row.reverse();
                }
                let later = found.on_later(query);
                if let Some(row) = row.get_mut(query + 1..query + 1 + later.len()) {
                    row.copy_from_slice(later);
                }
            });
            Ok(Array::of_numbers(all, vec![rows, tokens]))
        })
    }

    /// The statistics of all heads: columns of numbers, layer by layer.
    #[pyo3(signature = (sink_free=None, progress=None))]
    fn head_stats(
        &self,
        py: Python<'_>,
        sink_free: Option<usize>,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Column>> {
        let looks = Queries {
            survey: true,
            sink_free,
            ..Queries::default()
        };
        let run = &self.run;
        let found = work(py, progress.as_ref(), |cancel, how_far| {
            let report = |done, all| how_far.set(done, all);
            let snapshot = run.ask_telling(&looks, cancel, &report);
            let snapshot = snapshot.map_err(|e| e.to_string())?;
            Ok::<_, String>(columns(&snapshot))
        })?;
        found.map_err(told)
    }

    /// The distances that hold a share of every head's weight on the text, or on `later` tokens, layer by layer; not a number where it has
    /// none.
    #[pyo3(signature = (share, later=false, progress=None))]
    fn effective_spans(
        &self,
        py: Python<'_>,
        share: f64,
        later: bool,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Vec<f64>> {
        let spans = self.run.model().network.spans();
        let (run, kept) = self.run.at_hand();
        let done = AtomicUsize::new(0);
        let found = work(py, progress.as_ref(), |cancel, how_far| {
            let of = |span: &spanscope::model::Span| {
                let mut sums: Vec<f64> = Vec::new();
                let mut from = kept.start;
                while from < kept.end && !cancel.is_cancelled() {
                    // A part at a time: all heads at once are many.
                    let to = (from + PART).min(kept.end);
                    let found = run.head_weights(span.layer, span.head, from, to)?;
                    let more = match later {
                        true => found.by_later_distance(),
                        false => found.by_distance(0..found.queries),
                    };
                    sums.resize(sums.len().max(more.len()), 0.0);
                    sums.iter_mut().zip(&more).for_each(|(sum, x)| *sum += x);
                    from = to;
                }
                how_far.set(1 + done.fetch_add(1, Ordering::Relaxed), spans.len());
                let nearest = if later { 1 } else { span.nearest };
                effective(&sums, nearest, share)
            };
            let spans = spans.par_iter().with_max_len(1);
            spans
                .map(|span| of(span).map_or(f64::NAN, |n| n as f64))
                .collect()
        })?;
        Ok(found)
    }

    /// The mean weight on every persistent vector: L × H × N.
    fn persistent_use(&self, py: Python<'_>) -> PyResult<Array> {
        let network = &self.run.model().network;
        let of = network.architecture();
        let (layers, heads, vectors) = (of.nb_layers(), of.nb_heads(), of.persistent());
        let spans = network.spans();
        let (run, kept) = self.run.at_hand();
        let found: Vec<Vec<f32>> = work(py, None, |cancel, _| {
            let of = |span: &spanscope::model::Span| {
                let mut sums = vec![0.0; vectors];
                let mut from = kept.start;
                while from < kept.end && !cancel.is_cancelled() {
                    let to = (from + PART).min(kept.end);
                    let Some(found) = run.head_weights(span.layer, span.head, from, to) else {
                        break;
                    };
                    let more = found.by_vector(0..found.queries);
                    sums.iter_mut().zip(&more).for_each(|(sum, x)| *sum += x);
                    from = to;
                }
                let queries = kept.len().max(1) as f64;
                sums.iter()
                    .map(|sum: &f64| (sum / queries) as f32)
                    .collect()
            };
            spans.par_iter().with_max_len(1).map(of).collect()
        })?;
        Ok(Array::of(found.concat(), vec![layers, heads, vectors]))
    }

    /// The use of neurons: of all layers or one, of all neurons or the most used of each layer, with so many tokens that each promotes.
    #[pyo3(signature = (layer=None, most=None, promotes=0, progress=None))]
    fn neurons(
        &self,
        py: Python<'_>,
        layer: Option<usize>,
        most: Option<usize>,
        promotes: usize,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Neurons> {
        let wanted = Wanted {
            layer,
            most,
            promotes,
        };
        let run = &self.run;
        let found = work(py, progress.as_ref(), |cancel, how_far| {
            measure(run, &wanted, cancel, how_far)
        })?;
        found.map(Neurons::new).map_err(told)
    }

    /// Mean shares of every head's weight, L × H × 4: on the text, on persistent vectors, on empty context, on learned sinks.
    fn shares(&self) -> Array {
        let of = self.run.model().network.architecture();
        let rows = self.run.shares().iter();
        let flat = rows.flat_map(|s| [s.context, s.persistent, s.empty, s.sink]);
        Array::of(flat.collect(), vec![of.nb_layers(), of.nb_heads(), 4])
    }

    /// The model's prediction after a token: ids and log p (nats) of the likeliest, the entropy (bits), and of the token that follows
    /// its rank, from 1, and log p.
    #[pyo3(signature = (at, k=10))]
    fn prediction(&self, py: Python<'_>, at: usize, k: usize) -> PyResult<Option<Expected>> {
        let tokens = self.run.tokens().ids.len();
        if at >= tokens {
            return Err(PyIndexError::new_err(format!(
                "there is no token {at}: the text has {tokens}, counted from 0"
            )));
        }
        let found = py.detach(|| self.run.prediction(at, k)).map_err(told)?;
        Ok(found.map(|p| {
            let top = p.top.iter().take(k);
            (
                top.clone().map(|candidate| candidate.id).collect(),
                top.map(|candidate| candidate.log_p).collect(),
                p.entropy_bits,
                p.truth.map(|truth| (truth.rank, truth.log_p)),
            )
        }))
    }

    /// A figure of the run.
    fn figure(&self, py: Python<'_>, kind: &str, options: Vec<String>) -> PyResult<Figure> {
        let options = FigureOptions::parse(kind, &options).map_err(told)?;
        let (run, name) = (&self.run, &self.name);
        let made = work(py, None, |cancel, _| {
            options.of_run(run, name, cancel).map_err(words)
        })?;
        let of = Some((Arc::clone(run), name.clone()));
        Ok(Figure::new(made.map_err(told)?, options, of))
    }
}

/// Ids and log p of the likeliest tokens, the entropy, and of the token that follows rank and log p.
type Expected = (Vec<u32>, Vec<f32>, f32, Option<(usize, f32)>);

/// Queries that are measured at once.
const PART: usize = 512;

/// The most numbers of an array that is handed out: 8 GB.
const MOST_NUMBERS: usize = 1 << 31;
