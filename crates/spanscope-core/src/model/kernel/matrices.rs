//! The two sides of a product, and the sizes that they are cut to.

/// Columns of a packed matrix that lie side by side.
pub(in crate::model) const PANEL: usize = 32;

/// Columns come in multiples of this.
pub(in crate::model) use crate::lanes::LANES;

/// Inputs of a packed matrix that are summed up in one go: so much of a panel fits the first-level cache.
pub(super) const DEPTH: usize = 256;

/// The left matrix: `rows` × `cols`, consecutive rows `stride` numbers apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Left<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub cols: usize,
    pub stride: usize,
}

/// The right matrix: as many rows as the left has columns, `cols` (a multiple of [`LANES`]) numbers each, consecutive
/// rows `stride` apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Right<'a> {
    pub data: &'a [f32],
    pub cols: usize,
    pub stride: usize,
}
