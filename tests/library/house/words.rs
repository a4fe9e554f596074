//! Words out of files: whatever is put into a message goes through one of the functions of `spanscope_core::shown`, which bound and escape
//! it. Here are the ways around them.

use super::{all_sources, root};
use std::path::PathBuf;

/// The sources but for the window's, whose notes are bounded where they are made, and for tests.
fn code() -> Vec<(PathBuf, String)> {
    let window = root().join("src/ui");
    let mut all = all_sources();
    all.retain(|(path, _)| {
        let inside = path.strip_prefix(root()).unwrap();
        let name = inside.file_name().unwrap().to_str().unwrap();
        !path.starts_with(&window)
            && !name.starts_with("tests")
            && !inside.ends_with("tests/mod.rs")
    });
    for (_, text) in &mut all {
        // What stands under `#[cfg(test)]` is at the end.
        if let Some(at) = text.find("#[cfg(test)]\nmod tests {") {
            text.truncate(at);
        }
    }
    all
}

#[test]
fn paths_are_shown_and_not_displayed() {
    for (path, text) in code() {
        for (i, line) in text.lines().enumerate() {
            assert!(
                !line.contains(".display()"),
                "{}:{}: shown_path() escapes a path and bounds it",
                path.display(),
                i + 1
            );
        }
    }
}

#[test]
fn lines_for_people_leave_at_one_place() {
    let may = ["cli/common.rs", "cli/screen.rs"];
    for (path, text) in code() {
        if may.iter().any(|file| path.ends_with(file)) {
            continue;
        }
        for way in [
            "println!",
            "eprintln!",
            "eprint!",
            "print!(",
            "::stderr()",
            "::stdout()",
            "dbg!",
        ] {
            assert!(
                !text.contains(way),
                "{}: {way} beside say() and Screen",
                path.display()
            );
        }
    }
}

/// What serde_json says of a file repeats its strings whole.
#[test]
fn complaints_of_json_are_shown() {
    for (path, text) in code() {
        for (at, _) in text.match_indices("serde_json::from_") {
            let rest = &text[at..];
            let end = rest.find(";\n").unwrap_or(rest.len());
            let statement = &rest[..end.min(400)];
            let tells = statement.contains("error}")
                || statement.contains("e}")
                || statement.contains("to_string()");
            assert!(
                !tells || statement.contains("shown"),
                "{}: {statement}",
                path.display()
            );
        }
    }
}

/// The end of the bracket that is open at the start of `text`, strings left out.
fn closing(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped) = (1, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Every string in an error may be one of a file, so its words are those of `shown`, `said` or their kind.
#[test]
fn strings_in_errors_are_shown() {
    const STRINGS: [&str; 3] = ["String", "Option<String>", "Vec<String>"];
    let mut looked_at = 0;
    for (path, text) in code() {
        for (at, start) in text.match_indices("#[error(") {
            let rest = &text[at + start.len()..];
            let end = closing(rest);
            let attribute = &rest[..end];
            // The variant, or the struct, up to the end of its fields.
            let after = &rest[end + 2..];
            let open = after.find(['{', '(', ',']).unwrap_or(0);
            let fields = match &after[open..=open] {
                "," => "",
                _ => &after[open + 1..open + 1 + closing(&after[open + 1..])],
            };
            let told = |name: &str| {
                let inline = attribute.contains(&format!("{{{name}}}"))
                    || attribute.contains(&format!("{{{name}:?}}"));
                let is_shown = [
                    format!("(.{name})"),
                    format!("({name})"),
                    format!("(&format!(\"{{{name}"),
                ];
                inline && !is_shown.iter().any(|way| attribute.contains(way.as_str()))
            };
            if fields.trim() == "String" {
                looked_at += 1;
                assert!(!told("0"), "{}: {attribute}", path.display());
            }
            for field in fields.lines() {
                let Some((name, kind)) = field.trim().trim_start_matches("pub ").split_once(": ")
                else {
                    continue;
                };
                if STRINGS.contains(&kind.trim_end_matches(',')) {
                    looked_at += 1;
                    assert!(!told(name), "{}: {{{name}}} in {attribute}", path.display());
                }
            }
        }
    }
    assert!(looked_at > 25, "the test reads the sources: {looked_at}");
}
