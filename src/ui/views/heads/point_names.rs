//! Names beside points, where no other name is.

use eframe::egui::{self, Color32, FontId, Pos2, Rect, Ui, pos2, vec2};

/// Size of the names.
const SIZE: f32 = 10.0;

/// Names that are tried at most.
const MOST: usize = 48;

/// Most points of which none may lie under a name; among more, those that have names.
const APART: usize = 400;

/// Writes names beside their points within `frame`, so far from them, the first ones first; those without room are left out. `all` are the points
/// that there are.
pub(super) fn paint(
    ui: &Ui,
    (frame, all): (Rect, &[Pos2]),
    names: impl Iterator<Item = (Pos2, f32, String)>,
    ink: Color32,
) {
    let mut taken: Vec<Rect> = Vec::new();
    let mut points: Vec<Pos2> = match all.len() <= APART {
        true => all.to_vec(),
        false => Vec::new(),
    };
    for (at, clear, name) in names.take(MOST) {
        let font = FontId::proportional(SIZE);
        let galley = ui.painter().layout_no_wrap(name, font, ink);
        let size = galley.size();
        let Some(rect) = room((at, clear), size, frame, &taken, &points) else {
            continue;
        };
        ui.painter().galley(rect.min, galley, ink);
        taken.push(rect);
        points.push(at);
    }
}

/// The place of a name of this size beside `at`: right of it, left, above or below.
fn room(
    (at, clear): (Pos2, f32),
    size: egui::Vec2,
    frame: Rect,
    taken: &[Rect],
    points: &[Pos2],
) -> Option<Rect> {
    let corners = [
        pos2(at.x + clear, at.y - size.y / 2.0),
        pos2(at.x - clear - size.x, at.y - size.y / 2.0),
        pos2(at.x - size.x / 2.0, at.y - clear - size.y),
        pos2(at.x - size.x / 2.0, at.y + clear),
    ];
    let places = corners.map(|corner| Rect::from_min_size(corner, size));
    places.into_iter().find(|place| {
        let apart = taken.iter().all(|other| !other.intersects(*place));
        let covers = points
            .iter()
            .any(|point| place.expand2(vec2(1.0, 1.0)).contains(*point));
        frame.contains_rect(*place) && apart && !covers
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_overlap_and_stay_in_the_frame() {
        let frame = Rect::from_min_size(Pos2::ZERO, vec2(200.0, 100.0));
        let size = vec2(30.0, 12.0);
        let (mut taken, mut points): (Vec<Rect>, Vec<Pos2>) = (Vec::new(), Vec::new());
        for i in 0..200 {
            let at = pos2((i * 37 % 201) as f32, (i * 61 % 101) as f32);
            if let Some(rect) = room((at, 5.0), size, frame, &taken, &points) {
                assert!(frame.contains_rect(rect));
                assert!(taken.iter().all(|other| !other.intersects(rect)));
                taken.push(rect);
                points.push(at);
            }
        }
        assert!(taken.len() > 8, "{}", taken.len());
    }
}
