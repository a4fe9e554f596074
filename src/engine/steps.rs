//! The steps of the worker: open, cut into tokens, run, look at a head, draw.

use super::detail::{Detail, Picture, PictureRequest};
use super::open::Model;
use super::snapshot::{Failure, Snapshot};
use super::tokens::Tokens;
use super::worker::{Shared, Source, Wanted};
use crate::analysis::{ShareRecorder, bits};
use crate::model::{Cancel, ModelError, Run};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Memory that the run over a text may keep, in bytes. What does not fit is left out, and said.
const MEMORY_BUDGET: usize = 1 << 30;

/// How long one step of a run should take: short enough that a new wish is seen at once.
const STEP: Duration = Duration::from_millis(40);

/// Time between two snapshots of an unfinished run, at least.
const PUBLISH: Duration = Duration::from_millis(100);

/// The model at hand and its run.
struct Open {
    model: Arc<Model>,
    run: Run,
    shares: ShareRecorder,
    surprisal: Vec<f32>,
}

/// What the worker has, to be compared with what is wanted.
pub(super) struct Steps {
    model_number: u64,
    text_number: u64,
    open: Option<Open>,
    tokens: Arc<Tokens>,
    /// Rises whenever the run changes.
    run_number: u64,
    /// Tokens per step.
    block: usize,
    edited: Instant,
    milliseconds: Option<f32>,
    /// The head and the run that the detail belongs to, whether or not there is one.
    looked: Option<((usize, usize), u64)>,
    detail: Option<Arc<Detail>>,
    /// The request and the detail that the picture belongs to.
    drawn: Option<(PictureRequest, (usize, usize), u64)>,
    picture: Option<Arc<Picture>>,
    published: Instant,
    /// Time the last look took.
    look_time: Duration,
    failure: Option<Failure>,
    opening: bool,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            model_number: 0,
            text_number: 0,
            open: None,
            tokens: Arc::default(),
            run_number: 0,
            block: 128,
            edited: Instant::now(),
            milliseconds: None,
            looked: None,
            detail: None,
            drawn: None,
            picture: None,
            published: Instant::now(),
            look_time: Duration::ZERO,
            failure: None,
            opening: false,
        }
    }
}

impl Steps {
    fn finished(&self) -> bool {
        let len = self.tokens.ids.len();
        self.open
            .as_ref()
            .is_none_or(|open| open.run.ids().len() == len && open.surprisal.len() + 1 >= len)
    }

    fn looked_at(&self, wanted: &Wanted) -> bool {
        self.open.is_none() || self.looked == Some((wanted.head, self.run_number))
    }

    fn drawn_for(&self, wanted: &Wanted) -> bool {
        let (Some(request), Some(_)) = (&wanted.picture, &self.detail) else {
            return true;
        };
        self.drawn.as_ref().is_some_and(|(drawn, head, run)| {
            drawn == request && self.looked == Some((*head, *run))
        })
    }

    /// Whether nothing is left to do.
    pub fn satisfied(&self, wanted: &Wanted) -> bool {
        self.model_number == wanted.model.0
            && self.text_number == wanted.text.0
            && self.finished()
            && self.looked_at(wanted)
            && self.drawn_for(wanted)
    }

    /// Does one step and publishes what came of it.
    pub fn step(&mut self, wanted: &Wanted, shared: &Shared) {
        if self.model_number != wanted.model.0 {
            self.opening = true;
            self.publish(shared);
            self.open(wanted);
            self.opening = false;
            return self.publish(shared);
        }
        if self.text_number != wanted.text.0 {
            self.set_text(wanted);
        }
        if !self.finished() {
            if let Err(error) = self.run(&wanted.run) {
                if matches!(error, ModelError::Cancelled) {
                    return;
                }
                self.fail(error.to_string());
                self.give_up();
            }
            // A look at the part that is done costs time; it must not take more than it leaves to the run.
            if !self.finished() && self.published.elapsed() < PUBLISH.max(self.look_time * 4) {
                return;
            }
        }
        if !self.looked_at(wanted) && !self.look(wanted) {
            return;
        }
        if !self.drawn_for(wanted) {
            self.draw(wanted);
        }
        self.publish(shared);
    }

