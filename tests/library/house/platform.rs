//! What a page in a browser lacks is asked for in one room, and numbers fit where addresses have 32 bits.

use super::{root, sources};
use std::path::Path;
use std::process::Command;

/// What the standard library has on a desktop only.
const OF_DESKTOPS: [&str; 11] = [
    "std::fs::",
    "std::thread::",
    "std::time::{Instant",
    "std::time::Instant",
    "std::time::SystemTime",
    ".is_file()",
    ".is_dir()",
    ".exists()",
    "Condvar",
    "recv_timeout(",
    "process::id()",
];

/// Files that a page does not have, or that ask `HAS_THREADS` before they wait, and why.
const MAY: [(&str, &str); 13] = [
    ("spanscope-core/src/files/guard.rs", "a disk's"),
    ("spanscope-core/src/files/part.rs", "a disk's"),
    ("spanscope-core/src/files/target.rs", "a disk's"),
    (
        "spanscope-core/src/files/held.rs",
        "the number of a file, where there are disks",
    ),
    ("spanscope-engine/src/corpus/find.rs", "of the command line"),
    ("spanscope-engine/src/corpus/jobs.rs", "of the command line"),
    (
        "spanscope-engine/src/memory.rs",
        "nothing where there is no such file",
    ),
    ("spanscope-engine/src/follow.rs", "a page follows nothing"),
    ("spanscope-engine/src/worker.rs", "asks HAS_THREADS"),
    ("spanscope-engine/src/steps/opening.rs", "asks HAS_THREADS"),
    ("src/ui/session/writer.rs", "asks HAS_THREADS"),
    ("src/ui/disk.rs", "asks HAS_THREADS"),
    ("src/ui/dialogs/native.rs", "a desktop's"),
];

/// The code of a file: no comments, and no tests, which stand last.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next();
    let lines = code.unwrap_or_default().lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The sources that a page is built of.
fn of_the_page() -> Vec<(String, String)> {
    let rooms = [
        "src/ui",
        "crates/spanscope-core/src",
        "crates/spanscope-chart/src",
        "crates/spanscope-engine/src",
        "crates/spanscope-web/src",
    ];
    let all = rooms.iter().flat_map(|room| sources(&root().join(room)));
    let named = all.map(|(path, text)| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        (name.replace('\\', "/"), code(&text))
    });
    named
        .filter(|(name, _)| !name.contains("/tests") && !name.contains("/platform/"))
        .collect()
}

#[test]
fn what_a_page_lacks_is_asked_for_in_one_room() {
    let all = of_the_page();
    assert!(all.len() > 200, "the test reads the sources: {}", all.len());
    let mut found = Vec::new();
    for (name, code) in &all {
        let may = MAY.iter().find(|(file, _)| name.ends_with(file));
        for way in OF_DESKTOPS {
            let is_there = code.match_indices(way).any(|(at, _)| {
                // Of a `Metadata` it is a question that a page can answer.
                let before = code[..at].chars().rev().take(5).collect::<String>();
                !(way.starts_with(".is_") && before.starts_with("ofni"))
            });
            if !is_there {
                continue;
            }
            assert!(
                may.is_some(),
                "{name} uses {way}, which no page has: use spanscope_core::platform"
            );
            found.push(may.unwrap().0);
        }
    }
    for (file, why) in MAY {
        assert!(
            found.contains(&file),
            "{file} ({why}) needs no exception any more"
        );
    }
}

#[test]
fn no_number_of_64_bits_is_a_size() {
    for (name, code) in of_the_page() {
        for (number, line) in code.lines().enumerate() {
            let shifts = line.match_indices("1 << ").filter_map(|(at, way)| {
                let rest = &line[at + way.len()..];
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                digits.parse::<u32>().ok()
            });
            let is_wide = shifts.max().is_some_and(|bits| bits >= 32);
            let says_so = ["u64", "u128", "f64"]
                .iter()
                .any(|wide| line.contains(wide));
            // The sum is one of numbers with 64 bits.
            let is_known = name.ends_with("model/recorded_network.rs");
            assert!(
                !is_wide || says_so || is_known,
                "{name}:{}: a size of more than 32 bits does not fit where addresses have 32: say u64",
                number + 1
            );
        }
    }
}

/// A target with addresses of 32 bits whose standard library is installed; the toolchain's own list.
fn narrow_target() -> Option<&'static str> {
    let narrow = ["wasm32-unknown-unknown", "i686-unknown-linux-gnu"];
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
    let sysroot = String::from_utf8(sysroot.ok()?.stdout).ok()?;
    let lib = Path::new(sysroot.trim()).join("lib/rustlib");
    narrow.into_iter().find(|name| lib.join(name).is_dir())
}

#[test]
fn the_core_compiles_where_addresses_have_32_bits() {
    let Some(target) = narrow_target() else {
        // Named, so that nobody takes it for tried.
        let said = "skipped: no 32-bit target; rustup target add wasm32-unknown-unknown";
        std::io::Write::write_all(&mut std::io::stderr(), format!("{said}\n").as_bytes()).unwrap();
        return;
    };
    let done = Command::new(env!("CARGO"))
        .args(["check", "--locked", "--offline", "-p", "spanscope-core"])
        .args(["--target", target])
        .arg("--target-dir")
        .arg(root().join("target/narrow"))
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{target}: {said}");
}
