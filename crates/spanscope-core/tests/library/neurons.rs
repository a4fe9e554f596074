//! The use of neurons, their values and what these promote, against a plain implementation in `f64`; bit for bit whatever the cuts.

use crate::causal::{FAMILIES, Plain};
use spanscope_core::analysis::logit_lens::promoted_along;
use spanscope_core::analysis::{NeuronRecorder, USERS, neurons_promoting};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Cancel, Network, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data")
}

fn network(path: &Path) -> Arc<Network> {
    Arc::new(Network::load(&Checkpoint::open(path).unwrap(), None).unwrap())
}

fn ids(count: usize) -> Vec<u32> {
    (0..count as u32)
        .map(|i| (i * i * 7 + i / 3) % 190)
        .collect()
}

fn near(found: f32, want: f64, name: &str) {
    let off = (f64::from(found) - want).abs();
    assert!(
        off < 2e-5 * want.abs().max(1.0),
        "{name}: {found} for {want}"
    );
}

fn recorded(network: &Arc<Network>, ids: &[u32], cuts: &[usize], forgets: bool) -> NeuronRecorder {
    let recorder = NeuronRecorder::new(network.architecture());
    let mut run = Run::new(Arc::clone(network));
    run.for_length(ids.len());
    for pair in cuts.windows(2) {
        let block = &ids[pair[0]..pair[1]];
        run.extend(block, block.len(), &Cancel::default(), &recorder)
            .unwrap();
        if forgets {
            run.forget();
        }
    }
    recorder
}

#[test]
fn use_and_users_are_what_the_equations_say() {
    let ids = ids(60);
    for family in FAMILIES {
        let folder = data().join("families").join(family);
        let (network, plain) = (network(&folder), Plain::open(&folder));
        let want = plain.run(&ids);
        let recorder = recorded(&network, &ids, &[0, 60], false);
        let of = network.architecture();
        for (layer, neurons) in plain.layers.iter().map(|layer| &layer.neurons).enumerate() {
            let usage = recorder.usage(&network, layer, ids.len()).unwrap();
            let count = neurons.count();
            assert_eq!(
                (usage.count(), of.neurons(layer)),
                (count, count),
                "{family}"
            );
            let told = &want.neurons[layer];
            let mut uses = Vec::new();
            for place in 0..count {
                let name = format!("{family} L{layer}, place {place}");
                let value = neurons.value(place);
                let norm = value.iter().map(|v| v * v).sum::<f64>().sqrt();
                near(network.value_norms(layer)[place], norm, &name);
                let mean = told.iter().map(|of| of.0[place].abs()).sum::<f64>() / 60.0;
                near(usage.activations[place], mean, &name);
                near(usage.usage.mean[place], mean * norm, &name);
                uses.push(mean * norm);
                let id = of.feed_forward_of(layer).unwrap().named(layer, place);
                assert_eq!(of.feed_forward_of(layer).unwrap().place(id), Some(place));
                for (found, want) in network.neuron_value(id).unwrap().iter().zip(&value) {
                    near(*found, *want, &name);
                }
                let users = recorder.users(of, id);
                let mut sizes: Vec<f64> = told.iter().map(|of| of.0[place].abs()).collect();
                sizes.sort_by(|a, b| b.total_cmp(a));
                let used = sizes.iter().filter(|size| **size > 0.0).count();
                assert_eq!(users.len(), used.min(USERS), "{name}");
                for ((position, c), size) in users.iter().zip(&sizes) {
                    near(*c, told[*position].0[place], &name);
                    near(c.abs(), *size, &name);
                }
            }
            let total: f64 = uses.iter().sum();
            let shares: Vec<f64> = uses.iter().map(|of| of / total).collect();
            let entropy: f64 = shares
                .iter()
                .filter(|p| **p > 0.0)
                .map(|p| -p * p.ln())
                .sum();
            let effective = f64::from(usage.usage.effective);
            assert!((effective / entropy.exp() - 1.0).abs() < 1e-4, "{family}");
            let never = shares.iter().filter(|p| **p < 0.01 / count as f64).count();
            assert!(usage.usage.never.abs_diff(never) <= 1, "{family}");
            near(usage.total, total, family);
            for (place, share) in shares.iter().enumerate() {
                near(usage.share(place), *share, family);
            }
            let mut falling = shares.clone();
            falling.sort_by(|a, b| b.total_cmp(a));
            let half = falling
                .iter()
                .scan(0.0, |sum, share| {
                    *sum += share;
                    Some(*sum)
                })
                .position(|sum| sum >= 0.5);
            assert_eq!(usage.holding(0.5), half.unwrap() + 1, "{family}");
            for (expert, of_expert) in usage.experts.iter().enumerate() {
                let chosen = told.iter().map(|of| of.1[expert]).filter(|w| *w > 0.0);
                let (number, sum) = chosen.fold((0, 0.0), |(n, sum), w| (n + 1, sum + w));
                assert!((of_expert.share - f64::from(number) / 60.0).abs() < 1e-12);
                assert!((of_expert.weight * f64::from(number) - sum).abs() < 1e-4);
            }
            assert_eq!(usage.experts.is_empty(), family != "gpt_oss");
        }
    }
}

