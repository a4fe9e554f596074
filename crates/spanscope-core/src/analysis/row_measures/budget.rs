//! How few keys, and how short a distance, hold most of a row's weight.

/// The sums of a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// Σ a.
    pub sum: f64,
    /// Σ a².
    pub squares: f64,
    /// The largest a.
    pub largest: f32,
}

/// Numbers that are added side by side.
const LANES: usize = 16;

/// Numbers whose sums are taken in 32 bits before they are added in 64.
const PART: usize = 512;

impl Totals {
    /// Of these weights, in an order that depends on their number only.
    #[inline(always)]
    pub fn of(weights: &[f32]) -> Self {
        let mut all = Self::default();
        for part in weights.chunks(PART) {
            let (mut sums, mut squares, mut most) =
                ([0.0_f32; LANES], [0.0_f32; LANES], [0.0_f32; LANES]);
            let mut whole = part.chunks_exact(LANES);
            for lanes in &mut whole {
                for i in 0..LANES {
                    sums[i] += lanes[i];
                    squares[i] += lanes[i] * lanes[i];
                    most[i] = if lanes[i] > most[i] {
                        lanes[i]
                    } else {
                        most[i]
                    };
                }
            }
            for (i, weight) in whole.remainder().iter().enumerate() {
                sums[i] += weight;
                squares[i] += weight * weight;
                most[i] = most[i].max(*weight);
            }
            all.sum += sums.iter().copied().map(f64::from).sum::<f64>();
            all.squares += squares.iter().copied().map(f64::from).sum::<f64>();
            all.largest = most.iter().copied().fold(all.largest, f32::max);
        }
        all
    }
}

/// Weights of one octave and their eighths share a bin.
const SHIFT: u32 = 20;

/// The fewest weights that hold `share` of all, 0 where there is no weight. `room` is memory to be used again.
#[inline(always)]
pub fn minimum_budget(weights: &[f32], totals: &Totals, share: f64, room: &mut Vec<f32>) -> usize {
    if !(totals.sum > 0.0 && totals.sum.is_finite()) {
        return 0;
    }
    let wanted = share * totals.sum;
    // All that are smaller hold less than the rest of the share together, so that none of them is needed.
    let least = ((1.0 - share) * totals.sum / weights.len() as f64) as f32 * 0.999;
    let least = least.max(f32::MIN_POSITIVE);
    let lowest = least.to_bits() >> SHIFT;
    let bins = (totals.largest.to_bits() >> SHIFT).saturating_sub(lowest) as usize + 1;
    let mut counts = [0_u32; MOST_BINS];
    let mut masses = [0.0_f64; MOST_BINS];
    let bin = |weight: f32| ((weight.to_bits() >> SHIFT).wrapping_sub(lowest)) as usize;
    let bins = bins.min(MOST_BINS);
    for weight in weights.iter().filter(|weight| **weight >= least) {
        let bin = bin(*weight).min(bins - 1);
        counts[bin] += 1;
        masses[bin] += f64::from(*weight);
    }
    let (mut held, mut count) = (0.0, 0_usize);
    for of in (0..bins).rev() {
        if held + masses[of] < wanted {
            held += masses[of];
            count += counts[of] as usize;
            continue;
        }
        // The share is reached within this bin.
        room.clear();
        let here = weights
            .iter()
            .filter(|weight| **weight >= least && bin(**weight).min(bins - 1) == of);
        room.extend(here);
        room.sort_unstable_by(|a, b| b.total_cmp(a));
        for weight in room.iter() {
            held += f64::from(*weight);
            count += 1;
            if held >= wanted {
                return count;
            }
        }
    }
    // Roundings left a trace missing.
    count
}

/// Enough for weights from 1 down to the least of a row of four million.
const MOST_BINS: usize = 256;

/// The first column up to which the columns hold `share` of a row's weight; `None` where it has none.
#[inline(always)]
pub fn row_span(weights: &[f32], totals: &Totals, share: f64) -> Option<usize> {
    if !(totals.sum > 0.0 && totals.sum.is_finite()) {
        return None;
    }
    let (wanted, mut held) = (share * totals.sum, 0.0);
    for (i, part) in weights.chunks(64).enumerate() {
        let mut lanes = [0.0_f32; 8];
        for (at, weight) in part.iter().enumerate() {
            lanes[at % 8] += weight;
        }
        let more = lanes.iter().copied().map(f64::from).sum::<f64>();
        if held + more < wanted {
            held += more;
            continue;
        }
        for (at, weight) in part.iter().enumerate() {
            held += f64::from(*weight);
            if held >= wanted {
                return Some(i * 64 + at);
            }
        }
    }
    Some(weights.len().saturating_sub(1))
}
