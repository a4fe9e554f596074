//! The logit lens and the attribution of a logit as figures.

use super::{Quantity, provenance};
use crate::{LoadedModel, Snapshot};
use spanscope_chart::{
    Bar, Bars, Cell, CellMark, ColorMap, Column, Heatmap, SideColumn, Table, TokenName, thousands,
};
use spanscope_core::analysis::{LENS_WORDS, Lens, Watched, bits};
use spanscope_core::model::Architecture;

/// Most parts in the drawing; the table has all.
const PARTS: usize = 40;

/// The name of a row of the lens: `L3`, or `embedding`.
fn row_name(layer: Option<usize>) -> String {
    layer.map_or_else(|| "embedding".to_owned(), |layer| format!("L{layer}"))
}

/// The likeliest tokens after every layer, by the logit lens, as a matrix, layer × rank. The token whose logit is attributed is
/// framed; its probability stands beside.
pub fn lens(model: &LoadedModel, snapshot: &Snapshot, lens: &Lens) -> Heatmap {
    let rows = lens.layers.len();
    let cells = lens.layers.iter().flat_map(|layer| {
        let top = layer.top.iter().map(Some).chain(std::iter::repeat(None));
        top.take(LENS_WORDS)
    });
    let cells: Vec<Option<&Watched>> = cells.collect();
    let value = |cell: &Option<&Watched>| cell.map_or(f32::NAN, |of| of.guess.log_p.exp());
    let text = |cell: &Option<&Watched>| cell.map_or(String::new(), |of| model.label(of.guess.id));
    let marked = cells.iter().enumerate().filter_map(|(i, cell)| {
        let is_it = cell.is_some_and(|of| of.guess.id == lens.of);
        is_it.then_some((i / LENS_WORDS, i % LENS_WORDS, CellMark::Framed))
    });
    let own = |layer: &spanscope_core::analysis::LensLayer| {
        layer
            .watched
            .first()
            .map_or(f32::NAN, |of| of.guess.log_p.exp())
    };
    Heatmap {
        title: format!(
            "{}: logit lens after token {}, {}",
            model.name(),
            thousands(lens.at),
            snapshot.label(lens.at)
        ),
        subtitle: lens_facts(model, lens),
        rows,
        cols: LENS_WORDS,
        values: cells.iter().map(value).collect(),
        cell_texts: cells.iter().map(text).collect(),
        row_labels: lens.layers.iter().map(|of| row_name(of.layer)).collect(),
        col_labels: (1..=LENS_WORDS).map(|rank| rank.to_string()).collect(),
        row_axis: "after layer".into(),
        col_axis: "rank".into(),
        bar: Quantity::Probability.axis().into(),
        high: Quantity::Probability.range().map(|(_, high)| high as f32),
        map: ColorMap::Viridis,
        side: vec![SideColumn {
            label: format!("p({})", model.label(lens.of)),
            values: lens.layers.iter().map(own).collect(),
        }],
        marked: marked.collect(),
        numbers: Some(guesses(model, lens)),
        provenance: about(model, lens),
        kind: "lens",
        ..Heatmap::default()
    }
}

/// From which layer on the token is the likeliest, and its rank at both ends.
pub fn lens_facts(model: &LoadedModel, lens: &Lens) -> String {
    let ranks: Vec<usize> = lens
        .layers
        .iter()
        .filter_map(|layer| layer.watched.first().map(|of| of.guess.rank))
        .collect();
    let (Some(first), Some(last)) = (ranks.first(), ranks.last()) else {
        return String::new();
    };
    let follows = if lens.next == Some(lens.of) {
        " comes next"
    } else {
        ""
    };
    let mut facts = format!(
        "{}{follows}: rank {} after the embedding, {} after the last layer",
        model.label(lens.of),
        thousands(*first),
        thousands(*last)
    );
    let settled = ranks
        .iter()
        .rposition(|rank| *rank != 1)
        .map_or(0, |at| at + 1);
    if let Some(layer) = lens.layers.get(settled) {
        facts += &match layer.layer {
            None => "; the likeliest throughout".to_owned(),
            Some(layer) => format!("; the likeliest from layer {layer} on"),
        };
    }
    facts
}

