//! A text that a model has read to its end, for programs that ask and wait: the answers of an [`Engine`](crate::Engine) without
//! its thread.

use super::live_run::LiveRun;
use super::open::{EngineError, LoadedModel};
use super::queries::Queries;
use super::query_cache::{Context, QueryCache};
use super::recorded_run::bytes_per_token;
use super::snapshot::Snapshot;
use super::steps::MOST_PIECES;
use super::steps::recorded::recorded_text;
use super::text_run::TextRun;
use super::tokens::Tokens;
use spanscope_core::analysis::{Prediction, Shares};
use spanscope_core::model::{BLOCK, Cancel, ModelError, Run};
use std::ops::Range;
use std::sync::Arc;

/// The number of the only run that there is.
const THE_RUN: u64 = 1;

/// The text that a model is to read.
#[derive(Debug, Clone, Copy)]
pub enum TextToRead<'a> {
    /// To be cut into tokens by the model's vocabulary; bytes that are no UTF-8 are in it as stand-ins.
    Text(&'a str),
    /// Token ids.
    Ids(&'a [u32]),
    /// That of a recorded run, by its index from 0.
    Recorded(usize),
}

/// A model's run over a whole text, all of which is at hand.
pub struct FinishedRun {
    model: Arc<LoadedModel>,
    tokens: Arc<Tokens>,
    run: TextRun,
    recorded: Option<usize>,
    surprisal: Arc<Vec<f32>>,
    shares: Arc<Vec<Shares>>,
}

impl std::fmt::Debug for FinishedRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tokens = self.tokens.ids.len();
        f.debug_struct("FinishedRun")
            .field("tokens", &tokens)
            .finish_non_exhaustive()
    }
}

impl FinishedRun {
    /// Runs `model` over a text. What is kept of it takes `memory` bytes at most. `report` hears of all tokens, then of those that
    /// are done.
    ///
    /// # Errors
    /// When there is no token in it, it would take more memory, the model cannot run over it, or on cancellation.
    pub fn new(
        model: &Arc<LoadedModel>,
        text: TextToRead<'_>,
        memory: usize,
        cancel: &Cancel,
        report: &dyn Fn(usize, usize),
    ) -> Result<Self, EngineError> {
        let cancelled = || EngineError::from(ModelError::Cancelled);
        let (tokens, mut run, recorded) = match (text, model.recorded.clone()) {
            (TextToRead::Recorded(index), Some(file)) => {
                let header = file.text_header(index)?;
                let each = bytes_per_token(&file, &model.network, index);
                let keys = header.queries.1 - header.first_key;
                fits(keys, each, memory)?;
                // Its window is as long as what it keeps.
                let room = each.saturating_mul(keys + 64).saturating_mul(2);
                let taken = recorded_text(model, &file, index, (cancel, room))?;
                let (tokens, replay) = taken.ok_or_else(cancelled)?;
                let run = TextRun::Recorded(Box::new(replay));
                (tokens, run, Some(index))
            }
            (TextToRead::Recorded(_), None) => return Err(EngineError::NoTokens),
            (_, Some(_)) => return Err(ModelError::Recorded.into()),
            (text, None) => {
                let tokens = cut(model, text, cancel)?.ok_or_else(cancelled)?;
                let each = Run::bytes_per_token(&model.network);
                fits(tokens.ids.len(), each, memory)?;
                let room = each.saturating_mul(tokens.ids.len() + 64).saturating_mul(2);
                let mut reading = LiveRun::new(Arc::clone(&model.network), room);
                reading.set_text(&tokens.ids);
                (tokens, TextRun::Live(Box::new(reading)), None)
            }
        };
        if tokens.ids.is_empty() {
            return Err(EngineError::NoTokens);
        }
        let all = tokens.ids.len();
        report(0, all);
        while !run.has_read(all) {
            cancel.check()?;
            run.read(&tokens.ids, BLOCK, cancel)?;
            report(run.done(), all);
        }
        Ok(Self {
            surprisal: Arc::new(run.surprisal().to_vec()),
            shares: Arc::new(run.shares()),
            model: Arc::clone(model),
            tokens: Arc::new(tokens),
            run,
            recorded,
        })
    }

