//! What a network computes with: sizes that take few bytes in a file and any memory in a run are refused, or paid for by the file.

use super::build::{checkpoint, safetensors, storage, tensor_on, text, zip};
use super::measured::{ALLOWED, alone, measured};
use spanscope::analysis::sums::{SumRecorder, Totals};
use spanscope::engine::LoadedModel;
use spanscope::model::{BLOCK, Cancel, Run};
use std::path::Path;
use std::sync::Arc;

/// The sizes of a network: D = H · d.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    heads: usize,
    width: usize,
    span: usize,
    vocabulary: usize,
    vectors: usize,
    inner: usize,
    layers: usize,
}

const SMALL: Sizes = Sizes {
    heads: 2,
    width: 4,
    span: 16,
    vocabulary: 12,
    vectors: 3,
    inner: 12,
    layers: 1,
};

/// How each size is set.
type Set = fn(&mut Sizes, usize);

const SETS: [(&str, Set); 7] = [
    ("heads", |sizes, n| sizes.heads = n),
    ("width", |sizes, n| sizes.width = n),
    ("span", |sizes, n| sizes.span = n),
    ("vocabulary", |sizes, n| sizes.vocabulary = n),
    ("vectors", |sizes, n| sizes.vectors = n),
    ("inner", |sizes, n| sizes.inner = n),
    ("layers", |sizes, n| sizes.layers = n),
];

impl Sizes {
    /// All tensors with their shapes. Spans are as wide as can be.
    fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (h, d, n) = (self.heads, self.width, self.vectors);
        let dim = h * d;
        let mut all = vec![
            ("key_pe".to_owned(), vec![1, d, self.span]),
            ("in_emb.weight".into(), vec![self.vocabulary, dim]),
            ("out_emb.weight".into(), vec![self.vocabulary, dim]),
            ("out_emb.bias".into(), vec![self.vocabulary]),
        ];
        for i in 0..self.layers {
            let mut add = |name: &str, shape: Vec<usize>| {
                all.push((format!("layers.{i}.{name}"), shape));
            };
            for part in ["query", "key", "val", "out"] {
                add(&format!("attn.proj_{part}.weight"), vec![dim, dim]);
            }
            for norm in ["norm1", "norm2"] {
                add(&format!("{norm}.weight"), vec![dim]);
                add(&format!("{norm}.bias"), vec![dim]);
            }
            add("attn.attn.adaptive_span._mask.current_val", vec![h, 1, 1]);
            add("attn.attn.persistent_memory.key", vec![h, d, n]);
            add("attn.attn.persistent_memory.val", vec![h, n, d]);
            add("ff.fc1.weight", vec![self.inner, dim]);
            add("ff.fc1.bias", vec![self.inner]);
            add("ff.fc2.weight", vec![dim, self.inner]);
            add("ff.fc2.bias", vec![dim]);
        }
        all
    }

    /// A file in which every tensor is one number, repeated.
    fn expanded(&self) -> Vec<u8> {
        let entries: Vec<_> = self
            .tensors()
            .iter()
            .map(|(name, shape)| {
                let shape: Vec<i64> = shape.iter().map(|n| *n as i64).collect();
                let strides = vec![0; shape.len()];
                let storage = storage("0", "HalfStorage", 1);
                (text(name), tensor_on(storage, 0, &shape, &strides))
            })
            .collect();
        // 1 as a half.
        zip(checkpoint(&entries), &[("0", vec![0x00, 0x3c])])
    }

    /// A file in which every number is there, as halves.
    fn stored(&self) -> Vec<u8> {
        let (mut header, mut at) = (serde_json::Map::new(), 0);
        for (name, shape) in self.tensors() {
            let end = at + 2 * shape.iter().product::<usize>();
            let entry =
                serde_json::json!({"dtype": "F16", "shape": shape, "data_offsets": [at, end]});
            header.insert(name, entry);
            at = end;
        }
        let numbers = [0x00, 0x20].repeat(at / 2);
        safetensors(&serde_json::Value::from(header).to_string(), &numbers)
    }
}

/// Opens a model and runs it over some tokens, with all that is measured on a text.
fn run(path: &Path) -> Result<(), String> {
    let model = LoadedModel::open(path, None, None).map_err(|e| e.to_string())?;
    let ids: Vec<u32> = (0..100).map(|i| i % 12).collect();
    let cancel = Cancel::default();
    let recorder = SumRecorder::new(&model.network, false);
    let mut run = Run::new(Arc::clone(&model.network));
    let ran = run.extend(&ids, BLOCK, &cancel, &recorder);
    ran.map_err(|e| e.to_string())?;
    let nll = run.nll(0, &ids[1..], &cancel).map_err(|e| e.to_string())?;
    assert_eq!(nll.len(), 99);
    recorder
        .finish(Totals::default())
        .map_err(|e| e.to_string())?;
    Ok(())
}

/// Runs a file; asserts that it takes little memory beyond its own size, and says of what is refused how large it is.
fn runs(what: &str, bytes: &[u8], allowed: usize) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    std::fs::write(&path, bytes).unwrap();
    let (ran, peak) = measured(move || run(&path));
    println!("{what}: {} bytes, {} KB, {ran:?}", bytes.len(), peak >> 10);
    assert!(peak < allowed, "{what}: {peak} bytes of memory");
    if let Err(refused) = &ran {
        assert!(refused.contains("model.pt"), "{what}: {refused}");
        assert!(refused.chars().count() < 400, "{what}: {refused}");
    }
    ran.is_ok()
}

#[test]
fn sizes_that_are_repeated_numbers_take_no_memory() {
    let _alone = alone();
    for (name, set) in SETS {
        let mut opened = 0;
        for power in 4..24 {
            let mut sizes = SMALL;
            set(&mut sizes, 1 << power);
            // Every layer has its names in the file.
            if sizes.layers > 1 << 10 {
                break;
            }
            let bytes = sizes.expanded();
            let what = format!("{name} {}", 1 << power);
            opened += usize::from(runs(&what, &bytes, ALLOWED + bytes.len()));
        }
        assert!((1..20).contains(&opened), "{name}: {opened} open");
    }
}

/// What the file pays for may be large.
#[test]
fn sizes_that_are_in_the_file_take_memory_in_proportion() {
    let _alone = alone();
    for (name, set) in SETS {
        let mut opened = 0;
        for power in 4..22 {
            let mut sizes = SMALL;
            set(&mut sizes, 1 << power);
            let numbers: usize = sizes
                .tensors()
                .iter()
                .map(|(_, shape)| shape.iter().product::<usize>())
                .sum();
            if numbers > 6_000_000 || sizes.layers > 1 << 10 {
                break;
            }
            let bytes = sizes.stored();
            let what = format!("{name} {} stored", 1 << power);
            opened += usize::from(runs(&what, &bytes, ALLOWED + 8 * bytes.len()));
        }
        assert!(opened > 0, "{name}");
    }
}

/// Two sizes at once: neither is beyond its own bound.
#[test]
fn positions_of_many_heads_are_bounded_together() {
    let _alone = alone();
    for (heads, span) in [
        (16, (1 << 15) - 3),
        (64, 1 << 15),
        (256, 1 << 14),
        (1024, 1 << 12),
    ] {
        let sizes = Sizes {
            heads,
            width: 1,
            span,
            ..SMALL
        };
        let bytes = sizes.expanded();
        runs(
            &format!("{heads} heads × {span}"),
            &bytes,
            ALLOWED + bytes.len(),
        );
    }
}
