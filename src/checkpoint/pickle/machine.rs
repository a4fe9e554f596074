//! The stack machine that a pickle is a program for.

use super::{Id, Object, Pickle, PickleError, Value};

/// Reads one pickle from the start of `data`; returns it with the number of bytes it took.
pub(in crate::checkpoint) fn read(data: &[u8]) -> Result<(Pickle, usize), PickleError> {
    let mut machine = Machine {
        data,
        at: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
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

struct Machine<'a> {
    data: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
}

type Step<T> = Result<T, PickleError>;

impl<'a> Machine<'a> {
    fn fail<T>(&self, what: impl Into<String>) -> Step<T> {
        Err(PickleError {
            at: self.at,
            what: what.into(),
        })
    }

    fn take(&mut self, n: usize) -> Step<&'a [u8]> {
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

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        let bytes = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        Ok(array)
    }

    fn u8(&mut self) -> Step<usize> {
        Ok(usize::from(self.array::<1>()?[0]))
    }

    fn u16(&mut self) -> Step<usize> {
        Ok(usize::from(u16::from_le_bytes(self.array()?)))
    }

    fn u32(&mut self) -> Step<usize> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn u64(&mut self) -> Step<usize> {
        let n = u64::from_le_bytes(self.array()?);
        usize::try_from(n).or_else(|_| self.fail(format!("a length of {n} bytes")))
    }

    fn line(&mut self) -> Step<String> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let Some(n) = rest.iter().position(|&b| b == b'\n') else {
            return self.fail("a line without an end");
        };
        let line = self.take(n)?;
        self.at += 1;
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    fn text(&mut self, n: usize) -> Step<Value> {
        Ok(Value::Str(
            String::from_utf8_lossy(self.take(n)?).into_owned(),
        ))
    }

    fn new_value(&mut self, value: Value) -> Id {
        self.values.push(value);
        self.values.len() - 1
    }

    fn push(&mut self, value: Value) {
        let id = self.new_value(value);
        self.stack.push(id);
    }

    fn pop(&mut self) -> Step<Id> {
        // Values below the last mark belong to whoever set the mark.
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return self.fail("a value was expected on the stack");
        }
        match self.stack.pop() {
            Some(id) => Ok(id),
            None => self.fail("a value was expected on the stack"),
        }
    }

    fn top(&self) -> Step<Id> {
        match self.stack.last() {
            Some(id) => Ok(*id),
            None => self.fail("a value was expected on the stack"),
        }
    }

    fn pop_mark(&mut self) -> Step<Vec<Id>> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => self.fail("a mark was expected on the stack"),
        }
    }

    fn remember(&mut self, key: usize, id: Id) -> Step<()> {
        // Memo keys count up from 0; a key far beyond what the pickle could have made is damage, not data.
        if key > self.data.len() {
            return self.fail(format!("memo key {key}"));
        }
        if key >= self.memo.len() {
            self.memo.resize(key + 1, None);
        }
        self.memo[key] = Some(id);
        Ok(())
    }

    fn recall(&mut self, key: usize) -> Step<()> {
        match self.memo.get(key).copied().flatten() {
            Some(id) => {
                self.stack.push(id);
                Ok(())
            }
            None => self.fail(format!("memo key {key} was never set")),
        }
    }

    fn decimal_key(&mut self) -> Step<usize> {
        let line = self.line()?;
        line.trim()
            .parse()
            .or_else(|_| self.fail(format!("{line:?} where a memo key was expected")))
    }

    fn append(&mut self, to: Id, more: Vec<Id>) -> Step<()> {
        match self.values.get_mut(to) {
            Some(Value::List(items)) => items.extend(more),
            Some(Value::Object(object)) => object.items.extend(more),
            _ => return self.fail("items appended to something that is not a list"),
        }
        Ok(())
    }

    fn set_items(&mut self, to: Id, flat: &[Id]) -> Step<()> {
        if !flat.len().is_multiple_of(2) {
            return self.fail("a dict key without a value");
        }
        let more = flat.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match self.values.get_mut(to) {
            Some(Value::Dict(pairs)) => pairs.extend(more),
            Some(Value::Object(object)) => object.pairs.extend(more),
            _ => return self.fail("entries set on something that is not a dict"),
        }
        Ok(())
    }

    fn call(&mut self, class: Id, args: Id) {
        self.push(Value::Object(Box::new(Object {
            class,
            args,
            items: Vec::new(),
            pairs: Vec::new(),
            state: None,
        })));
    }

    fn long(&mut self, n: usize) -> Step<()> {
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
        self.push(value);
        Ok(())
    }

    fn decimal(&mut self) -> Step<()> {
        let line = self.line()?;
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
                Err(_) => return self.fail(format!("{line:?} where a number was expected")),
            },
        };
        self.push(value);
        Ok(())
    }

    fn global(&mut self) -> Step<()> {
        let module = self.line()?;
        let name = self.line()?;
        self.push(Value::Global(module, name));
        Ok(())
    }

    fn stack_global(&mut self) -> Step<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (Some(Value::Str(module)), Some(Value::Str(name))) =
            (self.values.get(module), self.values.get(name))
        else {
            return self.fail("a class without a name");
        };
        let global = Value::Global(module.clone(), name.clone());
        self.push(global);
        Ok(())
    }

    /// Runs to the end of the program; one arm per opcode of protocols 0 to 5.
    fn run(&mut self) -> Step<Id> {
        loop {
            let op = self.u8()? as u8;
            match op {
                0x80 => drop(self.u8()?),
                0x95 => drop(self.u64()?),
                b'.' => return self.pop(),
                b'(' => self.marks.push(self.stack.len()),
                b'0' => match self.marks.last() {
                    Some(&mark) if mark == self.stack.len() => drop(self.marks.pop()),
                    _ => drop(self.pop()?),
                },
                b'1' => drop(self.pop_mark()?),
                b'2' => {
                    let id = self.top()?;
                    self.stack.push(id);
                }
                b'N' => self.push(Value::None),
                0x88 => self.push(Value::Bool(true)),
                0x89 => self.push(Value::Bool(false)),
                b'I' | b'L' => self.decimal()?,
                b'J' => {
                    let i = i32::from_le_bytes(self.array()?);
                    self.push(Value::Int(i64::from(i)));
                }
                b'K' => {
                    let i = self.u8()?;
                    self.push(Value::Int(i as i64));
                }
                b'M' => {
                    let i = self.u16()?;
                    self.push(Value::Int(i as i64));
                }
                0x8a => {
                    let n = self.u8()?;
                    self.long(n)?;
                }
                0x8b => {
                    let n = self.u32()?;
                    self.long(n)?;
                }
                b'F' => {
                    let line = self.line()?;
                    match line.trim().parse() {
                        Ok(f) => self.push(Value::Float(f)),
                        Err(_) => {
                            return self.fail(format!("{line:?} where a number was expected"));
                        }
                    }
                }
                b'G' => {
                    let f = f64::from_be_bytes(self.array()?);
                    self.push(Value::Float(f));
                }
                b'S' => {
                    let line = self.line()?;
                    let text = line
                        .trim()
                        .trim_matches(|c| c == '\'' || c == '"')
                        .to_owned();
                    self.push(Value::Str(text));
                }
                b'V' => {
                    let line = self.line()?;
                    self.push(Value::Str(line));
                }
                b'T' | b'X' => {
                    let n = self.u32()?;
                    let text = self.text(n)?;
                    self.push(text);
                }
                b'U' | 0x8c => {
                    let n = self.u8()?;
                    let text = self.text(n)?;
                    self.push(text);
                }
                0x8d => {
                    let n = self.u64()?;
                    let text = self.text(n)?;
                    self.push(text);
                }
                b'B' | b'C' | 0x8e | 0x96 => {
                    let n = match op {
                        b'B' => self.u32()?,
                        b'C' => self.u8()?,
                        _ => self.u64()?,
                    };
                    self.take(n)?;
                    self.push(Value::Bytes);
                }
                b')' => self.push(Value::Tuple(Vec::new())),
                0x85..=0x87 => {
                    let mut items = Vec::new();
                    for _ in 0x84..op {
                        items.push(self.pop()?);
                    }
                    items.reverse();
                    self.push(Value::Tuple(items));
                }
                b't' => {
                    let items = self.pop_mark()?;
                    self.push(Value::Tuple(items));
                }
                b']' | 0x8f => self.push(Value::List(Vec::new())),
                b'l' | 0x91 => {
                    let items = self.pop_mark()?;
                    self.push(Value::List(items));
                }
                b'a' => {
                    let item = self.pop()?;
                    let list = self.top()?;
                    self.append(list, vec![item])?;
                }
                b'e' | 0x90 => {
                    let items = self.pop_mark()?;
                    let list = self.top()?;
                    self.append(list, items)?;
                }
                b'}' => self.push(Value::Dict(Vec::new())),
                b'd' => {
                    let flat = self.pop_mark()?;
                    self.push(Value::Dict(Vec::new()));
                    let dict = self.top()?;
                    self.set_items(dict, &flat)?;
                }
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    let dict = self.top()?;
                    self.set_items(dict, &[key, value])?;
                }
                b'u' => {
                    let flat = self.pop_mark()?;
                    let dict = self.top()?;
                    self.set_items(dict, &flat)?;
                }
                b'c' => self.global()?,
                0x93 => self.stack_global()?,
                b'R' | 0x81 => {
                    let args = self.pop()?;
                    let class = self.pop()?;
                    self.call(class, args);
                }
                0x92 => {
                    let _keywords = self.pop()?;
                    let args = self.pop()?;
                    let class = self.pop()?;
                    self.call(class, args);
                }
                b'o' | b'i' => {
                    if op == b'i' {
                        self.global()?;
                    }
                    // INST names its class in the program, OBJ puts it first after the mark.
                    let named = if op == b'i' { Some(self.pop()?) } else { None };
                    let mut items = self.pop_mark()?;
                    let class = match named {
                        Some(class) => class,
                        None if items.is_empty() => return self.fail("an object without a class"),
                        None => items.remove(0),
                    };
                    let args = self.new_value(Value::Tuple(items));
                    self.call(class, args);
                }
                b'b' => {
                    let state = self.pop()?;
                    let target = self.top()?;
                    if let Some(Value::Object(object)) = self.values.get_mut(target) {
                        object.state = Some(state);
                    }
                }
                b'p' => {
                    let key = self.decimal_key()?;
                    let id = self.top()?;
                    self.remember(key, id)?;
                }
                b'q' => {
                    let key = self.u8()?;
                    let id = self.top()?;
                    self.remember(key, id)?;
                }
                b'r' => {
                    let key = self.u32()?;
                    let id = self.top()?;
                    self.remember(key, id)?;
                }
                0x94 => {
                    let id = self.top()?;
                    self.memo.push(Some(id));
                }
                b'g' => {
                    let key = self.decimal_key()?;
                    self.recall(key)?;
                }
                b'h' => {
                    let key = self.u8()?;
                    self.recall(key)?;
                }
                b'j' => {
                    let key = self.u32()?;
                    self.recall(key)?;
                }
                b'P' => {
                    let line = self.line()?;
                    let id = self.new_value(Value::Str(line));
                    self.push(Value::Persistent(id));
                }
                b'Q' => {
                    let id = self.pop()?;
                    self.push(Value::Persistent(id));
                }
                0x82..=0x84 => {
                    self.take(match op {
                        0x82 => 1,
                        0x83 => 2,
                        _ => 4,
                    })?;
                    self.push(Value::Global("copyreg".into(), "extension".into()));
                }
                0x97 => self.push(Value::Bytes),
                0x98 => {}
                _ => return self.fail(format!("unknown opcode 0x{op:02x}")),
            }
        }
    }
}
