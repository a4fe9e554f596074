//! Fonts and colours of the window, light and dark.

use crate::fonts::{FALLBACKS, INTER, INTER_SEMIBOLD};
use eframe::egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Stroke, TextStyle, Theme, Visuals,
};
use std::sync::Arc;

/// Colours of the drawings, beyond egui's own.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Marks and the selected head.
    pub accent: Color32,
    /// The edge of a span.
    pub edge: Color32,
    /// Weight on tokens of the text.
    pub context: Color32,
    /// Weight on persistent vectors.
    pub persistent: Color32,
    /// Weight on empty context.
    pub empty: Color32,
    /// The limit S.
    pub limit: Color32,
    /// What the vocabulary lacks.
    pub unknown: Color32,
    /// The colours that layers cycle through.
    pub layers: [Color32; 4],
}

const DARK: Palette = Palette {
    accent: Color32::from_rgb(124, 188, 245),
    edge: Color32::from_rgb(255, 122, 77),
    context: Color32::from_rgb(92, 152, 214),
    persistent: Color32::from_rgb(240, 178, 76),
    empty: Color32::from_rgb(98, 106, 120),
    limit: Color32::from_rgb(255, 154, 115),
    unknown: Color32::from_rgb(255, 110, 110),
    // Okabe and Ito's blue, orange, green and purple, lightened for a dark ground.
    layers: [
        Color32::from_rgb(98, 178, 240),
        Color32::from_rgb(240, 178, 66),
        Color32::from_rgb(66, 196, 154),
        Color32::from_rgb(222, 148, 192),
    ],
};

const LIGHT: Palette = Palette {
    accent: Color32::from_rgb(27, 94, 159),
    edge: Color32::from_rgb(214, 74, 24),
    context: Color32::from_rgb(58, 122, 188),
    persistent: Color32::from_rgb(214, 142, 20),
    empty: Color32::from_rgb(168, 174, 184),
    limit: Color32::from_rgb(179, 66, 31),
    unknown: Color32::from_rgb(196, 30, 30),
    layers: [
        Color32::from_rgb(0, 114, 178),
        Color32::from_rgb(202, 130, 0),
        Color32::from_rgb(0, 138, 102),
        Color32::from_rgb(176, 92, 140),
    ],
};

/// The palette that goes with a window's visuals.
pub fn palette(visuals: &Visuals) -> Palette {
    if visuals.dark_mode { DARK } else { LIGHT }
}

/// The text colour, black or white, that stands out on `ground`.
pub fn ink_on(ground: Color32) -> Color32 {
    let [r, g, b, _] = ground.to_array().map(f32::from);
    // Rec. 709 luma: close enough to tell light from dark.
    if 0.2126 * r + 0.7152 * g + 0.0722 * b > 140.0 {
        Color32::from_gray(16)
    } else {
        Color32::from_gray(244)
    }
}

/// The window's fonts.
///
/// What these lack, the desktop's window takes from the system's fonts, which eframe adds. A picture and the tests have
/// no others than these: they are the same on every machine.
///
/// egui joins Arabic letters and orders them within a word, but places words from left to right in any script.
fn fonts() -> egui::FontDefinitions {
    let mut fonts = egui::FontDefinitions::default();
    let own = [("Inter", INTER), ("Inter SemiBold", INTER_SEMIBOLD)];
    for (name, data) in own.into_iter().chain(FALLBACKS) {
        // Not copied: the font is read where it lies in the program.
        let data = egui::FontData::from_static(data);
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    proportional.insert(0, "Inter".to_owned());
    // Inter has the open box and the return sign that stand for space and line break.
    fonts
        .families
        .entry(FontFamily::Monospace)
        .or_default()
        .insert(1, "Inter".to_owned());
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        let family = fonts.families.entry(family).or_default();
        family.extend(FALLBACKS.iter().map(|(name, _)| (*name).to_owned()));
    }
    let mut bold = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    bold.insert(0, "Inter SemiBold".to_owned());
    fonts.families.insert(strong_family(), bold);
    fonts
}

