//! A set of positions in a text, kept as ranges: a selection may cover all of a long one.

use std::ops::Range;

/// Positions among the tokens of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TokenSet {
    /// Neither empty nor touching each other, in order.
    ranges: Vec<Range<usize>>,
}

impl TokenSet {
    /// The one token at `position`.
    pub fn one(position: usize) -> Self {
        Self::from(position..position + 1)
    }

    /// True if there is no token in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.ranges.iter().map(ExactSizeIterator::len).sum()
    }

    /// True if the token at `position` is in it.
    pub fn contains(&self, position: usize) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= position);
        after
            .checked_sub(1)
            .is_some_and(|i| self.ranges[i].contains(&position))
    }

    /// The first token.
    pub fn first(&self) -> Option<usize> {
        self.ranges.first().map(|range| range.start)
    }

    /// The last token.
    pub fn last(&self) -> Option<usize> {
        self.ranges.last().map(|range| range.end - 1)
    }

    /// The token, if there is just one.
    pub fn single(&self) -> Option<usize> {
        self.first().filter(|_| self.len() == 1)
    }

    /// Its tokens in runs without gaps, in order.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Its tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.ranges.iter().cloned().flatten()
    }

    /// Adds the tokens of `range`.
    pub fn insert(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        // What touches it becomes one with it.
        let from = self.ranges.partition_point(|r| r.end < range.start);
        let to = self.ranges.partition_point(|r| r.start <= range.end);
        let joined = self.ranges[from..to]
            .iter()
            .fold(range, |a, b| a.start.min(b.start)..a.end.max(b.end));
        self.ranges.splice(from..to, [joined]);
    }

    /// Takes the tokens of `range` out.
    pub fn remove(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let cut = |r: &Range<usize>| {
            let before = r.start..r.end.min(range.start);
            let after = r.start.max(range.end)..r.end;
            [before, after]
        };
        self.ranges = self
            .ranges
            .iter()
            .flat_map(cut)
            .filter(|r| !r.is_empty())
            .collect();
    }

    /// Adds the token at `position`, or takes it out if it is there.
    pub fn toggle(&mut self, position: usize) {
        if self.contains(position) {
            self.remove(position..position + 1);
        } else {
            self.insert(position..position + 1);
        }
    }

    /// Takes out the tokens from position `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.remove(len..usize::MAX);
    }
}

impl From<Range<usize>> for TokenSet {
    fn from(range: Range<usize>) -> Self {
        let mut set = Self::default();
        set.insert(range);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_split_and_count() {
        let mut set = TokenSet::from(3..5);
        set.insert(8..9);
        set.insert(5..6);
        assert_eq!(set.ranges(), [3..6, 8..9]);
        assert_eq!((set.len(), set.first(), set.last()), (4, Some(3), Some(8)));
        set.insert(6..8);
        assert_eq!(set.ranges(), std::slice::from_ref(&(3..9)));
        set.toggle(4);
        assert_eq!(set.ranges(), [3..4, 5..9]);
        assert!(set.contains(3) && !set.contains(4) && !set.contains(9));
        set.truncate(6);
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 5]);
        set.remove(0..10);
        assert!(set.is_empty() && set.single().is_none());
        assert_eq!(TokenSet::one(7).single(), Some(7));
        set.insert(5..5);
        assert!(set.is_empty());
    }
}
