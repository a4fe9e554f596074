//! Two published models against what `transformers` computed for them: nats per token, effective spans and shares of every head.
//!
//! The models are too large for the repository: the folder that `SPANSCOPE_REAL_MODELS` names holds them, and docs/reliability.md says
//! where they are from. Without it this is skipped, with a word.
use serde_json::Value;
use spanscope::analysis::role::evidence;
use spanscope::analysis::{HeadRow, Role, Survey};
use spanscope::engine::LoadedModel;
use spanscope::model::{Cancel, HeadId, HeadWeights, NoObserver, Observer, Run};
use spanscope::text::Control;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A head's weight by distance, and on the first token, summed over all queries.
#[derive(Clone, Default)]
struct Sums {
    by_distance: Vec<f64>,
    first: f64,
}

struct OfHeads {
    heads: usize,
    sums: Vec<Mutex<Sums>>,
}

impl Observer for OfHeads {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let mut sums = self.sums[layer * self.heads + head].lock().unwrap();
        for query in weights.positions() {
            let row = weights.on_text(query);
            if sums.by_distance.len() < row.len() {
                sums.by_distance.resize(row.len(), 0.0);
            }
            for (sum, weight) in sums.by_distance.iter_mut().zip(row) {
                *sum += f64::from(*weight);
            }
            sums.first += f64::from(weights.at(query, 0).unwrap_or(0.0));
        }
    }

    fn wants(&self, _: usize, _: usize) -> bool {
        true
    }
}

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("SPANSCOPE_REAL_MODELS").map(PathBuf::from);
    if folder.is_none() {
        println!("left out: SPANSCOPE_REAL_MODELS names no folder with the models");
    }
    folder
}

/// The least distance within which a share of the weight lies.
fn effective(by_distance: &[f64], share: f64) -> usize {
    let all: f64 = by_distance.iter().sum();
    let mut sum = 0.0;
    by_distance
        .iter()
        .position(|weight| {
            sum += weight;
            sum >= share * all
        })
        .unwrap_or(0)
}

fn holds(folder: &Path, model: &str, golden: &str) {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/real_models");
    let golden = std::fs::read_to_string(goldens.join(golden)).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let model = LoadedModel::open(&folder.join(model), None, None).unwrap();
    assert_eq!(model.sha256(), golden["gguf_sha256"].as_str());
    let ids: Vec<u32> = serde_json::from_value(golden["input_ids"].clone()).unwrap();
    let architecture = model.network.architecture();
    let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
    let of_heads = OfHeads {
        heads,
        sums: vec![Sums::default(); layers * heads]
            .into_iter()
            .map(Mutex::new)
            .collect(),
    };
    let mut run = Run::new(Arc::clone(&model.network));
    let cancel = Cancel::default();
    run.set(&ids, &cancel, &of_heads).unwrap();
    let nll = run.nll(0, &ids[1..], &cancel).unwrap();
    let nats = nll.iter().map(|nats| f64::from(*nats)).sum::<f64>() / nll.len() as f64;
    let wanted = golden["nats_per_token"].as_f64().unwrap();
    assert!((nats - wanted).abs() < 0.002, "{nats}, expected {wanted}");
    let (mut spans, mut shares) = (0, 0.0_f64);
    for (i, sums) in of_heads.sums.iter().enumerate() {
        let head = HeadId::new(i / heads, i % heads);
        let sums = sums.lock().unwrap();
        let of = &golden["heads"][head.layer][head.head];
        for (share, name) in [
            (0.5, "effective_50"),
            (0.9, "effective_90"),
            (0.99, "effective_99"),
        ] {
            let wanted = of[name].as_u64().unwrap() as usize;
            let found = effective(&sums.by_distance, share);
            spans = spans.max(found.abs_diff(wanted));
            assert!(
                found.abs_diff(wanted) <= 1,
                "{head}: {name} {found}, {wanted}"
            );
        }
        let t = ids.len() as f64;
        for (found, name) in [
            (sums.first / t, "first_token"),
            (sums.by_distance[0] / t, "self"),
            (sums.by_distance[1] / t, "previous"),
        ] {
            let wanted = of[name].as_f64().unwrap();
            shares = shares.max((found - wanted).abs());
            assert!(
                (found - wanted).abs() < 1e-3,
                "{head}: {name} {found}, {wanted}"
            );
        }
    }
    println!(
        "{} heads: nats {nats:.6} ({wanted:.6}), spans within {spans}, shares within {shares:.1e}",
        layers * heads
    );
}

#[test]
fn smollm2_has_induction_heads_on_random_tokens() {
    let Some(folder) = folder() else { return };
    let model = folder.join("SmolLM2-135M-Instruct.Q4_1.gguf");
    let model = LoadedModel::open(&model, None, None).unwrap();
    let control = Control::Repeated {
        length: 256,
        seed: 1,
    };
    let text = control.bytes(model.vocabulary.as_ref().unwrap(), None);
    let ids = model.prepare(&text.unwrap()).unwrap().ids;
    assert_eq!(ids.len(), 512);
    assert_eq!(ids[..256], ids[256..]);
    let mut run = Run::new(Arc::clone(&model.network));
    run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
    let mut survey = Survey::new(&model.network);
    assert!(survey.go_on(&run, &(0..512), &Cancel::default()));
    let rows = survey.measures().into_iter().zip(model.network.spans());
    let mut found: Vec<(HeadId, f64)> = rows
        .filter_map(|(measure, span)| {
            let row = HeadRow {
                span,
                shares: None,
                measure: Some(measure),
                flag: None,
                ablated: false,
            };
            let finding = evidence(&row, Role::Induction)?;
            finding.holds.then_some((row.id(), finding.value))
        })
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    println!("induction heads: {found:?}");
    let names: Vec<String> = found.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(names, ["L18H6", "L17H3", "L18H7", "L17H4", "L20H6"]);
    assert!((found[0].1 - 0.89).abs() < 0.01);
}

#[test]
fn smollm2_looks_as_far_as_the_library_says() {
    let Some(folder) = folder() else { return };
    holds(
        &folder,
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "smollm2_135m.golden.json",
    );
}

#[test]
fn gemma3_looks_as_far_as_the_library_says() {
    let Some(folder) = folder() else { return };
    holds(
        &folder,
        "gemma-3-270m-q4_k_m.gguf",
        "gemma3_270m.golden.json",
    );
}
