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
#[cfg(not(feature = "device"))]
mod no_window;
mod place;
#[cfg(feature = "device")]
mod placing;
mod tensor_error;
#[cfg(feature = "device")]
mod window;

pub use kind::Device;
#[cfg(not(feature = "device"))]
pub(super) use no_window::Windows;
pub use tensor_error::{TensorError, tensor_error};
#[cfg(feature = "device")]
pub(super) use window::Windows;
