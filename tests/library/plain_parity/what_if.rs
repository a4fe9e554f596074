//! Networks edited by hand: spans set, heads ablated.

use crate::plain::PlainNetwork;
use crate::plain_parity::draw::{any_architecture, architecture};
use crate::plain_parity::networks::{Architecture, Noise, Scores, Sublayer, Vocabulary};
use crate::plain_parity::random::{config, cuts, fail, run_in_cuts, streamed};
use crate::plain_parity::record::Record;
use proptest::prelude::*;
use spanscope::model::{BLOCK, Cancel, Edits, HeadId, Network, Run, Span, SpanEdit};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far a head is set to look: z or keys as a share of S that may be too large.
#[derive(Debug, Clone, Copy)]
enum Look {
    AsTrained,
    Z(f64),
    Keys(f64),
    Faded(f64, usize),
}

/// What is changed of one head: how far it looks, whether it is ablated, and whether the neurons of its layer are.
type Change = (Look, bool, bool);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let look = prop_oneof![
        3 => Just(Look::AsTrained),
        1 => Just(Look::Z(0.0)),
        3 => (0.0..1.2_f64).prop_map(Look::Z),
        3 => (0.0..1.2_f64).prop_map(Look::Keys),
        2 => (0.0..1.0_f64, 1_usize..12).prop_map(|(z, ramp)| Look::Faded(z, ramp)),
    ];
    let of_one = (look, prop::bool::weighted(0.25), prop::bool::weighted(0.1));
    prop::collection::vec(of_one, 12)
}

fn edits(network: &Network, changes: &[Change]) -> Edits {
    let mut edits = Edits::default();
    let limit = network.architecture().limit().keys() as f64;
    for (span, (look, ablated, neurons)) in network.spans().iter().zip(changes) {
        let edit = match *look {
            Look::AsTrained => None,
            Look::Z(z) => Some(SpanEdit::Own((z * limit) as f32)),
            Look::Keys(share) => Some(SpanEdit::Window((share * limit).ceil().max(1.0) as usize)),
            // A head that learned its span has a ramp already.
            Look::Faded(z, ramp) => Some(SpanEdit::Soft {
                z: (z * limit) as f32,
                ramp: ramp.into(),
            }),
        };
        if let Some(edit) = edit {
            edits.set(span.id(), edit).unwrap();
        }
        edits.set_ablated(span.layer, span.head, *ablated);
        let has = network.architecture().feed_forward() > 0;
        edits.set_mlp_ablated(span.layer, has && *neurons);
    }
    edits
}

/// The same edits of either.
fn edited(
    (fast, plain): (Arc<Network>, Arc<PlainNetwork>),
    edits: &Edits,
) -> (Arc<Network>, Arc<PlainNetwork>) {
    let mut plain = (*plain).clone();
    for (HeadId { layer, head }, edit) in edits.spans() {
        let learned = plain.layers[layer].heads[head].span.is_some();
        match edit {
            SpanEdit::Soft { z, ramp } if !learned => plain.fade(layer, head, z, ramp.ceil()),
            SpanEdit::Own(z) | SpanEdit::Soft { z, .. } => plain.set_span(layer, head, z),
            SpanEdit::Window(keys) => plain.cut(layer, head, keys),
        }
    }
    for layer in edits.ablated_mlps() {
        plain.layers[layer].mlp_ablated = true;
    }
    for HeadId { layer, head } in edits.ablated() {
        plain.layers[layer].heads[head].ablated = true;
    }
    let fast = fast.edited(edits).unwrap();
    for span in fast.spans() {
        let head = &plain.layers[span.layer].heads[span.head];
        assert_eq!(span.reach, head.reach);
        assert_eq!(fast.ablated(span.layer, span.head), head.ablated);
    }
    (Arc::new(fast), Arc::new(plain))
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn any_edited_network_over_any_text(a in any_architecture(), changes in changes(), cuts in cuts(300)) {
        let networks = a.networks();
        let edits = edits(&networks.0, &changes);
        run_in_cuts(&a, edited(networks, &edits), &cuts).map_err(fail)?;
    }

    #[test]
    fn an_edited_network_whose_run_forgets(
        a in architecture(1_usize..=130),
        changes in changes(),
        cuts in cuts(400),
        back in 0.0..1.0,
    ) {
        let networks = a.networks();
        let edits = edits(&networks.0, &changes);
        streamed(&a, edited(networks, &edits), &cuts, back).map_err(fail)?;
    }
}

