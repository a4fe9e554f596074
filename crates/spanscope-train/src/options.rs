//! What a training run is told: the published options, under their names.

use super::TrainError;
use serde::{Deserialize, Serialize};
use spanscope_core::model::{AdaptIo, Config, Normalisation};

/// How parameters follow their gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optim {
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Adagrad (Duchi et al., 2011), as in the published experiments.
    Adagrad,
    /// Adam (Kingma and Ba, 2015), with β = 0.9 and 0.999.
    Adam,
}

/// Everything that decides what a run computes, but for the text: with the same options, text and number of threads, two
/// runs give the same weights, bit for bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// L: layers.
    pub nb_layers: usize,
    /// D: width of the hidden states.
    pub hidden_size: usize,
    /// Width of the feed-forward sublayer; there is none where there are persistent vectors.
    pub inner_hidden_size: usize,
    /// H: heads per layer.
    pub nb_heads: usize,
    /// S: the longest distance, in tokens, that any head may look back.
    pub attn_span: usize,
    /// True if heads learn their span; else all look back S tokens.
    pub adapt_span: bool,
    /// What a token of mean span costs in the loss, in nats, per layer.
    pub adapt_span_loss: f64,
    /// R: length of the soft mask's ramp, in tokens.
    pub adapt_span_ramp: usize,
    /// z of every head at the start, as a share of S.
    pub adapt_span_init: f64,
    /// N: persistent vectors per head; 0 for feed-forward sublayers.
    pub pers_mem_size: usize,
    /// First token id after each cluster but the last, for adaptive input and output; empty for plain embeddings.
    pub adapt_io_cutoffs: Vec<usize>,
    /// From cluster to cluster embeddings are narrower by this factor.
    pub adapt_io_divval: usize,
    /// True if adaptive input and output share their weights.
    pub adapt_io_tied: bool,
    /// Share of attention weights and of the feed-forward sublayer's inner units that is dropped.
    pub dropout: f64,
    /// Share of the embeddings' numbers that is dropped, with adaptive input.
    pub emb_dropout: f64,
    /// T: tokens of a block, which are processed together.
    pub block_size: usize,
    /// B: blocks of a batch.
    pub batch_size: usize,
    /// Parts that a batch is computed in, one after the other, to save memory.
    pub batch_split: usize,
    /// Learning rate.
    pub lr: f64,
    /// Momentum of [`Optim::Sgd`].
    pub momentum: f64,
    /// How parameters follow their gradients.
    pub optim: Optim,
    /// Steps over which the learning rate rises from 0.
    pub lr_warmup: u64,
    /// Largest norm of each parameter's gradient; 0 for no limit.
    pub grad_clip: f64,
    /// Steps between two entries of the training curves.
    pub nb_batches: u64,
    /// Entries of the training curves to train for.
    pub nb_iter: u64,
    /// Start of all random choices.
    pub seed: u64,
}

impl Default for Options {
    /// The published defaults, where there are any.
    fn default() -> Self {
        Self {
            nb_layers: 8,
            hidden_size: 256,
            inner_hidden_size: 1024,
            nb_heads: 2,
            attn_span: 32,
            adapt_span: false,
            adapt_span_loss: 0.0,
            adapt_span_ramp: 32,
            adapt_span_init: 0.0,
            pers_mem_size: 0,
            adapt_io_cutoffs: Vec::new(),
            adapt_io_divval: 4,
            adapt_io_tied: false,
            dropout: 0.2,
            emb_dropout: 0.0,
            block_size: 64,
            batch_size: 64,
            batch_split: 1,
            lr: 0.03,
            momentum: 0.9,
            optim: Optim::Sgd,
            lr_warmup: 0,
            grad_clip: 0.0,
            nb_batches: 1000,
            nb_iter: 1000,
            seed: 1111,
        }
    }
}

/// The most weights that a network may have, and the most numbers of a batch's hidden states.
const MOST_NUMBERS: f64 = 2e10;

impl Options {
    /// Steps of the whole run.
    pub fn steps(&self) -> u64 {
        self.nb_batches.saturating_mul(self.nb_iter)
    }

    /// The architecture for a vocabulary of `vocab_size` tokens.
    ///
    /// # Errors
    /// When two options contradict each other; the error names them.
    pub fn config(&self, vocab_size: usize) -> Result<Config, TrainError> {
        self.check()?;
        let adapt_io = if self.adapt_io_cutoffs.is_empty() {
            None
        } else {
            let rising = self
                .adapt_io_cutoffs
                .windows(2)
                .all(|pair| pair[0] < pair[1]);
            let first = self.adapt_io_cutoffs[0];
            let last = self.adapt_io_cutoffs.last().copied().unwrap_or(0);
            if !rising || first == 0 || last >= vocab_size {
                return Err(TrainError::option(
                    "--adapt-io-cutoffs",
                    format!("{:?}", self.adapt_io_cutoffs),
                    match vocab_size {
                        // Before the text is read.
                        usize::MAX => {
                            "numbers that rise from 1 and stay below the vocabulary's size".into()
                        }
                        size => format!(
                            "numbers that rise from 1 and stay below the vocabulary's size, {size}"
                        ),
                    },
                ));
            }
            let mut cutoffs = self.adapt_io_cutoffs.clone();
            cutoffs.push(vocab_size);
            let narrowest = self.width(cutoffs.len() - 1);
            if narrowest == 0 {
                return Err(TrainError::option(
                    "--adapt-io-divval",
                    self.adapt_io_divval.to_string(),
                    format!(
                        "a number whose power of {} is not above --hid-sz {}",
                        cutoffs.len() - 1,
                        self.hidden_size
                    ),
                ));
            }
            Some(AdaptIo {
                cutoffs,
                tied: self.adapt_io_tied,
            })
        };
        Ok(Config {
            vocab_size,
            hidden_size: self.hidden_size,
            nb_heads: self.nb_heads,
            nb_layers: self.nb_layers,
            attn_span: self.attn_span,
            inner_hidden_size: if self.pers_mem_size > 0 {
                0
            } else {
                self.inner_hidden_size
            },
            pers_mem_size: self.pers_mem_size,
            adapt_span: self.adapt_span,
            adapt_span_ramp: self.adapt_span_ramp.into(),
            adapt_io,
            // Networks are trained as the published code trains them.
            normalisation: Normalisation::Renormalised,
            own_head_dim: None,
            pre_norm: false,
        })
    }

