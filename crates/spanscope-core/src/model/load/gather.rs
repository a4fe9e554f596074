//! Matrices whose rows lie in several tensors, in another order, or as columns.

use super::Loader;
use crate::model::ModelError;
use crate::model::families::sources::Source;
use crate::model::kernel::Packed;

impl Loader<'_> {
    /// The numbers of a whole tensor.
    pub fn read(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let tensor = self.checkpoint.tensor(name)?;
        let mut values = vec![0.0; tensor.len()];
        if !tensor.read_range_finite(0, &mut values) {
            self.note_not_finite(name);
        }
        Ok(values)
    }

    /// The rows of several tensors, one below the other: `read` has their names in the file, where their rows lie, and how many rows
    /// are taken of each.
    pub fn gather(
        &self,
        read: &[(String, &&Source, usize)],
        outputs: usize,
        inputs: usize,
    ) -> Result<Packed, ModelError> {
        // Where each row lies: the tensor's number, and the row in it.
        let mut places = Vec::with_capacity(outputs);
        let mut columns = Vec::with_capacity(read.len());
        let mut tensors = Vec::with_capacity(read.len());
        for (number, (name, source, count)) in read.iter().enumerate() {
            match &source.rows {
                None => places.extend((0..*count).map(|row| (number, row))),
                Some(rows) => places.extend(
                    rows.iter()
                        .flat_map(|rows| rows.clone())
                        .map(|row| (number, row)),
                ),
            }
            tensors.push(self.checkpoint.tensor(name)?);
            columns.push(match source.transposed {
                true => Some((self.read(name)?, source.of.unwrap_or(*count))),
                false => None,
            });
        }
        Packed::new(outputs, inputs, |first, rows| {
            for (i, to) in rows.chunks_exact_mut(inputs).enumerate() {
                let Some((number, row)) = places.get(first + i).copied() else {
                    continue;
                };
                match &columns[number] {
                    Some((values, width)) => {
                        let column = values.get(row..).unwrap_or_default();
                        let column = column.iter().step_by(*width);
                        to.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
                    }
                    None => {
                        if !tensors[number].read_range_finite(row * inputs, to) {
                            self.note_not_finite(&read[number].0);
                        }
                    }
                }
            }
            Ok(())
        })
    }
}
