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
fn a_look_that_nothing_written_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let input = ["--text", text.as_str()];
    let commands: [(&[&str], bool); 5] = [
        (&["spans", SHAKESPEARE], false),
        (&["effective-spans", SHAKESPEARE], true),
        (&["persistent", WIKITEXT], true),
        (
            &["attention", SHAKESPEARE, "--layer", "3", "--head", "1"],
            true,
        ),
        (&["figure", "surprisal", SHAKESPEARE], true),
    ];
    let looks: [&[&str]; 9] = [
        &["--no-title"],
        &["--width", "90"],
        &["--height", "90"],
        &["--font-size", "9"],
        &["--dark"],
        &["--transparent"],
        &["--gray"],
        &["--dpi", "600"],
        &["--title", "How far"],
    ];
    let csv = at("a.csv");
    for (command, reads_text) in commands {
        let mut args = command.to_vec();
        if reads_text {
            args.extend(input);
        }
        for look in looks {
            let said = complaint(&[&args[..], look, &["-o", &csv]].concat(), 2);
            assert!(said.contains(look[0]) && said.contains("-o FILE"), "{said}");
            if command[0] != "figure" {
                let said = complaint(&[&args[..], look].concat(), 2);
                assert!(said.contains(look[0]), "{said}");
            }
        }
        assert!(!Path::new(&csv).exists());
    }
    // Pixels are those of a PNG; a title is also that of JSON; a colour map that of a map.
    let (svg, json) = (at("a.svg"), at("a.json"));
    let said = complaint(&["spans", SHAKESPEARE, "-o", &svg, "--dpi", "600"], 2);
    assert!(said.contains("--dpi") && said.contains(".png"), "{said}");
    let said = complaint(&["spans", SHAKESPEARE, "-o", &svg, "--map", "greys"], 2);
    assert!(said.contains("--map"), "{said}");
    for command in [
        &["spans", SHAKESPEARE][..],
        &["effective-spans", SHAKESPEARE, "--text", &text],
    ] {
        let written = [command, &["-o", &json, "--force", "--title", "How far"]].concat();
        program(&written).assert().success();
        let file: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        assert_eq!(file["title"], "How far");
    }
    // One drawing among the files is enough.
    program(&[
        "figure",
        "spans",
        SHAKESPEARE,
        "--dark",
        "-o",
        &svg,
        "-o",
        &csv,
    ])
    .assert()
    .success();
}

#[test]
fn an_order_or_axis_that_nothing_written_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let csv = folder.path().join("a.csv").to_str().unwrap().to_owned();
    let to = ["-o", csv.as_str()];
    let input = ["--text", text.as_str()];
    let cases: [(&[&str], &str, &[&[&str]]); 9] = [
        (&["spans", SHAKESPEARE], "--z", &[&to, &[], &["--json"]]),
        (
            &["spans", SHAKESPEARE],
            "--linear",
            &[&to, &[], &["--json"]],
        ),
        (&["spans", SHAKESPEARE], "--sort", &[&to, &["--json"]]),
        (
            &["effective-spans", SHAKESPEARE, input[0], input[1]],
            "--sort",
            &[&to, &[], &["--json"]],
        ),
        (
            &["effective-spans", SHAKESPEARE, input[0], input[1]],
            "--linear",
            &[&to, &[]],
        ),
        (&["figure", "spans", SHAKESPEARE], "--sort", &[&to]),
        (&["figure", "spans", SHAKESPEARE], "--z", &[&to]),
        (&["figure", "training", SHAKESPEARE], "--smooth=5", &[&to]),
        (
            &["figure", "grid", SHAKESPEARE, input[0], input[1]],
            "--scale=log",
            &[&to],
        ),
    ];
    for (command, option, ends) in cases {
        for end in ends {
            let said = complaint(&[command, &[option], *end].concat(), 2);
            let name = option.split('=').next().unwrap();
            assert!(
                said.contains(name) && said.contains(".svg or .pdf or .png"),
                "{said}"
            );
        }
    }
    let said = complaint(&["spans", SHAKESPEARE, "--vocab", "absent.txt"], 2);
    assert!(said.contains("--vocab"), "{said}");
}

