//! The patterns that byte-level vocabularies of GGUF files know by name only.

use super::pattern::{Behaviour, Pattern};
use super::stages::Stage;

/// GPT-2's own.
pub(super) const GPT2: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// Llama 3's: contractions in any case, digits by threes.
pub(super) const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Qwen's: the same with single digits.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// That of gpt-oss: words by their case.
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Mistral's of 2024: the same without contractions, with single digits.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Bloom's.
const BLOOM: &str = r" ?[^(\s|.,!?…。，、।۔،)]+";

/// Falcon's punctuation.
const PUNCTUATION: &str = r"[\p{P}\$\+<=>\^~\|`]+";

/// The rules by which a byte-level vocabulary cuts a text, by the name in its file.
pub(super) struct Named {
    pub(super) stages: Vec<Stage>,
    /// A part that is a token is one, whatever the merges say.
    pub(super) ignore_merges: bool,
    /// True if a text begins with BOS where the file does not say.
    pub(super) begins: bool,
    /// The note to users about a name that is not known.
    pub(super) note: Option<String>,
}

/// # Errors
/// In words; none for the patterns here.
pub(super) fn named(name: Option<&str>) -> Result<Named, String> {
    let is = |names: &[&str]| name.is_some_and(|name| names.contains(&name));
    let patterns: &[&str] = match name.unwrap_or("default") {
        "smollm" | "starcoder" | "refact" | "command-r" => &[r"\p{N}", GPT2],
        "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" | "dbrx" | "falcon3" | "pixtral" => {
            &[LLAMA3]
        }
        "qwen2" | "stablelm2" | "deepseek-r1-qwen" => &[QWEN2],
        "gpt-4o" => &[GPT4O],
        "tekken" => &[TEKKEN],
        "bloom" => &[BLOOM],
        "falcon" => &[PUNCTUATION, GPT2, "[0-9][0-9][0-9]"],
        _ => &[GPT2],
    };
    let mut stages = Vec::new();
    for pattern in patterns {
        stages.push(Stage::Split {
            pattern: Pattern::regex(pattern)?,
            behaviour: Behaviour::Isolated,
            inverted: false,
        });
    }
    stages.push(Stage::ByteLevel {
        in_front: false,
        pattern: None,
    });
    let whole = [
        "llama-bpe",
        "llama3",
        "llama-v3",
        "falcon3",
        "pixtral",
        "tekken",
    ];
    let gpt2 = ["gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais"];
    let is_known = is(&gpt2) || patterns != [GPT2];
    Ok(Named {
        stages,
        ignore_merges: is(&whole),
        begins: is(&whole),
        note: (!is_known).then(|| {
            format!(
                "The file calls its pre-tokenizer {}, which is not known here: texts are cut as GPT-2's are, and some tokens may be off.",
                crate::shown::shown(name.unwrap_or("default"))
            )
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_stages() {
        for name in [
            "gpt-2",
            "smollm",
            "llama-bpe",
            "qwen2",
            "gpt-4o",
            "bloom",
            "falcon",
            "tekken",
        ] {
            let named = named(Some(name)).unwrap();
            assert!(named.note.is_none(), "{name}");
            // Every place between a letter and a space is a safe one.
            let apart = |stage: &Stage| stage.is_apart('a', ' ');
            assert!(named.stages.iter().all(apart), "{name}");
        }
        assert!(named(None).unwrap().note.is_some());
        assert!(
            named(Some("new\x1b"))
                .unwrap()
                .note
                .unwrap()
                .contains("\\u{1b}")
        );
        assert!(named(Some("llama3")).unwrap().begins && !named(Some("qwen2")).unwrap().begins);
    }
}
