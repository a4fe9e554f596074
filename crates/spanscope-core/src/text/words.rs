//! The tokens of a text cut at white space, as the training code cuts it: words, or the numbers
//! and characters of a prepared `train.txt`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::encode::{guess_unit, is_space};
use super::vocabulary::{EOS, Token, Unit, byte_of};

/// Longest word. A longer run without a blank is no word, and must not be gathered in memory.
const LONGEST: usize = 1 << 20;

/// Counts the words of a text, fed to it in chunks.
pub(super) struct WordTally {
    words: HashMap<Box<str>, Seen, BuildHasherDefault<Mix>>,
    /// The text after the last blank of the chunks so far.
    rest: Vec<u8>,
    /// True if the text so far ends within a line.
    in_line: bool,
    limit: usize,
    given_up: bool,
}

struct Seen {
    order: usize,
    count: u64,
}

impl WordTally {
    /// A tally that gives up once there are more than `limit` different tokens: a raw corpus of
    /// bytes should not have all its words gathered in vain.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            words: HashMap::default(),
            rest: Vec::new(),
            in_line: false,
            limit,
            given_up: false,
        }
    }

    /// The number of different tokens at which the tally gave up, if there were too many.
    pub(super) fn over(&self) -> Option<usize> {
        (self.given_up && self.words.len() >= self.limit).then_some(self.limit)
    }

    /// Reads on.
    pub(super) fn feed(&mut self, chunk: &[u8]) {
        if self.given_up {
            return;
        }
        // Never between "\r" and "\n", which end one line; and never within a character.
        let cut = chunk
            .iter()
            .rposition(|b| matches!(b, b' ' | b'\n' | b'\t'));
        let Some(cut) = cut else {
            self.keep(chunk);
            return;
        };
        let (head, tail) = chunk.split_at(cut + 1);
        if self.rest.is_empty() {
            self.scan(head);
        } else {
            let mut joined = std::mem::take(&mut self.rest);
            joined.extend_from_slice(head);
            self.scan(&joined);
        }
        self.keep(tail);
    }

    fn keep(&mut self, tail: &[u8]) {
        self.rest.extend_from_slice(tail);
        if self.rest.len() > LONGEST {
            self.given_up = true;
            self.rest = Vec::new();
        }
    }

    fn scan(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let mut start = 0;
        let mut after_return = false;
        for (at, c) in text.char_indices() {
            let joined = std::mem::replace(&mut after_return, c == '\r') && c == '\n';
            if is_space(c) {
                if start < at {
                    self.add(text.get(start..at).unwrap_or_default());
                }
                start = at + c.len_utf8();
                if joined {
                    continue;
                }
                self.in_line = !matches!(c, '\n' | '\r');
                if !self.in_line {
                    self.add(EOS);
                }
            }
        }
        if let Some(word) = text.get(start..).filter(|word| !word.is_empty()) {
            self.in_line = true;
            self.add(word);
        }
    }

    fn add(&mut self, word: &str) {
        if let Some(seen) = self.words.get_mut(word) {
            seen.count += 1;
        } else if self.words.len() < self.limit {
            let order = self.words.len();
            self.words.insert(word.into(), Seen { order, count: 1 });
        } else {
            self.given_up = true;
        }
    }

    /// The tokens in their order and their unit, or `None` when there were more than the limit
    /// or the text is not made of words.
    pub(super) fn finish(mut self, by_count: bool) -> Option<(Vec<Token>, Unit)> {
        let rest = std::mem::take(&mut self.rest);
        if !self.given_up {
            self.scan(&rest);
            if self.in_line {
                self.add(EOS);
            }
        }
        if self.given_up {
            return None;
        }
        let mut words: Vec<(Box<str>, Seen)> = self.words.into_iter().collect();
        words.sort_unstable_by_key(|(_, seen)| seen.order);
        if by_count {
            // The training code sorts by rising count, keeping the order of equals, and reverses.
            words.sort_by_key(|(_, seen)| seen.count);
            words.reverse();
        }
        let unit = guess_unit(words.iter().map(|(word, _)| &**word));
        let tokens = words
            .into_iter()
            .map(|(word, _)| match byte_of(&word) {
                _ if &*word == EOS => Token::Eos,
                Some(byte) if unit == Unit::Byte => Token::Byte(byte),
                _ => Token::Text(word.into()),
            })
            .collect();
        Some((tokens, unit))
    }
}

/// A quick hash for the hundred million short tokens of a prepared file.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(part) {
                *to = *from;
            }
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        // The table takes its buckets from the low bits, the product mixes the high ones.
        self.0 ^ (self.0 >> 29)
    }
}
