//! The steps of the worker: open, cut into tokens, run, look at a head, draw.

use super::detail::{Detail, Looking, Picture, PictureRequest};
use super::open::Model;
use super::snapshot::{Failure, Snapshot};
use super::tokens::Tokens;
use super::worker::{Shared, Source, Wanted};
use crate::analysis::{ShareRecorder, Shares, bits};
use crate::model::{Cancel, ModelError, Run};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Memory that the run over a text may keep, in bytes. What does not fit is left out, and said.
const MEMORY_BUDGET: usize = 1 << 30;

/// Most pieces of a text that are shown, whatever the model: laying out more would hold up the window.
const MOST_PIECES: usize = 400_000;

/// Tokens of the first step with a model whose speed is not known yet.
const FIRST_BLOCK: usize = 32;

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
    /// The wish for a model that was last carried out, or failed.
    model_number: u64,
    /// The wish that opened the model at hand.
    opened_number: u64,
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
    looking: Option<Looking>,
    detail: Option<Arc<Detail>>,
    /// The request and the detail that the picture belongs to.
    drawn: Option<(PictureRequest, (usize, usize), u64)>,
    picture: Option<Arc<Picture>>,
    published: Instant,
    /// The last wish that a snapshot took into account.
    told: u64,
    measured: Measured,
    /// When the last look ended, and how long it took.
    looked_when: Instant,
    look_time: Duration,
    failure: Option<Failure>,
    opening: bool,
}

