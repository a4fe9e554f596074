//! Rows and matrices of 64 bits, as plain as can be: the tests' own networks, which the core is held against, are made of them. They
//! are here, and not with the tests, to be compiled for speed.

/// `rows` × `cols`, row-major.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Columns.
    pub cols: usize,
    /// The values, row after row.
    pub values: Vec<f64>,
}

impl Matrix {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.cols
    }

    /// A row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.cols..(i + 1) * self.cols]
    }

    /// W · x.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.rows()).map(|i| dot(self.row(i), x)).collect()
    }

    /// Wᵀ · x.
    pub fn transposed_times(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.cols];
        for (i, x) in x.iter().enumerate() {
            add_scaled(&mut out, *x, self.row(i));
        }
        out
    }
}

/// a · b.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a + b.
pub fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// out += factor · row.
pub fn add_scaled(out: &mut [f64], factor: f64, row: &[f64]) {
    assert_eq!(out.len(), row.len());
    for (out, x) in out.iter_mut().zip(row) {
        *out += factor * x;
    }
}

/// Logarithms of [`softmax`].
pub fn log_softmax(scores: &[f64]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - max).exp()).sum();
    scores.iter().map(|s| s - max - sum.ln()).collect()
}

/// exp(s) / Σ exp(s).
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - max).exp()).sum();
    scores.iter().map(|s| (s - max).exp() / sum).collect()
}
