//! What tells one model from another, whatever file it came in.

use super::Model;
use crate::checkpoint::Checkpoint;
use crate::files::sha256_hex;
use crate::train::is_state;
use rayon::prelude::*;

/// Numbers that are encoded at a time.
const PIECE: usize = 1 << 16;

impl Model {
    /// SHA-256 over names, shapes and numbers (as 32-bit floating point) of all tensors, in hexadecimal: the same for a
    /// checkpoint and for what `convert` makes of it without rounding. `None` where the file was written to since it was
    /// opened, or a tensor cannot be read. The first call reads all weights.
    pub fn tensors_sha256(&self) -> Option<&str> {
        let hash = self.tensors.get_or_init(|| {
            if self.recorded.is_some() {
                // It has no weights, and its file does not say.
                return None;
            }
            of(&self.checkpoint().ok()?)
        });
        hash.as_deref()
    }
}

/// The hash of hashes of the tensors by name.
fn of(checkpoint: &Checkpoint) -> Option<String> {
    let names: Vec<&str> = checkpoint
        .names()
        // What `convert` leaves out.
        .filter(|name| !name.ends_with("mask_template") && !name.starts_with("training."))
        .filter(|name| !is_state(name))
        .collect();
    let hash = |name: &&str| {
        let tensor = checkpoint.tensor(name).ok()?;
        let mut hasher = crate::files::Sha256Sum::default();
        let mut values = vec![0.0; PIECE.min(tensor.len())];
        for start in (0..tensor.len()).step_by(PIECE) {
            let values = &mut values[..PIECE.min(tensor.len() - start)];
            tensor.read_range(start, values);
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            hasher.add(&bytes);
        }
        let shape = &tensor.info().shape;
        Some(format!("{name}\0{shape:?}\0{}\n", hasher.hex()))
    };
    let lines: Option<Vec<String>> = names.par_iter().map(hash).collect();
    Some(sha256_hex(lines?.concat().as_bytes()))
}
