//! A recorded run against the live one.

use super::{data, file, ids, of_ids, of_text, record, sample, settled};
use spanscope::analysis::{Mean, TokenSet};
use spanscope::checkpoint::Dtype;
use spanscope::engine::run_file::{RecordOptions, Vectors};
use spanscope::engine::{
    Combine, Engine, HeadStats, Heads, LoadedModel, Queries, SAMPLES, Snapshot, Source,
};
use spanscope::model::{Cancel, HeadId, NoObserver, Run};
use std::path::Path;
use std::sync::Arc;

/// All that a window asks for, of some heads and tokens.
fn looks(heads: Heads, vector: Option<usize>) -> Queries {
    Queries {
        heads,
        tokens: TokenSet::from(120..140),
        prediction: Some(139),
        score: Some((139, 136)),
        vector,
        survey: true,
        thumbnails: Some((12, 12)),
        ..Queries::default()
    }
}

/// A survey without what is measured on values, which a run file does not keep: the norms of what heads write.
fn without_norms(stats: &HeadStats) -> HeadStats {
    let mut stats = stats.clone();
    for rows in stats.measures.iter_mut().filter_map(|of| of.rows.as_mut()) {
        rows.norm_effective = None;
        rows.means[Mean::OutputNorm.index()] = None;
    }
    stats
}

/// Everything that two snapshots show of a run is the same, bit for bit.
fn same(live: &Snapshot, recorded: &Snapshot, what: &str) {
    assert!(live.failure.is_none(), "{what}: {:?}", live.failure);
    assert!(recorded.failure.is_none(), "{what}: {:?}", recorded.failure);
    assert_eq!(live.tokens.text, recorded.tokens.text, "{what}");
    assert_eq!(live.tokens.ids, recorded.tokens.ids, "{what}");
    assert_eq!(live.done, recorded.done, "{what}");
    assert_eq!(live.at_hand, recorded.at_hand, "{what}");
    assert_eq!(live.surprisal, recorded.surprisal, "{what}: surprisal");
    assert_eq!(live.bits_per_token, recorded.bits_per_token, "{what}");
    assert_eq!(live.shares, recorded.shares, "{what}: shares");
    let (a, b) = (&live.detail, &recorded.detail);
    let (a, b) = (a.as_ref().unwrap(), b.as_ref().unwrap());
    assert_eq!(a.heads, b.heads, "{what}");
    assert_eq!(a.usage, b.usage, "{what}: usage");
    assert_eq!(a.largest, b.largest, "{what}");
    for query in 0..live.done {
        assert!(a.row(query) == b.row(query), "{what}: weights of {query}");
        assert_eq!(a.empty(query), b.empty(query), "{what}");
        let (a, b) = (&a.weights, &b.weights);
        assert!(a.persistent_row(query) == b.persistent_row(query), "{what}");
    }
    assert!(a.largest > 0.0, "{what}: nothing to compare");
    let (a, b) = (&live.gathered, &recorded.gathered);
    assert_eq!(format!("{a:?}"), format!("{b:?}"), "{what}: gathered");
    // Keys lie in the file as they are after positions.
    let of = |s: &Snapshot| {
        let mut score = s.score.as_deref().copied();
        score.iter_mut().for_each(|of| of.parts.unrotated = None);
        score
    };
    assert_eq!(of(live), of(recorded), "{what}: score");
    assert_eq!(live.prediction, recorded.prediction, "{what}: prediction");
    assert!(live.prediction.is_some(), "{what}");
    assert_eq!(live.vector, recorded.vector, "{what}: vector");
    let (a, b) = (&live.surveyed, &recorded.surveyed);
    let (a, b) = (a.as_ref().unwrap(), b.as_ref().unwrap());
    assert_eq!(a.queries, b.queries, "{what}");
    assert_eq!(a.leading, b.leading, "{what}: by distance");
    let b = format!("{b:?}");
    assert_eq!(format!("{:?}", without_norms(a)), b, "{what}: survey");
    assert_ne!(format!("{a:?}"), b, "{what}: the live run measures norms");
}

