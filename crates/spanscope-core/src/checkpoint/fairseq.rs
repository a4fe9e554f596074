//! The settings that fairseq's port of adaptive span writes beside the weights, and its names for the weights.

use super::pickle::{Id, Pickle, Value};
use std::collections::BTreeMap;

/// The settings of the architecture that a checkpoint holds under `cfg` or, in older files, `args`.
///
/// There stand objects of classes that exist only in Python (`argparse.Namespace`, omegaconf's, dataclasses): their
/// state is read as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The key under which it stands: `cfg` or `args`.
    pub under: &'static str,
    /// The name of the architecture.
    pub architecture: Option<String>,
    numbers: BTreeMap<&'static str, f64>,
}

/// The settings that are numbers, as the port calls them.
const NUMBERS: [&str; 6] = [
    "adapt_span_ramp",
    "attn_span",
    "n_layer",
    "n_head",
    "d_model",
    "d_inner",
];

/// The longest name of an architecture that is kept.
const LONGEST: usize = 256;

/// Most objects within each other, around one value.
const DEEPEST: usize = 8;

impl Settings {
    /// A number, by the name that the port gives it, such as `adapt_span_ramp`.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.get(name).copied()
    }

    /// True if they are those of the port of adaptive span.
    pub fn name_adaptive_span(&self) -> bool {
        let name = self.architecture.as_deref().unwrap_or_default();
        name.replace('-', "_").starts_with("adaptive_span")
    }
}

/// The settings in a pickle: those that name the port of adaptive span, else the first that there are.
pub(super) fn settings(pickle: &Pickle) -> Option<Settings> {
    let all = ["cfg", "args"].map(|under| read(pickle, under));
    let mut all: Vec<Settings> = all.into_iter().flatten().collect();
    let named = all.iter().position(Settings::name_adaptive_span);
    let ramp = || {
        all.iter()
            .position(|s| s.number("adapt_span_ramp").is_some())
    };
    let best = named.or_else(ramp).unwrap_or(0);
    (best < all.len()).then(|| all.swap_remove(best))
}

fn read(pickle: &Pickle, under: &'static str) -> Option<Settings> {
    let all = inside(pickle, pickle.entry(pickle.root(), under)?);
    // None where the other one is used.
    pickle.pairs(all)?;
    let model = pickle
        .entry(all, "model")
        .map(|model| inside(pickle, model));
    let find = |name: &str| {
        let mut places = model.into_iter().chain([all]);
        places.find_map(|place| Some(inside(pickle, pickle.entry(place, name)?)))
    };
    let names = ["_name", "arch"].into_iter().filter_map(find);
    let mut names = names.filter_map(|name| pickle.str(name));
    let number = |name: &'static str| {
        let value = find(name)?;
        let written = || pickle.str(value)?.trim().parse().ok();
        Some((name, pickle.number(value).or_else(written)?))
    };
    Some(Settings {
        under,
        architecture: names
            .find(|name| !name.is_empty() && name.len() <= LONGEST)
            .map(str::to_owned),
        numbers: NUMBERS.into_iter().filter_map(number).collect(),
    })
}

/// The contents of an object: the attributes in its state, and of an object of omegaconf what that stands for.
fn inside(pickle: &Pickle, mut id: Id) -> Id {
    for _ in 0..DEEPEST {
        let Value::Object(object) = pickle.get(id) else {
            return id;
        };
        // A kind of dict is what it holds.
        if !object.pairs.is_empty() {
            return id;
        }
        let Some(state) = object.state else { return id };
        // Of an object with slots: its attributes and, apart, those in slots.
        let parts = pickle.tuple(state).unwrap_or(std::slice::from_ref(&state));
        let held = parts.iter().find_map(|part| {
            let held = ["_content", "_val"].into_iter();
            held.filter_map(|key| pickle.entry(*part, key)).next()
        });
        let attributes = parts.iter().find(|part| pickle.pairs(**part).is_some());
        match held.or(attributes.copied()) {
            Some(next) => id = next,
            None => return id,
        }
    }
    id
}

