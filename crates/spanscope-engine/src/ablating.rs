//! Ablating every head in turn, on a thread of its own.

use super::open::LoadedModel;
use super::tokens::Tokens;
use spanscope_core::analysis::{Ablation, AblationSteps, ablate_each};
use spanscope_core::model::{Cancel, ModelError};
use spanscope_core::platform::{HAS_THREADS, Turn, thread};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tokens of a text that heads are ablated on, at most: each of them takes a run over all.
pub const MOST: usize = 8192;

/// The progress of an ablation.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Ablating {
    /// No run over the text is done yet.
    #[default]
    Begun,
    /// So many runs over the text are done, of so many.
    Running(usize, usize),
    /// It is done; `None` where the text has nothing that is predicted.
    Done(Option<Arc<Ablation>>),
    /// It was stopped, or failed, and why.
    Failed(String),
}

/// An ablation of all heads that goes on until this is dropped.
#[derive(Debug)]
pub struct AblationTask {
    state: Arc<Mutex<Ablating>>,
    cancel: Cancel,
    /// The model.
    pub model: Arc<LoadedModel>,
    /// The text.
    pub tokens: Arc<Tokens>,
}

fn lock(state: &Mutex<Ablating>) -> MutexGuard<'_, Ablating> {
    // Every change to it is one assignment.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AblationTask {
    /// True if it is of this model, with the same edits, and of the tokens that it would take of this text: whoever edits and undoes
    /// finds it as it was.
    pub fn is_of(&self, model: &LoadedModel, tokens: &Tokens) -> bool {
        let taken = |tokens: &Tokens| tokens.ids.len().min(MOST);
        Arc::ptr_eq(&self.model.source, &model.source)
            && self.model.network.edits() == model.network.edits()
            && (std::ptr::eq(&*self.tokens, tokens)
                || self.tokens.ids[..taken(&self.tokens)] == tokens.ids[..taken(tokens)])
    }

    /// Begins to ablate the heads of a model on the first [`MOST`] of these tokens; `notify` is called when there is more to show.
    pub fn begin(
        model: Arc<LoadedModel>,
        tokens: Arc<Tokens>,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (state, cancel) = (Arc::<Mutex<Ablating>>::default(), Cancel::default());
        let task = Self {
            state: Arc::clone(&state),
            cancel: cancel.clone(),
            model: Arc::clone(&model),
            tokens: Arc::clone(&tokens),
        };
        let of_thread = Arc::clone(&state);
        if !HAS_THREADS {
            take_turns((model, tokens), cancel, of_thread, notify);
            return task;
        }
        let thread = thread::Builder::new().name("ablation".into());
        let begun = thread.spawn(move || {
            let told = |done, all| {
                *lock(&of_thread) = Ablating::Running(done, all);
                notify();
            };
            let done = catch_unwind(AssertUnwindSafe(|| {
                let ids = tokens.ids.get(..MOST).unwrap_or(&tokens.ids);
                ablate_each(&model.network, ids, &cancel, &told)
            }));
            *lock(&of_thread) = match done {
                Ok(done) => ended(done),
                Err(_) => Ablating::Failed("a defect stopped it".to_owned()),
            };
            notify();
        });
        if let Err(error) = begun {
            *lock(&state) = Ablating::Failed(error.to_string());
        }
        task
    }

    /// The progress so far.
    pub fn state(&self) -> Ablating {
        lock(&self.state).clone()
    }
}

fn ended(done: Result<Option<Ablation>, ModelError>) -> Ablating {
    match done {
        Ok(ablation) => Ablating::Done(ablation.map(Arc::new)),
        Err(ModelError::Cancelled) => Ablating::Failed(String::new()),
        Err(error) => Ablating::Failed(error.to_string()),
    }
}

/// Tokens of a piece where there are no threads: a frame must not wait for it.
const PIECE: usize = 32;

/// Ablates a piece at a time, where there are no threads.
fn take_turns(
    (model, tokens): (Arc<LoadedModel>, Arc<Tokens>),
    cancel: Cancel,
    state: Arc<Mutex<Ablating>>,
    notify: impl Fn() + 'static,
) {
    let ids: Vec<u32> = tokens.ids.iter().copied().take(MOST).collect();
    let mut steps = AblationSteps::new(Arc::clone(&model.network), ids);
    let mut told = None;
    thread::each_turn(move || {
        let done = match &mut steps {
            Ok(steps) => steps
                .step(PIECE, &cancel)
                .map(|done| (done, steps.done(), steps.runs())),
            Err(error) => {
                *lock(&state) = Ablating::Failed(error.to_string());
                notify();
                return Turn::Over;
            }
        };
        let (next, turn) = match done {
            Ok((None, done, _)) if told == Some(done) => return Turn::More,
            Ok((None, done, all)) => {
                told = Some(done);
                (Ablating::Running(done, all), Turn::More)
            }
            Ok((Some(done), ..)) => (ended(Ok(done)), Turn::Over),
            Err(error) => (ended(Err(error)), Turn::Over),
        };
        *lock(&state) = next;
        notify();
        turn
    });
}

impl Drop for AblationTask {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
