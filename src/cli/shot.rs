//! `shot`: the window as a picture.

use super::common::{ending, may_write, prepare, say};
use super::recorded::stands_alone;
use super::shot_args::{LanguageArg, ShotArgs, ThemeArg};
use crate::shown::shown_path;
use crate::ui::language::Language;
use crate::ui::{Choices, Shot, Start, shot};
use anyhow::{Context, Result};
use std::io::Cursor;
use std::path::Path;

pub(super) fn run(args: &ShotArgs) -> Result<()> {
    ending(&args.output, &["png"])?;
    let reads = [
        args.model.as_deref(),
        args.text.as_deref(),
        args.common.vocab.as_deref(),
    ];
    may_write(&args.output, args.force, &reads)?;
    prepare(&args.common)?;
    let (model, text) = (args.model.as_deref(), args.text.as_deref());
    stands_alone(model, text, &args.common)?;
    let start = Start {
        model: args.model.clone(),
        text: args.text.clone(),
        vocab: args.common.vocab.clone(),
        ramp: args.common.ramp,
        memory: Some(args.memory),
        special_tokens: args.common.special_tokens(),
        device: args.common.device.into(),
        any_text: args.common.any_text,
        recorded: None,
    };
    let wanted = Shot {
        start,
        size: args.size,
        scale: args.scale,
        dark: args.theme == ThemeArg::Dark,
        language: match args.language {
            LanguageArg::En => Language::English,
            LanguageArg::Zh => Language::Chinese,
        },
        view: args.view,
        alone: args.alone,
        choices: Choices {
            heads: args.head.clone(),
            tokens: args.tokens.clone(),
            vector: args.vector,
            neuron: args.neuron,
            recorded: args.index,
            what_if: args.what_if.wish(&args.common),
            views: args.set.clone(),
        },
    };
    write(&wanted, &args.output)?;
    if !args.common.quiet {
        say(format_args!("wrote {}", shown_path(&args.output)));
    }
    Ok(())
}

/// Draws the window and writes its picture, whole or not at all.
pub(super) fn write(wanted: &Shot, path: &Path) -> Result<()> {
    let picture = shot(wanted)?;
    let mut png = Cursor::new(Vec::new());
    picture
        .write_to(&mut png, image::ImageFormat::Png)
        .with_context(|| format!("{}: the picture cannot be encoded", shown_path(path)))?;
    crate::chart::write_file(path, png.get_ref())?;
    Ok(())
}
