//! The layers as tensors on a device against the core, and against what the published code computed.
//!
//! The device is the tensor library's CPU, which is there everywhere; built with `--features cuda` or `metal`, the card
//! as well.

mod what_if;

use crate::golden::{Golden, MODELS, data};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use spanscope::checkpoint::Checkpoint;
use spanscope::engine::{LoadedModel, SAMPLES};
use spanscope::model::{
    BLOCK, Cancel, Device, HeadSums, HeadWeights, Network, NoObserver, Observer, Run,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

/// Same numbers added in another order.
const CLOSE: f32 = 1e-4;

/// What a device may differ in log-probabilities.
const LOG_PROBS: f32 = 1e-3;

/// A network on the CPU's core, and on every device.
struct Placed {
    core: Arc<Network>,
    devices: Vec<Arc<Network>>,
}

/// The tensor library's CPU, and the cards that the build can use.
fn devices() -> Vec<candle_core::Device> {
    let cards = [Device::Cuda, Device::Metal].into_iter();
    let cards = cards.filter(|device| device.is_built_in());
    let opened = cards.map(|device| device.open().unwrap());
    std::iter::once(candle_core::Device::Cpu)
        .chain(opened)
        .collect()
}

fn placed(file: &str, ramp: usize) -> Placed {
    let file = Checkpoint::open(&data(&format!("{file}.pt"))).unwrap();
    let load = || Network::load(&file, Some(ramp.into())).unwrap();
    let devices = devices().into_iter().map(|device| {
        let network = load();
        network.place_on(&device).unwrap();
        Arc::new(network)
    });
    Placed {
        devices: devices.collect(),
        core: Arc::new(load()),
    }
}

/// The models by name, with the ramp of the goldens.
fn models(name: &str) -> &'static Placed {
    static ALL: OnceLock<BTreeMap<&str, Placed>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        MODELS
            .iter()
            .map(|name| (*name, placed(name, Golden::open(name).ramp())))
            .collect()
    });
    &all[name]
}

/// Everything that a run tells, by layer, head and position.
#[derive(Default)]
struct Told {
    /// What a head's query says: weights by distance, on persistent vectors, on empty context.
    heads: Mutex<BTreeMap<(usize, usize, usize), Vec<f32>>>,
    /// On context, persistent vectors and empty context.
    sums: Mutex<BTreeMap<(usize, usize, usize), [f32; 3]>>,
    hidden: Mutex<BTreeMap<(usize, usize), Vec<f32>>>,
    /// D.
    width: usize,
    /// Asks to stop after so many layers' outputs.
    stop: Option<(Mutex<usize>, Cancel)>,
}

impl Told {
    fn new(network: &Network) -> Self {
        Self {
            width: network.architecture().width,
            ..Self::default()
        }
    }
}

impl Observer for Told {
    fn head(&self, layer: usize, head: usize, tile: &HeadWeights) {
        let mut heads = self.heads.lock().unwrap();
        for i in 0..tile.queries {
            let mut row = [tile.row(i), tile.persistent_row(i)].concat();
            row.push(tile.empty[i]);
            let twice = heads.insert((layer, head, tile.first + i), row);
            assert!(twice.is_none());
        }
    }

    fn sums(&self, layer: usize, head: usize, tile: &HeadSums) {
        let mut sums = self.sums.lock().unwrap();
        for (i, context) in tile.context.iter().enumerate() {
            let row = [*context, tile.persistent[i], tile.empty[i]];
            sums.insert((layer, head, tile.first + i), row);
        }
    }

    fn hidden(&self, layer: usize, first: usize, rows: &[f32]) {
        let mut hidden = self.hidden.lock().unwrap();
        for (i, row) in rows.chunks_exact(self.width).enumerate() {
            hidden.insert((layer, first + i), row.to_vec());
        }
        if let Some((left, cancel)) = &self.stop {
            let mut left = left.lock().unwrap();
            *left = left.saturating_sub(1);
            if *left == 0 {
                cancel.cancel();
            }
        }
    }
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |worst, x| {
        assert!(x.is_finite());
        worst.max(x)
    })
}

/// The largest difference between what two runs told, in weights, sums and hidden states.
fn told_apart(a: &Told, b: &Told) -> [f32; 3] {
    fn of<K: Ord + std::fmt::Debug, V: AsRef<[f32]>>(
        a: &Mutex<BTreeMap<K, V>>,
        b: &Mutex<BTreeMap<K, V>>,
    ) -> f32 {
        let (a, b) = (a.lock().unwrap(), b.lock().unwrap());
        assert!(a.keys().eq(b.keys()));
        let rows = a.values().zip(b.values());
        rows.map(|(a, b)| apart(a.as_ref(), b.as_ref()))
            .fold(0.0, f32::max)
    }
    [
        of(&a.heads, &b.heads),
        of(&a.sums, &b.sums),
        of(&a.hidden, &b.hidden),
    ]
}

