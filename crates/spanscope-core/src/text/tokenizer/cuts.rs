//! Places where a text can be cut so that both sides have the tokens that they have in the whole.
//!
//! The text before such a place must not depend on the text after it, nor the other way round, whatever follows: so only the text
//! before `from` is looked at, and of the place's two neighbours it must be known that
//! - no normalizer changes one by the other (ASCII stays as it is, and what follows it only changes what follows),
//! - no added token holds both of them, and none ends there,
//! - no pattern can match across them (`class`), and a part begins there; or no piece of the vocabulary holds both of them.

use super::added::Added;
use super::bytes::{byte_char, fallback_piece};
use super::class::is_letter;
use super::encode::Part;
use super::model::Model;
use super::normal::Normal;
use super::parts::{Tokenizer, Written};
use super::pattern::GoOn;
use super::stages::Stage;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

/// The distance, in bytes, over which a place is looked for backwards before the whole is cut anew.
const FARTHEST: usize = 1 << 20;

/// The facts about a tokenizer's cuts, gathered once for all texts.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// There is no place that is known to be safe.
    never: bool,
    /// Parts are made before the model: their beginnings are places.
    has_stages: bool,
    /// A normalizer makes a form of Unicode.
    unicode: bool,
    /// The character that stands for a space in the stages and the model.
    space: char,
    /// Neighbours in an added token.
    in_added: HashSet<(char, char)>,
    strips_left: bool,
    strips_right: bool,
    /// The first characters of single-word tokens.
    single_words: HashSet<char>,
    /// Texts of added tokens, by their last character.
    ends: HashSet<String>,
    last_of_ends: HashSet<char>,
    /// The characters that stand before a space, or a line break, within a piece; `None` where a model may join across them.
    before_space: Option<HashSet<char>>,
    before_newline: Option<HashSet<char>>,
}

impl Cuts {
    pub(super) fn new(
        model: &Model,
        added: &Added,
        normals: &[Normal],
        stages: &[Stage],
        tokens: &[Option<Box<str>>],
        written: &Written,
    ) -> Self {
        let mut cuts = Self {
            space: ' ',
            has_stages: !stages.is_empty(),
            ..Self::default()
        };
        for normal in normals {
            match normal {
                Normal::Prepend(_) => {}
                Normal::Replace {
                    mark: Some(mark), ..
                } => cuts.space = *mark,
                Normal::Unicode(_) => cuts.unicode = true,
                Normal::Replace { .. } | Normal::Other(_) => cuts.never = true,
            }
        }
        for token in &added.tokens {
            let text: String = token
                .content
                .chars()
                .map(|c| if c == cuts.space { ' ' } else { c })
                .collect();
            // What becomes of it may hold other neighbours.
            cuts.never |= token.normalized && cuts.unicode && !text.is_ascii();
            let after = text.chars().skip(1);
            cuts.in_added.extend(text.chars().zip(after));
            // With a space in front, as a normalizer may have put there.
            cuts.in_added.extend(
                text.chars()
                    .next()
                    .filter(|_| token.normalized)
                    .map(|c| (' ', c)),
            );
            cuts.strips_left |= token.lstrip;
            cuts.strips_right |= token.rstrip;
            if token.single_word {
                cuts.single_words.extend(text.chars().next());
            }
            cuts.last_of_ends.extend(text.chars().next_back());
            cuts.ends.insert(text);
        }
        cuts.pieces(model, tokens, written);
        cuts
    }

