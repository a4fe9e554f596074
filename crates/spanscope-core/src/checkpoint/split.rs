//! GGUF models in several files: `NAME-00001-of-00003.gguf` and so on.

use super::gguf::Gguf;
use super::index::MOST_PARTS;
use crate::files::shown;
use std::path::{Path, PathBuf};

/// The parts of a model, by the name of one of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The part of the name before the numbers.
    start: String,
    count: usize,
}

impl Parts {
    /// The parts that a file of this name is one of; `None` of a name without numbers.
    pub fn of(name: &str) -> Option<Self> {
        let rest = name.strip_suffix(".gguf")?;
        let (rest, count) = rest.rsplit_once("-of-")?;
        let (start, number) = rest.rsplit_once('-')?;
        let number_of = |digits: &str| {
            let plain = digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse().ok().filter(|n: &usize| plain && *n > 0)
        };
        let (number, count) = (number_of(number)?, number_of(count)?);
        (number <= count && count <= MOST_PARTS).then(|| Self {
            start: start.to_owned(),
            count,
        })
    }

    /// The files, in order.
    pub fn paths(&self, folder: &Path) -> Vec<PathBuf> {
        let name = |i| format!("{}-{i:05}-of-{:05}.gguf", self.start, self.count);
        (1..=self.count).map(|i| folder.join(name(i))).collect()
    }
}

/// Checks that a file is the one that its place among `count` files says.
///
/// # Errors
/// In words, when it is another part, or one of another number of parts.
pub(super) fn check(gguf: &Gguf, place: usize, count: usize, path: &Path) -> Result<(), String> {
    let number = |key: &str| gguf.value(key).and_then(super::gguf::Value::as_u64);
    let said = number("split.count").unwrap_or(1).max(1);
    if said != count as u64 {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return Err(match count {
            1 => format!(
                "it is one of {said} parts of a model, and its name {} does not say where the others are; \
                 NAME-00001-of-{said:05}.gguf and so on expected",
                shown(&name)
            ),
            _ => format!("it is one of {said} parts by its metadata, and of {count} by its name"),
        });
    }
    match number("split.no").unwrap_or(0) {
        no if no == place as u64 => Ok(()),
        no => Err(format!(
            "it is part {} by its metadata, and part {} by its name",
            no.saturating_add(1),
            place + 1
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        let parts = Parts::of("a-of-b-00002-of-00003.gguf").unwrap();
        let names = parts.paths(Path::new(""));
        assert_eq!(names.len(), 3);
        assert_eq!(names[0], Path::new("a-of-b-00001-of-00003.gguf"));
        for name in [
            "a.gguf",
            "a-00004-of-00003.gguf",
            "a-00000-of-00003.gguf",
            "a-1-of-3.gguf",
            "a-00001-of-99999.gguf",
            "a-+0001-of-00002.gguf",
            "a-00001-of-00002.bin",
        ] {
            assert_eq!(Parts::of(name), None, "{name}");
        }
    }
}
