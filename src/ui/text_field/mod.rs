//! The text field.

pub mod editor;
pub mod replace;
mod rtl;
