//! The normalisation of attention weights after a soft mask.

use serde::{Deserialize, Serialize};

/// The normalisation of a query's weights when the soft mask has taken its share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// All are divided by their sum plus 1e-8: the published adaptive-span code.
    #[default]
    Renormalised,
    /// They stay as they are, and add up to less than 1: fairseq's port.
    Masked,
}

impl Normalisation {
    /// The code that computes so.
    pub fn code(self) -> &'static str {
        match self {
            Self::Renormalised => "published adaptive-span code",
            Self::Masked => "fairseq's port of adaptive span",
        }
    }

    /// Its effect, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Renormalised => "divided by their sum",
            Self::Masked => "not divided by their sum",
        }
    }
}
