//! What the public training codes computed for the networks in `tests/data`: the published one, and fairseq's port.

use safetensors::SafeTensors;
use std::path::{Path, PathBuf};

/// A file of the tests' data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Each kind of network: adaptive and fixed span, feed-forward and all-attention, plain and adaptive output; at last two
/// of fairseq's port.
pub const MODELS: [&str; 9] = [
    "tiny_adaptive",
    "tiny_adaptive_legacy",
    "tiny_fixed",
    "tiny_all_attention",
    "tiny_all_attention_fixed",
    "tiny_adaptive_io",
    "tiny_adaptive_io_tied_pers",
    "tiny_fairseq_layout",
    "fairseq_trained",
];

/// Networks of the authors' second code, `transformer-sequential`: norms after and before the sublayers, adaptive and fixed span.
#[allow(dead_code)]
pub const SEQUENTIAL: [&str; 3] = ["seq_post", "seq_pre", "seq_pre_fixed"];

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

    /// Ids, as far as weights are there.
    pub fn ids(&self, name: &str) -> Vec<u32> {
        let mut ids = self.all_ids(name);
        ids.truncate(self.f32("attn.0").unwrap().0[1]);
        ids
    }

    /// The ids of the whole text.
    pub fn all_ids(&self, name: &str) -> Vec<u32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap();
        let size = view.dtype().bitsize() / 8;
        let ids = view.data().chunks_exact(size);
        ids.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    }

    /// R, which no checkpoint holds.
    pub fn ramp(&self) -> usize {
        self.said("ramp").unwrap().parse().unwrap()
    }

    /// What the metadata says.
    pub fn said(&self, name: &str) -> Option<String> {
        let (_, metadata) = SafeTensors::read_metadata(&self.0).unwrap();
        metadata.metadata().as_ref()?.get(name).cloned()
    }
}
