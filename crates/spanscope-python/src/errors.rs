//! Errors as exceptions, in the words of the module.

use pyo3::PyErr;
use pyo3::exceptions::PyException;
use std::fmt::Display;

pyo3::create_exception!(
    spanscope,
    Error,
    PyException,
    "Something cannot be done: the text says what, why, and what can be done about it."
);

/// An exception with the words of an error.
pub(crate) fn told(error: impl Display) -> PyErr {
    Error::new_err(in_python(&words(error)))
}

/// The words of an error with its causes, where it has some that it does not say itself.
pub(crate) fn words(error: impl Display) -> String {
    let (plain, full) = (format!("{error}"), format!("{error:#}"));
    let causes = full.strip_prefix(&plain);
    match causes.and_then(|causes| causes.strip_prefix(": ")) {
        Some(causes) if plain.contains(causes) => plain,
        _ => full,
    }
}

/// The words with options of the command line as arguments: `--keep-first` becomes `keep_first=`.
fn in_python(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find("--") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = &from[2..];
        let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '-');
        let (name, after) = name.split_at(end.unwrap_or(name.len()));
        let is_option = !before.ends_with(|c: char| c.is_alphanumeric() || c == '-')
            && name.starts_with(|c: char| c.is_ascii_lowercase());
        match is_option {
            true => {
                out.push_str(&name.trim_end_matches('-').replace('-', "_"));
                out.push('=');
            }
            false => {
                out.push_str("--");
                out.push_str(name);
            }
        }
        // The value stands right after the sign.
        rest = match is_option {
            true => after
                .strip_prefix(' ')
                .filter(|a| starts_value(a))
                .unwrap_or(after),
            false => after,
        };
    }
    out.push_str(rest);
    out
}

/// True if a word of help stands for a value: `FILE`, `A..B`, `64`.
fn starts_value(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
}
