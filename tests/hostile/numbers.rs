//! Every number of every kind of file that belongs to a model, set to what no such number is: an error in words, or a result.

use super::measured::{ALLOWED, alone, measured};
use super::stored::{Kind, base, places, used};

/// Numbers that are much, little, or on some edge.
fn extremes() -> Vec<serde_json::Value> {
    let whole = [
        0,
        1,
        2,
        1 << 31,
        1 << 32,
        1 << 53,
        u64::MAX >> 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    let signed = [-1, i64::MIN];
    let real = [0.5, -0.5, 1e-320, 1e19, 1e308, -1e308];
    let whole = whole.into_iter().map(serde_json::Value::from);
    let signed = signed.into_iter().map(serde_json::Value::from);
    let real = real.into_iter().map(serde_json::Value::from);
    whole
        .chain(signed)
        .chain(real)
        .chain([serde_json::Value::Null])
        .collect()
}

#[test]
fn numbers_that_cannot_be_are_errors_and_never_a_panic() {
    let _alone = alone();
    let base = base();
    for kind in Kind::ALL {
        let parts = base.of(kind);
        let header = parts.header(kind);
        let path = base.path("numbers.safetensors");
        parts.write(&path);
        assert_eq!(used(kind, &path), Ok(()), "{kind:?} as it was made");
        let all = places(&header, serde_json::Value::is_number);
        assert!(all.len() > 15, "{kind:?}: {all:?}");
        for place in all {
            for extreme in extremes() {
                let mut changed = header.clone();
                *changed.pointer_mut(&place).unwrap() = extreme.clone();
                parts.with(kind, &changed).write(&path);
                let (bytes, to_use) = (std::fs::metadata(&path).unwrap().len(), path.clone());
                let (done, peak) = measured(move || used(kind, &to_use));
                assert!(
                    peak < ALLOWED + bytes as usize,
                    "{kind:?} {place} {extreme}: {peak} bytes"
                );
                if let Err(said) = done {
                    let what = format!("{kind:?} {place} {extreme}: {said}");
                    // A run that diverges is told by its step.
                    assert!(
                        said.contains("numbers.safetensors") || said.starts_with("step "),
                        "{what}"
                    );
                    assert!(said.chars().count() < 400 && !said.contains('\n'), "{what}");
                }
            }
        }
    }
}

/// The message of a training state whose field `place` is `value`.
fn refused(place: &str, value: serde_json::Value) -> String {
    let base = base();
    let parts = base.of(Kind::Training);
    let mut header = parts.header(Kind::Training);
    *header.pointer_mut(place).unwrap() = value;
    let path = base.path("state.safetensors");
    parts.with(Kind::Training, &header).write(&path);
    used(Kind::Training, &path).unwrap_err()
}

#[test]
fn a_field_that_cannot_be_is_named() {
    let _alone = alone();
    for value in [u64::MAX, u64::MAX - 7, 1 << 40, 1400] {
        let said = refused("/place/at", value.into());
        assert!(said.contains(&format!("place.at is {value}")), "{said}");
        assert!(
            said.contains("2700 tokens") && said.contains("1350 in each of 2 rows"),
            "{said}"
        );
    }
    assert!(refused("/place/epoch", u64::MAX.into()).contains("place.epoch"));
    assert!(refused("/step", u64::MAX.into()).contains("step is"));
    assert!(refused("/entries/0/step", 1_000_000.into()).contains("entries[0].step"));
    assert!(refused("/since_entry/1", u64::MAX.into()).contains("since_entry"));
    assert!(refused("/seconds", (-1.0).into()).contains("seconds"));
    let options = refused("/options/hidden_size", (1_u64 << 40).into());
    assert!(
        options.contains("its options cannot be: --hid-sz"),
        "{options}"
    );
    assert!(refused("/options/lr", 1e300.into()).contains("--lr"));
}

/// Numbers of a session: whatever they are, it is read.
#[test]
fn a_session_of_any_numbers_is_survived() {
    let _alone = alone();
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/session");
    let mut changed_places = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        let Ok(session) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
            continue;
        };
        for place in places(&session, serde_json::Value::is_number) {
            changed_places += 1;
            for extreme in extremes() {
                let mut changed = session.clone();
                *changed.pointer_mut(&place).unwrap() = extreme;
                spanscope::fuzzing::session(changed.to_string().as_bytes());
            }
        }
    }
    assert!(changed_places > 10, "{changed_places}");
}
