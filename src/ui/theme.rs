//! Fonts and colours of the window, light and dark.

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

/// Sets fonts, sizes and both themes.
pub fn install(ctx: &egui::Context) {
    let mut fonts = egui::FontDefinitions::default();
    for (name, data) in [
        (
            "Inter",
            &include_bytes!("../../assets/fonts/Inter-Regular.otf")[..],
        ),
        (
            "Inter SemiBold",
            &include_bytes!("../../assets/fonts/Inter-SemiBold.otf")[..],
        ),
    ] {
        let data = egui::FontData::from_static(data);
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    proportional.insert(0, "Inter".to_owned());
    let fallback = proportional.clone();
    // Inter has the open box and the return sign that stand for space and line break.
    fonts
        .families
        .entry(FontFamily::Monospace)
        .or_default()
        .insert(1, "Inter".to_owned());
    let mut bold = fallback;
    bold.insert(0, "Inter SemiBold".to_owned());
    fonts.families.insert(strong_family(), bold);
    ctx.set_fonts(fonts);

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
