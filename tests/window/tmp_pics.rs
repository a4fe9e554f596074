use super::Window;
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use spanscope::ui::Start;

fn save(window: &mut Window, name: &str) {
    window.harness.remove_cursor();
    window.harness.run_steps(8);
    window
        .harness
        .render()
        .unwrap()
        .save(format!("/tmp/w5save/{name}.png"))
        .unwrap();
}

#[test]
fn pics() {
    for (theme, t) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut w = Window::build(Start::default(), egui_kittest::Harness::builder().allow_missing_glyphs().with_theme(theme));
        save(&mut w, &format!("{t}_plain"));
        w.keys(Modifiers::COMMAND, Key::P);
        save(&mut w, &format!("{t}_palette"));
        w.harness.event(egui::Event::Text("layer 3".into()));
        w.harness.run_steps(3);
        save(&mut w, &format!("{t}_palette2"));
        w.keys(Modifiers::NONE, Key::Escape);
        w.keys(Modifiers::NONE, Key::F1);
        save(&mut w, &format!("{t}_help"));
        w.harness.set_size(egui::vec2(1000.0, 650.0));
        save(&mut w, &format!("{t}_help_small"));
        w.keys(Modifiers::NONE, Key::F1);
        w.harness.set_size(egui::vec2(1280.0, 800.0));
        for menu in ["File", "Edit", "View"] {
            w.harness.get_by_label(menu).click();
            w.harness.run_steps(4);
            save(&mut w, &format!("{t}_menu_{menu}"));
            w.keys(Modifiers::NONE, Key::Escape);
        }
    }
}
