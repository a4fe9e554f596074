//! The parts that the commands share: opening a model, reading a text, words about both.

use super::Usage;
use super::args::{Common, Input};
use crate::chart::thousands;
use crate::engine::{EngineError, LoadedModel};
use crate::model::Device;
use crate::shown::{message, shown, shown_path};
use crate::text::{self, Accept, Coverage};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Arguments;
use std::io::Write;
use std::path::Path;

/// Prints a line to stderr, whatever is in it: never longer than anybody reads, and with nothing that a terminal would obey. A
/// closed stderr is no reason to stop.
pub(super) fn say(line: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{}", message(&line.to_string()));
}

/// Checks the options that no model is needed for, and sets the number of threads.
pub(super) fn prepare(common: &Common) -> Result<()> {
    let device = Device::from(common.device);
    if !device.is_built_in() {
        return Err(Usage(not_built_in(device)).into());
    }
    if let Some(n) = common.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build_global()
            .with_context(|| {
                format!("--threads {n}: the threads could not be started; try fewer")
            })?;
    }
    Ok(())
}

/// The advice on a device that this build cannot use.
fn not_built_in(device: Device) -> String {
    let others: Vec<String> = [Device::Cuda, Device::Metal]
        .iter()
        .filter(|device| device.is_built_in())
        .map(ToString::to_string)
        .collect();
    let can = match others.as_slice() {
        [] => "on the CPU only".into(),
        _ => format!("on the CPU and with {}", others.join(" and ")),
    };
    let needs = match device {
        Device::Metal => "on a Mac",
        _ => "needs the CUDA toolkit, nvcc included",
    };
    let id = device.id();
    format!(
        "--device {id}: this build computes {can}; in the program's sources, build one that can with \
         `cargo install --path . --features {id}` ({needs}), or leave --device out"
    )
}

/// As [`open`], for a command that runs the model: it computes where the options say.
pub(super) fn open_to_run(path: &Path, common: &Common) -> Result<LoadedModel> {
    Ok(open(path, common)?.on(common.device.into())?)
}

/// Opens a model, saying on stderr what had to be assumed.
pub(super) fn open(path: &Path, common: &Common) -> Result<LoadedModel> {
    let model = open_quietly(path, common)?;
    tell_assumed(&model, common);
    Ok(model)
}

/// Says what had to be assumed; of a recorded run that was when it was recorded.
fn tell_assumed(model: &LoadedModel, common: &Common) {
    if common.quiet || model.recorded.is_some() {
        return;
    }
    for note in &model.assumed {
        say(format_args!(
            "assumed {}",
            super::assumed::with_option(note)
        ));
    }
}

/// As [`open`], for a command that needs no weights.
pub(super) fn outline(path: &Path, common: &Common) -> Result<LoadedModel> {
    prepare(common)?;
    let model = LoadedModel::outline(path, common.ramp)?;
    tell_assumed(&model, common);
    Ok(model)
}

/// As [`open`], for a command that shows the assumptions itself.
pub(super) fn open_quietly(path: &Path, common: &Common) -> Result<LoadedModel> {
    prepare(common)?;
    let model = LoadedModel::open(path, common.vocab.as_deref(), common.ramp)?;
    Ok(model.with_special_tokens(common.special_tokens().unwrap_or(true)))
}

/// Refuses a ramp for a model whose heads have no soft mask, and whose file holds no ramp.
pub(super) fn check_ramp(model: &LoadedModel, common: &Common) -> Result<(), Usage> {
    let has_one = model.network.architecture().stored_ramp().is_some();
    match common.ramp.is_some() && !has_one {
        true => Err(Usage(format!(
            "{}: --ramp has no effect, since its heads have no soft mask; leave it out, or put one on where the command knows --span",
            name(&model.path)
        ))),
        false => Ok(()),
    }
}

/// A text as ids, with what is known of it as a text.
#[derive(Debug)]
pub(super) struct Tokens {
    pub ids: Vec<u32>,
    /// Pieces that are not in the vocabulary and were left out.
    pub unknown: usize,
    /// The share of the text that is in the vocabulary; of ids all.
    pub known_share: f64,
    /// Bytes after the first token, which nothing predicts; `None` where ids were given.
    pub predicted_bytes: Option<usize>,
    /// Name of the file, for the provenance of results.
    pub source: String,
}

/// Reads the text or ids that a command runs on, saying on stderr what was left out.
///
/// # Errors
/// When it cannot be read or holds no token that the model knows; or, unless any text will do, when it is binary data or
/// the vocabulary lacks too much of it.
pub(super) fn read(model: &LoadedModel, input: &Input, common: &Common) -> Result<Tokens> {
    if let Some(control) = input.control {
        return super::control::read(model, input, control, common);
    }
    let mut coverage = None;
    let tokens = match (&input.text, &input.ids) {
        (_, Some(path)) => {
            let ids = text::read_ids(path)?;
            check_ids(model, &ids, path)?;
            Tokens {
                ids,
                unknown: 0,
                known_share: 1.0,
                predicted_bytes: None,
                source: name(path),
            }
        }
        (Some(path), None) => {
            let bytes = text::read_accepted(path, accepted(common))?;
            let prepared = model.prepare(&bytes)?;
            let share = prepared.coverage.share();
            coverage = Some(prepared.coverage);
            Tokens {
                known_share: share,
                predicted_bytes: Some(bytes.len() - model.first_token_end(&bytes)),
                ids: prepared.ids,
                unknown: prepared.unknown,
                source: name(path),
            }
        }
        // Only a recorded run needs none.
        (None, None) => {
            let how = "pass --text FILE, --ids FILE.json or --control repeated:LENGTH:SEED";
            return Err(Usage(how.into()).into());
        }
    };
    if tokens.ids.is_empty() {
        return Err(anyhow::Error::new(EngineError::NoTokens).context(tokens.source));
    }
    if let Some(coverage) = &coverage {
        covered(coverage, &tokens.source, common)?;
    }
    Ok(tokens)
}

