//! Computing on a graphics card.
//!
//! An [`Accelerator`] holds a network's layers as tensors and takes blocks of tokens through them. Queries, keys and
//! values come back into the run's caches, so whatever is asked of a run later (heads' weights, edits, forgetting) is
//! the same wherever it was computed. It works on the tensor library's CPU as well, which is how it is tested where
//! there is no card.
//!
//! Without the feature `device` there is the processor alone, and no tensor library.

#[cfg(not(feature = "device"))]
mod absent;
#[cfg(feature = "device")]
mod accelerator;
#[cfg(feature = "device")]
mod attention;
mod kind;
#[cfg(feature = "device")]
mod placing;
#[cfg(feature = "device")]
mod window;

#[cfg(not(feature = "device"))]
pub use absent::TensorError;
#[cfg(not(feature = "device"))]
pub(super) use absent::{Accelerator, Windows};
#[cfg(feature = "device")]
pub(super) use accelerator::Accelerator;
pub use kind::Device;
#[cfg(feature = "device")]
pub(super) use window::Windows;

/// The error that the tensor library reports.
#[cfg(feature = "device")]
pub type TensorError = candle_core::Error;

use super::ModelError;
use super::weights::Network;

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
}
