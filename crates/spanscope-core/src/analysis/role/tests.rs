//! Roles against their thresholds.

use super::*;
use crate::analysis::row_measures::{MEANS, RowNumbers};
use crate::analysis::survey::{Repeated, Repeats};
use crate::model::Span;
use crate::model::architecture::Window;

/// A head that sees all 512 tokens of a text, with nothing measured that stands out.
fn row(change: impl FnOnce(&mut HeadRow, &mut RowNumbers, &mut Repeats)) -> HeadRow {
    let repeated = Repeated {
        queries: 400,
        weight: plain(0.02),
        even: 0.02,
    };
    let mut repeats = Repeats {
        duplicate: Some(repeated),
        induction: Some(repeated),
        keys: 256.5,
    };
    let estimate = |mean| Estimate {
        mean,
        error: Some(0.01),
    };
    let mut numbers = RowNumbers {
        sink_free: 1,
        effective: [Some(10), Some(60), Some(300)],
        quantiles: None,
        norm_effective: None,
        means: [Some(estimate(0.1)); MEANS],
    };
    numbers.means[Mean::OutputNorm.index()] = Some(estimate(1.0));
    numbers.means[Mean::EffectiveKeys.index()] = Some(estimate(20.0));
    let mut row = HeadRow {
        span: Span {
            layer: 1,
            head: 2,
            span: 1024.0,
            reach: crate::model::Reach::of(1024),
            kept: 1024,
            window: Window::Full,
            designed: Window::Full,
            first: 0,
            columns: 1024,
            nearest: 0,
            open: true,
        },
        shares: None,
        measure: None,
        flag: None,
        ablated: false,
    };
    change(&mut row, &mut numbers, &mut repeats);
    row.measure = Some(HeadMeasure {
        layer: 1,
        head: 2,
        effective: [Some(10), Some(60), Some(300)],
        entropy: 3.0,
        context: 1.0,
        previous: 0.1,
        mean_distance: Some(20.0),
        in_ramp: 0.0,
        removed: 0.0,
        queries: 512,
        variance: Some(4.0),
        at_edge: 0.0,
        rows: Some(numbers),
        later: None,
        repeats: Some(repeats),
    });
    row
}

fn with(mean: Mean, value: f64) -> HeadRow {
    row(|_, numbers, _| {
        numbers.means[mean.index()] = Some(Estimate {
            mean: value,
            error: Some(0.012),
        });
    })
}

#[test]
fn a_head_has_the_role_whose_threshold_it_passes() {
    assert_eq!(role(&row(|_, _, _| {})), None);
    let cases = [
        (Mean::Sink, 0.8, Role::Sink),
        (Mean::OutputNorm, 0.1, Role::Inactive),
        (Mean::Previous, 0.5, Role::Previous),
        (Mean::SelfWeight, 0.5, Role::Itself),
        (Mean::DistantMass, 0.5, Role::Distant),
        (Mean::EffectiveKeys, 128.25, Role::Broad),
    ];
    for (mean, value, expected) in cases {
        assert_eq!(role(&with(mean, value)), Some(expected), "{expected:?}");
        let less = match expected.is_at_most() {
            true => value + 0.001,
            false => value - 0.001,
        };
        assert_eq!(role(&with(mean, less)), None, "{expected:?}");
    }
    let local = |within| row(|_, numbers, _| numbers.effective[2] = Some(within));
    assert_eq!(role(&local(16)), Some(Role::Local));
    assert_eq!(role(&local(17)), None);
}

#[test]
fn repeated_tokens_must_have_more_than_even_attention_gives_them() {
    let repeated = |weight, even| {
        row(|_, _, repeats| {
            let of = repeats.induction.as_mut().unwrap();
            (of.weight.mean, of.even) = (weight, even);
        })
    };
    assert_eq!(role(&repeated(0.3, 0.09)), Some(Role::Induction));
    assert_eq!(role(&repeated(0.3, 0.11)), None);
    assert_eq!(role(&repeated(0.29, 0.01)), None);
}

#[test]
fn what_it_does_is_said_with_the_evidence() {
    let mut head = with(Mean::Previous, 0.914);
    let rows = head.measure.as_mut().unwrap().rows.as_mut().unwrap();
    rows.effective[2] = Some(12);
    assert_eq!(
        described(&head),
        "previous token 0.91 ± 0.01; 99 % of the weight within 12 tokens"
    );
    assert_eq!(
        described(&row(|_, _, _| {})),
        "no role; 99 % of the weight within 300 tokens"
    );
    // Too little of a text says nothing.
    head.measure.as_mut().unwrap().queries = ROLE_QUERIES - 1;
    assert_eq!(
        (described(&head), role(&head)),
        ("not measured".into(), None)
    );
    for of in Role::ALL {
        assert_eq!(Role::named(of.key()), Some(of));
    }
}
