//! The text at which a continuation ends: whether it can come at all.

use spanscope_core::text::Vocabulary;

/// The first character of `text` with a byte that no token holds: a text with it never comes.
pub(super) fn never_written(vocabulary: &Vocabulary, text: &str) -> Option<char> {
    let mut held = [false; 256];
    let tokens = (0..vocabulary.len()).filter_map(|id| u32::try_from(id).ok());
    // Between words stand spaces and ends of lines.
    let bytes = tokens.flat_map(|id| vocabulary.decode_after(None, id));
    for byte in bytes.chain(*b" \n") {
        held[usize::from(byte)] = true;
    }
    let never = |c: &char| {
        c.encode_utf8(&mut [0; 4])
            .bytes()
            .any(|byte| !held[usize::from(byte)])
    };
    text.chars().find(never)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanscope_core::text::Unit;

    #[test]
    fn what_no_token_holds_never_comes() {
        let words = ["the", "cat", "<eos>"].map(str::to_owned).to_vec();
        let vocabulary = Vocabulary::from_tokens(words, Unit::Word).unwrap();
        for (text, missing) in [
            ("", None),
            ("e cat\n", None),
            ("the dog", Some('d')),
            ("thé", Some('é')),
        ] {
            assert_eq!(never_written(&vocabulary, text), missing, "{text}");
        }
    }
}
