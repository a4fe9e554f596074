//! Tests of edits.

use super::*;

/// A span set, one set below zero, and an ablated head.
pub fn some() -> Edits {
    let mut edits = Edits::default();
    edits.set_span(1, 2, 12.5).unwrap();
    edits.set_span(0, 3, -1.0).unwrap();
    edits.set_ablated(1, 0, true);
    edits
}

fn more() -> Edits {
    let mut edits = some();
    let ramp = Ramp::of(4.5);
    let soft = SpanEdit::Soft { z: 7.25, ramp };
    edits.set(HeadId::new(0, 1), soft).unwrap();
    edits.set(HeadId::new(1, 3), SpanEdit::Window(9)).unwrap();
    edits.set_mlp_ablated(1, true);
    edits.set_neuron_ablated(NeuronId::new(0, 17), true);
    let expert = Some(3);
    edits.set_neuron_ablated(
        NeuronId {
            expert,
            ..NeuronId::new(1, 5)
        },
        true,
    );
    edits.set_first(Some(FirstTokens::Keep(4)));
    edits
}

#[test]
fn edits_are_written_and_read_again() {
    for edits in [Edits::default(), some(), more()] {
        let text = serde_json::to_string(&edits).unwrap();
        assert_eq!(serde_json::from_str::<Edits>(&text).unwrap(), edits);
    }
    assert_eq!(
        serde_json::from_str::<Edits>("{}").unwrap(),
        Edits::default()
    );
    let text = r#"{"spans": [{"layer": 0, "head": 0, "span": 1e39}]}"#;
    assert!(serde_json::from_str::<Edits>(text).is_err());
    let negative = r#"{"spans": [{"layer": 0, "head": 0, "span": -0.0}]}"#;
    let negative = serde_json::from_str::<Edits>(negative).unwrap();
    assert_eq!(negative.span(0, 0).map(f32::to_bits), Some(0));
}

#[test]
fn what_is_set_is_cleared_again() {
    let mut edits = some();
    assert!(!edits.is_empty() && edits.is_edited(1, 0) && !edits.is_edited(0, 0));
    assert_eq!(edits.span(0, 3), Some(0.0));
    assert!(edits.clear(1, 0) && !edits.clear(1, 0));
    assert_eq!(edits.clear_span(1, 2), Some(SpanEdit::Own(12.5)));
    assert!(edits.clear(0, 3) && edits.is_empty());
    let mut edits = some();
    edits.set_ablated(1, 0, false);
    assert!(edits != some() && edits.ablated().count() == 0);
    edits.clear_all();
    assert_eq!(edits, Edits::default());
}
