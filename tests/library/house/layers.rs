//! The rooms of ARCHITECTURE.md, and what each may know.

use super::{all_sources, root, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rooms of the program and of `spanscope-core`, and the crates that are one room, with the rooms that each may use. None may
/// use itself through another: that is tested as well.
const MAY_USE: [(&str, &[&str]); 27] = [
    (
        "python",
        &["cli", "engine", "analysis", "chart", "model", "checkpoint"],
    ),
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
            "shown",
        ],
    ),
    (
        "ui",
        &[
            "mixer",
            "engine",
            "analysis",
            "chart",
            "model",
            "checkpoint",
            "text",
            "files",
            "json",
            "platform",
            "shown",
            "egui_offscreen",
        ],
    ),
    ("samples", &[]),
    (
        "bench",
        &[
            "mixer",
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
            "mixer",
            "analysis",
            "chart",
            "model",
            "checkpoint",
            "text",
            "files",
            "json",
            "platform",
            "shown",
        ],
    ),
    (
        "train",
        &[
            "mixer",
            "model",
            "checkpoint",
            "text",
            "files",
            "json",
            "shown",
        ],
    ),
    ("chart", &["files", "head_id", "shown"]),
    ("egui_offscreen", &[]),
    ("windows", &[]),
    ("analysis", &["lanes", "mixer", "model", "checkpoint"]),
    (
        "model",
        &[
            "checkpoint",
            "head_id",
            "json",
            "lanes",
            "neuron_id",
            "platform",
            "shown",
        ],
    ),
    (
        "checkpoint",
        &["files", "json", "platform", "shown", "zip_directory"],
    ),
    (
        "text",
        &[
            "files",
            "json",
            "mixer",
            "platform",
            "shown",
            "zip_directory",
        ],
    ),
    ("files", &["platform", "shown"]),
    ("head_id", &[]),
    ("mixer", &[]),
    ("neuron_id", &[]),
    ("platform", &["mixer"]),
    // The page, on the window: nothing uses it.
    ("web", &[]),
    ("json", &["shown"]),
    ("lanes", &[]),
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
    ("lib", &["engine", "bench", "chart", "train"]),
];

/// The names that follow `prefix` anywhere in `text`.
fn names_after<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(prefix).map(move |(at, _)| {
        let rest = &text[at + prefix.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// The room that a file belongs to: of the crates other than the program and the core, the crate itself.
fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    let mut parts = inside.iter().map(|part| part.to_str().unwrap());
    let folder = match parts.next() {
        Some("src") => "spanscope",
        _ => parts.next().unwrap(),
    };
    match folder {
        "spanscope" | "spanscope-core" => {
            let room = parts.find(|part| *part != "src").unwrap();
            room.trim_end_matches(".rs").to_owned()
        }
        folder => folder.trim_start_matches("spanscope-").to_owned(),
    }
}

/// The rooms that are used in `text`, by all of the names under which they can be reached.
fn rooms_used(text: &str) -> Vec<String> {
    let in_crates = ["crate::", "spanscope_core::"].map(|prefix| names_after(text, prefix));
    let crates = names_after(text, "spanscope_").filter(|name| *name != "core");
    let offscreen = names_after(text, "egui_offscreen").map(|_| "egui_offscreen");
    let all = in_crates
        .into_iter()
        .flatten()
        .chain(crates)
        .chain(offscreen);
    all.map(Into::into).collect()
}

#[test]
fn dependencies_run_one_way() {
    let may: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut uses = 0;
    for (path, text) in all_sources() {
        let room = room_of(&path);
        let allowed = may.get(room.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{room} is a room that no rule names"));
        // What a crate that is one room has in itself.
        let is_crate = path.starts_with(root().join("crates"))
            && !path.starts_with(root().join("crates/spanscope-core"));
        for used in rooms_used(&text) {
            // `use crate::{a, b}` hides what it uses from this test.
            assert!(
                !used.is_empty() || is_crate || room == "lib",
                "{}: crate::{{…}}",
                path.display()
            );
            if may.contains_key(used.as_str()) && used != room && room != "lib" {
                assert!(
                    allowed.contains(&used.as_str())
                        || is_crate && text.contains(&format!("crate::{used}")),
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
    for (path, text) in all_sources() {
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
    assert_eq!(
        with,
        [
            "crates/spanscope-core/src/checkpoint/bytes.rs",
            "crates/spanscope-train/src/product.rs"
        ]
    );
}

#[test]
fn files_stay_small() {
    for (path, text) in all_sources() {
        let lines = text.lines().count();
        // The published options and presets are one table.
        let most = match path.ends_with("spanscope-train/src/options.rs") {
            true => 560,
            false => 500,
        };
        assert!(lines <= most, "{}: {lines} lines", path.display());
    }
}
