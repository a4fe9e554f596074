//! Edited networks on devices.

use super::{
    BLOCK, CLOSE, LOG_PROBS, NoObserver, Placed, Told, apart, fresh, model_and_text, models,
    runs_apart, told_apart,
};
use proptest::prelude::*;
use spanscope::model::{Edits, Network};
use std::sync::Arc;

/// The span of the first heads in shares of S, and whether they are ablated.
fn edits(network: &Network, changes: &[(Option<f32>, bool)]) -> Edits {
    let mut edits = Edits::default();
    for (span, (share, ablated)) in network.spans().iter().zip(changes) {
        if let Some(share) = share {
            let z = share * network.architecture().limit().keys() as f32;
            edits.set_span(span.layer, span.head, z).unwrap();
        }
        edits.set_ablated(span.layer, span.head, *ablated);
    }
    edits
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn edited_networks_give_what_the_core_gives(
        (name, ids) in model_and_text(300),
        changes in prop::collection::vec((prop::option::of(0.0_f32..1.1), prop::bool::weighted(0.3)), 0..8),
        block in prop::sample::select(&[1_usize, 17, 64, 200][..]),
    ) {
        let Placed { core, devices } = models(name);
        let edits = edits(core, &changes);
        let edited = Arc::new(core.edited(&edits).unwrap());
        let told = Told::new(core);
        let expected = fresh(&edited, &ids, BLOCK, &told);
        for network in devices {
            let on_device = Arc::new(network.edited(&edits).unwrap());
            prop_assert_eq!(on_device.device(), network.device());
            let told_by_device = Told::new(core);
            let run = fresh(&on_device, &ids, block, &told_by_device);
            let [log_probs, weights] = runs_apart(&run, &expected);
            prop_assert!(log_probs < LOG_PROBS && weights < CLOSE, "{name}: {log_probs} {weights}");
            let [weights, sums, hidden] = told_apart(&told_by_device, &told);
            prop_assert!(weights < CLOSE && sums < CLOSE && hidden < LOG_PROBS, "{name}: {weights} {sums} {hidden}");
        }
    }
}

#[test]
fn it_makes_no_difference_whether_a_network_is_edited_before_or_after_it_is_placed() {
    for name in super::MODELS {
        let Placed { core, devices } = models(name);
        let ids: Vec<u32> = (0..150).map(|i| i * 7 % 50).collect();
        let changes = [(Some(0.1), false), (None, true)];
        let edits = edits(core, &changes);
        let placed = Arc::new(core.edited(&edits).unwrap());
        placed.place_on(&candle_core::Device::Cpu).unwrap();
        let before = fresh(&placed, &ids, BLOCK, &NoObserver).log_probs(0, ids.len());
        let edited = Arc::new(devices[0].edited(&edits).unwrap());
        let after = fresh(&edited, &ids, BLOCK, &NoObserver).log_probs(0, ids.len());
        assert!(before == after, "{name}");

        let original = fresh(&devices[0], &ids, BLOCK, &NoObserver).log_probs(0, ids.len());
        assert!(apart(&after, &original) > LOG_PROBS, "{name}");
        let back = Arc::new(edited.edited(&Edits::default()).unwrap());
        let back = fresh(&back, &ids, BLOCK, &NoObserver).log_probs(0, ids.len());
        assert!(back == original, "{name}");
    }
}
