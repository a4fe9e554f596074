//! Names of tensors: the prefixes that training wrappers put before them.

/// Prefixes that say how the model was wrapped, not what a tensor is.
const PREFIXES: [&str; 3] = ["module.", "decoder.model.", "model."];

/// The name without the wrappers' prefixes, however many there are.
pub(super) fn strip(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn every_wrapper_is_taken_off() {
        for name in [
            "key_pe",
            "module.key_pe",
            "decoder.model.key_pe",
            "model.key_pe",
            "module.model.key_pe",
        ] {
            assert_eq!(strip(name), "key_pe");
        }
        assert_eq!(strip("layers.0.norm1.weight"), "layers.0.norm1.weight");
    }
}
