//! Any bytes as a text, and back, without loss.
//!
//! A text field holds characters, a file any bytes. Were each byte that is no UTF-8 shown as U+FFFD, a model of bytes
//! would read EF BF BD where the file has E4, and every number after it would be wrong. So each such byte becomes a
//! character of its own from a private-use plane, which stands for that byte wherever a text is read. A file that
//! holds such a character is read as the character's four bytes, so the way back is exact for every file.

use std::borrow::Cow;
use std::ops::Range;

/// The byte b ≥ 0x80 is this character plus b. The bundled fonts draw it as the byte in a frame.
const BASE: u32 = 0x0010_FE00;

/// Number of bytes that a stand-in takes in a `str`.
const LEN: usize = 4;

/// The byte that a stand-in begins with in UTF-8, as few other characters do.
const LEAD: u8 = 0xF4;

/// The character that stands for a byte which is no UTF-8; `None` for ASCII, which always is.
pub fn stand_in(byte: u8) -> Option<char> {
    (byte >= 0x80)
        .then(|| char::from_u32(BASE + u32::from(byte)))
        .flatten()
}

/// The byte that a character stands for.
pub fn stood_for(c: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(c).checked_sub(BASE)?).ok()?;
    (byte >= 0x80).then_some(byte)
}

/// Bytes as a text: what is UTF-8 as it is, every other byte as its stand-in. [`to_bytes`] is the way back.
pub fn to_text(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !has_stand_ins(&text) => return text,
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if stood_for(c).is_some() {
                text.extend(c.encode_utf8(&mut [0; LEN]).bytes().filter_map(stand_in));
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    text
}

/// The bytes of a text, those included that its stand-ins stand for. Borrowed where there are none.
pub fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_stand_ins(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match stood_for(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; LEN]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// True if a text has bytes that are no UTF-8, as their stand-ins.
fn has_stand_ins(text: &str) -> bool {
    // Long texts are looked through at every edit, and few have an F4 at all.
    text.as_bytes().contains(&LEAD) && text.chars().any(|c| stood_for(c).is_some())
}

/// Calls `with` for each character, or `None` for a run of bytes that is not UTF-8.
pub fn each_char(text: &[u8], mut with: impl FnMut(Option<char>, Range<usize>)) {
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        for (offset, c) in chunk.valid().char_indices() {
            with(Some(c), at + offset..at + offset + c.len_utf8());
        }
        at += chunk.valid().len();
        let invalid = chunk.invalid().len();
        if invalid > 0 {
            with(None, at..at + invalid);
        }
        at += invalid;
    }
}

/// The whole character that the byte at `at` is part of, and where it stands; `None` where the bytes are no UTF-8.
pub fn character_at(text: &[u8], at: usize) -> Option<(&str, Range<usize>)> {
    // A character has at most four bytes, and only its first is no continuation.
    let start = (at.saturating_sub(LEN - 1)..=at)
        .rev()
        .find(|i| text.get(*i).is_some_and(|byte| byte & 0xC0 != 0x80))?;
    let head = text.get(start..text.len().min(start + LEN))?;
    let valid = head.utf8_chunks().next()?.valid();
    let end = start + valid.chars().next()?.len_utf8();
    let character = text
        .get(start..end)
        .and_then(|b| std::str::from_utf8(b).ok())?;
    (at < end).then_some((character, start..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_utf8_comes_back() {
        let broken = b"a\xe4b \xe4\xb8 \xf0\x9f\x98\x80\xff\x00".to_vec();
        let text = to_text(broken.clone());
        assert!(text.contains('😀') && !text.contains('\u{fffd}'), "{text}");
        assert_eq!(text.chars().filter_map(stood_for).count(), 4);
        assert_eq!(*to_bytes(&text), *broken);
        // A text that can be shown as it is stays so, its own U+FFFD included.
        let plain = "é中😀\u{fffd}\u{10ffff}\0\r\n";
        assert_eq!(to_text(plain.into()), plain);
        assert!(matches!(to_bytes(plain), Cow::Borrowed(_)));
    }

    #[test]
    fn a_file_may_hold_stand_ins_itself() {
        let file = "x\u{10fee4}".as_bytes();
        let text = to_text(file.to_vec());
        assert_eq!(text.chars().count(), 5);
        assert_eq!(&*to_bytes(&text), file);
    }

    #[test]
    fn a_byte_knows_its_character() {
        let text = b"\xc3\xa9\xe4\xb8\xad\xe4\xb8x\xf0\x9f\x98\x80\x80";
        let whole: Vec<Option<&str>> = (0..text.len())
            .map(|at| character_at(text, at).map(|(c, _)| c))
            .collect();
        let mut expected = vec![Some("é"); 2];
        expected.extend([Some("中"); 3]);
        expected.extend([None, None, Some("x")]);
        expected.extend([Some("😀"); 4]);
        expected.push(None);
        assert_eq!(whole, expected);
        assert_eq!(character_at(text, 3).map(|(_, range)| range), Some(2..5));
        assert_eq!(character_at(text, 99), None);
    }

    proptest! {
        #[test]
        fn any_file_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = to_text(bytes.clone());
            prop_assert_eq!(&*to_bytes(&text), &bytes[..]);
        }

        #[test]
        fn any_text_comes_back(text in any::<String>(), byte in 0x80u8..) {
            let with = format!("{text}{}", stand_in(byte).unwrap());
            for text in [text, with] {
                let back = to_bytes(&text).into_owned();
                let again = to_text(back.clone());
                prop_assert_eq!(&*to_bytes(&again), &back[..]);
            }
        }

        #[test]
        fn characters_are_those_of_the_text(bytes in prop::collection::vec(prop::sample::select(
            b"a\x80\xa9\xc3\xe4\xb8\xad\xf0\x9f\x98\xff".to_vec()), 0..12)) {
            each_char(&bytes, |c, range| {
                for at in range.clone() {
                    let found = character_at(&bytes, at);
                    let expected = c.map(|c| (c.to_string(), range.clone()));
                    assert_eq!(found.map(|(s, r)| (s.to_owned(), r)), expected);
                }
            });
        }
    }
}
