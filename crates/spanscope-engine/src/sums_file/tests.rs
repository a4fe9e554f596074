//! Files of sums: written, read, and refused where something is wrong.

use super::*;
use crate::corpus::TextRecord;
use spanscope_core::analysis::sums::{Moments, Totals, to_units};
use spanscope_core::checkpoint::{Element, PlannedTensor, TensorFile};
use spanscope_core::model::{Architecture, Config, Normalisation, Reach, Span};
use std::collections::BTreeMap;

fn architecture() -> Architecture {
    Architecture::from(&config())
}

fn config() -> Config {
    Config {
        vocab_size: 60,
        hidden_size: 8,
        nb_heads: 2,
        nb_layers: 2,
        attn_span: 64,
        inner_hidden_size: 0,
        pers_mem_size: 3,
        adapt_span: true,
        adapt_span_ramp: 2.into(),
        adapt_io: None,
        normalisation: Normalisation::default(),
        own_head_dim: None,
        pre_norm: false,
    }
}

/// Sums of one text, which is all of its corpus or a shard of it.
fn file(name: &str, sha256: &str, shard: Option<(usize, usize)>) -> SumsFile {
    let mut spans: Vec<Span> = (0..4)
        .map(|i| {
            Span::of(
                &architecture(),
                i / 2,
                i % 2,
                0.1 + i as f32,
                Reach::of(3 + i),
            )
        })
        .collect();
    Span::keep_longest(&mut spans);
    let mut sums = Sums::of(&architecture(), &spans, true);
    let seed = name.bytes().map(u64::from).sum::<u64>();
    for (i, head) in sums.heads.iter_mut().enumerate() {
        for (d, n) in head.distances.iter_mut().enumerate() {
            *n = seed * 1_000_003 + (i * 10 + d) as u64;
        }
        (head.empty, head.removed, head.entropy) = (to_units(1.5), seed, 3 * seed);
        head.vectors = vec![seed, 2 * seed, 3];
        head.whole_reach = 7;
    }
    let text = TextRecord {
        name: name.into(),
        bytes: 10,
        sha256: sha256.into(),
        tokens: 10,
        unknown: 0,
        predicted_bytes: Some(9),
        surprisal: Some(to_units(20.0) + seed),
    };
    sums.totals = text.totals();
    let header = SumsHeader {
        version: VERSION,
        written_by: spanscope_chart::WRITTEN_BY.into(),
        unit: spanscope_core::analysis::sums::UNIT,
        model: ModelRecord {
            edits: Default::default(),
            name: "m.pt".into(),
            sha256: "ab".into(),
            tensors_sha256: None,
            architecture: architecture(),
            vocabulary: None,
            spans: spans.iter().map(Into::into).collect(),
        },
        has_removed: true,
        rows: None,
        examples: None,
        corpora: vec![CorpusRecord {
            id: format!("corpus of {}", shard.map_or(name, |_| "all")),
            texts: shard.map_or(1, |(_, of)| of),
            shards: shard.map(|(index, of)| Done {
                of,
                done: vec![index],
            }),
        }],
        texts: vec![text],
        left_out: Vec::new(),
    };
    SumsFile {
        header,
        sums,
        examples: None,
    }
}

/// The same with what follows from single rows.
fn with_rows(mut file: SumsFile, sink_free: usize) -> SumsFile {
    let seed = file.sums.totals.surprisal % 1000;
    file.sums = file.sums.measuring(sink_free);
    file.header.rows = file.sums.measured.map(RowsRecord::new);
    for (i, head) in file.sums.heads.iter_mut().enumerate() {
        let rows = head.rows.as_mut().unwrap();
        (rows.first, rows.norm) = (vec![seed, i as u64], vec![3; 1 + i]);
        rows.spans[i] = 10;
        for (k, moments) in rows.means.iter_mut().enumerate() {
            *moments = Moments::of_text(10, to_units(0.25) * seed + (i * 100 + k) as u64);
        }
    }
    file
}

