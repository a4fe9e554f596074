//! Options of figures that would change nothing, and figures that cannot be as asked: refused in words.

use super::*;

fn text(folder: &Path) -> String {
    let path = folder.join("text.txt");
    std::fs::write(&path, "to be, or not to be: ").unwrap();
    path.to_str().unwrap().to_owned()
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
    /// A figure's options, what is said, and what is to be had.
    type Case<'a> = (&'a [&'a str], &'a str, &'a [&'a [&'a str]]);
    let cases: [Case<'_>; 9] = [
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
    for kind in ["spans", "cost", "training", "parameters"] {
        for option in [
            ["--text", &text],
            ["--ids", "absent.json"],
            ["--index", "0"],
        ] {
            // On a text it has the effective spans as well.
            if kind == "cost" && option[0] != "--index" {
                continue;
            }
            let args = [
                "figure",
                kind,
                SHAKESPEARE,
                "-o",
                &svg,
                option[0],
                option[1],
            ];
            let said = complaint(&args, 2);
            assert!(
                said.contains(option[0]) && said.contains("no effect"),
                "{said}"
            );
        }
    }
    let args = figure("text", "--tokens 2..5 --mean --head 1.1,1.2 --combine max");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    program(&args).assert().success();
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

#[test]
fn a_table_of_weights_has_every_weight_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (long, csv, svg) = (at("long.txt"), at("a.csv"), at("a.svg"));
    let all = std::fs::read(data("shakespeare_test_20000.txt")).unwrap();
    std::fs::write(&long, &all[..3000]).unwrap();
    let figure = [
        "figure",
        "attention",
        SHAKESPEARE,
        "--text",
        &long,
        "--head",
        "3.1",
    ];
    // Far into a text the keys are those that the queries can see, each in a column of its own.
    let part = ["--tokens", "2900..2964", "-o", &csv, "-o", &svg];
    program(&[&figure[..], &part].concat()).assert().success();
    let mut table = csv::Reader::from_path(&csv).unwrap();
    let names: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    let keys = names
        .iter()
        .position(|name| name == "empty context")
        .unwrap();
    let position = |name: &str| name.split(' ').next().unwrap().parse::<usize>().unwrap();
    let first = position(&names[1]);
    assert_eq!((names[0].as_str(), first), ("query", 2900 - 106));
    for (i, name) in names[1..keys].iter().enumerate() {
        assert_eq!(position(name), first + i);
    }
    for row in table.records() {
        let row = row.unwrap();
        let weights = (1..=keys).filter_map(|i| row[i].parse::<f64>().ok());
        assert!((weights.sum::<f64>() - 1.0).abs() < 1e-4, "{row:?}");
    }
    // A drawing may have cells that weights share, and says so; a table beside it may not.
    let both = [&figure[..], &["-o", &csv, "-o", &svg, "--force"]].concat();
    let said = complaint(&both, 2);
    assert!(
        said.contains("3,000 queries") && said.contains("by itself"),
        "{said}"
    );
    program(&[&figure[..], &["-o", &svg, "--force"]].concat())
        .assert()
        .success();
    let drawn = std::fs::read_to_string(&svg).unwrap();
    assert!(drawn.contains("a cell shows the largest of 2 × 2 weights"));
}
