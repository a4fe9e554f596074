//! Runs whose queries and keys come from a file: weights, scores and all that is measured on them follow by the same code
//! as in a run that is computed, without the weights of the network.

use super::Cancel;
use super::cache::HeadCache;
use super::families::adaptive_span::{Config, MOST_RECORDED_DISTANCES, believable, span_name};
use super::heads::Head;
use super::parts::{Part, PartKind};
use super::run::Run;
use super::weights::Network;
use super::{ModelError, Observer};
use crate::checkpoint::Checkpoint;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// What a run file says of a network, beside its tensors.
#[derive(Debug, Clone)]
pub struct RecordedNetwork {
    /// The architecture.
    pub config: Config,
    /// The parameters of the whole network.
    pub parts: Vec<Part>,
    /// What was assumed when it was recorded.
    pub assumed: Vec<String>,
}

/// A tensor of a checkpoint that a run file holds of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTensor {
    /// Its name, in the checkpoint less prefixes and in the run file.
    pub name: String,
    /// Its shape in the run file: a span that all heads of a layer share is there once per head.
    pub shape: Vec<usize>,
}

impl KeptTensor {
    /// All that there are: position embeddings, spans, keys of persistent vectors.
    pub fn all(checkpoint: &Checkpoint, config: &Config) -> Vec<Self> {
        let (heads, d) = (config.nb_heads, config.head_dim());
        let kept = |name: String, shape: &[usize]| Self {
            name,
            shape: shape.to_vec(),
        };
        let mut all = vec![kept("key_pe".into(), &[1, d, config.attn_span])];
        for i in 0..config.nb_layers {
            if config.adapt_span {
                let first = || format!("layers.{i}.attn.attn.adaptive_span._mask.current_val");
                let name = span_name(checkpoint, i).unwrap_or_else(first);
                all.push(kept(name, &[heads, 1, 1]));
            }
            if config.pers_mem_size > 0 {
                let name = format!("layers.{i}.attn.attn.persistent_memory.key");
                all.push(kept(name, &[heads, d, config.pers_mem_size]));
            }
        }
        all
    }

    /// Its numbers, row-major.
    ///
    /// # Errors
    /// When they cannot be read from the checkpoint, or are not as many as its shape says.
    pub fn read(&self, checkpoint: &Checkpoint) -> Result<Vec<f32>, ModelError> {
        let expected = self.shape.iter().product();
        if checkpoint.info(&self.name).is_none() && self.name.ends_with("current_val") {
            // A layer without spans among others that have them looks as far as it can.
            return Ok(vec![1.0; expected]);
        }
        let values = checkpoint.read(&self.name)?;
        match values.as_slice() {
            [one] => Ok(vec![*one; expected]),
            _ if values.len() == expected => Ok(values),
            _ => {
                let found = [values.len()];
                let shape = format!("{:?}", self.shape);
                Err(ModelError::shape(checkpoint, &self.name, &found, &shape))
            }
        }
    }
}

impl Network {
    /// How many tokens before a query have keys that its weights may need, whatever the head.
    pub fn farthest_key(&self) -> usize {
        let heads = self.layers.iter().flat_map(|layer| &layer.heads);
        let far = heads.map(|head| head.reach.max(head.kept));
        far.max().unwrap_or(0)
    }
}

impl RecordedNetwork {
    fn parts_are_countable(&self) -> bool {
        let numbers = self
            .parts
            .iter()
            .flat_map(|part| [part.parameters, part.shared]);
        let sum = numbers.fold(0, usize::saturating_add);
        self.parts.len() <= PartKind::ALL.len() && sum < 1 << 48
    }

    /// Refuses what no network can be; the tensors' shapes say the rest.
    ///
    /// # Errors
    /// When the architecture cannot be.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), ModelError> {
        let c = &self.config;
        believable(c, checkpoint, MOST_RECORDED_DISTANCES)?;
        let what = match c.cannot_be() {
            Some(what) => what,
            None if !self.parts_are_countable() => "its parameters are more than can be counted",
            None => return Ok(()),
        };
        Err(ModelError::Config {
            path: checkpoint.path().to_owned(),
            what: what.to_owned(),
        })
    }
}

/// Queries and keys of one layer for consecutive tokens: rows of D numbers, head after head.
#[derive(Debug, Clone, Default)]
pub struct RecordedRows {
    /// Of every token.
    pub keys: Vec<f32>,
    /// Of the last tokens, as many as there are rows: none before the first query that is kept.
    pub queries: Vec<f32>,
}

