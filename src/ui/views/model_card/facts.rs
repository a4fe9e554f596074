//! The file of a model, its vocabulary and its spans, as rows of a table: drawn by the view, and copied as text.

use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::model::{HeadId, Span};
use crate::text::Unit;
use crate::ui::language::{said, said_list, tr, trf};
use crate::ui::widgets::axes::{bytes, significant};
use crate::ui::widgets::names::reach_in_tokens;

/// The file.
pub fn file(model: &LoadedModel) -> Vec<(&'static str, String)> {
    let format = said(model.format.in_words());
    let numbers: Vec<&str> = model.dtypes.iter().map(|dtype| dtype.name()).collect();
    let of = model.recorded.as_ref().map(|run| &run.header().model);
    let (path, size) = match of {
        // Where it lay is not recorded.
        Some(of) => ((tr("name"), of.file.clone()), of.bytes),
        None => ((tr("path"), model.path.display().to_string()), model.bytes),
    };
    let mut rows = vec![
        path,
        (tr("format"), format),
        (tr("size"), bytes(size as f64)),
        (tr("numbers"), numbers.join(tr(", "))),
    ];
    if let Some(hash) = of.and_then(|of| of.sha256.clone()) {
        rows.push(("SHA-256", hash));
    }
    if !model.prefix.is_empty() {
        rows.push((tr("names begin with"), model.prefix.clone()));
    }
    let known = model.network.unused().known_in_parts();
    if !known.is_empty() {
        rows.push((tr("tensors not needed"), said_list(known, ", ")));
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
        (tr("from"), said(vocabulary.note())),
    ]
}

/// A number about the spans: its name, its value, and the head that it is about, if it is about one.
pub type SpanFact = (String, String, Option<HeadId>);

/// The reach of the heads in numbers.
pub fn spans(model: &LoadedModel) -> Vec<SpanFact> {
    let architecture = model.network.architecture();
    let mut all = model.network.spans();
    all.sort_by_key(|span| span.reach);
    let (Some(shortest), Some(longest)) = (all.first(), all.last()) else {
        return Vec::new();
    };
    let tokens = |n: f64| trf("{0} tokens", &[&significant(n)]);
    let sum = all.iter().map(|span| span.reach.end());
    let sum: Option<usize> = sum.sum();
    let middle = all.len() / 2;
    let at = |i: usize| all[i].reach.end().map(|reach| reach as f64);
    let median = match all.len().is_multiple_of(2) {
        true => at(middle - 1).zip(at(middle)).map(|(a, b)| (a + b) / 2.0),
        false => at(middle),
    };
    let head = |span: &Span| Some(span.id());
    let none = || tr("no limit").to_owned();
    let mut rows = vec![
        (
            tr("mean reach").to_owned(),
            sum.map_or_else(none, |sum| tokens(sum as f64 / all.len() as f64)),
            None,
        ),
        (
            tr("median").to_owned(),
            median.map_or_else(none, tokens),
            None,
        ),
        (
            tr("longest").to_owned(),
            reach_in_tokens(longest.reach),
            head(longest),
        ),
        (
            tr("shortest").to_owned(),
            reach_in_tokens(shortest.reach),
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
