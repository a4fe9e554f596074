//! What is refused, with which exit code, and whether the message helps.

use super::*;

#[test]
fn wrong_usage_ends_with_2() {
    let ids = Golden::open("tiny_adaptive");
    let (model, ids) = (data("tiny_adaptive.pt"), ids.ids());
    for (args, part) in [
        (vec!["info"], "MODEL"),
        (vec!["info", &model, "--nonsense"], "--nonsense"),
        (vec!["inof", &model], "neither a command nor a file"),
        (vec!["info", &model, "--threads", "0"], "--threads"),
        (vec!["info", &model, "--ramp", "0"], "--ramp"),
        (vec!["eval", &model], "--ids"),
        (
            vec!["eval", &model, "--ids", &ids, "--text", &ids],
            "cannot be used",
        ),
        (
            vec!["eval", &model, "--ids", &ids, "--log-probs", "x.npy"],
            ".safetensors",
        ),
        (
            vec!["spans", &model, "-o", "spans.gif"],
            ".svg or .pdf or .png or .csv or .json",
        ),
        (vec!["spans", &model, "--width", "3"], "millimetres"),
        (vec!["generate", &model], "--prompt"),
        (
            vec!["generate", &model, "--ids", &ids, "--top-p", "1.5"],
            "at most 1",
        ),
        (vec!["convert", &model, "model.pt"], ".safetensors"),
        (
            vec![
                "attention",
                &model,
                "--ids",
                &ids,
                "--layer",
                "3",
                "--head",
                "0",
            ],
            "layers go from 0 to 2, heads from 0 to 3",
        ),
    ] {
        let said = complaint(&args, 2);
        assert!(said.contains(part), "{args:?}: {said}");
    }
}

#[test]
fn a_device_that_the_build_lacks_is_told_with_how_to_build_it() {
    let model = data("tiny_adaptive.pt");
    for (device, built_in) in [
        ("cuda", cfg!(feature = "cuda")),
        ("metal", cfg!(feature = "metal")),
    ] {
        if built_in {
            continue;
        }
        let install = format!("`cargo install --path . --features {device}`");
        for args in [
            vec!["info", &model],
            vec!["eval", &model, "--ids", "absent.json"],
            vec!["shot", "out.png"],
            vec!["bench"],
            vec![&model],
            vec![],
        ] {
            let said = complaint(&[&args[..], &["--device", device]].concat(), 2);
            let told = [&format!("--device {device}: this build computes"), &install];
            assert!(told.iter().all(|part| said.contains(*part)), "{said}");
        }
    }
}

#[test]
fn a_failure_ends_with_1_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let model = data("tiny_adaptive.pt");
    std::fs::write(out("far.json"), "[1, 2, 60]").unwrap();
    std::fs::write(out("words.json"), "[\"a\"]").unwrap();
    std::fs::write(out("none.json"), "[]").unwrap();
    std::fs::write(out("one.json"), "[1]").unwrap();
    let text = data("shakespeare_test_20000.txt");
    for (args, parts) in [
        (vec!["info", "absent.pt"], ["absent.pt", "No such file"]),
        (
            vec!["info", &text],
            ["shakespeare_test_20000.txt", ".pt file"],
        ),
        (
            vec!["info", &model, "--vocab", "absent.txt"],
            ["absent.txt", "cannot be read"],
        ),
        (
            vec!["info", &model, "--vocab", &text],
            ["60 tokens", "train.txt"],
        ),
        (
            vec!["eval", &model, "--text", &text],
            ["tiny_adaptive.pt", "--vocab"],
        ),
        (
            vec!["eval", SHAKESPEARE, "--text", "absent.txt"],
            ["absent.txt", "cannot be read"],
        ),
        (
            vec!["eval", &model, "--ids", &out("far.json")],
            ["far.json", "id 60 at position 2"],
        ),
        (
            vec!["eval", &model, "--ids", &out("words.json")],
            ["words.json", "[12, 0, 7]"],
        ),
        (
            vec!["eval", &model, "--ids", &out("none.json")],
            ["none.json", "nothing to run on"],
        ),
        (
            vec!["eval", &model, "--ids", &out("one.json")],
            ["one.json", "longer"],
        ),
        (
            vec!["generate", SHAKESPEARE, "--prompt", "é"],
            ["the prompt", "nothing to run on"],
        ),
        (
            vec!["spans", &model, "-o", "absent/a.svg"],
            ["absent/a.svg", "no such folder"],
        ),
        (
            vec!["convert", &model, "absent/a.safetensors"],
            ["absent/a.safetensors", "no such folder"],
        ),
    ] {
        let said = complaint(&args, 1);
        let error = said
            .lines()
            .find(|line| line.starts_with("error: "))
            .unwrap();
        for part in parts {
            assert!(error.contains(part), "{args:?}: {said}");
        }
        assert_eq!(
            error.to_lowercase().matches("no such f").count().max(1),
            1,
            "told once: {said}"
        );
    }
}

#[test]
fn a_model_is_not_converted_over_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    std::fs::copy(root(SHAKESPEARE), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let (a, b) = (
        path.to_str().unwrap(),
        folder.path().join("./m.safetensors"),
    );
    let said = complaint(&["convert", a, b.to_str().unwrap()], 2);
    assert!(said.contains("reads that file"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_reader_who_stops_early_is_no_failure() {
    use std::io::Read;
    let text = root("assets/texts/shakespeare.txt");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_spanscope"))
        .args([
            "attention",
            SHAKESPEARE,
            "--layer",
            "0",
            "--head",
            "0",
            "--text",
        ])
        .arg(text)
        .current_dir(root(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Some of the table, far less than a pipe holds of it.
    child
        .stdout
        .take()
        .unwrap()
        .read_exact(&mut [0; 100])
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    assert_eq!(String::from_utf8(done.stderr).unwrap(), "");
}

#[test]
fn help_and_version() {
    let help = stdout(&["--help"]);
    for command in [
        "info",
        "spans",
        "eval",
        "attention",
        "persistent",
        "generate",
        "convert",
    ] {
        assert!(help.contains(command));
        assert!(
            stdout(&[command, "--help"]).contains("Examples:"),
            "{command}"
        );
    }
    assert_eq!(
        stdout(&["--version"]),
        format!("spanscope {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn an_argument_is_repeated_within_bounds_and_escaped() {
    let long = "x".repeat(100_000);
    for bad in ["\u{1b}[31mred\u{7}", &long] {
        let option = format!("--{bad}");
        for args in [
            vec!["eval", "m.pt", "--device", bad],
            vec!["eval", "m.pt", "--threads", bad],
            vec!["info", "m.pt", &option],
            vec!["info", "m.pt", bad],
            vec![bad, "--nonsense"],
        ] {
            let output = program(&args).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{said}");
            let length = said.chars().count();
            assert!(length < 1500, "{length} characters");
            assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");
        }
    }
}

#[test]
fn a_number_below_zero_is_the_value_of_its_option() {
    for (command, option, wanted) in [
        ("eval", "--ramp", "a number of tokens above 0"),
        ("generate", "--temperature", "a number from 0"),
    ] {
        let said = complaint(&[command, SHAKESPEARE, option, "-1"], 2);
        assert!(said.contains("'-1'") && said.contains(wanted), "{said}");
        assert!(!said.contains("-- -1"), "{said}");
    }
}
