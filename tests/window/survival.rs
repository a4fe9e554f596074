//! What the window outlives: being killed, files that go or change under it, a full disk, a defect.

use super::files::{answer, drop_file};
use super::shell::command;
use super::{Window, data};
use eframe::egui::{Key, Modifiers};
use spanscope::ui::{Pane, Start};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Tells a child of a test its folder.
const FOLDER: &str = "SPANSCOPE_TEST_FOLDER";

/// Tells a child of a test what to type.
const WORDS: &str = "SPANSCOPE_TEST_WORDS";

const LAST_WORDS: &str = "typed in the last moments";

/// This test program, to run one ignored test of it as a process.
fn child(test: &str) -> String {
    let program = std::env::current_exe().unwrap();
    format!(
        "'{}' --exact survival::{test} --ignored --nocapture",
        program.display()
    )
}

fn spawn(script: &str, folder: &Path) -> Child {
    Command::new("sh")
        .args(["-c", &format!("exec {script}")])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn folder_of_child() -> PathBuf {
    std::env::var_os(FOLDER)
        .expect("a test runs this one")
        .into()
}

#[test]
#[ignore = "run by the test below as a process, and killed"]
fn a_window_until_it_is_killed() {
    let mut window = Window::in_folder(Start::default(), &folder_of_child());
    command(&mut window, "1.2");
    window.keys(Modifiers::COMMAND, Key::L);
    command(&mut window, "ablate selected");
    // One that begins with a copy of another's session has it closed already.
    if window.app().open_views().contains(&Pane::GRID) {
        command(&mut window, "open or close grid");
    }
    let words = std::env::var(WORDS);
    window.write(words.as_deref().unwrap_or(LAST_WORDS));
    println!("changed");
    loop {
        window.harness.step();
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(unix)]
#[test]
fn a_process_that_is_killed_loses_nothing_older_than_moments() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(&child("a_window_until_it_is_killed"), folder.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("changed")));
    let changed = Instant::now();
    let session = folder.path().join("session.json");
    while !std::fs::read_to_string(&session).is_ok_and(|text| text.contains(LAST_WORDS)) {
        assert!(changed.elapsed() < Duration::from_secs(60), "not kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!(
        "kept {:.2} s after the change",
        changed.elapsed().as_secs_f32()
    );
    // SIGKILL: nothing of it runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    let mut window = Window::in_folder(Start::default(), folder.path());
    window.settle();
    assert!(window.app().text().ends_with(LAST_WORDS));
    assert_eq!(window.app().edits().ablated().count(), 4);
    assert_eq!(window.app().selection().heads.all().len(), 4);
    assert!(!window.app().open_views().contains(&Pane::GRID));
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert_eq!(network.edits().ablated().count(), 4);
}

#[cfg(unix)]
#[test]
fn of_two_windows_that_are_killed_both_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["in the first window", "in the second window"];
    let test = child("a_window_until_it_is_killed");
    let mut children = Vec::new();
    for (i, words) in words.into_iter().enumerate() {
        let script = format!("env {WORDS}='{words}' {test}");
        let mut child = spawn(&script, folder.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("changed")));
        let session = match i {
            0 => folder.path().join("session.json"),
            _ => folder.path().join("window-2/session.json"),
        };
        let begin = Instant::now();
        while !std::fs::read_to_string(&session).is_ok_and(|text| text.contains(words)) {
            assert!(begin.elapsed() < Duration::from_secs(60), "not kept");
            std::thread::sleep(Duration::from_millis(20));
        }
        children.push((child, lines));
    }
    // SIGKILL, one after the other: nothing of them runs any more.
    for (child, _) in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let open = || Window::in_folder(Start::default(), folder.path());
    let (second, first) = (open(), open());
    for (window, words) in [(&first, words[0]), (&second, words[1])] {
        assert!(window.app().text().ends_with(words));
        assert_eq!(window.app().edits().ablated().count(), 4);
    }
}

