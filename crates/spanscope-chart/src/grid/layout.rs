//! The places of the small pictures of all heads.

use super::super::Style;
use super::super::canvas::Type;
use super::super::header::{Header, PAD};
use super::super::heatmap::marks::{self, Area};
use super::super::theme::{LABEL, TICK};
use super::{GAP, HeadGrid, LONGEST_BAR, SmallHead};

/// Largest side of a picture.
const LARGEST: f64 = 140.0;

/// Least side of a picture whose distances are numbered.
const SCALED: f64 = 30.0;

/// The places of the pictures.
pub(super) struct Layout<'a> {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) header: Header,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Pictures in a line.
    pub(super) across: usize,
    pub(super) lines: Vec<&'a [SmallHead]>,
    /// Side of a picture.
    pub(super) side: f64,
    /// From one picture to the next, across and down.
    pub(super) pitch: (f64, f64),
    /// True if columns have numbers above them.
    pub(super) numbered: bool,
    /// True if every picture has its name below it.
    pub(super) named: bool,
    /// True if every picture has what heads are sorted by below it.
    pub(super) noted: bool,
    /// Room for names.
    pub(super) caption: f64,
    /// True if distances are numbered.
    pub(super) scaled: bool,
    pub(super) bar: Option<Area>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(grid: &'a HeadGrid, style: &Style) -> Self {
        let width = style.page_width();
        let header = Header::new(&grid.title, &grid.subtitle, style);
        let across = grid.across();
        let tick = Type::new(TICK, "");
        let left = match grid.by_layer {
            true => PAD + LABEL + 5.0 + tick.width("88") + 4.0,
            false => PAD,
        };
        // The colour bar: its numbers, a gap, its title.
        let numbers = marks::bar_ticks(&grid.range(grid.high()), LONGEST_BAR);
        let numbers = numbers.iter().filter_map(|t| t.label.as_deref());
        let numbers = numbers.map(|text| tick.width(text)).fold(8.0, f64::max);
        let bar_room = 10.0 + 7.0 + 4.5 + numbers + TICK + 4.0;
        let lines: Vec<&[SmallHead]> = match grid.by_layer {
            true => grid.heads.chunk_by(|a, b| a.layer == b.layer).collect(),
            false => grid.heads.chunks(across).collect(),
        };
        let count = lines.len().max(1) as f64;
        let from_width = (width - PAD - bar_room - left + GAP) / across as f64 - GAP;
        let names = |side: f64| !grid.by_layer && tick.width("L88H88") <= side + GAP - 2.0;
        let under = |side: f64| {
            if side >= SCALED {
                2.5 + TICK * 1.3
            } else {
                0.0
            }
        };
        let footer = PAD + TICK * 1.3;
        let above = |side: f64| match grid.by_layer {
            true if tick.width("88") + 1.0 <= side + GAP => LABEL * 1.4 + TICK * 1.3,
            true => LABEL * 1.4,
            false => 0.0,
        };
        let top = |side: f64| header.bottom + 4.0 + above(side);
        let caption = |side: f64| if names(side) { TICK * 1.35 } else { 0.0 };
        let fixed = |side: f64| top(side) + count * (GAP + caption(side)) + under(side) + footer;
        let mut side = from_width.clamp(1.0, LARGEST);
        if let Some(height) = style.page_height() {
            // What stands around the pictures depends on their size: shrink until all fits.
            while side > 4.0 && fixed(side) + count * side > height {
                side *= 0.98;
            }
        }
        let (top, caption) = (top(side), caption(side));
        let pitch = (side + GAP, side + GAP + caption);
        let bottom = top + lines.len() as f64 * pitch.1;
        let height = bottom + under(side) + footer;
        let named = names(side);
        let widest = grid.heads.iter().map(|head| tick.width(&both(head)));
        let noted = named && widest.fold(0.0, f64::max) <= side + GAP - 2.0;
        let room = height - top - footer - 4.0;
        let bar = (!grid.heads.is_empty() && room >= 24.0).then(|| Area {
            left: left + across as f64 * pitch.0 - GAP + 10.0,
            top,
            width: 7.0,
            height: room.min(LONGEST_BAR).min((bottom - top - GAP).max(24.0)),
        });
        Self {
            width,
            height,
            left,
            top,
            bottom,
            across,
            lines,
            side,
            pitch,
            numbered: grid.by_layer && tick.width("88") + 1.0 <= side + GAP,
            named,
            noted,
            caption,
            scaled: under(side) > 0.0,
            bar,
            header,
        }
    }

    /// The text below a picture.
    pub(super) fn caption(&self, head: &SmallHead) -> String {
        match self.noted {
            true => both(head),
            false => head.name(),
        }
    }
}

/// Name and note of a head.
fn both(head: &SmallHead) -> String {
    match head.note.is_empty() {
        true => head.name(),
        false => format!("{} · {}", head.name(), head.note),
    }
}
