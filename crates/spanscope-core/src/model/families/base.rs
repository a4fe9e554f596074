//! The fields that configurations of all families have in common: sizes, activations, kinds of layers, and the parts that layers
//! are built of.

use super::settings::{Refusal, Settings};
use crate::model::Normalisation;
use crate::model::architecture::{
    Activation, Architecture, AttentionSpec, FamilyId, FeedForwardSpec, InputSpec, LayerSpec,
    NormKind, NormSpec, Order, OutputSpec, Outside, Position, Window,
};
use crate::shown::shown;

/// The sizes of a network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base {
    /// V.
    pub vocab_size: usize,
    /// D.
    pub width: usize,
    /// L.
    pub layers: usize,
    /// H.
    pub heads: usize,
    /// Hk.
    pub kv_heads: usize,
    /// d.
    pub head_dim: usize,
    /// Tokens that it was trained for.
    pub context: Option<usize>,
}

/// Most layers and heads of a layer that are believed.
const MOST: usize = 1 << 12;

impl Base {
    /// The sizes, under the names that most families use, of later ones and of old.
    pub fn read(config: &Settings<'_>) -> Result<Self, Refusal> {
        let width = config.need(&["hidden_size", "n_embd", "d_model", "n_embed"])?;
        let heads = config.need(&["num_attention_heads", "n_head", "n_heads", "num_heads"])?;
        let layers = config.need(&["num_hidden_layers", "n_layer", "n_layers", "num_layers"])?;
        let base = Self {
            vocab_size: config.need(&["vocab_size"])?,
            width,
            layers,
            heads,
            kv_heads: config.size_or(&["num_key_value_heads", "num_kv_heads"], heads)?,
            head_dim: config.size_or(&["head_dim"], width / heads)?,
            context: config.size(&[
                "max_position_embeddings",
                "n_positions",
                "n_ctx",
                "max_seq_len",
            ])?,
        };
        base.check(config.get("head_dim").is_some())?;
        Ok(base)
    }

    fn check(&self, has_head_dim: bool) -> Result<(), Refusal> {
        let Self {
            width,
            heads,
            kv_heads,
            layers,
            head_dim,
            ..
        } = *self;
        if layers > MOST || heads > MOST {
            return Err(format!(
                "{layers} layers of {heads} heads; at most {MOST} of each expected"
            ));
        }
        if !has_head_dim && !width.is_multiple_of(heads) {
            return Err(format!(
                "the width {width} is no multiple of the {heads} heads"
            ));
        }
        if kv_heads == 0 || !heads.is_multiple_of(kv_heads) {
            return Err(format!(
                "{heads} heads cannot share {kv_heads} key-value heads"
            ));
        }
        if head_dim == 0 || head_dim > 1 << 14 {
            return Err(format!("a head dimension of {head_dim}"));
        }
        if self.context == Some(0) {
            return Err("max_position_embeddings is 0".into());
        }
        Ok(())
    }

    /// With this many key-value heads.
    pub fn with_kv_heads(mut self, kv_heads: usize) -> Result<Self, Refusal> {
        self.kv_heads = kv_heads;
        self.check(true)?;
        Ok(self)
    }

    /// Heads that see all tokens so far, with scale 1/√d and no biases.
    pub fn attention(&self, position: Position) -> AttentionSpec {
        AttentionSpec {
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_dim: self.head_dim,
            scale: 1.0 / (self.head_dim as f32).sqrt(),
            position,
            window: Window::Full,
            nearest: 0,
            bidirectional: false,
            outside: Outside::Nothing,
            sink: false,
            persistent: 0,
            normalisation: Normalisation::default(),
            score_cap: None,
            clamp: None,
            query_key_norm: None,
            bias: false,
            output_bias: false,
        }
    }

