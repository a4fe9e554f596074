//! Tokens to text: labels for axes, readable text, and the bytes themselves.

use super::vocabulary::{Token, Unit, Vocabulary};

/// Longest label, in characters.
const LABEL: usize = 24;

impl Vocabulary {
    /// A short visible label for an axis or a list: "␣" for a space, "⏎" for `<eos>` or a line
    /// break, `\x00` for a byte that does not print, `#12` for an id out of range. A word longer
    /// than 24 characters is cut, with "…".
    pub fn label(&self, id: u32) -> String {
        match self.entry(id) {
            None => format!("#{id}"),
            Some(Token::Eos) => "⏎".to_owned(),
            Some(Token::Byte(byte)) if byte.is_ascii() => visible(char::from(*byte)),
            Some(Token::Byte(byte)) => format!("\\x{byte:02x}"),
            Some(Token::Text(text)) if &**text == "_" && self.underscore_is_space() => "␣".into(),
            Some(Token::Text(text)) => {
                let cut = text.chars().nth(LABEL).is_some();
                let kept = if cut { LABEL - 1 } else { LABEL };
                let mut label: String = text.chars().take(kept).map(visible).collect();
                if cut {
                    label.push('…');
                }
                label
            }
        }
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
        let mut in_line = false;
        for &id in ids {
            let token = self.entry(id);
            let eos = token == Some(&Token::Eos);
            if self.unit() == Unit::Word && in_line && !eos {
                out.push(b' ');
            }
            in_line = !eos;
            match token {
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

/// A character as something one can see in a plot.
fn visible(c: char) -> String {
    match c {
        ' ' => "␣".to_owned(),
        '\n' => "⏎".to_owned(),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        // Other white space and control characters would leave a gap.
        c if c.is_control() || c.is_whitespace() => format!("\\u{{{:x}}}", u32::from(c)),
        c => c.to_string(),
    }
}
