//! A text on its way to tokens, every byte of which knows the bytes of the file's text that it comes from.

use std::ops::Range;

/// The origin of a byte: a range in the text, empty for what was put in.
pub(super) type Place = (u32, u32);

/// A text as the model is to see it, and where its bytes come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) text: String,
    /// One place per byte of `text`, never falling.
    places: Vec<Place>,
}

impl Placed {
    /// A part of the text as it stands there, from byte `at` on. Texts are shorter than 4 GiB.
    pub(super) fn of(text: &str, at: u32) -> Self {
        let places = (at..).take(text.len()).map(|i| (i, i + 1)).collect();
        Self {
            text: text.to_owned(),
            places,
        }
    }

    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            places: Vec::with_capacity(bytes),
        }
    }

    /// The origin of the bytes `range`.
    pub(super) fn place(&self, range: &Range<usize>) -> Place {
        let inside = self.places.get(range.clone()).unwrap_or_default();
        match (inside.first(), inside.last()) {
            (Some(first), Some(last)) => (first.0, last.1),
            // Nothing has a place, too: where what follows begins.
            _ => {
                let after = self.places.get(range.start).map(|place| place.0);
                let before = self.places[..range.start.min(self.places.len())].last();
                let at = after.or(before.map(|place| place.1)).unwrap_or_default();
                (at, at)
            }
        }
    }

    /// Takes over a part of another.
    pub(super) fn push_part(&mut self, from: &Self, range: Range<usize>) {
        let text = from.text.get(range.clone()).unwrap_or_default();
        self.text.push_str(text);
        if !text.is_empty() {
            self.places.extend_from_slice(&from.places[range]);
        }
    }

    /// Adds a character in the place of another's bytes: all of them belong to its first byte, so that what it may be taken
    /// apart into adds up.
    pub(super) fn push_instead(&mut self, c: char, place: Place) {
        self.text.push(c);
        self.places.push(place);
        let rest = c.len_utf8() - 1;
        self.places
            .extend(std::iter::repeat_n((place.1, place.1), rest));
    }

    /// Adds text that replaces what stood at `place`: each of its characters comes from all of that.
    pub(super) fn push_changed(&mut self, text: &str, place: Place) {
        self.text.push_str(text);
        self.places.extend(std::iter::repeat_n(place, text.len()));
    }

    /// Puts in text that nothing of the file's text stands for, before what `next` begins with.
    pub(super) fn put_in(&mut self, text: &str, next: u32) {
        self.push_changed(text, (next, next));
    }

    /// Takes over a part of another, every byte as the character that stands for it in byte-level vocabularies.
    pub(super) fn push_bytes(&mut self, from: &Self, range: Range<usize>) {
        let text = from.text.get(range.clone()).unwrap_or_default();
        for (byte, place) in text.bytes().zip(from.places.get(range).unwrap_or_default()) {
            let c = super::bytes::byte_char(byte);
            self.text.push(c);
            self.places
                .extend(std::iter::repeat_n(*place, c.len_utf8()));
        }
    }

    #[cfg(test)]
    pub(super) fn is_sound(&self) -> bool {
        self.places.len() == self.text.len()
            && self.places.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1)
    }
}