    /// Width of the embeddings of cluster `c`.
    pub(super) fn width(&self, c: usize) -> usize {
        let power = u32::try_from(c)
            .ok()
            .and_then(|c| self.adapt_io_divval.checked_pow(c));
        power
            .and_then(|power| self.hidden_size.checked_div(power))
            .unwrap_or(0)
    }

    fn check(&self) -> Result<(), TrainError> {
        let whole = [
            ("--nlayers", self.nb_layers),
            ("--hid-sz", self.hidden_size),
            ("--nheads", self.nb_heads),
            ("--attn-span", self.attn_span),
            ("--adapt-span-ramp", self.adapt_span_ramp),
            ("--block-sz", self.block_size),
            ("--batch-sz", self.batch_size),
            ("--batch-split", self.batch_split),
            ("--nbatches", self.nb_batches as usize),
            ("--niter", self.nb_iter as usize),
        ];
        for (name, value) in whole {
            // Beyond this the size of a tensor could not be computed any more.
            if value == 0 || value > 1 << 24 {
                let expected = "a whole number from 1 to 16777216".into();
                return Err(TrainError::option(name, value.to_string(), expected));
            }
        }
        let share = [
            ("--dropout", self.dropout, 0.999),
            ("--emb-dropout", self.emb_dropout, 0.999),
            ("--adapt-span-init", self.adapt_span_init, 1.0),
            ("--momentum", self.momentum, 0.999_999),
        ];
        for (name, value, most) in share {
            if !(0.0..=most).contains(&value) {
                let expected = format!("a number from 0 to {most}");
                return Err(TrainError::option(name, format!("{value:?}"), expected));
            }
        }
        let positive = [
            ("--lr", self.lr, 1e9),
            ("--grad-clip", self.grad_clip, 1e9),
            ("--adapt-span-loss", self.adapt_span_loss, 1e9),
        ];
        for (name, value, most) in positive {
            if !(0.0..=most).contains(&value) {
                return Err(TrainError::option(
                    name,
                    format!("{value:?}"),
                    "a number from 0".into(),
                ));
            }
        }
        if !self.hidden_size.is_multiple_of(self.nb_heads) {
            return Err(TrainError::option(
                "--hid-sz",
                self.hidden_size.to_string(),
                format!("a multiple of --nheads {}", self.nb_heads),
            ));
        }
        if !self.batch_size.is_multiple_of(self.batch_split) {
            return Err(TrainError::option(
                "--batch-split",
                self.batch_split.to_string(),
                format!("a divisor of --batch-sz {}", self.batch_size),
            ));
        }
        // Beyond this no machine could hold the weights, and a size might not even be a number any more.
        let wide = self.hidden_size as f64;
        let inner = match self.pers_mem_size {
            0 => self.inner_hidden_size,
            n => n,
        };
        let numbers = self.nb_layers as f64 * wide * (4.0 * wide + 2.0 * inner as f64)
            + wide / self.nb_heads as f64 * self.attn_span as f64;
        let batch = self.batch_size as f64 * self.block_size as f64 * wide;
        for (name, numbers) in [("--hid-sz", numbers), ("--batch-sz", batch)] {
            if numbers > MOST_NUMBERS {
                return Err(TrainError::option(
                    name,
                    format!(
                        "and what goes with it make {:.0} billion numbers",
                        numbers / 1e9
                    ),
                    format!("at most {:.0} billion", MOST_NUMBERS / 1e9),
                ));
            }
        }
        if self.pers_mem_size == 0 && self.inner_hidden_size == 0 {
            return Err(TrainError::option(
                "--inner-hid-sz",
                "0".into(),
                "a width from 1, or --pers-mem-size".into(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_contradict_each_other_are_named() {
        let of = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options.config(100).unwrap_err().to_string()
        };
        assert!(of(|o| o.nb_heads = 3).contains("--nheads 3"));
        assert!(of(|o| o.batch_split = 5).contains("--batch-sz 64"));
        assert!(of(|o| o.dropout = 1.0).contains("--dropout"));
        assert!(of(|o| o.lr = f64::NAN).contains("--lr"));
        assert!(of(|o| o.inner_hidden_size = 0).contains("--pers-mem-size"));
        assert!(of(|o| o.adapt_io_cutoffs = vec![50, 200]).contains("100"));
        assert!(of(|o| o.adapt_io_cutoffs = vec![50, 20]).contains("rise"));
        assert!(of(|o| o.nb_layers = 0).contains("--nlayers"));
        assert!(of(|o| o.hidden_size = 1 << 24).contains("billion"));
        assert!(of(|o| o.batch_size = 1 << 24).contains("--batch-sz"));
        assert!(
            of(|o| {
                o.adapt_io_cutoffs = vec![50];
                o.adapt_io_divval = 1000;
            })
            .contains("--adapt-io-divval")
        );
    }
}
