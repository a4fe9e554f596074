//! Numbers of all heads: a matrix of one statistic, shares of weight, small pictures.

use super::attention::MASKED;
use super::{FigureError, Quantity, provenance};
use crate::{HeadStats, LoadedModel, Snapshot};
use spanscope_chart::{
    Cell, CellMark, ColorMap, Column, Columns, HeadGrid, Heatmap, Scale, SmallHead, StackedHead,
    Table, thousands,
};
use spanscope_core::analysis::{HeadRow, Shares, Statistic, StatisticKind};
use spanscope_core::model::HeadId;

/// Every head of the open model, layer by layer, with what is known of it.
pub fn head_rows(snapshot: &Snapshot) -> Vec<HeadRow> {
    let Some(model) = &snapshot.model else {
        return Vec::new();
    };
    let spans = model.network.spans();
    let surveyed = snapshot.surveyed.as_deref();
    let surveyed = surveyed.filter(|s| s.measures.len() == spans.len());
    let row = |(i, span): (usize, spanscope_core::model::Span)| HeadRow {
        shares: snapshot.shares.get(i).copied(),
        measure: surveyed
            .and_then(|s| s.measures.get(i).copied())
            .filter(|measure| measure.queries > 0),
        flag: surveyed.and_then(|s| s.flags.get(i).copied().flatten()),
        ablated: model.network.ablated(span.layer, span.head),
        span,
    };
    spans.into_iter().enumerate().map(row).collect()
}

/// One statistic of all heads as a matrix, layer × head, with the numbers in the cells where there is room. The table
/// has all statistics.
///
/// # Errors
/// When the statistic is not known of any head: without a text, for most.
pub fn matrix(
    model: &LoadedModel,
    rows: &[HeadRow],
    statistic: Statistic,
) -> Result<Heatmap, FigureError> {
    let architecture = model.network.architecture();
    let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
    let values: Vec<Option<f64>> = rows.iter().map(|row| statistic.of(row)).collect();
    if values.iter().all(Option::is_none) {
        return Err(FigureError::NotMeasured(statistic.title()));
    }
    let marked = marked(model, rows);
    let text = |value: &Option<f64>| match value {
        None => String::new(),
        Some(value) => written(*value, statistic.kind()),
    };
    Ok(Heatmap {
        title: format!("{}: {}", model.name(), statistic.in_words()),
        subtitle: facts(rows, statistic, marked.as_slice()),
        rows: layers,
        cols: heads,
        cell_texts: values.iter().map(text).collect(),
        values: values
            .iter()
            .map(|v| v.map_or(f32::NAN, |v| v as f32))
            .collect(),
        row_labels: (0..layers).map(|n| n.to_string()).collect(),
        col_labels: (0..heads).map(|n| n.to_string()).collect(),
        row_axis: "layer".into(),
        col_axis: "head".into(),
        bar: statistic.label().into(),
        percent: statistic.kind() == StatisticKind::Share,
        map: ColorMap::Viridis,
        scale: match statistic.kind() {
            // Spans differ by orders of magnitude, shares do not.
            StatisticKind::Tokens => Scale::Log,
            _ => Scale::Linear,
        },
        marked,
        provenance: provenance(model).with("statistic", statistic.column()),
        kind: "heads",
        numbers: Some(numbers(model, rows)),
        ..Heatmap::default()
    })
}

/// A number as people write it.
fn written(value: f64, kind: StatisticKind) -> String {
    match kind {
        StatisticKind::Share => format!("{:.0} %", 100.0 * value),
        StatisticKind::Bits | StatisticKind::Number => format!("{value:.1}"),
        StatisticKind::Tokens => thousands(format!("{value:.0}")),
    }
}

/// The heads that are not as they were trained: ablated, or with a span that was set by hand.
fn marked(model: &LoadedModel, rows: &[HeadRow]) -> Vec<(usize, usize, CellMark)> {
    let edits = model.network.edits();
    let framed = edits
        .spans()
        .map(|(HeadId { layer, head }, _)| (layer, head, CellMark::Framed));
    let ablated = rows.iter().filter(|row| row.ablated).map(HeadRow::id);
    let crossed = ablated.map(|HeadId { layer, head }| (layer, head, CellMark::Crossed));
    framed.chain(crossed).collect()
}

