//! Training curves: kept with the weights when a checkpoint is converted.

use std::collections::BTreeMap;

/// Metadata key of a `.safetensors` file under which the curves stand: a JSON object, name → list of numbers.
pub const CURVES: &str = "curves";

/// A training curve stored in a checkpoint: one value per entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the log, such as `val_bpc` or `span_avg`.
    pub name: String,
    /// One value per logged step.
    pub values: Vec<f64>,
}

/// The curves as JSON; what is not a number, after a diverged step, becomes null.
pub fn curves_to_json(curves: &[Curve]) -> String {
    let map: BTreeMap<&str, &[f64]> = curves
        .iter()
        .map(|curve| (curve.name.as_str(), curve.values.as_slice()))
        .collect();
    serde_json::json!(map).to_string()
}

/// Reads what [`curves_to_json`] wrote. Another program may use the key for something else: that is no reason to
/// refuse the weights, so there are no curves then.
pub(super) fn from_metadata(metadata: &BTreeMap<String, String>) -> Vec<Curve> {
    let map: BTreeMap<String, Vec<Option<f64>>> = metadata
        .get(CURVES)
        .and_then(|text| crate::json::read_records(text.as_bytes()).ok())
        .unwrap_or_default();
    map.into_iter()
        .map(|(name, values)| Curve {
            name,
            values: values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect(),
        })
        .collect()
}

/// The curve that says at which step of the training each entry of the log was written.
const STEP: &str = "step";

/// The quantity that a curve measures: curves of one quantity share an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Bits per character, or per byte: `train_bpc`, `val_bpc`.
    BitsPerCharacter,
    /// Perplexity per word: `train_ppl`, `val_ppl`.
    Perplexity,
    /// Spans in tokens, the mean and the longest over all heads: `span_avg`, `span_max`.
    Span,
    /// Something that the published code does not log.
    Other,
}

impl Quantity {
    fn of(name: &str) -> Self {
        match name {
            _ if name.ends_with("_bpc") => Self::BitsPerCharacter,
            _ if name.ends_with("_ppl") => Self::Perplexity,
            _ if name.starts_with("span_") => Self::Span,
            _ => Self::Other,
        }
    }
}

/// A curve ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name in the log.
    pub name: String,
    /// x and y. What is not finite, after a step that diverged, is left out.
    pub points: Vec<[f64; 2]>,
}

/// Curves that belong into one plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The quantity that is their y.
    pub quantity: Quantity,
    /// True if x is the step of the training (batches seen); else it is the entry of the log, from 1.
    pub by_step: bool,
    /// The curves, by name; at least one.
    pub lines: Vec<Line>,
}

impl Panel {
    /// Puts curves together for plots: those of one quantity share a panel, in the order in which [`Quantity`] lists them;
    /// each further curve has its own. The log's `step` is their x, entry by entry. A curve with more or fewer entries
    /// than that, because it was not logged all along, cannot be paired with it, and goes by entry in a panel of its own.
    pub fn of(curves: &[Curve]) -> Vec<Self> {
        let steps = curves.iter().find(|curve| curve.name == STEP);
        let mut panels: Vec<Self> = Vec::new();
        for curve in curves.iter().filter(|curve| curve.name != STEP) {
            let quantity = Quantity::of(&curve.name);
            let steps = steps.filter(|steps| steps.values.len() == curve.values.len());
            let x = |i: usize| steps.map_or((i + 1) as f64, |steps| steps.values[i]);
            let points = curve.values.iter().enumerate().map(|(i, y)| [x(i), *y]);
            let line = Line {
                name: curve.name.clone(),
                points: points.filter(|[x, y]| (x + y).is_finite()).collect(),
            };
            let by_step = steps.is_some();
            let panel = panels.iter_mut().find(|panel| {
                quantity != Quantity::Other
                    && (panel.quantity, panel.by_step) == (quantity, by_step)
            });
            match panel {
                Some(panel) => panel.lines.push(line),
                None => panels.push(Self {
                    quantity,
                    by_step,
                    lines: vec![line],
                }),
            }
        }
        for panel in &mut panels {
            panel.lines.sort_by(|a, b| a.name.cmp(&b.name));
        }
        panels.sort_by_key(|panel| (panel.quantity as u8, !panel.by_step));
        panels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_come_back() {
        let curves = [
            curve("span_avg", &[1.0, 2.5]),
            curve("val_bpc", &[f64::NAN, 0.1]),
        ];
        let mut metadata = BTreeMap::from([(CURVES.to_owned(), curves_to_json(&curves))]);
        let back = from_metadata(&metadata);
        assert_eq!(back[0], curves[0]);
        assert!(back[1].values[0].is_nan() && back[1].values[1] == 0.1);
        metadata.insert(CURVES.to_owned(), "a picture".into());
        assert!(from_metadata(&metadata).is_empty());
    }

    fn curve(name: &str, values: &[f64]) -> Curve {
        Curve {
            name: name.into(),
            values: values.into(),
        }
    }

    #[test]
    fn curves_of_one_quantity_share_a_panel_over_the_steps() {
        let panels = Panel::of(&[
            curve("lr", &[0.1, 0.2, 0.3]),
            curve("span_max", &[9.0, 8.0, 7.0]),
            curve("step", &[200.0, 400.0, 600.0]),
            curve("grad_norm", &[1.0, 1.0, 1.0]),
            curve("val_bpc", &[3.0, f64::NAN, 2.0]),
            curve("train_bpc", &[4.0, f64::INFINITY, 3.0]),
            curve("span_avg", &[5.0, 6.0]),
        ]);
        let found: Vec<(Quantity, bool, Vec<&str>)> = panels
            .iter()
            .map(|panel| {
                let names = panel.lines.iter().map(|line| line.name.as_str());
                (panel.quantity, panel.by_step, names.collect())
            })
            .collect();
        assert_eq!(
            found,
            [
                (
                    Quantity::BitsPerCharacter,
                    true,
                    vec!["train_bpc", "val_bpc"]
                ),
                (Quantity::Span, true, vec!["span_max"]),
                (Quantity::Span, false, vec!["span_avg"]),
                (Quantity::Other, true, vec!["lr"]),
                (Quantity::Other, true, vec!["grad_norm"]),
            ]
        );
        assert_eq!(panels[0].lines[1].points, [[200.0, 3.0], [600.0, 2.0]]);
        assert_eq!(panels[2].lines[0].points, [[1.0, 5.0], [2.0, 6.0]]);
    }

    #[test]
    fn without_steps_entries_are_counted() {
        let panels = Panel::of(&[curve("train_ppl", &[90.0, 40.0])]);
        assert_eq!(
            (panels[0].quantity, panels[0].by_step),
            (Quantity::Perplexity, false)
        );
        assert_eq!(panels[0].lines[0].points, [[1.0, 90.0], [2.0, 40.0]]);
        assert!(Panel::of(&[curve("step", &[1.0])]).is_empty());
        assert!(Panel::of(&[]).is_empty());
    }
}
