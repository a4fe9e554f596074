//! What the published training code computed for the networks in `tests/data`.

use safetensors::SafeTensors;
use std::path::{Path, PathBuf};

/// A file of the tests' data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Each kind of network: adaptive and fixed span, feed-forward and all-attention, plain and adaptive output.
pub const MODELS: [&str; 7] = [
    "tiny_adaptive",
    "tiny_adaptive_legacy",
    "tiny_fixed",
    "tiny_all_attention",
    "tiny_all_attention_fixed",
    "tiny_adaptive_io",
    "tiny_adaptive_io_tied_pers",
];

/// The expected values of one network over one text.
pub struct Golden(Vec<u8>);

impl Golden {
    pub fn open(name: &str) -> Self {
        Self(std::fs::read(data(&format!("{name}.golden.safetensors"))).unwrap())
    }

    /// Shape and numbers of a tensor, if the file has it.
    pub fn f32(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).ok()?;
        let values = view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        Some((view.shape().to_vec(), values))
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        file.tensor(name)
            .unwrap()
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| u32::from_le_bytes(*b))
            .collect()
    }

    /// R, which no checkpoint holds.
    pub fn ramp(&self) -> usize {
        let (_, metadata) = SafeTensors::read_metadata(&self.0).unwrap();
        metadata.metadata().as_ref().unwrap()["ramp"]
            .parse()
            .unwrap()
    }
}
