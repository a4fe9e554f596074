//! What a run costs: floating-point operations, and memory for keys and values.
//!
//! Only what the result needs is counted, a multiplication and its addition as two operations: what a program
//! computes on top (products beyond a head's reach, exponentials, norms) is its own affair. So the same text costs
//! the same however it is cut into blocks, and operations per second can be held against a matrix product's.

use crate::model::{Config, Span};
use std::ops::{Add, Range};

/// Floating-point operations of a forward pass, by what they are for. The output layer is [apart](output_flops): a
/// run computes it only when asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flops {
    /// Queries, keys, values and the heads' joint output: 8·D² per token and layer.
    pub projections: u64,
    /// The feed-forward sublayer: 4·D·I per token and layer.
    pub feed_forward: u64,
    /// Scores with keys and sums of values: 4·d per head and distance that lies within both reach and text.
    pub context: u64,
    /// Scores with positions: 2·d per head and distance of the reach, also before the text's start.
    pub positions: u64,
    /// Persistent vectors, scores and sums: 4·d per head and vector.
    pub persistent: u64,
}

impl Flops {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.projections + self.feed_forward + self.context + self.positions + self.persistent
    }
}

impl Add for Flops {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            projections: self.projections + other.projections,
            feed_forward: self.feed_forward + other.feed_forward,
            context: self.context + other.context,
            positions: self.positions + other.positions,
            persistent: self.persistent + other.persistent,
        }
    }
}

/// How many distances each head is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// As many as its own reach: what spanscope computes.
    Head,
    /// As many as the widest reach in its layer, as when heads are computed together.
    Layer,
    /// All S, as without learned spans.
    Full,
}

/// Distances per head, layer by layer (L·H numbers), from the [spans of a network](crate::model::Network::spans).
pub fn distances(config: &Config, spans: &[Span], extent: Extent) -> Vec<usize> {
    let widest = |layer: usize| {
        let of_layer = spans.iter().filter(|span| span.layer == layer);
        of_layer.map(|span| span.reach).max().unwrap_or(0)
    };
    let each = spans.iter().map(|span| match extent {
        Extent::Head => span.reach,
        Extent::Layer => widest(span.layer),
        Extent::Full => config.attn_span,
    });
    each.collect()
}

/// Operations for the tokens at the positions `tokens` of a text, those before them being computed already:
/// `0..T` is a text of T tokens, `T..T + 1` one token appended to it. `distances` has one number per head, as
/// [`distances`] gives them.
pub fn flops(config: &Config, distances: &[usize], tokens: Range<usize>) -> Flops {
    let count = tokens.len() as u64;
    let (dim, d) = (config.hidden_size as u64, config.head_dim() as u64);
    let per_layer = config.nb_layers as u64 * count;
    let heads = distances.len() as u64;
    let in_text = |reach: usize| {
        in_text_before(reach, tokens.end) - in_text_before(reach, tokens.start.min(tokens.end))
    };
    Flops {
        projections: 8 * dim * dim * per_layer,
        feed_forward: 4 * dim * config.inner_hidden_size as u64 * per_layer,
        context: 4 * d * distances.iter().map(|&reach| in_text(reach)).sum::<u64>(),
        positions: 2 * d * count * distances.iter().map(|&reach| reach as u64).sum::<u64>(),
        persistent: 4 * d * heads * config.pers_mem_size as u64 * count,
    }
}

/// Operations of the log-probabilities after one token: 2·V·D. `None` for adaptive output, where they depend on the
/// cluster that is asked for.
pub fn output_flops(config: &Config) -> Option<u64> {
    let plain = config.adapt_io.is_none();
    plain.then_some(2 * config.vocab_size as u64 * config.hidden_size as u64)
}

/// Numbers that must be at hand to append to a text of `tokens` tokens: a key and a value, 2·d, per head and distance
/// within both reach and text. `distances` as for [`flops`].
pub fn kv_numbers(config: &Config, distances: &[usize], tokens: usize) -> u64 {
    let seen = distances.iter().map(|&reach| reach.min(tokens) as u64);
    2 * config.head_dim() as u64 * seen.sum::<u64>()
}

