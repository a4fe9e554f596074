//! Places where a computation in tiles, bands and chunks ends.

use crate::plain::QueryWeights;
use crate::plain_parity::compare::{Bounds, Worst, widened};
use crate::plain_parity::networks::{Architecture, Noise, Scores, Sublayer, Vocabulary};
use crate::plain_parity::record::{Query, Record};
use crate::plain_parity::session::Session;
use spanscope::model::{BLOCK, Cancel, Run};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A small network of one layer per list of spans.
fn network(attn_span: usize, ramp: usize, spans: &[&[f32]], scores: Scores) -> Architecture {
    Architecture {
        nb_layers: spans.len(),
        nb_heads: spans[0].len(),
        head_dim: 4,
        attn_span,
        ramp,
        spans: Some(spans.iter().map(|layer| layer.to_vec()).collect()),
        sublayer: Sublayer::FeedForward(12),
        vocabulary: Vocabulary::Plain(9),
        scores,
        masked: false,
        second: Default::default(),
        seed: 7,
    }
}

/// The same of fairseq's port.
fn masked(architecture: Architecture) -> Architecture {
    Architecture {
        masked: true,
        ..architecture
    }
}

fn session(architecture: &Architecture) -> Session {
    Session::new(architecture.networks(), Bounds::of(architecture.scores))
}

/// A text of nine tokens' vocabulary.
fn text(len: usize) -> Vec<u32> {
    Noise(3).text(len, 9)
}

/// Some queries of every head, of what a run over a long text reported and of what it gives when asked again.
fn sampled(architecture: &Architecture, len: usize, places: impl IntoIterator<Item = usize>) {
    let (fast, plain) = architecture.networks();
    let bounds = Bounds::of(architecture.scores);
    let heads = plain.layers.iter().flat_map(|layer| &layer.heads);
    // Where a head's view begins to leave the text's start behind.
    let mut sample: BTreeSet<usize> = heads
        .flat_map(|head| head.reach.saturating_sub(2)..head.reach + 3)
        .chain(places)
        .collect();
    sample.retain(|&t| t < len);
    let record = Record::new(plain.hidden_size, Some(sample.clone()));
    let mut run = Run::new(Arc::clone(&fast));
    let ids = text(len);
    run.extend(&ids, BLOCK, &Cancel::default(), &record)
        .unwrap();

    let seen = record.seen.lock().unwrap();
    let mut worst = Worst::default();
    let mut input: Vec<Vec<f64>> = ids.iter().map(|&id| plain.embed(id)).collect();
    for layer in 0..plain.layers.len() {
        let projected = plain.project(layer, &input);
        for &t in &sample {
            let queries: Vec<QueryWeights> = (0..plain.nb_heads)
                .map(|head| plain.attend(layer, head, t, &projected))
                .collect();
            for (head, expected) in queries.iter().enumerate() {
                let place = format!("layer {layer}, head {head}, query {t}");
                let got = &seen.queries[&(layer, head, t)];
                worst.query(got, expected, bounds.weight, &place);
                let again = run.head_weights(layer, head, t, t + 1).unwrap();
                let place = format!("{place}, asked for again");
                worst.query(&Query::of(&again, 0), expected, bounds.weight, &place);
            }
            let queries: Vec<&QueryWeights> = queries.iter().collect();
            let expected = plain.sublayers(layer, &input[t], &queries);
            let got = &seen.hidden[&(layer, t)];
            worst.rows(got, &expected, bounds.hidden, |i| {
                format!("layer {layer}, token {t}, output {i}")
            });
        }
        input = (0..len)
            .map(|t| widened(&seen.hidden[&(layer, t)]))
            .collect();
    }
    worst.judge().unwrap();
}

#[test]
fn short_heads_beside_a_long_one() {
    for scores in [Scores::Usual, Scores::Beyond] {
        // Reaches of 32, 34, 72 and 3,700 tokens; the second layer has short heads only.
        let spans: [&[f32]; 2] = [&[0.0, 1.5, 40.0, 3668.0], &[0.0, 3.0, 0.25, 7.0]];
        let architecture = network(8192, 32, &spans, scores);
        let places = [
            0, 1, 31, 32, 63, 64, 65, 127, 128, 511, 512, 1000, 2047, 2048, 3775, 3776, 4499,
        ];
        sampled(&architecture, 4500, places);
        sampled(&masked(architecture), 4500, places);
    }
}

