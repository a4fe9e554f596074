//! The fast path against a plain implementation of the same equations, on random networks, texts, edits and block
//! cuts; and that plain implementation against the values of the published code.

mod compare;
mod directed;
mod draw;
mod edits;
mod goldens;
mod lens;
mod networks;
mod random;
mod record;
mod session;
mod what_if;
