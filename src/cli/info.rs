//! `info`: the architecture; what was read, inferred and assumed.

use super::args::InfoArgs;
use super::common::{check_ramp, columns, open_quietly};
use crate::chart::bars_terminal;
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::engine::figures::span_chart;
use crate::engine::run_file::Header;
use crate::model::architecture::{Position, Window};
use crate::model::{About, Architecture, Run};
use crate::shown::{said, shown};
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

pub(super) fn run(args: &InfoArgs, out: &mut impl Write) -> Result<()> {
    let model = open_quietly(&args.model, &args.common)?;
    check_ramp(&model, &args.common)?;
    if args.json {
        writeln!(out, "{}", json(&model)?)?;
    } else {
        write!(out, "{}", text(&model, args.common.ramp.is_some())?)?;
    }
    Ok(())
}

fn json(model: &LoadedModel) -> Result<String> {
    let mut json = architecture(model.network.architecture())?;
    if let Some(fields) = json.as_object_mut() {
        fields.insert("parameters".into(), model.network.parameters().into());
        fields.insert("format".into(), model.format.name().into());
        fields.insert("assumed".into(), serde_json::json!(model.assumed));
        let unused = model.network.unused();
        let known = unused.known.iter().map(|(kind, n)| (*kind, *n));
        let tensors = serde_json::json!({
            "used": unused.used,
            "not_needed": known.collect::<BTreeMap<_, _>>(),
            "unknown": unused.unknown_count,
            "unknown_names": unused.unknown,
        });
        // Of a recorded run they are in the model's file.
        if model.recorded.is_none() {
            let bytes = Run::bytes_per_token(&model.network);
            fields.insert("bytes_per_token".into(), bytes.into());
            fields.insert("tensors".into(), tensors);
            fields.insert("prefix".into(), model.prefix.clone().into());
        }
        let note = model.vocabulary.as_ref().map(|v| v.note().to_owned());
        fields.insert("vocabulary".into(), note.into());
        if let Some(run) = &model.recorded {
            let header = run.header();
            let recorded = serde_json::json!({
                "version": header.version,
                "written_by": header.written_by,
                "written_at": header.written_at,
                "file": header.model.file,
                "sha256": header.model.sha256,
                "device": header.model.device,
                "attention": header.attention,
                "dtype": header.dtype,
                "vectors": header.vectors,
                "texts": header.texts,
            });
            fields.insert("recorded".into(), recorded);
        }
    }
    Ok(serde_json::to_string_pretty(&json)?)
}

/// What a network is: an adaptive-span network's own configuration under its published names, which are null for other families;
/// and what any causal Transformer is, layer by layer.
fn architecture(of: &Architecture) -> Result<serde_json::Value> {
    use serde_json::{Value, json};
    let mut fields = match of.adaptive_span() {
        Some(_) => serde_json::to_value(of)?,
        None => json!({
            "vocab_size": of.vocab_size,
            "hidden_size": of.width,
            "nb_heads": of.nb_heads(),
            "nb_layers": of.nb_layers(),
            "attn_span": Value::Null,
            "inner_hidden_size": of.feed_forward(),
            "pers_mem_size": Value::Null,
            "adapt_span": Value::Null,
            "adapt_span_ramp": Value::Null,
            "adapt_io": Value::Null,
            "normalisation": Value::Null,
        }),
    };
    let layers = of.layers.iter().map(|layer| {
        let heads = &layer.attention;
        json!({
            "window": match heads.window {
                Window::Full => Value::Null,
                Window::Fixed(most) | Window::Soft { limit: most, .. } => most.into(),
            },
            "nearest": heads.nearest,
            "position": match heads.position {
                Position::None => "none",
                Position::Relative { .. } => "relative",
                Position::Rotary(_) => "rotary",
                Position::Alibi { .. } => "alibi",
            },
            "sink": heads.sink,
            "nb_heads": heads.heads,
            "nb_kv_heads": heads.kv_heads,
            "head_dim": heads.head_dim,
            "score_cap": heads.score_cap,
        })
    });
    let first = of.layers.first().map(|layer| &layer.attention);
    fields["family"] = of.family.name().into();
    fields["nb_kv_heads"] = first.map(|heads| heads.kv_heads).into();
    fields["head_dim"] = of.head_dim().into();
    fields["context"] = of.context.into();
    fields["layers"] = layers.collect();
    Ok(fields)
}

/// One line on what kind of network this is.
pub(super) fn kind(model: &LoadedModel) -> String {
    let c = model.network.architecture();
    format!(
        "{} layers × {} heads, {}",
        c.nb_layers(),
        c.nb_heads(),
        model.kind()
    )
}

/// What was recorded, from what and when.
fn recorded(header: &Header, largest: Option<usize>) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("model", shown(&header.model.file)),
        (
            "recorded",
            match header.written_at.as_str() {
                "" => format!("with {}", shown(&header.written_by)),
                moment => format!("with {} on {}", shown(&header.written_by), shown(moment)),
            },
        ),
        kept(header, largest),
    ];
    if !header.has_results() {
        lines.push(("predictions", "none were recorded".into()));
    }
    if header.model.architecture.persistent() > 0 {
        let vectors = thousands(header.vectors);
        lines.push((
            "promoted tokens of",
            format!("{vectors} persistent vectors"),
        ));
    }
    for (index, text) in header.texts.iter().enumerate() {
        let (first, end) = text.queries;
        let part = match end - first < text.tokens {
            true => format!(
                ", weights of tokens {} to {}",
                thousands(first),
                thousands(end - 1)
            ),
            false => String::new(),
        };
        let line = format!(
            "{index}: {}, {} tokens{part}",
            shown(&text.name),
            thousands(text.tokens)
        );
        lines.push(("text", line));
    }
    lines
}

