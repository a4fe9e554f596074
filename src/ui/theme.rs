//! Fonts and colours of the window, light and dark.

use crate::chart::fonts::{self, INTER, INTER_SEMIBOLD};
use eframe::egui::style::WidgetVisuals;
use eframe::egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Theme, Visuals,
};
use std::sync::Arc;

/// Inside of a view, beside and above what it draws.
pub const VIEW_MARGIN: Margin = Margin::symmetric(8, 6);

/// Inside of a note at the corner.
pub const NOTE_MARGIN: Margin = Margin::symmetric(10, 8);

/// Inside of a dialog.
const DIALOG_MARGIN: Margin = Margin::same(12);

/// Inside of the bars at the edges of the window.
pub const BAR_MARGIN: Margin = Margin::symmetric(8, 3);

/// Height of a row of tabs, in points.
pub const TAB_HEIGHT: f32 = 27.0;

/// Between two tiles, in points.
pub const GAP: f32 = 5.0;

/// Size of small remarks, in points.
pub const QUIET: f32 = 12.0;

/// Colours of the drawings, beyond egui's own.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// The ground of bars, and between the tiles.
    pub bar: Color32,
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
    /// Text that the vocabulary lacks.
    pub unknown: Color32,
    /// The colours that layers cycle through.
    pub layers: [Color32; 4],
}

const DARK: Palette = Palette {
    bar: Color32::from_rgb(12, 14, 17),
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
    bar: Color32::from_rgb(230, 233, 238),
    accent: Color32::from_rgb(27, 94, 159),
    edge: Color32::from_rgb(214, 74, 24),
    context: Color32::from_rgb(58, 122, 188),
    persistent: Color32::from_rgb(190, 120, 0),
    empty: Color32::from_rgb(134, 141, 153),
    limit: Color32::from_rgb(179, 66, 31),
    unknown: Color32::from_rgb(196, 30, 30),
    layers: [
        Color32::from_rgb(0, 114, 178),
        Color32::from_rgb(192, 122, 0),
        Color32::from_rgb(0, 138, 102),
        Color32::from_rgb(176, 92, 140),
    ],
};

impl Palette {
    /// The colour of a layer's lines among those of `layers` layers: one of its own where there are few, else along a colour
    /// map, so that neighbours look alike and no colour stands for two layers.
    pub fn layer(&self, layer: usize, layers: usize) -> Color32 {
        if layers <= self.layers.len() {
            return self.layers[layer % self.layers.len()];
        }
        let [r, g, b] = crate::chart::depth_color(layer, layers, luminance(self.bar) < 0.2);
        Color32::from_rgb(r, g, b)
    }
}

/// The palette that goes with a window's visuals.
pub fn palette(visuals: &Visuals) -> Palette {
    if visuals.dark_mode { DARK } else { LIGHT }
}

/// The text colour, black or white, that stands out on `ground`.
pub fn ink_on(ground: Color32) -> Color32 {
    // Where black and white are equally far away, as WCAG measures it.
    if luminance(ground) > 0.179 {
        Color32::BLACK
    } else {
        Color32::WHITE
    }
}

/// Relative luminance as WCAG 2 defines it.
fn luminance(color: Color32) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    let [r, g, b, _] = color.to_array();
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// The window's fonts.
///
/// The desktop's window takes characters that these lack from the system's fonts, which eframe adds. A picture and the
/// tests have no others than these: they are the same on every machine.
///
/// egui joins Arabic letters and orders them within a word, but places words from left to right in any script.
fn definitions() -> egui::FontDefinitions {
    let mut defined = of_egui();
    let own = [("Inter", INTER), ("Inter SemiBold", INTER_SEMIBOLD)];
    for (name, data) in own.into_iter().chain(fonts::at_hand()) {
        // Not copied: the font is read where it lies in the program.
        let data = egui::FontData::from_static(data);
        defined.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let proportional = defined
        .families
        .entry(FontFamily::Proportional)
        .or_default();
    proportional.insert(0, "Inter".to_owned());
    // Inter has the open box and the return sign that stand for space and line break.
    defined
        .families
        .entry(FontFamily::Monospace)
        .or_default()
        .insert(1, "Inter".to_owned());
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        let family = defined.families.entry(family).or_default();
        // egui's signs have full-width brackets and letters as well, in the weight of icons.
        let signs = family.iter().position(|name| is_of_signs(name));
        family.insert(signs.unwrap_or(family.len()), HAN.to_owned());
        let others = fonts::at_hand().filter(|(name, _)| *name != HAN);
        family.extend(others.map(|(name, _)| name.to_owned()));
    }
    let mut bold = defined
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    bold.insert(0, "Inter SemiBold".to_owned());
    defined.families.insert(strong_family(), bold);
    defined
}

