//! Every measure of a head against its definition, computed in `f64` from plain weights; several texts together as one after the
//! other, bit for bit.

use crate::causal::{FAMILIES, HeadRun, Plain};
use spanscope_core::analysis::Mean;
use spanscope_core::analysis::sums::{EffectiveRow, SumRecorder, Sums, Totals, rows};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{BLOCK, Cancel, Network, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/families")
        .join(family)
}

/// Texts in which tokens come again; GPT-2 has positions for 64.
fn texts(limit: usize) -> Vec<Vec<u32>> {
    let text = |len: usize, step: u32| {
        (0..len as u32)
            .map(|i| (i * i * step + i / 3) % 23)
            .collect()
    };
    let all = vec![text(60, 7), text(41, 5), text(140, 3), text(3, 2)];
    all.into_iter()
        .filter(|text: &Vec<u32>| text.len() <= limit)
        .collect()
}

fn measured(network: &Arc<Network>, ids: &[u32], sink_free: usize) -> Sums {
    let recorder = SumRecorder::new(network, false).measuring(network, ids, sink_free);
    let mut run = Run::new(Arc::clone(network));
    run.set(ids, &Cancel::default(), &recorder).unwrap();
    let totals = Totals {
        texts: 1,
        tokens: ids.len() as u64,
        ..Totals::default()
    };
    recorder.finish(totals).unwrap()
}