#[test]
fn a_size_that_a_figure_cannot_have_is_refused_with_one_that_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let svg = folder.path().join("a.svg").to_str().unwrap().to_owned();
    let draw = |kind: &str, look: &[&str]| {
        let mut args = vec!["figure", kind, SHAKESPEARE, "--force", "-o", &svg];
        if kind == "attention" || kind == "text" {
            args.extend(["--text", &text]);
        }
        program(&[&args[..], look].concat()).output().unwrap()
    };
    for (kind, height, word) in [
        ("spans", "20", "at least"),
        ("attention", "20", "at least"),
        ("cost", "20", "at least"),
        ("parameters", "300", "at most"),
        ("text", "300", "at most"),
    ] {
        let done = draw(kind, &["--height", height]);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{kind}: {said}");
        assert!(said.contains(word) && !Path::new(&svg).exists(), "{said}");
        // What is offered can be had.
        let mm = said.split(word).nth(1).unwrap().split(' ').nth(1).unwrap();
        assert!(
            draw(kind, &["--height", mm]).status.success(),
            "{kind} {mm}"
        );
        std::fs::remove_file(&svg).unwrap();
    }
    let size =
        |width: &str, points: &str| draw("spans", &["--width", width, "--font-size", points]);
    let done = size("84", "32");
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{said}");
    // 84 mm are 238.1 pt, the narrowest layout at 8 pt is 140 pt wide.
    assert!(
        said.contains("--font-size 32") && said.contains("13.6 pt"),
        "{said}"
    );
    assert!(size("84", "13.6").status.success());
    assert!(size("200", "32").status.success());
}

#[test]
fn options_that_others_leave_without_effect_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let svg = folder.path().join("a.svg").to_str().unwrap().to_owned();
    let figure = |kind: &str, options: &str| {
        let args = [
            "figure",
            kind,
            SHAKESPEARE,
            "--text",
            &text,
            "--force",
            "-o",
            &svg,
        ];
        let options: Vec<&str> = options.split(' ').collect();
        [&args[..], &options]
            .concat()
            .iter()
            .map(|s| (*s).to_owned())
            .collect::<Vec<String>>()
    };
    for (kind, options, part) in [
        ("text", "--shade surprisal --head 1.1", "--head"),
        ("text", "--shade surprisal --tokens 2..5", "--tokens"),
        ("text", "--shade surprisal --tokens 2..5 --mean", "--tokens"),
        ("text", "--shade surprisal --mean", "--mean"),
        ("text", "--shade surprisal --scale log", "--scale"),
        ("text", "--mean", "--tokens A..B"),
        ("text", "--tokens 5 --mean", "--tokens A..B"),
        ("attention", "--combine max", "several"),
        ("attention", "--combine mean --head 1.1,1.1", "several"),
    ] {
        let args = figure(kind, options);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = complaint(&args, 2);
        assert!(
            said.contains(part) && !Path::new(&svg).exists(),
            "{options}: {said}"
        );
    }
    let args = figure("text", "--tokens 2..5 --mean --head 1.1,1.2 --combine max");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    program(&args).assert().success();
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
    let llama = data("families/llama");
    let said = complaint(&["info", &llama, "--ramp", "16"], 2);
    assert!(
        said.contains("--ramp") && said.contains("no soft mask"),
        "{said}"
    );
}

#[test]
fn weights_that_are_not_kept_are_refused_and_not_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (long, run, csv) = (at("long.txt"), at("run.safetensors"), at("a.csv"));
    let all = std::fs::read(data("shakespeare_test_20000.txt")).unwrap();
    std::fs::write(&long, &all[..600]).unwrap();
    let record = [
        "record",
        SHAKESPEARE,
        "--text",
        &long,
        "--tokens",
        "200..300",
        "-o",
        &run,
    ];
    program(&record).assert().success();
    for (kind, tokens) in [
        ("attention", "150..250"),
        ("attention", "290..600"),
        ("attention", "0..60"),
        ("text", "0..60"),
        ("text", "250..400"),
    ] {
        let said = complaint(&["figure", kind, &run, "--tokens", tokens, "-o", &csv], 2);
        assert!(
            said.contains(tokens) && said.contains(" only, since"),
            "{kind}: {said}"
        );
        assert!(!Path::new(&csv).exists());
    }
    program(&[
        "figure",
        "attention",
        &run,
        "--tokens",
        "250..260",
        "-o",
        &csv,
    ])
    .assert()
    .success();
    let rows = std::fs::read_to_string(&csv).unwrap();
    assert_eq!(rows.lines().count(), 11);
    assert!(rows.lines().nth(1).unwrap().starts_with("250,"));
}
