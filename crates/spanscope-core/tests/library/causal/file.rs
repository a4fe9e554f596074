//! Files as they are: a configuration, and tensors of 32-bit floats.

use safetensors::SafeTensors;
use std::ops::Range;
use std::path::Path;

pub struct File {
    pub config: serde_json::Value,
    bytes: Vec<u8>,
}

impl File {
    pub fn open(folder: &Path) -> Self {
        let config = std::fs::read(folder.join("config.json")).unwrap();
        Self {
            config: serde_json::from_slice(&config).unwrap(),
            bytes: std::fs::read(folder.join("model.safetensors")).unwrap(),
        }
    }

    /// Shape and numbers.
    pub fn tensor(&self, name: &str) -> Option<(Vec<usize>, Vec<f64>)> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = file.tensor(name).ok()?;
        assert_eq!(tensor.dtype(), safetensors::Dtype::F32, "{name}");
        let (numbers, _) = tensor.data().as_chunks::<4>();
        let numbers = numbers.iter().map(|n| f64::from(f32::from_le_bytes(*n)));
        Some((tensor.shape().to_vec(), numbers.collect()))
    }

    pub fn vector(&self, name: &str) -> Option<Vec<f64>> {
        self.tensor(name).map(|(_, numbers)| numbers)
    }

    pub fn matrix(&self, name: &str) -> Option<Matrix> {
        self.tensor(name).map(|(shape, values)| Matrix {
            cols: shape[1],
            values,
        })
    }
}

/// Rows × cols, row-major.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub cols: usize,
    pub values: Vec<f64>,
}

impl Matrix {
    pub fn rows(&self) -> usize {
        self.values.len() / self.cols
    }

    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.cols..(i + 1) * self.cols]
    }

    /// W · x.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.rows())
            .map(|i| super::dot(self.row(i), x))
            .collect()
    }

    pub fn column(&self, j: usize) -> Vec<f64> {
        (0..self.rows()).map(|i| self.row(i)[j]).collect()
    }

    pub fn some(&self, rows: Range<usize>) -> Self {
        Self {
            cols: self.cols,
            values: self.values[rows.start * self.cols..rows.end * self.cols].to_vec(),
        }
    }

    pub fn columns(&self, columns: Range<usize>) -> Self {
        let rows = (0..self.rows()).flat_map(|i| self.row(i)[columns.clone()].to_vec());
        Self {
            cols: columns.len(),
            values: rows.collect(),
        }
    }

    pub fn transposed(&self) -> Self {
        let rows = (0..self.cols).flat_map(|j| (0..self.rows()).map(move |i| self.row(i)[j]));
        Self {
            cols: self.rows(),
            values: rows.collect(),
        }
    }
}
