//! A text as a figure: its tokens one after the other, shaded by a number.

use super::canvas::{Canvas, Type, rect, round};
use super::header::{Header, PAD};
use super::heatmap::marks::{self, Area, Ink};
use super::heatmap::{Range, Scale};
use super::theme::{self, LABEL, TICK};
use super::{Figure, Provenance, Style, Table, font};
use svg::Node;
use svg::node::element::{Group, Title};

/// Room around the letters of a token, both sides together.
const ROOM: f64 = 2.0;

/// Most tokens that are drawn; the table has all.
const MOST: usize = 3000;

/// One token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShadedToken {
    /// Its visible name.
    pub label: String,
    /// The number that shades it; not a number leaves it unshaded.
    pub value: f32,
    /// True if it is outlined: a query.
    pub marked: bool,
    /// True if a new line begins after it.
    pub breaks: bool,
}

/// A text whose tokens are shaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShadedText {
    /// The kind of figure; see [`Figure::kind`].
    pub kind: &'static str,
    /// Printed above the figure; may be empty.
    pub title: String,
    /// A line of facts below the title; may be empty.
    pub subtitle: String,
    /// The tokens; of more than 3,000 the first are drawn.
    pub tokens: Vec<ShadedToken>,
    /// The number's name with its unit, beside the colours.
    pub axis: String,
    /// The scale that maps numbers to colours.
    pub scale: Scale,
    /// The number of the strongest colour; `None` for the largest.
    pub high: Option<f64>,
    /// Which of the four colours of layers they run to.
    pub color: usize,
    /// The numbers.
    pub numbers: Table,
    /// The provenance of the numbers; kept in the file and not drawn.
    pub provenance: Provenance,
}

impl ShadedText {
    fn range(&self) -> Range {
        let finite = self
            .tokens
            .iter()
            .map(|t| t.value)
            .filter(|v| v.is_finite());
        let high = finite.clone().fold(0.0, f32::max);
        let high = if high > 0.0 { f64::from(high) } else { 1.0 };
        let high = self.high.filter(|high| *high > 0.0).unwrap_or(high);
        let low = match self.scale {
            Scale::Log => {
                let least = finite.filter(|v| *v > 0.0).fold(f32::INFINITY, f32::min);
                f64::from(least).clamp(high * 1e-4, high * 0.5)
            }
            _ => 0.0,
        };
        Range {
            scale: self.scale,
            low,
            high,
        }
    }
}

impl Figure for ShadedText {
    super::figure::about!(numbers);