#[test]
fn what_follows_from_rows_is_kept_and_files_of_before_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let [a, b, c] = ["a", "b", "c"].map(|name| {
        let index = usize::from(name.as_bytes()[0] - b'a') + 1;
        file(name, name, Some((index, 3)))
    });
    let (old, b, c, four) = (
        a.clone(),
        with_rows(b, 1),
        with_rows(c, 1),
        with_rows(a.clone(), 4),
    );
    let a = with_rows(a, 1);
    for written in [&old, &a, &b] {
        written.write(&path).unwrap();
        assert_eq!(&SumsFile::read(&path).unwrap(), written);
    }
    let all = together(&[&a, &b, &c]).unwrap();
    assert_eq!(together(&[&c, &a, &b]).unwrap(), all);
    all.write(&path).unwrap();
    assert_eq!(SumsFile::read(&path).unwrap(), all);
    assert_eq!(all.header.rows.as_ref().unwrap().sink_free, 1);
    // What one of them lacks the whole lacks.
    let mixed = together(&[&b, &old, &c]).unwrap();
    assert!(mixed.header.rows.is_none() && mixed.sums.measured.is_none());
    assert_eq!(mixed, together(&[&old, &c, &b]).unwrap());
    let said = together(&[&b, &four]).unwrap_err().to_string();
    assert!(said.contains("--sink-free"), "{said}");
    // Means that a later version adds are no reason to refuse the rest.
    let mut later = a.clone();
    later
        .header
        .rows
        .as_mut()
        .unwrap()
        .means
        .push("more".into());
    later.write(&path).unwrap();
    assert!(SumsFile::read(&path).unwrap().sums.measured.is_none());
}

fn together(files: &[&SumsFile]) -> Result<SumsFile, MergeError> {
    let name = |i: usize| PathBuf::from(format!("{i}.safetensors"));
    let files = files.iter().enumerate();
    merge(files.map(|(i, file)| (name(i), (*file).clone())).collect())
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    for mut written in [file("é \"x\"", "1", None), file("b", "2", Some((2, 3)))] {
        for has_removed in [true, false] {
            written.header.has_removed = has_removed;
            written.sums.has_removed = has_removed;
            if !has_removed {
                for head in &mut written.sums.heads {
                    (head.removed, head.entropy) = (0, 0);
                }
            }
            written.write(&path).unwrap();
            assert!(SumsFile::is_at(&path));
            assert_eq!(SumsFile::read(&path).unwrap(), written);
        }
    }
    let missing = SumsFile::read(&path).unwrap().missing();
    assert_eq!(missing[0].first, [1, 3]);
    assert_eq!(missing[0].to_string(), "1, 3 of 3");
    let sums = SumsFile::read(&folder.path().join("absent"));
    assert!(matches!(sums, Err(SumsFileError::File(_))));
    let model = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("sample_models/shakespeare_adaptive.safetensors");
    assert!(!SumsFile::is_at(&model));
    assert!(matches!(
        SumsFile::read(&model),
        Err(SumsFileError::NoSums { .. })
    ));
}

#[test]
fn files_join_in_any_order_and_grouping() {
    let parts = ["a", "b", "c"].map(|name| {
        let index = usize::from(name.as_bytes()[0] - b'a') + 1;
        file(name, name, Some((index, 3)))
    });
    let [a, b, c] = &parts;
    let all = together(&[a, b, c]).unwrap();
    assert!(all.missing().is_empty() && all.header.corpora[0].shards.is_none());
    assert_eq!(all.sums.totals.texts, 3);
    assert_eq!(
        all.sums.heads[1].distances[0],
        parts
            .iter()
            .map(|part| part.sums.heads[1].distances[0])
            .sum::<u64>()
    );
    let pair = together(&[c, a]).unwrap();
    assert_eq!(pair.missing()[0].first, [2]);
    assert_eq!(together(&[b, &pair]).unwrap(), all);
    assert_eq!(together(&[&together(&[b, c]).unwrap(), a]).unwrap(), all);
    assert_eq!(together(&[c, b, a]).unwrap(), all);
    // Another corpus beside it, and none twice.
    let other = file("d", "d", None);
    let both = together(&[&other, &all]).unwrap();
    assert_eq!(both, together(&[&all, &other]).unwrap());
    assert_eq!(both.header.corpora.len(), 2);
    let names = both.header.texts.iter().map(|text| text.name.as_str());
    assert_eq!(names.collect::<String>(), "abcd");
    assert_eq!(together(&[a]).unwrap(), *a);
}

