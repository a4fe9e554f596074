//! The devices that there are, by name.

use std::fmt;

/// The device on which a network computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Device {
    /// On the processor, with all threads.
    #[default]
    Cpu,
    /// On the first NVIDIA card.
    Cuda,
    /// On a Mac's graphics processor.
    Metal,
}

impl Device {
    /// True if this build can use it: cards need a feature of the same name.
    pub fn is_built_in(self) -> bool {
        match self {
            Self::Cpu => true,
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Metal => cfg!(feature = "metal"),
        }
    }

    /// The name of the feature and of the option's value.
    pub fn id(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    /// The advice on what to look at where it does not open.
    pub(in crate::model) fn advice(self) -> &'static str {
        match self {
            Self::Cuda => {
                "check that nvidia-smi lists a card, and that its driver is no older than the CUDA toolkit that this program was built with"
            }
            _ => "check that the machine has one",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "CPU",
            Self::Cuda => "CUDA",
            Self::Metal => "Metal",
        })
    }
}
