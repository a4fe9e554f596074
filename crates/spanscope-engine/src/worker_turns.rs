//! The worker where there are no threads: a step at a time, between two frames.

use super::steps::Steps;
use super::worker::{Shared, Source};
use spanscope_core::platform::{Fetched, Turn, fs, thread};
use std::path::Path;
use std::sync::Arc;

/// Begins to work for as long as the engine is there.
pub(super) fn begin(shared: Arc<Shared>) {
    let mut steps = Steps::default();
    // The wish for a model that was told to be on its way.
    let mut told = 0;
    thread::each_turn(move || {
        let wanted = shared.wanted().clone();
        if wanted.quit {
            return Turn::Over;
        }
        if steps.satisfied(&wanted) && steps.has_told(&wanted) && !steps.renews(&wanted) {
            return Turn::Rest;
        }
        if steps.is_to_open(&wanted) {
            let sample = match &wanted.model.1 {
                Source::Sample(sample) => Some(Path::new(sample.file)),
                Source::File { .. } => None,
            };
            if told != wanted.model.0 {
                told = wanted.model.0;
                if let Some(sample) = sample {
                    fs::ask(sample);
                }
                steps.announce(&wanted, &shared);
                // Opening takes as long as it takes: a frame that says so comes first.
                return Turn::Rest;
            }
            if sample.is_some_and(|sample| fs::fetched(sample) == Fetched::Coming) {
                return Turn::Rest;
            }
        }
        steps.step(&wanted, &shared);
        Turn::More
    });
}
