//! The layers of a network on a device, as the forward pass sees them: whatever they lie on, and whatever library computes there.

use super::cache::HeadCache;
use super::device::Windows;
use super::observer::Observer;
use super::weights::{Layer, Network};
use super::{Cancel, Device, ModelError};
use std::fmt::Debug;
use std::sync::Arc;

/// The layers of a network on a device.
pub(super) trait OnDevice: Debug + Send + Sync {
    /// The device.
    fn device(&self) -> Device;

    /// The same weights, which are shared, with the spans of `layers`.
    ///
    /// # Errors
    /// When the device has not the memory for new masks.
    fn edited(&self, layers: &[Layer]) -> Result<Arc<dyn OnDevice>, ModelError>;

    /// Runs `ids` through the layers, the first at position `first`; fills the caches and gives the last layer's
    /// output.
    ///
    /// # Errors
    /// On cancellation, or when the device fails; caches and windows then hold numbers of some layers only.
    #[allow(clippy::too_many_arguments)]
    fn block(
        &self,
        network: &Network,
        caches: &mut [Vec<HeadCache>],
        windows: &mut Windows,
        first: usize,
        ids: &[u32],
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<Vec<f32>, ModelError>;
}
