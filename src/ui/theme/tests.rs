//! That what is written and drawn can be seen.

use super::*;

/// WCAG's ratio of two colours: 1 to 21.
fn contrast(a: Color32, b: Color32) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn both() -> [(&'static str, Visuals, Palette); 2] {
    let ctx = egui::Context::default();
    install(&ctx);
    [("dark", Theme::Dark, DARK), ("light", Theme::Light, LIGHT)]
        .map(|(name, theme, palette)| (name, ctx.style_of(theme).visuals.clone(), palette))
}

#[test]
fn contrast_is_as_wcag_defines_it() {
    assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
    let grey = contrast(Color32::from_gray(0x77), Color32::WHITE);
    assert!((grey - 4.48).abs() < 0.01, "{grey}");
}

#[test]
fn text_is_legible_on_every_ground() {
    for (name, v, palette) in both() {
        let grounds = [
            v.panel_fill,
            v.extreme_bg_color,
            v.faint_bg_color,
            palette.bar,
        ];
        let texts = [
            ("text", v.text_color()),
            ("weak", v.weak_text_color()),
            ("strong", v.strong_text_color()),
            ("link", v.hyperlink_color),
            ("error", v.error_fg_color),
            ("warning", v.warn_fg_color),
            ("limit", palette.limit),
            ("accent", palette.accent),
        ];
        for (what, text) in texts {
            for ground in grounds {
                let ratio = contrast(text, ground);
                assert!(ratio >= 4.5, "{name}: {what} on {ground:?}: {ratio:.2}");
            }
        }
        let widgets = &v.widgets;
        for widget in [
            &widgets.inactive,
            &widgets.hovered,
            &widgets.active,
            &widgets.open,
        ] {
            let ratio = contrast(widget.fg_stroke.color, widget.weak_bg_fill);
            assert!(ratio >= 4.5, "{name}: a button: {ratio:.2}");
        }
        let selected = contrast(v.strong_text_color(), v.selection.bg_fill);
        assert!(selected >= 4.5, "{name}: selected text: {selected:.2}");
    }
}

#[test]
fn drawings_and_the_focus_stand_out_from_their_ground() {
    for (name, v, palette) in both() {
        let mut marks = vec![
            palette.accent,
            palette.edge,
            palette.context,
            palette.persistent,
            palette.empty,
            palette.limit,
            palette.unknown,
            v.widgets.active.bg_stroke.color,
            v.selection.stroke.color,
        ];
        marks.extend(palette.layers);
        for mark in marks {
            for ground in [v.panel_fill, v.extreme_bg_color] {
                let ratio = contrast(mark, ground);
                assert!(ratio >= 3.0, "{name}: {mark:?} on {ground:?}: {ratio:.2}");
            }
        }
    }
}

#[test]
fn ink_is_legible_on_any_colour() {
    for r in (0..=255).step_by(15) {
        for g in (0..=255).step_by(15) {
            for b in (0..=255).step_by(15) {
                let ground = Color32::from_rgb(r, g, b);
                assert!(contrast(ink_on(ground), ground) >= 4.5, "{ground:?}");
            }
        }
    }
}
