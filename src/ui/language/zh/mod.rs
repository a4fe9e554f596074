//! 简体中文: one table per part of the window.

mod attention;
mod cost;
mod grid;
mod heads;
mod model_card;
mod persistent;
mod predictions;
mod shell;
mod spans;
mod text;
mod training;

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
