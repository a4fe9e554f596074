//! Which texts of a corpus a machine takes.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One of so many parts of a corpus, which different machines may measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    index: usize,
    of: usize,
}

/// Most parts of a corpus: files of sums list those that were measured.
pub const MOST_SHARDS: usize = 1 << 20;

/// Not a part of anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected i/n with i from 1 to n and n at most {MOST_SHARDS}, such as 3/16")]
pub struct ShardError;

impl Shard {
    /// The whole corpus.
    pub const ALL: Self = Self { index: 1, of: 1 };

    /// Part `index` of `of`, counted from 1.
    ///
    /// # Errors
    /// When there is no such part, or there are more than [`MOST_SHARDS`].
    pub fn new(index: usize, of: usize) -> Result<Self, ShardError> {
        match (1..=of.min(MOST_SHARDS)).contains(&index) && of <= MOST_SHARDS {
            true => Ok(Self { index, of }),
            false => Err(ShardError),
        }
    }

    /// Which part it is, from 1.
    pub fn index(self) -> usize {
        self.index
    }

    /// The number of parts.
    pub fn of(self) -> usize {
        self.of
    }

    /// True if it has the text at `position` (from 0) of the sorted corpus: every n-th.
    pub fn takes(self, position: usize) -> bool {
        position % self.of == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (index, of) = text.split_once('/').ok_or(ShardError)?;
        let number = |digits: &str| digits.trim().parse().map_err(|_| ShardError);
        Self::new(number(index)?, number(of)?)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_belongs_to_one_shard() {
        for of in 1..9 {
            let shards: Vec<Shard> = (1..=of).map(|i| Shard::new(i, of).unwrap()).collect();
            for position in 0..40 {
                let takers = shards.iter().filter(|shard| shard.takes(position));
                assert_eq!(takers.count(), 1);
            }
        }
        assert_eq!("3/16".parse(), Shard::new(3, 16));
        assert!("1048576/1048576".parse::<Shard>().is_ok());
        assert_eq!("3/16".parse::<Shard>().unwrap().to_string(), "3/16");
        for wrong in [
            "",
            "3",
            "0/4",
            "5/4",
            "1/0",
            "-1/4",
            "a/b",
            "1/2/3",
            "1/1048577",
            "1/18446744073709551615",
        ] {
            assert_eq!(wrong.parse::<Shard>(), Err(ShardError), "{wrong}");
        }
    }
}
