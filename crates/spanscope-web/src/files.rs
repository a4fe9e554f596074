//! The files in memory, and where they come from and go to.

use crate::{fonts, script};
use eframe::egui;
use spanscope::platform::fs;
use spanscope::ui::dialogs::Pick;
use spanscope::ui::language::{tr, trf};
use spanscope::ui::user_folders::{DOWNLOADS, KEPT};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use wasm_bindgen::prelude::*;

/// The folder of what the reader gives, with a folder in it for each time.
const GIVEN: &str = "/given";

/// The largest file that is taken, in bytes: a page addresses four gigabytes, and weights may need twice their file.
const LARGEST: f64 = 1.5e9;

/// From this size on the reader is asked first, in bytes.
const LARGE: f64 = 64e6;

thread_local! {
    static CONTEXT: RefCell<Option<egui::Context>> = const { RefCell::new(None) };
    static ARRIVED: RefCell<Vec<Result<PathBuf, String>>> = const { RefCell::new(Vec::new()) };
    static PICKING: RefCell<Option<Pick>> = const { RefCell::new(None) };
    static TIMES: Cell<usize> = const { Cell::new(0) };
}

/// The context whose frames show what has come.
pub fn wakes(ctx: &egui::Context) {
    CONTEXT.with_borrow_mut(|context| *context = Some(ctx.clone()));
}

fn wake() {
    CONTEXT.with_borrow(|context| {
        if let Some(context) = context {
            context.request_repaint();
        }
    });
}

/// Puts a file into a folder, and returns its path. Of a name only the end counts.
pub fn put_in(folder: &str, name: &str, bytes: Vec<u8>) -> PathBuf {
    let name = Path::new(name).file_name().unwrap_or("file".as_ref());
    let path = Path::new(folder).join(name);
    fs::put(&path, bytes);
    path
}

/// Reads what the browser keeps, and has it keep what is written from now on.
pub fn keep() {
    let kept: Vec<Option<String>> = script::kept().iter().map(JsValue::as_string).collect();
    for pair in kept.chunks_exact(2) {
        if let [Some(name), Some(text)] = pair {
            fs::put(&Path::new(KEPT).join(name), text.clone().into_bytes());
        }
    }
    fs::watch(Path::new(KEPT), |path, bytes| {
        let name = path.strip_prefix(KEPT).unwrap_or(path).to_string_lossy();
        // Locks are of the moment.
        if !name.contains(".lock") {
            let text = bytes.map(|bytes| std::str::from_utf8(bytes).unwrap_or_default());
            script::keep(&name, text);
        }
    });
}

/// Hands what is written for the reader to them.
pub fn hand_out() {
    fs::watch(Path::new(DOWNLOADS), |path, bytes| {
        if let Some(bytes) = bytes {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            script::download(&name, bytes);
        }
    });
}

/// The folder of the sample models, beside the page. In memory they lie in none.
const SAMPLES: &str = "samples";

/// Has fetched what was asked for.
pub fn fetch() {
    for path in fs::asked() {
        let path = path.strip_prefix("/").unwrap_or(&path);
        let beside = match path.parent() {
            Some(folder) if folder != Path::new("") => path.to_owned(),
            _ => Path::new(SAMPLES).join(path),
        };
        script::fetch(&beside.to_string_lossy());
    }
}

/// Where a file that was fetched lies in memory.
fn fetched_to(name: &str) -> PathBuf {
    let name = Path::new(name);
    Path::new("/").join(name.strip_prefix(SAMPLES).unwrap_or(name))
}

/// A file that was fetched.
#[wasm_bindgen]
pub fn came(name: &str, bytes: Vec<u8>) {
    match Path::new(name).strip_prefix(fonts::FOLDER) {
        Ok(file) => CONTEXT.with_borrow(|context| {
            fonts::came(context.as_ref(), &file.to_string_lossy(), bytes);
        }),
        Err(_) => fs::put(&fetched_to(name), bytes),
    }
    wake();
}

/// A file that could not be fetched.
#[wasm_bindgen]
pub fn failed(name: &str) {
    let words =
        tr("it is not beside this page; open a model of your own, or put the folder samples back");
    fs::failed(&fetched_to(name), words.into());
    wake();
}

/// Has the reader pick files.
pub fn pick(pick: Pick) {
    let endings: Vec<String> = pick.endings.iter().map(|e| format!(".{e}")).collect();
    PICKING.with_borrow_mut(|picking| *picking = Some(pick));
    script::pick(&endings.join(","));
}

/// The question before a file of this size is read; empty where there is none to ask.
#[wasm_bindgen]
pub fn question(name: &str, bytes: f64) -> String {
    if !(LARGE..=LARGEST).contains(&bytes) {
        return String::new();
    }
    let size = format!("{:.0}", bytes / 1e6);
    trf(
        "{0} has {1} MB. It will be read into the memory of this page, on this machine; weights may take two to three times as much, and each token some seconds. Open it?",
        &[&name, &size],
    )
}

/// A file that the reader gave, of those of one time; false where it is too large to be read.
#[wasm_bindgen]
pub fn fits(name: &str, bytes: f64) -> bool {
    if bytes <= LARGEST {
        return true;
    }
    let size = format!("{:.1}", bytes / 1e9);
    let words = trf(
        "{0} has {1} GB, more than a page can read: open it with the program, or record a run of it there",
        &[&name, &size],
    );
    ARRIVED.with_borrow_mut(|arrived| arrived.push(Err(words)));
    wake();
    false
}

/// Begins to take files.
#[wasm_bindgen]
pub fn taking() -> String {
    TIMES.set(TIMES.get() + 1);
    format!("{GIVEN}/{}", TIMES.get())
}

/// Takes a file into a folder of `taking`.
#[wasm_bindgen]
pub fn take(folder: &str, name: &str, bytes: Vec<u8>) {
    put_in(folder, name, bytes);
}

/// All files of a folder were taken; `picked`: they answer a dialog.
#[wasm_bindgen]
pub fn taken(folder: &str, picked: bool) {
    let path = meant(Path::new(folder));
    let pick = match picked {
        true => PICKING.take(),
        false => None,
    };
    match (pick, path) {
        (Some(pick), path) => (pick.done)(path),
        (None, Some(path)) => ARRIVED.with_borrow_mut(|arrived| arrived.push(Ok(path))),
        (None, None) => {}
    }
    wake();
}

/// The paths to open that have come since the last call, and what could not come.
pub fn given() -> Vec<Result<PathBuf, String>> {
    ARRIVED.take()
}

/// The path that several files together are meant to be opened by: the folder of a model, its weights, or the only one.
fn meant(folder: &Path) -> Option<PathBuf> {
    let files: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let named = |ending: &str| {
        let mut files = files.iter();
        files.find(|path| path.extension().is_some_and(|e| e == ending))
    };
    if files.len() > 1 && fs::is_file(&folder.join("config.json")) {
        return Some(folder.to_owned());
    }
    let known = ["safetensors", "gguf", "pt", "pth", "bin", "ckpt"];
    let first = known.iter().find_map(|ending| named(ending));
    first.or(files.first()).cloned()
}
