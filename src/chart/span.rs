//! The chart of all heads' spans, as numbers and as files.

use std::path::Path;

use serde::Serialize;

use super::{ChartError, PNG_PIXELS_PER_MM, file, raster, span_draw};

/// How far one head looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct HeadSpan {
    /// The layer, counted from 0.
    pub layer: usize,
    /// The head in its layer, counted from 0.
    pub head: usize,
    /// The learnt span `z`, in tokens.
    pub span: f64,
    /// The number of tokens that the head can see.
    pub reach: usize,
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
    /// Printed above the figure; may be empty.
    pub title: String,
    /// Which number is drawn; tables and lists have both.
    pub measure: SpanMeasure,
    /// A linear axis instead of a logarithmic one.
    pub linear: bool,
    /// Heads of a layer by rising reach, joined by a line, as in the paper; otherwise by index, each on a stem.
    pub sort: bool,
    /// Light marks on a dark ground.
    pub dark: bool,
    /// Width of the figure; the height follows.
    pub width_mm: f64,
    /// The longest span that a head of the model may have, `S`.
    pub limit: usize,
    /// Where the numbers come from; kept in the file and not drawn.
    pub provenance: String,
}

impl Default for SpanChart {
    fn default() -> Self {
        Self {
            heads: Vec::new(),
            title: String::new(),
            measure: SpanMeasure::Reach,
            linear: false,
            sort: false,
            dark: false,
            width_mm: super::DEFAULT_WIDTH_MM,
            limit: 0,
            provenance: String::new(),
        }
    }
}

impl SpanChart {
    /// The endings that [`SpanChart::write`] knows.
    pub const EXTENSIONS: &'static [&'static str] = &["svg", "png", "csv", "json"];

    /// The heads by layer and head: the order of tables and lists, however the figure is sorted.
    fn by_index(&self) -> Vec<HeadSpan> {
        let mut heads = self.heads.clone();
        heads.sort_by_key(|h| (h.layer, h.head));
        heads
    }

    /// The heads in the order of the figure.
    pub fn ordered(&self) -> Vec<HeadSpan> {
        let mut heads = self.by_index();
        if self.sort {
            heads.sort_by(|a, b| {
                let by_value = self.value(a).total_cmp(&self.value(b));
                a.layer.cmp(&b.layer).then(by_value)
            });
        }
        heads
    }

    /// The number that stands for a head.
    pub(super) fn value(&self, head: &HeadSpan) -> f64 {
        match self.measure {
            SpanMeasure::Reach => head.reach as f64,
            SpanMeasure::Span => head.span,
        }
    }

    /// The mean of the finite spans.
    pub fn mean_span(&self) -> Option<f64> {
        let spans = self.heads.iter().map(|h| h.span).filter(|s| s.is_finite());
        let (sum, count) = spans.fold((0.0, 0u32), |(sum, n), s| (sum + s, n + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    /// The largest finite span.
    pub fn largest_span(&self) -> Option<f64> {
        let spans = self.heads.iter().map(|h| h.span).filter(|s| s.is_finite());
        spans.reduce(f64::max)
    }

    /// The figure as an SVG drawing.
    pub fn svg(&self) -> String {
        span_draw::draw(self).finish(&self.title, &self.provenance)
    }

    /// The numbers as a table: `layer`, `head` (both counted from 0), `span`, `reach`.
    pub fn csv(&self) -> Result<String, ChartError> {
        let fail = |e: csv::Error| ChartError::Csv(e.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .write_record(["layer", "head", "span", "reach"])
            .map_err(fail)?;
        for h in self.by_index() {
            writer
                .write_record([
                    h.layer.to_string(),
                    h.head.to_string(),
                    h.span.to_string(),
                    h.reach.to_string(),
                ])
                .map_err(fail)?;
        }
        finish_csv(writer)
    }

    /// The numbers as JSON: a list of [`HeadSpan`] in the order of the figure. Scripts rely on its shape.
    pub fn json(&self) -> Result<String, ChartError> {
        Ok(serde_json::to_string_pretty(&self.by_index())? + "\n")
    }

    /// Writes the figure in the format that the file's ending names.
    ///
    /// The file is written whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), ChartError> {
        let bytes = match file::extension(path, Self::EXTENSIONS)? {
            "png" => raster::png(&self.svg(), PNG_PIXELS_PER_MM)?,
            "csv" => self.csv()?.into_bytes(),
            "json" => self.json()?.into_bytes(),
            _ => self.svg().into_bytes(),
        };
        file::write(path, &bytes)
    }
}

/// The text of a finished table.
pub(super) fn finish_csv(writer: csv::Writer<Vec<u8>>) -> Result<String, ChartError> {
    let bytes = writer
        .into_inner()
        .map_err(|e| ChartError::Csv(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| ChartError::Csv(e.to_string()))
}