/// Two layers of two heads; reaches are 12, 52, 108 and 8 tokens where spans are learned.
fn small(adaptive: bool, sublayer: Sublayer) -> Architecture {
    Architecture {
        nb_layers: 2,
        nb_heads: 2,
        head_dim: 8,
        attn_span: 150,
        ramp: 8,
        spans: adaptive.then(|| vec![vec![4.0, 43.5], vec![100.0, 0.0]]),
        sublayer,
        vocabulary: Vocabulary::Plain(20),
        scores: Scores::Beyond,
        masked: false,
        second: Default::default(),
        seed: 11,
    }
}

fn all_small() -> Vec<Architecture> {
    let sublayers = [Sublayer::FeedForward(12), Sublayer::Persistent(7)];
    let published = sublayers
        .into_iter()
        .flat_map(|sublayer| [small(true, sublayer), small(false, sublayer)]);
    let port = Architecture {
        masked: true,
        ..small(true, Sublayer::FeedForward(12))
    };
    published.chain([port]).collect()
}

/// By layer, head and query.
type Weights = BTreeMap<(usize, usize, usize), Vec<f32>>;

/// Log-probabilities over a text, and every head's weights there.
fn results(network: &Arc<Network>) -> (Vec<f32>, Weights) {
    let ids = Noise(5).text(200, network.architecture().vocab_size);
    let record = Record::new(network.architecture().width, None);
    let mut run = Run::new(Arc::clone(network));
    run.extend(&ids, BLOCK, &Cancel::default(), &record)
        .unwrap();
    let seen = record.seen.lock().unwrap();
    let rows = seen.queries.iter().map(|(place, query)| {
        let mut row = [&query.weights[..], &query.persistent].concat();
        row.push(query.empty);
        (*place, row)
    });
    (run.log_probs(0, ids.len()), rows.collect())
}

fn set(network: &Network, spans: impl IntoIterator<Item = Span>) -> Arc<Network> {
    let mut edits = Edits::default();
    for span in spans {
        edits.set_span(span.layer, span.head, span.span).unwrap();
    }
    Arc::new(network.edited(&edits).unwrap())
}

#[test]
fn what_changes_nothing_changes_no_bit_and_edits_are_taken_back() {
    for a in all_small() {
        let (network, _) = a.networks();
        let expected = results(&network);
        // To the values that they have.
        let same = set(&network, network.spans());
        assert_eq!(same.spans(), network.spans());
        assert!(results(&same) == expected);

        let mut edits = Edits::default();
        edits.set_span(0, 1, 2.0).unwrap();
        edits.set_ablated(1, 0, true);
        let edited = Arc::new(network.edited(&edits).unwrap());
        let changed = results(&edited);
        assert!(changed != expected);
        assert_eq!(edited.edits(), &edits);
        // Not added to what was edited before, but instead of it.
        let other = set(
            &edited,
            [Span {
                layer: 1,
                head: 1,
                span: 30.0,
                ..network.spans()[3]
            }],
        );
        assert!(!other.ablated(1, 0) && edited.ablated(1, 0));
        assert_eq!(other.spans()[1], network.spans()[1]);
        assert_ne!(other.spans()[3], network.spans()[3]);
        let again = Arc::new(other.edited(&edits).unwrap());
        assert!(results(&again) == changed);

        edits.clear_all();
        let back = Arc::new(edited.edited(&edits).unwrap());
        assert_eq!(back.spans(), network.spans());
        assert!(back.edits().is_empty() && results(&back) == expected);
        // The original was never touched.
        assert!(results(&network) == expected);
    }
}

