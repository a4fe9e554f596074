//! Heads and shares in words.

use crate::chart::thousands;
use crate::engine::{Combine, Heads, LoadedModel, Weighting};
use crate::model::{HeadId, Reach};
use crate::text::{Unit, Vocabulary};
use crate::ui::language::{tr, trf};

/// "Layer 3, head 2", both from 0.
pub fn head_name(HeadId { layer, head }: HeadId) -> String {
    trf("Layer {0}, head {1}", &[&layer, &head])
}

/// So many tokens.
pub fn tokens(count: usize) -> String {
    match count {
        1 => tr("1 token").to_owned(),
        count => trf("{0} tokens", &[&thousands(count)]),
    }
}

/// The unit that bits are counted by: where a token is a byte or a character, the field says "bits per character".
pub fn bits_unit(model: Option<&LoadedModel>) -> &'static str {
    let vocabulary = model.and_then(|model| model.vocabulary.as_ref());
    match vocabulary.map(Vocabulary::unit) {
        Some(Unit::Byte | Unit::Char) => tr("bits/char"),
        _ => tr("bits/token"),
    }
}

/// A reach in a few words: "2,048 tokens", or "no limit".
pub fn reach_in_tokens(reach: Reach) -> String {
    match reach.end() {
        Some(count) => tokens(count),
        None => tr("no limit").to_owned(),
    }
}

/// As [`reach_in_tokens`], without the unit where there is a number.
pub fn reach_words(reach: Reach) -> String {
    reach
        .end()
        .map_or_else(|| tr("no limit").to_owned(), thousands)
}

/// A reach with its name: "reach 2,048", or "no limit".
pub fn named_reach(reach: Reach) -> String {
    match reach.end() {
        Some(tokens) => trf("reach {0}", &[&thousands(tokens)]),
        None => tr("no limit").to_owned(),
    }
}

/// The selected heads in a few words, and the numbers that are shown as their weights where these are not attention weights.
pub fn heads_name(heads: &Heads) -> String {
    weighted(plain_heads_name(heads), heads.weighting())
}

/// A name with the numbers that are shown as weights, where these are not attention weights.
pub fn weighted(name: String, weighting: Weighting) -> String {
    match weighting {
        Weighting::Attention => name,
        Weighting::Norm => trf("{0} · {1}", &[&name, &tr("norm-weighted")]),
    }
}

fn plain_heads_name(heads: &Heads) -> String {
    match heads.single() {
        Some(head) => head_name(head),
        None => match heads.combine() {
            Combine::Mean => trf("mean of {0} heads", &[&heads.all().len()]),
            Combine::Max => trf("largest of {0} heads", &[&heads.all().len()]),
        },
    }
}

/// A share as a percentage.
pub fn percent(share: f32) -> String {
    // A sum of nothing is −0 in floating point.
    let percent = (100.0 * share).max(0.0) + 0.0;
    if percent > 0.0 && percent < 0.1 {
        "< 0.1 %".into()
    } else {
        format!("{percent:.1} %")
    }
}

/// A change with its sign and so many decimals, also where it is nothing.
pub fn signed(value: f64, decimals: usize) -> String {
    let unit = 10_f64.powi(decimals as i32);
    let value = (unit * value).round() / unit;
    let sign = if value < 0.0 { "\u{2212}" } else { "+" };
    format!("{sign}{:.decimals$}", value.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(percent(0.1234), "12.3 %");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(-0.0), "0.0 %");
        assert_eq!(percent(0.0004), "< 0.1 %");
    }
}
