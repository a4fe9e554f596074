//! What belongs to one open model.

pub mod history;
pub mod model_file;
pub mod recorded;
pub mod selection;
pub mod text_file;
