//! The pre-tokenizers of a `tokenizer.json`: they cut a text into parts before tokens are made of each.

use super::class::{class_of, crosses};
use super::error::Trouble;
use super::gguf_names::GPT2;
use super::normal::{kind, pattern, text};
use super::pattern::{Behaviour, GoOn, Pattern, cut};
use super::placed::Placed;
use crate::shown::{shown, shown_error};
use serde_json::Value;
use std::ops::Range;
use tokenizers::{
    OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer as _, PreTokenizerWrapper,
};

/// The most stages, and the deepest they are nested.
const MOST: usize = 64;

/// One stage.
#[derive(Debug)]
pub(super) enum Stage {
    /// Cuts at the matches of a pattern.
    Split {
        pattern: Pattern,
        behaviour: Behaviour,
        inverted: bool,
    },
    /// Spaces become a mark, perhaps with one in front, and parts begin with it.
    Metaspace {
        mark: char,
        in_front: InFront,
        split: bool,
    },
    /// Every byte becomes a character; before that a space may be put in front, and a pattern cut.
    ByteLevel {
        in_front: bool,
        pattern: Option<Pattern>,
    },
    /// Another one of the library's. `local` says that where it cuts depends on the two neighbours of a place alone.
    Other {
        cutter: Box<PreTokenizerWrapper>,
        local: bool,
    },
}

/// The places at which a mark is put that no space stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InFront {
    /// Before the text.
    First,
    /// Before the text, and before what follows a token that was cut out of it.
    Always,
    Never,
}

/// The beginning of a part of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// The text's beginning.
    pub(super) first: bool,
    /// That, or what follows a token that was cut out.
    pub(super) fresh: bool,
}

/// The stages of a `tokenizer.json`, in order.
///
/// # Errors
/// In words, for one that is not known.
pub(super) fn read(value: Option<&Value>) -> Result<Vec<Stage>, String> {
    let mut all = Vec::new();
    if let Some(value) = value {
        gather(value, &mut all, 0)?;
    }
    Ok(all)
}

fn gather(value: &Value, all: &mut Vec<Stage>, depth: usize) -> Result<(), String> {
    if all.len() >= MOST || depth >= MOST {
        return Err(format!("more than {MOST} pre-tokenizers"));
    }
    let flag = |key: &str| value.get(key).and_then(Value::as_bool);
    let stage = match kind(value, "pre-tokenizer")? {
        "Sequence" => {
            let list = value.get("pretokenizers").and_then(Value::as_array);
            for value in list.ok_or("a sequence without pre-tokenizers")? {
                gather(value, all, depth + 1)?;
            }
            return Ok(());
        }
        "Split" => Stage::Split {
            pattern: pattern(value)?,
            behaviour: value
                .get("behavior")
                .and_then(|b| serde_json::from_value(b.clone()).ok())
                .ok_or("a split without a known behavior")?,
            inverted: flag("invert").unwrap_or_default(),
        },
        "Metaspace" => metaspace(value)?,
        "ByteLevel" => Stage::ByteLevel {
            in_front: flag("add_prefix_space").unwrap_or(true),
            pattern: match flag("use_regex") {
                Some(false) => None,
                _ => Some(Pattern::regex(GPT2)?),
            },
        },
        "Digits" | "Punctuation" | "WhitespaceSplit" | "Whitespace" | "CharDelimiterSplit"
        | "BertPreTokenizer" => other(value, true)?,
        "UnicodeScripts" => other(value, false)?,
        "FixedLength" if value.get("length").and_then(Value::as_u64) != Some(0) => {
            other(value, false)?
        }
        other => {
            return Err(format!(
                "its pre-tokenizer {} is not known here",
                shown(other)
            ));
        }
    };
    all.push(stage);
    Ok(())
}

fn other(value: &Value, local: bool) -> Result<Stage, String> {
    let cutter = serde_json::from_value(value.clone()).map_err(|e| shown_error(&e))?;
    Ok(Stage::Other {
        cutter: Box::new(cutter),
        local,
    })
}

fn metaspace(value: &Value) -> Result<Stage, String> {
    let mut mark = text(value, "replacement")?.chars();
    let (Some(mark), None) = (mark.next(), mark.next()) else {
        return Err("a Metaspace whose replacement is no character".into());
    };
    let old = value.get("add_prefix_space").and_then(Value::as_bool);
    let in_front = match value.get("prepend_scheme").and_then(Value::as_str) {
        _ if old == Some(false) => InFront::Never,
        Some("first") => InFront::First,
        Some("never") => InFront::Never,
        None | Some("always") => InFront::Always,
        Some(other) => return Err(format!("a Metaspace with the scheme {}", shown(other))),
    };
    Ok(Stage::Metaspace {
        mark,
        in_front,
        split: value.get("split").and_then(Value::as_bool).unwrap_or(true),
    })
}

