//! The statistics of all heads, as columns.

use spanscope::analysis::{HeadRow, Statistic};
use spanscope::engine::Snapshot;
use spanscope::engine::figures::head_rows;

/// A column: its name, and a number for each head, layer by layer.
pub(crate) type Column = (&'static str, Vec<Option<f64>>);

/// The columns after layer and head: all that heads are coloured by.
pub(crate) fn columns(snapshot: &Snapshot) -> Vec<Column> {
    let rows = head_rows(snapshot);
    let column = |statistic: Statistic| {
        let of = |row: &HeadRow| statistic.of(row);
        (statistic.column(), rows.iter().map(of).collect())
    };
    let model = snapshot.model.as_ref();
    let all = model.map(|model| Statistic::columns_of(model.network.architecture()));
    all.into_iter().flatten().map(column).collect()
}
