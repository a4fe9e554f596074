//! The cache that a run keeps of every head: keys, values and queries, in blocks that runs share.
//!
//! A block holds the numbers of 64 consecutive tokens of one head. Cloning a run clones no numbers: a block is copied
//! when one of several owners changes it, so a text from before an edit costs only what the edit replaced.

use super::kernel::{LANES, Numbers, PANEL, Right};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Tokens per block.
pub(super) const BLOCK_TOKENS: usize = 64;

/// The numbers of consecutive tokens, block by block.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    /// Numbers per token.
    width: usize,
    /// Index of the first block that is kept.
    first: usize,
    /// Position of the first token that is kept.
    start: usize,
    blocks: VecDeque<Arc<Numbers>>,
    /// Blocks at the text's start that are kept for good.
    pins: usize,
    /// Those of them that are forgotten otherwise.
    pinned: Vec<Arc<Numbers>>,
}

impl Blocks {
    pub fn new(width: usize) -> Self {
        Self {
            width,
            first: 0,
            start: 0,
            blocks: VecDeque::new(),
            pins: 0,
            pinned: Vec::new(),
        }
    }

    /// Keeps as many blocks at the text's start for good; nothing may be forgotten yet.
    fn pin(&mut self, blocks: usize) {
        self.pins = blocks;
    }

    /// True if the blocks at the text's start that are kept for good are there, as far as the text goes.
    fn has_pinned(&self) -> bool {
        self.pinned.len() >= self.pins.min(self.first)
    }

    /// Block `index`: the tokens from `index · 64` on; nothing where it is forgotten or not there yet.
    pub fn get(&self, index: usize) -> &[f32] {
        let block = match index.checked_sub(self.first) {
            Some(i) => self.blocks.get(i),
            None => self.pinned.get(index),
        };
        block.map_or(&[], |block| block)
    }

    /// The same, to be written: blocks are added as needed.
    pub fn get_mut(&mut self, index: usize) -> &mut [f32] {
        let place = index.saturating_sub(self.first);
        while self.blocks.len() <= place {
            let block = Numbers::zeros(BLOCK_TOKENS * self.width);
            self.blocks.push_back(Arc::new(block));
        }
        let block: &mut Numbers = Arc::make_mut(&mut self.blocks[place]);
        block
    }

    /// Block `index`, to be changed; `None` where it is forgotten or not there yet.
    fn change(&mut self, index: usize) -> Option<&mut [f32]> {
        let block = match index.checked_sub(self.first) {
            Some(i) => self.blocks.get_mut(i)?,
            None => self.pinned.get_mut(index)?,
        };
        let block: &mut Numbers = Arc::make_mut(block);
        Some(block)
    }

    /// The rows of the tokens in `range` of one block, where a block is row after row.
    pub fn rows(&self, index: usize, range: Range<usize>) -> &[f32] {
        self.get(index)
            .get(range.start * self.width..range.end * self.width)
            .unwrap_or_default()
    }

    /// Writes the row of the token at `position`, where a block is row after row.
    pub fn put(&mut self, position: usize, row: &[f32]) {
        let (width, at) = (self.width, position % BLOCK_TOKENS);
        self.get_mut(position / BLOCK_TOKENS)[at * width..][..row.len()].copy_from_slice(row);
    }

    /// Drops the blocks in which no token before `len` lies.
    pub fn truncate(&mut self, len: usize) {
        let blocks = len.div_ceil(BLOCK_TOKENS).saturating_sub(self.first);
        self.blocks.truncate(blocks);
        if len < self.start {
            // All that is kept goes, and what comes next is the first.
            self.blocks.clear();
            self.pinned.clear();
            self.first = len / BLOCK_TOKENS;
            self.start = len;
        }
    }

    /// Drops the blocks that lie wholly before the token at `position`.
    pub fn forget(&mut self, position: usize) {
        while (self.first + 1) * BLOCK_TOKENS <= position && !self.blocks.is_empty() {
            let block = self.blocks.pop_front();
            if self.first == self.pinned.len() && self.first < self.pins {
                self.pinned.extend(block);
            }
            self.first += 1;
            self.start = self.start.max(self.first * BLOCK_TOKENS);
        }
    }