/// Takes a text through all stages: what models see, and its parts.
pub(super) fn apply(
    stages: &[Stage],
    text: Placed,
    start: Start,
    go_on: GoOn<'_>,
) -> Result<(Placed, Vec<Range<usize>>), Trouble> {
    let whole = 0..text.text.len();
    let mut state = (text, vec![whole]);
    state.1.retain(|part| !part.is_empty());
    for (i, stage) in stages.iter().enumerate() {
        // Parts that another stage made begin anew; the text itself may go on from an earlier place.
        let start = match i {
            0 => start,
            _ => Start {
                fresh: true,
                ..start
            },
        };
        state = stage.apply(state, start, go_on)?;
    }
    Ok(state)
}

impl Stage {
    fn apply(
        &self,
        (text, parts): (Placed, Vec<Range<usize>>),
        start: Start,
        go_on: GoOn<'_>,
    ) -> Result<(Placed, Vec<Range<usize>>), Trouble> {
        match self {
            Self::Split {
                pattern,
                behaviour,
                inverted,
            } => {
                let parts = each(&text, &parts, |part| {
                    let mut found = pattern.find(part, go_on)?;
                    found
                        .iter_mut()
                        .for_each(|(_, is_match)| *is_match ^= inverted);
                    Ok(cut(found, *behaviour))
                })?;
                Ok((text, parts))
            }
            Self::Metaspace {
                mark,
                in_front,
                split,
            } => Ok(with_mark(
                &text,
                &parts,
                *mark,
                *split,
                |i, at| match in_front {
                    InFront::First => i == 0 && at == 0 && start.first,
                    InFront::Always => i > 0 || start.fresh,
                    InFront::Never => false,
                },
            )),
            Self::ByteLevel { in_front, pattern } => {
                let (text, mut parts) = match in_front {
                    true => with_space(&text, &parts, start.fresh),
                    false => (text, parts),
                };
                if let Some(pattern) = pattern {
                    parts = each(&text, &parts, |part| {
                        Ok(cut(pattern.find(part, go_on)?, Behaviour::Isolated))
                    })?;
                }
                Ok(as_bytes(&text, &parts))
            }
            Self::Other { cutter, .. } => {
                let parts = each(&text, &parts, |part| {
                    let mut text = PreTokenizedString::from(part);
                    cutter.pre_tokenize(&mut text).map_err(|e| {
                        Trouble::Words(format!("a pre-tokenizer fails on it ({})", shown_error(&e)))
                    })?;
                    let splits = text.get_splits(OffsetReferential::Original, OffsetType::Byte);
                    let ranges = splits.into_iter().map(|(_, (start, end), _)| start..end);
                    Ok(ranges.filter(|range| !range.is_empty()).collect())
                })?;
                Ok((text, parts))
            }
        }
    }

    /// True if this stage treats what stands before a place and what follows it independently, where the place's neighbours are
    /// these, as the stage sees them.
    pub(super) fn is_apart(&self, before: char, after: char) -> bool {
        let apart = |pattern: &Pattern| {
            let crossing = pattern.crossing.as_ref();
            crossing.is_some_and(|c| !crosses(c, class_of(before), class_of(after)))
        };
        match self {
            // Where matches are joined to what follows, or to each other, the end of a match is no boundary.
            Self::Split {
                pattern,
                behaviour,
                inverted,
            } => {
                let ends = match behaviour {
                    Behaviour::Isolated | Behaviour::Removed => true,
                    Behaviour::MergedWithPrevious => !inverted,
                    Behaviour::MergedWithNext | Behaviour::Contiguous => false,
                };
                ends && apart(pattern)
            }
            Self::Metaspace { .. } => true,
            Self::ByteLevel { pattern, .. } => pattern.as_ref().is_none_or(apart),
            Self::Other { local, .. } => *local,
        }
    }
}

/// Cuts every part further.
fn each(
    text: &Placed,
    parts: &[Range<usize>],
    cut: impl Fn(&str) -> Result<Vec<Range<usize>>, Trouble>,
) -> Result<Vec<Range<usize>>, Trouble> {
    let mut all = Vec::with_capacity(parts.len() * 2);
    for part in parts {
        let cuts = cut(text.text.get(part.clone()).unwrap_or_default())?;
        let moved = |range: Range<usize>| part.start + range.start..part.start + range.end;
        all.extend(cuts.into_iter().map(moved));
    }
    Ok(all)
}

