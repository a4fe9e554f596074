//! Without a command, where there is no display.
#![cfg(all(unix, not(target_os = "macos")))]

use super::*;

#[test]
fn a_file_without_a_display_is_told_what_works() {
    for args in [
        vec![SHAKESPEARE],
        vec!["--text", "a.txt"],
        vec!["--ramp", "16"],
    ] {
        let said = complaint(&args, 2);
        for part in ["DISPLAY", "info", "spans", "eval", "attention"] {
            assert!(said.contains(part), "{said}");
        }
    }
    assert!(complaint(&["model.pt"], 2).contains("spanscope info model.pt"));
}

#[test]
fn nothing_without_a_display_shows_the_sample_model() {
    let folder = tempfile::tempdir().unwrap();
    let done = program(&[])
        .current_dir(folder.path())
        .env("DISPLAY", "")
        .assert()
        .success();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    for part in [
        "Shakespeare",
        "824,145",
        "bits per character",
        "layer 4, head 2",
        "empty context",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(text.matches('▕').count(), 16);
    let demo = folder.path().join("spanscope-demo");
    let svg = std::fs::read_to_string(demo.join("spans.svg")).unwrap();
    assert_eq!(svg.matches("<circle").count(), 16);
    for name in ["spans.png", "attention.png", "window.png"] {
        assert!(
            image::open(demo.join(name)).unwrap().width() > 1000,
            "{name}"
        );
    }
    let list: Value =
        serde_json::from_slice(&std::fs::read(demo.join("spans.json")).unwrap()).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 16);
    assert!(
        std::fs::read_to_string(demo.join("spans.csv"))
            .unwrap()
            .starts_with("layer,head")
    );
    assert!(
        std::fs::read_to_string(demo.join("attention.svg"))
            .unwrap()
            .contains("layer 4, head 2")
    );
}
