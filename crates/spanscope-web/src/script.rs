//! What the script of the page does.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A frame was drawn, the so many-th: there may be work. `settled`: all that was asked for is drawn. `keys`: what typed letters go
    /// to, the `text`, another `field`, or nothing.
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = drawn)]
    pub fn drawn(frame: u32, settled: bool, keys: &str);

    /// The program has stopped, and why.
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = stopped)]
    pub fn stopped(why: &str);

    /// Has a file of the page's own folder fetched; `came` or `failed` is called later.
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = fetch)]
    pub fn fetch(name: &str);

    /// Has the reader pick files with these endings; `given` or `none_picked` is called later.
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = pick)]
    pub fn pick(endings: &str);

    /// Computes a register tile of a product: addresses, and steps in bytes.
    #[allow(clippy::too_many_arguments)]
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = tile)]
    pub fn tile(
        rows: usize,
        left: *const f32,
        row_step: usize,
        step: usize,
        depth: usize,
        right: *const f32,
        right_step: usize,
        out: *mut f32,
        out_step: usize,
        columns: usize,
        adds: bool,
    );

    /// Hands a file to the reader.
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = download)]
    pub fn download(name: &str, bytes: &[u8]);

    /// Keeps a text under a name, or removes it.
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = keep)]
    pub fn keep(name: &str, text: Option<&str>);

    /// The names and the texts that are kept, one after the other.
    #[wasm_bindgen(js_namespace = spanscopePage, js_name = kept)]
    pub fn kept() -> Vec<JsValue>;
}
