//! What is known of a model, as rows of a table: drawn by the view, and copied as text.

use crate::chart::thousands;
use crate::checkpoint::Format;
use crate::engine::LoadedModel;
use crate::model::{About, HeadId, Span};
use crate::text::Unit;
use crate::ui::language::{tr, trf};
use crate::ui::widgets::axes::{bytes, significant};

/// How a fact came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It stands in the file.
    Read,
    /// It follows from names and shapes.
    Inferred,
    /// The file does not say it, and nobody else did.
    Assumed,
    /// Somebody said it.
    Given,
}

impl Source {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => tr("read"),
            Self::Inferred => tr("inferred"),
            Self::Assumed => tr("assumed"),
            Self::Given => tr("given"),
        }
    }
}

/// One fact.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The symbol of the papers, if there is one.
    pub symbol: &'static str,
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: String,
    /// How it is known.
    pub source: Source,
    /// From where.
    pub from: String,
}

/// The kind of network in words.
pub fn kind(model: &LoadedModel) -> String {
    let architecture = model.network.architecture();
    let span = match architecture.learns_spans() {
        true => tr("adaptive span"),
        false => tr("fixed span"),
    };
    let inner = match (architecture.persistent(), architecture.feed_forward()) {
        (0, 0) => tr("no feed-forward sublayers").to_owned(),
        (0, inner) => trf("feed-forward sublayers of width {0}", &[&thousands(inner)]),
        (n, _) => trf(
            "all-attention with {0} persistent vectors per head",
            &[&thousands(n)],
        ),
    };
    let mut all = vec![span.to_owned(), inner];
    if architecture.learns_spans() && architecture.has_norms_before() {
        all.push(tr("norms before the sublayers (pre-norm)").to_owned());
    }
    if let Some(io) = &architecture.clusters() {
        let clusters = io.cutoffs.len();
        all.push(trf(
            "adaptive input and output in {0} clusters",
            &[&clusters],
        ));
    }
    all.join(tr(", "))
}

/// The architecture, in the symbols of the papers.
pub fn architecture(model: &LoadedModel) -> Vec<Fact> {
    let architecture = model.network.architecture();
    let mut facts = Vec::new();
    let mut inferred = |symbol, name, value: usize, from: String| {
        facts.push(Fact {
            symbol,
            name,
            value: thousands(value),
            source: Source::Inferred,
            from,
        });
    };
    let shape = |tensor: &str| trf("shape of {0}", &[&tensor]);
    inferred(
        "L",
        tr("layers"),
        architecture.nb_layers(),
        trf("names {0}", &[&"layers.0 … layers.i"]),
    );
    inferred(
        "H",
        tr("heads per layer"),
        architecture.nb_heads(),
        "D / d".into(),
    );
    let query = "layers.0.attn.proj_query.weight";
    if model.knows_sizes() {
        inferred("D", tr("hidden size"), architecture.width, shape(query));
        inferred(
            "d",
            tr("head dimension"),
            architecture.head_dim(),
            shape("key_pe"),
        );
    }
    if let Some(limit) = architecture.designed_limit() {
        inferred("S", tr("span limit"), limit, shape("key_pe"));
    }
    let embedding = if architecture.clusters().is_some() {
        "in_emb.emb_layers.c.weight"
    } else {
        "in_emb.weight"
    };
    inferred(
        "V",
        tr("tokens in the vocabulary"),
        architecture.vocab_size,
        shape(embedding),
    );
    if architecture.feed_forward() > 0 {
        let inner = architecture.feed_forward();
        inferred(
            "I",
            tr("FFN dimension"),
            inner,
            shape("layers.0.ff.fc1.weight"),
        );
    }
    if architecture.persistent() > 0 {
        let tensor = "layers.0.attn.attn.persistent_memory.key";
        let n = architecture.persistent();
        inferred("N", tr("persistent vectors per head"), n, shape(tensor));
    }
    if let Some(io) = &architecture.clusters() {
        let ends: Vec<String> = io.cutoffs.iter().map(|end| thousands(*end)).collect();
        facts.push(Fact {
            symbol: "",
            name: tr("clusters of the vocabulary end at"),
            value: ends.join(" / "),
            source: Source::Inferred,
            from: trf("shape of {0}", &[&"in_emb.emb_layers.c.weight"]),
        });
        facts.push(Fact {
            symbol: "",
            name: tr("input and output share weights"),
            value: if io.tied { tr("yes") } else { tr("no") }.into(),
            source: Source::Read,
            from: tr("places of the tensors in the file").into(),
        });
    }
    if let Some(ramp) = architecture.ramp() {
        facts.push(Fact {
            symbol: "z",
            name: tr("spans of the heads"),
            value: trf("{0} numbers", &[&thousands(model.network.spans().len())]),
            source: Source::Read,
            from: "…adaptive_span._mask.current_val · S".into(),
        });
        let assumed = model.assumes(About::Ramp);
        let (source, from) = match model.format {
            _ if assumed => (
                Source::Assumed,
                tr("the published models' value; the file does not say"),
            ),
            // Converted files have it, and fairseq's; whoever opens one may set another.
            Format::Safetensors => (
                Source::Read,
                tr("the file's configuration, unless you set it"),
            ),
            _ if architecture.loses_weight() => (
                Source::Read,
                tr("the file's configuration, unless you set it"),
            ),
            _ => (Source::Given, tr("set by you; such files do not store it")),
        };
        facts.push(Fact {
            symbol: "R",
            name: tr("ramp of the soft mask"),
            value: trf("{0} tokens", &[&ramp]),
            source,
            from: from.into(),
        });
        facts.extend(after_mask(model));
    } else {
        facts.push(Fact {
            symbol: "z",
            name: tr("spans of the heads"),
            value: tr("fixed: S").into(),
            source: Source::Inferred,
            from: tr("there are no span parameters").into(),
        });
    }
    facts
}

