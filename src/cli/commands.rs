//! What each command does.

use super::{Command, Common, DtypeArg, Usage, attention, eval};
use crate::chart::{HeadSpan, SpanChart, bars_terminal};
use crate::checkpoint::Dtype;
use crate::engine::{Model, Sampling, convert, generate};
use crate::model::{Blind, Cancel, Run};
use anyhow::Result;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub(super) fn open(path: &Path, common: &Common) -> Result<Model> {
    if let Some(n) = common.threads {
        // Fails only if threads were set before, which a command does not do.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build_global();
    }
    let model = Model::open(path, common.vocab.as_deref(), common.ramp)?;
    if !common.quiet {
        for note in &model.assumed {
            eprintln!("assumed {note}");
        }
    }
    Ok(model)
}

pub(super) fn spans(model: &Model) -> Vec<HeadSpan> {
    let span = |s: crate::model::Span| HeadSpan {
        layer: s.layer,
        head: s.head,
        span: f64::from(s.span),
        reach: s.reach,
    };
    model.network.spans().into_iter().map(span).collect()
}

pub(super) fn provenance(model: &Model) -> String {
    let name = model.path.file_name().unwrap_or_default().to_string_lossy();
    let ramp = model.network.config().adapt_span_ramp;
    format!(
        "spanscope {}; model {name}; ramp {ramp}",
        env!("CARGO_PKG_VERSION")
    )
}

pub(super) fn run(command: Command) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::Info {
            model,
            json,
            common,
        } => {
            let model = open(&model, &common)?;
            let text = if json {
                info_json(&model)?
            } else {
                info_text(&model)
            };
            writeln!(out, "{text}")?;
        }
        Command::Spans {
            model,
            output,
            linear,
            sort,
            title,
            common,
        } => {
            let model = open(&model, &common)?;
            let name = model
                .path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let chart = SpanChart {
                heads: spans(&model),
                title: title.unwrap_or(name),
                linear,
                sort,
                dark: false,
                width_mm: 140.0,
                limit: model.network.config().attn_span,
                provenance: provenance(&model),
            };
            match output {
                Some(path) => chart.write(&path)?,
                None => writeln!(out, "{}", chart.json()?)?,
            }
        }
        Command::Eval {
            model,
            input,
            json,
            log_probs,
            common,
        } => {
            let model = open(&model, &common)?;
            eval::run(
                &model,
                &input,
                json,
                log_probs.as_deref(),
                &common,
                &mut out,
            )?;
        }
        Command::Attention {
            model,
            input,
            layer,
            head,
            output,
            common,
        } => {
            let model = open(&model, &common)?;
            attention::run(&model, &input, (layer, head), output.as_deref(), &mut out)?;
        }
        Command::Generate {
            model,
            prompt,
            ids,
            n,
            temperature,
            top_p,
            seed,
            common,
        } => {
            if !(temperature >= 0.0 && top_p > 0.0 && top_p <= 1.0) {
                return Err(Usage(
                    "--temperature must be at least 0, --top-p above 0 and at most 1".into(),
                )
                .into());
            }
            let model = open(&model, &common)?;
            let prepared = match &prompt {
                Some(prompt) => model.prepare(prompt.as_bytes())?,
                None => model.prepare_file(None, ids.as_deref())?,
            };
            if prepared.ids.is_empty() {
                return Err(crate::engine::EngineError::NoTokens.into());
            }
            let mut run = Run::new(Arc::clone(&model.network));
            let cancel = Cancel::default();
            run.set(&prepared.ids, &cancel, &Blind)?;
            let mut drawn = Vec::new();
            generate(
                &mut run,
                n,
                Sampling {
                    temperature,
                    top_p,
                    seed,
                },
                &cancel,
                |id| drawn.push(id),
            )?;
            match &model.vocabulary {
                Some(vocabulary) => {
                    let all: Vec<u32> = prepared.ids.iter().chain(&drawn).copied().collect();
                    writeln!(out, "{}", vocabulary.text_of(&all))?;
                }
                None => writeln!(out, "{}", serde_json::json!(drawn))?,
            }
        }
        Command::Convert {
            model,
            output,
            dtype,
            common,
        } => {
            let model = open(&model, &common)?;
            let dtype = match dtype {
                DtypeArg::F32 => Dtype::F32,
                DtypeArg::F16 => Dtype::F16,
                DtypeArg::Bf16 => Dtype::BF16,
            };
            convert(&model, &output, dtype)?;
            if !common.quiet {
                eprintln!("wrote {}", output.display());
            }
        }
    }
    Ok(())
}

fn info_json(model: &Model) -> Result<String> {
    let mut json = serde_json::to_value(model.network.config())?;
    if let Some(fields) = json.as_object_mut() {
        fields.insert("parameters".into(), model.network.parameters().into());
        fields.insert("format".into(), model.format.name().into());
        fields.insert("assumed".into(), model.assumed.clone().into());
    }
    Ok(serde_json::to_string_pretty(&json)?)
}

fn info_text(model: &Model) -> String {
    let c = model.network.config();
    let kind = match (c.adapt_span, c.pers_mem_size) {
        (true, 0) => "adaptive span, feed-forward".to_owned(),
        (false, 0) => "fixed span, feed-forward".to_owned(),
        (adaptive, n) => format!(
            "all-attention, {n} persistent vectors, {} span",
            if adaptive { "adaptive" } else { "fixed" }
        ),
    };
    format!(
        "{}: {kind}\n{} layers × {} heads, hidden size {}, span limit {}, ramp {}, vocabulary {}\n{} parameters, {}\n\n{}",
        model.path.display(),
        c.nb_layers,
        c.nb_heads,
        c.hidden_size,
        c.attn_span,
        c.adapt_span_ramp,
        c.vocab_size,
        model.network.parameters(),
        model.format.name(),
        bars_terminal(&spans(model), c.attn_span, 80)
    )
}
