//! Pictures of the window, compared with those that were looked at and kept.

use super::Window;
use eframe::egui;
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable;
use spanscope::ui::Start;

/// Compares the window with the kept picture. Times and threads in the status bar differ from run to run.
fn compare(window: &mut Window, name: &str) {
    window.harness.remove_cursor();
    window.harness.run_steps(8);
    window.harness.mask(egui::Rect::from_min_max(
        egui::pos2(0.0, 778.0),
        egui::pos2(1280.0, 800.0),
    ));
    // A weight that rounds the other way on another processor may change the colour of a cell by a shade.
    let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(60);
    window.harness.snapshot_options(name, &options);
}

#[test]
fn the_sample_in_the_dark() {
    compare(
        &mut Window::with(Start::default(), egui::Theme::Dark),
        "sample_dark",
    );
}

#[test]
fn the_sample_in_the_light() {
    compare(
        &mut Window::with(Start::default(), egui::Theme::Light),
        "sample_light",
    );
}

#[test]
fn persistent_vectors() {
    let model = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/wikitext_all_attention.safetensors");
    let mut window = Window::open(Start {
        model: Some(model),
        ..Start::default()
    });
    window.harness.get_by_label("Persistent").click();
    window.harness.run_steps(3);
    window.settle();
    compare(&mut window, "persistent");
}

#[test]
fn neurons() {
    let mut window = Window::open(Start::default());
    window.harness.get_by_label("Persistent").click();
    window.harness.run_steps(3);
    window.settle();
    compare(&mut window, "neurons");
}

#[test]
fn the_path_field() {
    let mut window = Window::open(Start::default());
    window.keys(egui::Modifiers::COMMAND, egui::Key::S);
    window.harness.run_steps(4);
    // The folder differs from machine to machine; that the field is there does not.
    assert!(window.harness.query_by_label("Path").is_some());
    assert!(window.harness.query_by_label("Save").is_some());
    let image = window.harness.render().unwrap();
    assert_eq!((image.width(), image.height()), (1280, 800));
}
