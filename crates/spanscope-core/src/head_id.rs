//! The name of a head: its layer and its number there, both from 0, as the field counts them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A head of a network.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(from = "(usize, usize)", into = "(usize, usize)")]
pub struct HeadId {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its number in the layer, from 0.
    pub head: usize,
}

impl HeadId {
    /// Head `head` of layer `layer`, both from 0.
    pub const fn new(layer: usize, head: usize) -> Self {
        Self { layer, head }
    }

    /// Itself, if it is one of `heads` heads in one of `layers` layers.
    ///
    /// # Errors
    /// Where a network of this size has no such head.
    pub const fn of(self, layers: usize, heads: usize) -> Result<Self, NoSuchHead> {
        match self.layer < layers && self.head < heads {
            true => Ok(self),
            false => Err(NoSuchHead {
                id: self,
                layers,
                heads,
            }),
        }
    }

    /// Its name written out, for titles and sentences: `layer 3, head 1`.
    pub fn in_words(self) -> String {
        format!("layer {}, head {}", self.layer, self.head)
    }
}

/// Files keep a head as two numbers.
impl From<(usize, usize)> for HeadId {
    fn from((layer, head): (usize, usize)) -> Self {
        Self { layer, head }
    }
}

impl From<HeadId> for (usize, usize) {
    fn from(id: HeadId) -> Self {
        (id.layer, id.head)
    }
}

/// `L3H1`, as TransformerLens and papers write it.
impl fmt::Display for HeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}H{}", self.layer, self.head)
    }
}

/// A head that a network has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no head {id}: layers go from 0 to {}, heads from 0 to {}", layers.saturating_sub(1), heads.saturating_sub(1))]
pub struct NoSuchHead {
    id: HeadId,
    layers: usize,
    heads: usize,
}

/// Why a text names no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a head as LAYER.HEAD or L3H1, both counted from 0")]
pub struct NoHead;

impl FromStr for HeadId {
    type Err = NoHead;

    /// `3.1`, `L3H1` or `l3h1`: layer 3, head 1.
    fn from_str(text: &str) -> Result<Self, NoHead> {
        let text = text.trim();
        let (layer, head) = match text.strip_prefix(['L', 'l']) {
            Some(rest) => rest.split_once(['H', 'h']),
            None => text.split_once('.'),
        }
        .ok_or(NoHead)?;
        let number = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse().map_err(|_| NoHead),
            false => Err(NoHead),
        };
        Ok(Self::new(number(layer)?, number(head)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_written() {
        for (text, id) in [
            ("3.1", HeadId::new(3, 1)),
            ("L0H11", HeadId::new(0, 11)),
            (" l2h0 ", HeadId::new(2, 0)),
        ] {
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in [
            "",
            "3",
            "3.",
            ".1",
            "3.1.2",
            "L3",
            "L3.1",
            "+3.1",
            "-1.0",
            "H1L3",
            "99999999999999999999.0",
        ] {
            assert_eq!(text.parse::<HeadId>(), Err(NoHead), "{text}");
        }
        assert_eq!(HeadId::new(3, 1).to_string(), "L3H1");
        assert_eq!(HeadId::new(3, 1).in_words(), "layer 3, head 1");
    }

    #[test]
    fn a_head_beyond_the_network_is_named() {
        assert_eq!(HeadId::new(3, 1).of(4, 2), Ok(HeadId::new(3, 1)));
        let error = HeadId::new(3, 2).of(4, 2).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no head L3H2: layers go from 0 to 3, heads from 0 to 1"
        );
    }
}
