//! What is asked and cannot be, or would change nothing, is refused in words: no command does something else instead.

use super::*;

fn text(folder: &Path) -> String {
    let path = folder.join("text.txt");
    std::fs::write(&path, "to be, or not to be: ").unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn ranges_of_tokens_are_read_alike_and_never_cut() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (svg, run, png) = (at("a.svg"), at("a.safetensors"), at("a.png"));
    let input = ["--text", &text, "--tokens"];
    let largest = usize::MAX.to_string();
    for range in [
        "9..5",
        "5..5",
        "..5",
        "5..=9",
        &format!("5..{largest}"),
        &largest,
    ] {
        for args in [
            [&["figure", "text", SHAKESPEARE, "-o", &svg][..], &input[..]].concat(),
            [&["record", SHAKESPEARE, "-o", &run][..], &input].concat(),
            [&["shot", &png][..], &input[..]].concat(),
        ] {
            let said = complaint(&[&args[..], &[range]].concat(), 2);
            assert!(said.contains("such as 100..164"), "{args:?}: {said}");
        }
    }
    let shot = [&["shot", &png, "--size", "400x300"][..], &input[..]].concat();
    for (range, part) in [("5..900", "5..21 or 5.."), ("21", "counted from 0")] {
        let said = complaint(&[&shot[..], &[range]].concat(), 1);
        assert!(said.contains(part) && said.contains("21 tokens"), "{said}");
    }
    assert!(
        ![&svg, &run, &png]
            .iter()
            .any(|path| Path::new(path).exists())
    );
    // What one command takes the others do.
    program(&[&shot[..], &["5.."]].concat()).assert().success();
    let record = [&["record", SHAKESPEARE, "-o", &run][..], &input, &["5"]].concat();
    program(&record).assert().success();
}
