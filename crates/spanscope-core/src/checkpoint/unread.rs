//! Tensors that a file holds in a form that is not read.

use crate::files::shown;

/// A tensor that a file holds and that is not read, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadTensor {
    /// Its name in the file.
    pub file_name: String,
    /// Extent of every dimension, outermost first, where it is known.
    pub shape: Option<Vec<usize>>,
    /// In what form it is, in a word or two: "float8_e4m3fn".
    pub form: String,
    /// A description of it, to be read after its name: "is stored as float8_e4m3fn …".
    pub what: String,
    /// The advice on what to do about it.
    pub advice: &'static str,
    /// True if it is a single whole number or truth value: a counter, a switch.
    pub is_counter: bool,
}

/// Advice for numbers of a format that is not read.
const TO_FLOAT: &str = "save them as 32-bit numbers: \
     torch.save({k: v.float() for k, v in model.state_dict().items()}, \"weights.pt\")";

const DEQUANTIZE: &str = "save the weights from before they were quantized, or torch.save({k: v.dequantize() if v.is_quantized \
     else v for k, v in state_dict.items()}, \"weights.pt\")";

const REQUANTIZE: &str = "get the model in one of these, such as Q4_K_M or Q8_0, or make it with llama-quantize of llama.cpp from a file in \
     F16 or BF16";

const TO_CPU: &str = "save them from the CPU: \
     torch.save({k: v.cpu() for k, v in model.state_dict().items()}, \"weights.pt\")";

const FROM_NUMPY: &str = "save tensors: \
     torch.save({k: torch.from_numpy(v) for k, v in weights.items()}, \"weights.pt\")";

const FROM_META: &str = "load the weights into the model before it is saved (model.to_empty(device=\"cpu\"), then load_state_dict)";

const DENSE: &str = "save it dense: torch.save({k: v.to_dense() for k, v in model.state_dict().items()}, \"weights.pt\")";

const PLAIN: &str = "save plain tensors on the CPU: of a distributed tensor v.full_tensor(), of a quantized one v.dequantize(), of \
     any other v.detach().clone()";

const NO_PARAMETRIZATION: &str = "before saving, make it a plain tensor: \
     torch.nn.utils.parametrize.remove_parametrizations(module, name), or torch.nn.utils.remove_spectral_norm(module)";

impl UnreadTensor {
    fn new(name: &str, form: &str, what: String, advice: &'static str) -> Self {
        Self {
            file_name: name.to_owned(),
            shape: None,
            form: shown(form),
            what,
            advice,
            is_counter: false,
        }
    }

    /// Of a number format that is not read: float8, whole numbers, complex ones.
    pub(super) fn format(name: &str, format: &str, shape: Option<Vec<usize>>) -> Self {
        let what = format!(
            "is stored as {}, a number format that is not read (f32, f16, bf16 and f64 are)",
            shown(format)
        );
        let whole = [
            "int", "uint", "bool", "i", "u", "Long", "Short", "Char", "Byte", "Bool", "Int",
        ];
        let is_whole = whole.iter().any(|start| {
            let rest = format.strip_prefix(start);
            rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()) || rest == "Storage")
        }) || format.eq_ignore_ascii_case("bool");
        let elements = shape
            .iter()
            .flatten()
            .try_fold(1_usize, |n, m| n.checked_mul(*m));
        Self {
            is_counter: is_whole && shape.is_some() && elements.is_some_and(|n| n <= 1),
            shape,
            ..Self::new(name, format, what, TO_FLOAT)
        }
    }

    /// Of a GGUF file, in a format of blocks, or of whole numbers, that is not read; `read` are those that are.
    pub(super) fn ggml(name: &str, format: &str, read: &str, shape: Option<Vec<usize>>) -> Self {
        let what = format!(
            "is stored as {}, a format that is not read ({read} are)",
            shown(format)
        );
        Self {
            shape,
            ..Self::new(name, format, what, REQUANTIZE)
        }
    }

    pub(super) fn quantized(name: &str, format: &str) -> Self {
        let what = format!("is quantized ({}), which is not read", shown(format));
        Self::new(name, format, what, DEQUANTIZE)
    }

    /// Of another device, its numbers stored as a NumPy array.
    pub(super) fn elsewhere(name: &str, device: &str) -> Self {
        let what = format!(
            "is a tensor of the device {}, stored as a NumPy array, which is not read",
            shown(device)
        );
        Self::new(name, "of another device", what, TO_CPU)
    }

    pub(super) fn numpy(name: &str) -> Self {
        let what = "is a NumPy array, not a tensor".to_owned();
        Self::new(name, "NumPy array", what, FROM_NUMPY)
    }

    pub(super) fn meta(name: &str) -> Self {
        let what = "is a meta tensor: it has a shape and no numbers".to_owned();
        Self::new(name, "meta", what, FROM_META)
    }

    pub(super) fn sparse(name: &str) -> Self {
        let what = "is stored as a sparse tensor, which is not read".to_owned();
        Self::new(name, "sparse", what, DENSE)
    }

    /// A tensor with its sign bit kept apart.
    pub(super) fn negated(name: &str) -> Self {
        let what = "is stored as a negated view, which is not read".to_owned();
        Self::new(name, "negated view", what, PLAIN)
    }

    /// A tensor that a function of Python would build, of which nothing is known here.
    pub(super) fn built(name: &str, module: &str, function: &str) -> Self {
        let what = format!(
            "is what the Python function {}.{} makes, a kind of tensor that is not read",
            shown(module),
            shown(function)
        );
        Self::new(name, function, what, PLAIN)
    }

    /// A tensor that is computed from other tensors in a way that the file does not say; `from` is one of them.
    pub(super) fn computed(name: &str, from: &str) -> Self {
        let what = format!(
            "is not in the file itself: it is computed of {}, by a parametrization or normalisation whose code is not in the file",
            shown(from)
        );
        Self::new(name, "computed", what, NO_PARAMETRIZATION)
    }
}
