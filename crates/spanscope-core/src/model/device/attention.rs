//! Attention of all heads of a layer, as tensors.
//!
//! Heads share the distances that the published code keeps for their layer, so that they go through one product; what
//! lies beyond a head's own reach is masked. Scores come by key, one column per position, and are turned to one column
//! per distance by moving each row one column further left than the one above: padded with as many zeros as there are
//! rows, the same numbers read with rows longer by one are just that.

use super::window::Window;
use crate::model::ModelError;
use crate::model::head_weights::{HeadSums, HeadWeights};
use crate::model::heads::Head;
use crate::model::normalisation::Normalisation;
use crate::model::observer::Observer;
use candle_core::{Result, Tensor};

/// The tensors and settings that a layer's heads compute with.
#[derive(Debug)]
pub(super) struct Heads {
    /// Distances, and columns of scores: column j is the distance `kept − j`.
    pub kept: usize,
    /// Of each head.
    reaches: Vec<usize>,
    /// heads × 1 × kept; `None` for fixed spans.
    mask: Option<Tensor>,
    /// The normalisation that follows the soft mask.
    normalisation: Normalisation,
    /// heads × 1 × kept, added to the scores: 0, and −∞ beyond a fixed window; `None` where all are as long as can be.
    window: Option<Tensor>,
    /// heads × 1 × d, zero for ablated heads; `None` if there are none.
    speaking: Option<Tensor>,
    /// Keys (heads × d × N, times √d) and values (heads × N × d, times √N) of the persistent vectors.
    persistent: Option<(Tensor, Tensor)>,
    /// p, a row per column of the scores: kept × d.
    positions: Tensor,
}

impl Heads {
    /// `positions` holds p by falling distance down to 1, a row each.
    pub fn new(heads: &[Head], positions: &Tensor) -> Result<Self> {
        let (d, device) = (positions.dim(1)?, positions.device());
        let vectors = heads.first().map_or(0, Head::vectors);
        let persistent = if vectors > 0 {
            let keys: Vec<f32> = heads
                .iter()
                .flat_map(|head| head.persistent.keys.to_rows())
                .collect();
            let keys = Tensor::from_vec(keys, (heads.len(), vectors, d), device)?;
            let mut values = Vec::with_capacity(heads.len() * vectors * d);
            for head in heads {
                // Rows are filled up to whole vectors.
                let filled = &head.persistent.values;
                for row in filled.chunks_exact(filled.len() / vectors) {
                    values.extend_from_slice(&row[..d]);
                }
            }
            let values = Tensor::from_vec(values, (heads.len(), vectors, d), device)?;
            Some((keys.transpose(1, 2)?.contiguous()?, values))
        } else {
            None
        };
        Self::looking(heads, positions, persistent)
    }

    /// With the same weights, and spans as `heads` has them.
    pub fn edited(&self, heads: &[Head], positions: &Tensor) -> Result<Self> {
        Self::looking(heads, positions, self.persistent.clone())
    }

    fn looking(
        heads: &[Head],
        positions: &Tensor,
        persistent: Option<(Tensor, Tensor)>,
    ) -> Result<Self> {
        let kept = heads.first().map_or(0, |head| head.kept);
        let (all, d) = positions.dims2()?;
        let device = positions.device();
        let row_each =
            |numbers: Vec<f32>| Tensor::from_vec(numbers, (heads.len(), 1, kept), device);
        let (mut mask, mut window) = (None, None);
        if heads.iter().any(|head| head.adaptive) {
            let mut numbers = Vec::with_capacity(heads.len() * kept);
            for head in heads {
                numbers.resize(numbers.len() + kept - head.reach, 0.0);
                numbers.extend_from_slice(&head.ramp);
                numbers.resize(numbers.len() + head.reach - head.ramp.len(), 1.0);
            }
            mask = Some(row_each(numbers)?);
        } else if heads.iter().any(|head| head.reach < kept) {
            let mut numbers = Vec::with_capacity(heads.len() * kept);
            for head in heads {
                numbers.resize(numbers.len() + kept - head.reach, f32::NEG_INFINITY);
                numbers.resize(numbers.len() + head.reach, 0.0);
            }
            window = Some(row_each(numbers)?);
        }
        let speaking = if heads.iter().any(|head| head.ablated) {
            let numbers = heads.iter().flat_map(|head| {
                let speaks = u8::from(!head.ablated);
                std::iter::repeat_n(speaks, d)
            });
            let shape = (heads.len(), 1, d);
            Some(Tensor::from_vec(numbers.collect(), shape, device)?)
        } else {
            None
        };
        Ok(Self {
            kept,
            reaches: heads.iter().map(|head| head.reach).collect(),
            mask,
            normalisation: heads
                .first()
                .map(|head| head.normalisation)
                .unwrap_or_default(),
            window,
            speaking,
            persistent,
            positions: positions.narrow(0, all - kept, kept)?,
        })
    }

