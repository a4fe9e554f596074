//! The models and texts that are part of the program, so that it has something to show at once.

/// A bundled model with a text that suits it.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// What it is, for a menu.
    pub name: &'static str,
    /// File name, as in the folder `sample_models`.
    pub file: &'static str,
    /// The checkpoint.
    pub model: &'static [u8],
    /// A text of the kind that the model was trained on.
    pub text: &'static str,
}

/// The bundled models; the first one opens when nothing else is asked for.
pub const SAMPLES: [Sample; 5] = [
    Sample {
        name: "Shakespeare, adaptive span",
        file: "shakespeare_adaptive.safetensors",
        model: include_bytes!("../../sample_models/shakespeare_adaptive.safetensors"),
        text: include_str!("../../assets/texts/shakespeare.txt"),
    },
    Sample {
        name: "Wikipedia, all-attention",
        file: "wikitext_all_attention.safetensors",
        model: include_bytes!("../../sample_models/wikitext_all_attention.safetensors"),
        text: include_str!("../../assets/texts/encyclopedia.txt"),
    },
    Sample {
        name: "Shakespeare, adaptive span up to 1,024",
        file: "shakespeare_span.safetensors",
        model: include_bytes!("../../sample_models/shakespeare_span.safetensors"),
        text: include_str!("../../assets/texts/shakespeare.txt"),
    },
    Sample {
        name: "Shakespeare, all-attention",
        file: "shakespeare_all_attention.safetensors",
        model: include_bytes!("../../sample_models/shakespeare_all_attention.safetensors"),
        text: include_str!("../../assets/texts/shakespeare.txt"),
    },
    Sample {
        name: "Shakespeare, fixed span of 1,024",
        file: "shakespeare_fixed.safetensors",
        model: include_bytes!("../../sample_models/shakespeare_fixed.safetensors"),
        text: include_str!("../../assets/texts/shakespeare.txt"),
    },
];
