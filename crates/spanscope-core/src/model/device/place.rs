//! The device of a network, by name.

use super::Device;
use crate::model::ModelError;
use crate::model::weights::Network;

impl Device {
    /// Checks that it can be used.
    ///
    /// # Errors
    /// When this build or this machine has none.
    pub fn check(self) -> Result<(), ModelError> {
        self.open().map(|_| ())
    }
}

impl Network {
    /// Has all runs compute on `device` from now on: see `place_on`, which takes a device of the tensor library.
    ///
    /// # Errors
    /// When there is no such device, or its memory is too small.
    pub fn place(&self, device: Device) -> Result<(), ModelError> {
        match device {
            Device::Cpu => Ok(()),
            _ => self.place_on(&device.open()?),
        }
    }

    /// The device on which its runs compute.
    pub fn device(&self) -> Device {
        self.accelerator
            .get()
            .map_or(Device::Cpu, |on_device| on_device.device())
    }
}
