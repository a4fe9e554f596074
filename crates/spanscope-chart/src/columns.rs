//! Stacked columns, one for each head, layer by layer: where its weight goes.

use super::canvas::{Anchor, Canvas, Type, rect};
use super::header::{Header, PAD};
use super::theme::{self, LABEL, TICK, Theme};
use super::{Figure, Provenance, Style, Table, font, ticks};
use spanscope_core::head_id::HeadId;
use svg::Node;
use svg::node::element::{Element, Group, Title};

/// One column: a head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StackedHead {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// The parts, from the bottom; as many as [`Columns::parts`].
    pub values: Vec<f64>,
}

/// Stacked columns for all heads, shares of a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// The kind of figure; see [`Figure::kind`].
    pub kind: &'static str,
    /// Printed above the figure; may be empty.
    pub title: String,
    /// A line of facts below the title; may be empty.
    pub subtitle: String,
    /// The names of the parts, from the bottom.
    pub parts: Vec<String>,
    /// The y axis, which goes from 0 to 100 %.
    pub axis: String,
    /// The heads, in any order.
    pub heads: Vec<StackedHead>,
    /// The numbers.
    pub numbers: Table,
    /// The provenance of the numbers; kept in the file and not drawn.
    pub provenance: Provenance,
}

/// Room between two layers, in columns.
const GAP: f64 = 0.8;

impl Columns {
    fn fill(theme: &Theme, style: &Style, part: usize) -> &'static str {
        // Lightness alone must tell neighbours apart.
        const GRAYS: [[&str; 4]; 2] = [
            ["#2b2b2b", "#8f8f8f", "#d9d9d9", "#5a5a5a"],
            ["#e6e6e6", "#8a8a8a", "#3d3d3d", "#b5b5b5"],
        ];
        match style.gray {
            true => GRAYS[usize::from(style.dark)][part % 4],
            false => theme.layers[part % theme.layers.len()],
        }
    }
}

impl Figure for Columns {
    super::figure::about!(numbers);

    fn draw(&self, style: &Style) -> Canvas {
        let theme = style.theme();
        let width = style.page_width();
        let header = Header::new(&self.title, &self.subtitle, style);
        let tick = Type::new(TICK, theme.muted);
        // The legend.
        let (mut x, mut base) = (PAD, header.bottom + TICK * 1.2);
        let mut legend = Vec::new();
        for (part, name) in self.parts.iter().enumerate() {
            let name = font::fit(name, TICK, tick.weight, width - 2.0 * PAD - 12.0);
            let wide = 11.0 + tick.width(&name);
            if x > PAD && x + wide > width - PAD {
                x = PAD;
                base += TICK * 1.45;
            }
            legend.push((x, base, part, name));
            x += wide + 12.0;
        }
        let top = if self.parts.is_empty() {
            header.bottom
        } else {
            base
        } + TICK * 0.6
            + 5.0;
        let under = 3.0 + 2.0 * TICK * 1.4 + LABEL * 1.45 + PAD;
        let plot = match style.page_height() {
            Some(height) => (height - top - under).max(30.0),
            None => (width * 0.3).clamp(80.0, 220.0),
        };
        let bottom = top + plot;
        let mut page = Canvas::new(width, bottom + under, style);
        header.draw(&mut page, theme);
        for (x, base, part, name) in legend {
            let fill = Self::fill(theme, style, part);
            page.rect(x, base - 5.6, 7.0, 6.0, fill);
            page.text(x + 11.0, base, &name, Type::new(TICK, theme.ink));
        }

        let left = PAD + LABEL + 5.0 + tick.width("100 %") + 5.0;
        let right = width - PAD;
        let y = |share: f64| bottom - share.clamp(0.0, 1.0) * plot;
        let step = if plot < 60.0 { 0.5 } else { 0.25 };
        for i in 0..=(1.0 / step) as usize {
            let share = i as f64 * step;
            page.line((left - 3.0, y(share)), (left, y(share)), theme.axis, 0.5);
            page.line((left, y(share)), (right, y(share)), theme.grid, 0.5);
            let text = format!("{:.0} %", share * 100.0);
            page.text_middle(left - 5.0, y(share), &text, tick.anchor(Anchor::End));
        }
        let title = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
        let text = theme::capital(&self.axis);
        let (text, size) = font::title(&[&text], LABEL, title.weight, plot);
        let title = Type { size, ..title };
        page.text_up(PAD + LABEL / 2.0 - 1.0, (top + bottom) / 2.0, &text, title);

        let mut heads: Vec<&StackedHead> = self.heads.iter().collect();
        heads.sort_by_key(|h| (h.layer, h.head));
        let groups: Vec<&[&StackedHead]> = heads.chunk_by(|a, b| a.layer == b.layer).collect();
        let columns = heads.len() as f64 + GAP * groups.len() as f64;
        let pitch = (right - left) / columns.max(1.0);
        let named = pitch >= tick.width("88") + 3.0;
        let mut x = left + GAP / 2.0 * pitch;
        let mut shown = f64::NEG_INFINITY;
        let widest = tick.width(&heads.last().map_or(0, |h| h.layer).to_string());
        let narrowest = groups.iter().map(|g| g.len() as f64 * pitch);
        let narrowest = narrowest.fold(f64::INFINITY, f64::min);
        let long = tick.width("Layer 88") + 4.0 <= narrowest;
        let step = ticks::every(narrowest, if long { 0.0 } else { widest + 4.0 });
        let names_base = bottom + 3.0 + TICK * 0.95;
        let layers_base = names_base + if named { TICK * 1.4 } else { 0.0 };
        for group in &groups {
            let start = x;
            for head in *group {
                page.add(column(head, self, (x, pitch), &y, style, theme));
                if named {
                    let text = head.head.to_string();
                    page.text(
                        x + pitch / 2.0,
                        names_base,
                        &text,
                        tick.anchor(Anchor::Middle),
                    );
                }
                x += pitch;
            }
            let number = group[0].layer;
            let text = match long {
                true => format!("Layer {number}"),
                false => number.to_string(),
            };
            let (middle, half) = ((start + x) / 2.0, tick.width(&text) / 2.0);
            let wanted = number.is_multiple_of(step);
            if wanted && middle - half >= shown + 3.0 {
                let ink = Type::new(TICK, theme.ink).anchor(Anchor::Middle);
                page.text(middle, layers_base, &text, ink);
                shown = middle + half;
            }
            x += GAP * pitch;
        }
        page.line((left, bottom), (right, bottom), theme.axis, 0.6);
        let words = match (long, named) {
            (true, true) => "Heads of each layer",
            (true, false) => "",
            (false, _) => "Layer",
        };
        let words = match heads.is_empty() {
            true => "no heads",
            false => words,
        };
        page.text(
            (left + right) / 2.0,
            layers_base + LABEL * 1.4,
            words,
            title,
        );
        page
    }
}

