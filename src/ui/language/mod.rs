//! The languages of the window: English in the source, the others in tables.
//!
//! `tr("Open model…")` is the string in the language of the thread at hand; a string without a translation stays
//! English, and a test fails for it. What is said of a model below the window is recognised by its pattern ([`said`]). Files, charts
//! and errors from below the window are English in every language.

mod said;
mod zh;

pub use said::{said, said_list};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;

/// A language of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
        }
    }
}

thread_local! {
    // Not one for the process: tests draw windows in both languages side by side.
    static LANGUAGE: Cell<Language> = const { Cell::new(Language::English) };
}

static CHINESE: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| zh::TABLES.iter().copied().flatten().copied().collect());

/// Sets the language of everything drawn by this thread from now on.
pub fn speak(language: Language) {
    LANGUAGE.set(language);
}

/// The language of this thread, for another one.
pub fn spoken() -> Language {
    LANGUAGE.get()
}

/// The value that `make` returns where English is spoken.
pub fn in_english<T>(make: impl FnOnce() -> T) -> T {
    let before = LANGUAGE.replace(Language::English);
    let made = make();
    LANGUAGE.set(before);
    made
}

/// `english` in the language of this thread.
pub fn tr(english: &'static str) -> &'static str {
    match LANGUAGE.get() {
        Language::English => english,
        Language::Chinese => CHINESE.get(english).copied().unwrap_or(english),
    }
}

/// As [`tr`], with the placeholders `{0}`, `{1}` … replaced: `trf("{0} of {1} tokens", &[&3, &5])`.
pub fn trf(english: &'static str, values: &[&dyn Display]) -> String {
    let template = tr(english);
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let close = rest.find('}').unwrap_or(0);
        let value = rest
            .get(1..close)
            .and_then(|number| number.parse::<usize>().ok())
            .and_then(|number| values.get(number));
        match value {
            Some(value) => {
                out.push_str(&value.to_string());
                rest = &rest[close + 1..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::path::Path;

    #[test]
    fn placeholders_may_change_places() {
        assert_eq!(trf("{1} of {0} {x} {7}", &[&3, &"a"]), "a of 3 {x} {7}");
        speak(Language::Chinese);
        assert_eq!(tr("never translated"), "never translated");
        speak(Language::English);
    }

    /// The string literals that `tr(` and `trf(` are called with anywhere in the window's sources.
    fn literals(folder: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().unwrap() != "language" {
                    literals(&path, into);
                }
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for call in ["tr(", "trf("] {
                for (at, _) in source.match_indices(call) {
                    let before = source[..at].chars().next_back().unwrap_or(' ');
                    let argument = source[at + call.len()..].trim_start();
                    if before.is_alphanumeric() || before == '_' || !argument.starts_with('"') {
                        continue;
                    }
                    into.push((literal(argument), path.display().to_string()));
                }
            }
        }
    }

    /// The value of the string literal that `source` begins with.
    fn literal(source: &str) -> String {
        let mut out = String::new();
        let mut chars = source.chars().skip(1).peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => match chars.next() {
                    Some('n') => out.push('\n'),
                    // A line that goes on: its indentation does not count.
                    Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                    Some(other) => out.push(other),
                    None => break,
                },
                other => out.push(other),
            }
        }
        out
    }

    fn placeholders(text: &str) -> HashSet<&str> {
        text.match_indices('{')
            .filter_map(|(at, _)| text[at..].find('}').map(|end| &text[at..at + end + 1]))
            .collect()
    }

    #[test]
    fn every_string_of_the_window_has_a_translation() {
        let mut used = Vec::new();
        literals(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui"),
            &mut used,
        );
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/spanscope-web/src");
        literals(&page, &mut used);
        let axes = crate::engine::figures::Quantity::ALL.map(|quantity| quantity.axis());
        used.extend(axes.map(|axis| (axis.to_owned(), "Quantity".to_owned())));
        let short = crate::engine::figures::Quantity::ALL.map(|quantity| quantity.short());
        used.extend(short.map(|axis| (axis.to_owned(), "Quantity".to_owned())));
        let statistics = crate::analysis::Statistic::COLOURED;
        used.extend(statistics.map(|number| (number.title().to_owned(), "Statistic".to_owned())));
        let extents = crate::engine::figures::EXTENTS;
        used.extend(extents.map(|extent| (extent.to_owned(), "EXTENTS".to_owned())));
        let missing: Vec<&(String, String)> = used
            .iter()
            .filter(|(english, _)| !CHINESE.contains_key(english.as_str()))
            .collect();
        assert!(missing.is_empty(), "without a translation: {missing:#?}");
    }

    #[test]
    fn translations_keep_every_placeholder_and_no_string_stands_twice_with_two_meanings() {
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for (english, chinese) in zh::TABLES.iter().copied().flatten() {
            assert_eq!(placeholders(english), placeholders(chinese), "{english}");
            assert!(!chinese.is_empty(), "{english}");
            let before = seen.insert(english, chinese);
            assert!(before.is_none_or(|b| b == *chinese), "{english}");
        }
    }
}
