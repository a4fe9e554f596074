//! The tensors of a run file held against its header, before anything is read from them.

use super::element::{ALIGNED, element_of};
use super::read::RunFile;
use super::{PROMOTED, RunFileError, names};
use spanscope_core::checkpoint::Element;

impl RunFile {
    /// Checks that all tensors are there that the header speaks of, in their shapes.
    pub(super) fn check(&self) -> Result<(), RunFileError> {
        use Element::{F32, U8, U32};
        let header = &self.header;
        let architecture = &header.model.architecture;
        let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
        if self.places.contains_key(names::PIECES) {
            let tokens = [architecture.vocab_size];
            self.expect(names::PIECE_ENDS, U32, &tokens)?;
            self.expect(names::SPECIAL_PIECES, U8, &tokens)?;
        }
        if header.vectors > 0 {
            let n = header.vectors;
            self.expect(names::VECTORS, U32, &[n, 3])?;
            self.expect(names::PROMOTED_IDS, U32, &[n, 2 * PROMOTED])?;
            self.expect(names::PROMOTED_CHANGES, F32, &[n, 2 * PROMOTED])?;
        }
        let element = element_of(header.dtype);
        for (j, text) in header.texts.iter().enumerate() {
            let (t, k) = (text.tokens, header.candidates);
            let keys = text.queries.1 - text.first_key;
            let of = |what: &str, element, shape: &[usize]| {
                self.expect(&names::of_text(j, what), element, shape)
            };
            of(names::BYTES, U8, &[text.bytes])?;
            of(names::IDS, U32, &[t])?;
            if header.version > 1 {
                of(names::RANGES, U32, &[t, 2])?;
            }
            if header.has_results() || self.has_nll(j) {
                of(names::NLL, F32, &[t - 1])?;
            }
            if header.has_results() {
                of(names::ENTROPY, F32, &[t])?;
                of(names::NEXT_RANK, U32, &[t])?;
                of(names::NEXT_LOG_P, F32, &[t])?;
                of(names::CANDIDATE_IDS, U32, &[t, k])?;
                of(names::CANDIDATE_LOG_P, F32, &[t, k])?;
            }
            let kinds = names::share_kinds(architecture);
            of(names::SHARES, F32, &[layers, heads, kinds])?;
            if names::has_longest_keys(architecture) {
                let blocks = keys.div_ceil(ALIGNED);
                of(names::LONGEST_KEYS, F32, &[blocks, layers, heads])?;
            }
            for layer in 0..layers {
                if header.has_weights() {
                    self.check_weights(j, layer)?;
                    continue;
                }
                let (of_query, of_key) = names::widths(architecture, layer);
                let queries = [text.at_hand().len(), of_query];
                self.expect(&names::queries(j, layer), element, &queries)?;
                self.expect(&names::keys(j, layer), element, &[keys, of_key])?;
            }
            if text.queries.0 % ALIGNED != 0 || text.first_key % ALIGNED != 0 {
                let what = format!("queries and keys of text {j} do not begin at a block");
                return Err(self.damaged(what));
            }
        }
        Ok(())
    }

    pub(super) fn expect(
        &self,
        name: &str,
        element: Element,
        shape: &[usize],
    ) -> Result<(), RunFileError> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| self.damaged(format!("tensor {name} is missing")))?;
        if place.element != element || place.shape != shape {
            return Err(self.damaged(format!(
                "tensor {name} has the shape {:?} of {}, expected {shape:?} of {}",
                place.shape,
                place.element.name(),
                element.name()
            )));
        }
        Ok(())
    }
}
