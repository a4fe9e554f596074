//! The forward pass against the values that the public training codes computed.

use crate::golden::{Golden, MODELS, SEQUENTIAL, data};
use spanscope::checkpoint::Checkpoint;
use spanscope::model::{
    BLOCK, Cancel, HeadWeights, Network, NoObserver, Normalisation, Observer, Run,
};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Record {
    heads: Mutex<Vec<(usize, usize, HeadWeights)>>,
    hidden: Mutex<Vec<(usize, usize, Vec<f32>)>>,
}

impl Observer for Record {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        self.heads
            .lock()
            .unwrap()
            .push((layer, head, weights.clone()));
    }
    fn hidden(&self, layer: usize, first: usize, rows: &[f32]) {
        self.hidden
            .lock()
            .unwrap()
            .push((layer, first, rows.to_vec()));
    }
}

#[derive(Debug, Default)]
struct Errors {
    log_probs: f32,
    attention: f32,
    persistent: f32,
    hidden: f32,
}

fn largest(worst: &mut f32, a: f32, b: f32) {
    assert!(a.is_finite() && b.is_finite());
    *worst = worst.max((a - b).abs());
}

fn compare(checkpoint: &str, golden: &str, block: usize) -> Errors {
    let golden = Golden::open(golden);
    let file = Checkpoint::open(&data(checkpoint)).unwrap();
    let network = Arc::new(Network::load(&file, Some(golden.ramp().into())).unwrap());
    let mut run = Run::new(Arc::clone(&network));
    let record = Record::default();
    let ids = golden.ids("input_ids");
    run.extend(&ids, block, &Cancel::default(), &record)
        .unwrap();
    let mut errors = Errors::default();

    if let Some((_, expected)) = golden.f32("log_probs") {
        let got = run.log_probs(0, ids.len());
        assert_eq!(got.len(), expected.len());
        got.iter()
            .zip(&expected)
            .for_each(|(a, b)| largest(&mut errors.log_probs, *a, *b));
    } else {
        let expected = golden.f32("nll").unwrap().1;
        let targets = golden.ids("targets");
        let got = run.nll(0, &targets, &Cancel::default()).unwrap();
        let full = run.log_probs(0, ids.len());
        for (i, (a, b)) in got.iter().zip(&expected).enumerate() {
            largest(&mut errors.log_probs, *a, *b);
            largest(
                &mut errors.log_probs,
                -full[i * network.architecture().vocab_size + targets[i] as usize],
                *b,
            );
        }
    }
    for (layer, head, tile) in record.heads.lock().unwrap().iter() {
        let (shape, expected) = golden.f32(&format!("attn.{layer}")).unwrap();
        let again = run
            .head_weights(*layer, *head, tile.first, tile.first + tile.queries)
            .unwrap();
        for i in 0..tile.queries {
            let at = (head * shape[1] + tile.first + i) * shape[2];
            let expected = &expected[at..at + shape[2]];
            for (c, expected) in expected.iter().enumerate() {
                let got = tile.row(i).get(c).copied().unwrap_or(0.0);
                largest(&mut errors.attention, got, *expected);
                largest(
                    &mut errors.attention,
                    again.row(i).get(c).copied().unwrap_or(0.0),
                    *expected,
                );
            }
            // What the code dropped, it dropped because it weighs nothing.
            assert!(tile.row(i).iter().skip(shape[2]).all(|w| *w == 0.0));
            let empty: f32 = expected.iter().skip(tile.first + i).sum();
            largest(&mut errors.attention, tile.empty[i], empty);
        }
        if let Some((shape, expected)) = golden.f32(&format!("pers.{layer}")) {
            for i in 0..tile.queries {
                let at = (head * shape[1] + tile.first + i) * shape[2];
                for (a, b) in tile
                    .persistent_row(i)
                    .iter()
                    .zip(&expected[at..at + shape[2]])
                {
                    largest(&mut errors.persistent, *a, *b);
                }
            }
        }
    }
    for (layer, first, rows) in record.hidden.lock().unwrap().iter() {
        let Some((shape, expected)) = golden.f32(&format!("hidden.{layer}")) else {
            continue;
        };
        for (a, b) in rows.iter().zip(&expected[first * shape[1]..]) {
            largest(&mut errors.hidden, *a, *b);
        }
    }
    println!("{checkpoint:36} block {block:4}: {errors:?}");
    errors
}

#[test]
fn every_network_agrees_with_the_code_that_it_is_from_at_every_block_size() {
    for name in MODELS.into_iter().chain(SEQUENTIAL) {
        for block in [1, 17, 50, BLOCK] {
            let errors = compare(&format!("{name}.pt"), name, block);
            assert!(
                errors.log_probs < 2e-4 && errors.hidden < 2e-4,
                "{name}, block {block}: {errors:?}"
            );
            assert!(
                errors.attention < 2e-5 && errors.persistent < 2e-5,
                "{name}, block {block}: {errors:?}"
            );
        }
    }
}

#[test]
fn other_layouts_of_the_same_weights_agree_too() {
    for (file, tolerance) in [
        ("tiny_adaptive_views.pt", 2e-4),
        ("tiny_adaptive_f16.pt", 1e-2),
        ("tiny_adaptive_bf16.pt", 1e-1),
    ] {
        let errors = compare(file, "tiny_adaptive", BLOCK);
        assert!(errors.log_probs < tolerance, "{file}: {errors:?}");
    }
}

