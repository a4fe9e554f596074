//! 简体中文: one table per part of the window.

mod shell;
mod heads;
mod grid;
mod spans;
mod attention;
mod persistent;
mod text;
mod predictions;
mod cost;
mod training;
mod model_card;

/// English and Chinese, side by side.
pub(super) const TABLES: &[&[(&str, &str)]] = &[
    shell::WORDS,
    heads::WORDS,
    grid::WORDS,
    spans::WORDS,
    attention::WORDS,
    persistent::WORDS,
    text::WORDS,
    predictions::WORDS,
    cost::WORDS,
    training::WORDS,
    model_card::WORDS,
];
