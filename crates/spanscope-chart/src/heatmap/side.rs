//! Shares beside a heat map, as profiles along its rows.

use svg::Node;
use svg::node::element::{Element, Title};

use super::super::canvas::{Anchor, Canvas, Type, round};
use super::super::font::{self, Weight};
use super::super::theme::{TICK, Theme};
use super::Heatmap;
use super::marks::{self, Area};

/// Width of a profile.
const WIDTH: f64 = 15.0;
/// Room left of a profile.
const GAP: f64 = 8.0;
/// Longest label, in points.
const LONGEST: f64 = 90.0;
/// Most steps of a profile; more rows than that share one.
const MOST_STEPS: usize = 2048;

/// The profiles, measured.
pub(super) struct Sides {
    /// Room that all of them take across.
    pub(super) room: f64,
    /// Room that they need below the map.
    pub(super) under: f64,
    pitch: f64,
    labels: Vec<String>,
}

impl Sides {
    pub(super) fn new(chart: &Heatmap, page_width: f64) -> Self {
        let labels = chart.side.iter();
        let labels: Vec<String> = labels
            .map(|s| font::fit(&s.label, TICK, Weight::Regular, LONGEST))
            .collect();
        let count = labels.len() as f64;
        let room = (count * (WIDTH + GAP)).min(page_width * 0.3);
        let widest = labels.iter().map(|s| font::width(s, TICK, Weight::Regular));
        let widest = widest.fold(0.0, f64::max);
        Self {
            room,
            under: match labels.is_empty() {
                true => 0.0,
                false => widest + TICK + 9.0,
            },
            pitch: room / count.max(1.0),
            labels,
        }
    }

    /// Draws the profiles at the right of the map.
    pub(super) fn draw(&self, page: &mut Canvas, chart: &Heatmap, map: Area, theme: &Theme) {
        let width = self.pitch * WIDTH / (WIDTH + GAP);
        let style = Type::new(TICK, theme.muted);
        for (i, (column, label)) in chart.side.iter().zip(&self.labels).enumerate() {
            let area = Area {
                left: map.right() + self.pitch * (i + 1) as f64 - width,
                width,
                ..map
            };
            let color = theme.layers[(i + 1) % theme.layers.len()];
            if let Some(profile) = profile(&column.values, chart.rows, area, color) {
                page.add(profile);
            }
            marks::frame(page, area, theme);
            let base = map.bottom() + 4.5 + TICK * font::CAP_HEIGHT;
            if width >= 2.0 * style.width("0") + 2.0 {
                let ends = [
                    (area.left, Anchor::Start, "0"),
                    (area.right(), Anchor::End, "1"),
                ];
                for (x, anchor, text) in ends {
                    page.text(x, base, text, style.anchor(anchor));
                }
            }
            let style = Type::new(TICK.min(self.pitch), theme.muted).anchor(Anchor::End);
            page.text_up(area.left + width / 2.0, base + 3.0, label, style);
        }
    }
}

/// The shares of the rows as one shape, with a tooltip; where there is none, a gap.
fn profile(values: &[f32], rows: usize, area: Area, color: &str) -> Option<Element> {
    if rows == 0 {
        return None;
    }
    let steps = rows.min(MOST_STEPS);
    let mut path = format!("M{} {}", round(area.left), round(area.top));
    let (mut sum, mut count) = (0.0, 0_usize);
    for step in 0..steps {
        let range = step * rows / steps..(step + 1) * rows / steps;
        let share: Vec<f32> = values.get(range).unwrap_or_default().to_vec();
        let share: Vec<f32> = share.into_iter().filter(|v| v.is_finite()).collect();
        sum += share.iter().map(|v| f64::from(*v)).sum::<f64>();
        count += share.len();
        let mean = share.iter().sum::<f32>() / share.len().max(1) as f32;
        let x = area.left + area.width * f64::from(mean.clamp(0.0, 1.0));
        let bottom = area.top + area.height * (step + 1) as f64 / steps as f64;
        path += &format!("H{}V{}", round(x), round(bottom));
    }
    path += &format!("H{}Z", round(area.left));
    let mut shape = Element::new("path");
    shape.assign("d", path);
    shape.assign("fill", color);
    shape.append(Title::new(format!("mean {:.3}", sum / count.max(1) as f64)));
    Some(shape)
}