/// The ramp of fairseq's files is read from their settings.
#[test]
fn what_fairseq_trained_predicts_as_its_code_does_bit_for_bit_in_any_blocks() {
    for name in ["tiny_fairseq_layout", "fairseq_trained"] {
        let golden = Golden::open(name);
        let file = Checkpoint::open(&data(&format!("{name}.pt"))).unwrap();
        let network = Arc::new(Network::load(&file, None).unwrap());
        let config = network.architecture().adaptive_span().unwrap();
        assert_eq!(config.normalisation, Normalisation::Masked);
        assert_eq!(config.adapt_span_ramp, golden.ramp().into());
        assert!(network.assumed().is_empty(), "{:?}", network.assumed());
        let ids = golden.all_ids("input_ids");
        let in_blocks = |block: usize| {
            let mut run = Run::new(Arc::clone(&network));
            let none = Cancel::default();
            run.extend(&ids, block, &none, &NoObserver).unwrap();
            let nll = run.nll(0, &ids[1..], &none).unwrap();
            (nll, run.log_probs(0, ids.len()))
        };
        let whole = in_blocks(BLOCK);
        let mean = whole.0.iter().map(|x| f64::from(*x)).sum::<f64>() / whole.0.len() as f64;
        let expected: f64 = golden.said("nats_per_token").unwrap().parse().unwrap();
        assert!((mean - expected).abs() < 1e-5, "{name}: {mean}");
        for block in [1, 17, 64, 100] {
            assert!(in_blocks(block) == whole, "{name}, block {block}");
        }
    }
}

#[test]
fn the_second_code_predicts_the_same_bit_for_bit_in_any_blocks_and_after_any_edit() {
    for name in SEQUENTIAL {
        let golden = Golden::open(name);
        let file = Checkpoint::open(&data(&format!("{name}.pt"))).unwrap();
        let network = Arc::new(Network::load(&file, Some(golden.ramp().into())).unwrap());
        let assumed = network.assumed();
        assert!(assumed.is_empty(), "{name}: {assumed:?}");
        let config = network.architecture().adaptive_span().unwrap();
        assert_eq!(config.pre_norm, name.contains("pre"), "{name}");
        let without = Network::outline(&file, None).unwrap();
        let said = without
            .assumed()
            .iter()
            .any(|note| note.starts_with("ramp R = 32"));
        assert_eq!(said, config.adapt_span, "{name}: {:?}", without.assumed());
        let ids = golden.all_ids("input_ids");
        let none = Cancel::default();
        let numbers = |run: &Run| {
            let spans = network.spans();
            let heads = spans.iter().map(|span| {
                let weights = run.head_weights(span.layer, span.head, 0, ids.len());
                weights.unwrap()
            });
            (run.log_probs(0, ids.len()), heads.collect::<Vec<_>>())
        };
        let in_blocks = |block: usize| {
            let mut run = Run::new(Arc::clone(&network));
            run.extend(&ids, block, &none, &NoObserver).unwrap();
            numbers(&run)
        };
        let whole = in_blocks(BLOCK);
        for block in [1, 17, 64, 100] {
            assert!(in_blocks(block) == whole, "{name}, block {block}");
        }
        let mut edited = Run::new(Arc::clone(&network));
        let mut other = ids.clone();
        other[3] = (other[3] + 1) % 37;
        edited.set(&other, &none, &NoObserver).unwrap();
        edited.set(&ids, &none, &NoObserver).unwrap();
        assert!(numbers(&edited) == whole, "{name}, after an edit");
    }
}

/// The same weights are computed with in another way where the file is from the other code.
#[test]
fn two_codes_are_told_apart_by_what_a_file_says() {
    let errors = compare("tiny_fairseq_layout.pt", "tiny_adaptive", BLOCK);
    assert!(
        errors.log_probs > 0.1 && errors.attention > 0.1,
        "{errors:?}"
    );
}

#[test]
fn an_edited_text_gives_what_a_fresh_run_gives() {
    let file = Checkpoint::open(&data("tiny_all_attention.pt")).unwrap();
    let network = Arc::new(Network::load(&file, Some(16.into())).unwrap());
    let ids = Golden::open("tiny_all_attention").ids("input_ids");
    let none = Cancel::default();
    let mut edited = Run::new(Arc::clone(&network));
    edited.set(&ids, &none, &NoObserver).unwrap();
    let mut changed = ids.clone();
    changed[70] = (changed[70] + 1) % 60;
    changed.truncate(120);
    assert_eq!(edited.set(&changed, &none, &NoObserver).unwrap(), 70);
    let mut fresh = Run::new(network);
    fresh.set(&changed, &none, &NoObserver).unwrap();
    for (a, b) in edited.log_probs(0, 120).iter().zip(fresh.log_probs(0, 120)) {
        assert!((a - b).abs() < 1e-4);
    }
}

#[test]
fn a_cancelled_run_stays_usable_and_an_unknown_id_is_refused() {
    let file = Checkpoint::open(&data("tiny_adaptive.pt")).unwrap();
    let network = Arc::new(Network::load(&file, None).unwrap());
    assert!(network.assumed().iter().any(|a| a.contains("ramp")));
    let mut run = Run::new(network);
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(run.set(&[1, 2, 3], &cancel, &NoObserver).is_err());
    assert!(run.ids().is_empty());
    run.set(&[1, 2, 3], &Cancel::default(), &NoObserver)
        .unwrap();
    assert_eq!(run.ids(), [1, 2, 3]);
    let message = run
        .extend(&[4, 600], 64, &Cancel::default(), &NoObserver)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("600") && message.contains("position 4"),
        "{message}"
    );
    assert_eq!(run.ids(), [1, 2, 3]);
}
