//! Another model, and the one at hand changed by hand.

use super::{FIRST_BLOCK, Open, Steps, Unedited, reading};
use crate::open::{EngineError, LoadedModel};
use crate::query_cache::QueryCache;
use crate::worker::{Shared, Source, Wanted};
use spanscope_core::checkpoint::CheckpointError;
use spanscope_core::model::Ramp;
use spanscope_core::platform::thread::{self, JoinHandle};
use spanscope_core::platform::time::Instant;
use spanscope_core::platform::{Fetched, HAS_THREADS, fs};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Time between two looks at whether a model that is being opened is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// How long a model that is being opened may hold up the next one that is wanted. Mostly it is there before, and then it is
/// let go at once; a second one is read beside it only where a disk is slow or answers no more.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a thread that opens a file has to say.
enum News {
    /// All but the weights.
    Outline(Box<LoadedModel>),
    Opened(Result<Box<LoadedModel>, EngineError>),
}

/// A file that is being opened on a thread of its own, which a disk that answers no more may hold for ever.
struct Task {
    path: PathBuf,
    news: Receiver<News>,
    thread: std::io::Result<JoinHandle<()>>,
}

impl Task {
    fn new(path: &Path, vocab: Option<&Path>, ramp: Option<Ramp>) -> Self {
        let (at, vocab) = (path.to_owned(), vocab.map(Path::to_owned));
        Self::of(path, move |tell| {
            let outlined = |model| match tell.send(News::Outline(Box::new(model))) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody listens any more; then opening it is of no use either.
                Err(_) => ControlFlow::Break(()),
            };
            let opened = open_file(&at, vocab.as_deref(), ramp, outlined);
            let _ = tell.send(News::Opened(opened.map(Box::new)));
        })
    }

    fn of(path: &Path, work: impl FnOnce(Sender<News>) + Send + 'static) -> Self {
        let (tell, news) = channel();
        let thread = thread::Builder::new().name("open".into());
        Self {
            path: path.to_owned(),
            news,
            thread: thread.spawn(move || work(tell)),
        }
    }
}

/// Opens a file; `outlined` gets all but the weights.
fn open_file(
    path: &Path,
    vocab: Option<&Path>,
    ramp: Option<Ramp>,
    outlined: impl FnOnce(LoadedModel) -> ControlFlow<()>,
) -> Result<LoadedModel, EngineError> {
    match LoadedModel::open_in_steps(path, vocab, ramp, outlined) {
        // What was once answered about a model that lay there.
        Err(EngineError::RecordedAnswers { .. }) => LoadedModel::open(path, None, None),
        opened => opened,
    }
}

impl Steps {
    /// Opens the model that is wanted; where it cannot be, the one at hand stays.
    pub(super) fn open(&mut self, wanted: &Wanted, shared: &Shared) {
        self.model_number = wanted.model.0;
        let opened = match &wanted.model.1 {
            Source::Sample(sample) => match fs::fetched(Path::new(sample.file)) {
                Fetched::Failed(why) => Err(EngineError::from(CheckpointError::Io {
                    path: sample.file.into(),
                    source: std::io::Error::other(why),
                })),
                Fetched::Here | Fetched::Coming => LoadedModel::open_sample(sample),
            },
            Source::File { path, vocab, ramp } if !HAS_THREADS => {
                open_file(path, vocab.as_deref(), *ramp, |_| ControlFlow::Continue(()))
            }
            Source::File { path, vocab, ramp } => {
                let task = Task::new(path, vocab.as_deref(), *ramp);
                match self.wait_for(task, wanted, shared) {
                    Some(opened) => opened,
                    None => return,
                }
            }
        };
        let opened = opened.and_then(|model| model.on(wanted.device));
        if shared.gave_up(wanted.model.0) {
            return;
        }
        match opened {
            Ok(model) => {
                let model = Arc::new(model);
                self.open = Some(Open {
                    reading: reading(&model, wanted.memory),
                    original: Arc::clone(&model),
                    model,
                    edits: Arc::default(),
                });
                self.next = None;
                self.unedited = Unedited::default();
                self.memory = wanted.memory;
                self.opened_number = wanted.model.0;
                self.block = FIRST_BLOCK;
                // The text must be cut by the new vocabulary.
                self.text_number = 0;
                self.recorded = None;
                self.tokens = Arc::default();
                self.refused = None;
                self.run_number += 1;
                self.answers = QueryCache::default();
                self.continuing.forget();
            }
            // The model at hand stays open.
            Err(error) => self.fail(error.to_string(), Some(wanted.model.0)),
        }
    }