/// One head's column, with a tooltip.
fn column(
    head: &StackedHead,
    of: &Columns,
    (x, pitch): (f64, f64),
    y: &dyn Fn(f64) -> f64,
    style: &Style,
    theme: &Theme,
) -> Group {
    // Gaps of a hair's breadth would shimmer.
    let wide = match pitch < 3.0 {
        true => pitch,
        false => (pitch * 0.84).max(pitch - 3.0),
    };
    let mut group = Group::new();
    let parts = of.parts.iter().zip(&head.values);
    let words: Vec<String> = parts
        .map(|(name, share)| format!("{name} {:.1} %", share * 100.0))
        .collect();
    let id = HeadId::new(head.layer, head.head).in_words();
    let words = format!("{id}: {}", words.join(", "));
    group.append(Title::new(super::canvas::clean(&words)));
    let mut below = 0.0;
    for (part, share) in head.values.iter().enumerate() {
        if !(share.is_finite() && *share > 0.0) {
            continue;
        }
        let (low, high) = (y(below), y(below + share));
        below += share;
        let fill = Columns::fill(theme, style, part);
        let shape: Element = rect(x + (pitch - wide) / 2.0, high, wide, low - high, fill);
        group.append(shape);
    }
    group
}

#[cfg(test)]
mod tests {
    use super::super::tests::clash;
    use super::*;
    use proptest::prelude::*;

    fn columns(layers: usize, heads: usize) -> Columns {
        Columns {
            kind: "test",
            title: "Where the weight goes".into(),
            parts: vec![
                "text".into(),
                "persistent vectors".into(),
                "empty context".into(),
            ],
            axis: "share of the weight".into(),
            heads: (0..layers * heads)
                .map(|i| StackedHead {
                    layer: i / heads,
                    head: i % heads,
                    values: vec![0.5, 0.25, 0.125],
                })
                .collect(),
            ..Columns::default()
        }
    }

    #[test]
    fn parts_stack_to_what_they_sum_to() {
        let svg = columns(2, 2).svg(&Style::default());
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let number = |n: &resvg::usvg::roxmltree::Node<'_, '_>, name: &str| -> f64 {
            n.attribute(name).unwrap().parse().unwrap()
        };
        let tips = document.descendants().filter(|n| n.has_tag_name("title"));
        let tip = tips
            .into_iter()
            .find(|n| n.text().unwrap_or("").contains("layer 1, head 0"))
            .unwrap();
        let bars: Vec<_> = tip
            .parent()
            .unwrap()
            .children()
            .filter(|n| n.has_tag_name("rect"))
            .collect();
        let heights: Vec<f64> = bars.iter().map(|n| number(n, "height")).collect();
        assert!((heights[0] - 4.0 * heights[2]).abs() < 0.06, "{heights:?}");
        assert!((number(&bars[0], "y") - number(&bars[1], "y") - heights[1]).abs() < 0.03);
    }

    #[test]
    fn odd_numbers_are_left_out() {
        let mut odd = columns(1, 2);
        odd.heads[0].values = vec![f64::NAN, -1.0, 7.0];
        odd.heads[1].values.clear();
        let svg = odd.svg(&Style::default());
        assert!(!svg.contains("\"NaN") && !svg.contains("inf"));
        assert_eq!(clash(&columns(0, 1).draw(&Style::default())), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn no_texts_overlap(
            layers in 1usize..=36, heads in 1usize..=16, width_mm in 60.0..260.0f64, font_pt in 5.0..12.0f64,
            height_mm in prop::option::of(20.0..200.0f64), gray: bool,
        ) {
            let style = Style { width_mm, font_pt, height_mm, gray, ..Style::default() };
            prop_assert_eq!(clash(&columns(layers, heads).draw(&style)), None);
        }
    }
}