    fn vectors(&self) -> Result<usize> {
        match &self.persistent {
            Some((keys, _)) => keys.dim(2),
            None => Ok(0),
        }
    }

    /// Queries that go together when no tensor may have more than `most` numbers.
    pub fn together(&self, most: usize) -> Result<usize> {
        let width = self.reaches.len() * (self.kept + self.vectors()?);
        let mut count = (most / width.max(1)).max(1);
        // Columns by key grow with the queries.
        while count > 1 && self.reaches.len() * count * (self.kept + count) > most {
            count = count.div_ceil(2);
        }
        Ok(count)
    }

    /// The attention of the queries `q` (heads × m × d, already divided by √d), the first at position `first`.
    pub fn attend(&self, q: &Tensor, window: &Window, first: usize) -> Result<Tile> {
        let (heads, m, d) = q.dims3()?;
        let kept = self.kept;
        let columns = kept + m - 1;
        let start = first as isize - kept as isize;
        let (keys, values) = window.rows(start, columns)?;
        let by_key = q.matmul(&keys.transpose(1, 2)?)?;
        let by_position = q.reshape((heads * m, d))?.matmul(&self.positions.t()?)?;
        let mut scores = (by_distance(&by_key, kept)? + by_position.reshape((heads, m, kept))?)?;
        if let Some(window) = &self.window {
            scores = scores.broadcast_add(window)?;
        }
        if let Some((keys, _)) = &self.persistent {
            scores = Tensor::cat(&[&scores, &q.matmul(keys)?], 2)?;
        }
        let terms = scores.broadcast_sub(&scores.max_keepdim(2)?)?.exp()?;
        let total = terms.sum_keepdim(2)?;
        let mut context = terms.narrow(2, 0, kept)?.contiguous()?;
        if let Some(mask) = &self.mask {
            context = context.broadcast_mul(mask)?;
        }
        let context_sum = context.sum_keepdim(2)?;
        let moved = by_column(&context)?;
        let mut read = moved.matmul(&values)?;
        let mut all = context_sum.clone();
        let mut persistent = None;
        let mut persistent_sum = context_sum.zeros_like()?;
        if let Some((_, values)) = &self.persistent {
            let terms = terms.narrow(2, kept, self.vectors()?)?.contiguous()?;
            persistent_sum = terms.sum_keepdim(2)?;
            read = (read + terms.matmul(values)?)?;
            all = (all + &persistent_sum)?;
            persistent = Some(terms);
        }
        // With a soft mask the published code divides the masked softmax by its sum + 1e-8; fairseq's port does not.
        let divisor = match (&self.mask, self.normalisation) {
            (Some(_), Normalisation::Renormalised) => (all + (total * 1e-8)?)?,
            _ => total,
        };
        let factor = divisor.recip()?;
        let before_start = usize::try_from(-start).unwrap_or(0).min(columns);
        let empty = match before_start {
            0 => context_sum.zeros_like()?,
            n => moved.narrow(2, 0, n)?.contiguous()?.sum_keepdim(2)?,
        };
        let sums = Tensor::cat(&[&(context_sum - &empty)?, &persistent_sum, &empty], 2)?;
        let mut read = read.broadcast_mul(&factor)?;
        if let Some(speaking) = &self.speaking {
            // Not a product: zero times infinity is no number.
            let speaking = speaking.broadcast_as(read.shape())?.contiguous()?;
            read = speaking.where_cond(&read, &read.zeros_like()?)?;
        }
        Ok(Tile {
            first,
            read,
            sums: sums.broadcast_mul(&factor)?,
            context,
            persistent,
            factor,
        })
    }
}

/// From one column per key (`kept` + m − 1) to one per distance (`kept`): row i begins at its column i.
fn by_distance(scores: &Tensor, kept: usize) -> Result<Tensor> {
    let (heads, m, columns) = scores.dims3()?;
    let rows = scores.reshape((heads, m * columns))?;
    let rows = rows.pad_with_zeros(1, 0, m)?;
    rows.reshape((heads, m, columns + 1))?.narrow(2, 0, kept)
}