/// True if a name in a file is one of the port's: `decoder.model.` stands before it, among whatever wrappers add, such as
/// `module` and `_orig_mod`.
pub fn is_fairseq_name(file_name: &str) -> bool {
    let is_wrapper = |part: &&str| *part == "module" || part.starts_with('_');
    let parts = file_name.split('.').filter(|part| !is_wrapper(part));
    let mut before = "";
    for part in parts {
        if (before, part) == ("decoder", "model") {
            return true;
        }
        before = part;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::pickle::{Budget, read};

    #[test]
    fn the_ports_prefix_is_known_among_wrappers_and_alone_is_no_part_of_it() {
        for name in [
            "decoder.model.key_pe",
            "module.decoder.model.key_pe",
            "model.decoder.model.key_pe",
            "decoder._orig_mod.model.key_pe",
            "_forward_module.decoder.module.model._orig_mod.key_pe",
        ] {
            assert!(is_fairseq_name(name), "{name}");
        }
        for name in [
            "key_pe",
            "model.key_pe",
            "module.model.key_pe",
            "decoder.key_pe",
            "model.decoder.key_pe",
            "encoder.model.key_pe",
        ] {
            assert!(!is_fairseq_name(name), "{name}");
        }
    }

    /// A pickle of protocol 2 with this in it.
    fn of(body: &[u8]) -> Option<Settings> {
        let bytes = [b"\x80\x02".as_slice(), body, b"."].concat();
        let budget = &mut Budget::for_file(1 << 16);
        let (pickle, _) = read(&bytes, budget).unwrap();
        settings(&pickle)
    }

    fn text(text: &str) -> Vec<u8> {
        let len = u32::try_from(text.len()).unwrap().to_le_bytes();
        [b"X".as_slice(), &len, text.as_bytes()].concat()
    }

    fn dict(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let entries = entries.iter();
        let entries = entries.flat_map(|(key, value)| [text(key), value.clone(), b"s".to_vec()]);
        [b"}".to_vec(), entries.collect::<Vec<_>>().concat()].concat()
    }

    /// An object made without arguments, with a state.
    fn object(class: &str, state: Vec<u8>) -> Vec<u8> {
        let class = format!("c{}\n", class.replace('.', "\n"));
        [class.as_bytes(), b")\x81", &state, b"b"].concat()
    }

    fn number(n: u8) -> Vec<u8> {
        vec![b'K', n]
    }

    #[test]
    fn settings_are_read_out_of_whatever_objects_hold_them() {
        let model = [
            ("_name", text("adaptive_span")),
            ("adapt_span_ramp", number(16)),
            ("attn_span", text("96")),
        ];
        let plain = dict(&[("cfg", dict(&[("model", dict(&model))]))]);
        let node = |value: Vec<u8>| object("nodes.AnyNode", dict(&[("_val", value)]));
        let nodes = model.clone().map(|(key, value)| (key, node(value)));
        let config = |content| object("dictconfig.DictConfig", dict(&[("_content", content)]));
        let omega = config(dict(&[("model", config(dict(&nodes)))]));
        // As objects with slots have it: attributes and slots.
        let slots = [dict(&model), b"N\x86".to_vec()].concat();
        let class = dict(&[("model", object("config.Adaptive", slots))]);
        for pickle in [plain, dict(&[("cfg", omega)]), dict(&[("cfg", class)])] {
            let found = of(&pickle).unwrap();
            assert_eq!(found.under, "cfg");
            assert!(found.name_adaptive_span(), "{found:?}");
            assert_eq!(found.number("adapt_span_ramp"), Some(16.0));
            assert_eq!(found.number("attn_span"), Some(96.0));
            assert_eq!(found.number("n_head"), None);
        }
    }

    #[test]
    fn arguments_count_where_the_newer_settings_say_nothing() {
        let arguments = [("arch", text("adaptive-span")), ("n_head", number(4))];
        let arguments = object("argparse.Namespace", dict(&arguments));
        for cfg in [b"N".to_vec(), dict(&[])] {
            let found = of(&dict(&[("cfg", cfg), ("args", arguments.clone())])).unwrap();
            assert!(found.under == "args" && found.name_adaptive_span());
            assert_eq!(found.number("n_head"), Some(4.0));
        }
        let other = of(&dict(&[(
            "args",
            dict(&[("arch", text("transformer_lm"))]),
        )]))
        .unwrap();
        assert!(!other.name_adaptive_span());
        assert_eq!(
            of(&dict(&[("cfg", b"N".to_vec()), ("args", number(3))])),
            None
        );
        assert_eq!(of(&dict(&[])), None);
    }
}
