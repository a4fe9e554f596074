//! The drawing code that several views share.

pub mod axes;
pub mod choices;
pub mod fact_rows;
pub mod head_axis;
pub mod head_cache;
pub mod head_menu;
pub mod names;
pub mod number_field;
pub mod paint;
pub mod picture;
pub mod ramp_field;
pub mod roles;
pub mod statistic;
pub mod weighting;
