//! The texts of a corpus, in an order that does not depend on the machine.

use super::{CorpusError, Shard};
use crate::EngineError;
use spanscope_core::files::sha256_hex;
use spanscope_core::text::{
    self, Accept, Control, Document, TextError, documents, is_documents, packed_documents,
};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// Text: plain, .zip or .gz.
    Text,
    /// Any bytes, and of texts those of which the vocabulary lacks much.
    AnyBytes,
    /// A JSON list of token ids.
    Ids,
}

impl TextKind {
    /// Texts, or whatever is in the files.
    pub fn of_texts(any: bool) -> Self {
        match any {
            true => Self::AnyBytes,
            false => Self::Text,
        }
    }

    /// The content accepted in a file.
    pub fn accept(self) -> Accept {
        match self {
            Self::AnyBytes => Accept::AnyBytes,
            Self::Text | Self::Ids => Accept::Texts,
        }
    }
}

/// A text of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Its path within the folder that was named, with "/" between folders; of a file that was named itself, its name
    /// without folders.
    pub name: String,
    /// Its place on the disk.
    pub path: PathBuf,
    /// The content of the file.
    pub kind: TextKind,
    /// The line of the file that it is, where that is a list of documents.
    pub document: Option<Document>,
    /// What is made of it before it is measured; of a control that is a text by itself there is no file.
    pub control: Option<Control>,
}

impl TextFile {
    /// Its bytes: of the whole file, unpacked, or of its document.
    ///
    /// # Errors
    /// When the file cannot be read or is no text, or the line holds no document.
    pub fn read(&self) -> Result<Vec<u8>, TextError> {
        match &self.document {
            Some(document) => text::read_document(&self.path, document),
            None => text::read_accepted(&self.path, self.kind.accept()),
        }
    }
}

/// Texts sorted by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    texts: Vec<TextFile>,
}

impl Corpus {
    /// The texts at `paths`: files, and folders with all that is in them, folders within folders included. A list of documents
    /// (`.jsonl`) is as many texts as it has documents, unless any bytes are read. Of a folder only regular files count, for ids only those that end in .json; what is hidden (its name begins with a dot) and
    /// links to folders are passed over.
    ///
    /// # Errors
    /// When a folder cannot be listed or holds no text, there is no such file, or the same one is named twice.
    pub fn find(paths: &[PathBuf], kind: TextKind) -> Result<Self, CorpusError> {
        let mut texts = Vec::new();
        for path in paths {
            if !path.is_dir() {
                texts.push((path.clone(), file_name(path)));
                continue;
            }
            let before = texts.len();
            list(path, "", kind, &mut texts)?;
            if texts.len() == before {
                let path = path.clone();
                let what = match kind {
                    TextKind::Text | TextKind::AnyBytes => "texts",
                    TextKind::Ids => "files that end in .json",
                };
                return Err(CorpusError::NoTexts { path, what });
            }
        }
        let mut texts = each_document(texts, kind)?;
        sort(&mut texts);
        if has_twins(&texts) {
            // Two folders, or files of several folders: as they were named.
            for text in &mut texts {
                text.name = slashes(&text.path);
                if let Some(document) = &text.document {
                    text.name = document_name(&text.name, document);
                }
            }
            sort(&mut texts);
        }
        match texts.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(CorpusError::Twice(pair[0].name.clone())),
            None => Ok(Self { texts }),
        }
    }

    /// Controls that are texts by themselves, as a corpus.
    ///
    /// # Errors
    /// When the same is named twice.
    pub fn of_controls(controls: &[Control]) -> Result<Self, CorpusError> {
        let text = |control: &Control| TextFile {
            name: control.to_string(),
            path: PathBuf::new(),
            kind: TextKind::Text,
            document: None,
            control: Some(*control),
        };
        let mut texts: Vec<TextFile> = controls.iter().map(text).collect();
        sort(&mut texts);
        match texts.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(CorpusError::Twice(pair[0].name.clone())),
            None => Ok(Self { texts }),
        }
    }

    /// The same texts, of each of which a control is made.
    #[must_use]
    pub fn with_control(mut self, control: Control) -> Self {
        for text in &mut self.texts {
            text.name = format!("{} {control}", text.name);
            text.control = Some(control);
        }
        sort(&mut self.texts);
        self
    }

    /// All texts, by name.
    pub fn texts(&self) -> &[TextFile] {
        &self.texts
    }

    /// The texts that a shard has: every n-th.
    pub fn shard(&self, shard: Shard) -> Vec<&TextFile> {
        let texts = self.texts.iter().enumerate();
        let taken = texts.filter(|(position, _)| shard.takes(*position));
        taken.map(|(_, text)| text).collect()
    }

    /// The hash that tells it from other corpora: see [`corpus_id`].
    pub fn id(&self) -> String {
        corpus_id(self.texts.iter().map(|text| text.name.as_str()))
    }
}

