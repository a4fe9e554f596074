//! One way to count and to write heads: from 0, as `HeadId` does, in every drawing, table, file and message.

use super::{all_sources, root};

/// Beginnings and ends of slices, which are no names.
const OTHERWISE: [&str; 4] = [
    "model/unembed.rs",
    "analysis/logit_lens.rs",
    "model/device/window.rs",
    "spanscope-train/src",
];

#[test]
fn heads_and_layers_are_counted_from_0_and_written_at_one_place() {
    let ways = [
        "layer + 1",
        "head + 1",
        "layer.saturating_add(1)",
        "head.saturating_add(1)",
        "{layer}.{head}",
    ];
    for (path, text) in all_sources() {
        let inside = path.strip_prefix(root()).unwrap();
        let shown = inside.to_str().unwrap();
        if OTHERWISE.iter().any(|file| shown.contains(file)) {
            continue;
        }
        // The name of a number in tables, as of a tensor.
        let text = text.replace("z.{layer}.{head}", "");
        let text = text.replace("per_layer + 1", "");
        for (i, line) in text.lines().enumerate() {
            for way in ways {
                assert!(
                    !line.contains(way),
                    "{shown}:{}: {way}: a head is shown as its HeadId says it",
                    i + 1
                );
            }
        }
    }
}