    /// The model.
    pub fn model(&self) -> &Arc<LoadedModel> {
        &self.model
    }

    /// The text as tokens.
    pub fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// Which text of a recorded run it is.
    pub fn recorded(&self) -> Option<usize> {
        self.recorded
    }

    /// The run, and the queries whose weights are at hand.
    pub fn at_hand(&self) -> (&Run, Range<usize>) {
        self.run.at_hand(None)
    }

    /// −log2 p of every token but the first; nothing where it was not recorded.
    pub fn surprisal(&self) -> &[f32] {
        &self.surprisal
    }

    /// Mean shares of every head's weight, layer by layer.
    pub fn shares(&self) -> &[Shares] {
        &self.shares
    }

    /// The model's expectation after the token at position `at`: `k` candidates; `None` where there is no such token, or nothing of
    /// it was recorded.
    ///
    /// # Errors
    /// When a recorded run cannot be read.
    pub fn prediction(&self, at: usize, k: usize) -> Result<Option<Prediction>, EngineError> {
        if at >= self.tokens.ids.len() {
            return Ok(None);
        }
        let next = self.tokens.ids.get(at + 1).copied();
        Ok(self.run.prediction(at, next, k)?)
    }

    /// The part of a snapshot that is known without another question.
    pub fn known(&self) -> Snapshot {
        let bits = self.surprisal.iter().map(|bits| f64::from(*bits));
        let count = self.surprisal.len();
        Snapshot {
            model: Some(Arc::clone(&self.model)),
            recorded: self.recorded,
            tokens: Arc::clone(&self.tokens),
            done: self.run.done(),
            at_hand: self.at_hand().1,
            surprisal: Arc::clone(&self.surprisal),
            bits_per_token: (count > 0).then(|| bits.sum::<f64>() / count as f64),
            shares: Arc::clone(&self.shares),
            ..Snapshot::default()
        }
    }

    /// All that `looks` asks for, as a window would get it.
    ///
    /// # Errors
    /// When a recorded run cannot be read, or on cancellation.
    pub fn ask(&self, looks: &Queries, cancel: &Cancel) -> Result<Snapshot, EngineError> {
        self.ask_telling(looks, cancel, &|_, _| ())
    }

    /// As [`ask`](Self::ask); `report` hears of the queries that are measured, and of all that there are.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_telling(
        &self,
        looks: &Queries,
        cancel: &Cancel,
        report: &dyn Fn(usize, usize),
    ) -> Result<Snapshot, EngineError> {
        let mut answers = QueryCache::default();
        while !answers.complete(looks, THE_RUN) {
            cancel.check()?;
            let done = answers.step(&Context {
                model: &self.model,
                network: &self.model.network,
                ids: &self.tokens.ids,
                reading: &self.run,
                looks,
                run: THE_RUN,
                finished: true,
                cancel,
            });
            if let Some(surveyed) = answers.surveyed() {
                report(surveyed.queries.len(), surveyed.wanted.len());
            }
            if let Some(what) = answers.take_trouble() {
                return Err(EngineError::NotAnswered { what });
            }
            if !done {
                return Err(ModelError::Cancelled.into());
            }
        }
        Ok(self.known().with_answers(&answers))
    }
}

/// Refuses a run that would take more memory than it may.
fn fits(tokens: usize, each: usize, memory: usize) -> Result<(), EngineError> {
    let bytes = tokens.saturating_mul(each);
    match bytes <= memory {
        true => Ok(()),
        false => Err(EngineError::TooMuchMemory {
            tokens,
            bytes,
            most: memory,
        }),
    }
}