#[test]
fn queries_around_the_edge_of_a_reach() {
    for scores in [Scores::Usual, Scores::Peaked, Scores::Beyond] {
        let spans: [&[f32]; 2] = [&[0.0, 5.0, 40.25, 100.0], &[92.0, 91.5, 1.0, 0.0]];
        let published = network(100, 8, &spans, scores);
        let mut port = session(&masked(published.clone()));
        let mut session = session(&published);
        let reaches: BTreeSet<usize> = session
            .plain
            .layers
            .iter()
            .flat_map(|layer| layer.heads.iter().map(|head| head.reach))
            .collect();
        assert_eq!(reaches, BTreeSet::from([8, 9, 13, 49, 100]));
        session.extend(&text(140), BLOCK).unwrap();
        let ranges: Vec<(usize, usize)> = reaches
            .iter()
            .flat_map(|&reach| (reach - 1..=reach + 1).map(|t| (t, t + 1)))
            .chain([(0, 1), (1, 2), (0, 140)])
            .collect();
        session.check(&ranges).unwrap();
        port.extend(&text(140), BLOCK).unwrap();
        port.check(&ranges).unwrap();
    }
}

#[test]
fn texts_that_end_where_a_chunk_does() {
    let spans: [&[f32]; 2] = [&[0.0, 17.5, 70.0], &[128.0, 0.0, 64.0]];
    for end in [32, 64, 128, 192] {
        for len in end - 1..=end + 1 {
            let mut session = session(&network(150, 16, &spans, Scores::Usual));
            let ids = text(len + 1);
            session.extend(&ids[..len], BLOCK).unwrap();
            session.check(&[(len - 1, len), (0, len)]).unwrap();
            // One token more, taken back, and another one in its place.
            let kept = session.clone();
            session.extend(&ids[len..], 1).unwrap();
            session.check(&[(len, len + 1)]).unwrap();
            session.run.truncate(len);
            session.check(&[(len - 1, len)]).unwrap();
            session.extend(&[(ids[len] + 1) % 9], 1).unwrap();
            session.check(&[(len - 1, len + 1)]).unwrap();
            kept.check(&[(0, len)]).unwrap();
        }
    }
}

#[test]
fn a_span_of_one_token() {
    for spans in [Some(vec![vec![0.0, 1.0]]), None] {
        for sublayer in [Sublayer::FeedForward(5), Sublayer::Persistent(1)] {
            let architecture = Architecture {
                spans: spans.clone(),
                sublayer,
                ..network(1, 1, &[&[0.0, 1.0]], Scores::Usual)
            };
            let mut session = session(&architecture);
            assert!(
                session.plain.layers[0]
                    .heads
                    .iter()
                    .all(|head| head.reach == 1)
            );
            for len in [1, 1, 70] {
                session.extend(&text(len), BLOCK).unwrap();
            }
            session.check(&[(0, 1), (1, 2), (0, 72)]).unwrap();
        }
    }
}

#[test]
fn weights_of_no_queries() {
    let mut session = session(&network(40, 8, &[&[3.0, 20.0]], Scores::Usual));
    let none = session.run.head_weights(0, 1, 0, 0).unwrap();
    assert_eq!((none.queries, none.reach), (0, 28));
    session.extend(&text(70), BLOCK).unwrap();
    for at in [0, 1, 28, 64, 70] {
        let none = session.run.head_weights(0, 1, at, at).unwrap();
        assert_eq!((none.first, none.queries, none.reach), (at, 0, 28));
        assert!(none.weights.is_empty() && none.persistent.is_empty() && none.empty.is_empty());
        assert!(session.run.log_probs(at, at).is_empty());
    }
    assert!(session.run.head_weights(1, 0, 0, 1).is_none());
    assert!(session.run.head_weights(0, 2, 0, 1).is_none());
}

#[test]
fn a_softmax_that_lies_beyond_the_reach() {
    // The longest reach is 5. Beyond it counts what is left of S after whole blocks of 64.
    for (attn_span, kept) in [
        (67, 67),
        (68, 68),
        (69, 5),
        (131, 67),
        (132, 68),
        (133, 5),
        (700, 60),
    ] {
        let spans: [&[f32]; 1] = [&[0.0, 1.0, 0.5, 0.0]];
        let mut session = session(&network(attn_span, 4, &spans, Scores::Beyond));
        assert_eq!(session.plain.layers[0].kept, kept);
        session.extend(&text(150), BLOCK).unwrap();
        session.check(&[(0, 150)]).unwrap();
        let sums: Vec<f64> = session.plain.run(session.run.ids()).layers[0]
            .heads
            .iter()
            .flatten()
            .map(|query| query.weights.iter().sum())
            .collect();
        let lost = sums.iter().filter(|sum| **sum < 0.01).count();
        let partly = sums.iter().filter(|sum| (0.1..0.9).contains(*sum)).count();
        if kept > 5 {
            assert!(
                lost > 10 && partly > 10,
                "S = {attn_span}: {lost}, {partly}"
            );
        }
    }
}
