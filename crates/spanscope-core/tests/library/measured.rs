//! Measures against values computed from hooks on PyTorch (`tests/data/families/measures.py`): norm-weighted weights, sink shares,
//! the use of neurons, and how far heads see.

use serde_json::Value;
use spanscope_core::analysis::{Mean, NeuronRecorder, Survey, verified_reach};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Cancel, HeadId, Network, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Weights and shares.
const WEIGHT: f64 = 2e-5;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/families")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// The run of a family's text with its neurons' use, beside what is expected of both.
fn each(look: impl Fn(&str, &Run, &NeuronRecorder, &Value)) {
    let text = std::fs::read_to_string(folder().join("measures.golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    for (family, of) in golden.as_object().unwrap() {
        let file = Checkpoint::open(&folder().join(family)).unwrap();
        let network = Network::load(&file, None).unwrap();
        let ids: Vec<u32> = of["ids"].as_array().unwrap().iter().map(id).collect();
        let neurons = NeuronRecorder::new(network.architecture());
        let mut run = Run::new(Arc::new(network));
        run.set(&ids, &Cancel::default(), &neurons).unwrap();
        look(family, &run, &neurons, of);
    }
}

fn id(value: &Value) -> u32 {
    value.as_u64().unwrap() as u32
}

/// Every head with what is expected of it.
fn heads(run: &Run, of: &Value, look: impl Fn(HeadId, &Value)) {
    let mut seen = 0;
    for (layer, of) in of["layers"].as_array().unwrap().iter().enumerate() {
        for (head, of) in of["heads"].as_array().unwrap().iter().enumerate() {
            look(HeadId::new(layer, head), of);
            seen += 1;
        }
    }
    assert_eq!(seen, run.network().spans().len());
}

#[test]
fn weights_count_by_what_they_write() {
    each(|family, run, _, of| {
        heads(run, of, |id, of| {
            let count = run.ids().len();
            let found = run.written_weights(id.layer, id.head, 0, count).unwrap();
            for (name, query) in [
                ("norm_weighted_last", count - 1),
                ("norm_weighted_middle", count / 2),
            ] {
                let row = of[name].as_array().unwrap().iter().map(number);
                for (key, want) in row.enumerate().take(query + 1) {
                    let weight = found.at(query, key).map_or(0.0, f64::from);
                    assert!(
                        (weight - want).abs() < WEIGHT,
                        "{family} {id} {query} {key}: {weight} {want}"
                    );
                }
            }
        });
    });
}

#[test]
fn sinks_and_norm_weighted_spans_are_measured() {
    each(|family, run, _, of| {
        let network = run.network();
        let count = run.ids().len();
        let surveyed = |norm| {
            let mut survey = Survey::new(network).norm_weighted(norm);
            while survey.range().end < count {
                assert!(survey.go_on(run, &(0..count), &Cancel::default()));
            }
            survey.measures()
        };
        let (plain, weighted) = (surveyed(false), surveyed(true));
        heads(run, of, |id, of| {
            let at = plain
                .iter()
                .position(|of| (of.layer, of.head) == (id.layer, id.head));
            let (plain, weighted) = (&plain[at.unwrap()], &weighted[at.unwrap()]);
            let rows = plain.rows.unwrap();
            let mean = |which: Mean| rows.mean(which).map_or(0.0, |of| of.mean);
            let off = (mean(Mean::Sink) - number(&of["first_token"])).abs();
            assert!(off < WEIGHT, "{family} {id}: {off}");
            let off = (mean(Mean::LearnedSink) - number(&of["learned_sink"])).abs();
            assert!(off < WEIGHT, "{family} {id}: {off}");
            let far = of["norm_effective_90"].as_u64().map(|far| far as usize);
            assert_eq!(rows.norm_effective, far, "{family} {id}");
            // Chosen as the numbers that are shown as weights, they have the same span.
            assert_eq!(weighted.effective[1], far, "{family} {id}");
            assert_eq!(weighted.rows.unwrap().means, rows.means, "{family} {id}");
        });
    });
}

#[test]
fn heads_see_what_alters_a_bit_of_their_output() {
    each(|family, run, _, of| {
        heads(run, of, |id, of| {
            for (query, want) in of["reach"].as_array().unwrap().iter().enumerate() {
                let found = verified_reach(run, id, query, &Cancel::default()).unwrap();
                let want = want.as_u64().map(|far| far as usize);
                assert_eq!(found.farthest, want, "{family} {id} at {query}");
                assert!(found.agrees(), "{family} {found:?}");
            }
        });
    });
}

#[test]
fn neurons_have_their_shares() {
    let seen = std::cell::Cell::new(0);
    each(|family, run, neurons, of| {
        for (layer, of) in of["layers"].as_array().unwrap().iter().enumerate() {
            let of = &of["neurons"];
            if of.is_null() {
                continue;
            }
            seen.set(seen.get() + 1);
            let usage = neurons.usage(run.network(), layer, run.ids().len());
            let usage = usage.unwrap();
            let close = |found: f32, want: f64| (f64::from(found) - want).abs() < 1e-4 * want;
            assert!(close(usage.total, number(&of["total"])), "{family} {layer}");
            let effective = usage.usage.effective;
            assert!(
                close(effective, number(&of["effective"])),
                "{family} {layer}"
            );
            assert_eq!(usage.usage.never as u64, of["never"].as_u64().unwrap());
            for top in of["top"].as_array().unwrap() {
                let (place, want) = (top[0].as_u64().unwrap(), number(&top[1]));
                let share = usage.share(place as usize);
                assert!((f64::from(share) - want).abs() < WEIGHT, "{family} {layer}");
            }
        }
    });
    assert!(seen.get() >= 8);
}
