//! Runs whose weights are stored as they are: they look as the run that they are of, and what does not fit is refused.

use super::damage::{Parts, header, parts, refusal, write};
use super::{data, ids, of_ids, record, settled};
use spanscope::checkpoint::{Element, PlannedTensor};
use spanscope::engine::run_file::RecordOptions;
use spanscope::engine::{Engine, FinishedRun, LoadedModel, Queries, TextToRead};
use spanscope::model::Cancel;
use std::path::Path;
use std::sync::Arc;

pub(super) const TOKENS: usize = 150;

pub(super) fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// The run of a family's model, and the same file with weights in the place of queries and keys: all of them, or the `top` largest.
pub(super) fn stored(
    family: &str,
    path: &Path,
    top: Option<usize>,
) -> (tempfile::TempDir, FinishedRun, Parts) {
    let model = LoadedModel::open(&data(&format!("families/{family}")), None, None).unwrap();
    let (folder, of_keys) = record(
        &model,
        vec![of_ids("ids", ids(TOKENS))],
        &RecordOptions::default(),
    );
    let live = FinishedRun::new(
        &Arc::new(model),
        TextToRead::Ids(&ids(TOKENS)),
        usize::MAX,
        &Cancel::default(),
        &|_, _| {},
    )
    .unwrap();
    let mut parts = parts(&of_keys);
    let is_of_keys = |name: &str| name.ends_with(".queries") || name.ends_with(".keys");
    parts.0.retain(|(tensor, _)| !is_of_keys(&tensor.name));
    let architecture = Arc::clone(live.model().network.architecture());
    let (run, _) = live.at_hand();
    for (layer, spec) in architecture.layers.iter().enumerate() {
        let heads = spec.attention.heads;
        let all: Vec<_> = (0..heads)
            .map(|head| run.head_weights(layer, head, 0, TOKENS).unwrap())
            .collect();
        let width = top.unwrap_or(all[0].reach);
        let (mut weights, mut keys, mut sinks) = (Vec::new(), Vec::new(), Vec::new());
        for query in 0..TOKENS {
            for head in &all {
                let row = head.on_text(query);
                let mut order: Vec<usize> = (0..row.len()).collect();
                if top.is_some() {
                    order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
                }
                let mut found: Vec<(f32, usize)> =
                    order.iter().map(|i| (row[*i], query - i)).collect();
                found.resize(width, (0.0, 0));
                weights.extend(found.iter().map(|(weight, _)| *weight));
                keys.extend(
                    found
                        .iter()
                        .flat_map(|(_, key)| (*key as u32).to_le_bytes()),
                );
                sinks.extend(head.sink.get(query));
            }
        }
        let name = |what: &str| format!("text.0.layers.{layer}.{what}");
        let shape = [TOKENS, heads, width];
        let planned = PlannedTensor::new(name("weights"), Element::F32, &shape);
        parts.0.push((planned, bytes(&weights)));
        if top.is_some() {
            let planned = PlannedTensor::new(name("weight_keys"), Element::U32, &shape);
            parts.0.push((planned, keys));
        }
        if spec.attention.sink {
            let planned = PlannedTensor::new(name("sink"), Element::F32, &shape[..2]);
            parts.0.push((planned, bytes(&sinks)));
        }
    }
    let word = top.map_or("weights", |_| "top-weights");
    header(&mut parts, |header| header["attention"] = word.into());
    write(path, &parts);
    (folder, live, parts)
}

pub(super) fn opened(path: &Path) -> FinishedRun {
    let model = Arc::new(LoadedModel::open(path, None, None).unwrap());
    let text = TextToRead::Recorded(0);
    FinishedRun::new(&model, text, usize::MAX, &Cancel::default(), &|_, _| {}).unwrap()
}

