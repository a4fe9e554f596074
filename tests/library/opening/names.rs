//! Names: wrappers before them and in the middle, the same tensor twice, several networks in one file.

use super::build::Protocol::Two;
use super::build::*;

/// Inserts a wrapper after every part that `at` picks.
fn inserted(name: &str, wrapper: &str, at: impl Fn(&str) -> bool) -> String {
    let parts = name.split('.').flat_map(|part| {
        let more = at(part).then_some(wrapper);
        std::iter::once(part).chain(more)
    });
    parts.collect::<Vec<_>>().join(".")
}

#[test]
fn wrappers_are_taken_off_wherever_they_stand() {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    type Rename = Box<dyn Fn(&str) -> String>;
    let renames: [(&str, Rename); 12] = [
        ("compile", Box::new(|n: &str| format!("_orig_mod.{n}"))),
        (
            "lightning",
            Box::new(|n: &str| format!("_forward_module.model.{n}")),
        ),
        (
            "order",
            Box::new(|n: &str| format!("module._orig_mod.module.model.{n}")),
        ),
        (
            "fsdp",
            Box::new(move |n: &str| inserted(n, "_fsdp_wrapped_module", digits)),
        ),
        (
            "checkpointed",
            Box::new(move |n: &str| {
                inserted(n, "_fsdp_wrapped_module._checkpoint_wrapped_module", digits)
            }),
        ),
        (
            "ff",
            Box::new(|n: &str| inserted(n, "_orig_mod", |part| part == "ff")),
        ),
        (
            "span",
            Box::new(|n: &str| inserted(n, "_orig_mod", |part| part == "adaptive_span")),
        ),
        (
            "mask",
            Box::new(|n: &str| inserted(n, "module", |part| part == "_mask")),
        ),
        (
            "everywhere",
            Box::new(|n: &str| n.replace('.', "._orig_mod.module.")),
        ),
        (
            "later layers",
            Box::new(|n: &str| n.replace("layers.1.", "layers.1._checkpoint_wrapped_module.")),
        ),
        (
            "nested",
            Box::new(|n: &str| format!("state_dict.model.{n}")),
        ),
        ("own", Box::new(|n: &str| format!("student.{n}"))),
    ];
    for (what, rename) in renames {
        let weights = Weights::new().renamed(&rename);
        same(what, &weights.plain_zip(&plain));
        same(
            what,
            &weights.safetensors(serde_json::json!({"format": "pt"})),
        );
    }
}

#[test]
fn the_files_own_names_stay_known() {
    let wrapped = Weights::new().renamed(|n| format!("module.decoder.model.{n}"));
    let (checkpoint, _) = open(&wrapped.plain_zip(&plain)).unwrap();
    assert_eq!(checkpoint.prefix(), "module.decoder.model.");
    let name = format!("module.decoder.model.{QUERY}");
    assert_eq!(checkpoint.file_name(QUERY), Some(name.as_str()));
}

#[test]
fn one_tensor_under_two_names_is_one_and_two_are_told_apart() {
    let weights = Weights::new();
    let count = weights.0.len();
    // The module and what torch.compile makes of it, in one state dict: the same storages.
    let mut twice = weights.clone();
    twice
        .0
        .extend(weights.clone().renamed(|n| format!("_orig_mod.{n}")).0);
    let shared = |p: Protocol, i: usize, t: &Tensor| plain(p, i % count, t);
    let bytes = twice.plain_zip(&shared);
    same("twice", &bytes);
    let (checkpoint, network) = open(&bytes).unwrap();
    assert_eq!(checkpoint.aliases().len(), count);
    assert_eq!(network.unused().unknown_count, 0);
    // Numbers of their own: there is no telling which are meant.
    refused(
        "two",
        &twice.plain_zip(&plain),
        &["have the same name", "one network to a file"],
    );
}

