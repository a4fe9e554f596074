//! A small picture of every head: where each looks, at a glance.

mod layout;

use super::canvas::{self, Anchor, Canvas, Type, clean};
use super::header::PAD;
use super::heatmap::marks::{self, Area, Ink};
use super::heatmap::picture;
use super::heatmap::{Range, Scale};
use super::theme::{LABEL, TICK};
use super::{ColorMap, Figure, Provenance, Style, Table, font};
use layout::Layout;
use spanscope_core::head_id::HeadId;
use svg::Node;
use svg::node::element::{Group, Title};

/// Room between two pictures.
const GAP: f64 = 3.0;

/// Longest colour bar.
const LONGEST_BAR: f64 = 110.0;

/// A small picture of one head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SmallHead {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// Cells down: queries.
    pub rows: usize,
    /// Cells across: distances, on a logarithmic axis that is the same for all heads.
    pub columns: usize,
    /// Row by row; not-a-number beyond the head's reach.
    pub values: Vec<f32>,
    /// Written below the picture where there is room: what heads are sorted by.
    pub note: String,
    /// True if the head contributes nothing: its picture is crossed out.
    pub ablated: bool,
}

impl SmallHead {
    fn name(&self) -> String {
        HeadId::new(self.layer, self.head).to_string()
    }
}

/// Small pictures of all heads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadGrid {
    /// The kind of figure; see [`Figure::kind`].
    pub kind: &'static str,
    /// Printed above the figure; may be empty.
    pub title: String,
    /// A line of facts below the title; may be empty.
    pub subtitle: String,
    /// The pictures, in their order.
    pub heads: Vec<SmallHead>,
    /// True if the order is layer by layer: a line for each layer then.
    pub by_layer: bool,
    /// The same colours for all heads; otherwise each has its own largest weight.
    pub common: bool,
    /// The colours.
    pub map: ColorMap,
    /// The scale that maps weights to colours.
    pub scale: Scale,
    /// The first distance of every column of a picture and, at the end, the first beyond the last.
    pub edges: Vec<usize>,
    /// The numbers.
    pub numbers: Table,
    /// The provenance of the numbers; kept in the file and not drawn.
    pub provenance: Provenance,
}

impl HeadGrid {
    /// Pictures in a line.
    fn across(&self) -> usize {
        let layers = self.heads.chunk_by(|a, b| a.layer == b.layer);
        match self.by_layer {
            true => layers.map(<[SmallHead]>::len).max().unwrap_or(1),
            false => (self.heads.len() as f64).sqrt().ceil().max(1.0) as usize,
        }
        .max(1)
    }
}

fn largest(heads: &[SmallHead]) -> f32 {
    let values = heads.iter().flat_map(|head| &head.values);
    values
        .copied()
        .filter(|v| v.is_finite())
        .fold(0.0, f32::max)
}

impl Figure for HeadGrid {
    super::figure::about!(numbers);

