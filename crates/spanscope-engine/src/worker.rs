//! The worker thread: it holds the model and the run, and follows what the window wants.
//!
//! There is no queue of requests. The window says what it wants *now*; the worker compares that with what it has,
//! does the most urgent step and looks again. So the newest edit always wins, and a step that nobody wants any more
//! is told to stop through its [`Cancel`].

mod following;

use super::Sample;
use super::follow::Follower;
use super::generation::GenerationRequest;
use super::generation_task::Continue;
use super::open::LoadedModel;
use super::queries::Queries;
use super::snapshot::{Failure, Snapshot};
use super::steps::Steps;
use super::worker_turns;
use spanscope_core::model::{Cancel, Device, Edits};
use spanscope_core::platform::{HAS_THREADS, thread};
use spanscope_core::text::SpecialTokens;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What a text read may take of the memory, in bytes, if nobody says otherwise.
pub const MEMORY: usize = 1_000_000_000;

/// Where a model comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A bundled one.
    Sample(&'static Sample),
    /// A file.
    File {
        /// The checkpoint.
        path: PathBuf,
        /// A file that gives its vocabulary.
        vocab: Option<PathBuf>,
        /// The ramp R, where the file does not say.
        ramp: Option<spanscope_core::model::Ramp>,
    },
}

/// A newer version of an open model's file.
#[derive(Debug, Clone)]
pub(super) struct Reloaded {
    /// Tells it from others.
    pub serial: u64,
    /// The wish that opened the model.
    pub of: u64,
    pub model: Arc<LoadedModel>,
}

/// What the window wants. Numbers tell whether a wish is new.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub model: (u64, Source),
    /// Where models compute.
    pub device: Device,
    pub text: (u64, Arc<str>),
    /// True if the text is a list of token ids, whatever the vocabulary.
    pub as_ids: bool,
    /// What special tokens of a tokenizer are in the text.
    pub special: SpecialTokens,
    /// Which text of a recorded run is shown, from 0; and of which model's wish. Of any other model it is the first.
    pub recorded: (u64, usize),
    /// What is changed by hand in a model, and of which wish for one that is. Any other is as its file has it: changes
    /// neither reach the next model nor are lost when that cannot be opened.
    pub edits: (u64, Arc<Edits>),
    /// What following the model's file has found last.
    pub renewed: Option<Reloaded>,
    /// How often it has found something.
    pub renewals: u64,
    pub looks: Queries,
    pub continuation: Option<Continue>,
    /// Continuations asked for so far.
    pub continuations: u64,
    /// What the text read may take, in bytes.
    pub memory: usize,
    /// Read no further.
    pub stopped: bool,
    /// The last wish to open a model that was given up.
    pub given_up: u64,
    pub quit: bool,
    /// Rises with every wish.
    pub version: u64,
    /// Stops the step at hand when model or text change.
    pub run: Cancel,
    /// Stops the step at hand when the heads change as well, or where they are looked at.
    pub look: Cancel,
}

impl Wanted {
    /// Wishes of a window that begins with `source` and no text.
    pub fn new(source: Source) -> Self {
        Self {
            model: (0, source),
            text: (0, Arc::default()),
            as_ids: false,
            special: SpecialTokens::default(),
            recorded: (0, 0),
            edits: (0, Arc::default()),
            renewed: None,
            renewals: 0,
            looks: Queries::default(),
            continuation: None,
            continuations: 0,
            memory: MEMORY,
            device: Device::default(),
            stopped: false,
            given_up: 0,
            quit: false,
            version: 0,
            run: Cancel::default(),
            look: Cancel::default(),
        }
    }

    /// What is changed by hand in the model of this wish.
    pub fn edits_of(&self, model: u64) -> Arc<Edits> {
        match self.edits.0 == model {
            true => Arc::clone(&self.edits.1),
            false => Arc::default(),
        }
    }

    /// Which text is shown of the recorded run of this wish.
    pub fn recorded_of(&self, model: u64) -> usize {
        match self.recorded.0 == model {
            true => self.recorded.1,
            false => 0,
        }
    }

    /// The wish for the model on show, or for the first one on its way.
    fn of(&self, shown: &Snapshot) -> u64 {
        match shown.model {
            Some(_) => shown.model_number,
            None => self.model.0,
        }
    }
}

