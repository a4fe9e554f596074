//! Stopping a computation from another thread.

use super::ModelError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks a computation to stop; clones share the request.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks every computation that holds a clone to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True if someone asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends a computation that was asked to stop.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`], if somebody asked.
    pub fn check(&self) -> Result<(), ModelError> {
        if self.is_cancelled() {
            Err(ModelError::Cancelled)
        } else {
            Ok(())
        }
    }
}
