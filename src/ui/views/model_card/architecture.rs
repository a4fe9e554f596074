//! The sizes of a network, each with how it is known: drawn by the view, and copied as text.

use super::causal;
use crate::chart::thousands;
use crate::checkpoint::Format;
use crate::engine::LoadedModel;
use crate::model::About;
use crate::ui::language::{tr, trf};

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

/// The architecture, in the symbols of the papers.
pub fn architecture(model: &LoadedModel) -> Vec<Fact> {
    match model.network.architecture().adaptive_span() {
        Some(_) => of_shapes(model),
        None => causal::architecture(model),
    }
}

/// That of an adaptive-span network, whose sizes follow from the shapes of its tensors.
fn of_shapes(model: &LoadedModel) -> Vec<Fact> {
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
    inferred(
        "S",
        tr("span limit"),
        architecture.limit().keys(),
        shape("key_pe"),
    );
    let embedding = if architecture.clusters().is_some() {
        "in_emb.emb_layers.c.weight"
    } else {
        "in_emb.weight"
    };
    inferred(
        "V",
        tr("vocabulary size"),
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

    #[test]
    fn other_families_are_as_their_configuration_says() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/families");
        let facts = |name: &str| -> Vec<(&'static str, String, String)> {
            let model = LoadedModel::outline(&data.join(name), None).unwrap();
            let facts = architecture(&model).into_iter();
            facts
                .map(|fact| (fact.name, fact.value, fact.from))
                .collect()
        };
        let of = |name: &str, fact: &str| -> Vec<String> {
            let facts = facts(name).into_iter();
            let found = facts.filter(|(name, ..)| *name == fact);
            found.map(|(_, value, _)| value).collect()
        };
        assert_eq!(of("gpt_oss", "attention window").len(), 1);
        assert!(of("gpt_oss", "attention window")[0].contains("(2 of 3 layers)"));
        assert_eq!(of("gpt2", "attention window"), ["full context"]);
        assert!(of("gpt2", "key-value heads per layer").is_empty());
        assert_eq!(of("llama", "key-value heads per layer").len(), 1);
        for name in ["gpt_oss", "gpt2", "llama", "bloom"] {
            let facts = facts(name);
            assert!(facts.len() >= 6, "{facts:?}");
            for (_, _, from) in &facts {
                assert_eq!(from, "config.json", "{name}");
            }
            // Nothing of what adaptive-span networks alone have.
            assert!(
                !facts.iter().any(|(name, ..)| name.contains("span")),
                "{facts:?}"
            );
        }
    }
}
