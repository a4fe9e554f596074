//! The program as people have it: a real window on a display of its own (Xvfb), with a mouse and a keyboard (xdotool).
//!
//! On a machine without these two, or without a graphics library, it says so and passes: everything that it does is
//! tested without a display as well, in `tests/window`. Here it is the whole of it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![cfg(target_os = "linux")]

mod desktop;
#[path = "../common/traced.rs"]
mod traced;

use desktop::{Desktop, Outcome, Window};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;
use traced::{Seen, traced};

/// The window; `None`, and a word about it, where none can be opened.
fn window_of(outcome: Outcome<'_>) -> Option<Window<'_>> {
    match outcome {
        Outcome::Window(window) => Some(window),
        Outcome::NoGraphics(why) => {
            eprintln!("skipped: no window can be opened here: {why}");
            None
        }
    }
}

#[test]
fn the_first_window_is_fitted_to_a_large_screen() {
    let Some(desktop) = Desktop::start_of("2560x1440x24") else {
        return;
    };
    let Some(mut window) = window_of(desktop.open(&[])) else {
        return;
    };
    window.wait_title("shakespeare_adaptive");
    // No window manager is there to maximise it.
    window.wait_session("its size", |session| {
        session["window"]["size"] == json!([2304.0, 1296.0])
    });
    // So large a window begins with two rows of views.
    window.wait_session("its views", |session| {
        let layout = session["layout"].to_string();
        layout.matches(r#"{"tabs":"#).count() == 6
    });
}

#[test]
fn from_the_first_start_to_finding_everything_as_left() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let model = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/wikitext_all_attention.safetensors");
    let chart = desktop.home().join("chart.svg");

    let Some(mut window) = window_of(desktop.open(&[])) else {
        return;
    };
    window.wait_title("shakespeare_adaptive");

    // The tour is over with one key, and for good.
    let settings = desktop.home().join("config/spanscope/settings.json");
    window.pause();
    window.keys(&["Escape"]);
    let kept = desktop.wait_for_file(&settings);
    assert!(kept.contains(r#""toured": true"#), "{kept}");

    // A checkpoint by the dialog: without a desktop to ask, the window's own.
    window.keys(&["ctrl+o"]);
    window.pause();
    window.keys(&["ctrl+a"]);
    window.write(model.to_str().unwrap());
    window.keys(&["Return"]);
    window.wait_title("wikitext_all_attention");

    // A text.
    window.click(700, 735);
    window.keys(&["ctrl+a"]);
    window.write("The tower was built in the city and the city was rebuilt");
    window.wait_session("the text", |session| {
        session["text"]["here"]["text"]
            .as_str()
            .is_some_and(|text| text.ends_with("the city was rebuilt"))
    });

    // Heads: one by the keys, another one in addition by the mouse.
    window.keys(&["Escape"]);
    window.click(640, 674);
    window.keys(&["Escape", "Left", "Up"]);
    window.ctrl_click(68, 172);
    window.wait_session("two heads", |session| {
        let heads = session["selected"]["heads"].as_array();
        heads.is_some_and(|heads| heads.len() == 2 && heads.contains(&json!([0, 0])))
    });
    // Tokens: a range of the text, dragged.
    window.drag((340, 593), (420, 593));
    window.wait_session("tokens", |session| {
        let tokens = session["selected"]["tokens"].as_array();
        tokens.is_some_and(|tokens| !tokens.is_empty())
    });

    // Every view.
    for view in [
        "heads",
        "spans",
        "grid",
        "cost",
        "training",
        "attention",
        "persistent",
        "predictions",
        "model",
        "text",
    ] {
        window.keys(&["ctrl+p"]);
        window.pause();
        window.write(&format!("show {view}"));
        window.keys(&["Return"]);
        window.pause();
        assert!(window.is_alive(), "{view}");
    }
    window.wait_session("the views in front", |session| {
        let layout = session["layout"].to_string();
        layout.contains(r#"{"tabs":[3,"#)
    });

    // One chart.
    window.keys(&["ctrl+p"]);
    window.pause();
    window.write("export span chart");
    window.keys(&["Return"]);
    window.pause();
    window.keys(&["ctrl+a"]);
    window.write(chart.to_str().unwrap());
    window.keys(&["Return"]);
    let svg = desktop.wait_for_file(&chart);
    assert!(svg.contains("<svg") && svg.contains("Layer"), "{svg}");

    // The end, and a new beginning.
    window.keys(&["ctrl+q"]);
    window.wait_exit();
    let left = desktop.session().unwrap();
    let Outcome::Window(mut window) = desktop.open(&[]) else {
        panic!("the window opened before");
    };
    window.wait_title("wikitext_all_attention");
    window.pause();
    window.keys(&["ctrl+q"]);
    window.wait_exit();
    let found = desktop.session().unwrap();
    let parts = ["model", "text", "selected", "layout", "views"];
    for part in parts {
        assert_ne!(left[part], Value::Null, "{part}");
        assert_eq!(left[part], found[part], "{part}");
    }
}

#[test]
fn a_window_that_is_killed_comes_back_as_it_was() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let Some(mut window) = window_of(desktop.open(&[])) else {
        return;
    };
    window.wait_title("shakespeare_adaptive");
    window.click(700, 735);
    window.write("typed in the last moments");
    let typed = Instant::now();
    window.wait_session("the text", |session| {
        session["text"].to_string().contains("in the last moments")
    });
    eprintln!(
        "kept {:.2} s after the last key",
        typed.elapsed().as_secs_f32()
    );
    // SIGKILL.
    drop(window);
    let Some(mut window) = window_of(desktop.open(&[])) else {
        panic!("the window opened before");
    };
    window.wait_title("shakespeare_adaptive");
    window.pause();
    window.keys(&["ctrl+q"]);
    window.wait_exit();
    let text = desktop.session().unwrap()["text"].to_string();
    assert!(text.contains("typed in the last moments"), "{text}");
}

#[test]
fn the_window_talks_to_the_desktop_alone_and_writes_only_what_it_keeps() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let home = desktop.home().canonicalize().unwrap();
    let log = home.join("log");
    let Some(command) = traced(env!("CARGO_BIN_EXE_spanscope"), &log) else {
        return;
    };
    let Some(mut window) = window_of(desktop.open_by(command, &[])) else {
        return;
    };
    window.wait_title("shakespeare_adaptive");
    window.click(700, 735);
    window.write("and on");
    let chart = home.join("chart.pdf");
    window.keys(&["Escape", "ctrl+s"]);
    window.pause();
    window.keys(&["ctrl+a"]);
    window.write(chart.to_str().unwrap());
    window.keys(&["Return"]);
    let begin = Instant::now();
    while !chart.exists() {
        assert!(begin.elapsed().as_secs() < 60, "no chart");
        window.pause();
    }
    window.keys(&["ctrl+q"]);
    window.wait_exit();
    let seen = Seen::of(&log, &[&home], true);
    assert!(seen.calls > 100, "strace saw it: {}", seen.calls);
    assert!(seen.sockets.is_empty(), "{:#?}", seen.sockets);
    assert!(seen.written.is_empty(), "{:#?}", seen.written);
}