fn compare(live: Source, text: &str, run: &Path, what: &str) {
    let live = Engine::start(live, text.into(), || {});
    // The text that waits is another one.
    let recorded = Engine::start(file(run), "something else".into(), || {});
    let architecture = {
        let snapshot = settled(&live);
        snapshot
            .model
            .as_ref()
            .unwrap()
            .network
            .architecture()
            .clone()
    };
    let vectors = architecture.persistent();
    for layer in 0..architecture.nb_layers() {
        let head = (layer, layer % architecture.nb_heads());
        let vector = (vectors > 0).then_some(layer % vectors.max(1));
        for engine in [&live, &recorded] {
            engine.look(looks(Heads::one(head.into()), vector));
        }
        same(&settled(&live), &settled(&recorded), what);
    }
    for combine in [Combine::Mean, Combine::Max] {
        let all = (0..architecture.nb_layers()).map(|layer| HeadId::new(layer, 0));
        for engine in [&live, &recorded] {
            engine.look(looks(
                Heads::new(HeadId::new(0, 1), all.clone(), combine),
                None,
            ));
        }
        same(&settled(&live), &settled(&recorded), what);
    }
}

#[test]
fn runs_of_every_kind_of_network_look_the_same() {
    for name in [
        "tiny_adaptive",
        "tiny_fixed",
        "tiny_all_attention",
        "tiny_all_attention_fixed",
        "tiny_adaptive_io",
        "tiny_adaptive_io_tied_pers",
        "tiny_fairseq_layout",
    ] {
        let path = data(&format!("{name}.pt"));
        let model = LoadedModel::open(&path, None, None).unwrap();
        let ids = ids(700);
        let text: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let texts = vec![of_ids("ids.json", ids)];
        let (_folder, run) = record(&model, texts, &RecordOptions::default());
        compare(file(&path), &text.join(" "), &run, name);
    }
}

#[test]
fn a_sample_and_its_text_look_the_same() {
    for (i, sampled) in SAMPLES.iter().enumerate() {
        let texts = vec![of_text("text.txt", sampled.text)];
        let (_folder, run) = record(&sample(i), texts, &RecordOptions::default());
        compare(Source::Sample(sampled), sampled.text, &run, sampled.name);
    }
}

#[test]
fn every_score_and_every_prediction_is_there() {
    let model = sample(1);
    let texts = vec![of_text("text.txt", SAMPLES[1].text)];
    let (_folder, path) = record(&model, texts, &RecordOptions::default());
    let opened = LoadedModel::open(&path, None, None).unwrap();
    let recorded = opened.recorded.clone().unwrap();
    let text = recorded.text(0).unwrap();
    let mut live = Run::new(Arc::clone(&model.network));
    live.extend(&text.ids, 512, &Cancel::default(), &NoObserver)
        .unwrap();
    let mut again = recorded.begin(&opened.network, &text, 0).unwrap();
    recorded.put(&mut again, &text, usize::MAX).unwrap();
    assert_eq!(again.ids(), live.ids());
    for span in model.network.spans() {
        let (layer, head) = (span.layer, span.head);
        for query in (0..text.ids.len()).step_by(37) {
            for key in query.saturating_sub(40)..query {
                let score = live.score(layer, head, query, key);
                assert_eq!(again.score(layer, head, query, key), score);
            }
        }
        let probe = |run: &Run| run.probe(layer, head, 64, 200);
        assert!(probe(&live).is_some() && probe(&live) == probe(&again));
    }
    for at in 0..text.ids.len() {
        let next = text.ids.get(at + 1).copied();
        let found = recorded.prediction(&text, at).unwrap();
        assert_eq!(found, spanscope::analysis::predict(&live, at, next, 50));
    }
    assert_eq!(recorded.prediction(&text, text.ids.len()).unwrap(), None);
    let config = model.network.architecture().adaptive_span().unwrap();
    for layer in 0..config.nb_layers {
        for vector in 0..config.pers_mem_size {
            let promoted =
                spanscope::analysis::logit_lens::promoted(&model.network, layer, 1, vector, 16);
            assert_eq!(recorded.promoted(layer, 1, vector).unwrap(), promoted);
        }
    }
}

