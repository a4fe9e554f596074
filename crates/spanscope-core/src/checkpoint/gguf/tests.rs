mod open;

use super::*;
use std::path::PathBuf;

fn data(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("tests/data/families/gguf");
    std::fs::read(folder.join(name)).unwrap()
}

/// A file under construction.
#[derive(Clone, Default)]
struct Build {
    entries: Vec<(Vec<u8>, u32, Vec<u8>)>,
    tensors: Vec<(Vec<u8>, Vec<u64>, u32, u64)>,
    data: Vec<u8>,
}

fn text(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes()[..], bytes].concat()
}

impl Build {
    fn entry(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.entries.push((key.into(), kind, value.to_vec()));
        self
    }

    fn tensor(mut self, name: &str, shape: &[u64], kind: u32, offset: u64) -> Self {
        self.tensors
            .push((name.into(), shape.to_vec(), kind, offset));
        self
    }

    fn data(mut self, bytes: usize) -> Self {
        self.data = vec![7; bytes];
        self
    }

    fn file(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend((self.entries.len() as u64).to_le_bytes());
        for (key, kind, value) in &self.entries {
            file.extend(text(key));
            file.extend(kind.to_le_bytes());
            file.extend(value);
        }
        for (name, shape, kind, offset) in &self.tensors {
            file.extend(text(name));
            file.extend((shape.len() as u32).to_le_bytes());
            shape.iter().for_each(|n| file.extend(n.to_le_bytes()));
            file.extend(kind.to_le_bytes());
            file.extend(offset.to_le_bytes());
        }
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(&self.data);
        file
    }

    fn error(&self) -> String {
        Gguf::read(&self.file()).unwrap_err()
    }
}

/// An array as a value: type and number of its elements, then `bytes`.
fn array(kind: u32, count: u64, bytes: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &count.to_le_bytes(), bytes].concat()
}

