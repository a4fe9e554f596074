//! `figure`: every figure, in every form, of models and of recorded runs.

use super::*;
use spanscope::chart::Format;

/// Every kind, with what it needs.
const KINDS: [&str; 16] = [
    "spans",
    "heads",
    "mask",
    "profile",
    "attention",
    "grid",
    "text",
    "shares",
    "neurons",
    "predictions",
    "lens",
    "attribution",
    "surprisal",
    "cost",
    "training",
    "parameters",
];

fn text(folder: &Path) -> String {
    let path = folder.join("text.txt");
    let all = std::fs::read(data("shakespeare_test_20000.txt")).unwrap();
    std::fs::write(&path, &all[..600]).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_kind_is_written_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    for kind in KINDS {
        let paths: Vec<String> = Format::EXTENSIONS
            .iter()
            .map(|ending| folder.path().join(format!("{kind}.{ending}")))
            .map(|path| path.to_str().unwrap().to_owned())
            .collect();
        let mut args = vec!["figure", kind, SHAKESPEARE];
        if !["spans", "cost", "training", "parameters"].contains(&kind) {
            args.extend(["--text", &text]);
        }
        if ["mask", "profile", "attention", "text"].contains(&kind) {
            args.extend(["--head", "3.1"]);
        }
        for path in &paths {
            args.extend(["-o", path]);
        }
        program(&args).assert().success();
        let read = |i: usize| std::fs::read(&paths[i]).unwrap();
        let svg = String::from_utf8(read(0)).unwrap();
        assert!(
            svg.contains("shakespeare_adaptive.safetensors (sha256"),
            "{kind}"
        );
        assert!(!svg.contains("NaN\"") && svg.len() < 2_000_000, "{kind}");
        assert!(read(1).starts_with(b"%PDF"));
        assert_eq!(image::load_from_memory(&read(2)).unwrap().width(), 1680);
        let csv = String::from_utf8(read(3)).unwrap();
        let json: Value = serde_json::from_slice(&read(4)).unwrap();
        assert_eq!(json["figure"], kind);
        let rows = json["rows"].as_array().unwrap();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header: Vec<String> = json["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| {
                let name = c["name"].as_str().unwrap();
                match (c["unit"].as_str(), c["token"].as_str()) {
                    (Some(unit), _) => format!("{name}_{unit}"),
                    // A key: its position, its id, its exact text.
                    (None, Some(token)) => format!("{name} {} {token}", c["id"]),
                    (None, None) => name.to_owned(),
                }
            })
            .collect();
        assert_eq!(*reader.headers().unwrap(), header, "{kind}");
        assert_eq!(reader.records().count(), rows.len(), "{kind}");
        assert!(rows.len() > 5, "{kind}");
    }
}

