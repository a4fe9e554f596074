//! 简体中文: one table per part of the window.

mod attention;
mod commands;
mod cost;
mod dialogs;
mod figures;
mod finder;
mod following;
mod grid;
mod heads;
mod lens;
mod model_card;
mod neurons;
mod page;
mod persistent;
mod predictions;
mod recorded;
mod said;
mod shell;
mod spans;
mod synonyms;
mod text;
mod training;
mod window;

/// Words that are made below the window, as patterns of English and in Chinese.
pub(super) const SAID: &[(&str, &str)] = said::WORDS;

/// English and Chinese, side by side.
pub(super) const TABLES: &[&[(&str, &str)]] = &[
    shell::WORDS,
    commands::WORDS,
    window::WORDS,
    dialogs::WORDS,
    figures::WORDS,
    finder::WORDS,
    heads::WORDS,
    lens::WORDS,
    grid::WORDS,
    spans::WORDS,
    synonyms::WORDS,
    attention::WORDS,
    persistent::WORDS,
    neurons::WORDS,
    text::WORDS,
    predictions::WORDS,
    recorded::WORDS,
    said::WORDS,
    cost::WORDS,
    training::WORDS,
    following::WORDS,
    model_card::WORDS,
    page::WORDS,
];
