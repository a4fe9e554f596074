//! The row-wise parts of a layer, each one operation with a backward pass of its own on the processor, and composed of
//! tensor operations elsewhere.

mod feed_forward;
mod linear;
mod loss;
mod norm;

pub(super) use feed_forward::{Weights, feed_forward};
pub(super) use linear::linear;
pub(super) use loss::negative_log_likelihood;
pub(super) use norm::add_norm;

/// Rows that one thread takes at a time.
const ROWS: usize = 64;

/// Adds up what several threads found, in order.
fn sum_in_order(parts: Vec<Vec<f32>>, len: usize) -> Vec<f32> {
    let mut sum = vec![0.0; len];
    for part in parts {
        for (sum, more) in sum.iter_mut().zip(part) {
            *sum += more;
        }
    }
    sum
}
