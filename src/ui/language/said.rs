//! Words that are made below the window, in its language: the kind of a network, what was assumed of its file, where its vocabulary
//! is from. They are sentences with names and numbers in them, so they are recognised by their patterns.

use super::{Language, spoken, tr, zh};
use std::fmt::Display;

/// `english` in the language of this thread: by the pattern that it follows, and what stands in the pattern's gaps by its own. What
/// follows none stays as it is.
pub fn said(english: &str) -> String {
    if spoken() == Language::English {
        return english.to_owned();
    }
    said_by(zh::SAID, english)
}

/// The items of a list that is made below the window, in the language of this thread.
pub fn said_list<T: Display>(items: impl IntoIterator<Item = T>, between: &'static str) -> String {
    let items = items.into_iter().map(|item| said(&item.to_string()));
    items.collect::<Vec<_>>().join(tr(between))
}

fn said_by(patterns: &[(&str, &str)], english: &str) -> String {
    let found = patterns
        .iter()
        .find_map(|(pattern, other)| Some((gaps(pattern, english)?, *other)));
    let Some((gaps, other)) = found else {
        return english.to_owned();
    };
    let mut out = String::with_capacity(english.len());
    let mut rest = other;
    while let Some((before, number, after)) = gap(rest) {
        out.push_str(before);
        // A gap is shorter than its sentence, so this ends.
        out.push_str(&said_by(
            patterns,
            gaps.get(number).copied().unwrap_or_default(),
        ));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What stands before the first gap `{n}` of a pattern, n, and what stands after it.
fn gap(pattern: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = pattern.split_once('{')?;
    let (number, after) = rest.split_once('}')?;
    Some((before, number.parse().ok()?, after))
}

/// What stands in the gaps `{0}`, `{1}` … of a pattern, which are in this order, where a text follows it. A gap ends where the words
/// after it begin for the first time; none is empty.
fn gaps<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let Some((before, _, mut pattern)) = gap(pattern) else {
        return (pattern == text).then(Vec::new);
    };
    let mut rest = text.strip_prefix(before)?;
    let mut found = Vec::new();
    loop {
        let Some((words, _, after)) = gap(pattern) else {
            let last = rest.strip_suffix(pattern)?;
            found.push(last);
            break;
        };
        let end = rest.find(words).filter(|_| !words.is_empty())?;
        found.push(&rest[..end]);
        rest = &rest[end + words.len()..];
        pattern = after;
    }
    let is_whole = found.iter().all(|gap| !gap.is_empty());
    is_whole.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::super::speak;
    use super::*;
    use crate::engine::LoadedModel;
    use std::path::{Path, PathBuf};

    const PATTERNS: &[(&str, &str)] = &[
        ("the weights under {0}: {1} tensors are left out", "{1}/{0}"),
        ("{0} pieces from {1}", "{1}:{0}"),
        ("ramp", "R"),
        ("ramp R = {0} (not stored)", "R={0}"),
    ];

    #[test]
    fn gaps_are_filled_and_may_change_places() {
        for (english, expected) in [
            ("ramp", "R"),
            ("ramps", "ramps"),
            ("ramp R = 32 (not stored)", "R=32"),
            ("ramp R =  (not stored)", "ramp R =  (not stored)"),
            ("ramp R = (not stored)", "ramp R = (not stored)"),
            (
                "the weights under \"a: b\": 5 tensors are left out",
                "b\": 5/\"a",
            ),
            ("7 pieces from ramp", "R:7"),
            (" pieces from x", " pieces from x"),
            ("7 pieces from ", "7 pieces from "),
            ("", ""),
            ("{0} pieces from {1}", "{1}:{0}"),
        ] {
            assert_eq!(said_by(PATTERNS, english), expected, "{english}");
        }
    }

    #[test]
    fn every_pattern_has_its_gaps_in_order_and_words_between_them() {
        for (english, chinese) in zh::SAID {
            let (mut rest, mut count) = (*english, 0);
            while let Some((before, number, after)) = gap(rest) {
                assert_eq!(number, count, "{english}");
                assert!(count == 0 || !before.is_empty(), "{english}");
                (rest, count) = (after, count + 1);
            }
            assert!(
                count == 0 || english.replace("{0}", "").len() > 1,
                "{english}"
            );
            // What follows the pattern is said by it, and not by one that stands before it.
            let filled = (0..count).fold((*english).to_owned(), |filled, number| {
                filled.replace(&format!("{{{number}}}"), &format!("{number}7"))
            });
            let expected = (0..count).fold((*chinese).to_owned(), |filled, number| {
                filled.replace(&format!("{{{number}}}"), &format!("{number}7"))
            });
            assert_eq!(said_by(zh::SAID, &filled), expected, "{english}");
        }
    }

    /// Every model in the test data.
    fn models() -> Vec<PathBuf> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let within = |folder: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).unwrap();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        let mut all = within(&data);
        all.extend(within(&data.join("families")));
        all.extend(within(&data.join("families/gguf")));
        all.sort();
        all
    }

    #[test]
    fn what_is_said_of_a_model_is_said_in_chinese() {
        speak(Language::Chinese);
        let (mut models_seen, mut notes) = (0, 0);
        for path in models() {
            let Ok(model) = LoadedModel::open(&path, None, None) else {
                continue;
            };
            models_seen += 1;
            let family = model.network.architecture().family.name();
            let mut all: Vec<String> = model.kind_in_parts();
            all.retain(|part| part != family);
            all.extend(model.assumed.iter().map(ToString::to_string));
            all.extend(model.vocabulary.iter().map(|known| known.note().to_owned()));
            all.extend(model.network.unused().known_in_parts());
            for english in all {
                notes += 1;
                let chinese = said(&english);
                let has_chinese = chinese
                    .chars()
                    .any(|c| ('\u{4e00}'..'\u{a000}').contains(&c));
                assert!(has_chinese, "{}: {english}", path.display());
            }
        }
        speak(Language::English);
        assert!(models_seen > 40 && notes > 100, "{models_seen} {notes}");
    }

    #[test]
    fn sentences_that_the_test_data_do_not_bring_forth() {
        speak(Language::Chinese);
        for (english, chinese) in [
            (
                "weights not divided by their sum after the mask: names begin with decoder.model., as in fairseq's port of adaptive span",
                "掩码之后权重不除以其总和：名称以 decoder.model. 开头，与 fairseq 的 adaptive span 移植版相同",
            ),
            (
                "the weights under \"ema\": an average or a copy, the only ones in the file",
                "采用 \"ema\" 之下的权重：平均值或副本，文件中只有这些",
            ),
            (
                "vocabulary: 205 bytes by first appearance in the raw corpus a.txt",
                "词表：原始语料 a.txt 中按首次出现的顺序，205 个字节",
            ),
            (
                "vocabulary: 1 word by falling count in words.txt",
                "词表：words.txt 中按出现次数递减，1 个词",
            ),
            (
                "not needed: 1 tensor that this kind of network has no place for, and that results leave out: ctc.weight (f32, [3, 4])",
                "不需要：1 个张量在这种网络中没有位置，结果不含它们：ctc.weight (f32, [3, 4])",
            ),
        ] {
            assert_eq!(said(english), chinese);
        }
        speak(Language::English);
        assert_eq!(said("fixed span"), "fixed span");
    }
}