#[test]
fn what_would_count_twice_or_is_not_alike_is_refused() {
    let a = file("a", "1", Some((1, 3)));
    let said = |b: &SumsFile| together(&[&a, b]).unwrap_err().to_string();
    assert!(said(&a).contains("both hold shard 1 of 3"));
    // The same text by itself, and under another name.
    assert!(said(&file("a", "1", None)).contains("both hold the text a"));
    assert!(said(&file("z", "1", None)).contains("text a (as z in the other)"));
    // A text may be twice in one corpus, and there may be several of one name.
    assert!(together(&[&a, &file("z", "1", Some((2, 3)))]).is_ok());
    assert!(together(&[&a, &file("a", "9", None)]).is_ok());
    let changed = |change: fn(&mut SumsFile)| {
        let mut b = file("b", "2", Some((2, 3)));
        change(&mut b);
        said(&b)
    };
    let model = changed(|b| b.header.model.sha256 = "cd".into());
    assert!(model.contains("different models") && model.contains("0.safetensors"));
    let ramp = changed(|b| {
        b.header.model.architecture = Architecture::from(&Config {
            adapt_span_ramp: 4.into(),
            ..config()
        });
    });
    assert!(ramp.contains("ramps differ (2 and 4)"));
    let version = changed(|b| b.header.written_by = "spanscope 9".into());
    assert!(version.contains("spanscope 9"));
    assert!(changed(|b| b.header.has_removed = false).contains("--removed"));
    let vocabulary = changed(|b| {
        b.header.model.vocabulary = Some(VocabularyRecord {
            size: 60,
            sha256: "x".into(),
        });
    });
    assert!(vocabulary.contains("vocabularies"));
    assert!(changed(|b| b.sums.totals.tokens = 1 << 31).contains("2,147,483,648"));
    assert!(matches!(merge(Vec::new()), Err(MergeError::Nothing)));
}

/// 20,000 texts of one hash, in one corpus: each is looked at once.
#[test]
fn many_texts_of_one_content_are_joined_soon() {
    let many = |part: usize| {
        let mut all = file("a", "same", Some((part, 2)));
        let [text] = all.header.texts.as_slice() else {
            panic!("one text");
        };
        let texts = (0..20_000).map(|i| TextRecord {
            name: format!("{part}/{i:05}"),
            tokens: 1,
            surprisal: Some(0),
            ..text.clone()
        });
        all.header.texts = texts.collect();
        all.sums.totals = Totals::default();
        all
    };
    let start = std::time::Instant::now();
    let both = together(&[&many(1), &many(2)]).unwrap();
    assert_eq!(both.header.texts.len(), 40_000);
    let mut other = many(2);
    other.header.texts[19_999].name = "1/00007".into();
    let said = together(&[&many(1), &other]).unwrap_err().to_string();
    assert!(said.contains("both hold the text 1/00007"), "{said}");
    other.header.corpora[0].id = "another".into();
    let said = together(&[&many(1), &other]).unwrap_err().to_string();
    assert!(
        said.contains("text 1/00000 (as 2/00000 in the other)"),
        "{said}"
    );
    // By pairs it would be 400 million comparisons.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

/// A corpus of so many shards, one of which is there.
fn corpora(count: usize, of: usize) -> Vec<CorpusRecord> {
    let corpus = |i: usize| CorpusRecord {
        id: format!("{i:06}"),
        texts: of,
        shards: Some(Done { of, done: vec![1] }),
    };
    (0..count).map(corpus).collect()
}

#[test]
fn shards_of_all_corpora_together_are_bounded_and_told_in_few_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let mut sums = file("a", "1", None);
    sums.header.corpora = corpora(400, 1 << 20);
    write_raw(&path, &serde_json::json!(sums.header).to_string(), |_| {});
    let said = SumsFile::read(&path).unwrap_err().to_string();
    assert!(
        said.contains("400 corpora have more than 1,048,576 shards"),
        "{said}"
    );
    sums.header.corpora = corpora(400, 2000);
    let missing = missing_words(&sums.missing());
    assert_eq!(missing.len(), 5);
    assert_eq!(
        missing[0],
        "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 1,987 more of 2000"
    );
    assert_eq!(missing[4], "791,604 of 396 more corpora");
    // Files that can be read each, but not put together.
    let mut other = file("b", "2", None);
    sums.header.corpora = corpora(1, 1 << 20);
    other.header.corpora = vec![CorpusRecord {
        id: "other".into(),
        ..corpora(1, 2).remove(0)
    }];
    let said = together(&[&sums, &other]).unwrap_err().to_string();
    assert!(said.contains("1,048,578 shards"), "{said}");
}

