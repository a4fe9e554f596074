//! What a frame costs: layout and painting commands, with tessellation, without the graphics card.
//!
//! `cargo bench --bench window`. At 60 frames a second a frame has 16.7 ms. The model has the size of the published 38M
//! one, and for the persistent vectors that of the published 39M all-attention one; for neurons it is a random Llama of 24 layers ×
//! 16 heads with 100,000 of them. The text has 8,192 tokens. `-- neurons` or `-- scatter` measures these alone. Nothing is drawn by the
//! bench that the window would not draw.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use eframe::egui::{self, pos2, vec2};
use serde_json::json;
use spanscope::bench::Size;
use spanscope::bench::random::{self, Entry};
use spanscope::checkpoint::{Dtype, NamedTensor, write_safetensors};
use spanscope::engine::SAMPLES;
use spanscope::mixer::mix;
use spanscope::model::{Config, NeuronId};
use spanscope::ui::app::App;
use spanscope::ui::dialogs::Backend;
use spanscope::ui::settings::Settings;
use spanscope::ui::{Choices, Pane, Start};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Tokens of the text.
const TOKENS: usize = 8192;

/// Frames measured per row.
const FRAMES: usize = 300;

/// A tile of the window as large as it gets on a common screen.
const TILE: egui::Vec2 = vec2(900.0, 800.0);

fn main() {
    println!(
        "{:<58} {:>9} {:>9} {:>9}",
        "milliseconds per frame", "median", "99 %", "most"
    );
    let folder = tempfile::tempdir().unwrap();
    let only = std::env::args().skip(1).find(|arg| arg != "--bench");
    match only.as_deref() {
        Some("neurons") => return neurons(folder.path()),
        Some("scatter") => return scatter(folder.path()),
        _ => {}
    }
    scatter(folder.path());
    neurons(folder.path());
    views(folder.path(), Size::Enwik8, &Pane::ALL);
    views(
        folder.path(),
        Size::Enwik8PersSmall,
        &[Pane::PERSISTENT, Pane::HEADS, Pane::GRID],
    );
    for length in [1_110, 20_000, 90_000, 150_000] {
        sample(folder.path(), length);
    }
}

/// Every view alone: at rest, with the pointer moving over it, and with another head in every frame.
fn views(folder: &Path, size: Size, views: &[Pane]) {
    let model = folder.join(format!("{}.safetensors", size.name()));
    random_model(&model, size);
    let ids = random::ids(size.config().vocab_size, TOKENS);
    let words: Vec<String> = ids.iter().map(u32::to_string).collect();
    let text = folder.join("ids.txt");
    std::fs::write(&text, words.join(" ")).unwrap();
    let mut window = Window::open(Some(model), text);
    each_view(&mut window, size.name(), views);
}

fn each_view(window: &mut Window, model: &str, views: &[Pane]) {
    for &view in views {
        window.app.show_alone(view);
        window.rest(TILE);
        let name = format!("{model}, {view:?}");
        row(&format!("{name}: at rest"), || {
            window.frame(TILE, Vec::new())
        });
        let mut n = 0_u32;
        row(&format!("{name}: pointer moving"), || {
            n += 1;
            let t = n as f32 / FRAMES as f32;
            let at = pos2(60.0 + 800.0 * (7.0 * t).fract(), 60.0 + 700.0 * t);
            window.frame(TILE, vec![egui::Event::PointerMoved(at)])
        });
        window.frame(TILE, vec![egui::Event::PointerGone]);
        let mut n = 0;
        row(&format!("{name}: another head every frame"), || {
            n += 1;
            let key = [egui::Key::ArrowRight, egui::Key::ArrowLeft][n / 7 % 2];
            let took = window.frame(TILE, vec![press(key)]);
            // As long as a screen takes to show it: the worker answers meanwhile.
            std::thread::sleep(Duration::from_millis(12));
            took
        });
    }
}

/// A random Llama of 24 layers × 16 heads with 100,000 neurons: every view, and the pages of its neurons.
fn neurons(folder: &Path) {
    const LAYERS: usize = 24;
    const VOCABULARY: usize = 512;
    let folder = folder.join("neurons");
    make_llama(&folder, LAYERS, VOCABULARY);
    let ids = random::ids(VOCABULARY, TOKENS);
    let words: Vec<String> = ids.iter().map(u32::to_string).collect();
    let text = folder.join("ids.txt");
    std::fs::write(&text, words.join(" ")).unwrap();
    let mut window = Window::open(Some(folder), text);
    let model = "100,000 neurons";
    each_view(&mut window, model, &Pane::ALL);
    window.app.show_alone(Pane::PERSISTENT);
    let pages = [
        ("a neuron beside the layer", json!({"page": "usage"})),
        (
            "the search",
            json!({"page": "search", "search": {"token": "17"}}),
        ),
    ];
    for (page, settings) in pages {
        let choices = Choices {
            neuron: Some(NeuronId::new(LAYERS / 2, 17)),
            views: Some(json!({"persistent": {"neurons": settings}})),
            ..Choices::default()
        };
        window.app.choose(&choices).unwrap();
        window.rest(TILE);
        row(&format!("{model}, {page}: at rest"), || {
            window.frame(TILE, Vec::new())
        });
        let over = egui::Event::PointerMoved(pos2(150.0, 600.0));
        let mut n = 0;
        row(&format!("{model}, {page}: scrolling"), || {
            n += 1;
            let down = if n % 60 < 40 { -90.0 } else { 180.0 };
            let wheel = egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: vec2(0.0, down),
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
                modifiers: egui::Modifiers::NONE,
            };
            window.frame(TILE, vec![over.clone(), wheel])
        });
    }
}

