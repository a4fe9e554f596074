//! The tensors as the pickle of a PyTorch checkpoint describes them: their formats, and where they lie.

use super::dtype::Dtype;
use super::pickle::{Budget, Id, Pickle, Value};
use super::tensor::{LONGEST_NAME, MOST_DIMENSIONS, TensorInfo};
use super::unread::UnreadTensor;
use crate::shown::shown;
use std::collections::HashMap;

/// A tensor in the pickle's terms; offset and strides count elements.
#[derive(Debug, Clone)]
pub(super) struct TensorRef {
    pub name: String,
    pub key: String,
    pub offset: usize,
    pub strides: Vec<usize>,
    pub info: TensorInfo,
}

/// A reference to a storage, as a persistent id spells it.
struct StorageRef<'a> {
    class: &'a str,
    key: &'a str,
    /// Number of elements of the whole storage.
    count: Option<usize>,
    /// The start of a view on the storage, in elements (legacy container only).
    offset: usize,
}

fn storage_ref(pickle: &Pickle, id: Id) -> Option<StorageRef<'_>> {
    let Value::Persistent(id) = pickle.get(id) else {
        return None;
    };
    let parts = pickle.tuple(*id)?;
    if pickle.str(*parts.first()?) != Some("storage") {
        return None;
    }
    let class = match pickle.get(*parts.get(1)?) {
        Value::Global(_, name) => pickle.str(*name)?,
        // A long one would be looked through once per reference.
        Value::Str(name) if name.len() <= LONGEST_NAME => name.rsplit('.').next().unwrap_or(name),
        _ => return None,
    };
    let offset = parts
        .get(5)
        .and_then(|&view| pickle.tuple(view))
        .and_then(|view| pickle.int(*view.get(1)?))
        .map_or(Some(0), |offset| usize::try_from(offset).ok())?;
    let key = pickle.str(*parts.get(2)?)?;
    Some(StorageRef {
        class,
        key: (key.len() <= LONGEST_NAME).then_some(key)?,
        count: parts
            .get(4)
            .and_then(|&count| usize::try_from(pickle.int(count)?).ok()),
        offset,
    })
}

/// Bytes per element of a storage class.
fn class_size(class: &str) -> Option<usize> {
    Some(match class {
        "ComplexDoubleStorage" => 16,
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
        "FloatStorage" | "IntStorage" => 4,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "CharStorage" | "ByteStorage" | "BoolStorage" | "UntypedStorage" => 1,
        "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => 1,
        "QInt32Storage" | "ComplexHalfStorage" => 4,
        _ => return None,
    })
}

fn class_dtype(class: &str) -> Option<Dtype> {
    Some(match class {
        "FloatStorage" | "float32" | "float" => Dtype::F32,
        "HalfStorage" | "float16" | "half" => Dtype::F16,
        "BFloat16Storage" | "bfloat16" => Dtype::BF16,
        "DoubleStorage" | "float64" | "double" => Dtype::F64,
        _ => return None,
    })
}

/// The size of a storage, by the pickle's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StorageSize<'a> {
    /// Bytes per element, or the class of the storage if it is not known.
    pub element: Result<usize, &'a str>,
    /// Number of elements, if the pickle says.
    pub count: Option<usize>,
}

/// The size of every storage that the pickle mentions, by key.
pub(super) fn storage_sizes<'a>(
    pickle: &'a Pickle,
    budget: &mut Budget,
) -> Result<HashMap<&'a str, StorageSize<'a>>, String> {
    let mut sizes = HashMap::new();
    for id in pickle.all() {
        if let Some(storage) = storage_ref(pickle, id) {
            let element = class_size(storage.class).ok_or(storage.class);
            let count = storage.count;
            budget.grow::<(&str, StorageSize<'_>)>(1)?;
            let size = StorageSize { element, count };
            if sizes
                .insert(storage.key, size)
                .is_some_and(|other| other != size)
            {
                return Err(format!(
                    "storage {} is said to have two sizes or element types",
                    shown(storage.key)
                ));
            }
        }
    }
    Ok(sizes)
}

/// The depth to which a tensor may be wrapped: a parameter of a subclass with attributes.
const DEEPEST: usize = 8;

/// The function that rebuilds a tensor, and what it is given.
struct Call<'a> {
    module: &'a str,
    function: &'a str,
    args: &'a [Id],
}

