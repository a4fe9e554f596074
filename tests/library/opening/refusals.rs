//! What is not read is said by name, and never taken for absent: no file opens as another network.

use super::build::Protocol::Two;
use super::build::*;

/// The network with one tensor made in another way.
fn with_odd(name: &str, make: &dyn Fn(&Tensor) -> Ops) -> Vec<u8> {
    let weights = Weights::new();
    weights.get(name);
    weights.plain_zip(&|p, i, t| match t.0 == name {
        true => make(t),
        false => plain(p, i, t),
    })
}

fn of_class(class: &str) -> impl Fn(&Tensor) -> Ops {
    move |t| {
        let of = storage(Two, "0", class, t.2.len());
        Two.call(
            "torch._utils",
            "_rebuild_tensor_v2",
            &arguments(Two, of, &t.1),
        )
    }
}

fn float8(t: &Tensor) -> Ops {
    let mut args = arguments(Two, storage(Two, "0", "UntypedStorage", t.2.len()), &t.1);
    args.push(Two.global("torch", "float8_e4m3fn"));
    Two.call("torch._utils", "_rebuild_tensor_v3", &args)
}

#[test]
fn number_formats_that_are_not_read_are_named_with_the_tensor() {
    for name in [
        QUERY,
        SPAN,
        "layers.1.ff.fc1.weight",
        "layers.1.ff.fc1.bias",
        "in_emb.weight",
        "key_pe",
        "out_emb.bias",
    ] {
        refused(
            name,
            &with_odd(name, &float8),
            &[name, "float8_e4m3fn", "torch.save", ".float()"],
        );
        refused(
            name,
            &with_odd(name, &of_class("CharStorage")),
            &[name, "int8"],
        );
        let meta = |t: &Tensor| {
            let shape: Vec<Ops> = t.1.iter().map(|n| int(*n as i64)).collect();
            let args = [
                Two.global("torch", "float32"),
                Two.tuple(&shape),
                Two.tuple(&shape),
                Two.bool(false),
            ];
            Two.call("torch._utils", "_rebuild_meta_tensor_no_storage", &args)
        };
        refused(name, &with_odd(name, &meta), &[name, "meta tensor"]);
        let quantized = |t: &Tensor| {
            let args = arguments(Two, storage(Two, "0", "QUInt8Storage", t.2.len()), &t.1);
            Two.call("torch._utils", "_rebuild_qtensor", &args)
        };
        refused(
            name,
            &with_odd(name, &quantized),
            &[name, "quantized", "dequantize"],
        );
        let numpy = |_: &Tensor| {
            let args = [
                Two.global("numpy", "ndarray"),
                Two.tuple(&[int(0)]),
                Two.text("b"),
            ];
            Two.call("numpy._core.multiarray", "_reconstruct", &args)
        };
        refused(
            name,
            &with_odd(name, &numpy),
            &[name, "NumPy array", "from_numpy"],
        );
        let xla = |t: &Tensor| {
            let args = [
                numpy(t),
                Two.global("torch", "float32"),
                Two.text("xla:1"),
                Two.bool(false),
            ];
            Two.call("torch._utils", "_rebuild_device_tensor_from_numpy", &args)
        };
        refused(name, &with_odd(name, &xla), &[name, "xla:1", ".cpu()"]);
        let other = |_: &Tensor| Two.call("torch._utils", "_rebuild_wrapper_subclass", &[int(1)]);
        refused(
            name,
            &with_odd(name, &other),
            &[name, "_rebuild_wrapper_subclass"],
        );
    }
}

#[test]
fn formats_of_safetensors_are_named_alike() {
    for (format, bytes, said) in [
        ("F8_E4M3", 1, "float8_e4m3fn"),
        ("I8", 1, "int8"),
        ("BOOL", 1, "bool"),
        ("F3_NEW", 5, "F3_NEW"),
    ] {
        for name in [QUERY, SPAN] {
            let less = Weights::new().without(name);
            let mut whole = less.safetensors(serde_json::json!({}));
            let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
            let mut header: serde_json::Value =
                serde_json::from_slice(&whole[8..8 + length]).unwrap();
            let data = whole.split_off(8 + length);
            let shape = &Weights::new().get(name).1.clone();
            let more = bytes * shape.iter().product::<usize>();
            header[name] = serde_json::json!({"dtype": format, "shape": shape, "data_offsets": [data.len(), data.len() + more]});
            let header = header.to_string();
            let file = [
                &(header.len() as u64).to_le_bytes(),
                header.as_bytes(),
                &data,
                &vec![0; more],
            ]
            .concat();
            refused(format, &file, &[name, said]);
        }
    }
}

