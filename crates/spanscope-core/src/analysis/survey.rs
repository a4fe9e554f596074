//! All heads on a text: how far each looks, how evenly, what its mask takes away, and a small picture of it.
//!
//! What is measured is kept by pieces of the text, not as sums over all of it: an edit keeps what lies before it, one
//! more token costs one more query of every head, and clones share the pieces. No weights are kept.

mod flags;
mod measures;
mod picture;
mod piece;
mod repeats;
#[cfg(test)]
mod tests;

pub use flags::{
    EDGE_PART, EDGE_SHARE, LOCAL_QUERIES, LOCAL_SHARE, PRESSED_EVEN, PRESSED_IN_RAMP,
    PRESSED_RAMPS, PRESSED_REMOVED, Pressed, SINK_SHARE, SpanFlag, UNUSED_QUERIES, UNUSED_RAMPS,
    UNUSED_SHARE, edge, flag, sunk,
};
pub use measures::{EFFECTIVE_SHARES, HeadMeasure, LaterMeasure, effective};
pub use picture::Thumbnail;
pub use repeats::{Repeated, Repeats};

use crate::analysis::row_measures::{Occurrences, relate, usual_sink_free};
use crate::model::{Cancel, HeadId, Network, Run};
use piece::{HeadPiece, Piece, Shape};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

/// Queries per piece; pieces end at multiples of this.
const PIECE: usize = 64;

/// Most memory that sums by distance may take for every query, in bytes: pieces are joined until they take no more.
const MOST_BYTES: usize = 2048;

/// Most pieces that are joined to one. An edit within a joined piece measures all of it again.
const MOST_JOINED: usize = 8;

/// Most pieces measured between two looks at what is done.
const MOST_AT_ONCE: usize = 8;

/// Queries at the end of a text that are measured apart: an edit there keeps what lies before them.
const LAST: usize = 2;

/// Most earlier states of the last piece that are kept, for edits at the end of the text.
const MOST_EARLIER: usize = 3;

/// What is measured on every head of a network over consecutive queries of a text.
///
/// Of 8,192 tokens of the published 38M model it takes about 31 MB, 2.3 MB of it for [thumbnails](Self::thumbnail). (With
/// a full span of 8,192 for all heads: up to 170 MB and 5 MB.)
#[derive(Debug, Clone)]
pub struct Survey {
    /// Layer by layer.
    shapes: Arc<[Shape]>,
    /// The first distance of every bin of a thumbnail and, at the end, the first beyond the last.
    edges: Arc<[usize]>,
    /// Pieces that are joined to one when they are whole.
    joined: usize,
    /// In order, without gaps.
    pieces: Vec<Arc<Piece>>,
    /// Last pieces from before their last queries were measured, the oldest first.
    earlier: Vec<Arc<Piece>>,
    /// The first tokens that are left out of sink-free spans.
    sink_free: usize,
    /// True if distances and small pictures are of norm-weighted weights.
    norm_weighted: bool,
    /// The text measured last, and where each of its tokens stands.
    text: (Arc<[u32]>, Arc<Occurrences>),
}

impl Survey {
    /// Nothing yet.
    pub fn new(network: &Network) -> Self {
        let spans = network.spans();
        let nearest = network.architecture().nearest();
        let end = spans.iter().map(|span| span.nearest + span.columns).max();
        let edges: Arc<[usize]> = picture::edges(nearest, end.unwrap_or(nearest)).into();
        let shapes: Arc<[Shape]> = spans
            .iter()
            .map(|span| {
                let of_layer = spans.iter().filter(|other| other.layer == span.layer);
                let longest = of_layer.map(|other| other.reach.keys()).max().unwrap_or(0);
                Shape::new(span, longest, &edges)
            })
            .collect();
        let row: usize = spans
            .iter()
            .map(|span| span.reach.keys() * size_of::<f32>())
            .sum();
        Self {
            shapes,
            edges,
            joined: row
                .div_ceil(PIECE * MOST_BYTES)
                .clamp(1, MOST_JOINED)
                .next_power_of_two(),
            pieces: Vec::new(),
            earlier: Vec::new(),
            sink_free: usual_sink_free(network),
            norm_weighted: false,
            text: Default::default(),
        }
    }

