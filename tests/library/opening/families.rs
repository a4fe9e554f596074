//! Models of other families as training loops save them, beside their `config.json`.

use crate::opening::build::Protocol::Two;
use crate::opening::build::{Weights, dict, int, plain};
use spanscope::checkpoint::Checkpoint;
use spanscope::model::{Cancel, Network, NoObserver, Run};
use std::path::Path;
use std::sync::Arc;

const FAMILIES: [&str; 2] = ["gpt2", "llama"];

/// What a network of these files predicts, and what was assumed of it.
fn opened(family: &str, bytes: &[u8]) -> (Vec<f32>, String) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/families");
    let folder = tempfile::tempdir().unwrap();
    let config = data.join(family).join("config.json");
    std::fs::copy(config, folder.path().join("config.json")).unwrap();
    std::fs::write(folder.path().join("pytorch_model.bin"), bytes).unwrap();
    let file = Checkpoint::open(folder.path()).unwrap();
    let network = Network::load(&file, None).unwrap_or_else(|e| panic!("{e}"));
    let told = network.assumed().join("\n");
    let ids: Vec<u32> = (0..40).map(|i| (i * i + 3) % 64).collect();
    let mut run = Run::new(Arc::new(network));
    run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
    (run.log_probs(0, ids.len()), told)
}

/// A file whose outermost dict has the weights under `key`.
fn under(key: &str, weights: &Weights) -> Vec<u8> {
    let own = dict(&weights.state_dict(Two, &plain));
    let root = dict(&[(Two.text("epoch"), int(3)), (Two.text(key), own)]);
    weights.zip(Two.pickle(root))
}

#[test]
fn weights_are_found_under_every_usual_key_and_in_every_wrapper() {
    for family in FAMILIES {
        let weights = Weights::of(&format!("families/{family}"));
        let (expected, told) = opened(family, &weights.plain_zip(&plain));
        assert!(!told.contains("weights"), "{told}");
        for key in ["state_dict", "model_state_dict", "module", "model", "ema"] {
            for before in ["", "_orig_mod.", "module.", "module._orig_mod.", "model."] {
                let wrapped = weights.clone().renamed(|n| format!("{before}{n}"));
                let (found, told) = opened(family, &under(key, &wrapped));
                assert!(found == expected, "{family} under {key}, {before}");
                let is_told = told.contains("an average or a copy");
                assert_eq!(is_told, key == "ema", "{key}: {told}");
            }
        }
    }
}

#[test]
fn averages_beside_the_weights_are_told_and_not_taken() {
    for family in FAMILIES {
        let weights = Weights::of(&format!("families/{family}"));
        let (expected, _) = opened(family, &weights.plain_zip(&plain));
        // In a dict of their own.
        let mut other = weights.clone();
        for (_, _, values) in &mut other.0 {
            values.iter_mut().for_each(|x| *x *= 0.5);
        }
        let both = Weights([weights.0.clone(), other.0.clone()].concat());
        let all = both.state_dict(Two, &plain);
        let (own, average) = all.split_at(weights.0.len());
        let root = dict(&[
            (Two.text("ema_state_dict"), dict(average)),
            (Two.text("state_dict"), dict(own)),
        ]);
        let (found, told) = opened(family, &both.zip(Two.pickle(root)));
        assert!(
            found == expected && told.contains("ema_state_dict"),
            "{told}"
        );
        // In one dict with them, as Lightning modules hold both.
        let named = |of: &Weights, before: &str| of.clone().renamed(|n| format!("{before}.{n}")).0;
        let both = Weights([named(&weights, "model"), named(&other, "model_ema")].concat());
        let (found, told) = opened(family, &under("state_dict", &both));
        assert!(found == expected && told.contains("model_ema"), "{told}");
        // Alone.
        let alone = weights.clone().renamed(|n| format!("ema_model.{n}"));
        let (found, told) = opened(family, &alone.plain_zip(&plain));
        assert!(
            found == expected && told.contains("ema_model: an average"),
            "{told}"
        );
    }
}
