//! Sums against plain ones, and against what else measures the same.

use super::*;
use crate::analysis::{ShareRecorder, Survey};
use crate::checkpoint::Checkpoint;
use crate::model::{BLOCK, Cancel, HeadWeights, Observer, Run};
use std::path::Path;
use std::sync::{Arc, Mutex};

const MODELS: [&str; 4] = [
    "tiny_adaptive",
    "tiny_fixed",
    "tiny_all_attention",
    "tiny_adaptive_io",
];

fn network(name: &str) -> Arc<Network> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join(format!("tests/data/{name}.pt"));
    let file = Checkpoint::open(&path).unwrap();
    Arc::new(Network::load(&file, Some(16.into())).unwrap())
}

fn text(len: usize) -> Vec<u32> {
    (0..len as u32).map(|i| (i * i * 7 + i / 3) % 60).collect()
}

fn totals(tokens: usize) -> Totals {
    Totals {
        texts: 1,
        tokens: tokens as u64,
        ..Totals::default()
    }
}

fn measure(network: &Arc<Network>, ids: &[u32]) -> (Sums, Run) {
    let recorder = SumRecorder::new(network, true);
    let mut run = Run::new(Arc::clone(network));
    let cancel = Cancel::default();
    run.extend(ids, BLOCK, &cancel, &recorder).unwrap();
    recorder.probe(&run, 0..ids.len(), &cancel).unwrap();
    (recorder.finish(totals(ids.len())).unwrap(), run)
}

/// Less than half a unit off for each tile of 64 queries, and what rounding in double precision adds.
fn near(units: u64, exact: f64, tokens: usize) {
    let bound = (tokens.div_ceil(64) as f64) * 0.5 * UNIT + 1e-12;
    let far = (from_units(units) - exact).abs();
    assert!(far <= bound, "{far} {bound}");
}

#[test]
fn sums_are_plain_sums_within_the_bound() {
    for name in MODELS {
        for len in [1, 63, 64, 65, 700] {
            let (sums, run) = measure(&network(name), &text(len));
            for head in &sums.heads {
                let span = &head.span;
                let weights = run.head_weights(span.layer, span.head, 0, len).unwrap();
                let mut distances = vec![0.0; span.reach.keys()];
                for t in 0..len {
                    for (sum, w) in distances.iter_mut().zip(weights.row(t)).take(t) {
                        *sum += f64::from(*w);
                    }
                }
                for (units, exact) in head.distances.iter().zip(&distances) {
                    near(*units, *exact, len);
                }
                let empty = weights.empty.iter().map(|w| f64::from(*w)).sum();
                near(head.empty, empty, len);
                assert_eq!(head.vectors.len(), weights.vectors);
                for (n, units) in head.vectors.iter().enumerate() {
                    let all = (0..len).map(|t| f64::from(weights.persistent_row(t)[n]));
                    near(*units, all.sum(), len);
                }
                assert_eq!(
                    head.whole_reach,
                    len.saturating_sub(span.reach.keys()) as u64
                );
            }
        }
    }
}

#[test]
fn a_survey_and_the_shares_say_the_same() {
    for name in MODELS {
        let network = network(name);
        let (sums, run) = measure(&network, &text(700));
        let mut survey = Survey::new(&network);
        assert!(survey.go_on(&run, &(0..700), &Cancel::default()));
        let architecture = network.architecture();
        let shares = ShareRecorder::new(architecture.nb_layers(), architecture.nb_heads());
        let mut again = Run::new(Arc::clone(&network));
        again
            .extend(&text(700), BLOCK, &Cancel::default(), &shares)
            .unwrap();
        let rows = rows(&sums);
        let all = rows.iter().zip(survey.measures()).zip(shares.means(700));
        for ((row, measure), shares) in all {
            assert_eq!((row.layer, row.head), (measure.layer, measure.head));
            let close = |a: f64, b: f32| assert!((a - f64::from(b)).abs() < 2e-5, "{a} {b}");
            close(row.context, measure.context);
            close(row.context, shares.context);
            close(row.persistent, shares.persistent);
            close(row.empty, shares.empty);
            close(row.previous, measure.previous);
            close(row.in_ramp, measure.in_ramp);
            close(row.removed.unwrap(), measure.removed);
            close(row.entropy.unwrap(), measure.entropy);
            let (a, b) = (row.mean_distance.unwrap(), measure.mean_distance.unwrap());
            assert!((a - f64::from(b)).abs() < 1e-4 * a, "{a} {b}");
            // Just where a share is reached, a rounding may decide.
            for (a, b) in row.effective.iter().zip(measure.effective) {
                assert!(a.unwrap().abs_diff(b.unwrap()) <= 1);
            }
            let span = &sums.heads[row.layer * architecture.nb_heads() + row.head].span;
            assert_eq!(row.flag, crate::analysis::flag(&measure, span));
        }
    }
}