    /// With so many first tokens left out of sink-free spans.
    #[must_use]
    pub fn sink_free(mut self, tokens: usize) -> Self {
        self.sink_free = tokens;
        self.clear();
        self
    }

    /// With distances and small pictures of norm-weighted weights, where the run has values: see
    /// [`Run::written_weights`]. All else is measured on attention weights as before.
    #[must_use]
    pub fn norm_weighted(mut self, norm_weighted: bool) -> Self {
        self.norm_weighted = norm_weighted;
        self.clear();
        self
    }

    /// True if distances and small pictures are of norm-weighted weights.
    pub fn is_norm_weighted(&self) -> bool {
        self.norm_weighted
    }

    /// The first tokens that are left out of sink-free spans.
    pub fn left_out(&self) -> usize {
        self.sink_free
    }

    /// The queries covered, as positions in the text.
    pub fn range(&self) -> Range<usize> {
        let first = self.pieces.first().map_or(0, |piece| piece.first);
        first..self.pieces.last().map_or(first, |piece| piece.end())
    }

    /// Forgets the queries from position `len` of the text on, and those just before it that were measured together
    /// with them: few at the text's end, elsewhere up to 63, or up to 511 of a network whose heads reach very far.
    pub fn truncate(&mut self, len: usize) {
        let start = self.range().start;
        self.pieces.retain(|piece| piece.end() <= len);
        self.earlier.retain(|piece| piece.end() <= len);
        let end = self.pieces.last().map_or(start, |piece| piece.end());
        if self.earlier.last().is_some_and(|piece| piece.first == end) {
            self.pieces.extend(self.earlier.pop());
        }
    }

    /// Forgets the queries before position `first`, but for those measured together with it.
    pub fn drop_before(&mut self, first: usize) {
        self.pieces.retain(|piece| piece.end() > first);
        self.earlier.retain(|piece| piece.end() > first);
    }

    fn clear(&mut self) {
        self.pieces.clear();
        self.earlier.clear();
    }

    /// Measures what is missing of the queries in `range` for all heads; false when told to stop, with what was done
    /// until then kept. Queries that the run has forgotten are left out, unless they are covered already; `run` must be
    /// one of the survey's network.
    ///
    /// All threads share the work; each looks at `cancel` after at most 64 queries of one head.
    pub fn go_on(&mut self, run: &Run, range: &Range<usize>, cancel: &Cancel) -> bool {
        let end = range.end.min(run.ids().len());
        let first = range.start.max(run.first_kept());
        let covered = self.range();
        if covered.start > first || covered.end < first {
            // Queries before those at hand are wanted, or none of them: begin anew.
            self.clear();
        }
        self.drop_before(range.start);
        if *self.text.0 != *run.ids() {
            self.text = (run.ids().into(), Arc::new(Occurrences::of(run.ids())));
        }
        loop {
            let from = self.pieces.last().map_or(first, |piece| piece.end());
            if from >= end {
                return true;
            }
            // The last ones of the text apart, where more than a few are missing.
            let apart = end == run.ids().len() && end - from > PIECE / 8;
            let to = if apart { end - LAST } else { end };
            let new = self.measure(run, from..to, cancel);
            let is_stuck = new.is_empty();
            for piece in new {
                self.put(piece);
            }
            if cancel.is_cancelled() {
                return self.range().end >= end;
            }
            if is_stuck {
                // The run lacks what it would take.
                return true;
            }
        }
    }

