//! Repeated tokens and the likeness of heads against their definitions, computed in `f64` from plain weights.

use crate::causal::{FAMILIES, HeadRun, Plain, TextRun};
use spanscope_core::analysis::examples::{ExampleMeasure, ExampleRecorder, ExampleSearch};
use spanscope_core::analysis::similar::{COMPARED_QUERIES, DivergenceTask};
use spanscope_core::analysis::{HeadMeasure, Mean, Survey};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Cancel, HeadId, Network, NoObserver, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/families")
        .join(family)
}

/// A run of the network over a text in which tokens come again, and the plain one.
fn both(family: &str, len: usize) -> (Run, TextRun, Vec<u32>) {
    let ids: Vec<u32> = (0..len as u32).map(|i| (i * i * 7 + i / 3) % 23).collect();
    let file = Checkpoint::open(&folder(family)).unwrap();
    let network = Arc::new(Network::load(&file, None).unwrap());
    let mut run = Run::new(network);
    run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
    let plain = Plain::open(&folder(family)).run(&ids);
    (run, plain, ids)
}

fn close(found: f64, want: f64) {
    assert!((found - want).abs() < 3e-5, "{found} {want}");
}

/// Mean weight on certain keys and that of even attention, over the queries that have any of them.
fn repeated(
    head: &HeadRun,
    sees: &dyn Fn(usize) -> Vec<usize>,
    is: &dyn Fn(usize, usize) -> bool,
) -> (usize, f64, f64) {
    let (mut queries, mut weight, mut even) = (0, 0.0, 0.0);
    for t in 0..head.weights.len() {
        let seen = sees(t);
        let keys: Vec<&usize> = seen.iter().filter(|j| is(t, **j)).collect();
        if !keys.is_empty() {
            queries += 1;
            weight += keys.iter().map(|j| head.weights[t][**j]).sum::<f64>();
            even += keys.len() as f64 / seen.len() as f64;
        }
    }
    (queries, weight / queries as f64, even / queries as f64)
}

#[test]
fn repeated_tokens_are_counted_as_their_definitions_say() {
    for family in FAMILIES {
        let (run, plain, ids) = both(family, 60);
        let mut survey = Survey::new(run.network());
        assert!(survey.go_on(&run, &(0..60), &Cancel::default()));
        let spans = run.network().spans();
        let measures: Vec<HeadMeasure> = survey.measures();
        for (measure, span) in measures.iter().zip(&spans) {
            let head = &plain.heads[span.layer][span.head];
            let seen = span.seen(60);
            let sees = |t: usize| ((t + 1).saturating_sub(seen)..=t).collect::<Vec<_>>();
            let repeats = measure.repeats.unwrap();
            let same = |t: usize, j: usize| j < t && ids[j] == ids[t];
            let after = |t: usize, j: usize| j < t && j > 0 && ids[j - 1] == ids[t];
            for (found, want) in [
                (repeats.duplicate, repeated(head, &sees, &same)),
                (repeats.induction, repeated(head, &sees, &after)),
            ] {
                let found = found.unwrap();
                assert_eq!(found.queries as usize, want.0, "{family}");
                close(found.weight.mean, want.1);
                close(found.even, want.2);
            }
            let keys = (0..60).map(|t| sees(t).len() as f64);
            close(repeats.keys, keys.sum::<f64>() / 60.0);
        }
    }
}

/// The Jensen–Shannon divergence of two rows with their sinks, in bits, as entropies.
fn divergence(a: &HeadRun, b: &HeadRun, t: usize) -> f64 {
    let row = |head: &HeadRun| {
        let all = head.weights[t].iter().copied().chain([head.sink[t]]);
        let all: Vec<f64> = all.collect();
        let sum: f64 = all.iter().sum();
        all.into_iter().map(|p| p / sum).collect::<Vec<f64>>()
    };
    let entropy = |p: &[f64]| {
        let terms = p.iter().filter(|p| **p > 0.0);
        -terms.map(|p| p * p.log2()).sum::<f64>()
    };
    let (p, q) = (row(a), row(b));
    let middle: Vec<f64> = p.iter().zip(&q).map(|(p, q)| (p + q) / 2.0).collect();
    entropy(&middle) - (entropy(&p) + entropy(&q)) / 2.0
}

