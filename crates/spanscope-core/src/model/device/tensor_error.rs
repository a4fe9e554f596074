//! The errors of the tensor library, in words fit for people.

/// The error that the tensor library reports.
#[cfg(feature = "device")]
pub type TensorError = candle_core::Error;

/// Why a device cannot be used: this build has none.
#[cfg(not(feature = "device"))]
#[derive(Debug, thiserror::Error)]
#[error("this build computes on the CPU alone")]
pub struct TensorError;

/// What the tensor library says, fit for people.
#[cfg(not(feature = "device"))]
pub fn tensor_error(error: &TensorError) -> String {
    error.to_string()
}

/// What the tensor library says: without the places in its code that it adds where `RUST_BACKTRACE` is set, and fit for people.
#[cfg(feature = "device")]
pub fn tensor_error(error: &candle_core::Error) -> String {
    use candle_core::Error::{Context, WithBacktrace, WithPath, WrappedContext};
    let words = match error {
        WithBacktrace { inner, .. } | WithPath { inner, .. } => return tensor_error(inner),
        Context { inner, context } => format!("{context}: {}", tensor_error(inner)),
        WrappedContext { wrapped, context } => match wrapped.downcast_ref() {
            Some(inner) => format!("{context}: {}", tensor_error(inner)),
            None => format!("{context}: {wrapped}"),
        },
        other => other.to_string(),
    };
    crate::shown::said(&words)
}

#[cfg(all(test, feature = "device"))]
mod tests {
    use super::*;
    use crate::model::{Device, ModelError};
    use std::backtrace::Backtrace;

    #[test]
    fn the_places_in_the_library_are_left_out() {
        let error = || candle_core::Error::WithBacktrace {
            inner: Box::new(candle_core::Error::Msg("no memory".into())),
            backtrace: Box::new(Backtrace::force_capture()),
        };
        assert!(error().to_string().contains('\n'), "it has them");
        assert_eq!(tensor_error(&error()), "no memory");
        let within = error().context("a copy").context("a step");
        assert_eq!(tensor_error(&within), "a step: a copy: no memory");
        let said = ModelError::Tensor(error()).to_string();
        assert_eq!(said, "tensor arithmetic: no memory");
        let device = Device::Cuda;
        for error in [
            ModelError::OnDevice {
                device,
                source: error(),
            },
            ModelError::NoDevice {
                device,
                source: error(),
            },
        ] {
            let said = error.to_string();
            assert!(said.contains("no memory") && !said.contains('\n'), "{said}");
        }
    }
}
