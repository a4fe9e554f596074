//! The crates that the program is built of: where they come from, under which licences, and which have no place here. `deny.toml`
//! says the same to `cargo deny`, which knows more; this runs wherever the tests run.

use super::root;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Licences that go with MIT OR Apache-2.0. MPL-2.0 is one for files: what is built with them may have any licence.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "OFL-1.1",
    "Ubuntu-font-1.0",
    "Unicode-3.0",
    "Zlib",
];

/// Whoever talks to a network, or brings its own TLS.
const BANNED: [&str; 12] = [
    "curl",
    "curl-sys",
    "h2",
    "hyper",
    "isahc",
    "native-tls",
    "openssl",
    "openssl-sys",
    "reqwest",
    "rustls",
    "tokio",
    "ureq",
];

/// Whether a licence expression can be met with [`LICENCES`]. `OR` binds less than `AND`, and "/" is an old `OR`.
fn is_free(expression: &str) -> bool {
    let words = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut at = 0;
    let free = any(&words, &mut at);
    free && at == words.len()
}

fn any(words: &[&str], at: &mut usize) -> bool {
    let mut free = all(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        free |= all(words, at);
    }
    free
}

fn all(words: &[&str], at: &mut usize) -> bool {
    let mut free = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        free &= one(words, at);
    }
    free
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let word = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if word == "(" {
        let free = any(words, at);
        *at += 1;
        return free;
    }
    // An exception only allows more.
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    LICENCES.contains(&word)
}

#[test]
fn licence_expressions_are_understood() {
    for free in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-2.0-only OR Apache-2.0",
        "Apache-2.0 WITH LLVM-exception OR MIT",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
    ] {
        assert!(is_free(free), "{free}");
    }
    for not in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Zlib) AND SSPL-1.0",
        "",
        "MIT Zlib",
    ] {
        assert!(!is_free(not), "{not}");
    }
}

fn metadata() -> Value {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", host.unwrap()])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn every_crate_is_free_and_comes_from_the_registry() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 200);
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_free(licence), "{name}: {licence:?}");
        assert!(!BANNED.contains(&name), "{name} has no place here");
        let source = package["source"].as_str();
        let fits = match is_own(package) {
            true => source.is_none(),
            false => source.is_some_and(|source| source.starts_with("registry+")),
        };
        assert!(fits, "{name} comes from {source:?}");
        versions
            .entry(name)
            .or_default()
            .push(package["version"].as_str().unwrap());
    }
    for name in ["egui", "eframe", "candle-core", "safetensors"] {
        assert_eq!(versions[name].len(), 1, "{name}: {:?}", versions[name]);
    }
}

/// Whether a package is one of this workspace.
fn is_own(package: &Value) -> bool {
    let manifest = package["manifest_path"].as_str().unwrap();
    std::path::Path::new(manifest).starts_with(root())
}

/// Crates whose code is in the program, with version and licence: those that are neither for tests nor for building.
fn in_the_program(metadata: &Value) -> String {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let by_id = |id: &Value| nodes.iter().find(|node| node["id"] == *id).unwrap();
    let root = &metadata["resolve"]["root"];
    let mut found = vec![root.clone()];
    let mut at = 0;
    while at < found.len() {
        for dependency in by_id(&found[at])["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            let id = &dependency["pkg"];
            if kinds.iter().any(|kind| kind["kind"].is_null()) && !found.contains(id) {
                found.push(id.clone());
            }
        }
        at += 1;
    }
    let packages = metadata["packages"].as_array().unwrap();
    let mut lines: Vec<String> = packages
        .iter()
        .filter(|package| !is_own(package) && found.contains(&package["id"]))
        .map(|package| {
            let word = |key: &str| {
                let word = package[key].as_str().unwrap().replace('/', " OR ");
                word.split_whitespace().collect::<Vec<_>>().join(" ")
            };
            format!(
                "{} {}\t{}\n",
                word("name"),
                word("version"),
                word("license")
            )
        })
        .collect();
    lines.sort();
    lines.concat()
}

/// The About box lists what the program is made of. `UPDATE_CRATES=1` writes the list anew.
#[cfg(target_os = "linux")]
#[test]
fn the_list_of_crates_is_true() {
    let path = root().join("assets/crates.txt");
    let list = in_the_program(&metadata());
    if std::env::var_os("UPDATE_CRATES").is_some() {
        std::fs::write(&path, &list).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == list,
        "assets/crates.txt is not of this Cargo.lock; UPDATE_CRATES=1 cargo test --test library house:: writes it"
    );
}
