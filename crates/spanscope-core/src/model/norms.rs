//! Norms of rows.

use super::architecture::NormKind;
use super::kernel::{norm_rows, rms_rows};
use super::weights::Norm;

impl Norm {
    /// Every row of `rows` ← its norm; a row is as long as the weights.
    pub fn apply(&self, rows: &mut [f32]) {
        match self.kind {
            NormKind::Layer => norm_rows(rows, &self.weight, &self.bias, self.eps),
            NormKind::Rms => rms_rows(rows, &self.weight, self.eps),
        }
    }
}
