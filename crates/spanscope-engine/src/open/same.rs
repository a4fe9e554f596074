//! The hash that tells one model from another, whatever file it came in.

use super::LoadedModel;
use rayon::prelude::*;
use spanscope_core::checkpoint::is_training_state;
use spanscope_core::checkpoint::{Checkpoint, Format};
use spanscope_core::files::sha256_hex;

/// Numbers that are encoded at a time.
const PIECE: usize = 1 << 16;

impl LoadedModel {
    /// SHA-256 of the file that the weights are in, in hexadecimal, or of what stands for several (see
    /// [`Source::sha256`](spanscope_core::checkpoint::Source::sha256)): of a recorded run, the model's that ran, or its own where
    /// another program ran a model that has no file. `None` where it is not known, or the file was written to since it was
    /// opened. The first call reads the whole file: about half a second per gigabyte.
    pub fn sha256(&self) -> Option<&str> {
        match &self.recorded {
            Some(run) if !self.is_of_program() => run.header().model.sha256.as_deref(),
            _ => self.source.sha256(),
        }
    }

    /// True of a run that another program recorded, of a model that has no file with a known hash.
    fn is_of_program(&self) -> bool {
        let model = self.recorded.as_ref().map(|run| &run.header().model);
        model.is_some_and(|of| of.format == Format::Program && of.sha256.is_none())
    }

    /// The same if it is known already.
    pub fn known_sha256(&self) -> Option<&str> {
        match &self.recorded {
            Some(run) if !self.is_of_program() => run.header().model.sha256.as_deref(),
            _ => self.source.known_sha256(),
        }
    }

    /// [`sha256`](Self::sha256) if it is `asked` for, else what is [known](Self::known_sha256).
    pub fn weights_sha256(&self, asked: bool) -> Option<&str> {
        match asked {
            true => self.sha256(),
            false => self.known_sha256(),
        }
    }

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
        .filter(|name| !is_training_state(name))
        .collect();
    let hash = |name: &&str| {
        let tensor = checkpoint.tensor(name).ok()?;
        let mut hasher = spanscope_core::files::Sha256Sum::default();
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
