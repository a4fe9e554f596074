//! A rectangle or a loop drawn around points.

use eframe::egui::{Pos2, Rect, Shape, Stroke, Ui};

/// What is being drawn around points.
#[derive(Debug, Clone, Default)]
pub(super) struct Lasso {
    /// Where the pointer went; of a rectangle the first and the last place.
    path: Vec<Pos2>,
    is_loop: bool,
}

/// The most places of a loop: of a longer way those that stand closest are left out.
const MOST: usize = 4096;

impl Lasso {
    /// Begins at a place, as a free loop or a rectangle.
    pub(super) fn begin(at: Pos2, is_loop: bool) -> Self {
        Self {
            path: vec![at],
            is_loop,
        }
    }

    /// Goes on to a place.
    pub(super) fn go_on(&mut self, at: Pos2) {
        if !self.is_loop {
            self.path.truncate(1);
        }
        let is_new = self.path.last().is_none_or(|last| last.distance(at) > 1.5);
        if is_new && self.path.len() < MOST {
            self.path.push(at);
        }
    }

    fn rect(&self) -> Option<Rect> {
        Some(Rect::from_two_pos(*self.path.first()?, *self.path.last()?))
    }

    /// True if a place lies within.
    pub(super) fn contains(&self, at: Pos2) -> bool {
        match self.is_loop {
            true => inside(&self.path, at),
            false => self.rect().is_some_and(|rect| rect.contains(at)),
        }
    }

    /// Draws it.
    pub(super) fn paint(&self, ui: &Ui, stroke: Stroke) {
        let shape = match (self.is_loop, self.rect()) {
            (true, _) => Shape::closed_line(self.path.clone(), stroke),
            (false, Some(rect)) => {
                let fill = stroke.color.gamma_multiply(0.12);
                ui.painter().rect_filled(rect, 0.0, fill);
                let corners = [
                    rect.left_top(),
                    rect.right_top(),
                    rect.right_bottom(),
                    rect.left_bottom(),
                ];
                Shape::closed_line(corners.to_vec(), stroke)
            }
            (false, None) => return,
        };
        ui.painter().add(shape);
    }
}

/// True if a place lies within a closed loop: a ray from it crosses the loop an odd number of times.
fn inside(path: &[Pos2], at: Pos2) -> bool {
    let next = path.iter().cycle().skip(1);
    let crossed = path.iter().zip(next).filter(|(a, b)| {
        (a.y > at.y) != (b.y > at.y) && at.x < a.x + (b.x - a.x) * (at.y - a.y) / (b.y - a.y)
    });
    path.len() > 2 && crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    fn drawn(is_loop: bool, path: &[(f32, f32)]) -> Lasso {
        let mut lasso = Lasso::begin(pos2(path[0].0, path[0].1), is_loop);
        path.iter()
            .skip(1)
            .for_each(|(x, y)| lasso.go_on(pos2(*x, *y)));
        lasso
    }

    #[test]
    fn a_loop_holds_what_is_inside_and_a_rectangle_what_is_between_its_corners() {
        // An L: its notch is outside.
        let path = [
            (0.0, 0.0),
            (30.0, 0.0),
            (30.0, 10.0),
            (10.0, 10.0),
            (10.0, 30.0),
            (0.0, 30.0),
        ];
        let lasso = drawn(true, &path);
        for (at, within) in [
            ((5.0, 5.0), true),
            ((25.0, 5.0), true),
            ((5.0, 25.0), true),
            ((20.0, 20.0), false),
            ((31.0, 5.0), false),
        ] {
            assert_eq!(lasso.contains(pos2(at.0, at.1)), within, "{at:?}");
        }
        let rect = drawn(false, &[(30.0, 30.0), (5.0, 50.0), (10.0, 10.0)]);
        assert!(rect.contains(pos2(20.0, 20.0)) && !rect.contains(pos2(5.0, 20.0)));
        // A click without a way holds nothing.
        assert!(!drawn(true, &[(1.0, 1.0)]).contains(pos2(1.0, 1.0)));
    }
}