    /// Which neighbours the vocabulary's pieces hold, where the model joins neighbours and nothing else.
    fn pieces(&mut self, model: &Model, tokens: &[Option<Box<str>>], written: &Written) {
        let byte = |byte: u8| model.id(&fallback_piece(byte)).is_some();
        // A run of what is unknown may be one token across any place, and what is dropped brings its neighbours together.
        let (joins, has_bytes) = match model {
            Model::Merger(_) => (true, true),
            Model::Bpe(bpe) => {
                let has_bytes = bpe.byte_fallback && (0..=u8::MAX).all(byte);
                let is_plain =
                    bpe.continuing_subword_prefix.is_none() && bpe.end_of_word_suffix.is_none();
                (
                    is_plain && (has_bytes || bpe.unk_token.is_some()),
                    has_bytes,
                )
            }
            _ => (false, false),
        };
        if !joins || *written == Written::ByteLevel {
            return;
        }
        let knows = |c: char| {
            let c = c.to_string();
            match model {
                Model::Merger(merger) => merger.knows(&c),
                model => model.id(&c).is_some() || has_bytes,
            }
        };
        for (c, space) in [(self.space, true), ('\n', false)] {
            if !knows(c) {
                continue;
            }
            let mut before = HashSet::new();
            for piece in tokens.iter().flatten() {
                let after = piece.chars().skip(1);
                before.extend(
                    piece
                        .chars()
                        .zip(after)
                        .filter(|(_, x)| *x == c)
                        .map(|(x, _)| x),
                );
            }
            match space {
                true => self.before_space = Some(before),
                false => self.before_newline = Some(before),
            }
        }
    }

    /// True if a normalizer may change more than spaces.
    #[cfg(test)]
    pub(super) fn changes_letters(&self) -> bool {
        self.unicode || self.never
    }

    /// True if no piece of the vocabulary holds both.
    fn is_between_pieces(&self, before: char, after: char) -> bool {
        let held = match after {
            ' ' => &self.before_space,
            '\n' => &self.before_newline,
            _ => return false,
        };
        let before = if before == ' ' { self.space } else { before };
        held.as_ref().is_some_and(|held| !held.contains(&before))
    }

    /// True if the normalizers leave both as they are, or as good as.
    fn is_stable(&self, before: char, after: char) -> bool {
        // Ideographs join with nothing before them, nor does their punctuation, which may become that of ASCII.
        let inert = |c: char| {
            matches!(
                c,
                '\u{4e00}'..='\u{9fff}' | '、' | '。' | '，' | '？' | '！' | '：' | '；'
            )
        };
        !self.unicode
            || ((before.is_ascii() || inert(before)) && (after.is_ascii() || inert(after)))
    }

    fn is_apart(&self, stages: &[Stage], before: char, after: char) -> bool {
        let of = |c: char, space: char| if c == ' ' { space } else { c };
        let mut pair = (of(before, self.space), of(after, self.space));
        stages.iter().all(|stage| {
            let apart = stage.is_apart(pair.0, pair.1);
            match stage {
                Stage::Metaspace { mark, .. } => pair = (of(pair.0, *mark), of(pair.1, *mark)),
                Stage::ByteLevel { .. } => {
                    let mut buffer = [0; 4];
                    let last = pair.0.encode_utf8(&mut buffer).bytes().next_back();
                    let first = pair.1.encode_utf8(&mut [0; 4]).bytes().next();
                    pair = (
                        byte_char(last.unwrap_or_default()),
                        byte_char(first.unwrap_or_default()),
                    );
                }
                _ => {}
            }
            apart
        })
    }
}

impl Tokenizer {
    /// A place from which on a text must be cut anew when it changes at `from` or later: at most `from`, and such that, whatever
    /// follows `from`, the tokens before the place stay what they are, and those after it are what [`Tokenizer::encode_from`] makes of
    /// the text from there on. As near as is known to be safe: 0 where nothing is.
    pub fn safe_cut(&self, text: &[u8], from: usize) -> usize {
        let from = from.min(text.len());
        self.cut_within(text, 0, from)
    }

