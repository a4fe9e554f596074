//! The waits of a person: for one more token, a file that opens, a stale run that lets go.

use super::forward::run;
use super::machine::Memory;
use super::random::{ids, layer_parameters, parameters};
use super::series::{Series, timed};
use super::table::group;
use super::{Bar, BenchError, ModelFile, Pick, Row, Settings};
use spanscope_chart::thousands;
use spanscope_core::model::{BLOCK, Cancel, ModelError, Network, NoObserver, Run};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One token after a text, held against reading the layers' weights once.
pub(super) fn append(settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
    let network = ModelFile::Published.open(folder)?.network;
    let vocab_size = network.architecture().vocab_size;
    let numbers = network
        .architecture()
        .adaptive_span()
        .map_or(0, layer_parameters);
    let memory = Memory::new(numbers);
    let (_, mut run) = run(&network, &ids(vocab_size, settings.tokens))?;
    let (mut tokens, mut reads) = (Series::default(), Series::default());
    for id in ids(vocab_size, settings.count(settings.repeat.max(40), 5)) {
        let cancel = Cancel::default();
        let (took, result) = timed(|| run.extend(&[id], BLOCK, &cancel, &NoObserver));
        result?;
        tokens.push(took * 1e3);
        run.truncate(settings.tokens);
        reads.push(memory.read() * 1e3);
    }
    let times = tokens.map(|took| took / reads.least());
    let megabytes = (numbers * size_of::<f32>()) as f64 / 1e6;
    let read = format!("reading {megabytes:.0} MB, the layers' weights, once: best");
    let title = format!("one more token after {}", thousands(settings.tokens));
    let rows = vec![
        Row::new("append_ms", "time", "ms", &tokens)
            .bar(Bar::AtMost(10.0), settings.absolute_bars()),
        Row::new("weights_read_ms", read, "ms", &reads).pick(Pick::Least),
        Row::new(
            "append_reads",
            "the one against the other",
            "× read",
            &times,
        )
        .bar(Bar::AtMost(2.0), settings.bars()),
    ];
    Ok(group(&title, "", rows))
}

/// A file with optimizer state, opened as a person does, for the first time in a process; held against reading as
/// many bytes as the model has.
pub(super) fn open(settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
    let path = ModelFile::Published.path(folder);
    let bytes = parameters(&settings.size.config()) * size_of::<f32>();
    let failed = |source| BenchError::Read {
        path: path.clone(),
        source,
    };
    let size = std::fs::metadata(&path).map_err(failed)?.len();
    // Into the page cache, with no buffer that the allocator would remember.
    let mut file = File::open(&path).map_err(failed)?;
    std::io::copy(&mut file, &mut std::io::sink()).map_err(failed)?;
    // The model first: what is freed before it would be memory that it gets for less.
    let (open_took, model) = timed(|| ModelFile::Published.open(folder));
    drop(model?);
    let (read_took, buffer) = timed(|| read_start(&path, bytes));
    drop(buffer.map_err(failed)?);
    let title = format!(
        "a .pt file of {:.0} MB, {:.0} MB of them the model",
        size as f64 / 1e6,
        bytes as f64 / 1e6
    );
    let rows = vec![
        Row::single("open_ms", "opening it", "ms", open_took * 1e3),
        Row::single(
            "file_read_ms",
            "reading as many bytes as the model has",
            "ms",
            read_took * 1e3,
        ),
        Row::single(
            "open_reads",
            "the one against the other",
            "× read",
            open_took / read_took,
        )
        .bar(Bar::AtMost(1.3), settings.bars()),
    ];
    Ok(group(&title, "", rows))
}

/// The first bytes of a file, in a buffer of their own.
fn read_start(path: &Path, bytes: usize) -> Result<Vec<u8>, std::io::Error> {
    let mut buffer = Vec::with_capacity(bytes);
    File::open(path)?
        .take(bytes as u64)
        .read_to_end(&mut buffer)?;
    Ok(buffer)
}

/// From asking a run to stop until it has returned, asked at moments spread over a run.
pub(super) fn cancel(settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
    let network = ModelFile::Published.open(folder)?.network;
    let ids: Arc<[u32]> = ids(network.architecture().vocab_size, settings.long()).into();
    let (whole, _) = run(&network, &ids[..settings.tokens])?;
    let count = settings.count(settings.repeat.max(20), 3);
    let mut waits = Series::default();
    for i in 0..count {
        // The text is four times as long as the one timed, so the run is still at it.
        let delay = Duration::from_secs_f64(whole * (i as f64 + 0.5) / count as f64);
        if let Some(wait) = cancel_after(&network, &ids, delay)? {
            waits.push(wait * 1e3);
        }
    }
    if waits.values().is_empty() {
        return Err(BenchError::NothingToCancel);
    }
    let bar = |row: Row| row.bar(Bar::AtMost(50.0), settings.absolute_bars());
    let title = format!("cancelling a run, {} times", waits.values().len());
    let rows = vec![
        bar(Row::new("cancel_ms", "until it returns", "ms", &waits)),
        bar(Row::new("cancel_worst_ms", "the slowest time", "ms", &waits).pick(Pick::Most)),
    ];
    Ok(group(&title, "", rows))
}

/// Seconds from the request to the return; `None` where the run had ended by then.
fn cancel_after(
    network: &Arc<Network>,
    ids: &Arc<[u32]>,
    delay: Duration,
) -> Result<Option<f64>, BenchError> {
    let cancel = Cancel::default();
    let (network, ids, of_run) = (Arc::clone(network), Arc::clone(ids), cancel.clone());
    let thread = std::thread::spawn(move || {
        let mut run = Run::new(network);
        let result = run.extend(&ids, BLOCK, &of_run, &NoObserver);
        (result, Instant::now())
    });
    std::thread::sleep(delay);
    let asked = Instant::now();
    cancel.cancel();
    match thread.join().map_err(|_| BenchError::Thread)? {
        (Err(ModelError::Cancelled), returned) => Ok(Some((returned - asked).as_secs_f64())),
        (Err(error), _) => Err(error.into()),
        (Ok(()), _) => Ok(None),
    }
}
