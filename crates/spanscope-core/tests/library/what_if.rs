//! Edits of ordinary causal Transformers against a plain implementation in `f64`: windows, soft masks, first tokens kept and
//! dropped, heads and sublayers ablated; bit for bit whatever the cuts, also of runs that forget.

use crate::causal::{FAMILIES, Plain};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{
    Cancel, Edits, FirstTokens, HeadId, HeadWeights, Heads, Network, NeuronId, NoObserver,
    Observer, Ramp, Run, SpanEdit, WhatIf,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/families")
        .join(family)
}

fn network(family: &str) -> Network {
    Network::load(&Checkpoint::open(&folder(family)).unwrap(), None).unwrap()
}

fn ids(count: usize) -> Vec<u32> {
    (0..count as u32)
        .map(|i| (i * i * 7 + i / 3) % 190)
        .collect()
}

/// Neurons of both layers, of several experts where there are some.
fn neurons(family: &str) -> Edits {
    let mut edits = Edits::default();
    let expert = |expert| (family == "gpt_oss").then_some(expert);
    for (layer, of, neuron) in [(0, 0, 3), (0, 1, 3), (0, 3, 0), (1, 2, 17), (1, 0, 31)] {
        // The others of one number are the same without experts.
        edits.set_neuron_ablated(
            NeuronId {
                layer,
                expert: expert(of),
                neuron,
            },
            true,
        );
    }
    edits
}

/// The edits that every family is put to.
fn cases() -> Vec<(&'static str, Edits)> {
    let edits = |change: &dyn Fn(&mut Edits)| {
        let mut edits = Edits::default();
        change(&mut edits);
        edits
    };
    let at = HeadId::new;
    let mixed = |edits: &mut Edits| {
        edits.set(at(0, 0), SpanEdit::Window(5)).unwrap();
        edits.set(at(0, 2), SpanEdit::Window(1)).unwrap();
        edits.set(at(1, 1), SpanEdit::Window(33)).unwrap();
        let ramp = Ramp::of(6.0);
        edits
            .set(at(1, 0), SpanEdit::Soft { z: 3.25, ramp })
            .unwrap();
        edits
            .set(
                at(0, 3),
                SpanEdit::Soft {
                    z: 0.0,
                    ramp: Ramp::of(2.5),
                },
            )
            .unwrap();
        edits.set(at(1, 2), SpanEdit::Own(7.5)).unwrap();
    };
    vec![
        ("nothing", Edits::default()),
        ("windows and soft masks", edits(&mixed)),
        (
            "first tokens kept",
            edits(&|edits| {
                mixed(edits);
                edits.set_first(Some(FirstTokens::Keep(4)));
            }),
        ),
        (
            "many first tokens kept",
            edits(&|edits| {
                mixed(edits);
                edits.set_first(Some(FirstTokens::Keep(40)));
            }),
        ),
        (
            "first tokens dropped",
            edits(&|edits| {
                mixed(edits);
                edits.set_first(Some(FirstTokens::Drop(3)));
            }),
        ),
        (
            "dropped without windows",
            edits(&|edits| edits.set_first(Some(FirstTokens::Drop(9)))),
        ),
        (
            "ablated",
            edits(&|edits| {
                edits.set_ablated(0, 1, true);
                edits.set_mlp_ablated(1, true);
                edits.set(at(1, 3), SpanEdit::Window(12)).unwrap();
            }),
        ),
    ]
}

/// The weights of every head.
#[derive(Default)]
struct Seen(Mutex<Vec<(usize, usize, HeadWeights)>>);

impl Observer for Seen {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        self.0.lock().unwrap().push((layer, head, weights.clone()));
    }
}

/// log p of all tokens after each, and every head's weights, by a run in blocks that end at `cuts`.
fn cut(network: &Arc<Network>, ids: &[u32], cuts: &[usize]) -> (Vec<f32>, Seen) {
    let (mut run, seen) = (Run::new(Arc::clone(network)), Seen::default());
    run.for_length(ids.len());
    for pair in cuts.windows(2) {
        let block = &ids[pair[0]..pair[1]];
        run.extend(block, block.len(), &Cancel::default(), &seen)
            .unwrap();
    }
    (run.log_probs(0, ids.len()), seen)
}

