//! Ends of a command that are no failure: mistakes in its options that the parser cannot see, and a wish to stop.

/// Options that do not fit together, the model or this machine.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// A command that was asked to stop before its end, and did: no error, but its work is not done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Stopped(pub String);

/// The exit code of a command that was stopped: the one that a shell gives for Ctrl-C.
pub const STOPPED: u8 = 130;