#[test]
fn numbers_agree_with_the_commands_that_have_them_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rows = |path: &str| -> Vec<Value> {
        let json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        json["rows"].as_array().unwrap().clone()
    };
    let number = |value: &Value| value.as_f64().unwrap();
    // Shares, as `persistent` measures them.
    let (shares, measured) = (out("shares.json"), {
        json(&["persistent", WIKITEXT, "--text", &text, "--json"])
    });
    program(&["figure", "shares", WIKITEXT, "--text", &text, "-o", &shares])
        .assert()
        .success();
    for (row, head) in rows(&shares).iter().zip(measured.as_array().unwrap()) {
        for (i, field) in [(2, "context"), (3, "persistent"), (4, "empty")] {
            assert!(
                (number(&row[i]) - number(&head[field])).abs() < 1e-5,
                "{field}"
            );
        }
    }
    // Surprisal, as `eval` measures it.
    let surprisal = out("surprisal.json");
    let bits = json(&["eval", WIKITEXT, "--text", &text, "--json"]);
    program(&[
        "figure",
        "surprisal",
        WIKITEXT,
        "--text",
        &text,
        "-o",
        &surprisal,
    ])
    .assert()
    .success();
    let all = rows(&surprisal);
    let mean = all.iter().map(|row| number(&row[2])).sum::<f64>() / all.len() as f64;
    assert!((mean - number(&bits["bits_per_token"])).abs() < 1e-5);
    // Ids stand for a text, whatever the vocabulary.
    let golden = Golden::open("tiny_adaptive");
    let (model, ids) = (data("tiny_adaptive.pt"), golden.ids());
    let path = out("ids.csv");
    program(&[
        "figure",
        "surprisal",
        &model,
        "--ids",
        &ids,
        "--ramp",
        "16",
        "-o",
        &path,
    ])
    .assert()
    .success();
    let report = json(&["eval", &model, "--ids", &ids, "--ramp", "16", "--json"]);
    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    assert_eq!(lines as u64, report["tokens"].as_u64().unwrap());
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let out = folder.path().join("x.svg").to_str().unwrap().to_owned();
    for (args, code, part) in [
        (vec!["attention", SHAKESPEARE], 2, "--text"),
        (
            vec!["usage", SHAKESPEARE, "--text", &text],
            1,
            "no persistent vectors",
        ),
        (
            vec!["attention", SHAKESPEARE, "--text", &text, "--head", "9.0"],
            2,
            "layers go from 0 to 3",
        ),
        (
            vec!["attention", SHAKESPEARE, "--text", &text, "--head", "x"],
            2,
            "LAYER.HEAD",
        ),
        (
            vec!["text", SHAKESPEARE, "--text", &text, "--tokens", "900..910"],
            2,
            "600 tokens",
        ),
        (
            vec!["heads", SHAKESPEARE, "--statistic", "bits"],
            1,
            "there is no text",
        ),
        (
            vec!["heads", SHAKESPEARE, "--statistic", "iq"],
            2,
            "effective_50",
        ),
        (vec!["spans", SHAKESPEARE, "--width", "colum"], 2, "column"),
        (vec!["spans", "absent.pt"], 1, "absent.pt"),
        (
            vec!["training", &data("tiny_adaptive_f16.pt")],
            1,
            "training curves",
        ),
    ] {
        let args = [&["figure"][..], &args, &["-o", &out]].concat();
        let said = complaint(&args, code);
        assert!(said.contains(part), "{args:?}: {said}");
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn an_option_that_a_kind_does_not_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (text, out) = (text(folder.path()), folder.path().join("out.svg"));
    let options: [(&[&str], &[&str]); 17] = [
        (
            &["--head", "1.1"],
            &["mask", "profile", "attention", "text", "usage", "vectors"],
        ),
        (&["--combine", "max"], &["attention", "text"]),
        (
            &["--tokens", "5..9"],
            &[
                "attention",
                "text",
                "vectors",
                "predictions",
                "lens",
                "attribution",
            ],
        ),
        (&["--statistic", "reach"], &["heads", "grid"]),
        (&["--sort"], &["spans", "grid", "vectors"]),
        (&["--z"], &["spans"]),
        (&["--linear"], &["spans", "usage", "neurons"]),
        (&["--layer", "1"], &["neurons"]),
        (&["--effective"], &["spans"]),
        (&["--columns", "distance"], &["attention"]),
        (
            &["--scale", "log"],
            &["attention", "grid", "text", "vectors"],
        ),
        (&["--shade", "surprisal"], &["text"]),
        (&["--mean"], &["text"]),
        (&["--of", "e"], &["lens", "attribution"]),
        (&["--against", "e"], &["attribution"]),
        (&["--smooth", "2"], &["training", "surprisal"]),
        (
            &["--map", "greys"],
            &["heads", "attention", "grid", "text", "vectors", "lens"],
        ),
    ];
    let of = |model: &str, kind: &str, option: &[&str]| {
        let args = ["figure", kind, model, "--text", &text, "--force"];
        let out = ["-o", out.to_str().unwrap()];
        program(&[&args[..], option, &out].concat())
    };
    for (option, users) in options {
        for kind in KINDS.into_iter().chain(["usage", "vectors"]) {
            if !users.contains(&kind) {
                let done = of(SHAKESPEARE, kind, option).assert().code(2);
                let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
                assert!(said.contains(option[0]) && said.contains(kind), "{said}");
                assert!(said.contains(&users.join(", ")), "{said}");
            }
        }
    }
    // What one kind uses at least is drawn otherwise with it.
    for (kind, option) in [
        ("attention", "--combine max --head 1.1,2.1"),
        ("attention", "--columns distance"),
        ("heads", "--map greys"),
        ("grid", "--map greys"),
        ("text", "--map greys"),
    ] {
        let draw = |option: &[&str]| {
            of(SHAKESPEARE, kind, option).assert().success();
            std::fs::read(&out).unwrap()
        };
        let option: Vec<&str> = option.split(' ').collect();
        assert!(draw(&option) != draw(&[]), "{kind} {option:?}");
    }
    of(SHAKESPEARE, "spans", &["--effective"])
        .assert()
        .success();
    let marked = std::fs::read(&out).unwrap();
    let plain = ["figure", "spans", SHAKESPEARE, "--force", "-o"];
    program(&[&plain[..], &[out.to_str().unwrap()]].concat())
        .assert()
        .success();
    assert!(std::fs::read(&out).unwrap() != marked);
    let said = of(SHAKESPEARE, "grid", &["--statistic", "span"])
        .assert()
        .code(2);
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(said.contains("--sort"), "{said}");
    let out = out.to_str().unwrap();
    let args = [
        "figure",
        "spans",
        SHAKESPEARE,
        "--effective",
        "--force",
        "-o",
        out,
    ];
    assert!(complaint(&args, 2).contains("--text"));
}

