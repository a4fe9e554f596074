//! Circles of files: files that use each other, so that none can be understood, tested or moved without the others.

use super::{root, source_folders, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A module's place: the names that lead to it from the root.
type Place = Vec<String>;

/// A name that a `use` brings in: its path, what it is called here, and whether it is handed on.
struct Brought {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

/// A file of the library, with what it brings in and what else is in it.
struct Module {
    /// As it is named in messages.
    file: String,
    /// Where it lies: `a.rs` beside `a/` is of either folder.
    folders: Vec<String>,
    brought: Vec<Brought>,
    /// Paths that are written out where they are used.
    written: Vec<Vec<String>>,
    /// All else, without comments, tests and `use`.
    rest: String,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The code of a file: no comments, and no tests, which stand last.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code = code
        .split("#[cfg(test)]\npub mod ")
        .next()
        .unwrap_or_default();
    let code = code.split("#[cfg(all(test, ").next().unwrap_or_default();
    let lines = code
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The leaves of the tree of a `use`.
fn leaves(tree: &str, before: &[String], is_public: bool, into: &mut Vec<Brought>) {
    let tree = tree.trim();
    if let Some((head, inside)) = tree.split_once('{') {
        let mut path = before.to_vec();
        path.extend(
            head.split("::")
                .map(str::trim)
                .filter(|s| !s.is_empty())
                .map(Into::into),
        );
        let inside = inside.trim_end().trim_end_matches('}');
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    leaves(&inside[start..at], &path, is_public, into);
                    start = (at + 1).min(inside.len());
                }
                _ => {}
            }
        }
        return;
    }
    let (path, name) = match tree.split_once(" as ") {
        Some((path, name)) => (path, Some(name.trim().to_owned())),
        None => (tree, None),
    };
    let mut whole = before.to_vec();
    whole.extend(
        path.split("::")
            .map(|s| s.trim().to_owned())
            .filter(|s| !s.is_empty()),
    );
    if whole.last().is_some_and(|last| last == "self") {
        whole.pop();
    }
    let Some(last) = whole
        .last()
        .cloned()
        .filter(|_| whole.len() > before.len() || name.is_some() || !tree.is_empty())
    else {
        return;
    };
    into.push(Brought {
        path: whole,
        name: name.unwrap_or(last),
        is_public,
    });
}

/// The paths in `text` that begin with one of `first`.
fn paths(text: &str, first: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for name in first {
        let with = format!("{name}::");
        for (at, _) in text.match_indices(&with) {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            // `pub(in crate::ui)` says who may use it, and uses nothing.
            if is_word(before) || before == ':' || text[..at].ends_with("(in ") {
                continue;
            }
            let end = text[at..].find(|c: char| !is_word(c) && c != ':');
            let path = &text[at..end.map_or(text.len(), |end| at + end)];
            found.push(
                path.split("::")
                    .filter(|s| !s.is_empty())
                    .map(Into::into)
                    .collect(),
            );
        }
    }
    found
}

fn module(file: String, folders: Vec<String>, text: &str) -> Module {
    let code = code(text);
    let (mut brought, mut rest) = (Vec::new(), String::new());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        let is_public = start.starts_with("pub");
        let uses = match start
            .strip_prefix("pub")
            .map(|s| s.trim_start_matches(|c| c != ' ').trim_start())
        {
            Some(after) => after.strip_prefix("use "),
            None => start.strip_prefix("use "),
        };
        let Some(tree) = uses else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.contains(';') {
            let Some(line) = lines.next() else { break };
            tree.push_str(line.trim());
            tree.push(' ');
        }
        let tree = tree.split(';').next().unwrap_or_default();
        leaves(tree, &[], is_public, &mut brought);
    }
    let written = paths(&rest, &["crate", "super", "self"]);
    Module {
        file,
        folders,
        brought,
        written,
        rest,
    }
}

/// The library as modules, by their places.
fn modules(src: &Path) -> BTreeMap<Place, Module> {
    let mut all = BTreeMap::new();
    for (path, text) in sources(src) {
        let inside = path.strip_prefix(src).unwrap().with_extension("");
        let mut place: Place = inside
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        if place.iter().any(|name| name.starts_with("tests")) || place == ["main"] {
            continue;
        }
        let is_root = place == ["lib"] || place.last().is_some_and(|last| last == "mod");
        if is_root {
            place.pop();
        }
        let mut folders = Vec::new();
        if is_root || path.with_extension("").is_dir() {
            folders.push(place.join("/"));
        }
        if !is_root {
            folders.push(place[..place.len() - 1].join("/"));
        }
        let file = inside.with_extension("rs").display().to_string();
        all.insert(place.clone(), module(file, folders, &text));
    }
    all
}

/// The file that a path leads to, from the module at `here`: re-exports are followed to where something is defined.
fn resolve(
    all: &BTreeMap<Place, Module>,
    here: &Place,
    path: &[String],
    depth: usize,
) -> Option<Place> {
    let mut at = here.clone();
    let mut names = path.iter().peekable();
    match names.peek()?.as_str() {
        "crate" => {
            at.clear();
            names.next();
        }
        "self" => {
            names.next();
        }
        "super" => {
            while names.next_if(|name| *name == "super").is_some() {
                at.pop()?;
            }
        }
        first => {
            let mut child = at.clone();
            child.push(first.to_owned());
            all.get(&child)?;
        }
    }
    while let Some(name) = names.next() {
        let mut child = at.clone();
        child.push(name.clone());
        if all.contains_key(&child) {
            at = child;
            continue;
        }
        let module = all.get(&at)?;
        let handed = module.brought.iter().find(|brought| brought.name == *name);
        if let Some(handed) = handed.filter(|_| depth < 8) {
            let mut whole = handed.path.clone();
            whole.extend(names.cloned());
            return resolve(all, &at, &whole, depth + 1).or(Some(at));
        }
        return Some(at);
    }
    Some(at)
}