    /// As [`Tokenizer::safe_cut`], no farther back than `floor`, which is 0 or a safe place: what is returned where there is none.
    pub(super) fn cut_within(&self, text: &[u8], floor: usize, from: usize) -> usize {
        let cuts = &self.cuts;
        if cuts.never
            || !(cuts.has_stages || cuts.before_space.is_some() || cuts.before_newline.is_some())
        {
            return floor;
        }
        let lowest = floor.max(from.saturating_sub(FARTHEST));
        let mut places: BTreeSet<usize> = BTreeSet::new();
        let mut window = 32;
        let mut after: Option<(usize, char)> = None;
        let mut at = from;
        while at > lowest {
            let (start, c) = char_before(text, at, floor);
            if let (Some((place, after)), Some(before)) = (after, c)
                && self.is_place(text, place, before, after)
            {
                if cuts.is_stable(before, after) && cuts.is_between_pieces(before, after) {
                    return place;
                }
                places.insert(place);
                let last = places.last().copied().unwrap_or(place);
                if cuts.has_stages && last - place >= window {
                    match self.beginning(text, place, last, &places) {
                        Some(found) => return found,
                        None => window = window.saturating_mul(4),
                    }
                }
            }
            after = c.map(|c| (start, c));
            at = start;
        }
        match places.last() {
            Some(last) if cuts.has_stages && lowest == floor => {
                self.beginning(text, floor, *last, &places).unwrap_or(floor)
            }
            _ => floor,
        }
    }

    /// True if neither side of a place depends on the other, but for a part that may hold both.
    fn is_place(&self, text: &[u8], place: usize, before: char, after: char) -> bool {
        let cuts = &self.cuts;
        let strips = (cuts.strips_left && before.is_whitespace())
            || (cuts.strips_right && (before.is_whitespace() || after.is_whitespace()));
        // Letters beyond ASCII may become a letter with a mark after it.
        let letter = cuts.unicode && !before.is_ascii() && is_letter(before) && after.is_ascii();
        let is_stable = cuts.is_stable(before, after)
            || (letter && cuts.is_apart(&self.stages, '\u{301}', after));
        is_stable
            && !strips
            && !cuts.in_added.contains(&(before, after))
            && !cuts.single_words.contains(&after)
            && cuts.is_apart(&self.stages, before, after)
            && !self.ends_added(text, place, before)
    }

    /// True if an added token ends at a place: what follows one may have a space put in front.
    fn ends_added(&self, text: &[u8], place: usize, last: char) -> bool {
        self.cuts.last_of_ends.contains(&last)
            && self
                .cuts
                .ends
                .iter()
                .any(|token| text[..place].ends_with(token.as_bytes()))
    }

    /// The last of `places` between `start` and `end`, themselves places, where a part begins.
    fn beginning(
        &self,
        text: &[u8],
        start: usize,
        end: usize,
        places: &BTreeSet<usize>,
    ) -> Option<usize> {
        // What is spelled in the text may be a token or text: a place is one with either.
        let (mut begins, has_tokens) = self.beginnings(text, start..end, true)?;
        if has_tokens {
            let (others, _) = self.beginnings(text, start..end, false)?;
            begins.retain(|at| others.contains(at));
        }
        let inside = places.range((start + 1).min(end)..end).rev();
        inside.copied().find(|place| begins.contains(place))
    }

    /// The places at which parts begin, and whether a token was cut out.
    fn beginnings(
        &self,
        text: &[u8],
        range: Range<usize>,
        special: bool,
    ) -> Option<(HashSet<usize>, bool)> {
        let mut begins = HashSet::new();
        let mut has_tokens = false;
        let go_on: GoOn<'_> = &|| true;
        let done = self.each_part(text, range, special, go_on, &mut |part| {
            begins.insert(match part {
                Part::Token(_, bytes) => {
                    has_tokens = true;
                    bytes.start
                }
                Part::Byte(_, at) => at,
                Part::Text(placed, part, base) => base + placed.place(&part).0 as usize,
            });
            Ok(())
        });
        done.ok().map(|()| (begins, has_tokens))
    }
}

/// The character that ends at `at`, and where it begins; `None` and one byte where the bytes are no UTF-8.
fn char_before(text: &[u8], at: usize, floor: usize) -> (usize, Option<char>) {
    let lowest = at.saturating_sub(4).max(floor);
    let start = (lowest..at).rev().find(|i| text[*i] & 0xC0 != 0x80);
    let found = start.and_then(|start| {
        let mut chars = std::str::from_utf8(&text[start..at]).ok()?.chars();
        Some((start, chars.next()?)).filter(|_| chars.next().is_none())
    });
    match found {
        Some((start, c)) => (start, Some(c)),
        None => (at - 1, None),
    }
}
