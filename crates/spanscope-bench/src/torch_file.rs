//! Generated models as the `.pt` files that today's PyTorch writes.

use super::BenchError;
use super::random::Entry;
use super::torch_pickle::checkpoint;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The sum that Adagrad has accumulated for every weight.
const SUM: f32 = 0.01;

/// Writes a model to `path`, with as much optimizer state if asked for: a zip archive of stored entries that begin at
/// multiples of 64 bytes. Tensors are generated one by one, so the memory needed is that of the largest.
///
/// # Errors
/// When the file cannot be written.
pub fn write_pt(path: &Path, entries: &[Entry], optimizer: bool) -> Result<(), BenchError> {
    let failed = |source| BenchError::Write {
        path: path.to_owned(),
        source,
    };
    let file = File::create(path).map_err(failed)?;
    archive(file, entries, optimizer).map_err(failed)
}

fn archive(file: File, entries: &[Entry], optimizer: bool) -> Result<(), std::io::Error> {
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .with_alignment(64);
    let mut add = |name: &str, bytes: &[u8]| -> Result<(), std::io::Error> {
        zip.start_file(format!("archive/{name}"), options)?;
        zip.write_all(bytes)
    };
    add("data.pkl", &checkpoint(entries, optimizer))?;
    add("byteorder", b"little")?;
    for (key, entry) in entries.iter().enumerate() {
        add(&format!("data/{key}"), &bytes(&entry.values()))?;
    }
    if optimizer {
        for (index, entry) in entries.iter().enumerate() {
            let sums = vec![SUM; entry.elements()];
            add(&format!("data/{}", entries.len() + index), &bytes(&sums))?;
        }
    }
    add("version", b"3\n")?;
    zip.finish()?;
    Ok(())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Size;
    use crate::random::{entries, parameters};
    use spanscope_core::checkpoint::{Checkpoint, Dtype, Format, write_safetensors};
    use spanscope_core::model::Network;
    use std::collections::BTreeMap;

    #[test]
    fn the_file_opens_and_holds_the_numbers_of_the_other_format() {
        let folder = tempfile::tempdir().unwrap();
        let (pt, other) = (
            folder.path().join("m.pt"),
            folder.path().join("m.safetensors"),
        );
        for size in [Size::Small, Size::SmallPers] {
            let config = size.config();
            let spans = size.spans();
            let all = entries(&config, &spans);
            write_pt(&pt, &all, true).unwrap();
            let tensors: Vec<_> = all.iter().map(Entry::tensor).collect();
            let none = BTreeMap::new();
            write_safetensors(&other, &tensors, &none, Dtype::F32, &BTreeMap::new()).unwrap();
            let (a, b) = (
                Checkpoint::open(&pt).unwrap(),
                Checkpoint::open(&other).unwrap(),
            );
            assert_eq!(a.format(), Format::PtZip);
            // Weights and as much again.
            assert!(a.file_bytes() > 2 * 4 * parameters(&config));
            assert!(a.names().eq(b.names()));
            for name in a.names() {
                assert_eq!(a.info(name), b.info(name), "{name}");
                assert!(a.read(name).unwrap() == b.read(name).unwrap(), "{name}");
            }
            let network = Network::load(&a, None).unwrap();
            assert_eq!(network.architecture().adaptive_span().unwrap(), &config);
            assert_eq!(network.parameters(), parameters(&config) as u64);
            let found: Vec<usize> = network.spans().iter().map(|s| s.span as usize).collect();
            assert_eq!(found, spans);
        }
    }
}
