//! The errors of reading a text or building a vocabulary.

use crate::shown::{said, shown_path};
use std::path::PathBuf;

/// Why a text, a list of ids or a vocabulary could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The file could not be opened or read.
    #[error("{}: cannot be read: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A `.zip` or `.gz` file is damaged, or is not what its name says.
    #[error(
        "{}: {reason}. Expected a complete .zip or .gz file: download it again, or unpack it and pass the unpacked text",
        shown_path(path), reason = said(reason))]
    Archive {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
    /// An archive of several files: there is no telling which is meant.
    #[error("{}: the archive holds {names}; a text is one file. Unpack it and pass the file that is meant, or the folder where a command takes folders", shown_path(path), names = said(names))]
    Several {
        /// The archive.
        path: PathBuf,
        /// Their count, and the names of some.
        names: String,
    },
    /// A file packed in a way that is not read.
    #[error("{}: packed as .{ending}, which cannot be read here. Unpack it ({tool}) and pass the text, plain or as .zip or .gz", shown_path(path), ending = said(ending), tool = said(tool))]
    Packed {
        /// The file.
        path: PathBuf,
        /// The usual ending of such files.
        ending: &'static str,
        /// The program that unpacks them.
        tool: &'static str,
    },
    /// A file that is no text.
    #[error("{}: this is no text but {what}. Pass a text (plain, .zip or .gz); on the command line, --any-text reads the bytes of any file", shown_path(path), what = said(what))]
    NoText {
        /// The file.
        path: PathBuf,
        /// The kind of file it is.
        what: String,
    },
    /// The vocabulary lacks too much of a text.
    #[error(
        "{what}. Pass the vocabulary of the text that the model learned from, or another text; on the command line, --any-text leaves out what the vocabulary lacks, however much",
        what = said(what)
    )]
    NotCovered {
        /// The amount that it lacks, and the pieces of text.
        what: String,
    },
    /// A line of a list of documents that holds none.
    #[error(
        "{}: line {line}: {reason}. Expected a JSON object with the document in its field \"text\", as in {{\"text\": \"Once upon a time\"}}",
        shown_path(path), reason = said(reason))]
    Document {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The fault.
        reason: String,
    },
    /// The (unpacked) text is larger than this program accepts.
    #[error(
        "{}: the text is larger than {limit} bytes once unpacked, or than the free memory. Pass a smaller part of it",
        shown_path(path)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size accepted, in bytes.
        limit: u64,
    },
    /// The file holds nothing to build a vocabulary from.
    #[error(
        "{}: the file holds no text. Pass the text the model was trained on: its train.txt, the raw corpus (plain, .zip or .gz) or a list of its tokens",
        shown_path(path)
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file gives a vocabulary, but not one of the model's size.
    #[error("{}: the model has {expected} tokens, but this file gives {found}. Pass the text the model was trained on (its train.txt or the raw corpus), or a list of its {expected} tokens{hint}", shown_path(path), found = said(found), hint = said(hint))]
    Size {
        /// The file.
        path: PathBuf,
        /// The model's vocabulary size.
        expected: usize,
        /// The sizes the file gives, read in each plausible way.
        found: String,
        /// A further way out, empty or starting with ";".
        hint: String,
    },
    /// A list of tokens, or the JSON around it, is not a vocabulary.
    #[error("not a vocabulary: {}", said(.0))]
    Vocabulary(String),
    /// [`TextError::Vocabulary`], and the file it came from.
    #[error("{}: not a vocabulary: {reason}. Expected a list of tokens (JSON, or one a line), their ids (JSON), a dict.txt of fairseq, or the text that the model learned from", shown_path(path), reason = said(reason))]
    VocabularyFile {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
    /// The file is not a list of token ids.
    #[error(
        "{}: not a list of token ids: {reason}. Expected JSON such as [12, 0, 7], each a whole number from 0",
        shown_path(path),
        reason = said(reason)
    )]
    Ids {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
}
