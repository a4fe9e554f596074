//! The reach of a head, as a number to compute with or, where something ends it, as one to show.

use std::cmp::Ordering;

/// The distances that a head sees: as many as its window, its span or the longest text that it was trained for has, or, where nothing
/// of that is designed, those of any text. It has no `Display`: only an [end](Self::end) that is designed can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reach(usize);

/// The most distances that are computed with where nothing is designed that would end them.
const LONGEST: usize = 1 << 22;

impl Reach {
    /// That of a head that no window, no span and no context ends.
    pub const ENDLESS: Self = Self(usize::MAX);

    /// One that ends after so many distances.
    pub fn of(keys: usize) -> Self {
        Self(keys.min(usize::MAX - 1))
    }

    /// One that ends where `end` says so.
    pub fn ending(end: Option<usize>) -> Self {
        end.map_or(Self::ENDLESS, Self::of)
    }

    /// The number of distances to compute with: longer than any text where nothing ends it.
    pub fn keys(self) -> usize {
        self.end().unwrap_or(LONGEST)
    }

    /// The number of distances that is designed; `None` where nothing ends it.
    pub fn end(self) -> Option<usize> {
        (self != Self::ENDLESS).then_some(self.0)
    }

    /// The number of distances that lie in a text of so many tokens.
    pub fn within(self, tokens: usize) -> usize {
        self.0.min(tokens)
    }
}

impl PartialEq<usize> for Reach {
    fn eq(&self, keys: &usize) -> bool {
        self.end() == Some(*keys)
    }
}

impl PartialOrd<usize> for Reach {
    fn partial_cmp(&self, keys: &usize) -> Option<Ordering> {
        Some(self.cmp(&Self::of(*keys)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_ends_is_longer_than_all_and_has_no_number() {
        let endless = Reach::ENDLESS;
        assert_eq!(endless.end(), None);
        assert_eq!(Reach::of(1 << 23).end(), Some(1 << 23));
        assert!(endless > Reach::of(usize::MAX) && endless > usize::MAX);
        assert!(endless != LONGEST && Reach::of(7) == 7 && Reach::of(7) < 8);
        assert_eq!((endless.within(20), Reach::of(7).within(20)), (20, 7));
        assert_eq!(Reach::ending(None), endless);
    }
}
