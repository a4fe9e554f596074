//! The queries of the window: everything that is computed from a run and changes nothing in it.

use super::heatmap_image::{HeatmapKind, HeatmapRequest};
use spanscope_core::analysis::{LensTarget, TokenSet};
use spanscope_core::model::{HeadId, NeuronId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rule by which the weights of several heads become one picture.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// Their mean.
    #[default]
    Mean,
    /// The largest.
    Max,
}

/// The numbers that are shown as weights.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// Attention weights.
    #[default]
    Attention,
    /// Norm-weighted: each weight times the norm of what it writes, ‖W_O v‖, as shares of their sum (arXiv 2004.10102).
    Norm,
}

impl Weighting {
    /// Added to the names of heads in titles; nothing for attention weights.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Attention => "",
            Self::Norm => ", norm-weighted",
        }
    }
}

/// Some heads of a model, looked at together: layer and head, from 0. One of them leads: what can be shown of one head
/// only is shown of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Heads {
    leading: HeadId,
    /// All of them in order, the leading one among them.
    all: Arc<[HeadId]>,
    combine: Combine,
    weighting: Weighting,
}

impl Default for Heads {
    fn default() -> Self {
        Self::one(HeadId::new(0, 0))
    }
}

impl Heads {
    /// A single head.
    pub fn one(head: HeadId) -> Self {
        Self {
            leading: head,
            all: [head].into(),
            combine: Combine::Mean,
            weighting: Weighting::Attention,
        }
    }

    /// The same heads, whose weights are shown as `weighting` says.
    #[must_use]
    pub fn weighted(mut self, weighting: Weighting) -> Self {
        self.weighting = weighting;
        self
    }

    /// The numbers that are shown as their weights.
    pub fn weighting(&self) -> Weighting {
        self.weighting
    }

    /// `leading` and `others`, put together by `combine`.
    pub fn new(
        leading: HeadId,
        others: impl IntoIterator<Item = HeadId>,
        combine: Combine,
    ) -> Self {
        let mut all: Vec<_> = others.into_iter().chain([leading]).collect();
        all.sort_unstable();
        all.dedup();
        Self {
            leading,
            // One head is the same however it is combined.
            combine: if all.len() == 1 {
                Combine::Mean
            } else {
                combine
            },
            all: all.into(),
            weighting: Weighting::Attention,
        }
    }

    /// The head that leads.
    pub fn leading(&self) -> HeadId {
        self.leading
    }

    /// All of them, in order.
    pub fn all(&self) -> &[HeadId] {
        &self.all
    }

    /// The rule by which they become one picture.
    pub fn combine(&self) -> Combine {
        self.combine
    }

    /// The head, if it is just one.
    pub fn single(&self) -> Option<HeadId> {
        (self.all.len() == 1).then_some(self.leading)
    }

    /// True if a query's weights add up to what they are together: the largest of several do not.
    pub fn add_up(&self) -> bool {
        self.combine == Combine::Mean
    }

    /// True if `head` is one of them.
    pub fn contains(&self, head: HeadId) -> bool {
        self.all.binary_search(&head).is_ok()
    }
}

/// A question about the logits after a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LensQuery {
    /// Position of the token.
    pub at: usize,
    /// The logit that is attributed.
    pub target: LensTarget,
}

/// A question about how far a head sees, to be found out by running it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReachQuery {
    /// The head.
    pub head: HeadId,
    /// Position of the query.
    pub query: usize,
}

/// The queries of the window. What is not asked for is not computed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Queries {
    /// The selected heads.
    pub heads: Heads,
    /// The selected tokens; without any, the last one of the text.
    pub tokens: TokenSet,
    /// Pictures of the selected heads' weights.
    pub pictures: BTreeMap<HeatmapKind, HeatmapRequest>,
    /// A query and a key: what the weight between them is made of, with the leading head.
    pub score: Option<(usize, usize)>,
    /// True if all heads are to be measured.
    pub survey: bool,
    /// With a survey: the first tokens that are left out of sink-free spans; as is usual for the network, if nothing is said.
    pub sink_free: Option<usize>,
    /// With a survey: true if the weight by distance of all selected heads is wanted.
    pub profiles: bool,
    /// With a survey: rows and columns of a thumbnail for every head.
    pub thumbnails: Option<(usize, usize)>,
    /// The head whose attention all others are compared with.
    pub alike: Option<HeadId>,
    /// A head and a query: how far it sees from there.
    pub reach: Option<ReachQuery>,
    /// A token: what is expected after it.
    pub prediction: Option<usize>,
    /// A token: what every layer expects after it, and what a logit is the sum of.
    pub lens: Option<LensQuery>,
    /// A persistent vector of the leading head: who uses it and what it promotes.
    pub vector: Option<usize>,
    /// True if the use of all neurons is to be measured.
    pub neurons: bool,
    /// A neuron: who uses it and what it promotes.
    pub neuron: Option<NeuronId>,
    /// A token, by its name or its id: the neurons that promote it.
    pub promotes: Option<Arc<str>>,
}

impl Queries {
    /// The token around which weights are wanted; without one, at the end of the text. It makes a difference where a text
    /// is too long for all weights to be at hand.
    pub fn around(&self) -> Option<usize> {
        self.tokens.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_sorted_and_one_head_is_one_whatever_combines_it() {
        let heads = Heads::new(
            HeadId::new(1, 0),
            [HeadId::new(2, 3), HeadId::new(0, 1), HeadId::new(1, 0)],
            Combine::Max,
        );
        assert_eq!(
            heads.all(),
            [HeadId::new(0, 1), HeadId::new(1, 0), HeadId::new(2, 3)]
        );
        assert_eq!((heads.leading(), heads.single()), (HeadId::new(1, 0), None));
        assert!(heads.contains(HeadId::new(2, 3)) && !heads.contains(HeadId::new(2, 2)));
        assert_eq!(
            Heads::new(HeadId::new(1, 0), [], Combine::Max),
            Heads::one(HeadId::new(1, 0))
        );
    }
}
