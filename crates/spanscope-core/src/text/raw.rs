//! The counts of a raw corpus from which a vocabulary of bytes is rebuilt: gathered in one pass,
//! for every possible end of the training part at once.

use super::vocabulary::Token;

/// First places and counts of the bytes of a text, fed to it in chunks.
///
/// Order of first appearance in the first `end` bytes follows from the first places in the whole
/// text, so the training part need not be known while reading.
pub(super) struct RawTally {
    len: u64,
    first: [Option<u64>; 256],
    counts: [u64; 256],
    last: Option<u8>,
    /// The place of the last byte that is neither space nor line break.
    last_letter: Option<u64>,
    /// The first space between two letters, and the letter after it: what text8's preprocessing
    /// sees, since it strips the text first.
    inner_space: Option<(u64, u64)>,
    open_space: Option<u64>,
}

impl Default for RawTally {
    fn default() -> Self {
        Self {
            len: 0,
            first: [None; 256],
            counts: [0; 256],
            last: None,
            last_letter: None,
            inner_space: None,
            open_space: None,
        }
    }
}

impl RawTally {
    /// Reads on.
    pub(super) fn feed(&mut self, chunk: &[u8]) {
        if self.inner_space.is_none() {
            self.find_inner_space(chunk);
        }
        for (at, &byte) in (self.len..).zip(chunk) {
            self.counts[usize::from(byte)] += 1;
            let first = &mut self.first[usize::from(byte)];
            if first.is_none() {
                *first = Some(at);
            }
        }
        if let Some(at) = chunk.iter().rposition(|b| !matches!(b, b' ' | b'\n')) {
            self.last_letter = Some(self.len + at as u64);
        }
        self.last = chunk.last().copied().or(self.last);
        self.len += chunk.len() as u64;
    }

    fn find_inner_space(&mut self, chunk: &[u8]) {
        let mut seen_letter = self.last_letter.is_some();
        for (at, byte) in (self.len..).zip(chunk) {
            if matches!(byte, b' ' | b'\n') {
                if seen_letter && *byte == b' ' && self.open_space.is_none() {
                    self.open_space = Some(at);
                }
            } else {
                seen_letter = true;
                if let Some(space) = self.open_space {
                    self.inner_space = Some((space, at));
                    return;
                }
            }
        }
    }

    /// The number of bytes read.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// True if this is a raw text8: small letters and spaces in one line.
    pub(super) fn is_text8(&self) -> bool {
        let bytes = (0u8..=255).zip(&self.first);
        let small = bytes
            .filter_map(|(byte, first)| first.map(|_| byte))
            .all(|byte| matches!(byte, b'a'..=b'z' | b' ' | b'\n'));
        let one_line = match (self.first[usize::from(b'\n')], self.last_letter) {
            (Some(newline), Some(letter)) => newline > letter,
            (_, letter) => letter.is_some(),
        };
        small && one_line
    }

    /// The tokens of the first `end` bytes read as bytes, by first appearance.
    pub(super) fn byte_tokens(&self, end: u64) -> Vec<Token> {
        sorted(self.bytes(end), false)
    }

    /// The tokens of all the text read as bytes, by falling count.
    pub(super) fn byte_tokens_by_count(&self) -> Vec<Token> {
        sorted(self.bytes(self.len), true)
    }

    /// The tokens of the first `end` bytes read as text8 does, by first appearance.
    pub(super) fn text8_tokens(&self, end: u64) -> Vec<Token> {
        sorted(self.letters(end), false)
    }

    /// The tokens of all the text read as text8 does, by falling count.
    pub(super) fn text8_tokens_by_count(&self) -> Vec<Token> {
        sorted(self.letters(self.len), true)
    }

    /// The lengths of the beginnings of the text, in bytes, that have exactly `size` tokens: from
    /// the first number up to and with the second.
    pub(super) fn ends_of_size(&self, size: usize) -> Option<(u64, u64)> {
        let mut firsts: Vec<u64> = self.first.iter().copied().flatten().collect();
        firsts.sort_unstable();
        // Without a line break the last line's `<eos>` is one token more; such cases are left out.
        let newline = self.first[usize::from(b'\n')]?;
        let start = *firsts.get(size.checked_sub(1)?)?;
        let end = firsts.get(size).copied().unwrap_or(self.len);
        (newline <= start).then_some((start + 1, end))
    }

    /// (first place, count, token) of each byte; a line break is `<eos>`, and so is the end of a
    /// last line that has none, because the preprocessing writes the text out in lines.
    fn bytes(&self, end: u64) -> Vec<(u64, u64, Token)> {
        let mut found = Vec::new();
        let mut breaks = false;
        for ((byte, first), count) in (0u8..=255).zip(&self.first).zip(self.counts) {
            let Some(first) = first.filter(|first| *first < end) else {
                continue;
            };
            if byte == b'\n' {
                breaks = true;
                let open = u64::from(self.last != Some(b'\n'));
                found.push((first, count + open, Token::Eos));
            } else {
                found.push((first, count, Token::Byte(byte)));
            }
        }
        if !breaks && end > 0 {
            found.push((end, 1, Token::Eos));
        }
        found
    }

    fn letters(&self, end: u64) -> Vec<(u64, u64, Token)> {
        let mut found = vec![(end, 1, Token::Eos)];
        for ((byte, first), count) in (0u8..=255).zip(&self.first).zip(self.counts) {
            match (byte, first) {
                (b'a'..=b'z', Some(first)) if *first < end => {
                    let letter = char::from(byte).to_string();
                    found.push((*first, count, Token::Text(letter.into())));
                }
                _ => {}
            }
        }
        if let Some((space, _)) = self.inner_space.filter(|(_, letter)| *letter < end) {
            let count = self.counts[usize::from(b' ')];
            found.push((space, count, Token::Text("_".into())));
        }
        found
    }
}

/// The tokens by first place or by falling count; among equal counts the later-seen first, as
/// the training code's reversed stable sort leaves them.
fn sorted(mut found: Vec<(u64, u64, Token)>, by_count: bool) -> Vec<Token> {
    found.sort_by_key(|(first, count, _)| {
        if by_count {
            (u64::MAX - count, u64::MAX - first)
        } else {
            (0, *first)
        }
    });
    found.into_iter().map(|(_, _, token)| token).collect()
}
