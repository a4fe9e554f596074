//! The rooms of ARCHITECTURE.md, and what each may know.

use super::{root, sources};
use std::collections::{BTreeMap, BTreeSet};

/// Every room with the rooms it may use. None may use itself through another: that is tested as well.
const MAY_USE: [(&str, &[&str]); 17] = [
    (
        "cli",
        &[
            "ui",
            "bench",
            "engine",
            "train",
            "analysis",
            "chart",
            "model",
            "checkpoint",
            "text",
            "files",
            "fonts",
            "shown",
        ],
    ),
    (
        "ui",
        &[
            "engine",
            "analysis",
            "chart",
            "model",
            "checkpoint",
            "text",
            "files",
            "fonts",
            "json",
            "shown",
        ],
    ),
    (
        "bench",
        &[
            "engine",
            "analysis",
            "chart",
            "model",
            "checkpoint",
            "shown",
        ],
    ),
    (
        "engine",
        &[
            "train",
            "analysis",
            "chart",
            "model",
            "checkpoint",
            "text",
            "files",
            "json",
            "shown",
        ],
    ),
    (
        "train",
        &["model", "checkpoint", "text", "files", "json", "shown"],
    ),
    ("analysis", &["model", "checkpoint"]),
    ("model", &["checkpoint", "json", "shown"]),
    ("chart", &["files", "fonts", "shown"]),
    ("checkpoint", &["files", "json", "shown", "zip_directory"]),
    ("text", &["files", "json", "shown", "zip_directory"]),
    ("files", &["shown"]),
    ("fonts", &[]),
    ("json", &["shown"]),
    ("shown", &[]),
    ("zip_directory", &["files", "shown"]),
    (
        "fuzzing",
        &[
            "ui",
            "engine",
            "train",
            "analysis",
            "model",
            "checkpoint",
            "text",
        ],
    ),
    ("main", &["cli"]),
];

/// The names that follow `prefix` anywhere in `text`.
fn names_after<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(prefix).map(move |(at, _)| {
        let rest = &text[at + prefix.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

fn room_of(path: &std::path::Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn dependencies_run_one_way() {
    let may: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut uses = 0;
    for (path, text) in sources(&root().join("src")) {
        let room = room_of(&path);
        if room == "lib" {
            continue;
        }
        let allowed = may.get(room.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{room} is a room that no rule names"));
        for used in names_after(&text, "crate::") {
            // `use crate::{a, b}` hides what it uses from this test.
            assert!(!used.is_empty(), "{}: crate::{{…}}", path.display());
            if may.contains_key(used) && used != room {
                assert!(
                    allowed.contains(&used),
                    "{}: {room} must not use {used}",
                    path.display()
                );
                uses += 1;
            }
        }
    }
    assert!(uses > 300, "the test reads the sources: {uses}");
}

#[test]
fn no_room_uses_itself_through_others() {
    let may: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    for (room, _) in MAY_USE {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = may[room].to_vec();
        while let Some(used) = next.pop() {
            assert_ne!(used, room);
            if reached.insert(used) {
                next.extend(may[used]);
            }
        }
    }
}

#[test]
fn views_know_no_other_view() {
    let views = root().join("src/ui/views");
    let names: BTreeSet<String> = std::fs::read_dir(&views)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(names.len() >= 6, "{names:?}");
    for (path, text) in sources(&views) {
        let inside = path.strip_prefix(&views).unwrap();
        let own = inside.iter().next().unwrap().to_str().unwrap();
        let own = own.trim_end_matches(".rs");
        if own == "mod" {
            continue;
        }
        for used in names_after(&text, "views::") {
            assert!(
                used == own || !names.contains(used),
                "{}: uses the view {used}",
                path.display()
            );
        }
    }
}

#[test]
fn unsafe_code_stands_where_it_is_named() {
    let mut with = Vec::new();
    for (path, text) in sources(&root().join("src")) {
        let code = text.lines().map(|line| line.split("//").next().unwrap());
        let count = code.filter(|line| {
            line.contains("unsafe ")
                || line.contains("unsafe{")
                || line.contains("allow(unsafe_code)")
        });
        if count.count() > 0 {
            let inside = path.strip_prefix(root()).unwrap();
            with.push(inside.display().to_string().replace('\\', "/"));
            assert!(text.contains("SAFETY:"), "{} says why", path.display());
        }
    }
    assert_eq!(with, ["src/checkpoint/bytes.rs", "src/train/product.rs"]);
}

#[test]
fn files_stay_small() {
    for (path, text) in sources(&root().join("src")) {
        let lines = text.lines().count();
        // The published options and presets are one table.
        let most = match path.ends_with("train/options.rs") {
            true => 560,
            false => 500,
        };
        assert!(lines <= most, "{}: {lines} lines", path.display());
    }
}
