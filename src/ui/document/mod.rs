//! What belongs to one open model.

pub mod history;
pub mod recorded;
pub mod text_file;