    fn draw(&self, style: &Style) -> Canvas {
        let theme = style.theme();
        let at = Layout::new(self, style);
        let mut page = Canvas::new(at.width, at.height, style);
        at.header.draw(&mut page, theme);
        let tick = Type::new(TICK, theme.muted);
        let middle = tick.anchor(Anchor::Middle);
        if self.by_layer {
            let ink = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
            let right = at.left + at.across as f64 * at.pitch.0 - GAP;
            let base = at.header.bottom + 4.0 + LABEL * 0.8;
            let half = ink.width("Head") / 2.0;
            page.text(((at.left + right) / 2.0).max(PAD + half), base, "Head", ink);
            if at.numbered {
                for i in 0..at.across {
                    let x = at.left + i as f64 * at.pitch.0 + at.side / 2.0;
                    page.text(x, at.top - TICK * 0.4, &i.to_string(), middle);
                }
            }
            if at.bottom - at.top > 30.0 {
                let middle = (at.top + at.bottom) / 2.0;
                page.text_up(PAD + LABEL / 2.0 - 1.0, middle, "Layer", ink);
            }
        }
        let mut last = f64::NEG_INFINITY;
        for (l, line) in at.lines.iter().enumerate() {
            let y = at.top + l as f64 * at.pitch.1;
            if self.by_layer && y + at.side / 2.0 - last >= TICK * 1.2 {
                let number = line.first().map_or(0, |head| head.layer);
                let place = (at.left - 4.0, y + at.side / 2.0);
                let style = tick.anchor(Anchor::End);
                page.text_middle(place.0, place.1, &number.to_string(), style);
                last = place.1;
            }
            for (i, head) in line.iter().enumerate() {
                let area = Area {
                    left: at.left + i as f64 * at.pitch.0,
                    top: y,
                    width: at.side,
                    height: at.side,
                };
                self.picture(&mut page, head, area, style);
                if at.named {
                    let words = at.caption(head);
                    let base = area.bottom() + TICK * 1.05;
                    page.text(area.left + at.side / 2.0, base, &words, middle);
                }
                // Numbers below the lowest picture of each column.
                let lowest = at.lines.get(l + 1).is_none_or(|next| i >= next.len());
                if at.scaled && lowest {
                    let top = area.bottom() + if at.named { at.caption } else { 0.0 };
                    self.distances(&mut page, area, top, style);
                }
            }
        }
        let nearest = self.edges.first().copied().unwrap_or(1);
        let longest = self.edges.last().map_or(0, |edge| edge.saturating_sub(1));
        let words = match self.heads.is_empty() {
            true => "no heads".to_owned(),
            false => format!(
                "Down: queries; right: distance from query to key, {nearest} to {} tokens, log",
                super::thousands(longest)
            ),
        };
        let words = font::fit(&words, TICK, tick.weight, at.width - 2.0 * PAD);
        page.text(PAD, at.height - PAD - TICK * 0.3, &words, tick);
        self.color_bar(&mut page, &at, style);
        page
    }
}

impl HeadGrid {
    /// The value of the last colour of the bar: a weight, or the whole of each head's largest.
    fn high(&self) -> f64 {
        match self.common {
            true => f64::from(largest(&self.heads)),
            false => 1.0,
        }
    }

    /// The range of the colours up to a largest weight.
    fn range(&self, high: f64) -> Range {
        let high = if high > 0.0 { high } else { 1.0 };
        let low = if self.scale == Scale::Log {
            high * 1e-4
        } else {
            0.0
        };
        Range {
            scale: self.scale,
            low,
            high,
        }
    }

    /// One head's picture with its frame and a tooltip.
    fn picture(&self, page: &mut Canvas, head: &SmallHead, area: Area, style: &Style) {
        let theme = style.theme();
        let own = largest(std::slice::from_ref(head));
        let high = match self.common {
            true => largest(&self.heads),
            false => own,
        };
        let ink = Ink::of(self.range(f64::from(high)), style.map(self.map), style.dark);
        let mut group = Group::new();
        let ablated = if head.ablated { ", ablated" } else { "" };
        let note = match head.note.is_empty() {
            true => String::new(),
            false => format!(", {}", head.note),
        };
        let words = format!(
            "head {}{note}{ablated}; largest weight {own:.3}",
            head.name()
        );
        group.append(Title::new(clean(&words)));
        let shape = (head.rows, head.columns);
        if let Some(image) = picture::picture(area, shape, &ink, &head.values) {
            group.append(image);
        }
        page.add(group);
        let mut frame = canvas::rect(area.left, area.top, area.width, area.height, "none");
        frame.assign("stroke", theme.axis);
        // Frames must not outshine small pictures.
        let line = (area.width * 0.015).clamp(0.15, 0.5);
        frame.assign("stroke-width", canvas::round(line));
        page.add(frame);
        if head.ablated {
            let (from, to) = ((area.left, area.bottom()), (area.right(), area.top));
            page.line(from, to, "#000000", 1.4);
            page.line(from, to, "#ffffff", 0.6);
        }
    }

