//! Pickles: nothing is executed, and nothing is believed.

use super::build::*;
use super::measured::{alone, refused};

/// Refuses a checkpoint with this pickle.
fn refuses(name: &str, pickle: Vec<u8>, parts: &[&str]) {
    refused(name, &zip(pickle, &[]), parts);
}

#[test]
fn a_program_is_data_and_is_never_run() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let witness = folder.path().join("was-run");
    let command = format!("touch {}", witness.display());
    let system =
        |how: &[u8]| [b"cposix\nsystem\n(".to_vec(), text(&command), how.to_vec()].concat();
    for (name, call) in [
        ("reduce.pt", system(b"tR")),
        ("newobj.pt", system(b"t\x81")),
        (
            "obj.pt",
            [b"(cposix\nsystem\n".to_vec(), text(&command), b"o".to_vec()].concat(),
        ),
        (
            "inst.pt",
            [b"(".to_vec(), text(&command), b"iposix\nsystem\n".to_vec()].concat(),
        ),
        ("build.pt", system(b"tR}b")),
    ] {
        let model = dict(&[(text("model"), call)]);
        refuses(name, pickle(model), &["state dict", "\"model\""]);
        assert!(!witness.exists());
    }
    let eval = [b"cbuiltins\neval\n(".to_vec(), text("1/0"), b"tR.".to_vec()].concat();
    refuses("eval.pt", eval, &["an object of class builtins.eval"]);
}

