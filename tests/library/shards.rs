//! However many texts are shared out, the sums are the same: byte for byte in the file, for random texts, shards, groupings,
//! jobs and threads.

use proptest::prelude::*;
use proptest::sample::select;
use spanscope::analysis::Mean;
use spanscope::analysis::examples::{ExampleMeasure, ExampleSearch, Memories, MemoryChoice};
use spanscope::engine::LoadedModel;
use spanscope::engine::corpus::{
    Block, Corpus, CorpusError, CorpusSums, Measure, Progress, Shard, TextKind,
};
use spanscope::engine::sums_file::{CorpusRecord, SumsFile, merge};
use spanscope::model::{Cancel, Network};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

const MODELS: [&str; 4] = [
    "tiny_adaptive",
    "tiny_fixed",
    "tiny_all_attention",
    "tiny_adaptive_io_tied_pers",
];

fn model(name: &'static str) -> &'static LoadedModel {
    static ALL: OnceLock<BTreeMap<&str, LoadedModel>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let open = |name: &&'static str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/{name}.pt"));
            (
                *name,
                LoadedModel::open(&path, None, Some(16.into())).unwrap(),
            )
        };
        MODELS.iter().map(open).collect()
    });
    &all[name]
}

/// How a corpus is measured.
#[derive(Debug, Clone, Copy)]
struct How {
    jobs: usize,
    threads: usize,
    removed: bool,
}

impl How {
    /// What places are looked for: of all neurons and all persistent vectors as well.
    fn examples(self, network: &Network) -> ExampleSearch {
        let architecture = network.architecture();
        let mut chosen = Vec::new();
        if architecture.all_neurons() > 0 {
            chosen.push(MemoryChoice::AllNeurons);
        }
        if architecture.persistent() > 0 {
            chosen.push(MemoryChoice::AllVectors);
        }
        let memories = Memories::new(architecture, &chosen).unwrap();
        assert_eq!(memories.ids.is_empty(), chosen.is_empty());
        ExampleSearch {
            measure: match self.removed {
                true => ExampleMeasure::Distance,
                false => ExampleMeasure::Row(Mean::Duplicate),
            },
            top: 3,
            memories: Arc::new(memories),
        }
    }
}

const PLAIN: How = How {
    jobs: 1,
    threads: 1,
    removed: false,
};

fn measure(
    model: &LoadedModel,
    corpus: &Corpus,
    shard: Shard,
    how: How,
) -> Result<CorpusSums, CorpusError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(how.threads);
    let measure = || {
        Measure {
            model,
            jobs: how.jobs,
            skip_bad: false,
            removed: how.removed,
            sink_free: 1,
            cancel: &Cancel::default(),
            progress: &|_| {},
            keep: None,
            examples: Some(how.examples(&model.network)),
        }
        .run(&corpus.shard(shard))
    };
    pool.build().unwrap().install(measure)
}

fn sums(model: &LoadedModel, corpus: &Corpus, shard: Shard, how: How) -> SumsFile {
    let measured = measure(model, corpus, shard, how).unwrap();
    SumsFile::new(model, CorpusRecord::new(corpus, shard), measured).unwrap()
}

/// Files of ids in folders.
fn write(folder: &Path, texts: &[Vec<u32>]) -> Corpus {
    for (i, ids) in texts.iter().enumerate() {
        let path = folder.join(format!("{}/{i}.json", i % 2));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, serde_json::to_string(ids).unwrap()).unwrap();
    }
    Corpus::find(&[folder.to_owned()], TextKind::Ids).unwrap()
}