    /// Distances of 1, 10, 100 and so on below a picture.
    fn distances(&self, page: &mut Canvas, area: Area, top: f64, style: &Style) {
        let theme = style.theme();
        let tick = Type::new(TICK, theme.muted).anchor(Anchor::Middle);
        let bins = self.edges.len().saturating_sub(1);
        let mut end = area.left - GAP;
        for tokens in (0..20).map(|power| 10_usize.saturating_pow(power)) {
            let bin = self.edges.partition_point(|edge| *edge <= tokens);
            if bin == 0 || bin > bins {
                continue;
            }
            let x = area.left + (bin as f64 - 0.5) / bins as f64 * area.width;
            page.line((x, top), (x, top + 2.0), theme.axis, 0.5);
            let text = super::thousands(tokens);
            let half = tick.width(&text) / 2.0;
            if x - half >= end + 1.5 && x + half <= area.right() + GAP / 2.0 - 0.5 {
                page.text(x, top + 2.5 + TICK * 0.9, &text, tick);
                end = x + half;
            }
        }
    }

    /// The colour bar: what the colours stand for.
    fn color_bar(&self, page: &mut Canvas, at: &Layout<'_>, style: &Style) {
        let Some(bar) = at.bar else { return };
        let theme = style.theme();
        let range = self.range(self.high());
        let ink = Ink::of(range, style.map(self.map), style.dark);
        let numbers = marks::bar_ticks(&ink.range, bar.height);
        marks::bar(page, bar, &ink, &numbers, theme);
        let title = match self.common {
            true => "Weight",
            false => "Weight, of the head's largest",
        };
        let style = Type::new(TICK, theme.ink).anchor(Anchor::Middle);
        // Above the line at the foot.
        let room = at.height - PAD - 1.3 * TICK - bar.top;
        let (text, size) = font::title(&[title], TICK, style.weight, room);
        let numbered = style;
        let style = Type { size, ..style };
        let half = style.width(&text) / 2.0;
        let middle = (bar.top + bar.height / 2.0).min(bar.top + room - half);
        let middle = middle.max(bar.top + half);
        let numbers = numbers.iter().filter_map(|t| t.label.as_deref());
        let numbers = numbers.map(|text| numbered.width(text)).fold(8.0, f64::max);
        page.text_up(
            bar.right() + 4.5 + numbers + 4.0 + TICK / 2.0,
            middle,
            &text,
            style,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::clash;
    use super::*;
    use proptest::prelude::*;

    fn grid(layers: usize, heads: usize, by_layer: bool) -> HeadGrid {
        HeadGrid {
            kind: "grid",
            title: "All heads".into(),
            by_layer,
            heads: (0..layers * heads)
                .map(|i| SmallHead {
                    layer: i / heads,
                    head: i % heads,
                    rows: 4,
                    columns: 3,
                    values: (0..12)
                        .map(|v| if v == 11 { f32::NAN } else { v as f32 / 10.0 })
                        .collect(),
                    note: format!("{i} tokens"),
                    ablated: i == 1,
                })
                .collect(),
            edges: vec![1, 2, 4, 100],
            ..HeadGrid::default()
        }
    }

    #[test]
    fn every_head_has_its_picture() {
        let svg = grid(3, 4, true).svg(&Style::default());
        assert_eq!(svg.matches("<image").count(), 12);
        assert!(svg.contains("distance from query to key, 1 to 99 tokens"));
        let mut odd = grid(1, 2, false);
        odd.heads[0].values.clear();
        odd.heads[1].rows = 0;
        assert!(odd.svg(&Style::default()).contains("</svg>"));
        assert!(HeadGrid::default().png(&Style::default()).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn no_texts_overlap(
            layers in 1usize..=36, heads in 1usize..=16, by_layer: bool, width_mm in 60.0..260.0f64, font_pt in 6.0..12.0f64,
            height_mm in prop::option::of(30.0..250.0f64),
        ) {
            let style = Style { width_mm, font_pt, height_mm, ..Style::default() };
            prop_assert_eq!(clash(&grid(layers, heads, by_layer).draw(&style)), None);
        }
    }
}