fn largest(pairs: impl Iterator<Item = (f32, f64)>) -> f64 {
    pairs
        .map(|(a, b)| (f64::from(a) - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn edited_networks_compute_what_the_equations_say() {
    let ids = ids(60);
    for family in FAMILIES {
        let network = network(family);
        let neurons = ("neurons ablated", neurons(family));
        for (name, edits) in cases().into_iter().chain([neurons]) {
            let mut plain = Plain::open(&folder(family));
            plain.edit(&edits);
            let want = plain.run(&ids);
            let edited = Arc::new(network.edited(&edits).unwrap());
            let (log_probs, seen) = cut(&edited, &ids, &[0, 60]);
            let off = largest(
                log_probs
                    .iter()
                    .copied()
                    .zip(want.log_probs.into_iter().flatten()),
            );
            assert!(off < 2e-4, "{family}, {name}: log p is {off} off");
            for (layer, head, weights) in seen.0.lock().unwrap().iter() {
                let of = &want.heads[*layer][*head];
                for t in weights.positions() {
                    let row =
                        (0..=t).map(|key| (weights.at(t, key).unwrap_or(0.0), of.weights[t][key]));
                    let off = largest(row);
                    assert!(
                        off < 2e-5,
                        "{family}, {name}: L{layer}H{head} at {t} is {off} off"
                    );
                    let sink = f64::from(weights.off_text(t).sink);
                    assert!((sink - of.sink[t]).abs() < 2e-5, "{family}, {name}");
                }
            }
        }
    }
}

#[test]
fn cuts_and_forgetting_change_no_bit() {
    // Longer than a block of the caches, so that something is forgotten.
    let ids = ids(300);
    for family in ["llama", "gpt_oss", "bloom"] {
        let network = network(family);
        let neurons = ("neurons ablated", neurons(family));
        for (name, edits) in cases().into_iter().chain([neurons]) {
            let edited = Arc::new(network.edited(&edits).unwrap());
            let (want, whole) = cut(&edited, &ids, &[0, 300]);
            let row = |seen: &Seen, layer, head, t: usize| -> Vec<u32> {
                let seen = seen.0.lock().unwrap();
                let of = |of: &&(usize, usize, HeadWeights)| {
                    (of.0, of.1) == (layer, head) && of.2.positions().contains(&t)
                };
                let (_, _, weights) = seen.iter().find(of).unwrap();
                (0..=t)
                    .map(|key| weights.at(t, key).unwrap_or(0.0).to_bits())
                    .collect()
            };
            for cuts in [
                vec![0, 1, 2, 63, 64, 65, 200, 300],
                vec![0, 100, 130, 131, 300],
            ] {
                let (found, seen) = cut(&edited, &ids, &cuts);
                assert!(
                    found
                        .iter()
                        .zip(&want)
                        .all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{family}, {name}"
                );
                for (layer, head, t) in [(0, 0, 299), (1, 0, 130), (0, 3, 65), (1, 1, 7)] {
                    assert_eq!(
                        row(&seen, layer, head, t),
                        row(&whole, layer, head, t),
                        "{family}, {name}"
                    );
                }
            }
            // Streamed, with all that no later token sees forgotten.
            let mut run = Run::new(Arc::clone(&edited));
            run.for_length(ids.len());
            let mut found = Vec::new();
            for (i, block) in ids.chunks(70).enumerate() {
                run.extend(block, 70, &Cancel::default(), &NoObserver)
                    .unwrap();
                found.extend(run.log_probs(i * 70, i * 70 + block.len()));
                run.forget();
            }
            assert!(
                found
                    .iter()
                    .zip(&want)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
                "{family}, {name}"
            );
            // What is kept can be asked for once more, and says the same.
            let again = run.head_weights(0, 0, 299, 300).unwrap();
            let again: Vec<u32> = (0..=299)
                .map(|key| again.at(299, key).unwrap_or(0.0).to_bits())
                .collect();
            assert_eq!(again, row(&whole, 0, 0, 299), "{family}, {name}");
            for key in [0, 3, 290, 299] {
                if let Some(parts) = run.score(0, 0, 299, key) {
                    assert_eq!(parts.weight.to_bits(), again[key], "{family}, {name}");
                }
            }
        }
    }
}

#[test]
fn a_run_that_cuts_all_heads_keeps_no_more_than_their_windows() {
    let network = network("llama");
    let wish = WhatIf {
        windows: vec![(Heads::All, 40)],
        first: Some(FirstTokens::Keep(4)),
        ..WhatIf::default()
    };
    let edited = Arc::new(network.edited(&wish.edits(&network).unwrap()).unwrap());
    assert!(
        edited
            .spans()
            .iter()
            .all(|span| span.reach == 40 && span.first == 4 && !span.open)
    );
    let mut run = Run::new(edited);
    let mut most = 0;
    for block in ids(240).chunks(60) {
        run.extend(block, 60, &Cancel::default(), &NoObserver)
            .unwrap();
        run.forget();
        most = most.max(run.bytes());
    }
    let mut open = Run::new(Arc::new(network));
    open.extend(&ids(240), 60, &Cancel::default(), &NoObserver)
        .unwrap();
    open.forget();
    assert!(most < open.bytes(), "{most} of {}", open.bytes());
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let llama = network("llama");
    let said = |wish: WhatIf| wish.edits(&llama).unwrap_err().to_string();
    let one = HeadId::new(9, 0);
    let wish = WhatIf {
        ablated: vec![Heads::One(one)],
        ..WhatIf::default()
    };
    assert!(said(wish).contains("L9H0: there is no head"));
    for (name, part) in [
        ("9.0", "L9N0: the network has 2 layers"),
        ("0.96", "L0N96: this layer has 96 neurons"),
        ("0.1.2", "L0E1N2: this layer has 96 neurons"),
    ] {
        let wish = WhatIf {
            ablated_neurons: vec![name.parse().unwrap()],
            ..WhatIf::default()
        };
        let error = said(wish);
        assert!(error.contains(part), "{error}");
    }
    let wish = WhatIf {
        windows: vec![(Heads::Layer(2), 4)],
        ..WhatIf::default()
    };
    assert!(said(wish).contains("there is no such layer"));
    let wish = WhatIf {
        first: Some(FirstTokens::Keep(4)),
        ..WhatIf::default()
    };
    assert!(said(wish).contains("keep-first 4: all heads see the whole text"));
    let wish = WhatIf {
        windows: vec![(Heads::Layer(1), 4)],
        spans: vec![(Heads::One(HeadId::new(1, 2)), 4.0)],
        ..WhatIf::default()
    };
    assert!(said(wish).contains("L1H2 is cut to a window already"));
    let local = network("gpt_oss");
    let wish = WhatIf {
        ablated_neurons: vec![NeuronId::new(0, 1)],
        ..WhatIf::default()
    };
    let error = wish.edits(&local).unwrap_err().to_string();
    assert!(error.contains("4 experts of"), "{error}");
    let wish = WhatIf {
        windows: vec![(Heads::Layer(0), 8)],
        ..WhatIf::default()
    };
    let error = wish.edits(&local).unwrap_err().to_string();
    assert!(
        error.contains("0=8: no head of these sees more than 8 keys"),
        "{error}"
    );
    // Of all heads, those that see less by design are left as they are.
    let wish = WhatIf {
        windows: vec![(Heads::All, 8)],
        ..WhatIf::default()
    };
    let edits = wish.edits(&local).unwrap();
    assert_eq!(
        edits
            .spans()
            .map(|(head, _)| head.layer)
            .collect::<Vec<_>>(),
        [1; 4]
    );
}
