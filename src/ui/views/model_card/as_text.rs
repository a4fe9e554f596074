//! The model card as text, to be pasted elsewhere.

use super::architecture::architecture;
use super::facts::{file, recorded, spans, vocabulary};
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::model::PartKind;
use crate::ui::language::{said, said_list, tr, trf};
use crate::ui::widgets::names::head_name;
use std::fmt::Write as _;

/// A part of the parameters in the language of the window.
pub fn part_name(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Input => tr("input embedding"),
        PartKind::Positions => tr("position embeddings"),
        PartKind::Query => tr("query projections"),
        PartKind::Key => tr("key projections"),
        PartKind::Value => tr("value projections"),
        PartKind::Projection => tr("attention output projections"),
        PartKind::Spans => tr("spans"),
        PartKind::Persistent => tr("persistent vectors"),
        PartKind::FeedForward => tr("feed-forward sublayers"),
        PartKind::Norms => tr("layer norms"),
        PartKind::Output => tr("output embedding"),
        PartKind::Sinks => tr("learned sinks"),
    }
}

/// Everything as text, to be pasted elsewhere.
pub fn as_text(model: &LoadedModel) -> String {
    let kind = said_list(model.kind_in_parts(), ", ");
    let mut out = format!("{}\n{kind}\n", model.file_name());
    let mut section = |title: &str, rows: Vec<String>| {
        // Writing to a string cannot fail.
        let _ = write!(out, "\n{title}\n");
        for row in rows {
            let _ = writeln!(out, "  {row}");
        }
    };
    let pair = |(name, value): (&str, String)| format!("{name}: {value}");
    let facts = architecture(model).into_iter().map(|fact| {
        let symbol = if fact.symbol.is_empty() {
            String::new()
        } else {
            format!("{} = ", fact.symbol)
        };
        format!(
            "{symbol}{} – {} ({}: {})",
            fact.value,
            fact.name,
            fact.source.name(),
            fact.from
        )
    });
    section(tr("Architecture"), facts.collect());
    let notes = if model.assumed.is_empty() {
        vec![tr("nothing: the file says everything").to_owned()]
    } else {
        model.assumed.iter().map(|note| said(note)).collect()
    };
    section(tr("Assumed, because the file does not say"), notes);
    let parts = model.parts().iter().map(|part| {
        let shared = match part.shared {
            0 => String::new(),
            n => format!(
                " ({})",
                trf("and {0} shared with the input", &[&thousands(n)])
            ),
        };
        format!(
            "{}: {}{shared}",
            part_name(part.kind),
            thousands(part.parameters)
        )
    });
    let total = pair((tr("all"), thousands(model.network.parameters())));
    section(tr("Parameters"), parts.chain([total]).collect());
    let rows = spans(model).into_iter().map(|(name, value, head)| {
        let head = head.map(|head| format!(" ({})", head_name(head)));
        format!("{name}: {value}{}", head.unwrap_or_default())
    });
    section(tr("Spans"), rows.collect());
    section(
        tr("Vocabulary"),
        vocabulary(model).into_iter().map(pair).collect(),
    );
    let files = match model.recorded {
        Some(_) => {
            let rows = recorded(model).into_iter().map(pair);
            section(tr("Recorded run"), rows.collect());
            tr("File of the model that ran")
        }
        None => tr("File"),
    };
    section(files, file(model).into_iter().map(pair).collect());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SAMPLES;

    #[test]
    fn the_text_has_every_part_and_their_sum() {
        let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
        let text = as_text(&model);
        assert!(text.starts_with("shakespeare_adaptive.safetensors\n"));
        assert!(text.contains("all: 824,145"), "{text}");
        assert!(
            text.contains("longest: 106 tokens (Layer 3, head 1)"),
            "{text}"
        );
        for part in model.parts() {
            assert!(text.contains(part_name(part.kind)), "{text}");
        }
    }
}
