//! Tests of what a file is taken for: lists in every form, texts, and what is neither.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::tests_files::{Files, gz, prepared, zip};
use super::{Accept, TextError, Unit, Vocabulary, read_accepted, read_bytes, read_start};
use serde_json::json;

const PLAY: &str = "Hear me speak, you famished.\nSpeak, speak: resolved to die\n";

fn tokens(vocabulary: &Vocabulary) -> Vec<String> {
    let ids = 0..vocabulary.len() as u32;
    ids.map(|id| vocabulary.token(id).unwrap()).collect()
}

fn refused(files: &Files, name: &str, bytes: impl AsRef<[u8]>, expected: usize) -> String {
    let path = files.put(name, bytes);
    let sized = Vocabulary::from_file(&path, expected, false);
    let error = sized.unwrap_err().to_string();
    assert!(error.contains(name) && error.len() < 700, "{error}");
    error
}

#[test]
fn one_vocabulary_in_all_its_forms() {
    let files = Files::new();
    let whole = Vocabulary::from_bytes_in_order(PLAY.as_bytes());
    let list = tokens(&whole);
    let size = list.len();
    let by_id: serde_json::Map<String, serde_json::Value> = list
        .iter()
        .enumerate()
        .map(|(id, token)| (id.to_string(), json!(token)))
        .collect();
    let ids: serde_json::Map<String, serde_json::Value> = list
        .iter()
        .enumerate()
        .map(|(id, token)| (token.clone(), json!(id)))
        .collect();
    let columns = |line: &dyn Fn(usize, &String) -> String| -> String {
        let lines = list.iter().enumerate().rev();
        lines.map(|(id, token)| line(id, token) + "\n").collect()
    };
    let mark = |text: &str| format!("\u{feff}{text}");
    for (name, content) in [
        ("lines.txt", list.join("\n") + "\n"),
        ("no_last_break.txt", list.join("\n")),
        ("returns.txt", list.join("\r\n") + "\r\n\r\n"),
        ("marked.txt", mark(&list.join("\n"))),
        ("list.json", json!(list).to_string()),
        ("marked.json", mark(&json!(list).to_string())),
        ("no_ending", json!(list).to_string()),
        ("ids.json", json!(ids).to_string()),
        ("by_id.json", json!(by_id).to_string()),
        ("saved.json", whole.to_json().to_string()),
        ("ids.tsv", columns(&|id, token| format!("{token}\t{id}"))),
        ("ids.txt", columns(&|id, token| format!("{id} {token}"))),
        ("train.txt", prepared(PLAY.as_bytes())),
        ("marked_train.txt", mark(&prepared(PLAY.as_bytes()))),
        ("corpus.txt", PLAY.into()),
    ] {
        for path in [
            files.put(name, &content),
            files.put(&format!("{name}.gz"), gz(content.as_bytes())),
            files.put(&format!("{name}.zip"), zip(&[(name, content.as_bytes())])),
        ] {
            let read = Vocabulary::from_file(&path, size, false).unwrap();
            assert_eq!(read, whole, "{name}");
            let note = read.note();
            assert!(
                note.contains(name) && note.contains(&size.to_string()),
                "{note}"
            );
            assert_eq!(
                Vocabulary::of_any_size(&path, false).unwrap(),
                whole,
                "{name}"
            );
        }
    }
}