/// The files that may be read as texts.
pub(super) fn accepted(common: &Common) -> Accept {
    match common.any_text {
        true => Accept::AnyBytes,
        false => Accept::Texts,
    }
}

/// Says on stderr what the vocabulary lacks of a text; that it lacks nothing, where somebody chose the vocabulary.
///
/// # Errors
/// When it lacks too much, unless any text will do.
pub(super) fn covered(coverage: &Coverage, source: &str, common: &Common) -> Result<()> {
    if !common.any_text {
        coverage.check(source)?;
    }
    let is_chosen = common.vocab.is_some() && coverage.pieces > 0;
    match coverage.missing {
        _ if common.quiet => {}
        0 if is_chosen => say(format_args!("{source}: {}", coverage.words())),
        0 => {}
        _ => say(format_args!("{source}: {}; left out", coverage.words())),
    }
    Ok(())
}

/// A bar on stderr for work over `len` tokens; it hides itself where stderr is no terminal.
pub(super) fn progress(len: usize, quiet: bool) -> ProgressBar {
    let bar = match quiet {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(len as u64),
    };
    match ProgressStyle::with_template(
        "{bar:32} {human_pos}/{human_len} tokens, {per_sec}, {eta} left",
    ) {
        Ok(style) => bar.with_style(style),
        // The plain bar does as well.
        Err(_) => bar,
    }
}

/// Says how much of a text is not in the vocabulary.
pub(super) fn tell_unknown(unknown: usize, source: &str) {
    match unknown {
        0 => {}
        1 => say(format_args!(
            "{source}: 1 piece is not in the vocabulary and was left out"
        )),
        n => say(format_args!(
            "{source}: {} pieces are not in the vocabulary and were left out",
            thousands(n)
        )),
    }
}

/// Refuses ids that the model has no embedding for, naming the file they came from.
pub(super) fn check_ids(model: &LoadedModel, ids: &[u32], path: &Path) -> Result<()> {
    let vocab_size = model.network.architecture().vocab_size;
    match ids.iter().position(|&id| id as usize >= vocab_size) {
        Some(at) => Err(anyhow::Error::new(crate::model::ModelError::TokenId {
            id: ids[at],
            at,
            vocab_size,
        })
        .context(name(path))),
        None => Ok(()),
    }
}

/// The format that a file's ending names, checked before anything is computed.
pub(super) fn ending(path: &Path, allowed: &[&'static str]) -> Result<&'static str> {
    let found = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let known = allowed
        .iter()
        .find(|name| name.eq_ignore_ascii_case(found))
        .copied();
    known.ok_or_else(|| {
        let list: Vec<String> = allowed.iter().map(|name| format!(".{name}")).collect();
        Usage(format!(
            "{}: the name must end in {}",
            shown_path(path),
            list.join(" or ")
        ))
        .into()
    })
}

/// The files that a command on one text reads, for [`may_write`].
pub(super) fn reads<'a>(
    model: &'a Path,
    input: &'a Input,
    common: &'a Common,
) -> [Option<&'a Path>; 4] {
    let (text, ids) = (input.text.as_deref(), input.ids.as_deref());
    [Some(model), text, ids, common.vocab.as_deref()]
}

/// Refuses to replace a file that is there, before anything is computed; and, forced or not, what the command reads.
pub(super) fn may_write(path: &Path, force: bool, reads: &[Option<&Path>]) -> Result<()> {
    let inside = |folder: &Path| match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(path)) => folder.is_dir() && path.starts_with(&folder),
        _ => false,
    };
    if reads
        .iter()
        .flatten()
        .any(|read| same_file(read, path) || inside(read))
    {
        return Err(Usage(format!(
            "{}: this command reads that file, and would write over it; give the result another name",
            shown_path(path)
        ))
        .into());
    }
    // What is no plain file cannot be lost: /dev/null, a pipe.
    if !force && path.is_file() {
        anyhow::bail!(
            "{}: the file already exists; replace it with --force, or choose another name",
            shown_path(path)
        );
    }
    Ok(())
}

/// True if both names lead to one file, links of both kinds followed.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (std::fs::metadata(a), std::fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        return a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        // One of them does not exist.
        _ => false,
    }
}

/// A file's name without its folders, fit for a message.
pub(super) fn name(path: &Path) -> String {
    shown(
        &path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy(),
    )
}

/// Columns of the terminal, as far as the environment tells.
pub(super) fn columns() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(80)
        .clamp(40, 120)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_whatever_its_case() {
        assert_eq!(
            ending(Path::new("a/b.SVG"), &["svg", "png"]).unwrap(),
            "svg"
        );
        let said = ending(Path::new("b.jpg"), &["svg", "png"]).unwrap_err();
        assert!(said.is::<Usage>());
        assert_eq!(said.to_string(), "b.jpg: the name must end in .svg or .png");
    }
}
