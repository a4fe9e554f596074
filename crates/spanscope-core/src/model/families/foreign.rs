//! Networks of other kinds, recognised by the names of their tensors, so that whoever opens one is told what it is.

/// The strings that occur in the names of other networks, the most telling first.
const FAMILIES: [(&str, &str); 12] = [
    (
        "self_attn.q_proj.",
        "a Llama-like or OPT-like language model; put its config.json beside the file",
    ),
    (
        "self_attn.qkv_proj.",
        "a Phi-like language model; put its config.json beside the file",
    ),
    (
        "attn.c_attn.",
        "a GPT-2-like language model; put its config.json beside the file",
    ),
    (
        "attention.query_key_value.",
        "a GPT-NeoX-like, Bloom-like or Falcon-like language model; put its config.json beside the file",
    ),
    (
        "embeddings.word_embeddings.",
        "a BERT-like model of another library",
    ),
    ("SelfAttention.q.", "a T5-like model of another library"),
    (
        "encoder_attn.k_proj.",
        "an encoder-decoder Transformer of fairseq or a library like it",
    ),
    ("dec_attn.qkv_net.", "a Transformer-XL"),
    (
        "blk.0.attn_q.",
        "a language model in the names of llama.cpp",
    ),
    (
        "self_attn.in_proj_weight",
        "a Transformer of PyTorch's own layers (torch.nn.MultiheadAttention)",
    ),
    (
        "lora_A",
        "a LoRA adapter, which holds changes of a model and not the model",
    ),
    (
        "_flat_param",
        "a network that FSDP flattened: save it with a full state dict (StateDictType.FULL_STATE_DICT)",
    ),
];

/// The kind of network that has tensors of these names, if one is recognised.
pub(in crate::model) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let mut found: Option<usize> = None;
    for name in names {
        let known = FAMILIES.iter().position(|(part, _)| name.contains(part));
        if let Some(at) = known {
            found = Some(found.map_or(at, |other| other.min(at)));
        }
    }
    Some(FAMILIES.get(found?)?.1)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn other_networks_are_called_by_name() {
        for (name, family) in [
            ("layers.0.self_attn.q_proj.weight", "Llama"),
            ("transformer.h.0.attn.c_attn.weight", "GPT-2"),
            ("bert.embeddings.word_embeddings.weight", "BERT"),
            ("blk.0.attn_q.weight", "llama.cpp"),
        ] {
            assert!(of([name].into_iter()).unwrap().contains(family), "{name}");
        }
        assert_eq!(of(["layers.0.attn.proj_query.weight"].into_iter()), None);
    }
}
