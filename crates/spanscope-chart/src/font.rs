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

/// The smallest type of a title that does not fit, as a share of its size.
pub(super) const SMALLEST: f64 = 0.75;

/// A title in the room there is: its first form that fits, else the last one in smaller type, else that shortened; and the size
/// of the type. Forms that are empty are none.
pub(super) fn title(forms: &[&str], size: f64, weight: Weight, room: f64) -> (String, f64) {
    let mut forms = forms.iter().filter(|form| !form.trim().is_empty());
    let fits = |form: &&&str| width(form, size, weight) <= room + 1e-6;
    if let Some(form) = forms.clone().find(fits) {
        return ((*form).to_owned(), size);
    }
    let Some(last) = forms.next_back() else {
        return (String::new(), size);
    };
    let share = (room / width(last, size, weight)).clamp(SMALLEST, 1.0);
    (fit(last, share * size, weight, room), share * size)
}

/// `text` in one line, or in two where it is too long for one; what is too long for two is shortened.
pub(super) fn lines(text: &str, size: f64, weight: Weight, room: f64) -> Vec<String> {
    if width(text, size, weight) <= room + 1e-6 {
        return vec![text.to_owned()];
    }
    let parts = clusters(text);
    let mut wide = 0.0;
    let most = parts.iter().take_while(|part| {
        wide += width(part, size, weight);
        wide <= room + 1e-6
    });
    let most = most.count();
    let is_space = |part: &&str| part.trim().is_empty();
    // Between words where there are some.
    let space = (1..=most.min(parts.len() - 1))
        .rev()
        .find(|i| is_space(&&*parts[*i]));
    let at = space.unwrap_or(most);
    if at == 0 {
        return vec![fit(text, size, weight, room)];
    }
    let (first, rest) = (parts[..at].concat(), parts[at..].concat());
    let rest = fit(rest.trim_start(), size, weight, room);
    vec![first.trim_end().to_owned(), rest]
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
    fn titles_take_their_short_form_then_smaller_type() {
        let of = |forms: &[&str], room: f64| title(forms, 8.0, Weight::Regular, room);
        let long = width("MFLOPs per token", 8.0, Weight::Regular);
        let forms = ["MFLOPs per token", "MFLOPs"];
        assert_eq!(of(&forms, long), ("MFLOPs per token".into(), 8.0));
        assert_eq!(of(&forms, long - 1.0), ("MFLOPs".into(), 8.0));
        let (text, size) = of(&forms[..1], 0.8 * long);
        assert_eq!(text, "MFLOPs per token");
        assert!((size - 6.4).abs() < 1e-9, "{size}");
        let (text, size) = of(&["MFLOPs per token", ""], 0.5 * long);
        assert!(
            text.ends_with('…') && (size - 6.0).abs() < 1e-9,
            "{text} {size}"
        );
        assert_eq!(of(&["", ""], 9.0).0, "");
    }

    #[test]
    fn what_is_too_long_for_a_line_has_two() {
        let of = |text: &str, room: f64| lines(text, 8.0, Weight::Regular, room);
        let wide = |text: &str| width(text, 8.0, Weight::Regular);
        assert_eq!(of("two words", 99.0), ["two words"]);
        assert_eq!(of("two words", wide("two words") - 1.0), ["two", "words"]);
        assert_eq!(of("two words", wide("two")), ["two", "w…"]);
        let divided = of("undivided", wide("undi"));
        assert!(
            divided[0] == "undi" && divided[1].ends_with('…'),
            "{divided:?}"
        );
        assert_eq!(of("words", 0.0), [""]);
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
