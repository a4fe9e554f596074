//! Names of tensors: what training wrappers put into them.

/// Parts that say how a module was wrapped, not what a tensor is. They stand before the name or in the middle of it:
/// `torch.compile`, `DataParallel`, DeepSpeed, FSDP, activation checkpointing, Lightning and the like.
const WRAPPERS: [&str; 14] = [
    "_orig_mod",
    "module",
    "_module",
    "_forward_module",
    "_fsdp_wrapped_module",
    "_fpw_module",
    "_checkpoint_wrapped_module",
    "_original_module",
    "model",
    "_model",
    "wrapped_model",
    "state_dict",
    "model_state_dict",
    "base_model",
];

/// Parts that are wrappers only before the name itself: fairseq's `decoder.model.` for one.
const BEFORE: [&str; 6] = [
    "decoder",
    "net",
    "network",
    "lm",
    "language_model",
    "transformer",
];

/// What the names of the published code begin with.
const ROOTS: [&str; 4] = ["key_pe", "in_emb", "out_emb", "layers"];

/// The name without wrappers, wherever they stand and however many there are.
pub(super) fn strip(name: &str) -> String {
    let before = prefix(name).map_or(0, str::len);
    let (head, tail) = name.split_at(before);
    let plain = |part: &&str| !WRAPPERS.contains(part);
    let head = head
        .split('.')
        .filter(|part| !part.is_empty() && plain(part) && !BEFORE.contains(part));
    let mut parts: Vec<&str> = head.collect();
    match before > 0 || tail.contains('.') {
        true => parts.extend(tail.split('.').filter(plain)),
        // A name of one part is a name, whatever it is.
        false => parts.push(tail),
    }
    match parts.is_empty() {
        true => name.to_owned(),
        false => parts.join("."),
    }
}

/// Wrappers that no layout of Hugging Face or llama.cpp has as a part of its names.
const TRAINING: [&str; 10] = [
    "_orig_mod",
    "module",
    "_module",
    "_forward_module",
    "_fsdp_wrapped_module",
    "_fpw_module",
    "_checkpoint_wrapped_module",
    "_original_module",
    "state_dict",
    "model_state_dict",
];

/// The name without what wraps modules while they are trained; `model.` and the like are part of it.
pub(super) fn unwrapped(name: &str) -> String {
    let parts = name.split('.').filter(|part| !TRAINING.contains(part));
    let parts: Vec<&str> = parts.collect();
    match parts.is_empty() {
        true => name.to_owned(),
        false => parts.join("."),
    }
}

/// What holds a whole model of another layout, as an attribute of what was saved: Lightning modules, adapters, models that
/// see as well.
const HOLDERS: [&str; 9] = [
    "model",
    "_model",
    "net",
    "network",
    "lm",
    "llm",
    "language_model",
    "wrapped_model",
    "base_model",
];

/// What names of a whole model of another layout begin with.
const WHOLE: [&str; 5] = ["model", "transformer", "gpt_neox", "lm_head", "embed_out"];

/// What all names begin with because something holds the model that they are of, with its last dot: `model.` where they are
/// `model.transformer.…` and `model.lm_head.…`, and nothing where they are a model's own.
pub(super) fn holder<'a>(names: impl Iterator<Item = &'a str> + Clone) -> &'a str {
    let Some(first) = names.clone().next() else {
        return "";
    };
    let mut end = 0;
    loop {
        let rest = &first[end..];
        let Some((holder, _)) = rest
            .split_once('.')
            .filter(|(part, _)| HOLDERS.contains(part) || is_second(part))
        else {
            return &first[..end];
        };
        let next = end + holder.len() + 1;
        let is_held = |name: &str| {
            let rest = name.strip_prefix(&first[..next]);
            let part = rest.and_then(|rest| rest.split('.').next());
            part.is_some_and(|part| WHOLE.contains(&part))
        };
        if !names.clone().all(is_held) {
            return &first[..end];
        }
        end = next;
    }
}

/// What names of a second copy of a model begin with, an average beside the weights that it is of; nothing where all names do, or
/// none.
pub(super) fn second_copy<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let first = |name: &'a str| name.split_once('.').map_or("", |(part, _)| part);
    let all_are = names.clone().all(|name| is_second(first(name)));
    let mut found = names.map(first).filter(|part| is_second(part));
    found.next().filter(|_| !all_are)
}

/// True if a name says that what it is of is an average of weights, or a network that others were trained from.
pub(super) fn is_second(name: &str) -> bool {
    const SECOND: [&str; 5] = ["ema", "swa", "averag", "teacher", "shadow"];
    let name = name.to_lowercase();
    SECOND.iter().any(|word| name.contains(word))
}

/// What stands before the name that the published code gives a tensor, with its last dot: nothing of a name that the code
/// does not give.
pub(super) fn prefix(name: &str) -> Option<&str> {
    let mut start = 0;
    for part in name.split('.') {
        if ROOTS.contains(&part) {
            return name.get(..start);
        }
        start += part.len() + 1;
    }
    None
}

