//! Tokens to text: their bytes, and labels for people.

use super::super::show::piece_label;
use super::bytes::{char_byte, fallback_byte};
use super::parts::{Tokenizer, Written};

impl Tokenizer {
    /// The bytes that a token stands for, by itself: a space in front of a word is one of them. A special token stands for what it is
    /// called. `None` for an id without a token.
    pub fn piece_bytes(&self, id: u32) -> Option<Vec<u8>> {
        let piece = self.piece(id)?;
        if self.added.get(id).is_some() {
            return Some(piece.into());
        }
        if let Some(byte) = fallback_byte(piece).filter(|_| self.byte_fallback) {
            return Some(vec![byte]);
        }
        Some(match &self.written {
            Written::ByteLevel => {
                let mut bytes = Vec::with_capacity(piece.len());
                for c in piece.chars() {
                    match char_byte(c) {
                        Some(byte) => bytes.push(byte),
                        None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                }
                bytes
            }
            Written::Marked(mark) => piece.replace(*mark, " ").into_bytes(),
            Written::Plain(Some(prefix)) => piece.strip_prefix(prefix).unwrap_or(piece).into(),
            Written::Plain(None) => piece.into(),
        })
    }

    /// The bytes that `id` adds to a text after the token `last`, or after nothing: the space that some tokenizers put in front
    /// of a text is no part of it, and whole words stand apart. An id without a token gives U+FFFD, so that it stays visible.
    pub fn decode_after(&self, last: Option<u32>, id: u32) -> Vec<u8> {
        let Some(mut bytes) = self.piece_bytes(id) else {
            return "\u{fffd}".into();
        };
        let is_word = |id: u32| self.added.get(id).is_none();
        match &self.written {
            Written::Plain(prefix) if last.is_some() && is_word(id) => {
                let goes_on = prefix.as_deref().is_some_and(|prefix| {
                    self.piece(id)
                        .is_some_and(|piece| piece.starts_with(prefix))
                });
                if !goes_on {
                    bytes.insert(0, b' ');
                }
            }
            Written::Marked(_) if self.puts_space_in_front() && is_word(id) => {
                let begins =
                    last.is_none_or(|last| self.prefix.contains(&last) || self.is_special(last));
                if begins && bytes.first() == Some(&b' ') {
                    bytes.remove(0);
                }
            }
            _ => {}
        }
        bytes
    }

    /// A token as people know it, short: "␣" for a space, "⏎" for a line break, "⟨xE4⟩" for a byte that is no character by itself,
    /// `#12` for an id without a token; cut after 24 characters, with "…".
    pub fn label(&self, id: u32) -> String {
        let Some(bytes) = self.piece_bytes(id) else {
            return format!("#{id}");
        };
        piece_label(&bytes)
    }
}