    /// Waits for a file to be opened; `None` once nobody wants it any more. The first chart is shown meanwhile.
    fn wait_for(
        &mut self,
        task: Task,
        wanted: &Wanted,
        shared: &Shared,
    ) -> Option<Result<LoadedModel, EngineError>> {
        let begun = Instant::now();
        loop {
            match task.news.recv_timeout(LOOK) {
                Ok(News::Outline(model)) => {
                    self.preview = Some(Arc::new(*model));
                    self.publish(wanted, shared);
                }
                Ok(News::Opened(opened)) => return Some(opened.map(|model| *model)),
                Err(RecvTimeoutError::Timeout) => {
                    let late = begun.elapsed() > PATIENCE;
                    if shared.gave_up(wanted.model.0) || shared.wants_another(wanted.model.0, late)
                    {
                        return None;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => match task.thread {
                    // A defect of opening is one of the step.
                    Ok(thread) => match thread.join() {
                        Err(defect) => resume_unwind(defect),
                        Ok(()) => return None,
                    },
                    Err(source) => {
                        let error = CheckpointError::Io {
                            path: task.path,
                            source,
                        };
                        return Some(Err(error.into()));
                    }
                },
            }
        }
    }

    /// Changes the model at hand as wanted; the text has to run again.
    pub(super) fn edit(&mut self, wanted: &Wanted) {
        self.renew_again();
        let Some(open) = &mut self.open else {
            return;
        };
        open.edits = wanted.edits_of(self.opened_number);
        if open.edits.is_empty() {
            self.unedited.end_run();
        }
        let network = match open.original.network.edited(&open.edits) {
            Ok(network) => Arc::new(network),
            Err(error) => return self.fail(error.to_string(), None),
        };
        open.model = if open.edits.is_empty() {
            Arc::clone(&open.original)
        } else {
            Arc::new(open.original.with_network(network))
        };
        if open.model.recorded.is_none() {
            open.reading = reading(&open.model, self.memory);
            open.reading.set_text(&self.tokens.ids);
        }
        self.changed = Instant::now();
        self.milliseconds = None;
        self.run_number += 1;
        self.answers.forget_run();
        // It was drawn by another network.
        self.continuing.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SAMPLES;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn wanted() -> Wanted {
        let mut wanted = Wanted::new(Source::Sample(&SAMPLES[0]));
        wanted.model.0 = 1;
        wanted
    }

    fn shared(change: impl FnOnce(&mut Wanted)) -> Shared {
        let mut wanted = wanted();
        change(&mut wanted);
        Shared::new(wanted, Box::new(|| {}))
    }

    #[test]
    fn a_disk_that_answers_no_more_holds_up_nobody() {
        let changes: [fn(&mut Wanted); 3] = [
            |wanted| wanted.given_up = 1,
            |wanted| wanted.quit = true,
            |wanted| wanted.model.0 = 2,
        ];
        for change in changes {
            let (hold, held) = channel::<()>();
            let task = Task::of(Path::new("hung.pt"), move |_| {
                // Until the test is over.
                let _ = held.recv();
            });
            let opened = Steps::default().wait_for(task, &wanted(), &shared(change));
            assert!(opened.is_none());
            drop(hold);
        }
    }

    #[test]
    fn what_is_opened_and_what_is_not_reaches_the_step() {
        let shared = shared(|_| {});
        let mut steps = Steps::default();
        let sample = || Box::new(LoadedModel::open_sample(&SAMPLES[0]).unwrap());
        let task = Task::of(Path::new("a.pt"), move |tell| {
            tell.send(News::Outline(sample())).unwrap();
            tell.send(News::Opened(Ok(sample()))).unwrap();
        });
        let opened = steps.wait_for(task, &wanted(), &shared).unwrap().unwrap();
        assert_eq!(opened.file_name(), SAMPLES[0].file);
        assert!(steps.preview.is_some());
        let task = Task::new(Path::new("absent.pt"), None, None);
        let refused = steps.wait_for(task, &wanted(), &shared).unwrap();
        assert!(refused.unwrap_err().to_string().contains("absent.pt"));
        // A defect of the thread is one of the step.
        let task = Task::of(Path::new("a.pt"), |_| panic!("a test's defect"));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            steps.wait_for(task, &wanted(), &shared)
        }));
        assert!(caught.is_err());
    }
}
