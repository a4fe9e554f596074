//! The bundled fonts, and the width of a text set in them.

pub(super) use crate::fonts::Weight;
use crate::fonts::{self, clusters};

/// The families named in the SVG; the bundled one comes first.
pub(super) const FAMILY: &str = "Inter, Helvetica, Arial, sans-serif";

/// Height of a capital or a figure, as a share of the font size.
pub(super) const CAP_HEIGHT: f64 = 0.728;
/// Room that a line needs above its baseline, as a share of the font size.
pub(super) const ASCENT: f64 = 0.76;
/// Room that a line needs below its baseline, as a share of the font size.
pub(super) const DESCENT: f64 = 0.21;

/// Width of `text` at `size`, in the unit of `size`; kerning is left out.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    fonts::width(text, weight) * size
}

/// `text`, shortened with an ellipsis until it is at most `room` wide.
pub(super) fn fit(text: &str, size: f64, weight: Weight, room: f64) -> String {
    // Room that was made for just this text may be less by a rounding.
    let room = room + 1e-6;
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let parts = clusters(text);
    let fits = |keep: usize| {
        let mut s: String = parts[..keep].concat().trim_end().into();
        s.push('…');
        (width(&s, size, weight) <= room).then_some(s)
    };
    let (mut low, mut high) = (0, parts.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle).is_some() {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    fits(low).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_are_read_from_the_fonts() {
        let digits = width("0123456789", 10.0, Weight::Regular);
        assert!((50.0..70.0).contains(&digits), "{digits}");
        assert!(width("i", 10.0, Weight::Regular) < 3.5);
        assert!(width("M", 10.0, Weight::Regular) > 8.0);
        assert!(width("Mean", 10.0, Weight::SemiBold) > width("Mean", 10.0, Weight::Regular));
        assert!((width("\u{4e00}", 10.0, Weight::Regular) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(fit("short", 8.0, Weight::Regular, 100.0), "short");
        let cut = fit("a rather long title", 8.0, Weight::Regular, 40.0);
        assert!(cut.ends_with('…') && cut.len() > 5, "{cut}");
        assert!(width(&cut, 8.0, Weight::Regular) <= 40.0);
        assert_eq!(fit("anything", 8.0, Weight::Regular, 0.0), "");
        // A letter is never parted from its marks.
        for room in 0..60 {
            let cut = fit(
                &"q\u{0323}\u{0302}".repeat(9),
                8.0,
                Weight::Regular,
                f64::from(room),
            );
            assert!(
                cut.is_empty() || cut.replace('…', "").chars().count().is_multiple_of(3),
                "{cut}"
            );
        }
    }
}
