//! Places in texts that show what heads do: their file is opened, and their texts.

use super::App;
use super::examples_file::{Found, folder_of};
use crate::analysis::TokenSet;
use crate::engine::sums_file::SumsFile;
use crate::platform::thread;
use crate::text::{Accept, document_named, to_bytes};
use crate::ui::document::text_file::TextFile;
use crate::ui::language::{tr, trf};
use eframe::egui;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;

impl App {
    /// Reads a file of examples on another thread.
    pub fn open_examples(&mut self, ctx: &egui::Context, path: PathBuf) {
        let (send, receive) = channel();
        let ctx = ctx.clone();
        let read = move || {
            let file = SumsFile::read(&path).map_err(|error| error.to_string());
            let folder = file.as_ref().ok().and_then(|file| folder_of(&path, file));
            // Whoever waited is gone with the window.
            let _ = send.send(Found { path, file, folder });
            ctx.request_repaint();
        };
        self.places.reading = Some(receive);
        if thread::Builder::new().spawn(read).is_err() {
            self.toasts
                .error(tr("The file could not be read: no thread"));
        }
    }

    /// Takes over what another thread has read.
    pub(super) fn examples_read(&mut self) {
        let read = self.places.reading.as_ref();
        if let Some(found) = read.and_then(|reading| reading.try_recv().ok()) {
            let Found { path, file, folder } = found;
            self.places.reading = None;
            match file {
                Ok(file) if file.examples.is_some() => {
                    self.places.open = Some((folder, Arc::new(file)));
                }
                Ok(_) => self.toasts.error(trf(
                    "{0}: it holds sums and no examples: write it with spanscope examples",
                    &[&path.display()],
                )),
                Err(message) => self.toasts.error(message),
            }
        }
        if self.document.text_file.is_none()
            && let Some(token) = self.places.waiting.take()
        {
            self.document.selection.tokens = TokenSet::one(token);
        }
    }

    /// Shows a place: selects the token in the text at hand if it is that one, else opens the text, which must lie beside the file.
    pub(super) fn show_place(&mut self, ctx: &egui::Context, text: usize, token: usize) {
        let Some((folder, file)) = &self.places.open else {
            return;
        };
        let Some(record) = file.header.texts.get(text) else {
            return;
        };
        let bytes = to_bytes(self.document.own_text());
        if bytes.len() as u64 == record.bytes && crate::files::sha256_hex(&bytes) == record.sha256 {
            self.document.selection.tokens = TokenSet::one(token);
            return;
        }
        let name = record.name.clone();
        match folder {
            Some(folder) => {
                self.places.waiting = Some(token);
                self.document.text_file = Some(match document_named(&name) {
                    Some((list, line)) => TextFile::document(folder.join(list), line, ctx),
                    None => TextFile::read(folder.join(&name), Accept::AnyBytes, ctx),
                });
            }
            None => self.toasts.error(trf(
                "{0} is not beside the file of examples: put them together, or open the text and click again",
                &[&name],
            )),
        }
    }
}
