//! The training curves in the pickle of a PyTorch checkpoint.

use super::curves::Curve;
use super::pickle::{Budget, Id, Pickle, Value};
use super::scalar::Scalar;
use super::tensor::LONGEST_NAME;
use super::torch::{NumberRef, number_ref};
use crate::files::shown;
use std::borrow::Cow;
use std::ops::Range;

/// The curves found in a training log, and those that cannot be read.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub curves: Vec<Curve>,
    /// Names of lists that may be curves and cannot be read.
    pub unread: Vec<String>,
}

impl Log {
    /// The note on curves that cannot be read; nothing where there are none.
    pub fn note(&self) -> Option<String> {
        let first = self.unread.first()?;
        let more = match self.unread.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        Some(format!(
            "no training curve {}{more}: the log under \"logger\" has it in a form that is not read; expected lists of numbers",
            shown(first)
        ))
    }
}

/// Finds some bytes of a storage by its key.
pub(super) type Bytes<'a> = dyn FnMut(&str, Range<usize>) -> Option<Vec<u8>> + 'a;

/// The training curves under `logger`: every list of numbers, by name.
///
/// # Errors
/// In words, when one list is given so many names that no log can be meant.
pub(super) fn read(
    pickle: &Pickle,
    budget: &mut Budget,
    bytes: &mut Bytes<'_>,
) -> Result<Log, String> {
    let mut log = Log::default();
    if let Some(logger) = pickle.entry(pickle.root(), "logger") {
        let mut reader = Reader { pickle, bytes };
        // The published code's is a dict of lists; others log objects that have one, or a dict in a dict.
        for entries in dicts(pickle, logger) {
            reader.dict(entries, budget, &mut log)?;
        }
    }
    log.curves.sort_by(|a, b| a.name.cmp(&b.name));
    // The outer one counts.
    log.curves.dedup_by(|a, b| a.name == b.name);
    Ok(log)
}

/// Most dicts of one log.
const MOST_DICTS: usize = 8;

/// The dict that a log is, or the one of its attributes; and the dicts in it.
fn dicts(pickle: &Pickle, logger: Id) -> Vec<&[(Id, Id)]> {
    let of = |id: Id| {
        let state = || pickle.pairs(pickle.object(id)?.2.state?);
        pickle.pairs(id).or_else(state)
    };
    let Some(outer) = of(logger) else {
        return Vec::new();
    };
    let inner = outer.iter().filter_map(|(_, value)| of(*value));
    std::iter::once(outer)
        .chain(inner.take(MOST_DICTS))
        .collect()
}

/// Shape, format, order and bytes of a NumPy array.
type Array<'a> = (Vec<usize>, Scalar, bool, Cow<'a, [u8]>);

struct Reader<'a, 'b> {
    pickle: &'a Pickle,
    bytes: &'a mut Bytes<'b>,
}

impl Reader<'_, '_> {
    fn dict(
        &mut self,
        entries: &[(Id, Id)],
        budget: &mut Budget,
        log: &mut Log,
    ) -> Result<(), String> {
        for &(key, value) in entries {
            let name = self
                .pickle
                .str(key)
                .filter(|name| name.len() <= LONGEST_NAME);
            let (Some(name), Some(length)) = (name, self.length(value)) else {
                continue;
            };
            if length == 0 {
                continue;
            }
            budget
                .grow::<f64>(length)
                .and_then(|()| budget.take(name.len() + 4 * size_of::<Curve>()))
                .map_err(|what| format!("the training curves under \"logger\": {what}"))?;
            match self.values(value) {
                Some(values) => log.curves.push(Curve {
                    name: name.to_owned(),
                    values,
                }),
                None if self.may_be_numbers(value) => log.unread.push(name.to_owned()),
                None => {}
            }
        }
        Ok(())
    }

    /// The length of a list, an array or a tensor: the most numbers that may be in it.
    fn length(&self, id: Id) -> Option<usize> {
        if let Some(items) = self.pickle.tuple(id) {
            return Some(items.len());
        }
        if let Some((shape, ..)) = self.array(id) {
            return shape.try_into().ok().map(|[n]: [usize; 1]| n);
        }
        let tensor = number_ref(self.pickle, id)?;
        (tensor.strides.len() == 1).then_some(tensor.count)
    }

    /// The numbers of a list, an array or a tensor of one dimension.
    fn values(&mut self, id: Id) -> Option<Vec<f64>> {
        let pickle = self.pickle;
        if let Some(items) = pickle.tuple(id) {
            let mut is_any = false;
            let mut values = Vec::with_capacity(items.len());
            for &item in items {
                let value = self.number(item);
                is_any |= value.is_some();
                values.push(match pickle.get(item) {
                    // What was not measured at that step.
                    Value::None => f64::NAN,
                    _ => value?,
                });
            }
            return is_any.then_some(values);
        }
        if let Some((shape, scalar, is_big, bytes)) = self.array(id) {
            let numbers = bytes.chunks_exact(scalar.size());
            let values: Option<Vec<f64>> = numbers.map(|n| scalar.read(n, is_big)).collect();
            return values.filter(|values| shape == [values.len()]);
        }
        self.tensor(&number_ref(pickle, id)?)
    }

