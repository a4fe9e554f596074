//! The operation of our own against the composed one, over shapes, bands and dropouts.

use super::super::dropout::{Dropout, mix};
use super::{Heads, Tensors, banded, composed};
use candle_core::{DType, Device, Tensor, Var};
use proptest::prelude::*;

fn numbers(seed: u64, shape: &[usize]) -> Var {
    let count = shape.iter().product();
    let number = |i: usize| (mix(seed ^ ((i as u64) << 9)) >> 40) as f32 / 8_388_608.0 - 1.0;
    let numbers: Vec<f32> = (0..count).map(number).collect();
    Var::from_tensor(&Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()).unwrap()
}

fn close(a: &Tensor, b: &Tensor, sums: f64, what: &str) -> Result<(), TestCaseError> {
    let of = |x: &Tensor| -> Vec<f64> {
        x.flatten_all()
            .unwrap()
            .to_dtype(DType::F64)
            .unwrap()
            .to_vec1()
            .unwrap()
    };
    let (a, b) = (of(a), of(b));
    // Where all cancels (a softmax over one key has no gradient), what is left is the rounding of sums of numbers up to 1: it grows with
    // the root of their count.
    let largest = b.iter().fold(2e-2 * sums, |m, x| m.max(x.abs()));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        prop_assert!(
            (a - b).abs() < 3e-5 * largest,
            "{what}[{i}]: {a} {b}, largest {largest}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn both_ways_to_attend_agree_forth_and_back(
        tokens in 1_usize..90,
        heads in 1_usize..4,
        head_dim in 1_usize..9,
        limit in 1_usize..70,
        vectors in prop_oneof![Just(0_usize), 1_usize..40],
        ramp in 1_usize..20,
        shares in prop::collection::vec(0.0_f32..1.0, 3),
        adaptive in any::<bool>(),
        rate in prop_oneof![Just(0.0_f32), Just(0.4)],
        seed in any::<u64>(),
    ) {
        let (batch, width) = (2, heads * head_dim);
        // Not on a whole number of tokens, where the mask has a corner.
        let z: Vec<f32> = shares[..heads].iter().map(|s| (s * limit as f32).floor() + 0.37).collect();
        let span: Vec<f32> = z.iter().map(|z| z / limit as f32).collect();
        let shape = Heads {
            heads,
            head_dim,
            limit,
            vectors,
            spans: adaptive.then(|| (ramp, z.clone())),
        };
        let longest = shape.longest();
        let q = numbers(seed, &[batch, tokens, width]);
        let kv = numbers(seed ^ 1, &[batch, longest + tokens + 3, 2 * width]);
        let positions = numbers(seed ^ 2, &[head_dim, longest]);
        let span = Var::from_tensor(&Tensor::from_vec(span, (heads, 1, 1), &Device::Cpu).unwrap()).unwrap();
        let keys = numbers(seed ^ 3, &[heads, head_dim, vectors]);
        let values = numbers(seed ^ 4, &[heads, vectors, head_dim]);
        let tensors = Tensors {
            positions: &positions,
            span: adaptive.then(|| span.as_tensor()),
            persistent: (vectors > 0).then(|| (keys.as_tensor(), values.as_tensor())),
        };
        let dropout = match rate > 0.0 {
            true => Dropout::new(rate, seed, 1, 2),
            false => Dropout::NONE,
        };
        let weights = numbers(seed ^ 5, &[batch, tokens, width]);
        let ours = banded::attend(&shape, &q, &kv, &tensors, dropout).unwrap();
        let theirs = composed::attend(&shape, &q, &kv, &tensors, dropout).unwrap();
        let sums = ((batch * tokens) as f64).sqrt();
        close(&ours, &theirs, sums, "out")?;
        let back = |out: &Tensor| (out * weights.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
        let (ours, theirs) = (back(&ours), back(&theirs));
        let mut all = vec![("q", &q), ("kv", &kv), ("positions", &positions)];
        if adaptive {
            all.push(("span", &span));
        }
        if vectors > 0 {
            all.extend([("keys", &keys), ("values", &values)]);
        }
        for (name, var) in all {
            // A span is z as a share of the limit: its gradient is that of z times the limit.
            let sums = if name == "span" { sums * limit as f64 } else { sums };
            close(ours.get(var).unwrap(), theirs.get(var).unwrap(), sums, name)?;
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_an_error() {
    let shape = Heads {
        heads: 1,
        head_dim: 2,
        limit: 8,
        vectors: 0,
        spans: None,
    };
    let (q, kv) = (numbers(1, &[1, 3, 2]), numbers(2, &[1, 7, 4]));
    let positions = numbers(3, &[2, 8]);
    let tensors = Tensors {
        positions: &positions,
        span: None,
        persistent: None,
    };
    let error = banded::attend(&shape, &q, &kv, &tensors, Dropout::NONE).unwrap_err();
    assert!(error.to_string().contains("do not fit"), "{error}");
}
