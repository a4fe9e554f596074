//! Hands that do what nobody would do on purpose.
#![allow(missing_docs, dead_code)]

use eframe::egui::{
    self, Event, Key, Modifiers, MouseWheelUnit, PointerButton, TouchPhase, Vec2, pos2, vec2,
};

/// SplitMix64: the same seed does the same.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }
}

const KEYS: [Key; 18] = [
    Key::ArrowUp,
    Key::ArrowDown,
    Key::ArrowLeft,
    Key::ArrowRight,
    Key::OpenBracket,
    Key::CloseBracket,
    Key::Escape,
    Key::Enter,
    Key::Tab,
    Key::Space,
    Key::Backspace,
    Key::Delete,
    Key::Home,
    Key::End,
    Key::PageUp,
    Key::F1,
    Key::A,
    Key::Z,
];

const TEXTS: [&str; 7] = [
    "ROMEO:",
    "\n\n",
    " é文 ",
    "12 7 0 ",
    "\u{0}\u{7f}",
    "🦀",
    "a long line of text ",
];

/// Random events for a window of about 1280 × 800 points. Nothing that writes or quits is pressed on the keyboard.
pub struct Monkey {
    chance: Chance,
    at: egui::Pos2,
}

/// What happens in a frame.
pub enum Act {
    Events(Vec<Event>),
    Resize(Vec2),
}

impl Monkey {
    /// The same seed does the same.
    pub fn new(seed: u64) -> Self {
        Self {
            chance: Chance(seed),
            at: pos2(640.0, 400.0),
        }
    }

    fn wander(&mut self) -> Event {
        self.at = pos2(self.chance.unit() * 1280.0, self.chance.unit() * 800.0);
        Event::PointerMoved(self.at)
    }

    fn button(&self, pressed: bool) -> Event {
        Event::PointerButton {
            pos: self.at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        }
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.chance.below(TEXTS.len())]
    }

    /// One event, or the few that make a click or a drag.
    pub fn act(&mut self) -> Act {
        Act::Events(match self.chance.below(12) {
            0..=2 => vec![self.wander()],
            3..=5 => {
                let mut events = vec![self.button(true)];
                if self.chance.below(3) == 0 {
                    events.push(self.wander());
                }
                events.push(self.button(false));
                events
            }
            6 => vec![Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(self.chance.unit() - 0.5, self.chance.unit() - 0.5) * 400.0,
                phase: TouchPhase::Move,
                source: egui::MouseWheelSource::Wheel,
                modifiers: if self.chance.below(2) == 0 {
                    Modifiers::COMMAND
                } else {
                    Modifiers::NONE
                },
            }],
            7 => vec![Event::Zoom(0.2 + 3.0 * self.chance.unit())],
            8 => {
                let key = KEYS[self.chance.below(KEYS.len())];
                let press = |pressed| Event::Key {
                    key,
                    physical_key: None,
                    pressed,
                    repeat: false,
                    modifiers: Modifiers::NONE,
                };
                vec![press(true), press(false)]
            }
            9 => vec![Event::Text(self.text().to_owned())],
            10 => {
                let text = self.text();
                vec![Event::Paste(text.repeat(self.chance.below(200)))]
            }
            _ => {
                let (width, height) = (self.chance.unit(), self.chance.unit());
                return Act::Resize(vec2(300.0 + 1500.0 * width, 200.0 + 1000.0 * height));
            }
        })
    }
}
