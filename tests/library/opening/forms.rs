//! Forms: classes, protocols, storages, computed and shared tensors.

use super::build::Protocol::Two;
use super::build::*;

#[test]
fn classes_around_a_tensor_do_not_matter() {
    let wrapped: [(&str, &Rebuild<'_>); 5] = [
        ("attributes", &|p, i, t| {
            let args = arguments(
                p,
                storage(p, &i.to_string(), "FloatStorage", t.2.len()),
                &t.1,
            );
            let function = p.global("torch._utils", "_rebuild_tensor_v2");
            let class = p.global("torch", "Tensor");
            let state = dict(&[(p.text("is_parallel"), p.bool(false))]);
            p.call(
                "torch._tensor",
                "_rebuild_from_type_v2",
                &[function, class, p.tuple(&args), state],
            )
        }),
        ("parameter", &|p, i, t| {
            let hooks = p.call("collections", "OrderedDict", &[]);
            p.call(
                "torch._utils",
                "_rebuild_parameter",
                &[plain(p, i, t), p.bool(true), hooks],
            )
        }),
        ("state", &|p, i, t| {
            let hooks = p.call("collections", "OrderedDict", &[]);
            let state = dict(&[(p.text("foo"), int(1))]);
            let args = [plain(p, i, t), p.bool(true), hooks, state];
            p.call("torch._utils", "_rebuild_parameter_with_state", &args)
        }),
        ("both", &|p, i, t| {
            let hooks = p.call("collections", "OrderedDict", &[]);
            let args = p.tuple(&[plain(p, i, t), p.bool(true), hooks]);
            let function = p.global("torch._utils", "_rebuild_parameter");
            let class = p.global("__main__", "Weight");
            p.call(
                "torch._tensor",
                "_rebuild_from_type_v2",
                &[function, class, args, b"N".to_vec()],
            )
        }),
        ("device", &|p, i, t| {
            let args = [
                plain(p, i, t),
                p.global("torch", "float32"),
                p.text("mtia:0"),
                p.bool(false),
            ];
            p.call(
                "torch._utils",
                "_rebuild_device_tensor_from_cpu_tensor",
                &args,
            )
        }),
    ];
    for (what, rebuild) in wrapped {
        same(what, &Weights::new().plain_zip(rebuild));
    }
}

#[test]
fn any_class_of_dicts_is_a_state_dict() {
    let weights = Weights::new();
    let entries = weights.state_dict(Two, &plain);
    let flat: Vec<u8> = entries
        .iter()
        .flat_map(|(k, v)| [k.as_slice(), v].concat())
        .collect();
    let items = [b"(".to_vec(), flat, b"u".to_vec()].concat();
    let made = Two.call("__main__", "Weights", &[]);
    let built = [Two.global("__main__", "Weights"), b")\x81".to_vec()].concat();
    let pairs: Vec<Ops> = entries
        .iter()
        .map(|(k, v)| list(&[k.clone(), v.clone()]))
        .collect();
    let of_python_2 = Two.call("collections", "OrderedDict", &[list(&pairs)]);
    for (what, state) in [
        ("made", [made, items.clone()].concat()),
        ("built", [built, items].concat()),
        ("of python 2", of_python_2),
    ] {
        let root = dict(&[(Two.text("model"), state)]);
        same(what, &weights.zip(Two.pickle(root)));
    }
}

#[test]
fn legacy_streams_of_every_protocol_open() {
    let weights = Weights::new();
    for protocol in Protocol::ALL {
        let object = dict(&weights.state_dict(protocol, &plain));
        same(
            &format!("{protocol:?}"),
            &weights.legacy(protocol, object.clone(), &[]),
        );
        same("zip", &weights.zip(protocol.pickle(object)));
    }
}

#[test]
fn tensors_that_are_not_needed_may_be_of_any_format() {
    let weights = Weights::new();
    for (class, size) in [
        ("QUInt8Storage", 1),
        ("QInt32Storage", 4),
        ("ComplexDoubleStorage", 16),
        ("UntypedStorage", 1),
    ] {
        let mut entries = weights.state_dict(Two, &plain);
        let of = storage(Two, "q", class, 3);
        let function = if class.starts_with('Q') {
            "_rebuild_qtensor"
        } else {
            "_rebuild_tensor_v2"
        };
        let tensor = Two.call("torch._utils", function, &arguments(Two, of, &[3]));
        entries.push((Two.text("scales"), tensor));
        let bytes = weights.legacy(Two, dict(&entries), &[("q", 3, vec![7; 3 * size])]);
        same(class, &bytes);
        let (_, network) = open(&bytes).unwrap();
        assert_eq!(network.unused().unknown_count, 1);
        let notes = network.assumed().join("\n");
        assert!(
            notes.contains("not needed: 1 tensor") && notes.contains("scales"),
            "{notes}"
        );
    }
}

#[test]
fn counters_and_mask_templates_are_known() {
    let weights = Weights::new();
    let mut entries = weights.state_dict(Two, &plain);
    let of = storage(Two, "n", "LongStorage", 1);
    entries.push((
        Two.text("layers.0.num_batches"),
        Two.call(
            "torch._utils",
            "_rebuild_tensor_v2",
            &arguments(Two, of, &[]),
        ),
    ));
    let bytes = weights.legacy(Two, dict(&entries), &[("n", 1, vec![7; 8])]);
    same("counter", &bytes);
    let (_, network) = open(&bytes).unwrap();
    let unused = network.unused();
    assert_eq!(unused.unknown_count, 0);
    assert!(unused.known.contains(&("counters", 1)), "{unused:?}");
    let known = unused.known_in_words().unwrap();
    assert!(known.contains("mask templates"), "{known}");
}

#[test]
fn pruned_weights_are_weights_times_mask() {
    let mut weights = Weights::new();
    let mask = |i: usize| f32::from(u8::from(!i.is_multiple_of(3)));
    for (name, _, values) in &mut weights.0 {
        if name == QUERY {
            values
                .iter_mut()
                .enumerate()
                .for_each(|(i, v)| *v *= mask(i));
        }
    }
    let expected = nll(&weights.plain_zip(&plain)).unwrap();
    let whole = Weights::new();
    let (_, shape, values) = whole.get(QUERY).clone();
    let masks = (0..values.len()).map(mask).collect();
    let less = whole.without(QUERY);
    let pruned = less
        .clone()
        .with(&format!("{QUERY}_orig"), &shape, values.clone());
    let both = pruned.clone().with(&format!("{QUERY}_mask"), &shape, masks);
    assert_eq!(nll(&both.plain_zip(&plain)), Ok(expected.clone()));
    assert_eq!(nll(&both.safetensors(serde_json::json!({}))), Ok(expected));
    // Without a mask it is something else's original: spectral norm's, say.
    let spectral = pruned.with(&format!("{QUERY}_u"), &[shape[0]], vec![0.1; shape[0]]);
    refused(
        "spectral",
        &spectral.plain_zip(&plain),
        &[QUERY, "is computed of", "remove_"],
    );
}

#[test]
fn weight_normed_matrices_are_computed() {
    let expected = nll(&Weights::new().plain_zip(&plain)).unwrap();
    let close = |found: Vec<f32>| {
        let far = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        far.fold(0.0, f32::max) < 1e-5
    };
    let (_, shape, values) = Weights::new().get(QUERY).clone();
    let (rows, columns) = (shape[0], shape[1]);
    for dim in [Some(0), Some(1), None] {
        let group = |i: usize| match dim {
            Some(0) => i / columns,
            Some(_) => i % columns,
            None => 0,
        };
        let (groups, g_shape) = match dim {
            Some(0) => (rows, vec![rows, 1]),
            Some(_) => (columns, vec![1, columns]),
            None => (1, vec![]),
        };
        let mut squares = vec![0.0_f64; groups];
        for (i, w) in values.iter().enumerate() {
            squares[group(i)] += f64::from(*w).powi(2);
        }
        let g: Vec<f32> = squares.iter().map(|s| s.sqrt() as f32).collect();
        // v is the direction, of any length.
        let length = |i: usize| 1.0 + group(i) as f32 / 7.0;
        let v: Vec<f32> = values
            .iter()
            .enumerate()
            .map(|(i, w)| w * length(i))
            .collect();
        let base = QUERY.strip_suffix(".weight").unwrap();
        for names in [
            [format!("{QUERY}_g"), format!("{QUERY}_v")],
            ["original0", "original1"].map(|end| format!("{base}.parametrizations.weight.{end}")),
        ] {
            let less = Weights::new().without(QUERY);
            let normed =
                less.with(&names[0], &g_shape, g.clone())
                    .with(&names[1], &shape, v.clone());
            let bytes = normed.plain_zip(&plain);
            assert!(close(nll(&bytes).unwrap()), "{names:?} {dim:?}");
            let notes = open(&bytes).unwrap().1.assumed().join("\n");
            assert!(notes.contains("g · v / ‖v‖"), "{notes}");
        }
    }
}

#[test]
fn layers_may_share_their_weights() {
    let second = |name: &str| {
        name.strip_prefix("layers.1.")
            .map(|rest| format!("layers.0.{rest}"))
    };
    let weights = Weights::new();
    let at = |name: &str| weights.0.iter().position(|(n, ..)| n == name).unwrap();
    // Of the second layer everything but the spans and norms is the first one's.
    let shared = |p: Protocol, i: usize, t: &Tensor| {
        let first = second(&t.0).filter(|name| name.contains("proj") || name.contains("ff."));
        plain(p, first.map_or(i, |first| at(&first)), t)
    };
    let mut copied = weights.clone();
    for (name, _, values) in &mut copied.0 {
        if let Some(first) =
            second(name).filter(|name| name.contains("proj") || name.contains("ff."))
        {
            values.clone_from(&weights.get(&first).2);
        }
    }
    let bytes = weights.plain_zip(&shared);
    assert_eq!(nll(&bytes), nll(&copied.plain_zip(&plain)));
    let (checkpoint, network) = open(&bytes).unwrap();
    let mut numbers = std::collections::BTreeSet::new();
    let all = checkpoint
        .names()
        .filter(|name| !name.ends_with("mask_template"));
    let elements = all.filter(|name| numbers.insert(checkpoint.view_number(name)));
    let elements: usize = elements
        .map(|name| checkpoint.info(name).unwrap().elements())
        .sum();
    assert_eq!(network.parameters(), elements as u64);
}

#[test]
fn a_network_without_sublayers_opens_when_nothing_is_left_over() {
    let less = Weights::new().without(".ff.").without("norm2");
    let (_, network) = open(&less.plain_zip(&plain)).unwrap();
    let config = network.architecture().adaptive_span().unwrap();
    assert_eq!((config.inner_hidden_size, config.pers_mem_size), (0, 0));
    assert!(
        nll(&less.plain_zip(&plain))
            .unwrap()
            .iter()
            .all(|nll| nll.is_finite())
    );
    let over = less.with("layers.0.mlp.up", &[2, 2], vec![0.0; 4]);
    refused(
        "left over",
        &over.plain_zip(&plain),
        &["layers.0.mlp.up", "neither"],
    );
}
