//! The target of tokenizers.

use crate::text::SpecialTokens;
use crate::text::tokenizer::{Piece, Tokenizer};
use std::path::Path;
use std::time::{Duration, Instant};

/// The text that is cut where the bytes have none.
const TEXT: &[u8] = "The cat <s> sat,  don't\n\n12345 \u{c9}e\u{301} \u{4e2d}\u{6587} aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".as_bytes();

/// The longest text that is cut, in bytes.
const LONGEST: usize = 4096;

/// The time after which nobody wants the tokens of a text any more.
const PATIENCE: Duration = Duration::from_secs(2);

/// A `tokenizer.json`, up to the first zero, and a text that it cuts: as a whole, and from a safe place on.
pub fn tokenizer(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0);
    let (json, text) = data.split_at(end.unwrap_or(data.len()));
    let text = match text.get(1..) {
        None | Some([]) => TEXT,
        Some(text) => &text[..text.len().min(LONGEST)],
    };
    let Ok(tokenizer) = Tokenizer::of_json(json, Path::new("tokenizer.json")) else {
        return;
    };
    for id in (0..tokenizer.len().min(64) as u32).chain([u32::MAX]) {
        let _ = (tokenizer.label(id), tokenizer.piece_bytes(id));
        let _ = tokenizer.decode_after(Some(id), id);
        let _ = tokenizer.is_special(id);
    }
    for in_text in [true, false] {
        let special = SpecialTokens {
            begin: true,
            in_text,
        };
        let begin = Instant::now();
        let go_on = || begin.elapsed() < PATIENCE;
        let Ok(whole) = tokenizer.encode_from(text, 0, special, &go_on) else {
            continue;
        };
        let rises = |a: &Piece, b: &Piece| a.bytes.start <= b.bytes.start;
        assert!(whole.is_sorted_by(rises));
        let fits = |piece: &Piece| piece.bytes.start <= piece.bytes.end;
        assert!(whole.iter().all(fits));
        assert!(whole.iter().all(|piece| piece.bytes.end <= text.len()));
        let cut = tokenizer.safe_cut(text, text.len() / 2);
        assert!(cut <= text.len() / 2);
        let Ok(rest) = tokenizer.encode_from(text, cut, special, &go_on) else {
            continue;
        };
        assert!(whole.ends_with(&rest), "cut at {cut}");
    }
}
