//! The worker: what is wanted last is what comes out, and what goes wrong leaves the rest standing.

use spanscope::analysis::{BandLayout, BandWindow, TokenSet, verified_reach};
use spanscope::chart::{ColorMap, Scale};
use spanscope::engine::{
    Combine, Ended, Engine, GenerationRequest, Heads, HeatmapKind, HeatmapRequest, LoadedModel,
    Queries, ReachQuery, SAMPLES, Snapshot, Source, Tokens, Weighting,
};
use spanscope::model::{Cancel, Device, Edits, HeadId, NeuronId, NoObserver, Observer, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn start(text: &str) -> Engine {
    Engine::start(Source::Sample(&SAMPLES[0]), text.into(), || {})
}

fn wait(engine: &Engine, what: &str, done: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let begin = Instant::now();
    loop {
        let snapshot = engine.snapshot();
        if done(&snapshot) {
            return snapshot;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "waited too long for {what}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_defect_is_told_and_the_next_model_opens() {
    // The worker publishes what it did; whoever is told breaks once, in the middle of a step.
    let breaks = Arc::new(AtomicBool::new(false));
    let of_notice = Arc::clone(&breaks);
    let engine = Engine::start(Source::Sample(&SAMPLES[0]), "To be".into(), move || {
        assert!(!of_notice.swap(false, Ordering::Relaxed), "a test's defect");
    });
    wait(&engine, "the run", ran("To be"));
    breaks.store(true, Ordering::Relaxed);
    engine.set_text("To be or not".into());
    let told = wait(&engine, "the defect", |s| s.failure.is_some());
    let failure = told.failure.as_ref().unwrap();
    assert!(failure.message.contains("a defect"), "{}", failure.message);
    assert!(told.model.is_none());
    engine.set_text("To be, again".into());
    engine.open(Source::Sample(&SAMPLES[0]));
    wait(&engine, "the next model", ran("To be, again"));
}

fn ran(text: &str) -> impl Fn(&Snapshot) -> bool {
    let text = text.to_owned();
    move |s: &Snapshot| {
        !s.busy
            && *s.tokens.text == *text
            && s.done == s.tokens.ids.len()
            && s.detail
                .as_ref()
                .is_some_and(|d| d.weights.queries() == s.done)
    }
}

fn at_head(head: HeadId) -> Queries {
    Queries {
        heads: Heads::one(head),
        ..Queries::default()
    }
}

fn around_token(token: usize) -> Queries {
    Queries {
        tokens: TokenSet::one(token),
        ..at_head(HeadId::new(3, 1))
    }
}

#[test]
fn the_newest_edit_wins_and_a_stale_run_is_dropped() {
    let engine = start("ROMEO:");
    wait(&engine, "the model", ran("ROMEO:"));
    let long = SAMPLES[0].text.repeat(100);
    engine.set_text(long.as_str().into());
    wait(&engine, "the long run to begin", |s| {
        s.tokens.ids.len() == long.len() && s.done > 0
    });
    for n in 1..40 {
        engine.set_text("a".repeat(n).into());
    }
    let last = "To be, or not to be";
    engine.set_text(last.into());
    let snapshot = wait(&engine, "the last edit", |s| engine.is_settled(s));
    assert!(ran(last)(&snapshot));
    assert_eq!(snapshot.surprisal.len(), last.len() - 1);
}

#[test]
fn a_run_stops_within_a_block_when_it_is_cancelled() {
    let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    let ids = model
        .prepare(SAMPLES[0].text.repeat(100).as_bytes())
        .unwrap()
        .ids;
    let cancel = Cancel::default();
    let stop = StopAt {
        cancel: cancel.clone(),
        layer: 2,
    };
    let mut run = Run::new(Arc::clone(&model.network));
    // Told to stop in the third layer of the first block, it does not run the fourth.
    assert!(run.extend(&ids, 256, &cancel, &stop).is_err());
    assert!(run.ids().is_empty());
}

/// Cancels as soon as a layer has been reached, and allows none after it.
struct StopAt {
    cancel: Cancel,
    layer: usize,
}

impl Observer for StopAt {
    fn hidden(&self, layer: usize, _: usize, _: &[f32]) {
        assert!(layer <= self.layer, "the run went on");
        if layer == self.layer {
            self.cancel.cancel();
        }
    }
}

#[test]
fn wishes_overtake_each_other_and_say_what_became_of_them() {
    let engine = start("ROMEO:");
    let file = |name: &str| Source::File {
        path: data(name),
        vocab: None,
        ramp: None,
    };
    // Each is asked for before the last one is open.
    let absent = engine.open(file("absent.pt"));
    let fixed = engine.open(file("tiny_fixed.pt"));
    let last = engine.open(file("tiny_all_attention.pt"));
    assert!(absent < fixed && fixed < last);
    let snapshot = wait(&engine, "the last wish", |s| engine.is_settled(s));
    assert_eq!(snapshot.model_number, last);
    assert_eq!(
        snapshot.model.as_ref().unwrap().file_name(),
        "tiny_all_attention.pt"
    );
    let failing = engine.open(file("absent.pt"));
    let snapshot = wait(&engine, "the failure", |s| engine.is_settled(s));
    assert_eq!(snapshot.failure.as_ref().unwrap().opening, Some(failing));
    assert_eq!(snapshot.model_number, last, "the model at hand stays");
}

#[test]
fn a_text_too_long_for_the_memory_streams_and_its_window_moves() {
    let engine = start("ROMEO:");
    // Room for about 900 tokens.
    engine.set_memory(8_000_000);
    engine.look(at_head(HeadId::new(3, 1)));
    let text = SAMPLES[0].text.repeat(5);
    engine.set_text(text.as_str().into());
    let end = wait(&engine, "the text to be read", |s| engine.is_settled(s));
    let tokens = end.tokens.ids.len();
    assert_eq!((end.done, end.tokens.left_out), (tokens, 0));
    assert_eq!(end.at_hand.end, tokens);
    assert!((64..1000).contains(&end.at_hand.len()), "{:?}", end.at_hand);

    // What is measured is that of a run that kept everything.
    let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    let mut run = Run::new(Arc::clone(&model.network));
    let ids = &end.tokens.ids;
    run.set(ids, &Cancel::default(), &NoObserver).unwrap();
    let nll = run.nll(0, &ids[1..], &Cancel::default()).unwrap();
    assert_eq!(end.surprisal.len(), nll.len());
    for (bits, nats) in end.surprisal.iter().zip(&nll) {
        assert!((bits * std::f32::consts::LN_2 - nats).abs() < 1e-4);
    }
    let weights = run.head_weights(3, 1, 0, tokens).unwrap();
    let empty = weights.empty.iter().sum::<f32>() / tokens as f32;
    assert!((end.shares[3 * 4 + 1].empty - empty).abs() < 1e-5);

    // Weights are at hand where somebody looks, wherever that is, and they are the same.
    for around in [3000, 100, tokens - 1, 1500] {
        engine.look(around_token(around));
        let near = wait(&engine, "the window", |s| engine.is_settled(s));
        assert!(
            near.at_hand.contains(&around),
            "{around}: {:?}",
            near.at_hand
        );
        assert!(near.at_hand.len() < 1000);
        let detail = near.detail.as_ref().unwrap();
        assert_eq!(detail.weights.first..detail.end(), near.at_hand, "{around}");
        for query in [around, near.at_hand.start, near.at_hand.end - 1] {
            let (got, expected) = (detail.row(query), weights.row(query));
            assert_eq!(got.len(), expected.len());
            let far = got.iter().zip(expected).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 1e-6, "{around} {query}");
        }
        assert_eq!(near.done, tokens);
    }
    engine.look(at_head(HeadId::new(3, 1)));
    let end = wait(&engine, "the end", |s| engine.is_settled(s));
    assert_eq!(end.at_hand.end, tokens);
    // More memory, and everything is at hand.
    engine.set_memory(1_000_000_000);
    let all = wait(&engine, "all of it", |s| engine.is_settled(s));
    assert_eq!(all.at_hand, 0..tokens);
    engine.set_text("short".into());
    wait(&engine, "the short text", ran("short"));
}

#[test]
fn with_hardly_any_memory_every_token_can_still_be_looked_at() {
    let engine = start("ROMEO:");
    engine.set_memory(1_000_000);
    engine.set_text(SAMPLES[0].text.into());
    wait(&engine, "the text", |s| engine.is_settled(s));
    for around in [95, 0, 63, 64, 700, 159] {
        engine.look(around_token(around));
        let near = wait(&engine, "the window", |s| engine.is_settled(s));
        assert!(
            near.at_hand.contains(&around),
            "{around}: {:?}",
            near.at_hand
        );
        assert!(!near.detail.as_ref().unwrap().row(around).is_empty());
    }
}

#[test]
fn an_outline_comes_before_the_weights() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let engine = Engine::start(Source::Sample(&SAMPLES[0]), "ROMEO:".into(), move || {
        let _ = sender.send(());
    });
    wait(&engine, "the model", ran("ROMEO:"));
    let number = engine.open(Source::File {
        path: data("tiny_adaptive.pt"),
        vocab: None,
        ramp: Some(7.into()),
    });
    loop {
        receiver.recv_timeout(Duration::from_secs(60)).unwrap();
        let snapshot = engine.snapshot();
        if let Some(preview) = &snapshot.preview {
            assert_eq!(preview.file_name(), "tiny_adaptive.pt");
            assert_ne!(snapshot.model_number, number);
            assert!(snapshot.opening && !preview.network.spans().is_empty());
        }
        if snapshot.model_number == number {
            assert!(snapshot.preview.is_none());
            break;
        }
    }
    // A notice may come after the next snapshot is there, so it is not always seen; asked directly it always is.
    let outline = LoadedModel::outline(&data("tiny_adaptive.pt"), Some(7.into())).unwrap();
    let whole = LoadedModel::open(&data("tiny_adaptive.pt"), None, Some(7.into())).unwrap();
    assert_eq!(outline.network.spans(), whole.network.spans());
    assert_eq!(outline.network.parameters(), whole.network.parameters());
}

#[test]
fn an_edit_gives_what_a_fresh_run_gives() {
    let engine = start(SAMPLES[0].text);
    wait(&engine, "the sample", ran(SAMPLES[0].text));
    let mut text = SAMPLES[0].text.to_owned();
    text.replace_range(500..520, "strange é words, and more");
    engine.set_text(text.as_str().into());
    let edited = wait(&engine, "the edit", ran(&text));

    let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    let tokens = Tokens::new(&model, text.as_str().into(), usize::MAX, &Cancel::default()).unwrap();
    assert_eq!(edited.tokens.ids, tokens.ids);
    assert_eq!(edited.tokens.unknown, 2);
    let mut run = Run::new(Arc::clone(&model.network));
    run.set(&tokens.ids, &Cancel::default(), &NoObserver)
        .unwrap();
    let nll = run.nll(0, &tokens.ids[1..], &Cancel::default()).unwrap();
    for (bits, nats) in edited.surprisal.iter().zip(&nll) {
        assert!((bits * std::f32::consts::LN_2 - nats).abs() < 1e-3);
    }
    assert_eq!(edited.surprisal.len(), nll.len());
    for (i, shares) in edited.shares.iter().enumerate() {
        let weights = run.head_weights(i / 4, i % 4, 0, tokens.ids.len()).unwrap();
        let empty = weights.empty.iter().sum::<f32>() / tokens.ids.len() as f32;
        assert!((shares.empty - empty).abs() < 1e-4);
        assert!((shares.context + shares.empty - 1.0).abs() < 1e-3);
    }
}

#[test]
fn another_head_and_its_picture_come_when_asked_for() {
    let engine = start(SAMPLES[0].text);
    let window = BandWindow {
        layout: BandLayout::Key,
        queries: 100..160,
        columns: 100..160,
        width: 30,
        height: 60,
        ..BandWindow::default()
    };
    let request = HeatmapRequest {
        window,
        map: ColorMap::Viridis,
        scale: Scale::Sqrt,
        ..HeatmapRequest::default()
    };
    for head in [(0, 0), (3, 1), (2, 3)].map(HeadId::from) {
        let mut looks = at_head(head);
        looks
            .pictures
            .insert(HeatmapKind::Attention, request.clone());
        engine.look(looks);
        let snapshot = wait(&engine, "the picture", |s| engine.is_settled(s));
        let picture = &snapshot.pictures[&HeatmapKind::Attention];
        assert_eq!(picture.heads.single(), Some(head));
        assert_eq!(picture.request, request);
        assert_eq!(
            (picture.grid.width, picture.grid.height, picture.grid.across),
            (30, 60, 2)
        );
        let detail = snapshot.detail.as_ref().unwrap();
        assert_eq!(detail.heads.single(), Some(head));
        // A cell is the larger of its two weights.
        let cell = picture.grid.values[50 * 30 + 10];
        let expected = detail
            .weight(150, 120)
            .unwrap_or(f32::NAN)
            .max(detail.weight(150, 121).unwrap_or(f32::NAN));
        assert!(
            cell == expected || (cell.is_nan() && expected.is_nan()),
            "{cell} {expected}"
        );
    }
}

#[test]
fn several_heads_are_put_together_and_several_tokens_add_up() {
    let engine = start(SAMPLES[0].text);
    let heads = [(0, 0), (3, 1), (2, 3)].map(HeadId::from);
    for combine in [Combine::Mean, Combine::Max] {
        engine.look(Queries {
            heads: Heads::new(HeadId::new(3, 1), heads, combine),
            tokens: TokenSet::from(100..110),
            ..Queries::default()
        });
        let snapshot = wait(&engine, "the heads", |s| engine.is_settled(s));
        let detail = snapshot.detail.as_ref().unwrap();
        assert_eq!(
            detail.heads.all(),
            [HeadId::new(0, 0), HeadId::new(2, 3), HeadId::new(3, 1)]
        );
        let model = snapshot.model.as_ref().unwrap();
        let mut run = Run::new(Arc::clone(&model.network));
        run.set(&snapshot.tokens.ids, &Cancel::default(), &NoObserver)
            .unwrap();
        let of_head = |HeadId { layer, head }: HeadId, query: usize| {
            run.head_weights(layer, head, query, query + 1).unwrap()
        };
        let mut read = vec![0.0_f32; 110];
        for query in 100..110 {
            let all = heads.map(|head| of_head(head, query));
            for distance in 1..=detail.weights.reach.min(query) {
                let weight = |w: &spanscope::model::HeadWeights| {
                    w.row(0).get(distance - 1).copied().unwrap_or(0.0)
                };
                let expected = match combine {
                    Combine::Mean => all.iter().map(weight).sum::<f32>() / 3.0,
                    Combine::Max => all.iter().map(weight).fold(0.0, f32::max),
                };
                let found = detail.weight(query, query - distance).unwrap();
                assert!((found - expected).abs() < 1e-6, "{query} {distance}");
                read[query - distance] += expected;
            }
        }
        let gathered = snapshot.gathered.as_ref().unwrap();
        assert_eq!(gathered.queries, 10);
        for (key, expected) in read.iter().enumerate() {
            let found = gathered.read_of(key).unwrap_or(0.0);
            assert!((found - expected).abs() < 1e-5, "{key}: {found} {expected}");
        }
    }
}

#[test]
fn an_edited_model_runs_again_and_without_edits_is_what_it_was() {
    let engine = start(SAMPLES[0].text);
    let before = wait(&engine, "the text", |s| engine.is_settled(s));
    assert_eq!(before.unedited_bits, before.bits_per_token);
    let span = before.model.as_ref().unwrap().network.spans()[13];
    let mut edits = Edits::default();
    edits.set_span(span.layer, span.head, 3.0).unwrap();
    edits.set_ablated(0, 1, true);
    engine.edit(edits.clone());
    let edited = wait(&engine, "the edited model", |s| engine.is_settled(s));
    let network = &edited.model.as_ref().unwrap().network;
    assert_eq!(network.spans()[13].span, 3.0);
    assert!(network.ablated(0, 1));
    assert_eq!(edited.unedited_bits, before.bits_per_token);
    assert!(edited.bits_per_token > before.bits_per_token);
    assert_eq!(edited.surprisal.len(), before.surprisal.len());
    // What each token costs more, which adds up to what the text does.
    assert_eq!(before.surprisal_change(5), None);
    let changes = (1..edited.done).map(|token| {
        let change = edited.surprisal_change(token).unwrap();
        let expected = edited.surprisal[token - 1] - before.surprisal[token - 1];
        assert_eq!(change, expected);
        f64::from(change)
    });
    let mean = changes.sum::<f64>() / before.surprisal.len() as f64;
    let of_text = edited.bits_per_token.unwrap() - before.bits_per_token.unwrap();
    assert!((mean - of_text).abs() < 1e-6, "{mean} {of_text}");
    engine.edit(Edits::default());
    let back = wait(&engine, "the original", |s| engine.is_settled(s));
    assert_eq!(back.surprisal, before.surprisal);
    assert_eq!(back.model_number, before.model_number);
    // Another model begins unedited, whenever the changes of the one before come.
    engine.edit(edits.clone());
    engine.open(Source::Sample(&SAMPLES[1]));
    let other = wait(&engine, "another model", |s| engine.is_settled(s));
    assert!(other.model.as_ref().unwrap().network.edits().is_empty());
    engine.edit_of(back.model_number, edits.clone());
    let other = wait(&engine, "the same model", |s| engine.is_settled(s));
    assert!(other.model.as_ref().unwrap().network.edits().is_empty());
    // A file that cannot be opened takes nothing away from the model that stays.
    engine.edit(edits.clone());
    engine.open(Source::File {
        path: "absent.pt".into(),
        vocab: None,
        ramp: None,
    });
    let same = wait(&engine, "the failure", |s| {
        s.failure.is_some() && engine.is_settled(s)
    });
    assert_eq!(*same.model.as_ref().unwrap().network.edits(), edits);
}

#[test]
fn predictions_and_vectors_are_told_when_asked_for() {
    let engine = start("");
    engine.open(Source::Sample(&SAMPLES[1]));
    engine.set_text(SAMPLES[1].text.into());
    engine.look(Queries {
        prediction: Some(40),
        vector: Some(5),
        ..at_head(HeadId::new(1, 2))
    });
    let snapshot = wait(&engine, "the answers", |s| engine.is_settled(s));
    let prediction = snapshot.prediction.as_ref().unwrap();
    let truth = prediction.truth.unwrap();
    assert_eq!((prediction.at, truth.id), (40, snapshot.tokens.ids[41]));
    let bits = snapshot.surprisal_of(41).unwrap();
    assert!((bits + truth.log_p / std::f32::consts::LN_2).abs() < 1e-3);
    let facts = snapshot.vector.as_ref().unwrap();
    assert_eq!((facts.head, facts.vector), (HeadId::new(1, 2), 5));
    assert!(!facts.promoted.as_ref().unwrap().up.is_empty());
    let detail = snapshot.detail.as_ref().unwrap();
    let (query, weight) = facts.users[0];
    assert_eq!(detail.weights.persistent_row(query)[5], weight);
    // Of several heads no vector is known.
    engine.look(Queries {
        heads: Heads::new(HeadId::new(1, 2), [HeadId::new(0, 0)], Combine::Mean),
        vector: Some(5),
        ..Queries::default()
    });
    let several = wait(&engine, "several heads", |s| engine.is_settled(s));
    assert!(several.vector.is_none());
}

#[test]
fn all_heads_are_surveyed_and_an_edit_surveys_what_follows() {
    let engine = start(SAMPLES[0].text);
    let looks = Queries {
        survey: true,
        thumbnails: Some((16, 16)),
        score: Some((200, 190)),
        ..at_head(HeadId::new(3, 1))
    };
    engine.look(looks.clone());
    let check = |snapshot: &Snapshot| {
        let surveyed = snapshot.surveyed.as_ref().unwrap();
        assert_eq!(surveyed.queries, 0..snapshot.done);
        assert_eq!((surveyed.measures.len(), surveyed.flags.len()), (16, 16));
        assert_eq!(surveyed.thumbnails.as_ref().unwrap().len(), 16);
        assert_eq!(surveyed.leading.head, HeadId::new(3, 1));
        assert_eq!(surveyed.leading.removed.len(), snapshot.done);
        let detail = snapshot.detail.as_ref().unwrap();
        let mean = (1..snapshot.done)
            .map(|query| detail.row(query)[0])
            .sum::<f32>()
            / snapshot.done as f32;
        assert!((surveyed.leading.by_distance[0] - mean).abs() < 1e-5);
        let score = snapshot.score.as_ref().unwrap();
        assert_eq!(Some(score.parts.weight), detail.weight(200, 190));
        surveyed.measures.clone()
    };
    let first = wait(&engine, "the survey", |s| engine.is_settled(s));
    let before = check(&first);
    engine.set_text(format!("{}And so on.", SAMPLES[0].text).into());
    let longer = wait(&engine, "the longer text", |s| engine.is_settled(s));
    assert_ne!(check(&longer), before);
    engine.set_text(SAMPLES[0].text.into());
    let again = wait(&engine, "the first text", |s| engine.is_settled(s));
    assert_eq!(check(&again), before);
    engine.look(Queries {
        heads: Heads::one(HeadId::new(0, 2)),
        ..looks
    });
    let other = wait(&engine, "another head", |s| engine.is_settled(s));
    assert_eq!(
        other.surveyed.as_ref().unwrap().leading.head,
        HeadId::new(0, 2)
    );
}

#[test]
fn a_text_is_continued_until_it_changes() {
    let engine = start("ROMEO:");
    wait(&engine, "the text", |s| engine.is_settled(s));
    let request = GenerationRequest {
        tokens: 40,
        ..GenerationRequest::default()
    };
    let number = engine.continue_text(None, request.clone());
    let done = wait(&engine, "the continuation", |s| engine.is_settled(s));
    let continued = done.continued.as_ref().unwrap();
    assert_eq!((continued.number, continued.after), (number, 5));
    assert_eq!(
        (continued.drawn.len(), continued.ended),
        (40, Some(Ended::Length))
    );
    let again = engine.continue_text(None, request);
    let same = wait(&engine, "the same again", |s| engine.is_settled(s));
    let repeated = same.continued.as_ref().unwrap();
    assert_eq!((repeated.number, &repeated.text), (again, &continued.text));
    // An endless one stops with the next edit.
    engine.continue_text(
        Some(2),
        GenerationRequest {
            tokens: usize::MAX,
            ..GenerationRequest::default()
        },
    );
    wait(&engine, "some tokens", |s| {
        s.continued
            .as_ref()
            .is_some_and(|c| c.number > again && !c.drawn.is_empty())
    });
    engine.set_text("JULIET:".into());
    let stopped = wait(&engine, "the new text", |s| engine.is_settled(s));
    let stopped = stopped.continued.as_ref().unwrap();
    assert_eq!((stopped.after, stopped.ended), (2, None));
}

#[test]
fn a_file_that_cannot_be_opened_leaves_the_model_at_hand() {
    let engine = start("ROMEO:");
    wait(&engine, "the model", ran("ROMEO:"));
    let file = |name: &str| Source::File {
        path: data(name),
        vocab: None,
        ramp: None,
    };
    engine.open(file("absent.pt"));
    let snapshot = wait(&engine, "the failure", |s| s.failure.is_some());
    assert!(
        snapshot
            .failure
            .as_ref()
            .unwrap()
            .message
            .contains("absent.pt")
    );
    assert_eq!(
        snapshot.model.as_ref().unwrap().file_name(),
        SAMPLES[0].file
    );
    engine.set_text("JULIET:".into());
    wait(&engine, "the next edit", ran("JULIET:"));
    engine.open(file("tiny_fixed.pt"));
    engine.set_text("1 2 3 4".into());
    let snapshot = wait(&engine, "the other model", ran("1 2 3 4"));
    assert_eq!(snapshot.tokens.ids, [1, 2, 3, 4]);
    assert_eq!(
        snapshot.model.as_ref().unwrap().file_name(),
        "tiny_fixed.pt"
    );
}

#[test]
fn an_empty_text_has_nothing_to_show() {
    let engine = start("");
    let snapshot = wait(&engine, "the model", |s| {
        s.model.is_some() && !s.busy && s.detail.is_some()
    });
    assert_eq!(snapshot.done, 0);
    assert_eq!(snapshot.bits_per_token, None);
    assert!(snapshot.shares.is_empty());
    engine.set_text("x".into());
    let snapshot = wait(&engine, "one token", |s| s.done == 1 && !s.busy);
    assert_eq!(snapshot.bits_per_token, None);
    assert_eq!(snapshot.surprisal_of(0), None);
}

#[test]
fn a_device_that_is_not_there_is_told_and_no_model_opens() {
    let absent = [Device::Cuda, Device::Metal];
    let Some(device) = absent.into_iter().find(|device| !device.is_built_in()) else {
        return;
    };
    let engine = Engine::start_on(device, Source::Sample(&SAMPLES[0]), "ROMEO:".into(), || {});
    let snapshot = wait(&engine, "the failure", |s| !s.busy);
    let failure = snapshot.failure.as_ref().unwrap();
    assert_eq!(failure.opening, Some(1));
    assert!(failure.message.contains(&device.to_string()));
    assert!(snapshot.model.is_none());
    let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    let model = model.on(Device::Cpu).unwrap();
    assert_eq!(model.network.device(), Device::Cpu);
}

/// All that is known of the neurons of a snapshot.
fn of_neurons(snapshot: &Snapshot) -> String {
    let stats = snapshot.neurons.as_ref().unwrap();
    format!(
        "{:?} {:?} {:?}",
        stats.tokens, stats.layers, snapshot.neuron
    )
}

#[test]
fn the_use_of_neurons_is_that_of_the_text_at_hand_bit_for_bit() {
    let looks = Queries {
        neurons: true,
        neuron: Some(NeuronId::new(1, 3)),
        promotes: Some("e".into()),
        ..at_head(HeadId::new(0, 0))
    };
    let text = &SAMPLES[0].text[..700];
    let fresh = |text: &str| {
        let engine = start(text);
        engine.look(looks.clone());
        of_neurons(&engine.wait())
    };
    let engine = start(&text[..500]);
    engine.look(looks.clone());
    let first = engine.wait();
    assert!(of_neurons(&first) == fresh(&text[..500]));
    let promoting = first.promoting.clone().unwrap();
    assert_eq!(promoting.found.as_ref().unwrap().up.len(), 256);
    // On, back, in the middle, and back again.
    let edited = format!("{}XX{}", &text[..300], &text[300..]);
    for now in [text, &text[..499], &edited, text] {
        engine.set_text(now.into());
        let snapshot = engine.wait();
        assert!(of_neurons(&snapshot) == fresh(now), "{} bytes", now.len());
        assert!(Arc::ptr_eq(
            &promoting,
            snapshot.promoting.as_ref().unwrap()
        ));
    }
    // Without a neuron it is another network.
    let mut edits = Edits::default();
    edits.set_neuron_ablated(NeuronId::new(1, 3), true);
    engine.edit(edits);
    let snapshot = engine.wait();
    let usage = snapshot.neurons.as_ref().unwrap().layers[1]
        .clone()
        .unwrap();
    assert_eq!(usage.activations[3], 0.0);
    assert!(snapshot.neuron.as_ref().unwrap().users.is_empty());
    engine.edit(Edits::default());
    assert!(of_neurons(&engine.wait()) == fresh(text));
    // Nobody asks: nothing is measured.
    let engine = start(text);
    assert!(engine.wait().neurons.is_none());
}

#[test]
fn norm_weighted_weights_are_those_of_the_text_at_hand_bit_for_bit() {
    let heads = Heads::one(HeadId::new(2, 1)).weighted(Weighting::Norm);
    let looks = Queries {
        heads: heads.clone(),
        survey: true,
        ..Queries::default()
    };
    let text = &SAMPLES[0].text[..400];
    let all = |snapshot: &Snapshot| -> (Vec<Vec<f32>>, String) {
        let detail = snapshot.detail.as_ref().unwrap();
        assert_eq!(detail.heads, heads);
        let rows = (0..snapshot.done).map(|t| detail.weights.on_text(t).to_vec());
        let surveyed = snapshot.surveyed.as_ref().unwrap();
        assert_eq!(surveyed.weighting, Weighting::Norm);
        let measures = surveyed.measures.iter().map(|of| of.effective);
        (
            rows.collect(),
            format!("{:?}", measures.collect::<Vec<_>>()),
        )
    };
    let engine = start(text);
    engine.look(looks.clone());
    let whole = all(&engine.wait());
    for row in &whole.0[1..] {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }
    engine.set_text(text[..301].into());
    engine.wait();
    engine.set_text(text.into());
    assert!(all(&engine.wait()) == whole);
    // As attention weights again they are other numbers.
    let plain = Queries {
        heads: Heads::one(HeadId::new(2, 1)),
        ..looks
    };
    engine.look(plain);
    let snapshot = engine.wait();
    let row = snapshot
        .detail
        .as_ref()
        .unwrap()
        .weights
        .on_text(300)
        .to_vec();
    assert_ne!(row, whole.0[300]);
    assert_eq!(
        snapshot.surveyed.as_ref().unwrap().weighting,
        Weighting::Attention
    );
}

#[test]
fn where_positions_depend_on_the_length_a_longer_text_is_read_and_measured_anew() {
    // Longer rotary frequencies beyond 32 tokens; angles that change with every token.
    for family in ["phi3", "llama_rope_dynamic"] {
        let path = data("families").join(family);
        let source = || Source::File {
            path: path.clone(),
            vocab: None,
            ramp: None,
        };
        let ids: Vec<String> = (0..60).map(|i| (i * i % 23 + 3).to_string()).collect();
        let text = |tokens: usize| -> Arc<str> { ids[..tokens].join(" ").into() };
        let of = |engine: &Engine, tokens: usize| {
            let snapshot = engine.wait();
            assert_eq!((snapshot.done, snapshot.busy), (tokens, false), "{family}");
            let detail = snapshot.detail.as_ref().unwrap();
            let rows = (0..tokens).map(|t| detail.weights.on_text(t).to_vec());
            let rows: Vec<_> = rows.collect();
            let measures = &snapshot.surveyed.as_ref().unwrap().measures;
            (rows, snapshot.surprisal.to_vec(), format!("{measures:?}"))
        };
        let looks = || Queries {
            heads: Heads::one(HeadId::new(1, 1)),
            survey: true,
            ..Queries::default()
        };
        let fresh = |tokens: usize| {
            let engine = Engine::start(source(), text(tokens), || {});
            engine.look(looks());
            of(&engine, tokens)
        };
        let engine = Engine::start(source(), text(30), || {});
        engine.look(looks());
        let short = of(&engine, 30);
        for tokens in [45, 46, 30, 60, 29] {
            engine.set_text(text(tokens));
            assert!(of(&engine, tokens) == fresh(tokens), "{family}, {tokens}");
        }
        // The same tokens attend in another way where more of them follow.
        assert!(fresh(45).0[29] != short.0[29], "{family}");
    }
}

#[test]
fn the_reach_of_a_head_is_found_by_running_it_and_goes_with_the_text() {
    let text = &SAMPLES[0].text[..300];
    let of = ReachQuery {
        head: HeadId::new(3, 1),
        query: 250,
    };
    let engine = start(text);
    engine.look(Queries {
        reach: Some(of),
        ..Queries::default()
    });
    let snapshot = engine.wait();
    let facts = snapshot.reach.clone().unwrap();
    assert_eq!((facts.of, facts.progress), (of, (250, 250)));
    let mut run = Run::new(Arc::clone(&snapshot.model.as_ref().unwrap().network));
    let never = Cancel::default();
    run.set(&snapshot.tokens.ids, &never, &NoObserver).unwrap();
    let wanted = verified_reach(&run, of.head, of.query, &never).unwrap();
    assert!(wanted.farthest.is_some());
    assert_eq!(facts.found, Some(Ok(wanted)));
    // The same question about a text that has no such query.
    engine.set_text(text[..100].into());
    let facts = engine.wait().reach.clone().unwrap();
    let why = facts.found.clone().unwrap().unwrap_err();
    assert!(why.contains("L3H1 at token 250"), "{why}");
    engine.set_text(text[..280].into());
    engine.look(Queries::default());
    let snapshot = engine.wait();
    assert!(snapshot.reach.is_none());
}