    /// Makes the token at `position` the first that is kept, of blocks in which there is nothing yet.
    fn begin(&mut self, position: usize) {
        self.first = position / BLOCK_TOKENS;
        self.start = position;
    }

    /// Position of the first token that is kept.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Memory of its blocks, shared ones included, in bytes.
    pub fn bytes(&self) -> usize {
        (self.blocks.len() + self.pinned.len()) * BLOCK_TOKENS * self.width * size_of::<f32>()
    }
}

/// Keys, values and queries of one head.
#[derive(Debug, Clone)]
pub(super) struct HeadCache {
    dim: usize,
    /// d × 64: the keys of a block's tokens side by side.
    k: Blocks,
    /// Row after row, filled up with zeros to [`value_width`].
    v: Blocks,
    /// Row after row.
    q: Blocks,
    /// For every token, the norm of the longest key up to it.
    longest: Blocks,
}

/// Numbers in a row of values of head dimension `dim`: as many as whole vectors hold.
pub(super) fn value_width(dim: usize) -> usize {
    dim.next_multiple_of(LANES)
}

impl HeadCache {
    pub fn new(dim: usize) -> Self {
        Self {
            dim,
            k: Blocks::new(dim),
            v: Blocks::new(value_width(dim)),
            q: Blocks::new(dim),
            longest: Blocks::new(1),
        }
    }

    /// Keeps keys and values of as many blocks at the text's start, whatever is forgotten.
    pub fn pin(&mut self, blocks: usize) {
        self.k.pin(blocks);
        self.v.pin(blocks);
    }

    /// As of a run that has forgotten all before the key of the token at `key` and the query of that at `query`; `longest`
    /// is the norm of the longest key before. There are no values: weights do not need them.
    pub fn recorded(dim: usize, key: usize, query: usize, longest: f32) -> Self {
        let mut cache = Self::new(dim);
        cache.k.begin(key);
        cache.v.begin(key);
        cache.q.begin(query);
        if let Some(before) = key.checked_sub(1) {
            cache.longest.begin(before);
            cache.longest.put(before, &[longest]);
        }
        cache
    }

    /// Writes query, key and value of the token at `position`.
    pub fn put(&mut self, position: usize, q: &[f32], k: &[f32], v: &[f32]) {
        self.q.put(position, q);
        self.v.put(position, v);
        self.put_key(position, k);
    }

    /// Puts another key and another value in the place of those of the token at `position`, which must be there. The norms of
    /// the longest keys stay as they are.
    pub fn replace(&mut self, position: usize, k: &[f32], v: &[f32]) {
        let at = position % BLOCK_TOKENS;
        if let Some(block) = self.k.change(position / BLOCK_TOKENS) {
            for (place, value) in block[at..].iter_mut().step_by(BLOCK_TOKENS).zip(k) {
                *place = *value;
            }
        }
        let width = value_width(self.dim);
        if let Some(block) = self.v.change(position / BLOCK_TOKENS) {
            block[at * width..][..v.len()].copy_from_slice(v);
        }
    }

    /// Writes the query of the token at `position` of a recorded run; queries before the first are left out.
    pub fn put_query(&mut self, position: usize, q: &[f32]) {
        if position >= self.q.start() {
            self.q.put(position, q);
        }
    }

    /// Writes the key of the token at `position`.
    pub fn put_key(&mut self, position: usize, k: &[f32]) {
        let at = position % BLOCK_TOKENS;
        let block = self.k.get_mut(position / BLOCK_TOKENS);
        let mut square = 0.0;
        for (place, value) in block[at..].iter_mut().step_by(BLOCK_TOKENS).zip(k) {
            *place = *value;
            square += value * value;
        }
        let before = self.longest_key(position);
        self.longest.put(position, &[before.max(square.sqrt())]);
    }

    /// The queries of some tokens of a block: as many rows of d.
    pub fn queries(&self, block: usize, range: Range<usize>) -> &[f32] {
        self.q.rows(block, range)
    }