impl<'a> Call<'a> {
    fn of(pickle: &'a Pickle, id: Id) -> Option<Self> {
        let (module, function, object) = pickle.object(id)?;
        let args = pickle.tuple(object.args)?;
        Some(Self {
            module,
            function,
            args,
        })
    }

    /// The call that is left once parameters, subclasses and attributes are taken off: none of them changes the numbers.
    fn unwrapped(pickle: &'a Pickle, id: Id) -> Option<Self> {
        let mut call = Self::of(pickle, id)?;
        for _ in 0..DEEPEST {
            call = match call.function {
                "_rebuild_parameter"
                | "_rebuild_parameter_with_state"
                | "_rebuild_device_tensor_from_cpu_tensor" => {
                    Self::of(pickle, *call.args.first()?)?
                }
                // The function, the class that the tensor gets, the function's arguments, attributes.
                "_rebuild_from_type" | "_rebuild_from_type_v2" => {
                    let (module, function) = pickle.global(*call.args.first()?)?;
                    let args = pickle.tuple(*call.args.get(2)?)?;
                    Self {
                        module,
                        function,
                        args,
                    }
                }
                _ => return Some(call),
            };
        }
        None
    }
}

/// The tensor that a value stands for, called `name`; `None` if it is none.
///
/// # Errors
/// In words, when what is said of it cannot be.
pub(super) fn tensor(
    pickle: &Pickle,
    id: Id,
    name: &str,
) -> Option<Result<Result<TensorRef, UnreadTensor>, String>> {
    let call = Call::unwrapped(pickle, id)?;
    let (function, args) = (call.function, call.args);
    Some(Ok(Err(match function {
        "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" => {
            return Some(rebuilt(pickle, function, args, name));
        }
        "_rebuild_qtensor" => {
            let storage = args.first().and_then(|&id| storage_ref(pickle, id));
            let class = storage.map_or("in a format of its own", |storage| storage.class);
            let format = class.trim_end_matches("Storage").to_lowercase();
            UnreadTensor::quantized(name, &format)
        }
        "_rebuild_device_tensor_from_numpy" | "_rebuild_xla_tensor" => {
            let device = args.get(2).and_then(|&id| pickle.str(id));
            UnreadTensor::elsewhere(name, device.unwrap_or("xla"))
        }
        "_rebuild_meta_tensor_no_storage" => UnreadTensor::meta(name),
        "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" | "_rebuild_nested_tensor" => {
            UnreadTensor::sparse(name)
        }
        "_reconstruct" | "_frombuffer" if call.module.starts_with("numpy") => {
            UnreadTensor::numpy(name)
        }
        _ if function.starts_with("_rebuild_") && call.module.starts_with("torch") => {
            UnreadTensor::built(name, call.module, function)
        }
        _ => return None,
    })))
}

/// True if a value is a tensor, of whatever kind.
pub(super) fn is_tensor(pickle: &Pickle, id: Id) -> bool {
    let call = Call::unwrapped(pickle, id);
    call.is_some_and(|call| {
        call.function.starts_with("_rebuild_")
            || matches!(call.function, "_reconstruct" | "_frombuffer")
                && call.module.starts_with("numpy")
    })
}

