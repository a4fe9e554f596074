//! Zip archives: bombs, members over each other, directories that lie.

use super::build::*;
use super::measured::{alone, measured, refused};
use spanscope::checkpoint::Checkpoint;

fn sound() -> Vec<Member> {
    let pickle = checkpoint(&[
        (text("key_pe"), vector("0", 4)),
        (text("other"), vector("1", 4)),
    ]);
    members(pickle, &[("0", numbers(4)), ("1", numbers(4))])
}

/// The sound archive with one member changed.
fn changed(index: usize, change: impl FnOnce(&mut Member)) -> Vec<u8> {
    let mut members = sound();
    change(&mut members[index]);
    archive(&members)
}

#[test]
fn the_builder_builds_what_opens() {
    let _alone = alone();
    let mut members = sound();
    let stored = archive(&members);
    members[0] = Member::deflated("a/data.pkl", &members[0].bytes);
    members[2] = Member::deflated("a/data/1", &numbers(4));
    for bytes in [stored, archive(&members)] {
        let opened = Checkpoint::from_bytes("made.pt".as_ref(), bytes).unwrap();
        for name in ["key_pe", "other"] {
            assert_eq!(opened.read(name).unwrap(), [0., 1., 2., 3.]);
        }
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let _alone = alone();
    let zeros = vec![0; 200 << 20];
    let bomb = Member::deflated("a/data/0", &zeros);
    let packed = bomb.bytes.len();
    assert!(packed < 300_000);
    let pickle = checkpoint(&[(text("key_pe"), vector("0", 50 << 20))]);
    let right = archive(&[Member::new("a/data.pkl", pickle.clone()), bomb.clone()]);
    refused(
        "bomb.pt",
        &right,
        &[
            "key_pe",
            "a/data/0",
            "would unpack to 209715200 bytes",
            "zip -0",
        ],
    );
    // One that claims to be small.
    let small = archive(&[
        Member::new("a/data.pkl", pickle),
        Member {
            size: Some(64),
            ..bomb.clone()
        },
    ]);
    refused("liar.pt", &small, &["a/data/0", "more than the 64 bytes"]);
    // Many, each of which would be allowed.
    let part = Member::deflated("", &zeros[..20 << 20]);
    let keys: Vec<String> = (0..8).map(|i| i.to_string()).collect();
    let entries: Vec<_> = keys
        .iter()
        .map(|key| (text(key), vector(key, 5 << 20)))
        .collect();
    let parts = keys.iter().map(|key| Member {
        name: format!("a/data/{key}"),
        ..part.clone()
    });
    let all: Vec<_> = std::iter::once(Member::new("a/data.pkl", checkpoint(&entries)))
        .chain(parts)
        .collect();
    refused(
        "many.pt",
        &archive(&all),
        &["would unpack to 20971520 bytes", "tensor 1"],
    );
    // The pickle itself, which is a text of spaces.
    let pickle = Member::deflated("a/data.pkl", &zeros[..100 << 20]);
    refused(
        "pickle.pt",
        &archive(&[pickle]),
        &["a/data.pkl", "would unpack to 104857600"],
    );
}

#[test]
fn members_that_overlap_are_refused() {
    let _alone = alone();
    // Both storages are the same bytes; and one begins within the other.
    let third = changed(2, |m| m.at = Some(30 + 10 + sound()[0].bytes.len() as u64));
    refused("same.pt", &third, &["overlaps", "a/data/"]);
    let inside = changed(2, |m| m.at = Some(8));
    refused("inside.pt", &inside, &["overlaps", "a/data.pkl"]);
    // A member that reaches over the next.
    let long = changed(1, |m| (m.packed, m.size) = (Some(100), Some(100)));
    refused(
        "long.pt",
        &long,
        &["zip entry a/data/0 (100 bytes", "overlaps a/data/1"],
    );
    let last = changed(2, |m| (m.packed, m.size) = (Some(17), Some(17)));
    refused(
        "last.pt",
        &last,
        &["zip entry a/data/1", "overlaps the directory"],
    );
}

#[test]
fn members_beyond_the_file_are_refused() {
    let _alone = alone();
    for (name, at, size) in [
        ("far.pt", Some(1 << 40), None),
        ("end.pt", Some(u64::MAX), None),
        ("terabyte.pt", None, Some(1 << 40)),
        ("most.pt", None, Some(u64::MAX)),
    ] {
        let bytes = changed(2, |m| (m.at, m.packed, m.size) = (at, size, size));
        refused(name, &bytes, &["zip entry a/data/1", "overlaps"]);
    }
}

#[test]
fn names_that_are_there_twice_are_refused() {
    let _alone = alone();
    let mut members = sound();
    members.push(Member::new("a/data/1", numbers(9)));
    refused(
        "twice.pt",
        &archive(&members),
        &["two zip entries are called a/data/1"],
    );
    let mut members = sound();
    members.push(Member::new("b/data.pkl", pickle(b"}".to_vec())));
    refused(
        "two.pt",
        &archive(&members),
        &["two checkpoints, a/data.pkl and b/data.pkl"],
    );
    members[3].name = "a/none.txt".into();
    let opens = archive(&members);
    assert!(Checkpoint::from_bytes("made.pt".as_ref(), opens).is_ok());
}

#[test]
fn a_member_that_is_not_what_the_directory_says_is_refused() {
    let _alone = alone();
    let crc = |m: &mut Member| m.crc = Some(7);
    refused(
        "crc.pt",
        &changed(0, crc),
        &["a/data.pkl fails its checksum"],
    );
    refused(
        "numbers.pt",
        &changed(1, crc),
        &["tensor key_pe", "checksum"],
    );
    refused(
        "size.pt",
        &changed(1, |m| m.size = Some(99)),
        &["takes 16 bytes", "is 99 long"],
    );
    refused(
        "method.pt",
        &changed(1, |m| m.method = 12),
        &["compressed by method 12"],
    );
    refused(
        "secret.pt",
        &changed(1, |m| m.flags = 1),
        &["a/data/0 is encrypted"],
    );
    let deflated = |m: &mut Member| (m.method, m.size) = (8, Some(16));
    refused(
        "stream.pt",
        &changed(1, deflated),
        &["tensor key_pe", "zip entry a/data/0"],
    );
    // The local header has another name.
    let mut bytes = archive(&sound());
    let at = bytes.windows(8).position(|w| w == b"a/data/0").unwrap();
    bytes[at + 7] = b'9';
    refused(
        "name.pt",
        &bytes,
        &["a/data/0", "another name than the directory"],
    );
    bytes[at - 30] = b'X';
    refused("header.pt", &bytes, &["a/data/0", "there is no header"]);
    refused(
        "missing.pt",
        &archive(&sound()[..2]),
        &["tensor other", "a/data/1 is missing"],
    );
}

#[test]
fn directories_that_lie_are_refused() {
    let _alone = alone();
    let sound = archive(&sound());
    let end = sound.len() - 22;
    let with = |at: usize, value: u64, bytes: usize| {
        let mut changed = sound.clone();
        changed[end + at..][..bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        changed
    };
    refused("count.pt", &with(10, 60_000, 2), &["claims 60000 entries"]);
    refused("few.pt", &with(10, 2, 2), &["bytes too many"]);
    refused("more.pt", &with(10, 4, 2), &["claims 4 entries"]);
    refused(
        "start.pt",
        &with(16, 1 << 31, 4),
        &["does not lie before its end"],
    );
    refused(
        "size.pt",
        &with(12, 1 << 31, 4),
        &["does not lie before its end"],
    );
    refused("shifted.pt", &with(16, 5, 4), &["zip entry 0"]);
    refused("disks.pt", &with(4, 1, 2), &["in several parts"]);
    refused("comment.pt", &with(20, 9, 2), &["cut off"]);
    refused("cut.pt", &sound[..sound.len() - 1], &["cut off"]);
    // A 64-bit directory whose claims are beyond all bounds.
    let mut large = sound[..end].to_vec();
    let at = large.len() as u64;
    let numbers = [u64::MAX, u64::MAX, u64::MAX, 0]
        .map(u64::to_le_bytes)
        .concat();
    large.extend([b"PK\x06\x06", &[0; 20][..], &numbers].concat());
    large.extend([b"PK\x06\x07\0\0\0\0", &at.to_le_bytes()[..], &[1, 0, 0, 0]].concat());
    large.extend(&with(16, u64::from(u32::MAX), 4)[end..]);
    refused("large.pt", &large, &["does not lie before its end"]);
}

#[test]
fn a_directory_of_nothing_but_entries_takes_little() {
    let _alone = alone();
    // As many entries as a directory may have, all empty.
    let names: Vec<Member> = (0..65_000)
        .map(|i| Member::new(&format!("{i:05}"), Vec::new()))
        .collect();
    refused("entries.pt", &archive(&names), &["holds no data.pkl"]);
}

#[test]
fn archives_of_others_are_told_as_such() {
    let _alone = alone();
    let other = archive(&[Member::new("word/document.xml", b"<xml/>".to_vec())]);
    refused(
        "letter.pt",
        &other,
        &["holds no data.pkl", "not what torch.save writes"],
    );
    let mut members = sound();
    members.push(Member::new("a/byteorder", b"big".to_vec()));
    refused("big.pt", &archive(&members), &["big-endian"]);
}

#[test]
fn a_pipe_is_not_waited_for() {
    let _alone = alone();
    if cfg!(unix) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe.pt");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        if made.is_ok_and(|made| made.success()) {
            let (opened, _) = measured(move || Checkpoint::open(&path).map(|_| ()));
            assert!(
                opened
                    .unwrap_err()
                    .to_string()
                    .contains("not a regular file")
            );
        }
    }
}