    /// The first pieces of `queries`, as many as were done before somebody asked to stop. The first takes the place of
    /// the last one there, if that is not whole.
    fn measure(&self, run: &Run, queries: Range<usize>, cancel: &Cancel) -> Vec<Piece> {
        let heads = self.shapes.len().max(1);
        let at_once = (8 * rayon::current_num_threads()).div_ceil(heads);
        let tiles: Vec<Range<usize>> = tiles(queries)
            .take(at_once.clamp(1, MOST_AT_ONCE))
            .collect();
        let open = self.pieces.last().filter(|piece| !piece.is_whole());
        let mut jobs: Vec<(usize, usize)> = (0..tiles.len())
            .flat_map(|tile| (0..self.shapes.len()).map(move |head| (tile, head)))
            .collect();
        // In order, the longest first: none is left over for one thread at the end.
        jobs.sort_by_key(|&(tile, head)| (tile, Reverse(self.shapes[head].cost)));
        let one = |(tile, head): (usize, usize)| {
            if cancel.is_cancelled() {
                return (tile, head, None);
            }
            let (shape, queries) = (&self.shapes[head], &tiles[tile]);
            let open = open.filter(|_| tile == 0);
            let before = open.and_then(|piece| piece.heads.get(head));
            let probe = run.probe_with_norms(shape.layer, shape.head, queries.start, queries.end);
            let text = (&*self.text.1, self.sink_free);
            let (layer, number) = (shape.layer, shape.head);
            let piece = probe.and_then(|probe| {
                let shown = match self.norm_weighted {
                    true => Some(run.written_weights(layer, number, queries.start, queries.end)?),
                    false => None,
                };
                let probe = (&probe, shown.as_ref());
                Some(HeadPiece::after(before, shape, &self.edges, probe, text))
            });
            (tile, head, piece)
        };
        let jobs = jobs.into_par_iter().with_max_len(1);
        let mut done: Vec<_> = jobs.map(one).collect();
        done.sort_by_key(|&(tile, head, _)| (tile, head));
        let mut done = done.into_iter().map(|(_, _, piece)| piece);
        let mut pieces = Vec::new();
        for (i, tile) in tiles.iter().enumerate() {
            let Some(heads) = done.by_ref().take(self.shapes.len()).collect() else {
                break;
            };
            let open = open.filter(|_| i == 0);
            let first = open.map_or(tile.start, |piece| piece.first);
            pieces.push(Piece {
                first,
                queries: tile.end - first,
                heads,
            });
        }
        pieces
    }

    /// Puts `piece` at the end; what stood in its place is replaced.
    fn put(&mut self, piece: Piece) {
        if let Some(open) = self.pieces.pop_if(|other| other.first == piece.first) {
            self.earlier.push(open);
            let most = self.earlier.len().saturating_sub(MOST_EARLIER);
            self.earlier.drain(..most);
        }
        let end = piece.end();
        self.pieces.push(Arc::new(piece));
        if self.joined > 1 && end.is_multiple_of(self.joined * PIECE) {
            let first = end - self.joined * PIECE;
            let at = self.pieces.partition_point(|piece| piece.first < first);
            if let Some(all) = Piece::join(&self.pieces[at..]) {
                self.pieces.truncate(at);
                self.pieces.push(Arc::new(all));
            }
        }
    }

    /// What is measured on every head over the queries covered, layer by layer.
    pub fn measures(&self) -> Vec<HeadMeasure> {
        let first = self.range().start;
        let heads = self.shapes.par_iter().enumerate();
        let measures = heads.map(|(i, shape)| {
            let sums = measures::sums(shape, self.of_head(i));
            let mut measure = HeadMeasure::of_sums(shape, self.of_head(i), &sums);
            let from = (first, self.sink_free);
            let numbers = measures::row_numbers(shape, self.of_head(i), sums, from);
            let blocks = self.of_head(i).flat_map(|piece| &piece.blocks);
            measure.repeats = repeats::of(blocks.map(|block| &block.repeats));
            (measure, numbers)
        });
        let (mut measures, mut numbers): (Vec<HeadMeasure>, Vec<_>) = measures.unzip();
        let mut begin = 0;
        for layer in self.shapes.chunk_by(|a, b| a.layer == b.layer) {
            relate(&mut numbers[begin..begin + layer.len()]);
            begin += layer.len();
        }
        for (measure, numbers) in measures.iter_mut().zip(numbers) {
            measure.rows = numbers;
        }
        measures
    }

