//! Where each token of a text stands.

/// The positions of every token, token by token.
#[derive(Debug, Clone, Default)]
pub struct Occurrences {
    /// Positions, those of one token together and rising.
    order: Vec<u32>,
    /// Of each position: where its token's positions begin, and where it stands itself.
    places: Vec<(u32, u32)>,
}

impl Occurrences {
    /// Of a text.
    pub fn of(ids: &[u32]) -> Self {
        let mut order: Vec<u32> = (0..ids.len() as u32).collect();
        order.sort_by_key(|position| ids[*position as usize]);
        let mut places = vec![(0, 0); ids.len()];
        let mut begin = 0;
        for (at, position) in order.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| order[before]);
            let is_same =
                before.is_some_and(|before| ids[before as usize] == ids[*position as usize]);
            if !is_same {
                begin = at as u32;
            }
            places[*position as usize] = (begin, at as u32);
        }
        Self { order, places }
    }

    /// The positions before `position` where the same token stands, rising; none where the text has no such position.
    pub fn earlier(&self, position: usize) -> &[u32] {
        let place = self.places.get(position).copied();
        let (begin, at) = place.unwrap_or_default();
        self.order
            .get(begin as usize..at as usize)
            .unwrap_or_default()
    }
}
