//! Horizontal bars with names: candidates of a prediction, parameters by part, parts of a logit.

use super::canvas::{Anchor, Canvas, Type, rect};
use super::header::{Header, PAD};
use super::theme::{self, LABEL, TICK};
use super::{Figure, Provenance, Style, Table, font, ticks};
use svg::Node;
use svg::node::element::{Group, Title};

/// Most bars that are drawn; the table has all.
const MOST: usize = 120;

/// One bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Its length; to the left of zero where it is below.
    pub value: f64,
    /// Written at its end: the value with its unit.
    pub note: String,
    /// True if it stands out.
    pub marked: bool,
}

/// Bars, from the top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// The kind of figure; see [`Figure::kind`].
    pub kind: &'static str,
    /// Printed above the figure; may be empty.
    pub title: String,
    /// A line of facts below the title; may be empty.
    pub subtitle: String,
    /// The quantity that the length of a bar shows, with the unit.
    pub axis: String,
    /// The numbers along the axis are percentages; the values are shares.
    pub percent: bool,
    /// The bars; of more than 120 the first are drawn.
    pub bars: Vec<Bar>,
    /// The numbers.
    pub numbers: Table,
    /// The provenance of the numbers; kept in the file and not drawn.
    pub provenance: Provenance,
}

impl Figure for Bars {
    super::figure::about!(numbers);

