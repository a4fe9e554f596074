//! From a model and a run to figures: the one place where the window, the command line and scripts get theirs.
//!
//! [`figure`] makes any of them from a [`Snapshot`](super::Snapshot), with the choices of a [`FigureChoice`]; the functions
//! by name make one each.

mod ablation;
mod attention;
mod curves;
mod error;
mod heads;
mod heads_plots;
mod kind;
mod layer_plots;
mod lens;
mod model;
mod neurons;
mod percentage;
mod provenance;
mod quantity;
mod request;
mod span_mask;
mod spans;
mod tables;
mod text;
mod usage;

pub use ablation::ablation;
pub use attention::{HeatmapStyle, heads_title, heatmap};
pub use curves::{curve_look, curve_name, quantity_name, steps_name};
pub use error::FigureError;
pub use heads::{GridStyle, grid, head_rows, matrix, shares};
pub use heads_plots::{HeadColor, HeadsForm, bars, role_look, scatter};
pub use kind::FigureKind;
pub use layer_plots::{layers, profile, strips};
pub use lens::{attribution, lens, lens_facts};
pub use model::{EXTENTS, cost, parameters, training};
pub use neurons::{neuron_facts, neuron_search, neuron_table, neurons, neurons_of};
pub use percentage::percentage;
pub use provenance::provenance;
pub use quantity::Quantity;
pub use request::{FigureChoice, figure, missing, sign};
pub use span_mask::{WEIGHT_DECADES, span_mask};
pub use spans::{effective, left_out, span_chart};
pub use tables::{effective_chart, effective_table, persistent_chart, texts_table};
pub use text::{MEAN_OF, Shade, blind_bits, candidates, shaded_text, surprisal};
pub use usage::{usage, usage_of, vectors};