/// Sums that are more than their tokens can give.
#[test]
fn sums_are_held_against_their_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let said = |change: fn(&mut spanscope_core::analysis::sums::HeadSum)| {
        let mut sums = file("a", "1", None);
        change(&mut sums.sums.heads[2]);
        sums.write(&path).unwrap();
        SumsFile::read(&path).unwrap_err().to_string()
    };
    assert!(
        said(|head| head.distances[0] = u64::MAX)
            .contains("layer 1, head 0: the tensor sums.distance")
    );
    assert!(said(|head| head.empty = u64::MAX).contains("sums.empty"));
    assert!(said(|head| head.vectors.fill(1 << 62)).contains("sums.vectors"));
    assert!(said(|head| head.removed = 1 << 60).contains("sums.removed"));
    assert!(said(|head| head.entropy = u64::MAX).contains("sums.entropy"));
    assert!(said(|head| head.whole_reach = 11).contains("sums.whole_reach"));
}

/// Writes a file with this header and the right tensors, but for `change`.
fn write_raw(path: &Path, header: &str, change: impl Fn(&mut PlannedTensor)) {
    let mut plan: Vec<PlannedTensor> = file("a", "1", None)
        .tensors()
        .into_iter()
        .map(|(name, shape, _)| PlannedTensor::new(name, Element::U64, &shape))
        .collect();
    plan.iter_mut().for_each(change);
    let metadata = BTreeMap::from([(HEADER.to_owned(), header.to_owned())]);
    let raw = TensorFile::create(path, &plan, &metadata).unwrap();
    raw.finish().unwrap();
}

#[test]
fn damaged_and_newer_files_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let good = serde_json::to_value(&file("a", "1", None).header).unwrap();
    write_raw(&path, &good.to_string(), |_| {});
    assert!(SumsFile::read(&path).is_ok());
    let mut known = good.clone();
    known["something new"] = 7.into();
    write_raw(&path, &known.to_string(), |_| {});
    assert!(
        SumsFile::read(&path).is_ok(),
        "further fields are no trouble"
    );
    let said = || SumsFile::read(&path).unwrap_err().to_string();
    write_raw(&path, "{\"version\": 2, \"other\": {}}", |_| {});
    let newer = said();
    assert!(
        newer.contains("version 2") && newer.contains("knows version 1"),
        "{newer}"
    );
    for header in ["", "{}", "[]", "{\"version\": \"x\"}", "{\"version\": 1}"] {
        write_raw(&path, header, |_| {});
        assert!(said().contains("its header"), "{header}: {}", said());
    }
    let changes: [(&str, serde_json::Value, &str); 12] = [
        ("/unit", 1.0.into(), "unit"),
        ("/model/config/nb_heads", 0.into(), "heads, layers"),
        ("/model/config/nb_heads", 4.into(), "4 spans for 2 × 4"),
        ("/model/config/nb_layers", u64::MAX.into(), "out of range"),
        ("/model/config/adapt_span_ramp", 0.into(), "ramp"),
        (
            "/model/config/pers_mem_size",
            u64::MAX.into(),
            "out of range",
        ),
        ("/model/config/pers_mem_size", 4.into(), "sums.vectors"),
        ("/model/spans/1/head", 0.into(), "head 1"),
        ("/model/spans/1/reach", 65.into(), "head 1"),
        ("/model/spans/1/reach", 5.into(), "sums.distance.0.1"),
        ("/corpora/0/texts", 2.into(), "its corpora"),
        ("/texts/0/tokens", u64::MAX.into(), "too many tokens"),
    ];
    for (place, value, part) in changes {
        let mut header = good.clone();
        *header.pointer_mut(place).unwrap() = value;
        write_raw(&path, &header.to_string(), |_| {});
        assert!(said().contains(part), "{place}: {}", said());
    }
    let shards = serde_json::json!({"of": 3, "done": [4]});
    let mut header = good.clone();
    header["corpora"][0]["shards"] = shards;
    write_raw(&path, &header.to_string(), |_| {});
    assert!(said().contains("shards"), "{}", said());
    write_raw(&path, &good.to_string(), |tensor| {
        if tensor.name == "sums.empty" {
            tensor.element = Element::F64;
        }
    });
    assert!(said().contains("sums.empty"), "{}", said());
    write_raw(&path, &good.to_string(), |tensor| {
        if tensor.name == "sums.entropy" {
            tensor.name = "other".into();
        }
    });
    assert!(said().contains("sums.entropy is missing"), "{}", said());
    // Cut off anywhere.
    file("a", "1", None).write(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for end in [0, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..end]).unwrap();
        assert!(SumsFile::read(&path).is_err(), "{end}");
    }
    assert_eq!(Totals::default().bits_per_byte(), None);
}