#[test]
fn characters_without_a_glyph_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let paths = ["a.svg", "a.pdf", "a.png", "a.csv"].map(path);
    let mut args = vec!["figure", "spans", SHAKESPEARE, "--quiet"];
    args.extend(["--title", "\u{13080}のヴァルキュリア\u{13080} \u{e000}"]);
    for path in &paths {
        args.extend(["-o", path]);
    }
    let run = program(&args).assert().success();
    let said = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    let want = "note: 3 characters have no glyph in the bundled fonts and are drawn as their code points: U+13080, U+E000\n";
    assert_eq!(said, want);
    let svg = std::fs::read_to_string(&paths[0]).unwrap();
    assert!(svg.contains("⟨U+13080⟩のヴァルキュリア⟨U+13080⟩ ⟨U+E000⟩"));
    // The fonts have the characters of other titles.
    let mut args = vec!["figure", "spans", SHAKESPEARE, "--quiet", "--force"];
    args.extend(["--title", "戦のヴァルキュリア 語言 한국어", "-o", &paths[1]]);
    let run = program(&args).assert().success();
    assert!(run.get_output().stderr.is_empty());
}

#[test]
fn pictures_in_drawings_are_there_for_older_programs() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let path = folder.path().join("a.svg");
    let path = path.to_str().unwrap();
    let args = [
        "figure",
        "attention",
        SHAKESPEARE,
        "--text",
        &text,
        "--head",
        "3.1",
        "--tokens",
        "50..150",
        "-o",
        path,
    ];
    program(&args).assert().success();
    let svg = std::fs::read_to_string(path).unwrap();
    assert!(svg.contains("<image ") && svg.contains("xlink:href=\"data:image/png;base64,"));
    assert!(svg.contains("xmlns:xlink=\"http://www.w3.org/1999/xlink\""));
}

