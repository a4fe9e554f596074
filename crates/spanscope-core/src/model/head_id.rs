//! The name of a head: its layer and its number there, both from 0, as the field counts them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A head of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
}

/// `L3H1`, as TransformerLens and papers write it.
impl fmt::Display for HeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}H{}", self.layer, self.head)
    }
}

/// Why a text names no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is written LAYER.HEAD or L3H1, both numbers from 0")]
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
    }
}