#[test]
fn a_dictionary_of_fairseq_comes_after_its_own_tokens() {
    let files = Files::new();
    let dict = "32 18\n101 9\n</x> 5\n10 2\nmadeupword0000 0\nmadeupword0001 0\n";
    let path = files.put("dict.txt", dict.replace("</x>", "97"));
    let vocabulary = Vocabulary::from_file(&path, 10, false).unwrap();
    assert_eq!(vocabulary.unit(), Unit::Byte);
    let all = "<s> <pad> </s> <unk> 32 101 97 10 madeupword0000 madeupword0001";
    assert_eq!(tokens(&vocabulary).join(" "), all);
    assert!(
        vocabulary.note().contains("dict.txt of fairseq"),
        "{}",
        vocabulary.note()
    );
    // Byte 10 is in this one; else a line ends with </s>.
    assert_eq!(vocabulary.encode_ids(b"e a\n"), [5, 4, 6, 7].map(Some));
    let without = files.put("dict.txt", "32 18\n101 9\n97 5\n98 2\n");
    let vocabulary = Vocabulary::from_file(&without, 8, false).unwrap();
    assert_eq!(vocabulary.eos(), Some(2));
    assert_eq!(vocabulary.encode_ids(b"e a\n"), [5, 4, 6, 2].map(Some));
    assert_eq!(vocabulary.text_of(&[5, 4, 6, 2]), "e a\n");
    assert_eq!(
        (vocabulary.label(2), vocabulary.label(3)),
        ("⏎".into(), "<unk>".into())
    );
    assert_eq!(
        Vocabulary::from_json(&vocabulary.to_json()).unwrap(),
        vocabulary
    );
    // Words and letters alike.
    let words = files.put("dict.txt", "the 900\nof 500\nand 500\n@-@ 3\n");
    let words = Vocabulary::from_file(&words, 8, false).unwrap();
    assert_eq!((words.unit(), words.id_of("and")), (Unit::Word, Some(6)));
    assert_eq!(words.encode_ids(b"of the\n"), [5, 4, 2].map(Some));
    let letters = files.put("dict.txt", "_ 900\ne 500\nt 400\na 3\n");
    let letters = Vocabulary::from_file(&letters, 8, false).unwrap();
    assert_eq!(letters.unit(), Unit::Char);
    assert_eq!(letters.encode_ids(b"te a"), [6, 5, 4, 7].map(Some));
    // Another number of tokens is an error that says what there is, and never a corpus of digits.
    for expected in [3, 6, 9, 12] {
        let said = refused(
            &files,
            "dict.txt",
            "32 1800\n101 900\n97 500\n98 2\n",
            expected,
        );
        assert!(said.contains("8 bytes (a dict.txt of fairseq"), "{said}");
    }
}

#[test]
fn a_list_is_never_a_text() {
    let files = Files::new();
    let list: Vec<String> = tokens(&Vocabulary::from_bytes_in_order(PLAY.as_bytes()));
    let size = list.len();
    let lines = list.join("\n") + "\n";
    // As a text it would be that of its digits, or of its numbers.
    let digits = Vocabulary::from_bytes_in_order(lines.as_bytes()).len();
    for expected in [digits, size - 1, size + 1, 300] {
        let said = refused(&files, "vocab.txt", &lines, expected);
        assert!(
            said.contains(&format!("{size} bytes (a token a line)")),
            "{said}"
        );
    }
    let plain: String = lines.replace("<eos>\n", "");
    let said = refused(&files, "vocab.txt", &plain, size);
    assert!(
        said.contains("if <eos>") && said.contains("is missing"),
        "{said}"
    );
    let gap = lines.replacen('\n', "\n\n", 1);
    let said = refused(&files, "vocab.txt", gap, size);
    assert!(said.contains("line 2 is empty"), "{said}");
    let characters = "a\nb\n \nc\nd\ne\nf\ng\n<unk>\n";
    let path = files.put("chars.txt", characters);
    let read = Vocabulary::from_file(path, 9, false).unwrap();
    assert_eq!((read.unit(), read.id_of(" ")), (Unit::Char, Some(2)));
}

#[test]
fn lines_that_may_be_a_list_or_a_text_are_what_fits() {
    let files = Files::new();
    let names: Vec<String> = (b'a'..=b'z')
        .map(|c| format!("{}nn{}", c as char, c as char))
        .collect();
    let text = names.join("\n") + "\n";
    let path = files.put("names.txt", &text);
    let bytes = Vocabulary::from_file(&path, 27, false).unwrap();
    assert_eq!((bytes.unit(), bytes.len()), (Unit::Byte, 27));
    let words = Vocabulary::from_file(&path, 26, false).unwrap();
    assert_eq!((words.unit(), words.id_of("bnnb")), (Unit::Word, Some(1)));
    assert!(words.note().contains("a token a line"), "{}", words.note());
}

#[test]
fn ids_are_no_vocabulary() {
    let files = Files::new();
    let ids: Vec<String> = (0..40).map(|i| (i * 7 % 20).to_string()).collect();
    for expected in [20, 21] {
        let said = refused(&files, "ids.txt", ids.join(" "), expected);
        assert!(said.contains("all numbers from 0 to 19"), "{said}");
    }
    let small: Vec<u8> = (0..40_u32).map(|i| (i * 7 % 20) as u8).collect();
    let said = refused(&files, "ids.u8", small, 20);
    assert!(said.contains("binary data (byte 0 is zero)"), "{said}");
    let wide: Vec<u8> = (0..200_u16).flat_map(|i| (300 + i).to_le_bytes()).collect();
    let different = Vocabulary::from_bytes_in_order(&wide).len();
    let said = refused(&files, "ids.u16", wide, different);
    assert!(said.contains("binary data"), "{said}");
}

