//! Opening the same network in whatever form people save it: it opens as it is, or is refused in words that say why. It never
//! opens as another network.

mod build;
mod converted;
mod curves;
mod families;
mod forms;
mod names;
mod real;
mod refusals;
mod tokens;
