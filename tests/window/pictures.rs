//! Every view in both themes and both languages, compared with the pictures that were looked at and kept.

use super::common::CpuRenderer;
use eframe::egui;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions, SnapshotResult};
use spanscope::model::HeadId;
use spanscope::ui::app::App;
use spanscope::ui::dialogs::Backend;
use spanscope::ui::language::Language;
use spanscope::ui::settings::{Settings, ThemeChoice};
use spanscope::ui::{Choices, Pane, Start};
use std::path::Path;
use std::time::{Duration, Instant};

/// The model with persistent vectors has something to show in every view.
fn window(theme: ThemeChoice, language: Language) -> Harness<'static, App> {
    sized(theme, language, egui::vec2(640.0, 440.0))
}

fn sized(theme: ThemeChoice, language: Language, size: egui::Vec2) -> Harness<'static, App> {
    let model = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/wikitext_all_attention.safetensors");
    let mut settings = Settings::transient();
    (settings.theme, settings.language) = (theme, language);
    let start = Start {
        model: Some(model),
        ..Start::default()
    };
    // The harness sets the theme of the desktop in every frame.
    let desktop = match theme {
        ThemeChoice::Light => egui::Theme::Light,
        _ => egui::Theme::Dark,
    };
    Harness::builder()
        .with_theme(desktop)
        .with_size(size)
        .with_max_steps(32)
        .renderer(CpuRenderer::of_window())
        .build_eframe(move |cc| App::new(&cc.egui_ctx, &start, settings, Backend::Window))
}

/// Draws frames until everything is known and drawn.
fn settle(harness: &mut Harness<'static, App>) {
    let begin = Instant::now();
    let mut calm = 0;
    while calm < 8 {
        harness.step();
        let app = harness.state();
        let ready = app.settled() && app.snapshot().model.is_some();
        calm = if ready { calm + 1 } else { 0 };
        assert!(begin.elapsed() < Duration::from_secs(120), "no rest");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Holds what is drawn, when everything is, against its picture.
fn picture(harness: &mut Harness<'static, App>, name: &str) {
    harness.remove_cursor();
    settle(harness);
    harness.try_snapshot_options(name, &shades()).unwrap();
}

/// A weight that rounds the other way on another processor may change the colour of a cell by a shade.
fn shades() -> SnapshotOptions {
    SnapshotOptions::new().threshold(1.0).max_failed_pixels(60)
}

fn compare(theme: ThemeChoice, language: Language, name: &str) {
    let mut harness = window(theme, language);
    settle(&mut harness);
    let choices = Choices {
        heads: vec![HeadId::new(2, 3), HeadId::new(1, 0)],
        tokens: Some(300..330),
        ..Choices::default()
    };
    let mut failed = Vec::new();
    for view in Pane::ALL {
        // What is known of one head only is shown of one.
        let one = [Pane::PERSISTENT, Pane::PREDICTIONS].contains(&view);
        let chosen = Choices {
            heads: vec![HeadId::new(2, 3)],
            tokens: Some(310..311),
            vector: Some(17),
            ..Choices::default()
        };
        let chosen = if one { &chosen } else { &choices };
        harness.state_mut().choose(chosen).unwrap();
        harness.state_mut().show_alone(view);
        harness.remove_cursor();
        settle(&mut harness);
        let name = format!("{name}/{}", format!("{view:?}").to_lowercase());
        if let Err(error) = harness.try_snapshot_options(&name, &shades()) {
            failed.push(error.to_string());
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn dark_in_english() {
    compare(ThemeChoice::Dark, Language::English, "dark_en");
}

#[test]
fn light_in_english() {
    compare(ThemeChoice::Light, Language::English, "light_en");
}

#[test]
fn dark_in_chinese() {
    compare(ThemeChoice::Dark, Language::Chinese, "dark_zh");
}

#[test]
fn light_in_chinese() {
    compare(ThemeChoice::Light, Language::Chinese, "light_zh");
}

/// The dialog of figure options, with the figure in it.
fn options(theme: ThemeChoice, language: Language, words: [&str; 2], name: &str) -> SnapshotResult {
    let mut harness = sized(theme, language, egui::vec2(1100.0, 660.0));
    settle(&mut harness);
    harness.state_mut().bring_up(Pane::SPANS);
    settle(&mut harness);
    for word in words {
        harness.get_by_label(word).click();
        harness.run_steps(3);
    }
    harness.remove_cursor();
    settle(&mut harness);
    // The status bar tells how long the reading took, which is another figure every time.
    harness.mask(egui::Rect::from_min_max(
        egui::pos2(0.0, 634.0),
        egui::pos2(1100.0, 660.0),
    ));
    harness.try_snapshot_options(name, &shades())
}

#[test]
fn figure_options() {
    let english = ["Export Spans", "Figure options…"];
    let dark = options(
        ThemeChoice::Dark,
        Language::English,
        english,
        "dark_en/figure_options",
    );
    let chinese = ["导出：跨度", "图形选项…"];
    let light = options(
        ThemeChoice::Light,
        Language::Chinese,
        chinese,
        "light_zh/figure_options",
    );
    dark.unwrap();
    light.unwrap();
}

/// The other pages of Predictions.
fn pages(theme: ThemeChoice, language: Language, words: [(&str, &str); 2], folder: &str) {
    let mut harness = window(theme, language);
    settle(&mut harness);
    let chosen = Choices {
        heads: vec![HeadId::new(2, 0)],
        tokens: Some(311..312),
        ..Choices::default()
    };
    harness.state_mut().choose(&chosen).unwrap();
    harness.state_mut().show_alone(Pane::PREDICTIONS);
    settle(&mut harness);
    for (word, name) in words {
        harness.get_by_label(word).click();
        harness.run_steps(3);
        picture(&mut harness, &format!("{folder}/{name}"));
    }
}

#[test]
fn predictions_by_layer_and_by_part() {
    let english = [
        ("By layer", "predictions_layers"),
        ("By part", "predictions_parts"),
    ];
    pages(ThemeChoice::Dark, Language::English, english, "dark_en");
    let chinese = [
        ("各层", "predictions_layers"),
        ("各部分", "predictions_parts"),
    ];
    pages(ThemeChoice::Light, Language::Chinese, chinese, "light_zh");
}

/// The drawings and pages of Heads, as tall as its tile.
fn finder(theme: ThemeChoice, language: Language, words: [[&str; 2]; 3], folder: &str) {
    let mut harness = sized(theme, language, egui::vec2(300.0, 640.0));
    settle(&mut harness);
    let chosen = Choices {
        heads: vec![HeadId::new(2, 3), HeadId::new(1, 2)],
        ..Choices::default()
    };
    harness.state_mut().choose(&chosen).unwrap();
    harness.state_mut().show_alone(Pane::HEADS);
    settle(&mut harness);
    for ([drawing, page], name) in words.into_iter().zip(["scatter", "bars", "matrix"]) {
        for word in [drawing, page] {
            harness.get_by_label(word).click();
            harness.run_steps(3);
        }
        picture(&mut harness, &format!("{folder}/heads_{name}"));
    }
}

#[test]
fn heads_as_points_and_bars() {
    let english = [
        ["Scatter", "Role"],
        ["Bars", "Alike"],
        ["Matrix", "by attention"],
    ];
    finder(ThemeChoice::Dark, Language::English, english, "dark_en");
    let chinese = [["散点图", "角色"], ["条形图", "相似"], ["矩阵", "按注意力"]];
    finder(ThemeChoice::Light, Language::Chinese, chinese, "light_zh");
}
