//! The steps of the worker: open, cut into tokens, run, look at a head, draw.

mod compare;
mod opening;
pub(super) mod recorded;
mod reload_step;

use super::generation_task::GenerationTask;
use super::live_run::{LiveRun, common};
use super::open::LoadedModel;
use super::query_cache::{Context, QueryCache};
use super::snapshot::{Failure, Snapshot};
use super::text_run::TextRun;
use super::tokens::Tokens;
use super::unedited::Unedited;
use super::worker::{Shared, Wanted};
use spanscope_core::analysis::Shares;
use spanscope_core::model::{Edits, ModelError};
use spanscope_core::platform::HAS_THREADS;
use spanscope_core::platform::time::Instant;
use std::sync::Arc;
use std::time::Duration;

/// Most pieces of a text that are shown: laying out more would hold up the window.
pub(super) const MOST_PIECES: usize = 4_000_000;

/// Tokens of the first step with a model whose speed is not known yet.
const FIRST_BLOCK: usize = 32;

/// Tokens of a step at least: fewer are read again and again to no use, but where a frame waits for them.
const LEAST_BLOCK: usize = if HAS_THREADS { 8 } else { 1 };

/// The time that one step of a run should take: short enough that a new wish is seen at once.
const STEP: Duration = Duration::from_millis(if HAS_THREADS { 40 } else { 10 });

/// Time between two snapshots of an unfinished run, at least.
const PUBLISH: Duration = Duration::from_millis(100);

/// The model at hand and its run.
struct Open {
    /// As the file has it.
    original: Arc<LoadedModel>,
    /// With the edits.
    model: Arc<LoadedModel>,
    /// The edits last wanted: those of heads that the model lacks are not in its network.
    edits: Arc<Edits>,
    reading: TextRun,
}

/// A run of the model over nothing yet.
fn reading(model: &LoadedModel, memory: usize) -> TextRun {
    TextRun::Live(Box::new(LiveRun::new(Arc::clone(&model.network), memory)))
}

/// The state of the worker, to be compared with what is wanted.
pub(super) struct Steps {
    /// The wish for a model that was last carried out, or failed.
    model_number: u64,
    /// The wish that opened the model at hand.
    opened_number: u64,
    text_number: u64,
    /// The text of the recorded run that was last tried.
    recorded: Option<usize>,
    unedited: Unedited,
    open: Option<Open>,
    /// A newer version of the model at hand, which reads the text before anybody sees it.
    next: Option<Open>,
    /// The newer version that was taken up last.
    renewed: u64,
    tokens: Arc<Tokens>,
    /// Rises whenever the run changes.
    run_number: u64,
    /// Tokens per step.
    block: usize,
    changed: Instant,
    milliseconds: Option<f32>,
    /// The close-up that the answers belong to.
    near: Option<usize>,
    /// The limit on the memory of the text read, in bytes.
    memory: usize,
    /// True if the run was told to go no further.
    stopped: bool,
    answers: QueryCache,
    continuing: GenerationTask,
    published: Instant,
    /// The last wish that a snapshot took into account.
    told: u64,
    measured: Measured,
    failure: Option<Failure>,
    /// Why the text at hand is not read, if it is not.
    refused: Option<Arc<str>>,
    opening: bool,
    preview: Option<Arc<LoadedModel>>,
}

/// The measurements on a run, kept until it changes.
#[derive(Default)]
struct Measured {
    run_number: u64,
    surprisal: Arc<Vec<f32>>,
    bits_per_token: Option<f64>,
    shares: Arc<Vec<Shares>>,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            model_number: 0,
            opened_number: 0,
            text_number: 0,
            recorded: None,
            unedited: Unedited::default(),
            open: None,
            next: None,
            renewed: 0,
            tokens: Arc::default(),
            run_number: 0,
            block: FIRST_BLOCK,
            changed: Instant::now(),
            milliseconds: None,
            near: None,
            memory: 0,
            stopped: false,
            answers: QueryCache::default(),
            continuing: GenerationTask::default(),
            published: Instant::now(),
            told: 0,
            measured: Measured::default(),
            failure: None,
            refused: None,
            opening: false,
            preview: None,
        }
    }
}

