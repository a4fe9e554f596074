//! The chart of all heads' spans.

mod draw;
mod layout;
mod overlay;
#[cfg(test)]
mod tests;

use super::canvas::Canvas;
use super::{Cell, ChartError, Column, Figure, Provenance, Style, Table};
use serde::Serialize;
use spanscope_core::head_id::HeadId;

/// The span and the reach of one head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct HeadSpan {
    /// The layer, counted from 0.
    pub layer: usize,
    /// The head in its layer, counted from 0.
    pub head: usize,
    /// The learnt span `z`, in tokens; `None` where nothing is designed that would end what the head sees.
    pub span: Option<f64>,
    /// The number of tokens that the head can see; `None` where nothing is designed that would end it.
    pub reach: Option<usize>,
}

impl HeadSpan {
    /// The head.
    pub fn id(&self) -> HeadId {
        HeadId::new(self.layer, self.head)
    }
}

/// The distances within which a head finds its weight on a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EffectiveSpan {
    /// The layer, counted from 0.
    pub layer: usize,
    /// The head in its layer, counted from 0.
    pub head: usize,
    /// The smallest distances that hold 50, 90 and 99 % of its weight on the text, in tokens; `None` where there is none.
    pub within: [Option<usize>; 3],
    /// The same of the weight that is not on the first tokens, where those are left out: then these are drawn.
    pub sink_free: Option<[Option<usize>; 3]>,
}

impl EffectiveSpan {
    /// The distances that are drawn.
    pub fn drawn(&self) -> [Option<usize>; 3] {
        self.sink_free.unwrap_or(self.within)
    }
}

/// Which number of a head the figure shows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum SpanMeasure {
    /// The number of tokens that the head can see: z and the ramp.
    #[default]
    Reach,
    /// The learnt span `z`.
    Span,
}

/// The figure with one mark for each head of a model.
#[derive(Clone, Debug)]
pub struct SpanChart {
    /// The heads, in any order.
    pub heads: Vec<HeadSpan>,
    /// Heads whose spans were set by hand, as they were trained: a hollow mark each.
    pub trained: Vec<HeadSpan>,
    /// Heads that contribute nothing: their marks are crosses.
    pub ablated: Vec<HeadId>,
    /// The effective spans on a text: dashes for each head, at 50, 90 and 99 % of its weight, the wider the less. May be empty.
    pub effective: Vec<EffectiveSpan>,
    /// Which of the three have dashes; the table has all.
    pub marked: [bool; 3],
    /// First tokens of the text that the effective spans that are drawn leave out.
    pub without: usize,
    /// Printed above the figure; may be empty.
    pub title: String,
    /// Which number is drawn; tables and lists have both.
    pub measure: SpanMeasure,
    /// A linear axis instead of a logarithmic one.
    pub linear: bool,
    /// Heads of a layer by rising reach, joined by a line, as in the paper; otherwise by index, each on a stem.
    pub sort: bool,
    /// The longest span that a head of the model may have; `None` where nothing is designed that would end it.
    pub limit: Option<usize>,
    /// True if the limit is the context that a model was trained for, not S.
    pub is_context: bool,
    /// At most so many heads that are much longer than the rest have their names at their marks: "9.7".
    pub named: usize,
    /// The provenance of the numbers; kept in the file and not drawn.
    pub provenance: Provenance,
}

impl Default for SpanChart {
    fn default() -> Self {
        Self {
            heads: Vec::new(),
            trained: Vec::new(),
            ablated: Vec::new(),
            effective: Vec::new(),
            marked: [true; 3],
            without: 0,
            title: String::new(),
            measure: SpanMeasure::Reach,
            linear: false,
            sort: false,
            limit: None,
            is_context: false,
            named: 8,
            provenance: Provenance::default(),
        }
    }
}

impl SpanChart {
    /// The heads by layer and head: the order of tables and lists, however the figure is sorted.
    fn by_index(&self) -> Vec<HeadSpan> {
        let mut heads = self.heads.clone();
        heads.sort_by_key(|h| (h.layer, h.head));
        heads
    }