#[test]
fn every_block_format_gives_the_values_of_the_reference() {
    let file = data("quant_blocks.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
    let mut seen = 0;
    for name in GgmlType::all_names() {
        let Ok(raw) = tensors.tensor(&format!("{name}.raw")) else {
            continue;
        };
        seen += 1;
        let kind = (0..64)
            .map(GgmlType::of)
            .find(|k| k.name() == name)
            .unwrap();
        let expected = tensors.tensor(&format!("{name}.f32")).unwrap();
        let expected: Vec<f32> = expected
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        let mut values = vec![f32::NAN; expected.len()];
        assert_eq!(kind.bytes(values.len()), Some(raw.data().len()), "{name}");
        dequantise(kind, raw.data(), &mut values);
        assert_eq!(values, expected, "{name}");
    }
    assert_eq!(seen, 12, "all formats in blocks");
}

#[test]
fn every_scale_of_mxfp4_is_a_power_of_two() {
    for e in 0..=255_u8 {
        let mut block = [0x22; 17];
        block[0] = e;
        let mut values = [0.0; 32];
        dequantise(GgmlType::Mxfp4, &block, &mut values);
        let expected = 2_f64.powi(i32::from(e) - 127);
        // 2¹²⁸ is beyond 32 bits: the infinity says so.
        let expected = expected as f32;
        assert!(values.iter().all(|&v| v == expected), "{e}: {}", values[0]);
    }
}

#[test]
fn plain_numbers_are_decoded() {
    let mut out = [0.0; 2];
    dequantise(
        GgmlType::F64,
        &[1.5_f64.to_le_bytes(), (-2.0_f64).to_le_bytes()].concat(),
        &mut out,
    );
    assert_eq!(out, [1.5, -2.0]);
    dequantise(GgmlType::BF16, &[0x80, 0x3f, 0x00, 0xc0], &mut out);
    assert_eq!(out, [1.0, -2.0]);
    dequantise(GgmlType::F16, &[0x00, 0x3c, 0x00, 0xc0], &mut out);
    assert_eq!(out, [1.0, -2.0]);
}

#[test]
fn a_model_has_its_metadata_and_tensors() {
    let file = data("gpt_oss-mxfp4.gguf");
    let gguf = Gguf::read(&file).unwrap();
    let architecture = gguf.value("general.architecture").unwrap();
    assert_eq!(architecture.as_str(), Some("gpt-oss"));
    let experts = gguf.tensor("blk.0.ffn_up_exps.weight").unwrap();
    assert_eq!(experts.kind, GgmlType::Mxfp4);
    assert_eq!(experts.shape.len(), 3);
    let bytes = experts.bytes.clone().unwrap();
    assert_eq!(bytes.len(), experts.elements() / 32 * 17);
    let mut values = vec![0.0; experts.elements()];
    dequantise(experts.kind, &file[bytes], &mut values);
    assert!(values.iter().all(|v| v.is_finite()));
    for name in ["llama-mixed.gguf", "llama-iq4_nl.gguf", "llama3-q4_0.gguf"] {
        let file = data(name);
        let gguf = Gguf::read(&file).unwrap();
        assert!(gguf.names().count() > 5, "{name}");
        for tensor in gguf.names() {
            let tensor = gguf.tensor(tensor).unwrap();
            assert!(tensor.bytes.is_some(), "{name}");
        }
    }
}

#[test]
fn arrays_stay_in_the_file_until_they_are_read() {
    let texts = [text(b"a"), text("\u{2581}b".as_bytes()), text(b"")].concat();
    let build = Build::default()
        .entry("tokens", 9, &array(8, 3, &texts))
        .entry("kinds", 9, &array(5, 2, &[1, 0, 0, 0, 255, 255, 255, 255]))
        .entry("nested", 9, &array(9, 1, &array(0, 2, &[1, 2])))
        .entry("small", 3, &(-2_i16).to_le_bytes())
        .entry("yes", 7, &[1]);
    let file = build.file();
    let gguf = Gguf::read(&file).unwrap();
    let texts: Vec<&str> = gguf
        .texts("tokens", &file)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(texts, ["a", "\u{2581}b", ""]);
    let kinds: Vec<Value> = gguf
        .numbers("kinds", &file)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(kinds, [Value::Signed(1), Value::Signed(-1)]);
    assert_eq!(gguf.value("small"), Some(&Value::Signed(-2)));
    assert_eq!(gguf.value("yes").and_then(Value::as_bool), Some(true));
    assert!(gguf.texts("kinds", &file).is_err());
    assert!(gguf.numbers("tokens", &file).is_err());
    assert!(gguf.texts("yes", &file).is_err());
    assert!(gguf.texts("none", &file).is_err());
}

#[test]
fn a_format_that_is_not_read_is_named_and_the_rest_opens() {
    let build = Build::default()
        .tensor("a", &[256], 16, 0)
        .tensor("b", &[4], 0, 96)
        .tensor("c", &[4], 77, 0)
        .data(112);
    let gguf = Gguf::read(&build.file()).unwrap();
    assert_eq!(gguf.tensor("a").unwrap().kind.name(), "IQ2_XXS");
    assert_eq!(gguf.tensor("a").unwrap().bytes, None);
    assert_eq!(gguf.tensor("c").unwrap().kind.name(), "type 77");
    assert!(gguf.tensor("b").unwrap().bytes.is_some());
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let base = Build::default;
    let tensor = |shape: &[u64], kind, offset| base().tensor("t", shape, kind, offset).data(64);
    let alignment = |n: u32| base().entry("general.alignment", 4, &n.to_le_bytes());
    let cases = [
        (tensor(&[5], 0, 64), "beyond the file's end"),
        (tensor(&[4], 0, u64::MAX - 31), "beyond the file's end"),
        (tensor(&[1 << 33, 1 << 33], 0, 0), "overflows"),
        (tensor(&[0, 5], 0, 0), "a dimension of 0"),
        (tensor(&[u64::MAX], 0, 0), "a dimension of"),
        (tensor(&[1, 1, 1, 1, 1], 0, 0), "5 dimensions, at most 4"),
        (tensor(&[33], 2, 0), "blocks of 32"),
        (tensor(&[4], 0, 4), "no multiple of 32"),
        (
            tensor(&[4], 0, 0).tensor("t", &[4], 0, 32),
            "two of this name",
        ),
        (tensor(&[9], 0, 0).tensor("u", &[4], 0, 32), "overlap"),
        (alignment(0), "is 0, a power of two"),
        (alignment(24), "is 24, a power of two"),
        (alignment(1 << 31), "a power of two"),
        (
            base().entry("general.alignment", 8, &text(b"32")),
            "no whole number",
        ),
        (
            base().entry("a", 0, &[1]).entry("a", 0, &[1]),
            "two entries",
        ),
        (base().entry("a", 13, &[1]), "none of 0 to 12"),
        (base().entry("a", 7, &[2]), "0 or 1 expected"),
        (base().entry("a", 8, &text(&[0xff])), "not UTF-8"),
        (base().entry("", 0, &[1]), "0 bytes"),
        (base().entry(&"k".repeat(2000), 0, &[1]), "2000 bytes"),
        (
            base().entry("a", 9, &array(0, 1 << 40, &[])),
            "beyond the file's end",
        ),
        (
            base().entry("a", 9, &array(10, u64::MAX / 4, &[])),
            "beyond the file's end",
        ),
        (
            base().entry("a", 9, &array(8, 1 << 40, &[])),
            "beyond the file's end",
        ),
    ];
    for (build, words) in cases {
        let error = build.error();
        assert!(error.contains(words), "{words}: {error}");
        assert!(error.len() < 400 && !error.contains('\n'), "{error}");
    }
    let mut deep = array(0, 1, &[1]);
    for _ in 0..100_000 {
        deep = array(9, 1, &[])
            .into_iter()
            .chain(std::mem::take(&mut deep))
            .collect();
        if deep.len() > 4_000 {
            break;
        }
    }
    assert!(
        base()
            .entry("a", 9, &deep)
            .error()
            .contains("arrays in arrays")
    );
}

#[test]
fn counts_and_versions_are_held_against_what_is_read() {
    let mut file = Build::default().entry("a", 0, &[1]).file();
    for (at, words) in [(8, "number of tensors"), (16, "number of entries")] {
        let mut file = file.clone();
        file[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Gguf::read(&file).unwrap_err().contains(words));
        file[at..at + 8].copy_from_slice(&1000_u64.to_le_bytes());
        assert!(Gguf::read(&file).unwrap_err().contains("no room"));
    }
    file[4..8].copy_from_slice(&3_u32.to_be_bytes());
    assert!(Gguf::read(&file).unwrap_err().contains("big-endian"));
    file[4..8].copy_from_slice(&1_u32.to_le_bytes());
    assert!(Gguf::read(&file).unwrap_err().contains("versions 2 and 3"));
    assert!(Gguf::read(b"GGML").is_err());
}

#[test]
fn no_prefix_and_no_flipped_byte_ends_the_program() {
    let file = data("llama-mixed.gguf");
    for end in 0..file.len() {
        assert!(Gguf::read(&file[..end]).is_err(), "{end}");
        // Beyond the header every prefix is alike: a few will do.
        if end > 4096 {
            break;
        }
    }
    assert!(Gguf::read(&file[..file.len() - 33]).is_err());
    let mut flipped = file.clone();
    for at in 0..4096.min(file.len()) {
        for bit in [0, 3, 7] {
            flipped[at] ^= 1 << bit;
            if let Ok(gguf) = Gguf::read(&flipped) {
                for name in gguf.names() {
                    let tensor = gguf.tensor(name).unwrap();
                    if let Some(bytes) = tensor.bytes.clone() {
                        assert!(bytes.end <= file.len());
                        let mut out = vec![0.0; tensor.elements()];
                        dequantise(tensor.kind, &flipped[bytes], &mut out);
                    }
                }
            }
            flipped[at] ^= 1 << bit;
        }
    }
}