/// "mean 41; from 32 to 3,710, the most in layer 12, head 3", and what marks mean.
fn facts(rows: &[HeadRow], statistic: Statistic, marked: &[(usize, usize, CellMark)]) -> String {
    let known = || {
        rows.iter()
            .filter_map(|row| Some((row, statistic.of(row)?)))
    };
    let count = known().count();
    let Some((most, highest)) = known().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return String::new();
    };
    let lowest = known()
        .map(|(_, value)| value)
        .fold(f64::INFINITY, f64::min);
    let mean = known().map(|(_, value)| value).sum::<f64>() / count as f64;
    let are_whole = known().all(|(_, value)| value.fract() == 0.0);
    let words = |value: f64| match statistic.kind() {
        StatisticKind::Share => format!("{:.1} %", 100.0 * value),
        // Counts are not measured to a tenth; their mean is no count.
        _ if are_whole && value.fract() == 0.0 => thousands(format!("{value:.0}")),
        StatisticKind::Bits | StatisticKind::Number => format!("{value:.2}"),
        StatisticKind::Tokens if value < 100.0 => format!("{value:.1}"),
        StatisticKind::Tokens => thousands(format!("{value:.0}")),
    };
    let mut facts = match lowest < highest {
        true => format!(
            "mean {}; from {} to {}, the most in {}",
            words(mean),
            words(lowest),
            words(highest),
            most.id().in_words()
        ),
        false => format!("{} in every head", words(highest)),
    };
    for (mark, meaning) in [
        (CellMark::Framed, "framed: span set by hand"),
        (CellMark::Crossed, "crossed: ablated"),
    ] {
        if marked.iter().any(|(_, _, found)| *found == mark) {
            facts += &format!("; {meaning}");
        }
    }
    facts
}

/// All statistics of all heads: a row a head.
fn numbers(model: &LoadedModel, rows: &[HeadRow]) -> Table {
    let statistics = Statistic::columns_of(model.network.architecture());
    let column = |statistic: Statistic| {
        let name = statistic.column();
        match statistic.kind() {
            StatisticKind::Tokens => Column::of(name, "tokens"),
            StatisticKind::Bits => Column::of(name, "bits"),
            StatisticKind::Share | StatisticKind::Number => Column::new(name),
        }
    };
    let first = ["layer", "head"].map(Column::new);
    let rest = statistics.iter().copied().map(column);
    let mut table = Table::new(first.into_iter().chain(rest));
    for row in rows {
        let place = [row.span.layer.into(), row.span.head.into()];
        let values = statistics
            .iter()
            .map(|statistic| Cell::from(statistic.of(row)));
        table.push(place.into_iter().chain(values));
    }
    table
}

/// The shares of every head's weight, by where it goes, as means over a text of `tokens` tokens; `shares` layer by layer.
pub fn shares(
    model: &LoadedModel,
    shares: &[Shares],
    tokens: usize,
) -> Result<Columns, FigureError> {
    if shares.is_empty() {
        return Err(FigureError::NoText);
    }
    let nb_heads = model.network.architecture().nb_heads().max(1);
    let has_vectors = model.network.architecture().persistent() > 0;
    let mut parts = vec!["text".to_owned()];
    let mut columns = ["layer", "head", "text"].map(Column::new).to_vec();
    if has_vectors {
        parts.push("persistent vectors".into());
        columns.push(Column::new("persistent"));
    }
    let has_empty = model.network.architecture().has_empty_context();
    if has_empty {
        parts.push("empty context".into());
        columns.push(Column::new("empty"));
    }
    let has_sinks = model.network.architecture().has_sinks();
    if has_sinks {
        parts.push("sink".into());
        columns.push(Column::new("sink"));
    }
    let is_masked = model.network.architecture().loses_weight();
    if is_masked {
        parts.push(MASKED.into());
        columns.push(Column::new("masked"));
    }
    let of = |share: &Shares| {
        let persistent = has_vectors.then_some(share.persistent);
        let masked = is_masked.then(|| share.masked());
        let empty = has_empty.then_some(share.empty);
        let sink = has_sinks.then_some(share.sink);
        let all = [Some(share.context), persistent, empty, sink, masked];
        all.into_iter().flatten().collect::<Vec<f32>>()
    };
    let mut numbers = Table::new(columns);
    for (i, share) in shares.iter().enumerate() {
        let place = [(i / nb_heads).into(), (i % nb_heads).into()];
        numbers.push(
            place
                .into_iter()
                .chain(of(share).into_iter().map(Cell::from)),
        );
    }
    let mean = |part: fn(&Shares) -> f32| {
        100.0 * shares.iter().map(part).sum::<f32>() / shares.len() as f32
    };
    let mut facts = format!(
        "Mean of all heads: {:.1} % on the text",
        mean(|s| s.context)
    );
    if has_vectors {
        facts += &format!(", {:.1} % on persistent vectors", mean(|s| s.persistent));
    }
    if has_empty {
        facts += &format!(", {:.1} % on empty context", mean(|s| s.empty));
    }
    if has_sinks {
        facts += &format!(", {:.1} % on sinks", mean(|s| s.sink));
    }
    if is_masked {
        facts += &format!(", {:.1} % {MASKED}", mean(Shares::masked));
    }
    facts += &format!("; {} tokens", thousands(tokens));
    Ok(Columns {
        kind: "shares",
        title: format!("{}: where the weight goes", model.name()),
        subtitle: facts,
        parts,
        axis: Quantity::Share.axis().into(),
        heads: shares
            .iter()
            .enumerate()
            .map(|(i, share)| StackedHead {
                layer: i / nb_heads,
                head: i % nb_heads,
                values: of(share).into_iter().map(f64::from).collect(),
            })
            .collect(),
        numbers,
        provenance: provenance(model).with("tokens", tokens),
    })
}