/// Log-probabilities, and the weights that a run computes again from what it keeps.
fn runs_apart(a: &Run, b: &Run) -> [f32; 2] {
    assert_eq!(a.ids(), b.ids());
    let n = a.ids().len();
    let log_probs = apart(&a.log_probs(0, n), &b.log_probs(0, n));
    let mut weights = 0.0_f32;
    for span in a.network().spans() {
        let of = |run: &Run| run.head_weights(span.layer, span.head, 0, n).unwrap();
        let (a, b) = (of(a), of(b));
        weights = weights.max(apart(&a.weights, &b.weights));
        weights = weights.max(apart(&a.persistent, &b.persistent));
        weights = weights.max(apart(&a.empty, &b.empty));
    }
    [log_probs, weights]
}

fn fresh(network: &Arc<Network>, ids: &[u32], block: usize, observer: &dyn Observer) -> Run {
    let mut run = Run::new(Arc::clone(network));
    run.extend(ids, block, &Cancel::default(), observer)
        .unwrap();
    run
}

/// The largest difference from what the published code computed: log-probabilities, weights, hidden states.
fn from_golden(name: &str, network: &Arc<Network>, block: usize) -> [f32; 3] {
    let golden = Golden::open(name);
    let ids = golden.ids("input_ids");
    let told = Told::new(network);
    let run = fresh(network, &ids, block, &told);
    let log_probs = match golden.f32("log_probs") {
        Some((_, expected)) => apart(&run.log_probs(0, ids.len()), &expected),
        None => {
            let nll = run.nll(0, &golden.ids("targets"), &Cancel::default());
            apart(&nll.unwrap(), &golden.f32("nll").unwrap().1)
        }
    };
    let mut worst = [log_probs, 0.0, 0.0];
    for ((layer, head, t), row) in told.heads.lock().unwrap().iter() {
        let (shape, expected) = golden.f32(&format!("attn.{layer}")).unwrap();
        let at = (head * shape[1] + t) * shape[2];
        let reach = network
            .spans()
            .iter()
            .find(|span| (span.layer, span.head) == (*layer, *head))
            .map(|span| span.reach.keys())
            .unwrap();
        let mut by_distance = row[..reach].to_vec();
        by_distance.resize(shape[2].max(reach), 0.0);
        let mut wanted = expected[at..at + shape[2]].to_vec();
        wanted.resize(by_distance.len(), 0.0);
        worst[1] = worst[1].max(apart(&by_distance, &wanted));
        if let Some((shape, expected)) = golden.f32(&format!("pers.{layer}")) {
            let at = (head * shape[1] + t) * shape[2];
            let persistent = &row[reach..reach + shape[2]];
            worst[1] = worst[1].max(apart(persistent, &expected[at..at + shape[2]]));
        }
    }
    for ((layer, t), row) in told.hidden.lock().unwrap().iter() {
        let Some((shape, expected)) = golden.f32(&format!("hidden.{layer}")) else {
            continue;
        };
        worst[2] = worst[2].max(apart(row, &expected[t * shape[1]..(t + 1) * shape[1]]));
    }
    worst
}

#[test]
fn every_network_agrees_with_the_published_code_and_with_the_core() {
    for name in MODELS {
        let ids = Golden::open(name).ids("input_ids");
        let Placed { core, devices } = models(name);
        let told = Told::new(core);
        let expected = fresh(core, &ids, BLOCK, &told);
        for network in devices {
            for block in [1, 17, 64, 200] {
                let golden = from_golden(name, network, block);
                let told_by_device = Told::new(network);
                let run = fresh(network, &ids, block, &told_by_device);
                let runs = runs_apart(&run, &expected);
                let all = told_apart(&told_by_device, &told);
                println!(
                    "{name:28} block {block:3}: from the published code {golden:?}, from the core {runs:?} {all:?}"
                );
                assert!(golden[0] < LOG_PROBS && golden[1] < CLOSE && golden[2] < LOG_PROBS);
                assert!(runs[0] < LOG_PROBS && runs[1] < CLOSE);
                assert!(all[0] < CLOSE && all[1] < CLOSE && all[2] < LOG_PROBS);
            }
        }
    }
}

#[test]
fn the_bundled_models_agree_on_their_texts() {
    for sample in &SAMPLES {
        let model = LoadedModel::open_sample(sample).unwrap();
        // Other families run on the processor.
        if model.network.architecture().adaptive_span().is_none() {
            continue;
        }
        let mut ids = model.prepare(sample.text.as_bytes()).unwrap().ids;
        ids.truncate(1200);
        let expected = fresh(&model.network, &ids, BLOCK, &NoObserver);
        for device in devices() {
            let placed = LoadedModel::open_sample(sample).unwrap().network;
            placed.place_on(&device).unwrap();
            let run = fresh(&placed, &ids, BLOCK, &NoObserver);
            let [log_probs, weights] = runs_apart(&run, &expected);
            println!("{:28} {log_probs} {weights}", sample.name);
            assert!(log_probs < LOG_PROBS && weights < CLOSE, "{}", sample.name);
        }
    }
}