/// A random Llama with 100,000 neurons and grouped keys, as a folder of Hugging Face without a tokenizer.
fn make_llama(folder: &Path, layers: usize, vocabulary: usize) {
    const WIDTH: usize = 128;
    const KEYS: usize = 32;
    let inner = 100_000_usize.div_ceil(layers);
    let mut shapes = vec![
        (
            "model.embed_tokens.weight".to_owned(),
            vec![vocabulary, WIDTH],
        ),
        ("model.norm.weight".to_owned(), vec![WIDTH]),
    ];
    for layer in 0..layers {
        let parts: [(&str, &[usize]); 9] = [
            ("input_layernorm", &[WIDTH]),
            ("post_attention_layernorm", &[WIDTH]),
            ("self_attn.q_proj", &[WIDTH, WIDTH]),
            ("self_attn.k_proj", &[KEYS, WIDTH]),
            ("self_attn.v_proj", &[KEYS, WIDTH]),
            ("self_attn.o_proj", &[WIDTH, WIDTH]),
            ("mlp.gate_proj", &[inner, WIDTH]),
            ("mlp.up_proj", &[inner, WIDTH]),
            ("mlp.down_proj", &[WIDTH, inner]),
        ];
        let parts = parts.into_iter();
        shapes.extend(parts.map(|(part, shape)| {
            (
                format!("model.layers.{layer}.{part}.weight"),
                shape.to_vec(),
            )
        }));
    }
    let tensors: Vec<NamedTensor> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let count: usize = shape.iter().product();
            let values = match shape[..] {
                [_] => vec![1.0; count],
                // A sum over the inputs has the variance of one of them.
                [_, inputs] => spread(&name, count, (3.0 / inputs as f32).sqrt()),
                _ => unreachable!(),
            };
            NamedTensor {
                name,
                shape,
                values,
            }
        })
        .collect();
    std::fs::create_dir_all(folder).unwrap();
    let config = json!({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": vocabulary, "hidden_size": WIDTH,
        "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": 16, "num_key_value_heads": 4,
        "max_position_embeddings": 16384, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": true, "torch_dtype": "float16",
    });
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let none = BTreeMap::new();
    let path = folder.join("model.safetensors");
    write_safetensors(&path, &tensors, &none, Dtype::F16, &BTreeMap::new()).unwrap();
}

/// Numbers spread evenly between −scale and scale, the same every time.
fn spread(name: &str, count: usize, scale: f32) -> Vec<f32> {
    let seed = name
        .bytes()
        .fold(7_u64, |seed, byte| mix(seed ^ u64::from(byte)));
    let number = |i: usize| (mix(seed.wrapping_add(i as u64)) >> 40) as f32 / 8_388_608.0 - 1.0;
    (0..count).map(|i| scale * number(i)).collect()
}

/// A scatter of 40 × 64 heads: at rest, with the pointer over it, and while a lasso is drawn.
fn scatter(folder: &Path) {
    let config = Config {
        nb_layers: 40,
        nb_heads: 64,
        hidden_size: 256,
        inner_hidden_size: 64,
        attn_span: 64,
        ..Size::Enwik8.config()
    };
    let spans: Vec<usize> = (0..40 * 64).map(|i| i * 37 % 30).collect();
    let model = folder.join("wide.safetensors");
    write_model(&model, &random::entries(&config, &spans));
    let ids = random::ids(config.vocab_size, 512);
    let words: Vec<String> = ids.iter().map(u32::to_string).collect();
    let text = folder.join("wide.txt");
    std::fs::write(&text, words.join(" ")).unwrap();
    let mut window = Window::open(Some(model), text);
    window.rest(TILE);
    window.app.show_alone(Pane::HEADS);
    let choices = Choices {
        views: Some(json!({"heads": {"drawing": "scatter", "page": "role"}})),
        ..Choices::default()
    };
    window.app.choose(&choices).unwrap();
    window.rest(TILE);
    let name = "scatter of 40 × 64 heads";
    row(&format!("{name}: at rest"), || {
        window.frame(TILE, Vec::new())
    });
    let mut n = 0_u32;
    let mut moved = || {
        n += 1;
        let t = n as f32 / FRAMES as f32;
        egui::Event::PointerMoved(pos2(100.0 + 700.0 * (7.0 * t).fract(), 140.0 + 260.0 * t))
    };
    row(&format!("{name}: pointer moving"), || {
        let event = moved();
        window.frame(TILE, vec![event])
    });
    let at = pos2(120.0, 150.0);
    window.frame(TILE, vec![egui::Event::PointerMoved(at), button(at, true)]);
    row(&format!("{name}: rectangle drawn"), || {
        let event = moved();
        window.frame(TILE, vec![event])
    });
}

