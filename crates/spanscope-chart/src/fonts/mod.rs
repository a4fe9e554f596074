//! The bundled fonts, for the window and for charts; `fonts/README.md` says what each is.
//!
//! The window hands them to egui. Charts set their lines of text here ([`line`]): which font draws which character is
//! decided once, so a figure's SVG, PDF and PNG show the same.

mod faces;
mod line;
mod outline;

pub(crate) use faces::{Face, face};
pub(crate) use line::{Glyph, Line, Weight, clusters, line, shown, width};
pub(crate) use outline::{Outline, outline};

/// Latin, Greek, Cyrillic, and signs.
pub static INTER: &[u8] = include_bytes!("../../fonts/Inter-Regular.otf");
/// [`INTER`], bolder.
pub static INTER_SEMIBOLD: &[u8] = include_bytes!("../../fonts/Inter-SemiBold.otf");

/// The bytes of a file in `fonts`.
macro_rules! asset {
    ($name:literal) => {
        include_bytes!(concat!("../../fonts/", $name))
    };
}

/// The fonts that stand behind all others, in their order, with their names.
pub static FALLBACKS: [(&str, &[u8]); 23] = [
    // Control characters, brackets of labels, and bytes that are no UTF-8.
    ("Spanscope Signs", asset!("Signs-Regular.ttf")),
    // Han characters of China, Taiwan and Japan, kana, bopomofo, punctuation and full-width forms.
    ("Noto Sans SC", asset!("NotoSansSC-Subset.otf")),
    ("Noto Sans KR", asset!("NotoSansKR-Subset.otf")),
    ("Noto Sans Arabic", asset!("NotoSansArabic-Subset.ttf")),
    ("Noto Sans Hebrew", asset!("NotoSansHebrew-Subset.ttf")),
    (
        "Noto Sans Devanagari",
        asset!("NotoSansDevanagari-Subset.ttf"),
    ),
    ("Noto Sans Bengali", asset!("NotoSansBengali-Subset.ttf")),
    ("Noto Sans Gurmukhi", asset!("NotoSansGurmukhi-Subset.ttf")),
    ("Noto Sans Gujarati", asset!("NotoSansGujarati-Subset.ttf")),
    ("Noto Sans Oriya", asset!("NotoSansOriya-Subset.ttf")),
    ("Noto Sans Tamil", asset!("NotoSansTamil-Subset.ttf")),
    ("Noto Sans Telugu", asset!("NotoSansTelugu-Subset.ttf")),
    ("Noto Sans Kannada", asset!("NotoSansKannada-Subset.ttf")),
    (
        "Noto Sans Malayalam",
        asset!("NotoSansMalayalam-Subset.ttf"),
    ),
    ("Noto Sans Sinhala", asset!("NotoSansSinhala-Subset.ttf")),
    ("Noto Sans Thai", asset!("NotoSansThai-Subset.ttf")),
    ("Noto Sans Lao", asset!("NotoSansLao-Subset.ttf")),
    ("Noto Sans Khmer", asset!("NotoSansKhmer-Subset.ttf")),
    ("Noto Sans Myanmar", asset!("NotoSansMyanmar-Subset.ttf")),
    ("Noto Sans Ethiopic", asset!("NotoSansEthiopic-Subset.ttf")),
    ("Noto Sans Armenian", asset!("NotoSansArmenian-Subset.ttf")),
    ("Noto Sans Georgian", asset!("NotoSansGeorgian-Subset.ttf")),
    // Operators, arrows and letters of formulas.
    ("Noto Sans Math", asset!("NotoSansMath-Subset.ttf")),
];

/// Emoji in one colour: the fonts that the window's own library brings.
pub(crate) static EMOJI: [(&str, &[u8]); 2] = [
    ("Noto Emoji", epaint_default_fonts::NOTO_EMOJI_REGULAR),
    ("Emoji Icon Font", epaint_default_fonts::EMOJI_ICON),
];