#[test]
fn what_is_no_text_is_named() {
    let files = Files::new();
    let wide: Vec<u8> = PLAY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes, what) in [
        (
            "a.jpg",
            &b"\xff\xd8\xff\xe0\0\x10JFIF"[..],
            "a JPEG picture",
        ),
        ("b.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
        (
            "c.pt",
            b"\x80\x02}q\0X\x05\0\0\0modelq\x01.",
            "Python pickle",
        ),
        (
            "d.safetensors",
            b"\x02\0\0\0\0\0\0\0{}",
            "a .safetensors file",
        ),
        ("e.txt", b"to be\0or not", "byte 5 is zero"),
        ("f.txt", &[&b"\xff\xfe"[..], &wide].concat(), "UTF-16"),
        ("g.txt", &wide, "binary data"),
        ("h.pdf", b"%PDF-1.5\n%", "a PDF document"),
        (
            "i.pt",
            &zip(&[("a/data.pkl", b"\x80\x02}."), ("a/data/0", b"1234")]),
            "a PyTorch file",
        ),
        (
            "j.npz",
            &zip(&[("ids.npy", b"\x93NUMPY")]),
            "a NumPy archive",
        ),
        ("k.gz", &gz(b"\xff\xd8\xff\xe0\0\x10JFIF"), "a JPEG picture"),
        (
            "l.docx",
            &zip(&[("[Content_Types].xml", b"<x/>")]),
            "an Office document",
        ),
    ] {
        let path = files.put(name, bytes);
        let error = read_bytes(&path).unwrap_err();
        assert!(matches!(error, TextError::NoText { .. }), "{name}: {error}");
        let words = error.to_string();
        assert!(words.contains(name) && words.contains(what), "{words}");
        assert!(words.contains("--any-text"), "{words}");
        let start = read_start(&path, 1 << 20).unwrap_err().to_string();
        assert!(start.contains(what), "{start}");
        let said = refused(&files, name, bytes, 9);
        assert!(
            said.contains("not a vocabulary") && said.contains(what),
            "{said}"
        );
        // Who wants the bytes has them; those of archives that hold one file, unpacked.
        let any = read_accepted(&path, Accept::AnyBytes).unwrap();
        let is_unpacked = [1, 3].contains(&any.iter().filter(|b| **b == 0xff).count());
        assert!(any == bytes || is_unpacked || name == "k.gz", "{name}");
    }
}

#[test]
fn what_cannot_be_unpacked_is_named() {
    let files = Files::new();
    for (name, bytes, ending) in [
        ("a.txt", &b"\xfd7zXZ\0\0\x04"[..], ".xz"),
        ("b.bz2", b"BZh91AY&SY", ".bz2"),
        ("c", b"\x28\xb5\x2f\xfd\x04", ".zst"),
        ("d.txt", b"7z\xbc\xaf\x27\x1c\0", ".7z"),
        ("e.txt", b"Rar!\x1a\x07\0", ".rar"),
        ("f.xz", b"not packed at all", ".xz"),
        ("g.tar", b"a", ".tar"),
        ("h.gz", &gz(b"\x28\xb5\x2f\xfd\x04"), ".zst"),
    ] {
        let path = files.put(name, bytes);
        for error in [
            read_bytes(&path).unwrap_err(),
            super::read_ids(&path).unwrap_err(),
            Vocabulary::from_file(&path, 5, false).unwrap_err(),
            Vocabulary::of_any_size(&path, false).unwrap_err(),
        ] {
            assert!(matches!(error, TextError::Packed { .. }), "{error}");
            let words = error.to_string();
            assert!(words.contains(&format!("packed as {ending}")), "{words}");
            assert!(words.contains(name), "{words}");
        }
    }
}