/// What each layer of [`flops`] takes of it, first layer first; together they are the whole.
pub fn by_layer(config: &Config, distances: &[usize], tokens: Range<usize>) -> Vec<Flops> {
    let one = Config {
        nb_layers: 1,
        ..config.clone()
    };
    let layers = distances.chunks(config.nb_heads.max(1));
    layers
        .map(|heads| flops(&one, heads, tokens.clone()))
        .collect()
}

/// `distances` cut to a limit on the span: min(distance, limit) of every head.
pub fn limited(distances: &[usize], limit: usize) -> Vec<usize> {
    distances.iter().map(|reach| limit.min(*reach)).collect()
}

/// Limits on the span at which a curve is drawn: whole numbers from 1 to S, both included, rising by about 6 % each.
pub fn limits(attn_span: usize) -> Vec<usize> {
    let mut limits = Vec::new();
    let mut limit = 1;
    while limit < attn_span {
        limits.push(limit);
        limit += (limit / 16).max(1);
    }
    limits.push(attn_span.max(1));
    limits
}

/// What one token costs under a limit on the span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitedCost {
    /// The limit, in tokens.
    pub limit: usize,
    /// Operations for the token, [those of the output](output_flops) included where they are known.
    pub flops: u64,
    /// Numbers of keys and values that must be at hand, as by [`kv_numbers`].
    pub kv_numbers: u64,
    /// Mean over the heads of the distances that each is given.
    pub mean_reach: f64,
}

/// The cost of the token at `position` (with so many tokens before it) for each of the `limits`, heads being given
/// `distances` [cut to the limit](limited). From the position S on, all distances lie within the text.
pub fn curve(
    config: &Config,
    distances: &[usize],
    limits: &[usize],
    position: usize,
) -> Vec<LimitedCost> {
    let output = output_flops(config).unwrap_or(0);
    let point = |limit: &usize| {
        let cut = limited(distances, *limit);
        LimitedCost {
            limit: *limit,
            flops: flops(config, &cut, position..position + 1).total() + output,
            kv_numbers: kv_numbers(config, &cut, position),
            mean_reach: cut.iter().sum::<usize>() as f64 / cut.len().max(1) as f64,
        }
    };
    limits.iter().map(point).collect()
}