/// What follows the soft mask, where that is not what the papers have.
fn after_mask(model: &LoadedModel) -> Option<Fact> {
    if !model.network.architecture().loses_weight() {
        return None;
    }
    let assumed = model.assumes(About::Weights);
    Some(Fact {
        symbol: "",
        name: tr("weights after the soft mask"),
        value: tr("not divided by their sum").into(),
        source: match assumed {
            true => Source::Assumed,
            false => Source::Read,
        },
        from: tr("as in fairseq's port of adaptive span").into(),
    })
}

/// The file.
pub fn file(model: &LoadedModel) -> Vec<(&'static str, String)> {
    let format = match model.format {
        Format::PtZip => tr("PyTorch, zip container"),
        Format::PtLegacy => tr("PyTorch, legacy stream (before 1.6)"),
        Format::Safetensors => "safetensors",
        Format::HuggingFace => "Hugging Face",
        Format::Gguf => "GGUF",
        Format::Program => tr("a model in another program"),
    };
    let numbers: Vec<&str> = model.dtypes.iter().map(|dtype| dtype.name()).collect();
    let of = model.recorded.as_ref().map(|run| &run.header().model);
    let (path, size) = match of {
        // Where it lay is not recorded.
        Some(of) => ((tr("name"), of.file.clone()), of.bytes),
        None => ((tr("path"), model.path.display().to_string()), model.bytes),
    };
    let mut rows = vec![
        path,
        (tr("format"), format.to_owned()),
        (tr("size"), bytes(size as f64)),
        (tr("numbers"), numbers.join(", ")),
    ];
    if let Some(hash) = of.and_then(|of| of.sha256.clone()) {
        rows.push(("SHA-256", hash));
    }
    if !model.prefix.is_empty() {
        rows.push((tr("names begin with"), model.prefix.clone()));
    }
    if let Some(known) = model.network.unused().known_in_words() {
        rows.push((tr("tensors not needed"), known));
    }
    let curves = match model.curves.len() {
        0 => tr("none").to_owned(),
        n => trf("{0} (see Training)", &[&n]),
    };
    rows.push((tr("training curves"), curves));
    rows
}

/// What was recorded, where and when; nothing of any other model.
pub fn recorded(model: &LoadedModel) -> Vec<(&'static str, String)> {
    let Some(run) = &model.recorded else {
        return Vec::new();
    };
    let header = run.header();
    let from = trf(
        "{0} with {1} on {2}",
        &[&header.model.file, &header.written_by, &header.written_at],
    );
    let mut rows = vec![
        (tr("recorded from"), from),
        (tr("path"), model.path.display().to_string()),
        (tr("size"), bytes(model.bytes as f64)),
    ];
    let numbers = header.dtype.name().to_owned();
    rows.push(match (header.has_weights(), run.largest_kept()) {
        (false, _) => (tr("queries and keys"), numbers),
        (true, None) => (tr("stored weights"), numbers),
        (true, Some(count)) => {
            let words = [&numbers, &thousands(count)];
            let words = words.map(|word| word as &dyn std::fmt::Display);
            let words = trf("{0}, the {1} largest of each query", &words);
            (tr("stored weights"), words)
        }
    });
    if !header.has_results() {
        rows.push((tr("predictions"), tr("none were recorded").into()));
    }
    let architecture = model.network.architecture();
    let all = architecture.nb_layers() * architecture.nb_heads() * architecture.persistent();
    if all > 0 {
        let words = [&thousands(header.vectors), &thousands(all)];
        let words = words.map(|word| word as &dyn std::fmt::Display);
        let words = trf("{0} of {1} vectors", &words);
        rows.push((tr("promoted tokens of"), words));
    }
    for text in &header.texts {
        let (first, end) = text.queries;
        let tokens = thousands(text.tokens);
        let words = match end - first == text.tokens {
            true => trf("{0}: {1} tokens", &[&text.name, &tokens]),
            false => trf(
                "{0}: {1} tokens, weights of {2} to {3}",
                &[&text.name, &tokens, &thousands(first), &thousands(end - 1)],
            ),
        };
        rows.push((tr("text"), words));
    }
    rows
}