impl Steps {
    fn finished(&self) -> bool {
        let len = self.tokens.ids.len();
        let open = self.open.as_ref();
        open.is_none_or(|open| open.reading.has_read(len))
    }

    /// True if the run goes no further: it is over the whole text, or was told to stop.
    fn rests(&self, wanted: &Wanted) -> bool {
        self.finished() || wanted.stopped && self.text_number == wanted.text.0
    }

    /// True if the weights around the token that the user looks at are at hand.
    fn is_close(&self, wanted: &Wanted) -> bool {
        let open = self.open.as_ref();
        open.is_none_or(|open| open.reading.is_close(wanted.looks.around()))
    }

    /// True if the model at hand is edited as wanted.
    fn edited(&self, wanted: &Wanted) -> bool {
        let open = self.open.as_ref();
        open.is_none_or(|open| open.edits == wanted.edits_of(self.opened_number))
    }

    /// True if nothing is left to do.
    pub fn satisfied(&self, wanted: &Wanted) -> bool {
        self.model_number == wanted.model.0
            && self.has_text(wanted)
            && self.memory == wanted.memory
            && self.stopped == wanted.stopped
            && self.edited(wanted)
            && self.rests(wanted)
            && self.is_close(wanted)
            && self.near == self.near(wanted)
            && self.answered(wanted)
            && self.compared()
            && (self.open.is_none() || self.continuing.is_done(wanted.continuation.as_ref()))
    }

    /// True if whoever looks has all answers.
    fn answered(&self, wanted: &Wanted) -> bool {
        self.open.is_none() || self.answers.complete(&wanted.looks, self.run_number)
    }

    /// True if the last snapshot took all wishes into account.
    pub fn has_told(&self, wanted: &Wanted) -> bool {
        self.told == wanted.version
    }

    /// True if a model is to be opened.
    pub fn is_to_open(&self, wanted: &Wanted) -> bool {
        self.model_number != wanted.model.0
    }

    /// Publishes that a model is being opened.
    pub fn announce(&mut self, wanted: &Wanted, shared: &Shared) {
        self.opening = true;
        self.publish(wanted, shared);
    }

    /// Does one step and publishes what came of it.
    pub fn step(&mut self, wanted: &Wanted, shared: &Shared) {
        if self.satisfied(wanted) && self.has_told(wanted) {
            return self.renew(wanted, shared);
        }
        if self.is_to_open(wanted) {
            self.announce(wanted, shared);
            self.open(wanted, shared);
            self.opening = false;
            self.preview = None;
            return self.publish(wanted, shared);
        }
        if self.memory != wanted.memory {
            self.memory = wanted.memory;
            if let Some(open) = &mut self.open {
                open.reading = reading(&open.model, self.memory);
            }
            self.renew_again();
            self.answers.forget_run();
            self.text_number = 0;
        }
        if !self.edited(wanted) {
            self.edit(wanted);
            // The spans are drawn before the text has run again.
            self.publish(wanted, shared);
        }
        if !self.has_text(wanted) && !self.set_text(wanted) {
            return;
        }
        if self.stopped != wanted.stopped {
            self.stopped = wanted.stopped;
            // The block at hand may have ended before it was measured.
            self.run_number += 1;
        }
        let near = self.near(wanted);
        if self.near != near {
            self.near = near;
            self.run_number += 1;
        }
        if !self.rests(wanted) || !self.is_close(wanted) {
            if let Err(error) = self.run(wanted) {
                if matches!(error, ModelError::Cancelled) {
                    return;
                }
                self.give_up(error.to_string());
            }
            // A look at the part that is done costs time; it must not take more than it leaves to the run.
            if !self.rests(wanted) || !self.is_close(wanted) {
                if self.published.elapsed() < PUBLISH {
                    return;
                }
                if self.answers.must_wait() {
                    return self.publish(wanted, shared);
                }
            }
        }
        if !self.answered(wanted) {
            // What the run found is shown even if the look at a head is stopped.
            if self.published.elapsed() > PUBLISH / 2 {
                self.publish(wanted, shared);
            }
            if !self.answer(wanted) {
                return;
            }
        }
        self.continue_text(wanted);
        if self.compared() || self.published.elapsed() > PUBLISH / 2 {
            self.publish(wanted, shared);
        }
        if !self.compared() {
            self.compare(&wanted.run);
            if self.compared() {
                self.publish(wanted, shared);
            }
        }
    }