/// A text as tokens; `None` on cancellation.
fn cut(
    model: &LoadedModel,
    text: TextToRead<'_>,
    cancel: &Cancel,
) -> Result<Option<Tokens>, EngineError> {
    let vocab_size = model.network.architecture().vocab_size;
    let found = match text {
        TextToRead::Ids(ids) => {
            if let Some(at) = ids.iter().position(|id| *id as usize >= vocab_size) {
                let id = ids[at];
                return Err(ModelError::TokenId { id, at, vocab_size }.into());
            }
            let words: Vec<String> = ids.iter().map(u32::to_string).collect();
            Tokens::of_ids(model, words.join(" ").into(), MOST_PIECES, cancel)
        }
        TextToRead::Text(text) => {
            if model.vocabulary.is_none() {
                let path = model.path.clone();
                return Err(EngineError::NoVocabulary { path });
            }
            Tokens::new(model, text.into(), MOST_PIECES, cancel)
        }
        TextToRead::Recorded(_) => None,
    };
    let Some(tokens) = found else {
        return Ok(None);
    };
    if let Some(what) = &tokens.trouble {
        let what = what.to_string();
        return Err(EngineError::NotCut { what });
    }
    if tokens.left_out > 0 {
        let what = format!(
            "the text has more than the {} tokens that are read at once: pass a part of it",
            tokens.ids.len()
        );
        return Err(EngineError::NotCut { what });
    }
    Ok(Some(tokens))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, SAMPLES, Sample, Source};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const TEXT: &str = "What is here is a text of a few words, read twice: here and there.";

    fn model(sample: &Sample) -> Arc<LoadedModel> {
        Arc::new(LoadedModel::open_sample(sample).unwrap())
    }

    #[test]
    fn its_answers_are_those_of_the_engine() {
        for sample in &SAMPLES[..2] {
            let looks = Queries {
                survey: true,
                prediction: Some(4),
                ..Queries::default()
            };
            let engine = Engine::start(Source::Sample(sample), TEXT.into(), || {});
            engine.look(looks.clone());
            let there = engine.wait();
            let cancel = Cancel::default();
            let heard = AtomicUsize::new(0);
            let report = |done, _| heard.store(done, Ordering::Relaxed);
            let text = TextToRead::Text(TEXT);
            let run = FinishedRun::new(&model(sample), text, usize::MAX, &cancel, &report).unwrap();
            let here = run.ask(&looks, &cancel).unwrap();
            assert_eq!(heard.into_inner(), here.tokens.ids.len());
            assert_eq!(here.tokens.ids, there.tokens.ids);
            assert_eq!(here.surprisal, there.surprisal);
            assert_eq!(here.shares, there.shares);
            assert_eq!(here.bits_per_token, there.bits_per_token);
            let weight = |of: &Snapshot| of.detail.as_ref().unwrap().weight(12, 9);
            assert!(weight(&here).is_some());
            assert_eq!(weight(&here), weight(&there));
            let measures = |of: &Snapshot| of.surveyed.as_ref().unwrap().measures.clone();
            assert_eq!(measures(&here), measures(&there));
            assert_eq!(here.prediction, there.prediction);
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let model = model(&SAMPLES[0]);
        let cancel = Cancel::default();
        let refused = |text, memory| {
            let run = FinishedRun::new(&model, text, memory, &cancel, &|_, _| {});
            run.unwrap_err().to_string()
        };
        let all = usize::MAX;
        assert!(refused(TextToRead::Text(TEXT), 1000).contains("memory"));
        assert!(refused(TextToRead::Ids(&[1, 9999]), all).contains("9999"));
        assert!(refused(TextToRead::Ids(&[]), all).contains("nothing to run on"));
        cancel.cancel();
        let run = FinishedRun::new(&model, TextToRead::Text(TEXT), all, &cancel, &|_, _| {});
        assert!(matches!(
            run.unwrap_err(),
            EngineError::Model(ModelError::Cancelled)
        ));
    }
}
