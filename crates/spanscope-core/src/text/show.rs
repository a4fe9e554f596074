//! Tokens to text: labels for axes, readable text, and the bytes themselves.

use unicode_width::UnicodeWidthChar;

use super::bytes::stood_for;
use super::vocabulary::{Token, Unit, Vocabulary};

/// Longest label, in characters.
const LABEL: usize = 24;

impl Vocabulary {
    /// A short visible label for an axis or a list: "␣" for a space, "⏎" for `<eos>` or a line
    /// break, "␀" for a control character, "⟨xE4⟩" for a byte that is no character by itself,
    /// `#12` for an id out of range. A word longer than 24 characters is cut, with "…": where all of
    /// it is needed, [`Vocabulary::exact`] has it.
    pub fn label(&self, id: u32) -> String {
        if let Some(pieces) = self.pieces() {
            return pieces.label(id);
        }
        let eos = self.eos();
        match self.entry(id) {
            None => format!("#{id}"),
            Some(_) if eos == Some(id) => "⏎".to_owned(),
            Some(Token::Eos) => "⏎".to_owned(),
            // Beside the line break that it is not.
            Some(Token::Byte(b'\n')) if eos.is_some() => byte_label(b'\n'),
            Some(Token::Text(text)) if &**text == "\n" && eos.is_some() => codepoint('\n'),
            Some(Token::Byte(byte)) if byte.is_ascii() => {
                visible(char::from(*byte).encode_utf8(&mut [0; 4]))
            }
            Some(Token::Byte(byte)) => byte_label(*byte),
            Some(Token::Text(text)) if &**text == "_" && self.underscore_is_space() => "␣".into(),
            Some(Token::Text(text)) => {
                let kept = match text.char_indices().nth(LABEL - 1) {
                    Some((at, _)) if text[at..].chars().nth(1).is_some() => &text[..at],
                    _ => return visible(text),
                };
                visible(kept) + "…"
            }
        }
    }

    /// The bytes that a token stands for, by itself, as [`escaped`] writes them: all of them, and two that differ are
    /// written differently. `None` for an id out of range.
    pub fn exact(&self, id: u32) -> Option<String> {
        if let Some(pieces) = self.pieces() {
            // What stands for no text is written as files write it.
            let bytes = match pieces.is_special(id) {
                true => pieces.piece(id)?.into_bytes(),
                false => pieces.bytes(id)?,
            };
            return Some(escaped(&bytes));
        }
        self.entry(id)?;
        Some(escaped(&self.decode(&[id])))
    }

    /// Text for people: `<eos>` is a line break, the `_` of text8 a space, words stand apart, and
    /// what is not UTF-8, or an id out of range, shows as U+FFFD.
    pub fn text_of(&self, ids: &[u32]) -> String {
        match String::from_utf8(self.decode(ids)) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// The bytes that `id` adds to a text whose last token is `last`: a word after another begins with a space.
    pub fn decode_after(&self, last: Option<u32>, id: u32) -> Vec<u8> {
        if let Some(pieces) = self.pieces() {
            return pieces.decode_after(last, id);
        }
        let Some(last) = last else {
            return self.decode(&[id]);
        };
        let before = self.decode(&[last]).len();
        self.decode(&[last, id]).split_off(before)
    }

    /// The bytes that the ids stand for; for words, joined with spaces. An id out of range gives
    /// U+FFFD, so that it stays visible.
    pub fn decode(&self, ids: &[u32]) -> Vec<u8> {
        let mut out = Vec::with_capacity(ids.len());
        if let Some(pieces) = self.pieces() {
            let mut last = None;
            for &id in ids {
                out.extend(pieces.decode_after(last, id));
                last = Some(id);
            }
            return out;
        }
        let mut in_line = false;
        for &id in ids {
            let token = self.entry(id);
            let eos = token.is_some() && self.eos() == Some(id);
            if self.unit() == Unit::Word && in_line && !eos {
                out.push(b' ');
            }
            in_line = !eos;
            match token {
                _ if eos => out.push(b'\n'),
                Some(Token::Byte(byte)) => out.push(*byte),
                Some(Token::Eos) => out.push(b'\n'),
                Some(Token::Text(text)) if &**text == "_" && self.underscore_is_space() => {
                    out.push(b' ');
                }
                Some(Token::Text(text)) => out.extend_from_slice(text.as_bytes()),
                None => out.extend_from_slice("\u{fffd}".as_bytes()),
            }
        }
        out
    }
}

/// A byte that is no character by itself: "⟨xE4⟩".
pub fn byte_label(byte: u8) -> String {
    format!("⟨x{byte:02X}⟩")
}

/// The bytes of a piece as people know it, short: "␣" for a space, "⏎" for a line break, "⟨xE4⟩" for a byte that is no character by
/// itself; cut after 24 characters, with "…".
pub(super) fn piece_label(bytes: &[u8]) -> String {
    let mut label = String::new();
    let mut left = LABEL;
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        let taken = valid.chars().take(left).map(char::len_utf8).sum();
        label.push_str(&visible(&valid[..taken]));
        left -= valid[..taken].chars().count();
        for byte in chunk.invalid().iter().take(left) {
            label.push_str(&byte_label(*byte));
        }
        left -= chunk.invalid().len().min(left);
        if taken < valid.len() || left == 0 {
            label.push('…');
            break;
        }
    }
    label
}

/// Any bytes as a text in one line, from which they can be had again: UTF-8 as it is, but for a backslash, which is two,
/// `\n`, `\r`, `\t`, and `\x1b` for other control characters and for bytes that are no UTF-8.
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\0'..='\x1f' | '\x7f' => text += &format!("\\x{:02x}", u32::from(c)),
                _ => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02x}");
        }
    }
    text
}

fn codepoint(c: char) -> String {
    format!("⟨U+{:04X}⟩", u32::from(c))
}

/// True if a character is one of those that stand for others here, so that it cannot stand for itself.
fn is_sign(c: char) -> bool {
    matches!(c, '␣' | '⏎' | '⇥' | '⟨' | '◌' | '\u{2400}'..='\u{2421}')
}

/// A text as something one can see: "␣" for a space, "⏎" for a line break, "⇥" for a tab, a picture such as "␀" for
/// a control character, "⟨xE4⟩" for a byte that is no UTF-8, "⟨U+2028⟩" for what else would leave no mark, and for these
/// signs themselves: two texts that differ look different.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let alone = text.chars().nth(1).is_none();
    for c in text.chars() {
        match c {
            ' ' => shown.push('␣'),
            '\n' => shown.push('⏎'),
            '\t' => shown.push('⇥'),
            '\x7f' => shown.push('␡'),
            // The pictures of the control characters stand in their order.
            '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
            // Within a word these have a meaning: they join letters and choose forms.
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' if !alone => shown.push(c),
            _ if c.is_control() || c.is_whitespace() || is_invisible(c) || is_sign(c) => {
                shown += &codepoint(c);
            }
            _ => match stood_for(c) {
                Some(byte) => shown += &byte_label(byte),
                None => {
                    // A mark with nothing to stand on gets the circle that stands for a letter.
                    if shown.is_empty() && is_mark(c) {
                        shown.push('◌');
                    }
                    shown.push(c);
                }
            },
        }
    }
    shown
}

/// True if a character changes how others are shown but leaves no mark itself.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// True if a character stands on the one before it.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && !is_invisible(c) && c.width() == Some(0)
}
