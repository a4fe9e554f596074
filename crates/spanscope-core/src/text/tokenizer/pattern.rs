//! Patterns of tokenizers, with a bound on the time that one match may take.

use super::class::{Crossing, crossing};
use super::error::Trouble;
use crate::shown::{shown, shown_error};
use std::ops::Range;

/// The longest pattern of a file, in bytes; published ones have up to 1,000.
const LONGEST: usize = 16 << 10;

/// The number of times a match may take back a choice before it is given up. A pattern in use needs as many as the longest run of
/// white space has characters; one that takes exponential time is stopped after about 0.1 s.
const MOST_RETRIES: usize = 1_000_000;

/// The largest automaton of a part of a pattern, in bytes.
const LARGEST: usize = 16 << 20;

/// A pattern, and how a text is cut at its matches.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: fancy_regex::Regex,
    source: String,
    /// Which classes of characters a match may hold next to each other, where a match depends on nothing else.
    pub(super) crossing: Option<Crossing>,
}

/// A function that asks whether anybody still waits.
pub(super) type GoOn<'a> = &'a dyn Fn() -> bool;

impl Pattern {
    /// A regular expression.
    ///
    /// # Errors
    /// In words, where it is none, or too large.
    pub(super) fn regex(source: &str) -> Result<Self, String> {
        if source.len() > LONGEST {
            return Err(format!(
                "a pattern of {} bytes, at most {LONGEST} are read",
                source.len()
            ));
        }
        let regex = fancy_regex::RegexBuilder::new(source)
            .backtrack_limit(MOST_RETRIES)
            .delegate_size_limit(LARGEST)
            .build()
            .map_err(|error| {
                format!(
                    "the pattern {} is none: {}",
                    shown(source),
                    shown_error(&error)
                )
            })?;
        Ok(Self {
            regex,
            source: source.to_owned(),
            crossing: crossing(source),
        })
    }

    /// A text as it is.
    ///
    /// # Errors
    /// As [`Pattern::regex`].
    pub(super) fn literal(text: &str) -> Result<Self, String> {
        Self::regex(&fancy_regex::escape(text))
    }

    /// `text` from its beginning to its end, in matches (`true`) and what lies between them.
    pub(super) fn find(
        &self,
        text: &str,
        go_on: GoOn<'_>,
    ) -> Result<Vec<(Range<usize>, bool)>, Trouble> {
        let mut found = Vec::new();
        let mut before = 0;
        for matched in self.regex.find_iter(text) {
            if !go_on() {
                return Err(Trouble::Stopped);
            }
            let matched = matched.map_err(|error| {
                Trouble::Words(format!(
                    "its pattern {} takes too long on it ({}). Pass a shorter text, or token ids (--ids)",
                    shown(&self.source),
                    shown_error(&error)
                ))
            })?;
            // With \K a match may begin before the last one's end.
            let range = matched.start().max(before)..matched.end().max(before);
            if before < range.start {
                found.push((before..range.start, false));
            }
            before = range.end;
            found.push((range, true));
        }
        if before < text.len() {
            found.push((before..text.len(), false));
        }
        Ok(found)
    }
}

/// The treatment of the matches that a text is cut at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub(super) enum Behaviour {
    /// They belong to no part.
    Removed,
    /// Each is a part.
    Isolated,
    /// Each ends the part before it.
    MergedWithPrevious,
    /// Each begins the part after it.
    MergedWithNext,
    /// Neighbours are one part.
    Contiguous,
}

/// Joins matches and what lies between them to parts.
pub(super) fn cut(found: Vec<(Range<usize>, bool)>, behaviour: Behaviour) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::with_capacity(found.len());
    match behaviour {
        Behaviour::Isolated => parts.extend(found.into_iter().map(|(range, _)| range)),
        Behaviour::Removed => {
            parts.extend(
                found
                    .into_iter()
                    .filter(|(_, is)| !is)
                    .map(|(range, _)| range),
            );
        }
        Behaviour::Contiguous => {
            let mut last = None;
            for (range, is_match) in found {
                match parts.last_mut() {
                    Some(part) if last == Some(is_match) => part.end = range.end,
                    _ => parts.push(range),
                }
                last = Some(is_match);
            }
        }
        Behaviour::MergedWithPrevious => {
            let mut after_match = false;
            for (range, is_match) in found {
                match parts.last_mut() {
                    Some(part) if is_match && !after_match => part.end = range.end,
                    _ => parts.push(range),
                }
                after_match = is_match;
            }
        }
        Behaviour::MergedWithNext => {
            let mut before_match = false;
            for (range, is_match) in found.into_iter().rev() {
                match parts.last_mut() {
                    Some(part) if is_match && !before_match => part.start = range.start,
                    _ => parts.push(range),
                }
                before_match = is_match;
            }
            parts.reverse();
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_as_the_behaviour_says() {
        let text = "the-final--countdown";
        let dash = Pattern::literal("-").unwrap();
        for (behaviour, expected) in [
            (Behaviour::Removed, "the|final|countdown"),
            (Behaviour::Isolated, "the|-|final|-|-|countdown"),
            (Behaviour::MergedWithPrevious, "the-|final-|-|countdown"),
            (Behaviour::MergedWithNext, "the|-final|-|-countdown"),
            (Behaviour::Contiguous, "the|-|final|--|countdown"),
        ] {
            let found = dash.find(text, &|| true).unwrap();
            let parts: Vec<&str> = cut(found, behaviour)
                .into_iter()
                .map(|part| &text[part])
                .collect();
            assert_eq!(parts.join("|"), expected, "{behaviour:?}");
        }
    }

    #[test]
    fn a_pattern_of_exponential_time_is_stopped() {
        let pattern = Pattern::regex(r"(?:(a+)+)+(?!a)b\1").unwrap();
        let text = "a".repeat(40);
        let started = std::time::Instant::now();
        match pattern.find(&text, &|| true) {
            Err(Trouble::Words(words)) => assert!(words.contains("takes too long"), "{words}"),
            other => panic!("{other:?}"),
        }
        assert!(started.elapsed().as_secs() < 20);
        let words = Pattern::regex("").unwrap();
        assert_eq!(words.find("ab", &|| false), Err(Trouble::Stopped));
        assert!(Pattern::regex("(").is_err() && Pattern::regex(&"a".repeat(20_000)).is_err());
        assert!(Pattern::regex(r"(?:\p{L}{1000}){1000}").is_err());
    }
}
