//! Figures that leave the window: which there are, how they look, and how they are made and written.

pub mod basis;
pub mod figures;
pub mod files;
pub mod making;
pub mod options;
pub mod page;
#[cfg_attr(not(feature = "desktop"), path = "handed_out.rs")]
pub mod reveal;
