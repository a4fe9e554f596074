//! Weights that a run file holds as they are: of models that another program ran, which gave no queries and keys.

use super::element::element_of;
use super::header::TOP_WEIGHTS;
use super::read::RunFile;
use super::{RunFileError, names};
use spanscope_core::checkpoint::Element;
use spanscope_core::model::StoredRows;
use std::ops::Range;

/// The weights that a file may hold: shares, but for roundings.
const SHARES: std::ops::RangeInclusive<f32> = -1e-3..=1.01;

impl RunFile {
    fn is_top(&self) -> bool {
        self.header.attention == TOP_WEIGHTS
    }

    /// K: the weights that are kept of every query and head of a layer; `None` where there are none.
    fn width(&self, text: usize, layer: usize) -> Option<usize> {
        let place = self.places.get(&names::weights(text, layer))?;
        match place.shape.as_slice() {
            [_, _, width] => Some(*width),
            _ => None,
        }
    }

    /// Memory that the weights of a token take, in bytes; `None` where the file has queries and keys.
    pub(crate) fn stored_bytes_per_token(&self, text: usize) -> Option<usize> {
        let architecture = &self.header.model.architecture;
        let heads = architecture.nb_heads();
        let layers = 0..architecture.nb_layers();
        let widths = layers.map(|layer| self.width(text, layer).unwrap_or(0));
        let numbers = widths.fold(0_usize, usize::saturating_add);
        let each = size_of::<f32>() * (1 + usize::from(self.is_top()));
        self.header
            .has_weights()
            .then(|| numbers.saturating_mul(heads).saturating_mul(each))
    }

    /// The most weights of a query and head that any layer keeps, where the others are left out.
    pub fn largest_kept(&self) -> Option<usize> {
        let layers = 0..self.header.model.architecture.nb_layers();
        let widths = layers.filter_map(|layer| self.width(0, layer));
        widths.max().filter(|_| self.is_top())
    }

    /// Checks the shapes of a layer's weights.
    pub(super) fn check_weights(&self, text: usize, layer: usize) -> Result<(), RunFileError> {
        let architecture = &self.header.model.architecture;
        let heads = architecture.nb_heads();
        let (queries, tokens) = match self.header.texts.get(text) {
            Some(header) => (header.at_hand().len(), header.tokens),
            None => (0, 0),
        };
        let width = self.width(text, layer).unwrap_or(1);
        let spec = architecture.layers.get(layer).map(|of| &of.attention);
        let sees = spec.and_then(|of| of.window.most()).unwrap_or(tokens);
        let most = match self.is_top() {
            true => tokens,
            false => sees.min(tokens),
        };
        let both = spec.is_some_and(|of| of.bidirectional);
        let least = if both && !self.is_top() { tokens } else { 1 };
        if width < least || width > most {
            return Err(self.damaged(format!(
                "tensor {} has {width} weights for each query and head; from {least} to {most} expected",
                names::weights(text, layer)
            )));
        }
        let element = element_of(self.header.dtype);
        let shape = [queries, heads, width];
        self.expect(&names::weights(text, layer), element, &shape)?;
        if self.is_top() {
            self.expect(&names::weight_keys(text, layer), Element::U32, &shape)?;
        }
        if spec.is_some_and(|of| of.sink) {
            self.expect(&names::sink(text, layer), element, &shape[..2])?;
        }
        Ok(())
    }

    /// The weights of all layers for consecutive queries, which must be among those kept.
    pub(super) fn stored_rows(
        &self,
        text: usize,
        queries: Range<usize>,
    ) -> Result<Vec<StoredRows>, RunFileError> {
        let architecture = &self.header.model.architecture;
        let heads = architecture.nb_heads();
        let of_text = self.text_header(text)?;
        let (first, tokens) = (of_text.queries.0, of_text.tokens);
        let layers = architecture.layers.iter().enumerate().map(|(layer, of)| {
            let row = heads * self.width(text, layer).unwrap_or(0);
            let (from, count) = (queries.start.saturating_sub(first), queries.len());
            let name = names::weights(text, layer);
            let weights = self.shares(&name, from * row, count * row)?;
            let keys = match self.is_top() {
                true => Some(self.keys(text, layer, row, &queries)?),
                false => None,
            };
            let sinks = match of.attention.sink {
                true => self.shares(&names::sink(text, layer), from * heads, count * heads)?,
                false => Vec::new(),
            };
            Ok(StoredRows {
                weights,
                keys,
                sinks,
                tokens: if of.attention.bidirectional {
                    tokens
                } else {
                    0
                },
            })
        });
        layers.collect()
    }

    /// Numbers that are shares of a query's weight.
    fn shares(&self, name: &str, first: usize, count: usize) -> Result<Vec<f32>, RunFileError> {
        let found = self.f32s(name, first, count)?;
        match found.iter().position(|share| !SHARES.contains(share)) {
            None => Ok(found),
            Some(at) => Err(self.damaged(format!(
                "tensor {name} has a weight of {} at number {}; shares from 0 to 1 expected",
                found[at],
                first + at
            ))),
        }
    }

    /// The positions of keys, `row` of each of these queries.
    fn keys(
        &self,
        text: usize,
        layer: usize,
        row: usize,
        queries: &Range<usize>,
    ) -> Result<Vec<u32>, RunFileError> {
        let name = names::weight_keys(text, layer);
        let from = queries.start - self.text_header(text)?.queries.0.min(queries.start);
        let keys = self.u32s(&name, from * row, queries.len() * row)?;
        if self.header.model.architecture.is_bidirectional() {
            let tokens = self.text_header(text)?.tokens;
            return match keys.iter().find(|key| **key as usize >= tokens) {
                None => Ok(keys),
                Some(key) => Err(self.damaged(format!(
                    "tensor {name} has a weight on the token {key}, and the text has {tokens}"
                ))),
            };
        }
        for (rows, query) in keys.chunks(row.max(1)).zip(queries.clone()) {
            if let Some(key) = rows.iter().find(|key| **key as usize > query) {
                return Err(self.damaged(format!(
                    "tensor {name}: the token {query} gives weight to the token {key}, which comes later"
                )));
            }
        }
        Ok(keys)
    }
}
