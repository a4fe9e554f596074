//! Figures.

use crate::errors::{told, words};
use crate::work::work;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use spanscope::chart::Format;
use spanscope::cli::{FigureOptions, MadeFigure};
use spanscope::engine::FinishedRun;
use std::path::PathBuf;
use std::sync::Arc;

/// A figure.
#[pyclass(frozen)]
pub(crate) struct Figure {
    made: MadeFigure,
    options: FigureOptions,
    /// The run that it is of, and the name of its text.
    of: Option<(Arc<FinishedRun>, String)>,
}

impl Figure {
    pub fn new(
        made: MadeFigure,
        options: FigureOptions,
        of: Option<(Arc<FinishedRun>, String)>,
    ) -> Self {
        Self { made, options, of }
    }
}

#[pymethods]
impl Figure {
    /// Its kind, in a word.
    #[getter]
    fn kind(&self) -> &'static str {
        self.made.figure().kind()
    }

    /// Its title.
    #[getter]
    fn title(&self) -> &str {
        self.made.figure().title()
    }

    /// The drawing as SVG.
    fn svg(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.made.svg()).map_err(told)
    }

    /// The drawing as PNG or PDF, or the numbers as CSV or JSON: the bytes of such a file.
    fn bytes<'py>(&self, py: Python<'py>, format: &str) -> PyResult<Bound<'py, PyBytes>> {
        let all = Format::ALL.into_iter();
        let format = all
            .clone()
            .find(|known| known.extension() == format)
            .ok_or_else(|| told(format!("{format:?}: expected svg, pdf, png, csv or json")))?;
        let table = self.table(py, matches!(format, Format::Csv | Format::Json))?;
        let made = table.as_ref().unwrap_or(&self.made);
        let bytes = py.detach(|| made.bytes(format)).map_err(told)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes it in the form that the file's ending names; gives what is to be told of characters that no font has.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<String> {
        let is_table = MadeFigure::is_table(&path).map_err(told)?;
        let table = self.table(py, is_table)?;
        let made = table.as_ref().unwrap_or(&self.made);
        py.detach(|| made.save(&path)).map_err(told)
    }
}

impl Figure {
    /// The figure with a cell for every number, where a table of a run is wanted.
    fn table(&self, py: Python<'_>, wanted: bool) -> PyResult<Option<MadeFigure>> {
        let Some((run, name)) = self.of.as_ref().filter(|_| wanted) else {
            return Ok(None);
        };
        let options = &self.options;
        let made = work(py, None, |cancel, _| {
            options.table_of_run(run, name, cancel).map_err(words)
        })?;
        made.map(Some).map_err(told)
    }
}
