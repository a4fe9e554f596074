//! The division of a head's weight between context, persistent vectors and empty context.

use crate::model::{HeadSums, Observer};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Mean shares of one head's weight over the tokens of a text.
///
/// Together they are 1, but for heads nearly all of whose softmax lies beyond their reach: there the published
/// division by (sum + 1e-8) leaves less. In fairseq's port, which does not divide, they lack what the soft mask took away.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shares {
    /// On tokens of the text.
    pub context: f32,
    /// On persistent vectors.
    pub persistent: f32,
    /// On distances before the text's start.
    pub empty: f32,
    /// On the head's learned sink; 0 where it has none.
    pub sink: f32,
}

impl Shares {
    /// The shortfall of their sum from 1: in fairseq's port the share that the soft mask took away.
    pub fn masked(&self) -> f32 {
        (1.0 - self.context - self.persistent - self.empty - self.sink).clamp(0.0, 1.0)
    }
}

/// Tokens per block.
const BLOCK: usize = 64;

/// Kinds of shares.
const KINDS: usize = 4;

/// The shares of all heads for the tokens of one block: head by head, kind by kind, one number per token or, in a block
/// that is summed up, their sum.
#[derive(Debug, Clone)]
enum Rows {
    Tokens(Vec<f32>),
    Sums(Vec<f32>),
}

/// Records the shares of every head, token by token, while a network runs.
///
/// Kept per token and not as sums, so that an edit costs what follows it: [`ShareRecorder::truncate`] forgets
/// the tokens that will run again. Of a long text, what lies far back can be [summed up](Self::sum_up).
#[derive(Debug)]
pub struct ShareRecorder {
    heads: usize,
    nb_heads: usize,
    blocks: Mutex<Vec<Rows>>,
}

/// The shares that [`ShareRecorder::cut_off`] took away, to be put back.
#[derive(Debug)]
pub struct CutShares {
    at: usize,
    blocks: Vec<Rows>,
}

impl ShareRecorder {
    /// An empty record for `nb_layers` × `nb_heads` heads.
    pub fn new(nb_layers: usize, nb_heads: usize) -> Self {
        Self {
            heads: nb_layers * nb_heads,
            nb_heads,
            blocks: Mutex::new(Vec::new()),
        }
    }

    fn blocks(&self) -> MutexGuard<'_, Vec<Rows>> {
        // A panic elsewhere leaves at worst rows that are written again.
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all tokens from position `len` on. Where `len` lies within a block that is summed up, the whole block has
    /// to run again for its sums to be right.
    pub fn truncate(&self, len: usize) {
        self.blocks().truncate(len.div_ceil(BLOCK));
    }

    /// As [`truncate`](Self::truncate), giving what is forgotten.
    pub fn cut_off(&self, len: usize) -> CutShares {
        let mut blocks = self.blocks();
        let whole = (len / BLOCK).min(blocks.len());
        let cut = CutShares {
            at: len,
            blocks: blocks[whole..].to_vec(),
        };
        blocks.truncate(len.div_ceil(BLOCK));
        cut
    }

    /// Puts back what was cut off a text that begins alike.
    pub fn put_back(&self, cut: CutShares) {
        let mut blocks = self.blocks();
        blocks.truncate(cut.at / BLOCK);
        blocks.extend(cut.blocks);
    }

    /// Keeps no more than sums of the blocks that lie wholly before position `len`: a text of any length takes little
    /// memory so.
    pub fn sum_up(&self, len: usize) {
        let mut blocks = self.blocks();
        let whole = (len / BLOCK).min(blocks.len());
        // From the last to the first that is new.
        for rows in blocks[..whole].iter_mut().rev() {
            match rows {
                Rows::Sums(_) => return,
                Rows::Tokens(tokens) => {
                    let sums = tokens.chunks_exact(BLOCK).map(|row| row.iter().sum());
                    *rows = Rows::Sums(sums.collect());
                }
            }
        }
    }

