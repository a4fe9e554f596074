//! The plain implementation itself, against the values that the public codes computed.

use crate::golden::{Golden, MODELS, SEQUENTIAL, data};
use crate::plain::PlainNetwork;
use spanscope::checkpoint::Checkpoint;

/// The largest difference from expected values, which the published code computed in 32 bits.
fn apart(worst: &mut f64, got: &[f64], expected: &[f32]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        let difference = (got - f64::from(*expected)).abs();
        assert!(!difference.is_nan());
        *worst = worst.max(difference);
    }
}

#[test]
fn the_plain_implementation_agrees_with_the_public_codes() {
    for name in MODELS.into_iter().chain(SEQUENTIAL) {
        let golden = Golden::open(name);
        let file = Checkpoint::open(&data(&format!("{name}.pt"))).unwrap();
        let plain = PlainNetwork::load(&file, golden.ramp());
        let ids = golden.ids("input_ids");
        let run = plain.run(&ids);
        let (mut log_prob, mut hidden, mut weight) = (0.0, 0.0, 0.0);
        if let Some((shape, expected)) = golden.f32("log_probs") {
            for (row, expected) in run.log_probs.iter().zip(expected.chunks_exact(shape[1])) {
                apart(&mut log_prob, row, expected);
            }
        } else {
            let (_, expected) = golden.f32("nll").unwrap();
            for (t, target) in golden.ids("targets").into_iter().enumerate() {
                let nll = -run.log_probs[t][target as usize];
                apart(&mut log_prob, &[nll], &expected[t..=t]);
            }
        }
        for (i, layer) in run.layers.iter().enumerate() {
            if let Some((shape, expected)) = golden.f32(&format!("hidden.{i}")) {
                for (row, expected) in layer.hidden.iter().zip(expected.chunks_exact(shape[1])) {
                    apart(&mut hidden, row, expected);
                }
            }
            let (shape, expected) = golden.f32(&format!("attn.{i}")).unwrap();
            let mut rows = expected.chunks_exact(shape[2]);
            assert_eq!(shape[..2], [plain.nb_heads, ids.len()]);
            for query in layer.heads.iter().flatten() {
                // The published code keeps as many distances as the layer's longest head needs, rounded up.
                let mut weights = query.weights.clone();
                assert!(weights.iter().skip(shape[2]).all(|weight| *weight == 0.0));
                weights.resize(shape[2], 0.0);
                apart(&mut weight, &weights, rows.next().unwrap());
            }
            if let Some((shape, expected)) = golden.f32(&format!("pers.{i}")) {
                let mut rows = expected.chunks_exact(shape[2]);
                for query in layer.heads.iter().flatten() {
                    apart(&mut weight, &query.persistent, rows.next().unwrap());
                }
            }
        }
        println!("{name:28} log p {log_prob:.1e}, hidden {hidden:.1e}, weights {weight:.1e}");
        assert!(log_prob < 5e-5 && hidden < 1e-5 && weight < 1e-5, "{name}");
    }
}
