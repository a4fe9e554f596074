//! The program as people have it: a real window on a display of its own (Xvfb), with a mouse and a keyboard (xdotool).
//!
//! On a machine without these two, or without a graphics library, it says so and passes: everything that it does is
//! tested without a display as well, in `tests/window`. Here it is the whole of it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![cfg(target_os = "linux")]

mod desktop;

use desktop::{Desktop, Outcome};
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn from_the_first_start_to_finding_everything_as_left() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let model = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/wikitext_all_attention.safetensors");
    let chart = desktop.home().join("chart.svg");

    let mut window = match desktop.open(&[]) {
        Outcome::Window(window) => window,
        Outcome::NoGraphics(why) => {
            eprintln!("skipped: no window can be opened here: {why}");
            return;
        }
    };
    window.wait_title("shakespeare_adaptive");

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
    window.ctrl_click(68, 146);
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
