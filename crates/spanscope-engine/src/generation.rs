//! Continuing a text, a few tokens at a time: it can be shown as it comes, stopped, and taken up again.

use super::open::{EngineError, LoadedModel};
use super::sample::{SampledToken, Sampling, draw, uniform};
use super::stop_text::never_written;
use spanscope_core::model::{BLOCK, Cancel, ModelError, NoObserver, Run};
use spanscope_core::text::Vocabulary;

/// The options for continuing a text.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationRequest {
    /// The settings by which each token is drawn.
    pub sampling: Sampling,
    /// Most tokens to draw.
    pub tokens: usize,
    /// Ends the continuation after the token with which this text is complete. It may lie across several tokens, but not
    /// begin before the first token drawn. An empty one ends nothing.
    pub stop: Option<String>,
}

impl Default for GenerationRequest {
    fn default() -> Self {
        Self {
            sampling: Sampling::default(),
            tokens: 200,
            stop: None,
        }
    }
}

/// Why a continuation is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All tokens asked for are drawn.
    Length,
    /// The text to stop at has come.
    Stop,
}

/// A text being continued. What it draws depends on the text, the model and the request, and not on how it is cut into
/// steps or how often it was stopped on the way.
#[derive(Debug)]
pub struct Generation {
    run: Run,
    /// The tokens that the run began with: those drawn follow them.
    prompt: usize,
    request: GenerationRequest,
    vocabulary: Option<Vocabulary>,
    state: u64,
    drawn: Vec<SampledToken>,
    /// The text of the tokens drawn.
    text: Vec<u8>,
    ended: Option<Ended>,
}

impl Generation {
    /// A continuation of `run` after the token at position `after`; what follows that in the run is dropped. The run is
    /// most often a clone, which shares what both have in common.
    ///
    /// # Errors
    /// When there is no such token, the run has forgotten what it can see, or there is a text to stop at and the model
    /// has no vocabulary, or none of its tokens holds a character of that text.
    pub fn new(
        model: &LoadedModel,
        mut run: Run,
        after: usize,
        request: GenerationRequest,
    ) -> Result<Self, EngineError> {
        let tokens = run.ids().len();
        if tokens == 0 {
            return Err(EngineError::NoTokens);
        }
        if after >= tokens {
            return Err(EngineError::NoSuchToken { at: after, tokens });
        }
        let stops = request.stop.as_ref().is_some_and(|stop| !stop.is_empty());
        if stops && model.vocabulary.is_none() {
            return Err(EngineError::NoVocabulary {
                path: model.path.clone(),
            });
        }
        if let (Some(stop), Some(vocabulary)) = (&request.stop, &model.vocabulary)
            && let Some(missing) = never_written(vocabulary, stop)
        {
            return Err(EngineError::NeverStops { missing });
        }
        let (first, prompt) = (run.first_kept(), after + 1);
        run.truncate(prompt);
        if run.ids().len() != prompt || run.log_probs(after, prompt).is_empty() {
            return Err(EngineError::Forgotten { at: after, first });
        }
        Ok(Self {
            run,
            prompt,
            state: request.sampling.seed,
            vocabulary: model.vocabulary.clone(),
            drawn: Vec::new(),
            text: Vec::new(),
            ended: (request.tokens == 0).then_some(Ended::Length),
            request,
        })
    }

    /// Draws at most `tokens` further tokens, and returns them: fewer at the end, none after it.
    ///
    /// # Errors
    /// On cancellation, or when the device fails. What was drawn until then stays [drawn](Self::drawn), and a later step
    /// goes on as if nothing had happened.
    pub fn step(&mut self, tokens: usize, cancel: &Cancel) -> Result<&[SampledToken], ModelError> {
        let before = self.drawn.len();
        for _ in 0..tokens {
            if self.ended.is_some() {
                break;
            }
            self.one(cancel)?;
        }
        Ok(self.drawn.get(before..).unwrap_or_default())
    }

    fn one(&mut self, cancel: &Cancel) -> Result<(), ModelError> {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        // The network runs over a token when the next one is wanted: the last one's would be in vain.
        let missing = self.run.ids().len().saturating_sub(self.prompt);
        let missing = self.drawn.get(missing..).unwrap_or_default();
        let missing: Vec<u32> = missing.iter().map(|drawn| drawn.id).collect();
        if !missing.is_empty() {
            self.run.extend(&missing, BLOCK, cancel, &NoObserver)?;
            // A continuation may be endless; what no token sees any more goes.
            self.run.forget();
        }
        let len = self.run.ids().len();
        let log_probs = self.run.log_probs(len.saturating_sub(1), len);
        let id = draw(&log_probs, self.request.sampling, uniform(&mut self.state));
        let log_p = log_probs.get(id as usize).copied().unwrap_or(f32::NAN);
        let last = self.run.ids().last().copied();
        let known = self.text.len();
        match &self.vocabulary {
            Some(vocabulary) => self.text.extend(vocabulary.decode_after(last, id)),
            None => self.text.extend(format!(" {id}").bytes()),
        }
        self.drawn.push(SampledToken { id, log_p });
        if self.drawn.len() >= self.request.tokens {
            self.ended = Some(Ended::Length);
        }
        if self.stops(known) {
            self.ended = Some(Ended::Stop);
        }
        Ok(())
    }