    /// The keys of `count` panels of one block, from the 32 tokens from `panel · 32` on: d × count · 32. `None` where they are
    /// forgotten.
    pub fn keys(&self, panel: usize, count: usize) -> Option<Right<'_>> {
        let per_block = BLOCK_TOKENS / PANEL;
        let block = self.k.get(panel / per_block);
        let data = block.get(panel % per_block * PANEL..)?;
        (!data.is_empty()).then_some(Right {
            data,
            cols: count * PANEL,
            stride: BLOCK_TOKENS,
        })
    }

    /// The key of the token at `position`, number by number.
    pub fn key(&self, position: usize) -> Option<impl Iterator<Item = &f32>> {
        let block = self.k.get(position / BLOCK_TOKENS);
        let column = block.get(position % BLOCK_TOKENS..)?;
        (!column.is_empty()).then(|| column.iter().step_by(BLOCK_TOKENS))
    }

    /// The values of some tokens of a block: as many rows of [`value_width`].
    pub fn values(&self, block: usize, range: Range<usize>) -> Right<'_> {
        let width = value_width(self.dim);
        Right {
            data: self.v.rows(block, range),
            cols: width,
            stride: width,
        }
    }

    /// Copies the keys and values of consecutive tokens, from position `start` on, row by row (d numbers each). Rows
    /// before the text's start, and of tokens that are forgotten, are left alone.
    #[cfg(feature = "device")]
    pub fn copy(&self, start: isize, keys: &mut [f32], values: &mut [f32]) {
        let rows = keys.chunks_exact_mut(self.dim);
        for (i, (k, v)) in rows.zip(values.chunks_exact_mut(self.dim)).enumerate() {
            let Ok(position) = usize::try_from(start + i as isize) else {
                continue;
            };
            if let Some(column) = self.key(position) {
                k.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
            }
            let at = position % BLOCK_TOKENS;
            let row = self.v.rows(position / BLOCK_TOKENS, at..at + 1);
            if let Some(row) = row.get(..self.dim) {
                v.copy_from_slice(row);
            }
        }
    }

    /// Copies the keys of consecutive tokens, from position `start` on, to `rows`: d numbers each, `stride` apart. False
    /// where some are forgotten.
    pub fn copy_keys(&self, start: usize, rows: &mut [f32], stride: usize) -> bool {
        for (i, row) in rows.chunks_mut(stride.max(1)).enumerate() {
            let Some(column) = self.key(start + i) else {
                return false;
            };
            let to = row.iter_mut().take(self.dim);
            to.zip(column).for_each(|(to, from)| *to = *from);
        }
        true
    }

    /// As [`copy_keys`](Self::copy_keys), the queries.
    pub fn copy_queries(&self, start: usize, rows: &mut [f32], stride: usize) -> bool {
        for (i, row) in rows.chunks_mut(stride.max(1)).enumerate() {
            let at = (start + i) % BLOCK_TOKENS;
            let query = self.queries((start + i) / BLOCK_TOKENS, at..at + 1);
            if query.len() != self.dim || start < self.q.start() {
                return false;
            }
            let to = row.iter_mut().take(self.dim);
            to.zip(query).for_each(|(to, from)| *to = *from);
        }
        true
    }

    /// An upper bound of the norms of the keys before the token at `position`.
    pub fn longest_key(&self, position: usize) -> f32 {
        let before = position.checked_sub(1).and_then(|last| {
            let at = last % BLOCK_TOKENS;
            self.longest
                .rows(last / BLOCK_TOKENS, at..at + 1)
                .first()
                .copied()
        });
        before.unwrap_or(0.0)
    }

    pub fn truncate(&mut self, len: usize) {
        for blocks in [&mut self.k, &mut self.v, &mut self.q, &mut self.longest] {
            blocks.truncate(len);
        }
    }

    /// Frees what no query from `position` on needs: values `reach` tokens before it, keys `kept` before it.
    pub fn forget(&mut self, position: usize, reach: usize, kept: usize) {
        self.k.forget(position.saturating_sub(kept));
        self.longest.forget(position.saturating_sub(1));
        self.v.forget(position.saturating_sub(reach));
        self.q.forget(position);
    }

    /// True if the keys and values that queries from `position` on need are all there.
    pub fn sees(&self, position: usize, reach: usize, kept: usize) -> bool {
        self.k.start() <= position.saturating_sub(kept)
            && self.v.start() <= position.saturating_sub(reach)
            && self.k.has_pinned()
            && self.v.has_pinned()
    }

    /// True if the query of the token at `position` is kept.
    pub fn has_query(&self, position: usize) -> bool {
        self.first_query() <= position
    }

    /// Position of the first token whose query is kept.
    pub fn first_query(&self) -> usize {
        self.q.start()
    }

    pub fn bytes(&self) -> usize {
        self.k.bytes() + self.v.bytes() + self.q.bytes() + self.longest.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(tokens: usize) -> HeadCache {
        let mut cache = HeadCache::new(3);
        for t in 0..tokens {
            let x = t as f32;
            cache.put(t, &[x, 0.0, 1.0], &[x, x + 0.5, -x], &[2.0 * x; 3]);
        }
        cache
    }

    #[test]
    fn keys_lie_side_by_side_and_values_row_by_row() {
        let cache = filled(70);
        let keys = cache.keys(1, 1).unwrap();
        assert_eq!(keys.data[keys.stride + 5], 37.5);
        assert_eq!(cache.keys(0, 2).unwrap().data[37], 37.0);
        assert_eq!(cache.keys(2, 1).unwrap().data[5], 69.0);
        assert!(cache.keys(4, 1).is_none());
        let values = cache.values(1, 2..4);
        assert_eq!((values.stride, values.data.len()), (16, 32));
        assert_eq!((values.data[0], values.data[3]), (132.0, 0.0));
        assert_eq!(cache.queries(0, 7..8), [7.0, 0.0, 1.0]);
        assert!(cache.longest_key(70) > 119.0 && cache.longest_key(10) < 16.0);
        assert_eq!(cache.longest_key(0), 0.0);
    }

    #[cfg(feature = "device")]
    #[test]
    fn rows_are_copied_as_far_as_they_are_there() {
        let mut cache = filled(300);
        cache.forget(290, 10, 130);
        let (mut keys, mut values) = (vec![7.0; 303 * 3], vec![7.0; 303 * 3]);
        cache.copy(-2, &mut keys, &mut values);
        assert_eq!(keys[..6], [7.0; 6]);
        assert_eq!(
            keys[(2 + 127) * 3..][..6],
            [7.0, 7.0, 7.0, 128.0, 128.5, -128.0]
        );
        assert_eq!(
            values[(2 + 255) * 3..][..6],
            [7.0, 7.0, 7.0, 512.0, 512.0, 512.0]
        );
        assert_eq!(keys[(2 + 299) * 3..][..3], [299.0, 299.5, -299.0]);
    }

    #[test]
    fn a_clone_shares_its_blocks_until_one_is_written() {
        let mut cache = filled(70);
        let before = cache.clone();
        cache.put(69, &[0.0; 3], &[9.0; 3], &[0.0; 3]);
        assert_eq!(before.keys(2, 1).unwrap().data[5], 69.0);
        assert_eq!(cache.keys(2, 1).unwrap().data[5], 9.0);
        assert!(Arc::ptr_eq(&before.k.blocks[0], &cache.k.blocks[0]));
    }

    #[test]
    fn what_is_forgotten_is_gone_and_a_cut_to_nothing_begins_anew() {
        let mut cache = filled(300);
        cache.forget(290, 10, 130);
        assert!(cache.keys(3, 1).is_none() && cache.keys(4, 1).is_some());
        assert!(cache.values(3, 0..4).data.is_empty());
        assert!(!cache.values(4, 24..30).data.is_empty());
        assert!(cache.sees(290, 10, 130) && !cache.sees(200, 10, 130));
        assert!(!cache.has_query(200) && cache.has_query(280));
        // Cut back to before the queries that are kept: the first new one is the first there is.
        cache.truncate(250);
        cache.put(250, &[7.0; 3], &[1.0; 3], &[1.0; 3]);
        assert!(!cache.has_query(249) && cache.has_query(250));
        assert_eq!(cache.queries(3, 58..59), [7.0; 3]);
        cache.truncate(200);
        cache.put(200, &[8.0; 3], &[1.0; 3], &[1.0; 3]);
        assert_eq!(cache.queries(3, 8..9), [8.0; 3]);
        cache.truncate(0);
        assert!(cache.sees(0, 10, 130));
        cache.put(0, &[1.0; 3], &[1.0; 3], &[1.0; 3]);
        assert_eq!(cache.queries(0, 0..1), [1.0; 3]);
    }
}