/// Σ min(t, reach) over the first `tokens` positions t: a token sees those before it, and never itself.
fn in_text_before(reach: usize, tokens: usize) -> u64 {
    let (reach, tokens) = (reach as u64, tokens as u64);
    // The first reach + 1 tokens see all that is there: 0 + 1 + … + reach.
    let growing = tokens.min(reach + 1);
    growing * growing.saturating_sub(1) / 2 + (tokens - growing) * reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::architecture::Window;

    fn config(inner: usize, vectors: usize) -> Config {
        Config {
            vocab_size: 10,
            hidden_size: 4,
            nb_heads: 2,
            nb_layers: 1,
            attn_span: 8,
            inner_hidden_size: inner,
            pers_mem_size: vectors,
            adapt_span: true,
            adapt_span_ramp: 1,
            adapt_io: None,
            normalisation: crate::model::Normalisation::default(),
        }
    }

    fn span(layer: usize, head: usize, reach: usize) -> Span {
        let span = reach as f32 - 1.0;
        Span {
            layer,
            head,
            span,
            reach,
            window: Window::Soft { limit: 5, ramp: 1 },
            nearest: 1,
        }
    }

    #[test]
    fn a_text_of_three_tokens_counted_by_hand() {
        // d = 2. Head 0 reaches 1, head 1 reaches 5. The tokens see 0, 1 and 2 others: head 0 0 + 1 + 1, head 1
        // 0 + 1 + 2 distances in the text; positions 3 · (1 + 5).
        let found = flops(&config(3, 0), &[1, 5], 0..3);
        let expected = Flops {
            projections: 3 * 4 * (2 * 4 * 4),
            feed_forward: 3 * 2 * (2 * 4 * 3),
            context: (2 + 3) * (2 * 2 + 2 * 2),
            positions: 18 * (2 * 2),
            persistent: 0,
        };
        assert_eq!(found, expected);
        assert_eq!(found.total(), 384 + 144 + 40 + 72);
    }

    #[test]
    fn persistent_vectors_are_seen_by_every_token_and_head() {
        let found = flops(&config(0, 7), &[1, 1], 4..6);
        assert_eq!(found.persistent, 2 * 2 * 7 * (2 * 2 + 2 * 2));
        assert_eq!((found.feed_forward, found.context), (0, 2 * 2 * 8));
    }

    #[test]
    fn tokens_one_by_one_cost_what_they_cost_together() {
        let config = config(3, 2);
        let reaches = [3, 6];
        let steps = (0..20).map(|t| flops(&config, &reaches, t..t + 1));
        let sum = steps.fold(Flops::default(), Add::add);
        assert_eq!(sum, flops(&config, &reaches, 0..20));
        // Far into a text every distance lies within it.
        let far = flops(&config, &reaches, 1000..1001);
        assert_eq!(far.context, 2 * far.positions);
        assert_eq!(flops(&config, &reaches, 5..5), Flops::default());
    }

    #[test]
    fn extents_and_the_memory_they_take() {
        let config = config(0, 0);
        let spans = [span(0, 0, 1), span(0, 1, 5), span(1, 0, 2), span(1, 1, 2)];
        let of = |extent| distances(&config, &spans, extent);
        assert_eq!(of(Extent::Head), [1, 5, 2, 2]);
        assert_eq!(of(Extent::Layer), [5, 5, 2, 2]);
        assert_eq!(of(Extent::Full), [8; 4]);
        assert_eq!(kv_numbers(&config, &of(Extent::Head), 100), 2 * 2 * 10);
        // A short text has no more keys than tokens.
        assert_eq!(
            kv_numbers(&config, &of(Extent::Head), 2),
            2 * 2 * (1 + 2 + 2 + 2)
        );
        assert_eq!(output_flops(&config), Some(2 * 10 * 4));
    }

    #[test]
    fn layers_add_up_to_the_whole() {
        let config = Config {
            nb_layers: 3,
            ..config(3, 2)
        };
        let reaches = [1, 5, 2, 2, 8, 1];
        let layers = by_layer(&config, &reaches, 4..9);
        assert_eq!(layers.len(), 3);
        assert_eq!(layers[2], flops(&config_of_one(&config), &[8, 1], 4..9));
        let sum = layers.into_iter().fold(Flops::default(), Add::add);
        assert_eq!(sum, flops(&config, &reaches, 4..9));
    }

    fn config_of_one(config: &Config) -> Config {
        Config {
            nb_layers: 1,
            ..config.clone()
        }
    }

    #[test]
    fn limits_rise_from_one_to_the_span() {
        assert_eq!(limits(1), [1]);
        assert_eq!(limits(4), [1, 2, 3, 4]);
        let many = limits(8192);
        assert!(many.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!((many[0], many.last()), (1, Some(&8192)));
        assert!((60..200).contains(&many.len()), "{}", many.len());
        assert_eq!(limits(0), [1]);
    }

    #[test]
    fn a_curve_ends_where_nothing_is_cut() {
        let config = config(3, 0);
        let reaches = [2, 6];
        assert_eq!(limited(&reaches, 4), [2, 4]);
        let points = curve(&config, &reaches, &limits(8), 8);
        let whole = flops(&config, &reaches, 8..9).total() + 80;
        let last = points.last().unwrap();
        assert_eq!((last.limit, last.flops), (8, whole));
        assert_eq!(last.kv_numbers, kv_numbers(&config, &reaches, 8));
        assert_eq!(last.mean_reach, 4.0);
        // From the longest reach on nothing changes; before, every distance of a head costs 6·d with d = 2.
        let at = |limit: usize| points.iter().find(|p| p.limit == limit).unwrap();
        assert_eq!(at(6).flops, at(8).flops);
        assert_eq!(at(6).flops - at(4).flops, 2 * 12);
        assert_eq!(at(2).flops - at(1).flops, 2 * 12);
        // Early in a text, positions are scored but no keys.
        let early = curve(&config, &reaches, &[8], 0);
        assert_eq!(early[0].kv_numbers, 0);
        assert_eq!(last.flops - early[0].flops, 4 * 2 * 8);
    }
}
