//! Persistent vectors: shares of all heads, use of the vectors, and a single vector.

use super::{Window, data};
use eframe::egui::{self, Event, Key, Modifiers, Pos2, pos2};
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::engine::HeatmapKind;
use spanscope::model::HeadId;
use spanscope::ui::Start;

const BARS: &str = "Use of the persistent vectors: click a bar to select its vector";
const HEAT: &str = "Heatmap of queries by persistent vectors: click a cell to select both";
const SHARES: &str = "Shares of the weight by head: click a bar to select its head";

fn open() -> Window {
    let mut window = Window::tolerant(Start {
        model: Some(data(
            "../../sample_models/wikitext_all_attention.safetensors",
        )),
        ..Start::default()
    });
    window.harness.get_by_label("Persistent").click();
    window.harness.run_steps(3);
    window.settle();
    window
}

fn rect(window: &Window, label: &str) -> egui::Rect {
    window.harness.get_by_label(label).rect()
}

fn point(window: &mut Window, at: Pos2) {
    window.harness.event(Event::PointerMoved(at));
    window.harness.run_steps(2);
}

fn click(window: &mut Window, at: Pos2, modifiers: Modifiers) {
    point(window, at);
    for pressed in [true, false] {
        let button = Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers,
        };
        window.harness.event_modifiers(button, modifiers);
        window.harness.step();
    }
    window.harness.run_steps(2);
}

fn order(window: &Window) -> Vec<u32> {
    let detail = window.snapshot().detail.as_ref().unwrap();
    detail.usage.as_ref().unwrap().order.clone()
}

