//! From a checkpoint to weights: tensors looked up by name, their shapes checked, their numbers laid out.

pub(super) mod causal;
mod experts;
mod outline;
mod rows;
pub(super) mod shared;

use super::ModelError;
use super::architecture::NormSpec;
use super::families::missing::missing;
use super::kernel::Packed;
use super::parts::Count;
use super::weights::Norm;
use crate::checkpoint::Checkpoint;
pub use outline::Outline;
use rows::FileRows;
use shared::Shared;
use std::sync::{Arc, Mutex, PoisonError};

/// Most numbers of a network whose tensors repeat them: an expanded view is small in the file whatever it is in memory.
const MOST_REPEATED: usize = 1 << 20;

/// Reads the tensors of a network, and counts what it has read.
pub(super) struct Loader<'a> {
    pub checkpoint: &'a Checkpoint,
    /// True to read weights; else they stay empty.
    pub reads: bool,
    pub parameters: Count,
    shared: Shared,
    /// Bytes that may still be copied out of the file.
    left: usize,
    /// Numbers of the tensors that repeat theirs.
    repeated: usize,
    /// The first tensor that holds infinities or what is no number.
    not_finite: Mutex<Option<String>>,
}

impl<'a> Loader<'a> {
    pub fn new(checkpoint: &'a Checkpoint, reads: bool) -> Self {
        Self {
            checkpoint,
            reads,
            parameters: Count::default(),
            shared: Shared::default(),
            left: checkpoint.most_bytes(),
            repeated: 0,
            not_finite: Mutex::new(None),
        }
    }

    /// Whether there is a tensor that a network need not have.
    ///
    /// # Errors
    /// When there is, in a form that is not read.
    pub fn has(&self, name: &str) -> Result<bool, ModelError> {
        match self.checkpoint.unread().contains_key(name) {
            true => Err(missing(self.checkpoint, name)),
            false => Ok(self.checkpoint.info(name).is_some()),
        }
    }

    /// Checks that a tensor is there and has `shape`, and counts its parameters.
    pub fn expect(&mut self, name: &str, shape: &[usize]) -> Result<(), ModelError> {
        let checkpoint = self.checkpoint;
        let info = checkpoint
            .info(name)
            .ok_or_else(|| missing(checkpoint, name))?;
        if info.shape != shape {
            let expected = format!("{shape:?}");
            return Err(ModelError::shape(checkpoint, name, &info.shape, &expected));
        }
        if checkpoint.repeats(name) {
            self.repeated = self.repeated.saturating_add(info.elements());
            if self.repeated > MOST_REPEATED {
                return Err(ModelError::Config {
                    path: checkpoint.path().to_owned(),
                    what: format!(
                        "tensor {name} of the shape {shape:?} repeats a few numbers of the file, and with such tensors it would take \
                         {} numbers; at most {MOST_REPEATED} expected",
                        self.repeated
                    ),
                });
            }
        }
        self.parameters.add(checkpoint, name, info.elements());
        Ok(())
    }

    pub fn note_not_finite(&self, name: &str) {
        let first = self.not_finite.lock();
        first
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| name.to_owned());
    }

    /// The numbers of a tensor, row-major; nothing where weights are not read.
    pub fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        self.expect(name, shape)?;
        self.take(name, shape.iter().product())?;
        if !self.reads {
            return Ok(Vec::new());
        }
        self.read(name)
    }

    /// Matrices of `inputs` columns one below the other, as one for products; layers may share it.
    pub fn packed(
        &mut self,
        parts: &[(String, usize)],
        inputs: usize,
    ) -> Result<Arc<Packed>, ModelError> {
        for (name, outputs) in parts {
            self.expect(name, &[*outputs, inputs])?;
        }
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        self.shared_matrix(&names, |loader| loader.pack(parts, inputs))
    }

    fn pack(&self, parts: &[(String, usize)], inputs: usize) -> Result<Packed, ModelError> {
        if !self.reads {
            return Ok(Packed::default());
        }
        let mut rows = FileRows::new(self, inputs);
        for (name, outputs) in parts {
            rows.add(name, 0..*outputs)?;
        }
        rows.packed()
    }

    /// The numbers of a whole tensor.
    pub fn read(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let tensor = self.checkpoint.tensor(name)?;
        let mut values = vec![0.0; tensor.len()];
        if !tensor.read_range_finite(0, &mut values) {
            self.note_not_finite(name);
        }
        Ok(values)
    }

    pub fn matrix(
        &mut self,
        name: String,
        outputs: usize,
        inputs: usize,
    ) -> Result<Arc<Packed>, ModelError> {
        self.packed(&[(name, outputs)], inputs)
    }

    pub fn norm(&mut self, name: &str, spec: NormSpec, width: usize) -> Result<Norm, ModelError> {
        let weight = self.values(&format!("{name}.weight"), &[width])?;
        let bias = match spec.bias {
            true => self.values(&format!("{name}.bias"), &[width])?,
            false => Vec::new(),
        };
        Ok(Norm::new(spec, weight, bias))
    }

    /// Checks that a tensor is there and has `shape`, and counts the `elements` of it that are used.
    pub fn expect_part(
        &mut self,
        name: &str,
        shape: &[usize],
        elements: usize,
    ) -> Result<(), ModelError> {
        let checkpoint = self.checkpoint;
        let info = checkpoint
            .info(name)
            .ok_or_else(|| missing(checkpoint, name))?;
        if info.shape != shape {
            let expected = format!("{shape:?}");
            return Err(ModelError::shape(checkpoint, name, &info.shape, &expected));
        }
        match info.elements() == elements {
            true => self.expect(name, shape),
            false => {
                self.parameters.add_part(name, elements);
                Ok(())
            }
        }
    }

    /// What the numbers that were read make it necessary to say.
    pub fn not_finite(&self) -> Option<String> {
        let first = self.not_finite.lock();
        let first = first.unwrap_or_else(PoisonError::into_inner);
        first.as_ref().map(|name| {
            format!(
                "usable although tensor {name} holds infinities or what is no number: so may all results; the training \
                 may have diverged"
            )
        })
    }
}
