//! What the pickle of a PyTorch checkpoint says: the state dict, where its tensors lie, the training curves.

use super::Curve;
use super::pickle::{Budget, Id, Pickle, Value};
use super::tensor::{Dtype, LONGEST_NAME, MOST_DIMENSIONS, TensorInfo};
use crate::shown::{shown, shown_list};
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
    /// Where a view on the storage begins, in elements (legacy container only).
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

/// How large a storage is, by the pickle's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StorageSize {
    /// Bytes per element.
    pub element: usize,
    /// Number of elements, if the pickle says.
    pub count: Option<usize>,
}

/// The size of every storage that the pickle mentions, by key.
pub(super) fn storage_sizes<'a>(
    pickle: &'a Pickle,
    budget: &mut Budget,
) -> Result<HashMap<&'a str, StorageSize>, String> {
    let mut sizes = HashMap::new();
    for id in pickle.all() {
        if let Some(storage) = storage_ref(pickle, id) {
            let element = class_size(storage.class).ok_or_else(|| {
                format!(
                    "storage {} has the unknown element type {}",
                    shown(storage.key),
                    shown(storage.class)
                )
            })?;
            let count = storage.count;
            budget.grow::<(&str, StorageSize)>(1)?;
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

/// The floating-point tensors of the state dict, under their names in the file.
pub(super) fn state_dict(pickle: &Pickle, budget: &mut Budget) -> Result<Vec<TensorRef>, String> {
    let root = pickle.root();
    let candidates = ["model", "state_dict", "model_state_dict"];
    for dict in candidates
        .iter()
        .filter_map(|key| pickle.entry(root, key))
        .chain([root])
    {
        let mut tensors = Vec::new();
        for &(key, value) in pickle.pairs(dict).unwrap_or_default() {
            if let (Some(name), Some(tensor)) = (pickle.str(key), tensor(pickle, value)) {
                let of_tensor = |e: String| format!("tensor {}: {e}", shown(name));
                // Integer tensors (step counters, token ids) are no weights.
                if let Some(tensor) = tensor.map_err(of_tensor)? {
                    if name.len() > LONGEST_NAME {
                        let what = format!("its name has {} bytes", name.len());
                        return Err(of_tensor(format!(
                            "{what}, at most {LONGEST_NAME} expected"
                        )));
                    }
                    // It is kept under two names and with its storage's, in a map and in a list.
                    let texts = 3 * name.len() + tensor.key.len();
                    let numbers = 4 * size_of::<usize>() * tensor.strides.len();
                    budget.take(texts + numbers + 4 * size_of::<TensorRef>())?;
                    tensors.push(TensorRef {
                        name: name.to_owned(),
                        ..tensor
                    });
                }
            }
        }
        if !tensors.is_empty() {
            return Ok(tensors);
        }
    }
    let found = match pickle.pairs(root) {
        Some(pairs) => {
            let keys: Vec<_> = pairs
                .iter()
                .filter_map(|(k, _)| pickle.str(*k))
                .take(8)
                .collect();
            format!("a dict with the keys {}", shown_list(keys.into_iter()))
        }
        None => match pickle.object(root) {
            Some((module, name, _)) => {
                format!("an object of class {}.{}", shown(module), shown(name))
            }
            None => "no dict".into(),
        },
    };
    Err(format!(
        "the pickle holds {found}; expected a state dict, or a dict with one under \"model\" or \"state_dict\" \
         (save with torch.save(model.state_dict(), …))"
    ))
}

/// `None`: not a tensor. `Some(Ok(None))`: a tensor whose numbers are not floating point.
fn tensor(pickle: &Pickle, mut id: Id) -> Option<Result<Option<TensorRef>, String>> {
    let mut object = pickle.object(id)?;
    // A parameter wraps its tensor, at most once.
    if object.1 == "_rebuild_parameter" || object.1 == "_rebuild_parameter_with_state" {
        id = *pickle.tuple(object.2.args)?.first()?;
        object = pickle.object(id)?;
    }
    if !matches!(
        object.1,
        "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3"
    ) {
        return None;
    }
    let args = pickle.tuple(object.2.args)?;
    Some(rebuilt(pickle, object.1, args))
}

fn rebuilt(pickle: &Pickle, function: &str, args: &[Id]) -> Result<Option<TensorRef>, String> {
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
    let Some(dtype) = class_dtype(class) else {
        return Ok(None);
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
    Ok(Some(TensorRef {
        name: String::new(),
        key: storage.key.to_owned(),
        offset,
        strides,
        info: TensorInfo { shape, dtype },
    }))
}

/// The training curves under `logger`: every list of numbers, by name.
///
/// # Errors
/// In words, when one list is given so many names that no log can be meant.
pub(super) fn curves(pickle: &Pickle, budget: &mut Budget) -> Result<Vec<Curve>, String> {
    let logger = pickle.entry(pickle.root(), "logger");
    let entries = logger.and_then(|logger| pickle.pairs(logger));
    let mut curves = Vec::new();
    for &(key, value) in entries.unwrap_or_default() {
        let (Some(name), Some(items)) = (pickle.str(key), pickle.tuple(value)) else {
            continue;
        };
        if items.is_empty() || name.len() > LONGEST_NAME {
            continue;
        }
        budget
            .grow::<f64>(items.len())
            .and_then(|()| budget.take(name.len() + 4 * size_of::<Curve>()))
            .map_err(|what| format!("the training curves under \"logger\": {what}"))?;
        let values: Option<Vec<f64>> = items.iter().map(|&i| pickle.number(i)).collect();
        curves.extend(values.map(|values| Curve {
            name: name.to_owned(),
            values,
        }));
    }
    curves.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(curves)
}
