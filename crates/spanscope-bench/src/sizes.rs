//! The published sizes, and spans laid out as in the paper's figure.

use spanscope_core::model::{Config, DEFAULT_RAMP, Normalisation};

/// A network that a model is generated of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 12 layers of 512, feed-forward 2048: 38M parameters (arXiv 1905.07799).
    Enwik8,
    /// 24 layers of 768, feed-forward 4096: 209M parameters (arXiv 1905.07799).
    Enwik8Large,
    /// 18 all-attention layers of 512, 1,024 persistent vectors per head: 39M parameters (arXiv 1907.01470).
    Enwik8PersSmall,
    /// 8 layers of 256, feed-forward 1024, S = 1024: the published script for a small machine.
    Small,
    /// `Small` with as many parameters in persistent vectors as it has in feed-forward sublayers; not published.
    SmallPers,
}

/// Tokens of enwik8's vocabulary: 204 bytes and `<eos>`.
const VOCAB: usize = 205;

/// Heads beyond a thousand tokens, 5 of 96 in the paper's figure: how far up the layers (of 12), head, z.
const FAR: [(usize, usize, usize); 5] = [
    (11, 5, 3668),
    (10, 1, 2600),
    (8, 3, 1900),
    (7, 0, 1400),
    (11, 2, 1050),
];

/// z of the other heads in the upper layers, by head.
const NEAR: [usize; 8] = [0, 20, 60, 0, 110, 0, 180, 270];

/// S for which [`FAR`] was learned.
const PUBLISHED_SPAN: usize = 8192;

impl Size {
    /// Every size with a name of its own on the command line.
    pub const ALL: [Self; 4] = [
        Self::Enwik8,
        Self::Enwik8Large,
        Self::Enwik8PersSmall,
        Self::Small,
    ];

    /// The name of the published model.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enwik8 => "enwik8",
            Self::Enwik8Large => "enwik8_large",
            Self::Enwik8PersSmall => "enwik8_pers_small",
            Self::Small => "small",
            Self::SmallPers => "small_pers",
        }
    }

    /// The architecture.
    pub fn config(self) -> Config {
        let (nb_layers, hidden_size, nb_heads, inner_hidden_size, pers_mem_size, attn_span) =
            match self {
                Self::Enwik8 => (12, 512, 8, 2048, 0, 8192),
                Self::Enwik8Large => (24, 768, 8, 4096, 0, 8192),
                Self::Enwik8PersSmall => (18, 512, 8, 0, 1024, 8192),
                Self::Small => (8, 256, 4, 1024, 0, 1024),
                Self::SmallPers => (8, 256, 4, 0, 1024, 1024),
            };
        Config {
            vocab_size: VOCAB,
            hidden_size,
            nb_heads,
            nb_layers,
            attn_span,
            inner_hidden_size,
            pers_mem_size,
            adapt_span: true,
            adapt_span_ramp: DEFAULT_RAMP,
            adapt_io: None,
            normalisation: Normalisation::default(),
            own_head_dim: None,
            pre_norm: false,
        }
    }

    /// The all-attention network that is measured beside this one; `None` if it is one itself.
    pub fn all_attention(self) -> Option<Self> {
        match self {
            Self::Enwik8 | Self::Enwik8Large => Some(Self::Enwik8PersSmall),
            Self::Small => Some(Self::SmallPers),
            Self::Enwik8PersSmall | Self::SmallPers => None,
        }
    }

    /// z of every head in tokens, layer by layer, as the paper's figure has them: at the minimum in the lower 5 of 12
    /// layers, up to a few hundred above, and 5 of 96 heads between 1,050 and 3,700. Where S is smaller than the
    /// published 8192, those few are shorter in proportion.
    pub fn spans(self) -> Vec<usize> {
        let config = self.config();
        let (layers, heads) = (config.nb_layers, config.nb_heads);
        let lower = layers * 5 / 12;
        let mut spans = vec![0; layers * heads];
        for (i, span) in spans.iter_mut().enumerate().skip(lower * heads) {
            let near = NEAR[(i % heads) * NEAR.len() / heads];
            *span = near.min(config.attn_span / 4);
        }
        let far = (layers * heads * FAR.len()).div_ceil(96);
        for i in 0..far {
            let (layer, head, span) = FAR[i % FAR.len()];
            // The second five one layer below the first, and so on.
            let layer = (layer * layers / 12)
                .saturating_sub(i / FAR.len())
                .max(lower);
            let at = layer * heads + head % heads;
            spans[at] = span * config.attn_span / PUBLISHED_SPAN;
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::parameters;

    #[test]
    fn parameters_are_as_published() {
        for (size, exact, millions) in [
            (Size::Enwik8, 38_538_541, 38.0),
            (Size::Enwik8Large, 208_910_221, 209.0),
            (Size::Enwik8PersSmall, 38_501_725, 39.0),
            (Size::Small, 6_480_621, 6.5),
        ] {
            let found = parameters(&size.config());
            assert_eq!(found, exact, "{}", size.name());
            // The papers round to millions, up or down.
            assert!((found as f64 / 1e6 - millions).abs() < 0.6, "{found}");
        }
        // As many in persistent vectors as in feed-forward sublayers, but for biases and a norm.
        let (a, b) = (Size::Small.config(), Size::SmallPers.config());
        assert!(parameters(&a).abs_diff(parameters(&b)) < 20_000);
    }

    #[test]
    fn spans_are_laid_out_as_in_the_figure() {
        let spans = Size::Enwik8.spans();
        assert_eq!(spans.len(), 96);
        assert!(spans[..5 * 8].iter().all(|&z| z == 0));
        let mut far: Vec<_> = spans.iter().copied().filter(|&z| z > 1000).collect();
        far.sort_unstable();
        assert_eq!(far, [1050, 1400, 1900, 2600, 3668]);
        assert!(spans.iter().all(|&z| z <= 300 || z > 1000));
        assert!(spans.iter().filter(|&&z| (100..=300).contains(&z)).count() > 10);
    }

    #[test]
    fn every_size_has_its_share_of_long_heads_and_none_beyond_its_limit() {
        for size in Size::ALL {
            let (spans, limit) = (size.spans(), size.config().attn_span);
            let long = spans.iter().filter(|&&z| z > limit / 8).count();
            let share = long as f64 / spans.len() as f64;
            assert!((0.04..0.45).contains(&share), "{}: {long}", size.name());
            assert!(spans.iter().all(|&z| z + DEFAULT_RAMP.ceil() < limit));
        }
    }
}
