//! What is known of a model of another family than adaptive-span networks: all of it stands in its configuration.

use super::architecture::{Fact, Source};
use crate::chart::thousands;
use crate::checkpoint::Format;
use crate::engine::LoadedModel;
use crate::model::Architecture;
use crate::model::architecture::{Activation, NormKind, NormSpec, Order, Position};
use crate::ui::language::{tr, trf};
use std::collections::BTreeMap;

/// The architecture, in the symbols of the papers.
pub(super) fn architecture(model: &LoadedModel) -> Vec<Fact> {
    let of = model.network.architecture();
    let Some(layer) = of.layers.first() else {
        return Vec::new();
    };
    let heads = &layer.attention;
    let from = match model.format {
        _ if model.recorded.is_some() => tr("the recorded run").to_owned(),
        Format::HuggingFace => "config.json".to_owned(),
        Format::Gguf => tr("metadata of the file").to_owned(),
        _ => tr("configuration in the file").to_owned(),
    };
    let mut facts = Vec::new();
    let mut read = |symbol, name, value: String| {
        facts.push(Fact {
            symbol,
            name,
            value,
            source: Source::Read,
            from: from.clone(),
        });
    };
    read("", tr("family"), of.family.name().to_owned());
    read("L", tr("layers"), thousands(of.nb_layers()));
    read("H", tr("heads per layer"), thousands(of.nb_heads()));
    if heads.kv_heads < heads.heads {
        let name = tr("key-value heads per layer");
        read("H_k", name, thousands(heads.kv_heads));
    }
    if model.knows_sizes() {
        read("D", tr("hidden size"), thousands(of.width));
        read("d", tr("head dimension"), thousands(of.head_dim()));
    }
    read("V", tr("vocabulary size"), thousands(of.vocab_size));
    read("W", tr("attention window"), windows(of));
    if let Some(context) = of.context {
        let value = trf("{0} tokens", &[&thousands(context)]);
        read("", tr("context length"), value);
    }
    read("", tr("position encoding"), positions(of));
    if heads.sink {
        read("", tr("learned sinks"), tr("one per head").to_owned());
    }
    if let Some(cap) = heads.score_cap {
        read("", tr("soft cap of the scores"), format!("{cap}"));
    }
    if let Some(cap) = of.output.cap {
        read("", tr("soft cap of the logits"), format!("{cap}"));
    }
    if let Some(clamp) = heads.clamp {
        let name = tr("queries, keys and values clamped to");
        read("", name, format!("±{clamp}"));
    }
    if heads.query_key_norm.is_some() {
        read("", tr("norms of queries and keys"), tr("yes").to_owned());
    }
    if let Some(inner) = &layer.feed_forward {
        let name = match inner.experts {
            Some(_) => tr("FFN dimension of an expert"),
            None => tr("FFN dimension"),
        };
        read("I", name, thousands(inner.width));
        let activation = activation(inner.activation);
        let value = match inner.gated {
            true => trf("{0}, gated", &[&activation]),
            false => activation.to_owned(),
        };
        read("", tr("activation"), value);
        if let Some(experts) = inner.experts {
            let words = [&experts.count, &experts.used];
            let words = words.map(|word| word as &dyn std::fmt::Display);
            let value = trf("{0}, of which a token uses {1}", &words);
            read("E", tr("experts"), value);
        }
    }
    if let Some(words) = norms(&layer.order) {
        read("", tr("norms"), words);
    }
    let tied = if of.output.tied { tr("yes") } else { tr("no") };
    read("", tr("input and output share weights"), tied.to_owned());
    facts
}

/// The windows of all layers.
fn windows(of: &Architecture) -> String {
    let mut layers: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    for layer in &of.layers {
        *layers.entry(layer.attention.window.most()).or_default() += 1;
    }
    let name = |most: Option<usize>| match most {
        Some(most) => trf("{0} tokens", &[&thousands(most)]),
        None => tr("full context").to_owned(),
    };
    if layers.len() == 1 {
        let mut all = layers.keys();
        return all.next().map_or_else(String::new, |most| name(*most));
    }
    let each = layers.iter();
    let each = each.map(|(most, count)| in_layers(&name(*most), *count, of));
    each.collect::<Vec<_>>().join(tr(", "))
}

/// What so many of the layers have.
fn in_layers(words: &str, count: usize, of: &Architecture) -> String {
    trf(
        "{0} ({1} of {2} layers)",
        &[&words, &count, &of.nb_layers()],
    )
}

