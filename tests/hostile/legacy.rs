//! The legacy stream: counts and lists that do not fit the file.

use super::build::*;
use super::measured::{alone, refused};
use spanscope::checkpoint::Checkpoint;

fn object() -> Vec<u8> {
    checkpoint(&[
        (text("key_pe"), vector("0", 4)),
        (text("other"), vector("1", 2)),
    ])
}

fn storages() -> Vec<(u64, Vec<u8>)> {
    vec![(4, numbers(4)), (2, numbers(2))]
}

#[test]
fn the_builder_builds_what_opens() {
    let _alone = alone();
    let bytes = legacy(object(), &["0", "1"], &storages());
    let opened = Checkpoint::from_bytes("made.pt".as_ref(), bytes).unwrap();
    assert_eq!(opened.read("key_pe").unwrap(), [0., 1., 2., 3.]);
    assert_eq!(opened.read("other").unwrap(), [0., 1.]);
}

#[test]
fn lists_of_storages_that_do_not_fit_are_refused() {
    let _alone = alone();
    for (name, keys, parts) in [
        (
            "twice.pt",
            &["0", "0"][..],
            &["storage 0 is listed twice"][..],
        ),
        (
            "unknown.pt",
            &["0", "7"],
            &["storage 7 has no known element type"],
        ),
        (
            "missing.pt",
            &["1"],
            &["tensor key_pe", "storage 0 is missing"],
        ),
        ("order.pt", &["1", "0"], &["elements", "expected"]),
        ("more.pt", &["0", "1", "0"], &["0"]),
    ] {
        refused(name, &legacy(object(), keys, &storages()), parts);
    }
    let none = [legacy_head(), object(), pickle(b"N".to_vec())].concat();
    refused("none.pt", &none, &["the list of storages is not a list"]);
    let numbers = [legacy_head(), object(), pickle(ints(&[1]))].concat();
    refused("numbers.pt", &numbers, &["a storage key is not text"]);
}

#[test]
fn sizes_beyond_the_file_are_refused() {
    let _alone = alone();
    for (name, count, part) in [
        ("terabyte.pt", 1_i64 << 40, "the file ends inside storage 0"),
        ("most.pt", i64::MAX, "the file ends inside storage 0"),
        ("negative.pt", -1, "4294967295"),
    ] {
        let object = checkpoint(&[(text("key_pe"), vector("0", count))]);
        // Without a count in the pickle the stream's own counts.
        let claimed = if count < 0 {
            u64::from(u32::MAX)
        } else {
            count as u64
        };
        let bytes = legacy(object, &["0"], &[(claimed, numbers(4))]);
        refused(name, &bytes, &["storage 0", part]);
    }
    let (cut, whole) = (
        vec![(4, numbers(4))],
        legacy(object(), &["0", "1"], &storages()),
    );
    refused(
        "cut.pt",
        &legacy(object(), &["0", "1"], &cut),
        &["the file ends inside storage 1"],
    );
    refused(
        "end.pt",
        &whole[..whole.len() - 1],
        &["the file ends inside storage 1"],
    );
}

#[test]
fn a_storage_of_two_kinds_is_refused() {
    let _alone = alone();
    let half = tensor_on(storage("0", "HalfStorage", 4), 0, &[4], &[1]);
    let object = checkpoint(&[(text("key_pe"), vector("0", 4)), (text("other"), half)]);
    let bytes = legacy(object, &["0"], &[(4, numbers(4))]);
    refused("kinds.pt", &bytes, &["storage 0 is said to have two sizes"]);
    let strange = tensor_on(storage("0", "QuantumStorage", 4), 0, &[4], &[1]);
    let bytes = legacy(
        checkpoint(&[(text("key_pe"), strange)]),
        &["0"],
        &[(4, numbers(4))],
    );
    refused(
        "strange.pt",
        &bytes,
        &["key_pe", "Quantum", "number format"],
    );
    // Where what comes after it lies cannot be known; what lies before it can.
    let strange = || tensor_on(storage("9", "QuantumStorage", 4), 0, &[4], &[1]);
    let object = checkpoint(&[(text("key_pe"), vector("0", 4)), (text("odd"), strange())]);
    let (own, odd) = ((4, numbers(4)), (4, vec![0; 12]));
    let after = legacy(object.clone(), &["9", "0"], &[odd.clone(), own.clone()]);
    refused(
        "after.pt",
        &after,
        &[
            "storage 0 lies is not known",
            "unknown element type QuantumStorage",
        ],
    );
    let before = legacy(object, &["0", "9"], &[own, odd]);
    let opened = Checkpoint::from_bytes("made.pt".as_ref(), before).unwrap();
    assert_eq!(opened.read("key_pe").unwrap(), [0., 1., 2., 3.]);
}

#[test]
fn five_pickles_share_one_bound() {
    let _alone = alone();
    // Each of the first three as large as one alone may be.
    let values = pickle([b"(".to_vec(), b"N".repeat(80_000), b"t".to_vec()].concat());
    let head = &legacy_head()[..15];
    let stream = [head, &values.repeat(5)].concat();
    refused("five.pt", &stream, &["legacy protocol"]);
    let protocol = pickle(int(1001));
    let stream = [head, &protocol, &values.repeat(4)].concat();
    refused("four.pt", &stream, &["more memory than a file of its size"]);
}

#[test]
fn other_protocols_and_orders_are_told() {
    let _alone = alone();
    let stream = |protocol: Vec<u8>, system: Vec<u8>| {
        [
            &legacy_head()[..15],
            &protocol,
            &system,
            &object(),
            &pickle(b"]".to_vec()),
        ]
        .concat()
    };
    let sound = || pickle(b"}".to_vec());
    refused(
        "later.pt",
        &stream(pickle(int(1002)), sound()),
        &["legacy protocol 1002, expected 1001"],
    );
    refused(
        "none.pt",
        &stream(pickle(b"N".to_vec()), sound()),
        &["no number, expected 1001"],
    );
    let big = pickle(dict(&[(text("little_endian"), b"\x89".to_vec())]));
    refused("big.pt", &stream(pickle(int(1001)), big), &["big-endian"]);
}
