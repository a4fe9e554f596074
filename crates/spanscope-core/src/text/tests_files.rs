//! Tests of reading files: corpora, archives, ids.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::read::read_up_to;
use super::words::WordTally;
use super::{
    Accept, TextError, Unit, Vocabulary, read_bytes, read_ids, read_start, read_text, to_bytes,
};

const PLAY: &str = "First Citizen:\nBefore we proceed any further, hear me speak.\n\n\
    All:\nSpeak, speak.\n\nFirst Citizen:\nYou are all resolved rather to die than to famish?\n";

pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(super) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// As the published preprocessing writes enwik8.
pub(super) fn prepared(text: &[u8]) -> String {
    let parts: Vec<String> = text
        .iter()
        .map(|b| {
            if *b == b'\n' {
                "\n".into()
            } else {
                b.to_string()
            }
        })
        .collect();
    parts.join(" ")
}

/// The tokens that the training code's dictionary holds after the text, fed in chunks.
pub(super) fn words(text: &[u8], chunk: usize, by_count: bool) -> Vec<String> {
    let mut tally = WordTally::new(usize::MAX);
    for part in text.chunks(chunk) {
        tally.feed(part);
    }
    let (tokens, unit) = tally.finish(by_count).unwrap();
    let vocabulary = Vocabulary::build(tokens, unit);
    (0..vocabulary.len() as u32)
        .map(|id| vocabulary.token(id).unwrap())
        .collect()
}

#[test]
fn raw_corpus_equals_prepared_corpus() {
    let files = Files::new();
    let expected = Vocabulary::from_bytes_in_order(PLAY.as_bytes());
    let size = expected.len();
    for path in [
        files.put("raw.txt", PLAY),
        files.put("train.txt", prepared(PLAY.as_bytes())),
        files.put("raw.gz", gz(PLAY.as_bytes())),
        files.put("train.txt.gz", gz(prepared(PLAY.as_bytes()).as_bytes())),
        files.put(
            "raw.zip",
            zip(&[("folder/", b""), ("folder/raw", PLAY.as_bytes())]),
        ),
        files.put("saved.json", expected.to_json().to_string()),
    ] {
        let vocabulary = Vocabulary::from_file(&path, size, false).unwrap();
        assert_eq!(vocabulary, expected, "{}", path.display());
        assert!(
            vocabulary.note().starts_with(&format!("{size} bytes ")),
            "{}",
            vocabulary.note()
        );
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(vocabulary.note().contains(name), "{}", vocabulary.note());
    }
}

