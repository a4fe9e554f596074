//! The kind of a file that is no text: told by how it begins, and by bytes that no text has.

/// Kinds of files that are no text, by their first bytes.
const BEGINNINGS: [(&[u8], &str); 34] = [
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"GGUF", "a GGUF model"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet table"),
    (b"ARROW1", "an Arrow table"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\0asm", "a program"),
    (b"\x80\x02", "a Python pickle, as PyTorch saves them"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"OggS", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"ID3", "a sound file"),
    (b"MMIDIDX\0", "a binarised data set of fairseq"),
    (b"TNTIDX\0", "a binarised data set of fairseq"),
    (b"\x1aE\xdf\xa3", "a film"),
    (b"wOF", "a font"),
    (b"OTTO", "a font"),
    (b"\0\x01\0\0\0", "a font"),
    (b"\0\0\xfe\xff", "a text in UTF-32: save it as UTF-8"),
    (b"\xff\xfe\0\0", "a text in UTF-32: save it as UTF-8"),
    (b"\xff\xfe", "a text in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "a text in UTF-16: save it as UTF-8"),
];

/// Ways of packing that are not read here: how a file begins, its ending, what unpacks it.
const PACKINGS: [(&[u8], &str, &str); 12] = [
    (b"\xfd7zXZ\0", "xz", "unxz"),
    (b"BZh", "bz2", "bunzip2"),
    (b"\x28\xb5\x2f\xfd", "zst", "unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z x"),
    (b"Rar!\x1a\x07", "rar", "unrar"),
    (b"\x5d\0\0", "lzma", "unlzma"),
    (b"\x04\x22\x4d\x18", "lz4", "unlz4"),
    (b"\x1f\x9d", "Z", "uncompress"),
    (b"LZIP", "lz", "lzip -d"),
    (b"\x89LZO\0", "lzo", "lzop -d"),
    (b"\xff\x06\0\0sNaPpY", "sz", "snzip -d"),
    (b"MSCF\0", "cab", "cabextract"),
];

/// Endings of packings that do not tell in their first bytes what they are.
const ENDINGS: [(&str, &str); 5] = [
    ("br", "brotli -d"),
    ("tar", "tar xf"),
    ("tgz", "tar xf"),
    ("txz", "tar xf"),
    ("zstd", "unzstd"),
];

/// The mark that some programs write before a text in UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// A text without the mark before it.
pub(super) fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// The packing that a file has or is named for: its ending, and what unpacks it.
pub(super) fn packing(head: &[u8], ending: Option<&str>) -> Option<(&'static str, &'static str)> {
    let begins = |magic: &[u8]| head.starts_with(magic) && is_packed(head, magic);
    if let Some((_, ending, tool)) = PACKINGS.iter().find(|(magic, ..)| begins(magic)) {
        return Some((ending, tool));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(("tar", "tar xf"));
    }
    let named = |known: &str| ending.is_some_and(|ending| ending.eq_ignore_ascii_case(known));
    let by_name = PACKINGS.iter().map(|(_, ending, tool)| (*ending, *tool));
    let mut all = by_name.chain(ENDINGS);
    all.find(|(known, _)| named(known))
}

/// Short beginnings are those of texts too, unless what follows is as it is in a packed file.
fn is_packed(head: &[u8], magic: &[u8]) -> bool {
    match magic {
        b"BZh" => matches!(head.get(3), Some(b'1'..=b'9')) && head.get(4) == Some(&b'1'),
        b"LZIP" => matches!(head.get(4), Some(0..=1)),
        b"\x5d\0\0" => head.len() > 12,
        _ => true,
    }
}

/// The kind of a file that begins so, if it is known not to be a text.
pub(super) fn known(head: &[u8]) -> Option<&'static str> {
    // Letters alone may begin a text too.
    let near = head.get(..64).unwrap_or(head);
    let is_binary = near.iter().any(|byte| matches!(byte, 0..=8 | 14..=26));
    let begins = |magic: &[u8]| {
        let is_telling = magic == b"%PDF-" || !magic.is_ascii();
        head.starts_with(magic) && (is_telling || is_binary)
    };
    if let Some((_, name)) = BEGINNINGS.iter().find(|(magic, _)| begins(magic)) {
        return Some(name);
    }
    if head.starts_with(b"RIFF") && head.get(4..8).is_some_and(|size| size.contains(&0)) {
        return Some("a picture, sound or film (RIFF)");
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some("a film or picture (MP4, HEIC)");
    }
    let safetensors = head.get(8) == Some(&b'{') && head.get(5..8) == Some(&[0; 3]);
    safetensors.then_some("a .safetensors file")
}

/// Looks for what no text has, chunk by chunk.
#[derive(Debug, Default)]
pub(super) struct Inspector {
    seen: u64,
    nul: Option<u64>,
    controls: u64,
}

impl Inspector {
    /// Reads on.
    pub(super) fn feed(&mut self, chunk: &[u8]) {
        if self.nul.is_none() {
            let at = chunk.iter().position(|byte| *byte == 0);
            self.nul = at.map(|at| self.seen + at as u64);
        }
        let odd = |byte: &&u8| matches!(byte, 1..=8 | 14..=26 | 28..=31);
        self.controls += chunk.iter().filter(odd).count() as u64;
        self.seen += chunk.len() as u64;
    }

    /// True if there was a zero byte.
    pub(super) fn has_nul(&self) -> bool {
        self.nul.is_some()
    }

    /// Why what was read is no text, in words. `None` for texts in any encoding that keeps ASCII.
    pub(super) fn verdict(&self) -> Option<String> {
        if let Some(at) = self.nul {
            return Some(format!("binary data (byte {at} is zero)"));
        }
        // Of random bytes, one in ten.
        let many = self.controls >= 8 && self.controls.saturating_mul(32) > self.seen;
        many.then(|| {
            format!(
                "binary data ({} of {} bytes are control characters)",
                self.controls, self.seen
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(bytes: &[u8]) -> Option<String> {
        let mut inspector = Inspector::default();
        for chunk in bytes.chunks(7) {
            inspector.feed(chunk);
        }
        inspector.verdict()
    }

    #[test]
    fn binary_data_is_told_from_texts_of_any_encoding() {
        let latin = b"na\xefve caf\xe9 \x1b[1mbold\x1b[0m\tand\x0c\r\n".repeat(9);
        for text in [&b""[..], b"a", &latin, "中文\u{85}é".as_bytes()] {
            assert_eq!(verdict(text), None);
        }
        assert!(verdict(b"text\n\0").unwrap().contains("byte 5 is zero"));
        let noise: Vec<u8> = (0..=255).filter(|byte| *byte != 0).collect();
        assert!(verdict(&noise).unwrap().contains("25 of 255"));
        // As ids of 16 bits are, none of them below 256.
        let ids: Vec<u8> = (0..99_u8).flat_map(|i| [i | 1, 1 + i % 3]).collect();
        assert!(verdict(&ids).is_some());
    }

    #[test]
    fn kinds_are_known_by_their_beginning_and_packings_by_their_name_too() {
        assert_eq!(known(b"\xff\xd8\xff\xe0\0"), Some("a JPEG picture"));
        assert_eq!(known(b"\x40\0\0\0\0\0\0\0{\""), Some("a .safetensors file"));
        for text in [&b""[..], b"GIF89a is", b"RIFF of", b"OTTO:", b"ID3", b"PK"] {
            assert_eq!(known(text), None);
        }
        assert_eq!(packing(b"\xfd7zXZ\0\0", None), Some(("xz", "unxz")));
        assert_eq!(packing(b"text", Some("BZ2")), Some(("bz2", "bunzip2")));
        assert_eq!(packing(b"BZh is no text", Some("txt")), None);
        assert_eq!(packing(b"text", Some("txt")), None);
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(packing(&tar, None), Some(("tar", "tar xf")));
    }
}
