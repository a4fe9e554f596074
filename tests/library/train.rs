//! Training runs as a library: what is learned, and what a run that was interrupted does.

use spanscope::checkpoint::Checkpoint;
use spanscope::engine::LoadedModel;
use spanscope::model::{BLOCK, Cancel, Device, NoObserver, Run};
use spanscope::train::{CHECKPOINT, Data, Optim, Options, SPAN_HISTORY, TrainError, Trainer};
use std::path::Path;

/// A text of a fixed kind: words of a small language.
fn text(bytes: usize) -> String {
    let words = [
        "span", "head", "layer", "ramp", "query", "key", "value", "mask",
    ];
    let mut state = 7_u64;
    let mut text = String::new();
    while text.len() < bytes {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        text.push_str(words[(state >> 33) as usize % words.len()]);
        text.push(if state >> 60 == 0 { '\n' } else { ' ' });
    }
    text
}

fn data(folder: &Path) -> Data {
    let path = folder.join("text.txt");
    std::fs::write(&path, text(9000)).unwrap();
    Data::read(&path, None, false).unwrap()
}

fn small() -> Options {
    Options {
        nb_layers: 2,
        hidden_size: 16,
        inner_hidden_size: 24,
        nb_heads: 2,
        attn_span: 64,
        adapt_span: true,
        adapt_span_ramp: 8,
        adapt_span_init: 0.2,
        adapt_span_loss: 1e-4,
        dropout: 0.2,
        block_size: 16,
        batch_size: 4,
        lr: 0.05,
        optim: Optim::Adagrad,
        lr_warmup: 5,
        grad_clip: 0.5,
        nb_batches: 5,
        nb_iter: 8,
        ..Options::default()
    }
}

/// Small networks of every kind.
fn kinds() -> Vec<(&'static str, Options)> {
    let all_attention = Options {
        pers_mem_size: 12,
        inner_hidden_size: 0,
        batch_split: 2,
        ..small()
    };
    let fixed = Options {
        adapt_span: false,
        adapt_span_loss: 0.0,
        optim: Optim::Sgd,
        ..small()
    };
    let words = Options {
        adapt_io_cutoffs: vec![6, 12],
        adapt_io_divval: 2,
        adapt_io_tied: true,
        emb_dropout: 0.1,
        optim: Optim::Adam,
        lr: 0.003,
        ..small()
    };
    vec![
        ("adaptive", small()),
        ("all-attention", all_attention),
        ("fixed", fixed),
        ("adaptive input and output", words),
    ]
}

fn steps(trainer: &mut Trainer, count: usize) {
    for _ in 0..count {
        trainer.step().unwrap();
    }
}

/// All tensors and curves of a checkpoint; not the seconds, which differ.
fn content(path: &Path) -> Vec<(String, Vec<u32>)> {
    let checkpoint = Checkpoint::open(path).unwrap();
    let bits = |name: &str| {
        checkpoint
            .read(name)
            .unwrap()
            .iter()
            .map(|v| v.to_bits())
            .collect()
    };
    let mut content: Vec<(String, Vec<u32>)> = checkpoint
        .names()
        .map(|name| (name.to_owned(), bits(name)))
        .collect();
    for curve in checkpoint.curves() {
        let halves = curve
            .values
            .iter()
            .flat_map(|v| [(v.to_bits() >> 32) as u32, v.to_bits() as u32]);
        content.push((curve.name.clone(), halves.collect()));
    }
    content
}

