//! Numbers that NumPy looks at where they lie.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use spanscope::model::{HeadWeights, Numbers};
use std::any::Any;

/// Numbers, row-major, in 32 bits. `numpy.asarray` makes an array of it that keeps it alive and copies nothing.
#[pyclass(frozen)]
pub(crate) struct Array {
    /// Kept for as long as somebody looks; nothing here touches its numbers again.
    _owner: Box<dyn Any + Send + Sync>,
    address: usize,
    shape: Vec<usize>,
}

impl Array {
    /// A head's weights by distance: queries × reach.
    pub fn of_weights(mut weights: HeadWeights) -> Self {
        let shape = vec![weights.queries, weights.reach];
        Self {
            address: weights.weights.as_mut_ptr() as usize,
            _owner: Box::new(weights),
            shape,
        }
    }

    /// Numbers of this shape, in large pages where the system has them.
    pub fn of_numbers(mut numbers: Numbers, shape: Vec<usize>) -> Self {
        debug_assert_eq!(numbers.len(), shape.iter().product::<usize>());
        Self {
            address: numbers.as_mut_ptr() as usize,
            _owner: Box::new(numbers),
            shape,
        }
    }

    /// Numbers of this shape.
    pub fn of(mut numbers: Vec<f32>, shape: Vec<usize>) -> Self {
        debug_assert_eq!(numbers.len(), shape.iter().product::<usize>());
        Self {
            address: numbers.as_mut_ptr() as usize,
            _owner: Box::new(numbers),
            shape,
        }
    }
}

#[pymethods]
impl Array {
    /// NumPy's array interface.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("version", 3)?;
        fields.set_item(
            "typestr",
            if cfg!(target_endian = "big") {
                ">f4"
            } else {
                "<f4"
            },
        )?;
        fields.set_item("shape", pyo3::types::PyTuple::new(py, &self.shape)?)?;
        fields.set_item("data", (self.address, false))?;
        Ok(fields)
    }
}