/// The vocabulary.
pub fn vocabulary(model: &LoadedModel) -> Vec<(&'static str, String)> {
    let size = thousands(model.network.architecture().vocab_size);
    let Some(vocabulary) = &model.vocabulary else {
        return vec![
            (tr("kind"), tr("not known: tokens are shown as ids").into()),
            (tr("tokens"), size),
        ];
    };
    let kind = match vocabulary.unit() {
        Unit::Byte => tr("bytes"),
        Unit::Char => tr("characters"),
        Unit::Word => tr("words"),
        Unit::Piece => tr("pieces of words"),
    };
    let end = match vocabulary.eos() {
        Some(id) => trf("⏎, id {0}", &[&id]),
        None => tr("none").to_owned(),
    };
    vec![
        (tr("kind"), kind.into()),
        (tr("tokens"), size),
        (tr("end of line"), end),
        (tr("from"), vocabulary.note().to_owned()),
    ]
}

/// A number about the spans: its name, its value, and the head that it is about, if it is about one.
pub type SpanFact = (String, String, Option<HeadId>);

/// The reach of the heads in numbers.
pub fn spans(model: &LoadedModel) -> Vec<SpanFact> {
    let architecture = model.network.architecture();
    let mut all = model.network.spans();
    // Of what is not designed there are no numbers.
    all.retain(|span| span.designed_reach().is_some());
    all.sort_by_key(|span| span.reach);
    let (Some(shortest), Some(longest)) = (all.first(), all.last()) else {
        return Vec::new();
    };
    let tokens = |n: f64| trf("{0} tokens", &[&significant(n)]);
    let sum: usize = all.iter().map(|span| span.reach).sum();
    let middle = all.len() / 2;
    let median = if all.len().is_multiple_of(2) {
        (all[middle - 1].reach + all[middle].reach) as f64 / 2.0
    } else {
        all[middle].reach as f64
    };
    let head = |span: &Span| Some(span.id());
    let exact = |n: usize| trf("{0} tokens", &[&thousands(n)]);
    let mut rows = vec![
        (
            tr("mean reach").to_owned(),
            tokens(sum as f64 / all.len() as f64),
            None,
        ),
        (tr("median").to_owned(), tokens(median), None),
        (
            tr("longest").to_owned(),
            exact(longest.reach),
            head(longest),
        ),
        (
            tr("shortest").to_owned(),
            exact(shortest.reach),
            head(shortest),
        ),
    ];
    let share = |count: usize| {
        let percent = 100.0 * count as f64 / all.len() as f64;
        trf(
            "{0} of {1} heads ({2} %)",
            &[&count, &all.len(), &format!("{percent:.0}")],
        )
    };
    for far in [100, 1000] {
        if architecture.limit() > far {
            let count = all.iter().filter(|span| span.reach > far).count();
            rows.push((
                trf("farther than {0}", &[&thousands(far)]),
                share(count),
                None,
            ));
        }
    }
    if architecture.learns_spans() {
        let count = all.iter().filter(|span| span.span < 1.0).count();
        rows.push((
            tr("hardly more than the ramp (z < 1)").to_owned(),
            share(count),
            None,
        ));
        let count = all
            .iter()
            .filter(|span| span.reach >= architecture.limit())
            .count();
        rows.push((tr("as far as S").to_owned(), share(count), None));
    }
    let edits = model.network.edits();
    if !edits.is_empty() {
        let heads = edits.spans().map(|(head, _)| head).chain(edits.ablated());
        let heads: std::collections::BTreeSet<HeadId> = heads.collect();
        rows.push((tr("changed by hand").to_owned(), share(heads.len()), None));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SAMPLES;
    use std::path::Path;

    #[test]
    fn every_symbol_of_the_papers_is_there_with_its_source() {
        let model = LoadedModel::open_sample(&SAMPLES[1]).unwrap();
        let facts = architecture(&model);
        let of = |symbol: &str| facts.iter().find(|fact| fact.symbol == symbol);
        for symbol in ["V", "D", "H", "d", "L", "S", "R", "z", "N"] {
            assert!(of(symbol).is_some(), "{symbol}");
        }
        // It has no feed-forward sublayers.
        assert!(of("I").is_none());
        assert_eq!(of("N").unwrap().value, "256");
        assert_eq!(of("R").unwrap().source, Source::Read);
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let port = LoadedModel::outline(&data.join("fairseq_trained.pt"), None).unwrap();
        let facts = architecture(&port);
        let of = |value: &str| facts.iter().find(|fact| fact.value == value);
        assert_eq!(of("not divided by their sum").unwrap().source, Source::Read);
        assert_eq!(of("16 tokens").unwrap().source, Source::Read);
        let path = data.join("tiny_adaptive.pt");
        let ramp = |ramp| {
            let model = LoadedModel::outline(&path, ramp).unwrap();
            let ramp = architecture(&model)
                .into_iter()
                .find(|fact| fact.symbol == "R");
            ramp.unwrap().source
        };
        assert_eq!(
            (ramp(None), ramp(Some(9.into()))),
            (Source::Assumed, Source::Given)
        );
    }
}
