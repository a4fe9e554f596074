//! What several views draw with.

pub mod axes;
pub mod fact_rows;
pub mod names;
pub mod picture;
pub mod statistic;
