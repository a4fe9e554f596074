//! Runs of encoders, whose queries see later tokens: what is shown and measured, against the weights that were given.

use super::damage::{Parts, header, refusal, write};
use super::weights::{TOKENS, bytes, opened, stored};
use spanscope::analysis::{
    BandGrid, BandLayout, BandMargins, BandWindow, TextWeights, TokenAttention, TokenSet,
};
use spanscope::checkpoint::{Element, PlannedTensor};
use spanscope::engine::corpus::recorded_sums;
use spanscope::engine::run_file::BIDIRECTIONAL;
use spanscope::engine::{Combine, FinishedRun, Heads, Queries};
use spanscope::mixer;
use spanscope::model::{Cancel, HeadId};
use std::path::Path;

/// Weights of a layer, queries × heads × keys: random shares that add up to 1.
fn given(layer: usize, heads: usize) -> Vec<f32> {
    let mut state = 17 + layer as u64;
    let mut unit = || (mixer::next(&mut state) >> 11) as f64 / (1_u64 << 53) as f64;
    let mut all = Vec::with_capacity(TOKENS * heads * TOKENS);
    for _ in 0..TOKENS * heads {
        // A few large ones among many small.
        let row: Vec<f64> = (0..TOKENS).map(|_| unit().powi(8)).collect();
        let sum: f64 = row.iter().sum();
        all.extend(row.iter().map(|x| (x / sum) as f32));
    }
    all
}

/// A file of a small network's run in which all weights are given ones, in both directions.
fn encoder(path: &Path) -> (tempfile::TempDir, Parts, Vec<Vec<f32>>) {
    let (folder, _, mut parts) = stored("llama", path, None);
    let mut all = Vec::new();
    for (tensor, numbers) in &mut parts.0 {
        if tensor.name.ends_with(".weights") {
            let weights = given(all.len(), tensor.shape[1]);
            *tensor = PlannedTensor::new(
                tensor.name.clone(),
                Element::F32,
                &[TOKENS, tensor.shape[1], TOKENS],
            );
            *numbers = bytes(&weights);
            all.push(weights);
        }
    }
    header(&mut parts, |header| {
        header["requires"] = serde_json::json!([BIDIRECTIONAL]);
        let layers = header["model"]["config"]["layers"].as_array_mut().unwrap();
        for layer in layers {
            layer["attention"]["bidirectional"] = true.into();
        }
    });
    write(path, &parts);
    (folder, parts, all)
}

struct Given {
    weights: Vec<Vec<f32>>,
    heads: usize,
}

impl Given {
    fn at(&self, head: HeadId, query: usize, key: usize) -> f32 {
        self.weights[head.layer][(query * self.heads + head.head) * TOKENS + key]
    }
}

fn run_of(path: &Path, weights: Vec<Vec<f32>>) -> (FinishedRun, Given) {
    let run = opened(path);
    let heads = run.model().network.architecture().nb_heads();
    assert!(run.model().network.architecture().is_bidirectional());
    (run, Given { weights, heads })
}

