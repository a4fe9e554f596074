//! The surroundings of the views: tiles, bars, notes.

pub mod ablation;
pub mod about;
pub mod ground;
pub mod icon;
pub mod layout;
pub mod model_facts;
pub mod placing;
pub mod run_status;
pub mod start_panel;
pub mod status;
pub mod tiles;
pub mod toasts;
pub mod tour;
