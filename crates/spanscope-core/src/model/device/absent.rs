//! A build without tensors: it computes on the processor, and has no other device.

use super::Device;
use crate::model::cache::HeadCache;
use crate::model::observer::Observer;
use crate::model::weights::{Layer, Network};
use crate::model::{Cancel, ModelError};

/// Why a device cannot be used: this build has none.
#[derive(Debug, thiserror::Error)]
#[error("this build computes on the CPU alone")]
pub struct TensorError;

/// The layers on a device, with which a build with tensors computes. There are none.
#[derive(Debug)]
pub(in crate::model) enum Accelerator {}

/// The windows that such a run keeps on its device. There are none.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct Windows(());

impl Windows {
    pub fn truncate(&mut self, _: usize) {}
}

impl Accelerator {
    pub fn edited(&self, _: &[Layer]) -> Result<Self, ModelError> {
        match *self {}
    }

    #[allow(clippy::too_many_arguments)]
    pub fn block(
        &self,
        _: &Network,
        _: &mut [Vec<HeadCache>],
        _: &mut Windows,
        _: usize,
        _: &[u32],
        _: &Cancel,
        _: &dyn Observer,
    ) -> Result<Vec<f32>, ModelError> {
        match *self {}
    }
}

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

    /// The device on which its runs compute.
    pub fn device(&self) -> Device {
        Device::Cpu
    }
}
