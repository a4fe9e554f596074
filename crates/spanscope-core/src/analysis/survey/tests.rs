//! Surveys of small networks whose checkpoints the published code wrote.

use super::*;
use crate::checkpoint::Checkpoint;
use crate::model::{HeadWeights, NoObserver};
use std::path::Path;
use std::time::Duration;

/// Adaptive and fixed span, with and without persistent vectors; one whose first layer looks mostly beyond its reach.
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

fn run(network: &Arc<Network>, ids: &[u32]) -> Run {
    let mut run = Run::new(Arc::clone(network));
    run.set(ids, &Cancel::default(), &NoObserver).unwrap();
    run
}

fn survey(run: &Run, joined: usize) -> Survey {
    let mut survey = Survey::new(run.network());
    survey.joined = joined;
    assert!(survey.go_on(run, &(0..run.ids().len()), &Cancel::default()));
    survey
}

/// Bit for bit, pictures with their not-a-numbers included.
fn assert_same(a: &Survey, b: &Survey) {
    assert_eq!(a.range(), b.range());
    assert_eq!(a.measures(), b.measures());
    for shape in a.shapes.iter() {
        let (layer, head) = (shape.layer, shape.head);
        assert_eq!(a.by_distance(layer, head), b.by_distance(layer, head));
        assert_eq!(a.removed(layer, head), b.removed(layer, head));
        let bits = |survey: &Survey| {
            let picture = survey.thumbnail(HeadId { layer, head }, usize::MAX, (1000, 1000));
            let values = picture.values.iter().map(|value| value.to_bits());
            (picture.rows, values.collect::<Vec<_>>())
        };
        assert_eq!(bits(a), bits(b));
    }
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 2e-5 * (1.0 + b.abs()), "{a} {b}");
}

/// The weights of query `i` on tokens of the text.
fn tokens(weights: &HeadWeights, i: usize) -> &[f32] {
    weights.on_text(weights.first + i)
}

#[test]
fn sums_by_distance_and_measures_are_those_of_the_weights() {
    for name in MODELS {
        let run = run(&network(name), &text(200));
        let survey = survey(&run, 1);
        assert_eq!(survey.range(), 0..200);
        for (measure, span) in survey.measures().iter().zip(run.network().spans()) {
            assert_eq!((measure.layer, measure.head), (span.layer, span.head));
            let weights = run.head_weights(span.layer, span.head, 0, 200).unwrap();
            let mut means = vec![0.0_f64; span.reach.keys()];
            let mut entropy = 0.0;
            for i in 0..200 {
                for (mean, weight) in means.iter_mut().zip(tokens(&weights, i)) {
                    *mean += f64::from(*weight) / 200.0;
                }
                let row = tokens(&weights, i).iter();
                let all = row
                    .chain(weights.persistent_row(i))
                    .chain([&weights.empty[i]]);
                let all: Vec<f64> = all.map(|w| f64::from(*w)).collect();
                let sum: f64 = all.iter().sum();
                let terms = all.iter().filter(|w| **w > 0.0).map(|w| w / sum);
                entropy -= terms.map(|w| w * w.log2()).sum::<f64>() / 200.0;
            }
            let by_distance = survey.by_distance(span.layer, span.head);
            assert_eq!(span.reach, by_distance.len());
            for (got, mean) in by_distance.iter().zip(&means) {
                close(f64::from(*got), *mean);
            }
            close(f64::from(measure.entropy), entropy);
            close(f64::from(measure.previous), means[0]);
            close(f64::from(measure.context), means.iter().sum());
            let moment: f64 = (1..).zip(&means).map(|(d, w)| f64::from(d) * w).sum();
            close(
                f64::from(measure.mean_distance.unwrap()),
                moment / means.iter().sum::<f64>(),
            );
            for (effective, share) in measure.effective.iter().zip(EFFECTIVE_SHARES) {
                // Just where a share is reached, a rounding may decide.
                let [near, far] = [-1e-5, 1e-5].map(|more| effective_of(&means, share + more));
                assert!((near..=far).contains(&effective.unwrap()));
            }
        }
    }
}

fn effective_of(means: &[f64], share: f64) -> usize {
    effective(means, 1, share).unwrap()
}

#[test]
fn the_largest_weight_of_every_cell_is_in_the_picture() {
    for name in MODELS {
        let run = run(&network(name), &text(150));
        let survey = survey(&run, 1);
        let edges = survey.bin_edges(150);
        for span in run.network().spans() {
            let weights = run.head_weights(span.layer, span.head, 0, 150).unwrap();
            let picture = survey.thumbnail(span.id(), 150, (1000, 1000));
            assert_eq!((picture.rows, picture.columns), (19, edges.len() - 1));
            for (r, row) in picture.values.chunks_exact(picture.columns).enumerate() {
                for (value, bin) in row.iter().zip(edges.windows(2)) {
                    if bin[0] > span.reach.keys() {
                        assert!(value.is_nan());
                        continue;
                    }
                    let queries = r * 8..(r * 8 + 8).min(150);
                    let most = queries.flat_map(|t| {
                        let row = tokens(&weights, t);
                        row[(bin[0] - 1).min(row.len())..(bin[1] - 1).min(row.len())].iter()
                    });
                    let most = most.copied().fold(0.0, f32::max);
                    assert!((value - most).abs() <= 1e-3 * most + 1e-6, "{value} {most}");
                }
            }
        }
    }
}