/// The part of attention that is kept, and its numbers.
fn kept(header: &Header, largest: Option<usize>) -> (&'static str, String) {
    let numbers = header.dtype.name();
    match (header.has_weights(), largest) {
        (false, _) => ("queries and keys", numbers.to_owned()),
        (true, None) => ("weights", numbers.to_owned()),
        (true, Some(count)) => (
            "weights",
            format!("{numbers}, the {} largest of each query", thousands(count)),
        ),
    }
}

/// What follows the soft mask, and in which code.
fn after_mask(architecture: &Architecture) -> String {
    let normalisation = architecture.normalisation();
    format!("{}: {}", normalisation.words(), normalisation.code())
}

fn text(model: &LoadedModel, ramp_given: bool) -> Result<String> {
    let c = model.network.architecture();
    let mut out = String::new();
    writeln!(out, "{}", shown(&model.file_name()))?;
    writeln!(out, "  {}", kind(model))?;
    let mut section = |title: &str, lines: &[(&str, String)]| -> Result<()> {
        writeln!(out, "\n{title}")?;
        let longest = lines.iter().map(|(label, _)| label.chars().count()).max();
        let width = longest.map_or(22, |longest| (longest + 2).max(22));
        for (label, value) in lines {
            writeln!(out, "  {label:<width$}{}", said(value))?;
        }
        Ok(())
    };

    if let Some(run) = &model.recorded {
        section("Recorded run", &recorded(run.header(), run.largest_kept()))?;
    }
    let mut read = vec![("format", model.format.in_words().to_owned())];
    if model.network.parameters() > 0 {
        read.push(("parameters", thousands(model.network.parameters())));
    }
    let unused = model.network.unused();
    if model.recorded.is_none() {
        let known = unused.known_in_words();
        let known = known.map(|known| format!("; not needed: {known}"));
        let known = known.unwrap_or_default();
        read.push(("tensors used", format!("{}{known}", thousands(unused.used))));
    }
    // Where assumed, the ramp and the vocabulary stand below.
    if let Some(ramp) = c
        .ramp()
        .filter(|_| !ramp_given && !model.assumes(About::Ramp))
    {
        read.push(("ramp R", format!("{ramp} (stored in the file)")));
    }
    if c.learns_spans() && !model.assumes(About::Weights) {
        read.push(("masked weights", after_mask(c)));
    }
    if let Some(vocabulary) = &model.vocabulary
        && !model.assumes(About::Vocabulary)
    {
        read.push(("vocabulary", vocabulary.note().to_owned()));
    }
    let title = match model.recorded {
        Some(_) => "Read from the model's file when it was recorded",
        None => "Read from the file",
    };
    section(title, &read)?;

    let mut inferred = vec![("vocabulary size V", thousands(c.vocab_size))];
    if model.knows_sizes() {
        inferred.push(("hidden size D", thousands(c.width)));
        inferred.push(("head dimension d", thousands(c.head_dim())));
    }
    inferred.push(("layers L", thousands(c.nb_layers())));
    inferred.push(("heads per layer H", thousands(c.nb_heads())));
    let is_adaptive = c.adaptive_span().is_some();
    match is_adaptive {
        true => inferred.push(("span limit S", super::info_layers::limit(c))),
        false => inferred.extend(super::info_layers::lines(c)),
    }
    inferred.extend(super::info_layers::feed_forward(c));
    if c.persistent() > 0 {
        inferred.push(("persistent vectors per head N", thousands(c.persistent())));
    }
    if let Some(io) = c.clusters() {
        let cutoffs: Vec<String> = io.cutoffs.iter().map(|&n| thousands(n)).collect();
        let tied = if io.tied { "tied" } else { "not tied" };
        inferred.push((
            "adaptive input/output",
            format!("clusters end at {}; {tied}", cutoffs.join(" / ")),
        ));
    }
    if model.recorded.is_none() {
        let bytes = Run::bytes_per_token(&model.network);
        inferred.push((
            "memory per token",
            format!("{} bytes of queries, keys and values", thousands(bytes)),
        ));
    }
    let title = match is_adaptive {
        true => "Inferred from names and shapes",
        false => "Read from its configuration",
    };
    section(title, &inferred)?;

    if let Some(ramp) = c.ramp().filter(|_| ramp_given) {
        section("Given", &[("ramp R", format!("{ramp} (--ramp)"))])?;
    }
    writeln!(out, "\nAssumed")?;
    for note in &model.assumed {
        match model.recorded {
            Some(_) => writeln!(out, "  {}", said(note))?,
            None => writeln!(out, "  {}", said(&super::assumed::with_option(note)))?,
        }
    }
    if model.assumed.is_empty() {
        writeln!(out, "  nothing")?;
    }
    let spans = span_chart(model);
    writeln!(out, "\nSpans")?;
    write!(
        out,
        "{}",
        bars_terminal(&spans.heads, c.limit().end(), columns())
    )?;
    writeln!(out, "{}", super::spans::summary(&spans))?;
    Ok(out)
}
