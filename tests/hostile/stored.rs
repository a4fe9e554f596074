//! Files that belong to a model, made by the program itself and changed at one place: the state of a training run, a recorded
//! run, sums.

use super::data;
use spanscope::checkpoint::{Checkpoint, PlannedTensor, TensorFile};
use spanscope::engine::corpus::recorded_sums;
use spanscope::engine::run_file::KEY;
use spanscope::engine::sums_file::{HEADER, SumsFile, merge};
use spanscope::engine::{LoadedModel, sums_file};
use spanscope::model::{Cancel, Device};
use spanscope::train::{Data, RunProgress, TRAINING, Trainer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Training,
    Run,
    Sums,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Training, Self::Run, Self::Sums];

    /// The key of the metadata under which its header stands.
    pub fn key(self) -> &'static str {
        match self {
            Self::Training => TRAINING,
            Self::Run => KEY,
            Self::Sums => HEADER,
        }
    }
}

/// A file's tensors with their bytes, and its metadata.
#[derive(Debug, Clone)]
pub struct Parts {
    pub tensors: Vec<(PlannedTensor, Vec<u8>)>,
    pub metadata: BTreeMap<String, String>,
}

impl Parts {
    fn of(path: &Path) -> Self {
        let read = Checkpoint::open(path).unwrap();
        let tensors = read.places().iter().map(|(name, place)| {
            let planned = PlannedTensor::new(name.as_str(), place.element, &place.shape);
            (planned, read.bytes_at(place).to_vec())
        });
        Self {
            tensors: tensors.collect(),
            metadata: read.metadata().clone(),
        }
    }

    pub fn write(&self, path: &Path) {
        let plan: Vec<PlannedTensor> = self.tensors.iter().map(|(t, _)| t.clone()).collect();
        let mut file = TensorFile::create(path, &plan, &self.metadata).unwrap();
        for (tensor, bytes) in &self.tensors {
            file.write(&tensor.name, 0, bytes).unwrap();
        }
        file.finish().unwrap();
    }

    pub fn header(&self, kind: Kind) -> serde_json::Value {
        serde_json::from_str(&self.metadata[kind.key()]).unwrap()
    }

    /// With another header.
    pub fn with(&self, kind: Kind, header: &serde_json::Value) -> Self {
        let mut parts = self.clone();
        let key = kind.key().to_owned();
        parts.metadata.insert(key, header.to_string());
        parts
    }
}

/// One of each kind.
pub struct Base {
    folder: tempfile::TempDir,
    pub text: Data,
    parts: [Parts; 3],
}

impl Base {
    pub fn of(&self, kind: Kind) -> &Parts {
        &self.parts[kind as usize]
    }

    /// A place for a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Runs the program, which must succeed.
fn program(folder: &Path, args: &[&str]) {
    let mut program = assert_cmd::Command::cargo_bin("spanscope").unwrap();
    program.current_dir(folder).args(args).assert().success();
}

pub fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let text = &data("shakespeare_test_20000.txt")[..3000];
        std::fs::write(at.join("text.txt"), text).unwrap();
        let options = "--nlayers 1 --hid-sz 8 --nheads 2 --inner-hid-sz 8 --attn-span 24 --adapt-span --adapt-span-ramp 4 \
                       --block-sz 8 --batch-sz 2 --optim adagrad --nbatches 3 --niter 2 --quiet";
        let train = ["train", "--data", "text.txt", "-o", "run"];
        let options: Vec<&str> = options.split_whitespace().collect();
        program(at, &[train.as_slice(), &options].concat());
        std::fs::write(at.join("few.txt"), &text[..200]).unwrap();
        program(at, &["record", "run", "--text", "few.txt", "-o", "rec.safetensors", "--quiet"]);
        let sums = ["--text", "few.txt", "--text", "text.txt", "--shard", "1/3"];
        let run = ["effective-spans", "run", "-o", "sums.safetensors", "--quiet"];
        program(at, &[run.as_slice(), &sums].concat());
        let files = ["run/checkpoint.safetensors", "rec.safetensors", "sums.safetensors"];
        Base {
            text: Data::read(&at.join("text.txt"), None, false).unwrap(),
            parts: files.map(|file| Parts::of(&at.join(file))),
            folder,
        }
    })
}

/// Does with a file what the program does with files of its kind: the error is what it says.
pub fn used(kind: Kind, path: &Path) -> Result<(), String> {
    fn words(error: impl std::error::Error) -> String {
        error.to_string()
    }
    match kind {
        Kind::Training => {
            let opened = Checkpoint::open(path).map_err(words)?;
            let progress = RunProgress::of(opened.metadata());
            let _ = progress.map(|progress| progress.is_finished());
            let begun = Trainer::peek(path).map_err(words)?;
            let text = base().text.clone();
            let set = |options: &mut spanscope::train::Options| {
                *options = begun.options.clone();
                options.nb_iter = options.nb_iter.saturating_add(1);
            };
            let mut run = Trainer::resume(path, text, Device::Cpu, set).map_err(words)?;
            for _ in 0..2 {
                run.step().map_err(words)?;
            }
            run.save(path).map_err(words)?;
            Trainer::peek(path).map_err(words)?;
        }
        Kind::Run => {
            let model = LoadedModel::open(path, None, None).map_err(words)?;
            let _ = (model.kind(), model.network.parameters(), model.parts());
            let file = model.recorded.as_ref().ok_or("no recorded run")?;
            let text = file.text(0).map_err(words)?;
            for at in 0..text.ids.len() {
                file.prediction(&text, at).map_err(words)?;
            }
            let progress = |_: spanscope::engine::corpus::Progress<'_>| {};
            recorded_sums(&model, file, None, 1, &Cancel::default(), &progress).map_err(words)?;
        }
        Kind::Sums => {
            let file = SumsFile::read(path).map_err(words)?;
            let _ = sums_file::missing_words(&file.missing());
            let _ = file.provenance().to_string();
            let _ = spanscope::analysis::sums::rows(&file.sums);
            let _ = spanscope::analysis::sums::usage(&file.sums);
            let twice = vec![("a".into(), file.clone()), ("b".into(), file.clone())];
            assert!(merge(twice).is_err());
            let alone = merge(vec![("a".into(), file)]).map_err(words)?;
            alone.write(path).map_err(words)?;
            SumsFile::read(path).map_err(words)?;
        }
    }
    Ok(())
}

/// The places of all values of a JSON tree that `is` true of, as pointers.
pub fn places(value: &serde_json::Value, is: fn(&serde_json::Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = vec![(String::new(), value)];
    while let Some((place, value)) = next.pop() {
        if is(value) {
            found.push(place.clone());
        }
        match value {
            serde_json::Value::Array(list) => {
                // The like of the first ones.
                let few = list.iter().enumerate().take(3);
                next.extend(few.map(|(i, value)| (format!("{place}/{i}"), value)));
            }
            serde_json::Value::Object(object) => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                next.extend(
                    object
                        .iter()
                        .map(|(key, value)| (format!("{place}/{}", escaped(key)), value)),
                );
            }
            _ => {}
        }
    }
    found
}
