//! A model of a few hundred numbers, changed in any way.

/// A tensor of the small model.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    dtype: usize,
}

const DTYPES: [(&str, usize); 5] = [("F32", 4), ("F16", 2), ("BF16", 2), ("F64", 8), ("I32", 4)];

/// The values that a dimension may take.
const DIMENSIONS: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 64];

/// The values that a number may take.
const NUMBERS: [f32; 12] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    1.000_001,
    0.5,
    1e38,
    -1e38,
    1e-45,
];

/// Most numbers of a tensor, so that a file stays small.
const MOST: usize = 4096;

/// A `.safetensors` file with a model of one layer that `program` changes, four bytes a step: what, which tensor, and two
/// numbers to do it with. No program gives a sound model; one whose first byte is 128 or more has adaptive input and output.
///
/// Its bytes after the header are 0 to 1 in `f32`.
pub fn small_model(program: &[u8]) -> Vec<u8> {
    let mut tensors = tensors(program.first().is_some_and(|first| first & 0x80 != 0));
    let mut numbers = Vec::new();
    let mut tied = serde_json::Map::new();
    let mut config = None;
    for step in program.chunks_exact(4).take(32) {
        let [what, which, a, b] = [step[0], step[1], step[2], step[3]].map(usize::from);
        let count = tensors.len().max(1);
        let Some(tensor) = tensors.get_mut(which % count) else {
            break;
        };
        match what % 9 {
            0 => drop(tensors.remove(which % count)),
            1 => {
                let dims = tensor.shape.len().max(1);
                if let Some(dim) = tensor.shape.get_mut(a % dims) {
                    *dim = DIMENSIONS[b % DIMENSIONS.len()];
                }
            }
            2 => tensor.name.insert_str(
                0,
                ["module.", "model.", "x.", "_orig_mod.", "layers.2."][a % 5],
            ),
            3 => numbers.push((tensor.name.clone(), a, NUMBERS[b % NUMBERS.len()])),
            4 => tensor.dtype = a % DTYPES.len(),
            5 => tensor.shape.push(DIMENSIONS[b % DIMENSIONS.len()]),
            6 => drop(tensor.shape.pop()),
            7 => {
                let holder = tensor.name.clone();
                let name = &tensors[a % count].name;
                tied.insert(name.clone(), holder.into());
            }
            _ => {
                let ramps = [0_u64, 1, 16, 1 << 24, u64::MAX];
                config = Some((which, ramps[a % ramps.len()]));
            }
        }
    }
    write(&tensors, &numbers, &tied, config)
}

fn tensors(adaptive: bool) -> Vec<Tensor> {
    let (d, dim, span, vocab, inner) = (4, 8, 16, 6, 12);
    let layer = |name: &str| format!("layers.0.{name}");
    let norm = |name: &str| {
        [
            layer(&format!("{name}.weight")),
            layer(&format!("{name}.bias")),
        ]
    };
    let mut all = vec![
        ("key_pe".to_owned(), vec![1, d, span]),
        (
            layer("attn.attn.adaptive_span._mask.current_val"),
            vec![2, 1, 1],
        ),
        (layer("ff.fc1.weight"), vec![inner, dim]),
        (layer("ff.fc1.bias"), vec![inner]),
        (layer("ff.fc2.weight"), vec![dim, inner]),
        (layer("ff.fc2.bias"), vec![dim]),
        (layer("attn.attn.persistent_memory.key"), vec![2, d, 3]),
        (layer("attn.attn.persistent_memory.val"), vec![2, 3, d]),
    ];
    let ends = match adaptive {
        true => vec![
            ("in_emb.emb_layers.0.weight", vec![4, dim]),
            ("in_emb.emb_layers.1.weight", vec![2, 2]),
            ("in_emb.emb_projs.1", vec![dim, 2]),
            ("out_emb.cluster_proj.weight", vec![1, dim]),
            ("out_emb.cluster_proj.bias", vec![1]),
            ("out_emb.out_layers.0.weight", vec![4, dim]),
            ("out_emb.out_layers.1.weight", vec![2, 2]),
            ("out_emb.out_layers.1.bias", vec![2]),
            ("out_emb.out_projs.1", vec![dim, 2]),
        ],
        false => vec![
            ("in_emb.weight", vec![vocab, dim]),
            ("out_emb.weight", vec![vocab, dim]),
            ("out_emb.bias", vec![vocab]),
        ],
    };
    all.extend(ends.into_iter().map(|(name, shape)| (name.into(), shape)));
    for part in ["query", "key", "val", "out"] {
        all.push((layer(&format!("attn.proj_{part}.weight")), vec![dim, dim]));
    }
    for name in norm("norm1").into_iter().chain(norm("norm2")) {
        all.push((name, vec![dim]));
    }
    let all = all.into_iter();
    all.map(|(name, shape)| Tensor {
        name,
        shape,
        dtype: 0,
    })
    .collect()
}

fn write(
    tensors: &[Tensor],
    numbers: &[(String, usize, f32)],
    tied: &serde_json::Map<String, serde_json::Value>,
    config: Option<(usize, u64)>,
) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut metadata = serde_json::Map::new();
    let mut bytes: Vec<u8> = Vec::new();
    for tensor in tensors {
        let elements = tensor.shape.iter().product::<usize>();
        if elements > MOST || header.contains_key(&tensor.name) {
            continue;
        }
        let (dtype, size) = DTYPES[tensor.dtype];
        let start = bytes.len();
        for i in 0..elements {
            // Small and all different, spans included.
            let set = numbers
                .iter()
                .rfind(|(name, at, _)| *name == tensor.name && *at == i);
            let value = set.map_or((i % 61) as f32 / 64.0, |(_, _, value)| *value);
            match size {
                2 if dtype == "F16" => bytes.extend(half::f16::from_f32(value).to_le_bytes()),
                2 => bytes.extend(half::bf16::from_f32(value).to_le_bytes()),
                8 => bytes.extend(f64::from(value).to_le_bytes()),
                _ => bytes.extend(value.to_le_bytes()),
            }
        }
        let entry = serde_json::json!({
            "dtype": dtype, "shape": tensor.shape, "data_offsets": [start, bytes.len()],
        });
        header.insert(tensor.name.clone(), entry);
    }
    if !tied.is_empty() {
        metadata.insert("tied".into(), serde_json::json!(tied).to_string().into());
    }
    if let Some((size, ramp)) = config {
        let config = serde_json::json!({
            "vocab_size": 6, "hidden_size": size, "nb_heads": 2, "nb_layers": 1, "attn_span": 16, "inner_hidden_size": 12,
            "pers_mem_size": 3, "adapt_span": true, "adapt_span_ramp": ramp, "adapt_io": null,
        });
        metadata.insert("config".into(), config.to_string().into());
    }
    header.insert("__metadata__".into(), metadata.into());
    let header = serde_json::Value::from(header).to_string();
    [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        &bytes,
    ]
    .concat()
}
