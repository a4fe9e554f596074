//! A build without tensors: it computes on the processor, and has no other device.

use super::{Device, TensorError};
use crate::model::ModelError;
use crate::model::weights::Network;

/// The processor.
pub(super) struct Processor;

impl Device {
    pub(super) fn open(self) -> Result<Processor, ModelError> {
        match self {
            Self::Cpu => Ok(Processor),
            device => Err(ModelError::NoDevice {
                device,
                source: TensorError,
            }),
        }
    }
}

impl Network {
    pub(super) fn place_on(&self, _: &Processor) -> Result<(), ModelError> {
        Ok(())
    }
}
