//! `merge`: puts together what was measured in shards.

use super::common::{ending, may_write, say};
use super::measure_args::MergeArgs;
use super::texts::{Stored, kind, replayed, wrote};
use crate::engine::LoadedModel;
use crate::engine::sums_file::{SumsFile, merge, missing_words};
use anyhow::Result;
use std::path::{Path, PathBuf};

pub(super) fn run(args: &MergeArgs) -> Result<()> {
    ending(&args.output, &["safetensors"])?;
    let reads: Vec<Option<&Path>> = args.files.iter().map(|f| Some(f.as_path())).collect();
    may_write(&args.output, args.force, &reads)?;
    let read = |path: &PathBuf| Ok((path.clone(), sums(path, args.quiet)?));
    let files = args.files.iter().map(read).collect::<Result<Vec<_>>>()?;
    let all = merge(files)?;
    let missing = missing_words(&all.missing());
    if !missing.is_empty() {
        let missing = missing.join("; ");
        if !args.partial {
            anyhow::bail!(
                "shards {missing} are missing: pass their files too, or put together what is there with --partial"
            );
        }
        if !args.quiet {
            say(format_args!("not measured: shards {missing}"));
        }
    }
    all.write(&args.output)?;
    wrote(&args.output, args.quiet);
    Ok(())
}

/// The sums in a file, or those of a recorded run.
fn sums(path: &Path, quiet: bool) -> Result<SumsFile> {
    match kind(path) {
        Some(Stored::Run) => replayed(
            &LoadedModel::open(path, None, None)?,
            (None, None),
            true,
            quiet,
        ),
        _ => Ok(SumsFile::read(path)?),
    }
}
