//! Texts and vocabularies: packed ones that unpack without end, lists that are none.

use super::build::{Member, archive};
use super::measured::{ALLOWED, alone, measured};
use spanscope::text::{Vocabulary, read_bytes, read_ids};
use std::io::Write;
use std::path::PathBuf;

/// What `read` says of a file with these bytes; asserts that it took little memory.
fn refused<T>(
    name: &str,
    bytes: &[u8],
    read: impl FnOnce(PathBuf) -> Result<T, spanscope::text::TextError> + Send + 'static,
    parts: &[&str],
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let (message, peak) = measured(move || read(path).err().map(|error| error.to_string()));
    println!(
        "{name}: {} bytes, {peak} bytes of memory, {message:?}",
        bytes.len()
    );
    assert!(
        peak < ALLOWED + bytes.len(),
        "{name}: {peak} bytes of memory"
    );
    let message = message.unwrap_or_else(|| panic!("{name} is read"));
    for part in [name].iter().chain(parts) {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

#[test]
fn a_bomb_stops_before_it_is_large() {
    let _alone = alone();
    let zeros = vec![0; 300 << 20];
    let parts = ["more than 100 times its size", "unpack"];
    let zip = archive(&[Member::deflated("text.txt", &zeros)]);
    refused("bomb.zip", &zip, read_bytes, &parts);
    let vocabulary = |path| Vocabulary::from_file(path, 99, false);
    // Nothing but zeros: it is refused before it is unpacked.
    refused("vocabulary.zip", &zip, vocabulary, &["binary data"]);
    refused("bomb.gz", &gz(&zeros), read_bytes, &parts);
    // One that unpacks to bombs, several streams behind each other.
    let many = gz(&zeros[..1 << 20]).repeat(300);
    refused("many.gz", &many, read_bytes, &parts);
    // One that claims little.
    let liar = Member {
        size: Some(10),
        ..Member::deflated("text.txt", &zeros[..1 << 20])
    };
    refused(
        "liar.zip",
        &archive(&[liar]),
        read_bytes,
        &["1048576 bytes unpacked, 10 expected"],
    );
    let claims = Member {
        size: Some(1 << 40),
        ..Member::deflated("text.txt", b"short")
    };
    refused(
        "claims.zip",
        &archive(&[claims]),
        read_bytes,
        &["5 bytes unpacked"],
    );
}

#[test]
fn damaged_archives_are_told() {
    let _alone = alone();
    let sound = archive(&[Member::deflated("text.txt", &b"some text ".repeat(100))]);
    assert_eq!(
        sound.len(),
        archive(&[Member::deflated("text.txt", &b"some text ".repeat(100))]).len()
    );
    let crc = Member {
        crc: Some(1),
        ..Member::new("text.txt", b"some text".to_vec())
    };
    refused("crc.zip", &archive(&[crc]), read_bytes, &["checksum"]);
    refused(
        "cut.zip",
        &sound[..sound.len() / 2],
        read_bytes,
        &["cut off"],
    );
    let many: Vec<Member> = (0..65_000)
        .map(|i| Member::new(&format!("{i}/"), Vec::new()))
        .collect();
    refused(
        "folders.zip",
        &archive(&many),
        read_bytes,
        &["holds no file"],
    );
    let twice = [
        Member::new("a", b"1".to_vec()),
        Member::new("a", b"2".to_vec()),
    ];
    refused(
        "twice.zip",
        &archive(&twice),
        read_bytes,
        &["two zip entries are called a"],
    );
}

#[test]
fn vocabularies_that_are_none_are_told() {
    let _alone = alone();
    let read = |path| Vocabulary::from_file(path, 5, false);
    for (name, json, part) in [
        (
            "few.json",
            "[\"a\", \"b\"]".to_owned(),
            "the model has 5 tokens, but this file gives 2 characters",
        ),
        (
            "many.json",
            format!("[{}\"a\"]", "\"b\",".repeat(500_000)),
            "MB in memory",
        ),
        (
            "lists.json",
            format!("[{}1]", "[],".repeat(500_000)),
            "MB in memory",
        ),
        ("deep.json", "[".repeat(1_000_000), "MB in memory"),
        ("deeper.json", "[".repeat(1000), "recursion limit"),
        (
            "twice.json",
            "[\"a\", \"a\"]".into(),
            "tokens 0 and 1 are both \"a\"",
        ),
        (
            "gap.json",
            "{\"a\": 0, \"b\": 2}".into(),
            "ids go from 0 to 1",
        ),
        (
            "same.json",
            "{\"a\": 0, \"b\": 0}".into(),
            "both have the id 0",
        ),
        ("negative.json", "{\"a\": -1}".into(), "has the id -1"),
        ("kinds.json", "[\"a\", {}]".into(), "token 1 is an object"),
        (
            "bytes.json",
            "{\"unit\": \"byte\", \"tokens\": [256]}".into(),
            "neither a byte",
        ),
        (
            "unit.json",
            "{\"unit\": \"bit\", \"tokens\": [\"0\"]}".into(),
            "unit is \"bit\"",
        ),
        ("none.json", "[]".into(), "no tokens"),
    ] {
        refused(name, json.as_bytes(), read, &[part]);
    }
    refused(
        "ids.json",
        b"[1, 99999999999]",
        read_ids,
        &["not a list of token ids"],
    );
}

#[test]
fn words_without_end_are_not_gathered() {
    let _alone = alone();
    // Two million different words, for a model of 2,000.
    let words: Vec<u8> = (0..2_000_000)
        .flat_map(|i| format!("{i:x} ").into_bytes())
        .collect();
    let read = |path| Vocabulary::from_file(path, 2000, true);
    refused(
        "words.txt",
        &words,
        read,
        &["the model has 2000 tokens", "more than 69536 words"],
    );
    // One word of many megabytes.
    let read = |path| Vocabulary::from_file(path, 2000, true);
    refused(
        "word.txt",
        &b"x".repeat(30 << 20),
        read,
        &["the model has 2000 tokens"],
    );
}
