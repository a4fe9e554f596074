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

#[test]
fn a_picture_of_a_text_that_the_vocabulary_lacks_is_made_where_any_text_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let (text, png) = (folder.path().join("t.txt"), folder.path().join("a.png"));
    std::fs::write(&text, "你好，中文，你好，中文: to be").unwrap();
    let (text, png) = (text.to_str().unwrap(), png.to_str().unwrap());
    let shot = ["shot", png, "--size", "400x300", "--text", text];
    let said = complaint(&shot, 1);
    assert!(said.contains("vocabulary"), "{said}");
    program(&[&shot[..], &["--any-text"]].concat())
        .assert()
        .success();
}

#[test]
fn a_text_to_stop_at_that_can_never_come_is_refused() {
    let generate = [
        "generate",
        SHAKESPEARE,
        "--prompt",
        "ROMEO:",
        "-n",
        "5",
        "--stop",
    ];
    let said = String::from_utf8(
        program(&[&generate[..], &["fin é"]].concat())
            .output()
            .unwrap()
            .stderr,
    );
    let said = said.unwrap();
    assert!(
        said.contains("\"é\"") && said.contains("choose another"),
        "{said}"
    );
    let done = program(&[&generate[..], &["\n\n"]].concat())
        .output()
        .unwrap();
    assert!(done.status.success());
}

#[test]
fn options_that_a_training_makes_no_use_of_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run").to_str().unwrap().to_owned();
    for (options, part) in [
        (
            "--adapt-span-loss 1e-4",
            "--adapt-span-loss has no effect without --adapt-span",
        ),
        ("--adapt-span-ramp 8", "--adapt-span-ramp has no effect"),
        ("--adapt-span-init 0.5", "--adapt-span-init has no effect"),
        (
            "--adapt-io-tied",
            "--adapt-io-tied has no effect without --adapt-io",
        ),
        ("--adapt-io-divval 2", "--adapt-io-divval has no effect"),
        ("--emb-dropout 0.1", "--emb-dropout has no effect"),
        (
            "--pers-mem-size 4 --inner-hid-sz 8",
            "--inner-hid-sz has no effect with --pers-mem-size",
        ),
        ("--optim adam --momentum 0.5", "--momentum has no effect"),
        (
            "--preset sample_fixed --adapt-span-loss 1e-4",
            "--adapt-span-loss has no effect",
        ),
    ] {
        let args = ["train", "--data", "absent.txt", "-o", &run];
        let options: Vec<&str> = options.split(' ').collect();
        let said = complaint(&[&args[..], &options].concat(), 2);
        assert!(said.contains(part), "{options:?}: {said}");
    }
    // As published: what is used goes on, here to the text, which is not there.
    for options in [
        "--adapt-span --adapt-span-loss 1e-4",
        "--optim adagrad --momentum 0",
    ] {
        let args = ["train", "--data", "absent.txt", "-o", &run];
        let options: Vec<&str> = options.split(' ').collect();
        let said = complaint(&[&args[..], &options].concat(), 1);
        assert!(said.contains("absent.txt"), "{said}");
    }
    assert!(!Path::new(&run).exists());
}

#[test]
fn a_picture_of_the_window_is_the_one_asked_for_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let png = folder.path().join("a.png").to_str().unwrap().to_owned();
    for (options, parts) in [
        (["--set", r#"{"atention": {}}"#], ["atention", "attention"]),
        (
            ["--set", r#"{"attention": {"lay": "key"}}"#],
            ["\"lay\"", "layout"],
        ),
    ] {
        let args = [&["shot", &png, "--size", "400x300"][..], &options].concat();
        let said = complaint(&args, 1);
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
    for option in [["--ramp", "16"], ["--vocab", "absent.txt"]] {
        let said = complaint(&[&["shot", &png][..], &option].concat(), 1);
        assert!(
            said.contains(option[0]) && said.contains("sample model"),
            "{said}"
        );
    }
    let said = complaint(&["shot", &png, "--size", "8192x8192", "--scale", "4"], 1);
    assert!(
        said.contains("32768") && said.contains("16384 at most"),
        "{said}"
    );
    assert!(!Path::new(&png).exists());
    let set = r#"{"attention": {"layout": "distance"}, "text": {"shade": "readers"}}"#;
    program(&["shot", &png, "--size", "400x300", "--set", set])
        .assert()
        .success();
}

#[test]
fn what_a_model_or_a_file_of_results_has_not_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, sums) = (at("run.safetensors"), at("sums.safetensors"));
    let record = |model: &str, vectors: &str| {
        let args = [
            "record",
            model,
            "--text",
            &text,
            "-o",
            &run,
            "--vectors",
            vectors,
        ];
        complaint(&args, 2)
    };
    let said = record(WIKITEXT, "257");
    assert!(
        said.contains("--vectors 257") && said.contains("256 persistent vectors"),
        "{said}"
    );
    assert!(record(SHAKESPEARE, "1").contains("0 persistent vectors"));
    assert!(!Path::new(&run).exists());
    program(&[
        "record",
        WIKITEXT,
        "--text",
        &text,
        "-o",
        &run,
        "--vectors",
        "256",
    ])
    .assert()
    .success();
    program(&["effective-spans", SHAKESPEARE, "--text", &text, "-o", &sums])
        .assert()
        .success();
    for stored in [&run, &sums] {
        for option in [&["--jobs", "3"][..], &["--skip-bad"]] {
            for command in ["effective-spans", "persistent"] {
                let said = complaint(&[&[command, stored][..], option].concat(), 2);
                assert!(said.contains(option[0]), "{said}");
            }
        }
        if !cfg!(feature = "cuda") {
            let said = complaint(&["effective-spans", stored, "--device", "cuda"], 2);
            assert!(said.contains("--device cuda"), "{said}");
        }
    }
    let (llama, ids) = (data("families/llama"), at("ids.json"));
    std::fs::write(&ids, "[1, 2, 3]").unwrap();
    for args in [
        vec!["info", &llama],
        vec!["eval", &llama, "--ids", &ids],
        vec![
            "figure",
            "surprisal",
            &llama,
            "--ids",
            &ids,
            "-o",
            "absent/a.svg",
        ],
    ] {
        let said = complaint(&[&args[..], &["--ramp", "16"]].concat(), 2);
        assert!(
            said.contains("--ramp") && said.contains("no soft mask"),
            "{said}"
        );
    }
    let masked = [
        "eval", &llama, "--ids", &ids, "--span", "all=2", "--ramp", "16",
    ];
    program(&masked).assert().success();
    let wide = ["eval", SHAKESPEARE, "--text", &text, "--span", "3.1=513"];
    let said = complaint(&wide, 1);
    assert!(
        said.contains("L3H1=513") && said.contains("512 tokens at most"),
        "{said}"
    );
}