/// The hash that tells a corpus from others: SHA-256 of the names of its texts in order, each ended by a zero byte, in
/// hexadecimal.
pub fn corpus_id<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut all = Vec::new();
    for name in names {
        all.extend_from_slice(name.as_bytes());
        all.push(0);
    }
    sha256_hex(&all)
}

/// The texts of files: of a list of documents, each of them.
fn each_document(
    files: Vec<(PathBuf, String)>,
    kind: TextKind,
) -> Result<Vec<TextFile>, CorpusError> {
    let mut texts = Vec::with_capacity(files.len());
    for (path, name) in files {
        let mut put = |name: String, document: Option<Document>| {
            texts.push(TextFile {
                name,
                path: path.clone(),
                kind,
                document,
                control: None,
            });
        };
        if kind == TextKind::Text && packed_documents(&path).is_some() {
            return Err(CorpusError::PackedDocuments(path));
        }
        if kind != TextKind::Text || !is_documents(&path) {
            put(name, None);
            continue;
        }
        let found = documents(&path).map_err(EngineError::from)?;
        for document in found {
            put(document_name(&name, &document), Some(document));
        }
    }
    Ok(texts)
}

/// The name of a document: its file's, and its line.
fn document_name(file: &str, document: &Document) -> String {
    format!("{file}:{}", document.line)
}

fn sort(texts: &mut [TextFile]) {
    texts.sort_by(|a, b| a.name.cmp(&b.name));
}

fn has_twins(sorted: &[TextFile]) -> bool {
    sorted.windows(2).any(|pair| pair[0].name == pair[1].name)
}

fn file_name(path: &Path) -> String {
    named(path.file_name().unwrap_or(path.as_os_str()))
}

