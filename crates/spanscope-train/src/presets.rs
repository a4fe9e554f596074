//! The options of the published experiments, and of the bundled models.

use super::options::{Optim, Options};

/// The published experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// 8 layers of width 256, S = 1024: fits one card.
    Enwik8Small,
    /// The 38M model, 1.02 bits per byte.
    Enwik8,
    /// The 209M model, 0.98 bits per byte.
    Enwik8Large,
    /// As [`Self::Enwik8`], longer: 1.11 bits per character.
    Text8,
    /// As [`Self::Enwik8Large`], longer: 1.07 bits per character.
    Text8Large,
    /// All-attention, 39M, 1.01 bits per byte.
    Enwik8PersSmall,
    /// All-attention, 114M, 0.98 bits per byte.
    Enwik8Pers,
    /// All-attention on words, 133M, perplexity 19.7.
    Wiki103Pers,
    /// The bundled sample model with feed-forward sublayers, on a CPU.
    Sample,
    /// The bundled all-attention sample model.
    SamplePers,
    /// The bundled sample model of fixed span.
    SampleFixed,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Enwik8Small,
        Self::Enwik8,
        Self::Enwik8Large,
        Self::Text8,
        Self::Text8Large,
        Self::Enwik8PersSmall,
        Self::Enwik8Pers,
        Self::Wiki103Pers,
        Self::Sample,
        Self::SamplePers,
        Self::SampleFixed,
    ];

    /// Its name: that of the published script, or `sample…`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Enwik8Small => "enwik8_small",
            Self::Enwik8 => "enwik8",
            Self::Enwik8Large => "enwik8_large",
            Self::Text8 => "text8",
            Self::Text8Large => "text8_large",
            Self::Enwik8PersSmall => "enwik8_pers_small",
            Self::Enwik8Pers => "enwik8_pers",
            Self::Wiki103Pers => "wiki103_pers",
            Self::Sample => "sample",
            Self::SamplePers => "sample_pers",
            Self::SampleFixed => "sample_fixed",
        }
    }

    /// What it trains, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Enwik8Small => "8 layers × 4 heads of width 256, S 1024",
            Self::Enwik8 | Self::Text8 => "12 layers × 8 heads of width 512, S 8192: 38M",
            Self::Enwik8Large | Self::Text8Large => "24 layers × 8 heads of width 768: 209M",
            Self::Enwik8PersSmall => "18 all-attention layers, N 1024: 39M",
            Self::Enwik8Pers => "36 all-attention layers, N 2048: 114M",
            Self::Wiki103Pers => {
                "36 all-attention layers on words, adaptive input and output: 133M"
            }
            Self::Sample => "4 layers × 4 heads of width 128, S 1024: the bundled sample model",
            Self::SamplePers => "the same with 512 persistent vectors instead of feed-forward",
            Self::SampleFixed => "the same with a fixed span of 1024",
        }
    }

    /// Its options.
    pub fn options(self) -> Options {
        let published = Options {
            nb_layers: 12,
            hidden_size: 512,
            inner_hidden_size: 2048,
            nb_heads: 8,
            attn_span: 8192,
            adapt_span: true,
            adapt_span_loss: 5e-7,
            dropout: 0.3,
            block_size: 512,
            batch_size: 64,
            lr: 0.07,
            momentum: 0.0,
            optim: Optim::Adagrad,
            lr_warmup: 32_000,
            grad_clip: 0.03,
            nb_iter: 600,
            ..Options::default()
        };
        let large = Options {
            nb_layers: 24,
            hidden_size: 768,
            inner_hidden_size: 4096,
            dropout: 0.4,
            batch_split: 2,
            ..published.clone()
        };
        let all_attention = Options {
            nb_layers: 36,
            inner_hidden_size: 0,
            pers_mem_size: 2048,
            adapt_span_loss: 1e-7,
            dropout: 0.4,
            batch_split: 2,
            nb_iter: 200,
            ..published.clone()
        };
        let sample = Options {
            nb_layers: 4,
            hidden_size: 128,
            inner_hidden_size: 512,
            nb_heads: 4,
            attn_span: 1024,
            adapt_span_loss: 2e-6,
            adapt_span_init: 0.0,
            dropout: 0.1,
            block_size: 128,
            batch_size: 16,
            lr: 0.002,
            optim: Optim::Adam,
            lr_warmup: 200,
            grad_clip: 1.0,
            nb_batches: 100,
            nb_iter: 21,
            ..published.clone()
        };
        match self {
            Self::Enwik8Small => Options {
                nb_layers: 8,
                hidden_size: 256,
                inner_hidden_size: 1024,
                nb_heads: 4,
                attn_span: 1024,
                adapt_span_loss: 2e-6,
                dropout: 0.0,
                block_size: 256,
                lr_warmup: 8000,
                nb_iter: 150,
                ..published
            },
            Self::Enwik8 => published,
            Self::Enwik8Large => Options {
                nb_iter: 150,
                ..large
            },
            Self::Text8 => Options {
                nb_iter: 900,
                ..published
            },
            Self::Text8Large => Options {
                nb_iter: 250,
                ..large
            },
            Self::Enwik8PersSmall => Options {
                nb_layers: 18,
                pers_mem_size: 1024,
                dropout: 0.3,
                nb_iter: 450,
                ..all_attention
            },
            Self::Enwik8Pers => all_attention,
            Self::Wiki103Pers => Options {
                attn_span: 2048,
                adapt_span_loss: 5e-7,
                adapt_io_cutoffs: vec![20_000, 40_000, 200_000],
                adapt_io_tied: true,
                dropout: 0.3,
                emb_dropout: 0.1,
                block_size: 256,
                lr: 0.00025,
                optim: Optim::Adam,
                lr_warmup: 8000,
                grad_clip: 1.0,
                nb_iter: 800,
                ..all_attention
            },
            Self::Sample => sample,
            Self::SamplePers => Options {
                inner_hidden_size: 0,
                pers_mem_size: 512,
                ..sample
            },
            Self::SampleFixed => Options {
                adapt_span: false,
                adapt_span_loss: 0.0,
                ..sample
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_network() {
        for preset in Preset::ALL {
            let options = preset.options();
            let config = options.config(267_735).unwrap();
            assert_eq!(config.attn_span, options.attn_span, "{}", preset.id());
            assert!(options.steps() >= 1000 && !preset.about().is_empty());
        }
        let words = Preset::Wiki103Pers.options().config(267_735).unwrap();
        assert_eq!(
            words.adapt_io.unwrap().cutoffs,
            [20_000, 40_000, 200_000, 267_735]
        );
    }
}