fn rebuilt(
    pickle: &Pickle,
    function: &str,
    args: &[Id],
    name: &str,
) -> Result<Result<TensorRef, UnreadTensor>, String> {
    let (Some(&storage), Some(&offset), Some(&shape), Some(&strides)) =
        (args.first(), args.get(1), args.get(2), args.get(3))
    else {
        return Err(format!(
            "{function} with {} arguments, at least 4 expected",
            args.len()
        ));
    };
    let storage = storage_ref(pickle, storage).ok_or("it has no storage")?;
    let class = match args.get(6).map(|&id| pickle.get(id)) {
        Some(Value::Global(_, name)) if function == "_rebuild_tensor_v3" => {
            pickle.str(*name).unwrap_or_default()
        }
        _ => storage.class,
    };
    let extents = |id: Id, what: &str| -> Result<Vec<usize>, String> {
        pickle
            .tuple(id)
            .filter(|items| items.len() <= MOST_DIMENSIONS)
            .and_then(|items| {
                items
                    .iter()
                    .map(|&i| usize::try_from(pickle.int(i)?).ok())
                    .collect()
            })
            .ok_or_else(|| format!("its {what} is not a list of at most {MOST_DIMENSIONS} counts"))
    };
    let (shape, strides) = (extents(shape, "shape")?, extents(strides, "strides")?);
    let Some(dtype) = class_dtype(class) else {
        let format = format_name(class);
        return Ok(Err(UnreadTensor::format(name, &format, Some(shape))));
    };
    // What a view with a bit for its sign is like stands behind the other arguments.
    let is_negated = |&id: &Id| {
        let bit = pickle.entry(id, "neg");
        bit.is_some_and(|bit| pickle.int(bit) == Some(1))
    };
    if args.iter().skip(6).any(is_negated) {
        return Ok(Err(UnreadTensor::negated(name)));
    }
    if shape.len() != strides.len() {
        return Err(format!(
            "{} dimensions but {} strides",
            shape.len(),
            strides.len()
        ));
    }
    if shape
        .iter()
        .try_fold(1_usize, |n, &m| n.checked_mul(m))
        .is_none()
    {
        return Err(format!("its shape {shape:?} overflows"));
    }
    let offset = pickle
        .int(offset)
        .and_then(|offset| usize::try_from(offset).ok())
        .and_then(|offset| offset.checked_add(storage.offset))
        .ok_or("its offset is not a count")?;
    Ok(Ok(TensorRef {
        name: name.to_owned(),
        key: storage.key.to_owned(),
        offset,
        strides,
        info: TensorInfo { shape, dtype },
    }))
}

/// The name of a number format, out of that of a storage class of old: `int64` for `LongStorage`.
fn format_name(class: &str) -> String {
    let known = match class {
        "LongStorage" => "int64",
        "IntStorage" => "int32",
        "ShortStorage" => "int16",
        "CharStorage" => "int8",
        "ByteStorage" => "uint8",
        "BoolStorage" => "bool",
        "ComplexFloatStorage" => "complex64",
        "ComplexDoubleStorage" => "complex128",
        _ => class.strip_suffix("Storage").unwrap_or(class),
    };
    known.to_owned()
}

/// A tensor of any number format with one dimension at most, in the pickle's terms.
#[derive(Debug)]
pub(super) struct NumberRef<'a> {
    pub key: &'a str,
    /// The class of its storage, or its dtype.
    pub class: &'a str,
    pub offset: usize,
    /// Of each dimension.
    pub strides: Vec<usize>,
    /// The count of its numbers.
    pub count: usize,
}

/// The tensor of numbers that a value stands for, if it has one dimension at most.
pub(super) fn number_ref(pickle: &Pickle, id: Id) -> Option<NumberRef<'_>> {
    let call = Call::unwrapped(pickle, id)?;
    if !call.function.starts_with("_rebuild_tensor") {
        return None;
    }
    let &[storage, offset, shape, strides, ..] = call.args else {
        return None;
    };
    let storage = storage_ref(pickle, storage)?;
    let class = match call.args.get(6).map(|&id| pickle.get(id)) {
        Some(Value::Global(_, name)) => pickle.str(*name)?,
        _ => storage.class,
    };
    let counts = |id: Id| -> Option<Vec<usize>> {
        let items = pickle.tuple(id).filter(|items| items.len() <= 1)?;
        let items = items.iter().map(|&i| usize::try_from(pickle.int(i)?).ok());
        items.collect()
    };
    let (shape, strides) = (counts(shape)?, counts(strides)?);
    let offset = usize::try_from(pickle.int(offset)?).ok()?;
    Some(NumberRef {
        key: storage.key,
        class,
        offset: offset.checked_add(storage.offset)?,
        strides,
        count: shape.first().copied().unwrap_or(1),
    })
}
