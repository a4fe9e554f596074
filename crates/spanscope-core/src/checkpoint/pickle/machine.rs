//! The stack machine that a pickle is a program for.

use super::{Budget, Id, LONGEST_KEPT, Object, Pickle, PickleError, Value};
use std::collections::HashMap;

/// Reads one pickle from the start of `data`; returns it with the number of bytes it took.
pub(in crate::checkpoint) fn read(
    data: &[u8],
    budget: &mut Budget,
) -> Result<(Pickle, usize), PickleError> {
    let mut machine = Machine {
        data,
        budget,
        at: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let root = machine.run()?;
    Ok((
        Pickle {
            values: machine.values,
            root,
        },
        machine.at,
    ))
}

pub(super) struct Machine<'a, 'b> {
    data: &'a [u8],
    budget: &'b mut Budget,
    at: usize,
    pub(super) values: Vec<Value>,
    pub(super) stack: Vec<Id>,
    pub(super) marks: Vec<usize>,
    /// Keys count up from 0 in what Python writes, but nothing says that they must.
    pub(super) memo: HashMap<usize, Id>,
}

pub(super) type Step<T> = Result<T, PickleError>;

impl<'a> Machine<'a, '_> {
    pub(super) fn fail<T>(&self, what: impl Into<String>) -> Step<T> {
        Err(PickleError {
            at: self.at,
            what: what.into(),
        })
    }

    pub(super) fn take(&mut self, n: usize) -> Step<&'a [u8]> {
        let Some(bytes) = self
            .at
            .checked_add(n)
            .and_then(|end| self.data.get(self.at..end))
        else {
            return self.fail(format!(
                "{n} more bytes expected, {} are left",
                self.data.len().saturating_sub(self.at)
            ));
        };
        self.at += n;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        let bytes = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Step<usize> {
        Ok(usize::from(self.array::<1>()?[0]))
    }

    pub(super) fn u16(&mut self) -> Step<usize> {
        Ok(usize::from(u16::from_le_bytes(self.array()?)))
    }

    pub(super) fn u32(&mut self) -> Step<usize> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    pub(super) fn u64(&mut self) -> Step<usize> {
        let n = u64::from_le_bytes(self.array()?);
        usize::try_from(n).or_else(|_| self.fail(format!("a length of {n} bytes")))
    }

    pub(super) fn line(&mut self) -> Step<&'a [u8]> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let Some(n) = rest.iter().position(|&b| b == b'\n') else {
            return self.fail("a line without an end");
        };
        let line = self.take(n)?;
        self.at += 1;
        Ok(line)
    }

    /// A line that is a name or a number.
    pub(super) fn plain_line(&mut self) -> Step<&'a str> {
        let line = self.line()?;
        std::str::from_utf8(line).or_else(|_| self.fail("a line that is not UTF-8"))
    }

    /// Has room made for `count` elements of a list.
    pub(super) fn room<T>(&mut self, count: usize) -> Step<()> {
        let room = self.budget.grow::<T>(count);
        room.or_else(|what| self.fail(what))
    }

    /// Text, or bytes where it is none: then it is no name of anything.
    pub(super) fn text(&mut self, bytes: &[u8]) -> Step<Id> {
        if bytes.len() > LONGEST_KEPT {
            return self.new_value(Value::LongStr(bytes.len()));
        }
        let room = self.budget.take(bytes.len());
        room.or_else(|what| self.fail(what))?;
        match std::str::from_utf8(bytes) {
            Ok(text) => self.new_value(Value::Str(text.to_owned())),
            Err(_) => self.new_value(Value::Bytes(bytes.to_owned())),
        }
    }

    /// Bytes, of which more than are of use are not kept.
    pub(super) fn push_bytes(&mut self, n: usize) -> Step<()> {
        let bytes = self.take(n)?;
        let kept = if n <= LONGEST_KEPT { bytes } else { &[] };
        let room = self.budget.take(kept.len());
        room.or_else(|what| self.fail(what))?;
        self.push(Value::Bytes(kept.to_owned()))
    }

    pub(super) fn push_text(&mut self, bytes: &[u8]) -> Step<()> {
        let id = self.text(bytes)?;
        self.push_id(id)
    }

    pub(super) fn new_value(&mut self, value: Value) -> Step<Id> {
        self.room::<Value>(1)?;
        self.values.push(value);
        Ok(self.values.len() - 1)
    }

    pub(super) fn push_id(&mut self, id: Id) -> Step<()> {
        self.room::<Id>(1)?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn push(&mut self, value: Value) -> Step<()> {
        let id = self.new_value(value)?;
        self.push_id(id)
    }

    pub(super) fn pop(&mut self) -> Step<Id> {
        // Values below the last mark belong to whoever set the mark.
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return self.fail("a value was expected on the stack");
        }
        match self.stack.pop() {
            Some(id) => Ok(id),
            None => self.fail("a value was expected on the stack"),
        }
    }

    pub(super) fn top(&self) -> Step<Id> {
        match self.stack.last() {
            Some(id) => Ok(*id),
            None => self.fail("a value was expected on the stack"),
        }
    }

    pub(super) fn pop_mark(&mut self) -> Step<Vec<Id>> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => {
                self.room::<Id>(self.stack.len() - mark)?;
                Ok(self.stack.split_off(mark))
            }
            _ => self.fail("a mark was expected on the stack"),
        }
    }

    pub(super) fn remember(&mut self, key: usize) -> Step<()> {
        let id = self.top()?;
        self.room::<(usize, Id)>(1)?;
        self.memo.insert(key, id);
        Ok(())
    }

    pub(super) fn recall(&mut self, key: usize) -> Step<()> {
        match self.memo.get(&key) {
            Some(&id) => self.push_id(id),
            None => self.fail(format!("memo key {key} was never set")),
        }
    }

    pub(super) fn decimal_key(&mut self) -> Step<usize> {
        let line = self.plain_line()?;
        line.trim()
            .parse()
            .or_else(|_| self.fail(format!("{} where a memo key was expected", quoted(line))))
    }

    pub(super) fn append(&mut self, to: Id, more: &[Id]) -> Step<()> {
        self.room::<Id>(more.len())?;
        match self.values.get_mut(to) {
            Some(Value::List(items)) => items.extend_from_slice(more),
            Some(Value::Object(object)) => object.items.extend_from_slice(more),
            _ => return self.fail("items appended to something that is not a list"),
        }
        Ok(())
    }

    pub(super) fn set_items(&mut self, to: Id, flat: &[Id]) -> Step<()> {
        if !flat.len().is_multiple_of(2) {
            return self.fail("a dict key without a value");
        }
        self.room::<Id>(flat.len())?;
        let more = flat.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match self.values.get_mut(to) {
            Some(Value::Dict(pairs)) => pairs.extend(more),
            Some(Value::Object(object)) => object.pairs.extend(more),
            _ => return self.fail("entries set on something that is not a dict"),
        }
        Ok(())
    }

    pub(super) fn call(&mut self, class: Id, args: Id) -> Step<()> {
        self.room::<Object>(1)?;
        let pairs = self.pairs_of_call(class, args)?;
        self.push(Value::Object(Box::new(Object {
            class,
            args,
            items: Vec::new(),
            pairs,
            state: None,
        })))
    }

    /// The entries that an `OrderedDict` gets when it is made, as Python 2 pickles one: a list of pairs.
    fn pairs_of_call(&mut self, class: Id, args: Id) -> Step<Vec<(Id, Id)>> {
        let is_dict = match self.values.get(class) {
            Some(Value::Global(_, name)) => {
                matches!(self.values.get(*name), Some(Value::Str(name)) if name == "OrderedDict")
            }
            _ => false,
        };
        let list = match self.values.get(args) {
            Some(Value::Tuple(args)) if is_dict && args.len() == 1 => self.values.get(args[0]),
            _ => None,
        };
        let Some(Value::List(items)) = list else {
            return Ok(Vec::new());
        };
        let pair = |id: &Id| match self.values.get(*id) {
            Some(Value::List(pair) | Value::Tuple(pair)) if pair.len() == 2 => {
                Some((pair[0], pair[1]))
            }
            _ => None,
        };
        let pairs: Vec<(Id, Id)> = items.iter().map_while(pair).collect();
        self.room::<(Id, Id)>(pairs.len())?;
        Ok(pairs)
    }

    pub(super) fn long(&mut self, n: usize) -> Step<()> {
        let bytes = self.take(n)?;
        let value = if n <= 8 {
            let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) {
                0xff
            } else {
                0
            };
            let mut wide = [fill; 8];
            wide[..n].copy_from_slice(bytes);
            Value::Int(i64::from_le_bytes(wide))
        } else {
            Value::BigInt
        };
        self.push(value)
    }

    pub(super) fn decimal(&mut self) -> Step<()> {
        let line = self.plain_line()?;
        let digits = line.trim().trim_end_matches('L');
        let value = match digits {
            "00" => Value::Bool(false),
            "01" => Value::Bool(true),
            _ => match digits.parse() {
                Ok(i) => Value::Int(i),
                // Protocol 0 spells large integers out.
                Err(_)
                    if digits
                        .trim_start_matches('-')
                        .bytes()
                        .all(|b| b.is_ascii_digit()) =>
                {
                    Value::BigInt
                }
                Err(_) => {
                    return self.fail(format!("{} where a number was expected", quoted(line)));
                }
            },
        };
        self.push(value)
    }

    pub(super) fn global(&mut self) -> Step<Id> {
        let (module, name) = (self.plain_line()?, self.plain_line()?);
        let (module, name) = (self.text(module.as_bytes())?, self.text(name.as_bytes())?);
        self.new_value(Value::Global(module, name))
    }

    pub(super) fn stack_global(&mut self) -> Step<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        let is_text =
            |id: Id| matches!(self.values.get(id), Some(Value::Str(_) | Value::LongStr(_)));
        if !is_text(module) || !is_text(name) {
            return self.fail("a class without a name");
        }
        self.push(Value::Global(module, name))
    }
}

/// The text found instead, quoted, as it stands there but for its length.
pub(super) fn quoted(line: &str) -> String {
    format!("\"{}\"", crate::files::shown(line))
}
