//! The layout of the view's parts.

use super::axes::{NAME, Names};
use super::cells::Axes;
use super::side_columns::{COLUMN, GAP};
use crate::analysis::BandLayout;
use crate::engine::Snapshot;
use crate::text::{Unit, Vocabulary};
use crate::ui::views::context::ViewContext;
use eframe::egui::{Rect, Ui, pos2};
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// Room for what an axis shows.
const TITLE: f32 = 17.0;

/// Room for the colour bar and its numbers.
const LEGEND: f32 = 54.0;

/// From this width on there is room for the colour bar beside the map, and for positions beside names.
const WIDE: f32 = 430.0;

/// Height of the mean weight by distance, and the height from which on there is room for it.
const PROFILE: (f32, f32) = (44.0, 250.0);

/// Least size of the map.
const LEAST: f32 = 40.0;

/// Room for a name of several characters at least, and at most.
const ROOM: (f32, f32) = (34.0, 92.0);

/// Tokens whose names are looked at for the longest.
const LOOKED_AT: usize = 4096;

/// The room that the longest name of the text's tokens takes, in points.
pub(super) fn longest_name(snapshot: &Snapshot) -> f32 {
    // Of the type of fixed width; a character of Chinese is as wide as two.
    let advance = 0.61 * NAME;
    let mut longest = 0.0_f32;
    for token in 0..snapshot.tokens.ids.len().min(LOOKED_AT) {
        let width = snapshot.label(token).width() as f32 * advance + 4.0;
        longest = longest.max(width);
        if longest >= ROOM.1 {
            break;
        }
    }
    longest
}

/// The style of token names in a view of this width, for a text whose `longest` name takes so much.
pub(super) fn names(cx: &ViewContext<'_>, width: f32, longest: f32) -> Names {
    let vocabulary = cx
        .snapshot
        .model
        .as_ref()
        .and_then(|m| m.vocabulary.as_ref());
    let unit = vocabulary.map(Vocabulary::unit);
    let wide = width >= WIDE;
    let room = match unit {
        Some(Unit::Char) => 15.0,
        // A byte that does not print is written as four characters.
        Some(Unit::Byte) => 27.0,
        // Ids.
        None => 42.0,
        Some(_) if wide => longest.clamp(ROOM.0, ROOM.1),
        Some(_) => longest.clamp(ROOM.0, (0.2 * width).clamp(ROOM.0, ROOM.1)),
    };
    Names {
        room,
        characters: matches!(unit, Some(Unit::Byte | Unit::Char)),
        positions: if wide { 36.0 } else { 0.0 },
    }
}

/// The places of the view's parts.
pub(super) struct Places {
    /// The map.
    pub map: Rect,
    /// Names of the queries, left of it.
    pub rows: Rect,
    /// Names of the keys, or distances, under it.
    pub columns: Rect,
    /// The title of the rows.
    pub rows_title: Rect,
    /// The title of the columns.
    pub columns_title: Rect,
    /// Shares on what is not text, right of the map.
    pub sides: Rect,
    /// The colour bar; without room for it, its ends stand in a corner of the map.
    pub legend: Option<Rect>,
    /// The mean weight by distance, above the map.
    pub profile: Option<Rect>,
}

impl Places {
    /// Divides the room that is left; `None` where it is too small for anything.
    pub fn new(ui: &mut Ui, axes: &Axes, names: &Names, cx: &ViewContext<'_>) -> Option<Self> {
        let all = ui.available_rect_before_wrap();
        let wide = all.width() >= WIDE;
        let architecture = cx.snapshot.model.as_ref().map(|m| m.network.architecture());
        let columns = architecture.map_or(1, |c| {
            let there = [
                c.has_empty_context(),
                c.persistent() > 0,
                c.has_sinks(),
                c.loses_weight(),
            ];
            there.into_iter().filter(|there| *there).count()
        });
        let sides = columns as f32 * (COLUMN + GAP) - if columns > 0 { GAP } else { 0.0 };
        let under = match axes.layout {
            BandLayout::Key if !names.characters => names.room.min(0.3 * all.height()) + 6.0,
            _ => 19.0,
        };
        // Numbers of five digits need as much as characters do.
        let beside = (names.positions + names.room).max(38.0) + 8.0;
        let profile = axes.layout == BandLayout::Distance && all.height() >= PROFILE.1;
        let map = Rect::from_min_max(
            pos2(
                all.left() + TITLE + beside,
                all.top() + 1.0 + if profile { PROFILE.0 + 4.0 } else { 0.0 },
            ),
            pos2(
                all.right() - sides - 7.0 - if wide { LEGEND + 12.0 } else { 1.0 },
                all.bottom() - under - TITLE,
            ),
        );
        if map.width() < LEAST || map.height() < LEAST {
            return None;
        }
        ui.advance_cursor_after_rect(all);
        let right = map.right() + 7.0 + sides;
        Some(Self {
            rows: Rect::from_min_max(pos2(map.left() - beside, map.top()), map.left_bottom()),
            columns: Rect::from_min_max(map.left_bottom(), pos2(map.right(), map.bottom() + under)),
            rows_title: Rect::from_min_max(
                pos2(all.left(), map.top()),
                pos2(all.left() + TITLE - 2.0, map.bottom()),
            ),
            columns_title: Rect::from_min_max(
                pos2(map.left(), all.bottom() - TITLE),
                pos2(map.right(), all.bottom()),
            ),
            sides: Rect::from_min_max(
                pos2(map.right() + 7.0, map.top()),
                pos2(right, map.bottom()),
            ),
            legend: wide.then(|| {
                Rect::from_min_max(
                    pos2(right + 12.0, map.top()),
                    pos2(all.right(), map.bottom()),
                )
            }),
            profile: profile.then(|| {
                let top = all.top() + 1.0;
                Rect::from_min_max(pos2(map.left(), top), pos2(map.right(), top + PROFILE.0))
            }),
            map,
        })
    }

    /// Room below the map.
    pub fn below(&self) -> f32 {
        self.columns_title.bottom() - self.map.bottom()
    }

    /// True if the pointer is over the names of rows or columns.
    pub fn over_gutter(&self, ui: &Ui) -> bool {
        ui.rect_contains_pointer(self.rows) || ui.rect_contains_pointer(self.columns)
    }
}

/// Whole cells between two places of an axis of `end`.
pub(super) fn seen(low: f64, high: f64, end: usize) -> Range<usize> {
    let clamp = |x: f64| x.clamp(0.0, end as f64) as usize;
    clamp(low.floor())..clamp(high.ceil())
}
