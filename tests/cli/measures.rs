//! `effective-spans --json` against values that a script beside the goldens computed from PyTorch's own attention: of a model with
//! windows, one with learned sinks, and one whose heads share keys and values.

use super::*;

/// How far a number may be off, in terms of itself where it is above 1: weights are of 32 bits here.
const SLACK: f64 = 3e-5;

#[test]
fn measures_are_those_of_pytorch() {
    for name in ["mistral", "gpt_oss", "llama"] {
        let golden = std::fs::read(data(&format!("measures/{name}.golden.json"))).unwrap();
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let texts = golden["texts"].as_array().unwrap();
        assert_eq!(texts.len(), 3);
        for (i, ids) in texts.iter().enumerate() {
            let path = folder.path().join(format!("{i}.json"));
            std::fs::write(path, ids.to_string()).unwrap();
        }
        let found = json(&[
            "effective-spans",
            &data(&format!("families/{name}")),
            "--ids",
            folder.path().to_str().unwrap(),
            "--json",
        ]);
        assert_eq!(found["sink_free"], golden["sink_free"]);
        let heads = found["heads"].as_array().unwrap();
        let wanted = golden["heads"].as_array().unwrap();
        assert_eq!(heads.len(), wanted.len(), "{name}");
        let (mut exact, mut close) = (0, 0);
        for (head, wanted) in heads.iter().zip(wanted) {
            let wanted = wanted.as_object().unwrap();
            assert_eq!(wanted.len(), 36, "{name}");
            for (field, want) in wanted {
                let at = format!(
                    "{name} L{}H{} {field}: {}, not {want}",
                    head["layer"], head["head"], head[field]
                );
                if field == "span_quantiles" {
                    // Bins of spans are exact below 128.
                    for (share, want) in want.as_object().unwrap() {
                        let found = head[field][share].as_u64().unwrap();
                        let want = want.as_u64().unwrap();
                        assert!(found >= want && found - want <= want / 64, "{at}");
                        exact += 1;
                    }
                } else if want.is_u64() {
                    assert_eq!(&head[field], want, "{at}");
                    exact += 1;
                } else {
                    let (Some(found), Some(want)) = (head[field].as_f64(), want.as_f64()) else {
                        panic!("{at}");
                    };
                    let slack = SLACK * want.abs().max(1.0);
                    assert!((found - want).abs() < slack, "{at}");
                    close += 1;
                }
            }
        }
        assert!(
            exact >= 11 * heads.len() && close >= 25 * heads.len(),
            "{exact} {close}"
        );
        // The models have what they are here for.
        let any = |field: &str, above: f64| {
            let mut all = wanted.iter().map(|head| head[field].as_f64().unwrap());
            all.any(|value| value > above)
        };
        assert_eq!(any("learned_sink", 0.01), name == "gpt_oss");
        assert_eq!(any("distant_mass", 0.01), name != "mistral");
    }
}
