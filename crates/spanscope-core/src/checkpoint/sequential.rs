//! Names of the authors' second public code, `transformer-sequential`, as those that the first one gives.
//!
//! Its adaptive-span networks hold the same tensors under other names, and the position embeddings under every layer's.

use super::listing::Found;

/// What stands before the number of a layer.
const LAYERS: &str = "layers.";

/// What follows it, of position embeddings.
const POSITIONS: &str = ".attn.attn.key_pe";

/// Gives tensors the names of the first code. Position embeddings that layers share become one tensor with aliases; where they
/// share no numbers, those of further layers keep their names, so that whoever reads them can compare.
pub(super) fn rename(named: &mut [(String, Found)]) {
    let first = named.iter().find(|(name, _)| layer_of(name) == Some("0"));
    let shared = first.and_then(|(_, found)| number(found));
    let has_own = named.iter().any(|(name, _)| name == "key_pe");
    for (name, found) in named {
        let is_shared = || shared.is_some() && number(found) == shared;
        match layer_of(name) {
            Some("0") if !has_own => *name = "key_pe".to_owned(),
            Some(_) if !has_own && is_shared() => *name = "key_pe".to_owned(),
            Some(_) => {}
            None => {
                if let Some(published) = published(name) {
                    *name = published;
                }
            }
        }
    }
}

/// The layer whose position embeddings have this name.
fn layer_of(name: &str) -> Option<&str> {
    let number = name.strip_prefix(LAYERS)?.strip_suffix(POSITIONS)?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(number)
}

/// What stands before the layers in the name of a layer's position embeddings.
pub(super) fn before_layers(name: &str) -> Option<&str> {
    let before = name.strip_suffix(POSITIONS)?;
    let start = before.rfind(LAYERS)?;
    let number = &before[start + LAYERS.len()..];
    number
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then_some(&before[..start])
}

/// Tells tensors apart; nothing of one that is not read.
fn number(found: &Found) -> Option<usize> {
    match found {
        Found::Stored(stored) => Some(stored.number),
        Found::Unread(_) => None,
    }
}

/// The first code's name of a tensor that is not of the positions, where it has another.
fn published(name: &str) -> Option<String> {
    const SPAN: &str = ".adaptive_span.mask.size_ratio";
    if let Some(rest) = name.strip_prefix("out.out_emb.") {
        return Some(format!("out_emb.{rest}"));
    }
    let of_layer = name
        .strip_suffix(SPAN)
        .filter(|of| of.starts_with(LAYERS))?;
    Some(format!("{of_layer}.adaptive_span._mask.current_val"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_of_the_same_tensors_are_known() {
        assert_eq!(
            published("out.out_emb.bias").as_deref(),
            Some("out_emb.bias")
        );
        assert_eq!(
            published("layers.3.attn.attn.adaptive_span.mask.size_ratio").as_deref(),
            Some("layers.3.attn.attn.adaptive_span._mask.current_val")
        );
        for own in [
            "out_emb.bias",
            "out_norm.weight",
            "layers.3.ff.fc1.bias",
            "size_ratio",
        ] {
            assert_eq!(published(own), None);
        }
    }

    #[test]
    fn position_embeddings_of_layers_are_told_by_the_number() {
        assert_eq!(layer_of("layers.12.attn.attn.key_pe"), Some("12"));
        assert_eq!(layer_of("layers.x.attn.attn.key_pe"), None);
        assert_eq!(layer_of("key_pe"), None);
        assert_eq!(before_layers("a.b.layers.0.attn.attn.key_pe"), Some("a.b."));
        assert_eq!(before_layers("layers.0.attn.attn.key_pe"), Some(""));
        assert_eq!(before_layers("a.key_pe"), None);
    }
}
