//! Colours and sizes shared by the figures.

/// Points in a millimetre.
pub(super) const PT_PER_MM: f64 = 72.0 / 25.4;

/// Size of a title in points.
pub(super) const TITLE: f64 = 9.0;
/// Size of a subtitle or an axis title in points.
pub(super) const LABEL: f64 = 8.0;
/// Size of a number at an axis in points.
pub(super) const TICK: f64 = 7.0;

/// The colours of one figure.
#[derive(Clone)]
pub(super) struct Theme {
    pub(super) background: &'static str,
    pub(super) band: &'static str,
    pub(super) ink: &'static str,
    pub(super) muted: &'static str,
    pub(super) axis: &'static str,
    pub(super) grid: &'static str,
    /// Four colours that layers take turns in: Okabe and Ito's blue, orange, green and purple.
    pub(super) layers: [&'static str; 4],
    pub(super) limit: &'static str,
    pub(super) edge: &'static str,
}

/// For paper.
static LIGHT: Theme = Theme {
    background: "#ffffff",
    band: "#f4f5f7",
    ink: "#16181d",
    muted: "#5a606b",
    axis: "#3c414b",
    grid: "#e1e4e9",
    layers: ["#0072b2", "#c87f00", "#008a66", "#b05c8c"],
    limit: "#b3421f",
    edge: "#ff6a3d",
};

/// For slides and dark pages.
static DARK: Theme = Theme {
    background: "#14171c",
    band: "#1b1f26",
    ink: "#eceef2",
    muted: "#a3aab6",
    axis: "#b4bac5",
    grid: "#2c323c",
    layers: ["#62b2f0", "#f0b242", "#42c49a", "#de94c0"],
    limit: "#ff9a73",
    edge: "#ff7a4d",
};

/// As [`LIGHT`] and [`DARK`], without hues: neighbours are told apart by lightness, and by dashes and marks.
static LIGHT_GRAY: Theme = Theme {
    layers: ["#111111", "#7d7d7d", "#454545", "#a0a0a0"],
    limit: "#333333",
    edge: "#111111",
    ..LIGHT
};
static DARK_GRAY: Theme = Theme {
    layers: ["#f2f2f2", "#8e8e8e", "#c4c4c4", "#6f6f6f"],
    limit: "#d0d0d0",
    edge: "#ffffff",
    ..DARK
};

/// The light or the dark colours, or greys.
pub(super) fn theme(dark: bool, gray: bool) -> &'static Theme {
    match (dark, gray) {
        (false, false) => &LIGHT,
        (true, false) => &DARK,
        (false, true) => &LIGHT_GRAY,
        (true, true) => &DARK_GRAY,
    }
}

/// Whether dark text is easier to read on this colour than light text, by its relative luminance.
pub(super) fn is_light([r, g, b]: [u8; 3]) -> bool {
    let part = |v: u8, weight: f64| weight * (f64::from(v) / 255.0).powf(2.2);
    part(r, 0.2126) + part(g, 0.7152) + part(b, 0.0722) > 0.18
}

/// The parts of "#rrggbb"; what is none is 0.
pub(super) fn rgb(hex: &str) -> [u8; 3] {
    let part = |i: usize| {
        hex.get(i..i + 2)
            .and_then(|part| u8::from_str_radix(part, 16).ok())
    };
    [1, 3, 5].map(|i| part(i).unwrap_or_default())
}

/// "#rrggbb".
pub(super) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Three digits or so: "41.3", "106", "8,192".
pub(super) fn short(value: f64) -> String {
    let text = if value.abs() >= 99.95 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    super::ticks::grouped(text.strip_suffix(".0").unwrap_or(&text))
}

/// With a capital at its beginning, as axis titles have it.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        // A symbol, as z, stays what it is, and so does the prefix of a unit, as in kFLOPs.
        Some(_) if !chars.clone().next().is_some_and(char::is_lowercase) => text.to_owned(),
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
