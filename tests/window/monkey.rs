//! A thousand things that nobody would do on purpose: the window must take them all.

use super::{Window, data};
use eframe::egui::{
    self, Key, Modifiers, MouseWheelUnit, PointerButton, TouchPhase, Vec2, pos2, vec2,
};
use spanscope::ui::Start;

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

/// One event, or the few that make a click or a drag. Nothing that writes or quits.
fn act(window: &mut Window, chance: &mut Chance, at: &mut egui::Pos2) {
    let harness = &window.harness;
    let click = |pos, pressed| egui::Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    match chance.below(12) {
        0..=2 => {
            *at = pos2(chance.unit() * 1280.0, chance.unit() * 800.0);
            harness.event(egui::Event::PointerMoved(*at));
        }
        3..=5 => {
            harness.event(click(*at, true));
            if chance.below(3) == 0 {
                *at = pos2(chance.unit() * 1280.0, chance.unit() * 800.0);
                harness.event(egui::Event::PointerMoved(*at));
            }
            harness.event(click(*at, false));
        }
        6 => harness.event(egui::Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(chance.unit() - 0.5, chance.unit() - 0.5) * 400.0,
            phase: TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: if chance.below(2) == 0 {
                Modifiers::COMMAND
            } else {
                Modifiers::NONE
            },
        }),
        7 => harness.event(egui::Event::Zoom(0.2 + 3.0 * chance.unit())),
        8 => harness.key_press(KEYS[chance.below(KEYS.len())]),
        9 => harness.event(egui::Event::Text(
            TEXTS[chance.below(TEXTS.len())].to_owned(),
        )),
        10 => harness.event(egui::Event::Paste(
            TEXTS[chance.below(TEXTS.len())].repeat(chance.below(200)),
        )),
        _ => {
            let size: Vec2 = vec2(
                300.0 + 1500.0 * chance.unit(),
                200.0 + 1000.0 * chance.unit(),
            );
            window.harness.set_size(size);
        }
    }
}

#[test]
fn a_monkey_at_the_window_breaks_nothing() {
    let models = [
        None,
        Some("tiny_all_attention.pt"),
        Some("tiny_fixed.pt"),
        Some("tiny_adaptive_io_tied_pers.pt"),
    ];
    for seed in 0..12_u64 {
        let mut window = Window::tolerant(Start {
            model: models[seed as usize % models.len()].map(data),
            ..Start::default()
        });
        let mut chance = Chance(seed);
        let mut at = pos2(640.0, 400.0);
        for _ in 0..120 {
            act(&mut window, &mut chance, &mut at);
            window.harness.step();
        }
        // It still works.
        window.harness.set_size(vec2(1280.0, 800.0));
        window.harness.run_steps(3);
        let image = window.harness.render().unwrap();
        assert_eq!((image.width(), image.height()), (1280, 800), "seed {seed}");
        assert!(window.snapshot().model.is_some(), "seed {seed}");
        if let Some(failure) = &window.snapshot().failure {
            assert!(
                !failure.message.contains("defect"),
                "seed {seed}: {}",
                failure.message
            );
        }
    }
}