    /// The mean shares over the first `len` tokens, layer by layer; nothing for no tokens.
    pub fn means(&self, len: usize) -> Vec<Shares> {
        if len == 0 {
            return Vec::new();
        }
        let mut sums = vec![0.0_f64; self.heads * KINDS];
        for (i, rows) in self.blocks().iter().enumerate() {
            let seen = len.saturating_sub(i * BLOCK).min(BLOCK);
            match rows {
                Rows::Sums(all) => {
                    for (sum, more) in sums.iter_mut().zip(all) {
                        *sum += f64::from(*more);
                    }
                }
                Rows::Tokens(tokens) => {
                    for (sum, row) in sums.iter_mut().zip(tokens.chunks_exact(BLOCK)) {
                        *sum += f64::from(row[..seen].iter().sum::<f32>());
                    }
                }
            }
        }
        let mean = |sum: f64| (sum / len as f64) as f32;
        let shares = |sums: &[f64]| Shares {
            context: mean(sums[0]),
            persistent: mean(sums[1]),
            empty: mean(sums[2]),
            sink: mean(sums[3]),
        };
        sums.chunks_exact(KINDS).map(shares).collect()
    }
}

impl Observer for ShareRecorder {
    fn wants(&self, _: usize, _: usize) -> bool {
        false
    }

    fn sums(&self, layer: usize, head: usize, sums: &HeadSums) {
        let head = layer * self.nb_heads + head;
        if head >= self.heads {
            return;
        }
        let mut blocks = self.blocks();
        let kinds = [&sums.context, &sums.persistent, &sums.empty, &sums.sink];
        for (kind, values) in kinds.into_iter().enumerate() {
            let mut at = sums.first;
            let mut rest = values.as_slice();
            while !rest.is_empty() {
                let (block, place) = (at / BLOCK, at % BLOCK);
                while blocks.len() <= block {
                    blocks.push(Rows::Tokens(vec![0.0; self.heads * KINDS * BLOCK]));
                }
                let (now, later) = rest.split_at(rest.len().min(BLOCK - place));
                if let Rows::Sums(_) = blocks[block] {
                    // It runs again from its beginning.
                    blocks[block] = Rows::Tokens(vec![0.0; self.heads * KINDS * BLOCK]);
                }
                if let Rows::Tokens(tokens) = &mut blocks[block] {
                    let start = (head * KINDS + kind) * BLOCK + place;
                    tokens[start..start + now.len()].copy_from_slice(now);
                }
                at += now.len();
                rest = later;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Query 0 sees nothing but empty context, the others none of it.
    fn tile(first: usize, context: &[f32], persistent: &[f32]) -> HeadSums {
        let is_first = |i: usize| first + i == 0;
        let split = |empty: bool| {
            let of = |(i, w): (usize, &f32)| if is_first(i) == empty { *w } else { 0.0 };
            context.iter().enumerate().map(of).collect()
        };
        HeadSums {
            first,
            context: split(false),
            persistent: persistent.to_vec(),
            empty: split(true),
            sink: Vec::new(),
        }
    }

    fn close(a: f32, b: f32) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }

    #[test]
    fn tiles_in_any_order_give_the_means_and_an_edit_forgets_what_follows() {
        let recorder = ShareRecorder::new(1, 2);
        recorder.sums(0, 1, &tile(2, &[0.6, 0.6], &[0.4, 0.4]));
        recorder.sums(0, 1, &tile(0, &[0.8, 0.8], &[0.2, 0.2]));
        let [none, shares] = recorder.means(4)[..] else {
            panic!("two heads")
        };
        assert_eq!(none, Shares::default());
        close(shares.empty, 0.2);
        close(shares.persistent, 0.3);
        close(shares.context, 0.5);
        recorder.truncate(2);
        close(recorder.means(2)[1].empty, 0.4);
        assert!(recorder.means(0).is_empty());
    }

    #[test]
    fn sums_of_what_lies_far_back_change_no_mean_and_what_is_cut_off_can_be_put_back() {
        let recorder = ShareRecorder::new(1, 1);
        let rows: Vec<f32> = (0..300).map(|i| 0.5 + 0.001 * i as f32).collect();
        recorder.sums(0, 0, &tile(0, &rows, &vec![0.25; 300]));
        let before = recorder.means(300)[0];
        recorder.sum_up(200);
        recorder.sum_up(200);
        close(recorder.means(300)[0].context, before.context);
        close(recorder.means(300)[0].persistent, 0.25);
        let cut = recorder.cut_off(250);
        recorder.sums(0, 0, &tile(250, &[9.0; 80], &[9.0; 80]));
        assert!(recorder.means(330)[0].context > 1.0);
        recorder.put_back(cut);
        close(recorder.means(300)[0].context, before.context);
        // A block that is summed up runs again as a whole.
        recorder.truncate(64);
        recorder.sums(0, 0, &tile(64, &rows[64..], &vec![0.25; 236]));
        close(recorder.means(300)[0].context, before.context);
    }
}
