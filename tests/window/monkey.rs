//! A thousand things that nobody would do on purpose: the window must take them all.

use super::common::monkey::{Act, Monkey};
use super::{Window, data};
use eframe::egui::vec2;
use spanscope::ui::Start;

#[test]
fn a_monkey_at_the_window_breaks_nothing() {
    let models = [
        None,
        Some("tiny_all_attention.pt"),
        Some("tiny_fixed.pt"),
        Some("tiny_adaptive_io_tied_pers.pt"),
    ];
    // More, and how long frames take, in `cargo bench --bench endurance`.
    for seed in 0..12_u64 {
        let mut window = Window::tolerant(Start {
            model: models[seed as usize % models.len()].map(data),
            ..Start::default()
        });
        let mut monkey = Monkey::new(seed);
        for _ in 0..120 {
            match monkey.act() {
                Act::Events(events) => {
                    for event in events {
                        window.harness.event(event);
                    }
                }
                Act::Resize(size) => {
                    window.harness.set_size(size);
                }
            }
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