/// The whole window with the sample model: at rest, zooming, resizing, typing.
fn sample(folder: &Path, length: usize) {
    let whole = vec2(1280.0, 800.0);
    let text: String = SAMPLES[0].text.chars().cycle().take(length).collect();
    let file = folder.join("text.txt");
    let mut out = std::fs::File::create(&file).unwrap();
    out.write_all(text.as_bytes()).unwrap();
    let mut window = Window::open(None, file);
    window.rest(whole);
    row(&format!("whole window, {length} tokens: at rest"), || {
        window.frame(whole, Vec::new())
    });
    // Ctrl+wheel over the heatmap, out and in again.
    let over = egui::Event::PointerMoved(pos2(1000.0, 300.0));
    let mut n = 0;
    row(
        &format!("whole window, {length} tokens: zooming the heatmap"),
        || {
            n += 1;
            let zoom = egui::Event::Zoom(if n % 40 < 20 { 0.9 } else { 1.11 });
            window.frame(whole, vec![over.clone(), zoom])
        },
    );
    let mut side = 0.0;
    row(&format!("whole window, {length} tokens: resizing"), || {
        side += 1.0;
        window.frame(whole + vec2(side % 200.0, 0.0), Vec::new())
    });
    if length > 100_000 {
        // Too long to be typed in.
        return;
    }
    let at = pos2(400.0, 735.0);
    window.frame(whole, vec![egui::Event::PointerMoved(at), button(at, true)]);
    window.frame(whole, vec![button(at, false)]);
    row(&format!("whole window, {length} tokens: typing"), || {
        let took = window.frame(whole, vec![egui::Event::Text("a".into())]);
        std::thread::sleep(Duration::from_millis(12));
        took
    });
}

struct Window {
    ctx: egui::Context,
    app: App,
}

impl Window {
    fn open(model: Option<PathBuf>, text: PathBuf) -> Self {
        let ctx = egui::Context::default();
        let start = Start {
            model,
            text: Some(text),
            ..Start::default()
        };
        let app = App::new(&ctx, &start, Settings::transient(), Backend::Window);
        Self { ctx, app }
    }

    /// Draws frames until everything is known and drawn.
    fn rest(&mut self, size: egui::Vec2) {
        let mut calm = 0;
        while calm < 20 {
            self.frame(size, Vec::new());
            calm = if self.app.settled() { calm + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn frame(&mut self, size: egui::Vec2, events: Vec<egui::Event>) -> Duration {
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size)),
            events,
            ..egui::RawInput::default()
        };
        let start = Instant::now();
        let mut output = self.ctx.run_ui(input, |ui| self.app.show(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let triangles = self.ctx.tessellate(shapes, output.pixels_per_point);
        let took = start.elapsed();
        std::hint::black_box(triangles);
        output.textures_delta.clear();
        took
    }
}

fn press(key: egui::Key) -> egui::Event {
    egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::NONE,
    }
}

fn button(pos: egui::Pos2, pressed: bool) -> egui::Event {
    egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    }
}

/// A random model of a published size, in 16 bit.
fn random_model(path: &Path, size: Size) {
    write_model(path, &random::entries(&size.config(), &size.spans()));
}

fn write_model(path: &Path, entries: &[Entry]) {
    let tensors: Vec<NamedTensor> = entries.iter().map(Entry::tensor).collect();
    let none = BTreeMap::new();
    write_safetensors(path, &tensors, &none, Dtype::F16, &BTreeMap::new()).unwrap();
}

fn row(name: &str, mut once: impl FnMut() -> Duration) {
    let mut all: Vec<f64> = (0..FRAMES).map(|_| once().as_secs_f64() * 1e3).collect();
    all.sort_by(f64::total_cmp);
    let (median, high, most) = (all[FRAMES / 2], all[FRAMES * 99 / 100], all[FRAMES - 1]);
    println!("{name:<58} {median:>9.2} {high:>9.2} {most:>9.2}");
}
