//! Weights by what is written, and what a score is made of, against a plain implementation in `f64`.

use crate::causal::{FAMILIES, Plain};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Cancel, HeadId, Network, NoObserver, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data")
}

fn run(path: &Path, count: usize) -> Run {
    let network = Network::load(&Checkpoint::open(path).unwrap(), None).unwrap();
    let vocab = network.architecture().vocab_size as u32;
    let ids = (0..count as u32).map(|i| (i * i * 7 + i / 3) % 190 % vocab);
    let ids: Vec<u32> = ids.collect();
    let mut run = Run::new(Arc::new(network));
    run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
    run
}

fn norm(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn weights_count_by_what_they_write() {
    for family in FAMILIES {
        let folder = data().join("families").join(family);
        let (run, plain) = (run(&folder, 60), Plain::open(&folder));
        let want = plain.run(run.ids());
        for span in run.network().spans() {
            let (layer, head) = (span.layer, span.head);
            let of = &want.heads[layer][head];
            let found = run.written_weights(layer, head, 0, 60).unwrap();
            let part = run.written_weights(layer, head, 17, 23).unwrap();
            for t in 0..60 {
                let written: Vec<f64> = (0..=t)
                    .map(|j| of.weights[t][j] * norm(&of.writes[j]))
                    .collect();
                let sum: f64 = written.iter().sum();
                for (j, want) in written.iter().enumerate() {
                    let weight = found.at(t, j).unwrap_or(0.0);
                    let off = (f64::from(weight) - want / sum).abs();
                    assert!(off < 2e-5, "{family} L{layer}H{head}, {t} to {j}: {off}");
                    if (17..23).contains(&t) {
                        assert_eq!(part.at(t, j), found.at(t, j), "{family}");
                    }
                }
                assert_eq!(found.off_text(t).sink, 0.0);
            }
        }
    }
}

#[test]
fn persistent_vectors_and_empty_context_have_their_shares() {
    for name in ["tiny_all_attention.pt", "tiny_adaptive.pt"] {
        let run = run(&data().join(name), 120);
        for span in run.network().spans() {
            let HeadId { layer, head } = span.id();
            let found = run.written_weights(layer, head, 0, 120).unwrap();
            let probe = run.probe_with_norms(layer, head, 100, 120).unwrap();
            let vectors = 0..run.network().architecture().persistent();
            let norms = vectors.map(|n| {
                let write = run.network().persistent_write(layer, head, n).unwrap();
                norm(&write.into_iter().map(f64::from).collect::<Vec<_>>())
            });
            let norms: Vec<f64> = norms.collect();
            for t in 100..120 {
                let tokens = probe.weights.on_text(t).iter();
                let tokens = tokens.zip(probe.norms(t));
                let tokens: Vec<f64> = tokens
                    .map(|(weight, norm)| f64::from(*weight) * f64::from(*norm))
                    .collect();
                let off = probe.weights.off_text(t).persistent.iter().zip(&norms);
                let off: Vec<f64> = off
                    .map(|(weight, norm)| f64::from(*weight) * norm)
                    .collect();
                let sum: f64 = tokens.iter().chain(&off).sum();
                for (found, want) in found.on_text(t).iter().zip(&tokens) {
                    assert!((f64::from(*found) - want / sum).abs() < 2e-5, "{name}");
                }
                for (found, want) in found.off_text(t).persistent.iter().zip(&off) {
                    assert!((f64::from(*found) - want / sum).abs() < 2e-5, "{name}");
                }
            }
            // Where nothing writes but a little text, it has all; empty context writes nothing.
            let first = found.off_text(1);
            let all = found.on_text(1).iter().chain(first.persistent).sum::<f32>();
            assert!((all - 1.0).abs() < 1e-5 || all == 0.0, "{name}: {all}");
            assert_eq!(first.empty, 0.0);
        }
    }
}

#[test]
fn a_score_says_what_rotation_and_cap_make_of_it() {
    for family in ["llama", "gpt_oss"] {
        let folder = data().join("families").join(family);
        let (run, plain) = (run(&folder, 60), Plain::open(&folder));
        for (head, t, j) in [(0, 59, 58), (1, 40, 36), (3, 7, 7), (2, 30, 25)] {
            let parts = run.score(0, head, t, j).unwrap();
            let want = plain.unrotated(head, run.ids(), t, j);
            let found = f64::from(parts.unrotated.unwrap());
            assert!(
                (found - want).abs() < 1e-4 * want.abs().max(1.0),
                "{family}: {found} {want}"
            );
            assert_eq!(parts.uncapped, parts.content);
            if t == j {
                assert!((parts.uncapped - parts.unrotated.unwrap()).abs() < 1e-5);
            }
        }
    }
    let gemma = run(&data().join("families/gemma2"), 40);
    let parts = gemma.score(1, 1, 30, 12).unwrap();
    let spec = &gemma.network().architecture().layers[1].attention;
    let cap = spec.score_cap.unwrap();
    assert!((parts.content - cap * (parts.uncapped / cap).tanh()).abs() < 1e-5);
    assert!(parts.content.abs() < parts.uncapped.abs());
    let gpt2 = run(&data().join("families/gpt2"), 40);
    assert_eq!(gpt2.score(0, 0, 9, 3).unwrap().unrotated, None);
}
