//! Measures of rows against plain ones.

use super::*;
use proptest::prelude::*;

fn plain_budget(weights: &[f32], share: f64) -> usize {
    let mut sorted: Vec<f64> = weights.iter().copied().map(f64::from).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let all: f64 = sorted.iter().sum();
    let mut held = 0.0;
    let reached = sorted.iter().position(|weight| {
        held += weight;
        held >= share * all * (1.0 - 1e-7)
    });
    reached.map_or(0, |at| at + 1)
}

fn plain_span(weights: &[f32], share: f64) -> usize {
    let all: f64 = weights.iter().copied().map(f64::from).sum();
    let mut held = 0.0;
    let reached = weights.iter().position(|weight| {
        held += f64::from(*weight);
        held >= share * all * (1.0 - 1e-7)
    });
    reached.unwrap_or(0)
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
        let (totals, mut room) = (Totals::of(&weights), Vec::new());
        let exact: f64 = weights.iter().copied().map(f64::from).sum();
        prop_assert!((totals.sum - exact).abs() < 1e-6);
        for share in [0.5, 0.9, 0.99] {
            // Just where a share is reached, a rounding may decide.
            let found = minimum_budget(&weights, &totals, share, &mut room);
            let want = plain_budget(&weights, share);
            prop_assert!(found.abs_diff(want) <= 1, "{found} {want}");
            let found = row_span(&weights, &totals, share).unwrap();
            let want = plain_span(&weights, share);
            prop_assert!(found.abs_diff(want) <= 1, "{found} {want}");
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
        let (text, mut room) = (Occurrences::of(&ids), Vec::new());
        let all = row.measures(&text, &mut room);
        for mean in Mean::ALL {
            let one = row.one(mean, &text, &mut room);
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
    let (none, mut room) = (Totals::of(&[0.0; 5]), Vec::new());
    assert_eq!(minimum_budget(&[0.0; 5], &none, 0.9, &mut room), 0);
    assert_eq!(row_span(&[0.0; 5], &none, 0.9), None);
    assert_eq!(row_span(&[], &Totals::of(&[]), 0.9), None);
    let odd = [f32::NAN, 1.0];
    assert_eq!(minimum_budget(&odd, &Totals::of(&odd), 0.9, &mut room), 0);
}

#[test]
fn names_are_in_order() {
    for (i, mean) in Mean::ALL.into_iter().enumerate() {
        assert_eq!(mean.index(), i);
    }
}