    /// A number: Python's own, NumPy's, or a tensor or array of one element.
    fn number(&mut self, id: Id) -> Option<f64> {
        let pickle = self.pickle;
        if let Some(number) = pickle.number(id) {
            return Some(number);
        }
        if let Some(tensor) = number_ref(pickle, id) {
            return self
                .tensor(&tensor)
                .filter(|values| values.len() == 1)?
                .pop();
        }
        if let Some((_, scalar, is_big, bytes)) = self.array(id) {
            return scalar.read(&bytes, is_big);
        }
        let (module, name, object) = pickle.object(id)?;
        if name != "scalar" || !is_multiarray(module) {
            return None;
        }
        let &[dtype, bytes] = pickle.tuple(object.args)? else {
            return None;
        };
        let (scalar, is_big) = dtype_of(pickle, dtype)?;
        scalar.read(&bytes_of(pickle, bytes)?, is_big)
    }

    fn tensor(&mut self, tensor: &NumberRef<'_>) -> Option<Vec<f64>> {
        let scalar = Scalar::torch(tensor.class)?;
        let stride = tensor.strides.first().copied().unwrap_or(1);
        let numbers = (0..tensor.count).map(|i| {
            let at = tensor.offset.checked_add(i.checked_mul(stride)?)?;
            let start = at.checked_mul(scalar.size())?;
            let end = start.checked_add(scalar.size())?;
            scalar.read(&(self.bytes)(tensor.key, start..end)?, false)
        });
        numbers.collect()
    }

    /// Shape, format, order and bytes of a NumPy array.
    fn array(&self, id: Id) -> Option<Array<'_>> {
        let (module, name, object) = self.pickle.object(id)?;
        if name != "_reconstruct" || !is_multiarray(module) {
            return None;
        }
        // Version, shape, format, whether it is column by column, bytes.
        let &[_, shape, dtype, _, bytes] = self.pickle.tuple(object.state?)? else {
            return None;
        };
        let shape = self.pickle.tuple(shape)?.iter();
        let shape = shape.map(|&n| usize::try_from(self.pickle.int(n)?).ok());
        let (scalar, is_big) = dtype_of(self.pickle, dtype)?;
        let bytes = bytes_of(self.pickle, bytes)?;
        Some((shape.collect::<Option<_>>()?, scalar, is_big, bytes))
    }

    /// True if a list that could not be read may be one of numbers all the same: not one of texts, or of dicts.
    fn may_be_numbers(&self, id: Id) -> bool {
        let Some(items) = self.pickle.tuple(id) else {
            return true;
        };
        let is_other = |id: &Id| {
            let value = self.pickle.get(*id);
            matches!(
                value,
                Value::Str(_)
                    | Value::LongStr(_)
                    | Value::None
                    | Value::Tuple(_)
                    | Value::List(_)
                    | Value::Dict(_)
            )
        };
        !items.iter().all(is_other)
    }
}

fn is_multiarray(module: &str) -> bool {
    matches!(module, "numpy.core.multiarray" | "numpy._core.multiarray")
}

/// The format that a NumPy dtype says, and whether its numbers are big-endian.
fn dtype_of(pickle: &Pickle, id: Id) -> Option<(Scalar, bool)> {
    let (module, name, object) = pickle.object(id)?;
    if (module, name) != ("numpy", "dtype") {
        return None;
    }
    let format = pickle.str(*pickle.tuple(object.args)?.first()?)?;
    let order = || pickle.str(*pickle.tuple(object.state?)?.get(1)?);
    let is_big = order() == Some(">") || format.starts_with('>');
    let format = format.trim_start_matches(['<', '>', '=', '|']);
    Some((Scalar::numpy(format)?, is_big))
}

/// Bytes as they are, or as a text in Latin-1 that a call turns into bytes: protocols before 3 know no others. Python 2's
/// are texts.
fn bytes_of(pickle: &Pickle, id: Id) -> Option<Cow<'_, [u8]>> {
    match pickle.get(id) {
        Value::Bytes(bytes) => return Some(Cow::Borrowed(bytes)),
        Value::Str(text) => return Some(Cow::Borrowed(text.as_bytes())),
        _ => {}
    }
    let (module, name, object) = pickle.object(id)?;
    if (module, name) != ("_codecs", "encode") {
        return None;
    }
    let &[text, encoding] = pickle.tuple(object.args)? else {
        return None;
    };
    let is_latin = matches!(pickle.str(encoding)?, "latin1" | "latin-1" | "iso-8859-1");
    let chars = pickle.str(text)?.chars();
    let bytes = chars.map(|c| u8::try_from(u32::from(c)).ok());
    bytes
        .collect::<Option<Vec<u8>>>()
        .filter(|_| is_latin)
        .map(Cow::Owned)
}