/// How its heads see positions.
fn positions(of: &Architecture) -> String {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for layer in &of.layers {
        let dim = layer.attention.head_dim;
        let words = match &layer.attention.position {
            Position::None => tr("none").to_owned(),
            Position::Relative { limit } => trf("relative, up to {0}", &[&thousands(*limit)]),
            Position::Rotary(rope) => match 2 * rope.frequencies.len() {
                all if all >= dim => tr("rotary").to_owned(),
                some => trf("rotary, {0} of {1} features", &[&some, &dim]),
            },
            Position::Alibi { .. } => "ALiBi".to_owned(),
        };
        match kinds.iter_mut().find(|(kind, _)| *kind == words) {
            Some((_, count)) => *count += 1,
            None => kinds.push((words, 1)),
        }
    }
    let learned = of.input.positions.map(|positions| {
        trf(
            "learned, added to the input: {0}",
            &[&thousands(positions.count)],
        )
    });
    // Where the input has them, heads see none by themselves.
    if learned.is_some() {
        let none = tr("none");
        kinds.retain(|(kind, _)| kind.as_str() != none);
    }
    let several = kinds.len() > 1;
    let kinds = kinds.into_iter().map(|(kind, count)| match several {
        true => in_layers(&kind, count, of),
        false => kind,
    });
    let all: Vec<String> = learned.into_iter().chain(kinds).collect();
    all.join(tr(", "))
}

fn activation(of: Activation) -> &'static str {
    match of {
        Activation::Relu => "ReLU",
        Activation::ReluSquared => "ReLU²",
        Activation::Gelu => "GELU",
        Activation::GeluTanh => "GELU (tanh)",
        Activation::Silu => "SiLU",
        Activation::QuickGelu => "GELU (sigmoid)",
    }
}

/// The kind of the norms, and where they stand.
fn norms(order: &Order) -> Option<String> {
    let (norm, place): (Option<&NormSpec>, &str) = match order {
        Order::Sequence { attention, .. } => match attention {
            [Some(norm), Some(_)] => (Some(norm), tr("before and after the sublayers")),
            [Some(norm), None] => (Some(norm), tr("before the sublayers")),
            [None, Some(norm)] => (Some(norm), tr("after the sublayers")),
            [None, None] => (None, ""),
        },
        Order::Parallel { attention, .. } => {
            (Some(attention), tr("before both sublayers, side by side"))
        }
        Order::AfterNorm(norm) => (Some(norm), tr("after the sums")),
    };
    let kind = match norm?.kind {
        NormKind::Layer => "LayerNorm",
        NormKind::Rms => "RMSNorm",
    };
    Some([kind, place].join(tr(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn facts_of(family: &str) -> BTreeMap<&'static str, String> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/families");
        let model = LoadedModel::outline(&data.join(family), None).unwrap();
        let facts = architecture(&model);
        assert!(facts.iter().all(|fact| fact.source == Source::Read));
        let facts = facts.into_iter().map(|fact| (fact.name, fact.value));
        facts.collect()
    }

    #[test]
    fn the_card_says_what_a_family_has() {
        let facts = facts_of("gpt_oss");
        assert_eq!(
            facts["attention window"],
            "full context (1 of 3 layers), 8 tokens (2 of 3 layers)"
        );
        assert_eq!(facts["learned sinks"], "one per head");
        assert_eq!(facts["experts"], "4, of which a token uses 2");
        let facts = facts_of("gemma2");
        assert_eq!(facts["norms"], "RMSNorm, before and after the sublayers");
        assert!(facts.contains_key("soft cap of the scores"));
        assert_eq!(facts["activation"], "GELU (tanh), gated");
        let facts = facts_of("gpt2");
        assert_eq!(facts["attention window"], "full context");
        assert!(facts["position encoding"].starts_with("learned, added to the input: "));
        assert!(!facts.contains_key("key-value heads per layer"));
        let facts = facts_of("bloom");
        assert_eq!(facts["position encoding"], "ALiBi");
        let facts = facts_of("gpt_neox");
        assert!(
            facts["position encoding"].starts_with("rotary, "),
            "{facts:?}"
        );
        assert_eq!(
            facts["norms"],
            "LayerNorm, before both sublayers, side by side"
        );
        let facts = facts_of("smollm3");
        assert!(
            facts["position encoding"].contains("none (1 of 4 layers)"),
            "{facts:?}"
        );
    }
}
