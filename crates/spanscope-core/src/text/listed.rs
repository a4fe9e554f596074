//! The pieces of a tokenizer as a list: what every token stands for, without the way to cut a text into them.

use super::encode::Piece;
use super::pieces::{Pieces, SpecialTokens};
use super::show::piece_label;
use super::vocabulary::Vocabulary;

/// What every token of a tokenizer stands for. It names tokens, and cuts no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPieces {
    /// The bytes of all tokens, one after the other.
    bytes: Vec<u8>,
    /// Where those of each token end; those of an id without a token end where they begin.
    ends: Vec<u32>,
    /// 1 where a token stands for no text.
    special: Vec<u8>,
}

impl ListedPieces {
    /// Of a vocabulary of pieces; `None` for others, and where the pieces have more bytes than can be counted.
    pub fn of(vocabulary: &Vocabulary) -> Option<Self> {
        let pieces = vocabulary.pieces()?;
        let (mut bytes, mut ends, mut special) = (Vec::new(), Vec::new(), Vec::new());
        for id in 0..u32::try_from(vocabulary.len()).ok()? {
            bytes.extend(pieces.bytes(id).unwrap_or_default());
            ends.push(u32::try_from(bytes.len()).ok()?);
            special.push(u8::from(pieces.is_special(id)));
        }
        Some(Self {
            bytes,
            ends,
            special,
        })
    }

    /// The bytes of all tokens, where those of each end, and 1 for each that stands for no text.
    pub fn parts(&self) -> (&[u8], &[u32], &[u8]) {
        (&self.bytes, &self.ends, &self.special)
    }

    /// From what [`parts`](Self::parts) gave.
    ///
    /// # Errors
    /// In words, where the parts do not fit each other.
    pub fn from_parts(bytes: Vec<u8>, ends: Vec<u32>, special: Vec<u8>) -> Result<Self, String> {
        let last = ends.last().map_or(0, |end| *end as usize);
        if !ends.is_sorted() || last != bytes.len() {
            return Err(format!(
                "the places where its tokens end must rise to {}, the number of their bytes",
                bytes.len()
            ));
        }
        if special.len() != ends.len() {
            return Err(format!(
                "{} tokens are said to be special or not, {} expected",
                special.len(),
                ends.len()
            ));
        }
        Ok(Self {
            bytes,
            ends,
            special,
        })
    }

    fn of_token(&self, id: u32) -> Option<&[u8]> {
        let at = id as usize;
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        self.bytes.get(start..end).filter(|bytes| !bytes.is_empty())
    }
}

impl Pieces for ListedPieces {
    fn encode(
        &self,
        _: &[u8],
        _: usize,
        _: SpecialTokens,
        _: &dyn Fn() -> bool,
    ) -> Result<Vec<Piece>, String> {
        Err("a recorded run names its tokens, and cannot cut another text into them. Pass the model that it was recorded from".into())
    }

    fn safe_cut(&self, _: &[u8], _: usize) -> usize {
        0
    }

    fn bytes(&self, id: u32) -> Option<Vec<u8>> {
        self.of_token(id).map(<[u8]>::to_vec)
    }

    fn decode_after(&self, _: Option<u32>, id: u32) -> Vec<u8> {
        self.bytes(id).unwrap_or_else(|| "\u{fffd}".into())
    }

    fn label(&self, id: u32) -> String {
        match self.of_token(id) {
            Some(bytes) => piece_label(bytes),
            None => format!("#{id}"),
        }
    }

    fn piece(&self, id: u32) -> Option<String> {
        let bytes = self.of_token(id)?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    fn id_of(&self, piece: &str) -> Option<u32> {
        let ids = 0..u32::try_from(self.ends.len()).ok()?;
        let mut ids = ids.into_iter();
        ids.find(|id| self.of_token(*id) == Some(piece.as_bytes()))
    }

    fn is_special(&self, id: u32) -> bool {
        self.special.get(id as usize) == Some(&1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn tokens_keep_their_bytes_and_their_signs() {
        let pieces =
            ListedPieces::from_parts(b"<s> a\xe4b".to_vec(), vec![3, 5, 5, 7], vec![1, 0, 0, 0]);
        let vocabulary = Vocabulary::of_pieces(Arc::new(pieces.clone().unwrap()), 4, "four");
        let labels: Vec<String> = (0..4).map(|id| vocabulary.label(id)).collect();
        assert_eq!(labels, ["<s>", "␣a", "#2", "⟨xE4⟩b"]);
        assert_eq!(vocabulary.exact(3).unwrap(), "\\xe4b");
        assert_eq!((vocabulary.exact(2), vocabulary.len()), (None, 4));
        assert!(vocabulary.is_special(0) && !vocabulary.is_special(1));
        assert_eq!(vocabulary.id_of(" a"), Some(1));
        assert_eq!(ListedPieces::of(&vocabulary), pieces.ok());
        // It cuts nothing, and says so.
        let said = vocabulary
            .encode_whole(b" a", &|| true)
            .unwrap()
            .unwrap_err();
        assert!(said.contains("recorded from"), "{said}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let of = |ends: Vec<u32>, special: usize| {
            ListedPieces::from_parts(b"abc".to_vec(), ends, vec![0; special])
        };
        assert!(of(vec![1, 3], 2).is_ok());
        for (ends, special) in [
            (vec![1, 2], 2),
            (vec![2, 1, 3], 3),
            (vec![1, 4], 2),
            (vec![3], 0),
        ] {
            assert!(of(ends, special).is_err());
        }
    }
}