impl Run {
    /// A recorded run as it stands before its first key is put in. `before` are the tokens before that key, `query` is the
    /// position of the first query, and `longest` has per layer and head (layer by layer) the norm of the longest key of
    /// the tokens before; without tokens before it is not looked at.
    pub fn recorded(
        network: Arc<Network>,
        before: Vec<u32>,
        query: usize,
        longest: &[f32],
    ) -> Self {
        let dim = network.architecture().head_dim();
        let mut run = Self::new(Arc::clone(&network));
        let caches = run.caches.iter_mut().flatten();
        for (i, cache) in caches.enumerate() {
            let longest = longest.get(i).copied().unwrap_or(0.0);
            *cache = HeadCache::recorded(dim, before.len(), query.max(before.len()), longest);
        }
        run.ids = before;
        run
    }

    /// Puts in further tokens with their queries and keys, layer by layer. Rows that are missing are as if they were zeros.
    pub fn put_recorded(&mut self, ids: &[u32], layers: &[RecordedRows]) {
        let first = self.ids.len();
        let end = first + ids.len();
        let network = Arc::clone(self.network());
        self.caches
            .par_iter_mut()
            .zip(layers.par_iter())
            .zip(network.layers.par_iter())
            .for_each(|((heads, rows), layer)| {
                let of = &layer.spec.attention;
                let (d, width) = (of.head_dim, of.heads * of.head_dim);
                for (h, cache) in heads.iter_mut().enumerate() {
                    let columns = h * d..(h + 1) * d;
                    // Keys lie with the first head of those that read them.
                    if layer.heads[h].keys == h {
                        let group = h * of.kv_heads / of.heads.max(1);
                        let columns = group * d..(group + 1) * d;
                        let keys = rows.keys.chunks_exact(of.kv_heads * d);
                        for (i, row) in keys.take(ids.len()).enumerate() {
                            cache.put_key(first + i, row.get(columns.clone()).unwrap_or_default());
                        }
                    }
                    let queries = rows.queries.chunks_exact(width);
                    let start = end.saturating_sub(queries.len());
                    for (i, row) in queries.enumerate() {
                        cache.put_query(start + i, row.get(columns.clone()).unwrap_or_default());
                    }
                }
            });
        self.ids.extend_from_slice(ids);
    }

    /// The queries of a layer for the tokens in `range`: rows of H·d numbers, head after head. `None` where there is no such
    /// layer, or some of them are forgotten.
    pub fn queries(&self, layer: usize, range: Range<usize>) -> Option<Vec<f32>> {
        self.rows(layer, range, |_, _| true, HeadCache::copy_queries)
    }

    /// As [`queries`](Self::queries), the keys: rows of Hk·d numbers.
    pub fn keys(&self, layer: usize, range: Range<usize>) -> Option<Vec<f32>> {
        let is_first = |h: usize, head: &Head| head.keys == h;
        self.rows(layer, range, is_first, HeadCache::copy_keys)
    }

    fn rows(
        &self,
        layer: usize,
        range: Range<usize>,
        has: impl Fn(usize, &Head) -> bool,
        copy: impl Fn(&HeadCache, usize, &mut [f32], usize) -> bool,
    ) -> Option<Vec<f32>> {
        let caches = self.caches.get(layer)?;
        let of_layer = self.network().layers.get(layer)?;
        let d = of_layer.spec.attention.head_dim;
        let heads = of_layer.heads.iter().enumerate();
        let with: Vec<usize> = heads
            .filter(|(h, head)| has(*h, head))
            .map(|(h, _)| h)
            .collect();
        let width = with.len() * d;
        if range.end > self.ids.len() {
            return None;
        }
        let mut rows = vec![0.0; range.len() * width];
        for (i, h) in with.into_iter().enumerate() {
            let of_head = rows.get_mut(i * d..).unwrap_or_default();
            if !copy(caches.get(h)?, range.start, of_head, width) {
                return None;
            }
        }
        Some(rows)
    }

    /// Per layer and head, layer by layer, the norm of the longest key before the token at `position`; 0 where it is
    /// forgotten, or there is none.
    pub fn longest_keys(&self, position: usize) -> Vec<f32> {
        let caches = self.caches.iter().flatten();
        caches.map(|cache| cache.longest_key(position)).collect()
    }

    /// Tells `observer` the weights of the queries in `range` as a run over these tokens would have: of all heads that it
    /// wants, tile by tile, from several threads.
    ///
    /// # Errors
    /// On cancellation.
    pub fn replay(
        &self,
        range: Range<usize>,
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<(), ModelError> {
        let spans = self.network().spans();
        let wanted = spans.iter().map(|span| (span.layer, span.head));
        let wanted: Vec<_> = wanted.filter(|(l, h)| observer.wants(*l, *h)).collect();
        wanted.into_par_iter().try_for_each(|(layer, head)| {
            cancel.check()?;
            if let Some(weights) = self.head_weights(layer, head, range.start, range.end) {
                observer.head(layer, head, &weights);
            }
            Ok(())
        })
    }
}
