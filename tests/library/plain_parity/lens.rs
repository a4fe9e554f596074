//! Logit lens and direct attribution of random adaptive-span networks.

use crate::plain::sum;
use crate::plain_parity::draw::any_architecture;
use crate::plain_parity::networks::Noise;
use crate::plain_parity::random::{config, fail};
use proptest::prelude::*;
use spanscope::analysis::{LensTarget, lens};
use spanscope::model::{BLOCK, Cancel, NoObserver, Run};
use std::sync::Arc;

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn every_part_of_a_logit_is_that_of_its_equation(
        a in any_architecture(), len in 2_usize..40, of in 0.0..1.0, against in prop::option::of(0.0..1.0), ablated in prop::bool::ANY,
    ) {
        let (fast, plain) = a.networks();
        let (mut plain, mut edits) = ((*plain).clone(), fast.edits().clone());
        if ablated {
            edits.set_ablated(0, 0, true);
            plain.layers[0].heads[0].ablated = true;
        }
        let fast = Arc::new(fast.edited(&edits).unwrap());
        let size = a.vocabulary.size();
        let ids = Noise(a.seed ^ 5).text(len, size);
        let token = |share: f64| ((share * size as f64) as usize).min(size - 1) as u32;
        let target = LensTarget { of: Some(token(of)), against: against.map(token) };
        let (of, at) = (token(of), len - 1);

        let cancel = Cancel::default();
        let mut run = Run::new(Arc::clone(&fast));
        run.extend(&ids, BLOCK, &cancel, &NoObserver).unwrap();
        let trace = run.trace(at, &cancel).unwrap().unwrap();
        let found = lens(&fast, &trace, None, target, &cancel).unwrap().unwrap();

        let text = plain.run(&ids);
        let parts = plain.parts_of(&ids, at, &text);
        let less = |row: &[f64]| target.against.map_or((0.0, 0.0), |other| plain.logit_of(other, row));
        let value = |row: &[f64]| plain.logit_of(of, row).0 - less(row).0;
        let last = sum(&parts);
        let whole = plain.logit_of(of, &last).1 - less(&last).1;
        let magnitude = parts.values().map(|row| value(row).abs()).fold(whole.abs().max(1.0), f64::max);
        let near = |what: &str, got: f64, want: f64, most: f64| match (got - want).abs() < most * magnitude {
            true => Ok(()),
            false => Err(fail(format!("{what}: {got} for {want}, of parts up to {magnitude}"))),
        };
        near("logit", found.attribution.logit, whole, 2e-4)?;
        near("sum", found.attribution.sum(), whole, 2e-4)?;
        let mut biases = 0.0;
        for (part, got) in &found.attribution.parts {
            match parts.get(&part.to_string()) {
                Some(row) => near(&part.to_string(), *got, value(row), 2e-4)?,
                None => biases += got,
            }
        }
        near("output bias", biases, whole - value(&last), 2e-4)?;
        for name in parts.keys() {
            let is_there = found.attribution.parts.iter().any(|(part, _)| part.to_string() == *name);
            prop_assert!(is_there, "{} is missing", name);
        }
        // The lens on every layer, through the last norm.
        for (layer, run) in found.layers.iter().skip(1).zip(&text.layers) {
            let log_probs = plain.log_probs(&run.hidden[at]);
            for watched in layer.watched.iter().chain(&layer.top) {
                let want = log_probs[watched.guess.id as usize];
                let off = (f64::from(watched.guess.log_p) - want).abs();
                prop_assert!(off < 5e-4 * want.abs().max(1.0), "{} for {}", watched.guess.log_p, want);
            }
        }
    }
}
