//! The operations of the forward pass: matrix products and row operations on slices, one thread each.
//!
//! Every function is compiled for several instruction sets (AVX-512, AVX2, NEON, plain) and picks the machine's at
//! run time; `pulp` does so without unsafe code. A sum is always taken in the same order, whatever the shape of the
//! call and the width of the vectors: a result does not depend on how rows are put together, nor on which of AVX-512 and AVX2 a
//! machine has. (Where there is no fused multiply-add, products are rounded before they are added.)

mod activation;
mod columns;
mod down;
mod entropy;
mod form;
mod gathered;
mod half;
mod kept_row;
mod matrices;
mod multiply;
mod numbers;
mod outside;
mod packed;
mod product;
mod repack;
mod rows;
mod unpack;

pub(in crate::model) use activation::activate;
pub(in crate::model) use columns::add_rows;
pub(in crate::model) use entropy::entropy;
pub(in crate::model) use form::Form;
use matrices::DEPTH;
pub(in crate::model) use matrices::{LANES, Left, PANEL, Right};
pub use numbers::Numbers;
pub use outside::{Tile, Tiles, bring_tiles};
pub(in crate::model) use packed::{Packed, Rows};
pub(in crate::model) use product::{Job, add_products, products};
pub(in crate::model) use rows::{
    add, add_norm, add_relu, add_times, log_softmax, norm_rows, reversed, rms_rows, scale_by, sum,
};
pub use rows::{exp_sum, largest};

/// The instructions that the functions here use on this machine.
pub fn instruction_set() -> &'static str {
    // The type has other variants on other processors.
    let arch = format!("{:?}", pulp::Arch::new());
    [("V4", "AVX-512"), ("V3", "AVX2"), ("Neon", "NEON")]
        .into_iter()
        .find_map(|(part, name)| arch.starts_with(part).then_some(name))
        .unwrap_or("plain")
}
