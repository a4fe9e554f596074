//! Neurons as key–value memories: the use of a layer, a single neuron, the search by token, and the model without one.

use super::{Window, data};
use eframe::egui::{self, vec2};
use egui_kittest::kittest::Queryable;
use spanscope::model::NeuronId;
use spanscope::ui::Start;
use std::path::PathBuf;

const CURVE: &str = "Shares of the neurons, the most used first: click one to select it";
const LAYERS: &str = "Effective share of the neurons by layer: click a layer to show it";
const EXPERTS: &str = "Share of the tokens that choose each expert";

fn open(model: Option<PathBuf>, text: Option<&str>, wide: bool) -> (tempfile::TempDir, Window) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.txt");
    std::fs::write(&file, text.unwrap_or_default()).unwrap();
    let mut window = Window::open(Start {
        model,
        text: text.map(|_| file),
        ..Start::default()
    });
    if wide {
        window.harness.set_size(vec2(2560.0, 1400.0));
        window.harness.run_steps(4);
        window.settle();
    }
    window.harness.get_by_label("Persistent").click();
    window.harness.run_steps(3);
    window.settle();
    (folder, window)
}

fn neuron(window: &Window) -> Option<NeuronId> {
    window.app().selection().neuron
}

#[test]
fn a_click_selects_a_neuron_and_shows_who_uses_it() {
    let (_folder, mut window) = open(None, None, true);
    let stats = window.snapshot().neurons.clone().unwrap();
    assert_eq!(stats.tokens, 0..window.snapshot().done);
    let layer = window.app().selection().heads.leading().layer;
    let usage = stats.layers[layer].clone().unwrap();
    let first = NeuronId::new(layer, usage.ranked(0).unwrap());
    window.harness.get_by_label(&first.to_string()).click();
    window.harness.run_steps(3);
    window.settle();
    assert_eq!(neuron(&window), Some(first));
    let facts = window.snapshot().neuron.clone().unwrap();
    assert_eq!(facts.id, first);
    assert!(!facts.users.is_empty() && !facts.promoted.up.is_empty());
    let place = format!("rank 1 of {} by use", usage.count());
    let place = place.replace("1024", "1,024");
    assert!(
        window.harness.query_by_label_contains(&place).is_some(),
        "{place}"
    );
    // The next one by use, and one of the curve.
    window
        .harness
        .get_by_label("The next less used neuron")
        .click();
    window.harness.run_steps(3);
    let second = NeuronId::new(layer, usage.ranked(1).unwrap());
    assert_eq!(neuron(&window), Some(second));
    let curve = window.harness.get_by_label(CURVE).rect();
    window.harness.hover_at(curve.center());
    window.harness.run_steps(2);
    click(&mut window, curve.center());
    let rank = usage
        .usage
        .order
        .iter()
        .position(|place| Some(*place as usize) == neuron(&window).map(|id| id.neuron));
    let middle = usage.count() / 2;
    assert!(rank.unwrap().abs_diff(middle) <= 2, "{rank:?} of {middle}");
    window.harness.get_by_label("Deselect").click();
    window.harness.run_steps(2);
    assert_eq!(neuron(&window), None);
}

fn click(window: &mut Window, at: egui::Pos2) {
    window.harness.event(egui::Event::PointerMoved(at));
    window.harness.run_steps(2);
    for pressed in [true, false] {
        window.harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
        window.harness.step();
    }
    window.harness.run_steps(2);
}

#[test]
fn a_layer_is_chosen_and_follows_the_head() {
    let (_folder, mut window) = open(None, None, true);
    let strip = window.harness.get_by_label(LAYERS).rect();
    click(&mut window, strip.left_top() + vec2(44.0 + 20.0, 10.0));
    let shown = |window: &Window, layer: usize| {
        let title = format!("Layer {layer}: ");
        window.harness.query_by_label_contains(&title).is_some()
    };
    assert!(shown(&window, 0));
    window
        .app_mut()
        .choose(&spanscope::ui::Choices {
            heads: vec![spanscope::model::HeadId::new(2, 1)],
            ..Default::default()
        })
        .unwrap();
    window.harness.run_steps(3);
    window.settle();
    assert!(shown(&window, 2) && !shown(&window, 0));
}

#[test]
fn experts_are_named_and_a_token_is_searched_for() {
    let model = data("families/gpt_oss");
    let (_folder, mut window) = open(Some(model), Some("1 5 9 2 7 11 3 8 1 5 9 2"), true);
    assert!(window.harness.query_by_label(EXPERTS).is_some());
    window.harness.get_by_label("Promoting a token").click();
    window.harness.run_steps(3);
    let field = window.harness.get_by(|node| {
        node.role() == egui::accesskit::Role::TextInput && node.label().as_deref() == Some("Token")
    });
    field.focus();
    window.harness.run_steps(2);
    window.harness.event(egui::Event::Text("7".into()));
    window.harness.run_steps(3);
    window.settle();
    let promoting = window.snapshot().promoting.clone().unwrap();
    assert_eq!(&*promoting.name, "7");
    let found = promoting.found.clone().unwrap();
    assert_eq!(found.token, 7);
    let (first, change) = found.up[0];
    assert!(first.expert.is_some() && change > 0.0);
    window.harness.get_by_label(&first.to_string()).click();
    window.harness.run_steps(3);
    window.settle();
    assert_eq!(neuron(&window), Some(first));
    let facts = window.snapshot().neuron.clone().unwrap();
    assert!(
        facts
            .promoted
            .up
            .iter()
            .any(|(id, of)| *id == 7 && (of - change).abs() < 1e-4)
    );
}

