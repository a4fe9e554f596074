//! Targets of containers that hold models of other kinds.

use super::folder;
use crate::checkpoint::Checkpoint;
use std::path::Path;

/// The most layers that a number is asked for each of.
const LAYERS: usize = 3;

/// A GGUF file; or, after a first byte of 1, one whose magic number and version stand before the rest.
pub fn gguf(data: &[u8]) {
    let bytes = match data.split_first() {
        Some((1, rest)) => [b"GGUF\x03\0\0\0", rest].concat(),
        _ => data.to_vec(),
    };
    super::checkpoint(bytes.clone());
    let Ok(checkpoint) = Checkpoint::from_bytes(Path::new("fuzzed"), bytes) else {
        return;
    };
    let Some(metadata) = checkpoint.origin().gguf() else {
        return;
    };
    for key in metadata.keys() {
        let _ = (metadata.get_str(key), metadata.get_bool(key));
        let _ = (metadata.get_u64(key), metadata.get_f32(key));
        let count = metadata.array_len(key);
        for read in [
            metadata.get_strs(key).map(|all| all.map(|all| all.len())),
            metadata.get_u64s(key).map(|all| all.map(|all| all.len())),
            metadata.get_i64s(key).map(|all| all.map(|all| all.len())),
            metadata.get_f32s(key).map(|all| all.map(|all| all.len())),
            metadata.get_bools(key).map(|all| all.map(|all| all.len())),
        ] {
            assert!(
                read.is_err() || read.is_ok_and(|read| read == count),
                "{key}"
            );
        }
        let each = metadata.per_layer(key, LAYERS);
        assert!(each.is_err() || each.is_ok_and(|each| each.is_none_or(|all| all.len() == LAYERS)));
    }
}

/// A folder in Hugging Face's layout with one file of weights: what stands before the first zero is its `config.json`, what
/// follows is its index.
pub fn hugging_face(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0);
    let (config, index) = data.split_at(end.unwrap_or(data.len()));
    let index = index.get(1..).unwrap_or_default();
    let weights = super::around::safetensors(
        b"{\"a.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\
          \"a_blocks\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[4,8]}}\0\0\0\x80\x3f\x01\x02\x03\x04",
    );
    let name = match index.is_empty() {
        true => "model.safetensors",
        false => "part.safetensors",
    };
    let mut files = vec![("config.json", config), (name, weights.as_slice())];
    if !index.is_empty() {
        files.push(("model.safetensors.index.json", index));
    }
    let kind = match index.is_empty() {
        true => "whole",
        false => "parts",
    };
    let Some(path) = folder(kind, &files) else {
        return;
    };
    if let Ok(checkpoint) = Checkpoint::open(&path) {
        assert!(checkpoint.origin().config().is_some());
        for name in checkpoint.names() {
            assert!(checkpoint.read(name).is_ok());
        }
    }
    let _ = Checkpoint::open(&path.join(name));
}