#[test]
fn an_edit_gives_the_same_as_a_fresh_survey() {
    for name in MODELS {
        for joined in [1, 2, 4] {
            let network = network(name);
            let ids = text(300);
            for at in [0, 1, 63, 64, 100, 192, 256, 299] {
                let mut run = run(&network, &ids);
                let mut edited = survey(&run, joined);
                let before = edited.clone();
                let mut changed = ids.clone();
                changed[at] = (changed[at] + 1) % 60;
                changed.extend([5, 6, 7]);
                run.set(&changed, &Cancel::default(), &NoObserver).unwrap();
                edited.truncate(at);
                assert!(edited.range().end <= at);
                assert!(at - edited.range().end < joined * PIECE);
                let whole = edited.pieces.iter().filter(|piece| piece.is_whole());
                let kept = whole.count();
                assert!(edited.go_on(&run, &(0..303), &Cancel::default()));
                assert_same(&edited, &survey(&run, joined));
                // What lies before is shared, and the old survey is what it was.
                for (a, b) in edited.pieces[..kept].iter().zip(&before.pieces) {
                    assert!(Arc::ptr_eq(a, b));
                }
                assert_eq!(before.range(), 0..300);
            }
        }
    }
}

#[test]
fn tokens_one_by_one_give_the_same_as_all_at_once() {
    for joined in [1, 2] {
        let network = network("tiny_all_attention");
        let ids = text(150);
        let mut run = Run::new(Arc::clone(&network));
        let mut growing = Survey::new(&network);
        growing.joined = joined;
        let none = Cancel::default();
        for end in 1..=ids.len() {
            run.set(&ids[..end], &none, &NoObserver).unwrap();
            assert!(growing.go_on(&run, &(0..end), &none));
            assert_eq!(growing.range(), 0..end);
        }
        assert_same(&growing, &survey(&run, joined));
        assert_eq!(growing.pieces.len(), if joined == 1 { 3 } else { 2 });
    }
}

#[test]
fn an_edit_of_the_last_tokens_keeps_all_but_few_queries() {
    for joined in [1, 2] {
        let network = network("tiny_all_attention");
        let mut ids = text(190);
        let none = Cancel::default();
        let mut growing = survey(&run(&network, &ids), joined);
        // Words typed: the last tokens go, others come, and one more now and then.
        for i in 0..12 {
            let kept = ids.len() - i % 3;
            ids.truncate(kept);
            growing.truncate(kept);
            let end = growing.range().end;
            // But where two pieces have just become one.
            let just_joined = joined == 2 && (128..131).contains(&kept);
            assert!(end + 3 > kept || just_joined, "{kept}: {end}");
            ids.extend([i as u32 % 7 + 20, 9][..1 + i % 2].iter());
            let run = run(&network, &ids);
            assert!(growing.go_on(&run, &(0..ids.len()), &none));
            assert_same(&growing, &survey(&run, joined));
        }
        assert!(growing.earlier.len() <= MOST_EARLIER);
    }
}

#[test]
fn a_stopped_survey_keeps_whole_pieces_and_goes_on() {
    let network = network("tiny_adaptive");
    let run = run(&network, &text(3000));
    let expected = survey(&run, 1);
    let cancelled = Cancel::default();
    cancelled.cancel();
    let mut none = Survey::new(&network);
    assert!(!none.go_on(&run, &(0..3000), &cancelled));
    assert!(none.range().is_empty() && none.measures()[0].queries == 0);

    let mut halfway = 0;
    for tenths in 1..2000_u64 {
        let mut stopped = Survey::new(&network);
        let cancel = Cancel::default();
        let is_done = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_micros(100 * tenths));
                cancel.cancel();
            });
            stopped.go_on(&run, &(0..3000), &cancel)
        });
        let end = stopped.range().end;
        assert_eq!(is_done, end == 3000);
        assert!(is_done || end.is_multiple_of(PIECE));
        halfway += usize::from(end > 0 && !is_done);
        if is_done || halfway > 3 {
            assert!(stopped.go_on(&run, &(0..3000), &Cancel::default()));
            assert_same(&stopped, &expected);
            break;
        }
    }
    assert!(halfway > 0);
}

#[test]
fn a_window_that_moves_and_one_that_jumps() {
    let network = network("tiny_adaptive");
    let mut run = run(&network, &text(500));
    let none = Cancel::default();
    let mut survey = Survey::new(&network);
    assert!(survey.go_on(&run, &(100..300), &none));
    assert_eq!(survey.range(), 100..300);
    assert_eq!(survey.removed(0, 0).len(), 200);
    // Onwards: what is covered stays, but for pieces that lie wholly before.
    assert!(survey.go_on(&run, &(200..400), &none));
    assert_eq!(survey.range(), 192..400);
    // Backwards, and beyond a gap: from the start of what is wanted.
    assert!(survey.go_on(&run, &(150..380), &none));
    assert_eq!(survey.range(), 150..380);
    assert!(survey.go_on(&run, &(450..900), &none));
    assert_eq!(survey.range(), 450..500);
    // Of what is forgotten, only what is there already.
    run.forget_before(470);
    assert!(survey.go_on(&run, &(450..500), &none));
    assert_eq!(survey.range(), 450..500);
    assert!(survey.go_on(&run, &(0..500), &none));
    assert_eq!(survey.range(), 448..500);
    survey.drop_before(511);
    assert!(survey.range().is_empty());
}

#[test]
fn heads_that_are_not_there_have_nothing() {
    let run = run(&network("tiny_adaptive"), &text(20));
    let survey = survey(&run, 1);
    assert!(survey.by_distance(99, 0).is_empty() && survey.removed(0, 99).is_empty());
    assert_eq!(
        survey.thumbnail(HeadId::new(99, 0), 9, (5, 5)),
        Thumbnail::default()
    );
    assert_eq!(
        survey.thumbnail(HeadId::new(0, 0), 9, (0, 5)),
        Thumbnail::default()
    );
    assert!(survey.bytes() > 0);
}