#[test]
fn a_run_that_is_resumed_gives_what_it_would_have_given_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path());
    // Longer than an epoch: 8,100 tokens in rows of 2,025, 16 at a time, are 126 steps.
    let (whole_steps, cuts) = (140, [1, 7, 52, 126, 139]);
    for (kind, options) in kinds() {
        let (whole, part) = (folder.path().join("whole"), folder.path().join("part"));
        let mut trainer = Trainer::new(options.clone(), data.clone(), Device::Cpu).unwrap();
        steps(&mut trainer, whole_steps);
        trainer.save(&whole).unwrap();
        let mut trainer = Trainer::new(options, data.clone(), Device::Cpu).unwrap();
        let mut done = 0;
        for cut in cuts {
            steps(&mut trainer, cut - done);
            done = cut;
            trainer.save(&part).unwrap();
            trainer = Trainer::resume(&part, data.clone(), Device::Cpu, |_| {}).unwrap();
            assert_eq!(trainer.step_number(), cut as u64);
        }
        steps(&mut trainer, whole_steps - done);
        trainer.save(&part).unwrap();
        let (whole, part) = (content(&whole), content(&part));
        assert_eq!(whole.len(), part.len());
        for (whole, part) in whole.iter().zip(&part) {
            assert_eq!(whole, part, "{kind}: {}", whole.0);
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path());
    for (kind, options) in kinds() {
        let with = |threads: usize| {
            let pool = rayon_pool(threads);
            pool.install(|| {
                let mut trainer = Trainer::new(options.clone(), data.clone(), Device::Cpu).unwrap();
                steps(&mut trainer, 12);
                let path = folder.path().join("threads");
                trainer.save(&path).unwrap();
                content(&path)
            })
        };
        assert!(with(1) == with(3), "{kind}");
    }
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

#[test]
fn a_checkpoint_is_a_model_that_predicts_as_the_run_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path());
    for (kind, options) in kinds() {
        // One row of validation, so that both read the text as one.
        let options = Options {
            attn_span: 64,
            ..options
        };
        let mut trainer = Trainer::new(options, data.clone(), Device::Cpu).unwrap();
        steps(&mut trainer, 25);
        std::fs::create_dir_all(folder.path().join("run")).unwrap();
        let path = folder.path().join("run").join(CHECKPOINT);
        trainer.save(&path).unwrap();
        let model = LoadedModel::open(&folder.path().join("run"), None, None).unwrap();
        assert_eq!(model.path, path, "the folder stands for its checkpoint");
        assert_eq!(
            model.network.architecture().adaptive_span().unwrap(),
            trainer.config()
        );
        assert_eq!(model.vocabulary.as_ref(), Some(&data.vocabulary));
        assert_eq!(
            model
                .curves
                .iter()
                .find(|c| c.name == "step")
                .unwrap()
                .values,
            [5.0, 10.0, 15.0, 20.0, 25.0]
        );
        let valid = data.valid.len();
        let rows = (valid / (4 * 64)).max(1);
        let len = valid / rows;
        let mut sum = 0.0;
        for row in data.valid.chunks_exact(len).take(rows) {
            let mut run = Run::new(model.network.clone());
            run.extend(row, BLOCK, &Cancel::default(), &NoObserver)
                .unwrap();
            let nll = run.nll(0, &row[1..], &Cancel::default()).unwrap();
            sum += nll.iter().map(|nll| f64::from(*nll)).sum::<f64>();
        }
        let mean = sum / (rows * (len - 1)) as f64;
        let found = trainer.validate().unwrap();
        assert!((mean - found).abs() < 1e-4, "{kind}: {mean} {found}");
    }
}

