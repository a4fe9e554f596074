//! Bytes as the characters that stand for them in byte-level vocabularies, and in pieces such as `<0x0A>`.

/// The character that stands for a byte: printable ones for themselves, the other 68 from U+0100 on.
pub(super) fn byte_char(byte: u8) -> char {
    match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
        // In rising order: 0 to 32, 127 to 160, 173.
        0..=b' ' => beyond(u32::from(byte)),
        0x7F..=0xA0 => beyond(u32::from(byte) - 0x7F + 33),
        0xAD => beyond(67),
    }
}

fn beyond(n: u32) -> char {
    char::from_u32(0x100 + n).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that a character stands for.
pub(super) fn char_byte(c: char) -> Option<u8> {
    let code = u32::from(c);
    match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => u8::try_from(code).ok(),
        0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        0x121..=0x142 => u8::try_from(code - 0x121 + 0x7F).ok(),
        0x143 => Some(0xAD),
        _ => None,
    }
}

/// The byte of a piece such as `<0x0A>`.
pub(super) fn fallback_byte(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_byte = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_byte
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

/// The piece that a byte falls back to.
pub(super) fn fallback_piece(byte: u8) -> String {
    format!("<0x{byte:02X}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for byte in 0..=255 {
            let c = byte_char(byte);
            assert!(
                seen.insert(c) && !c.is_whitespace() && !c.is_control(),
                "{byte}"
            );
            assert_eq!(char_byte(c), Some(byte));
            assert_eq!(fallback_byte(&fallback_piece(byte)), Some(byte));
        }
        assert_eq!(byte_char(b' '), 'Ġ');
        assert_eq!(byte_char(b'\n'), 'Ċ');
        for none in ['語', ' ', '\u{ad}', '\u{144}'] {
            assert_eq!(char_byte(none), None);
        }
        for none in ["<0x0>", "<0x+A>", "0x0A", "<0x0A", "<0x0AA>"] {
            assert_eq!(fallback_byte(none), None);
        }
    }
}