fn bytes(folder: &Path, file: &SumsFile) -> Vec<u8> {
    let path = folder.join("sums.safetensors");
    file.write(&path).unwrap();
    std::fs::read(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn shards_jobs_and_threads_change_nothing(
        name in select(&MODELS[..]),
        texts in prop::collection::vec(prop::collection::vec(0_u32..60, 1..150), 1..7),
        of in 1_usize..6,
        removed in any::<bool>(),
        // For each shard: how it is measured, and the place of a file that it is joined to before.
        hows in prop::collection::vec((select(vec![1, 2, 4]), select(vec![1, 2]), 0_usize..5), 5),
        turn in 0_usize..5,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let corpus = write(&folder.path().join("texts"), &texts);
        let model = model(name);
        let how = |i: usize| How { jobs: hows[i].0, threads: hows[i].1, removed };
        let whole = sums(model, &corpus, Shard::ALL, How { removed, ..PLAIN });
        let expected = bytes(folder.path(), &whole);
        let again = sums(model, &corpus, Shard::ALL, how(0));
        prop_assert_eq!(bytes(folder.path(), &again), &expected[..]);

        // Some are put together first, in any order, and then all.
        let mut groups: BTreeMap<usize, Vec<(PathBuf, SumsFile)>> = BTreeMap::new();
        for (i, (.., group)) in hows.iter().enumerate().take(of) {
            let shard = Shard::new(i + 1, of).unwrap();
            let file = sums(model, &corpus, shard, how(i));
            // Through the disk, as it is.
            let path = folder.path().join(format!("{i}.safetensors"));
            file.write(&path).unwrap();
            groups.entry(*group).or_default().push((path.clone(), SumsFile::read(&path).unwrap()));
        }
        let mut merged = Vec::new();
        for (group, mut files) in groups {
            files.reverse();
            merged.push((folder.path().join(format!("group {group}")), merge(files).unwrap()));
        }
        let places = merged.len();
        merged.rotate_left(turn % places);
        let all = merge(merged).unwrap();
        prop_assert!(all.missing().is_empty());
        prop_assert_eq!(bytes(folder.path(), &all), expected);
    }
}

#[test]
fn texts_longer_than_a_block_are_shared_out_too() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<Vec<u32>> = [1500_u32, 700, 3, 513]
        .map(|len| (0..len).map(|i| (i * i * 7 + i / 3) % 60).collect())
        .into();
    let corpus = write(&folder.path().join("texts"), &texts);
    for name in MODELS {
        let model = model(name);
        let whole = sums(model, &corpus, Shard::ALL, PLAIN);
        assert_eq!(whole.sums.totals.tokens, 2716);
        let how = How {
            jobs: 4,
            threads: 2,
            removed: false,
        };
        assert_eq!(sums(model, &corpus, Shard::ALL, how), whole);
        let other = How {
            threads: 2,
            ..PLAIN
        };
        assert_eq!(sums(model, &corpus, Shard::ALL, other), whole);
    }
}

#[test]
fn surprisal_is_that_of_the_run_and_whoever_keeps_sees_every_block() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [vec![7; 1100], (0..600).map(|i| i % 60).collect()];
    let corpus = write(&folder.path().join("texts"), &texts);
    let seen = Mutex::new(BTreeMap::<usize, (usize, f64)>::new());
    let keep = |block: &Block<'_>| {
        let mut seen = seen.lock().unwrap();
        let (end, nats) = seen.entry(block.index).or_default();
        assert_eq!(*end, block.range.start);
        assert_eq!(
            &block.run.ids()[..block.range.end],
            &block.ids[..block.range.end]
        );
        *end = block.range.end;
        *nats += block.nll.iter().map(|n| f64::from(*n)).sum::<f64>();
        let weights = block
            .run
            .head_weights(0, 0, block.range.start, block.range.end);
        assert!(weights.is_some());
        Ok(())
    };
    let tokens = Mutex::new(0);
    let progress = |event: Progress<'_>| {
        if let Progress::Ran(n) = event {
            *tokens.lock().unwrap() += n;
        }
    };
    let measured = Measure {
        model: model("tiny_adaptive"),
        jobs: 2,
        skip_bad: false,
        removed: false,
        sink_free: 1,
        cancel: &Cancel::default(),
        progress: &progress,
        keep: Some(&keep),
        examples: None,
    }
    .run(&corpus.shard(Shard::ALL))
    .unwrap();
    assert_eq!(*tokens.lock().unwrap(), 1700);
    for (i, (end, nats)) in seen.into_inner().unwrap() {
        let text = &measured.texts[i];
        assert_eq!(text.tokens, end as u64);
        let bits = text.surprisal.unwrap() as f64 / 2_f64.powi(32);
        assert!((bits - nats / std::f64::consts::LN_2).abs() < 1e-6);
    }
    let cancelled = Cancel::default();
    cancelled.cancel();
    let stopped = Measure {
        model: model("tiny_adaptive"),
        jobs: 2,
        skip_bad: true,
        removed: true,
        sink_free: 1,
        cancel: &cancelled,
        progress: &|_| {},
        keep: None,
        examples: None,
    }
    .run(&corpus.shard(Shard::ALL));
    assert!(stopped.unwrap_err().to_string().contains("cancelled"));
}