#[test]
fn heads_learn_to_look_as_far_as_it_pays() {
    // Every byte is the one 24 tokens before it, one in ten excepted: whoever looks back so far knows nearly all.
    let folder = tempfile::tempdir().unwrap();
    let mut state = 3_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    let mut bytes: Vec<u8> = Vec::new();
    for i in 0..40_000 {
        let new = b'a' + (random() % 16) as u8;
        bytes.push(if i < 24 || random() % 10 == 0 {
            new
        } else {
            bytes[i - 24]
        });
    }
    let path = folder.path().join("text.txt");
    std::fs::write(&path, bytes).unwrap();
    let data = Data::read(&path, None, false).unwrap();
    let options = Options {
        nb_layers: 1,
        nb_heads: 4,
        hidden_size: 32,
        inner_hidden_size: 32,
        attn_span: 128,
        adapt_span_init: 0.3,
        adapt_span_loss: 2e-3,
        dropout: 0.0,
        // Small enough that the loss falls with whatever order of sums a processor has.
        lr: 0.07,
        grad_clip: 0.03,
        block_size: 32,
        batch_size: 16,
        nb_batches: 100,
        nb_iter: 3,
        ..small()
    };
    let mut trainer = Trainer::new(options, data, Device::Cpu).unwrap();
    let begun = trainer.reaches().unwrap();
    assert!(begun.iter().all(|reach| *reach > 40), "{begun:?}");
    while !trainer.is_done() {
        trainer.step().unwrap();
    }
    let entries = trainer.entries();
    let (first, last) = (&entries[0], entries.last().unwrap());
    // 16 letters are 2.77 nats; nine in ten known and the rest even among 16, about 0.6.
    assert!(last.valid_nats < 1.0, "{first:?} {last:?}");
    let mut reaches = trainer.reaches().unwrap();
    reaches.sort_unstable();
    // After a token the next one is predicted, which is to be like the one 23 before it; farther, nothing is to be had.
    assert!(reaches[3] >= 23 && reaches[3] < 30, "{reaches:?}");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_leaves_the_checkpoint_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path());
    let options = Options {
        optim: Optim::Sgd,
        grad_clip: 0.0,
        lr: 1e9,
        lr_warmup: 0,
        ..small()
    };
    let mut trainer = Trainer::new(options, data, Device::Cpu).unwrap();
    let path = folder.path().join(CHECKPOINT);
    trainer.save(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = (0..20)
        .find_map(|_| trainer.step().err())
        .expect("it diverges");
    assert!(
        matches!(error, TrainError::NotFinite { saved: Some(0), .. }),
        "{error}"
    );
    let said = error.to_string();
    assert!(said.contains("--lr") && said.contains("step"), "{said}");
    // Whatever the step left is not saved over what was whole.
    let _ = trainer.save(&path);
    let after = std::fs::read(&path).unwrap();
    let whole = Checkpoint::open(&path).unwrap();
    assert!(
        whole
            .names()
            .all(|name| whole.read(name).unwrap().iter().all(|v| v.is_finite()))
    );
    assert!(after == before || after.len() > before.len());
}

#[test]
fn a_run_that_diverges_says_what_is_left_of_it_and_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let of = |change: fn(&mut Options)| {
        let mut options = Options {
            optim: Optim::Sgd,
            grad_clip: 0.0,
            lr: 1e9,
            lr_warmup: 0,
            ..small()
        };
        change(&mut options);
        Trainer::new(options, data(folder.path()), Device::Cpu).unwrap()
    };
    let said = |trainer: &mut Trainer| {
        let error = (0..20).find_map(|_| trainer.step().err());
        error.expect("it diverges").to_string()
    };
    let none = said(&mut of(|_| {}));
    for part in [
        "no checkpoint was written yet",
        "smaller --lr than 1000000000",
        "--lr-warmup (there is none now)",
        "--grad-clip (gradients are not limited now)",
    ] {
        assert!(none.contains(part), "no {part:?} in: {none}");
    }
    let mut saved = of(|o| o.grad_clip = 1e8);
    let path = folder.path().join(CHECKPOINT);
    saved.save(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let some = said(&mut saved);
    assert!(some.contains("of step 0, is whole"), "{some}");
    assert!(
        some.contains("a smaller --grad-clip than 100000000"),
        "{some}"
    );
    // What has diverged does not replace it, and it goes on with another rate.
    let refused = saved.save(&path).unwrap_err().to_string();
    assert_eq!(refused, some);
    assert!(std::fs::read(&path).unwrap() == before);
    let data = data(folder.path());
    let mut again = Trainer::resume(&path, data, Device::Cpu, |o| o.lr = 0.01).unwrap();
    steps(&mut again, 7);
}

