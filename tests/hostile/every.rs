//! Every prefix and many flipped bytes of the checkpoints and golden files in the tests' data: an error or the right
//! numbers, never a panic.
//!
//! The suite tries some hundred of each. `SPANSCOPE_EVERY=1 cargo test --test hostile every -- --nocapture` tries all
//! prefixes and 20,000 flips of each file.

use super::measured::alone;
use super::{data, folder};
use rayon::prelude::*;
use spanscope::checkpoint::{Checkpoint, Format};
use spanscope::model::Network;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Flips of every file that the whole test tries.
const FLIPS: usize = 20_000;

/// Prefixes and flips of every file that the suite tries.
const SOME: usize = 150;

fn is_whole() -> bool {
    std::env::var_os("SPANSCOPE_EVERY").is_some()
}

/// The files, for as long as the tests run: checkpoints borrow from them.
fn files() -> Vec<(String, &'static [u8])> {
    let names = std::fs::read_dir(folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|n| n.ends_with(".pt") || n.ends_with(".safetensors"))
        .collect();
    names.sort();
    assert!(names.len() >= 15, "{names:?}");
    let load = |name: String| {
        let bytes: &'static [u8] = data(&name).leak();
        (name, bytes)
    };
    names.into_iter().map(load).collect()
}

/// All numbers of a checkpoint, as bits, by the names of their tensors; those fail that cannot be read.
fn numbers(checkpoint: &Checkpoint) -> BTreeMap<String, Option<Vec<u32>>> {
    let bits = |name: &str| {
        let values = checkpoint.read(name).ok()?;
        Some(values.into_iter().map(f32::to_bits).collect())
    };
    checkpoint
        .names()
        .map(|name| (name.to_owned(), bits(name)))
        .collect()
}

/// Numbers that look drawn, the same each time.
fn drawn(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[test]
fn every_prefix_is_refused() {
    let _alone = alone();
    let begin = Instant::now();
    let mut tried = 0;
    for (name, bytes) in files() {
        let step = if is_whole() {
            1
        } else {
            bytes.len().div_ceil(SOME)
        };
        // The first and the last bytes decide more than those between.
        let ends = (0..100.min(bytes.len())).chain(bytes.len().saturating_sub(100)..bytes.len());
        let lengths: Vec<usize> = match step {
            1 => (0..bytes.len()).collect(),
            _ => ends.chain((0..bytes.len()).step_by(step)).collect(),
        };
        lengths.par_iter().for_each(|&length| {
            let cut = Checkpoint::from_static(Path::new(&name), &bytes[..length]);
            let message = cut
                .map(|_| ())
                .expect_err(&format!("{length} bytes of {name} open"))
                .to_string();
            assert!(message.starts_with(&name), "{message}");
        });
        tried += lengths.len();
        assert!(
            Checkpoint::from_static(Path::new(&name), bytes).is_ok(),
            "{name}"
        );
    }
    println!("{tried} prefixes in {:?}", begin.elapsed());
}

#[test]
fn every_flipped_byte_is_noticed_or_does_no_harm() {
    let _alone = alone();
    let begin = Instant::now();
    let flips = if is_whole() { FLIPS } else { SOME };
    let (mut tried, mut opened) = (0, 0);
    for (number, (name, bytes)) in files().into_iter().enumerate() {
        let sound = Checkpoint::from_static(Path::new(&name), bytes).unwrap();
        let right = numbers(&sound);
        let opens = (0..flips).into_par_iter().filter(|i| {
            let draw = drawn((number * FLIPS + i) as u64);
            let at = (draw >> 8) as usize % bytes.len();
            // One bit, or any of them.
            let flip = if i % 2 == 0 {
                1 << (draw % 8)
            } else {
                (draw % 255) as u8 + 1
            };
            let mut changed = bytes.to_vec();
            changed[at] ^= flip;
            let case = || format!("{name}, byte {at} xor {flip:#04x}");
            let checkpoint = match Checkpoint::from_bytes(Path::new(&name), changed) {
                Ok(checkpoint) => checkpoint,
                Err(error) => {
                    assert!(error.to_string().starts_with(&name), "{}: {error}", case());
                    return false;
                }
            };
            let found = numbers(&checkpoint);
            for (tensor, values) in &found {
                let elements = checkpoint.info(tensor).unwrap().elements();
                assert!(
                    values.as_ref().is_none_or(|v| v.len() == elements),
                    "{}",
                    case()
                );
            }
            if sound.format() == Format::PtZip {
                // All that counts has a checksum: what can be read is what was written.
                let same = |(name, values): (&String, &Option<Vec<u32>>)| {
                    values.is_none() || right.get(name) == Some(values)
                };
                assert!(
                    found.len() == right.len() && found.iter().all(same),
                    "{}",
                    case()
                );
                assert_eq!(checkpoint.curves(), sound.curves(), "{}", case());
            }
            // Numbers anywhere, shapes of any kind: an error or a network.
            let _ = Network::outline(&checkpoint, None);
            true
        });
        opened += opens.count();
        tried += flips;
    }
    println!(
        "{tried} flips, {opened} of them open, in {:?}",
        begin.elapsed()
    );
}