/// What every name of a network begins with that is held by an object of an unknown name: the one that `key_pe` has, if
/// there is only one.
pub(super) fn unknown_prefix<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut found: Option<&str> = None;
    for name in names {
        if name == "key_pe" {
            return None;
        }
        let of_layers = super::sequential::before_layers(name);
        let Some(prefix) = of_layers.or(name.strip_suffix("key_pe")) else {
            continue;
        };
        if !prefix.ends_with('.') || found.is_some_and(|other| other != prefix) {
            return None;
        }
        found = Some(prefix);
    }
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrapper_is_taken_off_wherever_it_stands() {
        for name in [
            "key_pe",
            "module.key_pe",
            "decoder.model.key_pe",
            "model.key_pe",
            "module.model.key_pe",
            "_orig_mod.module.key_pe",
            "_forward_module.model.key_pe",
            "_fsdp_wrapped_module._checkpoint_wrapped_module.key_pe",
            "module._orig_mod.decoder.model.key_pe",
            "state_dict.model.net.key_pe",
        ] {
            assert_eq!(strip(name), "key_pe");
        }
        for name in [
            "layers.3.ff.fc1.weight",
            "layers.3._orig_mod.ff.fc1.weight",
            "layers.3.ff._orig_mod.fc1.weight",
            "module.layers.3._fsdp_wrapped_module._checkpoint_wrapped_module.ff.module.fc1.weight",
            "layers._orig_mod.3.ff.fc1._orig_mod.weight",
        ] {
            assert_eq!(strip(name), "layers.3.ff.fc1.weight");
        }
        for name in [
            "layers.0.norm1.weight",
            "text.0.layers.1.queries",
            "training.spans",
            "ema.key_pe",
            "module",
            "model",
        ] {
            assert_eq!(strip(name), name);
        }
    }

    #[test]
    fn names_of_other_layouts_lose_what_training_put_there() {
        for name in [
            "model.layers.0.self_attn.q_proj.weight",
            "module.model.layers.0.self_attn.q_proj.weight",
            "_orig_mod.model.layers.0.self_attn.q_proj.weight",
            "module._orig_mod.model.layers.0.self_attn._fsdp_wrapped_module.q_proj.weight",
        ] {
            assert_eq!(unwrapped(name), "model.layers.0.self_attn.q_proj.weight");
        }
        for name in ["module", "lm_head.weight", "transformer.h.0.ln_1.bias"] {
            assert_eq!(unwrapped(name), name);
        }
    }

    #[test]
    fn what_holds_a_whole_model_is_known() {
        let of = |names: &[&str]| holder(names.iter().copied()).to_owned();
        assert_eq!(of(&["model.layers.0.x", "model.norm.weight"]), "");
        assert_eq!(of(&["model.layers.0.x", "lm_head.weight"]), "");
        assert_eq!(
            of(&["model.model.layers.0.x", "model.lm_head.weight"]),
            "model."
        );
        assert_eq!(
            of(&["net.transformer.h.0.x", "net.transformer.wte.x"]),
            "net."
        );
        assert_eq!(
            of(&["base_model.model.model.layers.0.x"]),
            "base_model.model."
        );
        assert_eq!(of(&["language_model.model.x", "vision_tower.x"]), "");
        assert_eq!(of(&["transformer.h.0.x"]), "");
        assert_eq!(
            of(&["ema_model.model.layers.0.x", "ema_model.lm_head.x"]),
            "ema_model."
        );
        let copy = |names: &[&str]| second_copy(names.iter().copied()).map(str::to_owned);
        assert_eq!(
            copy(&["model.a", "model_ema.a"]).as_deref(),
            Some("model_ema")
        );
        assert_eq!(copy(&["ema.a", "ema.b"]), None);
        assert_eq!(copy(&["model.a", "lm_head.b"]), None);
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn what_stands_before_a_name_is_known() {
        assert_eq!(
            prefix("decoder.model.layers.0.norm1.weight"),
            Some("decoder.model.")
        );
        assert_eq!(prefix("key_pe"), Some(""));
        assert_eq!(prefix("weights"), None);
        assert_eq!(prefix("training.spans"), None);
    }

    #[test]
    fn an_unknown_prefix_is_that_of_the_only_positions() {
        let of = |names: &[&str]| unknown_prefix(names.iter().copied());
        assert_eq!(of(&["a.key_pe", "a.layers.0.x"]).as_deref(), Some("a."));
        assert_eq!(of(&["a.key_pe", "key_pe"]), None);
        assert_eq!(of(&["a.key_pe", "b.key_pe"]), None);
        assert_eq!(of(&["monkey_pe"]), None);
        let layers = [0, 1].map(|i| format!("ema.layers.{i}.attn.attn.key_pe"));
        assert_eq!(of(&[&layers[0], &layers[1]]).as_deref(), Some("ema."));
        assert_eq!(of(&["layers.0.attn.attn.key_pe"]), None);
        assert_eq!(of(&[]), None);
    }
}