/// The loss on the validation text alone is infinite: its only token has no probability left.
#[test]
fn a_validation_loss_that_is_infinite_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.txt");
    // A letter that only the beginning of the training part has is all of the validation part.
    let mut all = text(9000).into_bytes();
    let (train, rest) = (all.len() - 2 * (all.len() / 20), all.len() / 20);
    all[..1].fill(b'Z');
    all[train..train + rest].fill(b'Z');
    std::fs::write(&path, all).unwrap();
    let data = Data::read(&path, None, false).unwrap();
    let options = Options {
        optim: Optim::Sgd,
        lr: 1e4,
        grad_clip: 0.0,
        lr_warmup: 0,
        ..small()
    };
    let mut trainer = Trainer::new(options, data, Device::Cpu).unwrap();
    let path = folder.path().join(CHECKPOINT);
    trainer.save(&path).unwrap();
    for _ in 0..40 {
        match trainer.step() {
            Ok(step) => {
                let finite = |entry: &spanscope::train::Entry| entry.valid_nats.is_finite();
                assert!(step.entry.as_ref().is_none_or(finite), "{step:?}");
                if trainer.save(&path).is_err() {
                    break;
                }
            }
            Err(error) => {
                assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
                break;
            }
        }
    }
    // Whatever was saved last can be gone on with.
    let whole = Checkpoint::open(&path).unwrap();
    assert!(
        whole
            .curves()
            .iter()
            .all(|curve| curve.values.iter().all(|v| v.is_finite()))
    );
    Trainer::peek(&path).unwrap();
}

#[test]
fn another_validation_part_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path());
    let mut trainer = Trainer::new(small(), data.clone(), Device::Cpu).unwrap();
    steps(&mut trainer, 2);
    let path = folder.path().join(CHECKPOINT);
    trainer.save(&path).unwrap();
    let mut bytes = std::fs::read(folder.path().join("text.txt")).unwrap();
    let tail = bytes.len() / 20;
    let end = bytes.len() - tail;
    bytes[end - tail..end].reverse();
    let other = folder.path().join("other.txt");
    std::fs::write(&other, &bytes).unwrap();
    let changed = Data::read(&other, Some(data.vocabulary.clone()), false).unwrap();
    assert_eq!(changed.sha256, data.sha256);
    let refused = Trainer::resume(&path, changed, Device::Cpu, |_| {});
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("another part for validation"), "{said}");
    assert!(Trainer::resume(&path, data, Device::Cpu, |_| {}).is_ok());
}

#[test]
fn what_cannot_be_resumed_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path());
    let mut trainer = Trainer::new(small(), data.clone(), Device::Cpu).unwrap();
    steps(&mut trainer, 6);
    let path = folder.path().join(CHECKPOINT);
    trainer.save(&path).unwrap();
    let refused = |path: &Path, data: &Data| {
        Trainer::resume(path, data.clone(), Device::Cpu, |_| {})
            .unwrap_err()
            .to_string()
    };
    let other = folder.path().join("other.txt");
    std::fs::write(&other, text(7000)).unwrap();
    let other = Data::read(&other, None, false).unwrap();
    assert!(refused(&path, &other).contains("another text"));
    let sample = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/shakespeare_adaptive.safetensors");
    assert!(refused(&sample, &data).contains("no state of a run"));
    let changed = Trainer::resume(&path, data.clone(), Device::Cpu, |o| o.hidden_size = 32);
    let said = changed.unwrap_err().to_string();
    assert!(said.contains("its weights are those of"), "{said}");
    // Every way to cut the file short is an error.
    let bytes = std::fs::read(&path).unwrap();
    for end in (0..bytes.len()).step_by(bytes.len() / 40) {
        std::fs::write(folder.path().join("short"), &bytes[..end]).unwrap();
        refused(&folder.path().join("short"), &data);
    }
    let history = Checkpoint::open(&path).unwrap();
    assert_eq!(history.info(SPAN_HISTORY).unwrap().shape, [1, 2, 2]);
}

#[test]
fn a_text_that_is_too_short_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        batch_size: 600,
        ..small()
    };
    let error = Trainer::new(options, data(folder.path()), Device::Cpu).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("--batch-sz 600") && said.contains("text.txt"),
        "{said}"
    );
}
