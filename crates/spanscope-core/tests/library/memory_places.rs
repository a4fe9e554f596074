//! Places of neurons against a plain implementation in `f64`, and the same whatever the cuts.

use crate::causal::{FAMILIES, Plain};
use spanscope_core::analysis::examples::{
    ExampleMeasure, ExampleRecorder, ExampleSearch, Examples, Memories, MemoryChoice, MemoryId,
    memory_bin,
};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Cancel, Network, Run};
use std::path::Path;
use std::sync::Arc;

const TOP: usize = 4;

fn search(network: &Network) -> ExampleSearch {
    let chosen = [MemoryChoice::AllNeurons];
    let memories = Memories::new(network.architecture(), &chosen).unwrap();
    ExampleSearch {
        measure: ExampleMeasure::Distance,
        top: TOP,
        memories: Arc::new(memories),
    }
}

/// What is found in texts, each cut at `cut`.
fn found(network: &Arc<Network>, texts: &[&[u32]], cut: usize) -> Examples {
    let search = search(network);
    let mut all = Examples::new(network, &search);
    for (i, ids) in texts.iter().enumerate() {
        let recorder = ExampleRecorder::new(network, ids, (i as u32, 77 + i as u64), &search);
        let mut run = Run::new(Arc::clone(network));
        run.for_length(ids.len());
        for block in ids.chunks(cut) {
            let cancel = Cancel::default();
            run.extend(block, block.len(), &cancel, &recorder).unwrap();
        }
        assert!(all.add_text(&recorder.finish(), ids));
    }
    all
}

#[test]
fn places_of_neurons_are_those_of_their_largest_activations() {
    let ids: Vec<u32> = (0..60_u32).map(|i| (i * i * 7 + i / 3) % 190).collect();
    for family in FAMILIES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/families");
        let folder = folder.join(family);
        let network = Network::load(&Checkpoint::open(&folder).unwrap(), None).unwrap();
        let (network, plain) = (Arc::new(network), Plain::open(&folder));
        let want = plain.run(&ids);
        let all = found(&network, &[&ids], 60);
        assert_eq!(all, found(&network, &[&ids], 7), "{family}");
        let architecture = network.architecture();
        assert_eq!(all.memories.iter().count(), architecture.all_neurons());
        for (id, places) in all.memories.iter() {
            let MemoryId::Neuron(neuron) = id else {
                panic!("{id}");
            };
            let spec = architecture.feed_forward_of(neuron.layer).unwrap();
            let place = spec.place(neuron).unwrap();
            let told = &want.neurons[neuron.layer];
            // Of a mixture, of the tokens that chose its expert.
            let uses = |token: usize| match neuron.expert {
                Some(expert) => told[token].1[expert] > 0.0,
                None => true,
            };
            let value = |token: usize| told[token].0[place];
            let tokens: Vec<usize> = (0..60).filter(|token| uses(*token)).collect();
            assert_eq!(places.count(), tokens.len() as u64, "{family} {id}");
            let mut sizes: Vec<f64> = tokens.iter().map(|token| value(*token).abs()).collect();
            sizes.sort_by(|a, b| b.total_cmp(a));
            assert_eq!(places.top.len(), TOP.min(sizes.len()));
            for (place, size) in places.top.iter().zip(&sizes) {
                let close = |of: f64| 2e-5 * of.abs().max(1.0);
                let here = value(place.token as usize);
                assert!((f64::from(place.value) - here).abs() < close(here), "{id}");
                assert!((here.abs() - size).abs() < close(*size), "{id}");
                for (token, at) in place.ids.iter().zip(place.positions()) {
                    assert_eq!(at.map(|at| ids[at as usize]), at.map(|_| *token));
                }
                assert_eq!(place.ids[31], ids[place.token as usize]);
            }
            for (number, bin) in places.bins.iter().enumerate() {
                assert_eq!(bin.places.len() as u64, bin.count.min(2));
                for place in &bin.places {
                    assert_eq!(memory_bin(id, place.value), number);
                }
            }
            let tenths = places.tenths(id, 2);
            assert!(tenths.len() <= 10 && tenths.iter().all(|of| of.values.0 <= of.values.1));
        }
    }
}

#[test]
fn places_of_texts_join_whatever_the_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/families/gpt_oss");
    let network = Arc::new(Network::load(&Checkpoint::open(&folder).unwrap(), None).unwrap());
    let texts: Vec<Vec<u32>> = (0..4_u32)
        .map(|text| {
            (0..20 + 9 * text)
                .map(|i| (i * i * 7 + text * 31) % 190)
                .collect()
        })
        .collect();
    let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let whole = found(&network, &texts, 64);
    // Each by itself, with the number that it has among all, put together from the end.
    let search = search(&network);
    let mut joined = Examples::new(&network, &search);
    for (i, ids) in texts.iter().enumerate().rev() {
        let recorder = ExampleRecorder::new(&network, ids, (i as u32, 77 + i as u64), &search);
        let mut run = Run::new(Arc::clone(&network));
        run.set(ids, &Cancel::default(), &recorder).unwrap();
        let mut one = Examples::new(&network, &search);
        assert!(one.add_text(&recorder.finish(), ids));
        assert!(joined.add(&one));
    }
    assert_eq!(whole, joined);
    let other = ExampleSearch::of_heads(ExampleMeasure::Distance, TOP);
    assert!(!joined.add(&Examples::new(&network, &other)));
}
