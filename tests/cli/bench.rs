//! `bench`: every figure is there and is a number. How good they are is no matter for a test.

use super::*;

#[test]
fn a_quick_bench_has_every_figure() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "bench", "--size", "small", "--tokens", "64", "--quick", "--json",
    ];
    let mut bench = program(&args);
    bench.env("TMPDIR", folder.path());
    let done = bench.assert().success();
    let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(said.contains("bench: 1: prefill"), "{said}");
    let report: Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(report["size"], "small");
    assert_eq!(report["parameters"], 6_480_621);
    assert_eq!(
        (&report["tokens"], &report["repeat"]),
        (&64.into(), &2.into())
    );
    assert!(report["threads"].as_u64().unwrap() > 0);
    let rows = report["rows"].as_array().unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    let mut expected = vec![
        "prefill_tokens_per_second",
        "prefill_mflop_per_token",
        "prefill_gflops",
        "prefill_sgemm_gflops",
        "prefill_sgemm_share",
        "prefill_peak_bytes",
        "append_ms",
        "weights_read_ms",
        "append_reads",
        "long_tokens_per_second",
        "long_peak_bytes",
        "long_look_peak_bytes",
        "long_look_ms",
        "long_look_worst_ms",
        "open_ms",
        "file_read_ms",
        "open_reads",
        "cancel_ms",
        "cancel_worst_ms",
        "span_wide_ms_per_token",
        "span_narrow_ms_per_token",
        "span_cost_ratio",
        "all_attention_tokens_per_second",
        "all_attention_mflop_per_token",
        "all_attention_gflops",
        "all_attention_sgemm_gflops",
        "all_attention_sgemm_share",
        "all_attention_peak_bytes",
    ];
    if !cfg!(target_os = "linux") {
        expected.retain(|id| !id.ends_with("_bytes"));
    }
    assert_eq!(ids, expected);
    for row in rows {
        let value = row["value"].as_f64().unwrap();
        assert!(value > 0.0 && value.is_finite(), "{row}");
        let measured = row["measured"].as_array().unwrap();
        assert!(measured.iter().all(|m| m.as_f64().unwrap() > 0.0), "{row}");
        assert!(!measured.is_empty(), "{row}");
        // Nothing so quick is held against a bar.
        assert!(row["bar"].is_null() && row["met"].is_null(), "{row}");
        for words in ["group", "what", "unit", "pick"] {
            assert!(!row[words].as_str().unwrap().is_empty(), "{row}");
        }
    }
    // The models are gone.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_bench_does_not_know_is_wrong_usage() {
    for (args, part) in [
        (vec!["bench", "--size", "huge"], "enwik8_pers_small"),
        (vec!["bench", "--tokens", "0"], "--tokens"),
        (vec!["bench", "--tokens", "99999999999"], "1 to 1048576"),
        (vec!["bench", "--repeat", "99999999999"], "1 to 10000"),
        (
            vec!["bench", "--ramp", "16"],
            "leave --vocab and --ramp out",
        ),
        (vec!["bench", "--case", "prefill"], "--models"),
        (
            vec!["bench", "--case", "nap", "--models", "."],
            "expected one of prefill",
        ),
    ] {
        let said = complaint(&args, 2);
        assert!(said.contains(part), "{args:?}: {said}");
    }
}
