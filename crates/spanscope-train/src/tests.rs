//! Whole networks in training: gradients against finite differences, and against the tensor library's own.

use super::dropout::mix;
use super::network::{Cache, Chance, Trainee};
use super::options::Options;
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor};

const BATCH: usize = 3;

/// A small network of every kind of parameter.
fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options {
        nb_layers: 2,
        hidden_size: 12,
        inner_hidden_size: 14,
        nb_heads: 3,
        attn_span: 40,
        adapt_span: true,
        adapt_span_ramp: 5,
        adapt_span_init: 0.1,
        dropout: 0.0,
        ..Options::default()
    };
    change(&mut options);
    options
}

const VOCAB: usize = 17;

/// The network, with spans that differ, in 32 bits, which the operations of our own compute with, and in 64.
fn networks(options: &Options) -> (Trainee, Trainee) {
    let config = options.config(VOCAB).unwrap();
    let ours = Trainee::new(options, config.clone(), &Device::Cpu).unwrap();
    for (i, (name, var)) in ours.parameters.iter().enumerate() {
        if name.ends_with("current_val") {
            let spans: Vec<f32> = (0..3)
                .map(|h| 0.04 + 0.11 * h as f32 + 0.0031 * i as f32)
                .collect();
            let spans = Tensor::from_vec(spans, (3, 1, 1), &Device::Cpu).unwrap();
            var.set(&spans).unwrap();
        } else if name.contains("bias") || name.contains("norm") {
            // What begins as 0 or 1 everywhere would hide mistakes.
            let numbers = (0..var.elem_count()).map(|j| 0.5 + 0.1 * ((i + 7 * j) % 11) as f32);
            let numbers = Tensor::from_vec(numbers.collect(), var.shape(), &Device::Cpu).unwrap();
            var.set(&numbers).unwrap();
        }
    }
    let exact = Trainee {
        parameters: ours.parameters.to_dtype(DType::F64).unwrap(),
        ..Trainee::new(options, config, &Device::Cpu).unwrap()
    };
    (ours, exact)
}

fn ids(seed: u64, count: usize) -> Vec<u32> {
    let id = |i: usize| (mix(seed ^ (i as u64) << 8) % VOCAB as u64) as u32;
    (0..count).map(id).collect()
}

/// The loss of a block that follows two others, one of them long, as the trainer has it.
fn loss(network: &Trainee, chance: Option<Chance>) -> Tensor {
    let cache = warm(network);
    let (block, targets) = (ids(3, BATCH * 9), ids(4, BATCH * 9));
    let (loss, _) = network.loss(&block, &targets, &cache, chance).unwrap();
    let spans = network.mean_spans().unwrap();
    match spans {
        Some(spans) => (loss + (spans * 0.05).unwrap()).unwrap(),
        None => loss,
    }
}

fn warm(network: &Trainee) -> Cache {
    let mut cache = network.cold(BATCH).unwrap();
    for (seed, tokens) in [(1, 70), (2, 5)] {
        let block = ids(seed, BATCH * tokens);
        cache = network.loss(&block, &block, &cache, None).unwrap().1;
    }
    cache
}

fn number(tensor: &Tensor) -> f64 {
    tensor.to_dtype(DType::F64).unwrap().to_scalar().unwrap()
}

fn of(gradients: &GradStore, network: &Trainee, name: &str) -> Vec<f64> {
    let gradient = gradients.get(network.parameters.get(name).unwrap());
    let gradient = gradient.unwrap_or_else(|| panic!("{name} has no gradient"));
    gradient
        .flatten_all()
        .unwrap()
        .to_dtype(DType::F64)
        .unwrap()
        .to_vec1()
        .unwrap()
}

/// Checks the gradients of all parameters against finite differences of the loss in 64 bits.
fn check(options: &Options, chance: Option<Chance>) {
    let (ours, exact) = networks(options);
    let (our_loss, exact_loss) = (loss(&ours, chance), loss(&exact, chance));
    let (a, b) = (number(&our_loss), number(&exact_loss));
    assert!((a - b).abs() < 1e-4 * b, "loss {a}, {b}");
    let (found, derived) = (our_loss.backward().unwrap(), exact_loss.backward().unwrap());
    // The caches are constants of a step: they were made with the parameters as they were before.
    let cache = warm(&exact);
    let again = |network: &Trainee| {
        let (block, targets) = (ids(3, BATCH * 9), ids(4, BATCH * 9));
        let (loss, _) = network.loss(&block, &targets, &cache, chance).unwrap();
        let spans = network
            .mean_spans()
            .unwrap()
            .map_or(0.0, |spans| 0.05 * number(&spans));
        number(&loss) + spans
    };
    for (name, var) in exact.parameters.iter() {
        let (ours, derived) = (of(&found, &ours, name), of(&derived, &exact, name));
        let largest = derived.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        assert!(largest > 0.0, "{name}: no gradient at all");
        for (ours, derived) in ours.iter().zip(&derived) {
            let off = (ours - derived).abs();
            assert!(
                off < 2e-4 * largest + 1e-6,
                "{name}: {ours}, derived {derived}"
            );
        }
        // Of large parameters some numbers, of spans all.
        let numbers: Vec<f64> = var.flatten_all().unwrap().to_vec1().unwrap();
        let some = numbers.len().min(6);
        for k in 0..some {
            let i = (mix(k as u64) % numbers.len() as u64) as usize;
            let i = if numbers.len() <= 6 { k } else { i };
            let at = |change: f64| {
                let mut moved = numbers.clone();
                moved[i] += change;
                let moved = Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap();
                let before = var.as_tensor().copy().unwrap();
                var.set(&moved).unwrap();
                let loss = again(&exact);
                var.set(&before).unwrap();
                loss
            };
            let step = 1e-5;
            let measured = (at(step) - at(-step)) / (2.0 * step);
            let off = (measured - ours[i]).abs();
            assert!(
                off < 2e-4 * largest + 1e-5,
                "{name}[{i}]: {}, measured {measured}, largest {largest}",
                ours[i]
            );
        }
    }
}

#[test]
fn gradients_of_feed_forward_networks_are_those_measured() {
    check(&options(|_| {}), None);
}

#[test]
fn gradients_of_fixed_spans_are_those_measured() {
    check(&options(|o| o.adapt_span = false), None);
}

#[test]
fn gradients_of_all_attention_networks_are_those_measured() {
    check(&options(|o| o.pers_mem_size = 20), None);
    check(
        &options(|o| {
            o.pers_mem_size = 3;
            o.adapt_span = false;
        }),
        None,
    );
}

#[test]
fn gradients_under_dropout_are_those_measured() {
    let chance = Some(Chance { seed: 5, step: 6 });
    check(&options(|o| o.dropout = 0.3), chance);
    check(
        &options(|o| {
            o.dropout = 0.3;
            o.pers_mem_size = 20;
        }),
        chance,
    );
}

#[test]
fn gradients_of_adaptive_input_and_output_are_those_measured() {
    for tied in [false, true] {
        let options = options(|o| {
            o.adapt_io_cutoffs = vec![5, 9];
            o.adapt_io_divval = 2;
            o.adapt_io_tied = tied;
            o.emb_dropout = 0.2;
        });
        check(&options, Some(Chance { seed: 5, step: 6 }));
    }
}
