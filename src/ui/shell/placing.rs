//! The window's place at the start: the screen that it fills, where it filled one last or was never placed.

use eframe::egui::{self, Vec2, ViewportCommand, vec2};

/// Seconds after which a desktop that did not fill the screen is taken to have none that can.
const PATIENCE: f64 = 0.6;

/// Share of the screen that a window takes where nothing can maximise it: room for bars of the desktop.
const SHARE: f32 = 0.9;

/// What is still to be done about the place of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Placing {
    /// True if the window is to fill the screen.
    fills: bool,
    /// True if it is the first start: then the window is fitted to a screen that it cannot fill.
    fits: bool,
    /// The time of the first frame.
    begun: Option<f64>,
    /// Frames drawn.
    frames: u32,
}

/// What is known of the window in a frame, in points.
#[derive(Debug, Clone, Copy)]
struct Seen {
    time: f64,
    inner: Vec2,
    screen: Option<Vec2>,
    is_maximized: bool,
}

impl Placing {
    /// The way to the place of a window that was placed before or not, and then filled the screen or not.
    pub fn new(was_placed: bool, filled: bool) -> Self {
        Self {
            fills: filled || !was_placed,
            fits: !was_placed,
            ..Self::default()
        }
    }

    /// True if the place is reached, so that what the window says of it can be kept.
    pub fn is_done(&self) -> bool {
        !self.fills
    }

    /// Asks the desktop for what is missing.
    pub fn step(&mut self, ctx: &egui::Context) {
        if self.is_done() {
            return;
        }
        let seen = ctx.input(|input| {
            let window = input.viewport();
            Seen {
                time: input.time,
                inner: window
                    .inner_rect
                    .map_or(input.content_rect().size(), |r| r.size()),
                screen: window.monitor_size,
                is_maximized: window.maximized == Some(true),
            }
        });
        if let Some(command) = self.next(seen) {
            ctx.send_viewport_cmd(command);
        }
        if !self.is_done() {
            ctx.request_repaint_after(std::time::Duration::from_millis(100));
        }
    }

    fn next(&mut self, seen: Seen) -> Option<ViewportCommand> {
        self.frames = self.frames.saturating_add(1);
        let begun = *self.begun.get_or_insert(seen.time);
        let is_full = seen.screen.is_some_and(|screen| {
            // Less the bars of the desktop.
            seen.inner.x >= 0.95 * screen.x && seen.inner.y >= 0.85 * screen.y
        });
        if seen.is_maximized && is_full {
            self.fills = false;
            return None;
        }
        // A window that is not on show yet is not maximised by every desktop: it is asked again when it is.
        if self.frames == 2 {
            return Some(ViewportCommand::Maximized(true));
        }
        if seen.time - begun < PATIENCE {
            return None;
        }
        let screen = seen
            .screen
            .filter(|_| self.fits && !is_full && !seen.is_maximized);
        let Some(screen) = screen else {
            self.fills = false;
            return None;
        };
        // It takes the desktop a moment as well.
        (self.fits, self.begun) = (false, Some(seen.time));
        let size = vec2((SHARE * screen.x).round(), (SHARE * screen.y).round());
        Some(ViewportCommand::InnerSize(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands of a window on a screen, whose desktop maximises it after some frames or never.
    fn asked(mut placing: Placing, screen: Vec2, maximises: Option<u32>) -> Vec<ViewportCommand> {
        let mut asked = Vec::new();
        for frame in 1..20 {
            let is_maximized = maximises.is_some_and(|at| frame >= at);
            let seen = Seen {
                time: 7.0 + 0.1 * f64::from(frame),
                inner: match is_maximized {
                    true => screen - vec2(0.0, 60.0),
                    false => vec2(1280.0, 800.0).min(screen),
                },
                screen: Some(screen),
                is_maximized,
            };
            if !placing.is_done() {
                asked.extend(placing.next(seen));
            }
        }
        assert!(placing.is_done());
        asked
    }

    #[test]
    fn a_first_window_fills_its_screen_or_is_fitted_to_it() {
        let (small, large) = (vec2(1280.0, 800.0), vec2(2560.0, 1440.0));
        let first = Placing::new(false, false);
        let maximise = || ViewportCommand::Maximized(true);
        // The desktop does it at once, or when the window is on show.
        assert_eq!(asked(first, large, Some(1)), []);
        assert_eq!(asked(first, large, Some(4)), [maximise()]);
        // Nobody does it.
        let fitted = ViewportCommand::InnerSize(vec2(2304.0, 1296.0));
        assert_eq!(asked(first, large, None), [maximise(), fitted]);
        assert_eq!(asked(first, small, None), [maximise()]);
    }

    #[test]
    fn a_window_comes_back_as_it_was() {
        let large = vec2(2560.0, 1440.0);
        assert!(Placing::new(true, false).is_done());
        let maximise = || ViewportCommand::Maximized(true);
        assert_eq!(
            asked(Placing::new(true, true), large, Some(4)),
            [maximise()]
        );
        // Its own size is not touched where nothing maximises it.
        assert_eq!(asked(Placing::new(true, true), large, None), [maximise()]);
    }
}