#[test]
fn no_file_of_an_archive_is_dropped_without_a_word() {
    let files = Files::new();
    let two = files.put(
        "two.zip",
        zip(&[("a/one.txt", b"one"), ("a/two.txt", b"two two")]),
    );
    let error = read_bytes(&two).unwrap_err().to_string();
    for part in ["two.zip", "2 files: a/one.txt, a/two.txt", "Unpack it"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(Vocabulary::from_file(&two, 5, false).is_err());
    let many: Vec<(String, &[u8])> = (0..9).map(|i| (format!("{i}.txt"), &b"x"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, text)| (&**name, *text)).collect();
    let error = read_bytes(files.put("many.zip", zip(&many))).unwrap_err();
    assert!(error.to_string().contains("and 5 more"), "{error}");
    // What systems add, and what is empty, is no text.
    let one = zip(&[
        ("one.txt", b"one"),
        ("__MACOSX/._one.txt", b"\0\x05"),
        (".DS_Store", b"\0"),
        ("empty", b""),
    ]);
    assert_eq!(read_bytes(files.put("one.zip", one)).unwrap(), b"one");
}

#[test]
fn a_mark_before_a_text_is_no_part_of_its_first_word() {
    let words = ["the", "cat", "<eos>"].map(str::to_owned).to_vec();
    let vocabulary = Vocabulary::from_tokens(words, Unit::Word).unwrap();
    let (ids, coverage) = vocabulary.known_ids("\u{feff}the cat\n".as_bytes());
    assert_eq!((ids, coverage.missing), (vec![0, 1, 2], 0));
    // To a model of bytes it is three bytes.
    let bytes = Vocabulary::from_bytes_in_order(b"the\n");
    assert_eq!(bytes.known_ids("\u{feff}the".as_bytes()).1.missing, 3);
    let bytes = Vocabulary::from_bytes_in_order("\u{feff}the\n".as_bytes());
    assert_eq!(bytes.known_ids("\u{feff}the".as_bytes()).0.len(), 6);
}

#[test]
fn the_number_of_tokens_that_nobody_knows_is_not_told() {
    let files = Files::new();
    let deep = format!("[{}1]", "[],".repeat(4_000_000));
    for (name, content) in [("a.json", deep.as_str()), ("b.json", "[1]"), ("c.txt", "")] {
        let error = Vocabulary::of_any_size(files.put(name, content), false).unwrap_err();
        let words = error.to_string();
        let digits = |word: &str| word.bytes().filter(u8::is_ascii_digit).count();
        assert!(words.split(' ').all(|word| digits(word) < 12), "{words}");
    }
}

#[test]
fn a_token_can_be_had_again_from_what_tables_say_of_it() {
    let list = [
        "a b",
        "a␣b",
        "\\n",
        "\n",
        "\t",
        "\u{1b}[31m",
        "日本",
        "…",
        "",
        "\u{feff}",
    ];
    let mut all: Vec<String> = list.map(str::to_owned).to_vec();
    all.push("internationalizationalistic1".into());
    all.push("internationalizationalistic2".into());
    let vocabulary = Vocabulary::from_tokens(all.clone(), Unit::Word).unwrap();
    let exact: Vec<String> = (0..12).map(|id| vocabulary.exact(id).unwrap()).collect();
    assert_eq!(exact[2..6], ["\\\\n", "\\n", "\\t", "\\x1b[31m"]);
    for (id, text) in (0..).zip(&all) {
        assert_eq!(unescaped(&vocabulary.exact(id).unwrap()), text.as_bytes());
    }
    let bytes = Vocabulary::from_bytes_in_order(&(0..=255).collect::<Vec<u8>>());
    for id in 0..256 {
        let exact = bytes.exact(id).unwrap();
        assert_eq!(unescaped(&exact), bytes.decode(&[id]), "{exact}");
        assert!(!exact.contains(|c: char| c.is_control()));
    }
    assert_eq!(bytes.exact(300), None);
    // Labels are short, but none looks like another unless it is cut.
    let labels: std::collections::HashSet<String> =
        (0..10).map(|id| vocabulary.label(id)).collect();
    assert_eq!(labels.len(), 10);
    assert!(vocabulary.label(10).ends_with('…'));
}

/// As docs/formats.md says it is done.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (byte, len) = match after.as_bytes()[0] {
            b'n' => (b'\n', 1),
            b'r' => (b'\r', 1),
            b't' => (b'\t', 1),
            b'\\' => (b'\\', 1),
            _ => (u8::from_str_radix(&after[1..3], 16).unwrap(), 3),
        };
        bytes.push(byte);
        rest = &after[len..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