/// What was measured on a run, kept until it changes.
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
            open: None,
            tokens: Arc::default(),
            run_number: 0,
            block: FIRST_BLOCK,
            edited: Instant::now(),
            milliseconds: None,
            looked: None,
            looking: None,
            detail: None,
            drawn: None,
            picture: None,
            published: Instant::now(),
            told: 0,
            measured: Measured::default(),
            looked_when: Instant::now(),
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

    /// Whether the last snapshot took all wishes into account.
    pub fn has_told(&self, wanted: &Wanted) -> bool {
        self.told == wanted.version
    }

    /// Does one step and publishes what came of it.
    pub fn step(&mut self, wanted: &Wanted, shared: &Shared) {
        if self.model_number != wanted.model.0 {
            self.opening = true;
            self.publish(wanted, shared);
            self.open(wanted);
            self.opening = false;
            return self.publish(wanted, shared);
        }
        if self.text_number != wanted.text.0 && !self.set_text(wanted) {
            return;
        }
        if !self.finished() {
            if let Err(error) = self.run(&wanted.run) {
                if matches!(error, ModelError::Cancelled) {
                    return;
                }
                self.fail(error.to_string(), None);
                self.give_up();
            }
            // A look at the part that is done costs time; it must not take more than it leaves to the run.
            if !self.finished() {
                if self.published.elapsed() < PUBLISH {
                    return;
                }
                if self.looked_when.elapsed() < self.look_time * 4 {
                    return self.publish(wanted, shared);
                }
            }
        }
        if !self.looked_at(wanted) {
            // What the run found is shown even if the look at a head is stopped.
            if self.published.elapsed() > PUBLISH / 2 {
                self.publish(wanted, shared);
            }
            if !self.look(wanted) {
                return;
            }
        }
        if !self.drawn_for(wanted) {
            self.draw(wanted);
        }
        self.publish(wanted, shared);
    }

    fn open(&mut self, wanted: &Wanted) {
        self.model_number = wanted.model.0;
        let opened = match &wanted.model.1 {
            Source::Sample(sample) => Model::open_sample(sample),
            Source::File { path, vocab, ramp } => Model::open(path, vocab.as_deref(), *ramp),
        };
        match opened.and_then(|model| model.on(wanted.device)) {
            Ok(model) => {
                let config = model.network.config();
                self.open = Some(Open {
                    shares: ShareRecorder::new(config.nb_layers, config.nb_heads),
                    run: Run::new(Arc::clone(&model.network)),
                    surprisal: Vec::new(),
                    model: Arc::new(model),
                });
                self.opened_number = wanted.model.0;
                self.block = FIRST_BLOCK;
                // The text must be cut by the new vocabulary.
                self.text_number = 0;
                self.tokens = Arc::default();
                self.run_number += 1;
                self.looked = None;
                self.looking = None;
                self.detail = None;
                self.drawn = None;
                self.picture = None;
            }
            // The model at hand stays open.
            Err(error) => self.fail(error.to_string(), Some(wanted.model.0)),
        }
    }

    /// Cuts the text into tokens; false when told to stop.
    fn set_text(&mut self, wanted: &Wanted) -> bool {
        self.edited = Instant::now();
        self.milliseconds = None;
        let Some(open) = &mut self.open else {
            self.text_number = wanted.text.0;
            return true;
        };
        let per_token = Run::bytes_per_token(&open.model.network);
        let limit = (MEMORY_BUDGET / per_token).min(MOST_PIECES);
        let text = Arc::clone(&wanted.text.1);
        let Some(tokens) = Tokens::new(&open.model, text, limit, &wanted.run) else {
            return false;
        };
        self.text_number = wanted.text.0;
        let shared = open.run.rewind(&tokens.ids);
        open.shares.truncate(shared);
        // The i-th surprisal is that of token i + 1.
        open.surprisal.truncate(shared.saturating_sub(1));
        if let Some(looking) = &mut self.looking {
            looking.truncate(shared);
        }
        self.tokens = Arc::new(tokens);
        self.run_number += 1;
        if self.finished() {
            self.milliseconds = Some(self.edited.elapsed().as_secs_f32() * 1e3);
        }
        true
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
        let took = start.elapsed();
        if to - from == self.block && took < STEP / 2 {
            self.block = (self.block * 2).min(crate::model::BLOCK);
        } else if took > STEP {
            let fits = (to - from) as f32 * STEP.as_secs_f32() / took.as_secs_f32();
            self.block = (fits as usize).clamp(8, self.block.max(8));
        }
        Ok(())
    }

    /// Lets go of a text that cannot run.
    fn give_up(&mut self) {
        self.tokens = Arc::default();
        self.run_number += 1;
        self.looking = None;
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
        if self
            .looking
            .as_ref()
            .is_none_or(|looking| looking.head() != wanted.head)
        {
            self.looking = Looking::new(&open.run, wanted.head);
        }
        let looked = match &mut self.looking {
            Some(looking) => looking.go_on(&open.run, &wanted.look),
            None => true,
        };
        if looked {
            self.detail = self
                .looking
                .as_ref()
                .map(|looking| Arc::new(looking.detail()));
            self.looked = Some((wanted.head, self.run_number));
            self.look_time = start.elapsed();
            self.looked_when = Instant::now();
        }
        looked
    }

    fn draw(&mut self, wanted: &Wanted) {
        if let (Some(detail), Some(request), Some((head, run))) =
            (&self.detail, &wanted.picture, self.looked)
        {
            self.picture = Some(Arc::new(Picture::new(detail, request.clone())));
            self.drawn = Some((request.clone(), head, run));
        }
    }

    fn fail(&mut self, message: String, opening: Option<u64>) {
        let number = self.failure.as_ref().map_or(0, |failure| failure.number) + 1;
        self.failure = Some(Failure {
            number,
            opening,
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
        let done = self.open.as_ref().map_or(0, |open| open.run.ids().len());
        if let Some(open) = self
            .open
            .as_ref()
            .filter(|_| self.measured.run_number != self.run_number)
        {
            let surprisal = open.surprisal.clone();
            let sum: f64 = surprisal.iter().map(|bits| f64::from(*bits)).sum();
            let mean = (!surprisal.is_empty()).then(|| sum / surprisal.len() as f64);
            let shares = open.shares.means(done);
            self.measured = Measured {
                run_number: self.run_number,
                surprisal: Arc::new(surprisal),
                bits_per_token: mean,
                shares: Arc::new(shares),
            };
        }
        shared.publish(Snapshot {
            model: self.open.as_ref().map(|open| Arc::clone(&open.model)),
            model_number: self.opened_number,
            version: wanted.version,
            tokens: Arc::clone(&self.tokens),
            done,
            surprisal: Arc::clone(&self.measured.surprisal),
            bits_per_token: self.measured.bits_per_token,
            shares: Arc::clone(&self.measured.shares),
            detail: self.detail.clone(),
            picture: self.picture.clone(),
            milliseconds: self.milliseconds,
            opening: self.opening,
            busy: self.opening || !self.satisfied(wanted),
            failure: self.failure.clone(),
        });
    }
}