#[test]
fn the_training_part_is_found_by_its_size() {
    let files = Files::new();
    // "Z" comes in the last tenth only.
    let text = format!("{}Z\n", "one line of text\n".repeat(20));
    let path = files.put("corpus.txt", &text);
    let all = Vocabulary::from_bytes_in_order(text.as_bytes());
    let size = all.len();
    let part = Vocabulary::from_file(&path, size - 1, false).unwrap();
    assert_eq!(
        part,
        Vocabulary::from_bytes_in_order(&text.as_bytes()[..300])
    );
    assert!(
        part.note()
            .ends_with("the raw corpus corpus.txt (first 90 %)")
    );
    let whole = Vocabulary::from_file(&path, size, false).unwrap();
    assert_eq!(whole, all);
    assert!(whole.note().ends_with("(all of it)"));

    let error = Vocabulary::from_file(&path, size - 3, false)
        .unwrap_err()
        .to_string();
    for wanted in [
        "corpus.txt",
        "the model has 8 tokens",
        "10 bytes (first 90 %)",
        "11 bytes (all of it)",
        "6 words",
    ] {
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}

#[test]
fn an_unusual_training_part_is_hinted_at() {
    let files = Files::new();
    let text = format!("a\n{}Y{}Z{}", "a".repeat(8), "a".repeat(9), "a".repeat(9));
    let path = files.put("corpus.txt", &text);
    assert_eq!(Vocabulary::from_file(&path, 4, false).unwrap().len(), 4);
    let error = Vocabulary::from_file(&path, 2, false).unwrap_err();
    assert!(error.to_string().contains("after 2 to 10 bytes"), "{error}");
}

#[test]
fn text8_raw_and_prepared() {
    let files = Files::new();
    let text = " anarchism originated as a term of abuse first used against early working class";
    let prepared: Vec<String> = text
        .trim()
        .chars()
        .map(|c| if c == ' ' { "_".into() } else { c.to_string() })
        .collect();
    let order = "a n r c h i s m _ o g t e d f b u l y w k <eos>";
    for path in [
        files.put("text8", text),
        files.put("text8_newline", format!("{text} \n")),
        files.put("train.txt", prepared.join(" ")),
    ] {
        let vocabulary = Vocabulary::from_file(&path, 22, false).unwrap();
        assert_eq!(vocabulary.unit(), Unit::Char);
        let tokens: Vec<String> = (0..22).map(|id| vocabulary.token(id).unwrap()).collect();
        assert_eq!(tokens.join(" "), order);
    }
}

#[test]
fn words_by_count_and_by_appearance() {
    let files = Files::new();
    // the 3, <eos> 3 (seen later), cat 2, sat 1, dog 1 (seen later)
    let path = files.put("train.txt", "the cat sat\nthe dog\nthe cat");
    let ids = |by_count| {
        let vocabulary = Vocabulary::from_file(&path, 5, by_count).unwrap();
        assert_eq!(vocabulary.unit(), Unit::Word);
        let tokens: Vec<String> = (0..5).map(|id| vocabulary.token(id).unwrap()).collect();
        tokens.join(" ")
    };
    assert_eq!(ids(true), "<eos> the cat dog sat");
    assert_eq!(ids(false), "the cat sat <eos> dog");
}

#[test]
fn bytes_by_count_agree_with_the_prepared_text() {
    let files = Files::new();
    let raw = files.put("raw.txt", PLAY);
    let numbers = files.put("train.txt", prepared(PLAY.as_bytes()));
    let size = Vocabulary::from_bytes_in_order(PLAY.as_bytes()).len();
    assert_eq!(
        Vocabulary::from_file(raw, size, true).unwrap(),
        Vocabulary::from_file(numbers, size, true).unwrap()
    );
}

#[test]
fn lines_are_those_of_python() {
    assert_eq!(words(b"", 9, false), [""; 0]);
    assert_eq!(words(b"\n\na", 9, false), ["<eos>", "a"]);
    assert_eq!(words(b"a\r\nb\rc\x1cd \r", 9, true)[0], "<eos>");
    assert_eq!(words(b"a <eos>", 2, false), ["a", "<eos>"]);
}

#[test]
fn damaged_files_are_errors() {
    let files = Files::new();
    let long = PLAY.repeat(50);
    let whole_gz = gz(long.as_bytes());
    let whole_zip = zip(&[("a", long.as_bytes())]);
    for path in [
        files.put("cut.gz", &whole_gz[..whole_gz.len() / 2]),
        files.put("cut.zip", &whole_zip[..whole_zip.len() / 2]),
        files.put("page.gz", "<html>not found</html>"),
        files.put("page.ZIP", "<html>not found</html>"),
        files.put("empty.zip", zip(&[])),
        files.put("magic", b"PK\x03\x04"),
        files.put("magic2", b"\x1f\x8b"),
    ] {
        let error = read_bytes(&path).unwrap_err();
        assert!(matches!(error, TextError::Archive { .. }), "{error}");
        assert!(error.to_string().starts_with(&path.display().to_string()));
        assert!(Vocabulary::from_file(&path, 30, false).is_err());
    }
    let missing = files.0.path().join("none.txt");
    assert!(matches!(read_text(&missing), Err(TextError::Io { .. })));
    assert!(matches!(
        read_text(files.0.path()),
        Err(TextError::Io { .. })
    ));
    let empty = files.put("empty.txt", "");
    assert_eq!(read_text(&empty).unwrap(), "");
    assert!(matches!(
        Vocabulary::from_file(&empty, 3, false),
        Err(TextError::Empty { .. })
    ));
}

#[test]
fn unpacking_stops_at_the_limit() {
    let files = Files::new();
    let zeros = vec![0; 3 << 20];
    for path in [
        files.put("bomb.gz", gz(&zeros)),
        files.put("bomb.zip", zip(&[("a", &zeros)])),
        files.put("bomb.txt", &zeros),
    ] {
        let error = read_up_to(&path, 1 << 20, Accept::AnyBytes).unwrap_err();
        assert!(matches!(error, TextError::TooLarge { .. }), "{error}");
        assert_eq!(
            read_up_to(&path, 3 << 20, Accept::AnyBytes).unwrap().len(),
            3 << 20
        );
    }
}

#[test]
fn json_files() {
    let files = Files::new();
    let broken = files.put("broken.json", "[\"a\", ");
    let error = Vocabulary::from_file(broken, 1, false).unwrap_err();
    assert!(matches!(error, TextError::VocabularyFile { .. }), "{error}");
    let short = files.put("short.json", "[\"a\", \"b\"]");
    let error = Vocabulary::from_file(short, 3, false).unwrap_err();
    assert!(error.to_string().contains("3 tokens"), "{error}");
    assert!(error.to_string().contains("2 characters"), "{error}");
    // A corpus that starts like JSON is still a corpus.
    let corpus = files.put("corpus.txt", "[applause]\n");
    assert_eq!(Vocabulary::from_file(corpus, 9, false).unwrap().len(), 9);

    assert_eq!(
        read_ids(files.put("ids.json", "[1, 0, 4294967295]")).unwrap(),
        [1, 0, u32::MAX]
    );
    for bad in ["", "[1,", "[-1]", "[1.5]", "{}", "[4294967296]", "[\"a\"]"] {
        let error = read_ids(files.put("bad.json", bad)).unwrap_err();
        assert!(matches!(error, TextError::Ids { .. }), "{bad}: {error}");
    }
    let broken = files.put("broken.txt", b"a\xffb\xe4");
    let text = read_text(&broken).unwrap();
    assert_eq!(&*to_bytes(&text), b"a\xffb\xe4");
    assert_eq!(read_start(&broken, 99).unwrap(), (text, true));
    // A cut within a character leaves it out; it is no broken one.
    let cut = files.put("cut.txt", "é中".as_bytes());
    assert_eq!(read_start(cut, 4).unwrap(), ("é".to_owned(), false));
}
