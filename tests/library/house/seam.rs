//! The seam for families: above the model, nothing reads what only adaptive-span networks have.
//!
//! Views, figures, commands and files ask the [`Architecture`](spanscope::model::Architecture) and the
//! [`Span`](spanscope::model::Span), which answer for every family.

use super::{all_sources, root};

/// Fields of an adaptive-span network's own configuration.
const FIELDS: [&str; 8] = [
    "attn_span",
    "adapt_span",
    "adapt_span_ramp",
    "pers_mem_size",
    "adapt_io",
    "inner_hidden_size",
    "hidden_size",
    "normalisation",
];

/// Its methods, and the way to it.
const CALLS: [&str; 3] = ["is_masked()", "network.config()", "network().config()"];

/// Where the families themselves are, and what is about adaptive-span networks only.
const WITHIN: [(&str, &str); 5] = [
    ("crates/spanscope-core/src/model", "the families are here"),
    ("crates/spanscope-train", "it trains adaptive-span networks"),
    (
        "crates/spanscope-bench",
        "it makes random adaptive-span networks",
    ),
    ("src/cli/train.rs", "it says what is being trained"),
    (
        "src/cli/train_args.rs",
        "its options are those of the training",
    ),
];

/// The code of a file, line by line: no comments, no strings, and no tests, which stand last.
fn code(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let bare = |line: &str| {
        let pieces = line.split('"').step_by(2).collect::<Vec<_>>();
        let line = pieces.join("\"\"");
        line.split("//").next().unwrap_or_default().to_owned()
    };
    code.lines().map(bare).collect()
}

/// What a line reads that only one family has.
fn reads(line: &str) -> Option<&'static str> {
    let is_field = |name: &&&str| {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once(&format!(".{name}")) {
            // Another name, or a method of the same name.
            if !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '(') {
                return true;
            }
            rest = after;
        }
        false
    };
    let call = CALLS.iter().find(|call| line.contains(**call));
    FIELDS.iter().find(is_field).or(call).copied()
}

#[test]
fn only_the_model_knows_what_one_family_has() {
    let mut found = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    for (path, text) in all_sources() {
        let file = path.strip_prefix(root()).unwrap().to_string_lossy();
        let file = file.replace('\\', "/");
        let within = WITHIN.iter().find(|(place, _)| file.starts_with(place));
        let is_test = file.ends_with("/tests.rs") || file.contains("/tests/");
        for (number, line) in code(&text).iter().enumerate() {
            let Some(what) = reads(line) else {
                continue;
            };
            match within {
                Some((place, _)) => _ = used.insert(*place),
                None if is_test => {}
                None => found.push(format!("{file}:{}: {what}", number + 1)),
            }
        }
    }
    assert!(
        found.is_empty(),
        "ask the architecture or the span, which answer for every family:\n{}",
        found.join("\n")
    );
    for (place, why) in WITHIN {
        assert!(
            used.contains(place),
            "{place} reads none of it any more: {why}"
        );
    }
}

#[test]
fn reads_are_told_from_methods_strings_and_comments() {
    for line in ["a.attn_span;", "c.adapt_span_ramp as f32", "x.hidden_size"] {
        assert!(reads(line).is_some(), "{line}");
    }
    assert!(reads("model.network.config()").is_some());
    for line in [
        "of.normalisation()",
        "a.attn_spans",
        "hidden_size",
        "options.config()",
    ] {
        assert_eq!(reads(line), None, "{line}");
    }
    let lines =
        code("a(\"b.attn_span\", c); // d.attn_span\n#[cfg(test)]\nmod tests { e.attn_span }");
    assert_eq!(lines, ["a(\"\", c); "]);
}
