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
        let Some(most) = ids.iter().max() else {
            return Self::default();
        };
        // Where the positions of each token begin, and then where its next one goes.
        let mut begins = vec![0_u32; *most as usize + 2];
        for id in ids {
            begins[*id as usize + 1] += 1;
        }
        for i in 1..begins.len() {
            begins[i] += begins[i - 1];
        }
        let mut next = begins.clone();
        let mut order = vec![0; ids.len()];
        let mut places = Vec::with_capacity(ids.len());
        for (position, id) in (0..).zip(ids) {
            let at = next[*id as usize];
            next[*id as usize] += 1;
            order[at as usize] = position;
            places.push((begins[*id as usize], at));
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
