//! Weights stay in memory in the form that they have in their file, and give what their numbers give.

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize_to_file};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::checkpoint::gguf::{GgmlType, dequantise};
use spanscope_core::model::{Cancel, Network, NoObserver, Run};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data")
}

/// Bytes of the matrices in a file.
fn in_file(checkpoint: &Checkpoint) -> usize {
    let matrices = checkpoint
        .names()
        .filter_map(|name| checkpoint.info(name))
        .filter(|info| info.shape.len() > 1);
    matrices
        .map(|info| info.dtype.bytes(info.elements()).unwrap())
        .sum()
}

#[test]
fn matrices_take_no_more_memory_than_in_the_file() {
    for (name, bits) in [
        ("families/gguf/llama-q8_0.gguf", 8.5),
        ("families/gguf/llama-k.gguf", 7.0),
        ("families/gguf/llama-iq4_nl.gguf", 8.5),
        ("families/gguf/gpt_oss-mxfp4.gguf", 32.0),
        ("families/gguf/qwen2-f16.gguf", 16.0),
        ("families/gguf/gemma2-bf16.gguf", 16.0),
        ("families/gguf/gpt2-f32.gguf", 32.0),
        ("tiny_adaptive_bf16.pt", 16.0),
        ("tiny_adaptive_f16.pt", 16.0),
    ] {
        let checkpoint = Checkpoint::open(&data().join(name)).unwrap();
        let outline = Network::outline(&checkpoint, None).unwrap();
        assert_eq!(outline.weight_bytes(), 0, "{name}");
        let network = Network::load(&checkpoint, None).unwrap();
        let (kept, file) = (network.weight_bytes(), in_file(&checkpoint));
        let per_weight = kept as f64 * 8.0 / network.parameters() as f64;
        println!("{name}: {kept} bytes of {file}, {per_weight:.2} bits per weight");
        // Matrices of these small networks end within 32 outputs.
        assert!(kept <= file + file / 4, "{name}: {kept} bytes of {file}");
        assert!(per_weight <= bits * 1.2, "{name}: {per_weight} bits");
    }
}

/// Random bytes.
struct Noise(u64);

impl Noise {
    fn byte(&mut self) -> u8 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }
}

/// Tensors to be written: name, format, shape, bytes.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn write(folder: &Path, tensors: &Tensors) {
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (
            name.clone(),
            TensorView::new(*dtype, shape.clone(), bytes).unwrap(),
        )
    });
    serialize_to_file(views, None, &folder.join("model.safetensors")).unwrap();
    let config = data().join("families/gpt_oss/config.json");
    std::fs::copy(config, folder.join("config.json")).unwrap();
}

/// Experts as published: E × outputs × inputs / 32 blocks of 16 bytes, and as many scales; and their numbers, E × inputs × outputs.
fn experts(noise: &mut Noise, sizes: [usize; 3]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let [count, outputs, inputs] = sizes;
    let groups = inputs / 32;
    let (mut blocks, mut scales) = (Vec::new(), Vec::new());
    let mut numbers = vec![0.0_f32; count * inputs * outputs];
    for row in 0..count * outputs {
        for group in 0..groups {
            let block: Vec<u8> = (0..16).map(|_| noise.byte()).collect();
            let scale = 121 + noise.byte() % 4;
            // GGUF's block of one value each: its own decoding says what the value is.
            for i in 0..32 {
                let code = block[i / 2] >> (4 * (i % 2)) & 15;
                let mut of = [0; 17];
                (of[0], of[1]) = (scale, code);
                let mut values = [0.0; 32];
                dequantise(GgmlType::Mxfp4, &of, &mut values);
                let (e, output) = (row / outputs, row % outputs);
                numbers[(e * inputs + 32 * group + i) * outputs + output] = values[0];
            }
            blocks.extend(block);
            scales.push(scale);
        }
    }
    let numbers = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    (blocks, scales, numbers)
}

#[test]
fn packed_experts_of_published_folders_give_what_their_numbers_give() {
    let bytes = std::fs::read(data().join("families/gpt_oss/model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (mut packed, mut plain) = (Tensors::new(), Tensors::new());
    let mut noise = Noise(7);
    for (name, view) in file.tensors() {
        let whole = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        if name.ends_with("_proj") {
            let [count, inputs, outputs] = view.shape()[..] else {
                panic!("{name}")
            };
            let (blocks, scales, numbers) = experts(&mut noise, [count, outputs, inputs]);
            let shape = [count, outputs, inputs / 32, 16];
            packed.insert(
                format!("{name}_blocks"),
                (Dtype::U8, shape.to_vec(), blocks),
            );
            packed.insert(
                format!("{name}_scales"),
                (Dtype::U8, shape[..3].to_vec(), scales),
            );
            plain.insert(name, (Dtype::F32, vec![count, inputs, outputs], numbers));
        } else {
            packed.insert(name.clone(), whole.clone());
            plain.insert(name, whole);
        }
    }
    let ids: Vec<u32> = (0..90).map(|i| (i * i * 7 + i) % 201).collect();
    let mut networks = Vec::new();
    let results = [&packed, &plain].map(|tensors| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), tensors);
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let network = Arc::new(Network::load(&checkpoint, None).unwrap());
        let in_blocks = |block: usize| {
            let mut run = Run::new(Arc::clone(&network));
            run.for_length(ids.len());
            run.extend(&ids, block, &Cancel::default(), &NoObserver)
                .unwrap();
            run.log_probs(0, ids.len())
        };
        let whole = in_blocks(64);
        assert!(whole.iter().all(|p| p.is_finite()));
        for block in [1, 30, 90] {
            assert!(in_blocks(block) == whole, "blocks of {block}");
        }
        networks.push(network);
        whole
    });
    assert!(results[0] == results[1]);
    assert_eq!(networks[0].parameters(), networks[1].parameters());
    assert!(
        networks[0].unused().unknown.is_empty(),
        "{:?}",
        networks[0].unused()
    );
    let [small, large] = [&networks[0], &networks[1]].map(|network| network.weight_bytes());
    // Three layers of four experts: 64 × 32 and 32 × 32 weights of 17 bytes per 32 in the place of 4 bytes each.
    let weights = 3 * 4 * (64 * 32 + 32 * 32);
    assert_eq!(large - small, 4 * weights - weights / 32 * 17);

    // One of the two tensors alone.
    packed.remove("model.layers.1.mlp.experts.down_proj_scales");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &packed);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let said = Network::outline(&checkpoint, None).unwrap_err().to_string();
    assert!(said.contains("down_proj_scales"), "{said}");
}