#[test]
fn of_several_state_dicts_the_network_is_read_and_the_others_are_told() {
    let weights = Weights::new();
    let other: Vec<(Ops, Ops)> = weights.state_dict(Two, &|p, i, t| {
        // An average: the same shapes, the numbers of another tensor.
        plain(p, if t.1.len() == 1 { 0 } else { i }, t)
    });
    let own = dict(&weights.state_dict(Two, &plain));
    let settings = dict(&[
        (Two.text("hidden"), int(32)),
        (
            Two.text("scale"),
            plain(Two, 0, &("".into(), vec![1], vec![1.0])),
        ),
    ]);
    let key = |key: &str| Two.text(key);
    for (what, root) in [
        (
            "nested",
            dict(&[(key("model"), dict(&[(key("state_dict"), own.clone())]))]),
        ),
        (
            "settings",
            dict(&[(key("model"), settings), (key("state_dict"), own.clone())]),
        ),
        (
            "module",
            dict(&[(key("epoch"), int(3)), (key("module"), own.clone())]),
        ),
        (
            "weights",
            dict(&[(key("best"), dict(&[(key("net"), own.clone())]))]),
        ),
        (
            "pair",
            Two.tuple(&[own.clone(), dict(&[(key("step"), int(1))])]),
        ),
        (
            "ema",
            dict(&[
                (key("ema_model"), dict(&other)),
                (key("model"), own.clone()),
            ]),
        ),
    ] {
        let bytes = weights.zip(Two.pickle(root));
        same(what, &bytes);
        let (_, network) = open(&bytes).unwrap();
        let told = network
            .assumed()
            .iter()
            .any(|note| note.contains("\"ema_model\""));
        assert_eq!(told, what == "ema", "{what}: {:?}", network.assumed());
    }
}

#[test]
fn weights_are_found_under_every_usual_key_and_in_every_wrapper() {
    let weights = Weights::new();
    let keys = [
        "state_dict",
        "model_state_dict",
        "module",
        "model",
        "net",
        "ema",
        "ema_state_dict",
    ];
    for key in keys {
        for before in [
            "",
            "_orig_mod.",
            "module.",
            "module._orig_mod.",
            "_orig_mod.module.",
        ] {
            let wrapped = weights.clone().renamed(|n| format!("{before}{n}"));
            let own = dict(&wrapped.state_dict(Two, &plain));
            let root = dict(&[(Two.text("epoch"), int(3)), (Two.text(key), own)]);
            let bytes = wrapped.zip(Two.pickle(root));
            same(key, &bytes);
            let (_, network) = open(&bytes).unwrap();
            let told = network
                .assumed()
                .iter()
                .any(|note| note.contains("an average or a copy"));
            assert_eq!(
                told,
                key.starts_with("ema"),
                "{key}: {:?}",
                network.assumed()
            );
        }
    }
    // The average beside the weights, in one dict.
    let wrapped = weights.clone().renamed(|n| format!("ema_model.{n}"));
    let (_, network) = open(&wrapped.plain_zip(&plain)).unwrap();
    let told = network.assumed().join("\n");
    assert!(told.contains("ema_model: an average"), "{told}");
}

#[test]
fn second_names_in_metadata_are_resolved_and_held_against_shapes() {
    // What safetensors.torch.save_model leaves out, and where it says so.
    let mut weights = Weights::new();
    let norm = weights.get("layers.0.norm1.weight").clone();
    for (name, _, values) in &mut weights.0 {
        if name == "layers.1.norm1.weight" {
            values.clone_from(&norm.2);
        }
    }
    let whole = nll(&weights.plain_zip(&plain)).unwrap();
    let less = weights.clone().without("layers.1.norm1.weight");
    let metadata =
        serde_json::json!({"format": "pt", "layers.1.norm1.weight": "layers.0.norm1.weight"});
    assert_eq!(nll(&less.safetensors(metadata)), Ok(whole.clone()));
    let prefixed = less.clone().renamed(|n| format!("model.{n}"));
    let metadata =
        serde_json::json!({"model.layers.1.norm1.weight": "model.layers.0.norm1.weight"});
    assert_eq!(nll(&prefixed.safetensors(metadata)), Ok(whole));
    let metadata = serde_json::json!({"layers.1.norm1.weight": "layers.0.ff.fc1.weight"});
    refused(
        "shape",
        &less.safetensors(metadata),
        &["layers.1.norm1.weight", "the shape"],
    );
    let metadata = serde_json::json!({"layers.1.norm1.weight": "elsewhere"});
    refused(
        "none",
        &less.safetensors(metadata),
        &["layers.1.norm1.weight is missing"],
    );
}