/// Keeps the tiles of a run.
#[derive(Default)]
struct Tiles(Mutex<Vec<(usize, usize, HeadWeights)>>);

impl Observer for Tiles {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        self.0.lock().unwrap().push((layer, head, weights.clone()));
    }
}

#[test]
fn tiles_in_any_order_give_the_same() {
    let network = network("tiny_all_attention");
    let tiles = Tiles::default();
    let mut run = Run::new(Arc::clone(&network));
    run.extend(&text(500), BLOCK, &Cancel::default(), &tiles)
        .unwrap();
    let mut tiles = tiles.0.into_inner().unwrap();
    let sums = |tiles: &[(usize, usize, HeadWeights)]| {
        let recorder = SumRecorder::new(&network, false);
        for (layer, head, tile) in tiles {
            Observer::head(&recorder, *layer, *head, tile);
        }
        recorder.finish(totals(500)).unwrap()
    };
    let expected = sums(&tiles);
    tiles.reverse();
    assert_eq!(sums(&tiles), expected);
    tiles.sort_by_key(|(layer, head, tile)| (tile.first * 7 % 13, *head, *layer));
    assert_eq!(sums(&tiles), expected);
    // All queries at once, as a recorded run tells them.
    let recorder = SumRecorder::new(&network, false);
    for head in &expected.heads {
        let (layer, head) = (head.span.layer, head.span.head);
        let all = run.head_weights(layer, head, 0, 500).unwrap();
        Observer::head(&recorder, layer, head, &all);
    }
    assert_eq!(recorder.finish(totals(500)).unwrap(), expected);
    // A head that there is not is passed over, and what is no number is refused.
    let recorder = SumRecorder::new(&network, false);
    let mut tile = tiles[0].2.clone();
    Observer::head(&recorder, 99, 0, &tile);
    tile.persistent[3] = f32::NAN;
    Observer::head(&recorder, 0, 0, &tile);
    assert_eq!(recorder.finish(totals(1)), Err(SumsError::NotFinite));
}

#[test]
fn what_does_not_fit_is_not_added() {
    let (adaptive, fixed) = (network("tiny_adaptive"), network("tiny_fixed"));
    let mut sums = Sums::new(&adaptive, false);
    let before = sums.clone();
    assert_eq!(
        sums.add(&Sums::new(&fixed, false)),
        Err(SumsError::Different)
    );
    assert_eq!(
        sums.add(&Sums::new(&adaptive, true)),
        Err(SumsError::Different)
    );
    let mut large = before.clone();
    large.totals.tokens = MOST_TOKENS;
    let mut one = before.clone();
    one.totals.tokens = 1;
    assert_eq!(sums.add(&large), Ok(()));
    assert_eq!(sums.add(&one), Err(SumsError::Full));
    assert_eq!(sums, large);
    let mut full = before.clone();
    (full.heads[1].distances[0], one.heads[1].distances[0]) = (u64::MAX, 1);
    assert_eq!(full.add(&one), Err(SumsError::Overflow));
    assert_eq!(
        (full.heads[1].distances[0], full.totals.tokens),
        (u64::MAX, 0)
    );
}

#[test]
fn nothing_measured_is_no_trouble() {
    for name in MODELS {
        let sums = Sums::new(&network(name), true);
        for row in rows(&sums) {
            assert_eq!((row.effective, row.mean_distance), ([None; 3], None));
            assert_eq!((row.context, row.in_ramp, row.flag), (0.0, 0.0, None));
        }
        assert!(usage(&sums).iter().all(Option::is_none));
        assert_eq!(sums.totals.bits_per_token(), None);
    }
}

#[test]
fn a_reach_is_unused_only_where_the_texts_are_long_enough() {
    let network = network("tiny_adaptive");
    let mut sums = Sums::new(&network, false);
    let span = Span {
        layer: 0,
        head: 0,
        span: 84.0,
        reach: crate::model::Reach::of(100),
        ..network.spans()[0]
    };
    sums.totals.tokens = 100_000;
    let head = &mut sums.heads[0];
    head.span = span;
    head.distances = vec![0; 100];
    head.distances[0] = to_units(90_000.0);
    head.whole_reach = 99;
    assert_eq!(rows(&sums)[0].flag, None);
    sums.heads[0].whole_reach = 100;
    assert_eq!(rows(&sums)[0].flag, Some(crate::analysis::SpanFlag::Unused));
}

#[test]
fn units_round_to_the_nearest() {
    assert_eq!(to_units(1.0), 1 << 32);
    assert_eq!(to_units(0.4 * UNIT), 0);
    assert_eq!(to_units(0.6 * UNIT), 1);
    assert_eq!(to_units(f64::NAN), 0);
    assert_eq!(from_units(to_units(0.75)), 0.75);
}
