//! That what is written and drawn can be seen.

use super::*;
use std::path::Path;

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
        marks.extend((0..24).map(|layer| palette.layer(layer, 24)));
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

/// Calls `with` for a window's fonts, the system's not among them.
fn with_fonts(with: impl FnOnce(&mut egui::epaint::FontsView<'_>)) {
    let ctx = egui::Context::default();
    install(&ctx);
    let mut output = ctx.run_ui(egui::RawInput::default(), |_| {});
    output.textures_delta.clear();
    ctx.fonts_mut(with);
}

fn assert_shown(text: &str, what: &str) {
    with_fonts(|fonts| {
        for family in [
            FontFamily::Proportional,
            FontFamily::Monospace,
            strong_family(),
        ] {
            let font = FontId::new(13.0, family.clone());
            let missing: String = text
                .chars()
                .filter(|c| !c.is_control() && !fonts.has_glyph(&font, *c))
                .collect();
            assert!(missing.is_empty(), "{what}, {family}: {missing}");
        }
    });
}

#[test]
fn every_script_of_the_interface_is_there() {
    assert_shown(
        "层头注意力跨度持久向量预测训练成本模型文本导出打开保存撤销重做语言帮助，。：；？！（）《》「」、·…—“”％",
        "Chinese",
    );
    assert_shown(
        "ابتثجحخدذرزسشصضطظعغفقكلمنهوي ءآأؤإئى ة ـ ًٌٍَُِّْ ٠١٢٣٤٥٦٧٨٩ پچژکگی ﷲ ﻻ ،؛؟",
        "Arabic",
    );
    assert_shown("αβγδεζηθικλμνξοπρστυφχψω ΑΒΓΔΕΖΗΘ άέήίόύώ", "Greek");
    assert_shown("абвгдеёжзийклмнопрстуфхцчшщъыьэюя ІЇЄҐ", "Cyrillic");
    assert_shown("ひらがな カタカナ ー ・ ｶﾅ ＡＢＣ１２３", "Japanese");
    assert_shown("한국어 뷁 ㅋㅋ", "Korean");
    assert_shown("עברית שָׁלוֹם", "Hebrew");
    assert_shown(
        "हिन्दी বাংলা ਪੰਜਾਬੀ ગુજરાતી ଓଡ଼ିଆ தமிழ் తెలుగు ಕನ್ನಡ മലയാളം සිංහල",
        "scripts of India",
    );
    assert_shown("ไทย ລາວ ខ្មែរ မြန်မာ", "scripts of South-East Asia");
    assert_shown("አማርኛ Հայերեն ქართული", "other scripts");
    assert_shown("😀👍🚀❤🎉 →←↑↓⇥⏎␣⟨⟩◌−²₂·…–≥≤×σ∞⌈⌉⌊⌋", "signs");
    let pictures: String = (0x2400..0x2422).filter_map(char::from_u32).collect();
    assert_shown(&pictures, "control characters");
    let bytes: String = (0x80..=0xff).filter_map(crate::text::stand_in).collect();
    assert_eq!(bytes.chars().count(), 128);
    assert_shown(&bytes, "bytes");
}

#[test]
fn the_common_han_characters_are_there() {
    // Both ends of the levels of GB 2312, Big5 and JIS X 0208, and how many there are.
    assert_shown("啊座亍齄", "GB 2312");
    assert_shown("一籲語體", "Big5");
    assert_shown("亜腕弌熙戦働", "JIS X 0208");
    with_fonts(|fonts| {
        let font = FontId::proportional(13.0);
        let han = ('\u{4e00}'..='\u{9fff}').filter(|c| fonts.has_glyph(&font, *c));
        assert_eq!(han.count(), 10_563);
    });
}

/// The characters of a source's string literals that are no ASCII; comments do not count.
fn shown_in(source: &str) -> String {
    let code = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter_map(|line| line.split(" // ").next());
    code.flat_map(str::chars)
        .filter(|c| !c.is_ascii())
        .collect()
}

#[test]
fn every_character_of_the_sources_is_there() {
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui"),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/spanscope-engine/src"),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/spanscope-core/src/text"),
    ];
    let mut found = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                found += &shown_in(&source);
            }
        }
    }
    assert!(found.contains('⏎') && found.contains('–'), "{found}");
    assert_shown(&found, "sources");
}

#[test]
fn arabic_letters_are_joined_within_a_word() {
    with_fonts(|fonts| {
        let font = FontId::monospace(13.0);
        let mut width = |text: &str| {
            let text = text.to_owned();
            fonts
                .layout_no_wrap(text, font.clone(), Color32::WHITE)
                .size()
                .x
        };
        let apart: f32 = ["س", "ل", "ا", "م"].map(&mut width).iter().sum();
        assert!(width("سلام") < 0.9 * apart);
    });
}

#[test]
fn brackets_among_han_characters_are_of_their_font() {
    let defined = definitions();
    let families = [
        FontFamily::Proportional,
        FontFamily::Monospace,
        strong_family(),
    ];
    for family in families {
        let names = &defined.families[&family];
        let han: Vec<usize> = (0..names.len()).filter(|i| names[*i] == HAN).collect();
        let signs = names.iter().position(|name| is_of_signs(name));
        assert!(han.len() == 1 && Some(han[0]) < signs, "{names:?}");
        for (name, _) in fonts::at_hand() {
            assert!(names.iter().any(|other| other == name), "{name}");
        }
    }
    // A full-width bracket is as wide as a character; egui's icon of it is not.
    with_fonts(|shown| {
        for font in [FontId::proportional(20.0), strong_font(20.0)] {
            let wide = shown.glyph_width(&font, '词');
            for c in ['（', '）', '！', '？', '０'] {
                let width = shown.glyph_width(&font, c);
                assert!((width - wide).abs() < 0.5, "{c}: {width} {wide}");
            }
        }
    });
}

#[test]
fn what_stands_out_is_of_one_weight() {
    let ctx = egui::Context::default();
    install(&ctx);
    let family = |text: &str| {
        let style = ctx.style_of(Theme::Dark);
        let font = egui::FontSelection::Default;
        let job =
            egui::WidgetText::from(strong(text)).into_layout_job(&style, font, egui::Align::Center);
        job.sections[0].format.font_id.family.clone()
    };
    assert_eq!(family("Layer 3, head 1"), strong_family());
    for text in ["第 3 层，第 1 头", "注意力（4 × 4）"] {
        assert_eq!(family(text), FontFamily::Proportional, "{text}");
    }
}