#[test]
fn a_click_on_a_bar_selects_its_vector_and_a_cell_its_token_as_well() {
    let mut window = open();
    let order = order(&window);
    let bars = rect(&window, BARS);
    let most_used = bars.left_center() + egui::vec2(0.2, 0.0);
    click(&mut window, most_used, Modifiers::NONE);
    assert_eq!(window.app().selection().vector, Some(order[0] as usize));
    window.settle();
    let facts = window.snapshot().vector.clone().unwrap();
    assert_eq!(facts.vector, order[0] as usize);
    // The bars have the keyboard now.
    window.keys(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(window.app().selection().vector, Some(order[1] as usize));
    window.keys(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(window.app().selection().vector, Some(order[0] as usize));

    let heat = rect(&window, HEAT);
    // The same columns stand below.
    assert_eq!((heat.left(), heat.right()), (bars.left(), bars.right()));
    click(&mut window, heat.center(), Modifiers::NONE);
    let selection = window.app().selection();
    assert_eq!(selection.vector, Some(order[order.len() / 2] as usize));
    let (token, done) = (selection.tokens.single().unwrap(), window.snapshot().done);
    assert!(token.abs_diff(done / 2) <= 1, "{token} of {done}");
}

#[test]
fn the_heatmap_is_asked_for_in_the_order_of_the_bars_and_names_what_the_pointer_is_on() {
    let mut window = open();
    let order = order(&window);
    let request = |window: &Window| {
        let picture = &window.snapshot().pictures[&HeatmapKind::Vectors];
        assert!(picture.rgba.chunks(4).any(|pixel| pixel[3] == 255));
        picture.request.clone()
    };
    let sorted = request(&window).window;
    assert_eq!(*sorted.order, *order);
    assert_eq!(sorted.queries, 0..window.snapshot().done);
    let at = rect(&window, HEAT).left_top() + egui::vec2(0.5, 0.5);
    point(&mut window, at);
    window.harness.run_steps(30);
    let place = format!("persistent vector {}, rank 1 by use", order[0]);
    assert!(window.harness.query_by_label(&place).is_some());
    // By index.
    window
        .harness
        .get_all_by_label("Sorted")
        .last()
        .unwrap()
        .click();
    window.harness.step();
    window.settle();
    assert!(request(&window).window.order.is_empty());
    // A wheel zooms about the pointer.
    let at = rect(&window, HEAT).center();
    point(&mut window, at);
    window.harness.event(Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: egui::vec2(0.0, 12.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    window.harness.run_steps(20);
    window.settle();
    let zoomed = request(&window).window;
    assert!(zoomed.columns.len() < order.len() && zoomed.queries.len() < sorted.queries.len());
    assert!(zoomed.columns.contains(&(order.len() / 2)));
    window
        .harness
        .get_all_by_label("Fit all")
        .last()
        .unwrap()
        .click();
    window.harness.step();
    window.settle();
    assert_eq!(request(&window).window.columns, 0..order.len());
}

#[test]
fn heads_are_selected_by_their_shares_and_several_have_no_use_of_their_own() {
    let mut window = open();
    window.harness.get_by_label("Overview").click();
    window.harness.run_steps(2);
    let chart = rect(&window, SHARES);
    // Four layers of four heads, left of the first the axis.
    let (left, y) = (chart.left() + 38.0, chart.top() + 30.0);
    click(&mut window, pos2(left, y), Modifiers::NONE);
    assert_eq!(
        window.app().selection().heads.single(),
        Some(HeadId::new(0, 0))
    );
    let last = pos2(chart.right() - 6.0, y);
    click(&mut window, last, Modifiers::COMMAND);
    let heads = &window.app().selection().heads;
    assert_eq!((heads.leading(), heads.all().len()), (HeadId::new(3, 3), 2));
    window.settle();
    window.harness.get_by_label("Usage").click();
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label(BARS).is_none());
    window
        .harness
        .get_by_label("Select Layer 3, head 3 alone")
        .click();
    window.harness.run_steps(2);
    window.settle();
    assert_eq!(
        window.app().selection().heads.single(),
        Some(HeadId::new(3, 3))
    );
    assert!(window.harness.query_by_label(BARS).is_some());
}

#[test]
fn a_vector_names_those_who_use_it_and_steps_to_the_next() {
    let mut window = open();
    window.harness.get_by_label("Vector").click();
    window.harness.run_steps(2);
    window.harness.get_by_label("Select the most used").click();
    window.harness.run_steps(2);
    window.settle();
    let order = order(&window);
    let facts = window.snapshot().vector.clone().unwrap();
    assert_eq!(facts.vector, order[0] as usize);
    let (query, _) = facts.users[0];
    let user = format!("token {query} ");
    window.harness.get_by_label_contains(&user).click();
    window.harness.run_steps(2);
    assert_eq!(window.app().selection().tokens.single(), Some(query));
    // What it promotes most is written there.
    let raised = facts.promoted.as_ref().unwrap().up[0];
    let label = window.snapshot().model.as_ref().unwrap().label(raised.0);
    let promoted = format!("{label} +{:.2}", raised.1);
    assert!(
        window.harness.query_by_label(&promoted).is_some(),
        "{promoted}"
    );
    window
        .harness
        .get_by_label("The next less used vector")
        .click();
    window.harness.run_steps(2);
    window.settle();
    assert_eq!(window.app().selection().vector, Some(order[1] as usize));
    let more = window.harness.get_by_label("The next more used vector");
    assert!(!more.accesskit_node().is_disabled());
    window.harness.get_by_label("Deselect").click();
    window.harness.run_steps(2);
    assert_eq!(window.app().selection().vector, None);
}

#[test]
fn a_model_without_persistent_vectors_shows_neurons_and_shares_where_they_differ() {
    let mut window = Window::open(Start::default());
    window.harness.get_by_label("Persistent").click();
    window.harness.run_steps(3);
    window.settle();
    // Nearly all of a long text's weight falls on it: there is no page of full bars.
    assert!(window.harness.query_by_label(SHARES).is_none());
    assert!(window.snapshot().neurons.is_some());
    let weight = "Where the weight of every head goes";
    let page = |window: &Window| window.harness.query_by_label("Weight").is_some();
    assert!(!page(&window), "{weight}");
    // Of a short one much falls on the empty context before its start.
    window.keys(egui::Modifiers::COMMAND, egui::Key::E);
    window.keys(egui::Modifiers::COMMAND, egui::Key::A);
    window.harness.event(egui::Event::Text("To be".into()));
    window.harness.run_steps(2);
    window.settle();
    window.harness.get_by_label("Weight").click();
    window.harness.run_steps(3);
    assert!(window.harness.query_by_label(SHARES).is_some());
    assert!(window.harness.query_by_label(BARS).is_none());
    assert!(
        !window
            .snapshot()
            .pictures
            .contains_key(&HeatmapKind::Vectors)
    );
}