#[test]
fn one_name_means_one_head_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // The head that reaches farthest, as JSON, the table and the drawing of all heads name it.
    let spans = program(&["spans", SHAKESPEARE, "--json"]).output().unwrap();
    let spans: Value = serde_json::from_slice(&spans.stdout).unwrap();
    let farthest = spans
        .as_array()
        .unwrap()
        .iter()
        .max_by_key(|head| head["reach"].as_u64());
    let farthest = farthest.unwrap();
    let number = |field: &str| farthest[field].as_u64().unwrap() as usize;
    let id = spanscope::model::HeadId::new(number("layer"), number("head"));
    let chart = path("spans.svg");
    program(&["figure", "spans", SHAKESPEARE, "-o", &chart])
        .assert()
        .success();
    let words = format!("{}: reach {},", id.in_words(), farthest["reach"]);
    assert!(std::fs::read_to_string(&chart).unwrap().contains(&words));
    // Asked for by either of its names, it is drawn, under the same name, with the weights that `attention` writes.
    let text = path("few.txt");
    std::fs::write(&text, "To be, or not to be: that is the question").unwrap();
    let attention = path("attention.csv");
    let (layer, head) = (id.layer.to_string(), id.head.to_string());
    program(&[
        "attention",
        SHAKESPEARE,
        "--text",
        &text,
        "--layer",
        &layer,
        "--head",
        &head,
        "-o",
        &attention,
    ])
    .assert()
    .success();
    for (i, name) in [format!("{layer}.{head}"), id.to_string()]
        .iter()
        .enumerate()
    {
        let (svg, csv) = (path(&format!("{i}.svg")), path(&format!("{i}.csv")));
        program(&[
            "figure",
            "attention",
            SHAKESPEARE,
            "--text",
            &text,
            "--head",
            name,
            "-o",
            &svg,
            "-o",
            &csv,
        ])
        .assert()
        .success();
        assert!(
            std::fs::read_to_string(&svg)
                .unwrap()
                .contains(&id.in_words()),
            "{name}"
        );
        assert!(
            std::fs::read(&csv).unwrap() == std::fs::read(&attention).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn axes_have_the_names_of_the_window_and_spans_all_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let made = |kind: &str, ending: &str, options: &[&str]| {
        let path = folder.path().join(format!("{kind}.{ending}"));
        let path = path.to_str().unwrap();
        let args = ["figure", kind, SHAKESPEARE, "--force", "-o", path];
        // Some are of the model alone.
        let text: &[&str] = match ["cost", "parameters"].contains(&kind) {
            true => &[],
            false => &["--text", &text],
        };
        let args = [&args[..], text, options].concat();
        program(&args).assert().success();
        std::fs::read_to_string(path).unwrap()
    };
    for (kind, axes) in [
        ("surprisal", &["Surprisal (bits)", "Token"][..]),
        ("mask", &["Soft mask m(δ)", "Mean weight"]),
        ("cost", &["Limit on the span (tokens)"]),
        ("predictions", &["Probability"]),
        ("shares", &["Share of the weight"]),
        ("parameters", &["Parameters (millions)"]),
    ] {
        let svg = made(kind, "svg", &[]);
        for axis in axes {
            assert!(svg.contains(axis), "{kind}: {axis}");
        }
    }
    // What a text makes of the cost stands beside what was designed, and is no more.
    let path = folder.path().join("cost.csv");
    let path = path.to_str().unwrap();
    let args = ["figure", "cost", SHAKESPEARE, "--text", &text, "--force"];
    program(&[&args[..], &["-o", path]].concat())
        .assert()
        .success();
    let mut cost = csv::Reader::from_path(path).unwrap();
    let columns = cost.headers().unwrap().clone();
    let of = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let [heads, effective] = ["heads_flops", "effective_flops"].map(of);
    let last = cost.records().last().unwrap().unwrap();
    let [heads, effective] = [heads, effective].map(|at| last[at].parse::<u64>().unwrap());
    assert!(effective > 0 && effective < heads, "{effective} {heads}");
    let bare = made("cost", "csv", &[]);
    assert!(
        bare.contains("heads_flops") && !bare.contains("effective"),
        "{bare}"
    );
    // The mean that a drawing has is the one that was asked for.
    for (options, mean) in [
        (&[][..], "mean of 50 tokens"),
        (&["--smooth", "7"], "mean of 7 tokens"),
    ] {
        assert!(made("surprisal", "svg", options).contains(mean), "{mean}");
    }
    // All three distances are there.
    let spans = made("spans", "csv", &["--effective"]);
    let mut reader = csv::Reader::from_reader(spans.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let of = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let places = ["50", "90", "99"].map(|share| of(&format!("effective_{share}_tokens")));
    for row in reader.records() {
        let row = row.unwrap();
        let within: Vec<u32> = places.iter().map(|at| row[*at].parse().unwrap()).collect();
        assert!(within.is_sorted(), "{row:?}");
    }
}
