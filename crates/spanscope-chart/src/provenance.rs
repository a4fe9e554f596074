//! The provenance of a figure's numbers: kept in its file, and not drawn.

use serde::Serialize;
use spanscope_core::shown::{message, shown};
use std::fmt;

/// The program's name and version, as files have it.
pub const WRITTEN_BY: &str = concat!("spanscope ", env!("CARGO_PKG_VERSION"));

/// A file that a figure was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file's name, without folders.
    pub name: String,
    /// SHA-256 of its content, in hexadecimal; `None` where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Source {
    /// A file of this name whose content is not known.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            sha256: None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.name))?;
        match &self.sha256 {
            Some(hash) => write!(f, " (sha256 {})", shown(hash)),
            None => Ok(()),
        }
    }
}

/// The provenance of a figure's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The model's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Source>,
    /// The text that it was run on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Source>,
    /// Other settings that the numbers depend on, by name: "ramp", "head", "tokens", "edits".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<(String, String)>,
}

impl Provenance {
    /// With one more thing that the numbers depend on.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.options.push((name.to_owned(), value.to_string()));
        self
    }

    /// As JSON, with what wrote it: `{"written_by", "model": {"name", "sha256"}, "text", "options": {…}}`.
    pub fn json(&self) -> serde_json::Value {
        let options = self.options.iter().map(|(name, value)| {
            let value = serde_json::Value::String(value.clone());
            (name.clone(), value)
        });
        let mut all = serde_json::Map::new();
        all.insert("written_by".into(), WRITTEN_BY.into());
        for (name, source) in [("model", &self.model), ("text", &self.text)] {
            if let Some(source) = source {
                let mut of = serde_json::Map::new();
                of.insert("name".into(), source.name.clone().into());
                if let Some(hash) = &source.sha256 {
                    of.insert("sha256".into(), hash.clone().into());
                }
                all.insert(name.into(), of.into());
            }
        }
        all.insert(
            "options".into(),
            options.collect::<serde_json::Map<_, _>>().into(),
        );
        all.into()
    }
}

/// In one line: "spanscope 0.1.0; model m.pt (sha256 …); text t.txt (sha256 …); ramp 32".
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WRITTEN_BY}")?;
        if let Some(model) = &self.model {
            write!(f, "; model {model}")?;
        }
        if let Some(text) = &self.text {
            write!(f, "; text {text}")?;
        }
        for (name, value) in &self.options {
            write!(f, "; {} {}", shown(name), message(value))?;
        }
        Ok(())
    }
}