#[test]
fn every_query_sees_every_token_in_pictures_and_sums() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (_files, _, weights) = encoder(&path);
    let (run, given) = run_of(&path, weights);
    let head = HeadId::new(1, 2);
    let found = run.at_hand().0.head_weights(1, 2, 0, TOKENS).unwrap();
    let part = run.at_hand().0.head_weights(1, 2, 40, 90).unwrap();
    for query in 0..TOKENS {
        for key in 0..TOKENS {
            let weight = given.at(head, query, key);
            assert_eq!(found.at(query, key), Some(weight));
            let of_part = (40..90).contains(&query).then_some(weight);
            assert_eq!(part.at(query, key), of_part);
        }
    }
    let text = TextWeights::from(found);
    let largest = given.weights[1].chunks(TOKENS).skip(2).step_by(given.heads);
    let largest = largest.flatten().fold(0.0_f32, |m, w| m.max(*w));
    assert_eq!(text.largest(), largest);
    // By key: the whole square. By distance: negative ones, to later tokens, before the others.
    let window = |layout, queries, columns| BandWindow {
        layout,
        queries,
        columns,
        width: 1000,
        height: 1000,
        ..BandWindow::default()
    };
    let by_key = BandGrid::new(&text, &window(BandLayout::Key, 0..TOKENS, 0..TOKENS));
    assert_eq!((by_key.width, by_key.height), (TOKENS, TOKENS));
    let wide = 2 * TOKENS - 1;
    let distances = window(BandLayout::Distance, 0..TOKENS, 0..usize::MAX);
    let by_distance = BandGrid::new(&text, &distances);
    assert_eq!((by_distance.width, by_distance.height), (wide, TOKENS));
    let margins = BandMargins::new(&text, &by_distance, &distances, &(0..TOKENS));
    let (mut seen, mut sums) = (vec![0; wide], vec![0.0_f64; wide]);
    for query in 0..TOKENS {
        for key in 0..TOKENS {
            let weight = given.at(head, query, key);
            let column = query + TOKENS - 1 - key;
            assert_eq!(by_key.values[query * TOKENS + key], weight);
            assert_eq!(by_distance.values[query * wide + column], weight);
            seen[column] += 1;
            sums[column] += f64::from(weight);
        }
    }
    let is_there = |value: &&f32| !value.is_nan();
    assert_eq!(
        by_distance.values.iter().filter(is_there).count(),
        TOKENS * TOKENS
    );
    for (mean, (sum, count)) in margins.mean.iter().zip(sums.iter().zip(&seen)) {
        assert!((f64::from(*mean) - sum / f64::from(*count)).abs() < 1e-6);
    }
    // A part of it, that begins on one side of distance 0 or on the other.
    for first in [TOKENS - 20, TOKENS + 5] {
        let part = window(BandLayout::Distance, 30..60, first..first + 30);
        let grid = BandGrid::new(&text, &part);
        let margins = BandMargins::new(&text, &grid, &part, &(30..60));
        for (row, query) in (30..60).enumerate() {
            for cell in 0..30 {
                let key = (query + TOKENS - 1).checked_sub(first + cell);
                let key = key.filter(|key| *key < TOKENS);
                let value = grid.values[row * 30 + cell];
                match key {
                    Some(key) => assert_eq!(value, given.at(head, query, key)),
                    None => assert!(value.is_nan()),
                }
            }
        }
        let column = first + 3;
        let all = (30..60).filter_map(|query: usize| {
            let key = (query + TOKENS - 1).checked_sub(column)?;
            (key < TOKENS).then(|| f64::from(given.at(head, query, key)))
        });
        let all: Vec<f64> = all.collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        assert!((f64::from(margins.mean[3]) - mean).abs() < 1e-6);
    }
    // What selected tokens read, and who reads them: on both sides.
    let mut tokens = TokenSet::one(100);
    tokens.insert(20..22);
    let gathered = TokenAttention::new(&text, &tokens);
    for token in 0..TOKENS {
        let read: f32 = [20, 21, 100]
            .map(|query| given.at(head, query, token))
            .iter()
            .sum();
        let reader: f32 = [20, 21, 100]
            .map(|key| given.at(head, token, key))
            .iter()
            .sum();
        assert!((gathered.read_of(token).unwrap() - read).abs() < 1e-6);
        assert!((gathered.reader(token).unwrap() - reader).abs() < 1e-6);
    }
}

