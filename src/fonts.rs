//! The bundled fonts, for the window and for charts; `assets/fonts/README.md` says what each is.

/// Latin, Greek, Cyrillic, and signs.
pub(crate) static INTER: &[u8] = include_bytes!("../assets/fonts/Inter-Regular.otf");
/// [`INTER`], bolder.
pub(crate) static INTER_SEMIBOLD: &[u8] = include_bytes!("../assets/fonts/Inter-SemiBold.otf");
/// The characters of GB 2312, kana, punctuation and full-width forms.
pub(crate) static CHINESE: &[u8] = include_bytes!("../assets/fonts/NotoSansSC-Subset.otf");
/// Arabic, with its joined forms.
pub(crate) static ARABIC: &[u8] = include_bytes!("../assets/fonts/NotoSansArabic-Subset.ttf");
/// Control characters, brackets of labels, and bytes that are no UTF-8.
pub(crate) static SIGNS: &[u8] = include_bytes!("../assets/fonts/Signs-Regular.ttf");

/// The fonts that stand behind all others, in their order, with their names.
pub(crate) static FALLBACKS: [(&str, &[u8]); 3] = [
    ("Spanscope Signs", SIGNS),
    ("Noto Sans SC", CHINESE),
    ("Noto Sans Arabic", ARABIC),
];
