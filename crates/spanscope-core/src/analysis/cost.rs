//! What a run costs: floating-point operations, and memory for keys and values.
//!
//! Only what the result needs is counted, a multiplication and its addition as two operations: what a program
//! computes on top (products beyond a head's reach, exponentials, norms) is its own affair. So the same text costs
//! the same however it is cut into blocks, and operations per second can be held against a matrix product's.

use super::HeadMeasure;
use crate::model::architecture::{LayerSpec, Position};
use crate::model::{Architecture, Span};
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

/// Number of distances that each head is given.
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
pub fn distances(architecture: &Architecture, spans: &[Span], extent: Extent) -> Vec<usize> {
    let widest = |layer: usize| {
        let of_layer = spans.iter().filter(|span| span.layer == layer);
        of_layer.map(|span| span.reach.keys()).max().unwrap_or(0)
    };
    let each = spans.iter().map(|span| match extent {
        Extent::Head => span.reach.keys(),
        Extent::Layer => widest(span.layer),
        Extent::Full => architecture.limit().keys(),
    });
    each.collect()
}

/// Distances per head if every head had its effective span of [90 %](super::EFFECTIVE_SHARES) as it was measured on a text, by
/// `measures`, one per head: those within it and, where the first tokens are left out of it, as many for these. No more than its reach.
pub fn effective_distances(spans: &[Span], measures: &[HeadMeasure]) -> Vec<usize> {
    let each = spans.iter().zip(measures).map(|(span, measure)| {
        let rows = measure.rows.filter(|rows| rows.sink_free > 0);
        let first = rows.map_or(0, |rows| rows.sink_free as usize);
        let effective = rows.map_or(measure.effective, |rows| rows.effective)[1];
        let within = effective.map_or(0, |far| (far + 1).saturating_sub(span.nearest));
        within.saturating_add(first).min(span.reach.keys())
    });
    each.collect()
}

/// Operations for the tokens at the positions `tokens` of a text, those before them being computed already:
/// `0..T` is a text of T tokens, `T..T + 1` one token appended to it. `distances` has one number per head, as
/// [`distances`] gives them.
pub fn flops(architecture: &Architecture, distances: &[usize], tokens: Range<usize>) -> Flops {
    let layers = by_layer(architecture, distances, tokens);
    layers.into_iter().fold(Flops::default(), Add::add)
}

/// What one layer takes of it, whose heads are given `distances`.
fn of_layer(width: usize, layer: &LayerSpec, distances: &[usize], tokens: Range<usize>) -> Flops {
    let count = tokens.len() as u64;
    let of = &layer.attention;
    let (dim, d) = (width as u64, of.head_dim as u64);
    let (heads, kv_heads) = (of.heads as u64, of.kv_heads as u64);
    let in_text = |reach: usize| {
        let before = |end: usize| in_text_before(of.nearest, reach, end);
        before(tokens.end) - before(tokens.start.min(tokens.end))
    };
    let positions = match of.position {
        Position::Relative { .. } => distances.iter().map(|&reach| reach as u64).sum(),
        Position::None | Position::Rotary(_) | Position::Alibi { .. } => 0,
    };
    let feed_forward = layer.feed_forward.as_ref().map_or(0, |ff| {
        let products = if ff.gated { 3 } else { 2 };
        let used = ff.experts.map_or(1, |experts| experts.used as u64);
        2 * products * used * dim * ff.width as u64
    });
    Flops {
        projections: 4 * dim * d * (heads + kv_heads) * count,
        feed_forward: feed_forward * count,
        context: 4 * d * distances.iter().map(|&reach| in_text(reach)).sum::<u64>(),
        positions: 2 * d * count * positions,
        persistent: 4 * d * distances.len() as u64 * of.persistent as u64 * count,
    }
}

/// Operations of the log-probabilities after one token: 2·V·D. `None` for adaptive output, where they depend on the
/// cluster that is asked for.
pub fn output_flops(architecture: &Architecture) -> Option<u64> {
    let plain = architecture.clusters().is_none();
    plain.then_some(2 * architecture.vocab_size as u64 * architecture.width as u64)
}

/// Numbers that must be at hand to append to a text of `tokens` tokens: a key and a value, 2·d, per head and distance
/// within both reach and text. `distances` as for [`flops`].
pub fn kv_numbers(architecture: &Architecture, distances: &[usize], tokens: usize) -> u64 {
    let layers = layers(architecture, distances).map(|(layer, distances)| {
        let of = &layer.attention;
        // Query heads that share their keys need those of the one that sees farthest.
        let sharing = (of.heads / of.kv_heads.max(1)).max(1);
        let farthest = distances.chunks(sharing).map(|heads| {
            let reach = heads.iter().max().copied().unwrap_or(0);
            // Its own key the token brings along.
            (reach.saturating_add(of.nearest).saturating_sub(1)).min(tokens) as u64
        });
        2 * of.head_dim as u64 * farthest.sum::<u64>()
    });
    layers.sum()
}

