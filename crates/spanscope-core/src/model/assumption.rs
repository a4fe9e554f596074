//! Notes on a file that was read: what it does not say and had to be assumed, and what of it was left out.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

/// The subject of an [`Assumption`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The ramp R of the soft masks, which whoever opens the file may set.
    Ramp,
    /// The normalisation of the weights: whether they are divided by their sum after the mask.
    Weights,
    /// The vocabulary that was found or given.
    Vocabulary,
    /// That there is no vocabulary; whoever opens the file may give one.
    NoVocabulary,
    /// Curves of the training that could not be read.
    Curves,
    /// Anything else.
    Other,
}

/// The beginnings of the notes on each subject. Run files keep the words alone.
const BEGINNINGS: [(&str, About); 5] = [
    ("ramp", About::Ramp),
    ("weights", About::Weights),
    ("vocabulary", About::Vocabulary),
    ("no vocabulary", About::NoVocabulary),
    ("no training curve", About::Curves),
];

/// Something that a file does not say and that had to be assumed, or a note on how it was read, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Assumption {
    about: About,
    words: String,
}

impl Assumption {
    /// An assumption on a subject, in `words` that begin with its name.
    pub fn new(about: About, words: String) -> Self {
        let made = Self { about, words };
        debug_assert_eq!(Self::from(made.words.clone()), made);
        made
    }

    /// Its subject.
    pub fn about(&self) -> About {
        self.about
    }

    /// True if it is a guess that only the user can settle.
    pub fn is_open(&self) -> bool {
        matches!(self.about, About::Ramp | About::NoVocabulary)
    }
}

impl From<String> for Assumption {
    fn from(words: String) -> Self {
        let about = BEGINNINGS
            .iter()
            .find(|(begin, _)| words.starts_with(begin));
        Self {
            about: about.map_or(About::Other, |(_, about)| *about),
            words,
        }
    }
}

impl From<&str> for Assumption {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl From<Assumption> for String {
    fn from(assumption: Assumption) -> Self {
        assumption.words
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Deref for Assumption {
    type Target = str;

    fn deref(&self) -> &str {
        &self.words
    }
}

/// So that lists of them can be joined.
impl Borrow<str> for Assumption {
    fn borrow(&self) -> &str {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_is_known_whether_just_written_or_read_again() {
        for (words, about, is_open) in [
            ("ramp R = 32 (not stored in the file)", About::Ramp, true),
            (
                "weights divided by their sum after the mask",
                About::Weights,
                false,
            ),
            ("vocabulary: bytes", About::Vocabulary, false),
            (
                "no vocabulary: tokens are shown as ids",
                About::NoVocabulary,
                true,
            ),
            ("no training curve: val_bpc", About::Curves, false),
            ("not needed: 1 tensor", About::Other, false),
        ] {
            let made = Assumption::from(words);
            assert_eq!((made.about(), made.is_open()), (about, is_open), "{words}");
            let stored = serde_json::to_string(&made).unwrap();
            assert_eq!(stored, format!("\"{words}\""));
            assert_eq!(serde_json::from_str::<Assumption>(&stored).unwrap(), made);
        }
    }
}
