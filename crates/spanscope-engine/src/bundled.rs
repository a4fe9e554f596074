//! Models and texts that are part of a program, so that it has something to show at once.

/// A bundled model with a text that suits it.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The name for a menu.
    pub name: &'static str,
    /// File name, as in the folder `sample_models`.
    pub file: &'static str,
    /// The checkpoint; empty where it is no part of the program and has to be fetched.
    pub model: &'static [u8],
    /// A text of the kind that the model was trained on.
    pub text: &'static str,
}