    /// True if the text to stop at ends after the first `known` bytes of the text.
    fn stops(&self, known: usize) -> bool {
        let stop = self.request.stop.as_deref().unwrap_or_default().as_bytes();
        if stop.is_empty() {
            return false;
        }
        let tail = &self.text[(known + 1).saturating_sub(stop.len()).min(known)..];
        tail.windows(stop.len()).any(|part| part == stop)
    }

    /// Position of the token after which the continuation begins.
    pub fn after(&self) -> usize {
        self.prompt - 1
    }

    /// The request that it answers.
    pub fn request(&self) -> &GenerationRequest {
        &self.request
    }

    /// All tokens drawn so far.
    pub fn drawn(&self) -> &[SampledToken] {
        &self.drawn
    }

    /// The reason why it is at its end; `None` if it is not.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// The text of the tokens drawn, to stand right behind the text before it: a word begins with a space. A character of
    /// which not all bytes are drawn yet is left out; at the end it shows as U+FFFD, as all does that is not UTF-8.
    /// Without a vocabulary it is a list of ids.
    pub fn text(&self) -> String {
        let last = self.text.utf8_chunks().last();
        let last = last.map_or(&[][..], |chunk| chunk.invalid());
        let unfinished = std::str::from_utf8(last).is_err_and(|e| e.error_len().is_none());
        let waiting = match unfinished && self.ended.is_none() {
            true => last.len(),
            false => 0,
        };
        let whole = &self.text[..self.text.len() - waiting];
        String::from_utf8_lossy(whole).into_owned()
    }
}