#[test]
fn heads_are_as_far_apart_as_their_rows() {
    for family in FAMILIES {
        let (run, plain, _) = both(family, 60);
        let of = HeadId::new(1, 0);
        let mut task = DivergenceTask::new(run.network(), of, 0..60);
        while !task.is_done() {
            assert!(task.go_on(&run, &Cancel::default()));
        }
        let found = task.result();
        assert_eq!((found.of, found.queries), (of, 60));
        let own = &plain.heads[1][0];
        let heads = plain.heads.iter().flatten();
        for (bits, head) in found.bits.iter().zip(heads) {
            let want = (0..60).map(|t| divergence(own, head, t)).sum::<f64>() / 60.0;
            close(*bits, want);
        }
    }
}

#[test]
fn the_places_of_the_largest_values_are_found_with_their_weights() {
    for (family, measure) in [
        ("gpt2", ExampleMeasure::Distance),
        ("llama", ExampleMeasure::Row(Mean::Induction)),
        ("gpt_oss", ExampleMeasure::Row(Mean::Confidence)),
    ] {
        let (run, plain, ids) = both(family, 60);
        let network = Arc::clone(run.network());
        let search = ExampleSearch::of_heads(measure, 5);
        let recorder = ExampleRecorder::new(&network, &ids, (0, 77), &search);
        let mut again = Run::new(Arc::clone(&network));
        again.set(&ids, &Cancel::default(), &recorder).unwrap();
        let examples = recorder.finish();
        let spans = network.spans();
        for (found, span) in examples.heads.iter().zip(&spans) {
            let head = &plain.heads[span.layer][span.head];
            let value = |t: usize| {
                let row = &head.weights[t];
                let all: f64 = row.iter().sum();
                match measure {
                    ExampleMeasure::Distance => {
                        let moment = (0..=t).map(|j| (t - j) as f64 * row[j]);
                        moment.sum::<f64>() / all
                    }
                    ExampleMeasure::Row(Mean::Induction) => (1..t)
                        .filter(|j| ids[j - 1] == ids[t])
                        .map(|j| row[j])
                        .sum(),
                    _ => row.iter().copied().fold(0.0, f64::max),
                }
            };
            let mut values: Vec<f64> = (0..60).map(value).collect();
            for place in &found.top {
                close(
                    f64::from(place.value) / 60.0,
                    values[place.query as usize] / 60.0,
                );
                let t = place.query as usize;
                assert_eq!(place.ids[31], ids[t]);
                let weights = place.weights.iter().zip(place.positions());
                for (weight, at) in weights {
                    let want = at.map_or(0.0, |at| {
                        if at as usize <= t {
                            head.weights[t][at as usize]
                        } else {
                            0.0
                        }
                    });
                    close(f64::from(*weight), want);
                }
                let largest = head.weights[t].iter().copied().fold(0.0, f64::max);
                close(f64::from(place.weight), largest);
            }
            values.sort_by(|a, b| b.total_cmp(a));
            for (place, want) in found.top.iter().zip(&values) {
                close(f64::from(place.value) / 60.0, want / 60.0);
            }
            assert_eq!(found.top.len(), 5);
            let all: u64 = found.bins.iter().map(|bin| bin.count).sum();
            assert_eq!(all, 60);
            // Every tenth of the queries has places, and rising values.
            let deciles = found.deciles(measure, 2);
            assert_eq!(deciles.len(), 10);
            assert!(deciles.iter().all(|of| !of.places.is_empty()));
            assert!(
                deciles
                    .windows(2)
                    .all(|of| of[0].values.0 <= of[1].values.0)
            );
        }
    }
}

#[test]
fn of_a_long_text_some_queries_are_compared_and_a_stop_loses_nothing() {
    let (run, ..) = both("llama", 400);
    let of = HeadId::new(0, 1);
    let mut task = DivergenceTask::new(run.network(), of, 50..400);
    let stopped = Cancel::default();
    stopped.cancel();
    assert!(!task.go_on(&run, &stopped));
    assert_eq!(task.result().queries, 0);
    let mut again = task.clone();
    for task in [&mut task, &mut again] {
        while !task.is_done() {
            assert!(task.go_on(&run, &Cancel::default()));
        }
    }
    assert_eq!(task.result(), again.result());
    assert_eq!(task.result().queries, COMPARED_QUERIES);
    let (heads, bits) = (run.network().spans(), task.result().bits);
    let own = heads.iter().position(|span| span.id() == of).unwrap();
    assert!(bits[own] < 1e-9 && bits.iter().all(|bits| (0.0..=1.0).contains(bits)));
}
