//! `merge`: puts together what was measured in shards.

use super::common::{ending, may_write, say};
use super::measure_args::MergeArgs;
use super::texts::wrote;
use crate::engine::sums_file::{SumsFile, merge};
use anyhow::Result;

pub(super) fn run(args: &MergeArgs) -> Result<()> {
    ending(&args.output, &["safetensors"])?;
    may_write(&args.output, args.force)?;
    let read = |path: &std::path::PathBuf| Ok((path.clone(), SumsFile::read(path)?));
    let files = args.files.iter().map(read).collect::<Result<Vec<_>>>()?;
    let all = merge(files)?;
    let missing: Vec<String> = all.missing().iter().map(ToString::to_string).collect();
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
