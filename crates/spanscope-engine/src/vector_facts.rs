//! One persistent vector of a head: who uses it, and what it promotes.

use super::run_file::RunFileError;
use super::selected_heads::SelectedHeads;
use super::text_run::TextRun;
use spanscope_core::analysis::logit_lens::Promoted;
use spanscope_core::analysis::top_queries;
use spanscope_core::model::{HeadId, Network};

/// Queries and tokens that are listed.
const LISTED: usize = 16;

/// The facts on one persistent vector of a head.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorFacts {
    /// Layer and head, from 0.
    pub head: HeadId,
    /// The vector, from 0.
    pub vector: usize,
    /// The queries that give it most weight: positions in the text, and weights, by falling weight.
    pub users: Vec<(usize, f32)>,
    /// The tokens that its value raises and lowers most; `None` where a recorded run has them not.
    pub promoted: Option<Promoted>,
}

impl VectorFacts {
    /// Of `vector` of the head of `detail`; `None` where that are several heads, or there is no such vector.
    ///
    /// # Errors
    /// When a recorded run cannot be read.
    pub(super) fn of(
        network: &Network,
        of: &TextRun,
        detail: &SelectedHeads,
        vector: usize,
    ) -> Result<Option<Self>, RunFileError> {
        let Some(head) = detail.heads.single() else {
            return Ok(None);
        };
        if vector >= network.architecture().persistent() {
            return Ok(None);
        }
        Ok(Some(Self {
            head,
            vector,
            users: top_queries(&detail.weights, vector, LISTED),
            promoted: of.promoted(network, head, vector, LISTED)?,
        }))
    }
}
