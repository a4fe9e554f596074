//! The models and texts that are part of the program, so that it has something to show at once.

use super::Sample;

/// The bytes of a model: part of the program, but of that for a page, which fetches them when they are chosen.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! model {
    ($file:literal) => {
        include_bytes!(concat!("../sample_models/", $file, ".safetensors"))
    };
}
#[cfg(target_arch = "wasm32")]
macro_rules! model {
    ($file:literal) => {
        &[]
    };
}

/// A sample by its name, its file and its text.
macro_rules! sample {
    ($name:literal, $file:literal, $text:literal) => {
        Sample {
            name: $name,
            file: concat!($file, ".safetensors"),
            model: model!($file),
            text: include_str!(concat!("../assets/texts/", $text)),
        }
    };
}

/// The bundled models; the first one opens when nothing else is asked for. A static: of a constant, every part of the program that
/// uses it would have a copy.
pub static SAMPLES: [Sample; 6] = [
    sample!(
        "Shakespeare, adaptive span",
        "shakespeare_adaptive",
        "shakespeare.txt"
    ),
    sample!(
        "Wikipedia, all-attention",
        "wikitext_all_attention",
        "encyclopedia.txt"
    ),
    sample!(
        "Shakespeare, adaptive span up to 1,024",
        "shakespeare_span",
        "shakespeare.txt"
    ),
    sample!(
        "Shakespeare, all-attention",
        "shakespeare_all_attention",
        "shakespeare.txt"
    ),
    sample!(
        "Shakespeare, fixed span of 1,024",
        "shakespeare_fixed",
        "shakespeare.txt"
    ),
    sample!(
        "Prose and code, local and global layers",
        "local_global",
        "prose_and_code.txt"
    ),
];
