//! Measures of rows against plain ones.

use super::*;
use proptest::prelude::*;
use pulp::{Scalar, Scalar128b, Scalar256b, Scalar512b};

/// The sums of a row, and the budget and the span that hold a share of it.
struct All<'a>(&'a [f32], f64);

impl WithSimd for All<'_> {
    type Output = (Totals, usize, Option<usize>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Self(weights, share) = self;
        let totals = Totals::of(simd, weights);
        let budget = minimum_budget(simd, weights, &totals, share);
        let span = row_span(simd, weights, &totals, share);
        (totals, budget, span)
    }
}

fn all_of(weights: &[f32], share: f64) -> (Totals, usize, Option<usize>) {
    Arch::new().dispatch(All(weights, share))
}

/// True if the first `count` weights hold `share` of all, and one less do not: but for what roundings of 32 bits may decide, which can
/// be many of the smallest weights.
fn just_holds(weights: &[f32], count: usize, share: f64) -> bool {
    let sum = |weights: &[f32]| weights.iter().copied().map(f64::from).sum::<f64>();
    let wanted = share * sum(weights);
    let before = sum(&weights[..count.saturating_sub(1)]);
    sum(&weights[..count]) >= wanted * (1.0 - 4e-6) && before <= wanted * (1.0 + 4e-6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn budgets_and_spans_are_those_of_sorted_rows(
        logits in prop::collection::vec(-12.0_f32..12.0, 1..900),
        sharp in 0.0_f32..2.0,
    ) {
        let terms: Vec<f32> = logits.iter().map(|x| (x * sharp).exp()).collect();
        let sum: f32 = terms.iter().sum();
        let weights: Vec<f32> = terms.iter().map(|x| x / sum).collect();
        let (totals, ..) = all_of(&weights, 0.5);
        let exact: f64 = weights.iter().copied().map(f64::from).sum();
        prop_assert!((totals.sum - exact).abs() < 1e-6);
        for share in [0.5, 0.9, 0.99] {
            let (again, found, span) = all_of(&weights, share);
            // The same with vectors of any width.
            for other in [
                All(&weights, share).with_simd(Scalar::new()),
                All(&weights, share).with_simd(Scalar128b),
                All(&weights, share).with_simd(Scalar256b),
                All(&weights, share).with_simd(Scalar512b),
            ] {
                prop_assert_eq!(other, (again, found, span));
            }
            let mut sorted = weights.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            prop_assert!(just_holds(&sorted, found, share), "budget {found}");
            let span = span.unwrap();
            prop_assert!(just_holds(&weights, span + 1, share), "span {span}");
        }
    }

    #[test]
    fn a_measure_alone_is_the_same_as_among_all(
        weights in prop::collection::vec(0.0_f32..1.0, 0..200),
        ids in prop::collection::vec(0_u32..9, 220),
        nearest in 0_usize..2,
        learned_sink in 0.0_f32..1.0,
    ) {
        let query = (weights.len() + nearest).saturating_sub(1);
        let row = Row { weights: &weights, later: &[], query, nearest, learned_sink };
        let text = Occurrences::of(&ids);
        let all = row.measures(&text);
        for mean in Mean::ALL {
            let one = row.one(mean, &text);
            prop_assert_eq!(one.to_bits(), all.means[mean.index()].to_bits(), "{:?}", mean);
        }
        prop_assert_eq!(row.span(), all.span);
    }

    #[test]
    fn a_distance_is_near_the_largest_of_its_bin(distance in 0_usize..(1 << 22)) {
        let bin = span_bin(distance);
        let most = span_of_bin(bin);
        prop_assert!(most >= distance && most - distance <= distance / 64);
        prop_assert_eq!(span_bin(most), bin);
        prop_assert!(bin < SPAN_BINS);
    }

    #[test]
    fn earlier_positions_are_those_of_the_same_token(ids in prop::collection::vec(0_u32..6, 0..60)) {
        let text = Occurrences::of(&ids);
        for t in 0..ids.len() {
            let want: Vec<u32> = (0..t as u32).filter(|j| ids[*j as usize] == ids[t]).collect();
            prop_assert_eq!(text.earlier(t), &want[..]);
        }
        prop_assert!(text.earlier(ids.len()).is_empty());
    }
}

#[test]
fn a_row_without_weight_has_no_span_and_needs_no_key() {
    let of = |weights: &[f32]| {
        let (_, budget, span) = all_of(weights, 0.9);
        (budget, span)
    };
    assert_eq!(of(&[0.0; 5]), (0, None));
    assert_eq!(of(&[]), (0, None));
    assert_eq!(of(&[f32::NAN, 1.0]), (0, None));
    // As many as it takes of weights that are all the same, and of the smallest and the largest numbers.
    assert_eq!(of(&[0.125; 8]), (8, Some(7)));
    assert_eq!(of(&[1.0 / 1024.0; 1000]), (900, Some(899)));
    assert_eq!(of(&[f32::MIN_POSITIVE; 20]), (18, Some(17)));
    assert_eq!(of(&[f32::MAX / 4.0, 1.0, f32::MAX / 4.0]), (2, Some(2)));
}

#[test]
fn names_are_in_order() {
    for (i, mean) in Mean::ALL.into_iter().enumerate() {
        assert_eq!(mean.index(), i);
    }
}