#[test]
fn heads_have_numbers_of_each_direction() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (_files, _, weights) = encoder(&path);
    let (run, given) = run_of(&path, weights);
    let both = Heads::new(
        HeadId::new(0, 0),
        [HeadId::new(0, 0), HeadId::new(1, 2)],
        Combine::Mean,
    );
    let looks = Queries {
        survey: true,
        heads: both,
        ..Queries::default()
    };
    let snapshot = run.ask(&looks, &Cancel::default()).unwrap();
    let detail = snapshot.detail.clone().unwrap();
    let mean = |query, key| {
        let of = |layer, head| given.at(HeadId::new(layer, head), query, key);
        (of(0, 0) + of(1, 2)) / 2.0
    };
    for (query, key) in [(3, 140), (140, 3), (77, 77), (77, 78)] {
        assert!((detail.weight(query, key).unwrap() - mean(query, key)).abs() < 1e-7);
    }
    let stats = snapshot.surveyed.clone().unwrap();
    for measure in &stats.measures {
        let head = measure.id();
        let later = measure.later.unwrap();
        let mut sums = vec![0.0_f64; TOKENS];
        let (mut entropy, mut keys) = (0.0, 0.0);
        for query in 0..TOKENS {
            let row = (0..TOKENS).map(|key| f64::from(given.at(head, query, key)));
            let row: Vec<f64> = row.collect();
            for key in query + 1..TOKENS {
                sums[key - query] += row[key];
            }
            entropy -= row.iter().map(|w| w * w.max(1e-300).log2()).sum::<f64>();
            let sum: f64 = row.iter().sum();
            keys += sum * sum / row.iter().map(|w| w * w).sum::<f64>();
        }
        let all: f64 = sums.iter().sum();
        let n = TOKENS as f64;
        assert!((f64::from(later.weight) - all / n).abs() < 1e-5);
        let moment: f64 = (0..TOKENS).map(|d| d as f64 * sums[d]).sum();
        assert!((f64::from(later.mean_distance.unwrap()) - moment / all).abs() < 1e-2);
        for (share, found) in [0.5, 0.9, 0.99].into_iter().zip(later.effective) {
            let mut held = 0.0;
            let within = (1..TOKENS).find(|d| {
                held += sums[*d];
                held >= share * all
            });
            assert_eq!(found, within, "{head}");
        }
        assert!((f64::from(measure.entropy) - entropy / n).abs() < 1e-3);
        assert!((f64::from(measure.context) - 1.0).abs() < 1e-5);
        let found = measure
            .rows
            .unwrap()
            .mean(spanscope::analysis::Mean::EffectiveKeys);
        assert!((found.unwrap().mean - keys / n).abs() < 1e-3);
        if head == stats.leading.head {
            for (distance, mean) in (1..).zip(&stats.leading.by_later_distance) {
                assert!((f64::from(*mean) - sums[distance] / n).abs() < 1e-6);
            }
            assert_eq!(stats.leading.by_later_distance.len(), TOKENS - 1);
        }
    }
    let file = run.model().recorded.clone().unwrap();
    let sums = recorded_sums(run.model(), &file, None, 1, &Cancel::default(), &|_| {});
    let refused = sums.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("one text at a time"), "{refused}");
}

#[test]
fn what_no_encoder_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (_files, original, _) = encoder(&path);
    type Change = fn(&mut serde_json::Value);
    let changes: [(&str, Change); 4] = [
        ("in every layer", |h| h["attention"] = "queries-keys".into()),
        ("in every layer", |h| {
            h["model"]["config"]["layers"][1]["attention"]["bidirectional"] = false.into();
        }),
        ("in every layer", |h| {
            h["model"]["config"]["layers"][0]["attention"]["window"] =
                serde_json::json!({"fixed": 8});
        }),
        ("in every layer", |h| {
            let layers = h["model"]["config"]["layers"].as_array_mut();
            for layer in layers.into_iter().flatten() {
                layer["attention"]["nearest"] = 1.into();
            }
        }),
    ];
    for (said, change) in changes {
        let mut parts = original.clone();
        header(&mut parts, change);
        write(&path, &parts);
        let refused = refusal(&path);
        assert!(refused.contains(said), "{refused}");
    }
    let mut parts = original.clone();
    let tensor = parts
        .0
        .iter_mut()
        .find(|(t, _)| t.name.ends_with(".weights"));
    let (tensor, numbers) = tensor.unwrap();
    let heads = tensor.shape[1];
    *tensor = PlannedTensor::new(tensor.name.clone(), Element::F32, &[TOKENS, heads, 9]);
    numbers.truncate(TOKENS * heads * 9 * 4);
    write(&path, &parts);
    assert!(refusal(&path).contains("from 150 to 150 expected"));
}
