//! A small picture of every head: where each looks, at a glance.

use super::canvas::{Anchor, Canvas, Type};
use super::header::{Header, PAD};
use super::heatmap::marks::{self, Area, Ink};
use super::heatmap::picture;
use super::heatmap::{Range, Scale};
use super::theme::{LABEL, TICK};
use super::{ChartError, ColorMap, Figure, Provenance, Style, Table, font};

/// Room between two pictures.
const GAP: f64 = 3.0;

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
}

/// Small pictures of all heads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadGrid {
    /// What figure it is; see [`Figure::kind`].
    pub kind: &'static str,
    /// Printed above the figure; may be empty.
    pub title: String,
    /// A line of facts below the title; may be empty.
    pub subtitle: String,
    /// The pictures, in their order.
    pub heads: Vec<SmallHead>,
    /// Whether the order is layer by layer: a line for each layer then.
    pub by_layer: bool,
    /// The same colours for all heads; otherwise each has its own largest weight.
    pub common: bool,
    /// The colours.
    pub map: ColorMap,
    /// How weights are spread over the colours.
    pub scale: Scale,
    /// The first distance of every column of a picture and, at the end, the first beyond the last.
    pub edges: Vec<usize>,
    /// The numbers.
    pub numbers: Table,
    /// Where the numbers come from; kept in the file and not drawn.
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
    fn kind(&self) -> &'static str {
        self.kind
    }

    super::figure::about!();

    fn table(&self) -> Result<Table, ChartError> {
        Ok(self.numbers.clone())
    }

    fn draw(&self, style: &Style) -> Canvas {
        let theme = style.theme();
        let width = style.page_width();
        let header = Header::new(&self.title, &self.subtitle, style);
        let across = self.across();
        let tick = Type::new(TICK, theme.muted);
        let left = if self.by_layer {
            PAD + LABEL + 5.0 + tick.width("88") + 4.0
        } else {
            PAD
        };
        let pitch = (width - PAD - left + GAP) / across as f64;
        let side = (pitch - GAP).clamp(1.0, 90.0);
        let pitch = side + GAP;
        // A name of its own above every picture, or numbers at the edges.
        let named = !self.by_layer && tick.width("88.88") <= side;
        let caption = if named { TICK * 1.3 } else { 0.0 };
        let mut top = header.bottom + 4.0;
        let numbered = self.by_layer && tick.width("88") + 1.0 <= pitch;
        if self.by_layer {
            top += LABEL * 1.4 + if numbered { TICK * 1.3 } else { 0.0 };
        }
        let lines: Vec<&[SmallHead]> = match self.by_layer {
            true => self.heads.chunk_by(|a, b| a.layer == b.layer).collect(),
            false => self.heads.chunks(across).collect(),
        };
        let bottom = top + lines.len() as f64 * (pitch + caption);
        let mut page = Canvas::new(width, bottom + LABEL * 1.5 + PAD, style);
        header.draw(&mut page, theme);
        let middle = tick.anchor(Anchor::Middle);
        if self.by_layer {
            let ink = Type::new(LABEL, theme.ink).anchor(Anchor::Middle);
            let right = left + across as f64 * pitch - GAP;
            let base = header.bottom + 4.0 + LABEL * 0.8;
            let half = ink.width("Head") / 2.0;
            page.text(((left + right) / 2.0).max(PAD + half), base, "Head", ink);
            if numbered {
                for i in 0..across {
                    let x = left + i as f64 * pitch + side / 2.0;
                    page.text(x, top - TICK * 0.4, &(i + 1).to_string(), middle);
                }
            }
            if bottom - top > 30.0 {
                page.text_up(PAD + LABEL / 2.0 - 1.0, (top + bottom) / 2.0, "Layer", ink);
            }
        }
        let map = style.map(self.map);
        let all = largest(&self.heads);
        let mut last = f64::NEG_INFINITY;
        for (l, line) in lines.iter().enumerate() {
            let y = top + l as f64 * (pitch + caption) + caption;
            if self.by_layer && y + side / 2.0 - last >= TICK * 1.2 {
                let number = line.first().map_or(0, |head| head.layer) + 1;
                let at = (left - 4.0, y + side / 2.0);
                page.text_middle(at.0, at.1, &number.to_string(), tick.anchor(Anchor::End));
                last = at.1;
            }
            for (i, head) in line.iter().enumerate() {
                let area = Area {
                    left: left + i as f64 * pitch,
                    top: y,
                    width: side,
                    height: side,
                };
                let high = if self.common {
                    all
                } else {
                    largest(std::slice::from_ref(head))
                };
                let high = if high > 0.0 { f64::from(high) } else { 1.0 };
                let low = if self.scale == Scale::Log {
                    high * 1e-4
                } else {
                    0.0
                };
                let range = Range {
                    scale: self.scale,
                    low,
                    high,
                };
                let ink = Ink::of(range, map, style.dark);
                let shape = (head.rows, head.columns);
                if let Some(image) = picture::picture(area, shape, &ink, &head.values) {
                    page.add(image);
                }
                marks::frame(&mut page, area, theme);
                if named {
                    let name = format!("{}.{}", head.layer + 1, head.head + 1);
                    page.text(area.left + side / 2.0, y - 2.0, &name, middle);
                }
            }
        }
        let longest = self.edges.last().map_or(0, |edge| edge.saturating_sub(1));
        let words = match (self.heads.is_empty(), longest) {
            (true, _) => "no heads".to_owned(),
            (_, longest) => format!(
                "Down: queries; right: distances from 1 to {}, log",
                super::thousands(longest)
            ),
        };
        let words = font::fit(&words, TICK, tick.weight, width - 2.0 * PAD);
        page.text(PAD, bottom + LABEL, &words, tick);
        page
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
        assert!(svg.contains("distances from 1 to 99"));
        let mut odd = grid(1, 2, false);
        odd.heads[0].values.clear();
        odd.heads[1].rows = 0;
        assert!(odd.svg(&Style::default()).contains("</svg>"));
        assert!(HeadGrid::default().png(&Style::default()).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn no_texts_overlap(layers in 1usize..=36, heads in 1usize..=16, by_layer: bool, width_mm in 60.0..260.0f64) {
            let style = Style { width_mm, ..Style::default() };
            prop_assert_eq!(clash(&grid(layers, heads, by_layer).draw(&style)), None);
        }
    }
}