    /// The network of these layers, with the plainest input and output; `tied` is whether the output uses the input embedding where the
    /// configuration does not say.
    pub fn network(
        &self,
        config: &Settings<'_>,
        family: &str,
        layers: Vec<LayerSpec>,
        last: Option<NormSpec>,
        tied: bool,
    ) -> Result<Architecture, Refusal> {
        Ok(Architecture {
            family: FamilyId::new(family),
            vocab_size: self.vocab_size,
            width: self.width,
            context: self.context,
            input: InputSpec::default(),
            layers,
            output: OutputSpec {
                norm: last,
                tied: config.flag("tie_word_embeddings", tied)?,
                ..OutputSpec::default()
            },
            own: None,
        })
    }
}

/// A layer whose sublayers follow each other.
pub(super) fn layer(
    attention: AttentionSpec,
    feed_forward: FeedForwardSpec,
    order: Order,
) -> LayerSpec {
    LayerSpec {
        attention,
        feed_forward: Some(feed_forward),
        order,
        residual: 1.0,
    }
}

/// x ← x + sublayer(norm(x)).
pub(super) fn pre_norm(norm: NormSpec) -> Order {
    Order::Sequence {
        attention: [Some(norm), None],
        feed_forward: [Some(norm), None],
        residual_of_norm: false,
    }
}

/// LayerNorm with a shift.
pub(super) fn layer_norm(eps: f64) -> NormSpec {
    NormSpec {
        kind: NormKind::Layer,
        eps: eps as f32,
        one_more: false,
        bias: true,
    }
}

/// The root of the mean square.
pub(super) fn rms_norm(eps: f64) -> NormSpec {
    NormSpec {
        kind: NormKind::Rms,
        bias: false,
        ..layer_norm(eps)
    }
}

/// A feed-forward sublayer.
pub(super) fn feed_forward(
    width: usize,
    activation: Activation,
    gated: bool,
    bias: bool,
) -> FeedForwardSpec {
    FeedForwardSpec {
        width,
        activation,
        gated,
        bias,
        experts: None,
    }
}

/// The activation of this name, or `default` where the configuration says none.
pub(super) fn activation(
    config: &Settings<'_>,
    names: &[&str],
    default: Activation,
) -> Result<Activation, Refusal> {
    let Some(name) = config.word(names)? else {
        return Ok(default);
    };
    Ok(match name {
        "gelu" => Activation::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Activation::GeluTanh,
        "silu" | "swish" => Activation::Silu,
        "relu" => Activation::Relu,
        "relu2" => Activation::ReluSquared,
        "quick_gelu" => Activation::QuickGelu,
        other => {
            return Err(format!(
                "the activation {} is not known; those are: gelu, gelu_new, gelu_pytorch_tanh, silu, relu, relu2, quick_gelu",
                shown(other)
            ));
        }
    })
}

/// W, where a configuration has one that is not null; not 0.
pub(super) fn sliding_window(
    config: &Settings<'_>,
    default: Option<usize>,
) -> Result<Option<usize>, Refusal> {
    if config
        .0
        .get("sliding_window")
        .is_some_and(serde_json::Value::is_null)
    {
        return Ok(None);
    }
    match config.size(&["sliding_window"])? {
        Some(0) => Err("sliding_window is 0".into()),
        Some(window) => Ok(Some(window)),
        None => Ok(default),
    }
}

/// The window of W keys, or none.
pub(super) fn window(most: Option<usize>) -> Window {
    most.map_or(Window::Full, Window::Fixed)
}

/// True if each layer slides: as `layer_types` says, else as `otherwise` does.
pub(super) fn sliding_layers(
    config: &Settings<'_>,
    layers: usize,
    otherwise: impl Fn(usize) -> bool,
) -> Result<Vec<bool>, Refusal> {
    let Some(types) = config.list("layer_types")? else {
        return Ok((0..layers).map(otherwise).collect());
    };
    if types.len() != layers {
        return Err(format!(
            "layer_types names {} layers of {layers}",
            types.len()
        ));
    }
    let slides = types.iter().map(|kind| match kind.as_str() {
        Some("full_attention") => Ok(false),
        Some("sliding_attention") => Ok(true),
        _ => Err(format!(
            "layer_types has {}; full_attention and sliding_attention run here",
            shown(&kind.to_string())
        )),
    });
    slides.collect()
}