/// Sets fonts, sizes and both themes.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());

    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(11.0)),
            (TextStyle::Body, FontId::proportional(13.0)),
            (TextStyle::Button, FontId::proportional(13.0)),
            (TextStyle::Heading, FontId::new(15.0, strong_family())),
            (TextStyle::Monospace, FontId::monospace(13.0)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 5.0);
        style.spacing.button_padding = egui::vec2(7.0, 3.0);
        style.spacing.menu_margin = egui::Margin::same(6);
        style.spacing.combo_width = 60.0;
        style.interaction.tooltip_delay = 0.25;
    });
    ctx.style_mut_of(Theme::Dark, |style| {
        let v = &mut style.visuals;
        ground(v, [(20, 23, 28), (13, 15, 19), (27, 31, 38), (48, 54, 64)]);
        v.widgets.noninteractive.fg_stroke.color = Color32::from_rgb(206, 211, 220);
        v.selection.bg_fill = Color32::from_rgb(38, 79, 120);
        v.hyperlink_color = DARK.accent;
        v.error_fg_color = DARK.unknown;
    });
    ctx.style_mut_of(Theme::Light, |style| {
        let v = &mut style.visuals;
        ground(
            v,
            [
                (246, 247, 249),
                (255, 255, 255),
                (236, 238, 242),
                (210, 214, 221),
            ],
        );
        v.widgets.noninteractive.fg_stroke.color = Color32::from_rgb(38, 42, 50);
        v.selection.bg_fill = Color32::from_rgb(178, 210, 242);
        v.hyperlink_color = LIGHT.accent;
        v.error_fg_color = LIGHT.unknown;
        v.warn_fg_color = LIGHT.limit;
    });
}

/// Grounds: panels, deep (plots, text fields), raised (striped rows, tabs), and lines.
fn ground(v: &mut Visuals, [panel, deep, raised, line]: [(u8, u8, u8); 4]) {
    let color = |(r, g, b)| Color32::from_rgb(r, g, b);
    v.panel_fill = color(panel);
    v.window_fill = color(panel);
    v.extreme_bg_color = color(deep);
    v.faint_bg_color = color(raised);
    v.window_stroke = Stroke::new(1.0, color(line));
    v.widgets.noninteractive.bg_fill = color(panel);
    v.widgets.noninteractive.weak_bg_fill = color(panel);
    v.widgets.noninteractive.bg_stroke = Stroke::new(1.0, color(line));
    v.window_corner_radius = CornerRadius::same(8);
    v.slider_trailing_fill = true;
}

fn strong_family() -> FontFamily {
    FontFamily::Name("strong".into())
}

/// Semi-bold text of the body's size.
pub fn strong(text: impl Into<String>) -> egui::RichText {
    egui::RichText::new(text).family(strong_family())
}

/// Small text in the quieter colour.
pub fn quiet(text: impl Into<String>) -> egui::RichText {
    egui::RichText::new(text).weak().size(12.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
        assert_shown("😀👍🚀❤🎉 →←↑↓⇥⏎␣⟨⟩◌−²₂·…–≥≤×σ∞⌈⌉⌊⌋", "signs");
        let pictures: String = (0x2400..0x2422).filter_map(char::from_u32).collect();
        assert_shown(&pictures, "control characters");
        let bytes: String = (0x80..=0xff).filter_map(crate::text::stand_in).collect();
        assert_eq!(bytes.chars().count(), 128);
        assert_shown(&bytes, "bytes");
    }

    #[test]
    fn every_character_of_gb_2312_is_there() {
        // Both ends of both levels, and how many there are.
        assert_shown("啊座亍齄", "GB 2312");
        with_fonts(|fonts| {
            let font = FontId::proportional(13.0);
            let han = ('\u{4e00}'..='\u{9fff}').filter(|c| fonts.has_glyph(&font, *c));
            assert_eq!(han.count(), 6763);
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
            Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine"),
            Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text"),
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
}