    /// The mean weight that the queries covered give each distance of the head's reach, nearest first, as far as a token of the
    /// text is there: empty context counts as none. Nothing where there is no such head.
    pub fn by_distance(&self, layer: usize, head: usize) -> Vec<f32> {
        let Some(i) = self.find(layer, head) else {
            return Vec::new();
        };
        let queries = self.range().len().max(1) as f64;
        let sums = measures::sums(&self.shapes[i], self.of_head(i));
        sums.into_iter().map(|sum| (sum / queries) as f32).collect()
    }

    /// The mean weight that the queries covered give each distance to later tokens, from 1 on. Nothing where they see none.
    pub fn by_later_distance(&self, layer: usize, head: usize) -> Vec<f32> {
        let i = self.find(layer, head);
        let pieces = i.into_iter().flat_map(|i| self.of_head(i));
        let queries = self.range().len().max(1) as f64;
        let sums = measures::later_sums(pieces);
        sums.into_iter().map(|sum| (sum / queries) as f32).collect()
    }

    /// The share of the softmax that the soft mask takes away, for every query covered: before the rest is divided by its
    /// sum, or for good in fairseq's port.
    pub fn removed(&self, layer: usize, head: usize) -> Vec<f32> {
        let i = self.find(layer, head);
        let pieces = i.into_iter().flat_map(|i| self.of_head(i));
        pieces
            .flat_map(|piece| piece.removed.iter().copied())
            .collect()
    }

    /// The bins of a [thumbnail](Self::thumbnail) of a text of so many tokens, the same for all heads: the first distance of each
    /// and, at the end, the first beyond the longest reach or beyond the text.
    pub fn bin_edges(&self, tokens: usize) -> &[usize] {
        let bins = self.edges.partition_point(|edge| *edge < tokens);
        &self.edges[..=bins.clamp(1, self.edges.len() - 1)]
    }

    /// A small picture of a head on a text of so many tokens, of at most `rows` × `columns` cells.
    pub fn thumbnail(
        &self,
        HeadId { layer, head }: HeadId,
        tokens: usize,
        (rows, columns): (usize, usize),
    ) -> Thumbnail {
        match self.find(layer, head) {
            Some(i) => {
                let bins = self.bin_edges(tokens).len() - 1;
                let own = self.shapes[i].bins;
                Thumbnail::new(self.of_head(i), own, bins, rows, columns)
            }
            None => Thumbnail::default(),
        }
    }

    /// Memory that it takes, what it shares with its clones included, in bytes.
    pub fn bytes(&self) -> usize {
        let all = self.pieces.iter().chain(&self.earlier);
        all.map(|piece| piece.bytes()).sum()
    }

    fn find(&self, layer: usize, head: usize) -> Option<usize> {
        let mut shapes = self.shapes.iter();
        shapes.position(|shape| (shape.layer, shape.head) == (layer, head))
    }

    /// What the pieces have of one head.
    fn of_head(&self, i: usize) -> impl Iterator<Item = &HeadPiece> + Clone {
        self.pieces.iter().filter_map(move |p| p.heads.get(i))
    }
}

/// `queries` cut where pieces end.
fn tiles(queries: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = queries.start;
    std::iter::from_fn(move || {
        let tile = at..((at / PIECE + 1) * PIECE).min(queries.end);
        at = tile.end;
        (!tile.is_empty()).then_some(tile)
    })
}

impl Piece {
    /// True if what follows belongs into another piece.
    fn is_whole(&self) -> bool {
        self.end().is_multiple_of(PIECE)
    }
}