pub(super) struct Shared {
    wanted: Mutex<Wanted>,
    changed: Condvar,
    snapshot: Mutex<Arc<Snapshot>>,
    /// Signalled with every snapshot.
    published: Condvar,
    notify: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// Of a worker that has nothing yet; `notify` is called with every snapshot.
    pub fn new(wanted: Wanted, notify: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            wanted: Mutex::new(wanted),
            changed: Condvar::new(),
            snapshot: Mutex::new(Arc::new(Snapshot {
                opening: true,
                busy: true,
                ..Snapshot::default()
            })),
            published: Condvar::new(),
            notify,
        }
    }

    pub fn wanted(&self) -> MutexGuard<'_, Wanted> {
        // Every change to it is complete before the lock is given back.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if the wish to open a model was given up.
    pub fn gave_up(&self, model: u64) -> bool {
        self.wanted().given_up >= model
    }

    /// True if a model that is being opened holds up something else: the end of the program, or, once it is `late`, another
    /// model.
    pub fn wants_another(&self, model: u64, late: bool) -> bool {
        let wanted = self.wanted();
        wanted.quit || late && wanted.model.0 != model
    }

    /// Replaces the snapshot and wakes the window.
    pub fn publish(&self, snapshot: Snapshot) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        self.published.notify_all();
        (self.notify)();
    }
}

/// The window's handle on the worker. Dropping it ends the thread, once the step at hand is done: closing a window
/// does not wait for a model to load.
pub struct Engine {
    shared: Arc<Shared>,
    follower: Mutex<Option<Follower>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the worker with a model and a text; `notify` is called, from the worker's thread, whenever there is
    /// a new snapshot.
    pub fn start(model: Source, text: Arc<str>, notify: impl Fn() + Send + Sync + 'static) -> Self {
        Self::start_on(Device::Cpu, model, text, notify)
    }

    /// As [`Engine::start`], with every model computing on `device`.
    pub fn start_on(
        device: Device,
        model: Source,
        text: Arc<str>,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let mut wanted = Wanted::new(model);
        wanted.model.0 = 1;
        wanted.device = device;
        wanted.text = (1, text);
        let shared = Arc::new(Shared::new(wanted, Box::new(notify)));
        let of_worker = Arc::clone(&shared);
        let engine = Self {
            shared: Arc::clone(&shared),
            follower: Mutex::new(None),
        };
        if !HAS_THREADS {
            worker_turns::begin(of_worker);
            return engine;
        }
        let thread = thread::Builder::new()
            .name("spanscope worker".into())
            .spawn(move || work(&of_worker));
        if let Err(error) = thread {
            let message = format!("no thread for the computation: {error}");
            shared.publish(Snapshot {
                failure: Some(Failure {
                    number: 1,
                    opening: Some(1),
                    text: None,
                    message,
                }),
                ..Snapshot::default()
            });
        }
        engine
    }