/// The layers, each with what is given for its heads in a list of all heads.
fn layers<'a>(
    architecture: &'a Architecture,
    mut of_heads: &'a [usize],
) -> impl Iterator<Item = (&'a LayerSpec, &'a [usize])> {
    architecture.layers.iter().map(move |layer| {
        let (own, rest) = of_heads.split_at(of_heads.len().min(layer.attention.heads));
        of_heads = rest;
        (layer, own)
    })
}

/// What each layer of [`flops`] takes of it, first layer first; together they are the whole.
pub fn by_layer(
    architecture: &Architecture,
    distances: &[usize],
    tokens: Range<usize>,
) -> Vec<Flops> {
    layers(architecture, distances)
        .map(|(layer, own)| of_layer(architecture.width, layer, own, tokens.clone()))
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
    architecture: &Architecture,
    distances: &[usize],
    limits: &[usize],
    position: usize,
) -> Vec<LimitedCost> {
    let output = output_flops(architecture).unwrap_or(0);
    let point = |limit: &usize| {
        let cut = limited(distances, *limit);
        LimitedCost {
            limit: *limit,
            flops: flops(architecture, &cut, position..position + 1).total() + output,
            kv_numbers: kv_numbers(architecture, &cut, position),
            mean_reach: cut.iter().sum::<usize>() as f64 / cut.len().max(1) as f64,
        }
    };
    limits.iter().map(point).collect()
}

