//! A continuation on its way, drawn while nothing more urgent is wanted.

use super::generation::{Ended, Generation, GenerationRequest};
use super::open::LoadedModel;
use super::sample::SampledToken;
use spanscope_core::model::{Cancel, ModelError, Run};
use spanscope_core::platform::HAS_THREADS;
use spanscope_core::platform::time::Instant;
use std::sync::Arc;
use std::time::Duration;

/// The time a step should take.
const STEP: Duration = Duration::from_millis(if HAS_THREADS { 30 } else { 10 });

/// A wish for a continuation.
#[derive(Debug, Clone)]
pub(super) struct Continue {
    /// Rises with every wish.
    pub number: u64,
    /// The token after which it begins; without one, the last of the text.
    pub after: Option<usize>,
    pub request: GenerationRequest,
}

/// A continuation as far as it is drawn.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The wish for it, by its number.
    pub number: u64,
    /// Position of the token after which it begins.
    pub after: usize,
    /// The tokens drawn.
    pub drawn: Vec<SampledToken>,
    /// Their text, to stand right behind the text before it.
    pub text: String,
    /// Why it is at its end; `None` while it goes on, or where it was stopped.
    pub ended: Option<Ended>,
}

/// The continuation being drawn.
#[derive(Default)]
pub(super) struct GenerationTask {
    /// The last wish that was taken up.
    number: u64,
    continuation: Option<Generation>,
    pub continued: Option<Arc<Generated>>,
}

impl GenerationTask {
    /// Lets go of what was drawn, and of the run that it was drawn with.
    pub fn forget(&mut self) {
        self.continuation = None;
        self.continued = None;
    }

    /// True if nothing is left to draw.
    pub fn is_done(&self, wanted: Option<&Continue>) -> bool {
        wanted.is_none_or(|wanted| {
            let going = self.continuation.as_ref();
            self.number == wanted.number && going.is_none_or(|c| c.ended().is_some())
        })
    }

    /// Draws some more tokens after `run`.
    ///
    /// # Errors
    /// What to tell the user when it cannot go on.
    pub fn step(
        &mut self,
        model: &LoadedModel,
        run: &Run,
        wanted: &Continue,
        cancel: &Cancel,
    ) -> Result<(), String> {
        if self.number != wanted.number {
            self.number = wanted.number;
            let last = run.ids().len().saturating_sub(1);
            let after = wanted.after.unwrap_or(last);
            self.continuation = None;
            if model.recorded.is_some() {
                return Err(ModelError::Recorded.to_string());
            }
            let request = wanted.request.clone();
            let continuation = Generation::new(model, run.clone(), after, request);
            self.continuation = Some(continuation.map_err(|error| error.to_string())?);
        }
        let Some(continuation) = &mut self.continuation else {
            return Ok(());
        };
        let start = Instant::now();
        let mut result = Ok(());
        while continuation.ended().is_none() && start.elapsed() < STEP && result.is_ok() {
            result = continuation.step(1, cancel).map(|_| ());
        }
        self.continued = Some(Arc::new(Generated {
            number: self.number,
            after: continuation.after(),
            drawn: continuation.drawn().to_vec(),
            text: continuation.text(),
            ended: continuation.ended(),
        }));
        match result {
            Ok(()) | Err(ModelError::Cancelled) => Ok(()),
            Err(error) => {
                self.continuation = None;
                Err(error.to_string())
            }
        }
    }
}
