//! The data that the cost view draws, computed once per model and position.

use crate::analysis::cost::{
    Extent, Flops, LimitedCost, by_layer, curve, distances, effective_distances, flops, kv_numbers,
    limits, output_flops,
};
use crate::engine::HeadStats;
use crate::model::{Architecture, HeadId, Network, Span};
use std::sync::{Arc, Weak};

/// The extents, the least costly first.
pub const EXTENTS: [Extent; 3] = [Extent::Head, Extent::Layer, Extent::Full];

/// The place of the effective spans on the text, behind those of [`EXTENTS`].
pub const EFFECTIVE: usize = EXTENTS.len();

/// The rows of tables and bars, by their places: the least costly first.
pub const ROWS: [usize; 4] = [EFFECTIVE, 0, 1, 2];

/// The cost of a token with heads of one extent.
pub struct Sum {
    /// Its operations without the output.
    pub flops: Flops,
    /// Numbers of keys and values that must be at hand.
    pub kv: u64,
    /// Operations by layer.
    pub layers: Vec<Flops>,
    /// The cost under every limit on the span.
    pub curve: Vec<LimitedCost>,
}

impl Sum {
    fn new(
        architecture: &Architecture,
        distances: &[usize],
        position: usize,
        limits: &[usize],
    ) -> Self {
        let tokens = position..position + 1;
        Self {
            flops: flops(architecture, distances, tokens.clone()),
            kv: kv_numbers(architecture, distances, position),
            layers: by_layer(architecture, distances, tokens),
            curve: curve(architecture, distances, limits, position),
        }
    }
}

/// Everything for one model and one position.
pub struct Sums {
    network: Weak<Network>,
    model_number: u64,
    position: usize,
    /// The architecture.
    pub architecture: Arc<Architecture>,
    /// z and reach of every head.
    pub spans: Vec<Span>,
    /// Operations of the output, where they are known.
    pub output: Option<u64>,
    /// By extent, in the order of [`EXTENTS`].
    pub of: [Sum; 3],
    /// With the effective spans on the text, where they are measured.
    effective: Option<Sum>,
    /// The measurements that these are of.
    stats: Weak<HeadStats>,
}

impl Sums {
    /// The sums of `network` for the token at `position`.
    pub fn new(network: &Arc<Network>, model_number: u64, position: usize) -> Self {
        let architecture = network.architecture().clone();
        let spans = network.spans();
        let limits = limits(architecture.limit().end().unwrap_or(position + 1));
        let of = EXTENTS.map(|extent| {
            let distances = distances(&architecture, &spans, extent);
            Sum::new(&architecture, &distances, position, &limits)
        });
        Self {
            network: Arc::downgrade(network),
            model_number,
            position,
            output: output_flops(&architecture),
            architecture,
            spans,
            of,
            effective: None,
            stats: Weak::new(),
        }
    }

    /// Takes over the effective spans, if they are others than before.
    pub fn measured(&mut self, stats: Option<&Arc<HeadStats>>) {
        let stats = stats.filter(|stats| {
            let is_known = |of: &crate::analysis::HeadMeasure| of.queries > 0;
            stats.measures.len() == self.spans.len() && stats.measures.iter().all(is_known)
        });
        let Some(stats) = stats else {
            self.effective = None;
            self.stats = Weak::new();
            return;
        };
        // A weak pointer keeps the address from being given to others.
        if std::ptr::eq(self.stats.as_ptr(), Arc::as_ptr(stats)) {
            return;
        }
        let distances = effective_distances(&self.spans, &stats.measures);
        let sum = Sum::new(&self.architecture, &distances, self.position, &[]);
        self.effective = Some(sum);
        self.stats = Arc::downgrade(stats);
    }

    /// True if heads have windows by design or see the whole context, not learned spans.
    pub fn has_windows(&self) -> bool {
        self.architecture.nearest() == 0
    }

    /// What stands in a row of [`ROWS`]; nothing where it is not measured.
    pub fn row(&self, i: usize) -> Option<&Sum> {
        self.of
            .get(i)
            .or(self.effective.as_ref().filter(|_| i == EFFECTIVE))
    }

    /// True if these are the sums of `network` for the token at `position`.
    pub fn are_of(&self, network: &Arc<Network>, model_number: u64, position: usize) -> bool {
        // A weak pointer keeps the address from being given to another network.
        std::ptr::eq(self.network.as_ptr(), Arc::as_ptr(network))
            && (self.model_number, self.position) == (model_number, position)
    }

    /// All operations of a token, the output's among them.
    pub fn total(&self, sum: &Sum) -> u64 {
        sum.flops.total() + self.output.unwrap_or(0)
    }

    /// The head of a layer that reaches farthest.
    pub fn longest(&self, layer: usize) -> Option<HeadId> {
        let heads = self.spans.iter().filter(|span| span.layer == layer);
        let longest = heads.max_by_key(|span| (span.reach, std::cmp::Reverse(span.head)))?;
        Some(longest.id())
    }
}

/// Operations by part, in the order in which a token meets them; `None` where they are not known.
pub fn parts(flops: &Flops, output: Option<u64>) -> [Option<u64>; 6] {
    [
        Some(flops.projections),
        Some(flops.context),
        Some(flops.positions),
        Some(flops.persistent),
        Some(flops.feed_forward),
        output,
    ]
}
