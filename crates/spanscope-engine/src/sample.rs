//! Drawing a token.

use spanscope_core::mixer;

/// The settings by which the next token is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Divides the log-probabilities; 0 takes the likeliest token.
    pub temperature: f32,
    /// Only the likeliest tokens that together hold this probability are drawn.
    pub top_p: f32,
    /// Start of the random sequence: the same seed gives the same text.
    pub seed: u64,
}

impl Default for Sampling {
    /// As the model says: temperature 1, all tokens.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_p: 1.0,
            seed: 0,
        }
    }
}

/// A token drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampledToken {
    /// Its id.
    pub id: u32,
    /// The model's own log p of it, in nats: before temperature and top-p.
    pub log_p: f32,
}

/// The token that `u`, a number in [0, 1), draws from the log-probabilities of all tokens.
pub(super) fn draw(log_probs: &[f32], sampling: Sampling, u: f64) -> u32 {
    let mut order: Vec<u32> = (0..log_probs.len() as u32).collect();
    order.sort_by(|a, b| log_probs[*b as usize].total_cmp(&log_probs[*a as usize]));
    let best = order.first().copied().unwrap_or(0);
    if sampling.temperature <= 0.0 {
        return best;
    }
    let top = log_probs.get(best as usize).copied().unwrap_or(0.0);
    let weight = |id: u32| f64::from((log_probs[id as usize] - top) / sampling.temperature).exp();
    let total: f64 = order.iter().map(|&id| weight(id)).sum();
    let mut kept = 0.0;
    let end = order.iter().position(|&id| {
        kept += weight(id);
        kept >= total * f64::from(sampling.top_p)
    });
    order.truncate(end.map_or(order.len(), |end| end + 1));
    let mut left = u * kept.min(total);
    for &id in &order {
        left -= weight(id);
        if left < 0.0 {
            return id;
        }
    }
    best
}

/// A number in [0, 1).
pub(super) fn uniform(state: &mut u64) -> f64 {
    (mixer::next(state) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middles of a hundred equal parts of [0, 1): none lies on the edge between two tokens.
    fn grid() -> impl Iterator<Item = f64> {
        (0..100).map(|i| (f64::from(i) + 0.5) / 100.0)
    }

    #[test]
    fn top_p_keeps_the_likeliest_and_temperature_zero_takes_the_best() {
        let log_probs = [0.1_f32, 0.6, 0.3].map(f32::ln);
        let sampling = Sampling {
            temperature: 1.0,
            top_p: 0.5,
            seed: 0,
        };
        assert!(grid().all(|u| draw(&log_probs, sampling, u) == 1));
        let greedy = Sampling {
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
        };
        assert_eq!(draw(&log_probs, greedy, 0.99), 1);
        let all = Sampling {
            temperature: 1.0,
            top_p: 1.0,
            seed: 0,
        };
        let drawn: Vec<u32> = grid().map(|u| draw(&log_probs, all, u)).collect();
        assert_eq!(
            [0, 1, 2].map(|id| drawn.iter().filter(|&&d| d == id).count()),
            [10, 60, 30]
        );
        let warm = Sampling {
            temperature: 2.0,
            ..all
        };
        let drawn = grid().filter(|&u| draw(&log_probs, warm, u) == 1).count();
        // √0.6 / (√0.1 + √0.6 + √0.3): a higher temperature levels the probabilities.
        assert_eq!(drawn, 47);
    }
}