/// The fonts that egui brings.
#[cfg(feature = "desktop")]
fn of_egui() -> egui::FontDefinitions {
    egui::FontDefinitions::default()
}

/// The same as far as they are needed, the very ones that charts are drawn with: of egui's own, a page would have another copy.
#[cfg(not(feature = "desktop"))]
fn of_egui() -> egui::FontDefinitions {
    let mut defined = egui::FontDefinitions::empty();
    let [(noto, noto_data), (icons, icons_data)] = fonts::EMOJI;
    // As large as egui has them.
    let all = [
        ("Hack", fonts::HACK, 1.0),
        (noto, noto_data, 0.81),
        (icons, icons_data, 0.9),
    ];
    for (name, data, scale) in all {
        let tweak = egui::FontTweak {
            scale,
            ..egui::FontTweak::default()
        };
        let data = egui::FontData::from_static(data).tweak(tweak);
        defined.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let families = [
        (FontFamily::Monospace, &["Hack", noto, icons][..]),
        (FontFamily::Proportional, &[noto, icons][..]),
    ];
    for (family, names) in families {
        let names = names.iter().map(|name| (*name).to_owned());
        defined.families.insert(family, names.collect());
    }
    defined
}

/// The font of Han characters and of the punctuation among them.
const HAN: &str = "Noto Sans SC";

/// True if a font of egui's is one of emoji and icons.
fn is_of_signs(name: &str) -> bool {
    name.to_lowercase().contains("emoji")
}

/// Has the window drawn with the fonts that are at hand; a page does so again when another one has come.
pub fn take_fonts(ctx: &egui::Context) {
    ctx.set_fonts(definitions());
}

/// Sets fonts, sizes and both themes.
pub fn install(ctx: &egui::Context) {
    take_fonts(ctx);

    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(11.0)),
            (TextStyle::Body, FontId::proportional(13.0)),
            (TextStyle::Button, FontId::proportional(13.0)),
            (TextStyle::Heading, FontId::new(16.0, strong_family())),
            (TextStyle::Monospace, FontId::monospace(13.0)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 5.0);
        style.spacing.button_padding = egui::vec2(7.0, 3.0);
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.window_margin = Margin::same(12);
        style.spacing.combo_width = 60.0;
        // As many lines as there are figures: what a short list hides is hard to know of.
        style.spacing.combo_height = 440.0;
        style.interaction.tooltip_delay = 0.25;
    });
    ctx.style_mut_of(Theme::Dark, |style| {
        apply(&mut style.visuals, &DARK_GROUNDS, &DARK);
    });
    ctx.style_mut_of(Theme::Light, |style| {
        apply(&mut style.visuals, &LIGHT_GROUNDS, &LIGHT);
    });
    // The zoom is a command of the window's own.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
}

type Rgb = (u8, u8, u8);

/// Colours of egui's own parts.
struct Grounds {
    /// Views and dialogs.
    panel: Rgb,
    /// Plots and text fields.
    deep: Rgb,
    /// Striped rows, tabs under the pointer.
    raised: Rgb,
    /// Lines between things.
    line: Rgb,
    /// Text.
    text: Rgb,
    /// Remarks.
    weak: Rgb,
    /// Text that stands out.
    strong: Rgb,
    /// Buttons: at rest, under the pointer, pressed or with the focus.
    buttons: [Rgb; 3],
    /// Behind selected text and entries.
    selected: Rgb,
    /// Warnings.
    warning: Rgb,
}