/// The style of the small pictures of heads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridStyle {
    /// The statistic that the heads are sorted by; [`Statistic::Head`] is layer by layer.
    pub sort: Statistic,
    /// The largest first.
    pub falling: bool,
    /// The same colours for all heads.
    pub common: bool,
    /// The colours.
    pub map: ColorMap,
    /// The mapping of weights to colours.
    pub scale: Scale,
}

impl Default for GridStyle {
    fn default() -> Self {
        Self {
            sort: Statistic::Head,
            falling: false,
            common: false,
            map: ColorMap::Viridis,
            scale: Scale::Linear,
        }
    }
}

/// Small pictures of all heads of a survey that has them.
///
/// # Errors
/// When there are none: without a text.
pub fn grid(
    model: &LoadedModel,
    rows: &[HeadRow],
    surveyed: &HeadStats,
    style: GridStyle,
) -> Result<HeadGrid, FigureError> {
    let pictures = surveyed.thumbnails.as_deref();
    let pictures = pictures.filter(|all| all.len() == rows.len() && !surveyed.queries.is_empty());
    let pictures = pictures.ok_or(FigureError::NoText)?;
    let nb_heads = model.network.architecture().nb_heads().max(1);
    let order = style.sort.sort(rows, style.falling);
    let heads: Vec<SmallHead> = order
        .iter()
        .filter_map(|row| {
            let HeadId { layer, head } = row.id();
            let picture = pictures.get(layer * nb_heads + head)?;
            Some(SmallHead {
                layer,
                head,
                rows: picture.rows,
                columns: picture.columns,
                values: picture.values.clone(),
                note: match style.sort.of(row) {
                    Some(value) => written(value, style.sort.kind()),
                    None => String::new(),
                },
                ablated: row.ablated,
            })
        })
        .collect();
    let mut numbers = Table::new([
        Column::new("layer"),
        Column::new("head"),
        Column::of("first_query", "tokens"),
        Column::of("first_distance", "tokens"),
        Column::new("largest_weight"),
    ]);
    let queries = &surveyed.queries;
    let edges = &surveyed.bin_edges;
    for head in &heads {
        for (i, value) in head.values.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            let (row, column) = (i / head.columns, i % head.columns);
            let query = queries.start + row * queries.len() / head.rows.max(1);
            let bin = column * edges.len().saturating_sub(1) / head.columns.max(1);
            numbers.push([
                head.layer.into(),
                head.head.into(),
                query.into(),
                edges.get(bin).copied().into(),
                (*value).into(),
            ]);
        }
    }
    let by_layer = style.sort == Statistic::Head && !style.falling;
    Ok(HeadGrid {
        kind: "grid",
        title: format!(
            "{}: where every head looks{}",
            model.name(),
            surveyed.weighting.suffix()
        ),
        subtitle: match by_layer {
            true => String::new(),
            false => format!("Heads by {}", style.sort.in_words()),
        },
        heads,
        by_layer,
        common: style.common,
        map: style.map,
        scale: style.scale,
        edges: edges.clone(),
        numbers,
        provenance: provenance(model)
            .with("sort", style.sort.key())
            .with("queries", format!("{} to {}", queries.start, queries.end)),
    })
}

#[cfg(test)]
mod tests {
    use super::{HeadRow, Statistic, facts, head_rows};
    use crate::{LoadedModel, SAMPLES, Snapshot};
    use spanscope_core::model::Reach;
    use std::sync::Arc;

    #[test]
    fn whole_numbers_have_no_decimals() {
        let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
        let snapshot = Snapshot {
            model: Some(Arc::new(model)),
            ..Snapshot::default()
        };
        let mut rows: Vec<HeadRow> = head_rows(&snapshot);
        rows.truncate(2);
        let mut said = |reaches: [usize; 2]| {
            for (row, reach) in rows.iter_mut().zip(reaches) {
                row.span.reach = Reach::of(reach);
            }
            facts(&rows, Statistic::Reach, &[])
        };
        let uneven = said([34, 1061]);
        assert!(
            uneven.starts_with("mean 548; from 34 to 1,061, "),
            "{uneven}"
        );
        assert!(said([34, 61]).starts_with("mean 47.5; from 34 to 61, "));
        assert_eq!(said([64, 64]), "64 in every head");
    }
}