#[test]
fn layers_that_are_missing_or_differ_are_named() {
    let zip = |weights: &Weights| weights.plain_zip(&plain);
    let last = Weights::new().renamed(|n| n.replace("layers.1.", "layers.3."));
    refused("gap", &zip(&last), &["layer 1 is missing", "0, 2, 3"]);
    let first = Weights::new().renamed(|n| n.replace("layers.0.", "blocks.0."));
    refused("first", &zip(&first), &["layer 0 is missing"]);
    for part in [
        "attn.proj_out.weight",
        "norm1.bias",
        "ff.fc1.weight",
        "ff.fc2.bias",
        "ff.",
        "norm2.",
    ] {
        for layer in [0, 1] {
            let name = format!("layers.{layer}.{part}");
            let less = Weights::new().without(&name);
            refused(
                &name,
                &zip(&less),
                &[&format!("layers.{layer}."), "missing"],
            );
        }
    }
    for layer in [0, 1] {
        let less = Weights::new().without(&format!(
            "layers.{layer}.attn.attn.adaptive_span._mask.current_val"
        ));
        refused("span", &zip(&less), &[&format!("layer {layer}"), "span"]);
    }
    let all = Weights::of("tiny_all_attention.pt");
    let less = all
        .clone()
        .without("layers.0.attn.attn.persistent_memory.key");
    refused(
        "key",
        &zip(&less),
        &["layers.0.attn.attn.persistent_memory.key is missing"],
    );
    let none = all.without("persistent_memory.key");
    refused("keys", &zip(&none), &["persistent_memory.key is missing"]);
}

#[test]
fn clusters_that_are_missing_are_named() {
    let less = Weights::of("tiny_adaptive_io.pt").without("in_emb.emb_layers.1.");
    refused(
        "cluster",
        &less.plain_zip(&plain),
        &["cluster 1 is missing"],
    );
}

#[test]
fn spans_in_another_form_are_never_fixed_spans() {
    for rename in [
        |n: &str| {
            n.replace(
                "_mask.current_val",
                "_mask.parametrizations.current_val.original",
            )
        },
        |n: &str| n.replace("_mask.current_val", "_mask.inner.current_val"),
        |n: &str| n.replace("_mask.current_val", "_mask.span"),
        |n: &str| n.replace("adaptive_span._mask.current_val", "wrapped.current_val"),
        |n: &str| n.replace("_mask.current_val", "_mask.current_val_orig"),
    ] {
        let weights = Weights::new().renamed(rename);
        refused("renamed", &weights.plain_zip(&plain), &["span", "layer"]);
    }
    // The template alone tells that there were spans.
    let template = Weights::new().without("current_val");
    let template = match template
        .0
        .iter()
        .any(|(n, ..)| n.ends_with("mask_template"))
    {
        true => template,
        false => template.with(
            "layers.0.attn.attn.adaptive_span._mask.mask_template",
            &[2],
            vec![0.0; 2],
        ),
    };
    refused("template", &template.plain_zip(&plain), &["span"]);
}

#[test]
fn a_tensor_of_no_known_use_is_told() {
    let more = Weights::new().with("layers.0.adapter.weight", &[2, 3], vec![0.5; 6]);
    let bytes = more.plain_zip(&plain);
    same("adapter", &bytes);
    let (_, network) = open(&bytes).unwrap();
    assert_eq!(
        network.unused().unknown,
        ["layers.0.adapter.weight (f32, [2, 3])"]
    );
    let notes = network.assumed().join("\n");
    assert!(notes.contains("layers.0.adapter.weight"), "{notes}");
    // Many are told as a count and a few.
    let mut many = Weights::new();
    for i in 0..500 {
        many = many.with(
            &format!("layers.0.more.{i}.{}", "x".repeat(300)),
            &[1],
            vec![0.0],
        );
    }
    let (_, network) = open(&many.safetensors(serde_json::json!({}))).unwrap();
    let notes = network.assumed().join("\n");
    assert!(
        notes.contains("500 tensors") && notes.len() < 800,
        "{notes}"
    );
    assert_eq!(network.unused().unknown.len(), 20);
}

