//! Texts cut into tokens, and cut again after an edit.

use super::*;
use crate::SAMPLES;
use spanscope_core::text::Vocabulary;

#[test]
fn ids_are_read_as_people_write_them() {
    let ids: Vec<Option<u32>> = numbers(b"[3, 12,7] x 99\n-1;0 \xff7", 64)
        .iter()
        .map(|p| p.id)
        .collect();
    assert_eq!(
        ids,
        [Some(3), Some(12), Some(7), None, None, None, Some(0), None]
    );
    assert!(numbers(b"", 4).is_empty());
}

fn cut(text: &str, limit: usize) -> Tokens {
    let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    Tokens::new(&model, text.into(), limit, &Cancel::default()).unwrap()
}

#[test]
fn what_the_vocabulary_lacks_keeps_its_place() {
    let tokens = cut("To é be", 100);
    // "é" is two bytes that Shakespeare's text lacks.
    assert_eq!((tokens.ids.len(), tokens.unknown), (6, 2));
    assert_eq!(tokens.pieces[tokens.piece_of[3] as usize].range, 5..6);
    assert_eq!((tokens.token_of(5), tokens.token_of(3)), (Some(3), None));
}

#[test]
fn the_limit_counts_pieces_known_or_not() {
    let tokens = cut("To é be", 4);
    assert_eq!(
        (tokens.ids.len(), tokens.unknown, tokens.left_out),
        (3, 1, 4)
    );
    assert_eq!(cut("éééé", 0).left_out, 8);
}

#[test]
fn the_model_reads_the_bytes_of_the_file() {
    let file = b"To \xe4 \xe4\xb8 be\xff, \xe4\xb8\xad".to_vec();
    let tokens = cut(&text::to_text(file.clone()), 100);
    assert_eq!(tokens.bytes(), file);
    assert_eq!(tokens.pieces.len(), file.len());
    assert_eq!((tokens.unknown, tokens.left_out), (7, 0));
    // So does the command line.
    let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    let vocabulary = model.vocabulary.unwrap();
    assert_eq!(tokens.pieces, vocabulary.encode_bytes(&file));
    // A file without such bytes costs nothing more.
    assert!(cut("To é 中 \u{fffd}", 100).raw.is_none());
}

#[test]
fn a_token_knows_its_character() {
    let mut model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    model.vocabulary = Some(Vocabulary::from_bytes_in_order(
        "aé中😀\n\u{fff}".as_bytes(),
    ));
    let text = text::to_text("é中".bytes().chain(*b"a\xe4\n").collect());
    let tokens = Tokens::new(&model, text.into(), 100, &Cancel::default()).unwrap();
    let whole: Vec<Option<&str>> = (0..9).map(|token| tokens.character_of(token)).collect();
    let (e, zhong) = (Some("é"), Some("中"));
    assert_eq!(
        whole,
        [e, e, zhong, zhong, zhong, Some("a"), None, Some("\n"), None]
    );
    // A word is more than a character.
    model.vocabulary = Some(
        Vocabulary::from_tokens(
            vec!["né".into(), "é".into()],
            spanscope_core::text::Unit::Word,
        )
        .unwrap(),
    );
    let tokens = Tokens::new(&model, "né é".into(), 100, &Cancel::default()).unwrap();
    assert_eq!(tokens.character_of(0), None);
    assert_eq!(tokens.character_of(1), Some("é"));
}

#[test]
fn chunks_leave_no_trace() {
    let text = "né\r\n to be ".repeat(3 * CHUNK / 11);
    let tokens = cut(&text, usize::MAX);
    let whole = LoadedModel::open_sample(&SAMPLES[0])
        .unwrap()
        .vocabulary
        .unwrap()
        .encode(&text);
    assert_eq!(tokens.pieces, whole);
    assert_eq!(tokens.left_out, 0);
    // Nor do they in a text without white space, or of bytes that are no characters.
    for part in [
        &b"\xe4\xb8\xad\xf0\x9f\x98\x80"[..],
        b"\x80",
        b"\xe4\xb8",
        b"a\xff",
    ] {
        let file = part.repeat(3 * CHUNK / part.len());
        let tokens = cut(&text::to_text(file.clone()), usize::MAX);
        assert_eq!(tokens.pieces.len(), file.len());
        assert!((0..file.len()).eq(tokens.pieces.iter().map(|piece| piece.range.start)));
    }
    let cancel = Cancel::default();
    cancel.cancel();
    let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    assert!(Tokens::new(&model, "a".into(), 9, &cancel).is_none());
}