    /// What the worker last knew.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        let snapshot = self.shared.snapshot.lock();
        Arc::clone(&snapshot.unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens another model, unedited; the text stays. The number of the wish comes back in [`Snapshot::model_number`] or in
    /// [`Failure::opening`]; the first wish, that of [`Engine::start`], is 1.
    pub fn open(&self, model: Source) -> u64 {
        self.change(|wanted| {
            wanted.model = (wanted.model.0 + 1, model);
            wanted.renewed = None;
            wanted.stopped = false;
            wanted.continuation = None;
            wanted.run.cancel();
            wanted.model.0
        })
    }

    /// The number of the last wish for a text.
    pub fn text_number(&self) -> u64 {
        self.shared.wanted().text.0
    }

    /// True if `snapshot` has all that was ever asked for.
    pub fn is_settled(&self, snapshot: &Snapshot) -> bool {
        !snapshot.busy && snapshot.version == self.shared.wanted().version
    }

    /// Waits until all that was asked for is there, or something has failed ([`Snapshot::failure`]). For scripts; a window
    /// takes what there is.
    pub fn wait(&self) -> Arc<Snapshot> {
        loop {
            let snapshot = self.snapshot();
            if snapshot.failure.is_some() || self.is_settled(&snapshot) {
                return snapshot;
            }
            let held = self.shared.snapshot.lock();
            let held = held.unwrap_or_else(PoisonError::into_inner);
            // A snapshot that came in between is looked at at once.
            if Arc::ptr_eq(&held, &snapshot) {
                // In pieces, lest a wake-up that was missed be waited for for ever.
                let patience = std::time::Duration::from_millis(100);
                drop(self.shared.published.wait_timeout(held, patience));
            }
        }
    }

    /// Runs over another text; what it shares with the last one is kept.
    pub fn set_text(&self, text: Arc<str>) {
        self.change(|wanted| {
            wanted.text = (wanted.text.0 + 1, text);
            wanted.stopped = false;
            wanted.continuation = None;
            wanted.run.cancel();
        });
    }

    /// Takes the text for a list of token ids from now on, or not any more. Texts of models without a vocabulary always are.
    pub fn read_as_ids(&self, as_ids: bool) {
        self.change(|wanted| {
            if wanted.as_ids != as_ids {
                wanted.as_ids = as_ids;
                wanted.text.0 += 1;
                wanted.run.cancel();
            }
        });
    }

    /// Takes special tokens that are spelled in the text for tokens from now on, or for text like any other.
    pub fn take_special_tokens(&self, in_text: bool) {
        self.change(|wanted| {
            if wanted.special.in_text != in_text {
                wanted.special.in_text = in_text;
                wanted.text.0 += 1;
                wanted.stopped = false;
                wanted.run.cancel();
            }
        });
    }

    /// Shows another text of the open recorded run, by its index from 0; the text of [`Engine::set_text`] waits meanwhile.
    pub fn show_recorded(&self, index: usize) {
        let shown = self.snapshot();
        self.change(|wanted| {
            let recorded = (wanted.of(&shown), index);
            if wanted.recorded != recorded {
                wanted.recorded = recorded;
                wanted.run.cancel();
            }
        });
    }

    /// Reads the text no further; what is read so far stays whole and is looked at. Any change of text or model goes on
    /// reading.
    pub fn stop_reading(&self) {
        self.change(|wanted| {
            wanted.stopped = true;
            wanted.run.cancel();
        });
    }

    /// Goes on reading where [`Engine::stop_reading`] stopped.
    pub fn read_on(&self) {
        self.change(|wanted| wanted.stopped = false);
    }

    /// Opens no model after all, if one is being opened: the open one stays, and [`Snapshot::opening`] is false again at once,
    /// even if the disk answers no more.
    pub fn stop_opening(&self) {
        self.change(|wanted| wanted.given_up = wanted.model.0);
    }

    /// Changes the open model by hand: spans set, heads ablated; these edits and no others. The text runs again.
    pub fn edit(&self, edits: Edits) {
        let shown = self.snapshot();
        let model = self.shared.wanted().of(&shown);
        self.edit_of(model, edits);
    }

    /// As [`Engine::edit`], of the model with this [number](Snapshot::model_number) and no other: whoever draws a snapshot
    /// means its model, and another one may be open by now.
    pub fn edit_of(&self, model: u64, edits: Edits) {
        self.change(|wanted| {
            if *wanted.edits_of(model) != edits {
                wanted.edits = (model, Arc::new(edits));
                wanted.stopped = false;
                wanted.continuation = None;
                wanted.run.cancel();
            }
        });
    }

    /// Looks at this, and at nothing else any more.
    pub fn look(&self, looks: Queries) {
        self.change(|wanted| {
            if wanted.looks.heads != looks.heads || wanted.looks.around() != looks.around() {
                wanted.look.cancel();
            }
            wanted.looks = looks;
        });
    }

    /// Continues the text after the token at position `after`, or after the last one; one continued before is let go.
    /// The number of the wish comes back in [`Generated::number`](super::Generated::number). A change of text or model
    /// stops it.
    pub fn continue_text(&self, after: Option<usize>, request: GenerationRequest) -> u64 {
        self.change(|wanted| {
            wanted.continuations += 1;
            let number = wanted.continuations;
            wanted.continuation = Some(Continue {
                number,
                after,
                request,
            });
            number
        })
    }

    /// Stops the continuation; what is drawn stays.
    pub fn stop_continuing(&self) {
        self.change(|wanted| wanted.continuation = None);
    }

    /// Lets the text read take about `bytes` of memory; a text at hand is read again.
    pub fn set_memory(&self, bytes: usize) {
        self.change(|wanted| {
            if wanted.memory != bytes {
                wanted.memory = bytes;
                wanted.stopped = false;
                wanted.run.cancel();
            }
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut Wanted) -> T) -> T {
        let mut wanted = self.shared.wanted();
        let answer = change(&mut wanted);
        wanted.version += 1;
        if wanted.run.is_cancelled() {
            wanted.run = Cancel::default();
            wanted.look.cancel();
        }
        if wanted.look.is_cancelled() {
            wanted.look = Cancel::default();
        }
        drop(wanted);
        self.shared.changed.notify_one();
        answer
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.change(|wanted| {
            wanted.quit = true;
            wanted.run.cancel();
        });
    }
}

fn work(shared: &Shared) {
    let mut steps = Steps::default();
    loop {
        let wanted = {
            let mut wanted = shared.wanted();
            let rests = |wanted: &Wanted| {
                steps.satisfied(wanted) && steps.has_told(wanted) && !steps.renews(wanted)
            };
            while !wanted.quit && rests(&wanted) {
                wanted = shared
                    .changed
                    .wait(wanted)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            wanted.clone()
        };
        if wanted.quit {
            return;
        }
        let step = catch_unwind(AssertUnwindSafe(|| steps.step(&wanted, shared)));
        if step.is_err() {
            steps = steps.after_panic(&wanted);
            steps.publish(&wanted, shared);
        }
    }
}