#[test]
fn cuts_and_forgetting_change_no_bit() {
    let ids = ids(300);
    let mut models: Vec<PathBuf> = ["llama", "gpt_oss", "gpt2", "opt"]
        .map(|family| data().join("families").join(family))
        .to_vec();
    models.push(data().join("tiny_adaptive.pt"));
    for model in models {
        let network = network(&model);
        let most = network.architecture().input.positions.map(|of| of.count);
        let vocab = network.architecture().vocab_size as u32;
        let len = most.unwrap_or(300).min(300);
        let ids: Vec<u32> = ids[..len].iter().map(|id| id % vocab).collect();
        let all = |recorder: &NeuronRecorder| -> String {
            let layers = 0..network.architecture().nb_layers();
            let of = |layer| {
                let spec = network.architecture().feed_forward_of(layer).unwrap();
                let users = (0..spec.neurons())
                    .map(|place| recorder.users(network.architecture(), spec.named(layer, place)));
                let users: Vec<_> = users.collect();
                format!("{:?} {users:?}", recorder.usage(&network, layer, len))
            };
            layers.map(of).collect()
        };
        let want = all(&recorded(&network, &ids, &[0, len], false));
        for (cuts, forgets) in [
            (vec![0, 1, 2, 30, len], false),
            (vec![0, 13, 14, 40, len], true),
        ] {
            let found = all(&recorded(&network, &ids, &cuts, forgets));
            assert!(found == want, "{}", model.display());
        }
        let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        let found = threads
            .unwrap()
            .install(|| recorded(&network, &ids, &[0, 50, len], false));
        assert!(all(&found) == want, "{}: three threads", model.display());
    }
}

#[test]
fn values_promote_tokens_and_are_found_by_them() {
    for family in FAMILIES {
        let folder = data().join("families").join(family);
        let (network, plain) = (network(&folder), Plain::open(&folder));
        let of = network.architecture();
        // The change of every token by every neuron.
        let mut all = Vec::new();
        for (layer, neurons) in plain.layers.iter().map(|layer| &layer.neurons).enumerate() {
            for place in 0..neurons.count() {
                let id = of.feed_forward_of(layer).unwrap().named(layer, place);
                all.push((id, plain.promoted(&neurons.value(place))));
            }
        }
        let largest = all.iter().flat_map(|(_, changes)| changes);
        let largest = largest.fold(0.0_f64, |most, x| most.max(x.abs()));
        for (id, changes) in all.iter().step_by(37) {
            let value = network.neuron_value(*id).unwrap();
            let promoted = promoted_along(&network, &value, 4);
            let mut falling = changes.clone();
            falling.sort_by(|a, b| b.total_cmp(a));
            for ((token, change), want) in promoted.up.iter().zip(&falling) {
                assert!(
                    (f64::from(*change) - want).abs() < 1e-5 * largest,
                    "{family}"
                );
                assert!((changes[*token as usize] - want).abs() < 1e-5 * largest);
            }
            assert_eq!((promoted.up.len(), promoted.down.len()), (4, 4));
        }
        for token in [0, 7, of.vocab_size as u32 - 1] {
            let never = Cancel::default();
            let found = neurons_promoting(&network, token, 9, &never)
                .unwrap()
                .unwrap();
            let change = |(_, changes): &(_, Vec<f64>)| changes[token as usize];
            let mut falling: Vec<f64> = all.iter().map(change).collect();
            falling.sort_by(|a, b| b.total_cmp(a));
            for (list, sign) in [(&found.up, 1.0), (&found.down, -1.0)] {
                assert_eq!(list.len(), 9, "{family}");
                for (i, (id, found)) in list.iter().enumerate() {
                    let want = match sign > 0.0 {
                        true => falling[i],
                        false => falling[falling.len() - 1 - i],
                    };
                    assert!(
                        (f64::from(*found) - want).abs() < 1e-5 * largest,
                        "{family}"
                    );
                    let own = all.iter().find(|(of, _)| of == id).map(change).unwrap();
                    assert!((own - want).abs() < 1e-5 * largest, "{family} {id}");
                }
            }
        }
        let last = of.vocab_size as u32;
        let none = neurons_promoting(&network, last, 9, &Cancel::default());
        assert_eq!(none.unwrap(), None);
    }
}