/// Looks at everything and changes the text.
fn use_it(window: &mut Window) {
    for view in Pane::ALL {
        window.harness.state_mut().bring_up(view);
        window.harness.run_steps(2);
    }
    window.write(" and on");
    assert!(window.app().text().ends_with("and on"));
    assert!(window.snapshot().failure.is_none());
    assert_eq!(window.snapshot().done, window.snapshot().tokens.ids.len());
}

#[test]
fn a_model_whose_file_goes_or_changes_stays_open() {
    let sample = data("../../sample_models/wikitext_all_attention.safetensors");
    let spoil: [fn(&Path); 5] = [
        |file| std::fs::remove_file(file).unwrap(),
        |file| {
            let file = std::fs::File::options().write(true).open(file).unwrap();
            file.set_len(1000).unwrap();
        },
        |file| std::fs::write(file, vec![0xff; 1 << 20]).unwrap(),
        |file| {
            std::fs::copy(data("tiny_fixed.pt"), file).unwrap();
        },
        |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        },
    ];
    for (i, spoil) in spoil.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.safetensors");
        std::fs::copy(&sample, &file).unwrap();
        let mut window = Window::open(Start {
            model: Some(file.clone()),
            ..Start::default()
        });
        spoil(&file);
        use_it(&mut window);
        // A figure needs the file for nothing but its sum.
        let figure = folder.path().join("spans.svg");
        window.harness.state_mut().bring_up(Pane::SPANS);
        window.keys(Modifiers::NONE, Key::Escape);
        window.harness.run_steps(2);
        window.keys(Modifiers::COMMAND, Key::S);
        answer(&mut window, &figure);
        window.wait("a figure, or why not", |app| {
            figure.exists() || app.complaint().is_some()
        });
        window.settle();
        // Opened again, it is what it is now.
        window.keys(Modifiers::NONE, Key::Escape);
        drop_file(&mut window, file.clone());
        if i == 3 {
            window.wait("the other model", |app| app.snapshot().model_number == 2);
            let model = window.snapshot().model.as_ref().unwrap();
            assert_eq!(
                model
                    .network
                    .architecture()
                    .adaptive_span()
                    .unwrap()
                    .pers_mem_size,
                0
            );
        } else {
            window.wait("the complaint", |app| app.complaint().is_some());
            let words = window.app().complaint().unwrap().to_owned();
            assert!(words.contains("model.safetensors"), "{words}");
            assert_eq!(window.snapshot().model_number, 1);
            window.keys(Modifiers::NONE, Key::Escape);
            window.write(" and on");
        }
    }
}

#[test]
#[ignore = "run by the test below as a process, on a disk without room"]
fn a_window_on_a_full_disk() {
    let folder = folder_of_child();
    let file = folder.join("grid.png");
    std::fs::write(&file, "before").unwrap();
    let mut window = Window::open(Start::default());
    window.harness.state_mut().bring_up(Pane::GRID);
    window.settle();
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &file);
    window.harness.run_steps(2);
    // It is there: asked again.
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait("the complaint", |app| app.complaint().is_some());
    let words = window.app().complaint().unwrap().to_owned();
    assert!(words.contains("grid.png"), "{words}");
    assert_eq!(std::fs::read(&file).unwrap(), b"before");
    let left = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 1, "nothing is left beside it");
    window.keys(Modifiers::NONE, Key::Escape);
    use_it(&mut window);
    println!("said: {words}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_figure_that_a_full_disk_does_not_take_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let test = child("a_window_on_a_full_disk");
    // A disk of its own with no room, where the system lets one make it; else no file may become larger than 4,096 bytes, which
    // fails in the same place with another word for it.
    let disk = format!(
        "unshare -rm sh -c \"mount -t tmpfs -o size=16k none '{place}' && echo small disk && exec {test}\""
    );
    let limit = format!("sh -c \"trap '' XFSZ; ulimit -f 8; echo small files; exec {test}\"");
    let said = |script: &str| {
        let done = spawn(script, folder.path()).wait_with_output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let mut words = said(&disk);
    if !words.contains("small disk") {
        words = said(&limit);
    }
    println!("{words}");
    assert!(words.contains("1 passed"), "{words}");
    if words.contains("small disk") {
        assert!(words.contains("no space left on the disk"), "{words}");
    }
}
