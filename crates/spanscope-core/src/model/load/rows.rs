//! The rows of a matrix where they lie in a file: in several tensors, in another order, or as columns.

use super::Loader;
use crate::checkpoint::{Dtype, TensorData};
use crate::model::ModelError;
use crate::model::families::sources::Source;
use crate::model::kernel::{Form, Packed, Rows};
use std::borrow::Cow;
use std::ops::Range;

/// One tensor that rows are taken of.
struct Place<'a> {
    name: String,
    tensor: TensorData<'a>,
    /// Its numbers and the length of its rows, where the rows that are meant are its columns.
    columns: Option<(Vec<f32>, usize)>,
}

/// The rows of a matrix: those of tensors of `inputs` columns.
pub(super) struct FileRows<'a, 'b> {
    loader: &'b Loader<'a>,
    inputs: usize,
    tensors: Vec<Place<'a>>,
    /// The place of each row: the tensor's number, and the row in it.
    rows: Vec<(u32, u32)>,
}

impl<'a, 'b> FileRows<'a, 'b> {
    pub fn new(loader: &'b Loader<'a>, inputs: usize) -> Self {
        Self {
            loader,
            inputs,
            tensors: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds rows of a tensor, in this order.
    pub fn add(&mut self, name: &str, rows: impl Iterator<Item = usize>) -> Result<(), ModelError> {
        let number = self.place(name, None)?;
        self.rows.extend(rows.map(|row| (number, row as u32)));
        Ok(())
    }

    /// Adds `count` rows of a source, which the file calls `name`.
    pub fn add_source(
        &mut self,
        name: &str,
        source: &Source,
        count: usize,
    ) -> Result<(), ModelError> {
        let columns = match source.transposed {
            true => Some((self.loader.read(name)?, source.of.unwrap_or(count))),
            false => None,
        };
        let number = self.place(name, columns)?;
        let place = |row: usize| (number, row as u32);
        match &source.rows {
            None => self.rows.extend((0..count).map(place)),
            Some(rows) => self
                .rows
                .extend(rows.iter().flat_map(|rows| rows.clone()).map(place)),
        }
        Ok(())
    }

    fn place(&mut self, name: &str, columns: Option<(Vec<f32>, usize)>) -> Result<u32, ModelError> {
        self.tensors.push(Place {
            name: name.to_owned(),
            tensor: self.loader.checkpoint.tensor(name)?,
            columns,
        });
        Ok(self.tensors.len() as u32 - 1)
    }

    /// The matrix.
    pub fn packed(&self) -> Result<Packed, ModelError> {
        Packed::new(self.rows.len(), self.inputs, self)
    }

    fn find(&self, output: usize) -> Option<(&Place<'a>, usize)> {
        let (number, row) = *self.rows.get(output)?;
        Some((self.tensors.get(number as usize)?, row as usize))
    }
}

impl Rows for FileRows<'_, '_> {
    type Error = ModelError;

    fn form(&self, output: usize) -> Form {
        let Some((place, _)) = self.find(output) else {
            return Form::F32;
        };
        match (place.tensor.info().dtype, place.tensor.blocks()) {
            (Dtype::F16, _) => Form::F16,
            (Dtype::BF16, _) => Form::Bf16,
            (_, Some((kind, _))) if place.columns.is_none() => Form::of_blocks(kind, self.inputs),
            _ => Form::F32,
        }
    }

    fn read(&self, first: usize, rows: &mut [f32]) -> Result<(), ModelError> {
        for (i, to) in rows.chunks_exact_mut(self.inputs).enumerate() {
            let Some((place, row)) = self.find(first + i) else {
                continue;
            };
            match &place.columns {
                Some((values, width)) => {
                    let column = values.get(row..).unwrap_or_default();
                    let column = column.iter().step_by(*width);
                    to.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
                }
                None => {
                    if !place.tensor.read_range_finite(row * self.inputs, to) {
                        self.loader.note_not_finite(&place.name);
                    }
                }
            }
        }
        Ok(())
    }

    fn blocks(&self, output: usize) -> Result<Cow<'_, [u8]>, ModelError> {
        let of = || {
            let (place, row) = self.find(output)?;
            let (kind, bytes) = place.tensor.blocks()?;
            let size = kind.bytes(self.inputs)?;
            bytes.get(row * size..(row + 1) * size)
        };
        // The shapes were checked against the storages.
        Ok(Cow::Borrowed(of().unwrap_or_default()))
    }

    fn not_finite(&self, outputs: Range<usize>) {
        if let Some((place, _)) = self.find(outputs.start) {
            self.loader.note_not_finite(&place.name);
        }
    }
}