/// Continues `run` at its end; `each` sees every token as it comes.
///
/// # Errors
/// As [`Generation::new`] and [`Generation::step`].
pub fn generate(
    model: &LoadedModel,
    run: Run,
    request: GenerationRequest,
    cancel: &Cancel,
    mut each: impl FnMut(SampledToken),
) -> Result<Generation, EngineError> {
    let after = run.ids().len().checked_sub(1);
    let after = after.ok_or(EngineError::NoTokens)?;
    let mut continuation = Generation::new(model, run, after, request)?;
    while continuation.ended.is_none() {
        continuation
            .step(1, cancel)?
            .iter()
            .copied()
            .for_each(&mut each);
    }
    Ok(continuation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SAMPLES;
    use spanscope_core::text::Unit;
    use std::sync::Arc;

    fn begun(sample: usize, text: &str) -> (LoadedModel, Run) {
        let model = LoadedModel::open_sample(&SAMPLES[sample]).unwrap();
        let mut run = Run::new(Arc::clone(&model.network));
        let ids = model.prepare(text.as_bytes()).unwrap().ids;
        run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
        (model, run)
    }

    fn request(tokens: usize, seed: u64) -> GenerationRequest {
        GenerationRequest {
            sampling: Sampling {
                seed,
                ..Sampling::default()
            },
            tokens,
            stop: None,
        }
    }

    fn whole(model: &LoadedModel, run: &Run, request: GenerationRequest) -> Generation {
        let mut seen = Vec::new();
        let cancel = Cancel::default();
        let done = generate(model, run.clone(), request, &cancel, |d| seen.push(d)).unwrap();
        assert_eq!(done.drawn(), seen);
        done
    }

    #[test]
    fn steps_of_any_size_and_stops_on_the_way_draw_the_same() {
        let (model, run) = begun(0, "ROMEO:\nBut soft");
        let expected = whole(&model, &run, request(50, 7));
        assert_eq!(expected.drawn().len(), 50);
        assert_eq!(expected.ended(), Some(Ended::Length));
        assert_ne!(
            whole(&model, &run, request(50, 8)).drawn(),
            expected.drawn()
        );
        let (going, stopped) = (Cancel::default(), Cancel::default());
        stopped.cancel();
        let after = run.ids().len() - 1;
        let mut stepped = Generation::new(&model, run.clone(), after, request(50, 7)).unwrap();
        let mut drawn = Vec::new();
        for size in [1, 0, 7, 30, 30, 5] {
            assert!(
                stepped.ended().is_some() || stepped.step(3, &stopped).is_err(),
                "cancelled"
            );
            drawn.extend_from_slice(stepped.step(size, &going).unwrap());
        }
        assert_eq!(drawn, expected.drawn());
        assert_eq!(stepped.text(), expected.text());
        assert_eq!(stepped.text().len(), 50);
        // The run that it began with is as it was.
        assert_eq!(run.ids().len(), after + 1);
    }

    #[test]
    fn log_probabilities_are_the_models_own() {
        let (model, mut run) = begun(0, "ROMEO:");
        let mut warm = request(40, 3);
        warm.sampling.temperature = 2.0;
        let done = whole(&model, &run, warm);
        let from = run.ids().len() - 1;
        let ids: Vec<u32> = done.drawn().iter().map(|d| d.id).collect();
        let cancel = Cancel::default();
        run.extend(&ids, BLOCK, &cancel, &NoObserver).unwrap();
        let nll = run.nll(from, &ids, &cancel).unwrap();
        for (drawn, nll) in done.drawn().iter().zip(nll) {
            assert!((drawn.log_p + nll).abs() < 1e-4);
        }
    }

    #[test]
    fn it_goes_on_after_any_token_that_is_kept() {
        let text = "To be, or not to be, that is the question. ".repeat(60);
        let (model, mut run) = begun(0, &text);
        let (_, short) = begun(0, &text[..500]);
        let expected = whole(&model, &short, request(20, 1));
        let mut middle = Generation::new(&model, run.clone(), 499, request(20, 1)).unwrap();
        assert_eq!(middle.after(), 499);
        middle.step(20, &Cancel::default()).unwrap();
        assert_eq!(middle.drawn(), expected.drawn());
        let len = run.ids().len();
        run.forget();
        let failed = |after| Generation::new(&model, run.clone(), after, request(1, 1));
        let error = failed(499).unwrap_err();
        assert!(matches!(error, EngineError::Forgotten { at: 499, .. }));
        assert!(error.to_string().contains("499"), "{error}");
        assert!(failed(len - 1).is_ok());
        let error = failed(len).unwrap_err();
        assert!(matches!(error, EngineError::NoSuchToken { at, .. } if at == len));
        let empty = Run::new(Arc::clone(&model.network));
        let none = generate(&model, empty, request(1, 1), &Cancel::default(), |_| ());
        assert!(matches!(none.unwrap_err(), EngineError::NoTokens));
    }

    #[test]
    fn it_stops_with_the_token_that_completes_the_text() {
        let (model, run) = begun(0, "ROMEO:");
        let text = whole(&model, &run, request(200, 1)).text();
        // Three bytes, each a token of its own.
        let stop = &text[100..103];
        let end = text.find(stop).unwrap() + 3;
        let stopped = whole(
            &model,
            &run,
            GenerationRequest {
                stop: Some(stop.into()),
                ..request(200, 1)
            },
        );
        assert_eq!(stopped.text(), text[..end]);
        assert_eq!(stopped.ended(), Some(Ended::Stop));
        let never = GenerationRequest {
            stop: Some("fin é".into()),
            ..request(1, 1)
        };
        let error = Generation::new(&model, run.clone(), 5, never).unwrap_err();
        assert!(matches!(error, EngineError::NeverStops { missing: 'é' }));
        for (stop, tokens) in [("", 200), ("no such words", 200), ("", 0)] {
            let never = GenerationRequest {
                stop: Some(stop.into()),
                ..request(tokens, 1)
            };
            let never = whole(&model, &run, never);
            assert_eq!(never.text(), text[..tokens]);
            assert_eq!(never.ended(), Some(Ended::Length));
        }
    }

    #[test]
    fn a_character_waits_for_its_bytes_until_the_end() {
        let (model, run) = begun(0, "ROMEO:");
        let mut at_work = Generation::new(&model, run, 5, request(9, 1)).unwrap();
        for (bytes, now, at_the_end) in [
            (&b"a\xe2\x82\xac\xe2\x82"[..], "a€", "a€\u{fffd}"),
            (b"\xffb\xe2c", "\u{fffd}b\u{fffd}c", "\u{fffd}b\u{fffd}c"),
            (b"", "", ""),
        ] {
            at_work.text = bytes.into();
            at_work.ended = None;
            assert_eq!(at_work.text(), now);
            at_work.ended = Some(Ended::Length);
            assert_eq!(at_work.text(), at_the_end);
        }
    }

    #[test]
    fn words_stand_apart_and_a_model_without_vocabulary_draws_ids() {
        let (model, run) = begun(0, "ROMEO:");
        let size = model.network.architecture().vocab_size;
        let words: Vec<String> = (0..size).map(|i| format!("w{i}.")).collect();
        let worded = LoadedModel {
            vocabulary: Some(Vocabulary::from_tokens(words, Unit::Word).unwrap()),
            ..model.clone()
        };
        let all = whole(&worded, &run, request(30, 1));
        let ids: Vec<u32> = all.drawn().iter().map(|d| d.id).collect();
        let expected: String = ids.iter().map(|id| format!(" w{id}.")).collect();
        assert_eq!(all.text(), expected);
        let stop = |text: String| GenerationRequest {
            stop: Some(text),
            ..request(30, 1)
        };
        // From within one word into the next.
        let end = all.drawn()[5].id;
        let stopped = whole(&worded, &run, stop(format!(". w{end}")));
        let place = ids[1..].iter().position(|id| *id == end).unwrap() + 1;
        assert_eq!(stopped.drawn().len(), place + 1);

        let bare = LoadedModel {
            vocabulary: None,
            ..model
        };
        let expected: String = ids.iter().map(|id| format!(" {id}")).collect();
        assert_eq!(whole(&bare, &run, request(30, 1)).text(), expected);
        let after = run.ids().len() - 1;
        let error = Generation::new(&bare, run, after, stop("3".into())).unwrap_err();
        assert!(matches!(error, EngineError::NoVocabulary { .. }));
    }
}
