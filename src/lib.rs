//! spanscope
