//! The native part of the Python module `spanscope`: models, runs and figures, and the command line.
//!
//! Numbers are handed out as they lie in memory: NumPy looks at them through `array::Array`, which owns them. Whatever takes time
//! runs off the interpreter's lock, tells its progress and ends on Ctrl-C (`work`). Names, types and documentation for people are
//! in `python/spanscope`.

mod array;
mod errors;
mod figure;
mod head_stats;
mod model;
mod neurons;
mod run;
mod work;

use pyo3::prelude::*;
use std::ffi::OsString;

/// Does what a command line says: its words after the program's name. Returns the exit code.
#[pyfunction]
fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    let line = std::iter::once(OsString::from("spanscope")).chain(words);
    let line: Vec<OsString> = line.collect();
    py.detach(|| spanscope::cli::code_of(line))
}

/// The version of the program.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Name, file and text of every bundled model.
#[pyfunction]
fn samples() -> Vec<(&'static str, &'static str, &'static str)> {
    let samples = spanscope::engine::SAMPLES.iter();
    samples
        .map(|sample| (sample.name, sample.file, sample.text))
        .collect()
}

/// The file of the bundled model of this name.
#[pyfunction]
fn sample_file(name: &str) -> PyResult<&'static [u8]> {
    let mut samples = spanscope::engine::SAMPLES.iter();
    let found = samples.find(|sample| sample.file.strip_suffix(".safetensors") == Some(name));
    let found = found.ok_or_else(|| errors::told(format!("there is no bundled model {name:?}")))?;
    Ok(found.model)
}

/// The kinds of figure, with a line on each.
#[pyfunction]
fn figure_kinds() -> Vec<(&'static str, &'static str)> {
    spanscope::cli::FigureOptions::kinds().collect()
}

/// The native part of the Python module.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("Error", module.py().get_type::<errors::Error>())?;
    module.add_class::<array::Array>()?;
    module.add_class::<model::Model>()?;
    module.add_class::<run::Run>()?;
    module.add_class::<run::Weights>()?;
    module.add_class::<neurons::Neurons>()?;
    module.add_class::<figure::Figure>()?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    module.add_function(wrap_pyfunction!(version, module)?)?;
    module.add_function(wrap_pyfunction!(samples, module)?)?;
    module.add_function(wrap_pyfunction!(sample_file, module)?)?;
    module.add_function(wrap_pyfunction!(figure_kinds, module)?)
}
