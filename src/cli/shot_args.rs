//! The options of `shot`.

use super::args::{Common, at_least_one};
use super::ranges::tokens;
use super::what_if::WhatIfArgs;
use crate::model::{HeadId, NeuronId};
use crate::shown::shown_error;
use clap::{Args, ValueEnum};
use std::ops::Range;
use std::path::PathBuf;

/// The contents of the picture.
#[derive(Debug, Args)]
pub(super) struct ShotArgs {
    /// The picture to write: .png
    #[arg(value_name = "OUT.png")]
    pub output: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    /// Model or recorded run to show instead of the sample model
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Text to show: plain, .zip or .gz
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Width and height of the window, in points
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = size)]
    pub size: (u32, u32),
    /// Pixels per point
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = scale)]
    pub scale: f32,
    /// Theme of the window
    #[arg(long, value_enum, default_value_t = ThemeArg::Dark)]
    pub theme: ThemeArg,
    /// Language of the window
    #[arg(long, value_enum, default_value_t = LanguageArg::En)]
    pub language: LanguageArg,
    /// View to bring to the front, by the title of its tab
    #[arg(long, value_name = "NAME", value_parser = view)]
    pub view: Option<crate::ui::Pane>,
    /// Draw that view alone
    #[arg(long, requires = "view")]
    pub alone: bool,
    /// Heads to select, the leading one first; as LAYER.HEAD or L3H1, counted from 0
    #[arg(long, value_name = "LAYER.HEAD")]
    pub head: Vec<HeadId>,
    /// Tokens to select, by their positions from 0: 57, 100..120, or 100.. to the end
    #[arg(long, value_name = "RANGE", value_parser = tokens)]
    pub tokens: Option<Range<usize>>,
    /// Persistent vector to select, from 0
    #[arg(long, value_name = "N")]
    pub vector: Option<usize>,
    /// Neuron to select, as LAYER.NEURON or, of a mixture of experts, LAYER.EXPERT.NEURON
    #[arg(long, value_name = "L.N")]
    pub neuron: Option<NeuronId>,
    /// Set views as session.json keeps them: '{"attention": {"layout": "distance"}}'
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub set: Option<serde_json::Value>,
    /// Which text of a recorded run to show, from 0
    #[arg(long, value_name = "J")]
    pub index: Option<usize>,
    /// Memory for the text, in MB
    #[arg(long, value_name = "MB", value_parser = at_least_one, default_value_t = 1000)]
    pub memory: usize,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// The window's two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ThemeArg {
    Dark,
    Light,
}

/// The languages of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LanguageArg {
    /// English
    En,
    /// Simplified Chinese
    Zh,
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {}", shown_error(&error)))
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text
        .split_once(['x', '×'])
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match sides {
        Some((w @ 320..=8192, h @ 240..=8192)) => Ok((w, h)),
        _ => Err("expected width and height such as 1280x800, from 320x240 to 8192x8192".into()),
    }
}

fn scale(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(scale) if (0.5..=4.0).contains(&scale) => Ok(scale),
        _ => Err("expected a number from 0.5 to 4".into()),
    }
}

fn view(text: &str) -> Result<crate::ui::Pane, String> {
    let all = crate::ui::Pane::ALL;
    let found = all
        .into_iter()
        .find(|pane| pane.title().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|pane| pane.title().to_lowercase()).collect();
        format!(
            "there is no such view; expected one of {}",
            names.join(", ")
        )
    })
}
