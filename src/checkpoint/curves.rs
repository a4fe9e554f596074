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
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    map.into_iter()
        .map(|(name, values)| Curve {
            name,
            values: values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_come_back() {
        let curve = |name: &str, values: &[f64]| Curve {
            name: name.into(),
            values: values.into(),
        };
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
}