#[test]
fn objects_archives_and_orders_are_called_what_they_are() {
    let weights = Weights::new();
    let modules = dict(&[(Two.text("_modules"), dict(&[]))]);
    let net = [
        Two.global("__main__", "Net"),
        b")\x81".to_vec(),
        modules,
        b"b".to_vec(),
    ]
    .concat();
    let root = dict(&[
        (Two.text("epoch"), int(1)),
        (Two.text("model"), net.clone()),
    ]);
    let parts = [
        "\"model\" is a whole module, an object of class __main__.Net",
        "state_dict",
    ];
    refused("module", &weights.zip(Two.pickle(root)), &parts);
    refused(
        "root",
        &weights.zip(Two.pickle(net)),
        &["a whole module", "__main__.Net"],
    );
    let of = |names: &[&str]| {
        let members: Vec<_> = names
            .iter()
            .map(|name| ((*name).to_owned(), b"x".to_vec()))
            .collect();
        archive(&members)
    };
    for (names, said) in [
        (
            &[
                "m/data.pkl",
                "m/code/__torch__.py",
                "m/constants.pkl",
                "m/version",
            ][..],
            "TorchScript",
        ),
        (
            &[
                "m/archive_format",
                "m/models/model.json",
                "m/data/weights/model.pt",
            ],
            "torch.export",
        ),
        (
            &[
                "version",
                "serialized_exported_program.json",
                "serialized_state_dict.pt",
            ],
            "torch.export",
        ),
        (
            &["inside/weights.pt", "readme.txt"],
            "unpack it, and open inside/weights.pt",
        ),
        (&["a.npy", "b.npy"], "NumPy"),
        (&["[Content_Types].xml", "word/document.xml"], "office"),
    ] {
        refused(said, &of(names), &[said]);
    }
    let pickle = Two.pickle(dict(&weights.state_dict(Two, &plain)));
    let order = [
        ("a/data.pkl".to_owned(), pickle),
        ("a/byteorder".to_owned(), b"big".to_vec()),
    ];
    refused("order", &archive(&order), &["big-endian", "torch.load"]);
    let metadata = serde_json::json!({"format": "pt", "epoch": 3});
    refused(
        "metadata",
        &weights.safetensors(metadata),
        &["\"epoch\" is a number", "str(v)"],
    );
}

#[test]
fn a_configuration_that_contradicts_the_tensors_is_refused() {
    let weights = Weights::new();
    let (_, network) = open(&weights.plain_zip(&plain)).unwrap();
    let own = serde_json::to_value(network.architecture().adaptive_span().unwrap()).unwrap();
    let with = |config: &serde_json::Value| {
        weights.safetensors(serde_json::json!({"config": config.to_string()}))
    };
    same("own", &with(&own));
    same(
        "part",
        &with(&serde_json::json!({"nb_layers": own["nb_layers"], "author": "somebody"})),
    );
    for (field, value) in [
        ("nb_layers", 9),
        ("nb_heads", 3),
        ("vocab_size", 7),
        ("pers_mem_size", 4),
        ("inner_hidden_size", 0),
    ] {
        let mut other = own.clone();
        other[field] = value.into();
        refused(
            field,
            &with(&other),
            &[&format!("{field} = {value}"), "contradicts"],
        );
    }
}

#[test]
fn networks_of_other_kinds_are_called_by_name() {
    let llama = Weights(vec![
        ("model.embed_tokens.weight".into(), vec![2, 2], vec![0.0; 4]),
        (
            "model.layers.0.self_attn.q_proj.weight".into(),
            vec![2, 2],
            vec![0.0; 4],
        ),
    ]);
    refused(
        "llama",
        &llama.plain_zip(&plain),
        &["key_pe is missing", "Llama"],
    );
}

/// The last layer under another name: not a network without it.
#[test]
fn a_layer_under_another_name_is_not_left_out() {
    let other = |start: &'static str| {
        move |name: &str| match name.strip_prefix("layers.2.") {
            Some(rest) => format!("{start}{rest}"),
            None => name.to_owned(),
        }
    };
    for start in ["blocks.2.", "tail.layers.2.", "layer.5."] {
        let weights = Weights::new().renamed(other(start));
        let name = format!("{start}attn.proj_key.weight");
        refused(
            start,
            &weights.plain_zip(&plain),
            &[start, "looks like one of a layer"],
        );
        // One such tensor is enough, in whatever format.
        let shape = weights.get(&name).1.clone();
        let values = weights.get(&name).2.clone();
        let one = Weights::new()
            .without("layers.2.")
            .with(&name, &shape, values);
        refused(start, &one.plain_zip(&plain), &[name.as_str()]);
    }
    // A second network has a layer 0 of its own.
    let mut two = Weights::new();
    for i in 0..4 {
        let (_, shape, values) = two.get(QUERY).clone();
        two = two.with(
            &format!("teacher.layers.{i}.attn.proj_query.weight"),
            &shape,
            values,
        );
    }
    same("teacher", &two.plain_zip(&plain));
}