    /// What the heads have: a learnt span, or a reach that was designed.
    pub fn quantity(&self) -> &'static str {
        if self.is_context { "reach" } else { "span" }
    }

    /// The heads in the order of the figure.
    pub fn ordered(&self) -> Vec<HeadSpan> {
        let mut heads = self.by_index();
        if self.sort {
            let value = |head: &HeadSpan| self.value(head).unwrap_or(f64::INFINITY);
            heads.sort_by(|a, b| {
                let by_value = value(a).total_cmp(&value(b));
                a.layer.cmp(&b.layer).then(by_value)
            });
        }
        heads
    }

    /// The number that stands for a head; `None` where nothing ends what it sees.
    pub(super) fn value(&self, head: &HeadSpan) -> Option<f64> {
        match self.measure {
            SpanMeasure::Reach => head.reach.map(|reach| reach as f64),
            SpanMeasure::Span => head.span,
        }
    }

    /// The mean of the finite spans.
    pub fn mean_span(&self) -> Option<f64> {
        let spans = self.heads.iter().filter_map(|h| h.span);
        let spans = spans.filter(|s| s.is_finite());
        let (sum, count) = spans.fold((0.0, 0u32), |(sum, n), s| (sum + s, n + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    /// The largest finite span.
    pub fn largest_span(&self) -> Option<f64> {
        let spans = self.heads.iter().filter_map(|h| h.span);
        let spans = spans.filter(|s| s.is_finite());
        spans.reduce(f64::max)
    }

    /// The heads as a JSON list of [`HeadSpan`] by layer and head: what `spans --json` prints. Scripts rely on its shape.
    ///
    /// # Errors
    /// None with what a list can hold.
    pub fn list(&self) -> Result<String, ChartError> {
        Ok(serde_json::to_string_pretty(&self.by_index())? + "\n")
    }
}

impl Figure for SpanChart {
    fn kind(&self) -> &'static str {
        "spans"
    }

    super::figure::about!();

    fn draw(&self, style: &Style) -> Canvas {
        draw::draw(self, style)
    }

    fn table(&self) -> Result<Table, ChartError> {
        let has_sink_free = self.effective.iter().any(|e| e.sink_free.is_some());
        let mut columns = vec![
            Column::new("layer"),
            Column::new("head"),
            Column::of("span", "tokens"),
            Column::of("reach", "tokens"),
        ];
        if !self.trained.is_empty() {
            columns.push(Column::of("trained_span", "tokens"));
            columns.push(Column::of("trained_reach", "tokens"));
        }
        if !self.ablated.is_empty() {
            columns.push(Column::new("ablated"));
        }
        if !self.effective.is_empty() {
            let names = ["effective_50", "effective_90", "effective_99"];
            columns.extend(names.map(|name| Column::of(name, "tokens")));
            if has_sink_free {
                let names = names.map(|name| format!("{name}_sink_free"));
                columns.extend(names.map(|name| Column::of(&name, "tokens")));
            }
        }
        let mut table = Table::new(columns);
        for head in self.by_index() {
            let place = (head.layer, head.head);
            let mut row: Vec<Cell> = vec![
                head.layer.into(),
                head.head.into(),
                head.span.into(),
                head.reach.into(),
            ];
            if !self.trained.is_empty() {
                let trained = self.trained.iter().find(|t| (t.layer, t.head) == place);
                let trained = trained.unwrap_or(&head);
                row.push(trained.span.into());
                row.push(trained.reach.into());
            }
            if !self.ablated.is_empty() {
                row.push(usize::from(self.ablated.contains(&head.id())).into());
            }
            if !self.effective.is_empty() {
                let effective = self.effective.iter().find(|e| (e.layer, e.head) == place);
                let within = effective.map_or([None; 3], |e| e.within);
                row.extend(within.map(Cell::from));
                if has_sink_free {
                    let free = effective.and_then(|e| e.sink_free).unwrap_or_default();
                    row.extend(free.map(Cell::from));
                }
            }
            table.push(row);
        }
        Ok(table)
    }
}
