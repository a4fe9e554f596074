//! MODEL on the command line: a path, or the name of a model in the hub's cache.

use super::commands::{Cli, Command};
use crate::checkpoint::{CheckpointError, resolve_model};
use std::path::PathBuf;

/// Puts the path of a model in the place of its name, whatever the command.
///
/// # Errors
/// When it is a name, and no such model is in the cache.
pub(super) fn resolve(cli: &mut Cli) -> Result<(), CheckpointError> {
    if let Some(model) = model(cli) {
        *model = resolve_model(model)?;
    }
    Ok(())
}

/// The path that a command takes for its model.
fn model(cli: &mut Cli) -> Option<&mut PathBuf> {
    Some(match &mut cli.command {
        None => cli.window.model.as_mut()?,
        Some(Command::Info(args)) => &mut args.model,
        Some(Command::Spans(args)) => &mut args.model,
        Some(Command::Eval(args)) => &mut args.model,
        Some(Command::Attention(args)) => &mut args.model,
        Some(Command::Persistent(args)) => &mut args.model,
        Some(Command::EffectiveSpans(args)) => &mut args.model,
        Some(Command::Examples(args)) => &mut args.model,
        Some(Command::Heads(args)) => &mut args.model,
        Some(Command::Reach(args)) => &mut args.model,
        Some(Command::Figure(args)) => &mut args.model,
        Some(Command::Record(args)) => &mut args.model,
        Some(Command::Lens(args)) => &mut args.model,
        Some(Command::Ablate(args)) => &mut args.model,
        Some(Command::Generate(args)) => &mut args.model,
        Some(Command::Convert(args)) => &mut args.model,
        Some(Command::Shot(args)) => args.model.as_mut()?,
        Some(
            Command::Merge(_)
            | Command::Train(_)
            | Command::Bench(_)
            | Command::Completions(_)
            | Command::Man(_),
        ) => return None,
    })
}