    fn open(&mut self, wanted: &Wanted) {
        self.model_number = wanted.model.0;
        let opened = match &wanted.model.1 {
            Source::Sample(sample) => Model::open_sample(sample),
            Source::File { path, vocab, ramp } => Model::open(path, vocab.as_deref(), *ramp),
        };
        match opened {
            Ok(model) => {
                let config = model.network.config();
                self.open = Some(Open {
                    shares: ShareRecorder::new(config.nb_layers, config.nb_heads),
                    run: Run::new(Arc::clone(&model.network)),
                    surprisal: Vec::new(),
                    model: Arc::new(model),
                });
                // The text must be cut by the new vocabulary.
                self.text_number = 0;
                self.tokens = Arc::default();
                self.run_number += 1;
                self.looked = None;
                self.detail = None;
                self.drawn = None;
                self.picture = None;
            }
            // The model at hand stays open.
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn set_text(&mut self, wanted: &Wanted) {
        self.text_number = wanted.text.0;
        self.edited = Instant::now();
        self.milliseconds = None;
        let Some(open) = &mut self.open else {
            return;
        };
        let limit = MEMORY_BUDGET / Run::bytes_per_token(&open.model.network);
        let tokens = Tokens::new(&open.model, Arc::clone(&wanted.text.1), limit);
        let shared = open
            .run
            .ids()
            .iter()
            .zip(&tokens.ids)
            .take_while(|(a, b)| a == b)
            .count();
        open.run.truncate(shared);
        open.shares.truncate(shared);
        // The i-th surprisal is that of token i + 1.
        open.surprisal.truncate(shared.saturating_sub(1));
        self.tokens = Arc::new(tokens);
        self.run_number += 1;
    }

    /// Runs over the next block.
    fn run(&mut self, cancel: &Cancel) -> Result<(), ModelError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let start = Instant::now();
        let from = open.run.ids().len();
        let to = (from + self.block).min(self.tokens.ids.len());
        let result = open
            .run
            .extend(&self.tokens.ids[from..to], self.block, cancel, &open.shares);
        if let Err(error) = result {
            open.shares.truncate(open.run.ids().len());
            return Err(error);
        }
        self.run_number += 1;
        let predicted = open.surprisal.len();
        let nll = open
            .run
            .nll(predicted, &self.tokens.ids[predicted + 1..to], cancel)?;
        open.surprisal.extend(nll.into_iter().map(bits));
        if to == self.tokens.ids.len() {
            self.milliseconds = Some(self.edited.elapsed().as_secs_f32() * 1e3);
        }
        // Larger blocks run faster, smaller ones let go sooner.
        if to - from == self.block {
            if start.elapsed() < STEP / 2 {
                self.block = (self.block * 2).min(crate::model::BLOCK);
            } else if start.elapsed() > STEP {
                self.block = (self.block / 2).max(16);
            }
        }
        Ok(())
    }

    /// Lets go of a text that cannot run.
    fn give_up(&mut self) {
        self.tokens = Arc::default();
        self.run_number += 1;
        if let Some(open) = &mut self.open {
            open.run.truncate(0);
            open.shares.truncate(0);
            open.surprisal.clear();
        }
    }

    /// Looks at the wanted head; false when it was told to stop.
    fn look(&mut self, wanted: &Wanted) -> bool {
        let Some(open) = &self.open else {
            return true;
        };
        let start = Instant::now();
        let detail = Detail::new(&open.run, wanted.head, &wanted.look);
        if wanted.look.is_cancelled() {
            return false;
        }
        self.detail = detail.map(Arc::new);
        self.looked = Some((wanted.head, self.run_number));
        self.look_time = start.elapsed();
        true
    }

    fn draw(&mut self, wanted: &Wanted) {
        if let (Some(detail), Some(request), Some((head, run))) =
            (&self.detail, &wanted.picture, self.looked)
        {
            self.picture = Some(Arc::new(Picture::new(detail, request.clone())));
            self.drawn = Some((request.clone(), head, run));
        }
    }

    fn fail(&mut self, message: String) {
        let number = self.failure.as_ref().map_or(0, |failure| failure.number) + 1;
        self.failure = Some(Failure { number, message });
    }

    /// A fresh start after a defect, without what it happened on.
    pub fn after_panic(mut self, wanted: &Wanted) -> Self {
        self.fail(
            "a defect stopped the computation; the model is closed. Open it again, or another one"
                .into(),
        );
        Self {
            model_number: wanted.model.0,
            text_number: wanted.text.0,
            failure: self.failure,
            ..Self::default()
        }
    }

    /// Shows the window what there is.
    pub fn publish(&mut self, shared: &Shared) {
        self.published = Instant::now();
        let done = self.open.as_ref().map_or(0, |open| open.run.ids().len());
        shared.publish(Snapshot {
            model: self.open.as_ref().map(|open| Arc::clone(&open.model)),
            model_number: self.model_number,
            tokens: Arc::clone(&self.tokens),
            done,
            surprisal: Arc::new(
                self.open
                    .as_ref()
                    .map(|open| open.surprisal.clone())
                    .unwrap_or_default(),
            ),
            shares: Arc::new(
                self.open
                    .as_ref()
                    .map(|open| open.shares.means(done))
                    .unwrap_or_default(),
            ),
            detail: self.detail.clone(),
            picture: self.picture.clone(),
            milliseconds: self.milliseconds,
            opening: self.opening,
            busy: self.opening || !self.finished(),
            failure: self.failure.clone(),
        });
    }
}