fn with_mark(
    text: &Placed,
    parts: &[Range<usize>],
    mark: char,
    split: bool,
    in_front: impl Fn(usize, u32) -> bool,
) -> (Placed, Vec<Range<usize>>) {
    let mut to = Placed::with_capacity(text.text.len() * 3 / 2);
    let mut cuts = Vec::with_capacity(parts.len());
    for (i, part) in parts.iter().enumerate() {
        let place = text.place(part);
        let inside = text.text.get(part.clone()).unwrap_or_default();
        let mut start = to.text.len();
        if !inside.starts_with([' ', mark]) && in_front(i, place.0) {
            to.put_in(mark.encode_utf8(&mut [0; 4]), place.0);
        }
        for (at, c) in inside.char_indices() {
            let at = part.start + at;
            if split && (c == ' ' || c == mark) && to.text.len() > start {
                cuts.push(start..to.text.len());
                start = to.text.len();
            }
            match c {
                ' ' => to.push_instead(mark, text.place(&(at..at + 1))),
                _ => to.push_part(text, at..at + c.len_utf8()),
            }
        }
        cuts.push(start..to.text.len());
    }
    (to, cuts)
}

fn with_space(text: &Placed, parts: &[Range<usize>], fresh: bool) -> (Placed, Vec<Range<usize>>) {
    let mut to = Placed::with_capacity(text.text.len() + parts.len());
    let mut moved = Vec::with_capacity(parts.len());
    for (i, part) in parts.iter().enumerate() {
        let start = to.text.len();
        let inside = text.text.get(part.clone()).unwrap_or_default();
        if (i > 0 || fresh) && !inside.starts_with(' ') {
            to.put_in(" ", text.place(part).0);
        }
        to.push_part(text, part.clone());
        moved.push(start..to.text.len());
    }
    (to, moved)
}

fn as_bytes(text: &Placed, parts: &[Range<usize>]) -> (Placed, Vec<Range<usize>>) {
    let mut to = Placed::with_capacity(text.text.len() * 5 / 4);
    let mut moved = Vec::with_capacity(parts.len());
    for part in parts {
        let start = to.text.len();
        to.push_bytes(text, part.clone());
        moved.push(start..to.text.len());
    }
    (to, moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parts(value: &Value, text: &str) -> String {
        let stages = read(Some(value)).unwrap();
        let start = Start {
            first: true,
            fresh: true,
        };
        let (placed, parts) = apply(&stages, Placed::of(text, 0), start, &|| true).unwrap();
        assert!(placed.is_sound(), "{placed:?}");
        let parts: Vec<&str> = parts.into_iter().map(|part| &placed.text[part]).collect();
        parts.join("|")
    }

    #[test]
    fn parts_are_those_of_the_library() {
        let metaspace =
            json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "first"});
        let gpt2 = json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true});
        let falcon = json!({"type": "Sequence", "pretokenizers": [
            {"type": "Punctuation", "behavior": "Contiguous"},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            {"type": "Digits", "individual_digits": false},
            {"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated", "invert": false}]});
        for (value, text, expected) in [
            (
                &metaspace,
                "a  b\u{2581}c",
                "\u{2581}a|\u{2581}|\u{2581}b|\u{2581}c",
            ),
            (&metaspace, " a", "\u{2581}a"),
            (&metaspace, "", ""),
            (&gpt2, "it's  a\n\nb", "Ġit|'s|Ġ|Ġa|Ċ|Ċ|b"),
            (&falcon, "no, 12345!? é²", "no|,|Ġ|123|45|!?|ĠÃ©|Â|²"),
        ] {
            assert_eq!(parts(value, text), expected, "{text:?}");
            let library: PreTokenizerWrapper = serde_json::from_value(value.clone()).unwrap();
            let mut pre = PreTokenizedString::from(text);
            library.pre_tokenize(&mut pre).unwrap();
            let splits = pre.get_splits(OffsetReferential::Original, OffsetType::Byte);
            let splits: Vec<&str> = splits.into_iter().map(|(part, _, _)| part).collect();
            assert_eq!(splits.join("|"), expected, "{text:?}");
        }
        for refused in [
            json!({"type": "Metaspace", "replacement": "ab"}),
            json!({"type": "FixedLength", "length": 0}),
            json!({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}),
            json!({"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Other"}),
            json!({"type": "Sequence"}),
            json!([]),
        ] {
            assert!(read(Some(&refused)).is_err(), "{refused}");
        }
    }
}
