//! Writing sums.

use super::read::row_name;
use super::{HEADER, SumsFile, SumsFileError};
use spanscope_core::analysis::row_measures::{MEANS, SPAN_BINS};
use spanscope_core::analysis::sums::MOMENT_WORDS;
use spanscope_core::checkpoint::{CheckpointError, Element, PlannedTensor, TensorFile};
use std::collections::BTreeMap;
use std::path::Path;

/// Most bytes of the texts' list: the format's readers take no header of more than 100 MB.
const MOST_HEADER: usize = 90_000_000;

impl SumsFile {
    /// The tensors: name, shape and numbers.
    pub(super) fn tensors(&self) -> Vec<(String, Vec<usize>, Vec<u64>)> {
        let architecture = &self.sums.architecture;
        let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
        let all = &self.sums.heads;
        let one =
            |of: fn(&spanscope_core::analysis::sums::HeadSum) -> u64| all.iter().map(of).collect();
        let mut tensors: Vec<(String, Vec<usize>, Vec<u64>)> = all
            .iter()
            .map(|head| {
                let name = super::read::distance_name(&head.span);
                (name, vec![head.distances.len()], head.distances.clone())
            })
            .collect();
        let shape = vec![layers, heads];
        tensors.push(("sums.empty".into(), shape.clone(), one(|h| h.empty)));
        if architecture.has_sinks() {
            tensors.push(("sums.sink".into(), shape.clone(), one(|h| h.sink)));
        }
        if architecture.persistent() > 0 {
            let vectors = all.iter().flat_map(|head| head.vectors.iter().copied());
            let shape = vec![layers, heads, architecture.persistent()];
            tensors.push(("sums.vectors".into(), shape, vectors.collect()));
        }
        let whole = one(|h| h.whole_reach);
        tensors.push(("sums.whole_reach".into(), shape.clone(), whole));
        if self.sums.has_removed {
            tensors.push(("sums.removed".into(), shape.clone(), one(|h| h.removed)));
            tensors.push(("sums.entropy".into(), shape, one(|h| h.entropy)));
        }
        if self.sums.measured.is_some() {
            tensors.extend(self.row_tensors());
        }
        if let Some(examples) = &self.examples {
            tensors.extend(super::examples::tensors(examples, [layers, heads]));
        }
        tensors
    }

    /// The tensors of what follows from single rows.
    fn row_tensors(&self) -> Vec<(String, Vec<usize>, Vec<u64>)> {
        let architecture = &self.sums.architecture;
        let of_heads = [architecture.nb_layers(), architecture.nb_heads()];
        let mut tensors = Vec::new();
        let (mut spans, mut moments) = (Vec::new(), Vec::new());
        for head in &self.sums.heads {
            let Some(rows) = &head.rows else { continue };
            for (part, numbers) in [("first", &rows.first), ("norm", &rows.norm)] {
                let name = row_name(part, &head.span);
                tensors.push((name, vec![numbers.len()], numbers.clone()));
            }
            spans.extend_from_slice(&rows.spans);
            moments.extend(rows.means.iter().flat_map(|moments| moments.words()));
        }
        let shape = |more: &[usize]| [&of_heads[..], more].concat();
        tensors.push(("sums.spans".into(), shape(&[SPAN_BINS]), spans));
        let words = shape(&[MEANS, MOMENT_WORDS]);
        tensors.push(("sums.moments".into(), words, moments));
        tensors
    }

    /// Writes the file, whole or not at all; one that is there is replaced. The same sums give the same bytes.
    ///
    /// # Errors
    /// When the folder cannot be written to, the disk is full, or there are too many texts for one file.
    pub fn write(&self, path: &Path) -> Result<(), SumsFileError> {
        let failed = |error: serde_json::Error| {
            SumsFileError::File(CheckpointError::Io {
                path: path.to_owned(),
                source: error.into(),
            })
        };
        let header = serde_json::to_string(&self.header).map_err(failed)?;
        if header.len() + header.matches('"').count() > MOST_HEADER {
            return Err(SumsFileError::TooManyTexts {
                path: path.to_owned(),
                texts: self.header.texts.len(),
            });
        }
        let metadata = BTreeMap::from([(HEADER.to_owned(), header)]);
        let tensors = self.tensors();
        let plan: Vec<PlannedTensor> = tensors
            .iter()
            .map(|(name, shape, _)| PlannedTensor::new(name.clone(), Element::U64, shape))
            .collect();
        let mut file = TensorFile::create(path, &plan, &metadata)?;
        for (name, _, numbers) in &tensors {
            let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
            file.write(name, 0, &bytes)?;
        }
        Ok(file.finish()?)
    }
}
