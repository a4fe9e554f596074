//! The options of `record`.

use super::args::{Common, DtypeArg, MODEL};
use super::ranges::tokens;
use super::what_if::WhatIfArgs;
use crate::engine::corpus::Shard;
use crate::engine::run_file::Vectors;
use clap::Args;
use std::ops::Range;
use std::path::PathBuf;

/// The contents of a recording, and the way to make it.
#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    /// The model.
    #[arg(help = MODEL)]
    pub model: PathBuf,
    /// Text to run on (plain, .zip or .gz), or a folder with texts; again for further texts
    #[arg(long, value_name = "FILE|FOLDER", required_unless_present = "ids")]
    pub text: Vec<PathBuf>,
    /// Token ids to run on, as a JSON list: needs no vocabulary; again for further lists
    #[arg(long, value_name = "FILE.json")]
    pub ids: Vec<PathBuf>,
    /// Record every N-th text only, from the I-th on (I from 1 to N): `spanscope merge` joins the sums of all parts
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Run file to write; or one page with the window and the run in it, that any browser opens without a network
    #[arg(short, long, value_name = "RUN.safetensors|RUN.html")]
    pub output: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    /// Folder that `sh packaging/web.sh` made, whose page.html becomes the page [default: web beside the program, or
    /// ../share/spanscope/web]
    #[arg(long, value_name = "FOLDER")]
    pub web: Option<PathBuf>,
    /// Number format of queries and keys: f32 shows exactly what the model did
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = DtypeArg::F32)]
    pub dtype: DtypeArg,
    /// Keep the weights of these tokens only (A.. for those from A on), by their positions from 0; the model runs over the whole text all the same
    #[arg(long, value_name = "A..B", value_parser = tokens)]
    pub tokens: Option<Range<usize>>,
    /// Keep what a persistent vector promotes of the N per head that are used most, or of all [default: all, where that
    /// takes some seconds; else as many as do]
    #[arg(long, value_name = "N|all", value_parser = vectors)]
    pub vectors: Option<VectorsArg>,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// As it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VectorsArg(pub Vectors);

fn vectors(text: &str) -> Result<VectorsArg, String> {
    match (text, text.parse()) {
        ("all", _) => Ok(VectorsArg(Vectors::All)),
        (_, Ok(n)) => Ok(VectorsArg(Vectors::Most(n))),
        _ => Err("expected a number of vectors, or all".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_vectors_are_read() {
        assert_eq!(vectors("all"), Ok(VectorsArg(Vectors::All)));
        assert_eq!(vectors("0"), Ok(VectorsArg(Vectors::Most(0))));
        assert!(vectors("many").is_err());
    }
}