#[test]
fn a_recorded_run_says_what_it_cannot_do() {
    let (_folder, path) = record(
        &sample(0),
        vec![of_text("text.txt", "To be, or not to be")],
        &RecordOptions::default(),
    );
    let model = LoadedModel::open(&path, None, None).unwrap();
    let mut run = Run::new(Arc::clone(&model.network));
    let said = run.extend(&[1, 2], 2, &Cancel::default(), &NoObserver);
    assert!(said.unwrap_err().to_string().contains("open the model"));
    assert!(run.log_probs(0, 1).is_empty());
    let mut edits = spanscope::model::Edits::default();
    edits.set_ablated(0, 0, true);
    assert!(model.network.edited(&edits).is_err());
    assert!(model.network.edited(&Default::default()).is_ok());
    assert!(LoadedModel::open(&path, None, Some(16.into())).is_err());
    let again = spanscope::engine::run_file::Recording::new(
        &model,
        vec![of_text("text.txt", "To be")],
        &RecordOptions::default(),
    );
    assert!(again.is_err());
    assert_eq!(model.weights_name(), SAMPLES[0].file);
    assert_eq!(model.network.parameters(), sample(0).network.parameters());
    assert_eq!(model.curves, sample(0).curves);
    assert_eq!(model.sha256(), sample(0).sha256());
}

#[test]
fn a_part_of_a_long_text_looks_as_it_does_in_the_whole() {
    let model = sample(0);
    let long = SAMPLES[0].text.repeat(3);
    let options = RecordOptions {
        tokens: Some(1000..1300),
        ..RecordOptions::default()
    };
    let (_folder, path) = record(&model, vec![of_text("long.txt", &long)], &options);
    let live = Engine::start(Source::Sample(&SAMPLES[0]), long.as_str().into(), || {});
    let recorded = Engine::start(file(&path), "".into(), || {});
    let look = Queries {
        heads: Heads::one(HeadId::new(3, 1)),
        tokens: TokenSet::one(1200),
        prediction: Some(2000),
        ..Queries::default()
    };
    for engine in [&live, &recorded] {
        engine.look(look.clone());
    }
    let (a, b) = (settled(&live), settled(&recorded));
    assert_eq!((b.at_hand.clone(), b.done), (960..1300, a.done));
    // What is measured is there for all of it.
    assert_eq!(a.surprisal, b.surprisal);
    assert_eq!(a.shares, b.shares);
    assert_eq!(a.prediction, b.prediction);
    let (a, b) = (a.detail.as_ref().unwrap(), b.detail.as_ref().unwrap());
    for query in 960..1300 {
        assert!(!b.row(query).is_empty() && a.row(query) == b.row(query));
    }
    assert!(b.row(1300).is_empty() && b.row(959).is_empty());
    // A look at what is not there ends.
    recorded.look(Queries {
        tokens: TokenSet::one(5),
        ..look
    });
    assert!(settled(&recorded).failure.is_none());
}

#[test]
fn a_run_larger_than_the_memory_is_read_where_somebody_looks() {
    let long = SAMPLES[0].text.repeat(6);
    let (_folder, path) = record(
        &sample(0),
        vec![of_text("long.txt", &long)],
        &RecordOptions::default(),
    );
    let whole = Engine::start(file(&path), "".into(), || {});
    let small = Engine::start(file(&path), "".into(), || {});
    let config = sample(0)
        .network
        .architecture()
        .adaptive_span()
        .unwrap()
        .clone();
    small.set_memory(1000 * 8 * config.hidden_size * config.nb_layers);
    for token in [None, Some(700), Some(10), None] {
        for engine in [&whole, &small] {
            engine.look(Queries {
                heads: Heads::one(HeadId::new(2, 0)),
                tokens: token.map_or_else(TokenSet::default, TokenSet::one),
                ..Queries::default()
            });
        }
        let (a, b) = (settled(&whole), settled(&small));
        assert_eq!(a.at_hand, 0..a.done);
        assert!(b.at_hand.len() < 1000 && a.done == b.done);
        let at = token.unwrap_or(b.done - 1);
        assert!(b.at_hand.contains(&at), "{token:?} {:?}", b.at_hand);
        let (a, b) = (a.detail.as_ref().unwrap(), b.detail.as_ref().unwrap());
        assert!(!b.row(at).is_empty() && a.row(at) == b.row(at), "{token:?}");
    }
}