/// Σ min(t + 1 − nearest, reach) over the first `tokens` positions t: a token sees those before it and, where the nearest distance
/// is 0, itself.
fn in_text_before(nearest: usize, reach: usize, tokens: usize) -> u64 {
    let (reach, tokens) = (reach as u64, tokens as u64);
    let own = u64::from(nearest == 0);
    // The first ones see all that is there: 0 + 1 + … + reach, or 1 + … + reach.
    let growing = tokens.min(reach.saturating_add(1 - own));
    growing * (growing + 2 * own).saturating_sub(1) / 2 + (tokens - growing) * reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::row_measures::{MEANS, RowNumbers};
    use crate::model::Reach;
    use crate::model::architecture::Window;

    fn config(inner: usize, vectors: usize) -> Architecture {
        of_layers(inner, vectors, 1)
    }

    fn of_layers(inner: usize, vectors: usize, nb_layers: usize) -> Architecture {
        Architecture::from(&crate::model::Config {
            vocab_size: 10,
            hidden_size: 4,
            nb_heads: 2,
            nb_layers,
            attn_span: 8,
            inner_hidden_size: inner,
            pers_mem_size: vectors,
            adapt_span: true,
            adapt_span_ramp: 1.into(),
            adapt_io: None,
            normalisation: crate::model::Normalisation::default(),
            own_head_dim: None,
            pre_norm: false,
        })
    }

    fn span(layer: usize, head: usize, reach: usize) -> Span {
        let span = reach as f32 - 1.0;
        Span {
            designed: Window::Soft {
                limit: 5,
                ramp: 1.into(),
            },
            first: 0,
            columns: reach,
            layer,
            head,
            span,
            reach: Reach::of(reach),
            kept: reach,
            window: Window::Soft {
                limit: 5,
                ramp: 1.into(),
            },
            nearest: 1,
            open: false,
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
        let architecture = config(3, 2);
        let reaches = [3, 6];
        let steps = (0..20).map(|t| flops(&architecture, &reaches, t..t + 1));
        let sum = steps.fold(Flops::default(), Add::add);
        assert_eq!(sum, flops(&architecture, &reaches, 0..20));
        // Far into a text every distance lies within it.
        let far = flops(&architecture, &reaches, 1000..1001);
        assert_eq!(far.context, 2 * far.positions);
        assert_eq!(flops(&architecture, &reaches, 5..5), Flops::default());
    }

    #[test]
    fn extents_and_the_memory_they_take() {
        let architecture = of_layers(0, 0, 2);
        let spans = [span(0, 0, 1), span(0, 1, 5), span(1, 0, 2), span(1, 1, 2)];
        let of = |extent| distances(&architecture, &spans, extent);
        assert_eq!(of(Extent::Head), [1, 5, 2, 2]);
        assert_eq!(of(Extent::Layer), [5, 5, 2, 2]);
        assert_eq!(of(Extent::Full), [8; 4]);
        assert_eq!(
            kv_numbers(&architecture, &of(Extent::Head), 100),
            2 * 2 * 10
        );
        // A short text has no more keys than tokens.
        assert_eq!(
            kv_numbers(&architecture, &of(Extent::Head), 2),
            2 * 2 * (1 + 2 + 2 + 2)
        );
        assert_eq!(output_flops(&architecture), Some(2 * 10 * 4));
    }

    #[test]
    fn effective_spans_are_cut_to_the_reach_and_keep_first_tokens() {
        let spans = [span(0, 0, 4), span(0, 1, 4), span(1, 0, 4), span(1, 1, 4)];
        let measure = |effective: Option<usize>, sink_free: Option<(u64, Option<usize>)>| {
            let rows = sink_free.map(|(sink_free, effective)| RowNumbers {
                sink_free,
                effective: [None, effective, None],
                quantiles: None,
                norm_effective: None,
                means: [None; MEANS],
            });
            HeadMeasure {
                layer: 0,
                head: 0,
                effective: [None, effective, None],
                entropy: 0.0,
                context: 1.0,
                previous: 0.0,
                mean_distance: None,
                in_ramp: 0.0,
                removed: 0.0,
                queries: 9,
                variance: None,
                at_edge: 0.0,
                rows,
                later: None,
                repeats: None,
            }
        };
        let measures = [
            measure(Some(3), None),
            measure(None, Some((0, Some(1)))),
            measure(Some(4), Some((1, Some(2)))),
            measure(Some(4), Some((2, Some(3)))),
        ];
        // Distances 1 to 3; none; 1, 2 and the first token; 1 to 3 and two more, of which the reach has room for one.
        assert_eq!(effective_distances(&spans, &measures), [3, 0, 3, 4]);
        let own = spans.map(|span| Span { nearest: 0, ..span });
        assert_eq!(effective_distances(&own, &measures), [4, 0, 4, 4]);
    }

    #[test]
    fn a_token_that_sees_itself_has_one_key_more_to_score_and_none_more_to_keep() {
        for reach in [1, 3, 9] {
            for tokens in 0..12 {
                let seen = |nearest: usize| -> u64 {
                    let of = (0..tokens).map(|t: usize| (t + 1 - nearest).min(reach) as u64);
                    of.sum()
                };
                for nearest in [0, 1] {
                    assert_eq!(in_text_before(nearest, reach, tokens), seen(nearest));
                }
            }
        }
        let mut own = config(0, 0);
        own.layers[0].attention.nearest = 0;
        assert_eq!(kv_numbers(&own, &[5, 1], 100), 2 * 2 * 4);
        own.layers[0].attention.kv_heads = 1;
        assert_eq!(kv_numbers(&own, &[5, 1], 2), 2 * 2 * 2);
    }

    #[test]
    fn layers_add_up_to_the_whole() {
        let architecture = of_layers(3, 2, 3);
        let reaches = [1, 5, 2, 2, 8, 1];
        let layers = by_layer(&architecture, &reaches, 4..9);
        assert_eq!(layers.len(), 3);
        assert_eq!(layers[2], flops(&config(3, 2), &[8, 1], 4..9));
        let sum = layers.into_iter().fold(Flops::default(), Add::add);
        assert_eq!(sum, flops(&architecture, &reaches, 4..9));
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
        let architecture = config(3, 0);
        let reaches = [2, 6];
        assert_eq!(limited(&reaches, 4), [2, 4]);
        let points = curve(&architecture, &reaches, &limits(8), 8);
        let whole = flops(&architecture, &reaches, 8..9).total() + 80;
        let last = points.last().unwrap();
        assert_eq!((last.limit, last.flops), (8, whole));
        assert_eq!(last.kv_numbers, kv_numbers(&architecture, &reaches, 8));
        assert_eq!(last.mean_reach, 4.0);
        // From the longest reach on nothing changes; before, every distance of a head costs 6·d with d = 2.
        let at = |limit: usize| points.iter().find(|p| p.limit == limit).unwrap();
        assert_eq!(at(6).flops, at(8).flops);
        assert_eq!(at(6).flops - at(4).flops, 2 * 12);
        assert_eq!(at(2).flops - at(1).flops, 2 * 12);
        // Early in a text, positions are scored but no keys.
        let early = curve(&architecture, &reaches, &[8], 0);
        assert_eq!(early[0].kv_numbers, 0);
        assert_eq!(last.flops - early[0].flops, 4 * 2 * 8);
    }
}