/// A name as text: what is no UTF-8 as `\xNN`, so that different names stay different.
fn named(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        // What only looks like it is told apart.
        text.push_str(&chunk.valid().replace("\\x", "\\\\x"));
        for byte in chunk.invalid() {
            // A string takes all that is written.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// A path with "/" on every system.
fn slashes(path: &Path) -> String {
    let parts = path.components().map(|part| {
        let part = named(part.as_os_str());
        part.trim_matches(['/', '\\']).to_owned()
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Adds the texts in `folder`, whose path within the corpus is `within` ("" or "a/b/").
fn list(
    folder: &Path,
    within: &str,
    kind: TextKind,
    texts: &mut Vec<(PathBuf, String)>,
) -> Result<(), CorpusError> {
    let failed = |source| CorpusError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = named(&entry.file_name());
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let name = format!("{within}{name}");
        if entry.file_type().map_err(failed)?.is_dir() {
            list(&path, &format!("{name}/"), kind, texts)?;
            continue;
        }
        let is_wanted = match kind {
            TextKind::Text | TextKind::AnyBytes => true,
            TextKind::Ids => path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("json")),
        };
        // Through links: corpora often consist of them.
        if is_wanted && path.is_file() {
            texts.push((path, name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_utf8_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        for byte in [0xfe, 0xff] {
            let name = [b"a", &[byte][..], b".txt"].concat();
            std::fs::write(folder.path().join(OsStr::from_bytes(&name)), "x").unwrap();
        }
        let corpus = Corpus::find(&[folder.path().to_owned()], TextKind::Text).unwrap();
        assert_eq!(names(&corpus), ["a\\xFE.txt", "a\\xFF.txt"]);
        std::fs::write(folder.path().join("a\\xFE.txt"), "x").unwrap();
        let corpus = Corpus::find(&[folder.path().to_owned()], TextKind::Text).unwrap();
        assert_eq!(corpus.texts().len(), 3);
        let paths: Vec<PathBuf> = corpus.texts().iter().map(|t| t.path.clone()).collect();
        assert_eq!(
            Corpus::find(&paths, TextKind::Text).unwrap().texts().len(),
            3
        );
    }

    fn names(corpus: &Corpus) -> Vec<&str> {
        corpus.texts().iter().map(|t| t.name.as_str()).collect()
    }

    #[test]
    fn a_list_of_documents_is_as_many_texts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("a")).unwrap();
        let list = "{\"text\": \"one\"}\n\n{\"text\": \"three\"}\n";
        std::fs::write(root.join("a/x.jsonl"), list).unwrap();
        std::fs::write(root.join("b.txt"), "text").unwrap();
        let corpus = Corpus::find(&[root.to_owned()], TextKind::Text).unwrap();
        assert_eq!(names(&corpus), ["a/x.jsonl:1", "a/x.jsonl:3", "b.txt"]);
        let read = |i: usize| corpus.texts()[i].read().unwrap();
        assert_eq!((read(1), read(2)), (b"three".to_vec(), b"text".to_vec()));
        let any = Corpus::find(&[root.to_owned()], TextKind::AnyBytes).unwrap();
        assert_eq!(names(&any), ["a/x.jsonl", "b.txt"]);
        assert_eq!(any.texts()[0].read().unwrap(), list.as_bytes());
        // Lists of one name are told apart by their folders.
        std::fs::write(root.join("x.jsonl"), list).unwrap();
        let both = [root.join("x.jsonl"), root.join("a/x.jsonl")];
        let both = Corpus::find(&both, TextKind::Text).unwrap();
        assert!(names(&both)[0].ends_with("/a/x.jsonl:1"), "{both:?}");
        std::fs::rename(root.join("x.jsonl"), root.join("x.jsonl.gz")).unwrap();
        let packed = Corpus::find(&[root.to_owned()], TextKind::Text);
        let said = packed.unwrap_err().to_string();
        assert!(
            said.contains("x.jsonl.gz") && said.contains("unpack"),
            "{said}"
        );
    }

    #[test]
    fn folders_are_listed_by_path_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [
            "b.txt",
            "a/2.txt",
            "a/10.txt",
            "a/.x",
            ".git/x",
            "c/d/e.json",
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::fs::create_dir(root.join("empty")).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("b.txt"), root.join("z.txt")).unwrap();
            // Round and round.
            std::os::unix::fs::symlink(root, root.join("loop")).unwrap();
            std::os::unix::fs::symlink(root.join("absent"), root.join("broken")).unwrap();
        }
        let find = |paths: &[PathBuf], kind| Corpus::find(paths, kind);
        let corpus = find(&[root.to_owned()], TextKind::Text).unwrap();
        let mut expected = vec!["a/10.txt", "a/2.txt", "b.txt", "c/d/e.json"];
        if cfg!(unix) {
            expected.push("z.txt");
        }
        assert_eq!(names(&corpus), expected);
        let ids = find(&[root.to_owned()], TextKind::Ids).unwrap();
        assert_eq!(names(&ids), ["c/d/e.json"]);
        assert_ne!(ids.id(), corpus.id());
        let empty = find(&[root.join("empty")], TextKind::Text);
        assert!(matches!(empty, Err(CorpusError::NoTexts { .. })));
        let second = Shard::new(2, 2).unwrap();
        let second: Vec<&str> = corpus.shard(second).iter().map(|t| &*t.name).collect();
        assert_eq!(second, ["a/2.txt", "c/d/e.json"]);
        // The order in which they are named does not count.
        let files = [root.join("b.txt"), root.join("a")];
        let (a, b) = (
            find(&files, TextKind::Text).unwrap(),
            find(&[files[1].clone(), files[0].clone()], TextKind::Text).unwrap(),
        );
        assert_eq!(names(&a), ["10.txt", "2.txt", "b.txt"]);
        assert_eq!(a, b);
        // Files of one name are told apart by their folders, and none is taken twice.
        std::fs::write(root.join("2.txt"), "x").unwrap();
        let twins = [root.join("2.txt"), root.join("a/2.txt")];
        let twins = find(&twins, TextKind::Text).unwrap();
        assert!(names(&twins)[1].ends_with("/a/2.txt"), "{twins:?}");
        let twice = [root.join("2.txt"), root.join("2.txt")];
        let twice = find(&twice, TextKind::Text);
        assert!(matches!(twice, Err(CorpusError::Twice(_))));
    }
}
