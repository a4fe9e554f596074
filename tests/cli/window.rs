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
        // A command a line.
        assert_eq!(said.lines().count(), 12, "{said}");
        assert!(!said.contains("\\n"), "{said}");
    }
    assert!(complaint(&["model.pt"], 2).contains("spanscope info model.pt"));
}

#[test]
fn a_text_of_no_run_is_refused_before_a_window_is_made() {
    let run = data("run_version_1.safetensors");
    for (args, words) in [
        (vec![run.as_str(), "--index", "1"], "there is no text 1"),
        (vec![SHAKESPEARE, "--index", "0"], "recorded run"),
        (vec!["--index", "0"], "recorded run"),
    ] {
        let said = complaint(&args, 2);
        assert!(said.contains(words), "{said}");
    }
    assert!(complaint(&[&run, "--index", "0"], 2).contains("DISPLAY"));
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
        "layer 3, head 1",
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
    let spans: Value =
        serde_json::from_slice(&std::fs::read(demo.join("spans.json")).unwrap()).unwrap();
    assert_eq!(spans["rows"].as_array().unwrap().len(), 16);
    assert!(
        std::fs::read(demo.join("spans.pdf"))
            .unwrap()
            .starts_with(b"%PDF")
    );
    assert!(
        std::fs::read_to_string(demo.join("spans.csv"))
            .unwrap()
            .starts_with("layer,head")
    );
    assert!(
        std::fs::read_to_string(demo.join("attention.svg"))
            .unwrap()
            .contains("layer 3, head 1")
    );
}

#[test]
fn a_picture_of_the_window_shows_the_model_and_the_text_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let shot = |name: &str, more: &[&str]| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        let mut args = vec!["shot", &path, "--size", "900x600"];
        args.extend(more);
        program(&args).assert().success();
        image::open(&path).unwrap().to_rgb8()
    };
    let text = folder.path().join("text.txt");
    std::fs::write(&text, "the cat, and the hat\n").unwrap();
    let text = text.to_str().unwrap();
    let sample = shot("a.png", &[]);
    assert_eq!(sample.dimensions(), (900, 600));
    // Without the status bar, which tells times.
    let differ = |a: &image::RgbImage, b: &image::RgbImage| {
        let pixels = a.enumerate_pixels().filter(|(_, y, _)| *y < 570);
        pixels.filter(|(x, y, p)| b.get_pixel(*x, *y) != *p).count()
    };
    // The menu bar is where it was; much else is not.
    for other in [
        shot("b.png", &["--text", text]),
        shot("c.png", &["--model", WIKITEXT, "--view", "persistent"]),
        shot("d.png", &["--theme", "light"]),
    ] {
        assert!(differ(&sample, &other) > 5_000);
    }
    assert_eq!(differ(&sample, &shot("e.png", &[])), 0);
    let scaled = shot("f.png", &["--scale", "2"]);
    assert_eq!(scaled.dimensions(), (1800, 1200));
    assert!(complaint(&["shot", "a.svg"], 2).contains(".png"));
    assert!(complaint(&["shot", "a.png", "--model", "absent.pt"], 1).contains("absent.pt"));
    assert!(complaint(&["shot", "a.png", "--view", "nothing"], 2).contains("persistent"));
}