/// A row per layer and token: the likeliest of each layer, and those that are watched.
fn guesses(model: &LoadedModel, lens: &Lens) -> Table {
    let [id, token, label] = TokenName::columns();
    let mut table = Table::new([
        Column::new("after"),
        Column::new("layer"),
        Column::new("rank"),
        id,
        token,
        Column::new("probability"),
        Column::of("surprisal", "bits"),
        Column::new("logit"),
        Column::new("comes_next"),
        label,
    ]);
    for layer in &lens.layers {
        let beyond = layer
            .watched
            .iter()
            .filter(|of| of.guess.rank > layer.top.len());
        let mut beyond: Vec<&Watched> = beyond.collect();
        beyond.sort_by_key(|of| of.guess.rank);
        for of in layer.top.iter().chain(beyond) {
            let [id, exact, label] = model.token_name(of.guess.id).cells();
            table.push([
                row_name(layer.layer).into(),
                layer.layer.into(),
                of.guess.rank.into(),
                id,
                exact,
                f64::from(of.guess.log_p).exp().into(),
                (-bits(of.guess.log_p)).into(),
                of.logit.into(),
                usize::from(lens.next == Some(of.guess.id)).into(),
                label,
            ]);
        }
    }
    table
}

/// The parts that a logit is the sum of, the largest first.
pub fn attribution(model: &LoadedModel, snapshot: &Snapshot, lens: &Lens) -> Bars {
    let parts = lens.sorted();
    let bar = |(part, value): &(spanscope_core::model::LogitPart, f64)| Bar {
        label: part.to_string(),
        value: *value,
        note: signed(*value),
        marked: false,
    };
    let mut bars: Vec<Bar> = parts.iter().take(PARTS).map(bar).collect();
    if parts.len() > PARTS {
        let rest: f64 = parts.iter().skip(PARTS).map(|(_, value)| value).sum();
        bars.push(Bar {
            label: format!("{} others", thousands(parts.len() - PARTS)),
            value: rest,
            note: signed(rest),
            marked: false,
        });
    }
    let mut numbers = Table::new([
        Column::new("part"),
        Column::new("kind"),
        Column::new("layer"),
        Column::new("head"),
        Column::new("logit"),
    ]);
    for (part, value) in &parts {
        numbers.push([
            part.to_string().into(),
            part.kind().into(),
            part.layer().into(),
            part.head().map(|id| id.head).into(),
            Cell::Real(*value),
        ]);
    }
    let whole = match lens.target.against {
        Some(other) => format!(
            "logit of {} less that of {}",
            model.label(lens.of),
            model.label(other)
        ),
        None => format!("logit of {}", model.label(lens.of)),
    };
    Bars {
        kind: "attribution",
        title: format!(
            "{}: {whole} after token {}, {}",
            model.name(),
            thousands(lens.at),
            snapshot.label(lens.at)
        ),
        subtitle: format!(
            "{:.3}, the sum of {} parts{}",
            lens.attribution.logit,
            thousands(parts.len()),
            capped(model.network.architecture())
        ),
        axis: "part of the logit".into(),
        bars,
        numbers,
        provenance: about(model, lens).with("logit", lens.attribution.logit),
        ..Bars::default()
    }
}

/// A number with its sign, as the window writes it.
fn signed(value: f64) -> String {
    let value = (1000.0 * value).round() / 1000.0;
    let sign = if value < 0.0 { "\u{2212}" } else { "+" };
    format!("{sign}{:.3}", value.abs())
}

/// Said of a logit that is capped before the softmax.
fn capped(architecture: &Architecture) -> &'static str {
    match architecture.output.cap {
        Some(_) => "; before the soft cap",
        None => "",
    }
}

fn about(model: &LoadedModel, lens: &Lens) -> spanscope_chart::Provenance {
    let all = provenance(model)
        .with("after_token", lens.at)
        .with("of", lens.of);
    match lens.target.against {
        Some(other) => all.with("against", other),
        None => all,
    }
}