    fn draw(&self, style: &Style) -> Canvas {
        let theme = style.theme();
        let width = style.page_width();
        let header = Header::new(&self.title, &self.subtitle, style);
        // From the page's own colour on, so that what is small is quiet; unless a map is asked for.
        let ink = match style.map {
            Some(map) => Ink::of(self.range(), map, style.dark),
            None => {
                let color = theme.layers[self.color % theme.layers.len()];
                Ink::ramp(self.range(), theme.background, color)
            }
        };
        let type_ = Type::new(TICK, theme.ink);
        // The colour bar stands at the right.
        let bar_ticks = marks::bar_ticks(&ink.range, 90.0);
        let numbers = bar_ticks.iter().filter_map(|t| t.label.as_deref());
        let numbers = numbers.map(|text| type_.width(text)).fold(12.0, f64::max);
        let right = width - PAD - numbers - 4.5 - 7.0 - 12.0 - LABEL;
        let line = TICK * 1.95;
        let high = TICK * 1.55;
        let top = header.bottom + 4.0;
        let (mut x, mut y) = (PAD, top);
        let mut boxes = Vec::new();
        for token in self.tokens.iter().take(MOST) {
            let label = font::fit(&token.label, TICK, type_.weight, right - PAD - ROOM);
            let wide = type_.width(&label).max(2.0) + ROOM;
            if x > PAD && x + wide > right {
                x = PAD;
                y += line;
            }
            boxes.push((x, y, wide, label, token));
            x += wide + 0.4;
            if token.breaks {
                x = PAD;
                y += line;
            }
        }
        let left_out = self.tokens.len().saturating_sub(MOST);
        if x > PAD || boxes.is_empty() {
            y += line;
        }
        let more = match (left_out, self.tokens.is_empty()) {
            (_, true) => "no tokens".to_owned(),
            (0, _) => String::new(),
            (n, _) => format!("… and {} more tokens", super::thousands(n)),
        };
        if !more.is_empty() {
            y += line;
        }
        let bottom = y.max(top + 90.0 + TICK);
        let mut page = Canvas::new(width, bottom + PAD, style);
        header.draw(&mut page, theme);
        for (x, y, wide, label, token) in boxes {
            let share = f64::from(token.value);
            let color = token
                .value
                .is_finite()
                .then(|| ink.at(ink.range.share(share)));
            let mut group = Group::new();
            group.append(Title::new(super::canvas::clean(&format!(
                "{}: {}",
                token.label, token.value
            ))));
            let fill = color.map_or("none".to_owned(), theme::hex);
            let mut shape = rect(x, y, wide, high, &fill);
            if token.marked {
                shape.assign("stroke", theme.edge);
                shape.assign("stroke-width", 1.2);
            } else if color.is_none() {
                shape.assign("stroke", theme.grid);
                shape.assign("stroke-width", 0.4);
            }
            shape.assign("rx", 1);
            group.append(shape);
            page.add(group);
            let letters = match color {
                Some(color) if theme::is_light(color) => "#14171c",
                Some(_) => "#ffffff",
                None => theme.ink,
            };
            let style = Type::new(TICK, letters);
            page.text_middle(round(x + ROOM / 2.0), y + high / 2.0, &label, style);
        }
        if !more.is_empty() {
            page.text(
                PAD,
                y - line + TICK * 1.2,
                &more,
                Type::new(TICK, theme.muted),
            );
        }
        let area = Area {
            left: right + 12.0 + LABEL,
            top,
            width: 7.0,
            height: 90.0,
        };
        marks::bar(&mut page, area, &ink, &bar_ticks, theme);
        let style = Type::new(TICK, theme.ink).anchor(super::canvas::Anchor::Middle);
        let axis = theme::capital(&self.axis);
        let (text, size) = font::title(&[&axis], TICK, style.weight, 100.0);
        let style = Type { size, ..style };
        page.text_up(area.left - 6.0, top + 45.0, &text, style);
        page
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::clash;
    use super::*;
    use proptest::prelude::*;

    fn text(labels: &[String]) -> ShadedText {
        ShadedText {
            kind: "text",
            title: "Weights".into(),
            axis: "weight".into(),
            tokens: labels
                .iter()
                .enumerate()
                .map(|(i, label)| ShadedToken {
                    label: label.clone(),
                    value: [0.0, 0.5, 1.0, f32::NAN][i % 4],
                    marked: i == 3,
                    breaks: i % 17 == 16,
                })
                .collect(),
            ..ShadedText::default()
        }
    }

    #[test]
    fn every_token_has_a_box_and_letters_that_can_be_read() {
        let labels: Vec<String> = ["der", "·", "注意", "\u{feff}", "<&>"]
            .map(String::from)
            .into();
        let svg = text(&labels).svg(&Style::default());
        assert_eq!(svg.matches("rx=\"1\"").count(), 5);
        assert!(svg.contains("注意") && svg.contains("&lt;&amp;&gt;") && !svg.contains("\"NaN"));
        assert!(theme::is_light([255, 255, 0]) && !theme::is_light([68, 1, 84]));
        let long = text(&vec!["word".into(); 5000]);
        assert!(
            long.svg(&Style::default())
                .contains("and 2,000 more tokens")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn no_texts_overlap(labels in prop::collection::vec("[ -~]{0,30}", 0..80), width_mm in 60.0..260.0f64) {
            let style = Style { width_mm, ..Style::default() };
            prop_assert_eq!(clash(&text(&labels).draw(&style)), None);
        }
    }
}