#[test]
fn several_texts_are_shown_one_by_one() {
    let texts = vec![
        of_text("one.txt", "To be, or not to be"),
        of_text("two.txt", &SAMPLES[0].text[..500]),
    ];
    let (_folder, path) = record(&sample(0), texts, &RecordOptions::default());
    let engine = Engine::start(file(&path), "mine".into(), || {});
    engine.look(Queries {
        heads: Heads::one(HeadId::new(0, 0)),
        ..Queries::default()
    });
    for (index, text) in [(0, "To be, or not to be"), (1, &SAMPLES[0].text[..500])] {
        engine.show_recorded(index);
        let snapshot = settled(&engine);
        assert_eq!(
            (&*snapshot.tokens.text, snapshot.recorded),
            (text, Some(index))
        );
        let detail = snapshot.detail.as_ref().unwrap();
        assert_eq!((snapshot.done, detail.end()), (text.len(), text.len()));
    }
    // A text typed meanwhile waits, and is there for the next model.
    engine.set_text("waits".into());
    assert_eq!(&*settled(&engine).tokens.text, &SAMPLES[0].text[..500]);
    engine.show_recorded(7);
    let failure = settled(&engine).failure.clone().unwrap();
    assert!(failure.message.contains("no text 7"), "{failure:?}");
    engine.open(Source::Sample(&SAMPLES[0]));
    let snapshot = settled(&engine);
    assert_eq!((&*snapshot.tokens.text, snapshot.recorded), ("waits", None));
}

#[test]
fn fewer_bits_are_nearly_the_same() {
    let model = sample(1);
    let text = &SAMPLES[1].text[..600];
    for (dtype, tolerance) in [(Dtype::F16, 2e-3), (Dtype::BF16, 2e-2)] {
        let options = RecordOptions {
            dtype: Some(dtype),
            ..RecordOptions::default()
        };
        let (_folder, path) = record(&model, vec![of_text("a.txt", text)], &options);
        let opened = LoadedModel::open(&path, None, None).unwrap();
        let recorded = opened.recorded.clone().unwrap();
        let text = recorded.text(0).unwrap();
        let mut live = Run::new(Arc::clone(&model.network));
        live.extend(&text.ids, 512, &Cancel::default(), &NoObserver)
            .unwrap();
        let mut again = recorded.begin(&opened.network, &text, 0).unwrap();
        recorded.put(&mut again, &text, usize::MAX).unwrap();
        let mut largest = 0.0_f32;
        for span in model.network.spans() {
            let weights = |run: &Run| {
                let weights = run.head_weights(span.layer, span.head, 0, text.ids.len());
                weights.unwrap().weights.to_vec()
            };
            for (a, b) in weights(&live).iter().zip(weights(&again)) {
                largest = largest.max((a - b).abs());
            }
        }
        assert!(largest > 0.0 && largest < tolerance, "{dtype:?}: {largest}");
    }
}

#[test]
fn of_the_vectors_the_most_used_are_kept() {
    let model = sample(1);
    let options = RecordOptions {
        vectors: Vectors::Most(3),
        ..RecordOptions::default()
    };
    let (_folder, path) = record(&model, vec![of_text("a.txt", SAMPLES[1].text)], &options);
    let engine = Engine::start(file(&path), "".into(), || {});
    engine.look(Queries {
        heads: Heads::one(HeadId::new(1, 2)),
        ..Queries::default()
    });
    let usage = settled(&engine).detail.as_ref().unwrap().usage.clone();
    let order = usage.unwrap().order;
    for (place, vector) in order.into_iter().enumerate() {
        engine.look(Queries {
            heads: Heads::one(HeadId::new(1, 2)),
            vector: Some(vector as usize),
            ..Queries::default()
        });
        let facts = settled(&engine).vector.clone().unwrap();
        assert_eq!(facts.vector, vector as usize);
        assert_eq!(facts.promoted.is_some(), place < 3);
    }
}
