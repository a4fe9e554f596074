//! Everything that the window can be asked to do: the commands, their names and keys, and where they are offered.

pub mod command;
pub mod help;
pub mod keys;
pub mod menus;
mod names;
pub mod now;
pub mod palette;
mod rank;
pub mod recorded;
mod search;
mod synonyms;