#[test]
fn the_text_runs_again_without_an_ablated_neuron() {
    let (_folder, mut window) = open(None, None, true);
    let layer = window.app().selection().heads.leading().layer;
    let first = |window: &Window| {
        let stats = window.snapshot().neurons.clone().unwrap();
        let usage = stats.layers[layer].clone().unwrap();
        NeuronId::new(layer, usage.ranked(0).unwrap())
    };
    let (most, bits) = (first(&window), window.snapshot().bits_per_token);
    window.harness.get_by_label(&most.to_string()).click();
    window.harness.run_steps(3);
    window.settle();
    window.harness.get_by_label("Ablate").click();
    window.harness.run_steps(3);
    window.settle();
    let edits = window
        .snapshot()
        .model
        .as_ref()
        .unwrap()
        .network
        .edits()
        .clone();
    assert!(edits.is_neuron_ablated(most) && edits.count() == 1);
    assert_ne!(window.snapshot().bits_per_token, bits);
    assert_ne!(first(&window), most);
    assert!(window.snapshot().neuron.as_ref().unwrap().users.is_empty());
    window.keys(egui::Modifiers::COMMAND, egui::Key::Z);
    window.harness.run_steps(3);
    window.settle();
    assert_eq!(window.snapshot().bits_per_token, bits);
    assert_eq!(first(&window), most);
}

#[test]
fn in_a_narrow_view_the_parts_take_turns() {
    let (_folder, mut window) = open(None, None, false);
    let stats = window.snapshot().neurons.clone().unwrap();
    let layer = window.app().selection().heads.leading().layer;
    let usage = stats.layers[layer].clone().unwrap();
    let first = NeuronId::new(layer, usage.ranked(0).unwrap());
    window.harness.get_by_label(&first.to_string()).click();
    window.harness.run_steps(3);
    window.settle();
    window
        .harness
        .get_by_label(&format!("Neuron {first}"))
        .click();
    window.harness.run_steps(3);
    assert!(window.harness.query_by_label(CURVE).is_none());
    assert!(
        window
            .harness
            .query_by_label("Tokens that use it most")
            .is_some()
    );
}

#[test]
fn a_neuron_shows_its_places_in_many_texts() {
    use spanscope::analysis::examples::{
        ExampleMeasure, ExampleSearch, Memories, MemoryChoice, MemoryId,
    };
    use spanscope::engine::LoadedModel;
    use spanscope::engine::corpus::{Corpus, Measure, Shard, TextKind};
    use spanscope::engine::sums_file::{CorpusRecord, SumsFile};
    use spanscope::model::Cancel;

    let (_folder, mut window) = open(None, None, true);
    let layer = window.app().selection().heads.leading().layer;
    let stats = window.snapshot().neurons.clone().unwrap();
    let id = NeuronId::new(
        layer,
        stats.layers[layer].clone().unwrap().ranked(0).unwrap(),
    );
    window.harness.get_by_label(&id.to_string()).click();
    window.harness.run_steps(3);
    window.settle();
    let has = |window: &Window, words: &str| {
        let mut found = window.harness.query_all_by_label_contains(words);
        found.next().is_some()
    };
    assert!(has(&window, "Places in many texts") && has(&window, &format!("--neuron {id}")));

    // Two documents of a list.
    let folder = tempfile::tempdir().unwrap();
    let list = "{\"text\": \"The king is dead. Long live the king.\"}\n{\"text\": \"To be, or not to be: that is the question.\"}\n";
    std::fs::write(folder.path().join("texts.jsonl"), list).unwrap();
    let model = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/shakespeare_adaptive.safetensors");
    let model = LoadedModel::open(&model, None, None).unwrap();
    let architecture = model.network.architecture();
    let memories = Memories::new(architecture, &[MemoryChoice::NeuronsOf(layer)]).unwrap();
    let texts = folder.path().join("texts.jsonl");
    let corpus = Corpus::find(&[texts], TextKind::Text).unwrap();
    let measured = Measure {
        model: &model,
        jobs: 1,
        skip_bad: false,
        removed: false,
        sink_free: 0,
        cancel: &Cancel::default(),
        progress: &|_| {},
        keep: None,
        examples: Some(ExampleSearch {
            measure: ExampleMeasure::Distance,
            top: 4,
            memories: std::sync::Arc::new(memories),
        }),
    };
    let measured = measured.run(&corpus.shard(Shard::ALL)).unwrap();
    let record = CorpusRecord::new(&corpus, Shard::ALL);
    let file = SumsFile::new(&model, record, measured).unwrap();
    let path = folder.path().join("places.safetensors");
    file.write(&path).unwrap();
    assert_eq!(SumsFile::read(&path).unwrap(), file);

    let ctx = window.harness.ctx.clone();
    window.app_mut().open_examples(&ctx, path);
    for _ in 0..200 {
        window.harness.step();
        if has(&window, "2 texts") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let examples = file.examples.as_ref().unwrap();
    let place = &examples.memories.of(MemoryId::Neuron(id)).unwrap().top[0];
    let name = file.text_of(place.text);
    assert!(name.starts_with("texts.jsonl:"));
    let label = format!("{name}, token {}: shows it in the text", place.token);
    let row = window.harness.query_all_by_label(&label).next().unwrap();
    row.click();
    window.harness.run_steps(3);
    window.wait("the text", |app| app.text().len() < 60);
    window.settle();
    let tokens = &window.app().selection().tokens;
    assert_eq!(tokens.single(), Some(place.token as usize));
    let begins = ["The king", "To be"][place.text as usize];
    assert!(window.app().text().starts_with(begins));
    assert_eq!(neuron(&window), Some(id));
}
