//! Tensors that a file does not hold but what they are computed of: pruned and weight-normed ones.

use super::claims::Claims;
use super::data::TensorData;
use super::dtype::Dtype;
use super::error::Fault;
use super::listing::{Listing, Stored};
use super::tensor::{TensorInfo, View};
use super::unread::UnreadTensor;
use crate::files::shown;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// The rule by which a tensor is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The weights times a mask of the same shape (`torch.nn.utils.prune`).
    Pruned,
    /// g · v / ‖v‖ (`weight_norm`); the norm goes over all dimensions but this one, or over all.
    WeightNorm(Option<usize>),
}

/// A tensor as it is computed of two others, once somebody asks for it.
#[derive(Debug)]
pub(super) struct Derived {
    rule: Rule,
    /// The weights and their mask; v and g.
    pub parts: [Stored; 2],
    bytes: OnceLock<Vec<u8>>,
}

impl Derived {
    /// The numbers, in 32 bit and row-major; `parts` are those of [`Derived::parts`].
    pub fn bytes(&self, parts: [TensorData<'_>; 2]) -> &[u8] {
        if let Some(known) = self.bytes.get() {
            return known;
        }
        // Not within get_or_init: reading takes all threads, and one of them may ask for the same numbers.
        let shape = &parts[0].info().shape;
        let [values, other] = parts.map(|part| part.to_vec());
        let numbers = match self.rule {
            Rule::Pruned => values.iter().zip(&other).map(|(w, m)| w * m).collect(),
            Rule::WeightNorm(dim) => weight_norm(&values, &other, shape, dim),
        };
        let bytes = numbers.iter().flat_map(|v: &f32| v.to_le_bytes()).collect();
        self.bytes.get_or_init(|| bytes)
    }
}

fn weight_norm(v: &[f32], g: &[f32], shape: &[usize], dim: Option<usize>) -> Vec<f32> {
    // Elements of one index of the dimension lie together, `inner` of them, and so again after `count` such groups.
    let (count, inner) = match dim {
        Some(dim) => (
            shape[dim],
            shape[dim + 1..].iter().product::<usize>().max(1),
        ),
        None => (1, 1),
    };
    let group = |i: usize| i / inner % count.max(1);
    let mut squares = vec![0.0_f64; count];
    for (i, v) in v.iter().enumerate() {
        squares[group(i)] += f64::from(*v).powi(2);
    }
    let scale = squares
        .iter()
        .zip(g)
        .map(|(square, g)| f64::from(*g) / square.sqrt());
    let scale: Vec<f64> = scale.collect();
    let scaled = v
        .iter()
        .enumerate()
        .map(|(i, v)| (f64::from(*v) * scale[group(i)]) as f32);
    scaled.collect()
}

/// The rule by which g belongs to v: it is as long as v in one dimension and 1 in the others, or a single number.
fn norm_rule(g: &[usize], v: &[usize]) -> Option<Rule> {
    if g.is_empty() {
        return Some(Rule::WeightNorm(None));
    }
    let fits = |dim: &usize| (0..g.len()).all(|i| g[i] == if i == *dim { v[i] } else { 1 });
    let dim = (0..g.len()).find(|dim| g.len() == v.len() && fits(dim));
    dim.map(|dim| Rule::WeightNorm(Some(dim)))
}

/// The place of the parts of a parametrized tensor: `P.parametrizations.NAME.…` for `P.NAME`.
const PARAMETRIZATIONS: &str = "parametrizations";

/// Puts computed tensors in the place of those that they are computed of, and marks those of which it is not known how.
///
/// # Errors
/// When they would be more than the file can hold.
pub(super) fn resolve(listing: &mut Listing, claims: &mut Claims) -> Result<(), Fault> {
    for name in parametrized(listing) {
        parametrization(listing, claims, &name)?;
    }
    let ends_in = |listing: &Listing, end: &str| -> Vec<String> {
        let all = listing.tensors.keys().chain(listing.unread.keys());
        let bases = all.filter_map(|name| name.strip_suffix(end));
        let bases = bases.filter(|base| !base.is_empty() && !has(listing, base));
        bases.map(str::to_owned).collect()
    };
    for base in ends_in(listing, "_orig") {
        let (orig, mask) = (format!("{base}_orig"), format!("{base}_mask"));
        let fits = |a: &Stored, b: &Stored| a.view.info.shape == b.view.info.shape;
        let parts = listing.tensors.get(&orig).zip(listing.tensors.get(&mask));
        match parts.is_some_and(|(a, b)| fits(a, b)) {
            true => put(listing, claims, base, Rule::Pruned, [&orig, &mask])?,
            false => {
                let others = ["_orig", "_mask", "_u", "_v"].map(|end| format!("{base}{end}"));
                give_up(listing, base, &orig, |name| {
                    others.iter().any(|other| other == name)
                });
            }
        }
    }
    for base in ends_in(listing, "_g") {
        let (g, v) = (format!("{base}_g"), format!("{base}_v"));
        if !has(listing, &v) {
            continue;
        }
        match rule_of(listing, &g, &v) {
            Some(rule) => put(listing, claims, base, rule, [&v, &g])?,
            None => give_up(listing, base, &v, |name| name == g || name == v),
        }
    }
    Ok(())
}

fn has(listing: &Listing, name: &str) -> bool {
    listing.tensors.contains_key(name) || listing.unread.contains_key(name)
}

fn rule_of(listing: &Listing, g: &str, v: &str) -> Option<Rule> {
    let (g, v) = (listing.tensors.get(g)?, listing.tensors.get(v)?);
    norm_rule(&g.view.info.shape, &v.view.info.shape)
}

/// The beginnings `P.parametrizations.NAME.` of all names that have one.
fn parametrized(listing: &Listing) -> BTreeSet<String> {
    let all = listing.tensors.keys().chain(listing.unread.keys());
    let found = all.filter_map(|name| {
        let parts: Vec<&str> = name.split('.').collect();
        let at = parts.iter().position(|part| *part == PARAMETRIZATIONS)?;
        // The name itself, and something of it.
        (parts.len() > at + 2).then(|| format!("{}.", parts[..at + 2].join(".")))
    });
    found.collect()
}

fn parametrization(listing: &mut Listing, claims: &mut Claims, start: &str) -> Result<(), Fault> {
    let parts = start.trim_end_matches('.').split('.');
    let base: Vec<&str> = parts.filter(|part| *part != PARAMETRIZATIONS).collect();
    let base = base.join(".");
    if has(listing, &base) {
        return Ok(());
    }
    let (g, v) = (format!("{start}original0"), format!("{start}original1"));
    let all = listing.tensors.keys().chain(listing.unread.keys());
    let parts = all.filter(|name| name.starts_with(start)).count();
    match rule_of(listing, &g, &v).filter(|_| parts == 2) {
        Some(rule) => put(listing, claims, base, rule, [&v, &g]),
        None => {
            let from = format!("{start}original");
            give_up(listing, base, &from, |name| name.starts_with(start));
            Ok(())
        }
    }
}

/// Puts the tensor `base` in the place of its parts.
fn put(
    listing: &mut Listing,
    claims: &mut Claims,
    base: String,
    rule: Rule,
    parts: [&String; 2],
) -> Result<(), Fault> {
    let [Some(values), Some(other)] = parts.map(|name| listing.tensors.remove(name)) else {
        return Ok(());
    };
    let shape = values.view.info.shape.clone();
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        // Its shape is one of a view that is in the file.
        strides[i - 1] = strides[i] * shape[i].max(1);
    }
    let view = View {
        storage: usize::MAX,
        offset: 0,
        strides,
        info: TensorInfo {
            shape,
            dtype: Dtype::F32,
        },
    };
    // It lies in no storage: the numbers of its parts tell it from others.
    let claimed = View {
        storage: usize::MAX - values.number,
        offset: other.number,
        ..view.clone()
    };
    let number = claims
        .add(&claimed)
        .map_err(|e| format!("tensor {}: {e}", shown(&base)))?;
    let how = match rule {
        Rule::Pruned => "weights times mask",
        Rule::WeightNorm(_) => "g · v / ‖v‖",
    };
    let words = format!("{how} of {}", shown(parts[0]));
    match listing.notes.iter_mut().find(|note| note.starts_with(how)) {
        Some(note) if note.ends_with(", …") => {}
        Some(note) => note.push_str(", …"),
        None => listing.notes.push(words),
    }
    let stored = Stored {
        view,
        number,
        file_name: values.file_name.clone(),
        derived: Some(Arc::new(Derived {
            rule,
            parts: [values, other],
            bytes: OnceLock::new(),
        })),
    };
    listing.tensors.insert(base, stored);
    Ok(())
}

