//! Lists of documents: files with a JSON object a line, of which the field `text` is a document.

use super::error::TextError;
use super::read::LIMIT;
use crate::json;
use crate::platform::fs::File;
use serde::Deserialize;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// The endings of their names.
const ENDINGS: [&str; 2] = ["jsonl", "ndjson"];

/// The mark that some programs put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A line of a list of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Its number, from 1; empty lines count.
    pub line: u64,
    /// Its first byte in the file, and how many it has.
    bytes: (u64, u64),
}

/// True if a file of this name is a list of documents.
pub fn is_documents(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|of| ending.eq_ignore_ascii_case(of)))
}

/// The name of a list of documents that is packed, without the ending that says so.
pub fn packed_documents(path: &Path) -> Option<&Path> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let is_packed = ["gz", "zip", "zst", "bz2", "xz"].contains(&ending.as_str());
    let inside = path.file_stem().map(Path::new)?;
    (is_packed && is_documents(inside)).then_some(inside)
}

/// The file and the line of a document's name, `corpus.jsonl:12`; `None` where it is no such name.
pub fn document_named(name: &str) -> Option<(&str, u64)> {
    let (file, line) = name.rsplit_once(':')?;
    let is_line = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    let line = line.parse().ok().filter(|line| is_line && *line > 0)?;
    is_documents(Path::new(file)).then_some((file, line))
}

/// All documents of a list, in their order: its lines that are not empty. What is in them is not looked at yet.
///
/// # Errors
/// When the file cannot be read, or has no line.
pub fn documents(path: &Path) -> Result<Vec<Document>, TextError> {
    let mut all = Vec::new();
    each_line(path, |document, is_empty| {
        if !is_empty {
            all.push(document);
        }
        true
    })?;
    match all.is_empty() {
        true => Err(TextError::Document {
            path: path.to_owned(),
            line: 1,
            reason: "the file has no lines".into(),
        }),
        false => Ok(all),
    }
}

/// The text of a document.
///
/// # Errors
/// When the file cannot be read, or the line holds no document.
pub fn read_document(path: &Path, document: &Document) -> Result<Vec<u8>, TextError> {
    let (start, len) = document.bytes;
    let wrong = |reason: String| TextError::Document {
        path: path.to_owned(),
        line: document.line,
        reason,
    };
    if len > LIMIT {
        return Err(wrong(format!(
            "it has {len} bytes, at most {LIMIT} expected"
        )));
    }
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut line = Vec::new();
        file.take(len).read_to_end(&mut line)?;
        Ok(line)
    };
    let line = read().map_err(|source| TextError::Io {
        path: path.to_owned(),
        source,
    })?;
    if (line.len() as u64) < len {
        return Err(wrong("the file was shortened while it was read".into()));
    }
    #[derive(Deserialize)]
    struct OfText {
        text: String,
    }
    let line = match start {
        0 => line.strip_prefix(MARK).unwrap_or(&line),
        _ => line.as_slice(),
    };
    // The line is that of the file, which is said already.
    let in_line = |reason: String| wrong(reason.replace(" at line 1 column ", ", column "));
    let found: OfText = json::read_records(line).map_err(in_line)?;
    Ok(found.text.into_bytes())
}

/// The text of the document at a line, counted from 1.
///
/// # Errors
/// As [`read_document`]; when there is no such line.
pub fn document_at(path: &Path, line: u64) -> Result<Vec<u8>, TextError> {
    let mut found = None;
    each_line(path, |document, _| {
        if document.line == line {
            found = Some(document);
        }
        found.is_none()
    })?;
    match found {
        Some(document) => read_document(path, &document),
        None => Err(TextError::Document {
            path: path.to_owned(),
            line,
            reason: "there is no such line".into(),
        }),
    }
}

