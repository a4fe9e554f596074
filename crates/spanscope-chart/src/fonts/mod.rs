//! The bundled fonts, for the window and for charts; `fonts/README.md` says what each is.
//!
//! The window hands them to egui. Charts set their lines of text here ([`line`]): which font draws which character is
//! decided once, so a figure's SVG, PDF and PNG show the same.

mod faces;
mod fallback;
mod line;
mod outline;

pub(crate) use faces::{Face, face};
pub use fallback::{Fallback, at_hand, bring, of_text, wanted};
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

/// The bytes of a file in `fonts` that a page in a browser fetches once a character of it is drawn.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! later {
    ($name:literal, $first:tt) => {
        include_bytes!(concat!("../../fonts/", $name))
    };
}
/// The same in a page: what it begins with.
#[cfg(target_arch = "wasm32")]
macro_rules! later {
    ($name:literal, "") => {
        &[]
    };
    ($name:literal, $first:tt) => {
        include_bytes!(concat!("../../fonts/", $first))
    };
}

/// A font that stands behind the others: its name, its file, what a page begins with, and its own blocks of characters.
macro_rules! fallback {
    ($name:literal, $file:literal) => {
        Fallback {
            name: $name,
            file: $file,
            part: asset!($file),
            blocks: &[],
        }
    };
    ($name:literal, $file:literal, $first:tt, $blocks:expr) => {
        Fallback {
            name: $name,
            file: $file,
            part: later!($file, $first),
            blocks: &$blocks,
        }
    };
}

/// The fonts that stand behind all others, in their order.
pub static FALLBACKS: [Fallback; 23] = [
    // Control characters, brackets of labels, and bytes that are no UTF-8.
    fallback!("Spanscope Signs", "Signs-Regular.ttf"),
    // Han characters of China, Taiwan and Japan, kana, bopomofo, punctuation and full-width forms; what the window says in Chinese
    // is at hand in a page as well.
    fallback!(
        "Noto Sans SC",
        "NotoSansSC-Subset.otf",
        "NotoSansSC-Interface.otf",
        [
            (0x3000, 0x312f),
            (0x31a0, 0x33ff),
            (0x4e00, 0x9fff),
            (0xfe30, 0xfe4f),
            (0xff01, 0xff9f),
            (0xffe0, 0xffe6)
        ]
    ),
    fallback!(
        "Noto Sans KR",
        "NotoSansKR-Subset.otf",
        "",
        [(0x1100, 0x11ff), (0x3130, 0x318f), (0xac00, 0xd7a3)]
    ),
    fallback!(
        "Noto Sans Arabic",
        "NotoSansArabic-Subset.ttf",
        "",
        [
            (0x0600, 0x06ff),
            (0x0750, 0x077f),
            (0xfb50, 0xfdff),
            (0xfe70, 0xfefc)
        ]
    ),
    fallback!(
        "Noto Sans Hebrew",
        "NotoSansHebrew-Subset.ttf",
        "",
        [(0x0590, 0x05ff), (0xfb1d, 0xfb4f)]
    ),
    fallback!(
        "Noto Sans Devanagari",
        "NotoSansDevanagari-Subset.ttf",
        "",
        [(0x0900, 0x097f), (0x1cd0, 0x1cff), (0xa8e0, 0xa8ff)]
    ),
    fallback!(
        "Noto Sans Bengali",
        "NotoSansBengali-Subset.ttf",
        "",
        [(0x0980, 0x09ff)]
    ),
    fallback!(
        "Noto Sans Gurmukhi",
        "NotoSansGurmukhi-Subset.ttf",
        "",
        [(0x0a00, 0x0a7f)]
    ),
    fallback!(
        "Noto Sans Gujarati",
        "NotoSansGujarati-Subset.ttf",
        "",
        [(0x0a80, 0x0aff)]
    ),
    fallback!(
        "Noto Sans Oriya",
        "NotoSansOriya-Subset.ttf",
        "",
        [(0x0b00, 0x0b7f)]
    ),
    fallback!(
        "Noto Sans Tamil",
        "NotoSansTamil-Subset.ttf",
        "",
        [(0x0b80, 0x0bff)]
    ),
    fallback!(
        "Noto Sans Telugu",
        "NotoSansTelugu-Subset.ttf",
        "",
        [(0x0c00, 0x0c7f)]
    ),
    fallback!(
        "Noto Sans Kannada",
        "NotoSansKannada-Subset.ttf",
        "",
        [(0x0c80, 0x0cff)]
    ),
    fallback!(
        "Noto Sans Malayalam",
        "NotoSansMalayalam-Subset.ttf",
        "",
        [(0x0d00, 0x0d7f)]
    ),
    fallback!(
        "Noto Sans Sinhala",
        "NotoSansSinhala-Subset.ttf",
        "",
        [(0x0d80, 0x0dff)]
    ),
    fallback!(
        "Noto Sans Thai",
        "NotoSansThai-Subset.ttf",
        "",
        [(0x0e00, 0x0e7f)]
    ),
    fallback!(
        "Noto Sans Lao",
        "NotoSansLao-Subset.ttf",
        "",
        [(0x0e80, 0x0eff)]
    ),
    fallback!(
        "Noto Sans Khmer",
        "NotoSansKhmer-Subset.ttf",
        "",
        [(0x1780, 0x17ff), (0x19e0, 0x19ff)]
    ),
    fallback!(
        "Noto Sans Myanmar",
        "NotoSansMyanmar-Subset.ttf",
        "",
        [(0x1000, 0x109f)]
    ),
    fallback!(
        "Noto Sans Ethiopic",
        "NotoSansEthiopic-Subset.ttf",
        "",
        [(0x1200, 0x139f), (0x2d80, 0x2ddf), (0xab00, 0xab2f)]
    ),
    fallback!(
        "Noto Sans Armenian",
        "NotoSansArmenian-Subset.ttf",
        "",
        [(0x0530, 0x058f), (0xfb13, 0xfb17)]
    ),
    fallback!(
        "Noto Sans Georgian",
        "NotoSansGeorgian-Subset.ttf",
        "",
        [(0x10a0, 0x10ff), (0x1c90, 0x1cbf), (0x2d00, 0x2d2f)]
    ),
    // Operators, arrows and letters of formulas.
    fallback!("Noto Sans Math", "NotoSansMath-Subset.ttf"),
];

/// Equally wide letters: the font that the window's own library brings.
pub static HACK: &[u8] = epaint_default_fonts::HACK_REGULAR;

/// Emoji in one colour: the fonts that the window's own library brings.
pub static EMOJI: [(&str, &[u8]); 2] = [
    ("Noto Emoji", epaint_default_fonts::NOTO_EMOJI_REGULAR),
    ("Emoji Icon Font", epaint_default_fonts::EMOJI_ICON),
];