    /// Cuts the text into tokens; false when told to stop.
    fn set_text(&mut self, wanted: &Wanted) -> bool {
        self.changed = Instant::now();
        self.milliseconds = None;
        let Some(open) = &mut self.open else {
            self.text_number = wanted.text.0;
            return true;
        };
        if let Some(file) = open.model.recorded.clone() {
            return self.set_recorded(&file, wanted);
        }
        let text = Arc::clone(&wanted.text.1);
        let (model, cancel) = (&open.model, &wanted.run);
        let tokens = match wanted.as_ids {
            true => Tokens::of_ids(model, text, MOST_PIECES, cancel),
            false => {
                let from = (wanted.special, &*self.tokens);
                Tokens::again(model, text, from, MOST_PIECES, cancel)
            }
        };
        let Some(tokens) = tokens else {
            return false;
        };
        self.text_number = wanted.text.0;
        // Said once, and not with every letter.
        let trouble = tokens.trouble.clone();
        let trouble = trouble.filter(|trouble| self.tokens.trouble.as_ref() != Some(trouble));
        let before = common(&self.tokens.ids, &tokens.ids);
        let holds = open.reading.set_text(&tokens.ids);
        if let Some(next) = &mut self.next {
            next.reading.set_text(&tokens.ids);
        }
        self.answers.truncate(if holds { before } else { 0 });
        self.tokens = Arc::new(tokens);
        self.refused = self.tokens.trouble.clone();
        self.run_number += 1;
        if let Some(trouble) = trouble {
            self.fail_to_read(trouble.to_string());
        }
        if self.finished() {
            self.milliseconds = Some(self.changed.elapsed().as_secs_f32() * 1e3);
        }
        true
    }

    /// The start of the part of the text whose weights are at hand, if it is a close-up.
    fn near(&self, wanted: &Wanted) -> Option<usize> {
        let open = self.open.as_ref()?;
        open.reading.close_up_start(wanted.looks.around())
    }