#[test]
fn a_network_says_where_it_computes() {
    let Placed { core, devices } = placed("tiny_fixed", 16);
    assert_eq!(core.device(), Device::Cpu);
    let names: Vec<&str> = devices
        .iter()
        .map(|network| network.device().id())
        .collect();
    assert_eq!(names[0], "cpu");
    assert!(names.len() == 1 || names[1..].iter().all(|name| *name != "cpu"));
}

fn model_and_text(longest: usize) -> impl Strategy<Value = (&'static str, Vec<u32>)> {
    (
        select(&MODELS[..]),
        prop::collection::vec(0_u32..60, 1..longest),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn texts_however_cut_give_what_the_core_gives(
        (name, ids) in model_and_text(400),
        block in select(&[1_usize, 17, 64, 200][..]),
    ) {
        let Placed { core, devices } = models(name);
        let told = Told::new(core);
        let expected = fresh(core, &ids, BLOCK, &told);
        for network in devices {
            let told_by_device = Told::new(network);
            let run = fresh(network, &ids, block, &told_by_device);
            let [log_probs, weights] = runs_apart(&run, &expected);
            prop_assert!(log_probs < LOG_PROBS && weights < CLOSE, "{name}: {log_probs} {weights}");
            let [weights, sums, hidden] = told_apart(&told_by_device, &told);
            prop_assert!(weights < CLOSE && sums < CLOSE && hidden < LOG_PROBS, "{name}: {weights} {sums} {hidden}");
        }
    }

    #[test]
    fn edits_clones_and_steps_back_change_nothing(
        (name, ids) in model_and_text(300),
        edits in prop::collection::vec((any::<Index>(), 0_usize..30, prop::collection::vec(0_u32..60, 0..30), any::<bool>()), 1..6),
        block in select(&[1_usize, 17, 64, 200][..]),
    ) {
        let Placed { core, devices } = models(name);
        for network in devices {
            let mut run = fresh(network, &ids, block, &NoObserver);
            let mut text = ids.clone();
            for (at, removed, inserted, clones) in &edits {
                // One kept for later is uploaded again.
                let before = if *removed % 2 == 0 { run.to_keep() } else { run.clone() };
                let at = at.index(text.len() + 1);
                let end = text.len().min(at + removed);
                text.splice(at..end, inserted.iter().copied());
                run.rewind(&text);
                let kept = run.ids().len();
                run.extend(&text[kept..], block, &Cancel::default(), &NoObserver).unwrap();
                if *clones {
                    // Back to before the edit, which must not have changed.
                    text = before.ids().to_vec();
                    run = before;
                }
            }
            let expected = fresh(core, &text, BLOCK, &NoObserver);
            let [log_probs, weights] = runs_apart(&run, &expected);
            prop_assert!(log_probs < LOG_PROBS && weights < CLOSE, "{name}: {log_probs} {weights}");
        }
    }

    #[test]
    fn a_run_that_forgets_computes_the_same(
        name in select(&MODELS[..]),
        ids in prop::collection::vec(0_u32..60, 300..500),
        block in select(&[7_usize, 64, 200][..]),
        back in 0_usize..40,
    ) {
        let Placed { core, devices } = models(name);
        let expected = fresh(core, &ids, BLOCK, &NoObserver);
        for network in devices {
            let mut run = Run::new(Arc::clone(network));
            for (i, part) in ids.chunks(block).enumerate() {
                run.extend(part, block, &Cancel::default(), &NoObserver).unwrap();
                let (from, to) = (i * block, i * block + part.len());
                let far = apart(&run.log_probs(from, to), &expected.log_probs(from, to));
                prop_assert!(far < LOG_PROBS, "{name} at {from}: {far}");
                run.forget();
            }
            run.truncate(ids.len() - back);
            let kept = run.ids().len();
            run.extend(&ids[kept..], block, &Cancel::default(), &NoObserver).unwrap();
            if back > 0 {
                let n = ids.len();
                let far = apart(&run.log_probs(n - 1, n), &expected.log_probs(n - 1, n));
                prop_assert!(far < LOG_PROBS, "{name} after {back} back: {far}");
            }
        }
    }

    #[test]
    fn a_cancelled_run_goes_on_where_it_stopped(
        (name, ids) in model_and_text(180),
        block in 1_usize..60,
        after in 1_usize..12,
    ) {
        let Placed { core, devices } = models(name);
        for network in devices {
            let cancel = Cancel::default();
            let told = Told {
                stop: Some((Mutex::new(after), cancel.clone())),
                ..Told::new(network)
            };
            let mut run = Run::new(Arc::clone(network));
            let outputs = ids.len().div_ceil(block) * network.architecture().nb_layers();
            prop_assert_eq!(run.extend(&ids, block, &cancel, &told).is_err(), outputs > after);
            let kept = run.ids().len();
            prop_assert!(kept == ids.len() || kept.is_multiple_of(block));
            run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
            let [log_probs, weights] = runs_apart(&run, &fresh(core, &ids, BLOCK, &NoObserver));
            prop_assert!(log_probs < LOG_PROBS && weights < CLOSE, "{name}: {log_probs} {weights}");
        }
    }
}
