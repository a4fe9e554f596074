//! `convert`: one self-contained file.

use super::args::{ConvertArgs, DtypeArg};
use super::common::{check_ramp, ending, may_write, name, open, say};
use crate::checkpoint::Dtype;
use crate::engine::{ConvertOptions, convert};
use crate::model::ModelError;
use crate::shown::shown_path;
use anyhow::Result;

pub(super) fn run(args: &ConvertArgs) -> Result<()> {
    ending(&args.output, &["safetensors"])?;
    let reads = [Some(args.model.as_path()), args.common.vocab.as_deref()];
    may_write(&args.output, args.force, &reads)?;
    let model = open(&args.model, &args.common)?;
    if model.recorded.is_some() {
        return Err(anyhow::Error::new(ModelError::Recorded).context(name(&args.model)));
    }
    check_ramp(&model, &args.common)?;
    let options = ConvertOptions {
        dtype: Some(match args.dtype {
            DtypeArg::F32 => Dtype::F32,
            DtypeArg::F16 => Dtype::F16,
            DtypeArg::Bf16 => Dtype::BF16,
        }),
        dequantise: args.dequantise,
        vocab: args.common.vocab.as_deref(),
    };
    convert(&model, &args.output, &options)?;
    if !args.common.quiet {
        say(format_args!("wrote {}", shown_path(&args.output)));
    }
    Ok(())
}
