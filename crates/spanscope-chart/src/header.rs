//! The lines above a figure: its title, and a line of facts.

use super::canvas::{Canvas, Type};
use super::theme::{LABEL, TITLE, Theme};
use super::{Style, font};

/// Room around a figure, in points.
pub(super) const PAD: f64 = 6.0;

/// The lines above a figure, measured.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// Its lines, each with the height of its baseline.
    title: Vec<(String, f64)>,
    subtitle: Vec<(String, f64)>,
    /// The lower end.
    pub(super) bottom: f64,
}

impl Header {
    /// What is not wanted or is empty takes no room; what is too long for a line has two.
    pub(super) fn new(title: &str, subtitle: &str, style: &Style) -> Self {
        let room = style.page_width() - 2.0 * PAD;
        let mut header = Self {
            title: Vec::new(),
            subtitle: Vec::new(),
            bottom: PAD,
        };
        if style.titled && !title.trim().is_empty() {
            for text in font::lines(title, TITLE, font::Weight::SemiBold, room) {
                header.title.push((text, header.bottom + TITLE * 0.8));
                header.bottom += TITLE * 1.35;
            }
        }
        if style.titled && !subtitle.trim().is_empty() {
            for text in font::lines(subtitle, LABEL, font::Weight::Regular, room) {
                header.subtitle.push((text, header.bottom + LABEL * 0.8));
                header.bottom += LABEL * 1.3;
            }
        }
        header
    }

    pub(super) fn draw(&self, page: &mut Canvas, theme: &Theme) {
        for (text, base) in &self.title {
            page.text(PAD, *base, text, Type::new(TITLE, theme.ink).bold());
        }
        for (text, base) in &self.subtitle {
            page.text(PAD, *base, text, Type::new(LABEL, theme.muted));
        }
    }
}