/// Marks the tensor `base` as one of which it is not known how it is computed, and takes its parts away.
fn give_up(listing: &mut Listing, base: String, from: &str, is_part: impl Fn(&str) -> bool) {
    let shape = listing
        .tensors
        .get(from)
        .map(|stored| stored.view.info.shape.clone());
    listing.tensors.retain(|name, _| !is_part(name));
    listing.unread.retain(|name, _| !is_part(name));
    let unread = UnreadTensor {
        shape,
        ..UnreadTensor::computed(&base, from)
    };
    listing.unread.insert(base, unread);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dimension_of_a_norm_follows_from_the_shapes() {
        let norm = |dim| Some(Rule::WeightNorm(dim));
        assert_eq!(norm_rule(&[4, 1], &[4, 3]), norm(Some(0)));
        assert_eq!(norm_rule(&[1, 3], &[4, 3]), norm(Some(1)));
        assert_eq!(norm_rule(&[], &[4, 3]), norm(None));
        assert_eq!(norm_rule(&[1, 1], &[1, 3]), norm(Some(0)));
        assert_eq!(norm_rule(&[3], &[3]), norm(Some(0)));
        assert_eq!(norm_rule(&[4, 3], &[4, 3]), None);
        assert_eq!(norm_rule(&[4], &[4, 3]), None);
        assert_eq!(norm_rule(&[2, 1], &[4, 3]), None);
    }

    #[test]
    fn norms_go_over_all_other_dimensions() {
        let v = [3.0, 4.0, 0.0, 2.0];
        assert_eq!(
            weight_norm(&v, &[10.0, 1.0], &[2, 2], Some(0)),
            [6.0, 8.0, 0.0, 1.0]
        );
        let columns = weight_norm(&v, &[3.0, 1.0], &[2, 2], Some(1));
        assert_eq!(columns[0], 3.0);
        assert!((columns[3] - 2.0 / 20.0_f32.sqrt()).abs() < 1e-6);
        let all = weight_norm(&v, &[1.0], &[2, 2], None);
        assert!((all[1] - 4.0 / 29.0_f32.sqrt()).abs() < 1e-6);
    }
}
