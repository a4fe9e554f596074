//! One persistent vector of a head: who uses it, and what it promotes.

use super::detail::Detail;
use crate::analysis::lens::{Promoted, promoted};
use crate::analysis::top_queries;
use crate::model::Network;

/// Queries and tokens that are listed.
const LISTED: usize = 16;

/// What is known of one persistent vector of a head.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorFacts {
    /// Layer and head, from 0.
    pub head: (usize, usize),
    /// The vector, from 0.
    pub vector: usize,
    /// The queries that give it most weight: positions in the text, and weights, by falling weight.
    pub users: Vec<(usize, f32)>,
    /// The tokens that its value raises and lowers most.
    pub promoted: Promoted,
}

impl VectorFacts {
    /// Of `vector` of the head of `detail`; `None` where that are several heads, or there is no such vector.
    pub(super) fn of(network: &Network, detail: &Detail, vector: usize) -> Option<Self> {
        let head = detail.heads.single()?;
        Some(Self {
            head,
            vector,
            users: top_queries(&detail.weights, vector, LISTED),
            promoted: promoted(network, head.0, head.1, vector, LISTED)?,
        })
    }
}
