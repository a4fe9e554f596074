//! The architecture of an adaptive-span network, in the terms of any causal Transformer.

use super::Config;
use crate::model::architecture::{
    Activation, Architecture, AttentionSpec, Clusters, FamilyId, FeedForwardSpec, InputSpec,
    LayerSpec, NormKind, NormSpec, Order, OutputSpec, Outside, Position, Window,
};

/// The norm that follows every sublayer, or stands before it.
pub(super) const NORM: NormSpec = NormSpec {
    kind: NormKind::Layer,
    eps: 1e-5,
    one_more: false,
    bias: true,
};

impl From<&Config> for Architecture {
    fn from(config: &Config) -> Self {
        let head_dim = config.head_dim();
        let layer = LayerSpec {
            attention: AttentionSpec {
                heads: config.nb_heads,
                kv_heads: config.nb_heads,
                head_dim,
                scale: 1.0 / (head_dim as f32).sqrt(),
                position: Position::Relative {
                    limit: config.attn_span,
                },
                window: match config.adapt_span {
                    true => Window::Soft {
                        limit: config.attn_span,
                        ramp: config.adapt_span_ramp,
                    },
                    false => Window::Fixed(config.attn_span),
                },
                nearest: 1,
                bidirectional: false,
                outside: Outside::EmptyContext,
                sink: false,
                persistent: config.pers_mem_size,
                normalisation: config.normalisation,
                score_cap: None,
                clamp: None,
                query_key_norm: None,
                bias: false,
                output_bias: false,
            },
            feed_forward: (config.inner_hidden_size > 0).then_some(FeedForwardSpec {
                width: config.inner_hidden_size,
                activation: Activation::Relu,
                gated: false,
                bias: true,
                experts: None,
            }),
            order: match config.pre_norm {
                true => Order::Sequence {
                    attention: [Some(NORM), None],
                    feed_forward: [Some(NORM), None],
                    residual_of_norm: false,
                },
                false => Order::AfterNorm(NORM),
            },
            residual: 1.0,
        };
        let clusters = config.adapt_io.as_ref().map(|io| Clusters {
            cutoffs: io.cutoffs.clone(),
            tied: io.tied,
        });
        Self {
            family: FamilyId::new(FamilyId::ADAPTIVE_SPAN),
            vocab_size: config.vocab_size,
            width: config.hidden_size,
            context: None,
            input: InputSpec {
                scale: match clusters {
                    Some(_) => (config.hidden_size as f32).sqrt(),
                    None => 1.0,
                },
                clusters: clusters.clone(),
                ..InputSpec::default()
            },
            layers: vec![layer; config.nb_layers],
            output: OutputSpec {
                norm: config.pre_norm.then_some(NORM),
                tied: clusters.as_ref().is_some_and(|clusters| clusters.tied),
                bias: true,
                clusters,
                ..OutputSpec::default()
            },
            own: Some(config.clone()),
        }
    }
}