    fn draw(&self, style: &Style) -> Canvas {
        let theme = style.theme();
        let width = style.page_width();
        let header = Header::new(&self.title, &self.subtitle, style);
        let tick = Type::new(TICK, theme.muted);
        let bars = &self.bars[..self.bars.len().min(MOST)];
        let top = header.bottom + 4.0;
        let under = 3.0 + TICK * 1.4 + LABEL * 1.45 + PAD;
        let pitch = match style.page_height() {
            Some(height) => (height - top - under) / bars.len().max(1) as f64,
            None => TICK * 1.7,
        };
        // Closer than this, names would touch.
        let pitch = pitch.clamp(TICK * 1.1, TICK * 3.0);
        let names = bars.iter().map(|bar| tick.width(&bar.label));
        let left = PAD + names.fold(0.0, f64::max).min(width * 0.35) + 6.0;
        let notes = bars.iter().map(|bar| tick.width(&bar.note));
        let right = width - PAD - notes.fold(0.0, f64::max).min(width * 0.3) - 4.0;
        let length = (right - left).max(10.0);
        let finite = bars.iter().map(|bar| bar.value).filter(|v| v.is_finite());
        let (low, high) = finite.fold((0.0, 0.0), |(a, b): (f64, f64), v| (a.min(v), b.max(v)));
        let high = if high > low { high } else { 1.0 };
        let bottom = top + pitch * bars.len().max(1) as f64;
        let mut page = Canvas::new(width, bottom + under, style);
        header.draw(&mut page, theme);

        let x = |value: f64| left + ((value - low) / (high - low)).clamp(0.0, 1.0) * length;
        let mut end = f64::NEG_INFINITY;
        let marks = ticks::shares((low, high), self.percent, |low, high| {
            ticks::linear(low, high, (length / 50.0).floor().max(1.0))
        });
        for mark in marks {
            let at = x(mark.value);
            let Some(text) = mark.label.filter(|_| mark.value <= high * (1.0 + 1e-9)) else {
                continue;
            };
            page.line((at, top), (at, bottom), theme.grid, 0.5);
            let half = tick.width(&text) / 2.0;
            if at - half >= end + 4.0 && at + half <= width - 1.0 {
                let base = bottom + 3.0 + TICK * 0.95;
                page.text(at, base, &text, tick.anchor(Anchor::Middle));
                end = at + half;
            }
        }
        for (i, bar) in bars.iter().enumerate() {
            let middle = top + pitch * (i as f64 + 0.5);
            let room = left - 6.0 - PAD;
            let label = font::fit(&bar.label, TICK, font::Weight::Regular, room);
            let ink = Type::new(TICK, theme.ink);
            page.text_middle(left - 4.0, middle, &label, ink.anchor(Anchor::End));
            let color = theme.layers[usize::from(bar.marked || bar.value < 0.0)];
            let mut group = Group::new();
            group.append(Title::new(super::canvas::clean(&format!(
                "{}: {}",
                bar.label, bar.note
            ))));
            if bar.value.is_finite() {
                let high = pitch * 0.66;
                let (from, to) = (x(bar.value.min(0.0)), x(bar.value.max(0.0)));
                let long = (to - from).max(0.4);
                let mut shape = rect(from, middle - high / 2.0, long, high, color);
                if bar.marked && style.gray {
                    shape.assign("stroke", theme.ink);
                    shape.assign("stroke-width", 0.8);
                }
                group.append(shape);
            }
            page.add(group);
            // Of a bar to the left of zero the note stands to the right of it.
            let at = if bar.value.is_finite() {
                x(bar.value.max(0.0))
            } else {
                x(0.0)
            };
            let note = font::fit(
                &bar.note,
                TICK,
                font::Weight::Regular,
                width - PAD - at - 3.0,
            );
            let note_style = match bar.marked {
                true => Type::new(TICK, theme.ink).bold(),
                false => tick,
            };
            let note = font::fit(&note, TICK, note_style.weight, width - PAD - at - 3.0);
            page.text_middle(at + 3.0, middle, &note, note_style);
        }
        page.line((x(0.0), top), (x(0.0), bottom), theme.axis, 0.6);
        let title = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
        let text = theme::capital(&self.axis);
        let (text, size) = font::title(&[&text], LABEL, title.weight, width - 2.0 * PAD);
        let title = Type { size, ..title };
        let half = title.width(&text) / 2.0;
        let middle = ((left + right) / 2.0).clamp(PAD + half, (width - PAD - half).max(PAD + half));
        page.text(middle, bottom + 3.0 + TICK * 1.4 + LABEL, &text, title);
        page
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::clash;
    use super::*;
    use proptest::prelude::*;

    fn bars(values: &[f64], name: &str) -> Bars {
        Bars {
            kind: "test",
            title: "Candidates".into(),
            axis: "probability".into(),
            bars: values
                .iter()
                .enumerate()
                .map(|(i, value)| Bar {
                    label: format!("{name}{i}"),
                    value: *value,
                    note: format!("{value:.3}"),
                    marked: i == 1,
                })
                .collect(),
            ..Bars::default()
        }
    }

    #[test]
    fn lengths_are_in_proportion() {
        let svg = bars(&[0.5, 0.25, f64::NAN, 0.0], "t").svg(&Style::default());
        assert!(!svg.contains("NaN\""));
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let groups = document.descendants().filter(|n| n.has_tag_name("g"));
        let widths: Vec<f64> = groups
            .filter_map(|g| g.children().find(|n| n.has_tag_name("rect")))
            .filter(|n| n.attribute("x") != Some("0"))
            .map(|n| n.attribute("width").unwrap().parse().unwrap())
            .collect();
        assert_eq!(widths.len(), 3, "{svg}");
        assert!((widths[0] - 2.0 * widths[1]).abs() < 0.05);
    }

    #[test]
    fn shares_have_percentages_along_the_axis() {
        let mut of = bars(&[0.133, 0.05], "t");
        let texts = |of: &Bars| {
            let page = of.draw(&Style::default());
            page.boxes
                .into_iter()
                .map(|text| text.text)
                .collect::<Vec<_>>()
        };
        assert!(texts(&of).contains(&"0.10".to_owned()));
        of.percent = true;
        let found = texts(&of);
        assert!(found.contains(&"10 %".to_owned()), "{found:?}");
        assert!(!found.contains(&"0.10".to_owned()));
    }

    #[test]
    fn bars_below_zero_end_where_the_others_begin() {
        let svg = bars(&[0.5, -0.25], "t").svg(&Style::default());
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let groups = document.descendants().filter(|n| n.has_tag_name("g"));
        let number = |n: resvg::usvg::roxmltree::Node<'_, '_>, name| {
            n.attribute(name).unwrap().parse::<f64>().unwrap()
        };
        let ends: Vec<[f64; 2]> = groups
            .filter_map(|g| g.children().find(|n| n.has_tag_name("rect")))
            .filter(|n| n.attribute("x") != Some("0"))
            .map(|n| [number(n, "x"), number(n, "x") + number(n, "width")])
            .collect();
        assert!((ends[0][0] - ends[1][1]).abs() < 0.05, "{ends:?}");
        let long = |[from, to]: [f64; 2]| to - from;
        assert!((long(ends[0]) - 2.0 * long(ends[1])).abs() < 0.05);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn no_texts_overlap(
            values in prop::collection::vec(-1e9..1e9f64, 0..40), name in "[ -~]{0,60}", width_mm in 60.0..260.0f64,
            font_pt in 5.0..12.0f64, height_mm in prop::option::of(20.0..200.0f64),
        ) {
            let style = Style { width_mm, font_pt, height_mm, ..Style::default() };
            prop_assert_eq!(clash(&bars(&values, &name).draw(&style)), None);
        }
    }
}