    /// Runs over the next block: of what the user looks at, else of the text.
    fn run(&mut self, wanted: &Wanted) -> Result<(), ModelError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let start = Instant::now();
        let around = wanted.looks.around();
        let is_far = !open.reading.is_close(around);
        let result = match is_far {
            true => open.reading.close_up(around, self.block, &wanted.look),
            false => open.reading.read(&self.tokens.ids, self.block, &wanted.run),
        };
        let read = result?;
        self.run_number += 1;
        if !is_far && self.finished() {
            self.milliseconds = Some(self.changed.elapsed().as_secs_f32() * 1e3);
        }
        // Larger blocks run faster, smaller ones let go sooner.
        let took = start.elapsed();
        if read >= self.block && took < STEP / 2 {
            self.block = (self.block * 2).min(spanscope_core::model::BLOCK);
        } else if took > STEP {
            let fits = read as f32 * STEP.as_secs_f32() / took.as_secs_f32();
            self.block = (fits as usize).clamp(LEAST_BLOCK, self.block.max(LEAST_BLOCK));
        }
        Ok(())
    }

    /// Lets go of a text that cannot run, and says why.
    fn give_up(&mut self, reason: String) {
        self.refused = Some(reason.as_str().into());
        self.fail_to_read(reason);
        self.tokens = Arc::default();
        self.run_number += 1;
        self.answers.forget_run();
        if let Some(open) = &mut self.open {
            // A recorded run that cannot be read would be tried again and again.
            open.reading = reading(&open.model, self.memory);
        }
    }

    /// Answers what is asked about the run; false when it was told to stop.
    fn answer(&mut self, wanted: &Wanted) -> bool {
        let Some(open) = &self.open else {
            return true;
        };
        let answered = self.answers.step(&Context {
            model: &open.model,
            network: &open.model.network,
            ids: &self.tokens.ids,
            reading: &open.reading,
            looks: &wanted.looks,
            run: self.run_number,
            finished: self.rests(wanted),
            cancel: &wanted.look,
        });
        if let Some(message) = self.answers.take_trouble() {
            self.fail(message, None);
        }
        answered
    }

    /// Draws some more tokens of a continuation, once the text has run.
    fn continue_text(&mut self, wanted: &Wanted) {
        let wish = wanted.continuation.as_ref();
        let (Some(open), Some(wish)) = (&self.open, wish) else {
            return;
        };
        if self.continuing.is_done(Some(wish)) || !self.rests(wanted) {
            return;
        }
        let (run, _) = open.reading.at_hand(wish.after);
        let result = self.continuing.step(&open.model, run, wish, &wanted.run);
        if let Err(message) = result {
            self.fail(message, None);
        }
    }

    /// The text at hand cannot be read.
    fn fail_to_read(&mut self, message: String) {
        self.fail(message, None);
        if let Some(failure) = &mut self.failure {
            failure.text = Some(self.text_number);
        }
    }

    fn fail(&mut self, message: String, opening: Option<u64>) {
        let number = self.failure.as_ref().map_or(0, |failure| failure.number) + 1;
        self.failure = Some(Failure {
            number,
            opening,
            text: None,
            message,
        });
    }

    /// A fresh start after a defect, without what it happened on.
    pub fn after_panic(mut self, wanted: &Wanted) -> Self {
        self.fail(
            "a defect stopped the computation; the model is closed. Open it again, or another one"
                .into(),
            None,
        );
        Self {
            model_number: wanted.model.0,
            text_number: wanted.text.0,
            failure: self.failure,
            ..Self::default()
        }
    }

    /// Shows the window what there is.
    pub fn publish(&mut self, wanted: &Wanted, shared: &Shared) {
        self.published = Instant::now();
        self.told = wanted.version;
        let reading = self.open.as_ref().map(|open| &open.reading);
        let done = reading.map_or(0, TextRun::done);
        let at_hand = reading.map_or(0..0, |reading| reading.at_hand(wanted.looks.around()).1);
        if let Some(open) = self
            .open
            .as_ref()
            .filter(|_| self.measured.run_number != self.run_number)
        {
            let surprisal = open.reading.surprisal().to_vec();
            let sum: f64 = surprisal.iter().map(|bits| f64::from(*bits)).sum();
            let mean = (!surprisal.is_empty()).then(|| sum / surprisal.len() as f64);
            let shares = open.reading.shares();
            self.measured = Measured {
                run_number: self.run_number,
                surprisal: Arc::new(surprisal),
                bits_per_token: mean,
                shares: Arc::new(shares),
            };
        }
        let edits = self.open.as_ref().map(|open| &open.edits);
        if let Some(bits) = self.measured.bits_per_token
            && edits.is_some_and(|edits| edits.is_empty())
            && self.finished()
        {
            let surprisal = Arc::clone(&self.measured.surprisal);
            self.unedited.take(self.text_number, bits, surprisal);
        }
        let of_text = self.unedited.of(self.text_number);
        let known = Snapshot {
            model: self.open.as_ref().map(|open| Arc::clone(&open.model)),
            preview: self.preview.clone(),
            model_number: self.opened_number,
            version: wanted.version,
            recorded: self.recorded,
            tokens: Arc::clone(&self.tokens),
            refused: self.refused.clone(),
            done,
            at_hand,
            surprisal: Arc::clone(&self.measured.surprisal),
            bits_per_token: self.measured.bits_per_token,
            shares: Arc::clone(&self.measured.shares),
            continued: self.continuing.continued.clone(),
            unedited_bits: of_text.map(|(bits, _)| bits),
            unedited_surprisal: of_text.map(|(_, surprisal)| Arc::clone(surprisal)),
            milliseconds: self.milliseconds,
            opening: self.opening,
            busy: self.opening || !self.satisfied(wanted),
            failure: self.failure.clone(),
            ..Snapshot::default()
        };
        shared.publish(known.with_answers(&self.answers));
    }
}