#[test]
fn a_set_span_is_as_good_as_a_trained_one() {
    for sublayer in [Sublayer::FeedForward(12), Sublayer::Persistent(7)] {
        let a = small(true, sublayer);
        let (network, _) = a.networks();
        for spans in [
            [[4.0, 43.5], [12.25, 0.0]],
            [[0.0, 0.0], [0.0, 0.0]],
            [[150.0, 1.0], [100.0, 149.5]],
        ] {
            let trained = Architecture {
                spans: Some(spans.iter().map(|layer| layer.to_vec()).collect()),
                ..a.clone()
            };
            let (trained, _) = trained.networks();
            let set = set(&network, trained.spans());
            assert_eq!(set.spans(), trained.spans());
            assert!(results(&set) == results(&trained), "{spans:?}");
            for span in network.spans() {
                let kept = set.trained_span(span.layer, span.head);
                assert_eq!(kept, Some(span.span));
            }
        }
    }
}

#[test]
fn a_silenced_head_is_one_that_the_output_projection_ignores() {
    for a in all_small() {
        for (layer, head) in [(0, 0), (0, 1), (1, 1)] {
            let (network, _) = a.networks();
            let mut edits = Edits::default();
            edits.set_ablated(layer, head, true);
            let ablated = Arc::new(network.edited(&edits).unwrap());
            let name = format!("layers.{layer}.attn.proj_out.weight");
            let (d, dim) = (a.head_dim, a.nb_heads * a.head_dim);
            let (ignored, _) = a.changed(|tensors| {
                let out = tensors.iter_mut().find(|tensor| tensor.name == name);
                for row in out.unwrap().values.chunks_exact_mut(dim) {
                    row[head * d..(head + 1) * d].fill(0.0);
                }
            });
            let (log_probs, weights) = results(&ablated);
            let (expected, expected_weights) = results(&ignored);
            assert!(log_probs == expected && weights == expected_weights);
            let (before, weights_before) = results(&network);
            assert!(log_probs != before);
            // It still attends, to the same if nothing before it has changed.
            for (place, row) in weights_before.range((layer, 0, 0)..(layer + 1, 0, 0)) {
                assert!(weights[place] == *row, "{place:?}");
            }
        }
    }
}

#[test]
fn spans_are_kept_within_what_there_is() {
    for a in all_small() {
        let (network, _) = a.networks();
        let adaptive = a.spans.is_some();
        let mut edits = Edits::default();
        edits.set_span(0, 0, 1e9).unwrap();
        edits.set_span(0, 1, -3.0).unwrap();
        edits.set_span(1, 0, 20.25).unwrap();
        edits.set_span(5, 0, 1.0).unwrap();
        edits.set_ablated(0, 9, true);
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(edits.set_span(1, 0, wrong).is_err());
        }
        assert_eq!(edits.span(1, 0), Some(20.25));
        let edited = network.edited(&edits).unwrap();
        let got: Vec<(f32, usize)> = edited
            .spans()
            .iter()
            .map(|s| (s.span, s.reach.keys()))
            .collect();
        let expected = match adaptive {
            true => [(150.0, 150), (0.0, 8), (20.25, 29), (0.0, 8)],
            // Windows of whole tokens, never of none.
            false => [(150.0, 150), (1.0, 1), (21.0, 21), (150.0, 150)],
        };
        assert_eq!(got, expected);
        assert_eq!(edited.edits().spans().count(), 3);
        assert!(!edited.ablated(0, 9) && edited.trained_span(5, 0).is_none());
        let (log_probs, _) = results(&Arc::new(edited));
        assert!(log_probs.iter().all(|p| p.is_finite()));
    }
}