#[test]
fn lengths_beyond_the_end_take_no_memory() {
    let _alone = alone();
    for (name, ops) in [
        ("text.pt", b"\x8d\0\0\0\0\0\x01\0\0".to_vec()),
        ("bytes.pt", b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f".to_vec()),
        ("all.pt", b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
        ("array.pt", b"\x96\0\0\0\0\0\x01\0\0".to_vec()),
        ("number.pt", b"\x8b\xff\xff\xff\x7f".to_vec()),
    ] {
        refuses(
            name,
            pickle(ops),
            &["data.pkl", "pickle byte", "more bytes expected"],
        );
    }
}

#[test]
fn many_values_of_one_byte_are_too_many() {
    let _alone = alone();
    for (name, op) in [
        ("none.pt", &b"N"[..]),
        ("tuples.pt", b")"),
        ("lists.pt", b"]"),
        ("dicts.pt", b"}"),
        ("copies.pt", b"N2"),
        ("marks.pt", b"("),
        ("memo.pt", b"N\x94"),
        ("objects.pt", b"N)R"),
        ("references.pt", b"NQ"),
    ] {
        let ops = op.repeat((4 << 20) / op.len());
        refuses(
            name,
            pickle(ops),
            &["pickle byte", "more memory than a file of its size"],
        );
    }
}

#[test]
fn what_is_written_once_is_not_copied_without_end() {
    let _alone = alone();
    // A megabyte of text, named again and again in ten bytes each.
    let long = "x".repeat(1 << 20);
    let once = memo(0, text(&long));
    let class = [recall(0), recall(0), b"\x93".to_vec()].concat();
    let classes = [once.clone(), class.repeat(100_000)].concat();
    refuses("classes.pt", pickle(classes), &["no dict"]);
    let tensor = memo(1, vector("0", 1));
    let entry = [recall(0), recall(1)].concat();
    let names = [
        b"}(".to_vec(),
        once.clone(),
        tensor,
        entry.repeat(50_000),
        b"u.".to_vec(),
    ]
    .concat();
    refuses("names.pt", names, &["its name has 1048576 bytes"]);
    let reference = [
        b"(".to_vec(),
        text("storage"),
        b"cA\nFloatStorage\n".to_vec(),
        recall(0),
        b"NNt".to_vec(),
    ];
    let reference = [reference.concat(), b"Q".to_vec()].concat();
    let references = [once, reference.repeat(5000), b"]".to_vec()].concat();
    let bytes = legacy(pickle(references), &[], &[]);
    refused("keys.pt", &bytes, &["no dict"]);
    // The class of a storage, looked through 20,000 times.
    let start = [tuple(&[]), b"0".to_vec(), memo(0, text(&long))].concat();
    let id = tuple(&[text("storage"), recall(0), text("0")]);
    let references = [
        start,
        [id, b"Q0".to_vec()].concat().repeat(20_000),
        b"]".to_vec(),
    ]
    .concat();
    refuses("class.pt", pickle(references), &["no dict"]);
}

#[test]
fn one_shape_for_many_tensors_is_not_multiplied() {
    let _alone = alone();
    let shape = memo(0, ints(&vec![1; 50_000]));
    let tensor = [
        b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(),
        storage("0", "FloatStorage", 1),
        int(0),
        recall(0),
        recall(0),
        b"\x89Nt".to_vec(),
        b"R".to_vec(),
    ];
    let entry = [text("a"), tensor.concat()].concat();
    let ops = [shape, b"0}(".to_vec(), entry.repeat(2000), b"u".to_vec()].concat();
    refuses("shape.pt", pickle(ops), &["tensor a", "at most 16 counts"]);
}

#[test]
fn one_curve_under_many_names_is_not_multiplied() {
    let _alone = alone();
    let list = [b"](".to_vec(), b"K\x01".repeat(20_000), b"e".to_vec()].concat();
    let logged: Vec<u8> = (0..5000)
        .flat_map(|i| [text(&i.to_string()), recall(0)].concat())
        .collect();
    let logger = [b"}(".to_vec(), logged, b"u".to_vec()].concat();
    let pickle = pickle(
        [
            memo(0, list),
            b"0".to_vec(),
            dict(&[
                (text("model"), dict(&[(text("key_pe"), vector("0", 1))])),
                (text("logger"), logger),
            ]),
        ]
        .concat(),
    );
    refused(
        "curves.pt",
        &zip(pickle, &[("0", numbers(1))]),
        &["logger", "more memory"],
    );
}

#[test]
fn cycles_and_depth_are_only_data() {
    let _alone = alone();
    // A dict that is its own model, and its own tensor.
    let own = [
        memo(0, b"}".to_vec()),
        b"(".to_vec(),
        text("model"),
        recall(0),
        b"u".to_vec(),
    ]
    .concat();
    refuses("own.pt", pickle(own), &["state dict"]);
    // A parameter that wraps itself.
    let parameter = [
        memo(1, b"]".to_vec()),
        b"0ctorch._utils\n_rebuild_parameter\n".to_vec(),
        recall(1),
        memo(2, b"R".to_vec()),
        b"0".to_vec(),
        recall(1),
        recall(2),
        b"a0".to_vec(),
        dict(&[(text("model"), dict(&[(text("w"), recall(2))]))]),
    ];
    refuses("parameter.pt", pickle(parameter.concat()), &["state dict"]);
    // Lists in lists, 100,000 deep.
    let deep = [b"(".repeat(100_000), b"l".repeat(100_000)].concat();
    refuses("deep.pt", pickle(deep), &["no dict"]);
    let tuples = [b"N".to_vec(), b"\x85".repeat(100_000)].concat();
    refuses("tuples.pt", pickle(tuples), &["no dict"]);
}

#[test]
fn what_is_no_pickle_says_at_which_byte() {
    let _alone = alone();
    for (name, bytes, part) in [
        ("opcode.pt", &b"\x80\x02\xff."[..], "unknown opcode 0xff"),
        ("empty.pt", b".", "a value was expected"),
        ("line.pt", b"Iabc", "without an end"),
        (
            "number.pt",
            b"Iabc\n.",
            "\"abc\" where a number was expected",
        ),
        ("key.pt", b"h\x07.", "memo key 7 was never set"),
        ("mark.pt", b"Nt.", "a mark was expected"),
        ("pair.pt", b"}(Nu.", "a dict key without a value"),
        ("append.pt", b"NNa.", "not a list"),
        ("cut.pt", b"\x80\x02}", "more bytes expected"),
    ] {
        refuses(name, bytes.to_vec(), &["data.pkl", "pickle byte", part]);
    }
    let long = [b"I".to_vec(), b"9x".repeat(1 << 20), b"\n.".to_vec()].concat();
    refuses("long.pt", long, &["where a number was expected"]);
}

#[test]
fn shapes_and_strides_are_held_against_the_storage() {
    let _alone = alone();
    let of = |tensor: Ops| {
        zip(
            checkpoint(&[(text("key_pe"), tensor)]),
            &[("0", numbers(6))],
        )
    };
    let on = |offset: i64, shape: &[i64], strides: &[i64]| {
        of(tensor_on(
            storage("0", "FloatStorage", 6),
            offset,
            shape,
            strides,
        ))
    };
    for (name, bytes, part) in [
        (
            "beyond.pt",
            on(0, &[7], &[1]),
            "it needs 28 bytes of a storage that has 24",
        ),
        ("offset.pt", on(6, &[1], &[1]), "it needs 28 bytes"),
        ("stride.pt", on(0, &[3], &[3]), "it needs 28 bytes"),
        ("far.pt", on(i64::MAX, &[2], &[1]), "overflows"),
        (
            "wide.pt",
            on(0, &[2, 2], &[i64::MAX, i64::MAX]),
            "overflows",
        ),
        (
            "product.pt",
            on(0, &[1 << 40, 1 << 40], &[0, 0]),
            "overflows",
        ),
        (
            "late.pt",
            on(0, &[1 << 40, 1 << 40, 0], &[0, 0, 0]),
            "overflows",
        ),
        ("terabyte.pt", on(0, &[1 << 38], &[0]), "used over and over"),
        ("negative.pt", on(0, &[-1], &[1]), "its shape is not a list"),
        (
            "backwards.pt",
            on(5, &[3], &[-1]),
            "its strides is not a list",
        ),
        (
            "strides.pt",
            on(0, &[2, 3], &[1]),
            "2 dimensions but 1 strides",
        ),
        ("before.pt", on(-1, &[1], &[1]), "its offset is not a count"),
    ] {
        refused(name, &bytes, &["tensor key_pe", part]);
    }
    let few = [
        b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(),
        int(0),
        b"tR".to_vec(),
    ]
    .concat();
    refused(
        "few.pt",
        &of(few),
        &["tensor key_pe", "1 arguments, at least 4 expected"],
    );
    let none = tensor_on(b"N".to_vec(), 0, &[1], &[1]);
    refused("none.pt", &of(none), &["tensor key_pe", "no storage"]);
}

#[test]
fn storages_that_are_used_over_and_over_are_refused() {
    let _alone = alone();
    // A thousand views of nearly a megabyte each, all on the same numbers and no two alike.
    let shared = memo(0, storage("0", "FloatStorage", 1 << 18));
    let entries: Vec<_> = (0..1000)
        .map(|i| {
            let view = tensor_on(recall(0), i, &[(1 << 18) - 1000], &[1]);
            (text(&format!("layers.{i}.attn.proj_query.weight")), view)
        })
        .collect();
    let ops = [
        shared,
        b"0".to_vec(),
        dict(&[(text("model"), dict(&entries))]),
    ]
    .concat();
    let bytes = zip(pickle(ops), &[("0", numbers(1 << 18))]);
    refused(
        "shared.pt",
        &bytes,
        &["tensor layers.", "used over and over"],
    );
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let _alone = alone();
    let twice = |a: &str, b: &str| {
        zip(
            checkpoint(&[(text(a), vector("0", 2)), (text(b), vector("1", 2))]),
            &[("0", numbers(2)), ("1", numbers(2))],
        )
    };
    refused(
        "twice.pt",
        &twice("key_pe", "key_pe"),
        &["tensors key_pe and key_pe have the same name"],
    );
    let parts = ["tensors module.key_pe and key_pe have the same name, key_pe"];
    refused("prefix.pt", &twice("module.key_pe", "key_pe"), &parts);
}

#[test]
fn numbers_of_a_log_take_no_more_than_the_log() {
    let _alone = alone();
    // Tensors that repeat one number without end, and many that are views on one storage.
    let logged = |tensor: Ops| {
        let logger = dict(&[(text("loss"), tensor)]);
        let model = dict(&[(text("key_pe"), vector("0", 1))]);
        let root = dict(&[(text("model"), model), (text("logger"), logger)]);
        zip(pickle(root), &[("0", numbers(1))])
    };
    let endless = tensor_on(storage("0", "FloatStorage", 1), 0, &[1 << 40], &[0]);
    refused("endless.pt", &logged(endless), &["logger", "more memory"]);
    let one = tensor_on(storage("0", "FloatStorage", 1), 0, &[], &[]);
    let many = [
        b"](".to_vec(),
        memo(3, one),
        recall(3).repeat(100_000),
        b"e".to_vec(),
    ]
    .concat();
    // It opens, and is no network.
    refused("many.pt", &logged(many), &["key_pe", "3 dimensions"]);
    let far = tensor_on(
        storage("0", "DoubleStorage", 1),
        i64::MAX,
        &[1],
        &[i64::MAX],
    );
    refused("far.pt", &logged(far), &["key_pe", "3 dimensions"]);
    let scalar = [
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(".to_vec(),
        text("f8"),
        b"tR".to_vec(),
        text(&"x".repeat(1 << 20)),
        b"tR".to_vec(),
    ];
    let list = [b"](".to_vec(), scalar.concat(), b"e".to_vec()].concat();
    refused("scalar.pt", &logged(list), &["key_pe", "3 dimensions"]);
}

#[test]
fn what_is_computed_of_little_is_bounded() {
    let _alone = alone();
    // A matrix of one number, times a mask of one number: a gigabyte if anybody computed it.
    let view = |name: &str| {
        let on = storage("0", "FloatStorage", 1);
        (text(name), tensor_on(on, 0, &[1 << 14, 1 << 14], &[0, 0]))
    };
    for names in [["w_orig", "w_mask"], ["w_g", "w_v"]] {
        let bytes = zip(checkpoint(&names.map(view)), &[("0", numbers(1))]);
        refused("computed.pt", &bytes, &["tensor w", "used over and over"]);
    }
}
