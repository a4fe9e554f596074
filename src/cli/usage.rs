//! Mistakes in a command line that its parser cannot see.

/// Options that do not fit together, the model or this machine.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