fn norm(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The value of a mean's measure for one query; `None` where the query is none of those that it is over.
fn value(mean: Mean, head: &HeadRun, ids: &[u32], t: usize) -> Option<f64> {
    let row = &head.weights[t];
    let all: f64 = row.iter().sum();
    let sum = |is: &dyn Fn(usize) -> bool| (0..=t).filter(|j| is(*j)).map(|j| row[j]).sum::<f64>();
    Some(match mean {
        Mean::Sink if t < 1 => return None,
        Mean::SinkFour if t < 4 => return None,
        Mean::Sink => row[0],
        Mean::SinkFour => row[..4].iter().sum(),
        Mean::LearnedSink => head.sink[t],
        Mean::DistantMass => sum(&|j| j >= 4 && t - j >= 64),
        Mean::EffectiveKeys => all * all / row.iter().map(|a| a * a).sum::<f64>(),
        Mean::MinimumBudget => {
            let mut sorted = row.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let mut held = 0.0;
            let needed = sorted.iter().position(|a| {
                held += a;
                held >= 0.9 * all
            });
            needed.unwrap() as f64 + 1.0
        }
        Mean::Confidence => row.iter().copied().fold(0.0, f64::max),
        Mean::SelfWeight => row[t],
        Mean::Previous => t.checked_sub(1).map_or(0.0, |before| row[before]),
        Mean::Duplicate => sum(&|j| j < t && ids[j] == ids[t]),
        Mean::Induction => sum(&|j| j < t && j > 0 && ids[j - 1] == ids[t]),
        Mean::OutputNorm => norm(&head.output[t]),
    })
}

/// The smallest distance that holds a share of the weight on each.
fn effective(by_distance: &[f64], share: f64) -> usize {
    let all: f64 = by_distance.iter().sum();
    let mut held = 0.0;
    let reached = by_distance.iter().position(|weight| {
        held += weight;
        held >= share * all
    });
    reached.unwrap()
}

/// The weight by distance, counting what `weight` makes of each.
fn by_distance(heads: &[&HeadRun], weight: &dyn Fn(&HeadRun, usize, usize) -> f64) -> Vec<f64> {
    let longest = heads.iter().map(|head| head.weights.len()).max().unwrap();
    let mut sums = vec![0.0; longest];
    for head in heads {
        for t in 0..head.weights.len() {
            for j in 0..=t {
                sums[t - j] += weight(head, t, j);
            }
        }
    }
    sums
}

/// Mean and standard error over texts.
fn estimate(values: &[Vec<f64>]) -> (f64, f64) {
    let with: Vec<&Vec<f64>> = values.iter().filter(|of| !of.is_empty()).collect();
    let n: usize = with.iter().map(|of| of.len()).sum();
    let mean = with.iter().flat_map(|of| of.iter()).sum::<f64>() / n as f64;
    let m = with.len() as f64;
    let spread = with
        .iter()
        .map(|of| (of.iter().sum::<f64>() - mean * of.len() as f64).powi(2));
    (
        mean,
        (m / (m - 1.0) * spread.sum::<f64>()).sqrt() / n as f64,
    )
}

#[test]
fn measures_are_what_their_definitions_say() {
    for family in FAMILIES {
        let limit = if family == "gpt2" { 64 } else { usize::MAX };
        let (texts, sink_free) = (texts(limit), 2);
        let network = Checkpoint::open(&folder(family)).unwrap();
        let network = Arc::new(Network::load(&network, None).unwrap());
        let plain = Plain::open(&folder(family));
        let plain: Vec<_> = texts.iter().map(|ids| plain.run(ids)).collect();
        let mut all = Sums::new(&network, false).measuring(sink_free);
        for ids in &texts {
            all.add(&measured(&network, ids, sink_free)).unwrap();
        }
        let rows = rows(&all);
        for row in &rows {
            let (layer, h) = (row.layer, row.head);
            let heads: Vec<&HeadRun> = plain.iter().map(|run| &run.heads[layer][h]).collect();
            let numbers = row.rows.unwrap();
            let name = format!("{family} L{layer}H{h}");
            for mean in Mean::ALL {
                let values = heads.iter().zip(&texts).map(|(head, ids)| -> Vec<f64> {
                    (0..ids.len())
                        .filter_map(|t| value(mean, head, ids, t))
                        .collect()
                });
                let (mut want, mut error) = estimate(&values.collect::<Vec<_>>());
                if mean == Mean::OutputNorm {
                    let of_layer = (0..plain[0].heads[layer].len()).map(|other| {
                        let norms = plain
                            .iter()
                            .flat_map(|run| run.heads[layer][other].output.iter());
                        let norms: Vec<f64> = norms.map(|row| norm(row)).collect();
                        norms.iter().sum::<f64>() / norms.len() as f64
                    });
                    let of_layer: Vec<f64> = of_layer.collect();
                    let layer_mean = of_layer.iter().sum::<f64>() / of_layer.len() as f64;
                    (want, error) = (want / layer_mean, error / layer_mean);
                }
                let found = numbers.mean(mean).unwrap();
                // A row that reaches its share just at a key may count one more or less.
                let (near, wide) = match mean {
                    Mean::MinimumBudget => (0.02, 0.02),
                    Mean::EffectiveKeys => (2e-3, 2e-3),
                    Mean::OutputNorm => (2e-4, 2e-4),
                    _ => (2e-5, 3e-5),
                };
                assert!(
                    (found.mean - want).abs() < near,
                    "{name} {mean:?}: {found:?}, not {want}"
                );
                assert!(
                    (found.error.unwrap() - error).abs() < wide,
                    "{name} {mean:?}: {found:?}, not {error}"
                );
            }
            let weights = by_distance(&heads, &|head, t, j| head.weights[t][j]);
            let total: f64 = weights.iter().sum();
            let moment = |power: i32| {
                let terms = weights
                    .iter()
                    .enumerate()
                    .map(|(d, w)| (d as f64).powi(power) * w);
                terms.sum::<f64>() / total
            };
            let variance = moment(2) - moment(1).powi(2);
            assert!(
                (row.variance.unwrap() - variance).abs() < 2e-4 * (1.0 + variance),
                "{name}"
            );
            let near = |found: Option<usize>, want: usize, what: &str| {
                assert!(
                    found.unwrap().abs_diff(want) <= 1,
                    "{name} {what}: {found:?}, not {want}"
                );
            };
            let free = by_distance(&heads, &|head, t, j| match j < sink_free {
                true => 0.0,
                false => head.weights[t][j],
            });
            for (i, share) in [0.5, 0.9, 0.99].into_iter().enumerate() {
                near(row.effective[i], effective(&weights, share), "effective");
                near(numbers.effective[i], effective(&free, share), "sink-free");
            }
            let written = by_distance(&heads, &|head, t, j| {
                let term = |j: usize| head.weights[t][j] * norm(&head.writes[j]);
                term(j) / (0..=t).map(term).sum::<f64>()
            });
            near(
                numbers.norm_effective,
                effective(&written, 0.9),
                "norm-weighted",
            );
            let mut spans: Vec<usize> = heads
                .iter()
                .flat_map(|head| head.weights.iter())
                .map(|row| effective(&row.iter().rev().copied().collect::<Vec<f64>>(), 0.9))
                .collect();
            spans.sort_unstable();
            for (found, share) in numbers
                .quantiles
                .unwrap()
                .into_iter()
                .zip([0.1, 0.5, 0.9, 0.99])
            {
                let want = spans[((share * spans.len() as f64).ceil() as usize).max(1) - 1];
                assert!(
                    found.abs_diff(want) <= 1 + want / 64,
                    "{name}: {found}, not {want}"
                );
            }
        }
    }
}

#[test]
fn texts_add_up_to_the_same_in_any_order_and_however_a_text_is_cut() {
    let network = Checkpoint::open(&folder("gpt_oss")).unwrap();
    let network = Arc::new(Network::load(&network, None).unwrap());
    let sums: Vec<Sums> = texts(usize::MAX)
        .iter()
        .map(|ids| measured(&network, ids, 1))
        .collect();
    let together = |order: &[usize]| {
        let mut all = Sums::new(&network, false).measuring(1);
        order.iter().for_each(|i| all.add(&sums[*i]).unwrap());
        all
    };
    let all = together(&[0, 1, 2, 3]);
    assert_eq!(together(&[3, 1, 0, 2]), all);
    let (mut a, b) = (together(&[2, 0]), together(&[1, 3]));
    a.add(&b).unwrap();
    assert_eq!(a, all);
    assert!(all.measured.unwrap().has_norms);

    // In other blocks, and by a run that forgets.
    let ids = &texts(usize::MAX)[2];
    for block in [64, 128] {
        let recorder = SumRecorder::new(&network, false).measuring(&network, ids, 1);
        let mut run = Run::new(Arc::clone(&network));
        run.for_length(ids.len());
        for block in ids.chunks(block) {
            run.extend(block, BLOCK, &Cancel::default(), &recorder)
                .unwrap();
            run.forget();
        }
        let totals = sums[2].totals;
        assert_eq!(recorder.finish(totals).unwrap(), sums[2], "{block}");
    }
}

#[test]
fn sums_of_before_and_other_sinks_do_not_mix_unseen() {
    let network = Checkpoint::open(&folder("llama")).unwrap();
    let network = Arc::new(Network::load(&network, None).unwrap());
    let ids = &texts(usize::MAX)[0];
    let mut one = measured(&network, ids, 1);
    let error = one.add(&measured(&network, ids, 4)).unwrap_err();
    assert!(error.to_string().contains("--sink-free"), "{error}");
    // What was measured on rows is not known of both.
    let recorder = SumRecorder::new(&network, false);
    let mut run = Run::new(Arc::clone(&network));
    run.set(ids, &Cancel::default(), &recorder).unwrap();
    let old = recorder.finish(one.totals).unwrap();
    one.add(&old).unwrap();
    assert!(one.measured.is_none());
    let all: Vec<EffectiveRow> = rows(&one);
    assert!(
        all.iter()
            .all(|row| row.rows.is_none() && row.variance.is_some())
    );
}
