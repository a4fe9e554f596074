//! Networks and devices: what is opened, and what is copied there.

use super::Device;
use super::accelerator::Accelerator;
use crate::model::ModelError;
use crate::model::weights::Network;
use std::sync::Arc;

impl Device {
    /// Makes it ready, for [`Network::place_on`].
    ///
    /// # Errors
    /// When this build or this machine has none.
    pub fn open(self) -> Result<candle_core::Device, ModelError> {
        let opened = match self {
            Self::Cpu => Ok(candle_core::Device::Cpu),
            Self::Cuda => candle_core::Device::new_cuda(0),
            Self::Metal => candle_core::Device::new_metal(0),
        };
        opened.map_err(|source| ModelError::NoDevice {
            device: self,
            source,
        })
    }

    pub(super) fn of(device: &candle_core::Device) -> Self {
        match device {
            candle_core::Device::Cpu => Self::Cpu,
            candle_core::Device::Cuda(_) => Self::Cuda,
            candle_core::Device::Metal(_) => Self::Metal,
        }
    }
}

impl Network {
    /// Copies the layers to `device`, where all runs compute from now on, with tensors. A network stays where it was
    /// placed first.
    ///
    /// Embeddings and the output layer stay on the processor. What is [edited](Self::edited) of a network that is placed
    /// is on the same device, and shares what was copied there: only masks are made anew.
    ///
    /// # Errors
    /// When the device has not enough memory.
    pub fn place_on(&self, device: &candle_core::Device) -> Result<(), ModelError> {
        let family = match self.architecture.adaptive_span() {
            Some(config) => config.second_code_only(),
            None => Some(self.architecture.family.name()),
        };
        if let Some(family) = family {
            return Err(ModelError::OnProcessorOnly {
                family: family.to_owned(),
            });
        }
        if self.edits.needs_processor() {
            return Err(ModelError::CannotEdit {
                what: "windows, first tokens and feed-forward sublayers".into(),
                why: "they can be changed on the CPU only: leave --device out".into(),
            });
        }
        if self.accelerator.get().is_none() {
            let accelerator = Accelerator::new(self, device)?;
            // Whoever came in between placed it as well.
            let _ = self.accelerator.set(Arc::new(accelerator));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_built_in_does_not_open_and_the_message_says_what_to_check() {
        assert!(Device::Cpu.is_built_in() && Device::Cpu.open().is_ok());
        for device in [Device::Cuda, Device::Metal] {
            if device.is_built_in() {
                continue;
            }
            let said = device.open().unwrap_err().to_string();
            assert!(
                said.contains(&device.to_string()) && said.contains("check that"),
                "{said}"
            );
        }
    }
}