/// Which files each file uses.
fn uses(all: &BTreeMap<Place, Module>) -> BTreeMap<&Place, BTreeSet<Place>> {
    let mut edges = BTreeMap::new();
    for (place, module) in all {
        let mut used = BTreeSet::new();
        for brought in &module.brought {
            // What is only handed on is not used here.
            let word = |at: usize| {
                let before = module.rest[..at].chars().next_back();
                let after = module.rest[at + brought.name.len()..].chars().next();
                !before.is_some_and(is_word) && !after.is_some_and(is_word)
            };
            let is_used = module
                .rest
                .match_indices(&brought.name)
                .any(|(at, _)| word(at));
            if !brought.is_public || is_used {
                used.extend(resolve(all, place, &brought.path, 0));
            }
        }
        for path in &module.written {
            used.extend(resolve(all, place, path, 0));
        }
        let children = all
            .keys()
            .filter(|child| child.len() == place.len() + 1 && child.starts_with(place));
        let children: Vec<&str> = children
            .filter_map(|child| child.last())
            .map(String::as_str)
            .collect();
        for path in paths(&module.rest, &children) {
            used.extend(resolve(all, place, &path, 0));
        }
        used.remove(place);
        edges.insert(place, used);
    }
    edges
}

/// What can be reached from `start`.
fn reached<'a>(
    edges: &'a BTreeMap<&Place, BTreeSet<Place>>,
    start: &'a Place,
) -> BTreeSet<&'a Place> {
    let (mut found, mut next) = (BTreeSet::new(), vec![start]);
    while let Some(at) = next.pop() {
        for used in edges.get(at).into_iter().flatten() {
            if found.insert(used) {
                next.push(used);
            }
        }
    }
    found
}

/// A circle: its files, the rooms in which they lie, and whether these are in no one folder.
struct Circle {
    files: Vec<String>,
    rooms: BTreeSet<String>,
    crosses: bool,
}

/// The circles of the library, the largest first.
fn circles(src: &Path) -> Vec<Circle> {
    let all = modules(src);
    let edges = uses(&all);
    let reach: BTreeMap<&Place, BTreeSet<&Place>> = all
        .keys()
        .map(|place| (place, reached(&edges, place)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for place in all.keys().filter(|place| reach[place].contains(place)) {
        if seen.contains(place) {
            continue;
        }
        let circle: Vec<&Place> = all
            .keys()
            .filter(|other| reach[place].contains(other) && reach[other].contains(place))
            .collect();
        seen.extend(circle.iter().copied());
        let lies_in = |folder: &String| {
            let mut files = circle.iter();
            files.all(|place| all[*place].folders.contains(folder))
        };
        found.push(Circle {
            files: circle
                .iter()
                .map(|place| all[*place].file.clone())
                .collect(),
            rooms: circle
                .iter()
                .filter_map(|place| place.first().cloned())
                .collect(),
            crosses: !all[circle[0]].folders.iter().any(lies_in),
        });
    }
    found.sort_by_key(|circle| std::cmp::Reverse(circle.files.len()));
    found
}

/// The most files that may use each other.
const MOST: usize = 6;

#[test]
fn files_use_each_other_in_small_circles() {
    let of_crate = |src: PathBuf| {
        let name = match src == root().join("src") {
            true => "spanscope".into(),
            false => src
                .parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned(),
        };
        let found = circles(&src).into_iter();
        found.map(move |circle| (name.clone(), circle))
    };
    // Of crates that are one room, the crate is the room.
    let folders = source_folders().into_iter();
    for (name, circle) in folders.flat_map(of_crate) {
        let files = circle.files.join(", ");
        let rooms = &circle.rooms;
        let is_house = ["spanscope", "spanscope-core"].contains(&name.as_str());
        assert!(
            rooms.len() == 1 || !is_house,
            "a circle through several rooms: {files}"
        );
        let count = circle.files.len();
        assert!(
            count <= MOST,
            "{count} files use each other in a circle: {files}"
        );
        assert!(!circle.crosses, "a circle through several folders: {files}");
    }
}

#[test]
fn no_view_uses_another() {
    let all = modules(&root().join("src"));
    let view = |place: &Place| match &place[..] {
        [ui, views, view, ..] if ui == "ui" && views == "views" => Some(view.clone()),
        _ => None,
    };
    let is_folder = |name: &String| root().join("src/ui/views").join(name).is_dir();
    let mut edges = 0;
    for (place, used) in uses(&all) {
        let Some(own) = view(place).filter(is_folder) else {
            continue;
        };
        for other in used.iter().filter_map(view).filter(is_folder) {
            assert_eq!(own, other, "{}", all[place].file);
            edges += 1;
        }
    }
    assert!(edges > 60, "the test reads the sources: {edges}");
}

#[test]
fn circles_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a;\nmod b;\npub use b::{Handed, c};\n");
    write(
        "a.rs",
        "use crate::{\n    Handed,\n};\nfn f(x: Handed) {} // crate::b::c\n",
    );
    write("b/mod.rs", "pub mod c;\npub mod d;\npub use d::Handed;\n");
    write("b/c.rs", "fn g() { crate::a::f() }\n");
    write("b/d.rs", "use super::c::*;\npub struct Handed;\n");
    write(
        "b/e.rs",
        "pub(in crate::b) struct E;\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n",
    );
    let found = circles(folder.path());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].files, ["a.rs", "b/c.rs", "b/d.rs"]);
    assert!(found[0].crosses);
}
