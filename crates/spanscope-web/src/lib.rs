//! The window in a page of a browser.
//!
//! It is the same window: this crate draws it on a canvas, works for it between frames, and joins the files in memory that it
//! reads and writes to what a page has: files that are dropped or picked, downloads, the browser's storage. The script of the page
//! (`page/page.js`) does what only a script can.

#![cfg(target_arch = "wasm32")]

mod files;
mod fonts;
mod script;

use eframe::egui;
use spanscope::platform::{HAS_THREADS, thread};
use spanscope::ui::app::App;
use spanscope::ui::dialogs::Backend;
use spanscope::ui::language::tr;
use spanscope::ui::settings::Settings;
use spanscope::ui::{Start, dialogs};
use std::time::Duration;
use wasm_bindgen::prelude::*;

// There is one thread: whoever asks for another would wait for ever.
const _: () = assert!(!HAS_THREADS);

/// Opens the window on `canvas`. Where the page has a run or a model in it, that is open, and nothing is kept.
/// The promise is kept once it is, and broken where the browser has no WebGL.
#[wasm_bindgen]
pub fn start(
    canvas: web_sys::HtmlCanvasElement,
    name: Option<String>,
    bytes: Option<Vec<u8>>,
) -> js_sys::Promise {
    std::panic::set_hook(Box::new(|defect| script::stopped(&defect.to_string())));
    let mut start = Start::default();
    let settings = match (name, bytes) {
        (Some(name), Some(bytes)) => {
            start.model = Some(files::put_in("/page", &name, bytes));
            let mut settings = Settings::transient();
            settings.toured = true;
            settings
        }
        _ => {
            files::keep();
            Settings::load()
        }
    };
    files::hand_out();
    let create = move |cc: &eframe::CreationContext<'_>| {
        files::wakes(&cc.egui_ctx);
        cc.egui_ctx.add_plugin(fonts::DrawnTexts);
        let mut app = App::new(&cc.egui_ctx, &start, settings, Backend::Desktop);
        app.inform(tr(
            "Nothing is uploaded: what you open stays in this page, on this machine",
        ));
        Ok(Box::new(Page {
            app,
            counted: 0,
            focused: None,
        }) as Box<dyn eframe::App>)
    };
    js_sys::futures::future_to_promise(async move {
        // Where a page is drawn in software, every pixel counts; gradients here are colour bars, and short.
        let options = eframe::WebOptions {
            dithering: false,
            ..eframe::WebOptions::default()
        };
        let runner = eframe::WebRunner::new();
        runner.start(canvas, options, Box::new(create)).await?;
        Ok(JsValue::UNDEFINED)
    })
}

/// Has the page's own register tiles compute all products.
#[wasm_bindgen]
pub fn bring_tiles() {
    const BYTES: usize = size_of::<f32>();
    spanscope::model::bring_tiles(|tile, out| {
        script::tile(
            tile.rows,
            tile.left.as_ptr(),
            tile.row_step * BYTES,
            tile.step * BYTES,
            tile.depth,
            tile.right.as_ptr(),
            tile.right_step * BYTES,
            out.as_mut_ptr(),
            tile.out_step * BYTES,
            tile.columns,
            tile.adds,
        );
    });
}

/// Works for about so many milliseconds; returns whether there is more to do now.
#[wasm_bindgen]
pub fn work(milliseconds: f64) -> bool {
    thread::work(Duration::from_secs_f64(milliseconds.max(0.0) / 1e3))
}

/// The window, in a page.
struct Page {
    app: App,
    /// Frames that were drawn.
    counted: u32,
    /// What has the keys.
    focused: Option<egui::Id>,
}

impl eframe::App for Page {
    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        self.app.clear_color(visuals)
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        // The script reads them, and gives them by `given`.
        ctx.input_mut(|input| input.raw.dropped_files.clear());
        for given in files::given() {
            match given {
                Ok(path) => self.app.dropped(&ctx, path),
                Err(words) => self.app.complain(words),
            }
        }
        self.app.ui(ui, frame);
        if let Some(pick) = dialogs::take_pick() {
            files::pick(pick);
        }
        files::fetch();
        // A field that was given the keys in this frame has a caret in the next, and only then the browser's letters: those typed before
        // would be lost.
        let focused = ctx.memory(|memory| memory.focused());
        if focused != self.focused {
            self.focused = focused;
            ctx.request_repaint();
        }
        self.counted = self.counted.saturating_add(1);
        let keys = App::letters_go_to(&ctx).unwrap_or_default();
        script::drawn(self.counted, self.app.settled(), keys);
    }
}