#[test]
fn they_look_as_the_run_that_they_are_of() {
    // Full context, windows and learned sinks, few keys per query.
    for (family, top) in [
        ("llama", None),
        ("gpt_oss", None),
        ("mistral", None),
        ("llama", Some(TOKENS)),
        ("gpt_oss", Some(TOKENS)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        let (_files, live, _) = stored(family, &path, top);
        let run = opened(&path);
        let (there, here) = (live.at_hand().0, run.at_hand().0);
        assert!(here.has_stored_weights() && !there.has_stored_weights());
        for span in run.model().network.spans() {
            for queries in [0..TOKENS, 70..90, 149..150] {
                let of = |run: &spanscope::model::Run| {
                    run.head_weights(span.layer, span.head, queries.start, queries.end)
                };
                assert!(of(there).is_some());
                assert_eq!(of(there), of(here), "{family} {}", span.id());
            }
            assert!(here.score(span.layer, span.head, 20, 10).is_none());
        }
        let looks = Queries {
            survey: true,
            prediction: Some(70),
            ..Queries::default()
        };
        let ask = |run: &FinishedRun| run.ask(&looks, &Cancel::default()).unwrap();
        let (there, here) = (ask(&live), ask(&run));
        assert_eq!(there.surprisal, here.surprisal);
        assert_eq!(there.prediction, here.prediction);
        let (there, here) = (there.surveyed.unwrap(), here.surveyed.unwrap());
        assert_eq!(there.measures.len(), here.measures.len());
        for (there, here) in there.measures.iter().zip(&here.measures) {
            assert_eq!(there.effective, here.effective);
            assert!((there.entropy - here.entropy).abs() < 1e-5);
            assert_eq!(there.mean_distance, here.mean_distance);
        }
    }
}

#[test]
fn the_largest_weights_are_those_of_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (_files, live, _) = stored("llama", &path, Some(4));
    let run = opened(&path);
    assert_eq!(
        run.model().recorded.as_ref().unwrap().largest_kept(),
        Some(4)
    );
    let of = |run: &FinishedRun| run.at_hand().0.head_weights(1, 0, 0, TOKENS).unwrap();
    let (there, here) = (of(&live), of(&run));
    for query in 10..TOKENS {
        let mut all = there.on_text(query).to_vec();
        all.sort_by(|a, b| b.total_cmp(a));
        let kept = here.on_text(query).iter().filter(|weight| **weight > 0.0);
        assert_eq!(kept.clone().count(), 4, "{query}");
        assert!(kept.clone().all(|weight| *weight >= all[3]));
        let places = here.on_text(query).iter().zip(there.on_text(query));
        assert!(
            places
                .into_iter()
                .all(|(here, there)| *here == 0.0 || here == there)
        );
    }
}

#[test]
fn without_predictions_attention_is_looked_at_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (_files, _, mut parts) = stored("llama", &path, None);
    let results = ["nll", "entropy", "next", "candidates"];
    parts.0.retain(|(tensor, _)| {
        let what = tensor.name.strip_prefix("text.0.").unwrap_or_default();
        !results.iter().any(|result| what.starts_with(result))
    });
    header(&mut parts, |header| header["candidates"] = 0.into());
    write(&path, &parts);
    let run = opened(&path);
    assert!(run.surprisal().is_empty() && run.prediction(3, 5).unwrap().is_none());
    let file = run.model().recorded.clone().unwrap();
    let refused = file.nll(0).unwrap_err().to_string();
    assert!(refused.contains("attention alone"), "{refused}");
    // The window shows it, and waits for nothing.
    let engine = Engine::start(super::file(&path), "".into(), || ());
    engine.look(Queries {
        survey: true,
        prediction: Some(3),
        score: Some((20, 10)),
        ..Queries::default()
    });
    let snapshot = settled(&engine);
    assert_eq!(snapshot.failure, None);
    assert_eq!(snapshot.done, TOKENS);
    assert!(snapshot.prediction.is_none() && snapshot.bits_per_token.is_none());
    assert!(snapshot.surveyed.is_some());
}

/// A tensor and its bytes.
type Tensor = (PlannedTensor, Vec<u8>);

#[test]
fn what_cannot_be_weights_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (_files, _, original) = stored("llama", &path, Some(4));
    let change = |name: &str, change: &mut dyn FnMut(&mut Tensor)| {
        let mut parts = original.clone();
        let found = parts.0.iter_mut().find(|(tensor, _)| tensor.name == name);
        change(found.unwrap());
        write(&path, &parts);
    };
    let read = || {
        let model = Arc::new(LoadedModel::open(&path, None, None).unwrap());
        let text = TextToRead::Recorded(0);
        let run = FinishedRun::new(&model, text, usize::MAX, &Cancel::default(), &|_, _| {});
        run.map(|_| ()).unwrap_err().to_string()
    };
    let weights = "text.0.layers.1.weights";
    for wrong in [f32::NAN, -0.5, 3.0, f32::INFINITY] {
        change(weights, &mut |(_, data)| {
            data[40..44].copy_from_slice(&wrong.to_le_bytes());
        });
        let said = read();
        assert!(
            said.contains(weights) && said.contains("number 10"),
            "{said}"
        );
    }
    change("text.0.layers.0.weight_keys", &mut |(_, data)| {
        data[..4].copy_from_slice(&7_u32.to_le_bytes());
    });
    assert!(read().contains("the token 0 gives weight to the token 7, which comes later"));
    change(weights, &mut |(tensor, data)| {
        tensor.shape[2] = 3;
        data.truncate(data.len() / 4 * 3);
    });
    assert!(refusal(&path).contains("weight_keys"));
    let mut missing = original.clone();
    missing.0.retain(|(tensor, _)| tensor.name != weights);
    write(&path, &missing);
    assert!(refusal(&path).contains(weights));
}
