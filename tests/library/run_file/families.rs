//! Runs of other families, and of the second adaptive-span code, against live ones and against what `transformers` computed.

use super::{data, file, ids, of_ids, of_text, record, settled};
use safetensors::SafeTensors;
use spanscope::analysis::TokenSet;
use spanscope::checkpoint::Dtype;
use spanscope::engine::run_file::{RecordOptions, Recording};
use spanscope::engine::{Engine, Heads, LoadedModel, Queries};
use spanscope::model::{Cancel, NoObserver, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The models of the test data with the ids and weights that the library computed for them.
fn goldens() -> Vec<(PathBuf, PathBuf)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(data("families")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let golden = folder.join(format!("{name}.golden.safetensors"));
        if golden.is_file() {
            all.push((folder, golden));
        }
    }
    for entry in std::fs::read_dir(data("families/gguf")).unwrap() {
        let model = entry.unwrap().path();
        let golden = model.with_extension("golden.safetensors");
        if model.extension().is_some_and(|ending| ending == "gguf") && golden.is_file() {
            all.push((model, golden));
        }
    }
    all.sort();
    all
}

fn floats(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = file.tensor(name).unwrap();
    let (numbers, _) = tensor.data().as_chunks::<4>();
    numbers.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn golden_ids(file: &SafeTensors<'_>) -> Vec<u32> {
    let tensor = file.tensor("input_ids").unwrap();
    let size = tensor.data().len() / tensor.shape()[0];
    let ids = tensor.data().chunks_exact(size);
    ids.map(|id| u32::from_le_bytes(id[..4].try_into().unwrap()))
        .collect()
}

fn run_of(model: &LoadedModel, ids: &[u32]) -> Run {
    let mut run = Run::new(Arc::clone(&model.network));
    run.set(ids, &Cancel::default(), &NoObserver).unwrap();
    run
}

/// The recorded run is the live one: weights of all heads and log p of all tokens, bit for bit.
fn same_as_live(model: &LoadedModel, path: &Path, what: &str) -> Run {
    let opened = LoadedModel::open(path, None, None).unwrap();
    assert_eq!(opened.network.architecture(), model.network.architecture());
    assert_eq!(opened.network.spans(), model.network.spans(), "{what}");
    assert_eq!(opened.kind(), model.kind());
    let recorded = opened.recorded.clone().unwrap();
    let text = recorded.text(0).unwrap();
    let live = run_of(model, &text.ids);
    let mut again = recorded.begin(&opened.network, &text, 0).unwrap();
    recorded.put(&mut again, &text, usize::MAX).unwrap();
    let t = text.ids.len();
    for span in model.network.spans() {
        let of = |run: &Run| run.head_weights(span.layer, span.head, 0, t).unwrap();
        assert_eq!(of(&live), of(&again), "{what}: {}", span.id());
    }
    for at in 0..t {
        let next = text.ids.get(at + 1).copied();
        let found = recorded.prediction(&text, at).unwrap();
        assert_eq!(
            found,
            spanscope::analysis::predict(&live, at, next, 50),
            "{what}"
        );
    }
    again
}

#[test]
fn every_family_is_recorded_as_it_ran_and_as_the_library_has_it() {
    let all = goldens();
    assert!(all.len() > 30, "{}", all.len());
    for (path, golden) in all {
        let what = path.display().to_string();
        let bytes = std::fs::read(golden).unwrap();
        let golden = SafeTensors::deserialize(&bytes).unwrap();
        let ids = golden_ids(&golden);
        let model = LoadedModel::open(&path, None, None).unwrap();
        let texts = vec![of_ids("ids.json", ids.clone())];
        let (_folder, run) = record(&model, texts, &RecordOptions::default());
        let again = same_as_live(&model, &run, &what);
        let (t, heads) = (ids.len(), model.network.architecture().nb_heads());
        let mut largest = 0.0_f32;
        for (layer, spec) in model.network.architecture().layers.iter().enumerate() {
            let name = format!("attn.{layer}");
            if golden.tensor(&name).is_err() {
                continue;
            }
            let wanted = floats(&golden, &name);
            let sinks = spec
                .attention
                .sink
                .then(|| floats(&golden, &format!("sink.{layer}")));
            for head in 0..heads {
                let weights = again.head_weights(layer, head, 0, t).unwrap();
                for query in 0..t {
                    let of = &wanted[(head * t + query) * t..][..t];
                    for (key, want) in of.iter().enumerate().take(query + 1) {
                        let got = weights.at(query, key).unwrap_or(0.0);
                        largest = largest.max((got - want).abs());
                    }
                    if let Some(sinks) = &sinks {
                        let got = weights.off_text(query).sink;
                        largest = largest.max((got - sinks[head * t + query]).abs());
                    }
                }
            }
        }
        assert!(largest <= 2e-5, "{what}: {largest}");
        // The log-probability of every token, in nats.
        let logits = floats(&golden, "logits");
        let vocab = logits.len() / t;
        let opened = LoadedModel::open(&run, None, None).unwrap();
        let nll = opened.recorded.unwrap().nll(0).unwrap();
        for (at, nll) in nll.iter().enumerate() {
            let row = &logits[at * vocab..][..vocab];
            let sum: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
            let want = sum.ln() - f64::from(row[ids[at + 1] as usize]);
            assert!((f64::from(*nll) - want).abs() <= 2e-4, "{what}: {at}");
        }
    }
}

#[test]
fn networks_of_the_second_code_are_recorded_as_they_ran() {
    for name in ["seq_pre.pt", "seq_pre_fixed.pt", "seq_post.pt"] {
        let model = LoadedModel::open(&data(name), None, None).unwrap();
        let vocab = model.network.architecture().vocab_size as u32;
        let ids: Vec<u32> = ids(300).into_iter().map(|id| id % vocab).collect();
        // Empty context has keys of its own there: the first queries tell whether they are kept.
        let (_folder, run) = record(
            &model,
            vec![of_ids("ids.json", ids)],
            &RecordOptions::default(),
        );
        let again = same_as_live(&model, &run, name);
        assert!(
            again.head_weights(0, 0, 0, 1).unwrap().empty[0] > 0.5,
            "{name}"
        );
    }
}

#[test]
fn a_text_of_a_tokenizer_looks_the_same_in_the_window() {
    let text = "The cat sat on the mat; the cat sat down. É 中 <s> zzz\n".repeat(4);
    for name in [
        "gpt2",
        "llama",
        "gemma2",
        "mistral",
        "qwen2",
        "gguf/llama-f32.gguf",
    ] {
        let path = data(&format!("families/{name}"));
        let model = LoadedModel::open(&path, None, None).unwrap();
        let most = model.network.architecture().input.positions;
        let cut = most.map_or(text.len(), |positions| positions.count / 3);
        let text: String = text.chars().take(cut).collect();
        let (_folder, run) = record(
            &model,
            vec![of_text("a.txt", &text)],
            &RecordOptions::default(),
        );
        let (live, recorded) = (
            Engine::start(file(&path), text.as_str().into(), || {}),
            Engine::start(file(&run), "".into(), || {}),
        );
        for engine in [&live, &recorded] {
            engine.look(Queries {
                heads: Heads::one("L1H1".parse().unwrap()),
                tokens: TokenSet::one(5),
                prediction: Some(4),
                survey: true,
                ..Queries::default()
            });
        }
        let (a, b) = (settled(&live), settled(&recorded));
        assert!(
            a.failure.is_none() && b.failure.is_none(),
            "{name}: {:?}",
            b.failure
        );
        assert_eq!(a.tokens.text, b.tokens.text, "{name}");
        assert_eq!(a.tokens.pieces, b.tokens.pieces, "{name}");
        assert_eq!(a.prediction, b.prediction, "{name}");
        assert_eq!(a.surprisal, b.surprisal, "{name}");
        let (c, d) = (a.detail.as_ref().unwrap(), b.detail.as_ref().unwrap());
        for query in 0..a.done {
            assert!(c.row(query) == d.row(query), "{name}: {query}");
        }
        // Tokens have the names that they have in the model.
        let opened = LoadedModel::open(&run, None, None).unwrap();
        for id in 0..model.network.architecture().vocab_size as u32 {
            assert_eq!(opened.label(id), model.label(id), "{name}: {id}");
            assert_eq!(opened.token_name(id), model.token_name(id), "{name}: {id}");
        }
        let (a, b) = (&model.vocabulary, &opened.vocabulary);
        assert_eq!(a.as_ref().unwrap().note(), b.as_ref().unwrap().note());
    }
}

#[test]
fn parts_and_halves_of_other_families() {
    let model = LoadedModel::open(&data("families/gemma3"), None, None).unwrap();
    let vocab = model.network.architecture().vocab_size as u32;
    let ids: Vec<u32> = (0..400).map(|i| (i * i + i / 7) % vocab).collect();
    let options = RecordOptions {
        dtype: Some(Dtype::F16),
        tokens: Some(200..300),
        ..RecordOptions::default()
    };
    let (_folder, path) = record(&model, vec![of_ids("ids.json", ids.clone())], &options);
    let opened = LoadedModel::open(&path, None, None).unwrap();
    let recorded = opened.recorded.clone().unwrap();
    // A head that sees the whole text needs all keys.
    let header = recorded.text_header(0).unwrap();
    assert_eq!((header.queries, header.first_key), ((192, 300), 0));
    let text = recorded.text(0).unwrap();
    let mut again = recorded.begin(&opened.network, &text, 192).unwrap();
    recorded.put(&mut again, &text, usize::MAX).unwrap();
    let live = run_of(&model, &ids);
    let mut largest = 0.0_f32;
    for span in model.network.spans() {
        let of = |run: &Run| run.head_weights(span.layer, span.head, 192, 300).unwrap();
        let (a, b) = (of(&live), of(&again));
        for query in 192..300 {
            let pairs = a.on_text(query).iter().zip(b.on_text(query));
            largest = pairs.fold(largest, |most, (a, b)| most.max((a - b).abs()));
        }
    }
    assert!(largest > 0.0 && largest < 5e-3, "{largest}");
}

#[test]
fn what_a_network_has_no_room_for_and_what_is_no_number_is_refused() {
    let model = LoadedModel::open(&data("families/gpt2"), None, None).unwrap();
    let most = model.network.architecture().input.positions.unwrap().count;
    let too_long = vec![of_ids("ids.json", vec![1; most + 1])];
    let refused = Recording::new(&model, too_long, &RecordOptions::default());
    let refused = refused.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains(&most.to_string()), "{refused}");

    // A model whose training diverged: nothing is written that no command could read.
    let folder = tempfile::tempdir().unwrap();
    let from = data("families/llama");
    for name in ["config.json", "tokenizer.json"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let mut weights = std::fs::read(from.join("model.safetensors")).unwrap();
    let (header, file) = SafeTensors::read_metadata(&weights).unwrap();
    let info = file.info("model.norm.weight").unwrap();
    let at = 8 + header + info.data_offsets.0;
    weights[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(folder.path().join("model.safetensors"), weights).unwrap();
    let model = LoadedModel::open(folder.path(), None, None).unwrap();
    let texts = vec![of_text("a.txt", "the cat sat")];
    let recording = Recording::new(&model, texts, &RecordOptions::default()).unwrap();
    let to = folder.path().join("run.safetensors");
    let refused = recording.write(&to, &Cancel::default(), &mut |_| {});
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("surprisal of token 1 of NaN"), "{refused}");
    assert!(!to.exists());
}

#[test]
fn a_file_of_version_1_is_read_as_ever() {
    let path = data("run_version_1.safetensors");
    let model = LoadedModel::open(&data("tiny_all_attention.pt"), None, None).unwrap();
    let opened = LoadedModel::open(&path, None, None).unwrap();
    let recorded = opened.recorded.clone().unwrap();
    // An earlier version of the program rounded otherwise: the last digits may differ.
    let text = recorded.text(0).unwrap();
    let live = run_of(&model, &text.ids);
    let mut again = recorded.begin(&opened.network, &text, 0).unwrap();
    recorded.put(&mut again, &text, usize::MAX).unwrap();
    for span in model.network.spans() {
        let of = |run: &Run| run.head_weights(span.layer, span.head, 0, 80).unwrap();
        let (live, again) = (of(&live), of(&again));
        assert_eq!(live.weights.len(), again.weights.len());
        for (a, b) in live.weights.iter().zip(&again.weights[..]) {
            assert!((a - b).abs() < 2e-6, "{}: {a} {b}", span.id());
        }
    }
    for at in 0..80 {
        let next = text.ids.get(at + 1).copied();
        let found = recorded.prediction(&text, at).unwrap().unwrap();
        let expected = spanscope::analysis::predict(&live, at, next, 50).unwrap();
        assert_eq!(found.top.len(), expected.top.len());
        for (a, b) in found.top.iter().zip(&expected.top) {
            assert!((a.log_p - b.log_p).abs() < 5e-6, "{at}: {a:?} {b:?}");
        }
        assert_eq!(found.truth.is_some(), expected.truth.is_some());
    }
    assert_eq!(recorded.header().version, 1);
    assert_eq!(recorded.text(0).unwrap().ids, ids(80));
    assert!(recorded.promoted(1, 1, 3).unwrap().is_some());
    let engine = Engine::start(file(&path), "".into(), || {});
    assert_eq!(settled(&engine).done, 80);
}
