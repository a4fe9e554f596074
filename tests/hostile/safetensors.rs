//! `.safetensors` files whose headers lie.

use super::build::safetensors;
use super::measured::{alone, refused};

fn entry(shape: &str, start: u64, end: u64) -> String {
    format!("{{\"dtype\":\"F32\",\"shape\":[{shape}],\"data_offsets\":[{start},{end}]}}")
}

fn one(shape: &str, start: u64, end: u64) -> Vec<u8> {
    safetensors(
        &format!("{{\"key_pe\":{}}}", entry(shape, start, end)),
        &[0; 16],
    )
}

#[test]
fn places_that_do_not_fit_are_refused() {
    let _alone = alone();
    for (name, bytes, parts) in [
        (
            "beyond.safetensors",
            one("8", 0, 32),
            &["take 32 bytes", "there are 16"][..],
        ),
        (
            "terabyte.safetensors",
            one("274877906944", 0, 1 << 40),
            &["take 1099511627776 bytes"],
        ),
        (
            "shape.safetensors",
            one("5", 0, 16),
            &["tensor key_pe", "cannot be 16 bytes"],
        ),
        (
            "product.safetensors",
            one("4294967296,4294967296,4294967296", 0, 16),
            &["key_pe", "cannot be"],
        ),
        (
            "zero.safetensors",
            one("18446744073709551615,2,0", 0, 16),
            &["key_pe", "cannot be"],
        ),
        (
            "backwards.safetensors",
            one("4", 16, 0),
            &["key_pe", "claims the bytes 16 to 0"],
        ),
        (
            "gap.safetensors",
            one("2", 8, 16),
            &["key_pe", "expected it to begin at byte 0"],
        ),
        (
            "rest.safetensors",
            one("2", 0, 8),
            &["take 8 bytes", "there are 16"],
        ),
        ("negative.safetensors", one("-4", 0, 16), &["header"]),
        (
            "dims.safetensors",
            one(&["1"; 20].join(","), 0, 4),
            &["20 dimensions"],
        ),
    ] {
        refused(name, &bytes, parts);
    }
}

#[test]
fn tensors_over_each_other_are_refused() {
    let _alone = alone();
    let header = format!(
        "{{\"key_pe\":{},\"other\":{}}}",
        entry("3", 0, 12),
        entry("2", 8, 16)
    );
    let parts = [
        "tensor other claims the bytes 8 to 16",
        "begin at byte 12, where key_pe ends",
    ];
    refused("over.safetensors", &safetensors(&header, &[0; 16]), &parts);
    let same = format!(
        "{{\"a\":{},\"b\":{}}}",
        entry("4", 0, 16),
        entry("4", 0, 16)
    );
    refused(
        "same.safetensors",
        &safetensors(&same, &[0; 16]),
        &["tensor b claims", "where a ends"],
    );
}

#[test]
fn names_that_are_there_twice_are_refused() {
    let _alone = alone();
    let twice = |a: &str, b: &str| {
        let header = format!(
            "{{\"{a}\":{},\"{b}\":{}}}",
            entry("2", 0, 8),
            entry("2", 8, 16)
        );
        safetensors(&header, &[0; 16])
    };
    refused(
        "twice.safetensors",
        &twice("key_pe", "key_pe"),
        &["two tensors are called key_pe"],
    );
    refused(
        "prefix.safetensors",
        &twice("module.key_pe", "key_pe"),
        &["have the same name, key_pe"],
    );
    let metadata = "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}";
    refused(
        "metadata.safetensors",
        &safetensors(metadata, &[]),
        &["metadata a is there twice"],
    );
    let both = "{\"__metadata__\":{},\"__metadata__\":{}}";
    refused(
        "both.safetensors",
        &safetensors(both, &[]),
        &["metadata are there twice"],
    );
}

#[test]
fn headers_of_any_length_take_no_memory() {
    let _alone = alone();
    for (name, length) in [("longer", 3_u64), ("terabyte", 1 << 40), ("most", u64::MAX)] {
        let mut bytes = one("4", 0, 16);
        let header = u64::from_le_bytes(*bytes.first_chunk().unwrap());
        let length = if length == 3 { header + 17 } else { length };
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        // What is longer than the file is not taken for a header at all.
        let part = if length < 1000 {
            "the header claims"
        } else {
            "not a checkpoint"
        };
        refused(&format!("{name}.safetensors"), &bytes, &[part]);
    }
    for (name, header) in [
        (
            "deep.safetensors",
            format!("{{\"a\":{}", "[".repeat(100_000)),
        ),
        ("cut.safetensors", "{\"a\":{\"dtype\":\"F32\"".into()),
        (
            "type.safetensors",
            "{\"a\":{\"dtype\":\"F99\",\"shape\":[],\"data_offsets\":[0,0]}}".into(),
        ),
        ("empty.safetensors", "{}".into()),
    ] {
        refused(name, &safetensors(&header, &[]), &[name]);
    }
}

#[test]
fn headers_of_many_small_things_take_little() {
    let _alone = alone();
    let tensors: Vec<String> = (0..200_000)
        .map(|i| format!("\"{i}\":{}", entry("", 0, 0)))
        .collect();
    let header = format!("{{{}}}", tensors.join(","));
    refused(
        "many.safetensors",
        &safetensors(&header, &[]),
        &["so many tensors"],
    );
    let header = format!("{{\"a\":{}}}", entry(&"0,".repeat(2_000_000), 0, 0));
    refused(
        "shape.safetensors",
        &safetensors(&header, &[]),
        &["so many tensors"],
    );
    let texts: Vec<String> = (0..700_000).map(|i| format!("\"{i:x}\":\"\"")).collect();
    let header = format!("{{\"__metadata__\":{{{}}}}}", texts.join(","));
    refused(
        "texts.safetensors",
        &safetensors(&header, &[]),
        &["so many tensors"],
    );
    let header = format!("{{\"{}\":{}}}", "n".repeat(5000), entry("", 0, 0));
    refused(
        "name.safetensors",
        &safetensors(&header, &[]),
        &["a name of 5000 bytes"],
    );
}

#[test]
fn ties_that_do_not_hold_are_refused() {
    let _alone = alone();
    let tied = |tied: String, floats: usize| {
        let tied = serde_json::Value::from(tied);
        let bytes = vec![0; 4 * floats];
        let key_pe = entry(&floats.to_string(), 0, bytes.len() as u64);
        let header = format!("{{\"__metadata__\":{{\"tied\":{tied}}},\"key_pe\":{key_pe}}}");
        safetensors(&header, &bytes)
    };
    let missing = tied("{\"a\": \"b\"}".into(), 1);
    refused(
        "missing.safetensors",
        &missing,
        &["tensor a", "tied to b, which is missing"],
    );
    refused(
        "own.safetensors",
        &tied("{\"key_pe\": \"key_pe\"}".into(), 1),
        &["same name"],
    );
    refused(
        "json.safetensors",
        &tied("[".into(), 1),
        &["metadata \"tied\""],
    );
    let many: Vec<String> = (0..1000)
        .map(|i| format!("\"layers.{i}.x\": \"key_pe\""))
        .collect();
    // Many names for one tensor are one: it is no network's.
    let many = tied(format!("{{{}}}", many.join(",")), 1 << 10);
    refused("many.safetensors", &many, &["key_pe", "3 dimensions"]);
}