/// The way back, with zeros for the keys that a row does not see.
fn by_column(weights: &Tensor) -> Result<Tensor> {
    let (heads, m, kept) = weights.dims3()?;
    let columns = kept + m - 1;
    let rows = weights.pad_with_zeros(2, 0, m)?;
    let rows = rows.reshape((heads, m * (columns + 1)))?;
    rows.narrow(1, 0, m * columns)?
        .contiguous()?
        .reshape((heads, m, columns))
}

/// The results of all heads of a layer for some queries.
pub(super) struct Tile {
    first: usize,
    /// heads × m × d.
    pub read: Tensor,
    /// heads × m × 3: on context, persistent vectors and before the text's start.
    sums: Tensor,
    /// heads × m × kept, times `factor` the weights.
    context: Tensor,
    /// heads × m × N, times `factor` the weights.
    persistent: Option<Tensor>,
    /// heads × m × 1.
    factor: Tensor,
}

impl Tile {
    /// Tells `observer` what it wants to know of layer `index`.
    pub fn tell(
        &self,
        heads: &Heads,
        index: usize,
        observer: &dyn Observer,
    ) -> std::result::Result<(), ModelError> {
        for (head, rows) in self.sums.to_vec3::<f32>()?.iter().enumerate() {
            // A difference of what is nearly the same may fall below zero.
            let column = |c: usize| rows.iter().map(|row| row[c].max(0.0)).collect::<Vec<_>>();
            let sums = HeadSums {
                first: self.first,
                context: column(0),
                persistent: column(1),
                empty: column(2),
                sink: Vec::new(),
            };
            observer.sums(index, head, &sums);
            if observer.wants(index, head) {
                let weights = self.weights(heads, head, sums.empty)?;
                observer.head(index, head, &weights);
            }
        }
        Ok(())
    }

    fn weights(&self, heads: &Heads, head: usize, empty: Vec<f32>) -> Result<HeadWeights> {
        let reach = heads.reaches[head];
        let factor = self.factor.get(head)?;
        let context = self.context.get(head)?;
        let context = context.narrow(1, heads.kept - reach, reach)?;
        // Columns begin with the farthest distance, weights with the nearest.
        let rows = context.broadcast_mul(&factor)?.to_vec2::<f32>()?;
        let weights = rows.iter().flat_map(|row| row.iter().rev()).copied();
        let persistent = match &self.persistent {
            Some(terms) => {
                let weights = terms.get(head)?.broadcast_mul(&factor)?;
                weights.flatten_all()?.to_vec1()?
            }
            None => Vec::new(),
        };
        Ok(HeadWeights {
            nearest: 1,
            sink: Vec::new(),
            first: self.first,
            queries: rows.len(),
            reach,
            vectors: heads.vectors()?,
            weights: weights.collect::<Vec<f32>>().into(),
            persistent,
            empty,
            ..HeadWeights::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    #[test]
    fn queries_go_together_as_far_as_the_scores_may_grow() {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        let mut heads = Heads {
            kept: 100,
            reaches: vec![100; 2],
            mask: None,
            normalisation: Normalisation::default(),
            window: None,
            speaking: None,
            persistent: None,
            positions: zeros(&[100, 1]),
        };
        for persistent in [None, Some((zeros(&[2, 1, 50]), zeros(&[2, 50, 1])))] {
            heads.persistent = persistent;
            let width = 100 + heads.vectors().unwrap();
            for most in [1, 500, 5_000, 1 << 20] {
                let count = heads.together(most).unwrap();
                let largest = 2 * count * width.max(100 + count);
                assert!(count == 1 || largest <= most, "{most}: {count}");
            }
            assert_eq!(heads.together(100).unwrap(), 1);
            assert!(heads.together(1 << 20).unwrap() > 300);
        }
    }

    #[test]
    fn columns_turn_to_distances_and_back() {
        // Two heads, three queries, four distances: six keys.
        let scores: Vec<f32> = (0..36).map(|x| x as f32).collect();
        let scores = Tensor::from_vec(scores, (2, 3, 6), &Device::Cpu).unwrap();
        let turned = by_distance(&scores, 4).unwrap();
        assert_eq!(
            turned.to_vec3::<f32>().unwrap()[1],
            [
                [18.0, 19.0, 20.0, 21.0],
                [25.0, 26.0, 27.0, 28.0],
                [32.0, 33.0, 34.0, 35.0]
            ]
        );
        assert_eq!(
            by_column(&turned).unwrap().to_vec3::<f32>().unwrap()[0],
            [
                [0.0, 1.0, 2.0, 3.0, 0.0, 0.0],
                [0.0, 7.0, 8.0, 9.0, 10.0, 0.0],
                [0.0, 0.0, 14.0, 15.0, 16.0, 17.0]
            ]
        );
    }
}
