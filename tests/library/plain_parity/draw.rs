//! Random architectures.

use crate::plain_parity::networks::{Architecture, Scores, Second, Sublayer, Vocabulary};
use proptest::prelude::*;
use proptest::sample::select;

/// z as a share of S, or in tokens.
#[derive(Debug, Clone, Copy)]
enum Span {
    None,
    Tokens(f32),
    Share(f32),
    All,
}

impl Span {
    fn tokens(self, attn_span: usize) -> f32 {
        let all = attn_span as f32;
        match self {
            Span::None => 0.0,
            Span::Tokens(z) => z.min(all),
            Span::Share(share) => share * all,
            Span::All => all,
        }
    }
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        Just(Span::None),
        (1_u8..10).prop_map(|z| Span::Tokens(f32::from(z))),
        (0.01_f32..12.0).prop_map(Span::Tokens),
        (0.0_f32..1.0).prop_map(Span::Share),
        Just(Span::All),
    ]
}

/// S, by preference where tiles and the published code's blocks end.
fn attn_span() -> impl Strategy<Value = usize> {
    prop_oneof![
        2 => 1_usize..=12,
        3 => select(vec![31, 32, 33, 63, 64, 65, 127, 128, 129, 256]),
        4 => 13_usize..=200,
        3 => 201_usize..=700,
    ]
}

fn vocabulary() -> impl Strategy<Value = Vocabulary> {
    prop_oneof![
        3 => (3_usize..=60).prop_map(Vocabulary::Plain),
        1 => (3_usize..=20, prop::collection::vec(1_usize..=20, 0..=3), select(vec![1_usize, 2, 4]), any::<bool>())
            .prop_map(|(first, mut clusters, div, tied)| {
                clusters.insert(0, first);
                Vocabulary::Adaptive { clusters, div, tied }
            }),
    ]
}

/// Any network with this S.
pub fn architecture(
    attn_span: impl Strategy<Value = usize>,
) -> impl Strategy<Value = Architecture> {
    let layers = (
        1_usize..=3,
        1_usize..=4,
        select(vec![4_usize, 8, 12, 16, 64]),
    );
    // Some layers have one span for all heads, some networks fixed ones.
    let spans = (
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.1),
        prop::collection::vec(span(), 12),
    );
    let sublayer = prop_oneof![
        select(vec![1_usize, 8, 37, 64]).prop_map(Sublayer::FeedForward),
        select(vec![1_usize, 7, 33]).prop_map(Sublayer::Persistent),
    ];
    let scores = select(vec![
        Scores::Flat,
        Scores::Usual,
        Scores::Peaked,
        Scores::Beyond,
    ]);
    let sizes = (attn_span, 1_usize..=64);
    let second = (
        prop::bool::weighted(0.4),
        prop::option::of(1_usize..=40),
        any::<bool>(),
    );
    let kind = (scores, prop::bool::weighted(0.35), second);
    (
        layers,
        sizes,
        spans,
        sublayer,
        vocabulary(),
        kind,
        any::<u64>(),
    )
        .prop_map(
            |(
                (nb_layers, nb_heads, head_dim),
                (attn_span, ramp),
                (adaptive, shared, spans),
                sublayer,
                vocabulary,
                (scores, masked, (is_second, hidden_size, pre_norm)),
                seed,
            )| {
                // fairseq's port has learned spans, feed-forward sublayers and one vocabulary.
                let is_plain = matches!(
                    (sublayer, &vocabulary),
                    (Sublayer::FeedForward(_), Vocabulary::Plain(_))
                );
                let masked = masked && adaptive && is_plain;
                // So has the second code, where spans may be fixed; of an odd number of distances that would be another network.
                let second = match is_second && is_plain && !masked {
                    true => Second {
                        hidden_size,
                        pre_norm,
                        names: adaptive || attn_span % 2 == 0,
                    },
                    false => Second::default(),
                };
                let per_layer = if shared { 1 } else { nb_heads };
                let spans = spans
                    .chunks(4)
                    .take(nb_layers)
                    .map(|layer| {
                        let heads = layer.iter().take(per_layer);
                        heads.map(|span| span.tokens(attn_span)).collect()
                    })
                    .collect();
                Architecture {
                    nb_layers,
                    nb_heads,
                    head_dim,
                    attn_span,
                    ramp,
                    spans: adaptive.then_some(spans),
                    sublayer,
                    vocabulary,
                    scores,
                    masked,
                    second,
                    seed,
                }
            },
        )
}

/// Any network.
pub fn any_architecture() -> impl Strategy<Value = Architecture> {
    architecture(attn_span())
}
