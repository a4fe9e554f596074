//! The text field.

pub mod editor;
pub mod recorded;
pub mod replace;
mod rtl;