/// Tells of every line until it is enough: where it is, and if it is empty.
fn each_line(path: &Path, mut with: impl FnMut(Document, bool) -> bool) -> Result<(), TextError> {
    let failed = |source| TextError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let (mut at, mut start, mut line, mut is_empty) = (0_u64, 0_u64, 1_u64, true);
    loop {
        let part = match file.fill_buf() {
            Ok(part) => part,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        let end = part.iter().position(|byte| *byte == b'\n');
        let here = &part[..end.unwrap_or(part.len())];
        let content = match at {
            0 => here.strip_prefix(MARK).unwrap_or(here),
            _ => here,
        };
        is_empty &= content.iter().all(u8::is_ascii_whitespace);
        let is_over = part.is_empty();
        let read = here.len() + usize::from(end.is_some());
        at += read as u64;
        file.consume(read);
        if end.is_some() || is_over {
            let document = Document {
                line,
                bytes: (start, at - u64::from(end.is_some()) - start),
            };
            let is_nothing = is_over && document.bytes.1 == 0;
            let goes_on = is_nothing || with(document, is_empty);
            if is_over || !goes_on {
                return Ok(());
            }
            (start, line, is_empty) = (at, line + 1, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.jsonl");
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn documents_are_found_and_read_by_line() {
        let content = b"\xef\xbb\xbf{\"text\": \"one\", \"more\": [1, {\"text\": 2}]}\r\n\n{\"id\": 7, \"text\": \"two\\n\\u00e9\"}\n  \n{\"text\": \"\"}";
        let (_folder, path) = written(content);
        let found = documents(&path).unwrap();
        let lines: Vec<u64> = found.iter().map(|of| of.line).collect();
        assert_eq!(lines, [1, 3, 5]);
        let texts: Vec<Vec<u8>> = found
            .iter()
            .map(|of| read_document(&path, of).unwrap())
            .collect();
        assert_eq!(texts, ["one".as_bytes(), "two\né".as_bytes(), b""]);
        assert_eq!(document_at(&path, 3).unwrap(), "two\né".as_bytes());
        // A line that is longer than what is read at once.
        let long = "a".repeat((1 << 20) + 17);
        let content = format!("{{\"text\": \"{long}\"}}\n{{\"text\": \"b\"}}\n");
        let (_folder, path) = written(content.as_bytes());
        let found = documents(&path).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(read_document(&path, &found[0]).unwrap(), long.as_bytes());
        assert_eq!(read_document(&path, &found[1]).unwrap(), b"b");
    }

    #[test]
    fn what_is_no_document_says_its_line() {
        let content = b"{\"text\": \"one\"}\n{\"txt\": \"two\"}\n[1]\n{\"text\": 3}\n{\"text\": \"a\", \"text\": \"b\"}\n{\"text\": \"\xff\"}\nnone";
        let (_folder, path) = written(content);
        let found = documents(&path).unwrap();
        assert_eq!(found.len(), 7);
        for of in &found[1..] {
            let said = read_document(&path, of).unwrap_err().to_string();
            let line = format!("texts.jsonl: line {}: ", of.line);
            assert!(said.contains(&line) && said.contains("\"text\""), "{said}");
            assert_eq!(said.matches("line ").count(), 1, "{said}");
        }
        for line in [2, 8] {
            let said = document_at(&path, line).unwrap_err().to_string();
            assert!(said.contains(&format!("line {line}: ")), "{said}");
        }
        for empty in [&b""[..], b"\n \n", MARK] {
            let (_folder, path) = written(empty);
            assert!(documents(&path).is_err(), "{empty:?}");
        }
    }

    #[test]
    fn names_say_file_and_line() {
        assert_eq!(document_named("a/b.jsonl:12"), Some(("a/b.jsonl", 12)));
        assert_eq!(document_named("b.NDJSON:1"), Some(("b.NDJSON", 1)));
        for name in [
            "b.jsonl",
            "b.jsonl:",
            "b.jsonl:0",
            "b.jsonl:+1",
            "b.txt:1",
            "",
        ] {
            assert_eq!(document_named(name), None, "{name}");
        }
        let packed = |name: &str| packed_documents(Path::new(name)).is_some();
        assert!(packed("a.jsonl.gz") && packed("a.jsonl.ZST"));
        assert!(!packed("a.jsonl") && !packed("a.txt.gz") && !packed("gz"));
    }
}