const DARK_GROUNDS: Grounds = Grounds {
    panel: (21, 24, 29),
    deep: (14, 16, 20),
    raised: (29, 33, 40),
    line: (52, 58, 69),
    text: (208, 213, 222),
    weak: (150, 158, 172),
    strong: (244, 246, 250),
    buttons: [(40, 45, 55), (52, 59, 72), (62, 71, 87)],
    selected: (38, 79, 120),
    warning: (255, 170, 80),
};

const LIGHT_GROUNDS: Grounds = Grounds {
    panel: (250, 251, 252),
    deep: (255, 255, 255),
    raised: (238, 240, 244),
    line: (205, 210, 218),
    text: (38, 42, 50),
    weak: (88, 95, 108),
    strong: (8, 10, 14),
    buttons: [(228, 231, 237), (215, 220, 229), (202, 209, 221)],
    selected: (178, 210, 242),
    warning: (150, 70, 0),
};

fn apply(v: &mut Visuals, grounds: &Grounds, palette: &Palette) {
    let color = |(r, g, b)| Color32::from_rgb(r, g, b);
    let line = Stroke::new(1.0, color(grounds.line));
    v.panel_fill = color(grounds.panel);
    v.window_fill = color(grounds.panel);
    v.extreme_bg_color = color(grounds.deep);
    v.text_edit_bg_color = Some(color(grounds.deep));
    v.faint_bg_color = color(grounds.raised);
    v.code_bg_color = color(grounds.raised);
    v.window_stroke = line;
    v.weak_text_color = Some(color(grounds.weak));
    v.hyperlink_color = palette.accent;
    v.error_fg_color = palette.unknown;
    v.warn_fg_color = color(grounds.warning);
    v.selection.bg_fill = color(grounds.selected);
    v.selection.stroke = Stroke::new(1.5, palette.accent);
    v.window_corner_radius = CornerRadius::same(8);
    v.menu_corner_radius = CornerRadius::same(6);
    v.slider_trailing_fill = true;
    v.widgets.noninteractive.bg_fill = color(grounds.panel);
    v.widgets.noninteractive.weak_bg_fill = color(grounds.panel);
    v.widgets.noninteractive.bg_stroke = line;
    v.widgets.noninteractive.fg_stroke.color = color(grounds.text);
    let button = |widget: &mut WidgetVisuals, fill: Rgb, text: Rgb| {
        widget.weak_bg_fill = color(fill);
        widget.bg_fill = color(fill);
        widget.fg_stroke.color = color(text);
        widget.corner_radius = CornerRadius::same(4);
        widget.expansion = 0.0;
    };
    let [rest, under, pressed] = grounds.buttons;
    button(&mut v.widgets.inactive, rest, grounds.text);
    button(&mut v.widgets.hovered, under, grounds.strong);
    button(&mut v.widgets.active, pressed, grounds.strong);
    button(&mut v.widgets.open, under, grounds.strong);
    v.widgets.hovered.bg_stroke = line;
    // What has the focus looks like this as well: the ring must be seen.
    v.widgets.active.bg_stroke = Stroke::new(1.5, palette.accent);
    // Check boxes and sliders stand on the panel.
    v.widgets.inactive.bg_fill = color(under);
}

fn strong_family() -> FontFamily {
    FontFamily::Name("strong".into())
}

/// The frame of a dialog that lies over everything else.
pub fn dialog_frame(ctx: &egui::Context) -> egui::Frame {
    egui::Frame::popup(&ctx.style_of(ctx.theme())).inner_margin(DIALOG_MARGIN)
}

/// The semi-bold font at `size` points.
pub fn strong_font(size: f32) -> FontId {
    FontId::new(size, strong_family())
}

/// Text of the body's size that stands out: semi-bold, or where it has Han characters, of which there is one weight only, all of it in
/// that weight and the stronger colour. Digits among them would be bolder than they are.
pub fn strong(text: impl Into<String>) -> egui::RichText {
    let text = text.into();
    let is_han = |c: char| ('\u{2e80}'..='\u{9fff}').contains(&c);
    match text.contains(is_han) {
        true => egui::RichText::new(text).strong(),
        false => egui::RichText::new(text).family(strong_family()),
    }
}

/// Small text in the quieter colour.
pub fn quiet(text: impl Into<String>) -> egui::RichText {
    egui::RichText::new(text).weak().size(QUIET)
}

#[cfg(test)]
mod tests;
