//! Training curves in whatever numbers they were logged.

use super::build::Protocol::Two;
use super::build::*;
use spanscope::checkpoint::Checkpoint;
use spanscope::engine::LoadedModel;
use spanscope::engine::figures::{FigureError, training};
use std::path::Path;

/// A NumPy dtype of this format and order.
fn dtype(p: Protocol, format: &str, order: &str) -> Ops {
    let made = p.call(
        "numpy",
        "dtype",
        &[p.text(format), p.bool(false), p.bool(true)],
    );
    let none = || b"N".to_vec();
    let state = [
        int(3),
        p.text(order),
        none(),
        none(),
        none(),
        int(-1),
        int(-1),
        int(0),
    ];
    [made, p.tuple(&state), b"b".to_vec()].concat()
}

fn scalar(p: Protocol, module: &str, dtype: Ops, bytes: Ops) -> Ops {
    p.call(module, "scalar", &[dtype, bytes])
}

const NEW: &str = "numpy._core.multiarray";
const OLD: &str = "numpy.core.multiarray";

fn array(p: Protocol, format: &str, shape: &[usize], bytes: &[u8]) -> Ops {
    let shape: Vec<Ops> = shape.iter().map(|n| int(*n as i64)).collect();
    let made = [
        p.global("numpy", "ndarray"),
        p.tuple(&[int(0)]),
        p.bytes(b"b"),
    ];
    let made = p.call(NEW, "_reconstruct", &made);
    let state = [
        int(1),
        p.tuple(&shape),
        dtype(p, format, "<"),
        p.bool(false),
        p.bytes(bytes),
    ];
    [made, p.tuple(&state), b"b".to_vec()].concat()
}

/// A tensor of the storage "c", from element `offset` on.
fn tensor(p: Protocol, class: &str, offset: i64, shape: &[usize]) -> Ops {
    let mut arguments = arguments(p, storage(p, "c", class, 4), shape);
    arguments[1] = int(offset);
    p.call("torch._utils", "_rebuild_tensor_v2", &arguments)
}

/// The network with a log.
fn with_log(p: Protocol, logger: Ops, storage: &[u8]) -> Vec<u8> {
    let weights = Weights::new();
    let model = dict(&weights.state_dict(p, &plain));
    let root = dict(&[(p.text("model"), model), (p.text("logger"), logger)]);
    let bytes = weights.zip(p.pickle(root));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    for i in 0..zip.len() {
        let mut member = zip.by_index(i).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
        members.push((member.name().unwrap().into_owned(), bytes));
    }
    members.push(("a/data/c".to_owned(), storage.to_vec()));
    archive(&members)
}

fn curves(bytes: Vec<u8>) -> Vec<(String, Vec<f64>)> {
    let checkpoint = Checkpoint::from_bytes(Path::new("made.pt"), bytes).unwrap();
    let curves = checkpoint.curves().iter();
    curves
        .map(|curve| (curve.name.clone(), curve.values.clone()))
        .collect()
}

#[test]
fn numbers_of_numpy_and_tensors_are_curves() {
    let storage: Vec<u8> = [1.5_f32, 2.5, 3.5, 4.5]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    for p in [Two, Protocol::Four] {
        let f8 = |v: f64| scalar(p, NEW, dtype(p, "f8", "<"), p.bytes(&v.to_le_bytes()));
        let f4 = |v: f32| scalar(p, OLD, dtype(p, "f4", "<"), p.bytes(&v.to_le_bytes()));
        let big = |v: i64| scalar(p, OLD, dtype(p, "i8", ">"), p.bytes(&v.to_be_bytes()));
        let three: Vec<u8> = [9_i16, -8, 7]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let logger = dict(&[
            (p.text("step"), list(&[big(1), big(200), big(-3)])),
            (
                p.text("train_bpc"),
                list(&[f8(3.25), f8(-0.0), f8(f64::NAN)]),
            ),
            (p.text("val_bpc"), list(&[f4(1.5), int(2), b"N".to_vec()])),
            (
                p.text("span_avg"),
                list(&[
                    tensor(p, "FloatStorage", 1, &[]),
                    tensor(p, "FloatStorage", 2, &[1]),
                ]),
            ),
            (p.text("span_max"), tensor(p, "FloatStorage", 0, &[4])),
            (p.text("lr"), array(p, "i2", &[3], &three)),
            (
                p.text("grad"),
                list(&[array(p, "f4", &[], &2.0_f32.to_le_bytes())]),
            ),
            (p.text("title"), p.text("a run")),
        ]);
        let found = curves(with_log(p, logger, &storage));
        let of = |name: &str| {
            let curve = found.iter().find(|(n, _)| n == name);
            curve
                .map(|(_, values)| values.clone())
                .unwrap_or_else(|| panic!("{name}: {found:?}"))
        };
        assert_eq!(of("step"), [1.0, 200.0, -3.0]);
        assert_eq!(of("train_bpc")[..2], [3.25, 0.0]);
        assert!(of("train_bpc")[2].is_nan() && of("val_bpc")[2].is_nan());
        assert_eq!(of("val_bpc")[..2], [1.5, 2.0]);
        assert_eq!(of("span_avg"), [2.5, 3.5]);
        assert_eq!(of("span_max"), [1.5, 2.5, 3.5, 4.5]);
        assert_eq!(of("lr"), [9.0, -8.0, 7.0]);
        assert_eq!(of("grad"), [2.0]);
        assert_eq!(found.len(), 7);
    }
}

#[test]
fn a_log_of_python_2_and_one_that_is_an_object_are_read() {
    // Python 2 has bytes in short strings, and its dtypes are older.
    let raw = [b"U\x08".as_slice(), &2.5_f64.to_le_bytes()].concat();
    let value = scalar(Two, OLD, dtype(Two, "f8", "<"), raw);
    let state = dict(&[(Two.text("val_bpc"), list(&[value]))]);
    let object = [
        Two.call("__main__", "Logger", &[]),
        dict(&[(Two.text("data"), state)]),
        b"b".to_vec(),
    ];
    let found = curves(with_log(Two, object.concat(), &[0; 16]));
    assert_eq!(found, [("val_bpc".to_owned(), vec![2.5])]);
}

#[test]
fn a_log_that_cannot_be_read_is_not_called_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.pt");
    let odd = || Two.call("decimal", "Decimal", &[Two.text("2.5")]);
    let texts = list(&[Two.text("a"), Two.text("b")]);
    for (log, is_unread) in [(list(&[odd(), odd()]), true), (texts, false)] {
        let logger = dict(&[(Two.text("val_bpc"), log)]);
        std::fs::write(&path, with_log(Two, logger, &[0; 16])).unwrap();
        let model = LoadedModel::open(&path, None, Some(16.into())).unwrap();
        let refused = training(&model, 1, (false, false)).err();
        let expected = match is_unread {
            true => FigureError::UnreadCurves,
            false => FigureError::NoCurves,
        };
        assert_eq!(refused, Some(expected));
        let told = model.assumed.iter().any(|note| note.contains("val_bpc"));
        assert_eq!(told, is_unread, "{:?}", model.assumed);
    }
}
